/*
 * wire: from the wire form into the arena.
 *
 * protobuf-c unpacks, but takes any bytes for a string and merges what is given twice. So the wire is walked first: strings are
 * UTF-8 without NUL, lengths fit, groups do not occur, a message field comes once, depth is bounded; afterwards a map's keys
 * must be distinct, and times within the years that have a text form.
 */
#include "google/protobuf/duration.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "schema/message_impl.h"

#define NANOS_MAX 999999999

#define VARINT_BYTES_MAX 10
#define TAG_MAX UINT64_C(0xffffffff)
enum { WIRE_VARINT = 0, WIRE_64BIT = 1, WIRE_LENGTH = 2, WIRE_32BIT = 5 };

struct walk {
	const uint8_t *at, *end;
	const struct message_type *type;
	struct trail trail; /* its name is the field being read, empty for one that is unknown */
	unsigned depth;
	unsigned hint; /* index of the field after the last one found */
	uint64_t seen; /* message fields that were given */
	bool *needs_look;
};
_Static_assert(MESSAGE_DEPTH_MAX < 100, "the walk recurses this deep");

static bool read_varint(struct walk *walk, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < VARINT_BYTES_MAX && walk->at < walk->end; i++) {
		uint8_t byte = *walk->at++;

		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80)) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

/* Fields mostly come in order: look behind the last one first. */
static int find_field(struct walk *walk, uint32_t number)
{
	const ProtobufCMessageDescriptor *descriptor = walk->type->descriptor;

	for (unsigned tried = 0; tried <= descriptor->n_fields && descriptor->n_fields; tried++) {
		unsigned i = (walk->hint + descriptor->n_fields + tried - 1) % descriptor->n_fields;

		if (descriptor->fields[i].id == number) {
			walk->hint = i + 1;
			return (int)i;
		}
	}
	return -1;
}

static status malformed(struct walk *walk)
{
	return trail_fail(&walk->trail, "the message is malformed");
}

static status walk_message(struct walk *walk);

static status walk_inner(struct walk *walk, int field, slice bytes)
{
	const struct message_type *type = walk->type->fields[field].type;
	struct walk inner = {
		.at = (const uint8_t *)bytes.at,
		.end = (const uint8_t *)bytes.at + bytes.len,
		.type = type,
		.trail = { .up = &walk->trail, .index = -1 },
		.depth = walk->depth + 1,
		.needs_look = walk->needs_look,
	};

	if (inner.depth > MESSAGE_DEPTH_MAX)
		return trail_fail(&walk->trail, "is nested too deep");
	if (!field_is_repeated(&walk->type->descriptor->fields[field])) {
		if (walk->seen >> field & 1)
			return trail_fail(&walk->trail, "is given twice");
		walk->seen |= UINT64_C(1) << field;
	}
	*walk->needs_look |= type->is_map_entry || type->well_known != WELL_KNOWN_NONE;
	return walk_message(&inner);
}

static status walk_length(struct walk *walk, int field)
{
	uint64_t len;
	slice bytes;

	if (!read_varint(walk, &len) || len > (size_t)(walk->end - walk->at))
		return malformed(walk);
	bytes = slice_of(walk->at, (size_t)len);
	walk->at += len;
	if (field < 0)
		return OK;
	if (walk->type->descriptor->fields[field].type == PROTOBUF_C_TYPE_MESSAGE)
		return walk_inner(walk, field, bytes);
	if (walk->type->descriptor->fields[field].type == PROTOBUF_C_TYPE_STRING && !slice_is_text(bytes))
		return trail_fail(&walk->trail, "must be UTF-8 without NUL");
	return OK;
}

static status walk_field(struct walk *walk)
{
	uint64_t tag, value;
	int field;

	walk->trail.name = SLICE("");
	if (!read_varint(walk, &tag) || tag > TAG_MAX || tag >> 3 == 0)
		return malformed(walk);
	field = find_field(walk, (uint32_t)(tag >> 3));
	if (field >= 0)
		walk->trail.name = walk->type->fields[field].name;
	switch (tag & 7) {
	case WIRE_VARINT:
		return read_varint(walk, &value) ? OK : malformed(walk);
	case WIRE_LENGTH:
		return walk_length(walk, field);
	case WIRE_64BIT:
	case WIRE_32BIT:
		value = (tag & 7) == WIRE_64BIT ? 8 : 4;
		if ((size_t)(walk->end - walk->at) < value)
			return malformed(walk);
		walk->at += value;
		return OK;
	default:
		return malformed(walk);
	}
}

static status walk_message(struct walk *walk)
{
	while (walk->at < walk->end)
		TRY(walk_field(walk));
	return OK;
}

/* ---- what only the unpacked message shows: keys given twice, times out of range ---- */

static int key_order(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
	const ProtobufCFieldDescriptor *key = &a->descriptor->fields[0];

	if (key->type == PROTOBUF_C_TYPE_STRING)
		return strcmp(*(char **)field_place(key, a), *(char **)field_place(key, b));
	return memcmp(field_place(key, a), field_place(key, b), field_element_bytes(key));
}

