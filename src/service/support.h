/*
 * support: small steps every noun takes between rows and messages.
 *
 * Promises  what is put into a message lives in the call's arena; a failure is "no memory left for this call".
 */
#ifndef SERVICE_SUPPORT_H
#define SERVICE_SUPPORT_H

#include "google/protobuf/duration.pb-c.h"
#include "google/protobuf/empty.pb-c.h"
#include "google/protobuf/field_mask.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "schema/mask.h"
#include "service/call.h"

/* A message in the call's arena, every field unset: Chainguard__..__Group *m; TRY_MESSAGE(call, m, chainguard__..__group); */
#define TRY_MESSAGE(call, pointer, prefix)                                  \
	do {                                                                \
		(pointer) = arena_alloc((call)->arena, sizeof(*(pointer))); \
		TRY_NEW(pointer);                                           \
		prefix##__init(pointer);                                    \
	} while (0)

/* NUL-terminated text; empty stays the message's own empty string. */
FALLIBLE put_text(struct call *call, slice text, char **into);
/* A uid's text; none stays empty. */
FALLIBLE put_uid(struct call *call, const struct uid *uid, char **into);
/* Bytes for a message that is only read while they are there, the bytes of one, and a copy in the call's arena. */
ProtobufCBinaryData data_of(slice bytes);
slice data_slice(ProtobufCBinaryData data);
FALLIBLE put_bytes(struct call *call, slice bytes, ProtobufCBinaryData *into);
/* A time; 0 stays unset. */
FALLIBLE put_time(struct call *call, int64_t at_us, Google__Protobuf__Timestamp **into);
/* A column's JSON array of strings as a repeated field, and back ("" for none). */
FALLIBLE put_list(struct call *call, slice json, size_t *ret_count, char ***ret_texts);
FALLIBLE take_list(struct call *call, size_t count, char *const *texts, slice *ret_json);
/* Microseconds of a timestamp, cut to whole ones; FAULT_INVALID naming the field when it is no time. NULL gives 0. */
FALLIBLE take_time(const Google__Protobuf__Timestamp *time, const char *field, int64_t *ret_us);

/* The group with this id, in the call's transaction; call_absent when it is gone. */
FALLIBLE group_at(struct call *call, const struct uid *uid, unsigned list_bit, struct group *ret_group);
/* The organization's limit for a kind: its own row, else the default (0 = none); -1 = none. */
FALLIBLE limit_of(struct call *call, const struct uid *organization, const char *kind, int64_t by_default, int64_t *ret_most);
/* RESOURCE_EXHAUSTED when the organization already has as many rows of `table` as its limit for `kind` says. */
FALLIBLE limit_check(struct call *call, const struct uid *place, const struct table *table, const char *kind,
		     int64_t by_default);

#endif
