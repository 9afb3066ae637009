/*
 * seen: when identities last got a token.
 *
 * Owns      a bounded table of those seen since the last writing, shared by all threads.
 * Promises  noting one takes a lock for one comparison and never waits for the store; an identity's row is written at most
 *           once a writing, and without telling the index or any cache. What a full table or a stopping server forgets is
 *           made up by the next exchange: the time shown may lag, it is never ahead.
 */
#ifndef SERVICE_SEEN_H
#define SERVICE_SEEN_H

#include "store/store.h"

/* From any thread. */
void seen_note(const struct uid *identity, int64_t now_us);
/* Writes what was noted; for workers, about once a minute. */
FALLIBLE seen_write(struct store *store);

#endif
