/*
 * headless: the parts of a sign-in whose token only this program can open.
 *
 * Source    spec/tokens.md 6.1: X25519 (RFC 7748), the shared secret itself as AES-256-GCM key.
 * Start at  headless_sign_in() (oauth.h).
 */
#ifndef CLI_HEADLESS_H
#define CLI_HEADLESS_H

#include "base/json.h"
#include "cli/oauth.h"
#include "crypto/secret.h"

#define HEADLESS_CODE_BYTES 48 /* base64url of the public key, 43 characters, with its NUL */
#define HEADLESS_HASH_BYTES 10 /* "1f2e-3d4c" */

/* The code that stands for the public key. */
FALLIBLE headless_code(const struct secret *private_key, char ret_code[HEADLESS_CODE_BYTES]);
/* Eight characters of its SHA-256, as the server's page shows them. */
FALLIBLE headless_hash(const char *code, char ret_hash[HEADLESS_HASH_BYTES]);
/* The token in the server's {ecdhPublicKey, encryptedIdtoken}. FAULT_UNAUTHENTIC when it was sealed for another key. */
FALLIBLE headless_open(struct arena *arena, const struct secret *private_key, const struct json *session, slice *ret_token);

#endif
