/*
 * keys: what the tests of keys and of signatures share.
 */
#ifndef TESTS_UNIT_CRYPTO_KEYS_H
#define TESTS_UNIT_CRYPTO_KEYS_H

#include "test.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "crypto/key.h"
#include "vectors.h"

#define TEXT SLICE("what is signed")

static inline struct key *jwk_half(const char *text, enum key_half half)
{
	struct key *key = NULL;

	CHECK_OK(key_from_jwk_text(slice_str(text), half, &key));
	return key;
}

static inline struct key *public_of(const char *text)
{
	return jwk_half(text, KEY_PUBLIC);
}

static inline struct key *private_of(const char *text)
{
	return jwk_half(text, KEY_PRIVATE);
}

static inline bool verifies(struct key *key, enum alg alg, slice input, const void *signature, size_t len)
{
	status st = key_verify(key, alg, input, slice_of(signature, len));

	CHECK(!FAILED(st) || st.fault == FAULT_UNAUTHENTIC);
	CHECK_INT(ERR_peek_error(), 0);
	return !FAILED(st);
}

/* Private keys, one for each algorithm there is a printed key for. */
__attribute__((unused)) static const char *const signers[] = {
	"{" RSA_PRIVATE ",\"alg\":\"RS256\"}",
	"{" RSA_PRIVATE ",\"alg\":\"RS384\"}",
	"{" RSA_PRIVATE ",\"alg\":\"RS512\"}",
	"{" RSA_PRIVATE ",\"alg\":\"PS256\"}",
	"{" RSA_PRIVATE ",\"alg\":\"PS384\"}",
	"{" RSA_PRIVATE ",\"alg\":\"PS512\"}",
	"{" P256_PRIVATE "}",
	"{" P521_PRIVATE "}",
	"{" ED25519_PRIVATE "}",
};
#define SIGNERS (sizeof(signers) / sizeof(*signers))

/* PEM of a key the library made, written as `how` says. */
enum how { HOW_PUBLIC, HOW_PRIVATE, HOW_ENCRYPTED };

static inline slice pem_of(EVP_PKEY *pkey, enum how how)
{
	static char text[8192];
	BIO *bio = BIO_new(BIO_s_mem());
	char password[] = "x";
	int len;

	assert_non_null(pkey);
	if (how == HOW_PUBLIC)
		CHECK(PEM_write_bio_PUBKEY(bio, pkey) == 1);
	else
		CHECK(PEM_write_bio_PKCS8PrivateKey(bio, pkey, how == HOW_ENCRYPTED ? EVP_aes_256_cbc() : NULL, password,
						    how == HOW_ENCRYPTED ? 1 : 0, NULL, NULL) == 1);
	len = BIO_read(bio, text, sizeof(text));
	BIO_free(bio);
	EVP_PKEY_free(pkey);
	CHECK(len > 0);
	return slice_of(text, (size_t)len);
}

#endif
