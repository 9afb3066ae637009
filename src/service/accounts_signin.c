/*
 * accounts_signin: passwords and one-time links, as the sign-in pages bring them: hashed on a worker, kept by internal rows.
 */
#include "base/encode.h"
#include "crypto/digest.h"
#include "crypto/password.h"
#include "crypto/secret.h"
#include "handlers.gen.h"
#include "service/accounts_impl.h"

#define INVITED_LABEL "reeve account by invite:"

/* ---- looks on a worker, each in a snapshot of its own ---- */

struct looking {
	struct call call; /* a copy, with the snapshot */
	slice what;
	struct account account;
	bool found;
};

static status look_by_login(struct tx *tx, void *arg)
{
	struct looking *looking = arg;

	looking->call.tx = tx;
	return account_find(&looking->call, looking->what, &looking->account, &looking->found);
}

static status look_by_link(struct tx *tx, void *arg)
{
	struct looking *looking = arg;

	looking->call.tx = tx;
	return account_by_link(&looking->call, looking->what, &looking->account);
}

static FALLIBLE person_of(struct call *call, const struct account *account, struct person *ret_person)
{
	struct person person = { .subject = account->subject,
				 .connection = SLICE(ACCOUNT_CONNECTION),
				 .email = account->login,
				 .email_is_verified = account->is_email_verified,
				 .name = account->name };

	TRY(account_issuer(call, &person.issuer));
	*ret_person = person;
	return OK;
}

/* ---- the password ---- */

/* Tens of milliseconds and more in the line before: not while the writer may wait for this thread. */
static FALLIBLE check_off_line(slice password, slice text, bool *ret_is_right)
{
	status result;

	authz_thread_offline();
	result = password_check(password, text, ret_is_right);
	authz_thread_online();
	return result;
}

static FALLIBLE hash_off_line(struct call *call, slice password, char **ret_text)
{
	uint8_t salt[PASSWORD_SALT_BYTES];
	slice text = SLICE("");
	status result;

	TRY(random_fill(call->parts->random, salt, sizeof(salt)));
	authz_thread_offline();
	result = password_hash(call->arena, password, salt, &text);
	authz_thread_online();
	TRY(result);
	*ret_text = arena_text(call->arena, text);
	TRY_NEW(*ret_text);
	return OK;
}

FALLIBLE account_check(struct call *call, slice login, slice password, struct person *ret_person, bool *ret_ok)
{
	struct looking looking = { .call = *call };
	slice kept = SLICE("");
	status read = account_login(call, login, "login", &looking.what);
	bool is_right;

	*ret_ok = false;
	if (read.fault != FAULT_INVALID)
		TRY(read);
	if (FAILED(read)) {
		report_clear(report_current()); /* no login at all is as wrong as an unknown one, and as slow */
		looking.what = SLICE("");
	}
	TRY(store_read(call->parts->store, look_by_login, &looking, call->arena));
	if (looking.found && !looking.account.is_disabled)
		kept = looking.account.password;
	TRY(check_off_line(password, kept, &is_right));
	if (!is_right)
		return OK;
	TRY(person_of(call, &looking.account, ret_person));
	*ret_ok = true;
	return OK;
}

/* ---- by a one-time link ---- */

FALLIBLE account_reset_find(struct call *call, slice link_secret, slice *ret_login)
{
	struct looking looking = { .call = *call, .what = link_secret };

	TRY(store_read(call->parts->store, look_by_link, &looking, call->arena));
	*ret_login = looking.account.login;
	return OK;
}

FALLIBLE account_set_password(struct call *call, slice link_secret, slice password)
{
	Reeve__V1__SetPasswordRequest in;
	Reeve__V1__Account out;
	slice login;

	reeve__v1__set_password_request__init(&in);
	reeve__v1__account__init(&out);
	TRY(account_reset_find(call, link_secret, &login));
	TRY(password_rule(password, login, "password"));
	TRY(hash_off_line(call, password, &in.password_hash));
	in.link = arena_text(call->arena, link_secret);
	TRY_NEW(in.link);
	return call_nested(call, NULL, SLICE(""), METHOD_REEVE_ACCOUNTS_SET_PASSWORD, &in, &out);
}

status reeve_accounts_set_password(struct call *call, const Reeve__V1__SetPasswordRequest *in, Reeve__V1__Account *out)
{
	struct account account;
	struct uid identity;

	TRY(account_by_link(call, slice_str(in->link), &account));
	account.password = slice_str(in->password_hash);
	account.reset_digest = SLICE("");
	account.reset_expires_us = 0;
	account.changed_us = call->now_us;
	if (*in->link == ACCOUNT_LINK_MAILED) /* part of what the digest proved */
		account.is_email_verified = true;
	TRY(account_identity(call, &account, &identity));
	TRY(account_end_sessions(call, &identity));
	TRY(row_update(call->tx, &table_accounts, &account));
	TRY(account_touched(call, &account));
	return account_fill(call, &account, out);
}

/* ---- by an invite ---- */

static FALLIBLE check_login(const struct invite *invite, slice login)
{
	if (invite->email.len && !slice_eq(invite->email, login))
		return FAIL_FIELD("login", "must be the address that the invite is for");
	return OK;
}

