#include "service/families_impl.h"

#include "base/encode.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "handlers.gen.h"
#include "service/sessions_impl.h"
#include "service/sts.h"

#define MAC_LABEL "refresh token"
#define JSON_BYTES ((size_t)1536)

/* ---- the rule ---- */

enum family_verdict family_judge(const struct family *family, int64_t generation, int64_t now_us)
{
	if (now_us >= family->expires_us || now_us >= family->idle_us)
		return FAMILY_ENDED;
	if (generation == family->generation)
		return FAMILY_FRESH;
	/* Its successor is the newest, so nobody has used that one. */
	if (generation == family->generation - 1 && now_us - family->rotated_us <= FAMILY_RETRY_S * US_PER_S)
		return FAMILY_RETRY;
	return FAMILY_REUSED;
}

/* ---- the form ---- */

static FALLIBLE write_token(struct call *call, const struct refresh_content *content, slice *ret_token)
{
	unsigned char mac[SHA256_BYTES];
	char sec[BASE64_TEXT_BYTES(SHA256_BYTES)];
	struct json_writer writer;
	struct buffer json, text;

	buffer_init(&json, call->arena, JSON_BYTES);
	json_writer_init(&writer, &json);
	json_open_object(&writer);
	json_pair_text(&writer, "iss", call->settings->issuer_url);
	json_pair_text(&writer, "sub", content->subject);
	json_pair_text(&writer, "aud", content->client_id);
	json_pair_int(&writer, "iat", content->issued_s);
	json_pair_int(&writer, "exp", content->expires_s);
	json_pair_text(&writer, "fam", content->family);
	json_pair_int(&writer, "gen", content->generation);
	TRY(issuer_mac(call->parts->issuer, MAC_LABEL, buffer_slice(&json), mac));
	json_pair_text(&writer, "sec", slice_of(sec, base64_encode_into(BASE64_URL, slice_of(mac, sizeof(mac)), sec)));
	json_close_object(&writer);
	buffer_init(&text, call->arena, REFRESH_TOKEN_BYTES_MAX);
	base64_encode(&text, BASE64_STANDARD, buffer_slice(&json));
	if (buffer_starved(&json) || buffer_starved(&text))
		return FAIL(FAULT_EXHAUSTED, "no memory for a refresh token");
	if (buffer_failed(&json) || buffer_failed(&text))
		return FAIL(FAULT_INVALID, "a refresh token has no room for all that");
	*ret_token = buffer_slice(&text);
	return OK;
}

FALLIBLE refresh_token_make(struct call *call, const struct family *family, slice *ret_token)
{
	char *subject = uid_text(&family->identity, call->arena);
	char hex[2 * FAMILY_ID_BYTES];
	struct refresh_content content = { .client_id = family->client_id,
					   .family = slice_of(hex, sizeof(hex)),
					   .issued_s = family->rotated_us / US_PER_S,
					   .expires_s = family->idle_us / US_PER_S,
					   .generation = family->generation };

	TRY_NEW(subject);
	if (family->id.len != FAMILY_ID_BYTES)
		return FAIL(FAULT_INTERNAL, "a session has a broken id");
	hex_encode_into(family->id, hex);
	content.subject = slice_str(subject);
	return write_token(call, &content, ret_token);
}

static FALLIBLE not_ours(void)
{
	return FAIL(FAULT_UNAUTHENTIC, "this is no refresh token of this server; sign in again");
}

static bool read_content(const struct json *object, struct refresh_content *ret_content)
{
	return json_text(json_member(object, "sub"), &ret_content->subject) &&
	       json_text(json_member(object, "aud"), &ret_content->client_id) &&
	       json_text(json_member(object, "fam"), &ret_content->family) &&
	       json_int64(json_member(object, "iat"), &ret_content->issued_s) &&
	       json_int64(json_member(object, "exp"), &ret_content->expires_s) &&
	       json_int64(json_member(object, "gen"), &ret_content->generation);
}

FALLIBLE refresh_content_read(struct arena *arena, slice text, struct refresh_content *ret_content)
{
	struct refresh_content content = { .generation = 0 };
	const struct json *object;
	slice json;

	if (text.len == 0 || text.len > REFRESH_TOKEN_BYTES_MAX)
		return FAIL(FAULT_INVALID, "no refresh token has this length");
	TRY(base64_decode(arena, BASE64_STANDARD, text, &json));
	TRY(json_parse_object(arena, json, NULL, &object));
	if (!read_content(object, &content))
		return FAIL(FAULT_INVALID, "it lacks a member");
	*ret_content = content;
	return OK;
}

/* What it says, and the token of ours that says this. FAULT_INVALID when there is none. */
static FALLIBLE make_again(struct call *call, slice text, struct refresh_content *ret_content, slice *ret_again)
{
	TRY(refresh_content_read(call->arena, text, ret_content));
	return write_token(call, ret_content, ret_again);
}

/* Made again from what it says, a token of ours is the same, byte for byte. */
FALLIBLE refresh_token_read(struct call *call, slice text, struct refresh_token *ret_token)
{
	struct refresh_content content = { 0 };
	slice again = SLICE("");
	status result = make_again(call, text, &content, &again);

	if (result.fault == FAULT_INVALID)
		return not_ours();
	TRY(result);
	if (!bytes_equal(text, again) || !hex_decode_into(content.family, ret_token->family, FAMILY_ID_BYTES))
		return not_ours();
	ret_token->generation = content.generation;
	ret_token->client_id = content.client_id;
	return OK;
}

/* ---- using one ---- */

