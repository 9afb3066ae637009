#include "login/template.h"

#include "login/template_impl.h"

/* What the reader of HTML is in the middle of. Templates are ours, so anything unusual is refused instead of understood. */
enum state { AT_TEXT, AT_TAG_NAME, AT_TAG, AT_ATTRIBUTE_NAME, AT_EQUALS, AT_VALUE };

struct section {
	size_t node;
	enum state state;
};

struct parser {
	struct template *template;
	slice rest;
	unsigned line;
	enum state state;
	slice tag, attribute;
	size_t tag_from, attribute_from; /* offsets into the whole text */
	slice whole;
	slice value_so_far; /* the literal part of the attribute's value before this point */
	bool value_has_hole;
	struct section sections[TEMPLATE_DEPTH_MAX];
	size_t depth;
};

static FALLIBLE refuse(const struct parser *parser, const char *rule)
{
	return FAIL(FAULT_INVALID, "template %s line %u: %s", parser->template->name, parser->line, rule);
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t';
}

/* ---- the HTML between holes ---- */

static FALLIBLE check_tag(const struct parser *parser)
{
	static const char *const never[] = {
		"script", "style", "iframe", "object", "embed", "base", "template", "svg", "math"
	};

	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
		if (slice_is(parser->tag, never[i]))
			return refuse(parser, "this element has no place on our pages");
	return OK;
}

static FALLIBLE check_attribute(const struct parser *parser)
{
	if (slice_starts(parser->attribute, SLICE("on")) || slice_is(parser->attribute, "style") ||
	    slice_is(parser->attribute, "srcdoc"))
		return refuse(parser, "this attribute has no place on our pages");
	return OK;
}

static FALLIBLE step_text(struct parser *parser, size_t at)
{
	slice rest = slice_from(parser->whole, at);

	if (rest.at[0] != '<')
		return OK;
	if (slice_starts(rest, SLICE("<!")) && !slice_starts(rest, SLICE("<!doctype html>")))
		return refuse(parser, "comments have no place on our pages");
	parser->state = AT_TAG_NAME;
	parser->tag_from = at + 1;
	return OK;
}

static FALLIBLE step_tag_name(struct parser *parser, size_t at, char c)
{
	if (is_name_byte(c) || ((c == '/' || c == '!') && at == parser->tag_from))
		return OK;
	if (!is_blank(c) && c != '>')
		return refuse(parser, "a tag's name is lower-case letters and digits");
	parser->tag = slice_of(parser->whole.at + parser->tag_from, at - parser->tag_from);
	parser->state = c == '>' ? AT_TEXT : AT_TAG;
	return check_tag(parser);
}

static FALLIBLE step_tag(struct parser *parser, size_t at, char c)
{
	if (c == '>')
		parser->state = AT_TEXT;
	else if (is_name_byte(c)) {
		parser->state = AT_ATTRIBUTE_NAME;
		parser->attribute_from = at;
	} else if (!is_blank(c) && c != '/')
		return refuse(parser, "an attribute's name is lower-case letters");
	return OK;
}

static FALLIBLE step_attribute_name(struct parser *parser, size_t at, char c)
{
	if (is_name_byte(c))
		return OK;
	parser->attribute = slice_of(parser->whole.at + parser->attribute_from, at - parser->attribute_from);
	TRY(check_attribute(parser));
	if (c == '=')
		parser->state = AT_EQUALS;
	else if (is_blank(c))
		parser->state = AT_TAG;
	else if (c == '>')
		parser->state = AT_TEXT;
	else
		return refuse(parser, "an attribute's name is lower-case letters");
	return OK;
}

static FALLIBLE step_equals(struct parser *parser, size_t at, char c)
{
	if (c != '"')
		return refuse(parser, "an attribute's value stands in double quotes");
	parser->state = AT_VALUE;
	parser->value_so_far = slice_of(parser->whole.at + at + 1, 0);
	parser->value_has_hole = false;
	return OK;
}

static FALLIBLE step_value(struct parser *parser, char c)
{
	if (c == '"')
		parser->state = AT_TAG;
	else if (!parser->value_has_hole)
		parser->value_so_far.len++;
	return OK;
}

static FALLIBLE read_literal(struct parser *parser, size_t from, size_t to)
{
	for (size_t at = from; at < to; at++) {
		char c = parser->whole.at[at];

		if (c == '\n')
			parser->line++;
		switch (parser->state) {
		case AT_TEXT:
			TRY(step_text(parser, at));
			break;
		case AT_TAG_NAME:
			TRY(step_tag_name(parser, at, c));
			break;
		case AT_TAG:
			TRY(step_tag(parser, at, c));
			break;
		case AT_ATTRIBUTE_NAME:
			TRY(step_attribute_name(parser, at, c));
			break;
		case AT_EQUALS:
			TRY(step_equals(parser, at, c));
			break;
		case AT_VALUE:
			TRY(step_value(parser, c));
			break;
		}
	}
	return OK;
}

/* ---- the holes ---- */

static FALLIBLE add_node(struct parser *parser, struct node node)
{
	struct template *template = parser->template;

	if (template->count == TEMPLATE_NODES_MAX)
		return refuse(parser, "too many holes");
	template->nodes[template->count++] = node;
	return OK;
}

