/*
 * schema_test: what the schema tests share: an arena for each test, bytes to and from text.
 */
#ifndef TESTS_UNIT_SCHEMA_TEST_H
#define TESTS_UNIT_SCHEMA_TEST_H

#include "test.h"

#include "base/mem.h"
#include "messages.h"
#include "schema/json.h"
#include "schema/method.h"

#define ARENA_BYTES ((size_t)4 << 20)
/* The type of a message by its full name without "chainguard.platform.". */
#define TYPE(name) type_named("chainguard.platform." name)

static inline const struct message_type *type_named(const char *name)
{
	const struct message_type *type = message_type_by_name(slice_str(name));

	assert_non_null(type);
	return type;
}

static inline slice to_json(struct arena *arena, const struct message_type *type, const void *message, enum json_style style)
{
	struct buffer out;

	buffer_init(&out, arena, 1 << 20);
	message_to_json(type, message, style, &out);
	assert_false(buffer_failed(&out));
	return buffer_slice(&out);
}

static inline slice to_wire(struct arena *arena, const ProtobufCMessage *message)
{
	struct buffer out;

	buffer_init(&out, arena, 1 << 20);
	message_encode(message, &out);
	assert_false(buffer_failed(&out));
	return buffer_slice(&out);
}

/* The field that the last refusal named. */
#define CHECK_FIELD(want) assert_string_equal(report_current()->field, (want))
/* JSON that is refused, and the field it names. */
#define REFUSES_JSON(arena, type, text, want)                                                               \
	do {                                                                                                \
		ProtobufCMessage *ignored_;                                                                 \
		report_clear(report_current());                                                             \
		CHECK_FAULT(FAULT_INVALID, message_from_json((arena), (type), slice_str(text), &ignored_)); \
		CHECK_FIELD(want);                                                                          \
	} while (0)
/* JSON that is taken, and what it is when written again (sparse). */
#define TAKES_JSON(arena, type, text, want)                                             \
	do {                                                                            \
		ProtobufCMessage *taken_;                                               \
		CHECK_OK(message_from_json((arena), (type), slice_str(text), &taken_)); \
		CHECK_SLICE(to_json((arena), (type), taken_, JSON_SPARSE), (want));     \
	} while (0)

#endif
