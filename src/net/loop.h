/*
 * loop: one thread's events: sockets that are ready, timers, signals, and tasks from other threads.
 *
 * Owns      the thread's libev loop; loop.c is the only file that knows libev.
 * Promises  every callback runs on the loop's own thread, one at a time; only the wait itself blocks.
 * Bounds    callers own every watcher and task, so the loop's memory grows with what they registered and with nothing else.
 * Start at  loop_new(), loop_run(), loop_post().
 *
 * Everything here is for the loop's own thread, except loop_post() and loop_stop(), which any thread may call.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/status.h"

#include <stdint.h>

struct loop;

/* The loop belongs to the thread that runs it. FAULT_EXHAUSTED without memory or file descriptors. Sets SIGPIPE to ignored for
 * the whole process: a peer that went away is a result of write(), not a signal. */
FALLIBLE loop_new(struct loop **ret_loop);
/* After loop_run() returned and nobody posts any more. Tasks still queued are forgotten. NULL is fine; always returns NULL. */
struct loop *loop_free(struct loop *loop);

/* Serves until loop_stop(). */
void loop_run(struct loop *loop);
/* Handles what is ready now and returns without waiting: for tests and for the end of a drain. */
void loop_turn(struct loop *loop);
/* Makes loop_run() return after the turn at hand. Any thread. */
void loop_stop(struct loop *loop);
/* The loop whose callback this thread is in; NULL elsewhere. */
struct loop *loop_current(void);
/* Monotonic time (as clock_ticks_us), read once per wake-up, so it is cheap and stands still within one. */
int64_t loop_now_us(const struct loop *loop);

/* -- tasks from anywhere ------------------------------------------------------------------------------------------- */

/* Lives in the thing it is about; stays untouched from loop_post() until run() is called. */
struct loop_task {
	void (*run)(struct loop_task *task);
	struct loop_task *next;
};

/* Runs task->run on the loop's thread, tasks of one poster in order. Any thread; wait-free but for the retry of one
 * compare-and-swap; many posts cost one wake-up. A task is in at most one mailbox at a time. */
void loop_post(struct loop *loop, struct loop_task *task);

/* -- readiness of a descriptor ------------------------------------------------------------------------------------- */

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

/* Room for libev's own watcher inside ours (checked by loop.c). */
#define LOOP_WATCHER_BYTES 48

union loop_watcher {
	void *align;
	unsigned char bytes[LOOP_WATCHER_BYTES];
};

struct loop_io {
	void (*ready)(struct loop_io *io, int events); /* LOOP_READ, LOOP_WRITE or both; errors show as readiness */
	struct loop *loop;
	int wanted;
	union loop_watcher watcher;
};

void loop_io_init(struct loop *loop, struct loop_io *io, int fd, void (*ready)(struct loop_io *io, int events));
/* Level-triggered. 0 wants nothing: do that before closing the descriptor or freeing io. */
void loop_io_want(struct loop_io *io, int events);

/* -- timers -------------------------------------------------------------------------------------------------------- */

/* Fires once. Moving one later is free: the old alarm wakes up, sees the new time and goes back to sleep. */
struct loop_timer {
	void (*fired)(struct loop_timer *timer);
	struct loop *loop;
	int64_t due_us;   /* 0: not set */
	int64_t alarm_us; /* when libev will look; 0: never */
	union loop_watcher watcher;
};

void loop_timer_init(struct loop *loop, struct loop_timer *timer, void (*fired)(struct loop_timer *timer));
/* Fires delay_us from now (loop_now_us), instead of what was set before. */
void loop_timer_set(struct loop_timer *timer, int64_t delay_us);
/* Needed before the timer is freed. */
void loop_timer_cancel(struct loop_timer *timer);

static inline bool loop_timer_is_set(const struct loop_timer *timer)
{
	return timer->due_us != 0;
}

/* -- signals ------------------------------------------------------------------------------------------------------- */

struct loop_signal {
	void (*caught)(struct loop_signal *signal);
	struct loop *loop;
	int number;
	union loop_watcher watcher;
};

/* One loop per signal number in a process. */
void loop_signal_start(struct loop *loop, struct loop_signal *signal, int number, void (*caught)(struct loop_signal *signal));
void loop_signal_stop(struct loop_signal *signal);

/* -- around the wait ----------------------------------------------------------------------------------------------- */

/* Runs before each wait, when everything that was ready has been handled: the place to write what a turn gathered. */
struct loop_hook {
	void (*run)(struct loop_hook *hook);
	struct loop_hook *next;
};

void loop_hook_add(struct loop *loop, struct loop_hook *hook);
void loop_hook_remove(struct loop *loop, struct loop_hook *hook);

/* Brackets the wait itself, after all hooks: `before` takes the thread off-line for RCU, `after` brings it back. They may touch
 * neither the loop nor anything RCU guards (before: no more; after: not yet). One pair per loop; NULL clears. */
void loop_on_wait(struct loop *loop, void (*before)(void *arg), void (*after)(void *arg), void *arg);

#endif
