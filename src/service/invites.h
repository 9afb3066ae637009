/*
 * invites: codes that let people join a group with a role (spec model.md 8).
 *
 * Promises  a code is shown once, only its SHA-256 is kept; nothing in it is believed but what the digest proves; expiry, the
 * e-mail, the inviter's standing and the role are asked in the transaction that accepts it; accepting twice is harmless. Start
 * at  invite_create(), invite_accept().
 */
#ifndef SERVICE_INVITES_H
#define SERVICE_INVITES_H

#include "service/list.h"
#include "service/support.h"

extern const struct list_noun invite_noun;

#define INVITE_TTL_S_MIN 60
#define INVITE_TTL_S_MAX (30 * S_PER_DAY)
#define INVITE_CODE_BYTES_MAX 2048

struct invite_in {
	slice role; /* uid as text */
	const char *role_field, *ttl_field, *email_field;
	const Google__Protobuf__Duration *ttl;
	slice email; /* "" = anyone */
	bool is_single_use;
};

/* ret_code is the code, this once. */
FALLIBLE invite_create(struct call *call, const struct uid *group, const struct invite_in *in, struct invite *ret_invite,
		       slice *ret_code);
FALLIBLE invite_at(struct call *call, const struct uid *uid, struct invite *ret_invite);
FALLIBLE invite_delete(struct call *call, const struct uid *uid);

/* Accepts an invite for `identity`, which is `person`: an ordinary role binding and its event, in the call's own transaction.
 * Separate answers for what is malformed (INVALID_ARGUMENT), expired, used (FAILED_PRECONDITION), deleted (NOT_FOUND), meant
 * for another address, beyond what its author may still hand out, or out of reach of a provider's session (PERMISSION_DENIED).
 */
FALLIBLE invite_accept(struct call *call, slice code, const struct uid *identity, const struct person *person,
		       struct uid *ret_group);
/* What a page shows before somebody accepts: the live invite behind a code; faults as above. On a worker or in a transaction.
 */
FALLIBLE invite_find(struct call *call, slice code, struct invite *ret_invite);
/* So that nobody is asked in vain: PERMISSION_DENIED where invite_accept() would refuse this person, in its words. OK for a
 * code that no invite is behind any more: what that is worth, accepting says. On a worker or in a transaction. */
FALLIBLE invite_fits(struct call *call, slice code, const struct person *person);

#endif
