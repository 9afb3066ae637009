/*
 * sessions: people's sessions as rows: begun, rotated, ended by their bearer (spec tokens.md 3.3, 3.7).
 */
#include "base/encode.h"
#include "base/json.h"
#include "handlers.gen.h"
#include "oidc/v1/security_token.pb-c.h"
#include "reeve/v1/sessions.pb-c.h"
#include "service/accounts.h"
#include "service/sessions_impl.h"
#include "service/sts.h"

/* ---- beginning ---- */

static FALLIBLE take_who(struct call *call, const struct login *login, Reeve__V1__BeginSessionRequest *in)
{
	struct assumed who = { 0 };

	TRY(token_login_assume(call->arena, login, &who));
	TRY(put_uid(call, &who.identity, &in->identity));
	TRY(put_uid(call, &who.confined_to, &in->confined_to));
	TRY(put_text(call, login->client_id, &in->client_id));
	TRY(put_text(call, who.act, &in->act));
	TRY(put_text(call, who.upstream, &in->upstream));
	TRY(put_text(call, who.email, &in->email));
	in->is_email_verified = who.email_is_verified;
	return OK;
}

FALLIBLE session_ask(struct call *call, slice login_token, Reeve__V1__BeginSessionRequest **ret_in)
{
	Reeve__V1__BeginSessionRequest *in;
	struct login login = { 0 };
	struct uid nobody = { 0 };

	TRY(token_login_read(call->parts->issuer, call->arena, login_token, &nobody, true, &login));
	TRY_MESSAGE(call, in, reeve__v1__begin_session_request);
	TRY(take_who(call, &login, in));
	*ret_in = in;
	return OK;
}

FALLIBLE session_first_token(struct call *call, slice id, bool *ret_alive, slice *ret_refresh_token)
{
	struct family family = { 0 };

	if (id.len != FAMILY_ID_BYTES)
		return FAIL(FAULT_INTERNAL, "a session has a broken id");
	TRY(family_find(call, (const uint8_t *)id.at, &family, ret_alive));
	return *ret_alive ? refresh_token_make(call, &family, ret_refresh_token) : OK;
}

FALLIBLE people_session(struct call *call, slice login_token, const struct people_want *want, slice *ret_refresh_token)
{
	Reeve__V1__BeginSessionRequest *in;
	Reeve__V1__BeginSessionResponse *out;
	bool is_alive = false;

	*ret_refresh_token = SLICE("");
	if (want->identity.len) /* an assumed identity is not somebody's own */
		return OK;
	TRY(session_ask(call, login_token, &in));
	TRY_MESSAGE(call, out, reeve__v1__begin_session_response);
	TRY(call_nested(call, NULL, SLICE(""), METHOD_REEVE_SESSIONS_BEGIN, in, out));
	TRY(session_first_token(call, data_slice(out->family), &is_alive, ret_refresh_token));
	return is_alive ? OK : FAIL(FAULT_UNAUTHENTIC, "this session has ended; sign in again");
}

/* One more session of somebody who has as many as there may be: the one unused longest goes. */
static FALLIBLE make_room(struct call *call, const struct uid *identity)
{
	struct query query;
	struct rows rows;
	bool deleted;

	query_init(&query);
	query_eq_uid(&query, FAMILIES_IDENTITY, identity);
	TRY(row_list(call->tx, &table_families, &query, &rows));
	while (rows.count >= FAMILIES_OF_ONE_MAX) {
		struct family *families = rows.at;
		size_t oldest = 0;
		for (size_t i = 1; i < rows.count; i++)
			if (families[i].rotated_us < families[oldest].rotated_us)
				oldest = i;
		TRY(row_delete(call->tx, &table_families, &families[oldest], &deleted));
		families[oldest] = families[--rows.count];
	}
	return OK;
}

/* A login token was read before this transaction; what ended since has ended its sessions, and none begins after that. */
static FALLIBLE require_standing(struct call *call, const Reeve__V1__BeginSessionRequest *in, const struct uid *confined_to)
{
	struct person person = { 0 };
	const struct json *act;
	struct query query;
	int64_t count;
	bool stands;

	TRY(json_parse_object(call->arena, slice_str(in->act), NULL, &act));
	if (!json_text(json_member(act, "iss"), &person.issuer) || !json_text(json_member(act, "sub"), &person.subject))
		return FAIL(FAULT_INTERNAL, "a session of nobody");
	TRY(account_is_live(call, &person, &stands));
	if (stands && !uid_is_none(confined_to)) {
		query_init(&query);
		query_eq_uid(&query, PROVIDERS_PARENT, confined_to);
		query_eq_text(&query, PROVIDERS_ISSUER, person.issuer);
		TRY(row_count(call->tx, &table_providers, &query, &count));
		stands = count > 0;
	}
	return stands ? OK : FAIL(FAULT_UNAUTHENTIC, "what you signed in with was disabled, changed or deleted; sign in again");
}

