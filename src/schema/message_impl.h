/*
 * message_impl: how a field lies in protoc-c's structs; for the files of this room.
 */
#ifndef SCHEMA_MESSAGE_IMPL_H
#define SCHEMA_MESSAGE_IMPL_H

#include "schema/message.h"

/* Years 1 to 9999, as the text form of a time has them. */
#define TIME_SECONDS_MIN INT64_C(-62135596800)
#define TIME_SECONDS_MAX INT64_C(253402300799)
/* Seconds a Duration may have, either way (about 10 000 years). */
#define DURATION_SECONDS_MAX INT64_C(315576000000)

/* Where we are in a message, for the name in an error; frames stand on the stack, innermost last. */
struct trail {
	const struct trail *up;
	slice name;
	long index; /* of an element of a repeated field, -1 for none */
};

/* INVALID_ARGUMENT at that place: "group.name", "requests[1].role_binding". */
status trail_fail(const struct trail *trail, const char *problem) __attribute__((warn_unused_result, cold));

/* What value_from_text gives instead of a problem when the arena is full. */
extern const char value_too_much[];
/* Reads text as the field's kind (a message only when it has a text form) and stores it at `at`, which is the field's own place
 * or that of an element. NULL when well; else what is wrong, as in "must be …". */
const char *value_from_text(struct arena *arena, const ProtobufCFieldDescriptor *field, const struct field_row *row, slice text,
			    void *at);
/* The same problem as a status. */
status value_fail(const struct trail *trail, const char *problem) __attribute__((warn_unused_result, cold));

/* message_set for a message whose lists this function alone has made: n elements cost O(n). */
FALLIBLE message_set_fresh(struct arena *arena, const struct message_type *type, ProtobufCMessage *message,
			   const struct field_path *path, slice text);
/* Makes room for one element more (bounded by the arena) and gives its place, NULL when it does not fit. Capacities are taken
 * to be powers of two, so never for a list that was made in another way. */
void *field_append(struct arena *arena, const ProtobufCFieldDescriptor *field, ProtobufCMessage *message);
/* Bytes of a field's value, or of one element. */
size_t field_element_bytes(const ProtobufCFieldDescriptor *field);
/* Unsets it. */
void field_clear(const ProtobufCFieldDescriptor *field, ProtobufCMessage *message);

static inline void *field_place(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
	return (char *)(uintptr_t)message + field->offset;
}

/* Elements of a repeated field; the chosen number of a oneof stands at the same place as a uint32_t. */
static inline size_t *field_count(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
	return (size_t *)(void *)((char *)(uintptr_t)message + field->quantifier_offset);
}

static inline uint32_t *field_case(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
	return (uint32_t *)(void *)((char *)(uintptr_t)message + field->quantifier_offset);
}

static inline bool field_in_oneof(const ProtobufCFieldDescriptor *field)
{
	return field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
}

static inline bool field_is_repeated(const ProtobufCFieldDescriptor *field)
{
	return field->label == PROTOBUF_C_LABEL_REPEATED;
}

static inline ProtobufCMessage *field_message(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
	return *(ProtobufCMessage **)field_place(field, message);
}

/* Elements of a repeated message field. */
static inline ProtobufCMessage **field_messages(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
	return *(ProtobufCMessage ***)field_place(field, message);
}

#endif
