/*
 * budget: how many new accounts one organization's own provider may bring: whoever runs a provider can name any number of
 * people.
 *
 * Promises  each organization has its own; what one uses up is missed by nobody else, unless more than BUDGET_ORGANIZATIONS use
 *           theirs at once: then the least used one's is forgotten. In memory: a restart begins anew.
 */
#ifndef SERVICE_BUDGET_H
#define SERVICE_BUDGET_H

#include "model/uid.h"

#define BUDGET_ORGANIZATIONS 256
#define BUDGET_BURST 2000 /* new accounts at once */
#define BUDGET_EVERY_S 4  /* and one more each so many seconds */

/* RESOURCE_EXHAUSTED when there is none left. From any thread. */
FALLIBLE budget_take(const struct uid *organization, int64_t now_us);

#endif
