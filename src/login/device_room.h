/*
 * device_room: who may still begin a sign-in on another device, so that strangers leave room for everybody.
 *
 * Owns      the count of codes made in the last DEVICE_LIFE_S, a throttle of its own.
 * Promises  of DEVICES_MAX codes an address begins no more than DEVICE_EACH_MAX while half the room is free, fewer while it
 *           fills, DEVICE_EACH_LAST of the last quarter: filling it takes thousands of addresses at once, and whoever has not
 *           begun many finds room the longest. From memory; a restart forgets. For several threads.
 */
#ifndef LOGIN_DEVICE_ROOM_H
#define LOGIN_DEVICE_ROOM_H

#include "service/call.h"

#define DEVICE_EACH_MAX 100
#define DEVICE_EACH_HALF 20 /* once half of the room is taken */
#define DEVICE_EACH_LAST 3  /* once three quarters are */
#define DEVICE_GUESSES_MAX 300

/* Counts a code that is about to be made. RESOURCE_EXHAUSTED: this address began enough; UNAVAILABLE: nobody can now. */
FALLIBLE device_room_take(struct call *call);
/* Counts a question for a code that memory does not know. RESOURCE_EXHAUSTED after DEVICE_GUESSES_MAX of an address in
 * DEVICE_LIFE_S: it costs a read each. */
FALLIBLE device_room_guess(struct call *call);

/* The codes made in the last DEVICE_LIFE_S; and the most an address may have begun then. */
int64_t device_room_used(int64_t now_s);
unsigned device_room_each(int64_t used);

#endif
