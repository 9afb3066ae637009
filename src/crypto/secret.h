/*
 * secret: bytes nobody may read in a log, a core dump's tail or a timing.
 *
 * Promises  wiped at the end of scope when declared with SECRET; compared in constant time; prints as "[secret]"; does not
 *           convert to a slice but by secret_bytes(), the one word to look for in a review.
 * Start at  SECRET, secret_load(), secret_equal().
 */
#ifndef CRYPTO_SECRET_H
#define CRYPTO_SECRET_H

#include "base/mem.h"
#include "base/random.h"
#include "base/slice.h"
#include "base/status.h"

/* Room for the longest thing kept secret: a sealed 4096-bit RSA key in DER takes about 2400. */
#define SECRET_BYTES_MAX 4096

struct secret {
	size_t len;
	unsigned char bytes[SECRET_BYTES_MAX];
};

/* SECRET password = { 0 };  -- wiped when the scope ends, on every path. */
#define SECRET CLEANUP(secret_wipe) struct secret

void secret_wipe(struct secret *secret);
/* FAULT_INVALID when there are too many bytes. */
FALLIBLE secret_set(struct secret *secret, slice bytes);
FALLIBLE secret_random(struct secret *secret, struct random *random, size_t len);
/* The whole file without its trailing line ends. FAULT_INVALID (naming the path, never the content) when it cannot be read,
 * is no regular file, is empty or too long. */
FALLIBLE secret_load(struct secret *secret, const char *path);
/* As above; when there is no file yet, one is made first with `len` random bytes, readable by its owner alone, whole or not
 * at all. A file of another length is FAULT_INVALID. The bytes are kept as they are. */
FALLIBLE secret_load_or_make(struct secret *secret, const char *path, size_t len, struct random *random);

/* For handing to a primitive; lives as long as the secret. */
static inline slice secret_bytes(const struct secret *secret)
{
	return slice_of(secret->bytes, secret->len);
}

/* In constant time for equal lengths; the length itself is no secret. */
bool secret_equal(const struct secret *a, const struct secret *b);
/* The same of two slices: digests, codes, anything a stranger may guess at. */
bool bytes_equal(slice a, slice b);
/* Overwrites memory so that the compiler cannot leave it out. */
void bytes_wipe(void *at, size_t size);
/* "[secret]", or "[none]" for an empty one: all that may be printed of it. */
const char *secret_text(const struct secret *secret);

#endif
