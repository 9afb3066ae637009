/*
 * degenerate: signatures that a verifier takes when it is careless, by the classes that Project Wycheproof names for ECDSA on
 * P-256, RSA PKCS #1 v1.5 and Ed25519. They are made here: each stands beside one made the same way that is good.
 */
#include "test.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "keys.h"

/* ---- ECDSA on P-256 ---- */

/* Numbers of one test, with the curve. */
struct field {
	BN_CTX *ctx;
	EC_GROUP *curve;
	BIGNUM *p;
	const BIGNUM *n;
};

static struct field field_new(void)
{
	struct field field = { .ctx = BN_CTX_new(), .curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1), .p = BN_new() };

	CHECK(field.ctx && field.curve && field.p);
	CHECK(EC_GROUP_get_curve(field.curve, field.p, NULL, NULL, field.ctx) == 1);
	field.n = EC_GROUP_get0_order(field.curve);
	BN_CTX_start(field.ctx);
	return field;
}

static void field_free(struct field *field)
{
	BN_CTX_end(field->ctx);
	EC_GROUP_free(field->curve);
	BN_free(field->p);
	BN_CTX_free(field->ctx);
	ERR_clear_error();
}

static BIGNUM *number(struct field *field, const char *hex)
{
	BIGNUM *made = BN_CTX_get(field->ctx);

	CHECK(made && BN_hex2bn(&made, hex) > 0);
	return made;
}

static BIGNUM *sum(struct field *field, const BIGNUM *a, const BIGNUM *b)
{
	BIGNUM *made = BN_CTX_get(field->ctx);

	CHECK(made && BN_add(made, a, b) == 1);
	return made;
}

static BIGNUM *minus(struct field *field, const BIGNUM *a, const BIGNUM *b)
{
	BIGNUM *made = BN_CTX_get(field->ctx);

	CHECK(made && BN_sub(made, a, b) == 1);
	return made;
}

/* The first point whose x is this or more, below the prime; its x goes into `x`. */
static EC_POINT *point_from(struct field *field, BIGNUM *x)
{
	EC_POINT *point = EC_POINT_new(field->curve);

	while (EC_POINT_set_compressed_coordinates(field->curve, point, x, 0, field->ctx) != 1)
		CHECK(BN_add_word(x, 1) == 1 && BN_cmp(x, field->p) < 0);
	ERR_clear_error();
	return point;
}

/* The key under which (r, s) signs TEXT by way of this point: Q = (s R - z G) / r. */
static struct key *key_under(struct field *field, const EC_POINT *point, const BIGNUM *r, const BIGNUM *s)
{
	BIGNUM *z = BN_CTX_get(field->ctx), *by_r = BN_CTX_get(field->ctx), *u = BN_CTX_get(field->ctx),
	       *v = BN_CTX_get(field->ctx);
	EC_POINT *q = EC_POINT_new(field->curve);
	unsigned char digest[32], bytes[65];
	char x[44], y[44], text[256];

	CHECK_OK(digest_of(DIGEST_SHA256, TEXT, digest));
	CHECK(BN_bin2bn(digest, 32, z) && BN_mod_inverse(by_r, r, field->n, field->ctx));
	CHECK(BN_mod_mul(u, s, by_r, field->n, field->ctx) == 1 && BN_mod_mul(v, z, by_r, field->n, field->ctx) == 1);
	CHECK(BN_sub(v, field->n, v) == 1 && EC_POINT_mul(field->curve, q, v, point, u, field->ctx) == 1);
	CHECK(EC_POINT_point2oct(field->curve, q, POINT_CONVERSION_UNCOMPRESSED, bytes, sizeof(bytes), field->ctx) == 65);
	EC_POINT_free(q);
	x[base64_encode_into(BASE64_URL, slice_of(bytes + 1, 32), x)] = '\0';
	y[base64_encode_into(BASE64_URL, slice_of(bytes + 33, 32), y)] = '\0';
	(void)snprintf(text, sizeof(text), "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}", x, y); /* fits */
	return public_of(text);
}

