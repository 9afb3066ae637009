/*
 * jws: signed tokens in the compact form (RFC 7515), nothing else: no encryption, no JSON form, no detached payload.
 *
 * Promises  a token says which key it wants and never how it is verified: `alg` must be one the key is for, "none" and
 *           HS* do not exist, `crit`, `zip` and `b64` are refused, `jwk`, `jku`, `x5u`, `x5c` are ignored. Sizes are checked
 * before anything is read, there are three segments exactly, and each is base64url to the bit. Start at  jws_parse(), then
 * jws_verify() or jwks_verify(); jws_sign().
 */
#ifndef CRYPTO_JWS_H
#define CRYPTO_JWS_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/json.h"
#include "crypto/key.h"

#define JWS_BYTES_DEFAULT ((size_t)16 * 1024)
#define JWS_DEPTH_MAX 16u

/* A token taken apart; nothing of it is trusted before jws_verify. Lives in the arena and the token's text. */
struct jws {
	enum alg alg; /* never ALG_UNSET */
	bool has_kid;
	slice kid, typ; /* empty when absent */
	const struct json *header;
	slice payload; /* decoded; any bytes */
	slice input;   /* what was signed */
	slice signature;
};

/* limit_bytes 0: JWS_BYTES_DEFAULT. FAULT_UNAUTHENTIC for whatever is no such token (the log's notes say why), FAULT_EXHAUSTED
 * when the arena is full. */
FALLIBLE jws_parse(struct arena *arena, slice token, size_t limit_bytes, struct jws *ret_jws);
/* The payload as a JSON object. FAULT_UNAUTHENTIC when it is none. Says nothing about the signature. */
FALLIBLE jws_claims(struct arena *arena, const struct jws *jws, const struct json **ret_claims);
/* FAULT_UNAUTHENTIC unless this key made the signature under an algorithm it is for. */
FALLIBLE jws_verify(const struct jws *jws, struct key *key);

/* What stands in the header beside alg and kid. */
struct jws_header {
	slice typ;        /* empty: left out */
	const slice *x5c; /* certificates in DER, leaf first */
	size_t x5c_count;
	bool without_kid;
};

/* Appends the token; kid is the key's. FAULT_INVALID for a public key, FAULT_EXHAUSTED when `out` is full. */
FALLIBLE jws_sign(struct key *key, const struct jws_header *header, slice payload, struct buffer *out);

#endif
