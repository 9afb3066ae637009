/*
 * claims: what a token says of itself, for show and for deciding when to renew; nothing here trusts it.
 */
#ifndef CLI_CLAIMS_H
#define CLI_CLAIMS_H

#include "base/json.h"

struct claims {
	slice issuer, subject, audience; /* audience: the first, when there are several */
	int64_t issued_s, expires_s;     /* 0 when it does not say */
	const struct json *all;
};

/* FAULT_INVALID when it is no JWT. The signature is not looked at. */
FALLIBLE claims_read(struct arena *arena, slice token, struct claims *ret_claims);

#endif
