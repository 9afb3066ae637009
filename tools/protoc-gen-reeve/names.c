/*
 * names: C names as protoc-c makes them, and literals.
 */
#include <ctype.h>

#include "contract.h"

/* "FooBar" -> "foo_bar" and "AWSIdentity" -> "awsidentity": protoc-c's rule, odd but fixed. */
static void add_lower(struct buffer *out, slice part)
{
	bool was_upper = true;

	for (size_t i = 0; i < part.len; i++) {
		bool is_upper = isupper((unsigned char)part.at[i]);

		if (is_upper && !was_upper)
			buffer_byte(out, '_');
		buffer_byte(out, (char)tolower((unsigned char)part.at[i]));
		was_upper = is_upper;
	}
}

/* "foo_bar" -> "FooBar" */
static void add_camel(struct buffer *out, slice part)
{
	bool next_upper = true;

	for (size_t i = 0; i < part.len; i++) {
		if (part.at[i] == '_') {
			next_upper = true;
			continue;
		}
		buffer_byte(out, next_upper ? (char)toupper((unsigned char)part.at[i]) : part.at[i]);
		next_upper = false;
	}
}

static const char *join(struct arena *arena, const char *full, void (*add)(struct buffer *out, slice part))
{
	struct buffer out;
	slice rest = slice_str(full), part;

	buffer_init(&out, arena, 1000);
	while (rest.len) {
		(void)slice_cut(rest, '.', &part, &rest); /* no dot: the last part */
		if (part.len && out.len)
			buffer_text(&out, "__");
		add(&out, part);
	}
	return out.at;
}

const char *name_lower(struct arena *arena, const char *full)
{
	return join(arena, full, add_lower);
}

const char *name_type(struct arena *arena, const char *full)
{
	return join(arena, full, add_camel);
}

const char *name_upper(struct arena *arena, const char *name)
{
	char *text = arena_text(arena, slice_str(name_lower(arena, name)));

	for (char *c = text; c && *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return text;
}

void write_literal(struct buffer *out, const char *text)
{
	buffer_byte(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buffer_byte(out, '\\');
		buffer_byte(out, *text);
	}
	buffer_byte(out, '"');
}

void write_slice(struct buffer *out, slice text)
{
	buffer_printf(out, "SLICE(\"%.*s\")", SLICE_ARG(text));
}
