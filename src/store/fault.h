/*
 * fault: a store whose n-th call into its driver fails, for the fault sweep.
 *
 * Promises  without an armed failure the store behaves as before; an armed one fails that call once, as if the disk had,
 *           and the call has no effect. mem_fail_after (base/mem.h) does the same for allocations.
 */
#ifndef STORE_FAULT_H
#define STORE_FAULT_H

#include "store/store.h"

/* Wraps the driver; right after opening, before anything else uses the store. */
FALLIBLE store_fault_wrap(struct store *store);
/* Of a wrapped store: the n-th call from now fails with FAULT_UNAVAILABLE (1 = the next; 0 = none); counting starts anew. */
void store_fault_after(struct store *store, uint64_t n);
/* Calls since counting started. */
uint64_t store_fault_count(const struct store *store);

#endif
