/*
 * machine: this machine's key: how an operator signs in with no password and no secret on the wire.
 *
 * Owns      the private key's file (0600, PKCS #8 in PEM) and the assertions it signs.
 * Promises  the key never leaves the file but to sign; a file that others can read is refused; an assertion lives
 *           ASSERTION_LIFE_S and is for the issuer alone.
 * Start at  machine_assertion(); machine_key_make() at setup.
 */
#ifndef CLI_MACHINE_H
#define CLI_MACHINE_H

#include "cli/cli.h"
#include "crypto/key.h"

#define ASSERTION_LIFE_S 120

/* auth.identity and auth.machine-key are both set. */
bool machine_is_set(const struct cli *cli);
/* What the token service takes for auth.identity. FAULT_INVALID when the key cannot be used. */
FALLIBLE machine_assertion(struct cli *cli, slice *ret_assertion);
/* A new P-256 key in this file; *ret_jwk is its public half. The file must not exist. */
FALLIBLE machine_key_make(struct cli *cli, const char *path, slice *ret_jwk);

/* A compact JWS with these claims, without `kid` when is_bare (pull tokens). */
struct assertion {
	slice issuer, subject, audience;
	int64_t life_s;
	bool is_bare; /* no kid, no jti: the form of pull tokens */
};
FALLIBLE assertion_sign(struct cli *cli, struct key *key, const struct assertion *assertion, slice *ret_text);
/* The public half as a JWK; as a JWK set with is_set. */
FALLIBLE key_public_json(struct cli *cli, const struct key *key, bool is_set, slice *ret_json);

#endif
