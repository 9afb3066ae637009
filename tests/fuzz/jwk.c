/*
 * jwk: whatever becomes a key is public, within the bounds, and the same key again after being written out.
 */
#include <assert.h>

#include "crypto/jwks.h"
#include "fuzz.h"

static void check_key(struct key *key)
{
	struct json_writer writer;
	struct key *again = NULL;
	struct buffer out;

	assert(!key_is_private(key) && key_thumbprint(key).len == KEY_THUMBPRINT_BYTES);
	assert(key_kid(key).len > 0 && key_kid(key).len <= KEY_KID_BYTES_MAX);
	buffer_init(&out, NULL, JWKS_BYTES_MAX);
	json_writer_init(&writer, &out);
	key_put_jwk(key, &writer);
	assert(!buffer_failed(&out) && !FAILED(key_from_jwk_text(buffer_slice(&out), KEY_PUBLIC, &again)));
	assert(slice_eq(key_thumbprint(key), key_thumbprint(again)) && key_alg(key) == key_alg(again));
	assert(FAILED(key_verify(key, ALG_ES256, SLICE("text"), SLICE("no signature"))));
	buffer_done(&out);
	again = key_unref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	slice text = slice_of(data, size);
	struct jwks *jwks = NULL;
	struct key *key = NULL;

	if (!FAILED(key_from_jwk_text(text, KEY_PUBLIC, &key)))
		check_key(key);
	key = key_unref(key);
	if (!FAILED(key_from_jwk_text(text, KEY_PRIVATE, &key)))
		assert(key_is_private(key) && key_alg(key) != ALG_UNSET);
	key = key_unref(key);
	if (!FAILED(jwks_parse(text, &jwks))) {
		assert(size <= JWKS_BYTES_MAX && jwks_count(jwks) > 0 && jwks_count(jwks) <= JWKS_KEYS_MAX);
		for (size_t i = 0; i < jwks_count(jwks); i++)
			check_key(jwks_at(jwks, i));
	}
	jwks = jwks_unref(jwks);
	return 0;
}
