/*
 * key_adopt: the one gate every key passes, whichever way it came.
 *
 * Promises  what key.h says of any key holds behind key_adopt(); a private key has signed once and its public half agreed.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>

#include "base/mem.h"
#include "crypto/key_impl.h"
#include "crypto/openssl_impl.h"

#define GROUP_NAME_BYTES 64

static FALLIBLE fill_in(struct key *key, enum key_half half, enum alg alg, const slice *kid);

/* What no key of ours has been called yet. */
static uint64_t next_serial(void)
{
	static uint64_t last;

	return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED); /* only uniqueness matters */
}

FALLIBLE key_adopt(EVP_PKEY *pkey, enum key_half half, enum alg alg, const slice *kid, struct key **ret_key)
{
	struct key *key = NEW_ZERO(struct key);
	status st;

	if (!key) {
		EVP_PKEY_free(pkey);
		return FAIL(FAULT_EXHAUSTED, "out of memory");
	}
	key->refs = 1;
	key->serial = next_serial();
	key->pkey = pkey;
	st = fill_in(key, half, alg, kid);
	crypto_forget(); /* asking a key for what it is may leave entries even when all is well */
	if (FAILED(st)) {
		key = key_unref(key);
		TRY(st);
	}
	*ret_key = key;
	return OK;
}

/* A number of the public half in as few bytes as it takes, or in `exactly` so many when that is not 0. */
static bool read_number(const EVP_PKEY *pkey, const char *name, unsigned char *into, size_t size, size_t exactly,
			size_t *ret_len)
{
	BIGNUM *number = NULL;
	bool ok = EVP_PKEY_get_bn_param(pkey, name, &number) == 1;
	size_t len = ok ? (size_t)BN_num_bytes(number) : 0;

	if (exactly)
		ok = ok && len <= exactly;
	len = exactly ? exactly : len;
	ok = ok && len <= size && BN_bn2binpad(number, into, (int)len) == (int)len;
	BN_clear_free(number);
	*ret_len = len;
	return ok;
}

static unsigned bits_of(const unsigned char *number, size_t len)
{
	return len ? (unsigned)(len * 8) - (unsigned)__builtin_clz(number[0]) + 24 : 0; /* no leading zero byte */
}

static FALLIBLE fill_rsa(struct key *key)
{
	unsigned bits;

	key->type = KEY_RSA;
	if (!read_number(key->pkey, OSSL_PKEY_PARAM_RSA_N, key->first, sizeof(key->first), 0, &key->first_len) ||
	    (bits = bits_of(key->first, key->first_len)) < RSA_BITS_MIN || bits > RSA_BITS_MAX)
		return FAIL(FAULT_INVALID, "an RSA key needs %d to %d bits", RSA_BITS_MIN, RSA_BITS_MAX);
	if (!(key->first[key->first_len - 1] & 1))
		return FAIL(FAULT_INVALID, "the modulus of an RSA key is odd");
	if (!read_number(key->pkey, OSSL_PKEY_PARAM_RSA_E, key->second, sizeof(key->second), 0, &key->second_len) ||
	    (bits = bits_of(key->second, key->second_len)) < 2 || bits > RSA_EXPONENT_BITS_MAX ||
	    !(key->second[key->second_len - 1] & 1))
		return FAIL(FAULT_INVALID, "the exponent of an RSA key is odd and from 3 to 2^32");
	return OK;
}

