/*
 * eligible: the organization somebody might belong to, by the domain of their e-mail address (spec model.md 4.4).
 *
 * Promises  only an address that a sign-in of this server itself verified counts, never one that an organization's own provider
 *           vouches for; it grants nothing: it lets somebody see a verified organization's name and ask its owners.
 * Start at  eligible_find().
 */
#ifndef SERVICE_ELIGIBLE_H
#define SERVICE_ELIGIBLE_H

#include "service/support.h"

#define ACCESS_REQUEST_AGAIN_S (7 * S_PER_DAY) /* until then the same request is RESOURCE_EXHAUSTED */
#define ACCESS_REQUESTS_MAX 1000               /* waiting in one organization */
#define OWNERS_TOLD_MAX 10                     /* who get a letter about a request */

/* The verified organization named as the domain of the caller's address, and of it what a stranger may learn: id, name and
 * description; the rest is unset. No match, an untrusted address and a domain of
 * everybody's mail look alike. */
FALLIBLE eligible_find(struct call *call, struct group *ret_group, bool *ret_found);
/* The same; NOT_FOUND when there is none. */
FALLIBLE eligible_get(struct call *call, struct group *ret_group);
/* Puts the caller on the list of the organization they are eligible for, and writes to its first OWNERS_TOLD_MAX owners with a
 * verified address, unless the request waits there already. INVALID_ARGUMENT names `field`. On a worker, outside of a
 * transaction; FAULT_ELSEWHERE on the loop. */
FALLIBLE eligible_ask(struct call *call, slice group, const char *field);

#endif
