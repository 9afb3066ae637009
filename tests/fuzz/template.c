/*
 * template: up to the first NUL a template, behind it what fills its holes. Whatever parses is rendered without a value ever
 * opening a tag or ending an attribute: the page with a value has just the angle brackets and quotation marks of the page
 * without.
 */
#include <assert.h>

#include "fuzz.h"
#include "login/template.h"

static size_t count_of(slice text, char c)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += text.at[i] == c;
	return count;
}

static bool render(struct arena *arena, const struct template *page, slice value, struct buffer *out)
{
	static const char *const names[] = { "a", "b", "flow", "token", "name", "title", "text", "label" };
	struct values *values = values_new(arena);

	for (size_t i = 0; values && i < sizeof(names) / sizeof(*names); i++)
		value_text(values, names[i], value);
	buffer_init(out, arena, PAGE_BYTES_MAX);
	return values && !FAILED(template_render(NULL, page, values, out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)8 << 20);
	slice text, value, plain;
	struct template *page;
	struct buffer with, without;

	(void)slice_cut(slice_of(data, size), '\0', &text, &value); /* no NUL: no value */
	plain = slice_of("xxxxxxxx", value.len ? 8 : 0);
	if (arena && !FAILED(template_parse(arena, "fuzz", text, &page)) && render(arena, page, plain, &without) &&
	    render(arena, page, value, &with)) {
		assert(count_of(buffer_slice(&with), '<') == count_of(buffer_slice(&without), '<'));
		assert(count_of(buffer_slice(&with), '>') == count_of(buffer_slice(&without), '>'));
		assert(count_of(buffer_slice(&with), '"') == count_of(buffer_slice(&without), '"'));
	}
	arena = arena_free(arena);
	return 0;
}
