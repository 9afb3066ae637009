/*
 * message: the contract's messages as data: their types, the wire form, fields by name.
 *
 * protoc-c gives the structs and descriptors (build: iam/v2/groups.pb-c.h and so on); what it loses (JSON names, map entries,
 * optional, behaviours, comments) stands in struct message_type, generated beside it by tools/protoc-gen-reeve.
 *
 * Owns      decoding and encoding of the wire form, access to a field by its path, the checks every request gets.
 * Promises  a decoded message lives in the arena alone; its strings are UTF-8 without NUL; depth and size are bounded; what is
 *           refused names the field (REPORT field, dotted proto names: "group.name").
 * Start at  message_decode(), message_encode(), message_check().
 */
#ifndef SCHEMA_MESSAGE_H
#define SCHEMA_MESSAGE_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/slice.h"
#include "base/status.h"

/* Messages inside messages, on the wire and in JSON. */
#define MESSAGE_DEPTH_MAX 32
/* Longest wire or JSON form taken; the doors set lower limits. */
#define MESSAGE_BYTES_MAX ((size_t)16 * 1024 * 1024)
/* Longest dotted path of a field, with its NUL. */
#define FIELD_PATH_BYTES 128

/* What a caller may do with a field; bits of struct field_row's behaviours. */
enum behaviour {
	BEHAVIOUR_OPTIONAL = 1 << 0,
	BEHAVIOUR_REQUIRED = 1 << 1,
	BEHAVIOUR_OUTPUT_ONLY = 1 << 2,
	BEHAVIOUR_INPUT_ONLY = 1 << 3,
	BEHAVIOUR_IMMUTABLE = 1 << 4,
};

/* Types with a JSON form of their own. */
enum well_known {
	WELL_KNOWN_NONE,
	WELL_KNOWN_TIMESTAMP,
	WELL_KNOWN_DURATION,
	WELL_KNOWN_FIELD_MASK,
	WELL_KNOWN_EMPTY,
};

struct message_type;

/* What protoc-c's field descriptor lacks; the row stands at the same index as the descriptor. */
struct field_row {
	slice name, json;                /* proto and JSON name; equal for one word */
	const struct message_type *type; /* of a message field, else NULL */
	const char *help;                /* the declaration's comment, "" when it has none */
	uint8_t behaviours;              /* enum behaviour bits */
	bool is_optional;                /* a one-field oneof `_name`: presence without a choice */
	bool is_scope;                   /* names the place at which a right is asked */
	bool is_secret;                  /* never answered, so nobody can read it to send it back */
};

struct message_type {
	const ProtobufCMessageDescriptor *descriptor;
	const struct field_row *fields; /* descriptor->n_fields of them, by number */
	const char *help;
	enum well_known well_known;
	bool is_map_entry; /* key is fields[0], value fields[1] */
};

/* Every message of the contract and the google ones it uses, sorted by full name. */
extern const struct message_type message_types[];
extern const size_t message_types_count;

/* NULL when the contract has no such message. */
const struct message_type *message_type_by_name(slice full_name);
/* Of any message whose descriptor protoc-c made from our files; never NULL for those. A binary search by name. */
const struct message_type *message_type_of(const ProtobufCMessageDescriptor *descriptor);

/* A message of that type with every field unset, in the arena; NULL when it does not fit. */
ProtobufCMessage *message_new(struct arena *arena, const struct message_type *type);

/* From the wire. FAULT_INVALID for anything malformed, naming the field when a string is no UTF-8 or holds a NUL;
 * FAULT_EXHAUSTED when it does not fit into the arena. Unknown fields are kept. */
FALLIBLE message_decode(struct arena *arena, const struct message_type *type, slice wire, ProtobufCMessage **ret_message);
/* Appends the wire form; check buffer_failed(out) at the end. */
void message_encode(const ProtobufCMessage *message, struct buffer *out);
/* Bytes message_encode will add. */
size_t message_encoded_bytes(const ProtobufCMessage *message);

/* ---- fields by name ---- */

#define FIELD_PATH_STEPS 4
/* A field, and the message fields that lead to it, as indices into descriptor->fields. count 0: no field. */
struct field_path {
	uint8_t count;
	uint8_t steps[FIELD_PATH_STEPS];
};

/* The index of the field of that name, proto or JSON form; -1 when there is none. */
int message_field(const struct message_type *type, slice name);
/* "group.uid" or "roleBinding.identityUid"; false when a step is unknown, repeated, or too many are given. */
bool field_path_parse(const struct message_type *type, slice text, struct field_path *ret_path);
/* The dotted proto name, NUL-terminated, cut at FIELD_PATH_BYTES. */
void field_path_format(const struct message_type *type, const struct field_path *path, char ret_text[FIELD_PATH_BYTES]);
/* The string at path; empty when it or a message on the way is unset or of another kind. Views into the message. */
slice message_text_at(const ProtobufCMessage *message, const struct field_path *path);
/* True when the field is set: not its default, or present where presence is kept. */
bool message_has(const ProtobufCMessage *message, unsigned field);

/* Sets the field at path from text, as a query parameter or a path capture does: numbers, "true"/"false", enum names or
 * numbers, base64, RFC 3339, "3.5s", "a,b.c" for masks. A repeated field gets one element more. Makes the messages on the way.
 * FAULT_INVALID naming the path. */
FALLIBLE message_set(struct arena *arena, const struct message_type *type, ProtobufCMessage *message,
		     const struct field_path *path, slice text);

/* ---- what every request goes through before its method runs; method_check() calls both ---- */

/* INVALID_ARGUMENT naming the first REQUIRED field that is unset ("requests[1].role_binding"). Booleans cannot be told from
 * unset and pass; so does a place inside an inner message, because the outer one names it. In a request with an update_mask
 * the resource's own fields are not looked at: they are the mask's business. */
FALLIBLE message_check_required(const struct message_type *type, const ProtobufCMessage *message);
/* Unsets OUTPUT_ONLY fields at any depth, but not the one at `keep` (the scope; may be NULL). */
void message_drop_output_only(const struct message_type *type, ProtobufCMessage *message, const struct field_path *keep);

#endif
