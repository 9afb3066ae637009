/*
 * header: Basic credentials. What is taken has a user and a password without control characters, and is what the base64 says.
 */
#include <assert.h>

#include "base/buffer.h"
#include "base/encode.h"
#include "fuzz.h"
#include "registry/basic.h"

static void check(struct arena *arena, const struct basic *basic)
{
	struct basic again;
	struct buffer plain, header;

	for (size_t i = 0; i < basic->user.len; i++)
		assert((unsigned char)basic->user.at[i] >= 0x20 && basic->user.at[i] != ':');
	buffer_init(&plain, arena, 2 * BASIC_BYTES_MAX);
	buffer_printf(&plain, "%.*s:%.*s", SLICE_ARG(basic->user), SLICE_ARG(basic->password));
	buffer_init(&header, arena, 4 * BASIC_BYTES_MAX);
	buffer_text(&header, "Basic ");
	base64_encode(&header, BASE64_STANDARD, buffer_slice(&plain));
	assert(!buffer_failed(&header) && !FAILED(basic_parse(arena, buffer_slice(&header), &again)) && again.is_given);
	assert(slice_eq(again.user, basic->user) && slice_eq(again.password, basic->password));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	struct basic basic;

	if (arena && !FAILED(basic_parse(arena, slice_of(data, size), &basic)) && basic.is_given)
		check(arena, &basic);
	arena = arena_free(arena);
	return 0;
}
