/*
 * eligible: the organization somebody might belong to, by the domain of their e-mail address (spec model.md 4.4).
 *
 * Promises  only an address that a sign-in of this server itself verified counts, never one that an organization's own provider
 *           vouches for; it grants nothing: it lets somebody see a verified organization's name and ask its owners
 *           (access_requests.h).
 * Start at  eligible_find().
 */
#ifndef SERVICE_ELIGIBLE_H
#define SERVICE_ELIGIBLE_H

#include "service/support.h"

/* The verified organization named as the domain of the caller's address, and of it what a stranger may learn: id, name and
 * description; the rest is unset. No match, an untrusted address and a domain of everybody's mail look alike. */
FALLIBLE eligible_find(struct call *call, struct group *ret_group, bool *ret_found);
/* The same; NOT_FOUND when there is none. */
FALLIBLE eligible_get(struct call *call, struct group *ret_group);
/* The same fault, for whoever asks for another one. */
FALLIBLE eligible_none(void);

#endif
