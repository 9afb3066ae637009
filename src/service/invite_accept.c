/*
 * invite_accept: joining by a code: everything is asked again at this moment, in the transaction that binds.
 */
#include "crypto/secret.h"
#include "model/email.h"
#include "service/accounts.h"
#include "service/invites_impl.h"
#include "service/joining.h"

static FALLIBLE has_address(struct call *call, const struct invite *invite, const struct person *person, bool *ret_has)
{
	slice email = SLICE("");
	status result = email_canonical(call->arena, person->email, "email", &email);

	if (result.fault != FAULT_INVALID)
		TRY(result);
	report_clear(report_current()); /* an address of no known form is another one */
	*ret_has = !FAILED(result) && person->email_is_verified && slice_eq(email, invite->email);
	return *ret_has ? OK : account_may_accept(call, person, invite->digest, invite->email, ret_has);
}

static FALLIBLE check_person(struct call *call, const struct invite *invite, const struct person *person)
{
	bool has;

	if (!uid_is_none(&person->confined_to) && !uid_covers(&person->confined_to, &invite->group))
		return FAIL(FAULT_DENIED,
			    "the invite is to another organization than the one whose provider you signed in with");
	if (invite->email.len == 0)
		return OK;
	TRY(has_address(call, invite, person, &has));
	if (!has)
		return FAIL(FAULT_DENIED, "the invite is for another e-mail address; sign in with the account it was sent to, "
					  "whose provider has verified the address");
	return OK;
}

struct fitting {
	struct call call; /* a copy, with the snapshot */
	slice code;
	const struct person *person;
};

static status fits_in(struct tx *tx, void *arg)
{
	struct fitting *fitting = arg;
	struct invite_code code;
	struct invite invite;
	bool found;

	fitting->call.tx = tx;
	TRY(invite_lookup(&fitting->call, fitting->code, &code, &invite, &found));
	return found ? check_person(&fitting->call, &invite, fitting->person) : OK;
}

FALLIBLE invite_fits(struct call *call, slice code, const struct person *person)
{
	struct fitting fitting = { .call = *call, .code = code, .person = person };

	if (call->tx)
		return fits_in(call->tx, &fitting);
	return store_read(call->parts->store, fits_in, &fitting, call->arena);
}

/* The author as they stand now: nothing bounds them but their bindings, and where their session was confined when they wrote
 * it. */
static FALLIBLE check_author(struct call *call, const struct invite *invite, const struct role *role)
{
	struct token_grant everything = { .group = uid_root(&invite->group) };
	struct caller author = { .is_known = true,
				 .identity = invite->author,
				 .grants = &everything,
				 .grants_count = 1,
				 .claims_operator = true,
				 .confined_to = invite->author_confined_to };
	struct caps need = role->caps, held;

	for (int i = 0; i < CAPS_BITS / 64; i++)
		everything.caps.words[i] = UINT64_MAX;
	caps_add(&need, CAP_IAM_ROLE_BINDINGS_CREATE_BIT);
	TRY(authz_held(call->tx, &author, &invite->group, call_now_s(call), &held));
	if (!caps_within(&need, &held))
		return FAIL(FAULT_DENIED, "whoever wrote the invite may not give this role any more; ask for a new one");
	return OK;
}

static FALLIBLE get_role(struct call *call, const struct invite *invite, struct role *ret_role)
{
	bool found;

	ret_role->uid = invite->role;
	TRY(row_find(call->tx, &table_roles, ret_role, ret_role, &found));
	if (!found)
		return FAIL(FAULT_ABSENT, "Not found: the role of the invite was deleted; ask for a new one");
	return OK;
}

/* A single-use invite goes; two marks tell later whether it was used, and whether by the same person. */
static FALLIBLE use_up(struct call *call, const struct invite_code *code, const struct invite *invite,
		       const struct uid *identity)
{
	struct mark anyone, self;
	bool deleted;

	TRY(invite_mark(call, code, NULL, &anyone));
	TRY(invite_mark(call, code, identity, &self));
	anyone.expires_us = self.expires_us = invite->expires_us;
	TRY(row_put(call->tx, &table_marks, &anyone));
	TRY(row_put(call->tx, &table_marks, &self));
	return row_delete(call->tx, &table_invites, invite, &deleted);
}

/* No row: harmless for who accepted it before; else it says why. */
static FALLIBLE accepted_before(struct call *call, const struct invite_code *code, const struct uid *identity,
				struct uid *ret_group)
{
	struct mark mark;
	bool found;

	TRY(invite_mark(call, code, identity, &mark));
	TRY(row_find(call->tx, &table_marks, &mark, &mark, &found));
	if (!found)
		return invite_gone(call, code);
	*ret_group = code->group; /* the mark is under the digest of the whole code */
	return OK;
}

FALLIBLE invite_accept(struct call *call, slice text, const struct uid *identity, const struct person *person,
		       struct uid *ret_group)
{
	struct invite_code code;
	struct invite invite;
	struct role role;
	bool found;

	TRY(invite_lookup(call, text, &code, &invite, &found));
	if (!found)
		return accepted_before(call, &code, identity, ret_group);
	TRY(check_person(call, &invite, person));
	TRY(get_role(call, &invite, &role));
	TRY(check_author(call, &invite, &role));
	TRY(joining_bind(call, identity, &invite.group, &invite.role));
	if (invite.is_single_use)
		TRY(use_up(call, &code, &invite, identity));
	*ret_group = invite.group;
	return OK;
}
