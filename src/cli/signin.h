/*
 * signin: a token for an audience, from the cache or from what this machine can prove.
 *
 * Owns      when a token is renewed, and with what: this machine's key (machine.h), a person's session (refresh.h), or the
 *           session's own token exchanged for another audience.
 * Promises  a token with SIGNIN_LEFT_S or less is never used; a session keeps its subject: what was signed in as one identity
 * is never renewed as another; two processes do not renew the same token twice. Start at  signin_token() for a call;
 * sts_exchange() is the exchange itself.
 */
#ifndef CLI_SIGNIN_H
#define CLI_SIGNIN_H

#include "cli/cli.h"

#define SIGNIN_LEFT_S 60

/* For this audience. FAULT_UNAUTHENTIC, saying what to do, when nobody is signed in. */
FALLIBLE signin_token(struct cli *cli, slice audience, slice *ret_token);
/* A new one, whatever the cache holds. */
FALLIBLE signin_renew(struct cli *cli, slice audience, slice *ret_token);
bool signin_can_renew(struct cli *cli, slice audience);
/* A live token is cached, or one could be had; nothing is asked of the network. */
bool signin_is_possible(struct cli *cli, slice audience);
/* What the session may do has changed (an organization was made): the next call has a new token. Warns when none can be had. */
FALLIBLE signin_changed(struct cli *cli);
/* FAULT_UNAUTHENTIC of the form above. */
FALLIBLE signin_nobody(struct cli *cli, slice audience);

struct exchange {
	slice upstream; /* the credential */
	slice audience;
	slice identity; /* to assume; empty: the credential's own */
	const slice *scopes, *capabilities;
	size_t scopes_count, capabilities_count;
	const char *what; /* "signing in": begins the text of a failure */
};
/* POST /sts/exchange at platform.issuer (spec/tokens.md 3). */
FALLIBLE sts_exchange(struct cli *cli, const struct exchange *exchange, slice *ret_token);

#endif
