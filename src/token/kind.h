/*
 * kind: the one table of token kinds.
 *
 * To add a kind: its name in enum token_kind (token.h), a row in kind.c, its claims in mint.c, what verify.c keeps of them; the
 * test of pairs (tests/unit/token/kind.c) then asks that no other kind's verifier takes it, and that its own takes no other.
 */
#ifndef TOKEN_KIND_H
#define TOKEN_KIND_H

#include "token/token.h"

/* Which key signs, and how its holder is known to the verifier. */
enum kind_key {
	KIND_KEY_PUBLISHED, /* the keyset's key, found by kid in our published key set */
	KIND_KEY_CHAINED,   /* the same key with its leaf certificate in x5c, below the registry CA */
};

/* What may stand in `aud`. */
enum kind_audience {
	KIND_AUDIENCE_MINTED, /* the issuer, the API, configured registries, token.audiences; several only when all are ours */
	KIND_AUDIENCE_REGISTRY, /* exactly one configured registry service */
	KIND_AUDIENCE_CLIENT,   /* exactly one: the client id that began the sign-in */
	KIND_AUDIENCE_CUSTOMER, /* exactly "customer": receivers of webhooks */
};

/* Who `sub` is, and what must be alive when the token is issued. */
enum kind_subject {
	KIND_SUBJECT_IDENTITY, /* an identity that exists, of an organization that exists and is not suspended */
	KIND_SUBJECT_ANYONE,   /* the same, or "" for anonymous */
	KIND_SUBJECT_PERSON,   /* a user's id, also before registration: nothing is asked */
	KIND_SUBJECT_GROUP,    /* "webhook:" and a group that exists */
};

struct kind_row {
	const char *name; /* for texts and metrics */
	const char *typ;  /* of the header, compared whole (RFC 8725 section 3.11) */
	enum kind_key key;
	enum kind_audience audience;
	enum kind_subject subject;
	int64_t life_s, life_max_s; /* when the caller names none, and at most; the issuer's options may shorten the first */
	bool is_accepted_here;      /* we take it back at all: the others go to somebody else */
	const char *accepted;       /* where, in words */
};

const struct kind_row *kind_row(enum token_kind kind);
/* The kind with this typ; TOKEN_KIND_COUNT when there is none. */
enum token_kind kind_by_typ(slice typ);

#endif
