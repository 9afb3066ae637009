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

/* Pages know a browser, never a token: whatever stands in Authorization is not even looked at. */
static void see_browser(struct journey *journey)
{
	const struct http_request *request = journey->request;
	struct browser *browser = &journey->call.browser;

	(void)http_header(request, "cookie", &browser->cookies); /* none is fine */
	if (http_header(request, "origin", &browser->origin) > 1)
		browser->origin = SLICE("null"); /* given twice: no origin of ours */
	if (http_header(request, "sec-fetch-site", &browser->fetch_site) > 1)
		browser->fetch_site = SLICE("cross-site");
	browser->verb = request->method;
	browser->is_tls = request->is_tls;
}

FALLIBLE journey_authenticate(struct journey *journey)
{
	struct call *call = &journey->call;
	enum access_kind kind = call->method->access.kind;
	slice header = SLICE("");
	size_t given = http_header(journey->request, "authorization", &header);

	call->caller = &journey->stranger;
	if (call->method->is_page) {
		see_browser(journey);
		return OK;
	}
	if (given > 1)
		return FAIL(FAULT_UNAUTHENTIC, "the authorization header was given twice");
	call->authorization = header;
	/* Clients send the bare token too (spec clients.md 2). */
	call->credential = without_scheme(header, SLICE("Bearer"));
	if (kind == ACCESS_PUBLIC || kind == ACCESS_CREDENTIAL || kind == ACCESS_INTERNAL)
		return OK;
	if (call->credential.len == 0)
		return FAIL(FAULT_UNAUTHENTIC, "sign in first: this call needs a token in the authorization header");
	TRY(token_verify(call->parts->issuer, TOKEN_ACCESS, call->credential, SLICE(""), &journey->verified));
	call->caller = &journey->verified->caller;
	call->subject = &journey->verified->subject;
	return OK;
}
