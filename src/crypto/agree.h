/*
 * agree: X25519 (RFC 7748): two sides that show each other a public key come to one secret.
 *
 * Promises  a public key that leads to the all-zero secret (a point of small order, RFC 7748 section 6.1) is refused.
 * Start at  agree_public(), agree_secret().
 */
#ifndef CRYPTO_AGREE_H
#define CRYPTO_AGREE_H

#include "crypto/secret.h"

#define AGREE_KEY_BYTES 32

/* The public key that goes with AGREE_KEY_BYTES private bytes (any are fine). */
FALLIBLE agree_public(const struct secret *private_key, uint8_t ret_public[AGREE_KEY_BYTES]);
/* The secret shared with the holder of their_public, AGREE_KEY_BYTES. FAULT_INVALID when that is no key to agree with. */
FALLIBLE agree_secret(const struct secret *private_key, slice their_public, struct secret *ret_shared);

#endif
