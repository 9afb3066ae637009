#include "test.h"

#include <openssl/bn.h>
#include <openssl/rsa.h>
#include <pthread.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "keys.h"

static void check_signs(struct key *key, size_t want_len)
{
	unsigned char signature[KEY_SIGNATURE_BYTES_MAX];
	size_t len = 0;

	CHECK_OK(key_sign(key, TEXT, signature, &len));
	CHECK_INT(len, want_len);
	CHECK(verifies(key, key_alg(key), TEXT, signature, len));
	CHECK(!verifies(key, key_alg(key), SLICE("what is not signed"), signature, len));
	for (size_t bit = 0; bit < len * 8; bit += 37) {
		signature[bit / 8] ^= (unsigned char)(1 << bit % 8);
		CHECK(!verifies(key, key_alg(key), TEXT, signature, len));
		signature[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	CHECK(!verifies(key, key_alg(key), TEXT, signature, len - 1) && !verifies(key, key_alg(key), TEXT, signature, 0));
	for (enum alg alg = ALG_UNSET; alg < ALG_COUNT; alg++)
		CHECK_INT(verifies(key, alg, TEXT, signature, len), alg == key_alg(key));
}

TEST(every_algorithm_signs_what_it_verifies_and_nothing_else)
{
	static const size_t lengths[SIGNERS] = { 256, 256, 256, 256, 256, 256, 64, 132, 64 };

	for (size_t i = 0; i < SIGNERS; i++) {
		struct key *key = private_of(signers[i]);
		check_signs(key, lengths[i]);
		key = key_unref(key);
	}
}

TEST(new_keys_are_usable_and_all_different)
{
	static const enum alg algs[] = { ALG_ES256, ALG_ES384, ALG_ES512, ALG_EDDSA, ALG_PS256 };
	static const size_t lengths[] = { 64, 96, 132, 64, 256 };

	for (size_t i = 0; i < sizeof(algs) / sizeof(*algs); i++) {
		struct key *key = NULL, *other = NULL;
		CHECK_OK(key_new(algs[i], &key));
		CHECK_INT(key_alg(key), algs[i]);
		CHECK(key_is_private(key) && key_kid(key).len == KEY_THUMBPRINT_BYTES);
		check_signs(key, lengths[i]);
		if (algs[i] != ALG_PS256) {
			CHECK_OK(key_new(algs[i], &other));
			CHECK(!slice_eq(key_kid(key), key_kid(other)));
		}
		other = key_unref(other);
		key = key_unref(key);
	}
}

/* ECDSA ------------------------------------------------------------------------------------------------------------------ */

#define P256_N "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define P256_N_PLUS_1 "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552"
#define P256_P "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE "0000000000000000000000000000000000000000000000000000000000000001"
#define ALL "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

TEST(CVE_2022_21449_degenerate_ecdsa_signatures_are_refused)
{
	static const char *const numbers[] = { ZERO, ONE, P256_N, P256_N_PLUS_1, P256_P, ALL };
	struct key *p256 = public_of("{" P256_PUBLIC "}"), *p521 = public_of("{" P521_PUBLIC "}");
	unsigned char signature[132];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		for (size_t k = 0; k < sizeof(numbers) / sizeof(*numbers); k++) {
			CHECK(hex_decode_into(slice_str(numbers[i]), signature, 32));
			CHECK(hex_decode_into(slice_str(numbers[k]), signature + 32, 32));
			CHECK(!verifies(p256, ALG_ES256, TEXT, signature, 64));
			CHECK(!verifies(p256, ALG_ES256, SLICE(""), signature, 64));
		}
	for (int fill = 0; fill < 256; fill += 255) {
		memset(signature, fill, sizeof(signature));
		CHECK(!verifies(p521, ALG_ES512, TEXT, signature, sizeof(signature)));
	}
	p256 = key_unref(p256);
	p521 = key_unref(p521);
}

static bool add_order(unsigned char s[32], const char *order_hex)
{
	BIGNUM *number = BN_bin2bn(s, 32, NULL), *order = NULL;
	bool fits = BN_hex2bn(&order, order_hex) > 0 && BN_add(number, number, order) == 1 && BN_bn2binpad(number, s, 32) == 32;

	BN_free(number);
	BN_free(order);
	ERR_clear_error();
	return fits;
}

TEST(ecdsa_numbers_are_below_the_order_and_of_full_length)
{
	struct key *key = private_of("{" P256_PRIVATE "}");
	unsigned char signature[KEY_SIGNATURE_BYTES_MAX], changed[140];
	size_t len;

	CHECK_OK(key_sign(key, TEXT, signature, &len));
	/* r and s of other lengths: a zero in front, one off the front, halves swapped, a byte behind. */
	memset(changed, 0, sizeof(changed));
	memcpy(changed + 1, signature, 64);
	CHECK(!verifies(key, ALG_ES256, TEXT, changed, 65));
	CHECK(!verifies(key, ALG_ES256, TEXT, signature + 1, 63));
	memcpy(changed + 1, signature, 32);
	memset(changed + 33, 0, 1);
	memcpy(changed + 34, signature + 32, 32);
	CHECK(!verifies(key, ALG_ES256, TEXT, changed, 66));
	memcpy(changed, signature + 32, 32);
	memcpy(changed + 32, signature, 32);
	CHECK(!verifies(key, ALG_ES256, TEXT, changed, 64));
	memcpy(changed, signature, 64);
	changed[64] = 0;
	CHECK(!verifies(key, ALG_ES256, TEXT, changed, 65) && verifies(key, ALG_ES256, TEXT, changed, 64));
	/* The same number plus the order is congruent, and refused all the same: only tiny ones fit, so take s = 1. */
	memset(changed + 32, 0, 32);
	changed[63] = 1;
	CHECK(add_order(changed + 32, P256_N));
	CHECK(!verifies(key, ALG_ES256, TEXT, changed, 64));
	key = key_unref(key);
}

TEST(ecdsa_signatures_in_der_are_refused)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char der[80];
	struct key *key = NULL;
	size_t len = sizeof(der);

	CHECK(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, pkey, NULL) == 1);
	CHECK(EVP_DigestSign(ctx, der, &len, (const unsigned char *)TEXT.at, TEXT.len) == 1);
	CHECK_OK(key_from_pem(pem_of(pkey, HOW_PUBLIC), KEY_PUBLIC, ALG_UNSET, &key));
	CHECK(!verifies(key, ALG_ES256, TEXT, der, len));
	CHECK(!verifies(key, ALG_ES256, TEXT, der, 64));
	EVP_MD_CTX_free(ctx);
	key = key_unref(key);
}

