/*
 * key_jwk: keys from RFC 7517 members. Reads and measures them; whether the numbers make a good key is key_adopt's business.
 */
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <stdio.h>

#include "crypto/key_impl.h"
#include "crypto/openssl_impl.h"

#define JWK_BYTES_MAX ((size_t)32 * 1024)
#define JWK_DEPTH_MAX 8u
#define JWK_ARENA_BYTES ((size_t)4 * 1024 * 1024) /* what 32 kB of JSON may become at worst */
/* One more than the longest number, for the zero some writers put in front. */
#define NUMBER_BYTES (RSA_BYTES_MAX + 1)

static FALLIBLE make_rsa(const struct json *jwk, enum key_half half, EVP_PKEY **ret_pkey);
static FALLIBLE make_ec(const struct json *jwk, enum key_half half, const struct alg_row *row, EVP_PKEY **ret_pkey);
static FALLIBLE make_ed25519(const struct json *jwk, enum key_half half, EVP_PKEY **ret_pkey);

/* RFC 7517 sections 4.2 and 4.3: a key for something else than signatures is not ours to use. */
static FALLIBLE check_use(const struct json *jwk, enum key_half half)
{
	const char *wanted = half == KEY_PUBLIC ? "verify" : "sign";
	const struct json *use = json_member(jwk, "use"), *ops = json_member(jwk, "key_ops");
	bool may = !ops;

	if (use && !json_text_is(use, "sig"))
		return FAIL(FAULT_INVALID, "the JWK's use is not \"sig\"");
	if (ops && json_is(ops, JSON_ARRAY))
		JSON_EACH (op, ops)
			may = may || json_text_is(op, wanted);
	if (!may)
		return FAIL(FAULT_INVALID, "the JWK's key_ops do not hold \"%s\"", wanted);
	return OK;
}

/* ret_alg: ALG_UNSET when the JWK names none. */
static FALLIBLE read_alg(const struct json *jwk, enum alg *ret_alg)
{
	const struct json *member = json_member(jwk, "alg");
	slice name;

	*ret_alg = ALG_UNSET;
	if (!member)
		return OK;
	if (!json_text(member, &name) || (*ret_alg = alg_find(name)) == ALG_UNSET)
		return FAIL(FAULT_INVALID, "the JWK's alg is none we verify");
	return OK;
}

static FALLIBLE refuse_private_members(const struct json *jwk)
{
	static const char *const names[] = { "d", "p", "q", "dp", "dq", "qi", "oth", "k" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (json_member(jwk, names[i]))
			return FAIL(FAULT_INVALID, "the JWK holds private or symmetric material: give the public half alone");
	return OK;
}

FALLIBLE key_from_jwk(const struct json *jwk, enum key_half half, struct key **ret_key)
{
	const struct json *kty = json_member(jwk, "kty"), *crv = json_member(jwk, "crv"), *kid_member = json_member(jwk, "kid");
	enum alg alg, by_curve = ALG_UNSET;
	EVP_PKEY *pkey = NULL;
	slice kid, curve;

	TRY(check_use(jwk, half));
	TRY(read_alg(jwk, &alg));
	if (half == KEY_PUBLIC)
		TRY(refuse_private_members(jwk));
	if (kid_member && !json_text(kid_member, &kid))
		return FAIL(FAULT_INVALID, "the JWK's kid is no string");
	for (enum alg each = ALG_ES256; each <= ALG_EDDSA && json_text(crv, &curve); each++)
		if (slice_is(curve, alg_row(each)->crv))
			by_curve = each;
	if (json_text_is(kty, "RSA"))
		TRY(make_rsa(jwk, half, &pkey));
	else if (json_text_is(kty, "EC") && alg_row(by_curve)->type == KEY_EC)
		TRY(make_ec(jwk, half, alg_row(by_curve), &pkey));
	else if (json_text_is(kty, "OKP") && by_curve == ALG_EDDSA)
		TRY(make_ed25519(jwk, half, &pkey));
	else
		return FAIL(FAULT_INVALID, "the JWK is not RSA, P-256, P-384, P-521 or Ed25519");
	return key_adopt(pkey, half, alg, kid_member ? &kid : NULL, ret_key);
}

FALLIBLE key_from_jwk_text(slice text, enum key_half half, struct key **ret_key)
{
	const struct json_limits limits = { .bytes = JWK_BYTES_MAX, .depth = JWK_DEPTH_MAX };
	struct arena *arena = arena_new(JWK_ARENA_BYTES);
	const struct json *jwk;
	status st;

	if (!arena)
		return FAIL(FAULT_EXHAUSTED, "out of memory");
	st = json_parse_object(arena, text, &limits, &jwk);
	if (!FAILED(st))
		st = key_from_jwk(jwk, half, ret_key);
	arena = arena_free(arena);
	TRY(st);
	return OK;
}

/* A member's bytes; len 0 is refused. */
static FALLIBLE read_bytes(const struct json *jwk, const char *name, unsigned char *into, size_t size, size_t *ret_len)
{
	slice text;

	if (!json_text(json_member(jwk, name), &text) || !base64_decode_into(BASE64_URL, text, into, size, ret_len) ||
	    *ret_len == 0)
		return FAIL(FAULT_INVALID, "the JWK's \"%s\" is missing, too long or not base64url", name);
	return OK;
}

/* RFC 7518 section 6.2.1.2: a coordinate has the full size of its field. */
static FALLIBLE read_exactly(const struct json *jwk, const char *name, unsigned char *into, size_t size)
{
	size_t len = 0;

	TRY(read_bytes(jwk, name, into, size, &len));
	if (len != size)
		return FAIL(FAULT_INVALID, "the JWK's \"%s\" has not %zu bytes", name, size);
	return OK;
}

/* The library wants numbers in the machine's order, JWK has them big-endian. */
static void reverse(unsigned char *at, size_t len)
{
	for (size_t i = 0; i < len / 2; i++) {
		unsigned char swap = at[i];
		at[i] = at[len - 1 - i];
		at[len - 1 - i] = swap;
	}
}

static FALLIBLE build(const char *type, enum key_half half, OSSL_PARAM *params, EVP_PKEY **ret_pkey)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;
	bool begun = ctx && EVP_PKEY_fromdata_init(ctx) == 1;
	bool ok = begun &&
		  EVP_PKEY_fromdata(ctx, &pkey, half == KEY_PUBLIC ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR, params) == 1;

	EVP_PKEY_CTX_free(ctx);
	if (!begun)
		return CRYPTO_FAIL("making a key");
	if (!ok) {
		crypto_forget();
		return FAIL(FAULT_INVALID, "the JWK's numbers make no %s key", type);
	}
	*ret_pkey = pkey;
	return OK;
}

