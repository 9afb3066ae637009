/*
 * sealed: bytes that only this server can read or make: cookies, codes, other people's secrets that rest in the store.
 */
#include "crypto/digest.h"
#include "crypto/seal.h"
#include "token/issuer_impl.h"

FALLIBLE issuer_seal(struct issuer *issuer, const char *label, struct arena *arena, slice plain, slice *ret_sealed)
{
	SECRET key = { 0 };
	struct buffer out;

	if (plain.len > ISSUER_SEALED_BYTES_MAX - SEAL_EXTRA_BYTES)
		return FAIL(FAULT_INVALID, "there is too much to be sealed");
	TRY(vault_derive(issuer->vault, slice_str(label), &key));
	buffer_init(&out, arena, ISSUER_SEALED_BYTES_MAX);
	TRY(seal(&key, issuer->options.random, slice_str(label), plain, &out));
	if (buffer_failed(&out))
		return FAIL(FAULT_EXHAUSTED, "no memory to seal");
	*ret_sealed = buffer_slice(&out);
	return OK;
}

FALLIBLE issuer_open(struct issuer *issuer, const char *label, struct arena *arena, slice sealed, slice *ret_plain)
{
	SECRET key = { 0 };
	char *plain;
	size_t len;

	if (sealed.len < SEAL_EXTRA_BYTES || sealed.len > ISSUER_SEALED_BYTES_MAX)
		return FAIL(FAULT_LOST, "this was not sealed here");
	plain = arena_alloc(arena, sealed.len);
	TRY_NEW(plain);
	TRY(vault_derive(issuer->vault, slice_str(label), &key));
	TRY(seal_open(&key, slice_str(label), sealed, plain, sealed.len, &len));
	*ret_plain = slice_of(plain, len);
	return OK;
}

FALLIBLE issuer_mac(struct issuer *issuer, const char *label, slice bytes, unsigned char ret_mac[32])
{
	SECRET key = { 0 };

	TRY(vault_derive(issuer->vault, slice_str(label), &key));
	return hmac_sha256(secret_bytes(&key), bytes, ret_mac);
}
