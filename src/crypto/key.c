#include "crypto/key.h"

#include "base/encode.h"
#include "base/mem.h"
#include "crypto/context_impl.h"
#include "crypto/key_impl.h"

#define PUBLIC_JWK_BYTES_MAX 2048

static const struct alg_row rows[ALG_COUNT] = {
	[ALG_UNSET] = { .name = "" },
	[ALG_RS256] = { .name = "RS256", .type = KEY_RSA, .digest = DIGEST_SHA256 },
	[ALG_RS384] = { .name = "RS384", .type = KEY_RSA, .digest = DIGEST_SHA384 },
	[ALG_RS512] = { .name = "RS512", .type = KEY_RSA, .digest = DIGEST_SHA512 },
	[ALG_PS256] = { .name = "PS256", .type = KEY_RSA, .digest = DIGEST_SHA256, .pss = true },
	[ALG_PS384] = { .name = "PS384", .type = KEY_RSA, .digest = DIGEST_SHA384, .pss = true },
	[ALG_PS512] = { .name = "PS512", .type = KEY_RSA, .digest = DIGEST_SHA512, .pss = true },
	[ALG_ES256] = { "ES256", KEY_EC, DIGEST_SHA256, .crv = "P-256", .group = "prime256v1", .half_bytes = 32 },
	[ALG_ES384] = { "ES384", KEY_EC, DIGEST_SHA384, .crv = "P-384", .group = "secp384r1", .half_bytes = 48 },
	[ALG_ES512] = { "ES512", KEY_EC, DIGEST_SHA512, .crv = "P-521", .group = "secp521r1", .half_bytes = 66 },
	[ALG_EDDSA] = { .name = "EdDSA", .type = KEY_ED25519, .crv = "Ed25519" },
};

const struct alg_row *alg_row(enum alg alg)
{
	return &rows[alg < ALG_COUNT ? alg : ALG_UNSET];
}

const char *alg_name(enum alg alg)
{
	return alg_row(alg)->name;
}

enum alg alg_find(slice name)
{
	for (enum alg alg = ALG_UNSET + 1; alg < ALG_COUNT; alg++)
		if (slice_is(name, rows[alg].name))
			return alg;
	return slice_is(name, "Ed25519") ? ALG_EDDSA : ALG_UNSET;
}

struct key *key_ref(struct key *key)
{
	(void)__atomic_add_fetch(&key->refs, 1, __ATOMIC_RELAXED); /* who calls holds one already */
	return key;
}

struct key *key_unref(struct key *key)
{
	if (key && __atomic_sub_fetch(&key->refs, 1, __ATOMIC_ACQ_REL) == 0) {
		context_forget(key->serial);
		EVP_PKEY_free(key->pkey);
		(void)mem_free(key); /* the last reference */
	}
	return NULL;
}

bool key_is_private(const struct key *key)
{
	return key->is_private;
}

enum alg key_alg(const struct key *key)
{
	return key->alg;
}

bool key_allows(const struct key *key, enum alg alg)
{
	if (alg == ALG_UNSET || alg >= ALG_COUNT)
		return false;
	return key->alg == ALG_UNSET ? key->type == KEY_RSA && rows[alg].type == KEY_RSA : key->alg == alg;
}

slice key_kid(const struct key *key)
{
	return key->has_kid ? slice_of(key->kid, key->kid_len) : key_thumbprint(key);
}

bool key_has_own_kid(const struct key *key)
{
	return key->has_kid;
}

slice key_thumbprint(const struct key *key)
{
	return slice_of(key->thumbprint, KEY_THUMBPRINT_BYTES);
}

static void pair_bytes(struct json_writer *writer, const char *name, const unsigned char *bytes, size_t len)
{
	char text[BASE64_TEXT_BYTES(RSA_BYTES_MAX)];
	size_t text_len = base64_encode_into(BASE64_URL, slice_of(bytes, len), text);

	json_pair_text(writer, name, slice_of(text, text_len));
}

/* The members RFC 7638 section 3.2 names, in its order. */
static void put_required(const struct key *key, struct json_writer *writer)
{
	switch (key->type) {
	case KEY_RSA:
		pair_bytes(writer, "e", key->second, key->second_len);
		json_pair_text(writer, "kty", SLICE("RSA"));
		pair_bytes(writer, "n", key->first, key->first_len);
		break;
	case KEY_EC:
		json_pair_text(writer, "crv", slice_str(rows[key->alg].crv));
		json_pair_text(writer, "kty", SLICE("EC"));
		pair_bytes(writer, "x", key->first, key->first_len);
		pair_bytes(writer, "y", key->second, key->second_len);
		break;
	case KEY_ED25519:
		json_pair_text(writer, "crv", SLICE("Ed25519"));
		json_pair_text(writer, "kty", SLICE("OKP"));
		pair_bytes(writer, "x", key->first, key->first_len);
		break;
	}
}

void key_put_jwk(const struct key *key, struct json_writer *writer)
{
	json_open_object(writer);
	put_required(key, writer);
	json_pair_text(writer, "use", SLICE("sig"));
	if (key->alg != ALG_UNSET)
		json_pair_text(writer, "alg", slice_str(alg_name(key->alg)));
	json_pair_text(writer, "kid", key_kid(key));
	json_close_object(writer);
}

FALLIBLE key_name(struct key *key)
{
	unsigned char digest[SHA256_BYTES];
	struct json_writer writer;
	struct buffer out;
	status st;

	buffer_init(&out, NULL, PUBLIC_JWK_BYTES_MAX);
	json_writer_init(&writer, &out);
	json_open_object(&writer);
	put_required(key, &writer);
	json_close_object(&writer);
	st = buffer_failed(&out) ? FAIL(FAULT_EXHAUSTED, "out of memory") : sha256(buffer_slice(&out), digest);
	buffer_done(&out);
	TRY(st);
	(void)base64_encode_into(BASE64_URL, slice_of(digest, sizeof(digest)), key->thumbprint); /* 43 characters */
	return OK;
}
