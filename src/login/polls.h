/*
 * polls: how often each waiting device asks, and what it was told last, in memory alone.
 *
 * Owns      a table of fixed size, as large as there may be codes; a code has one entry, found by its digest.
 * Promises  asking writes nothing and, while nothing was committed since it was last answered, reads nothing; who asks too
 *           often is told to slow down and waits longer each time, up to POLL_INTERVAL_MAX_S, but his code stays good.
 *           Losing an entry costs one read. For several threads.
 * Start at  poll_take() for a question, poll_note() for what the store said.
 */
#ifndef LOGIN_POLLS_H
#define LOGIN_POLLS_H

#include "crypto/digest.h"

#define POLLS_MAX (256 * 1024) /* entries; a power of two */
#define POLL_STEP_S 5          /* each slow_down adds as much (RFC 8628 section 3.5) */
#define POLL_INTERVAL_MAX_S 60 /* a device that never learns still gets its answer within this */
#define POLL_EARLY_US 1000000  /* clients' clocks and networks are not ours */

enum poll {
	POLL_UNKNOWN, /* no entry: the store knows */
	POLL_ASK,     /* something was committed since: the store knows */
	POLL_WAIT,    /* nobody decided yet */
	POLL_SLOW,    /* too soon; the code's interval has grown */
	POLL_OVER,    /* its time is over */
};

/* Counts a question. A code asked for with another client's id is unknown. revision: the store's last commit. */
enum poll poll_take(const uint8_t digest[SHA256_BYTES], slice client_id, int64_t now_us, uint64_t revision);
/* The code waits, as a snapshot no older than `revision` says. */
void poll_note(const uint8_t digest[SHA256_BYTES], slice client_id, int64_t expires_s, int64_t now_us, uint64_t revision);
/* The code is used up. */
void poll_drop(const uint8_t digest[SHA256_BYTES]);
/* Seconds this code has to wait between two questions; 0 when it has no entry. */
int64_t poll_interval(const uint8_t digest[SHA256_BYTES]);

#endif
