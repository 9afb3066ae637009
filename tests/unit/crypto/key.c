#include "test.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <pthread.h>

#include "base/buffer.h"
#include "base/encode.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "vectors.h"

#define TEXT SLICE("what is signed")

static struct key *jwk_half(const char *text, enum key_half half)
{
	struct key *key = NULL;

	CHECK_OK(key_from_jwk_text(slice_str(text), half, &key));
	return key;
}

static struct key *public_of(const char *text)
{
	return jwk_half(text, KEY_PUBLIC);
}

static struct key *private_of(const char *text)
{
	return jwk_half(text, KEY_PRIVATE);
}

static bool refused(slice text, enum key_half half)
{
	struct key *key = NULL;
	status st = key_from_jwk_text(text, half, &key);

	return st.fault == FAULT_INVALID && !key && ERR_peek_error() == 0;
}

static bool jwk_refused(const char *text)
{
	return refused(slice_str(text), KEY_PUBLIC);
}

/* A test's own RSA JWK: a modulus of n_bits ones, but for its last byte, and an exponent. */
static const char *rsa_jwk(size_t n_bits, unsigned char last, uint64_t e)
{
	static char text[8192];
	unsigned char n[2049], e_bytes[8], *e_at = e_bytes;
	char n_text[4096], e_text[16];
	size_t bytes = (n_bits + 7) / 8, e_len = 8;

	memset(n, 0xff, bytes);
	n[0] = (unsigned char)(0xff >> (bytes * 8 - n_bits));
	n[bytes - 1] = last;
	for (int i = 0; i < 8; i++)
		e_bytes[i] = (unsigned char)(e >> (56 - 8 * i));
	for (; e_len > 1 && *e_at == 0; e_len--)
		e_at++;
	n_text[base64_encode_into(BASE64_URL, slice_of(n, bytes), n_text)] = '\0';
	e_text[base64_encode_into(BASE64_URL, slice_of(e_at, e_len), e_text)] = '\0';
	(void)snprintf(text, sizeof(text), "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}", n_text, e_text); /* fits */
	return text;
}

static bool verifies(struct key *key, enum alg alg, slice input, const void *signature, size_t len)
{
	status st = key_verify(key, alg, input, slice_of(signature, len));

	CHECK(!FAILED(st) || st.fault == FAULT_UNAUTHENTIC);
	CHECK_INT(ERR_peek_error(), 0);
	return !FAILED(st);
}

TEST(thumbprints_of_rfc_7638_and_rfc_8037_come_out)
{
	struct key *rsa = public_of(RFC_7638_JWK), *ed = public_of("{" ED25519_PUBLIC "}");

	CHECK_SLICE(key_thumbprint(rsa), RFC_7638_THUMBPRINT);
	CHECK_SLICE(key_kid(rsa), "2011-04-29");
	CHECK_SLICE(key_thumbprint(ed), ED25519_THUMBPRINT);
	CHECK_SLICE(key_kid(ed), ED25519_THUMBPRINT);
	CHECK(key_has_own_kid(rsa) && !key_has_own_kid(ed) && !key_is_private(rsa));
	rsa = key_unref(rsa);
	ed = key_unref(ed);
}

TEST(the_key_fixes_the_algorithm)
{
	static const struct {
		const char *jwk;
		enum alg alg; /* the only one, or ALG_UNSET for the RSA family */
	} cases[] = {
		{ "{" RSA_PUBLIC "}", ALG_UNSET },
		{ "{" RSA_PUBLIC ",\"alg\":\"RS256\",\"use\":\"sig\"}", ALG_RS256 },
		{ "{" RSA_PUBLIC ",\"alg\":\"PS384\",\"key_ops\":[\"encrypt\",\"verify\"]}", ALG_PS384 },
		{ "{" P256_PUBLIC "}", ALG_ES256 },
		{ "{" P256_PUBLIC ",\"alg\":\"ES256\",\"x5c\":[\"ignored\"],\"ext\":true}", ALG_ES256 },
		{ "{" P521_PUBLIC "}", ALG_ES512 },
		{ "{" ED25519_PUBLIC "}", ALG_EDDSA },
		{ "{" ED25519_PUBLIC ",\"alg\":\"Ed25519\"}", ALG_EDDSA },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct key *key = public_of(cases[i].jwk);
		CHECK_INT(key_alg(key), cases[i].alg);
		CHECK(!key_allows(key, ALG_UNSET) && !key_allows(key, ALG_COUNT));
		for (enum alg alg = ALG_RS256; alg < ALG_COUNT; alg++)
			CHECK_INT(key_allows(key, alg), cases[i].alg == ALG_UNSET ? alg <= ALG_PS512 : alg == cases[i].alg);
		key = key_unref(key);
	}
}

