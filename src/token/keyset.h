/*
 * keyset: our signing keys at one moment: which one signs, which ones are believed, what is published.
 *
 * Owns      the keys read from table_signing_keys, opened; the header of each kind of token under each key.
 * Promises  immutable and counted; replaced whole by who holds it (issuer.c). Which key signs is a pure function of the rows
 *           and the time, so that all replicas switch at the same moment and no second write is needed: a key is published
 *           from created_us, signs from active_us until a later one does, and is believed until retired_us.
 * Start at  keyset_load(), keyset_signer(), keyset_find().
 */
#ifndef TOKEN_KEYSET_H
#define TOKEN_KEYSET_H

#include "token/kind.h"
#include "token/vault.h"

/* Published at once. Rotation makes two; forced ones pile up until their last tokens have ended. */
#define KEYSET_KEYS_MAX 16

struct keyset_key {
	struct vault_key *key;
	enum alg alg;
	slice kid;                                 /* RFC 7638 thumbprint */
	slice certificate;                         /* DER: the leaf below the registry CA */
	slice headers[TOKEN_KIND_COUNT];           /* base64url of the header and the dot behind it */
	int64_t created_us, active_us, retired_us; /* retired_us 0: in use */
};

struct keyset {
	_Atomic unsigned refs;
	struct arena *own;
	size_t count;
	struct keyset_key keys[KEYSET_KEYS_MAX]; /* by active_us, then kid */
};

/* From rows in any order. Keys that `before` (may be NULL) holds already are taken over instead of opened again. */
FALLIBLE keyset_load(struct vault *vault, const struct signing_key *rows, size_t count, const struct keyset *before,
		     struct keyset **ret_keyset);
struct keyset *keyset_ref(struct keyset *keyset);
/* NULL is fine; returns NULL. */
struct keyset *keyset_unref(struct keyset *keyset);

/* Whether a key that is retired then (0: in use) is believed at this time. */
static inline bool key_is_believed(int64_t retired_us, int64_t now_us)
{
	return retired_us == 0 || now_us < retired_us;
}

/* The key that signs at this time; NULL when none does. */
const struct keyset_key *keyset_signer(const struct keyset *keyset, int64_t now_us);
/* The key of that name if it is believed at this time; NULL otherwise. */
const struct keyset_key *keyset_find(const struct keyset *keyset, slice kid, int64_t now_us);
/* The public key set (RFC 7517 section 5) of what is published at this time. */
void keyset_put(const struct keyset *keyset, int64_t now_us, struct json_writer *writer);

static inline void keyset_unrefp(struct keyset **keyset)
{
	*keyset = keyset_unref(*keyset);
}

#endif
