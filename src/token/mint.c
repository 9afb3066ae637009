/*
 * mint: a token's claims, written straight into text, and its signature (tokens.md 2).
 */
#include "base/encode.h"
#include "base/mem.h"
#include "model/caps.h"
#include "token/issuer_impl.h"

#define ID_BYTES 16
#define PAYLOAD_BYTES_MAX ((size_t)64 * 1024)
#define SUBJECT_BYTES UID_TEXT_BYTES

static bool is_listed(slice audience, const slice *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq(audience, list[i]))
			return true;
	return false;
}

static FALLIBLE check_audiences(const struct issuer *issuer, const struct mint *mint)
{
	const struct issuer_options *options = &issuer->options;
	const struct kind_row *row = kind_row(mint->kind);

	if (mint->audiences_count == 0)
		return FAIL(FAULT_INVALID, "audience must be specified");
	if (mint->audiences_count > TOKEN_AUDIENCES_MAX)
		return FAIL_FIELD("aud", "at most %d audiences", TOKEN_AUDIENCES_MAX);
	if (row->audience != KIND_AUDIENCE_MINTED && mint->audiences_count != 1)
		return FAIL(FAULT_INTERNAL, "this kind of token has one audience");
	for (size_t i = 0; i < mint->audiences_count; i++) {
		slice audience = mint->audiences[i];
		bool is_fine = row->audience == KIND_AUDIENCE_REGISTRY
				       ? is_listed(audience, options->registries, options->registries_count)
			       : row->audience != KIND_AUDIENCE_MINTED
				       ? true
				       : slice_eq(audience, options->url) || slice_eq(audience, options->api_url) ||
						 is_listed(audience, options->audiences, options->audiences_count);
		if (!is_fine)
			return FAIL_FIELD("aud", "no tokens are issued here for the audience \"%.*s\"",
					  SLICE_ARG(slice_to(audience, 200)));
	}
	return OK;
}

static void put_audience(struct json_writer *writer, const struct mint *mint)
{
	json_put_name(writer, SLICE("aud"));
	if (mint->audiences_count == 1) {
		json_put_text(writer, mint->audiences[0]);
		return;
	}
	json_open_array(writer);
	for (size_t i = 0; i < mint->audiences_count; i++)
		json_put_text(writer, mint->audiences[i]);
	json_close_array(writer);
}

static void put_caps(struct json_writer *writer, const struct mint *mint)
{
	char group[UID_TEXT_BYTES], caps[CAPS_TEXT_BYTES];

	json_put_name(writer, SLICE("cap"));
	json_open_object(writer);
	for (size_t i = 0; i < mint->grants_count; i++) {
		uid_format(&mint->grants[i].group, group);
		caps_encode(&mint->grants[i].caps, caps); /* only what is public comes out */
		json_pair_text(writer, group, slice_str(caps));
	}
	json_close_object(writer);
}

static void put_person(struct json_writer *writer, const struct assumed *who)
{
	if (who->email.len) {
		json_pair_text(writer, "email", who->email);
		json_pair_bool(writer, "email_verified", who->email_is_verified);
	}
	if (who->upstream.len) {
		json_put_name(writer, SLICE("upstream"));
		json_put_raw(writer, who->upstream);
	}
}

static void put_kind(struct json_writer *writer, const struct mint *mint)
{
	char confined[UID_TEXT_BYTES];

	if (mint->kind == TOKEN_ACCESS) {
		put_caps(writer, mint);
		if (mint->is_operator)
			json_pair_bool(writer, "operator", true);
		if (!uid_is_none(&mint->who->confined_to)) {
			uid_format(&mint->who->confined_to, confined);
			json_pair_text(writer, "confined_to", slice_str(confined));
		}
		put_person(writer, mint->who);
	}
	if (mint->kind == TOKEN_REGISTRY) {
		json_put_name(writer, SLICE("access"));
		json_put_raw(writer, mint->access);
	} else if (mint->who->act.len) {
		json_put_name(writer, SLICE("act"));
		json_put_raw(writer, mint->who->act);
	}
	if (mint->claims.len) {
		buffer_byte(writer->out, ',');
		buffer_add(writer->out, mint->claims);
	}
}

static FALLIBLE put_payload(struct issuer *issuer, const struct mint *mint, const struct minted *minted, struct buffer *out)
{
	char subject[SUBJECT_BYTES] = "";
	struct json_writer writer;

	if (!uid_is_none(&mint->who->identity))
		uid_format(&mint->who->identity, subject);
	json_writer_init(&writer, out);
	json_open_object(&writer);
	json_pair_text(&writer, "iss", issuer->options.url);
	json_pair_text(&writer, "sub", slice_str(subject));
	put_audience(&writer, mint);
	json_pair_int(&writer, "iat", minted->issued_s);
	json_pair_int(&writer, "exp", minted->expires_s);
	if (mint->kind == TOKEN_REGISTRY)
		json_pair_int(&writer, "nbf", minted->issued_s);
	json_pair_text(&writer, "jti", minted->token_id);
	put_kind(&writer, mint);
	json_close_object(&writer);
	if (buffer_starved(out))
		return FAIL(FAULT_EXHAUSTED, "no memory for a token");
	if (buffer_failed(out))
		return FAIL_STATE("TOKEN_TOO_LARGE", "the token would be too large; ask for one with `scopes`");
	return OK;
}

