/*
 * key: one public or private key and the algorithm it is for.
 *
 * Owns      the key's material, its name, and per thread a bounded cache of prepared contexts (context_impl.h).
 * Promises  immutable and counted, so that threads share it; the key, never a token, says which algorithm is used (RFC 8725
 *           section 3.1); what is weak never becomes a key: RSA below 2048 or above 4096 bits, even moduli, exponents that are
 *           even, 1 or above 2^32, points off the curve, explicit curve parameters, small-order Ed25519 points, symmetric keys.
 * Start at  key_from_jwk(), key_new(), key_verify(), key_sign().
 *
 * The algorithm: an EC or Ed25519 key has exactly one by its curve. An RSA key has the one its `alg` names; many issuers
 * leave `alg` out, and then a public key verifies all of RS256..512 and PS256..512 (one family, no member of which is weaker
 * for the others), and a private key signs RS256 and nothing else.
 */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include "base/json.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/secret.h"

/* RFC 7518 section 3.1 without HMAC and "none", which do not exist here; RFC 8037, RFC 9864. */
enum alg {
	ALG_UNSET,
	ALG_RS256,
	ALG_RS384,
	ALG_RS512,
	ALG_PS256,
	ALG_PS384,
	ALG_PS512,
	ALG_ES256,
	ALG_ES384,
	ALG_ES512,
	ALG_EDDSA, /* Ed25519 alone; "Ed25519" is read as the same */
	ALG_COUNT
};

#define KEY_SIGNATURE_BYTES_MAX 512
#define KEY_KID_BYTES_MAX 256
#define KEY_THUMBPRINT_BYTES 43 /* base64url of SHA-256 */
#define KEY_RSA_BITS_NEW 2048
#define KEY_TEXT_BYTES_MAX 16384 /* longest PEM or DER taken */

/* "RS256" ...; "" for ALG_UNSET. */
const char *alg_name(enum alg alg);
/* ALG_UNSET for any other text: case matters. */
enum alg alg_find(slice name);

/* Which half a text must hold. A private half where a public one is asked for is refused: it was sent by mistake. */
enum key_half { KEY_PUBLIC, KEY_PRIVATE };

struct key;

struct key *key_ref(struct key *key);
/* NULL is fine; always returns NULL. */
struct key *key_unref(struct key *key);

static inline void key_unrefp(struct key **key)
{
	*key = key_unref(*key);
}

/* All of these fail with FAULT_INVALID, saying why the key is not usable, or with FAULT_EXHAUSTED or FAULT_INTERNAL when memory
 * or the library fails. */

/* RFC 7517: `use` must be "sig" or absent, `key_ops` hold "verify" ("sign" for a private key) or be absent; members we do not
 * know are ignored. */
FALLIBLE key_from_jwk(const struct json *jwk, enum key_half half, struct key **ret_key);
FALLIBLE key_from_jwk_text(slice text, enum key_half half, struct key **ret_key);
/* SubjectPublicKeyInfo or an unencrypted private key. alg: ALG_UNSET or what an RSA key is for. */
FALLIBLE key_from_pem(slice pem, enum key_half half, enum alg alg, struct key **ret_key);
FALLIBLE key_from_der(slice der, enum key_half half, enum alg alg, struct key **ret_key);
/* A new private key; its kid is its thumbprint. RSA has KEY_RSA_BITS_NEW bits and takes about 100 ms: not on a loop. */
FALLIBLE key_new(enum alg alg, struct key **ret_key);

bool key_is_private(const struct key *key);
/* What it signs, and what a JWK made of it says; ALG_UNSET for an RSA key open to its family. */
enum alg key_alg(const struct key *key);
bool key_allows(const struct key *key, enum alg alg);
/* The JWK's own `kid`, else the thumbprint; lives as long as the key. */
slice key_kid(const struct key *key);
bool key_has_own_kid(const struct key *key);
/* RFC 7638 with SHA-256, base64url. */
slice key_thumbprint(const struct key *key);

/* The public half as a JWK with kty, use, alg (when fixed) and kid. */
void key_put_jwk(const struct key *key, struct json_writer *writer);
/* SubjectPublicKeyInfo. */
FALLIBLE key_put_public_der(const struct key *key, struct buffer *out);
/* PKCS #8, for sealing. FAULT_INVALID for a public key. */
FALLIBLE key_private_der(const struct key *key, struct secret *ret_der);

/* JOSE's raw form: r || s for EC, of fixed length. FAULT_INVALID for a public key. */
FALLIBLE key_sign(struct key *key, slice input, unsigned char ret_signature[KEY_SIGNATURE_BYTES_MAX], size_t *ret_len);
/* FAULT_UNAUTHENTIC when the signature is not this key's over input under alg, or the key is not for alg; FAULT_INTERNAL when
 * the library failed. Only OK means yes. */
FALLIBLE key_verify(struct key *key, enum alg alg, slice input, slice signature);

#endif
