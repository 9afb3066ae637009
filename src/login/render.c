/*
 * render: a template and its values become a page.
 */
#include "base/encode.h"
#include "login/template_impl.h"

enum value_kind { VALUE_TEXT, VALUE_FLAG, VALUE_LIST };

struct value {
	enum value_kind kind;
	const char *name;
	slice text;
	bool is_set;
	struct values **items; /* VALUES_ITEMS_MAX */
	size_t count;
};

struct values {
	struct arena *arena;
	const struct values *outer;
	struct value at[VALUES_MAX];
	size_t count;
	bool failed;
};

struct values *values_new(struct arena *arena)
{
	struct values *values = NEW(arena, struct values);

	if (values)
		values->arena = arena;
	return values;
}

static struct value *find_own(struct values *values, const char *name)
{
	for (size_t i = 0; i < values->count; i++)
		if (strcmp(values->at[i].name, name) == 0)
			return &values->at[i];
	return NULL;
}

static struct value *put(struct values *values, const char *name, enum value_kind kind)
{
	struct value *value = values ? find_own(values, name) : NULL;

	if (value && value->kind == kind)
		return value;
	if (!values || value || values->count == VALUES_MAX) {
		if (values)
			values->failed = true;
		return NULL;
	}
	value = &values->at[values->count++];
	*value = (struct value){ .kind = kind, .name = name };
	return value;
}

void value_text(struct values *values, const char *name, slice text)
{
	struct value *value = put(values, name, VALUE_TEXT);

	if (value) {
		value->text = text;
		value->is_set = text.len > 0;
	}
}

void value_flag(struct values *values, const char *name, bool is_set)
{
	struct value *value = put(values, name, VALUE_FLAG);

	if (value)
		value->is_set = is_set;
}

struct values *value_item(struct values *values, const char *list)
{
	struct value *value = put(values, list, VALUE_LIST);
	struct values *item;

	if (!value)
		return NULL;
	if (!value->items)
		value->items = NEW_N(values->arena, struct values *, VALUES_ITEMS_MAX);
	item = value->items && value->count < VALUES_ITEMS_MAX ? values_new(values->arena) : NULL;
	if (!item) {
		values->failed = true;
		return NULL;
	}
	item->outer = values;
	value->items[value->count++] = item;
	value->is_set = true;
	return item;
}

static const struct value *find(const struct values *values, slice name)
{
	for (; values; values = values->outer)
		for (size_t i = 0; i < values->count; i++)
			if (slice_is(name, values->at[i].name))
				return &values->at[i];
	return NULL;
}

/* ---- escaping ---- */

/* Characters that turn the direction of what follows: a value could make a page read differently from what it says. */
static size_t turning_len(slice rest)
{
	unsigned char second, third;

	if (rest.len < 3 || rest.at[0] != '\xe2')
		return 0;
	second = (unsigned char)rest.at[1];
	third = (unsigned char)rest.at[2];
	if (second == 0x80 && (third == 0x8e || third == 0x8f || (third >= 0xaa && third <= 0xae)))
		return 3;
	return second == 0x81 && third >= 0xa6 && third <= 0xa9 ? 3 : 0;
}

static void escape_html(struct buffer *out, slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		size_t turning = turning_len(slice_from(text, i));

		if (turning) {
			buffer_text(out, "\xef\xbf\xbd");
			i += turning - 1;
		} else if (c == '&')
			buffer_text(out, "&amp;");
		else if (c == '<')
			buffer_text(out, "&lt;");
		else if (c == '>')
			buffer_text(out, "&gt;");
		else if (c == '"')
			buffer_text(out, "&quot;");
		else if (c == '\'')
			buffer_text(out, "&#39;");
		else if (((unsigned char)c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			buffer_text(out, "\xef\xbf\xbd");
		else
			buffer_byte(out, c);
	}
}

/* A path of ours, or http(s); nothing that a browser could read otherwise. */
static bool is_plain_url(slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] <= 0x20 || (unsigned char)text.at[i] >= 0x7f || text.at[i] == '\\')
			return false;
	if (slice_starts(text, SLICE("https://")) || slice_starts(text, SLICE("http://")))
		return true;
	return text.len && text.at[0] == '/' && (text.len == 1 || text.at[1] != '/');
}

FALLIBLE escape_into(struct buffer *out, enum place_in_html place, slice text)
{
	if (!slice_is_text(text))
		return FAIL(FAULT_INTERNAL, "a page's value is no text");
	switch (place) {
	case IN_URL:
		if (!is_plain_url(text))
			return FAIL(FAULT_INTERNAL, "a page's link is neither a path of ours nor http(s)");
		escape_html(out, text);
		return OK;
	case IN_URL_SEGMENT:
		percent_encode(out, PERCENT_SEGMENT, text);
		return OK;
	case IN_URL_QUERY:
		percent_encode(out, PERCENT_QUERY, text);
		return OK;
	case IN_TEXT:
	case IN_ATTRIBUTE:
		break;
	}
	escape_html(out, text);
	return OK;
}

/* ---- the walk ---- */

struct render {
	const struct template *page;
	struct buffer *out;
};

static FALLIBLE render(struct render *render_, const struct template *template, size_t from, size_t to,
		       const struct values *values);

static FALLIBLE render_section(struct render *state, const struct template *template, size_t at, const struct values *values)
{
	const struct node *node = &template->nodes[at];
	const struct value *value = find(values, node->text);
	bool is_set = value && value->is_set;

	if (node->kind == NODE_UNLESS)
		return is_set ? OK : render(state, template, at + 1, node->end, values);
	if (!is_set)
		return OK;
	if (value->kind != VALUE_LIST)
		return render(state, template, at + 1, node->end, values);
	for (size_t i = 0; i < value->count; i++)
		TRY(render(state, template, at + 1, node->end, value->items[i]));
	return OK;
}

static FALLIBLE render_hole(struct render *state, const struct template *template, const struct node *node,
			    const struct values *values)
{
	const struct value *value = find(values, node->text);

	if (!value || value->kind != VALUE_TEXT)
		return FAIL(FAULT_INTERNAL, "page %s has no value for %.*s", template->name, SLICE_ARG(node->text));
	return escape_into(state->out, node->place, value->text);
}

static FALLIBLE render(struct render *state, const struct template *template, size_t from, size_t to,
		       const struct values *values)
{
	if (values->failed)
		return FAIL(FAULT_EXHAUSTED, "page %s has too many values", template->name);
	for (size_t i = from; i < to; i++) {
		const struct node *node = &template->nodes[i];

		switch (node->kind) {
		case NODE_LITERAL:
			buffer_add(state->out, node->text);
			break;
		case NODE_HOLE:
			TRY(render_hole(state, template, node, values));
			break;
		case NODE_IF:
		case NODE_UNLESS:
			TRY(render_section(state, template, i, values));
			i = node->end;
			break;
		case NODE_PAGE:
			if (template == state->page)
				return FAIL(FAULT_INTERNAL, "page %s takes itself in", template->name);
			TRY(render(state, state->page, 0, state->page->count, values));
			break;
		case NODE_END:
			break;
		}
	}
	return OK;
}

FALLIBLE template_render(const struct template *layout, const struct template *page, const struct values *values,
			 struct buffer *out)
{
	struct render state = { .page = page, .out = out };
	const struct template *first = layout ? layout : page;

	if (!values)
		return FAIL(FAULT_EXHAUSTED, "a page needs more memory than one call may use");
	TRY(render(&state, first, 0, first->count, values));
	if (buffer_failed(out))
		return FAIL(FAULT_EXHAUSTED, "page %s is too large", page->name);
	return OK;
}
