/*
 * workers: threads that may block: reads of tables, waits for issuers, password hashing.
 *
 * Owns      a bounded queue and its threads.
 * Promises  work runs once, in the order it came; a full queue refuses at once; threads are off-line for RCU while they wait.
 */
#ifndef RPC_WORKERS_H
#define RPC_WORKERS_H

#include "base/status.h"

struct workers;

/* Lives in the thing it is about, untouched until run() is called. */
struct work {
	void (*run)(struct work *work);
	struct work *next;
};

FALLIBLE workers_new(unsigned threads, unsigned queue_max, struct workers **ret_workers);
/* Runs what is queued, then ends the threads. NULL is fine; returns NULL. */
struct workers *workers_free(struct workers *workers);
/* FAULT_UNAVAILABLE when queue_max wait already. Any thread; never blocks on work. */
FALLIBLE workers_give(struct workers *workers, struct work *work);
/* How many wait now; for metrics. */
unsigned workers_waiting(struct workers *workers);

#endif
