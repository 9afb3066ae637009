/*
 * seal: bytes that only a holder of the key can read or make (AES-256-GCM).
 *
 * Form      12-byte random nonce, ciphertext, 16-byte tag (NIST SP 800-38D). The tag's length is fixed and nothing in the
 *           input can shorten it (CVE-2023-37464). One key seals at most 2^32 times.
 * Start at  seal(), seal_open().
 */
#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include "base/buffer.h"
#include "crypto/secret.h"

#define SEAL_KEY_BYTES 32
#define SEAL_NONCE_BYTES 12
#define SEAL_TAG_BYTES 16
#define SEAL_EXTRA_BYTES (SEAL_NONCE_BYTES + SEAL_TAG_BYTES)
#define SEAL_PLAIN_BYTES_MAX ((size_t)1 << 24)

/* Appends the sealed form of `plain`. `context` is bound to it (what the bytes are and whose): opening under another one
 * fails. FAULT_INVALID when the key has not SEAL_KEY_BYTES or plain is too long. */
FALLIBLE seal(const struct secret *key, struct random *random, slice context, slice plain, struct buffer *out);
/* Writes sealed.len - SEAL_EXTRA_BYTES bytes. FAULT_LOST when it was not sealed by this key for this context, or damaged;
 * FAULT_INVALID when size is too small. On a failure nothing of the plain text stays in `into`. */
FALLIBLE seal_open(const struct secret *key, slice context, slice sealed, void *into, size_t size, size_t *ret_len);

#endif
