#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/loop.h"

#define POSTERS 4
#define POSTS 2000

struct numbered {
	struct loop_task task;
	int poster, number;
};

static struct {
	struct loop *loop;
	int next[POSTERS];
	int seen;
	bool in_order;
} mail;

static void count_mail(struct loop_task *task)
{
	struct numbered *numbered = (struct numbered *)(void *)task;

	if (numbered->number != mail.next[numbered->poster]++ || loop_current() != mail.loop)
		mail.in_order = false;
	if (++mail.seen == POSTERS * POSTS)
		loop_stop(mail.loop);
}

static void *post_many(void *arg)
{
	struct numbered *tasks = arg;

	for (int i = 0; i < POSTS; i++)
		loop_post(mail.loop, &tasks[i].task);
	return NULL;
}

TEST(tasks_of_one_poster_run_once_each_in_order_on_the_loops_thread)
{
	static struct numbered tasks[POSTERS][POSTS];
	pthread_t threads[POSTERS];

	mail.in_order = true;
	CHECK_OK(loop_new(&mail.loop));
	for (int p = 0; p < POSTERS; p++) {
		for (int i = 0; i < POSTS; i++)
			tasks[p][i] = (struct numbered){ { .run = count_mail }, p, i };
		CHECK_INT(pthread_create(&threads[p], NULL, post_many, tasks[p]), 0);
	}
	loop_run(mail.loop);
	for (int p = 0; p < POSTERS; p++)
		pthread_join(threads[p], NULL);
	CHECK(mail.in_order);
	CHECK_INT(mail.seen, POSTERS * POSTS);
	CHECK(loop_current() == NULL);
	loop_free(mail.loop);
}

static void *stop_it(void *arg)
{
	loop_stop(arg);
	return NULL;
}

TEST(a_stop_from_another_thread_ends_the_run_also_when_it_came_first)
{
	struct loop *loop;
	pthread_t thread;

	CHECK_OK(loop_new(&loop));
	loop_stop(loop);
	loop_run(loop);
	CHECK_INT(pthread_create(&thread, NULL, stop_it, loop), 0);
	loop_run(loop);
	pthread_join(thread, NULL);
	loop_free(loop);
}

#define GUARD_US INT64_C(20000000) /* ends a run in which a bell is missing */
#define REST_US INT64_C(40000)     /* in which a bell could ring again */
#define NEVER_US INT64_C(3600000000)

struct bell {
	struct loop_timer timer;
	int64_t rang_us;
	int times;
};

/* Ends the loop some time after both have rung, however late the machine lets them. */
static struct {
	struct bell later, sooner, gone;
	struct loop_timer end;
} peal;

static void ring(struct loop_timer *timer)
{
	struct bell *bell = (struct bell *)(void *)timer;

	bell->rang_us = loop_now_us(timer->loop);
	bell->times++;
	if (peal.later.times && peal.sooner.times)
		loop_timer_set(&peal.end, REST_US);
}

static void stop_peal(struct loop_timer *timer)
{
	loop_stop(timer->loop);
}

/* In a turn that comes too late for several timers their order is nobody's promise: only that each rings in it. */
TEST(a_timer_rings_once_at_its_last_set_time_and_never_early)
{
	struct loop *loop;
	int64_t start_us;

	CHECK_OK(loop_new(&loop));
	loop_timer_init(loop, &peal.later.timer, ring);
	loop_timer_init(loop, &peal.sooner.timer, ring);
	loop_timer_init(loop, &peal.gone.timer, ring);
	loop_timer_init(loop, &peal.end, stop_peal);
	start_us = loop_now_us(loop);
	loop_timer_set(&peal.later.timer, 10000);
	loop_timer_set(&peal.later.timer, 60000);
	loop_timer_set(&peal.sooner.timer, NEVER_US);
	loop_timer_set(&peal.sooner.timer, 20000);
	loop_timer_set(&peal.gone.timer, 1000);
	loop_timer_cancel(&peal.gone.timer);
	loop_timer_set(&peal.end, GUARD_US);
	CHECK(loop_timer_is_set(&peal.later.timer) && !loop_timer_is_set(&peal.gone.timer));
	loop_run(loop);
	CHECK(peal.later.times == 1 && peal.sooner.times == 1 && peal.gone.times == 0);
	CHECK(peal.later.rang_us - start_us >= 59000 && peal.sooner.rang_us - start_us >= 19000);
	loop_free(loop);
}

