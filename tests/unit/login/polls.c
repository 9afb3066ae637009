/*
 * How often devices ask: what memory answers by itself, and when it asks for patience.
 */
#include "login/polls.h"

#include "base/clock.h"
#include "login/device.h"
#include "test.h"

#define NOW_S INT64_C(1800000000)
#define S(seconds) ((NOW_S + (seconds)) * US_PER_S)
#define CLIENT SLICE("reeve")

static uint8_t *code(unsigned number)
{
	static uint8_t digest[SHA256_BYTES];

	CHECK_OK(sha256(slice_of(&number, sizeof(number)), digest));
	return digest;
}

static enum poll take(unsigned number, int64_t at_s, uint64_t revision)
{
	return poll_take(code(number), CLIENT, S(at_s), revision);
}

TEST(a_code_that_waits_is_answered_without_the_store)
{
	CHECK_INT(take(1, 0, 7), POLL_UNKNOWN);
	poll_note(code(1), CLIENT, NOW_S + DEVICE_LIFE_S, 0, 7);
	CHECK_INT(take(1, 0, 7), POLL_WAIT); /* the first question may come at once */
	for (int at = 5; at < DEVICE_LIFE_S; at += 5)
		CHECK_INT(take(1, at, 7), POLL_WAIT);
	CHECK_INT(take(1, DEVICE_LIFE_S, 7), POLL_OVER);
}

TEST(after_a_commit_the_store_is_asked)
{
	poll_note(code(2), CLIENT, NOW_S + DEVICE_LIFE_S, 0, 7);
	CHECK_INT(take(2, 0, 7), POLL_WAIT);
	CHECK_INT(take(2, 5, 8), POLL_ASK);
	poll_note(code(2), CLIENT, NOW_S + DEVICE_LIFE_S, S(5), 8);
	CHECK_INT(take(2, 10, 8), POLL_WAIT);
}

TEST(another_clients_code_is_unknown_and_not_slowed)
{
	poll_note(code(3), CLIENT, NOW_S + DEVICE_LIFE_S, 0, 7);
	for (int i = 0; i < 20; i++)
		CHECK_INT(poll_take(code(3), SLICE("other"), S(0), 7), POLL_UNKNOWN);
	CHECK_INT(take(3, 0, 7), POLL_WAIT);
}

TEST(too_fast_makes_it_slower_each_time_up_to_a_bound)
{
	poll_note(code(4), CLIENT, NOW_S + DEVICE_LIFE_S, 0, 7);
	CHECK_INT(take(4, 0, 7), POLL_WAIT);
	CHECK_INT(take(4, 3, 7), POLL_SLOW);
	CHECK_INT(poll_interval(code(4)), 10);
	CHECK_INT(take(4, 8, 7), POLL_SLOW);
	CHECK_INT(poll_interval(code(4)), 15);
	CHECK_INT(take(4, 14, 7), POLL_WAIT); /* a second early is fine */
	for (int i = 0; i < 50; i++)
		CHECK_INT(take(4, 15, 7), POLL_SLOW);
	CHECK_INT(poll_interval(code(4)), POLL_INTERVAL_MAX_S);
}

TEST(who_never_slows_down_still_gets_an_answer_each_minute)
{
	unsigned answers = 0;

	poll_note(code(5), CLIENT, NOW_S + DEVICE_LIFE_S, 0, 7);
	for (int at = 0; at < DEVICE_LIFE_S; at++)
		answers += take(5, at, 7) == POLL_WAIT;
	CHECK(answers >= 14 && answers <= 25);
}

TEST(a_clock_set_back_does_not_lock_anybody_out)
{
	poll_note(code(6), CLIENT, NOW_S + DEVICE_LIFE_S, 0, 7);
	CHECK_INT(take(6, 100, 7), POLL_WAIT);
	CHECK_INT(take(6, 50, 7), POLL_WAIT);
}

TEST(a_code_that_was_used_up_is_unknown)
{
	poll_note(code(7), CLIENT, NOW_S + DEVICE_LIFE_S, 0, 7);
	poll_drop(code(7));
	CHECK_INT(take(7, 0, 7), POLL_UNKNOWN);
	CHECK_INT(poll_interval(code(7)), 0);
}

TEST(the_table_holds_a_full_room_and_never_grows)
{
	unsigned known = 0;

	for (unsigned i = 0; i < DEVICES_MAX; i++)
		poll_note(code(1000 + i), CLIENT, NOW_S + DEVICE_LIFE_S + 1000, 0, 7);
	for (unsigned i = 0; i < DEVICES_MAX; i++)
		known += take(1000 + i, 1000, 7) == POLL_WAIT;
	CHECK(known > DEVICES_MAX / 100 * 99);
}

TESTS(a_code_that_waits_is_answered_without_the_store, after_a_commit_the_store_is_asked,
      another_clients_code_is_unknown_and_not_slowed, too_fast_makes_it_slower_each_time_up_to_a_bound,
      who_never_slows_down_still_gets_an_answer_each_minute, a_clock_set_back_does_not_lock_anybody_out,
      a_code_that_was_used_up_is_unknown, the_table_holds_a_full_room_and_never_grows)
