/*
 * vault: private keys, sealed with a key from the data folder while they rest (design.md 6 "signing keys", 9).
 */
#include "token/vault.h"

#include <stdatomic.h>
#include <stdio.h>

#include "crypto/digest.h"
#include "crypto/seal.h"

#define SEAL_FILE "seal.key"
#define PATH_BYTES 4096
#define SEALED_BYTES_MAX (SECRET_BYTES_MAX + SEAL_EXTRA_BYTES)
#define CERTIFICATE_BYTES_MAX 8192

struct vault {
	struct secret seal;
	struct random *random;
};

struct vault_key {
	_Atomic unsigned refs;
	struct key *private, *public;
};

FALLIBLE vault_open(slice data_folder, struct random *random, struct vault **ret_vault)
{
	char path[PATH_BYTES];
	struct vault *vault;
	status st;

	if (snprintf(path, sizeof(path), "%.*s/" SEAL_FILE, SLICE_ARG(data_folder)) >= PATH_BYTES)
		return FAIL(FAULT_INVALID, "the data folder's name is too long");
	vault = NEW_ZERO(struct vault);
	TRY_NEW(vault);
	vault->random = random;
	st = secret_load_or_make(&vault->seal, path, SEAL_KEY_BYTES, random);
	if (FAILED(st)) {
		(void)vault_free(vault); /* gives NULL */
		return fault_via(st, __func__, __LINE__);
	}
	*ret_vault = vault;
	return OK;
}

struct vault *vault_free(struct vault *vault)
{
	if (vault)
		secret_wipe(&vault->seal);
	return mem_free(vault);
}

FALLIBLE vault_derive(const struct vault *vault, slice label, struct secret *ret_key)
{
	unsigned char bytes[SEAL_KEY_BYTES];
	status st = hkdf_sha256(secret_bytes(&vault->seal), SLICE("reeve derived key"), label, bytes, sizeof(bytes));

	if (!FAILED(st))
		st = secret_set(ret_key, slice_of(bytes, sizeof(bytes)));
	bytes_wipe(bytes, sizeof(bytes));
	return st;
}

/* ---- keys ---- */

struct vault_key *vault_key_ref(struct vault_key *key)
{
	atomic_fetch_add_explicit(&key->refs, 1, memory_order_relaxed);
	return key;
}

struct vault_key *vault_key_unref(struct vault_key *key)
{
	if (key && atomic_fetch_sub_explicit(&key->refs, 1, memory_order_acq_rel) == 1) {
		(void)key_unref(key->private); /* gives NULL, and the struct goes too */
		(void)key_unref(key->public);
		(void)mem_free(key);
	}
	return NULL;
}

struct key *vault_public(const struct vault_key *key)
{
	return key->public;
}

/* Takes the reference to `private`, also when it fails. */
static FALLIBLE hold(struct key *private, struct vault_key **ret_key)
{
	CLEANUP(key_unrefp) struct key *own = private;
	struct vault_key *key;
	struct buffer der;
	status st;

	buffer_init(&der, NULL, KEY_TEXT_BYTES_MAX);
	key = NEW_ZERO(struct vault_key);
	st = key ? key_put_public_der(own, &der) : FAIL(FAULT_EXHAUSTED, "no memory for a key");
	if (!FAILED(st) && buffer_failed(&der))
		st = FAIL(FAULT_EXHAUSTED, "no memory for a key");
	if (!FAILED(st))
		st = key_from_der(buffer_slice(&der), KEY_PUBLIC, key_alg(own), &key->public);
	buffer_done(&der);
	if (FAILED(st)) {
		(void)mem_free(key); /* a local */
		return fault_via(st, __func__, __LINE__);
	}
	key->private = key_ref(own);
	atomic_init(&key->refs, 1);
	*ret_key = key;
	return OK;
}

/* Bound to the sealed bytes: a key cannot be passed off as another one, nor as another secret of ours. The algorithm is
 * part of it because an RSA key in DER does not say what it is for. */
static const char *seal_context(struct arena *arena, slice kid, enum alg alg)
{
	return arena_printf(arena, "reeve signing key %s %.*s", alg_name(alg), SLICE_ARG(kid));
}

