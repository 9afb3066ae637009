/* What people's files share with the exchange. */
#ifndef SERVICE_PEOPLE_IMPL_H
#define SERVICE_PEOPLE_IMPL_H

#include "service/people.h"

/* The exchange with all that belongs to it: what is good once is remembered as used, the trail has the record. */
FALLIBLE sts_exchange(struct call *call, const struct exchange *exchange, struct exchanged *ret_done);
/* Remembers, durably, that what proved `who` was exchanged for these audiences; UNAUTHENTICATED when one of them had it
 * already. On a worker, outside of any transaction. */
FALLIBLE people_spend(struct call *call, const struct assumed *who, const slice *audiences, size_t count);
/* The account of somebody who leaves, and all that hangs on it: bindings with their events, sessions, requests, a local
 * account. In the call's transaction. */
FALLIBLE people_leave(struct call *call, const struct uid *identity);

#endif
