#include "rpc/workers.h"

#include <pthread.h>
#include <signal.h>

#include "authz/authz.h"
#include "base/mem.h"

#define WORKERS_MAX 256

struct workers {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct work *first, *last;
	unsigned waiting, queue_max, count;
	bool stopping;
	pthread_t threads[WORKERS_MAX];
};

/* The next piece of work, or NULL when the pool stops and nothing is left. */
static struct work *take(struct workers *workers)
{
	struct work *work;

	pthread_mutex_lock(&workers->lock);
	while (!workers->first && !workers->stopping)
		pthread_cond_wait(&workers->wake, &workers->lock);
	work = workers->first;
	if (work) {
		workers->first = work->next;
		if (!workers->first)
			workers->last = NULL;
		workers->waiting--;
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
	sigset_t all, before;

	if (!workers)
		return FAIL(FAULT_EXHAUSTED, "no memory for the workers");
	pthread_mutex_init(&workers->lock, NULL);
	pthread_cond_init(&workers->wake, NULL);
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
	bool taken = false;

	work->next = NULL;
	pthread_mutex_lock(&workers->lock);
	if (!workers->stopping && workers->waiting < workers->queue_max) {
		if (workers->last)
			workers->last->next = work;
		else
			workers->first = work;
		workers->last = work;
		workers->waiting++;
		taken = true;
		pthread_cond_signal(&workers->wake);
	}
	pthread_mutex_unlock(&workers->lock);
	if (!taken)
		return FAIL(FAULT_UNAVAILABLE, "the server is busy: too many calls wait; try again");
	return OK;
}

unsigned workers_waiting(struct workers *workers)
{
	unsigned waiting;

	pthread_mutex_lock(&workers->lock);
	waiting = workers->waiting;
	pthread_mutex_unlock(&workers->lock);
	return waiting;
}
