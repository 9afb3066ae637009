/*
 * sts: what a request to the token service asks for, read alike for every kind of exchange (spec tokens.md 3.2).
 *
 * Start at  sts_take(), sts_record().
 */
#ifndef SERVICE_STS_H
#define SERVICE_STS_H

#include "service/call.h"

#define STS_VALUES_MAX 64

/* The fields of a request. */
struct sts_in {
	size_t n_aud;
	char *const *aud;
	const char *scope;
	size_t n_scopes;
	char *const *scopes;
	size_t n_cap;
	char *const *cap;
};

/* What an exchange's lists lie in. */
struct sts_values {
	slice audiences[STS_VALUES_MAX], scopes[STS_VALUES_MAX + 1], capabilities[STS_VALUES_MAX];
};

/* Fills audiences, scopes and capabilities of `exchange`; values must live as long. INVALID_ARGUMENT names the field that has
 * too many. */
FALLIBLE sts_take(const struct sts_in *in, struct sts_values *values, struct exchange *exchange);

/* The trail's record of a token that is about to be given out; what is a literal. */
FALLIBLE sts_record(struct call *call, const char *what, const struct exchange *exchange, const struct exchanged *done);

#endif
