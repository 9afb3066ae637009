#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <pthread.h>

#include "base/mem.h"
#include "crypto/openssl_impl.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct algorithms algorithms;
static bool complete;
static pthread_key_t at_thread_end;
static _Thread_local struct crypto_thread *this_thread;

static void free_thread(void *at)
{
	struct crypto_thread *thread = at;

	EVP_MD_CTX_free(thread->digest);
	EVP_MAC_CTX_free(thread->hmac);
	context_slots_free(thread->slots);
	this_thread = mem_free(thread);
}

/* What is fetched here stays to the end of the process. */
static void fetch_all(void)
{
	static const char *const digests[DIGEST_KIND_COUNT] = {
		[DIGEST_SHA256] = "SHA2-256",
		[DIGEST_SHA384] = "SHA2-384",
		[DIGEST_SHA512] = "SHA2-512",
	};

	complete = pthread_key_create(&at_thread_end, free_thread) == 0;
	for (enum digest_kind kind = 0; kind < DIGEST_KIND_COUNT; kind++) {
		algorithms.digests[kind] = EVP_MD_fetch(NULL, digests[kind], NULL);
		complete = complete && algorithms.digests[kind];
	}
	algorithms.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	algorithms.hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	algorithms.aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	complete = complete && algorithms.hmac && algorithms.hkdf && algorithms.aes_256_gcm;
}

FALLIBLE algorithms_get(const struct algorithms **ret_algorithms)
{
	if (pthread_once(&once, fetch_all) || !complete)
		return CRYPTO_FAIL("fetching the algorithms");
	*ret_algorithms = &algorithms;
	return OK;
}

/* The digest stays set from one key to the next: looking it up by name costs more than a short authentication. */
static EVP_MAC_CTX *new_hmac(const struct algorithms *all)
{
	static char name[] = "SHA2-256";
	const OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
				      OSSL_PARAM_construct_end() };
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(all->hmac);

	if (ctx && EVP_MAC_CTX_set_params(ctx, params) != 1) {
		EVP_MAC_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

FALLIBLE crypto_thread_get(struct crypto_thread **ret_thread)
{
	const struct algorithms *all;
	struct crypto_thread *made;

	if (this_thread) {
		*ret_thread = this_thread;
		return OK;
	}
	TRY(algorithms_get(&all)); /* also makes at_thread_end */
	made = NEW_ZERO(struct crypto_thread);
	if (!made)
		return FAIL(FAULT_EXHAUSTED, "out of memory");
	made->digest = EVP_MD_CTX_new();
	made->hmac = new_hmac(all);
	if (!made->digest || !made->hmac || pthread_setspecific(at_thread_end, made)) {
		EVP_MD_CTX_free(made->digest);
		EVP_MAC_CTX_free(made->hmac);
		(void)mem_free(made); /* never shown to anybody */
		return CRYPTO_FAIL("preparing a thread");
	}
	*ret_thread = this_thread = made;
	return OK;
}

struct crypto_thread *crypto_thread_find(void)
{
	return this_thread;
}

status crypto_fail(const char *doing, const char *func, int line)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	fault_note(func, line, "%s: %s", doing, reason ? reason : "no reason given");
	ERR_clear_error();
	return fault_fail(FAULT_INTERNAL, func, line, "the cryptographic library failed while %s", doing);
}

void crypto_forget(void)
{
	ERR_clear_error();
}
