#include "crypto/seal.h"

#include "crypto/openssl_impl.h"

static FALLIBLE check_key(const struct secret *key)
{
	if (key->len != SEAL_KEY_BYTES)
		return FAIL(FAULT_INVALID, "a sealing key has %d bytes", SEAL_KEY_BYTES);
	return OK;
}

/* room holds nonce, then place for as many bytes as `plain` has, then place for the tag. */
static bool encrypt(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, const struct secret *key, slice context, slice plain,
		    unsigned char *room)
{
	unsigned char *text = room + SEAL_NONCE_BYTES, *tag = text + plain.len;
	int len = 0, last = 0;

	return EVP_EncryptInit_ex2(ctx, cipher, key->bytes, room, NULL) == 1 &&
	       (!context.len || EVP_EncryptUpdate(ctx, NULL, &len, (const unsigned char *)context.at, (int)context.len) == 1) &&
	       (!plain.len || EVP_EncryptUpdate(ctx, text, &len, (const unsigned char *)plain.at, (int)plain.len) == 1) &&
	       EVP_EncryptFinal_ex(ctx, tag, &last) == 1 && last == 0 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG_BYTES, tag) == 1;
}

FALLIBLE seal(const struct secret *key, struct random *random, slice context, slice plain, struct buffer *out)
{
	const struct algorithms *all;
	EVP_CIPHER_CTX *ctx;
	char *room;
	bool ok;

	TRY(check_key(key));
	if (plain.len > SEAL_PLAIN_BYTES_MAX || context.len > SEAL_PLAIN_BYTES_MAX)
		return FAIL(FAULT_INVALID, "too long to be sealed");
	TRY(algorithms_get(&all));
	room = buffer_room(out, plain.len + SEAL_EXTRA_BYTES);
	if (!room)
		return FAIL(FAULT_EXHAUSTED, "no room for sealed bytes");
	TRY(random_fill(random, room, SEAL_NONCE_BYTES));
	ctx = EVP_CIPHER_CTX_new();
	ok = ctx && encrypt(ctx, all->aes_256_gcm, key, context, plain, (unsigned char *)room);
	EVP_CIPHER_CTX_free(ctx);
	if (!ok)
		return CRYPTO_FAIL("sealing");
	buffer_grew(out, plain.len + SEAL_EXTRA_BYTES);
	return OK;
}

/* 1: opened; 0: not sealed so; -1: the library failed. */
static int decrypt(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, const struct secret *key, slice context, slice sealed,
		   unsigned char *into)
{
	slice text = slice_of(sealed.at + SEAL_NONCE_BYTES, sealed.len - SEAL_EXTRA_BYTES);
	unsigned char tag[SEAL_TAG_BYTES], nothing[1];
	int len = 0;

	memcpy(tag, sealed.at + sealed.len - SEAL_TAG_BYTES, SEAL_TAG_BYTES);
	if (EVP_DecryptInit_ex2(ctx, cipher, key->bytes, (const unsigned char *)sealed.at, NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG_BYTES, tag) != 1)
		return -1;
	if (context.len && EVP_DecryptUpdate(ctx, NULL, &len, (const unsigned char *)context.at, (int)context.len) != 1)
		return -1;
	if (text.len && EVP_DecryptUpdate(ctx, into, &len, (const unsigned char *)text.at, (int)text.len) != 1)
		return -1;
	return EVP_DecryptFinal_ex(ctx, nothing, &len) == 1;
}

FALLIBLE seal_open(const struct secret *key, slice context, slice sealed, void *into, size_t size, size_t *ret_len)
{
	const struct algorithms *all;
	EVP_CIPHER_CTX *ctx;
	size_t plain_len;
	int verdict;

	TRY(check_key(key));
	if (sealed.len < SEAL_EXTRA_BYTES || sealed.len > SEAL_PLAIN_BYTES_MAX + SEAL_EXTRA_BYTES ||
	    context.len > SEAL_PLAIN_BYTES_MAX)
		return FAIL(FAULT_LOST, "sealed bytes of an impossible length");
	plain_len = sealed.len - SEAL_EXTRA_BYTES;
	if (plain_len > size)
		return FAIL(FAULT_INVALID, "no room for what was sealed");
	TRY(algorithms_get(&all));
	ctx = EVP_CIPHER_CTX_new();
	verdict = ctx ? decrypt(ctx, all->aes_256_gcm, key, context, sealed, into) : -1;
	EVP_CIPHER_CTX_free(ctx);
	if (verdict == 1) {
		*ret_len = plain_len;
		return OK;
	}
	bytes_wipe(into, plain_len);
	if (verdict < 0)
		return CRYPTO_FAIL("opening sealed bytes");
	crypto_forget();
	return FAIL(FAULT_LOST, "sealed bytes do not open: another key, another context, or damage");
}
