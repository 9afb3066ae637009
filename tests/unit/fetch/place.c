/* Claims about who may keep threads waiting: a party its share, slow ones together half, and whoever answers always somebody.
 */
#include "test.h"

#include "fetch/place_impl.h"

#define COUNT 6
#define S INT64_C(1000000)

static FALLIBLE take(struct places *places, const char *party, int64_t now_us, size_t *ret_place)
{
	return places_take(places, slice_str(party), now_us, ret_place);
}

/* The whole share of a party, from at[]. */
static void fill(struct places *places, const char *party, int64_t now_us, size_t *at)
{
	for (unsigned i = 0; i < places_share(places); i++)
		CHECK_OK(take(places, party, now_us, &at[i]));
	CHECK_FAULT(FAULT_BUSY, take(places, party, now_us, &at[0]));
}

TEST(two_parties_that_never_answer_leave_room_for_a_third)
{
	struct places *places = places_new(COUNT);
	size_t at[COUNT], other;

	CHECK_INT(places_share(places), COUNT / 3);
	fill(places, "https://one.example", 0, at);
	fill(places, "https://two.example", 0, at + 2);
	for (int i = 0; i < 20; i++) {
		CHECK_OK(take(places, "https://good.example", 0, &other));
		for (size_t j = 0; j < 4; j++)
			CHECK(other != at[j]);
		places_leave(places, other, 1);
	}
	places_free(places);
}

TEST(slow_parties_hold_half_together_however_many_they_are)
{
	static const char *const slow[] = { "https://a.example", "https://b.example", "https://c.example",
					    "https://d.example" };
	struct places *places = places_new(COUNT);
	size_t at[COUNT];

	for (size_t i = 0; i < 3; i++)
		fill(places, slow[i], 0, at + 2 * i);
	CHECK_FAULT(FAULT_BUSY, take(places, "https://good.example", 0, &at[0])); /* that they stall is not known yet */
	for (size_t i = 0; i < COUNT; i++)
		places_leave(places, at[i], 8 * S);
	for (size_t i = 0; i < 3; i++) {
		CHECK_OK(take(places, slow[i], 9 * S, &at[i]));
		CHECK_INT(at[i] < COUNT, true);
	}
	for (size_t i = 0; i < 3; i++)
		CHECK_FAULT(FAULT_BUSY, take(places, slow[i], 9 * S, &at[3]));
	CHECK_OK(take(places, "https://good.example", 9 * S, &at[3]));
	CHECK_OK(take(places, slow[3], 9 * S, &at[4])); /* never seen to be slow */
	places_free(places);
}

TEST(a_party_is_slow_while_it_holds_a_place_for_long_and_a_minute_after)
{
	struct places *places = places_new(COUNT);
	size_t at[COUNT], other;

	fill(places, "https://a.example", 0, at);
	CHECK_OK(take(places, "https://b.example", 0, &at[2]));
	CHECK_FAULT(FAULT_BUSY, take(places, "https://a.example", 3 * S, &other));
	CHECK_FAULT(FAULT_BUSY, take(places, "https://b.example", 3 * S, &other)); /* three slow ones are half */
	places_leave(places, at[0], 3 * S);
	CHECK_OK(take(places, "https://b.example", 3 * S, &at[0]));
	for (size_t i = 0; i < 3; i++)
		places_leave(places, at[i], 4 * S);
	for (size_t i = 0; i < 20; i++) { /* one quick answer forgives nothing */
		CHECK_OK(take(places, "https://a.example", 5 * S, &other));
		places_leave(places, other, 5 * S);
	}
	CHECK_OK(take(places, "https://a.example", 5 * S, &at[0]));
	CHECK_OK(take(places, "https://a.example", 5 * S, &at[1]));
	CHECK_OK(take(places, "https://b.example", 5 * S, &at[2]));
	CHECK_FAULT(FAULT_BUSY, take(places, "https://b.example", 5 * S, &other));
	for (size_t i = 0; i < 3; i++)
		places_leave(places, at[i], 6 * S);
	fill(places, "https://a.example", 70 * S, at);
	fill(places, "https://b.example", 70 * S, at + 2);
	places_free(places);
}

TEST(every_slow_party_is_remembered_until_there_are_too_many)
{
	struct places *places = places_new(COUNT);
	char party[32];
	size_t at[COUNT];

	for (int i = 0; i < PLACE_PARTIES_MAX; i++) {
		(void)snprintf(party, sizeof(party), "https://%d.example", i);
		CHECK_OK(take(places, party, 0, &at[0]));
		places_leave(places, at[0], 3 * S);
	}
	for (int i = 0; i < COUNT / 2; i++) {
		(void)snprintf(party, sizeof(party), "https://%d.example", i);
		CHECK_OK(take(places, party, 4 * S, &at[i]));
	}
	for (int i = COUNT / 2; i < PLACE_PARTIES_MAX; i++) {
		(void)snprintf(party, sizeof(party), "https://%d.example", i);
		CHECK_FAULT(FAULT_BUSY, take(places, party, 4 * S, &at[COUNT / 2]));
	}
	CHECK_OK(take(places, "https://good.example", 4 * S, &at[COUNT / 2]));
	places_free(places);
}

TEST(few_places_are_shared_too_and_none_means_any_number)
{
	struct places *one = places_new(1), *none = places_new(0);
	size_t place, other;

	CHECK_OK(take(one, "https://a.example", 0, &place));
	CHECK_FAULT(FAULT_BUSY, take(one, "https://b.example", 0, &other));
	places_leave(one, place, 9 * S);
	CHECK_OK(take(one, "https://a.example", 10 * S, &place)); /* slow, but nobody else is there */
	for (int i = 0; i < 100; i++)
		CHECK_OK(take(none, "https://a.example", 0, &place));
	places_leave(none, place, 9 * S);
	places_free(one);
	places_free(none);
}

TESTS(two_parties_that_never_answer_leave_room_for_a_third, slow_parties_hold_half_together_however_many_they_are,
      a_party_is_slow_while_it_holds_a_place_for_long_and_a_minute_after,
      every_slow_party_is_remembered_until_there_are_too_many, few_places_are_shared_too_and_none_means_any_number)
