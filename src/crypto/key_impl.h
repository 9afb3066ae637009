/*
 * key_impl: what a key is made of, and the table of algorithms.
 */
#ifndef CRYPTO_KEY_IMPL_H
#define CRYPTO_KEY_IMPL_H

#include <openssl/evp.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "crypto/key.h"

enum key_type { KEY_RSA, KEY_EC, KEY_ED25519 };

/* To add an algorithm: a name in enum alg, a row here; key_verify and key_sign follow the row. */
struct alg_row {
	const char *name;
	enum key_type type;
	enum digest_kind digest; /* unused for Ed25519 */
	bool pss;                /* RSA */
	const char *crv, *group; /* EC: the JWK's and the library's name */
	size_t half_bytes;       /* EC: of r, s, x, y and d */
};

const struct alg_row *alg_row(enum alg alg);

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096
#define RSA_BYTES_MAX (RSA_BITS_MAX / 8)
#define RSA_EXPONENT_BITS_MAX 32
#define EC_HALF_BYTES_MAX 66
#define ED25519_BYTES 32

struct key {
	unsigned refs;   /* by atomic builtins; all else is constant once made */
	uint64_t serial; /* never used again: the name in the context caches */
	EVP_PKEY *pkey;
	enum key_type type;
	bool is_private, has_kid;
	enum alg alg; /* ALG_UNSET: all of RSA */
	size_t kid_len;
	char kid[KEY_KID_BYTES_MAX];
	char thumbprint[BASE64_TEXT_BYTES(SHA256_BYTES)]; /* KEY_THUMBPRINT_BYTES of it are used */
	/* The public half, big-endian: n and e, x and y, or x alone. */
	size_t first_len, second_len;
	unsigned char first[RSA_BYTES_MAX], second[EC_HALF_BYTES_MAX];
};

/* Makes a key of pkey, which it takes over whatever happens. Checks everything key.h promises of any key. alg: what an RSA key
 * is for, or what any other must agree with, or ALG_UNSET. kid: NULL when it has none. */
FALLIBLE key_adopt(EVP_PKEY *pkey, enum key_half half, enum alg alg, const slice *kid, struct key **ret_key);
/* Writes the thumbprint of a key whose public half is filled in. */
FALLIBLE key_name(struct key *key);

#endif
