/*
 * login: what every human sign-in ends in, made and read again (design.md 6).
 *
 * Promises  a login token is for one client we know and says who signed in where, with an address only when the provider
 *           verified it; when it is read, what it was begun with still stands: the organization's provider, the local account.
 */
#include "model/rules.h"
#include "model/user.h"
#include "token/issuer_impl.h"

#define CLAIMS_BYTES_MAX ((size_t)24 * 1024)
#define NAME_BYTES_KEPT 256     /* longer ones are left out: access tokens carry them too */
#define PICTURE_BYTES_KEPT 1024 /* as above */
#define NONCE_BYTES_KEPT 512    /* as long as one may be */
#define GROUPS_BYTES_KEPT ((size_t)8 * 1024)
#define CONNECTION_BYTES_MAX UID_TEXT_BYTES
#define LOCAL_PATH "/local" /* below our URL: the issuer of local accounts */

bool login_is_client(const struct issuer *issuer, slice client_id)
{
	for (size_t i = 0; i < issuer->options.clients_count; i++)
		if (slice_eq(issuer->options.clients[i], client_id))
			return true;
	return false;
}

/* ---- making one ---- */

static void put_bounded(struct json_writer *writer, const char *name, slice text, size_t most)
{
	if (text.len && text.len <= most)
		json_pair_text(writer, name, text);
}

static void put_upstream(struct json_writer *writer, const struct person *person)
{
	json_put_name(writer, SLICE("upstream"));
	json_open_object(writer);
	json_pair_text(writer, "iss", issuer_normal(person->issuer));
	json_pair_text(writer, "sub", person->subject);
	json_pair_text(writer, "connection", person->connection);
	json_close_object(writer);
}

static void put_person(struct json_writer *writer, const struct person *person)
{
	char confined[UID_TEXT_BYTES];

	put_upstream(writer, person);
	put_bounded(writer, "name", person->name, NAME_BYTES_KEPT);
	put_bounded(writer, "given_name", person->given_name, NAME_BYTES_KEPT);
	put_bounded(writer, "family_name", person->family_name, NAME_BYTES_KEPT);
	put_bounded(writer, "picture", person->picture, PICTURE_BYTES_KEPT);
	put_bounded(writer, "nonce", person->nonce, NONCE_BYTES_KEPT);
	if (person->email_is_verified && person->email.len && person->email.len <= EMAIL_BYTES_MAX) {
		json_pair_text(writer, "email", person->email);
		json_pair_bool(writer, "email_verified", true);
	}
	if (person->groups.len && person->groups.len <= GROUPS_BYTES_KEPT) {
		json_put_name(writer, SLICE("groups"));
		json_put_raw(writer, person->groups);
	}
	if (!uid_is_none(&person->confined_to)) {
		uid_format(&person->confined_to, confined);
		json_pair_text(writer, "confined_to", slice_str(confined));
	}
}

static FALLIBLE check_person(const struct person *person)
{
	TRY(rule_text(person->issuer, ISSUER_BYTES_MAX, false, "issuer"));
	TRY(rule_text(person->subject, SUBJECT_BYTES_MAX, false, "subject"));
	return rule_text(person->connection, CONNECTION_BYTES_MAX, false, "connection");
}

FALLIBLE token_login_mint(struct issuer *issuer, struct arena *arena, const struct person *person, slice client_id,
			  struct minted *ret_minted)
{
	struct assumed who = { 0 };
	struct mint mint = { .kind = TOKEN_LOGIN, .who = &who, .audiences = &client_id, .audiences_count = 1 };
	struct json_writer writer;
	struct buffer claims;
	slice object;

	if (!login_is_client(issuer, client_id))
		return FAIL_FIELD("client_id", "no client of this name is known here (token.clients)");
	TRY(check_person(person));
	TRY(user_uid(person->issuer, person->subject, &who.identity));
	buffer_init(&claims, arena, CLAIMS_BYTES_MAX);
	json_writer_init(&writer, &claims);
	json_open_object(&writer);
	put_person(&writer, person);
	json_close_object(&writer);
	if (buffer_failed(&claims))
		return FAIL(FAULT_INVALID, "what the provider says of this person is too large, or no text");
	object = buffer_slice(&claims);
	mint.claims = slice_of(object.at + 1, object.len - 2); /* members alone */
	return token_mint(issuer, arena, &mint, ret_minted);
}

/* ---- does it still stand? ---- */

struct standing {
	struct issuer *issuer;
	const struct person *person;
	struct uid provider;
};

static FALLIBLE check_provider(struct tx *tx, const struct standing *standing)
{
	struct provider row = { .uid = standing->provider };
	bool found;

	TRY(row_find(tx, &table_providers, &row, &row, &found));
	if (!found || !uid_eq(&row.parent, &standing->person->confined_to) ||
	    !slice_eq(issuer_normal(row.issuer), standing->person->issuer))
		return FAIL(FAULT_UNAUTHENTIC, "the identity provider of this sign-in was removed or changed; sign in again");
	return OK;
}

static FALLIBLE check_account(struct tx *tx, const struct standing *standing)
{
	struct query query;
	struct rows rows;

	query_init(&query);
	query_eq_text(&query, ACCOUNTS_SUBJECT, standing->person->subject);
	TRY(row_list(tx, &table_accounts, &query, &rows));
	if (rows.count != 1 || ((const struct account *)rows.at)->is_disabled)
		return FAIL(FAULT_UNAUTHENTIC, "the account of this sign-in is disabled or gone");
	return OK;
}