/* Short r and s take fewer bytes in DER: both directions must pad them right, so sign often enough to meet some. */
TEST(ecdsa_numbers_with_leading_zeros_keep_their_place)
{
	struct key *keys[] = { private_of("{" P256_PRIVATE "}"), private_of("{" P521_PRIVATE "}") };
	static const size_t halves[] = { 32, 66 };

	for (size_t i = 0; i < 2; i++) {
		bool met_short = false;
		/* One of 128 or of 256 is short: that none of so many is will not be seen. */
		for (int n = 0; n < 20000 && !(met_short && n > 20); n++) {
			unsigned char signature[KEY_SIGNATURE_BYTES_MAX];
			size_t len, half = halves[i];
			CHECK_OK(key_sign(keys[i], TEXT, signature, &len));
			CHECK_INT(len, 2 * half);
			met_short = met_short || (i == 0 ? signature[0] == 0 || signature[half] == 0
							 : (signature[0] == 0 && signature[1] == 0) ||
								   (signature[half] == 0 && signature[half + 1] == 0));
			if (n < 20 || met_short)
				CHECK(verifies(keys[i], key_alg(keys[i]), TEXT, signature, len));
		}
		CHECK(met_short);
		keys[i] = key_unref(keys[i]);
	}
}

/* Ed25519 and RSA ---------------------------------------------------------------------------------------------------------- */

