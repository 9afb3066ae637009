/*
 * key_der: keys from and to PEM and DER, and new ones. Never asks anybody for a password.
 */
#include <assert.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "crypto/key_impl.h"
#include "crypto/openssl_impl.h"

/* A text that asks for a password gets none: nobody sits at our terminal. */
static int no_password(char *into, int size, int writing, void *user)
{
	return -1;
}

static FALLIBLE adopt_or_refuse(EVP_PKEY *pkey, enum key_half half, enum alg alg, struct key **ret_key)
{
	if (!pkey) {
		crypto_forget();
		return FAIL(FAULT_INVALID, half == KEY_PUBLIC ? "no public key" : "no unencrypted private key");
	}
	return key_adopt(pkey, half, alg, NULL, ret_key);
}

FALLIBLE key_from_pem(slice pem, enum key_half half, enum alg alg, struct key **ret_key)
{
	EVP_PKEY *pkey;
	BIO *bio;

	if (pem.len == 0 || pem.len > KEY_TEXT_BYTES_MAX)
		return FAIL(FAULT_INVALID, "a key in PEM has 1 to %d bytes", KEY_TEXT_BYTES_MAX);
	bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	if (!bio)
		return CRYPTO_FAIL("reading a key");
	pkey = half == KEY_PUBLIC ? PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL)
				  : PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	(void)BIO_free(bio); /* a memory BIO always frees */
	return adopt_or_refuse(pkey, half, alg, ret_key);
}

FALLIBLE key_from_der(slice der, enum key_half half, enum alg alg, struct key **ret_key)
{
	const unsigned char *at = (const unsigned char *)der.at;
	EVP_PKEY *pkey;

	if (der.len == 0 || der.len > KEY_TEXT_BYTES_MAX)
		return FAIL(FAULT_INVALID, "a key in DER has 1 to %d bytes", KEY_TEXT_BYTES_MAX);
	pkey = half == KEY_PUBLIC ? d2i_PUBKEY(NULL, &at, (long)der.len) : d2i_AutoPrivateKey(NULL, &at, (long)der.len);
	if (pkey && at != (const unsigned char *)der.at + der.len) {
		EVP_PKEY_free(pkey);
		return FAIL(FAULT_INVALID, "something follows the key");
	}
	return adopt_or_refuse(pkey, half, alg, ret_key);
}

FALLIBLE key_new(enum alg alg, struct key **ret_key)
{
	const struct alg_row *row = alg_row(alg);
	EVP_PKEY *pkey = NULL;

	assert(alg != ALG_UNSET && alg < ALG_COUNT);
	switch (row->type) {
	case KEY_RSA:
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)KEY_RSA_BITS_NEW);
		break;
	case KEY_EC:
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", row->group);
		break;
	case KEY_ED25519:
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		break;
	}
	if (!pkey)
		return CRYPTO_FAIL("making a new key");
	return key_adopt(pkey, KEY_PRIVATE, alg, NULL, ret_key);
}

FALLIBLE key_put_public_der(const struct key *key, struct buffer *out)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key->pkey, &der);

	if (len <= 0)
		return CRYPTO_FAIL("writing a key");
	buffer_add(out, slice_of(der, (size_t)len));
	OPENSSL_free(der);
	if (buffer_failed(out))
		return FAIL(FAULT_EXHAUSTED, "no room for a key");
	return OK;
}

FALLIBLE key_private_der(const struct key *key, struct secret *ret_der)
{
	PKCS8_PRIV_KEY_INFO *info;
	unsigned char *der = NULL;
	status st;
	int len;

	if (!key->is_private)
		return FAIL(FAULT_INVALID, "a public key has no private half");
	info = EVP_PKEY2PKCS8(key->pkey);
	len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
	PKCS8_PRIV_KEY_INFO_free(info);
	if (len <= 0)
		return CRYPTO_FAIL("writing a key");
	st = secret_set(ret_der, slice_of(der, (size_t)len));
	OPENSSL_clear_free(der, (size_t)len);
	TRY(st);
	return OK;
}