TEST(a_private_rsa_key_without_alg_signs_rs256_and_nothing_else)
{
	struct key *key = private_of("{" RSA_PRIVATE "}");

	CHECK_INT(key_alg(key), ALG_RS256);
	CHECK(!key_allows(key, ALG_PS256) && !key_allows(key, ALG_RS512));
	key = key_unref(key);
}

TEST(names_of_algorithms_are_exact)
{
	static const char *const none[] = { "",       "none", "None",   "NONE",     "HS256", "rs256",
					    "RS256 ", "RS1",  "ES256K", "EdDSA448", "dir" };

	for (enum alg alg = ALG_RS256; alg < ALG_COUNT; alg++)
		CHECK_INT(alg_find(slice_str(alg_name(alg))), alg);
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		CHECK_INT(alg_find(slice_str(none[i])), ALG_UNSET);
	CHECK_INT(alg_find(slice_of("RS256\0", 6)), ALG_UNSET);
}

TEST(a_jwk_that_is_not_for_verifying_is_refused)
{
	static const char *const texts[] = {
		"{" P256_PUBLIC ",\"use\":\"enc\"}",
		"{" P256_PUBLIC ",\"use\":null}",
		"{" P256_PUBLIC ",\"key_ops\":[\"sign\"]}",
		"{" P256_PUBLIC ",\"key_ops\":[]}",
		"{" P256_PUBLIC ",\"key_ops\":\"verify\"}",
		"{" P256_PUBLIC ",\"alg\":\"ES384\"}",
		"{" P256_PUBLIC ",\"alg\":\"RS256\"}",
		"{" P256_PUBLIC ",\"alg\":\"ECDH-ES\"}",
		"{" P256_PUBLIC ",\"alg\":\"HS256\"}",
		"{" P256_PUBLIC ",\"alg\":\"none\"}",
		"{" P256_PUBLIC ",\"alg\":null}",
		"{" RSA_PUBLIC ",\"alg\":\"RSA-OAEP\"}",
		"{" RSA_PUBLIC ",\"alg\":\"ES256\"}",
		"{" ED25519_PUBLIC ",\"alg\":\"ES256\"}",
		"{" P256_PUBLIC ",\"kid\":7}",
		"{" P256_PUBLIC ",\"kid\":\"\"}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!jwk_refused(texts[i]))
			fail_msg("taken: %s", texts[i]);
}

TEST(a_jwk_of_another_kind_or_shape_is_refused)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		"null",
		"\"RSA\"",
		"",
		"{\"kty\":\"RSA\"}",
		"{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMko\"}",
		"{\"kty\":\"rsa\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\"}",
		/* Right numbers under a wrong name. */
		"{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_"
		"FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_"
		"FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
		"{\"kty\":\"OKP\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_"
		"FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
		"{\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"y\":"
		"\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
		"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":"
		"\"X9dEm1m0Yf0s54fsYWrUah2hNCSFpw4fig6nXYDpZ3jt8SR2m0bHBhvWeD3x5Q9s0foavq_oJWGA\"}",
		/* Not base64url to the bit, or not text. */
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":7}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"\"}",
		/* A byte less, a byte more. */
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURoA\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AH_Nzidw9sRdQYPL7m_bS3tYBzM1e-nvE7rPbjx70VRF\",\"y\":\"x_"
		"FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
		/* Twice. */
		"{" ED25519_PUBLIC ",\"kty\":\"OKP\"}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!jwk_refused(texts[i]))
			fail_msg("taken: %s", texts[i]);
}