TEST(an_ed25519_signature_has_one_form)
{
	/* The group's order, little-endian; s + L is congruent to s. */
	static const unsigned char order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
						 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };
	struct key *key = private_of("{" ED25519_PRIVATE "}");
	unsigned char signature[KEY_SIGNATURE_BYTES_MAX];
	unsigned carry = 0;
	size_t len;

	CHECK_OK(key_sign(key, TEXT, signature, &len));
	for (size_t i = 0; i < 32; i++) {
		carry += signature[32 + i] + (unsigned)order[i];
		signature[32 + i] = (unsigned char)carry;
		carry >>= 8;
	}
	CHECK(!verifies(key, ALG_EDDSA, TEXT, signature, len));
	memset(signature, 0, len);
	CHECK(!verifies(key, ALG_EDDSA, TEXT, signature, len));
	signature[0] = 1; /* R the identity, s = 0 */
	CHECK(!verifies(key, ALG_EDDSA, TEXT, signature, len));
	key = key_unref(key);
}

/* A signature by the RFC's private key with parameters of the test's choice. */
static size_t rsa_sign(int padding, int salt, const char *md, const char *mgf1, unsigned char *into)
{
	struct key *key = private_of("{" RSA_PRIVATE "}");
	const unsigned char *at;
	unsigned char digest[64];
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *pkey;
	SECRET der = { 0 };
	size_t len = KEY_SIGNATURE_BYTES_MAX;

	CHECK_OK(key_private_der(key, &der));
	at = der.bytes;
	pkey = d2i_AutoPrivateKey(NULL, &at, (long)der.len);
	CHECK_OK(digest_of(strcmp(md, "SHA256") == 0 ? DIGEST_SHA256 : DIGEST_SHA512, TEXT, digest));
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	CHECK(EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, padding) > 0);
	CHECK(EVP_PKEY_CTX_set_signature_md(ctx, EVP_get_digestbyname(md)) > 0);
	if (padding == RSA_PKCS1_PSS_PADDING)
		CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt) > 0 &&
		      EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_get_digestbyname(mgf1)) > 0);
	CHECK(EVP_PKEY_sign(ctx, into, &len, digest, strcmp(md, "SHA256") == 0 ? 32 : 64) == 1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	key = key_unref(key);
	return len;
}

TEST(pss_takes_only_the_salt_and_mask_of_rfc_7518)
{
	struct key *key = public_of("{" RSA_PUBLIC "}");
	unsigned char signature[KEY_SIGNATURE_BYTES_MAX];
	size_t len = rsa_sign(RSA_PKCS1_PSS_PADDING, 32, "SHA256", "SHA256", signature);

	CHECK(verifies(key, ALG_PS256, TEXT, signature, len));
	CHECK(!verifies(key, ALG_RS256, TEXT, signature, len) && !verifies(key, ALG_PS512, TEXT, signature, len));
	len = rsa_sign(RSA_PKCS1_PSS_PADDING, 0, "SHA256", "SHA256", signature);
	CHECK(!verifies(key, ALG_PS256, TEXT, signature, len));
	len = rsa_sign(RSA_PKCS1_PSS_PADDING, 20, "SHA256", "SHA256", signature);
	CHECK(!verifies(key, ALG_PS256, TEXT, signature, len));
	len = rsa_sign(RSA_PKCS1_PSS_PADDING, 32, "SHA256", "SHA1", signature);
	CHECK(!verifies(key, ALG_PS256, TEXT, signature, len));
	len = rsa_sign(RSA_PKCS1_PADDING, 0, "SHA256", NULL, signature);
	CHECK(verifies(key, ALG_RS256, TEXT, signature, len));
	CHECK(!verifies(key, ALG_PS256, TEXT, signature, len) && !verifies(key, ALG_RS512, TEXT, signature, len));
	key = key_unref(key);
}

