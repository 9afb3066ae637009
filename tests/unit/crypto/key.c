#include "test.h"

#include <openssl/core_names.h>

#include "base/buffer.h"
#include "base/encode.h"
#include "base/mem.h"
#include "keys.h"

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
      a_public_key_cannot_sign_or_give_a_private_half, a_key_survives_der_and_jwk, pem_takes_the_same_keys_and_no_others,
      making_a_key_survives_every_failing_allocation)
