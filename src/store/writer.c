/*
 * writer: the one thread that changes a store: it takes waiting mutations as a group into one transaction.
 *
 * Owns      the queue, groups, revisions, the order of commit, hook and acknowledgement.
 * Promises  a job that fails is rolled back alone; a COMMIT that fails fails the whole group; revisions are dense and in
 *           commit order; the hook has run before any done() of its group; jobs are done in the order they came.
 * Start at  store_submit(), group_run().
 *
 * A database that gives up a whole transaction in the middle of it (disk full, no memory) would take innocent jobs with it:
 * then each job of the group runs again in a transaction of its own, and only the guilty one fails.
 */
#include <assert.h>
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/store_impl.h"

/* Quiet time after which the store gives memory back. */
#define IDLE_AFTER_S 1
#define CHANGES_KEEP 1024

static void *writer_main(void *arg);

/* ---- the queue ---- */

FALLIBLE writer_start(struct store *store)
{
	sigset_t all, before;
	int failed;

	(void)sigfillset(&all); /* signals belong to the main thread; these calls cannot fail with valid sets */
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&store->thread, NULL, writer_main, store);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed)
		return FAIL(FAULT_UNAVAILABLE, "no thread can be started");
	store->has_thread = true;
	(void)pthread_setname_np(store->thread, "store-writer"); /* only for ps */
	return OK;
}

void writer_stop(struct store *store)
{
	pthread_mutex_lock(&store->mutex);
	store->is_closing = true;
	pthread_cond_signal(&store->wake);
	pthread_mutex_unlock(&store->mutex);
	if (store->has_thread)
		(void)pthread_join(store->thread, NULL); /* it is ours and was not joined */
	store->has_thread = false;
}

static void wake_locked(struct store *store)
{
	if (store->is_asleep)
		pthread_cond_signal(&store->wake);
}

static FALLIBLE submit_locked(struct store *store, struct store_job *job)
{
	if (store->is_closing)
		return FAIL(FAULT_UNAVAILABLE, "the server is stopping");
	if (store->waiting >= store->queue_max)
		return FAIL(FAULT_UNAVAILABLE, "too many changes are waiting; try again");
	job->next_ = NULL;
	*store->last = job;
	store->last = &job->next_;
	store->waiting++;
	wake_locked(store);
	return OK;
}

FALLIBLE store_submit(struct store *store, struct store_job *job)
{
	status st;

	pthread_mutex_lock(&store->mutex);
	st = submit_locked(store, job);
	pthread_mutex_unlock(&store->mutex);
	return st;
}

struct waiter {
	struct store_job job; /* first: done() gets back to the waiter */
	sem_t done;
	status result;
	uint64_t revision;
};

static void waiter_done(struct store_job *job, status result, uint64_t revision)
{
	struct waiter *waiter = (struct waiter *)job;

	waiter->result = result;
	waiter->revision = revision;
	(void)sem_post(&waiter->done); /* counts to one */
}

static void wait_for(sem_t *done)
{
	while (sem_wait(done) && errno == EINTR)
		;
}

FALLIBLE store_write(struct store *store, store_fn run, void *arg, struct arena *arena, uint64_t *ret_revision)
{
	struct waiter waiter = {
		.job = { .run = run, .arg = arg, .arena = arena, .report = report_current(), .done = waiter_done }
	};

	assert(!store->has_thread || !pthread_equal(pthread_self(), store->thread));
	(void)sem_init(&waiter.done, 0, 0); /* fails only for values too large */
	TRY(store_submit(store, &waiter.job));
	wait_for(&waiter.done);
	(void)sem_destroy(&waiter.done);
	TRY(waiter.result);
	if (ret_revision)
		*ret_revision = waiter.revision;
	return OK;
}

/* ---- one group ---- */

/* All but the run: what a job leaves in the transaction. */
static FALLIBLE job_settle(struct tx *tx, status st)
{
	struct change_list *changes = &tx->store->changes;
	struct change nothing = { .revision = tx->revision };

	TRY(st);
	if (tx->broken)
		return FAIL(tx->broken, "part of this change failed");
	if (!tx->has_changed)
		return OK;
	if (changes->count > tx->changes_from)
		TRY(tx->store->driver->log(tx, changes->at + tx->changes_from, changes->count - tx->changes_from));
	else
		TRY(tx->store->driver->log(tx, &nothing, 1)); /* a row for every revision: a hole would stop a follower */
	return OK;
}

