/*
 * authenticate: who is it?
 *
 * Promises  a call has one credential or none; a method that needs a caller never runs without a verified one.
 */
#include "rpc/rpc_impl.h"

static slice without_scheme(slice value, slice scheme)
{
	value = slice_trim(value);
	if (value.len > scheme.len && slice_eq_nocase(slice_to(value, scheme.len), scheme) && value.at[scheme.len] == ' ')
		value = slice_trim(slice_from(value, scheme.len));
	return value;
}

FALLIBLE journey_authenticate(struct journey *journey)
{
	struct call *call = &journey->call;
	enum access_kind kind = call->method->access.kind;
	slice header = SLICE("");
	size_t given = http_header(journey->request, "authorization", &header);

	call->caller = &journey->stranger;
	if (given > 1)
		return FAIL(FAULT_UNAUTHENTIC, "the authorization header was given twice");
	call->authorization = header;
	/* Clients send the bare token too (spec clients.md 2). */
	call->credential = without_scheme(header, SLICE("Bearer"));
	if (kind == ACCESS_PUBLIC || kind == ACCESS_CREDENTIAL)
		return OK;
	if (call->credential.len == 0)
		return FAIL(FAULT_UNAUTHENTIC, "sign in first: this call needs a token in the authorization header");
	TRY(token_verify(call->parts->issuer, TOKEN_ACCESS, call->credential, SLICE(""), &journey->verified));
	call->caller = &journey->verified->caller;
	call->subject = &journey->verified->subject;
	return OK;
}