struct watched {
	struct loop_io io;
	int fd, reads, writes;
};

static void on_ready(struct loop_io *io, int events)
{
	struct watched *watched = (struct watched *)(void *)io;
	char byte;

	if (events & LOOP_READ)
		watched->reads += read(watched->fd, &byte, 1) == 1;
	if (events & LOOP_WRITE)
		watched->writes++;
}

TEST(readiness_is_told_only_while_wanted)
{
	struct watched watched = { .reads = 0 };
	struct loop *loop;
	int pair[2];

	CHECK_OK(loop_new(&loop));
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	watched.fd = pair[0];
	loop_io_init(loop, &watched.io, pair[0], on_ready);
	CHECK_INT(write(pair[1], "ab", 2), 2);
	loop_turn(loop);
	CHECK(watched.reads == 0 && watched.writes == 0);
	loop_io_want(&watched.io, LOOP_READ);
	loop_turn(loop);
	CHECK(watched.reads == 1 && watched.writes == 0);
	loop_io_want(&watched.io, LOOP_WRITE);
	loop_turn(loop);
	CHECK(watched.reads == 1 && watched.writes == 1);
	loop_io_want(&watched.io, 0);
	loop_turn(loop);
	CHECK(watched.reads == 1 && watched.writes == 1);
	close(pair[0]);
	close(pair[1]);
	loop_free(loop);
}

static struct {
	char text[64];
	size_t len;
} story;

static void tell(char what)
{
	if (story.len < sizeof(story.text) - 1)
		story.text[story.len++] = what;
}

static void go_offline(void *arg)
{
	tell(*(char *)arg);
}

static void go_online(void *arg)
{
	tell('n');
}

static void on_hook(struct loop_hook *hook)
{
	tell('h');
}

static void on_task(struct loop_task *task)
{
	tell('t');
}

TEST(hooks_run_after_the_work_of_a_turn_and_outside_the_brackets_of_the_wait)
{
	struct loop_hook hook = { .run = on_hook };
	struct loop_task task = { .run = on_task };
	struct loop *loop;
	char off = 'f';

	CHECK_OK(loop_new(&loop));
	loop_hook_add(loop, &hook);
	loop_on_wait(loop, go_offline, go_online, &off);
	loop_post(loop, &task);
	loop_turn(loop);
	loop_turn(loop);
	CHECK(strcmp(story.text, "hfnthfn") == 0);
	loop_hook_remove(loop, &hook);
	loop_on_wait(loop, NULL, NULL, NULL);
	loop_turn(loop);
	CHECK(strcmp(story.text, "hfnthfn") == 0);
	loop_free(loop);
}

static void on_signal(struct loop_signal *signal)
{
	tell('s');
	loop_stop(signal->loop);
}

TEST(a_signal_arrives_as_an_event)
{
	struct loop_signal hup;
	struct loop *loop;

	memset(&story, 0, sizeof(story));
	CHECK_OK(loop_new(&loop));
	loop_signal_start(loop, &hup, SIGHUP, on_signal);
	CHECK_INT(kill(getpid(), SIGHUP), 0);
	loop_run(loop);
	CHECK(strcmp(story.text, "s") == 0);
	loop_signal_stop(&hup);
	loop_free(loop);
}

TESTS(tasks_of_one_poster_run_once_each_in_order_on_the_loops_thread,
      a_stop_from_another_thread_ends_the_run_also_when_it_came_first, a_timer_rings_once_at_its_last_set_time_and_never_early,
      readiness_is_told_only_while_wanted, hooks_run_after_the_work_of_a_turn_and_outside_the_brackets_of_the_wait,
      a_signal_arrives_as_an_event)