static status check_rows(struct tx *tx, void *arg)
{
	const struct standing *standing = arg;

	return uid_is_none(&standing->provider) ? check_account(tx, standing) : check_provider(tx, standing);
}

static bool is_local(const struct issuer *issuer, slice url)
{
	return slice_starts(url, issuer->options.url) && slice_is(slice_from(url, issuer->options.url.len), LOCAL_PATH);
}

/* One question for what a sign-in hangs on: asked each time its token is read, not only when it was made. */
static FALLIBLE check_standing(struct issuer *issuer, struct arena *arena, const struct person *person, bool may_block)
{
	struct standing standing = { .issuer = issuer, .person = person };
	bool is_confined = !uid_is_none(&person->confined_to);

	if (!is_confined && !is_local(issuer, person->issuer))
		return OK;
	if (is_confined && !uid_parse(person->connection, &standing.provider))
		return FAIL(FAULT_UNAUTHENTIC, "the token is malformed");
	if (is_confined && authz_group_life(issuer->authz, &person->confined_to) != LIFE_ALIVE)
		return FAIL(FAULT_DENIED, "the organization of this sign-in is suspended or gone");
	if (!may_block)
		return FAIL(FAULT_ELSEWHERE, "what a sign-in hangs on must be read");
	return store_read(issuer->store, check_rows, &standing, arena);
}

/* ---- reading our own ---- */

static FALLIBLE copy_groups(struct arena *arena, const struct json *groups, slice *ret_groups)
{
	struct json_writer writer;
	struct buffer out;

	if (!json_is(groups, JSON_ARRAY))
		return OK;
	buffer_init(&out, arena, GROUPS_BYTES_KEPT + 2);
	json_writer_init(&writer, &out);
	json_put_tree(&writer, groups);
	if (!buffer_failed(&out))
		*ret_groups = buffer_slice(&out);
	return OK;
}

FALLIBLE login_read_profile(struct arena *arena, const struct json *claims, struct person *person)
{
	(void)json_text(json_member(claims, "name"), &person->name); /* each may be absent */
	(void)json_text(json_member(claims, "given_name"), &person->given_name);
	(void)json_text(json_member(claims, "family_name"), &person->family_name);
	(void)json_text(json_member(claims, "picture"), &person->picture);
	if (json_text(json_member(claims, "email"), &person->email))
		(void)json_bool(json_member(claims, "email_verified"), &person->email_is_verified);
	if (!person->email_is_verified)
		person->email = SLICE("");
	return copy_groups(arena, json_member(claims, "groups"), &person->groups);
}

static bool read_upstream(const struct json *claims, struct person *person)
{
	const struct json *upstream = json_member(claims, "upstream");
	slice confined;

	if (json_text(json_member(claims, "confined_to"), &confined) && !uid_parse(confined, &person->confined_to))
		return false;
	return json_text(json_member(upstream, "iss"), &person->issuer) &&
	       json_text(json_member(upstream, "sub"), &person->subject) &&
	       json_text(json_member(upstream, "connection"), &person->connection);
}

/* A token of one provider is not taken as one of another (GHSA-7qjx-gp9h-65qj). */
static FALLIBLE check_named(const struct person *person, const struct uid *identity_provider)
{
	struct uid provider;

	if (uid_is_none(identity_provider))
		return OK;
	if (uid_is_none(&person->confined_to) || !uid_parse(person->connection, &provider) ||
	    !uid_eq(&provider, identity_provider))
		return FAIL(FAULT_DENIED, "the token was not made by a sign-in at this identity provider");
	return OK;
}

static FALLIBLE read_own(struct issuer *issuer, struct arena *arena, slice text, const struct json *claims,
			 const struct uid *identity_provider, bool may_block, struct login *ret_login)
{
	struct login login = { 0 };
	struct verified *verified;
	struct uid derived;

	TRY(token_verify(issuer, TOKEN_LOGIN, text, SLICE(""), &verified));
	login.identity = verified->caller.identity;
	login.issued_s = verified->caller.issued_s;
	login.expires_s = verified->caller.expires_s;
	(void)verified_unref(verified); /* texts are taken from the claims, which live in the arena */
	if (!json_text(json_member(claims, "aud"), &login.client_id) ||
	    !json_text(json_member(claims, "jti"), &login.token_id) || !read_upstream(claims, &login.person))
		return FAIL(FAULT_UNAUTHENTIC, "the token is malformed");
	TRY(user_uid(login.person.issuer, login.person.subject, &derived));
	if (!uid_eq(&derived, &login.identity))
		return FAIL(FAULT_UNAUTHENTIC, "the token is malformed");
	TRY(login_read_profile(arena, claims, &login.person));
	TRY(check_named(&login.person, identity_provider));
	TRY(check_standing(issuer, arena, &login.person, may_block));
	*ret_login = login;
	return OK;
}

FALLIBLE token_login_read(struct issuer *issuer, struct arena *arena, slice text, const struct uid *identity_provider,
			  bool may_block, struct login *ret_login)
{
	const struct json *claims;
	struct jws jws;
	slice url;

	TRY(jws_parse(arena, text, TOKEN_BYTES_MAX, &jws));
	TRY(jws_claims(arena, &jws, &claims));
	if (!json_text(json_member(claims, "iss"), &url))
		return FAIL(FAULT_UNAUTHENTIC, "the token names no issuer");
	if (slice_eq(url, issuer->options.url))
		return read_own(issuer, arena, text, claims, identity_provider, may_block, ret_login);
	return idtoken_read(issuer, arena, &jws, claims, url, identity_provider, may_block, ret_login);
}
