#include "login/oauth.h"

#include "audit/trail.h"
#include "handlers.gen.h"
#include "login/code.h"
#include "model/user.h"
#include "service/families.h"
#include "token/kind.h"

#define GRANT_CODE "authorization_code"
#define GRANT_REFRESH "refresh_token"

typedef Reeve__V1__OauthTokenRequest token_request;
typedef Reeve__V1__OauthTokenResponse token_response;

bool oauth_client_is_known(const struct settings *settings, slice client_id)
{
	for (size_t i = 0; i < settings->clients_count; i++)
		if (slice_eq(settings->clients[i], client_id))
			return true;
	return false;
}

bool oauth_scope_has(slice scope, slice name)
{
	slice word;

	while (scope.len) {
		(void)slice_cut(scope, ' ', &word, &scope); /* no blank: the last one */
		if (slice_eq(word, name))
			return true;
	}
	return false;
}

FALLIBLE oauth_scope_check(slice scope)
{
	if (scope.len > OAUTH_SCOPE_BYTES_MAX || slice_plain_len(scope) != scope.len)
		return OAUTH_FAIL("invalid_scope", "scope must be names separated by blanks, at most %d bytes",
				  OAUTH_SCOPE_BYTES_MAX);
	return OK;
}

/* ---- tokens for a person ---- */

static FALLIBLE record(struct call *call, const struct grant *grant)
{
	char identity[UID_TEXT_BYTES];
	struct uid uid;
	struct trail_record record = { .what = "login",
				       .method = call->method->label,
				       .issuer = grant->person.issuer,
				       .subject = grant->person.subject,
				       .audience = grant->client_id,
				       .scope = grant->scope,
				       .request_id = call->request_id,
				       .peer = call->peer };

	TRY(user_uid(grant->person.issuer, grant->person.subject, &uid));
	uid_format(&uid, identity);
	record.identity = slice_str(identity);
	return trail_append(call->parts->trail, &record);
}

/* Only who is registered has a session; whoever is not yet signs in again after Register. */
static FALLIBLE wants_session(struct call *call, const struct grant *grant, bool *ret_wanted)
{
	*ret_wanted = false;
	return oauth_scope_has(grant->scope, SLICE(OAUTH_SCOPE_REFRESH)) ? people_known(call, &grant->person, ret_wanted) : OK;
}

/* What failed is the grant; 401 would say the client is unknown (RFC 6749 section 5.2). */
static FALLIBLE as_grant(status result)
{
	struct report *report = report_current();
	char text[REPORT_TEXT_BYTES];

	if (result.fault != FAULT_UNAUTHENTIC)
		return result;
	memcpy(text, report->text, sizeof(text));
	return OAUTH_FAIL("invalid_grant", "%s", text);
}

/* The session, if one is wanted; a code is used up with it. */
static FALLIBLE begin(struct call *call, const struct grant *grant, slice login_token, slice *ret_refresh_token)
{
	struct people_want want = { .audiences = &call->settings->api_url, .audiences_count = 1 };
	bool is_wanted = false, is_first = false;

	TRY(wants_session(call, grant, &is_wanted));
	if (!grant->code.len)
		return is_wanted ? people_session(call, login_token, &want, ret_refresh_token) : OK;
	TRY(people_use_code(call, grant->code, grant->code_expires_s, is_wanted ? login_token : SLICE(""), &is_first,
			    ret_refresh_token));
	return is_first ? OK : OAUTH_FAIL("invalid_grant", "the code was used already");
}

FALLIBLE oauth_issue(struct call *call, const struct grant *grant, token_response *out)
{
	slice login_token, refresh_token = SLICE("");

	TRY(people_login_token(call, &grant->person, grant->client_id, &login_token));
	TRY(as_grant(begin(call, grant, login_token, &refresh_token)));
	TRY(record(call, grant)); /* nothing is issued unrecorded */
	TRY(put_text(call, refresh_token, &out->refresh_token));
	TRY(put_text(call, login_token, &out->id_token));
	out->access_token = out->id_token;
	out->expires_in = (int32_t)kind_row(TOKEN_LOGIN)->life_s;
	return put_text(call, SLICE("Bearer"), &out->token_type);
}

/* ---- a session that goes on ---- */

/* As ExchangeRefreshToken, for our API; bound to the client that signed in. */
static FALLIBLE refresh(struct call *call, const token_request *in, token_response *out)
{
	struct exchange exchange = { .audiences = &call->settings->api_url, .audiences_count = 1, .may_block = true };
	struct exchanged done = { 0 };
	slice refresh_token = SLICE("");

	if (!*in->refresh_token)
		return FAIL_FIELD("refresh_token", "must be given");
	if (!call->may_block)
		return FAIL(FAULT_ELSEWHERE, "a refresh token is used up");
	TRY(as_grant(
		family_use(call, slice_str(in->refresh_token), slice_str(in->client_id), &exchange, &done, &refresh_token)));
	TRY(put_text(call, done.token.text, &out->access_token));
	TRY(put_text(call, refresh_token, &out->refresh_token));
	out->expires_in = (int32_t)(done.token.expires_s - done.token.issued_s);
	return put_text(call, SLICE("Bearer"), &out->token_type);
}

/* ---- the endpoint ---- */

static FALLIBLE give_for_code(struct call *call, const token_request *in, token_response *out)
{
	struct grant grant = { .scope = SLICE("") };

	TRY(code_take(call, in, &grant));
	return oauth_issue(call, &grant, out);
}

status reeve_oauth_token(struct call *call, const token_request *in, token_response *out)
{
	slice grant = slice_str(in->grant_type);

	if (grant.len == 0)
		return FAIL_FIELD("grant_type", "must be given, in a form (application/x-www-form-urlencoded)");
	if (!oauth_client_is_known(call->settings, slice_str(in->client_id)))
		return FAIL(FAULT_UNAUTHENTIC, "client_id must be one of the server's token.clients");
	if (slice_is(grant, OAUTH_GRANT_DEVICE))
		return device_poll(call, in, out);
	if (slice_is(grant, GRANT_CODE))
		return give_for_code(call, in, out);
	if (slice_is(grant, GRANT_REFRESH))
		return refresh(call, in, out);
	return OAUTH_FAIL("unsupported_grant_type",
			  "grant_type must be " GRANT_CODE ", " GRANT_REFRESH " or " OAUTH_GRANT_DEVICE);
}
