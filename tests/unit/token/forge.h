/*
 * forge: tokens under our own key that no code of ours would make.
 */
#ifndef TESTS_UNIT_TOKEN_FORGE_H
#define TESTS_UNIT_TOKEN_FORGE_H

#include "service/world.h"

#include "base/encode.h"
#include "token/issuer_impl.h"

/* With this typ ("" leaves it out) and these claims, as JSON. */
static inline slice forge(const char *typ, const char *claims)
{
	CLEANUP(keyset_unrefp) struct keyset *keyset = issuer_keyset(parts.issuer);
	const struct keyset_key *key = keyset_signer(keyset, now.fixed_us);
	unsigned char signature[KEY_SIGNATURE_BYTES_MAX];
	struct buffer text;
	char *header;
	size_t len;

	CHECK(key);
	header = arena_printf(arena, "{\"alg\":\"ES256\",\"kid\":\"%.*s\"%s%s%s}", SLICE_ARG(key->kid),
			      *typ ? ",\"typ\":\"" : "", typ, *typ ? "\"" : "");
	buffer_init(&text, arena, 65536);
	base64_encode(&text, BASE64_URL, slice_str(header));
	buffer_byte(&text, '.');
	base64_encode(&text, BASE64_URL, slice_str(claims));
	CHECK_OK(vault_sign(key->key, buffer_slice(&text), signature, &len));
	buffer_byte(&text, '.');
	base64_encode(&text, BASE64_URL, slice_of(signature, len));
	CHECK(!buffer_failed(&text));
	return buffer_slice(&text);
}

static inline struct person ada(void)
{
	return (struct person){ .issuer = SLICE(GOOGLE),
				.subject = SLICE("1001"),
				.connection = SLICE("google-oauth2"),
				.email = SLICE("ada@example.com"),
				.email_is_verified = true,
				.name = SLICE("Ada \"the\" Countess") };
}

static inline slice login_of(const struct person *person, const char *client_id)
{
	struct minted minted;

	CHECK_OK(token_login_mint(parts.issuer, arena, person, slice_str(client_id), &minted));
	return minted.text;
}

#endif
