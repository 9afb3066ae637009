#include "login/device_room.h"

#include <pthread.h>

#include "login/device.h"
#include "login/throttle.h"

#define SLICE_S 10 /* how finely codes are told by age */
#define SLICES (DEVICE_LIFE_S / SLICE_S + 1)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Codes made in each tenth second that is not yet over for them. */
static struct {
	int64_t at; /* time in slices */
	int64_t count;
} made[SLICES];

static struct throttle *throttle;
static pthread_once_t throttle_once = PTHREAD_ONCE_INIT;

static void open_throttle(void)
{
	throttle = throttle_new();
}

static FALLIBLE get_throttle(struct throttle **ret_throttle)
{
	(void)pthread_once(&throttle_once, open_throttle); /* cannot fail with these arguments */
	if (!throttle)
		return FAIL(FAULT_EXHAUSTED, "no memory to count who begins how much");
	*ret_throttle = throttle;
	return OK;
}

static int64_t used_locked(int64_t now)
{
	int64_t used = 0;

	for (size_t i = 0; i < SLICES; i++)
		if (made[i].at > now - SLICES)
			used += made[i].count;
	return used;
}

int64_t device_room_used(int64_t now_s)
{
	int64_t used;

	(void)pthread_mutex_lock(&lock); /* cannot fail: a plain mutex of ours */
	used = used_locked(now_s / SLICE_S);
	(void)pthread_mutex_unlock(&lock);
	return used;
}

unsigned device_room_each(int64_t used)
{
	if (used < DEVICES_MAX / 2)
		return DEVICE_EACH_MAX;
	return used < DEVICES_MAX / 4 * 3 ? DEVICE_EACH_HALF : DEVICE_EACH_LAST;
}

/* False when the room is full. */
static bool count_one(int64_t now)
{
	size_t at = (size_t)(now % SLICES);
	bool fits;

	(void)pthread_mutex_lock(&lock); /* as above */
	fits = used_locked(now) < DEVICES_MAX;
	if (fits && made[at].at != now) {
		made[at].at = now;
		made[at].count = 0;
	}
	made[at].count += fits;
	(void)pthread_mutex_unlock(&lock);
	return fits;
}

FALLIBLE device_room_take(struct call *call)
{
	int64_t now_s = call_now_s(call);
	struct throttle_rule rule = { "device.begin", device_room_each(device_room_used(now_s)), DEVICE_LIFE_S };
	struct throttle *counts;

	TRY(get_throttle(&counts));
	if (!throttle_try(counts, &rule, throttle_address(call->arena, call->peer), SLICE(""), now_s))
		return FAIL(FAULT_EXHAUSTED, "too many codes were asked for from this address; try again in %d minutes",
			    DEVICE_LIFE_S / 60);
	if (!count_one(now_s / SLICE_S))
		return FAIL(FAULT_UNAVAILABLE,
			    "too many devices wait for their codes to be entered; try again in some minutes");
	return OK;
}

FALLIBLE device_room_guess(struct call *call)
{
	static const struct throttle_rule rule = { "device.guess", DEVICE_GUESSES_MAX, DEVICE_LIFE_S };
	struct throttle *counts;

	TRY(get_throttle(&counts));
	if (!throttle_try(counts, &rule, throttle_address(call->arena, call->peer), SLICE(""), call_now_s(call)))
		return FAIL(FAULT_EXHAUSTED,
			    "too many codes that are none were sent from this address; try again in %d minutes",
			    DEVICE_LIFE_S / 60);
	return OK;
}
