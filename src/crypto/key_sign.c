/*
 * key_sign: the two functions every token ends in, and the step between JOSE's r || s and the library's DER.
 */
#include "crypto/context_impl.h"
#include "crypto/key_impl.h"

#include <openssl/err.h>

/* SEQUENCE of two INTEGERs of at most 67 bytes each: the length needs one more byte past 127. */
#define EC_DER_BYTES_MAX (3 + 2 * (2 + EC_HALF_BYTES_MAX + 1))
#define DER_INTEGER 0x02
#define DER_SEQUENCE 0x30

static FALLIBLE verify_prepared(struct context_slot *slot, const struct alg_row *row, slice input, slice signature);

static status does_not_verify(void)
{
	crypto_forget();
	return FAIL(FAULT_UNAUTHENTIC, "the signature does not verify");
}

static bool is_zero(const unsigned char *at, size_t len)
{
	unsigned char any = 0;

	for (size_t i = 0; i < len; i++)
		any |= at[i];
	return any == 0;
}

/* An INTEGER from big-endian bytes: leading zeros off, one back on where the top bit would mean "negative". */
static unsigned char *put_integer(unsigned char *to, const unsigned char *from, size_t len)
{
	bool pad;

	for (; len > 1 && *from == 0; len--)
		from++;
	pad = (*from & 0x80) != 0;
	*to++ = DER_INTEGER;
	*to++ = (unsigned char)(len + pad);
	if (pad)
		*to++ = 0;
	memcpy(to, from, len);
	return to + len;
}

/* r || s as the DER the library wants (RFC 3279 section 2.2.3). */
static size_t der_from_raw(const unsigned char *raw, size_t half, unsigned char der[EC_DER_BYTES_MAX])
{
	unsigned char body[EC_DER_BYTES_MAX], *end, *to = der;
	size_t len;

	end = put_integer(body, raw, half);
	end = put_integer(end, raw + half, half);
	len = (size_t)(end - body);
	*to++ = DER_SEQUENCE;
	if (len > 127)
		*to++ = 0x81;
	*to++ = (unsigned char)len;
	memcpy(to, body, len);
	return (size_t)(to - der) + len;
}

/* One INTEGER at *at into exactly `half` bytes. */
static bool take_integer(const unsigned char **at, const unsigned char *end, unsigned char *into, size_t half)
{
	const unsigned char *from = *at;
	size_t len;

	if (end - from < 2 || from[0] != DER_INTEGER)
		return false;
	len = from[1];
	from += 2;
	if (len == 0 || len > 127 || (size_t)(end - from) < len)
		return false;
	*at = from + len;
	for (; len && *from == 0; len--)
		from++;
	if (len > half)
		return false;
	memset(into, 0, half - len);
	memcpy(into + half - len, from, len);
	return true;
}

static bool raw_from_der(const unsigned char *der, size_t len, size_t half, unsigned char *raw)
{
	const unsigned char *at = der, *end = der + len;

	if (len < 3 || *at++ != DER_SEQUENCE)
		return false;
	at += *at == 0x81 ? 2 : 1;
	return take_integer(&at, end, raw, half) && take_integer(&at, end, raw + half, half) && at == end;
}

static size_t signature_bytes(const struct key *key, const struct alg_row *row)
{
	switch (row->type) {
	case KEY_RSA:
		return key->first_len; /* as long as the modulus */
	case KEY_EC:
		return 2 * row->half_bytes;
	case KEY_ED25519:
		return 2 * ED25519_BYTES;
	}
	return 0;
}

FALLIBLE key_verify(struct key *key, enum alg alg, slice input, slice signature)
{
	const struct alg_row *row = alg_row(alg);
	struct context_slot *slot;

	if (!key_allows(key, alg))
		return FAIL(FAULT_UNAUTHENTIC, "the key is not for this algorithm");
	if (signature.len != signature_bytes(key, row))
		return does_not_verify();
	TRY(context_get(key, alg, false, &slot));
	return verify_prepared(slot, row, input, signature);
}

/* Only 1 is a yes. Out of memory is no answer about the signature. */
static FALLIBLE verdict(int result)
{
	if (result == 1)
		return OK;
	if (ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE)
		return CRYPTO_FAIL("verifying");
	return does_not_verify();
}

static FALLIBLE verify_prepared(struct context_slot *slot, const struct alg_row *row, slice input, slice signature)
{
	unsigned char digest[DIGEST_BYTES_MAX], der[EC_DER_BYTES_MAX];
	const unsigned char *bytes = (const unsigned char *)signature.at;
	size_t len = signature.len;

	if (row->type == KEY_ED25519) {
		if (EVP_MD_CTX_copy_ex(slot->work, slot->prepared) != 1)
			return CRYPTO_FAIL("verifying");
		return verdict(EVP_DigestVerify(slot->work, bytes, len, (const unsigned char *)input.at, input.len));
	}
	TRY(digest_of(row->digest, input, digest));
	if (row->type == KEY_EC) {
		if (is_zero(bytes, row->half_bytes) || is_zero(bytes + row->half_bytes, row->half_bytes))
			return does_not_verify();
		len = der_from_raw(bytes, row->half_bytes, der);
		bytes = der;
	}
	return verdict(EVP_PKEY_verify(slot->pkey, bytes, len, digest, digest_bytes(row->digest)));
}

static FALLIBLE sign_digest(struct context_slot *slot, const struct alg_row *row, slice input, unsigned char *ret_signature,
			    size_t *ret_len)
{
	unsigned char digest[DIGEST_BYTES_MAX], made[KEY_SIGNATURE_BYTES_MAX];
	size_t len = sizeof(made);

	TRY(digest_of(row->digest, input, digest));
	if (EVP_PKEY_sign(slot->pkey, made, &len, digest, digest_bytes(row->digest)) != 1)
		return CRYPTO_FAIL("signing");
	if (row->type == KEY_RSA) {
		memcpy(ret_signature, made, len);
	} else {
		if (!raw_from_der(made, len, row->half_bytes, ret_signature))
			return CRYPTO_FAIL("signing");
		len = 2 * row->half_bytes;
	}
	*ret_len = len;
	return OK;
}

FALLIBLE key_sign(struct key *key, slice input, unsigned char ret_signature[KEY_SIGNATURE_BYTES_MAX], size_t *ret_len)
{
	const struct alg_row *row = alg_row(key->alg);
	struct context_slot *slot;
	size_t len = KEY_SIGNATURE_BYTES_MAX;

	if (!key->is_private)
		return FAIL(FAULT_INVALID, "a public key cannot sign");
	TRY(context_get(key, key->alg, true, &slot));
	if (row->type != KEY_ED25519)
		return sign_digest(slot, row, input, ret_signature, ret_len);
	if (EVP_MD_CTX_copy_ex(slot->work, slot->prepared) != 1 ||
	    EVP_DigestSign(slot->work, ret_signature, &len, (const unsigned char *)input.at, input.len) != 1)
		return CRYPTO_FAIL("signing");
	*ret_len = len;
	return OK;
}
