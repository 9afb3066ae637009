/*
 * oauth: a person signs in at our own issuer, as OAuth 2 has it: in a browser here, or by a code typed on another device.
 *
 * Owns      the authorization request with PKCE and state, the device's code and its polling, what the token endpoint gives.
 * Promises  nothing that the browser brings is used but with our state and, through the verifier, only by us; an answer in
 *           another issuer's name is refused; every wait is bounded and ends at Ctrl-C.
 * Source    RFC 6749, RFC 7636 (S256), RFC 8252 section 7.3, RFC 8628, RFC 9207; spec/tokens.md 6.
 * Start at  browser_sign_in(), device_sign_in(), headless_sign_in().
 */
#ifndef CLI_OAUTH_H
#define CLI_OAUTH_H

#include "base/json.h"
#include "cli/cli.h"
#include "cli/listener.h"

#define OAUTH_CLIENT_ID "reeve"
#define BROWSER_WAIT_S 300
#define DEVICE_WAIT_S_MAX 1800
#define DEVICE_INTERVAL_S_MAX 60

/* How the person wants in. */
struct way {
	slice connection; /* the platform's connection by name; empty: chosen on the page */
	slice provider;   /* an organization's own provider, by id or the organization's verified name; empty: none */
	slice invite;     /* shown on the page, and accepted there; empty: none */
	bool wants_refresh;
};

/* Who signed in, proven for Exchange and Register. */
struct proof {
	slice login_token;
	slice refresh_token;       /* empty: none was given */
	struct listener *listener; /* the browser that waits to hear how it went; for listener_end */
};

/* *ret_is_open false: no browser can be started here, nothing was done. */
FALLIBLE browser_sign_in(struct cli *cli, const struct way *way, struct proof *ret_proof, bool *ret_is_open);
FALLIBLE device_sign_in(struct cli *cli, const struct way *way, struct proof *ret_proof);
/* By the X25519 session: one address instead of a code, which may name a provider; gives no refresh token. */
FALLIBLE headless_sign_in(struct cli *cli, const struct way *way, struct proof *ret_proof);

/* ---- for files of this room that sign people in ---- */

/* POSTs a form to a path of platform.issuer. ret_error: OAuth's error code, empty when there is none; then *ret_answer is its
 * object. A fault only when the answer is neither. */
FALLIBLE oauth_post(struct cli *cli, const char *path, slice form, const char *what, const struct json **ret_answer,
		    slice *ret_error);
/* The tokens of an answer of the token endpoint. */
FALLIBLE oauth_proof(struct cli *cli, const struct json *answer, struct proof *ret_proof);
/* What a poll's answer means (RFC 8628 section 3.5): still waiting, with *interval_s made longer on slow_down; over, with the
 * proof; or a fault that says why it ended. */
FALLIBLE device_answer(struct cli *cli, const struct json *answer, slice error, int64_t *interval_s, struct proof *ret_proof,
		       bool *ret_is_over);
/* "openid", with offline_access when a refresh token is wanted. */
slice oauth_scope(const struct way *way);

#endif
