#include "model/uid.h"

#include <assert.h>

#include "base/encode.h"

#define ROOT_DIGITS ((size_t)2 * UID_ROOT_BYTES)
#define STEP_DIGITS ((size_t)2 * UID_STEP_BYTES)

bool uid_parse(slice text, struct uid *ret_uid)
{
	struct uid uid = { .len = UID_ROOT_BYTES };
	slice rest;

	if (text.len < ROOT_DIGITS || text.len >= UID_TEXT_BYTES || (text.len - ROOT_DIGITS) % (STEP_DIGITS + 1))
		return false;
	if (!hex_decode_into(slice_to(text, ROOT_DIGITS), uid.at, UID_ROOT_BYTES))
		return false;
	for (rest = slice_from(text, ROOT_DIGITS); rest.len; rest = slice_from(rest, STEP_DIGITS + 1)) {
		if (rest.at[0] != '/' || !hex_decode_into(slice_of(rest.at + 1, STEP_DIGITS), uid.at + uid.len, UID_STEP_BYTES))
			return false;
		uid.len += UID_STEP_BYTES;
	}
	*ret_uid = uid;
	return true;
}

status uid_parse_field(slice text, const char *field, struct uid *ret_uid)
{
	if (!uid_parse(text, ret_uid))
		return FAIL_FIELD(field, "must be an id: 40 lower-case hex digits, then any number of \"/\" and 16 hex digits");
	return OK;
}

void uid_format(const struct uid *uid, char ret_text[UID_TEXT_BYTES])
{
	char *to = ret_text;

	if (uid_is_none(uid))
		*to++ = '/';
	for (size_t at = 0, step; at < uid->len; at += step) {
		step = at ? UID_STEP_BYTES : UID_ROOT_BYTES;
		if (at)
			*to++ = '/';
		hex_encode_into(slice_of(uid->at + at, step), to);
		to += 2 * step;
	}
	*to = '\0';
}

char *uid_text(const struct uid *uid, struct arena *arena)
{
	char text[UID_TEXT_BYTES];

	uid_format(uid, text);
	return arena_text(arena, uid_is_none(uid) ? SLICE("") : slice_str(text));
}

bool uid_of_bytes(slice bytes, struct uid *ret_uid)
{
	if (bytes.len < UID_ROOT_BYTES || bytes.len > UID_BYTES_MAX || (bytes.len - UID_ROOT_BYTES) % UID_STEP_BYTES)
		return false;
	*ret_uid = (struct uid){ .len = (uint16_t)bytes.len };
	memcpy(ret_uid->at, bytes.at, bytes.len);
	return true;
}

int uid_compare(const struct uid *a, const struct uid *b)
{
	return slice_compare(uid_bytes(a), uid_bytes(b));
}

/* The first len bytes; what is behind them stays zero, so that equal ids are equal structs. */
static struct uid uid_head(const struct uid *uid, size_t len)
{
	struct uid head = { .len = (uint16_t)len };

	memcpy(head.at, uid->at, len);
	return head;
}

struct uid uid_parent(const struct uid *uid)
{
	return uid_head(uid, uid->len > UID_ROOT_BYTES ? uid->len - (size_t)UID_STEP_BYTES : 0);
}

struct uid uid_root(const struct uid *uid)
{
	return uid_head(uid, uid->len ? UID_ROOT_BYTES : 0);
}

struct uid uid_new_root(const uint8_t random[UID_ROOT_BYTES])
{
	struct uid uid = { .len = UID_ROOT_BYTES };

	memcpy(uid.at, random, UID_ROOT_BYTES);
	return uid;
}

status uid_new_child(const struct uid *parent, const uint8_t random[UID_STEP_BYTES], struct uid *ret_uid)
{
	struct uid child = *parent;

	assert(!uid_is_none(parent));
	if (parent->len > UID_BYTES_MAX - UID_STEP_BYTES)
		return FAIL_STATE("TOO_DEEP", "nothing can be made below a resource %d steps deep", UID_DEPTH_MAX);
	memcpy(child.at + child.len, random, UID_STEP_BYTES);
	child.len += UID_STEP_BYTES;
	*ret_uid = child;
	return OK;
}