TEST(private_material_where_a_public_key_belongs_is_refused)
{
	struct key *key;

	CHECK(jwk_refused("{" P256_PRIVATE "}") && jwk_refused("{" RSA_PRIVATE "}") && jwk_refused("{" ED25519_PRIVATE "}"));
	CHECK(strstr(report_current()->text, "private"));
	CHECK(refused(SLICE("{" P256_PUBLIC "}"), KEY_PRIVATE) && refused(SLICE("{" RSA_PUBLIC "}"), KEY_PRIVATE));
	key = private_of("{" P256_PRIVATE ",\"key_ops\":[\"sign\"]}");
	CHECK(key_is_private(key));
	key = key_unref(key);
}

TEST(weak_rsa_keys_are_refused)
{
	static const struct {
		size_t bits;
		unsigned char last;
		uint64_t e;
		bool good;
	} cases[] = {
		{ 2048, 0xff, 65537, true },
		{ 4096, 0xff, 65537, true },
		{ 3072, 0xff, 3, true },
		{ 2049, 0xff, UINT32_MAX, true },
		{ 2047, 0xff, 65537 },
		{ 1024, 0xff, 65537 },
		{ 512, 0xff, 65537 },
		{ 8, 0xff, 3 },
		{ 4097, 0xff, 65537 },
		{ 8192, 0xff, 65537 },
		{ 16384, 0xff, 65537 },
		{ 2048, 0xfe, 65537 },
		{ 2048, 0xff, 0 },
		{ 2048, 0xff, 1 },
		{ 2048, 0xff, 2 },
		{ 2048, 0xff, 65536 },
		{ 2048, 0xff, (uint64_t)1 << 32 },
		{ 2048, 0xff, ((uint64_t)1 << 32) + 1 },
		{ 2048, 0xff, UINT64_MAX },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *text = rsa_jwk(cases[i].bits, cases[i].last, cases[i].e);
		if (cases[i].good)
			(void)key_unref(public_of(text)); /* only that it is taken */
		else if (!jwk_refused(text))
			fail_msg("taken: %zu bits ending in %x, e = %llu", cases[i].bits, cases[i].last,
				 (unsigned long long)cases[i].e);
	}
}

TEST(points_off_their_curve_are_refused)
{
	/* y of the RFC's point with its last bit changed; the origin; x at the field's prime; negated twice. */
	CHECK(jwk_refused("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_"
			  "FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5aw\"}"));
	CHECK(jwk_refused("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":"
			  "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"));
	CHECK(jwk_refused("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"_____wAAAAEAAAAAAAAAAAAAAAD_______________8\",\"y\":\"x_"
			  "FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"));
	CHECK(jwk_refused("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"__________________________________________8\",\"y\":\"____"
			  "______________________________________8\"}"));
}

static bool ed25519_refused(const unsigned char x[32])
{
	char text[256], x_text[44];

	x_text[base64_encode_into(BASE64_URL, slice_of(x, 32), x_text)] = '\0';
	(void)snprintf(text, sizeof(text), "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}", x_text); /* fits */
	return jwk_refused(text);
}

TEST(ed25519_points_under_which_forgeries_verify_are_refused)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000", /* order 4 */
		"0100000000000000000000000000000000000000000000000000000000000000", /* order 1 */
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* order 2 */
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", /* order 8 */
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", /* order 8 */
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* the prime: 0 written differently */
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	unsigned char x[32];

	for (size_t i = 0; i < sizeof(points) / sizeof(*points); i++) {
		CHECK(hex_decode_into(slice_str(points[i]), x, sizeof(x)));
		CHECK(ed25519_refused(x));
		x[31] |= 0x80; /* the same y, the other sign */
		CHECK(ed25519_refused(x));
	}
}

