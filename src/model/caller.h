/*
 * caller: who is calling, and what the token in hand lets them use.
 *
 * Made by token/ from a verified token; read by authz/. What a token grants is a bound from above: our own server asks the
 * live index too and takes the intersection (design.md 5).
 */
#ifndef MODEL_CALLER_H
#define MODEL_CALLER_H

#include "model/caps.h"
#include "model/uid.h"

/* What a token carries for one group and all below it. */
struct token_grant {
	struct uid group;
	struct caps caps;
};

#define CALLER_GRANTS_MAX 32

struct caller {
	bool is_known;                    /* false: no token, or none that is valid; then everything below is unset */
	struct uid identity;              /* the token's subject */
	const struct token_grant *grants; /* grants_count, sorted by group; owned by the verified token */
	size_t grants_count;
	bool claims_operator;   /* the token lets the live index answer for operators' capabilities */
	struct uid confined_to; /* a session begun at an organization's own provider: nothing outside it; else none */
	int64_t issued_s, expires_s;
	slice issuer, subject, email, name, picture, given_name, family_name;
	bool email_is_verified;
	slice act;       /* JSON object of strings: who stands behind it */
	slice audiences; /* JSON array of strings */
	slice token_id;  /* jti, for the log */
};

#endif
