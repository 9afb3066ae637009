/*
 * random: unpredictable bytes, as a parameter, so that a test can fix them.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stdint.h>

#include "base/status.h"

struct random {
	/* Fills size bytes or returns false; a caller never goes on without them. */
	bool (*fill)(struct random *random, void *into, size_t size);
	uint64_t seed; /* of a seeded source */
};

/* The kernel's generator (getrandom); safe from every thread. */
extern struct random random_system;
/* Repeatable bytes for tests; never for keys. One thread at a time. */
struct random random_seeded(uint64_t seed);
/* FAULT_INTERNAL when the source fails. */
FALLIBLE random_fill(struct random *random, void *into, size_t size);
/* For tests and jitter: a number below n (n > 0) from a seeded state. */
uint64_t random_below(uint64_t *state, uint64_t n);

#endif
