/*
 * Tries at passwords are counted, and a browser that signed in before is known by its own account alone.
 */
#include "people_world.h"

#include "login/guess.h"

#define KNOWN "ada@example.com"

static bool may(struct call *call, const char *login)
{
	bool ret = false;

	CHECK_OK(guess_may(call, slice_str(login), &ret));
	return ret;
}

static struct call *from(const char *address, slice cookies)
{
	struct call *call = worker_call(METHOD_REEVE_LOGIN_LOCAL);

	call->peer = slice_str(address);
	call->browser.cookies = cookies;
	return call;
}

/* The cookie of a browser that signed in as KNOWN, as it sends it back. */
static slice known_cookie(void)
{
	Reeve__V1__Page page;
	slice cookie;

	reeve__v1__page__init(&page);
	CHECK_OK(guess_right(from("192.0.2.1", SLICE("")), SLICE(KNOWN), &page));
	CHECK_INT(page.n_cookies, 1);
	cookie = slice_str(page.cookies[0]);
	return slice_to(cookie, slice_find(cookie, ';'));
}

/* Uses up what a stranger may try from there. */
static void exhaust(const char *address, const char *login)
{
	for (int i = 0; i < GUESS_PAIR_MOST; i++)
		CHECK(may(from(address, SLICE("")), login));
	CHECK(!may(from(address, SLICE("")), login));
}

TEST(a_browser_is_known_by_the_account_it_signed_in_with_and_no_other)
{
	slice cookie = known_cookie();

	exhaust("192.0.2.2", KNOWN);
	exhaust("192.0.2.2", "grace@example.com");
	CHECK(may(from("192.0.2.2", cookie), KNOWN));
	CHECK(!may(from("192.0.2.2", cookie), "grace@example.com"));
	CHECK(!may(from("192.0.2.2", slice_to(cookie, cookie.len - 2)), KNOWN)); /* CVE-2026-27840 */
}

TEST(a_browser_is_known_for_ninety_days)
{
	slice cookie = known_cookie();

	clock_move(&now, now.fixed_us + (GUESS_KNOWN_LIFE_S - 1) * US_PER_S);
	exhaust("192.0.2.3", KNOWN);
	CHECK(may(from("192.0.2.3", cookie), KNOWN));
	clock_move(&now, now.fixed_us + US_PER_S);
	CHECK(!may(from("192.0.2.3", cookie), KNOWN));
	clock_move(&now, NOW_S * US_PER_S);
}

TEST(a_known_browser_has_tries_of_its_own_and_no_endless_ones)
{
	slice cookie = known_cookie();

	for (int i = 0; i < GUESS_PAIR_MOST; i++)
		CHECK(may(from("192.0.2.4", cookie), KNOWN));
	CHECK(!may(from("192.0.2.4", cookie), KNOWN));
	CHECK(!may(from("192.0.2.5", cookie), KNOWN)); /* nor from elsewhere */
	CHECK(may(from("192.0.2.5", SLICE("")), KNOWN));
}

static int guess_open(void **state)
{
	return oauth_open(state) == 0 && !FAILED(shown_open(arena, SLICE(URL))) ? 0 : -1;
}

static int guess_close(void **state)
{
	shown_close();
	return oauth_close(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_browser_is_known_by_the_account_it_signed_in_with_and_no_other),
		cmocka_unit_test(a_browser_is_known_for_ninety_days),
		cmocka_unit_test(a_known_browser_has_tries_of_its_own_and_no_endless_ones),
	};

	return cmocka_run_group_tests(tests, guess_open, guess_close);
}