/* On the curve and not the point at infinity, whichever way the key came to us. */
static bool is_on_curve(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	bool ok = ctx && EVP_PKEY_public_check_quick(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static FALLIBLE fill_ec(struct key *key)
{
	const struct alg_row *row;
	char group[GROUP_NAME_BYTES] = "";
	int is_explicit = 0;

	key->type = KEY_EC;
	if (EVP_PKEY_get_group_name(key->pkey, group, sizeof(group), NULL) != 1 ||
	    (EVP_PKEY_get_int_param(key->pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &is_explicit) == 1 &&
	     is_explicit))
		return FAIL(FAULT_INVALID, "an elliptic curve that has no name");
	for (enum alg alg = ALG_ES256; alg <= ALG_ES512; alg++)
		if (strcmp(alg_row(alg)->group, group) == 0)
			key->alg = alg;
	if (key->alg == ALG_UNSET)
		return FAIL(FAULT_INVALID, "the curve of an EC key is P-256, P-384 or P-521");
	row = alg_row(key->alg);
	if (!is_on_curve(key->pkey) ||
	    !read_number(key->pkey, OSSL_PKEY_PARAM_EC_PUB_X, key->first, sizeof(key->first), row->half_bytes,
			 &key->first_len) ||
	    !read_number(key->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, key->second, sizeof(key->second), row->half_bytes,
			 &key->second_len))
		return FAIL(FAULT_INVALID, "the point of an EC key is not on its curve");
	return OK;
}

/* Under a point of small order a forged signature verifies for many texts. Their y, little-endian, sign bit off; other
 * encodings of the same points are not below the prime and refused for that. */
static bool is_small_order(const unsigned char x[ED25519_BYTES])
{
	static const unsigned char small[][ED25519_BYTES] = {
		{ 0x01 },
		{ 0x00 },
		{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
		{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		  0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
		{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		  0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
	};
	unsigned char y[ED25519_BYTES];

	memcpy(y, x, sizeof(y));
	y[ED25519_BYTES - 1] &= 0x7f;
	for (size_t i = 0; i < sizeof(small) / sizeof(*small); i++)
		if (memcmp(y, small[i], sizeof(y)) == 0)
			return true;
	return false;
}

/* y below 2^255 - 19 (RFC 8032 section 5.1.3). */
static bool is_canonical(const unsigned char x[ED25519_BYTES])
{
	if ((x[ED25519_BYTES - 1] & 0x7f) != 0x7f || x[0] < 0xed)
		return true;
	for (size_t i = 1; i < ED25519_BYTES - 1; i++)
		if (x[i] != 0xff)
			return true;
	return false;
}

static FALLIBLE fill_ed25519(struct key *key)
{
	key->type = KEY_ED25519;
	key->alg = ALG_EDDSA;
	key->first_len = sizeof(key->first);
	if (EVP_PKEY_get_raw_public_key(key->pkey, key->first, &key->first_len) != 1 || key->first_len != ED25519_BYTES)
		return FAIL(FAULT_INVALID, "an Ed25519 key has %d bytes", ED25519_BYTES);
	if (!is_canonical(key->first) || is_small_order(key->first))
		return FAIL(FAULT_INVALID, "an Ed25519 key that verifies forgeries");
	return OK;
}

/* That both halves belong together: a public half of another key beside an Ed25519 private one would give it away. */
static FALLIBLE check_pair(struct key *key)
{
	unsigned char signature[KEY_SIGNATURE_BYTES_MAX];
	slice probe = SLICE("do both halves belong together?");
	size_t len;

	if (FAILED(key_sign(key, probe, signature, &len)) || FAILED(key_verify(key, key->alg, probe, slice_of(signature, len))))
		return FAIL(FAULT_INVALID, "the private half does not belong to the public one");
	return OK;
}

static FALLIBLE fill_in(struct key *key, enum key_half half, enum alg alg, const slice *kid)
{
	if (kid && (kid->len == 0 || kid->len > sizeof(key->kid)))
		return FAIL(FAULT_INVALID, "a kid has 1 to %d bytes", KEY_KID_BYTES_MAX);
	if (EVP_PKEY_is_a(key->pkey, "RSA"))
		TRY(fill_rsa(key));
	else if (EVP_PKEY_is_a(key->pkey, "EC"))
		TRY(fill_ec(key));
	else if (EVP_PKEY_is_a(key->pkey, "ED25519"))
		TRY(fill_ed25519(key));
	else
		return FAIL(FAULT_INVALID, "a key is RSA, EC or Ed25519");
	if (key->type == KEY_RSA && alg == ALG_UNSET && half == KEY_PRIVATE)
		alg = ALG_RS256;
	if (alg != ALG_UNSET && (alg_row(alg)->type != key->type || (key->type != KEY_RSA && key->alg != alg)))
		return FAIL(FAULT_INVALID, "the key is not for %s", alg_name(alg));
	if (key->type == KEY_RSA)
		key->alg = alg;
	if (kid) {
		memcpy(key->kid, kid->at, kid->len);
		key->kid_len = kid->len;
		key->has_kid = true;
	}
	TRY(key_name(key));
	key->is_private = half == KEY_PRIVATE;
	if (key->is_private)
		TRY(check_pair(key));
	return OK;
}
