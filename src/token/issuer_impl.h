/* What the files of this room share. */
#ifndef TOKEN_ISSUER_IMPL_H
#define TOKEN_ISSUER_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/json.h"
#include "crypto/jwks.h"
#include "token/keyset.h"
#include "token/token.h"

#define LEEWAY_S 60          /* between our clock and others' */
#define ASSERTION_LIFE_S 300 /* of an operator's sign-in assertion */

struct upstreams;
struct relations;

struct issuer {
	struct issuer_options options; /* texts in own */
	struct arena *own;
	_Atomic int64_t access_life_s, registry_life_s; /* those in force; in options is what they were at first */
	slice host;                                     /* bare host name of the URL */
	struct store *store;
	struct authz *authz;
	struct fetcher *fetcher;
	struct vault *vault;
	pthread_mutex_t keyset_lock; /* held to take or swap the pointer */
	struct keyset *keyset;
	_Atomic uint64_t generation; /* grows with each keyset: what was verified under another one is verified again */
	pthread_mutex_t rotate_lock;
	struct vault_key *authority; /* of the registry */
	slice authority_der;         /* in own */
	struct upstreams *upstreams;
	struct relations *relations;
};

/* A reference to the keyset of this moment. */
struct keyset *issuer_keyset(struct issuer *issuer);
static inline int64_t issuer_now_us(const struct issuer *issuer)
{
	return clock_now_us(issuer->options.clock);
}
/* rotate.c */
FALLIBLE rotate_start(struct issuer *issuer);
FALLIBLE rotate_reload(struct issuer *issuer, struct tx *tx);

/* ---- upstream.c: keys of other issuers ---- */

struct upstreams *upstreams_new(size_t most);
struct upstreams *upstreams_free(struct upstreams *upstreams);
/* The key set of an issuer that a stored identity names. kid: what the token names ("" for none): one that is not in the set
 * has it fetched anew, at most once in a while. FAULT_ELSEWHERE when it must be fetched and may_block is false. */
FALLIBLE upstream_keys(struct issuer *issuer, slice url, slice kid, bool may_block, struct jwks **ret_keys);
/* UNAUTHENTICATED unless one of these keys made the signature. What failed for another reason says nothing of the token, and
 * keeps its fault. */
FALLIBLE upstream_verify(const struct jwks *keys, const struct jws *jws);

/* ---- relation.c: how identities are proved ---- */

/* One identity's row and, of static keys, its key set. Counted, immutable. */
struct relation {
	_Atomic unsigned refs;
	struct arena *own;
	struct identity row;
	struct jwks *keys;
	const struct json *claims, *claim_patterns; /* objects; NULL for none */
	const struct json *audiences;               /* array; NULL for none */
	bool is_operator;                           /* hangs under the operators' group */
};
struct relations *relations_new(size_t most);
struct relations *relations_free(struct relations *relations);
/* FAULT_ELSEWHERE when it must be read and may_block is false; PERMISSION_DENIED when there is no such identity. */
FALLIBLE relation_get(struct issuer *issuer, const struct uid *identity, bool may_block, struct relation **ret_relation);
struct relation *relation_unref(struct relation *relation);
static inline void relation_unrefp(struct relation **relation)
{
	*relation = relation_unref(*relation);
}
/* The commit hook's part. */
void relations_forget(struct relations *relations, const struct change *changes, size_t count);

/* ---- assume.c ---- */

struct asked {
	const struct uid *identity, *identity_provider; /* none: not named */
	bool may_block;
	bool is_exchange; /* what is good once for each audience is taken: the caller sees to that */
};
/* token_assume() for everybody. */
FALLIBLE assume_any(struct issuer *issuer, struct arena *arena, slice text, const struct asked *asked,
		    struct assumed *ret_assumed);

/* ---- login.c, idtoken.c: people ---- */

bool login_is_client(const struct issuer *issuer, slice client_id);
/* Names, picture, a verified address (an unverified one is left out) and `groups` of a token's claims. */
FALLIBLE login_read_profile(struct arena *arena, const struct json *claims, struct person *person);
/* The configured connection with this issuer; NULL when there is none. */
const struct issuer_connection *idtoken_connection(const struct issuer *issuer, slice url);
/* Where an ID token must come from. */
struct idtoken_party {
	slice name, issuer, client_id, groups_claim;
	struct uid confined_to;
};
/* What one must say, whoever signed it; token_id is left empty. */
FALLIBLE idtoken_claims(struct arena *arena, slice typ, const struct json *claims, const struct idtoken_party *party,
			int64_t now_s, struct login *ret_login);
/* `aud` is this client, or one of several. */
bool idtoken_names(const struct json *claims, slice client_id);
/* token_login_read() of a token that is not ours. */
FALLIBLE idtoken_read(struct issuer *issuer, struct arena *arena, const struct jws *jws, const struct json *claims, slice url,
		      const struct uid *identity_provider, bool may_block, struct login *ret_login);

/* ---- match.c: claims against a relationship ---- */

/* Everything but the signature, in order: times, audience, subject, further claims. PERMISSION_DENIED naming the claim.
 * ret_audience: the audience that matched. */
FALLIBLE match_claims(const struct issuer *issuer, const struct relation *relation, const struct json *claims,
		      slice *ret_audience);
/* The issuer alone: before anything is fetched for it. */
FALLIBLE match_issuer(const struct relation *relation, slice url);

#endif
