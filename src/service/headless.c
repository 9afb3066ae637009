#include "service/headless.h"

#include "auth/v1/auth.pb-c.h"
#include "base/encode.h"
#include "crypto/seal.h"
#include "handlers.gen.h"
#include "reeve/v1/sessions.pb-c.h"

/* ---- the code ---- */

FALLIBLE headless_key(slice code, const char *field, uint8_t ret_key[AGREE_KEY_BYTES])
{
	SECRET ours = { 0 };
	SECRET shared = { 0 };
	size_t len = 0;
	status agreed;

	if (!base64_decode_into(BASE64_URL, code, ret_key, AGREE_KEY_BYTES, &len) || len != AGREE_KEY_BYTES)
		return FAIL_FIELD(field, "must be an X25519 public key: %d bytes in base64url", AGREE_KEY_BYTES);
	/* Agreeing with any key of ours shows whether one can at all. */
	TRY(secret_random(&ours, &random_system, AGREE_KEY_BYTES));
	agreed = agree_secret(&ours, slice_of(ret_key, AGREE_KEY_BYTES), &shared);
	if (agreed.fault == FAULT_INVALID)
		return FAIL_FIELD(field, "is no public key that anything can be sealed for");
	TRY(agreed);
	return OK;
}

FALLIBLE people_headless_check(struct call *call, slice headless_code)
{
	uint8_t key[AGREE_KEY_BYTES];

	(void)call;
	return headless_key(headless_code, "headless_code", key);
}

/* ---- handing over ---- */

static FALLIBLE seal_for(struct call *call, slice their_key, slice plain, slice *ret_ecdh, slice *ret_sealed)
{
	SECRET ours = { 0 };
	SECRET shared = { 0 };
	uint8_t public[AGREE_KEY_BYTES];
	struct buffer ecdh, sealed;

	TRY(secret_random(&ours, call->parts->random, AGREE_KEY_BYTES));
	TRY(agree_public(&ours, public));
	TRY(agree_secret(&ours, their_key, &shared));
	buffer_init(&ecdh, call->arena, BASE64_TEXT_BYTES(AGREE_KEY_BYTES));
	base64_encode(&ecdh, BASE64_URL, slice_of(public, sizeof(public)));
	buffer_init(&sealed, call->arena, TOKEN_BYTES_MAX);
	TRY(seal(&shared, call->parts->random, SLICE(""), plain, &sealed));
	if (buffer_failed(&ecdh))
		return FAIL(FAULT_EXHAUSTED, "no memory to seal");
	*ret_ecdh = buffer_slice(&ecdh);
	*ret_sealed = buffer_slice(&sealed);
	return OK;
}

FALLIBLE people_handover(struct call *call, slice headless_code, slice login_token)
{
	Reeve__V1__HandOverRequest in = REEVE__V1__HAND_OVER_REQUEST__INIT;
	Google__Protobuf__Empty *out;
	uint8_t key[AGREE_KEY_BYTES];
	slice ecdh, sealed;

	TRY(headless_key(headless_code, "headless_code", key));
	TRY(seal_for(call, slice_of(key, sizeof(key)), login_token, &ecdh, &sealed));
	in.code = data_of(slice_of(key, sizeof(key)));
	in.ecdh = data_of(ecdh);
	in.sealed = data_of(sealed);
	TRY_MESSAGE(call, out, google__protobuf__empty);
	return call_nested(call, NULL, SLICE(""), METHOD_REEVE_SESSIONS_HAND_OVER, &in, out);
}

static FALLIBLE check_room(struct call *call)
{
	struct query query;
	int64_t count;

	query_init(&query);
	TRY(row_count(call->tx, &table_handovers, &query, &count));
	if (count >= HEADLESS_WAITING_MAX)
		return FAIL(FAULT_EXHAUSTED, "too many sign-ins wait to be fetched; try again in a few minutes");
	return OK;
}

status reeve_sessions_hand_over(struct call *call, const Reeve__V1__HandOverRequest *in, Google__Protobuf__Empty *out)
{
	struct handover handover = { .code = data_slice(in->code) };
	bool found;

	(void)out;
	TRY(row_find(call->tx, &table_handovers, &handover, &handover, &found));
	if (found && call->now_us < handover.expires_us)
		return FAIL(FAULT_EXISTS, "Already exists: a sign-in waits for this code already; begin anew in the program");
	TRY(check_room(call));
	handover = (struct handover){ .code = data_slice(in->code),
				      .ecdh = data_slice(in->ecdh),
				      .sealed = data_slice(in->sealed),
				      .created_us = call->now_us,
				      .expires_us = call->now_us + HEADLESS_LIFE_S * US_PER_S };
	return row_put(call->tx, &table_handovers, &handover);
}

/* ---- fetching ---- */

status reeve_sessions_take_over(struct call *call, const Reeve__V1__TakeOverRequest *in, Reeve__V1__TakeOverResponse *out)
{
	struct handover handover = { .code = data_slice(in->code) };
	bool found, deleted;

	TRY(row_find(call->tx, &table_handovers, &handover, &handover, &found));
	if (!found)
		return OK;
	TRY(row_delete(call->tx, &table_handovers, &handover, &deleted));
	if (call->now_us >= handover.expires_us)
		return OK;
	out->is_there = true;
	TRY(put_bytes(call, handover.ecdh, &out->ecdh));
	return put_bytes(call, handover.sealed, &out->sealed);
}

static FALLIBLE not_there(void)
{
	return FAIL(FAULT_ABSENT, "Not found: no finished sign-in waits for this code");
}

status v1_auth_get_headless_session(struct call *call, const Chainguard__Platform__Auth__GetHeadlessSessionRequest *in,
				    Chainguard__Platform__Auth__HeadlessSession *out)
{
	Reeve__V1__TakeOverRequest take = REEVE__V1__TAKE_OVER_REQUEST__INIT;
	Reeve__V1__TakeOverResponse *taken;
	uint8_t key[AGREE_KEY_BYTES];
	struct handover waiting = { .code = slice_of(key, sizeof(key)) };
	bool found;

	TRY(headless_key(slice_str(in->code), "code", key));
	if (!call->may_block)
		return FAIL(FAULT_ELSEWHERE, "the store has to be asked");
	/* Programs ask every second or two and mostly in vain: a look comes before the write. */
	TRY(store_find(call->parts->store, &table_handovers, &waiting, call->arena, &found));
	if (!found)
		return not_there();
	take.code = data_of(slice_of(key, sizeof(key)));
	TRY_MESSAGE(call, taken, reeve__v1__take_over_response);
	TRY(call_nested(call, NULL, SLICE(""), METHOD_REEVE_SESSIONS_TAKE_OVER, &take, taken));
	if (!taken->is_there)
		return not_there();
	out->ecdh_public_key = taken->ecdh;
	out->encrypted_idtoken = taken->sealed;
	return OK;
}
