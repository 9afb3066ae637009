/*
 * joining: people come into groups, and leave, without anybody calling the methods for that: the binding and what is told of
 * it.
 *
 * Promises  an ordinary role binding, within the organization's limit, with the event that the method's own would leave; the
 *           record stands beside the change or not at all.
 * Start at  joining_bind().
 */
#ifndef SERVICE_JOINING_H
#define SERVICE_JOINING_H

#include "service/support.h"

/* Nothing happens when there is such a binding. The caller asked whether it may be given. */
FALLIBLE joining_bind(struct call *call, const struct uid *identity, const struct uid *group, const struct uid *role);
/* The event of `as`, as though it had been called by `actor`: what changed, whose subscribers learn of it, the body. */
FALLIBLE joining_record(struct call *call, enum method_id as, const struct uid *what, const struct uid *group,
			const struct uid *actor, const ProtobufCMessage *body);

#endif
