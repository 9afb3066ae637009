/*
 * sessions_code: the session that an authorization code began, and its end when the code comes again (RFC 6749 sections 4.1.2
 * and 10.5).
 *
 * Promises  a code is used up and its session begun in one transaction, so whatever order two uses come in, one begins a
 * session and the other ends it; nothing is kept for this beyond the session: its id is the beginning of the code's SHA-256.
 * Start at  reeve_sessions_use_code().
 */
#include "crypto/digest.h"
#include "handlers.gen.h"
#include "service/people_impl.h"
#include "service/sessions_impl.h"

#define CODE_LABEL "oauth code"

static slice session_id(slice digest)
{
	return slice_to(digest, FAMILY_ID_BYTES);
}

/* ---- asking ---- */

static FALLIBLE use(struct call *call, Reeve__V1__UseCodeRequest *in, Reeve__V1__UseCodeResponse **ret_out)
{
	Reeve__V1__UseCodeResponse *out;

	TRY_MESSAGE(call, out, reeve__v1__use_code_response);
	TRY(call_nested(call, NULL, SLICE(""), METHOD_REEVE_SESSIONS_USE_CODE, in, out));
	if (out->has_ended)
		TRY(session_record_reuse(call, slice_str(out->identity), slice_str(out->act),
					 "an authorization code was presented again: the session it began has ended"));
	*ret_out = out;
	return OK;
}

FALLIBLE people_use_code(struct call *call, slice code, int64_t expires_s, slice login_token, bool *ret_is_first,
			 slice *ret_refresh_token)
{
	Reeve__V1__UseCodeRequest in = REEVE__V1__USE_CODE_REQUEST__INIT;
	Reeve__V1__UseCodeResponse *out;
	slice digest;

	*ret_refresh_token = SLICE("");
	TRY(people_once_digest(call, CODE_LABEL, code, &digest));
	in.digest = data_of(digest);
	in.expires_s = expires_s;
	if (login_token.len)
		TRY(session_ask(call, login_token, &in.session));
	TRY(use(call, &in, &out));
	*ret_is_first = out->is_first;
	if (!out->is_first || !in.session)
		return OK;
	/* Ended already: somebody else came with the code meanwhile. */
	return session_first_token(call, session_id(digest), ret_is_first, ret_refresh_token);
}

FALLIBLE people_refuse_code(struct call *call, slice code)
{
	Reeve__V1__UseCodeRequest in = REEVE__V1__USE_CODE_REQUEST__INIT;
	Reeve__V1__UseCodeResponse *out;
	struct family family;
	slice digest;
	bool found;

	TRY(people_once_digest(call, CODE_LABEL, code, &digest));
	TRY(family_find(call, (const uint8_t *)digest.at, &family, &found));
	if (!found) /* it was not used, or nothing is left of that */
		return OK;
	in.digest = data_of(digest);
	in.is_refused = true;
	return use(call, &in, &out);
}

/* ---- the row ---- */

static FALLIBLE end_session(struct call *call, const struct family *family, Reeve__V1__UseCodeResponse *out)
{
	bool deleted;

	TRY(put_uid(call, &family->identity, &out->identity));
	TRY(put_text(call, family->act, &out->act));
	return row_delete(call->tx, &table_families, family, &deleted);
}

status reeve_sessions_use_code(struct call *call, const Reeve__V1__UseCodeRequest *in, Reeve__V1__UseCodeResponse *out)
{
	slice digest = data_slice(in->digest);
	struct family family;
	bool found, is_first = false;

	if (digest.len != SHA256_BYTES)
		return FAIL(FAULT_INTERNAL, "a code is known by its digest");
	if (!in->is_refused)
		TRY(people_mark(call, digest, in->expires_s, &is_first));
	family.id = session_id(digest);
	TRY(row_find(call->tx, &table_families, &family, &family, &found));
	out->has_ended = found; /* the session says that its code was used, whatever the marks say */
	if (found)
		return end_session(call, &family, out);
	out->is_first = is_first;
	return is_first && in->session ? session_begin(call, in->session, session_id(digest)) : OK;
}
