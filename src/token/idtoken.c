/*
 * idtoken: ID tokens of the providers people sign in at (OpenID Connect Core 1.0 sections 2 and 3.1.3.7).
 *
 * Promises  nothing is fetched but for an issuer that the configuration or an organization's provider names; every claim of the
 *           table below is required; the token was made for our client there and for nobody else; a person is (issuer,
 *           subject), never an address.
 */
#include "crypto/digest.h"
#include "model/rules.h"
#include "model/user.h"
#include "token/issuer_impl.h"

#define AGE_MAX_S S_PER_DAY /* from iat: how long one is taken, and remembered as used */
#define GROUPS_BYTES_MAX ((size_t)8 * 1024)
#define GROUPS_MAX 256

static FALLIBLE refuse(const char *claim)
{
	return FAIL(FAULT_DENIED, "token has invalid \"%s\": it is not what a sign-in here needs", claim);
}

/* ---- which provider ---- */

const struct issuer_connection *idtoken_connection(const struct issuer *issuer, slice url)
{
	for (size_t i = 0; i < issuer->options.connections_count; i++)
		if (slice_eq(issuer_normal(issuer->options.connections[i].issuer), issuer_normal(url)))
			return &issuer->options.connections[i];
	return NULL;
}

static FALLIBLE party_of_provider(struct issuer *issuer, struct arena *arena, const struct uid *uid, bool may_block,
				  struct idtoken_party *ret_party)
{
	struct provider row = { .uid = *uid };
	char *name = uid_text(uid, arena);
	bool found = false;

	TRY_NEW(name);
	if (!may_block)
		return FAIL(FAULT_ELSEWHERE, "an identity provider must be read");
	TRY(store_find(issuer->store, &table_providers, &row, arena, &found));
	if (!found)
		return FAIL(FAULT_DENIED, "there is no such identity provider, or not for this token");
	/* Asked when it is written too; the configuration may have changed since. */
	if (idtoken_connection(issuer, row.issuer) || slice_starts(row.issuer, issuer->options.url))
		return FAIL(FAULT_DENIED, "the identity provider's issuer is one that this server signs people in with itself");
	if (authz_group_life(issuer->authz, &row.parent) != LIFE_ALIVE)
		return FAIL(FAULT_DENIED, "the organization of this identity provider is suspended or gone");
	*ret_party = (struct idtoken_party){ slice_str(name), row.issuer, row.client_id, row.groups_claim, row.parent };
	return OK;
}

static FALLIBLE find_party(struct issuer *issuer, struct arena *arena, slice url, const struct uid *identity_provider,
			   bool may_block, struct idtoken_party *ret_party)
{
	const struct issuer_connection *connection;

	if (!uid_is_none(identity_provider)) {
		TRY(party_of_provider(issuer, arena, identity_provider, may_block, ret_party));
		return slice_eq(ret_party->issuer, url) ? OK : refuse("iss");
	}
	connection = idtoken_connection(issuer, url);
	if (!connection)
		return FAIL(FAULT_UNAUTHENTIC,
			    "the token is no sign-in: it is not of this server, nor of a provider it is set up with");
	*ret_party = (struct idtoken_party){ .name = connection->name,
					     .issuer = connection->issuer,
					     .client_id = connection->client_id };
	return OK;
}

/* ---- what it must say ---- */

/* An ID token has typ "JWT" or none; a logout token, which names our client too, has `events`; where one issuer tells its kinds
 * apart by a claim (Keycloak: "ID", "Bearer", "Refresh"), that is believed too. */
static FALLIBLE check_kind(slice typ, const struct json *claims)
{
	const struct json *kind = json_member(claims, "typ");

	if (kind && !json_text_is(kind, "ID"))
		return refuse("typ");
	if (typ.len && !slice_eq_nocase(typ, SLICE("JWT")))
		return FAIL(FAULT_DENIED, "the token is no ID token");
	return json_member(claims, "events") ? refuse("events") : OK;
}

bool idtoken_names(const struct json *claims, slice client_id)
{
	const struct json *audience = json_member(claims, "aud");
	bool is_named = json_is(audience, JSON_STRING) && slice_eq(audience->text, client_id);

	if (json_is(audience, JSON_ARRAY))
		JSON_EACH (item, audience)
			is_named = is_named || (item->kind == JSON_STRING && slice_eq(item->text, client_id));
	return is_named && client_id.len;
}

/* `aud` names our client; with several audiences `azp` must be there, and when it is there it is our client. */
static FALLIBLE check_client(const struct json *claims, slice client_id)
{
	const struct json *audience = json_member(claims, "aud"), *party = json_member(claims, "azp");

	if (!idtoken_names(claims, client_id))
		return refuse("aud");
	if (party ? !json_is(party, JSON_STRING) || !slice_eq(party->text, client_id)
		  : json_is(audience, JSON_ARRAY) && audience->count != 1)
		return refuse("azp");
	return OK;
}