/* False when the database gave up the whole transaction. */
static bool job_run(struct tx *tx, struct store_job *job)
{
	const struct store_driver *driver = tx->store->driver;
	struct report *before = report_use(job->report);
	status st;

	tx->arena = job->arena ? job->arena : tx->store->scratch;
	tx->changes_from = tx->store->changes.count;
	tx->stamped = 0;
	tx->has_changed = false;
	tx_keep(tx, NULL, NULL); /* the job before it had another arena, and may be undone */
	tx->broken = FAULT_NONE;
	st = driver->save(tx);
	if (!FAILED(st)) {
		st = job_settle(tx, job->run(tx, job->arg));
		if (driver->is_lost(tx)) {
			st = FAILED(st) ? st : FAIL(FAULT_UNAVAILABLE, "the transaction was given up");
		} else if (FAILED(st)) {
			status undone = driver->undo(tx); /* when even that fails, is_lost below says so */
			if (FAILED(undone))
				driver->abandon(tx);
		} else {
			st = driver->release(tx);
			if (FAILED(st))
				driver->abandon(tx);
		}
	}
	(void)report_use(before);
	arena_reset(tx->store->scratch);
	job->result_ = st;
	job->revision_ = !FAILED(st) && tx->has_changed ? tx->revision : 0;
	if (FAILED(st))
		tx->store->changes.count = tx->changes_from;
	return !driver->is_lost(tx);
}

/* Tells jobs that looked well that they did not happen. */
static void fail_all(struct store_job *jobs, status st)
{
	for (struct store_job *job = jobs; job; job = job->next_) {
		struct report *before = report_use(job->report);
		if (!FAILED(job->result_))
			job->result_ = FAIL(st.fault, "the change could not be committed; nothing was changed");
		job->revision_ = 0;
		(void)report_use(before);
	}
}

/* What the job list did to the store. */
enum outcome { GROUP_COMMITTED, GROUP_UNCHANGED, GROUP_FAILED, GROUP_LOST };

static enum outcome group_commit(struct tx *tx, struct store_job *jobs, uint64_t revision)
{
	status st;

	if (revision == store_revision(tx->store)) {
		tx->store->driver->abandon(tx);
		return GROUP_UNCHANGED;
	}
	st = tx->store->driver->commit(tx, revision);
	if (FAILED(st)) {
		tx->store->driver->abandon(tx);
		fail_all(jobs, st);
		return GROUP_FAILED;
	}
	return GROUP_COMMITTED;
}

/* Runs jobs in one transaction and commits; *ret_rest are those for which the group had no room. */
static enum outcome group_try(struct store *store, struct store_job *jobs, struct store_job **ret_rest, uint64_t *ret_revision)
{
	struct tx tx = { .store = store, .is_write = true };
	uint64_t revision = store_revision(store);
	status st;

	*ret_rest = NULL;
	store->changes.count = 0;
	st = store->driver->begin(&tx);
	if (FAILED(st)) {
		store->driver->abandon(&tx);
		fail_all(jobs, st);
		return GROUP_FAILED;
	}
	for (struct store_job *job = jobs; job; job = job->next_) {
		tx.revision = revision + 1;
		if (!job_run(&tx, job)) {
			store->driver->abandon(&tx);
			return GROUP_LOST;
		}
		if (job->revision_)
			revision = job->revision_;
		if (store->changes.count >= CHANGES_MAX) {
			*ret_rest = job->next_;
			job->next_ = NULL;
		}
	}
	*ret_revision = revision;
	return group_commit(&tx, jobs, revision);
}

/* A failing hook ends the process: an index that lags an acknowledged commit would decide wrongly. */
static void tell(struct store *store, uint64_t revision)
{
	struct tx tx = { .store = store, .arena = store->scratch };
	status st = OK;

	if (store->on_commit) {
		st = store->driver->read_begin(&tx, true);
		if (!FAILED(st)) {
			st = store->on_commit(store->on_commit_user, &tx, store->changes.at, store->changes.count, revision);
			store->driver->read_end(&tx);
		}
		arena_reset(store->scratch);
	}
	if (FAILED(st)) {
		LOG(LOG_ERROR, "a committed change could not be applied; ending the process",
		    LOG_TEXT("text", slice_str(report_current()->text)), LOG_TEXT("notes", slice_str(report_current()->notes)));
		_exit(1);
	}
	atomic_store_explicit(&store->revision, revision, memory_order_release);
}

