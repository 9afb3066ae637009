/*
 * loop: libev behind our own names.
 *
 * Owns      the one inclusion of ev.h, the mailbox and its eventfd.
 * Start at  loop_new(); post_ready() for how tasks arrive.
 */
#include "net/loop.h"

#include <assert.h>
#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#define EARLY_US 1000 /* libev's clock and ours are read at slightly different moments */

struct loop {
	struct ev_loop *ev;
	ev_io wake;
	ev_prepare turn_end;
	int wake_fd;
	int64_t now_us;
	struct loop_hook *hooks;
	void (*before_wait)(void *arg);
	void (*after_wait)(void *arg);
	void *wait_arg;
	struct loop *outer;                  /* what loop_current() gave before loop_run */
	_Atomic(struct loop_task *) mailbox; /* newest first */
	atomic_bool must_stop;
};

_Static_assert(sizeof(ev_io) <= LOOP_WATCHER_BYTES, "an ev_io fits into loop_io");
_Static_assert(sizeof(ev_timer) <= LOOP_WATCHER_BYTES, "an ev_timer fits into loop_timer");
_Static_assert(sizeof(ev_signal) <= LOOP_WATCHER_BYTES, "an ev_signal fits into loop_signal");
_Static_assert((int)LOOP_READ == (int)EV_READ && (int)LOOP_WRITE == (int)EV_WRITE, "events are libev's");

static _Thread_local struct loop *running;

static void wait_begins(struct ev_loop *ev)
{
	struct loop *loop = ev_userdata(ev);

	if (loop->before_wait)
		loop->before_wait(loop->wait_arg);
}

static void wait_ended(struct ev_loop *ev)
{
	struct loop *loop = ev_userdata(ev);

	if (loop->after_wait)
		loop->after_wait(loop->wait_arg);
	loop->now_us = clock_ticks_us();
}

static void turn_ended(struct ev_loop *ev, ev_prepare *watcher, int events)
{
	struct loop *loop = ev_userdata(ev);
	struct loop_hook *next;

	(void)watcher;
	(void)events;
	for (struct loop_hook *hook = loop->hooks; hook; hook = next) {
		next = hook->next;
		hook->run(hook);
	}
}

/* The list is newest first; tasks run oldest first. */
static struct loop_task *reverse(struct loop_task *task)
{
	struct loop_task *done = NULL;

	while (task) {
		struct loop_task *next = task->next;
		task->next = done;
		done = task;
		task = next;
	}
	return done;
}

/* Empties the eventfd before the mailbox: a task posted in between is taken now, and costs one idle wake-up at most. */
static void post_ready(struct ev_loop *ev, ev_io *watcher, int events)
{
	struct loop *loop = ev_userdata(ev);
	struct loop_task *task;
	uint64_t count;

	(void)events;
	if (read(watcher->fd, &count, sizeof(count)) < 0)
		assert(errno == EAGAIN || errno == EINTR);
	task = reverse(atomic_exchange_explicit(&loop->mailbox, NULL, memory_order_acquire));
	while (task) {
		struct loop_task *next = task->next; /* task may be gone after run */
		task->run(task);
		task = next;
	}
	if (atomic_exchange_explicit(&loop->must_stop, false, memory_order_acquire))
		ev_break(ev, EVBREAK_ALL);
}

