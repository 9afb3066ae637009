/*
 * mask: which fields an update names (spec model.md 2.3), and writing just those.
 *
 * Promises  without a mask the same is named however the call came: each field that is set, inside single messages too; lists
 *           and maps as a whole. A JSON body can say more than that: a member that is there and empty is named as well.
 * Start at  mask_resolve() once in an update, then mask_apply(), or mask_names() per field.
 */
#ifndef SCHEMA_MASK_H
#define SCHEMA_MASK_H

#include "base/json.h"
#include "google/protobuf/field_mask.pb-c.h"
#include "schema/message.h"

/* Paths in one mask; more are refused. */
#define MASK_PATHS_MAX 128

/* The mask an update of `resource` works by: each path checked to be a field (INVALID_ARGUMENT naming update_mask), or "*"
 * alone. An absent or empty mask becomes what mask_derive() gives. In the arena or `mask` itself. */
FALLIBLE mask_resolve(struct arena *arena, const struct message_type *type, const ProtobufCMessage *resource,
		      const Google__Protobuf__FieldMask *mask, const Google__Protobuf__FieldMask **ret_mask);
/* The fields of `resource` that its sender filled in: the members of `body`, the JSON it was read from, or without one (NULL)
 * what is set. Never an OUTPUT_ONLY field, nor one that no answer holds (INPUT_ONLY, secret) when it is empty; a message with
 * nothing in it names nothing. More than MASK_PATHS_MAX: INVALID_ARGUMENT naming update_mask. */
FALLIBLE mask_derive(struct arena *arena, const struct message_type *type, const ProtobufCMessage *resource,
		     const struct json *body, Google__Protobuf__FieldMask **ret_mask);
/* Writes the fields that the mask (a resolved one) names from one message onto another of the same type: what is unset in
 * `from` is cleared, another arm of a oneof gives way to the one that is set, OUTPUT_ONLY fields stay. The two share what is
 * written. FAULT_EXHAUSTED. */
FALLIBLE mask_apply(struct arena *arena, const struct message_type *type, const Google__Protobuf__FieldMask *mask,
		    const ProtobufCMessage *from, ProtobufCMessage *onto);
/* Full replacement: the mask is "*". */
bool mask_is_full(const Google__Protobuf__FieldMask *mask);
/* True when the field at that path (proto names) is to be written: named itself, by a field above it, by one below it, or by
 * "*". */
bool mask_names(const Google__Protobuf__FieldMask *mask, const char *path);
/* True when exactly this path stands in the mask. */
bool mask_names_exactly(const Google__Protobuf__FieldMask *mask, const char *path);

#endif
