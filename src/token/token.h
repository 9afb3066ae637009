/*
 * token: turn a credential into a short-lived token of ours, and know our own tokens again.
 *
 * Owns      the signing keyset and its rotation, the table of token kinds, minting, verification with its per-thread cache,
 *           upstream keys (discovery, JWKS), the relationship cache, the exchange.
 * Promises  the key fixes the algorithm; every verifier names the kind it wants; liveness is asked at each issue; nothing is
 *           fetched because a token alone says so; what cannot be answered from memory gives FAULT_ELSEWHERE unless the
 *           caller may block.
 * Start at  token_exchange() for the main job, token_verify() for a call that carries one of ours.
 */
#ifndef TOKEN_TOKEN_H
#define TOKEN_TOKEN_H

#include "authz/authz.h"
#include "base/clock.h"
#include "base/random.h"
#include "fetch/fetch.h"
#include "model/caller.h"
#include "store/store.h"

struct issuer; /* one per process */

#define TOKEN_BYTES_MAX 32768       /* of any token we look at: what fits an authorization value of 32 KiB */
#define TOKEN_ACCESS_BYTES_MAX 8192 /* of an access token we mint */
#define TOKEN_AUDIENCES_MAX 16
#define TOKEN_LIFE_MAX_S 3600

/* ---- making it ---- */

/* A connection whose ID tokens Exchange and Register take as they are (design.md 6, untargeted exchange). */
struct issuer_connection {
	slice name, issuer, client_id;
};

struct issuer_options {
	slice url;              /* the issuer, no trailing slash; also our first audience */
	slice api_url;          /* audience of API tokens; often the same */
	const slice *audiences; /* further ones we mint for: registries' services and token.audiences */
	size_t audiences_count;
	const slice *registries; /* the audiences that are registry services */
	size_t registries_count;
	slice algorithm;           /* "ES256" (default) or "RS256" */
	int64_t access_life_s;     /* <= TOKEN_LIFE_MAX_S */
	int64_t registry_life_s;   /* 60..300 */
	int64_t rotate_every_s;    /* 30 days */
	const slice *issuer_allow; /* when count > 0: only these issuers (exact) are fetched */
	size_t issuer_allow_count;
	const struct issuer_connection *connections; /* where people of this server sign in; none: only local accounts */
	size_t connections_count;
	const slice *clients; /* client ids that login tokens are made for: token.clients */
	size_t clients_count;
	slice data_folder; /* holds the sealing key file */
	size_t relationship_cache_max, upstream_cache_max, verified_cache_max;
	const struct clock *clock;
	struct random *random;
};

FALLIBLE issuer_new(const struct issuer_options *options, struct store *store, struct authz *authz, struct fetcher *fetcher,
		    struct issuer **ret_issuer);
struct issuer *issuer_free(struct issuer *issuer);
/* Loads the keyset, making the first keys and the registry CA on an empty store (a write: call it before serving). */
FALLIBLE issuer_start(struct issuer *issuer);
/* How long tokens minted from now on live; what options said is replaced. Keys stay believed for the longest life there may be,
 * whatever it is now. Any thread. */
void issuer_set_lives(struct issuer *issuer, int64_t access_life_s, int64_t registry_life_s);
/* The commit hook's part: forgets cached relationships of changed identities, reloads keys. User is the struct issuer *. */
status issuer_apply(void *user, struct tx *tx, const struct change *changes, size_t count, uint64_t revision);
/* Rotation that is due: publishes the next key ahead, switches, retires; call about once a minute from a worker.
 * force: publish and switch now (the old key stays published until its last token has ended). */
FALLIBLE issuer_rotate(struct issuer *issuer, bool force);

/* The key that signs now; texts in the arena. */
struct issuer_key {
	slice kid, algorithm;
	int64_t active_us;
};
FALLIBLE issuer_active_key(struct issuer *issuer, struct arena *arena, struct issuer_key *ret_key);

/* ---- documents ---- */

