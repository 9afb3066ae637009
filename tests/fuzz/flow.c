/*
 * flow: the inside of a sign-in's cookie. What is taken is written back in a form that reads the same.
 */
#include <assert.h>

#include "fuzz.h"
#include "login/flow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)8 << 20);
	struct flow flow, again;
	struct buffer first, second;

	if (arena && size <= 4096 && !FAILED(flow_decode(arena, slice_of(data, size), &flow))) {
		buffer_init(&first, arena, (size_t)1 << 20);
		buffer_init(&second, arena, (size_t)1 << 20);
		assert(!FAILED(flow_encode(&flow, &first)));
		assert(!FAILED(flow_decode(arena, buffer_slice(&first), &again)));
		assert(!FAILED(flow_encode(&again, &second)));
		assert(slice_eq(buffer_slice(&first), buffer_slice(&second)));
	}
	arena = arena_free(arena);
	return 0;
}
