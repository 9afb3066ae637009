/*
 * accounts: who signs in here with a password; what the sign-in pages ask of them.
 *
 * Promises  a login is canonical before anything looks at it; whether an account exists is told neither by answer nor by time;
 * links are good once, for a day, and kept as digests; a new password ends the account's sessions. Start at  account_check().
 */
#ifndef SERVICE_ACCOUNTS_H
#define SERVICE_ACCOUNTS_H

#include "service/support.h"

#define ACCOUNT_LINK_LIFE_S S_PER_DAY
#define ACCOUNT_NAME_BYTES_MAX 200
#define ACCOUNT_MAIL_AGAIN_S 900               /* no second letter to an address until then */
#define ACCOUNT_CONNECTION "email"             /* what the connection of local accounts is called */
#define ACCOUNT_LINK_PATH "/sign-in/password/" /* below the issuer; the link's secret follows */

/* The one form of a login: lower-case ASCII, one "@"; INVALID_ARGUMENT otherwise. In the call's arena. */
FALLIBLE account_login(struct call *call, slice login, const char *field, slice *ret_login);

/* Does this server send mail at all? */
bool account_can_mail(const struct call *call);

/* The rest is for a worker outside of any transaction (may_block). */

/* Is this the account's password? *ret_ok false for a wrong one, an unknown, disabled or unfinished account: all after the same
 * work. RESOURCE_EXHAUSTED when too many passwords are being checked. */
FALLIBLE account_check(struct call *call, slice login, slice password, struct person *ret_person, bool *ret_ok);
/* The account behind a live one-time link; NOT_FOUND when the link is used, replaced or too old. */
FALLIBLE account_reset_find(struct call *call, slice link_secret, slice *ret_login);
/* Sets the password by a one-time link, which ends with it, and ends the account's sessions. INVALID_ARGUMENT names `password`.
 */
FALLIBLE account_set_password(struct call *call, slice link_secret, slice password);
/* Mails a one-time link to the account's own address, which the link then proves. OK also when there is no such account, it is
 * disabled, or it was written to a moment ago: all in the same time. INVALID_ARGUMENT names `login`; RESOURCE_EXHAUSTED when
 * too many letters wait. */
FALLIBLE account_mail_link(struct call *call, slice login);
/* An account made through an invite, whose code is only looked at, not accepted; a single-use one makes one account. When the
 * invite names an address, login has to be it, and this account may accept this invite; the address counts as verified for
 * nothing else, for whoever wrote the invite knows its code too. ALREADY_EXISTS when there is such an account. */
FALLIBLE account_from_invite(struct call *call, slice invite_code, slice login, slice name, slice password,
			     struct person *ret_person);

/* In a transaction: false for a local account that is disabled or gone; true for everybody else. */
FALLIBLE account_is_live(struct call *call, const struct person *person, bool *ret_is_live);
/* In a transaction: may this person, a local account without a verified address, accept the invite of this digest which names
 * `email`? Only the account that was made through it. */
FALLIBLE account_may_accept(struct call *call, const struct person *person, slice invite_digest, slice email, bool *ret_may);

#endif
