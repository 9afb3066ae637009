/*
 * jwks: an issuer's published keys (RFC 7517 section 5).
 *
 * Promises  immutable and counted; keys that are not usable (another kind, use or algorithm, weak, broken) are skipped, and a
 *           set without any usable one is refused. A kid is a hint inside one set: where several keys carry it each is tried,
 *           and whichever is tried must still verify under its own algorithm.
 * Start at  jwks_parse(), jwks_verify().
 */
#ifndef CRYPTO_JWKS_H
#define CRYPTO_JWKS_H

#include "crypto/jws.h"
#include "crypto/key.h"

#define JWKS_BYTES_MAX ((size_t)32 * 1024)
#define JWKS_KEYS_MAX 64 /* later ones are dropped */
#define JWKS_TRIES_MAX 8 /* signatures checked for one token */

struct jwks;

/* FAULT_INVALID: too long, no key set, or no usable key in it (the text says why the first one is not). */
FALLIBLE jwks_parse(slice text, struct jwks **ret_jwks);
/* A set of our own keys; takes a reference to each. count is 1..JWKS_KEYS_MAX. */
FALLIBLE jwks_of(struct key *const keys[], size_t count, struct jwks **ret_jwks);
struct jwks *jwks_ref(struct jwks *jwks);
/* NULL is fine; always returns NULL. */
struct jwks *jwks_unref(struct jwks *jwks);

static inline void jwks_unrefp(struct jwks **jwks)
{
	*jwks = jwks_unref(*jwks);
}

size_t jwks_count(const struct jwks *jwks);
/* Entries of the text that were skipped. */
size_t jwks_skipped(const struct jwks *jwks);
/* Lives as long as the set. */
struct key *jwks_at(const struct jwks *jwks, size_t i);
/* The first key of that kid; NULL when there is none. */
struct key *jwks_find(const struct jwks *jwks, slice kid);
/* {"keys": [...]}, public halves alone. */
void jwks_put(const struct jwks *jwks, struct json_writer *writer);

/* Tries the keys of the token's kid (or, where none carries it, those without a kid of their own; or, for a token without
 * kid, all), as far as they are for the token's alg, at most JWKS_TRIES_MAX. FAULT_ABSENT when no key fits: the set may be
 * old. FAULT_UNAUTHENTIC when none of those that fit made the signature. ret_key may be NULL; it lives as long as the set. */
FALLIBLE jwks_verify(const struct jwks *jwks, const struct jws *jws, struct key **ret_key);

#endif
