#include "login/throttle.h"

#include "test.h"

static const struct throttle_rule rule = { "login", 3, 900 };

TEST(so_many_tries_and_no_more_in_a_window)
{
	struct throttle *throttle = throttle_new();

	for (int i = 0; i < 3; i++)
		CHECK(throttle_try(throttle, &rule, SLICE("ada"), SLICE("1.2.3.4"), 1000));
	CHECK(!throttle_try(throttle, &rule, SLICE("ada"), SLICE("1.2.3.4"), 1899));
	CHECK(throttle_try(throttle, &rule, SLICE("ada"), SLICE("1.2.3.5"), 1899));
	CHECK(throttle_try(throttle, &rule, SLICE("ada"), SLICE("1.2.3.4"), 1900));
	throttle_free(throttle);
}

TEST(what_ended_well_is_forgotten)
{
	struct throttle *throttle = throttle_new();

	for (int i = 0; i < 3; i++)
		CHECK(throttle_try(throttle, &rule, SLICE("ada"), SLICE("x"), 1000));
	throttle_forget(throttle, &rule, SLICE("ada"), SLICE("x"));
	CHECK(throttle_try(throttle, &rule, SLICE("ada"), SLICE("x"), 1000));
	throttle_free(throttle);
}

TEST(a_flood_of_single_tries_does_not_wash_out_a_guesser)
{
	struct throttle *throttle = throttle_new();
	char name[32];

	for (int i = 0; i < 3; i++)
		CHECK(throttle_try(throttle, &rule, SLICE("ada"), SLICE("x"), 1000));
	for (int i = 0; i < 4 * THROTTLE_SLOTS; i++) {
		int len = snprintf(name, sizeof(name), "n%d", i);
		(void)throttle_try(throttle, &rule, slice_of(name, (size_t)len), SLICE("x"), 1001); /* room may be made */
	}
	CHECK(!throttle_try(throttle, &rule, SLICE("ada"), SLICE("x"), 1002));
	throttle_free(throttle);
}

TEST(an_ipv6_network_counts_as_one_address)
{
	struct arena *arena = arena_new(1 << 16);
	slice a = throttle_address(arena, SLICE("2001:db8::1")), b = throttle_address(arena, SLICE("2001:db8:0:0:ffff::2"));

	CHECK(slice_eq(a, b));
	CHECK(!slice_eq(a, throttle_address(arena, SLICE("2001:db8:0:1::1"))));
	CHECK_SLICE(throttle_address(arena, SLICE("1.2.3.4")), "1.2.3.4");
	arena_free(arena);
}

TESTS(so_many_tries_and_no_more_in_a_window, what_ended_well_is_forgotten, a_flood_of_single_tries_does_not_wash_out_a_guesser,
      an_ipv6_network_counts_as_one_address)