struct rsa_member {
	const char *jwk, *param;
};

static const struct rsa_member rsa_members[] = {
	{ "n", OSSL_PKEY_PARAM_RSA_N },          { "e", OSSL_PKEY_PARAM_RSA_E },
	{ "d", OSSL_PKEY_PARAM_RSA_D },          { "p", OSSL_PKEY_PARAM_RSA_FACTOR1 },
	{ "q", OSSL_PKEY_PARAM_RSA_FACTOR2 },    { "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1 },
	{ "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2 }, { "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
};
#define RSA_MEMBERS (sizeof(rsa_members) / sizeof(*rsa_members))
#define RSA_PUBLIC_MEMBERS 2

static FALLIBLE fill_rsa_params(const struct json *jwk, size_t count, unsigned char numbers[][NUMBER_BYTES], OSSL_PARAM *params)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = 0;
		TRY(read_bytes(jwk, rsa_members[i].jwk, numbers[i], NUMBER_BYTES, &len));
		reverse(numbers[i], len);
		params[i] = OSSL_PARAM_construct_BN(rsa_members[i].param, numbers[i], len);
	}
	params[count] = OSSL_PARAM_construct_end();
	return OK;
}

static FALLIBLE make_rsa(const struct json *jwk, enum key_half half, EVP_PKEY **ret_pkey)
{
	unsigned char numbers[RSA_MEMBERS][NUMBER_BYTES];
	OSSL_PARAM params[RSA_MEMBERS + 1];
	status st;

	if (json_member(jwk, "oth"))
		return FAIL(FAULT_INVALID, "an RSA key has two primes");
	st = fill_rsa_params(jwk, half == KEY_PUBLIC ? RSA_PUBLIC_MEMBERS : RSA_MEMBERS, numbers, params);
	if (!FAILED(st))
		st = build("RSA", half, params, ret_pkey);
	if (half == KEY_PRIVATE)
		bytes_wipe(numbers, sizeof(numbers));
	TRY(st);
	return OK;
}

static FALLIBLE make_ec(const struct json *jwk, enum key_half half, const struct alg_row *row, EVP_PKEY **ret_pkey)
{
	unsigned char point[1 + 2 * EC_HALF_BYTES_MAX] = { 0x04 /* uncompressed, SEC 1 section 2.3.3 */ }, d[EC_HALF_BYTES_MAX];
	size_t size = row->half_bytes, n = 0;
	char group[16];
	OSSL_PARAM params[4];
	status st;

	TRY(read_exactly(jwk, "x", point + 1, size));
	TRY(read_exactly(jwk, "y", point + 1 + size, size));
	(void)snprintf(group, sizeof(group), "%s", row->group); /* a writable copy; all names fit */
	params[n++] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
	params[n++] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * size);
	if (half == KEY_PRIVATE) {
		TRY(read_exactly(jwk, "d", d, size));
		reverse(d, size);
		params[n++] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, d, size);
	}
	params[n] = OSSL_PARAM_construct_end();
	st = build("EC", half, params, ret_pkey);
	bytes_wipe(d, sizeof(d));
	TRY(st);
	return OK;
}

/* The private half alone makes the key, so x must be what follows from it. */
static EVP_PKEY *ed25519_from_private(const unsigned char d[ED25519_BYTES], const unsigned char x[ED25519_BYTES])
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, d, ED25519_BYTES);
	unsigned char derived[ED25519_BYTES];
	size_t len = sizeof(derived);

	if (!pkey || EVP_PKEY_get_raw_public_key(pkey, derived, &len) != 1 || memcmp(derived, x, ED25519_BYTES) != 0) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	return pkey;
}

static FALLIBLE make_ed25519(const struct json *jwk, enum key_half half, EVP_PKEY **ret_pkey)
{
	unsigned char x[ED25519_BYTES], d[ED25519_BYTES];
	EVP_PKEY *pkey;

	TRY(read_exactly(jwk, "x", x, sizeof(x)));
	if (half == KEY_PRIVATE) {
		TRY(read_exactly(jwk, "d", d, sizeof(d)));
		pkey = ed25519_from_private(d, x);
		bytes_wipe(d, sizeof(d));
	} else {
		pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, x, sizeof(x));
	}
	if (!pkey) {
		crypto_forget();
		return FAIL(FAULT_INVALID, "the JWK's bytes make no Ed25519 key");
	}
	*ret_pkey = pkey;
	return OK;
}
