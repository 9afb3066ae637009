/* What people's files share with the exchange and with sessions. */
#ifndef SERVICE_PEOPLE_IMPL_H
#define SERVICE_PEOPLE_IMPL_H

#include "service/people.h"

/* The exchange with all that belongs to it: what is good once is remembered as used, the trail has the record. */
FALLIBLE sts_exchange(struct call *call, const struct exchange *exchange, struct exchanged *ret_done);
/* Remembers, durably, that what proved `who` was exchanged for these audiences; UNAUTHENTICATED when one of them had it
 * already. On a worker, outside of any transaction. */
FALLIBLE people_spend(struct call *call, const struct assumed *who, const slice *audiences, size_t count);
/* SHA-256 of a value that is good once under this label. In the call's arena. */
FALLIBLE people_once_digest(struct call *call, const char *label, slice value, slice *ret_digest);
/* Marks it as used, in the call's transaction; true the first time within its life. */
FALLIBLE people_mark(struct call *call, slice digest, int64_t expires_s, bool *ret_is_first);
/* The account of somebody who leaves, and all that hangs on it: bindings with their events, sessions, requests, a local
 * account. In the call's transaction. */
FALLIBLE people_leave(struct call *call, const struct uid *identity);

#endif