TEST(halves_that_do_not_belong_together_are_refused)
{
	static const char other_p256[] =
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ\","
		"\"y\":\"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck\","
		"\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"}";
	static const char zero_d[] = "{" P256_PUBLIC ",\"d\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}";
	static const char other_ed[] = "{" ED25519_PUBLIC ",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2B\"}";
	static const char flipped_ed[] = "{" ED25519_PUBLIC ",\"d\":\"oWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}";

	CHECK(refused(slice_str(other_p256), KEY_PRIVATE));
	CHECK(refused(slice_str(zero_d), KEY_PRIVATE));
	CHECK(refused(slice_str(other_ed), KEY_PRIVATE));
	CHECK(refused(slice_str(flipped_ed), KEY_PRIVATE));
}

static const char *const signers[] = {
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

TEST(a_public_key_cannot_sign_or_give_a_private_half)
{
	struct key *key = public_of("{" P256_PUBLIC "}");
	unsigned char signature[KEY_SIGNATURE_BYTES_MAX];
	SECRET der = { 0 };
	size_t len;

	CHECK_FAULT(FAULT_INVALID, key_sign(key, TEXT, signature, &len));
	CHECK_FAULT(FAULT_INVALID, key_private_der(key, &der));
	key = key_unref(key);
}

TEST(a_key_survives_der_and_jwk)
{
	for (size_t i = 0; i < SIGNERS; i++) {
		struct key *key = private_of(signers[i]), *again = NULL, *half = NULL, *spki = NULL;
		unsigned char signature[KEY_SIGNATURE_BYTES_MAX];
		struct json_writer writer;
		struct buffer jwk, der;
		SECRET private_der = { 0 };
		size_t len = 0;

		buffer_init(&jwk, NULL, 4096);
		buffer_init(&der, NULL, 4096);
		json_writer_init(&writer, &jwk);
		CHECK_OK(key_private_der(key, &private_der));
		CHECK_OK(key_from_der(secret_bytes(&private_der), KEY_PRIVATE, key_alg(key), &again));
		CHECK(slice_eq(key_kid(again), key_kid(key)));
		key_put_jwk(again, &writer);
		CHECK(!buffer_failed(&jwk) && !memmem(jwk.at, jwk.len, "\"d\"", 3));
		CHECK_OK(key_from_jwk_text(buffer_slice(&jwk), KEY_PUBLIC, &half));
		CHECK(!key_is_private(half) && key_alg(half) == key_alg(key));
		CHECK_OK(key_put_public_der(half, &der));
		CHECK_OK(key_from_der(buffer_slice(&der), KEY_PUBLIC, key_alg(key), &spki));
		CHECK_OK(key_sign(again, TEXT, signature, &len));
		CHECK(verifies(half, key_alg(key), TEXT, signature, len) && verifies(spki, key_alg(key), TEXT, signature, len));
		/* Bytes behind or missing, and the wrong half. */
		CHECK_FAULT(FAULT_INVALID, key_from_der(buffer_slice(&der), KEY_PRIVATE, ALG_UNSET, &spki));
		CHECK_FAULT(FAULT_INVALID,
			    key_from_der(slice_to(buffer_slice(&der), der.len - 1), KEY_PUBLIC, ALG_UNSET, &spki));
		buffer_byte(&der, '\0');
		CHECK_FAULT(FAULT_INVALID, key_from_der(buffer_slice(&der), KEY_PUBLIC, ALG_UNSET, &spki));
		CHECK_FAULT(FAULT_INVALID, key_from_der(secret_bytes(&private_der), KEY_PUBLIC, ALG_UNSET, &spki));
		CHECK_INT(ERR_peek_error(), 0);
		buffer_done(&der);
		buffer_done(&jwk);
		key = key_unref(key);
		again = key_unref(again);
		half = key_unref(half);
		spki = key_unref(spki);
	}
}

/* PEM of a key the library made, written as `how` says. */
enum how { HOW_PUBLIC, HOW_PRIVATE, HOW_ENCRYPTED };

static slice pem_of(EVP_PKEY *pkey, enum how how)
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

static EVP_PKEY *p256_with(const char *encoding)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

	CHECK(EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_ENCODING, encoding) == 1);
	return pkey;
}