static int64_t life_of(const struct issuer *issuer, const struct mint *mint)
{
	const struct kind_row *row = kind_row(mint->kind);
	int64_t life_s = mint->life_s;

	if (life_s == 0 && mint->kind == TOKEN_ACCESS)
		life_s = atomic_load_explicit(&issuer->access_life_s, memory_order_relaxed);
	if (life_s == 0 && mint->kind == TOKEN_REGISTRY)
		life_s = atomic_load_explicit(&issuer->registry_life_s, memory_order_relaxed);
	if (life_s == 0)
		life_s = row->life_s;
	return life_s < row->life_max_s ? life_s : row->life_max_s;
}

/* The issue path's one question: is whoever gets this alive? */
static FALLIBLE check_life(struct issuer *issuer, const struct mint *mint)
{
	const struct kind_row *row = kind_row(mint->kind);
	const struct uid *organization = &mint->who->confined_to;

	if (!uid_is_none(organization) && authz_group_life(issuer->authz, organization) != LIFE_ALIVE)
		return FAIL(FAULT_DENIED,
			    "the organization whose identity provider this session began at is suspended or gone");
	if (row->subject != KIND_SUBJECT_IDENTITY && row->subject != KIND_SUBJECT_ANYONE)
		return OK;
	if (row->subject == KIND_SUBJECT_ANYONE && uid_is_none(&mint->who->identity))
		return OK;
	switch (authz_identity_life(issuer->authz, &mint->who->identity, 0)) {
	case LIFE_ALIVE:
		return OK;
	case LIFE_SUSPENDED:
		return FAIL(FAULT_DENIED, "the organization of this identity is suspended");
	default:
		return FAIL(FAULT_DENIED, "this identity does not exist any more");
	}
}

static FALLIBLE make_id(struct issuer *issuer, struct arena *arena, slice *ret_id)
{
	uint8_t random[ID_BYTES];
	char *text = arena_alloc(arena, 2 * ID_BYTES + 1);

	TRY_NEW(text);
	TRY(random_fill(issuer->options.random, random, sizeof(random)));
	hex_encode_into(slice_of(random, sizeof(random)), text);
	*ret_id = slice_of(text, 2 * ID_BYTES);
	return OK;
}

static FALLIBLE sign(struct issuer *issuer, struct arena *arena, enum token_kind kind, slice payload, slice *ret_text)
{
	CLEANUP(keyset_unrefp) struct keyset *keyset = issuer_keyset(issuer);
	const struct keyset_key *key = keyset_signer(keyset, issuer_now_us(issuer));
	unsigned char signature[KEY_SIGNATURE_BYTES_MAX];
	struct buffer text;
	size_t len;

	if (!key)
		return FAIL(FAULT_UNAVAILABLE, "there is no signing key");
	buffer_init(&text, arena, BASE64_TEXT_BYTES(PAYLOAD_BYTES_MAX) + 16384);
	(void)buffer_room(&text, key->headers[kind].len + BASE64_TEXT_BYTES(payload.len) + 1 +
					 BASE64_TEXT_BYTES(KEY_SIGNATURE_BYTES_MAX)); /* once for all of it */
	buffer_add(&text, key->headers[kind]);
	base64_encode(&text, BASE64_URL, payload);
	TRY(vault_sign(key->key, buffer_slice(&text), signature, &len));
	buffer_byte(&text, '.');
	base64_encode(&text, BASE64_URL, slice_of(signature, len));
	if (buffer_failed(&text))
		return FAIL(FAULT_EXHAUSTED, "no memory for a token");
	*ret_text = buffer_slice(&text);
	return OK;
}

FALLIBLE token_mint(struct issuer *issuer, struct arena *arena, const struct mint *mint, struct minted *ret_minted)
{
	struct minted minted = { .issued_s = issuer_now_us(issuer) / US_PER_S };
	struct buffer payload;

	TRY(check_audiences(issuer, mint));
	TRY(check_life(issuer, mint));
	minted.expires_s = minted.issued_s + life_of(issuer, mint);
	if (mint->who->not_after_s && mint->who->not_after_s < minted.expires_s)
		minted.expires_s = mint->who->not_after_s;
	if (minted.expires_s <= minted.issued_s)
		return FAIL(FAULT_DENIED, "what was presented has expired");
	TRY(make_id(issuer, arena, &minted.token_id));
	buffer_init(&payload, arena, PAYLOAD_BYTES_MAX);
	TRY(put_payload(issuer, mint, &minted, &payload));
	TRY(sign(issuer, arena, mint->kind, buffer_slice(&payload), &minted.text));
	if (mint->kind == TOKEN_ACCESS && minted.text.len > TOKEN_ACCESS_BYTES_MAX)
		return FAIL_STATE("TOKEN_TOO_LARGE", "the token would be larger than %d bytes; ask for one with `scopes`",
				  TOKEN_ACCESS_BYTES_MAX);
	*ret_minted = minted;
	return OK;
}
