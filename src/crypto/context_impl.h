/*
 * context_impl: keys made ready for signing and verifying, per thread.
 *
 * Owns      CONTEXT_SLOTS prepared contexts a thread, in sets of CONTEXT_WAYS, the least used of a set replaced.
 * Promises  a key's material may outlive its last reference inside such a slot, but only until that slot is needed for
 *           another key, the thread ends, or the last reference was dropped on that very thread.
 */
#ifndef CRYPTO_CONTEXT_IMPL_H
#define CRYPTO_CONTEXT_IMPL_H

#include "crypto/key_impl.h"
#include "crypto/openssl_impl.h"

#define CONTEXT_SLOTS 64u
#define CONTEXT_WAYS 4u

struct context_slot {
	uint64_t serial; /* 0: free */
	uint64_t used;
	enum alg alg;
	bool signs;
	EVP_PKEY_CTX *pkey;          /* RSA, EC: initialised once, used again and again */
	EVP_MD_CTX *prepared, *work; /* Ed25519: copied for each use */
};

/* Lives until this thread's next context_get. */
FALLIBLE context_get(struct key *key, enum alg alg, bool signs, struct context_slot **ret_slot);
/* Forgets this thread's contexts of that key. */
void context_forget(uint64_t serial);

#endif