/* JSON of /.well-known/openid-configuration and of the key set; in the arena, from memory. */
FALLIBLE issuer_discovery(struct issuer *issuer, struct arena *arena, slice *ret_json);
FALLIBLE issuer_jwks(struct issuer *issuer, struct arena *arena, slice *ret_json);
/* PEM of the registry CA: the registry's rootcertbundle. */
FALLIBLE issuer_registry_ca(struct issuer *issuer, struct arena *arena, slice *ret_pem);
slice issuer_url(const struct issuer *issuer);
slice issuer_api_url(const struct issuer *issuer);

/* ---- the kinds of token ---- */

/* One table in token/kind.c gives each its typ, key, audience rule, life and where it is accepted. */
enum token_kind { TOKEN_ACCESS, TOKEN_REGISTRY, TOKEN_LOGIN, TOKEN_WEBHOOK, TOKEN_KIND_COUNT };

/* What a verified token says. Counted: one call holds a reference to its end. */
struct verified {
	struct caller caller;
	struct authz_subject subject; /* per-thread resolution of caller.identity; only on the thread that verified it */
	enum token_kind kind;
	/* for TOKEN_LOGIN */
	slice upstream_issuer, upstream_subject, provider, groups;
};
struct verified *verified_ref(struct verified *verified);
struct verified *verified_unref(struct verified *verified);

/* Verifies one of our tokens of just this kind for this audience (empty audience: any of ours that serves the API: the
 * issuer's or API URL). UNAUTHENTICATED with a clear text for malformed, foreign, expired, wrong-kind, wrong-audience tokens
 * and for a dead subject. From memory, on any registered thread (authz_thread_start). */
FALLIBLE token_verify(struct issuer *issuer, enum token_kind kind, slice text, slice audience, struct verified **ret_verified);

/* ---- upstream credentials ---- */

struct login;

/* Who an upstream credential proves the bearer to be. */
struct assumed {
	struct uid identity;
	slice act; /* JSON object of strings: iss, sub, aud of what was presented (or of what stood behind our own token) */
	slice email;
	bool email_is_verified;
	slice upstream;      /* JSON object for the `upstream` claim, "" = none */
	int64_t not_after_s; /* the new token may not outlive this; 0 = no bound */
	struct caps bound;   /* with is_bounded: no more than these (a re-exchange) */
	const struct token_grant *bound_grants;
	size_t bound_grants_count;
	bool is_bounded, bound_operator; /* bound_operator: the token lets an operator's standing through */
	struct uid confined_to;
	bool is_person;
	slice once; /* what proved it may be exchanged once for each audience: this names it; "" = any number of times */
	int64_t once_until_s;
	struct login *login; /* of a person who just signed in; else NULL */
};

/* Proves `text` for `identity` (none: our own access token for the same subject). FAULT_ELSEWHERE when keys or the relationship
 * must be fetched or read and may_block is false. identity_provider: none unless the request names one. What may be exchanged
 * once only (login tokens, people's ID tokens) is refused: token_exchange() alone takes it. */
FALLIBLE token_assume(struct issuer *issuer, struct arena *arena, slice text, const struct uid *identity,
		      const struct uid *identity_provider, bool may_block, struct assumed *ret_assumed);

/* ---- minting ---- */

struct mint {
	enum token_kind kind;
	const struct assumed *who;
	const slice *audiences;
	size_t audiences_count;
	const struct token_grant *grants; /* TOKEN_ACCESS: what authz_grants gave, already bounded and narrowed */
	size_t grants_count;
	bool is_operator;
	slice access;   /* TOKEN_REGISTRY: the JSON array for the `access` claim */
	slice claims;   /* further claims as JSON members without braces; "" = none */
	int64_t life_s; /* 0: the kind's default */
};
struct minted {
	slice text, token_id;
	int64_t issued_s, expires_s;
};
FALLIBLE token_mint(struct issuer *issuer, struct arena *arena, const struct mint *mint, struct minted *ret_minted);

/* ---- people ---- */

/* Somebody who signed in upstream. */
struct person {
	slice issuer, subject;  /* upstream */
	slice connection;       /* the connection's name, or the provider's UIDP text */
	struct uid confined_to; /* the organization whose own provider it was; else none */
	slice email, name, given_name, family_name, picture;
	bool email_is_verified;
	slice groups; /* JSON array of strings; "" = none */
	slice nonce;  /* of the request that an authorization code answers, for the login token alone (OpenID Connect Core 2) */
};