static void finish(struct store_job *jobs)
{
	while (jobs) {
		struct store_job *job = jobs;
		jobs = job->next_; /* after done() the job is no longer ours */
		job->done(job, job->result_, job->revision_);
	}
}

/* Gives the rest of the list, still to be run. */
static struct store_job *group_run(struct store *store, struct store_job *jobs)
{
	struct store_job *rest;
	uint64_t revision;
	enum outcome outcome = group_try(store, jobs, &rest, &revision);

	if (outcome == GROUP_LOST && jobs->next_) {
		while (jobs) {
			struct store_job *job = jobs;
			jobs = job->next_;
			job->next_ = NULL;
			(void)group_run(store, job); /* a single job leaves no rest */
		}
		return rest;
	}
	if (outcome == GROUP_LOST)
		jobs->revision_ = 0; /* alone and failed: its result says why */
	if (outcome == GROUP_COMMITTED)
		tell(store, revision);
	finish(jobs);
	return rest;
}

/* ---- the thread ---- */

struct work {
	struct store_job *jobs;
	struct chore *chore;
	bool is_idle;
};

static bool has_work(const struct store *store)
{
	return store->first || store->chores || store->is_closing;
}

static void sleep_locked(struct store *store, bool is_rested, bool *ret_timed_out)
{
	int64_t until_us = clock_ticks_us() + IDLE_AFTER_S * US_PER_S;
	struct timespec until = { .tv_sec = until_us / US_PER_S, .tv_nsec = until_us % US_PER_S * 1000 };
	int rc = 0;

	store->is_asleep = true;
	while (!has_work(store) && rc != ETIMEDOUT)
		rc = is_rested ? pthread_cond_wait(&store->wake, &store->mutex)
			       : pthread_cond_timedwait(&store->wake, &store->mutex, &until);
	store->is_asleep = false;
	*ret_timed_out = !has_work(store);
}

static void take_jobs_locked(struct store *store, struct work *work)
{
	struct store_job **end = &work->jobs;

	work->jobs = store->first;
	for (unsigned n = 0; *end && n < store->group_max; n++) {
		end = &(*end)->next_;
		store->waiting--;
	}
	store->first = *end;
	*end = NULL;
	if (!store->first)
		store->last = &store->first;
}

/* False when there is nothing left and the store closes. */
static bool take(struct store *store, bool is_rested, struct work *ret_work)
{
	*ret_work = (struct work){ 0 };
	pthread_mutex_lock(&store->mutex);
	sleep_locked(store, is_rested, &ret_work->is_idle);
	take_jobs_locked(store, ret_work);
	ret_work->chore = store->chores;
	pthread_mutex_unlock(&store->mutex);
	return ret_work->jobs || ret_work->chore || ret_work->is_idle;
}

static void rest_a_while(struct store *store)
{
	if (store->changes.room > CHANGES_KEEP) {
		store->changes.at = mem_free(store->changes.at);
		store->changes.room = 0;
	}
	store->driver->tend(store, true);
}

static void *writer_main(void *arg)
{
	struct store *store = arg;
	struct work work;
	bool is_rested = false;

	while (take(store, is_rested, &work)) {
		is_rested = work.is_idle;
		if (work.is_idle)
			rest_a_while(store);
		if (work.jobs) {
			for (struct store_job *jobs = work.jobs; jobs;)
				jobs = group_run(store, jobs);
			store->driver->tend(store, false);
		}
		if (work.chore && work.chore->step(work.chore)) {
			pthread_mutex_lock(&store->mutex);
			store->chores = store->chores->next_;
			pthread_mutex_unlock(&store->mutex);
			(void)sem_post(&work.chore->done); /* counts to one */
		}
	}
	return NULL;
}

FALLIBLE writer_chore(struct store *store, struct chore *chore)
{
	struct chore **end;
	bool is_closing;

	chore->next_ = NULL;
	(void)sem_init(&chore->done, 0, 0); /* fails only for values too large */
	pthread_mutex_lock(&store->mutex);
	is_closing = store->is_closing;
	if (!is_closing) {
		for (end = &store->chores; *end; end = &(*end)->next_)
			;
		*end = chore;
		wake_locked(store);
	}
	pthread_mutex_unlock(&store->mutex);
	if (is_closing)
		return FAIL(FAULT_UNAVAILABLE, "the server is stopping");
	wait_for(&chore->done);
	(void)sem_destroy(&chore->done);
	return OK;
}
