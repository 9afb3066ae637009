/*
 * sweep: what has expired goes: marks, devices that waited, headless sign-ins nobody fetched, sessions that ended.
 *
 * Promises  nothing depends on it, for expiry is asked at each use: it only keeps tables small; it takes a bounded bite at a
 * time, so that nobody's write waits long behind it. Start at  sweep_expired(), about once a minute.
 */
#ifndef SERVICE_SWEEP_H
#define SERVICE_SWEEP_H

#include "store/store.h"

#define SWEEP_BATCH 256   /* rows in one transaction */
#define SWEEP_BATCHES 64  /* of one table in one run; the rest waits for the next */
#define SWEEP_GRACE_S 300 /* so that who asks late still hears "expired" instead of "unknown" */

/* On a worker, offline (authz_thread_offline). *ret_count: rows that went. */
FALLIBLE sweep_expired(struct store *store, int64_t now_us, int64_t *ret_count);

#endif