/* A finished sign-in as its login token says it (design.md 6). Slices in the arena it was read into. */
struct login {
	struct uid identity; /* the user's id, also before registration */
	struct person person;
	slice client_id, token_id;
	int64_t issued_s, expires_s;
};

/* iss = ISSUER, sub = the user's id, aud = the client id, LOGIN_LIFE_S. INVALID_ARGUMENT for an unknown client id. From memory.
 */
FALLIBLE token_login_mint(struct issuer *issuer, struct arena *arena, const struct person *person, slice client_id,
			  struct minted *ret_minted);
/* Our login token, or an ID token of a connection or (identity_provider given) of an organization's own provider that was made
 * for our client there: what Exchange without an identity and Register take. UNAUTHENTICATED otherwise, or PERMISSION_DENIED
 * naming the claim of an ID token; FAULT_ELSEWHERE when keys must be fetched or rows read and may_block is false. A provider
 * that is gone, a disabled local account, a suspended organization: the token is worth nothing any more. token_id names an ID
 * token by what was signed. */
FALLIBLE token_login_read(struct issuer *issuer, struct arena *arena, slice text, const struct uid *identity_provider,
			  bool may_block, struct login *ret_login);

/* What an access token for the person themselves would say of them: act, email, upstream, where they are confined to. In the
 * arena. */
FALLIBLE token_login_assume(struct arena *arena, const struct login *login, struct assumed *ret_assumed);

/* May this server ask the issuer for anything (issuers.allow)? Connections of the configuration are allowed by standing there.
 */
bool issuer_may_ask(const struct issuer *issuer, slice url);
/* The discovery document of an issuer that a stored provider or the configuration names; it names that issuer. Kept for an hour
 * and, while the issuer does not answer, for a day; one fetched before since_us (when the provider was last changed, 0 for
 * never) is not used. A copy in the arena. PERMISSION_DENIED when the issuer may not be asked or its document names another;
 * BUSY when enough wait for it; UNAVAILABLE or another fault of fetch.h when it does not answer. Waits for the network: on a
 * worker. */
FALLIBLE issuer_document(struct issuer *issuer, struct arena *arena, slice url, int64_t since_us, slice *ret_document);

/* ---- what rests or travels sealed, under a key of its own for each label ---- */

#define ISSUER_SEALED_BYTES_MAX ((size_t)64 * 1024)
/* Raw bytes, in the arena. */
FALLIBLE issuer_seal(struct issuer *issuer, const char *label, struct arena *arena, slice plain, slice *ret_sealed);
/* FAULT_LOST when it was not sealed here under this label, or was changed. */
FALLIBLE issuer_open(struct issuer *issuer, const char *label, struct arena *arena, slice sealed, slice *ret_plain);

/* Proves later that this server wrote the bytes, under this label. */
FALLIBLE issuer_mac(struct issuer *issuer, const char *label, slice bytes, unsigned char ret_mac[32]);

/* ---- the exchange (tokens.md 3) ---- */

struct exchange {
	slice upstream; /* the credential, scheme stripped and trimmed */
	const slice *audiences;
	size_t audiences_count;
	slice identity; /* UIDP text or empty */
	slice identity_provider;
	const slice *scopes; /* UIDP texts or group names; `scope` already merged in */
	size_t scopes_count;
	const slice *capabilities; /* names to narrow to; 0 = all */
	size_t capabilities_count;
	bool may_block;
};
struct exchanged {
	struct minted token;
	struct assumed who; /* with `once`: the caller remembers it as used for each audience before the token leaves */
};
/* INVALID_ARGUMENT without an audience or for one we do not mint for; PERMISSION_DENIED with `invalid "<claim>"` on a mismatch.
 */
FALLIBLE token_exchange(struct issuer *issuer, struct arena *arena, const struct exchange *in, struct exchanged *ret_exchanged);
/* The same for whoever was proved otherwise (a session): in->upstream, identity and identity_provider are not looked at. */
FALLIBLE token_issue(struct issuer *issuer, struct arena *arena, const struct exchange *in, const struct assumed *who,
		     struct exchanged *ret_exchanged);

#endif
