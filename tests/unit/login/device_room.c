/*
 * Strangers leave room for everybody.
 */
#include "login/device_room.h"

#include "login/device.h"
#include "test.h"

#define START_S INT64_C(1800000000)

static struct arena *arena;

static struct call from(const char *peer, int64_t now_s)
{
	return (struct call){ .arena = arena, .peer = slice_str(peer), .now_us = now_s * US_PER_S };
}

/* How many codes the address gets until it is refused. */
static unsigned begun_from(const char *peer, int64_t now_s, enum fault *ret_fault)
{
	struct call call = from(peer, now_s);
	unsigned count = 0;

	do {
		*ret_fault = device_room_take(&call).fault;
		count += *ret_fault == FAULT_NONE;
	} while (*ret_fault == FAULT_NONE);
	return count;
}

TEST(an_address_begins_so_many_and_another_is_not_hindered)
{
	enum fault fault;

	CHECK_INT(begun_from("192.0.2.1", START_S, &fault), DEVICE_EACH_MAX);
	CHECK_INT(fault, FAULT_EXHAUSTED);
	CHECK_INT(begun_from("2001:db8::1", START_S, &fault), DEVICE_EACH_MAX);
	CHECK_INT(begun_from("2001:db8::2", START_S, &fault), 0); /* the same 64 bits are the same address */
	CHECK_INT(begun_from("2001:db8:0:1::1", START_S, &fault), DEVICE_EACH_MAX);
	CHECK_INT(device_room_used(START_S), 3 * DEVICE_EACH_MAX);
}

TEST(the_count_forgets_what_is_over)
{
	enum fault fault;
	int64_t at = START_S + 10000;

	CHECK_INT(device_room_used(at), 0);
	CHECK_INT(begun_from("192.0.2.2", at, &fault), DEVICE_EACH_MAX);
	CHECK_INT(device_room_used(at + DEVICE_LIFE_S - 1), DEVICE_EACH_MAX);
	CHECK_INT(device_room_used(at + DEVICE_LIFE_S + 20), 0);
	CHECK_INT(begun_from("192.0.2.2", at + DEVICE_LIFE_S, &fault), DEVICE_EACH_MAX);
}

/* A botnet that takes all it can get: how many addresses does it need, and who still gets in? */
TEST(filling_the_room_takes_ten_thousand_addresses_and_a_quiet_one_gets_in_until_the_end)
{
	int64_t at = START_S + 100000;
	unsigned bots = 0;
	enum fault fault = FAULT_EXHAUSTED;
	char peer[32];

	while (fault != FAULT_UNAVAILABLE) {
		(void)snprintf(peer, sizeof(peer), "10.%u.%u.%u", bots >> 16 & 255, bots >> 8 & 255, bots & 255);
		(void)begun_from(peer, at, &fault); /* it goes on until it is refused */
		if (++bots == 2000) {
			struct call quiet = from("198.51.100.7", at);
			CHECK_OK(device_room_take(&quiet));
		}
		arena_reset(arena);
	}
	CHECK(bots > 10000);
	CHECK_INT(device_room_used(at), DEVICES_MAX);
}

TEST(guessing_is_counted_by_address)
{
	struct call guesser = from("192.0.2.9", START_S), other = from("192.0.2.10", START_S);

	for (int i = 0; i < DEVICE_GUESSES_MAX; i++)
		CHECK_OK(device_room_guess(&guesser));
	CHECK_FAULT(FAULT_EXHAUSTED, device_room_guess(&guesser));
	CHECK_OK(device_room_guess(&other));
	guesser.now_us += DEVICE_LIFE_S * US_PER_S;
	CHECK_OK(device_room_guess(&guesser));
}

static int open_arena(void **state)
{
	(void)state;
	arena = arena_new((size_t)1 << 20);
	return arena ? 0 : -1;
}

static int close_arena(void **state)
{
	(void)state;
	arena = arena_free(arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_begins_so_many_and_another_is_not_hindered),
		cmocka_unit_test(the_count_forgets_what_is_over),
		cmocka_unit_test(filling_the_room_takes_ten_thousand_addresses_and_a_quiet_one_gets_in_until_the_end),
		cmocka_unit_test(guessing_is_counted_by_address),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
