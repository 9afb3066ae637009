/*
 * uid: the identifiers of everything, and where a thing stands in the tree (spec model.md 1).
 *
 * A UID is 20 bytes, a SUID 8; a UIDP is one UID, then SUIDs, written in lower-case hex joined by "/". In memory it is the
 * plain bytes, so an ancestor test is a prefix test: A is above B when B starts with A and is longer.
 *
 * Promises  a struct uid holds a well-formed UIDP or none (len 0, which also stands for the root "/").
 */
#ifndef MODEL_UID_H
#define MODEL_UID_H

#include "base/arena.h"
#include "base/random.h"
#include "base/slice.h"
#include "base/status.h"

#define UID_ROOT_BYTES 20
#define UID_STEP_BYTES 8
/* Steps below a root. Groups stop earlier (GROUP_DEPTH_MAX), so that what hangs under them still fits. */
#define UID_DEPTH_MAX 24
#define UID_BYTES_MAX (UID_ROOT_BYTES + UID_STEP_BYTES * UID_DEPTH_MAX)
/* Longest text form with its NUL. */
#define UID_TEXT_BYTES (40 + 17 * UID_DEPTH_MAX + 1)

struct uid {
	uint16_t len; /* 0, or 20 + 8n */
	uint8_t at[UID_BYTES_MAX];
};

/* False unless text is exactly a UIDP of at most UID_DEPTH_MAX steps ("/" and "" are not). */
bool uid_parse(slice text, struct uid *ret_uid);
/* INVALID_ARGUMENT naming `field` when text is no UIDP. */
FALLIBLE uid_parse_field(slice text, const char *field, struct uid *ret_uid);
/* NUL-terminated; none gives "/". */
void uid_format(const struct uid *uid, char ret_text[UID_TEXT_BYTES]);
/* The text in the arena; NULL when it does not fit. None gives "". */
char *uid_text(const struct uid *uid, struct arena *arena);

/* From raw bytes; false unless len is 20 + 8n within bounds. */
bool uid_of_bytes(slice bytes, struct uid *ret_uid);
static inline slice uid_bytes(const struct uid *uid)
{
	return slice_of(uid->at, uid->len);
}
static inline bool uid_is_none(const struct uid *uid)
{
	return uid->len == 0;
}
static inline bool uid_is_root(const struct uid *uid)
{
	return uid->len == UID_ROOT_BYTES;
}
static inline bool uid_eq(const struct uid *a, const struct uid *b)
{
	return a->len == b->len && memcmp(a->at, b->at, a->len) == 0;
}
/* B is A or below it. None is above nothing. */
static inline bool uid_covers(const struct uid *a, const struct uid *b)
{
	return a->len && b->len >= a->len && memcmp(a->at, b->at, a->len) == 0;
}
/* Steps below the root: 0 for a bare UID. */
static inline unsigned uid_depth(const struct uid *uid)
{
	return uid->len < UID_ROOT_BYTES ? 0 : (uid->len - UID_ROOT_BYTES) / UID_STEP_BYTES;
}
/* By bytes, an ancestor before its descendants: the order of the texts too. */
int uid_compare(const struct uid *a, const struct uid *b);
/* One step up; none for a root. */
struct uid uid_parent(const struct uid *uid);
/* The bare UID it starts with. */
struct uid uid_root(const struct uid *uid);

/* A new random root id, or a child of `parent` from 8 random bytes; FAULT_STATE when the parent is too deep.
 * The random bytes are drawn by the caller beforehand (a store transaction may run twice). */
struct uid uid_new_root(const uint8_t random[UID_ROOT_BYTES]);
FALLIBLE uid_new_child(const struct uid *parent, const uint8_t random[UID_STEP_BYTES], struct uid *ret_uid);

#endif