static FALLIBLE seal_key(struct vault *vault, struct key *private, struct arena *arena, slice *ret_sealed)
{
	SECRET der = { 0 };
	const char *context = seal_context(arena, key_thumbprint(private), key_alg(private));
	char kind = (char)key_alg(private);
	struct buffer out;

	TRY_NEW(context);
	TRY(key_private_der(private, &der));
	buffer_init(&out, arena, SEALED_BYTES_MAX + 1);
	buffer_byte(&out, kind);
	TRY(seal(&vault->seal, vault->random, slice_str(context), secret_bytes(&der), &out));
	if (buffer_failed(&out))
		return FAIL(FAULT_EXHAUSTED, "no memory to seal a key");
	*ret_sealed = buffer_slice(&out);
	return OK;
}

FALLIBLE vault_make(struct vault *vault, enum alg alg, struct arena *arena, struct vault_key **ret_key, slice *ret_sealed)
{
	CLEANUP(key_unrefp) struct key *private = NULL;
	slice sealed;

	TRY(key_new(alg, &private));
	TRY(seal_key(vault, private, arena, &sealed));
	TRY(hold(key_ref(private), ret_key));
	*ret_sealed = sealed;
	return OK;
}

static FALLIBLE unseal(struct vault *vault, struct arena *arena, slice kid, slice sealed, struct vault_key **ret_key)
{
	SECRET der = { 0 };
	struct key *private = NULL;
	const char *context;
	enum alg alg;

	if (sealed.len < 1 || (unsigned char)*sealed.at >= ALG_COUNT)
		return FAIL(FAULT_LOST, "a stored signing key is damaged");
	alg = (enum alg) * sealed.at;
	context = seal_context(arena, kid, alg);
	TRY_NEW(context);
	TRY(seal_open(&vault->seal, slice_str(context), slice_from(sealed, 1), der.bytes, sizeof(der.bytes), &der.len));
	TRY(key_from_der(secret_bytes(&der), KEY_PRIVATE, alg, &private));
	return hold(private, ret_key);
}

FALLIBLE vault_unseal(struct vault *vault, slice kid, slice sealed, struct vault_key **ret_key)
{
	struct arena *arena = arena_new(1024);
	struct vault_key *key = NULL;
	status st;

	TRY_NEW(arena);
	st = unseal(vault, arena, kid, sealed, &key);
	(void)arena_free(arena); /* a local */
	if (st.fault == FAULT_LOST)
		return FAIL(FAULT_LOST, "the signing keys in the database were not sealed by the " SEAL_FILE
					" of this data folder; put back the file that belongs to the database");
	TRY(st);
	if (!slice_eq(key_thumbprint(key->public), kid)) {
		(void)vault_key_unref(key); /* a local */
		return FAIL(FAULT_LOST, "a stored signing key is not the one its name says");
	}
	*ret_key = key;
	return OK;
}

/* ---- what is done with them ---- */

FALLIBLE vault_sign(const struct vault_key *key, slice input, unsigned char ret_signature[KEY_SIGNATURE_BYTES_MAX],
		    size_t *ret_len)
{
	return key_sign(key->private, input, ret_signature, ret_len);
}

static FALLIBLE certificate_end(const struct buffer *out, slice *ret_der)
{
	if (buffer_failed(out))
		return FAIL(FAULT_EXHAUSTED, "no memory for a certificate");
	*ret_der = buffer_slice(out);
	return OK;
}

FALLIBLE vault_certify_authority(const struct vault_key *authority, const struct x509_terms *terms, struct arena *arena,
				 slice *ret_der)
{
	struct buffer out;

	buffer_init(&out, arena, CERTIFICATE_BYTES_MAX);
	TRY(x509_make_authority(authority->private, terms, &out));
	return certificate_end(&out, ret_der);
}

FALLIBLE vault_certify(const struct vault_key *authority, slice authority_der, const struct vault_key *leaf,
		       const struct x509_terms *terms, struct arena *arena, slice *ret_der)
{
	struct buffer out;

	buffer_init(&out, arena, CERTIFICATE_BYTES_MAX);
	TRY(x509_make_leaf(authority->private, authority_der, leaf->private, terms, &out));
	return certificate_end(&out, ret_der);
}