static bool takes(struct key *key, const BIGNUM *r, const BIGNUM *s)
{
	unsigned char signature[64];

	CHECK(BN_bn2binpad(r, signature, 32) == 32 && BN_bn2binpad(s, signature + 32, 32) == 32);
	return verifies(key, ALG_ES256, TEXT, signature, 64);
}

/* Congruent, and of the same length: only below 2^256 - n, so the point is looked for. */
TEST(CVE_2022_21449_r_and_s_are_taken_below_the_order_alone)
{
	struct field field = field_new();
	BIGNUM *x = number(&field, "1"), *s = number(&field, "2");
	EC_POINT *point = point_from(&field, x);
	struct key *key = key_under(&field, point, x, s);

	CHECK(takes(key, x, s));
	CHECK(!takes(key, sum(&field, x, field.n), s));
	CHECK(!takes(key, x, sum(&field, s, field.n)));
	CHECK(!takes(key, sum(&field, x, field.n), sum(&field, s, field.n)));
	EC_POINT_free(point);
	key = key_unref(key);
	/* The point's x lies above the order, so r is what is left of it; x itself is no r. */
	x = sum(&field, field.n, number(&field, "1"));
	point = point_from(&field, x);
	key = key_under(&field, point, minus(&field, x, field.n), s);
	CHECK(takes(key, minus(&field, x, field.n), s));
	CHECK(!takes(key, x, s));
	EC_POINT_free(point);
	key = key_unref(key);
	field_free(&field);
}

/* Each of them beside the other half of a good signature. */
TEST(CVE_2022_21449_no_degenerate_number_stands_beside_a_good_one)
{
	struct field field = field_new();
	BIGNUM *zero = number(&field, "0"), *one = number(&field, "1"),
	       *all = number(&field, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
	       *bad[] = { zero,
			  one,
			  minus(&field, field.n, one),
			  BN_dup(field.n),
			  sum(&field, field.n, one),
			  BN_dup(field.p),
			  minus(&field, field.p, one),
			  all };
	struct key *key = private_of("{" P256_PRIVATE "}");
	unsigned char signature[KEY_SIGNATURE_BYTES_MAX];
	BIGNUM *r, *s;
	size_t len;

	CHECK_OK(key_sign(key, TEXT, signature, &len));
	r = BN_bin2bn(signature, 32, NULL);
	s = BN_bin2bn(signature + 32, 32, NULL);
	CHECK(takes(key, r, s));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!takes(key, bad[i], s) && !takes(key, r, bad[i]) && !takes(key, bad[i], bad[i]));
	CHECK(!takes(key, s, r));
	/* RFC 7518 knows no least s: the other one is as good, and nothing here tells tokens apart by their signature. */
	CHECK(takes(key, r, minus(&field, field.n, s)));
	CHECK(!takes(key, minus(&field, field.n, r), s));
	BN_free(bad[3]);
	BN_free(bad[5]);
	BN_free(r);
	BN_free(s);
	key = key_unref(key);
	field_free(&field);
}

/* s at its ends, under keys made for it. */
TEST(ecdsa_numbers_at_their_ends_are_good_ones)
{
	struct field field = field_new();
	BIGNUM *one = number(&field, "1"),
	       *x = number(&field, "7fffffff00000000ffffffffffffffffffffffffffffffffffffffffffffffff"),
	       *ends[] = { one, number(&field, "2"), minus(&field, field.n, one) };
	EC_POINT *point = point_from(&field, x);

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct key *key = key_under(&field, point, x, ends[i]);
		CHECK(takes(key, x, ends[i]));
		CHECK(!takes(key, x, sum(&field, ends[i], one)) && !takes(key, sum(&field, x, one), ends[i]));
		key = key_unref(key);
	}
	EC_POINT_free(point);
	field_free(&field);
}

