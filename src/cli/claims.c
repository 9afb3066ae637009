/*
 * claims: what a token says of itself.
 */
#include "cli/claims.h"

#include "crypto/jws.h"

#define TOKEN_READ_MAX ((size_t)64 * 1024)

static slice first_audience(const struct json *aud)
{
	slice text = slice_str("");

	if (json_is(aud, JSON_ARRAY))
		aud = aud->first;
	(void)json_text(aud, &text); /* stays empty for anything else */
	return text;
}

FALLIBLE claims_read(struct arena *arena, slice token, struct claims *ret_claims)
{
	struct claims claims = { .issuer = SLICE(""), .subject = SLICE("") };
	struct report scratch = { 0 }, *before = report_use(&scratch);
	struct jws jws;
	bool is_token = !FAILED(jws_parse(arena, slice_trim(token), TOKEN_READ_MAX, &jws)) &&
			!FAILED(jws_claims(arena, &jws, &claims.all));

	report_use(before);
	if (!is_token)
		return FAIL(FAULT_INVALID, "this is no signed token (JWT)");
	(void)json_text(json_member(claims.all, "iss"), &claims.issuer); /* each stays as it is when absent */
	(void)json_text(json_member(claims.all, "sub"), &claims.subject);
	(void)json_int64(json_member(claims.all, "iat"), &claims.issued_s);
	(void)json_int64(json_member(claims.all, "exp"), &claims.expires_s);
	claims.audience = first_audience(json_member(claims.all, "aud"));
	*ret_claims = claims;
	return OK;
}
