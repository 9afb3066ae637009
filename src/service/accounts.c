/*
 * accounts: what the rows of local accounts mean, and what operators do with them.
 */
#include "service/accounts_impl.h"

#include "base/encode.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "handlers.gen.h"
#include "model/email.h"
#include "model/page.h"
#include "model/rules.h"
#include "model/user.h"
#include "service/people_impl.h"

#define LINK_LABEL "reeve account link:"
#define LINK_TEXT_BYTES (1 + 2 * ACCOUNT_SECRET_BYTES) /* its kind, then hex */

/* ---- a row ---- */

FALLIBLE account_login(struct call *call, slice login, const char *field, slice *ret_login)
{
	return email_canonical(call->arena, login, field, ret_login);
}

FALLIBLE account_issuer(struct call *call, slice *ret_issuer)
{
	char *text = arena_printf(call->arena, "%.*s/local", SLICE_ARG(call->settings->issuer_url));

	TRY_NEW(text);
	*ret_issuer = slice_str(text);
	return OK;
}

FALLIBLE account_identity(struct call *call, const struct account *account, struct uid *ret_identity)
{
	slice issuer = SLICE("");

	TRY(account_issuer(call, &issuer));
	return user_uid(issuer, account->subject, ret_identity);
}

static FALLIBLE random_hex(struct call *call, size_t bytes, slice *ret_text)
{
	uint8_t random[ACCOUNT_SECRET_BYTES];
	char *text = arena_alloc(call->arena, 2 * bytes);

	TRY_NEW(text);
	TRY(call_random(call, random, bytes));
	hex_encode_into(slice_of(random, bytes), text);
	bytes_wipe(random, sizeof(random));
	*ret_text = slice_of(text, 2 * bytes);
	return OK;
}

FALLIBLE account_new(struct call *call, slice login, slice name, struct account *ret_account)
{
	struct account account = { .created_us = call->now_us };

	TRY(account_login(call, login, "login", &account.login));
	TRY(rule_line(name, "name"));
	TRY(rule_text(name, ACCOUNT_NAME_BYTES_MAX, true, "name"));
	account.name = name;
	TRY(random_hex(call, ACCOUNT_SUBJECT_BYTES, &account.subject));
	*ret_account = account;
	return OK;
}

FALLIBLE account_find(struct call *call, slice login, struct account *ret_account, bool *ret_found)
{
	struct account key = { .login = login };

	return row_find(call->tx, &table_accounts, &key, ret_account, ret_found);
}

static FALLIBLE account_at(struct call *call, const char *login, struct account *ret_account)
{
	slice canonical;
	bool found;

	TRY(account_login(call, slice_str(login), "login", &canonical));
	TRY(account_find(call, canonical, ret_account, &found));
	return found ? OK : FAIL(FAULT_ABSENT, "Not found: no account signs in as %.*s", SLICE_ARG(canonical));
}

FALLIBLE account_fill(struct call *call, const struct account *account, Reeve__V1__Account *out)
{
	struct uid identity;

	TRY(account_identity(call, account, &identity));
	TRY(put_text(call, account->login, &out->login));
	TRY(put_text(call, account->name, &out->name));
	TRY(put_uid(call, &identity, &out->identity_uid));
	out->has_password = account->password.len > 0;
	out->email_verified = account->is_email_verified;
	out->disabled = account->is_disabled;
	TRY(put_time(call, account->created_us, &out->create_time));
	TRY(put_time(call, account->changed_us, &out->password_time));
	return put_time(call, account->reset_digest.len ? account->reset_expires_us : 0, &out->link_expire_time);
}

FALLIBLE account_touched(struct call *call, const struct account *account)
{
	static const struct uid nowhere;
	Reeve__V1__Account *body;
	struct uid identity;

	TRY_MESSAGE(call, body, reeve__v1__account);
	TRY(account_fill(call, account, body));
	TRY(account_identity(call, account, &identity));
	call_touched(call, &identity, &nowhere);
	call->touched_body = body;
	return OK;
}