TEST(ecdsa_halves_padded_cut_or_joined_to_another_length_are_refused)
{
	static const size_t halves[] = { 0, 1, 16, 31, 33, 48, 64, 66 };
	struct key *key = private_of("{" P256_PRIVATE "}");
	unsigned char signature[KEY_SIGNATURE_BYTES_MAX], changed[132];
	size_t len;

	CHECK_OK(key_sign(key, TEXT, signature, &len));
	for (size_t i = 0; i < sizeof(halves) / sizeof(*halves); i++) {
		size_t half = halves[i], kept = half < 32 ? half : 32;
		memset(changed, 0, sizeof(changed));
		memcpy(changed + half - kept, signature + 32 - kept, kept);
		memcpy(changed + 2 * half - kept, signature + 64 - kept, kept);
		CHECK(!verifies(key, ALG_ES256, TEXT, changed, 2 * half));
	}
	CHECK(verifies(key, ALG_ES256, TEXT, signature, 64));
	key = key_unref(key);
}

/* A digest with zeros or ones in front is as long as any other; and one of another kind, cut to length, is another. */
TEST(ecdsa_takes_the_whole_digest_of_its_own_kind)
{
	static const unsigned char fronts[] = { 0x00, 0xff };
	struct key *key = private_of("{" P256_PRIVATE "}");
	unsigned char signature[KEY_SIGNATURE_BYTES_MAX], digest[64];
	size_t len;

	for (size_t i = 0; i < sizeof(fronts); i++) {
		char text[32];
		unsigned n = 0;
		do {
			(void)snprintf(text, sizeof(text), "%u", n++); /* fits */
			CHECK_OK(digest_of(DIGEST_SHA256, slice_str(text), digest));
		} while (digest[0] != fronts[i] || digest[1] != fronts[i]);
		CHECK_OK(key_sign(key, slice_str(text), signature, &len));
		CHECK(verifies(key, ALG_ES256, slice_str(text), signature, len));
		/* what has the same digest but for its front is something else */
		CHECK(!verifies(key, ALG_ES256, slice_of(digest, 32), signature, len));
		CHECK(!verifies(key, ALG_ES256, slice_of(digest + 2, 30), signature, len));
	}
	key = key_unref(key);
}

/* ---- RSA PKCS #1 v1.5 ---- */

#define BLOCK 256
/* RFC 8017 section 9.2, note 1 */
#define SHA256_INFO "3031300d060960864801650304020105000420"

/* What the RFC's private key makes of this block, unpadded. */
static void rsa_raw(const unsigned char block[BLOCK], unsigned char into[BLOCK])
{
	struct key *key = private_of("{" RSA_PRIVATE "}");
	const unsigned char *at;
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *pkey;
	SECRET der = { 0 };
	size_t len = BLOCK;

	CHECK_OK(key_private_der(key, &der));
	at = der.bytes;
	pkey = d2i_AutoPrivateKey(NULL, &at, (long)der.len);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	CHECK(EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) > 0);
	CHECK(EVP_PKEY_sign(ctx, into, &len, block, BLOCK) == 1 && len == BLOCK);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	key = key_unref(key);
}

/* A block: head, so many ones, separator, info and TEXT's digest, and zeros behind. -1: ones until it is full. */
struct block {
	const char *head, *separator, *info;
	int ones, digest_bytes;
	bool is_good;
};

static bool block_verifies(struct key *key, const struct block *block)
{
	unsigned char bytes[BLOCK] = { 0 }, signature[BLOCK], digest[64];
	size_t head = strlen(block->head) / 2, separator = strlen(block->separator) / 2, info = strlen(block->info) / 2, len,
	       behind = separator + info + (size_t)block->digest_bytes,
	       ones = block->ones < 0 ? BLOCK - head - behind : (size_t)block->ones;

	CHECK(head + ones + behind <= BLOCK);
	CHECK_OK(digest_of(DIGEST_SHA256, TEXT, digest));
	digest[32] = 0x42;
	CHECK(hex_decode_into(slice_str(block->head), bytes, head));
	memset(bytes + head, 0xff, ones);
	len = head + ones;
	CHECK(hex_decode_into(slice_str(block->separator), bytes + len, separator));
	CHECK(hex_decode_into(slice_str(block->info), bytes + len + separator, info));
	memcpy(bytes + len + separator + info, digest, (size_t)block->digest_bytes);
	rsa_raw(bytes, signature);
	return verifies(key, ALG_RS256, TEXT, signature, BLOCK);
}

