/*
 * What a browser brings back is read strictly.
 */
#include "cli/callback.h"

#include "test.h"

#define PORT 4711
#define HOST "Host: 127.0.0.1:4711\r\n"
#define GOOD "GET /callback?code=a%2Fb&state=s&iss=http%3A%2F%2Fx.test HTTP/1.1\r\n" HOST "Accept: */*\r\n\r\n"

static struct arena *arena;

static enum callback_kind read_text(const char *text, struct callback *ret_callback)
{
	if (!arena)
		arena = arena_new((size_t)1 << 20);
	arena_reset(arena);
	return callback_read(arena, slice_str(text), PORT, ret_callback);
}

static int refused(const char *text)
{
	struct callback callback;

	return read_text(text, &callback) == CALLBACK_REFUSED ? callback.http_status : 0;
}

TEST(a_callback_is_read_and_decoded)
{
	struct callback callback;

	CHECK_INT(read_text(GOOD, &callback), CALLBACK_READ);
	CHECK_SLICE(callback.code, "a/b");
	CHECK_SLICE(callback.state, "s");
	CHECK_SLICE(callback.issuer, "http://x.test");
	CHECK_INT(callback.error.len, 0);
	CHECK_INT(read_text("GET /callback?error=access_denied&error_description=not+now&state=s HTTP/1.1\r\n" HOST "\r\n",
			    &callback),
		  CALLBACK_READ);
	CHECK_SLICE(callback.error, "access_denied");
	CHECK_SLICE(callback.description, "not now");
}

TEST(a_request_that_is_not_all_there_waits)
{
	struct callback callback;

	CHECK_INT(read_text("", &callback), CALLBACK_PARTIAL);
	for (size_t len = 0; len < sizeof(GOOD) - 1; len++)
		CHECK_INT(callback_read(arena, slice_of(GOOD, len), PORT, &callback), CALLBACK_PARTIAL);
}

TEST(other_paths_methods_and_versions_are_told_apart)
{
	CHECK_INT(refused("GET /favicon.ico HTTP/1.1\r\n" HOST "\r\n"), 404);
	CHECK_INT(refused("GET /callback/x?code=a&state=s HTTP/1.1\r\n" HOST "\r\n"), 404);
	CHECK_INT(refused("POST /callback?code=a&state=s HTTP/1.1\r\n" HOST "\r\n"), 405);
	CHECK_INT(refused("GET /callback?code=a&state=s HTTP/1.0\r\n" HOST "\r\n"), 505);
	CHECK_INT(refused("GET /callback?code=a&state=s HTTP/1.1 \r\n" HOST "\r\n"), 505);
}

TEST(a_page_elsewhere_that_points_its_name_here_is_refused)
{
	CHECK_INT(refused("GET /callback?code=a&state=s HTTP/1.1\r\nHost: evil.test\r\n\r\n"), 400);
	CHECK_INT(refused("GET /callback?code=a&state=s HTTP/1.1\r\nHost: 127.0.0.1:4712\r\n\r\n"), 400);
	CHECK_INT(refused("GET /callback?code=a&state=s HTTP/1.1\r\nHost: localhost:4711\r\n\r\n"), 400);
	CHECK_INT(refused("GET /callback?code=a&state=s HTTP/1.1\r\n" HOST HOST "\r\n"), 400);
	CHECK_INT(refused("GET /callback?code=a&state=s HTTP/1.1\r\nAccept: */*\r\n\r\n"), 400);
}

TEST(what_two_readers_could_take_differently_is_refused)
{
	CHECK_INT(refused("GET /callback?code=a&state=s HTTP/1.1\n" HOST "\r\n"), 400);
	CHECK_INT(refused("GET  /callback?code=a&state=s HTTP/1.1\r\n" HOST "\r\n"), 400);
	CHECK_INT(refused("GET http://127.0.0.1:4711/callback?code=a&state=s HTTP/1.1\r\n" HOST "\r\n"), 400);
	CHECK_INT(refused("GET /callback?code=a&state=s HTTP/1.1\r\n" HOST "A : b\r\n\r\n"), 400);
	CHECK_INT(refused("GET /callback?code=a&state=s HTTP/1.1\r\n" HOST " folded\r\n\r\n"), 400);
	CHECK_INT(refused("GET /callback?code=a&state=s HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n"), 400);
	CHECK_INT(refused("GET /callback?code=a&state=s HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n"), 400);
	CHECK_INT(refused("GET /callback?code=a&state=s HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"), 400);
	CHECK_INT(refused(GOOD "GET "), 400);
}

TEST(parameters_come_once_and_hold_no_control_characters)
{
	CHECK_INT(refused("GET /callback?code=a&code=b&state=s HTTP/1.1\r\n" HOST "\r\n"), 400);
	CHECK_INT(refused("GET /callback?code=a&state=s&error=x HTTP/1.1\r\n" HOST "\r\n"), 400);
	CHECK_INT(refused("GET /callback?code=a HTTP/1.1\r\n" HOST "\r\n"), 400);
	CHECK_INT(refused("GET /callback?state=s HTTP/1.1\r\n" HOST "\r\n"), 400);
	CHECK_INT(refused("GET /callback?state&code=a HTTP/1.1\r\n" HOST "\r\n"), 400);
	CHECK_INT(refused("GET /callback?code=a&state=%zz HTTP/1.1\r\n" HOST "\r\n"), 400);
	CHECK_INT(refused("GET /callback?code=a%0d&state=s HTTP/1.1\r\n" HOST "\r\n"), 400);
	CHECK_INT(refused("GET /callback?error=x%1b[2J&state=s HTTP/1.1\r\n" HOST "\r\n"), 400);
	CHECK_INT(refused("GET /callback?error=x%c2%9b2J&state=s HTTP/1.1\r\n" HOST "\r\n"), 400);
	CHECK_INT(refused("GET /callback?code=%ff&state=s HTTP/1.1\r\n" HOST "\r\n"), 400);
	CHECK_INT(refused("GET /callback HTTP/1.1\r\n" HOST "\r\n"), 400);
}

TEST(a_request_ends_at_its_limit)
{
	static char text[CALLBACK_BYTES_MAX + 1];
	struct callback callback;

	memset(text, 'a', sizeof(text));
	CHECK_INT(callback_read(arena, slice_of(text, CALLBACK_BYTES_MAX - 1), PORT, &callback), CALLBACK_PARTIAL);
	CHECK_INT(callback_read(arena, slice_of(text, CALLBACK_BYTES_MAX), PORT, &callback), CALLBACK_REFUSED);
	CHECK_INT(callback.http_status, 431);
	arena = arena_free(arena);
}

TESTS(a_callback_is_read_and_decoded, a_request_that_is_not_all_there_waits, other_paths_methods_and_versions_are_told_apart,
      a_page_elsewhere_that_points_its_name_here_is_refused, what_two_readers_could_take_differently_is_refused,
      parameters_come_once_and_hold_no_control_characters, a_request_ends_at_its_limit)
