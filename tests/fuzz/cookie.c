/*
 * cookie: whatever the header holds, a value that is found is made of visible characters and stands in the header itself, and
 * what we set can be read back.
 */
#include <assert.h>

#include "fuzz.h"
#include "login/cookie.h"

static void check_inside(slice header, slice value)
{
	assert(value.len == 0 || (value.at >= header.at && value.at + value.len <= header.at + header.len));
	for (size_t i = 0; i < value.len; i++)
		assert((unsigned char)value.at[i] > 0x20 && (unsigned char)value.at[i] < 0x7f && value.at[i] != ',');
}

/* http refuses a head with other bytes before anybody looks for cookies. */
static bool is_name(slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.at[i] < 0x20)
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)4 << 20);
	slice header = slice_of(data, size), rest = header, name, value, made;
	size_t count = 0;

	while (arena && cookie_next(&rest, SLICE(""), &name)) {
		assert(++count <= size + 1);
		if (!cookie_find(header, name, &value))
			continue;
		check_inside(header, value);
		if (is_name(name) && !FAILED(cookie_make(arena, name, value, 600, &made)))
			assert(slice_starts(made, name) && slice_ends(made, SLICE("; Secure; HttpOnly; SameSite=Lax")));
	}
	arena = arena_free(arena);
	return 0;
}
