/*
 * openssl_impl: what the files of this room share of libcrypto.
 *
 * Owns      algorithms fetched once per process, and what each thread keeps prepared (freed when the thread ends).
 * Promises  CRYPTO_FAIL and crypto_forget leave this thread's error queue empty: an entry left there would be blamed on
 *           the next caller, TLS for one.
 */
#ifndef CRYPTO_OPENSSL_IMPL_H
#define CRYPTO_OPENSSL_IMPL_H

#include <openssl/evp.h>

#include "base/status.h"
#include "crypto/digest.h"

struct algorithms {
	EVP_MD *digests[DIGEST_KIND_COUNT];
	EVP_MAC *hmac;
	EVP_KDF *hkdf;
	EVP_CIPHER *aes_256_gcm;
};

/* FAULT_INTERNAL when the library lacks one of them. */
FALLIBLE algorithms_get(const struct algorithms **ret_algorithms);

struct context_slot;

/* Made on a thread's first use. */
struct crypto_thread {
	EVP_MD_CTX *digest;
	EVP_MAC_CTX *hmac;          /* with SHA-256; holds no key of anybody's between uses */
	struct context_slot *slots; /* context.c */
	uint64_t tick;
};

FALLIBLE crypto_thread_get(struct crypto_thread **ret_thread);
/* NULL when this thread has not used the room yet. */
struct crypto_thread *crypto_thread_find(void);
/* context.c: frees the slots; NULL is fine. */
void context_slots_free(struct context_slot *slots);

/* FAULT_INTERNAL; the library's own reason goes to the log's notes. Use: return CRYPTO_FAIL("signing"); */
#define CRYPTO_FAIL(doing) crypto_fail((doing), __func__, __LINE__)
status crypto_fail(const char *doing, const char *func, int line) __attribute__((warn_unused_result, cold));
/* Empties the error queue after a failure that is an answer ("does not verify"). */
void crypto_forget(void);

#endif
