/*
 * throttle: how often something was tried lately, in a table of fixed size.
 *
 * Owns      THROTTLE_SLOTS counters, found by a keyed hash, so that nobody chooses which of them collide.
 * Promises  memory never grows; a full set gives up its least tried counter, so that a flood of single tries does not wash out
 * a guesser's own. For several threads.
 */
#ifndef LOGIN_THROTTLE_H
#define LOGIN_THROTTLE_H

#include "base/arena.h"

#define THROTTLE_SLOTS 16384
#define THROTTLE_WAYS 8

struct throttle;
/* Heap; NULL without memory or random bytes. */
struct throttle *throttle_new(void);
struct throttle *throttle_free(struct throttle *throttle);

/* One rule: at most `most` tries in window_s. */
struct throttle_rule {
	const char *label;
	unsigned most;
	int64_t window_s;
};
/* Counts a try; false when there were too many already (it is not counted then). */
bool throttle_try(struct throttle *throttle, const struct throttle_rule *rule, slice a, slice b, int64_t now_s);
/* Forgets the tries: they ended well. */
void throttle_forget(struct throttle *throttle, const struct throttle_rule *rule, slice a, slice b);
/* An address as throttles count it: IPv4 whole, IPv6 by its first 64 bits. */
slice throttle_address(struct arena *arena, slice peer);

#endif
