#include "rpc/workers.h"

#include <pthread.h>
#include <signal.h>

#include "authz/authz.h"
#include "base/clock.h"
#include "base/mem.h"

#define WORKERS_MAX 256

STAILQ_HEAD(work_list, work);
struct workers {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct work_list queue, resting;
	unsigned waiting, resting_count, queue_max, count;
	bool stopping;
	pthread_t threads[WORKERS_MAX];
};

static void append_locked(struct workers *workers, struct work *work)
{
	STAILQ_INSERT_TAIL(&workers->queue, work, link);
	workers->waiting++;
	pthread_cond_signal(&workers->wake);
}

/* Queues what has rested long enough. When the next will have; 0: none rests. */
static int64_t wake_resting_locked(struct workers *workers)
{
	struct work_list rested = STAILQ_HEAD_INITIALIZER(rested);
	int64_t now_us = STAILQ_EMPTY(&workers->resting) ? 0 : clock_ticks_us(), next_us = 0;
	struct work *work;

	STAILQ_CONCAT(&rested, &workers->resting);
	while ((work = STAILQ_FIRST(&rested))) {
		STAILQ_REMOVE_HEAD(&rested, link);
		if (work->due_us > now_us && !workers->stopping) {
			next_us = next_us && next_us < work->due_us ? next_us : work->due_us;
			STAILQ_INSERT_TAIL(&workers->resting, work, link);
			continue;
		}
		workers->resting_count--;
		append_locked(workers, work);
	}
	return next_us;
}

static void wait_locked(struct workers *workers, int64_t until_us)
{
	struct timespec until = { .tv_sec = until_us / US_PER_S, .tv_nsec = until_us % US_PER_S * 1000 };

	if (until_us)
		(void)pthread_cond_timedwait(&workers->wake, &workers->lock, &until); /* whoever waits looks again */
	else
		(void)pthread_cond_wait(&workers->wake, &workers->lock); /* likewise */
}

/* The next piece of work, or NULL when the pool stops and nothing is left. */
static struct work *take(struct workers *workers)
{
	struct work *work;
	int64_t next_us;

	pthread_mutex_lock(&workers->lock);
	while ((next_us = wake_resting_locked(workers), STAILQ_EMPTY(&workers->queue)) && !workers->stopping)
		wait_locked(workers, next_us);
	work = STAILQ_FIRST(&workers->queue);
	if (work) {
		STAILQ_REMOVE_HEAD(&workers->queue, link);
		workers->waiting--;
		if (!STAILQ_EMPTY(&workers->resting))
			pthread_cond_signal(&workers->wake); /* another one looks at the clock meanwhile */
	}
	pthread_mutex_unlock(&workers->lock);
	return work;
}

static void *serve(void *arg)
{
	struct workers *workers = arg;

	authz_thread_start();
	for (;;) {
		struct work *work;

		authz_thread_offline();
		work = take(workers);
		authz_thread_online();
		if (!work)
			break;
		work->run(work);
	}
	authz_thread_stop();
	return NULL;
}

FALLIBLE workers_new(unsigned threads, unsigned queue_max, struct workers **ret_workers)
{
	struct workers *workers = NEW_ZERO(struct workers);
	pthread_condattr_t by_ticks;
	sigset_t all, before;

	if (!workers)
		return FAIL(FAULT_EXHAUSTED, "no memory for the workers");
	STAILQ_INIT(&workers->queue);
	STAILQ_INIT(&workers->resting);
	pthread_mutex_init(&workers->lock, NULL);
	pthread_condattr_init(&by_ticks);
	pthread_condattr_setclock(&by_ticks, CLOCK_MONOTONIC);
	pthread_cond_init(&workers->wake, &by_ticks);
	pthread_condattr_destroy(&by_ticks);
	workers->queue_max = queue_max;
	sigfillset(&all); /* signals are for the main loop */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (workers->count < threads && workers->count < WORKERS_MAX &&
	       pthread_create(&workers->threads[workers->count], NULL, serve, workers) == 0)
		workers->count++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (workers->count == 0) {
		workers_free(workers);
		return FAIL(FAULT_EXHAUSTED, "cannot start a worker thread");
	}
	*ret_workers = workers;
	return OK;
}

struct workers *workers_free(struct workers *workers)
{
	if (!workers)
		return NULL;
	pthread_mutex_lock(&workers->lock);
	workers->stopping = true;
	pthread_cond_broadcast(&workers->wake);
	pthread_mutex_unlock(&workers->lock);
	for (unsigned i = 0; i < workers->count; i++)
		pthread_join(workers->threads[i], NULL);
	pthread_cond_destroy(&workers->wake);
	pthread_mutex_destroy(&workers->lock);
	return mem_free(workers);
}

FALLIBLE workers_give(struct workers *workers, struct work *work)
{
	bool taken;

	pthread_mutex_lock(&workers->lock);
	taken = !workers->stopping && workers->waiting < workers->queue_max;
	if (taken)
		append_locked(workers, work);
	pthread_mutex_unlock(&workers->lock);
	if (!taken)
		return FAIL(FAULT_UNAVAILABLE, "the server is busy: too many calls wait; try again");
	return OK;
}

bool workers_give_later(struct workers *workers, struct work *work, int64_t rest_us)
{
	bool taken;

	pthread_mutex_lock(&workers->lock);
	taken = !workers->stopping && workers->resting_count < WORKERS_RESTING_MAX;
	if (taken) {
		work->due_us = clock_ticks_us() + rest_us;
		STAILQ_INSERT_HEAD(&workers->resting, work, link);
		workers->resting_count++;
		pthread_cond_signal(&workers->wake); /* who waits longer waits for this one now */
	}
	pthread_mutex_unlock(&workers->lock);
	return taken;
}

unsigned workers_waiting(struct workers *workers)
{
	unsigned waiting;

	pthread_mutex_lock(&workers->lock);
	waiting = workers->waiting;
	pthread_mutex_unlock(&workers->lock);
	return waiting;
}