static void check_pem(bool good, EVP_PKEY *pkey, enum how how)
{
	enum key_half half = how == HOW_PUBLIC ? KEY_PUBLIC : KEY_PRIVATE;
	struct key *key = NULL;
	status st = key_from_pem(pem_of(pkey, how), half, ALG_UNSET, &key);

	CHECK_INT(st.fault, good ? FAULT_NONE : FAULT_INVALID);
	CHECK_INT(ERR_peek_error(), 0);
	key = key_unref(key);
}

TEST(pem_takes_the_same_keys_and_no_others)
{
	struct key *key;

	check_pem(true, p256_with("named_curve"), HOW_PUBLIC);
	check_pem(true, p256_with("named_curve"), HOW_PRIVATE);
	check_pem(true, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), HOW_PUBLIC);
	check_pem(false, p256_with("named_curve"), HOW_ENCRYPTED); /* and asks no terminal for a password */
	check_pem(false, p256_with("explicit"), HOW_PUBLIC);
	check_pem(false, p256_with("explicit"), HOW_PRIVATE);
	check_pem(false, EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1"), HOW_PUBLIC);
	check_pem(false, EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-224"), HOW_PUBLIC);
	check_pem(false, EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), HOW_PUBLIC);
	check_pem(false, EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), HOW_PUBLIC);
	check_pem(false, EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024), HOW_PUBLIC);
	CHECK_FAULT(FAULT_INVALID, key_from_pem(SLICE("no key"), KEY_PUBLIC, ALG_UNSET, &key));
	CHECK_FAULT(FAULT_INVALID, key_from_pem(SLICE(""), KEY_PUBLIC, ALG_UNSET, &key));
	CHECK_FAULT(FAULT_INVALID, key_from_pem(pem_of(p256_with("named_curve"), HOW_PUBLIC), KEY_PUBLIC, ALG_RS256, &key));
	CHECK_INT(ERR_peek_error(), 0);
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
		for (int n = 0; n < 2000 && !(met_short && n > 20); n++) {
			unsigned char signature[KEY_SIGNATURE_BYTES_MAX];
			size_t len, half = halves[i];
			CHECK_OK(key_sign(keys[i], TEXT, signature, &len));
			CHECK_INT(len, 2 * half);
			met_short = met_short || (i == 0 ? signature[0] == 0 || signature[half] == 0
							 : signature[0] == 0 && signature[1] == 0);
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

TEST(making_a_key_survives_every_failing_allocation)
{
	uint64_t n = 1;

	for (;; n++) {
		struct key *key = NULL;
		status st;
		mem_fail_after(n);
		st = key_from_jwk_text(SLICE("{" P256_PUBLIC "}"), KEY_PUBLIC, &key);
		mem_fail_after(0);
		key = key_unref(key);
		if (!FAILED(st))
			break;
		CHECK_INT(st.fault, FAULT_EXHAUSTED);
	}
	CHECK(n > 2);
}

TESTS(thumbprints_of_rfc_7638_and_rfc_8037_come_out, the_key_fixes_the_algorithm,
      a_private_rsa_key_without_alg_signs_rs256_and_nothing_else, names_of_algorithms_are_exact,
      a_jwk_that_is_not_for_verifying_is_refused, a_jwk_of_another_kind_or_shape_is_refused,
      private_material_where_a_public_key_belongs_is_refused, weak_rsa_keys_are_refused, points_off_their_curve_are_refused,
      ed25519_points_under_which_forgeries_verify_are_refused, halves_that_do_not_belong_together_are_refused,
      every_algorithm_signs_what_it_verifies_and_nothing_else, new_keys_are_usable_and_all_different,
      a_public_key_cannot_sign_or_give_a_private_half, a_key_survives_der_and_jwk, pem_takes_the_same_keys_and_no_others,
      CVE_2022_21449_degenerate_ecdsa_signatures_are_refused, ecdsa_numbers_are_below_the_order_and_of_full_length,
      ecdsa_signatures_in_der_are_refused, ecdsa_numbers_with_leading_zeros_keep_their_place, an_ed25519_signature_has_one_form,
      pss_takes_only_the_salt_and_mask_of_rfc_7518, rsa_signatures_have_the_length_of_the_modulus_and_are_below_it,
      keys_are_shared_by_threads_beyond_what_their_caches_hold, making_a_key_survives_every_failing_allocation)
