/*
 * query: the first byte chooses a message, the rest are name=value pairs. What is strict takes, what is lenient takes too, and
 * both read the same.
 */
#include <assert.h>

#include "fuzz.h"
#include "schema/rest.h"

static slice wire_of(struct arena *arena, const ProtobufCMessage *message)
{
	struct buffer out;

	buffer_init(&out, arena, (size_t)4 << 20);
	message_encode(message, &out);
	assert(!buffer_failed(&out));
	return buffer_slice(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)32 << 20);

	if (arena && size) {
		const struct message_type *type = &message_types[data[0] % message_types_count];
		ProtobufCMessage *strict = message_new(arena, type), *lenient = message_new(arena, type);
		slice query = slice_of(data + 1, size - 1);
		bool is_taken;

		assert(strict && lenient);
		is_taken = !FAILED(query_decode(arena, type, query, false, strict));
		if (is_taken) {
			assert(!FAILED(query_decode(arena, type, query, true, lenient)));
			assert(slice_eq(wire_of(arena, strict), wire_of(arena, lenient)));
		} else if (FAILED(query_decode(arena, type, query, true, lenient))) {
			(void)wire_of(arena, lenient); /* half filled is still a message */
		}
	}
	arena = arena_free(arena);
	return 0;
}
