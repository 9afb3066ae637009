#include "login/cookie.h"

#include "test.h"

TEST(a_cookie_is_found_by_its_whole_name)
{
	slice value;

	CHECK(cookie_find(SLICE("a=1; __Host-f=2; __Host-fx=3"), SLICE("__Host-f"), &value));
	CHECK_SLICE(value, "2");
	CHECK(!cookie_find(SLICE("x__Host-f=2; __Host-f ; __host-f=3"), SLICE("__Host-f"), &value));
	CHECK(cookie_find(SLICE("__Host-f=a=b=="), SLICE("__Host-f"), &value));
	CHECK_SLICE(value, "a=b==");
}

TEST(a_cookie_given_twice_is_none)
{
	slice value;

	CHECK(!cookie_find(SLICE("f=1; f=2"), SLICE("f"), &value));
	CHECK(!cookie_find(SLICE("f=1\t2"), SLICE("f"), &value));
	CHECK(!cookie_find(SLICE(""), SLICE("f"), &value));
}

TEST(cookies_of_a_prefix_are_walked)
{
	slice rest = SLICE("f-a=1; g=2;f-b=3"), name;

	CHECK(cookie_next(&rest, SLICE("f-"), &name));
	CHECK_SLICE(name, "f-a");
	CHECK(cookie_next(&rest, SLICE("f-"), &name));
	CHECK_SLICE(name, "f-b");
	CHECK(!cookie_next(&rest, SLICE("f-"), &name));
}

TEST(every_cookie_of_ours_is_bound_to_this_host_and_kept_from_scripts)
{
	struct arena *arena = arena_new(1 << 16);
	slice text;

	CHECK_OK(cookie_make(arena, SLICE("__Host-f"), SLICE("v"), 600, &text));
	CHECK_SLICE(text, "__Host-f=v; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax");
	arena_free(arena);
}

TESTS(a_cookie_is_found_by_its_whole_name, a_cookie_given_twice_is_none, cookies_of_a_prefix_are_walked,
      every_cookie_of_ours_is_bound_to_this_host_and_kept_from_scripts)