static FALLIBLE check_times(int64_t now_s, const struct json *claims, struct login *login)
{
	int64_t not_before_s;
	char text[CLOCK_TEXT_BYTES];

	if (!json_int64(json_member(claims, "exp"), &login->expires_s) || login->expires_s < 0)
		return refuse("exp");
	if (!json_int64(json_member(claims, "iat"), &login->issued_s) || login->issued_s < 0 ||
	    login->issued_s > now_s + LEEWAY_S)
		return refuse("iat");
	if (login->expires_s > login->issued_s + AGE_MAX_S)
		login->expires_s = login->issued_s + AGE_MAX_S;
	if (now_s >= login->expires_s) {
		clock_format(login->expires_s, 0, text);
		return FAIL(FAULT_DENIED, "token is expired: it was valid until %s", text);
	}
	if (json_member(claims, "nbf") &&
	    (!json_int64(json_member(claims, "nbf"), &not_before_s) || not_before_s > now_s + LEEWAY_S))
		return refuse("nbf");
	return OK;
}

/* ---- who it is ---- */

static FALLIBLE read_groups(struct arena *arena, const struct json *claims, slice claim, slice *ret_groups)
{
	const struct json *groups = NULL;
	struct json_writer writer;
	struct buffer out;

	*ret_groups = SLICE("");
	JSON_EACH (member, claims)
		if (claim.len && slice_eq(member->name, claim))
			groups = member;
	if (!groups || !json_is(groups, JSON_ARRAY) || groups->count > GROUPS_MAX)
		return OK; /* none, or too many to carry: no rights come of them */
	buffer_init(&out, arena, GROUPS_BYTES_MAX);
	json_writer_init(&writer, &out);
	json_open_array(&writer);
	JSON_EACH (group, groups)
		if (group->kind == JSON_STRING)
			json_put_text(&writer, group->text);
	json_close_array(&writer);
	if (!buffer_failed(&out))
		*ret_groups = buffer_slice(&out);
	return OK;
}

/* What names this very token: over what was signed, for one signature may be written in two ways (ECDSA: s and n - s). */
static FALLIBLE name_token(struct arena *arena, const struct jws *jws, slice *ret_id)
{
	char *text = arena_alloc(arena, SHA256_TEXT_BYTES);

	TRY_NEW(text);
	TRY(sha256_text(jws->input, text));
	*ret_id = slice_str(text);
	return OK;
}

static FALLIBLE read_person(struct arena *arena, const struct json *claims, const struct idtoken_party *party,
			    struct login *login)
{
	struct person *person = &login->person;

	person->issuer = issuer_normal(party->issuer);
	person->connection = party->name;
	person->confined_to = party->confined_to;
	if (!json_text(json_member(claims, "sub"), &person->subject) || person->subject.len == 0 ||
	    person->subject.len > SUBJECT_BYTES_MAX)
		return refuse("sub");
	TRY(login_read_profile(arena, claims, person));
	TRY(read_groups(arena, claims, party->groups_claim, &person->groups));
	return user_uid(person->issuer, person->subject, &login->identity);
}

FALLIBLE idtoken_claims(struct arena *arena, slice typ, const struct json *claims, const struct idtoken_party *party,
			int64_t now_s, struct login *ret_login)
{
	struct login login = { .client_id = party->client_id };

	TRY(check_kind(typ, claims));
	TRY(check_client(claims, party->client_id));
	TRY(check_times(now_s, claims, &login));
	TRY(read_person(arena, claims, party, &login));
	*ret_login = login;
	return OK;
}

FALLIBLE idtoken_read(struct issuer *issuer, struct arena *arena, const struct jws *jws, const struct json *claims, slice url,
		      const struct uid *identity_provider, bool may_block, struct login *ret_login)
{
	CLEANUP(jwks_unrefp) struct jwks *keys = NULL;
	struct idtoken_party party = { 0 };
	struct login login = { 0 };

	TRY(find_party(issuer, arena, url, identity_provider, may_block, &party));
	TRY(check_kind(jws->typ, claims));
	TRY(upstream_keys(issuer, party.issuer, jws->kid, may_block, &keys));
	TRY(upstream_verify(keys, jws));
	TRY(idtoken_claims(arena, jws->typ, claims, &party, issuer_now_us(issuer) / US_PER_S, &login));
	TRY(name_token(arena, jws, &login.token_id));
	*ret_login = login;
	return OK;
}
