/*
 * The pool: work that rests comes no earlier than it asked for, at the end of the pool, or never into it.
 */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "authz/authz.h"
#include "base/clock.h"
#include "rpc/workers.h"

#define REST_US INT64_C(100000)
#define LONG_US (INT64_C(3600) * US_PER_S)
#define PATIENCE_US (INT64_C(10) * US_PER_S)

struct note {
	struct work work;
	struct workers *workers;
	int64_t given_us;
	_Atomic int64_t ran_us;
	_Atomic bool *gate; /* NULL, or what it waits for */
	unsigned again;     /* times it gives itself once more */
	_Atomic unsigned runs;
};

static void run(struct work *work)
{
	struct note *note = (struct note *)(void *)work;

	while (note->gate && !*note->gate)
		usleep(1000);
	note->runs++;
	if (note->again) {
		note->again--;
		CHECK(workers_give_later(note->workers, work, 1000));
		return; /* another thread's by now */
	}
	note->ran_us = clock_ticks_us();
}

static void await(struct note *note)
{
	int64_t end_us = clock_ticks_us() + PATIENCE_US;

	while (!note->ran_us && clock_ticks_us() < end_us)
		usleep(1000);
	CHECK(note->ran_us != 0);
}

static struct workers *pool(unsigned threads)
{
	struct workers *workers;

	CHECK_OK(workers_new(threads, 8, &workers));
	return workers;
}

static void rest(struct workers *workers, struct note *note, int64_t rest_us)
{
	*note = (struct note){ .work.run = run, .workers = workers, .given_us = clock_ticks_us() };
	CHECK(workers_give_later(workers, &note->work, rest_us));
}

static void work_that_rests_comes_when_its_time_has_come(void **state)
{
	struct workers *workers = pool(2);
	struct note longer, shorter;

	(void)state;
	usleep(20000); /* both wait for work, without an end */
	rest(workers, &longer, 3 * REST_US);
	rest(workers, &shorter, REST_US);
	CHECK_INT(0, workers_waiting(workers)); /* it waits for its time, not for a thread */
	await(&shorter);
	await(&longer);
	CHECK(shorter.ran_us - shorter.given_us >= REST_US);
	CHECK(longer.ran_us - longer.given_us >= 3 * REST_US);
	(void)workers_free(workers);
}

static void work_may_rest_again_and_again(void **state)
{
	struct workers *workers = pool(2);
	struct note note = { .work.run = run, .workers = workers, .again = 5 };

	(void)state;
	CHECK_OK(workers_give(workers, &note.work));
	await(&note);
	CHECK_INT(6, note.runs);
	(void)workers_free(workers);
}

/* Whoever looked at the clock is kept by other work: one that is idle looks instead. */
static void an_idle_thread_looks_at_the_clock_while_the_others_are_kept(void **state)
{
	_Atomic bool gate = false;
	struct workers *workers = pool(3);
	struct note kept[2] = { { .work.run = run, .gate = &gate }, { .work.run = run, .gate = &gate } }, resting;

	(void)state;
	usleep(20000); /* as above */
	rest(workers, &resting, REST_US);
	usleep(20000);
	for (int i = 0; i < 2; i++)
		CHECK_OK(workers_give(workers, &kept[i].work));
	await(&resting);
	CHECK_INT(0, kept[0].ran_us + kept[1].ran_us);
	gate = true;
	(void)workers_free(workers);
}

static void the_end_of_the_pool_is_the_end_of_every_rest(void **state)
{
	struct workers *workers = pool(1);
	static struct note notes[WORKERS_RESTING_MAX];
	struct note more = { .work.run = run };

	(void)state;
	for (size_t i = 0; i < WORKERS_RESTING_MAX; i++)
		rest(workers, &notes[i], LONG_US);
	CHECK(!workers_give_later(workers, &more.work, 0)); /* so many and no more */
	(void)workers_free(workers);
	for (size_t i = 0; i < WORKERS_RESTING_MAX; i++)
		CHECK_INT(1, notes[i].runs);
	CHECK_INT(0, more.runs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(work_that_rests_comes_when_its_time_has_come),
		cmocka_unit_test(work_may_rest_again_and_again),
		cmocka_unit_test(an_idle_thread_looks_at_the_clock_while_the_others_are_kept),
		cmocka_unit_test(the_end_of_the_pool_is_the_end_of_every_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
