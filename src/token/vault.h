/*
 * vault: the one place that holds private keys.
 *
 * Owns      the sealing key (file seal.key in the data folder, 0600, made at first start), the private halves in memory.
 * Promises  a private key leaves only sealed; every signature of ours is made by vault_sign(). Moving the keys into a process
 * of their own changes vault.c and nothing else: the other files hold public halves and struct vault_key alone. Start at
 * vault_open(), vault_sign().
 */
#ifndef TOKEN_VAULT_H
#define TOKEN_VAULT_H

#include "base/arena.h"
#include "base/random.h"
#include "crypto/key.h"
#include "crypto/secret.h"
#include "crypto/x509.h"

struct vault;
struct vault_key; /* one private key in the vault's keeping; counted */

/* Reads or makes <data_folder>/seal.key. FAULT_INVALID names the file when it cannot be read or has a wrong length. */
FALLIBLE vault_open(slice data_folder, struct random *random, struct vault **ret_vault);
/* NULL is fine; returns NULL. Keys may outlive it. */
struct vault *vault_free(struct vault *vault);

/* A fresh key pair. ret_sealed (in the arena) is what the store keeps of it; only this vault opens it again. RSA takes about
 * 100 ms: not on a loop. */
FALLIBLE vault_make(struct vault *vault, enum alg alg, struct arena *arena, struct vault_key **ret_key, slice *ret_sealed);
/* FAULT_LOST when it was sealed by another vault, for another kid, or is damaged. */
FALLIBLE vault_unseal(struct vault *vault, slice kid, slice sealed, struct vault_key **ret_key);
struct vault_key *vault_key_ref(struct vault_key *key);
/* NULL is fine; returns NULL. */
struct vault_key *vault_key_unref(struct vault_key *key);
/* The public half; lives as long as the key. Its kid is the RFC 7638 thumbprint. */
struct key *vault_public(const struct vault_key *key);

/* THE signature: JOSE's raw form, of a fixed length per algorithm. */
FALLIBLE vault_sign(const struct vault_key *key, slice input, unsigned char ret_signature[KEY_SIGNATURE_BYTES_MAX],
		    size_t *ret_len);
/* Certificates in DER, in the arena: the registry's own authority, and a leaf for `leaf` below it. */
FALLIBLE vault_certify_authority(const struct vault_key *authority, const struct x509_terms *terms, struct arena *arena,
				 slice *ret_der);
FALLIBLE vault_certify(const struct vault_key *authority, slice authority_der, const struct vault_key *leaf,
		       const struct x509_terms *terms, struct arena *arena, slice *ret_der);

/* A key of its own for each label, derived from the sealing key: what is sealed under one opens under no other. */
FALLIBLE vault_derive(const struct vault *vault, slice label, struct secret *ret_key);

static inline void vault_key_unrefp(struct vault_key **key)
{
	*key = vault_key_unref(*key);
}

#endif