FALLIBLE family_find(struct call *call, const uint8_t id[FAMILY_ID_BYTES], struct family *ret_family, bool *ret_found)
{
	*ret_family = (struct family){ .id = slice_of(id, FAMILY_ID_BYTES) };
	return store_find(call->parts->store, &table_families, ret_family, call->arena, ret_found);
}

FALLIBLE session_record_reuse(struct call *call, slice identity, slice act, const char *reason)
{
	struct trail_record record = { .what = "session.reused",
				       .method = call->method->label,
				       .identity = identity,
				       .subject = act,
				       .reason = slice_str(reason),
				       .request_id = call->request_id,
				       .peer = call->peer };

	return trail_append(call->parts->trail, &record);
}

static FALLIBLE record_reuse(struct call *call, const struct family *family)
{
	char identity[UID_TEXT_BYTES];

	uid_format(&family->identity, identity);
	return session_record_reuse(call, slice_str(identity), family->act,
				    "a refresh token was presented again: its session has ended");
}

static FALLIBLE rotate(struct call *call, const struct refresh_token *token, struct family *family, bool *ret_alive)
{
	Reeve__V1__RotateSessionRequest in = REEVE__V1__ROTATE_SESSION_REQUEST__INIT;
	Reeve__V1__RotateSessionResponse *out;

	in.family = data_of(slice_of(token->family, FAMILY_ID_BYTES));
	in.generation = token->generation;
	TRY_MESSAGE(call, out, reeve__v1__rotate_session_response);
	TRY(call_nested(call, NULL, SLICE(""), METHOD_REEVE_SESSIONS_ROTATE, &in, out));
	if (out->is_reused)
		TRY(record_reuse(call, family));
	*ret_alive = out->is_alive;
	family->generation = out->generation;
	family->rotated_us = out->rotated_us;
	family->idle_us = out->idle_us;
	return OK;
}

static FALLIBLE over(void)
{
	return FAIL(FAULT_UNAUTHENTIC, "this session has ended; sign in again");
}

/* What the organization of a confined session still allows. */
static FALLIBLE check_organization(struct call *call, const struct family *family)
{
	if (uid_is_none(&family->confined_to) || authz_group_life(call->parts->authz, &family->confined_to) == LIFE_ALIVE)
		return OK;
	return FAIL(FAULT_DENIED, "the organization whose identity provider you signed in with is gone or suspended");
}

static FALLIBLE issue(struct call *call, const struct family *family, const struct exchange *in,
		      struct exchanged *ret_exchanged)
{
	struct assumed who = { .identity = family->identity,
			       .act = family->act,
			       .email = family->email,
			       .email_is_verified = family->is_email_verified,
			       .upstream = family->upstream,
			       .confined_to = family->confined_to,
			       .is_person = true };

	TRY(check_organization(call, family));
	return token_issue(call->parts->issuer, call->arena, in, &who, ret_exchanged);
}

FALLIBLE family_use(struct call *call, slice text, slice client_id, const struct exchange *in, struct exchanged *ret_exchanged,
		    slice *ret_refresh_token)
{
	struct refresh_token token = { 0 };
	struct family family = { 0 };
	enum family_verdict verdict;
	bool found = false, alive = false;

	TRY(refresh_token_read(call, text, &token));
	if (client_id.len && !slice_eq(client_id, token.client_id))
		return FAIL(FAULT_UNAUTHENTIC, "this refresh token was given to another client");
	TRY(family_find(call, token.family, &family, &found));
	if (!found)
		return over();
	/* What is asked is proved to be had before the token is used up: a refused request may be sent again, put right. */
	verdict = family_judge(&family, token.generation, call->now_us);
	if (verdict == FAMILY_FRESH || verdict == FAMILY_RETRY)
		TRY(issue(call, &family, in, ret_exchanged));
	TRY(rotate(call, &token, &family, &alive));
	if (!alive || (verdict != FAMILY_FRESH && verdict != FAMILY_RETRY))
		return over();
	TRY(refresh_token_make(call, &family, ret_refresh_token));
	return sts_record(call, "refresh", in, ret_exchanged);
}

/* ---- ends ---- */

FALLIBLE families_end(struct call *call, const struct uid *identity, const struct uid *confined_to)
{
	struct query query;
	int64_t count;

	query_init(&query);
	query_eq_uid(&query, FAMILIES_IDENTITY, identity);
	if (confined_to)
		query_eq_uid(&query, FAMILIES_CONFINED_TO, confined_to);
	return row_delete_all(call->tx, &table_families, &query, &count);
}

FALLIBLE families_left(struct call *call, const struct uid *identity, const struct uid *group)
{
	struct uid organization = uid_root(group);
	struct query query;
	int64_t count;

	if (!uid_is_root(identity))
		return OK; /* nobody's session */
	query_init(&query);
	query_eq_uid(&query, BINDINGS_IDENTITY, identity);
	query_uids(&query, WHERE_UNDER, BINDINGS_GROUP, &organization, 1);
	TRY(row_count(call->tx, &table_bindings, &query, &count));
	return count ? OK : families_end(call, identity, &organization);
}

FALLIBLE families_may_leave(struct call *call, const struct uid *identity, const struct uid *group, bool *ret_may)
{
	struct uid organization = uid_root(group);
	struct query query;
	int64_t count = 0;

	query_init(&query);
	query_eq_uid(&query, FAMILIES_IDENTITY, identity);
	query_eq_uid(&query, FAMILIES_CONFINED_TO, &organization);
	if (uid_is_root(identity))
		TRY(row_count(call->tx, &table_families, &query, &count));
	*ret_may = count > 0;
	return OK;
}
