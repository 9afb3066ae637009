/*
 * jws: a token that parses is text in exactly one way, asks for nothing we do not have, and verifies only if it was signed.
 *
 * The keys are those of RFC 7515 and RFC 8037. Nothing but their published tokens can verify: the private halves have signed
 * no other, unless somebody breaks the algorithms here.
 */
#include <assert.h>

#include "../unit/crypto/vectors.h"
#include "base/encode.h"
#include "crypto/jwks.h"
#include "fuzz.h"

#define ARENA_BYTES ((size_t)8 << 20)

static const char set_text[] = "{\"keys\":[{" RSA_PUBLIC "},{" P256_PUBLIC "},{" P521_PUBLIC "},{" ED25519_PUBLIC "}]}";

static struct jwks *known_keys(void)
{
	static struct jwks *jwks; /* stays reachable to the end */

	if (!jwks)
		assert(!FAILED(jwks_parse(slice_of(set_text, sizeof(set_text) - 1), &jwks)));
	return jwks;
}

static bool is_published(slice payload)
{
	return slice_is(payload, JOE_CLAIMS) || slice_is(payload, "Payload") || slice_is(payload, "Example of Ed25519 signing");
}

/* Encoding the parts again gives the text back, character for character. */
static void check_one_form(slice token, const struct jws *jws)
{
	static char text[2 * JWS_BYTES_DEFAULT];
	slice head, rest = jws->input;
	size_t len;

	assert(jws->input.at == token.at && slice_cut(rest, '.', &head, &rest));
	len = base64_encode_into(BASE64_URL, jws->payload, text);
	assert(slice_eq(slice_of(text, len), rest));
	len = base64_encode_into(BASE64_URL, jws->signature, text);
	assert(slice_eq(slice_of(text, len), slice_from(token, jws->input.len + 1)));
	assert(token.at[jws->input.len] == '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	slice token = slice_of(data, size);
	const struct json *claims;
	struct key *key = NULL;
	struct jws jws;

	if (arena && !FAILED(jws_parse(arena, token, 0, &jws))) {
		assert(size <= JWS_BYTES_DEFAULT && jws.alg > ALG_UNSET && jws.alg < ALG_COUNT);
		assert(!json_member(jws.header, "crit") && !json_member(jws.header, "zip"));
		check_one_form(token, &jws);
		(void)jws_claims(arena, &jws, &claims).fault; /* any answer but a crash */
		if (!FAILED(jwks_verify(known_keys(), &jws, &key)))
			assert(is_published(jws.payload) && key_allows(key, jws.alg));
	}
	arena = arena_free(arena);
	return 0;
}
