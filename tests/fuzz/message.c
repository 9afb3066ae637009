/*
 * message: the first byte chooses a message of the contract, the rest is its wire form, and then its JSON form. What is taken
 * holds only text, and comes back equal from its own encoding and from its own JSON.
 */
#include <assert.h>

#include "fuzz.h"
#include "schema/json.h"
#include "schema/message.h"

#define OUT_BYTES ((size_t)4 << 20)

static slice wire_of(struct arena *arena, const ProtobufCMessage *message)
{
	struct buffer out;

	buffer_init(&out, arena, OUT_BYTES);
	message_encode(message, &out);
	assert(!buffer_failed(&out) && out.len == message_encoded_bytes(message));
	return buffer_slice(&out);
}

static void check_wire(struct arena *arena, const struct message_type *type, slice wire)
{
	ProtobufCMessage *message, *again;
	slice encoded;

	if (FAILED(message_decode(arena, type, wire, &message)))
		return;
	encoded = wire_of(arena, message);
	assert(!FAILED(message_decode(arena, type, encoded, &again)));
	assert(slice_eq(wire_of(arena, again), encoded));
	if (FAILED(message_check_required(type, message)))
		return; /* must only not crash */
	message_drop_output_only(type, message, NULL);
}

static void check_json(struct arena *arena, const struct message_type *type, slice text)
{
	ProtobufCMessage *message, *again;
	struct buffer out;

	if (FAILED(message_from_json(arena, type, text, &message)))
		return;
	buffer_init(&out, arena, OUT_BYTES);
	message_to_json(type, message, JSON_FULL, &out);
	assert(!buffer_failed(&out));
	assert(!FAILED(message_from_json(arena, type, buffer_slice(&out), &again)));
	assert(slice_eq(wire_of(arena, again), wire_of(arena, message)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)32 << 20);

	if (arena && size) {
		const struct message_type *type = &message_types[data[0] % message_types_count];

		check_wire(arena, type, slice_of(data + 1, size - 1));
		check_json(arena, type, slice_of(data + 1, size - 1));
	}
	arena = arena_free(arena);
	return 0;
}