TEST(rsa_signatures_have_the_length_of_the_modulus_and_are_below_it)
{
	struct key *key = public_of("{" RSA_PUBLIC "}");
	unsigned char signature[KEY_SIGNATURE_BYTES_MAX + 1] = { 0 };
	size_t len = rsa_sign(RSA_PKCS1_PADDING, 0, "SHA256", NULL, signature + 1);

	CHECK(verifies(key, ALG_RS256, TEXT, signature + 1, len));
	CHECK(!verifies(key, ALG_RS256, TEXT, signature, len + 1) && !verifies(key, ALG_RS256, TEXT, signature + 1, len - 1));
	for (enum alg alg = ALG_RS256; alg <= ALG_PS512; alg++) {
		memset(signature, 0, sizeof(signature));
		CHECK(!verifies(key, alg, TEXT, signature, 256));
		signature[255] = 1; /* 1 to any power is 1 */
		CHECK(!verifies(key, alg, TEXT, signature, 256));
		memset(signature, 0xff, sizeof(signature));
		CHECK(!verifies(key, alg, TEXT, signature, 256));
	}
	key = key_unref(key);
}

/* Threads ------------------------------------------------------------------------------------------------------------------ */

#define MANY_KEYS 150 /* more than the contexts a thread keeps */
#define THREADS 4

struct crowd {
	struct key *keys[MANY_KEYS];
	unsigned char signatures[MANY_KEYS][64];
};

static void *verify_all(void *at)
{
	struct crowd *crowd = at;
	size_t wrong = 0;

	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < MANY_KEYS; i++) {
			/* A key of the same algorithm, near or far: contexts mixed up would verify its signature. */
			size_t other = (i + (round ? 16 : 2)) % MANY_KEYS;
			slice mine = slice_of(crowd->signatures[i], 64), not_mine = slice_of(crowd->signatures[other], 64);
			struct key *key = key_ref(crowd->keys[i]);
			wrong += FAILED(key_verify(key, key_alg(key), TEXT, mine));
			wrong += !FAILED(key_verify(key, key_alg(key), TEXT, not_mine));
			key = key_unref(key);
		}
	return (void *)wrong;
}

TEST(keys_are_shared_by_threads_beyond_what_their_caches_hold)
{
	static struct crowd crowd;
	pthread_t threads[THREADS];

	for (size_t i = 0; i < MANY_KEYS; i++) {
		unsigned char signature[KEY_SIGNATURE_BYTES_MAX];
		size_t len;
		CHECK_OK(key_new(i % 2 ? ALG_ES256 : ALG_EDDSA, &crowd.keys[i]));
		CHECK_OK(key_sign(crowd.keys[i], TEXT, signature, &len));
		memcpy(crowd.signatures[i], signature, 64);
	}
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, verify_all, &crowd) == 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *wrong;
		CHECK(pthread_join(threads[i], &wrong) == 0);
		CHECK(wrong == NULL);
	}
	for (size_t i = 0; i < MANY_KEYS; i++)
		crowd.keys[i] = key_unref(crowd.keys[i]);
}

TESTS(every_algorithm_signs_what_it_verifies_and_nothing_else, new_keys_are_usable_and_all_different,
      CVE_2022_21449_degenerate_ecdsa_signatures_are_refused, ecdsa_numbers_are_below_the_order_and_of_full_length,
      ecdsa_signatures_in_der_are_refused, ecdsa_numbers_with_leading_zeros_keep_their_place, an_ed25519_signature_has_one_form,
      pss_takes_only_the_salt_and_mask_of_rfc_7518, rsa_signatures_have_the_length_of_the_modulus_and_are_below_it,
      keys_are_shared_by_threads_beyond_what_their_caches_hold)