static FALLIBLE take_identity(struct call *call, const Reeve__V1__BeginSessionRequest *in, struct family *family)
{
	struct identity identity;
	bool found;

	TRY(uid_parse_field(slice_str(in->identity), "identity", &family->identity));
	if (*in->confined_to)
		TRY(uid_parse_field(slice_str(in->confined_to), "confined_to", &family->confined_to));
	identity.uid = family->identity;
	TRY(row_find(call->tx, &table_identities, &identity, &identity, &found));
	if (!found)
		return FAIL(FAULT_ABSENT, "Not found: nobody is registered with this sign-in; register first");
	return require_standing(call, in, &family->confined_to);
}

FALLIBLE session_begin(struct call *call, const Reeve__V1__BeginSessionRequest *in, slice id)
{
	struct family family = { .id = id,
				 .client_id = slice_str(in->client_id),
				 .act = slice_str(in->act),
				 .upstream = slice_str(in->upstream),
				 .email = slice_str(in->email),
				 .is_email_verified = in->is_email_verified,
				 .peer = call->peer,
				 .agent = slice_is_text(call->user_agent) ? call->user_agent : SLICE(""),
				 .generation = 1,
				 .rotated_us = call->now_us,
				 .created_us = call->now_us,
				 .expires_us = call->now_us + FAMILY_LIFE_S * US_PER_S,
				 .idle_us = call->now_us + FAMILY_IDLE_S * US_PER_S };

	TRY(take_identity(call, in, &family));
	TRY(make_room(call, &family.identity));
	return row_insert(call->tx, &table_families, &family);
}

status reeve_sessions_begin(struct call *call, const Reeve__V1__BeginSessionRequest *in, Reeve__V1__BeginSessionResponse *out)
{
	uint8_t *id = arena_alloc(call->arena, FAMILY_ID_BYTES);

	TRY_NEW(id);
	TRY(call_random(call, id, FAMILY_ID_BYTES));
	out->family = data_of(slice_of(id, FAMILY_ID_BYTES));
	return session_begin(call, in, slice_of(id, FAMILY_ID_BYTES));
}

/* ---- rotating ---- */

status reeve_sessions_rotate(struct call *call, const Reeve__V1__RotateSessionRequest *in,
			     Reeve__V1__RotateSessionResponse *out)
{
	struct family family = { .id = data_slice(in->family) };
	enum family_verdict verdict;
	bool found, deleted;

	TRY(row_find(call->tx, &table_families, &family, &family, &found));
	if (!found)
		return OK;
	verdict = family_judge(&family, in->generation, call->now_us);
	out->is_reused = verdict == FAMILY_REUSED;
	if (verdict == FAMILY_ENDED || verdict == FAMILY_REUSED)
		return row_delete(call->tx, &table_families, &family, &deleted);
	if (verdict == FAMILY_FRESH) {
		int64_t idle_us = call->now_us + FAMILY_IDLE_S * US_PER_S;
		family.generation++;
		family.rotated_us = call->now_us;
		family.idle_us = idle_us < family.expires_us ? idle_us : family.expires_us;
		TRY(row_update(call->tx, &table_families, &family));
	}
	out->is_alive = true;
	out->generation = family.generation;
	out->rotated_us = family.rotated_us;
	out->idle_us = family.idle_us;
	return OK;
}

static FALLIBLE put_raw(struct call *call, slice token, int64_t expires_s, Chainguard__Platform__Oidc__RawToken **into)
{
	TRY_MESSAGE(call, *into, chainguard__platform__oidc__raw_token);
	TRY(put_text(call, token, &(*into)->token));
	return put_time(call, expires_s * US_PER_S, &(*into)->expiry);
}

status v1_security_token_exchange_refresh_token(struct call *call,
						const Chainguard__Platform__Oidc__ExchangeRefreshTokenRequest *in,
						Chainguard__Platform__Oidc__TokenPair *out)
{
	struct sts_values values;
	struct exchange exchange = { .may_block = true };
	struct exchanged done = { 0 };
	slice refresh_token;

	if (call->credential.len == 0)
		return FAIL(FAULT_UNAUTHENTIC, "send the refresh token in the authorization header");
	if (!call->may_block)
		return FAIL(FAULT_ELSEWHERE, "the store has to be asked");
	TRY(sts_take(&(struct sts_in){ in->n_aud, in->aud, in->scope, in->n_scopes, in->scopes, in->n_cap, in->cap }, &values,
		     &exchange));
	TRY(family_use(call, call->credential, SLICE(""), &exchange, &done, &refresh_token));
	TRY(put_raw(call, done.token.text, done.token.expires_s, &out->token));
	return put_raw(call, refresh_token, 0, &out->refresh_token);
}

/* ---- signing out ---- */

status reeve_sessions_end(struct call *call, const Reeve__V1__EndSessionRequest *in, Google__Protobuf__Empty *out)
{
	struct refresh_token token = { 0 };
	struct family family = { .id = slice_of(token.family, sizeof(token.family)) };
	bool deleted;

	(void)in;
	(void)out;
	TRY(refresh_token_read(call, call->credential, &token));
	return row_delete(call->tx, &table_families, &family, &deleted);
}
