/*
 * digest: SHA-2, HMAC and HKDF.
 *
 * Promises  algorithms are fetched once per process and contexts made once per thread. Every failure is FAULT_INTERNAL: the
 *           library or the memory failed, never the input.
 * Start at  sha256(), hmac_sha256(), hkdf_sha256().
 */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "base/slice.h"
#include "base/status.h"

enum digest_kind { DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512, DIGEST_KIND_COUNT };

#define SHA256_BYTES 32
#define SHA256_TEXT_BYTES 65
#define DIGEST_BYTES_MAX 64

size_t digest_bytes(enum digest_kind kind);
/* ret_digest has room for digest_bytes(kind). */
FALLIBLE digest_of(enum digest_kind kind, slice bytes, unsigned char *ret_digest);
FALLIBLE sha256(slice bytes, unsigned char ret_digest[SHA256_BYTES]);
/* The same in lower-case hex, NUL-terminated. */
FALLIBLE sha256_text(slice bytes, char ret_text[SHA256_TEXT_BYTES]);

/* Over parts: digest_new, digest_add ..., digest_end (once), digest_free. */
struct digest;
FALLIBLE digest_new(enum digest_kind kind, struct digest **ret_digest);
FALLIBLE digest_add(struct digest *digest, slice bytes);
FALLIBLE digest_end(struct digest *digest, unsigned char *ret_digest);
/* NULL is fine; always returns NULL. */
struct digest *digest_free(struct digest *digest);

/* RFC 2104. */
FALLIBLE hmac_sha256(slice key, slice bytes, unsigned char ret_mac[SHA256_BYTES]);
/* RFC 5869, extract and expand; len <= 255 * 32. salt and info may be empty. */
FALLIBLE hkdf_sha256(slice key, slice salt, slice info, void *ret_key, size_t len);

#endif
