#include "crypto/agree.h"

#include "crypto/openssl_impl.h"

static FALLIBLE load_private(const struct secret *key, EVP_PKEY **ret_key)
{
	if (key->len != AGREE_KEY_BYTES)
		return FAIL(FAULT_INVALID, "an X25519 key has %d bytes", AGREE_KEY_BYTES);
	*ret_key = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, key->bytes, AGREE_KEY_BYTES);
	return *ret_key ? OK : CRYPTO_FAIL("reading an X25519 key");
}

FALLIBLE agree_public(const struct secret *private_key, uint8_t ret_public[AGREE_KEY_BYTES])
{
	EVP_PKEY *key = NULL;
	size_t len = AGREE_KEY_BYTES;
	bool ok;

	TRY(load_private(private_key, &key));
	ok = EVP_PKEY_get_raw_public_key(key, ret_public, &len) == 1 && len == AGREE_KEY_BYTES;
	EVP_PKEY_free(key);
	return ok ? OK : CRYPTO_FAIL("telling an X25519 public key");
}

static bool is_zero(const struct secret *shared)
{
	unsigned char sum = 0;

	for (size_t i = 0; i < shared->len; i++)
		sum |= shared->bytes[i];
	return sum == 0;
}

/* 1: agreed; 0: not with that key; -1: the library failed. */
static int derive(EVP_PKEY *ours, EVP_PKEY *theirs, struct secret *shared)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, ours, NULL);
	size_t len = AGREE_KEY_BYTES;
	int verdict = -1;

	if (ctx && EVP_PKEY_derive_init(ctx) == 1) {
		verdict = EVP_PKEY_derive_set_peer(ctx, theirs) == 1 && EVP_PKEY_derive(ctx, shared->bytes, &len) == 1;
		shared->len = len;
	}
	EVP_PKEY_CTX_free(ctx);
	return verdict == 1 && (len != AGREE_KEY_BYTES || is_zero(shared)) ? 0 : verdict;
}

FALLIBLE agree_secret(const struct secret *private_key, slice their_public, struct secret *ret_shared)
{
	EVP_PKEY *ours = NULL, *theirs = NULL;
	int verdict;

	if (their_public.len != AGREE_KEY_BYTES)
		return FAIL(FAULT_INVALID, "an X25519 key has %d bytes", AGREE_KEY_BYTES);
	TRY(load_private(private_key, &ours));
	theirs = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, (const unsigned char *)their_public.at, AGREE_KEY_BYTES);
	verdict = theirs ? derive(ours, theirs, ret_shared) : -1;
	EVP_PKEY_free(theirs);
	EVP_PKEY_free(ours);
	if (verdict == 1)
		return OK;
	secret_wipe(ret_shared);
	if (verdict < 0)
		return CRYPTO_FAIL("agreeing on a secret");
	crypto_forget();
	return FAIL(FAULT_INVALID, "the public key is of small order: no secret comes of it");
}
