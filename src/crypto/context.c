#include "crypto/context_impl.h"

#include <openssl/rsa.h>

#include "base/mem.h"

static void clear(struct context_slot *slot)
{
	EVP_PKEY_CTX_free(slot->pkey);
	EVP_MD_CTX_free(slot->prepared);
	EVP_MD_CTX_free(slot->work);
	*slot = (struct context_slot){ 0 };
}

void context_slots_free(struct context_slot *slots)
{
	for (unsigned i = 0; slots && i < CONTEXT_SLOTS; i++)
		clear(&slots[i]);
	(void)mem_free(slots); /* the caller forgets it */
}

static bool prepare_rsa(EVP_PKEY_CTX *ctx, const struct alg_row *row, const EVP_MD *md)
{
	if (!row->pss)
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0;
	/* RFC 7518 section 3.5: the salt is as long as the digest, MGF1 uses the same one. */
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0 && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) > 0;
}

static bool prepare_pkey(struct context_slot *slot, struct key *key, const struct alg_row *row, const EVP_MD *md)
{
	slot->pkey = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	return slot->pkey && (slot->signs ? EVP_PKEY_sign_init(slot->pkey) : EVP_PKEY_verify_init(slot->pkey)) > 0 &&
	       (row->type != KEY_RSA || prepare_rsa(slot->pkey, row, md)) && EVP_PKEY_CTX_set_signature_md(slot->pkey, md) > 0;
}

static bool prepare_ed25519(struct context_slot *slot, struct key *key)
{
	slot->prepared = EVP_MD_CTX_new();
	slot->work = EVP_MD_CTX_new();
	if (!slot->prepared || !slot->work)
		return false;
	if (slot->signs)
		return EVP_DigestSignInit_ex(slot->prepared, NULL, NULL, NULL, NULL, key->pkey, NULL) == 1;
	return EVP_DigestVerifyInit_ex(slot->prepared, NULL, NULL, NULL, NULL, key->pkey, NULL) == 1;
}

static FALLIBLE slots_of(struct crypto_thread *thread, struct context_slot **ret_slots)
{
	if (!thread->slots)
		thread->slots = mem_zero(CONTEXT_SLOTS, sizeof(*thread->slots));
	if (!thread->slots)
		return FAIL(FAULT_EXHAUSTED, "out of memory");
	*ret_slots = thread->slots;
	return OK;
}

FALLIBLE context_get(struct key *key, enum alg alg, bool signs, struct context_slot **ret_slot)
{
	const struct algorithms *all;
	const struct alg_row *row = alg_row(alg);
	struct crypto_thread *thread;
	struct context_slot *set = NULL, *oldest;
	bool ok;

	TRY(algorithms_get(&all));
	TRY(crypto_thread_get(&thread));
	TRY(slots_of(thread, &set));
	set += (key->serial * 7 + alg) % (CONTEXT_SLOTS / CONTEXT_WAYS) * CONTEXT_WAYS;
	oldest = set;
	for (struct context_slot *slot = set; slot < set + CONTEXT_WAYS; slot++) {
		if (slot->serial == key->serial && slot->alg == alg && slot->signs == signs) {
			slot->used = ++thread->tick;
			*ret_slot = slot;
			return OK;
		}
		if (slot->used < oldest->used)
			oldest = slot;
	}
	clear(oldest);
	*oldest = (struct context_slot){ .alg = alg, .signs = signs };
	ok = row->type == KEY_ED25519 ? prepare_ed25519(oldest, key)
				      : prepare_pkey(oldest, key, row, all->digests[row->digest]);
	if (!ok) {
		clear(oldest);
		return CRYPTO_FAIL("preparing a key");
	}
	oldest->serial = key->serial;
	oldest->used = ++thread->tick;
	*ret_slot = oldest;
	return OK;
}

void context_forget(uint64_t serial)
{
	struct crypto_thread *thread = crypto_thread_find();

	for (unsigned i = 0; thread && thread->slots && i < CONTEXT_SLOTS; i++)
		if (thread->slots[i].serial == serial)
			clear(&thread->slots[i]);
}
