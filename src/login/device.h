/*
 * device: sign-in by a code typed on another device (RFC 8628).
 *
 * Promises  a user code has eight letters of an alphabet without look-alikes, lives 900 s and is decided once; the device's
 * secret is kept as a digest; whoever polls learns nothing but the state; a flood of requests is refused by its address before
 * it can take the room of others.
 * Start at  device_find(), device_decide() for the page; the rows of /oauth2 begin and poll.
 */
#ifndef LOGIN_DEVICE_H
#define LOGIN_DEVICE_H

#include "service/people.h"

#define DEVICE_LIFE_S 900
#define DEVICE_INTERVAL_S 5
#define DEVICE_CODE_LETTERS 8
#define DEVICES_MAX 100000 /* waiting at once */

/* What a person is asked to consent to. Slices in the call's arena. */
struct device_request {
	uint8_t digest[32];
	slice client_id, scope, peer, agent;
	slice user_code; /* ABCD-EFGH */
	slice invite;    /* code of an invitation that the device brought; "" = none. Not for showing */
	int64_t created_s, expires_s;
};

/* By what a person typed: case, blanks and hyphens do not count. False: no such code that still waits. On a worker. */
FALLIBLE device_find(struct call *call, slice typed, struct device_request *ret_request, bool *ret_found);
/* The person's answer; person NULL: refused. With an invitation ("" = none) the person joins in the same transaction, or
 * neither happens: the faults of invite_accept(), PERMISSION_DENIED when an organization does not allow codes.
 * FAILED_PRECONDITION when it was decided or ran out meanwhile. On a worker, outside of a transaction. */
FALLIBLE device_decide(struct call *call, const struct device_request *request, const struct person *person, slice invite);

#endif