TEST(an_rsa_block_has_one_form)
{
	static const struct block blocks[] = {
		{ "0001", "00", SHA256_INFO, -1, 32, true },
		{ "0001", "00", SHA256_INFO, 8, 32, false },          /* the least padding, zeros behind */
		{ "0001", "00", SHA256_INFO, 0, 32, false },          /* none (Bleichenbacher 2006) */
		{ "0001", "00", SHA256_INFO, BLOCK - 55, 32, false }, /* a byte behind */
		{ "0001", "00", SHA256_INFO, -1, 33, false },         /* one more in the digest */
		{ "0001", "00", SHA256_INFO, -1, 31, false },         /* one less */
		{ "0001", "00", SHA256_INFO, -1, 0, false },          /* no digest */
		{ "0001", "00", "", -1, 32, false },                  /* the digest alone */
		{ "0001", "00",
		  "302f300b0609608648016503040201"
		  "0420",
		  -1, 32, false }, /* no NULL */
		{ "0001", "00",
		  "3033300f060960864801650304020105020000"
		  "0420",
		  -1, 32, false }, /* parameters in NULL's place */
		{ "0001", "00",
		  "303130"
		  "0d06096086480165030402010500"
		  "0320",
		  -1, 32, false },                                                           /* a bit string */
		{ "0001", "00", "3031300d060960864801650304020305000420", -1, 32, false },   /* named SHA-512 */
		{ "0001", "00", "3029300906052b0e03021a05000420", -1, 32, false },           /* named SHA-1 */
		{ "0001", "00", "308131300d060960864801650304020105000420", -1, 32, false }, /* a length in two bytes */
		{ "0001", "00", "303230810d060960864801650304020105000420", -1, 32, false },
		{ "0001", "00",
		  "303280300d0609608648016503040201050004"
		  "20",
		  -1, 32, false },
		{ "0001", "00", "3032300d06096086480165030402010500048120", -1, 32, false },
		{ "0002", "00", SHA256_INFO, -1, 32, false }, /* encryption's */
		{ "0000", "00", SHA256_INFO, -1, 32, false },
		{ "0101", "00", SHA256_INFO, -1, 32, false },
		{ "0001fe", "00", SHA256_INFO, -1, 32, false }, /* no one among the ones */
		{ "000100", "00", SHA256_INFO, -1, 32, false },
		{ "0001", "fe00", SHA256_INFO, -1, 32, false },
		{ "0001", "01", SHA256_INFO, -1, 32, false }, /* no zero before the info */
		{ "0001", "", SHA256_INFO, -1, 32, false },
		{ "0001", "0000", SHA256_INFO, -1, 32, false },
	};
	struct key *key = public_of("{" RSA_PUBLIC "}");

	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++)
		if (block_verifies(key, &blocks[i]) != blocks[i].is_good)
			fail_msg("block %zu", i);
	key = key_unref(key);
}

/* Congruent, of the same length: where the modulus leaves room for it. */
TEST(an_rsa_signature_is_below_the_modulus)
{
	static const char members[] = "{" RSA_PUBLIC "}";
	struct key *key = private_of("{" RSA_PRIVATE ",\"alg\":\"RS256\"}");
	slice modulus = slice_str(strstr(members, "\"n\":\"") + 5);
	unsigned char signature[KEY_SIGNATURE_BYTES_MAX], bytes[BLOCK + 2];
	struct arena *arena = arena_new(4096);
	BIGNUM *n, *number_of = NULL;
	size_t len, tried = 0;
	slice decoded;

	CHECK(arena);
	CHECK_OK(base64_decode(arena, BASE64_URL, slice_to(modulus, slice_find(modulus, '"')), &decoded));
	n = BN_bin2bn((const unsigned char *)decoded.at, (int)decoded.len, NULL);
	for (char text[] = "a"; text[0] <= 'z'; text[0]++) {
		CHECK_OK(key_sign(key, slice_str(text), signature, &len));
		CHECK(verifies(key, ALG_RS256, slice_str(text), signature, len));
		number_of = BN_bin2bn(signature, BLOCK, number_of);
		CHECK(BN_add(number_of, number_of, n) == 1);
		if (BN_num_bytes(number_of) > BLOCK)
			continue;
		CHECK(BN_bn2binpad(number_of, bytes, BLOCK) == BLOCK);
		CHECK(!verifies(key, ALG_RS256, slice_str(text), bytes, BLOCK));
		tried++;
	}
	CHECK(tried > 3);
	BN_free(n);
	BN_free(number_of);
	arena = arena_free(arena);
	key = key_unref(key);
}