static int by_key(const void *a, const void *b)
{
	return key_order(*(ProtobufCMessage *const *)a, *(ProtobufCMessage *const *)b);
}

static status check_keys(struct arena *arena, const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message,
			 const struct trail *trail)
{
	size_t count = *field_count(field, message);
	ProtobufCMessage **sorted = count > 1 ? NEW_N(arena, ProtobufCMessage *, count) : NULL;

	if (count < 2)
		return OK;
	TRY_NEW(sorted);
	memcpy(sorted, field_messages(field, message), count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), by_key);
	for (size_t i = 1; i < count; i++)
		if (key_order(sorted[i - 1], sorted[i]) == 0)
			return trail_fail(trail, "has a key twice");
	return OK;
}

/* An entry without a value has the empty one. */
static status fill_values(struct arena *arena, const struct message_type *entry, ProtobufCMessage **entries, size_t count)
{
	const ProtobufCFieldDescriptor *value = &entry->descriptor->fields[1];

	for (size_t i = 0; entry->fields[1].type && i < count; i++) {
		ProtobufCMessage **at = field_place(value, entries[i]);

		if (!*at)
			*at = message_new(arena, entry->fields[1].type);
		TRY_NEW(*at);
	}
	return OK;
}

static status check_time(const struct message_type *type, const ProtobufCMessage *message, const struct trail *trail)
{
	const Google__Protobuf__Timestamp *time = (const void *)message;
	const Google__Protobuf__Duration *span = (const void *)message;
	bool is_good = true;

	if (type->well_known == WELL_KNOWN_TIMESTAMP)
		is_good = time->seconds >= TIME_SECONDS_MIN && time->seconds <= TIME_SECONDS_MAX && time->nanos >= 0 &&
			  time->nanos <= NANOS_MAX;
	else if (type->well_known == WELL_KNOWN_DURATION)
		is_good = span->seconds >= -DURATION_SECONDS_MAX && span->seconds <= DURATION_SECONDS_MAX &&
			  span->nanos >= -NANOS_MAX && span->nanos <= NANOS_MAX &&
			  (span->seconds == 0 || span->nanos == 0 || (span->seconds < 0) == (span->nanos < 0));
	return is_good ? OK : trail_fail(trail, "is out of range");
}

static status look_inside(struct arena *arena, const struct message_type *type, const ProtobufCMessage *message,
			  const struct trail *up)
{
	for (unsigned i = 0; i < type->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->descriptor->fields[i];
		const struct message_type *inner = type->fields[i].type;
		struct trail trail = { .up = up, .name = type->fields[i].name, .index = -1 };

		if (!inner || !message_has(message, i))
			continue;
		if (inner->is_map_entry) {
			TRY(check_keys(arena, field, message, &trail));
			TRY(fill_values(arena, inner, field_messages(field, message), *field_count(field, message)));
		}
		if (!field_is_repeated(field))
			TRY(check_time(inner, field_message(field, message), &trail));
		if (!field_is_repeated(field))
			TRY(look_inside(arena, inner, field_message(field, message), &trail));
		for (size_t k = 0; field_is_repeated(field) && k < *field_count(field, message); k++)
			TRY(look_inside(arena, inner, field_messages(field, message)[k], &trail));
	}
	return OK;
}

/* ---- protobuf-c's allocator over the arena ---- */

struct memory {
	struct arena *arena;
	bool is_full;
};

static void *memory_alloc(void *data, size_t size)
{
	struct memory *memory = data;
	void *at = arena_alloc(memory->arena, size);

	memory->is_full |= !at;
	return at;
}

static void memory_free(void *data, void *at)
{
	/* lives as long as the arena */
}

FALLIBLE message_decode(struct arena *arena, const struct message_type *type, slice wire, ProtobufCMessage **ret_message)
{
	struct memory memory = { .arena = arena };
	ProtobufCAllocator allocator = { memory_alloc, memory_free, &memory };
	bool needs_look = false;
	struct walk walk = { .at = (const uint8_t *)wire.at,
			     .end = (const uint8_t *)wire.at + wire.len,
			     .type = type,
			     .trail = { .index = -1 },
			     .needs_look = &needs_look };
	ProtobufCMessage *message;

	if (wire.len > MESSAGE_BYTES_MAX)
		return FAIL(FAULT_EXHAUSTED, "the message is longer than %zu bytes", MESSAGE_BYTES_MAX);
	TRY(walk_message(&walk));
	message = protobuf_c_message_unpack(type->descriptor, &allocator, wire.len, (const uint8_t *)wire.at);
	if (!message && memory.is_full)
		TRY_NEW(message);
	if (!message)
		return FAIL(FAULT_INVALID, "the message is malformed");
	if (needs_look)
		TRY(look_inside(arena, type, message, NULL));
	*ret_message = message;
	return OK;
}