static FALLIBLE place_of_url(const struct parser *parser, enum place_in_html *ret_place)
{
	slice before = parser->value_so_far;

	if (parser->value_has_hole && slice_find(before, '?') == before.len)
		return refuse(parser, "behind a hole in a URL's path no further hole may stand");
	if (before.len == 0)
		*ret_place = IN_URL;
	else if (slice_find(before, '?') < before.len)
		*ret_place = IN_URL_QUERY;
	else if (before.at[0] == '/' && !slice_starts(before, SLICE("//")))
		*ret_place = IN_URL_SEGMENT;
	else
		return refuse(parser, "a URL with a hole is a path of ours or the hole alone");
	return OK;
}

static FALLIBLE place_of(const struct parser *parser, enum place_in_html *ret_place)
{
	static const char *const urls[] = { "href", "action", "src", "formaction", "poster", "cite", "data" };

	*ret_place = IN_TEXT;
	if (parser->state == AT_TEXT)
		return OK;
	if (parser->state != AT_VALUE)
		return refuse(parser, "a hole stands in text or inside a quoted attribute");
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++)
		if (slice_is(parser->attribute, urls[i]))
			return place_of_url(parser, ret_place);
	*ret_place = IN_ATTRIBUTE;
	return OK;
}

static FALLIBLE add_hole(struct parser *parser, slice name)
{
	struct node node = { .kind = NODE_HOLE, .text = name };

	TRY(place_of(parser, &node.place));
	if (node.place == IN_URL && parser->rest.len && parser->rest.at[0] != '"')
		return refuse(parser, "a hole that is a whole URL stands alone");
	parser->value_has_hole = true;
	return add_node(parser, node);
}

static FALLIBLE open_section(struct parser *parser, enum node_kind kind, slice name)
{
	if (parser->state != AT_TEXT && parser->state != AT_TAG)
		return refuse(parser, "a section stands in text or between attributes");
	if (parser->depth == TEMPLATE_DEPTH_MAX)
		return refuse(parser, "too many sections inside each other");
	parser->sections[parser->depth++] = (struct section){ parser->template->count, parser->state };
	return add_node(parser, (struct node){ .kind = kind, .text = name });
}

static FALLIBLE close_section(struct parser *parser, slice name)
{
	struct template *template = parser->template;
	struct section *section;

	if (parser->depth == 0 || !slice_eq(template->nodes[parser->sections[parser->depth - 1].node].text, name))
		return refuse(parser, "a section ends that did not begin");
	section = &parser->sections[--parser->depth];
	if (section->state != parser->state)
		return refuse(parser, "a section must end in the place it began in");
	template->nodes[section->node].end = template->count;
	return add_node(parser, (struct node){ .kind = NODE_END });
}

static FALLIBLE read_hole(struct parser *parser, slice inside)
{
	char mark = inside.len ? inside.at[0] : '\0';
	slice name = mark == '#' || mark == '^' || mark == '/' || mark == '>' ? slice_from(inside, 1) : inside;

	for (size_t i = 0; i < name.len; i++)
		if (!is_name_byte(name.at[i]))
			return refuse(parser, "a hole's name is lower-case letters, digits, - and _");
	if (name.len == 0)
		return refuse(parser, "a hole has a name");
	switch (mark) {
	case '#':
		return open_section(parser, NODE_IF, name);
	case '^':
		return open_section(parser, NODE_UNLESS, name);
	case '/':
		return close_section(parser, name);
	case '>':
		if (parser->state != AT_TEXT)
			return refuse(parser, "a page stands in text");
		return add_node(parser, (struct node){ .kind = NODE_PAGE });
	default:
		return add_hole(parser, name);
	}
}

static size_t find_pair(slice text, char c)
{
	for (size_t i = 0; i + 1 < text.len; i++)
		if (text.at[i] == c && text.at[i + 1] == c)
			return i;
	return text.len;
}

static FALLIBLE parse(struct parser *parser)
{
	parser->rest = parser->whole;
	while (parser->rest.len) {
		size_t from = (size_t)(parser->rest.at - parser->whole.at), len = find_pair(parser->rest, '{'), end;
		slice inside;

		TRY(read_literal(parser, from, from + len));
		if (len)
			TRY(add_node(parser, (struct node){ .kind = NODE_LITERAL, .text = slice_to(parser->rest, len) }));
		parser->rest = slice_from(parser->rest, len);
		if (parser->rest.len == 0)
			break;
		inside = slice_from(parser->rest, 2);
		end = find_pair(inside, '}');
		if (end == inside.len)
			return refuse(parser, "a hole does not end");
		parser->rest = slice_from(inside, end + 2);
		TRY(read_hole(parser, slice_to(inside, end)));
	}
	if (parser->depth)
		return refuse(parser, "a section does not end");
	if (parser->state != AT_TEXT)
		return refuse(parser, "a tag does not end");
	return OK;
}

FALLIBLE template_parse(struct arena *arena, const char *name, slice text, struct template **ret_template)
{
	struct template *template = NEW(arena, struct template);
	struct parser parser = { .template = template, .whole = text, .line = 1 };

	TRY_NEW(template);
	template->name = name;
	if (text.len > TEMPLATE_BYTES_MAX || !slice_is_text(text))
		return refuse(&parser, "too long, or no UTF-8");
	TRY(parse(&parser));
	*ret_template = template;
	return OK;
}
