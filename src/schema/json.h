/*
 * json: the contract's messages as proto3 JSON, both ways.
 *
 * Out: lowerCamelCase names, 64-bit integers as strings, enums by name, bytes in standard base64, Timestamp, Duration and
 * FieldMask in their own forms, maps as objects. In: either case of a name, numbers as numbers or strings, enums by name or
 * number, base64 of either alphabet; null is "unset".
 *
 * Promises  unknown and duplicate members are refused by name, and so are numbers out of range and wrong kinds; strings that
 *           are no UTF-8 or hold a NUL, and depth beyond MESSAGE_DEPTH_MAX, do not pass the reader. Nothing points into the
 * text. Source    protobuf's "JSON Mapping"; unpopulated members as grpc-gateway emits them (spec requirements.md 15). Start at
 * message_from_json(), message_to_json().
 */
#ifndef SCHEMA_JSON_H
#define SCHEMA_JSON_H

#include "base/json.h"
#include "schema/message.h"

/* From JSON text. FAULT_INVALID (naming the field where there is one) or FAULT_EXHAUSTED. */
FALLIBLE message_from_json(struct arena *arena, const struct message_type *type, slice text, ProtobufCMessage **ret_message);
/* The same from a tree already read. */
FALLIBLE message_from_tree(struct arena *arena, const struct message_type *type, const struct json *tree,
			   ProtobufCMessage **ret_message);
/* Sets one field (repeated, map or single) of a message from a tree: the body of a route whose body is that field. */
FALLIBLE message_field_from_tree(struct arena *arena, const struct message_type *type, ProtobufCMessage *message,
				 unsigned field, const struct json *tree);

enum json_style {
	JSON_FULL,   /* answers: unset members are there as false, 0, "", [], {} or null; members of a oneof only when set */
	JSON_SPARSE, /* events, requests of the CLI: unset members are left out */
};

/* Appends the JSON form; check buffer_failed(out) at the end. */
void message_to_json(const struct message_type *type, const ProtobufCMessage *message, enum json_style style,
		     struct buffer *out);

#endif