/* The mark an account made through an invite leaves: under the invite alone when it is for one, and under both. */
static FALLIBLE mark_of(struct call *call, slice invite_digest, slice login, struct mark *ret_mark)
{
	unsigned char *digest = arena_alloc(call->arena, SHA256_BYTES);
	struct buffer text;

	TRY_NEW(digest);
	buffer_init(&text, call->arena, 512);
	buffer_text(&text, INVITED_LABEL);
	buffer_add(&text, invite_digest); /* of a fixed length */
	buffer_add(&text, login);
	if (buffer_failed(&text))
		return FAIL(FAULT_EXHAUSTED, "no memory for an invite");
	TRY(sha256(buffer_slice(&text), digest));
	*ret_mark = (struct mark){ .digest = slice_of(digest, SHA256_BYTES) };
	return OK;
}

static FALLIBLE has_mark(struct call *call, slice invite_digest, slice login, bool *ret_has)
{
	struct mark mark;

	TRY(mark_of(call, invite_digest, login, &mark));
	return row_find(call->tx, &table_marks, &mark, &mark, ret_has);
}

static FALLIBLE put_mark(struct call *call, const struct invite *invite, slice login)
{
	struct mark mark;

	TRY(mark_of(call, invite->digest, login, &mark));
	mark.expires_us = invite->expires_us;
	return row_put(call->tx, &table_marks, &mark);
}

FALLIBLE account_from_invite(struct call *call, slice invite_code, slice login, slice name, slice password,
			     struct person *ret_person)
{
	Reeve__V1__AddInvitedAccountRequest in;
	Reeve__V1__Account out;
	struct looking looking = { .call = *call };
	struct invite invite;

	reeve__v1__add_invited_account_request__init(&in);
	reeve__v1__account__init(&out);
	TRY(invite_find(call, invite_code, &invite));
	TRY(account_login(call, login, "login", &looking.what));
	TRY(check_login(&invite, looking.what));
	TRY(password_rule(password, looking.what, "password"));
	TRY(hash_off_line(call, password, &in.password_hash));
	TRY(put_text(call, invite_code, &in.code));
	TRY(put_text(call, looking.what, &in.login));
	TRY(put_text(call, name, &in.name));
	TRY(call_nested(call, NULL, SLICE(""), METHOD_REEVE_ACCOUNTS_ADD_INVITED_ACCOUNT, &in, &out));
	TRY(store_read(call->parts->store, look_by_login, &looking, call->arena));
	if (!looking.found)
		return FAIL(FAULT_ABSENT, "Not found: the account was deleted at this moment");
	return person_of(call, &looking.account, ret_person);
}

status reeve_accounts_add_invited_account(struct call *call, const Reeve__V1__AddInvitedAccountRequest *in,
					  Reeve__V1__Account *out)
{
	struct invite_code code;
	struct account account;
	struct invite invite;
	bool found, is_used;

	TRY(invite_lookup(call, slice_str(in->code), &code, &invite, &found));
	if (!found)
		return invite_gone(call, &code);
	TRY(account_new(call, slice_str(in->login), slice_str(in->name), &account));
	TRY(check_login(&invite, account.login));
	TRY(has_mark(call, invite.digest, SLICE(""), &is_used));
	if (is_used && invite.is_single_use)
		return FAIL_STATE("INVITE_USED", "an account was made through this invite already; sign in with it");
	TRY(account_find(call, account.login, &(struct account){ 0 }, &found));
	if (found)
		return FAIL(FAULT_EXISTS, "there is an account for this address already; sign in with it");
	account.password = slice_str(in->password_hash);
	account.changed_us = call->now_us;
	TRY(row_insert(call->tx, &table_accounts, &account));
	TRY(put_mark(call, &invite, SLICE("")));
	TRY(put_mark(call, &invite, account.login));
	TRY(account_touched(call, &account));
	return account_fill(call, &account, out);
}

static FALLIBLE find_by_subject(struct call *call, slice subject, struct account *ret_account, bool *ret_found)
{
	struct query query;

	query_init(&query);
	query_eq_text(&query, ACCOUNTS_SUBJECT, subject);
	*ret_account = (struct account){ 0 };
	return row_first(call->tx, &table_accounts, &query, ret_account, ret_found);
}

FALLIBLE account_is_live(struct call *call, const struct person *person, bool *ret_is_live)
{
	struct account account;
	slice issuer;

	TRY(account_issuer(call, &issuer));
	*ret_is_live = true;
	if (!slice_eq(person->issuer, issuer))
		return OK;
	TRY(find_by_subject(call, person->subject, &account, ret_is_live));
	*ret_is_live = *ret_is_live && !account.is_disabled;
	return OK;
}

FALLIBLE account_may_accept(struct call *call, const struct person *person, slice invite_digest, slice email, bool *ret_may)
{
	struct account account;
	slice issuer;
	bool found;

	*ret_may = false;
	TRY(account_issuer(call, &issuer));
	if (!slice_eq(person->issuer, issuer))
		return OK;
	TRY(find_by_subject(call, person->subject, &account, &found));
	if (!found || !slice_eq(account.login, email))
		return OK;
	return has_mark(call, invite_digest, account.login, ret_may);
}