static void wake_up(struct loop *loop)
{
	uint64_t one = 1;

	while (write(loop->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		continue;
}

void loop_post(struct loop *loop, struct loop_task *task)
{
	struct loop_task *head = atomic_load_explicit(&loop->mailbox, memory_order_relaxed);

	do {
		task->next = head;
	} while (!atomic_compare_exchange_weak_explicit(&loop->mailbox, &head, task, memory_order_release,
							memory_order_relaxed));
	if (!head)
		wake_up(loop);
}

void loop_stop(struct loop *loop)
{
	atomic_store_explicit(&loop->must_stop, true, memory_order_release);
	wake_up(loop);
}

static void start_watchers(struct loop *loop)
{
	ev_set_userdata(loop->ev, loop);
	ev_set_loop_release_cb(loop->ev, wait_begins, wait_ended);
	ev_io_init(&loop->wake, post_ready, loop->wake_fd, EV_READ);
	ev_io_start(loop->ev, &loop->wake);
	ev_prepare_init(&loop->turn_end, turn_ended);
	ev_prepare_start(loop->ev, &loop->turn_end);
}

FALLIBLE loop_new(struct loop **ret_loop)
{
	struct loop *loop = NEW_ZERO(struct loop);

	if (!loop)
		return FAIL(FAULT_EXHAUSTED, "no memory for an event loop");
	(void)signal(SIGPIPE, SIG_IGN); /* a known signal cannot be refused */
	loop->now_us = clock_ticks_us();
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	loop->ev = loop->wake_fd < 0 ? NULL : ev_loop_new(EVFLAG_NOENV | EVBACKEND_EPOLL);
	if (!loop->ev) {
		if (loop->wake_fd >= 0)
			(void)close(loop->wake_fd); /* nothing was written to it */
		(void)mem_free(loop);
		return FAIL(FAULT_EXHAUSTED, "no descriptors left for an event loop");
	}
	start_watchers(loop);
	*ret_loop = loop;
	return OK;
}

struct loop *loop_free(struct loop *loop)
{
	if (loop) {
		ev_prepare_stop(loop->ev, &loop->turn_end);
		ev_io_stop(loop->ev, &loop->wake);
		ev_loop_destroy(loop->ev);
		(void)close(loop->wake_fd); /* an eventfd has nothing to lose */
	}
	return mem_free(loop);
}

static void run(struct loop *loop, int flags)
{
	loop->outer = running;
	running = loop;
	loop->now_us = clock_ticks_us();
	(void)ev_run(loop->ev, flags); /* tells whether watchers remain: ours always do */
	running = loop->outer;
}

void loop_run(struct loop *loop)
{
	run(loop, 0);
}

void loop_turn(struct loop *loop)
{
	run(loop, EVRUN_NOWAIT);
}

struct loop *loop_current(void)
{
	return running;
}

int64_t loop_now_us(const struct loop *loop)
{
	return loop->now_us;
}

/* -- descriptors --------------------------------------------------------------------------------------------------- */

static ev_io *io_watcher(struct loop_io *io)
{
	return (ev_io *)(void *)io->watcher.bytes;
}

static void io_ready(struct ev_loop *ev, ev_io *watcher, int events)
{
	struct loop_io *io = watcher->data;

	(void)ev;
	io->ready(io, events & (EV_READ | EV_WRITE));
}

void loop_io_init(struct loop *loop, struct loop_io *io, int fd, void (*ready)(struct loop_io *io, int events))
{
	*io = (struct loop_io){ .ready = ready, .loop = loop };
	ev_io_init(io_watcher(io), io_ready, fd, 0);
	io_watcher(io)->data = io;
}

void loop_io_want(struct loop_io *io, int events)
{
	ev_io *watcher = io_watcher(io);

	if (events == io->wanted)
		return;
	if (io->wanted)
		ev_io_stop(io->loop->ev, watcher);
	io->wanted = events;
	if (!events)
		return;
	ev_io_modify(watcher, events);
	ev_io_start(io->loop->ev, watcher);
}

/* -- timers -------------------------------------------------------------------------------------------------------- */

static ev_timer *timer_watcher(struct loop_timer *timer)
{
	return (ev_timer *)(void *)timer->watcher.bytes;
}

static void arm(struct loop_timer *timer)
{
	int64_t delay_us = timer->due_us - timer->loop->now_us;

	timer->alarm_us = timer->due_us;
	ev_timer_set(timer_watcher(timer), delay_us > 0 ? (double)delay_us / (double)US_PER_S : 0., 0.);
	ev_timer_start(timer->loop->ev, timer_watcher(timer));
}

static void alarm_rang(struct ev_loop *ev, ev_timer *watcher, int events)
{
	struct loop_timer *timer = watcher->data;

	(void)ev;
	(void)events;
	timer->alarm_us = 0;
	if (timer->due_us - timer->loop->now_us > EARLY_US) {
		arm(timer);
		return;
	}
	timer->due_us = 0;
	timer->fired(timer);
}

void loop_timer_init(struct loop *loop, struct loop_timer *timer, void (*fired)(struct loop_timer *timer))
{
	*timer = (struct loop_timer){ .fired = fired, .loop = loop };
	ev_init(timer_watcher(timer), alarm_rang);
	timer_watcher(timer)->data = timer;
}

void loop_timer_set(struct loop_timer *timer, int64_t delay_us)
{
	timer->due_us = timer->loop->now_us + (delay_us > 0 ? delay_us : 0);
	if (timer->alarm_us && timer->alarm_us <= timer->due_us)
		return;
	if (timer->alarm_us)
		ev_timer_stop(timer->loop->ev, timer_watcher(timer));
	arm(timer);
}

void loop_timer_cancel(struct loop_timer *timer)
{
	if (timer->alarm_us)
		ev_timer_stop(timer->loop->ev, timer_watcher(timer));
	timer->alarm_us = timer->due_us = 0;
}

/* -- signals ------------------------------------------------------------------------------------------------------- */

static ev_signal *signal_watcher(struct loop_signal *signal)
{
	return (ev_signal *)(void *)signal->watcher.bytes;
}

static void signal_caught(struct ev_loop *ev, ev_signal *watcher, int events)
{
	struct loop_signal *signal = watcher->data;

	(void)ev;
	(void)events;
	signal->caught(signal);
}

void loop_signal_start(struct loop *loop, struct loop_signal *signal, int number, void (*caught)(struct loop_signal *signal))
{
	*signal = (struct loop_signal){ .caught = caught, .loop = loop, .number = number };
	ev_signal_init(signal_watcher(signal), signal_caught, number);
	signal_watcher(signal)->data = signal;
	ev_signal_start(loop->ev, signal_watcher(signal));
}

void loop_signal_stop(struct loop_signal *signal)
{
	ev_signal_stop(signal->loop->ev, signal_watcher(signal));
}

/* -- around the wait ----------------------------------------------------------------------------------------------- */

void loop_hook_add(struct loop *loop, struct loop_hook *hook)
{
	hook->next = loop->hooks;
	loop->hooks = hook;
}

void loop_hook_remove(struct loop *loop, struct loop_hook *hook)
{
	for (struct loop_hook **at = &loop->hooks; *at; at = &(*at)->next) {
		if (*at == hook) {
			*at = hook->next;
			return;
		}
	}
}

void loop_on_wait(struct loop *loop, void (*before)(void *arg), void (*after)(void *arg), void *arg)
{
	loop->before_wait = before;
	loop->after_wait = after;
	loop->wait_arg = arg;
}