FALLIBLE account_end_sessions(struct call *call, const struct uid *identity)
{
	struct query query;
	int64_t count;

	query_init(&query);
	query_eq_uid(&query, FAMILIES_IDENTITY, identity);
	return row_delete_all(call->tx, &table_families, &query, &count);
}

/* ---- one-time links ---- */

static FALLIBLE digest_of_link(struct call *call, slice secret, slice *ret_digest)
{
	unsigned char *digest = arena_alloc(call->arena, SHA256_BYTES);
	struct buffer text;

	TRY_NEW(digest);
	buffer_init(&text, call->arena, sizeof(LINK_LABEL) + LINK_TEXT_BYTES);
	buffer_text(&text, LINK_LABEL);
	buffer_add(&text, secret);
	if (buffer_failed(&text))
		return FAIL(FAULT_EXHAUSTED, "no memory for a link");
	TRY(sha256(buffer_slice(&text), digest));
	*ret_digest = slice_of(digest, SHA256_BYTES);
	return OK;
}

FALLIBLE account_add_link(struct call *call, char kind, struct account *account, slice *ret_url)
{
	char *url, *secret;
	slice hex;

	TRY(random_hex(call, ACCOUNT_SECRET_BYTES, &hex));
	secret = arena_printf(call->arena, "%c%.*s", kind, SLICE_ARG(hex));
	TRY_NEW(secret);
	url = arena_printf(call->arena, "%.*s" ACCOUNT_LINK_PATH "%s", SLICE_ARG(call->settings->issuer_url), secret);
	TRY_NEW(url);
	TRY(digest_of_link(call, slice_str(secret), &account->reset_digest));
	account->reset_expires_us = call->now_us + ACCOUNT_LINK_LIFE_S * US_PER_S;
	*ret_url = slice_str(url);
	return OK;
}

FALLIBLE account_by_link(struct call *call, slice secret, struct account *ret_account)
{
	struct account row = { 0 };
	struct query query;
	bool found = false;
	slice digest = SLICE("");

	if (secret.len == LINK_TEXT_BYTES) {
		TRY(digest_of_link(call, secret, &digest));
		query_init(&query);
		query_eq_text(&query, ACCOUNTS_RESET_DIGEST, digest);
		TRY(row_first(call->tx, &table_accounts, &query, &row, &found));
	}
	if (!found || !bytes_equal(row.reset_digest, digest) || row.reset_expires_us <= call->now_us || row.is_disabled)
		return FAIL(FAULT_ABSENT,
			    "Not found: the link was used, replaced by a newer one, or is too old; ask for a new one");
	*ret_account = row;
	return OK;
}

/* ---- operators ---- */

static FALLIBLE answer_link(struct call *call, const struct account *account, slice url, Reeve__V1__AccountLink *out)
{
	TRY_MESSAGE(call, out->account, reeve__v1__account);
	TRY(account_fill(call, account, out->account));
	TRY(put_text(call, url, &out->link));
	TRY(put_time(call, account->reset_expires_us, &out->link_expire_time));
	return account_touched(call, account);
}

status reeve_accounts_create_account(struct call *call, const Reeve__V1__CreateAccountRequest *in, Reeve__V1__AccountLink *out)
{
	struct account account;
	bool found;
	slice url;

	TRY(account_new(call, slice_str(in->login), slice_str(in->name), &account));
	account.is_email_verified = in->email_verified;
	TRY(account_find(call, account.login, &(struct account){ 0 }, &found));
	if (found)
		return FAIL_EXISTS("login", "somebody signs in as %.*s already; make a new link for that account instead",
				   SLICE_ARG(account.login));
	TRY(account_add_link(call, ACCOUNT_LINK_SHOWN, &account, &url));
	TRY(row_insert(call->tx, &table_accounts, &account));
	return answer_link(call, &account, url, out);
}

status reeve_accounts_get_account(struct call *call, const Reeve__V1__GetAccountRequest *in, Reeve__V1__Account *out)
{
	struct account account;

	TRY(account_at(call, in->login, &account));
	return account_fill(call, &account, out);
}

