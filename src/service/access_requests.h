/*
 * access_requests: people who would like to join the organization of their address's domain, and letters to its owners.
 *
 * Promises  what waits is bounded; a request is written about once, whatever its person does, until an owner took it off the
 *           list; a letter holds nothing that a stranger words, and leaves after the request is kept.
 * Start at  access_request_ask().
 */
#ifndef SERVICE_ACCESS_REQUESTS_H
#define SERVICE_ACCESS_REQUESTS_H

#include "service/support.h"

#define ACCESS_REQUEST_AGAIN_S (7 * S_PER_DAY) /* until then the same request is RESOURCE_EXHAUSTED */
#define ACCESS_REQUESTS_MAX 1000               /* waiting in one organization */
#define OWNERS_TOLD_MAX 10                     /* who get a letter about a request */

/* Takes somebody off the list; owners hear of it when they ask again. In the call's transaction. */
FALLIBLE access_request_dismiss(struct call *call, const struct uid *identity, const struct uid *group, bool *ret_dismissed);
/* Puts the caller on the list of the organization they are eligible for, and writes to its first OWNERS_TOLD_MAX owners with a
 * verified address, unless the request waits there already or they were written to within ACCESS_REQUEST_AGAIN_S.
 * INVALID_ARGUMENT names `field`. On a worker, outside of a transaction; FAULT_ELSEWHERE on the loop. */
FALLIBLE access_request_ask(struct call *call, slice group, const char *field);

#endif
