/*
 * handover: the server's answer to a program that waits for its sealed sign-in. Whatever it holds, what comes out is one token:
 * visible characters that can go into a header.
 */
#include <assert.h>

#include "cli/headless.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)4 << 20);
	struct secret ours = { .len = 32 }; /* of spec tokens.md 6.1's vector, so that the corpus holds one that opens */
	const struct json *session;
	slice token;

	for (size_t i = 0; i < ours.len; i++)
		ours.bytes[i] = (unsigned char)(i + 1);
	if (arena && !FAILED(json_parse_object(arena, slice_of(data, size), NULL, &session)) &&
	    !FAILED(headless_open(arena, &ours, session, &token)))
		for (size_t i = 0; i < token.len; i++)
			assert(token.at[i] > 0x20 && token.at[i] < 0x7f);
	arena = arena_free(arena);
	return 0;
}