status reeve_accounts_create_reset_link(struct call *call, const Reeve__V1__CreateResetLinkRequest *in,
					Reeve__V1__AccountLink *out)
{
	struct account account;
	slice url;

	TRY(account_at(call, in->login, &account));
	if (account.is_disabled)
		return FAIL_STATE("ACCOUNT_DISABLED", "the account is disabled; enable it first");
	TRY(account_add_link(call, ACCOUNT_LINK_SHOWN, &account, &url));
	TRY(row_update(call->tx, &table_accounts, &account));
	return answer_link(call, &account, url, out);
}

static FALLIBLE switch_account(struct call *call, const char *login, bool is_disabled, Reeve__V1__Account *out)
{
	struct account account;
	struct uid identity;

	TRY(account_at(call, login, &account));
	if (account.is_disabled == is_disabled)
		return account_fill(call, &account, out);
	account.is_disabled = is_disabled;
	if (is_disabled) {
		account.reset_digest = SLICE("");
		account.reset_expires_us = 0;
		TRY(account_identity(call, &account, &identity));
		TRY(account_end_sessions(call, &identity));
	}
	TRY(row_update(call->tx, &table_accounts, &account));
	TRY(account_touched(call, &account));
	return account_fill(call, &account, out);
}

status reeve_accounts_disable_account(struct call *call, const Reeve__V1__DisableAccountRequest *in, Reeve__V1__Account *out)
{
	return switch_account(call, in->login, true, out);
}

status reeve_accounts_enable_account(struct call *call, const Reeve__V1__EnableAccountRequest *in, Reeve__V1__Account *out)
{
	return switch_account(call, in->login, false, out);
}

status reeve_accounts_delete_account(struct call *call, const Reeve__V1__DeleteAccountRequest *in, Google__Protobuf__Empty *out)
{
	struct identity identity = { 0 };
	struct account account;
	bool found, deleted;

	(void)out;
	TRY(account_at(call, in->login, &account));
	TRY(account_identity(call, &account, &identity.uid));
	TRY(row_find(call->tx, &table_identities, &identity, &identity, &found));
	if (found)
		TRY(people_leave(call, &identity.uid));
	TRY(row_delete(call->tx, &table_accounts, &account, &deleted));
	return account_touched(call, &account);
}

/* ---- the list ---- */

static FALLIBLE list_rows(struct call *call, const Reeve__V1__ListAccountsRequest *in, struct rows *ret_rows, slice *ret_next)
{
	static const struct page_field by_login = { "login", ACCOUNTS_LOGIN, false };
	const uint8_t *key = (const uint8_t *)call->settings->page_key.at;
	struct page_scope scope = { .method = slice_str(call->method->label),
				    .order = { &by_login, false },
				    .caller = call->caller->identity };
	struct page_cursor cursor = { 0 };
	struct query query;
	int64_t size;

	query_init(&query);
	TRY(page_size(in->page_size, &size));
	TRY(page_read(key, &scope, slice_str(in->page_token), call_now_s(call), call->arena, &cursor, &query.has_after));
	query.after_text = cursor.text;
	query.limit = size + 1; /* one more tells whether there is a next page */
	TRY(row_list(call->tx, &table_accounts, &query, ret_rows));
	if (ret_rows->count <= (size_t)size)
		return OK;
	ret_rows->count = (size_t)size;
	cursor.text = ((const struct account *)ret_rows->at)[size - 1].login;
	return page_write(key, &scope, &cursor, call_now_s(call), call->arena, ret_next);
}

status reeve_accounts_list_accounts(struct call *call, const Reeve__V1__ListAccountsRequest *in,
				    Reeve__V1__ListAccountsResponse *out)
{
	slice next = SLICE("");
	struct rows rows;

	TRY(list_rows(call, in, &rows, &next));
	out->accounts = NEW_N(call->arena, Reeve__V1__Account *, rows.count);
	TRY_NEW(out->accounts);
	for (size_t i = 0; i < rows.count; i++) {
		TRY_MESSAGE(call, out->accounts[i], reeve__v1__account);
		TRY(account_fill(call, (const struct account *)rows.at + i, out->accounts[i]));
		out->n_accounts++;
	}
	return put_text(call, next, &out->next_page_token);
}