/* ---- Ed25519 ---- */

#define ED_ORDER "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed"

/* s = hash(R, A, TEXT) a, for R of order one: what the equation asks where R adds nothing. a: RFC 8032 section 5.1.5. */
static void sign_by(const unsigned char r[32], int times_order, unsigned char into[64])
{
	static const unsigned char seed[32] = { 0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a,
						0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32,
						0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60 };
	static const unsigned char public_half[32] = { 0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
						       0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
						       0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a };
	unsigned char scalar[64], hash[64], all[64 + sizeof("what is signed")];
	BIGNUM *a, *h, *l = NULL;
	BN_CTX *ctx = BN_CTX_new();

	CHECK_OK(digest_of(DIGEST_SHA512, slice_of(seed, sizeof(seed)), scalar));
	scalar[0] &= 0xf8;
	scalar[31] = (unsigned char)((scalar[31] & 0x7f) | 0x40);
	memcpy(all, r, 32);
	memcpy(all + 32, public_half, 32);
	memcpy(all + 64, TEXT.at, TEXT.len);
	CHECK_OK(digest_of(DIGEST_SHA512, slice_of(all, 64 + TEXT.len), hash));
	a = BN_lebin2bn(scalar, 32, NULL);
	h = BN_lebin2bn(hash, 64, NULL);
	CHECK(BN_hex2bn(&l, ED_ORDER) > 0 && BN_mod_mul(h, h, a, l, ctx) == 1);
	for (int i = 0; i < times_order; i++)
		CHECK(BN_add(h, h, l) == 1);
	memcpy(into, r, 32);
	CHECK(BN_bn2lebinpad(h, into + 32, 32) == 32);
	BN_free(a);
	BN_free(h);
	BN_free(l);
	BN_CTX_free(ctx);
}

TEST(ed25519_numbers_and_points_have_one_form)
{
	/* The point of order one: as it is written, with the sign of nothing, above the prime, and both. */
	static const char *const ones[] = { "0100000000000000000000000000000000000000000000000000000000000000",
					    "0100000000000000000000000000000000000000000000000000000000000080",
					    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
					    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff" };
	struct key *key = public_of("{" ED25519_PUBLIC "}");
	unsigned char r[32], signature[64];

	for (size_t i = 0; i < sizeof(ones) / sizeof(*ones); i++)
		for (int times = 0; times < 8; times++) { /* 15 L and less fit */
			CHECK(hex_decode_into(slice_str(ones[i]), r, sizeof(r)));
			sign_by(r, times, signature);
			CHECK_INT(verifies(key, ALG_EDDSA, TEXT, signature, 64), i == 0 && times == 0);
			signature[63] |= 0x80;
			CHECK(!verifies(key, ALG_EDDSA, TEXT, signature, 64));
		}
	key = key_unref(key);
}

TESTS(CVE_2022_21449_r_and_s_are_taken_below_the_order_alone, CVE_2022_21449_no_degenerate_number_stands_beside_a_good_one,
      ecdsa_numbers_at_their_ends_are_good_ones, ecdsa_halves_padded_cut_or_joined_to_another_length_are_refused,
      ecdsa_takes_the_whole_digest_of_its_own_kind, an_rsa_block_has_one_form, an_rsa_signature_is_below_the_modulus,
      ed25519_numbers_and_points_have_one_form)
