/*
 * workers: threads that may block: reads of tables, waits for issuers, password hashing.
 *
 * Owns      a bounded queue, a bounded number of those that rest, and its threads.
 * Promises  work runs once each time it is given, in the order it came or its rest ended; a full queue refuses at once; threads
 *           are off-line for RCU while they wait; nothing that was taken is lost when the pool ends.
 */
#ifndef RPC_WORKERS_H
#define RPC_WORKERS_H

#include <sys/queue.h>

#include "base/status.h"

#define WORKERS_RESTING_MAX 256 /* pieces of work that rest at once */

struct workers;

/* Lives in the thing it is about, untouched until run() is called. */
struct work {
	void (*run)(struct work *work);
	STAILQ_ENTRY(work) link;
	int64_t due_us; /* while it rests; by clock_ticks_us */
};

FALLIBLE workers_new(unsigned threads, unsigned queue_max, struct workers **ret_workers);
/* Runs what is queued, then ends the threads. NULL is fine; returns NULL. */
struct workers *workers_free(struct workers *workers);
/* FAULT_UNAVAILABLE when queue_max wait already. Any thread; never blocks on work. */
FALLIBLE workers_give(struct workers *workers, struct work *work);
/* Gives it once rest_us have passed, or when the pool ends. False when WORKERS_RESTING_MAX rest already, or the pool ends: it
 * is still the caller's then. Any thread. */
bool workers_give_later(struct workers *workers, struct work *work, int64_t rest_us);
/* How many wait now, those that rest not counted; for metrics. */
unsigned workers_waiting(struct workers *workers);

#endif
