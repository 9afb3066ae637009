#include "crypto/digest.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "base/encode.h"
#include "base/mem.h"
#include "crypto/openssl_impl.h"

struct digest {
	EVP_MD_CTX *ctx;
};

size_t digest_bytes(enum digest_kind kind)
{
	static const size_t sizes[DIGEST_KIND_COUNT] = { [DIGEST_SHA256] = 32, [DIGEST_SHA384] = 48, [DIGEST_SHA512] = 64 };

	assert(kind < DIGEST_KIND_COUNT);
	return sizes[kind];
}

FALLIBLE digest_of(enum digest_kind kind, slice bytes, unsigned char *ret_digest)
{
	const struct algorithms *all;
	struct crypto_thread *thread;

	TRY(algorithms_get(&all));
	TRY(crypto_thread_get(&thread));
	if (EVP_DigestInit_ex2(thread->digest, all->digests[kind], NULL) != 1 ||
	    EVP_DigestUpdate(thread->digest, bytes.at, bytes.len) != 1 ||
	    EVP_DigestFinal_ex(thread->digest, ret_digest, NULL) != 1)
		return CRYPTO_FAIL("digesting");
	return OK;
}

FALLIBLE sha256(slice bytes, unsigned char ret_digest[SHA256_BYTES])
{
	return digest_of(DIGEST_SHA256, bytes, ret_digest);
}

FALLIBLE sha256_text(slice bytes, char ret_text[SHA256_TEXT_BYTES])
{
	unsigned char digest[SHA256_BYTES];

	TRY(sha256(bytes, digest));
	hex_encode_into(slice_of(digest, sizeof(digest)), ret_text);
	ret_text[SHA256_TEXT_BYTES - 1] = '\0';
	return OK;
}

FALLIBLE digest_new(enum digest_kind kind, struct digest **ret_digest)
{
	const struct algorithms *all;
	struct digest *digest;

	TRY(algorithms_get(&all));
	digest = NEW_ZERO(struct digest);
	if (!digest)
		return FAIL(FAULT_EXHAUSTED, "out of memory");
	digest->ctx = EVP_MD_CTX_new();
	if (!digest->ctx || EVP_DigestInit_ex2(digest->ctx, all->digests[kind], NULL) != 1) {
		digest = digest_free(digest);
		return CRYPTO_FAIL("digesting");
	}
	*ret_digest = digest;
	return OK;
}

FALLIBLE digest_add(struct digest *digest, slice bytes)
{
	if (EVP_DigestUpdate(digest->ctx, bytes.at, bytes.len) != 1)
		return CRYPTO_FAIL("digesting");
	return OK;
}

FALLIBLE digest_end(struct digest *digest, unsigned char *ret_digest)
{
	if (EVP_DigestFinal_ex(digest->ctx, ret_digest, NULL) != 1)
		return CRYPTO_FAIL("digesting");
	return OK;
}

struct digest *digest_free(struct digest *digest)
{
	if (digest)
		EVP_MD_CTX_free(digest->ctx);
	return mem_free(digest);
}

static void *bytes_of(slice s)
{
	return (void *)(uintptr_t)s.at; /* OSSL_PARAM takes what it only reads without const */
}

FALLIBLE hmac_sha256(slice key, slice bytes, unsigned char ret_mac[SHA256_BYTES])
{
	static const unsigned char none[1];
	struct crypto_thread *thread;
	size_t len = 0;
	bool ok;

	TRY(crypto_thread_get(&thread));
	/* A NULL key would mean "the one from before"; an empty one is given as a pointer. */
	ok = EVP_MAC_init(thread->hmac, key.len ? bytes_of(key) : none, key.len, NULL) == 1 &&
	     EVP_MAC_update(thread->hmac, (const unsigned char *)bytes.at, bytes.len) == 1 &&
	     EVP_MAC_final(thread->hmac, ret_mac, &len, SHA256_BYTES) == 1 && len == SHA256_BYTES;
	ok = EVP_MAC_init(thread->hmac, none, 0, NULL) == 1 && ok; /* the library wipes the key before */
	if (!ok)
		return CRYPTO_FAIL("authenticating");
	return OK;
}

FALLIBLE hkdf_sha256(slice key, slice salt, slice info, void *ret_key, size_t len)
{
	static char name[] = "SHA2-256";
	OSSL_PARAM params[5] = { OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, name, 0),
				 OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, bytes_of(key), key.len) };
	const struct algorithms *all;
	EVP_KDF_CTX *ctx;
	size_t n = 2;
	bool ok;

	assert(len <= (size_t)255 * SHA256_BYTES && key.len);
	if (salt.len)
		params[n++] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, bytes_of(salt), salt.len);
	if (info.len)
		params[n++] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, bytes_of(info), info.len);
	params[n] = OSSL_PARAM_construct_end();
	TRY(algorithms_get(&all));
	ctx = EVP_KDF_CTX_new(all->hkdf);
	ok = ctx && EVP_KDF_derive(ctx, ret_key, len, params) == 1;
	EVP_KDF_CTX_free(ctx);
	if (!ok)
		return CRYPTO_FAIL("deriving a key");
	return OK;
}
