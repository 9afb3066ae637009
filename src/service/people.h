/*
 * people: what a finished sign-in turns into: a login token, an identity, tokens, a session.
 *
 * Promises  a person is (issuer, subject), never an address; each login token is good once for each audience; whatever a page
 * starts here goes through the same methods as a client's call (Register, Exchange, and internal rows), with their events and
 * records. For a worker (may_block), outside of any transaction.
 * Start at  people_login_token(), people_register(), people_exchange().
 */
#ifndef SERVICE_PEOPLE_H
#define SERVICE_PEOPLE_H

#include "reeve/v1/people.pb-c.h"
#include "service/support.h"

/* The login token for somebody who just signed in. In the call's arena. */
FALLIBLE people_login_token(struct call *call, const struct person *person, slice client_id, slice *ret_token);

struct registered {
	struct uid identity, group; /* group: none unless an invite was accepted */
	bool is_new;
};
/* Auth.Register with this token; invite_code "" for none. Harmless when there is such an identity. The faults of
 * invite_accept(). */
FALLIBLE people_register(struct call *call, slice login_token, slice invite_code, struct registered *ret_registered);
/* Is there such an identity, alive? */
FALLIBLE people_known(struct call *call, const struct person *person, bool *ret_known);

struct people_want {
	const slice *audiences;
	size_t audiences_count;
	slice identity; /* to assume afterwards; "" = oneself */
	const slice *scopes;
	size_t scopes_count;
};
/* The access token that Exchange gives for this login token, recorded and spent like any other. NOT_FOUND when nobody is
 * registered. */
FALLIBLE people_exchange(struct call *call, slice login_token, const struct people_want *want, slice *ret_token);

/* Begins a session for the person of this login token: its first refresh token; "" where none is given (an identity to assume,
 * rights from groups). It is good for every audience this server mints for, not only those wanted now. */
FALLIBLE people_session(struct call *call, slice login_token, const struct people_want *want, slice *ret_refresh_token);

/* Uses an authorization code up, durably, and begins a session as people_session() does for the person of this login token,
 * unless that is "". Not the first use, or no longer the only one: false, and the session that the first one began has ended,
 * recorded. */
FALLIBLE people_use_code(struct call *call, slice code, int64_t expires_s, slice login_token, bool *ret_is_first,
			 slice *ret_refresh_token);
/* A code of ours came and is not to be used, whyever: the session that an earlier use of it began has ended, recorded. */
FALLIBLE people_refuse_code(struct call *call, slice code);

/* May this person sign in by a code typed on another device? False when an organization they sign in through or belong to
 * switched that off, or that of the group they are about to join; person NULL: whoever that will be; joins NULL: none. */
FALLIBLE people_code_allowed(struct call *call, const struct person *person, const struct uid *joins, bool *ret_allowed);

/* For an internal row that lets somebody in among other things: what Join would be asked for the person of this login token,
 * and who does it in the record. In the call's arena. */
FALLIBLE people_join_request(struct call *call, slice login_token, slice invite_code, struct caller *ret_actor,
			     Reeve__V1__JoinPeopleRequest **ret_in);
/* Joins somebody who signs in by a code, in the call's own transaction. PERMISSION_DENIED when an organization that they belong
 * to then does not allow it: the row has to fail with that, so that nobody has joined. */
FALLIBLE people_join_by_code(struct call *call, const Reeve__V1__JoinPeopleRequest *in);

/* True the first time within its life for this value under this label, durably; false ever after. */
FALLIBLE people_use_once(struct call *call, const char *label, slice value, int64_t expires_s, bool *ret_is_first);

/* The X25519 session (spec tokens.md 6.1): is the code a public key one may agree with? INVALID_ARGUMENT names headless_code.
 */
FALLIBLE people_headless_check(struct call *call, slice headless_code);
/* Keeps the login token for whoever holds the code's private key; ALREADY_EXISTS when one waits there. */
FALLIBLE people_handover(struct call *call, slice headless_code, slice login_token);

#endif
