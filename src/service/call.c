#include "service/call.h"

#include "base/encode.h"
#include "crypto/digest.h"
#include "crypto/secret.h"

#define RANDOM_BYTES_MAX 64

FALLIBLE call_random(struct call *call, void *into, size_t size)
{
	uint8_t block[32];
	char *at = into;

	if (size > RANDOM_BYTES_MAX)
		return FAIL(FAULT_INTERNAL, "more random bytes asked than were drawn");
	for (; size; call->drawn++) {
		size_t part = size < sizeof(block) ? size : sizeof(block);
		TRY(hmac_sha256(slice_of(call->seed, sizeof(call->seed)), slice_of(&call->drawn, sizeof(call->drawn)), block));
		memcpy(at, block, part);
		at += part;
		size -= part;
	}
	return OK;
}

FALLIBLE call_random_text(struct call *call, size_t size, slice *ret_text)
{
	unsigned char bytes[RANDOM_BYTES_MAX];
	char *text = arena_alloc(call->arena, BASE64_TEXT_BYTES(sizeof(bytes)));

	TRY_NEW(text);
	TRY(call_random(call, bytes, size));
	*ret_text = slice_of(text, base64_encode_into(BASE64_URL, slice_of(bytes, size), text));
	bytes_wipe(bytes, sizeof(bytes));
	return OK;
}

FALLIBLE call_new_child(struct call *call, const struct uid *parent, struct uid *ret_uid)
{
	uint8_t random[UID_STEP_BYTES];

	TRY(call_random(call, random, sizeof(random)));
	return uid_new_child(parent, random, ret_uid);
}

FALLIBLE call_new_root(struct call *call, struct uid *ret_uid)
{
	uint8_t random[UID_ROOT_BYTES];

	TRY(call_random(call, random, sizeof(random)));
	*ret_uid = uid_new_root(random);
	return OK;
}

void call_touched(struct call *call, const struct uid *what, const struct uid *group)
{
	call->has_touched = true;
	call->touched = *what;
	call->touched_group = *group;
}

static FALLIBLE held_at(struct call *call, const struct uid *place, struct caps *ret_caps)
{
	if (call->tx && tx_is_write(call->tx))
		return authz_held(call->tx, call->caller, place, call_now_s(call), ret_caps);
	*ret_caps = authz_caps_at(call->parts->authz, call->caller, place, call_now_s(call));
	return OK;
}

FALLIBLE call_absent(struct call *call, const char *noun, const struct uid *where, unsigned list_bit)
{
	char text[UID_TEXT_BYTES];
	struct caps held;

	TRY(held_at(call, where, &held));
	if (!caps_has(&held, list_bit) && authz_place_life(call->parts->authz, where) != LIFE_ROOT_GONE)
		return FAIL(FAULT_DENIED, "the caller lacks the required capabilities here");
	uid_format(where, text);
	report_resource(text);
	return FAIL(FAULT_ABSENT, "Not found: no %s with the id %s", noun, text);
}

FALLIBLE call_reach(struct call *call, struct uid **ret_places, size_t *ret_count, bool *ret_everywhere)
{
	const struct access *access = &call->method->access;
	struct caps need = { 0 };

	for (size_t i = 0; i < access->bits_count; i++)
		caps_add(&need, access->bits[i]);
	return authz_reach(call->parts->authz, call->caller, &need, call_now_s(call), call->arena, ret_places, ret_count,
			   ret_everywhere);
}

FALLIBLE call_hand_out(struct call *call, const struct uid *place, const struct caps *given)
{
	return authz_hand_out(call->tx, call->caller, place, given, call_now_s(call));
}

FALLIBLE call_require_operator(struct call *call, unsigned bit, const char *what)
{
	static const struct uid nowhere;
	struct caps held;

	TRY(held_at(call, &nowhere, &held));
	if (!caps_has(&held, bit))
		return FAIL(FAULT_DENIED, "%s is for operators only", what);
	call->by_operator = true;
	return OK;
}

FALLIBLE call_nested(struct call *outer, const struct caller *caller, slice credential, enum method_id method, const void *in,
		     void *out)
{
	if (!outer->parts->nested)
		return FAIL(FAULT_INTERNAL, "no path of calls is there to make another one");
	return outer->parts->nested(outer, caller, credential, method, in, out);
}

status call_fail_kept(struct call *call, enum fault fault, const char *text)
{
	call->kept = FAIL(fault, "%s", text).fault;
	return OK;
}
