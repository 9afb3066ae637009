/*
 * oauth: our issuer's endpoints for programs: /oauth2/device_authorization and /oauth2/token.
 *
 * Promises  clients are public and listed in the configuration; whatever was granted is bound to the client that began it; a
 * grant is good once; a failure is told in the form of RFC 6749 section 5.2.
 * Start at  reeve_oauth_token(), the row's handler; oauth_speak() for the form of answers.
 */
#ifndef LOGIN_OAUTH_H
#define LOGIN_OAUTH_H

#include "reeve/v1/oauth.pb-c.h"
#include "rpc/rpc.h"

#define OAUTH_SCOPE_BYTES_MAX 512
#define OAUTH_GRANT_DEVICE "urn:ietf:params:oauth:grant-type:device_code"
#define OAUTH_SCOPE_REFRESH "offline_access"

/* How the rows answer over REST; before serving. */
void oauth_speak(struct rpc *rpc);

/* Is it one of token.clients? */
bool oauth_client_is_known(const struct settings *settings, slice client_id);
/* Does a list of names separated by blanks have this one? */
bool oauth_scope_has(slice scope, slice name);
/* Letters, digits and signs of RFC 6749 section 3.3, at most OAUTH_SCOPE_BYTES_MAX. */
FALLIBLE oauth_scope_check(slice scope);

/* What somebody agreed to. Slices in the call's arena. */
struct grant {
	struct person person;
	slice client_id, scope;
	slice code; /* an authorization code, used up when tokens are made for it; "" = none */
	int64_t code_expires_s;
};
/* Tokens for it, recorded. FAILED_PRECONDITION "invalid_grant" when its code was used before. On a worker, outside of any
 * transaction. */
FALLIBLE oauth_issue(struct call *call, const struct grant *grant, Reeve__V1__OauthTokenResponse *out);

/* The grants, one file each (device.c, code.c): from memory as far as that goes, then FAULT_ELSEWHERE unless the call may
 * block. A code that is none: FAILED_PRECONDITION "invalid_grant"; one of ours that is refused ends what it began before. */
FALLIBLE device_poll(struct call *call, const Reeve__V1__OauthTokenRequest *in, Reeve__V1__OauthTokenResponse *out);
FALLIBLE code_take(struct call *call, const Reeve__V1__OauthTokenRequest *in, struct grant *ret_grant);

/* The report's text as an error_description may be: neither quotation marks nor backslashes, nothing beyond ASCII (RFC 6749
 * section 5.2). In the call's arena. */
FALLIBLE oauth_description(struct call *call, const struct report *report, slice *ret_text);

#define OAUTH_FAIL(error, ...) FAIL_STATE(error, __VA_ARGS__)

#endif
