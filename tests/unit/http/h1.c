#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "served.h"
#include "smuggling.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

/* One request on a connection of its own; gives the status, and the body in *reply. */
static int ask(struct served *served, const void *bytes, size_t len, struct reply *reply)
{
	struct client client;

	client_open(&client, served);
	CHECK(client_send(&client, bytes, len));
	client_reply(&client, reply, false);
	client_close(&client);
	return reply->code;
}

#define ASK(served, text, reply) ask((served), (text), sizeof(text) - 1, (reply))

TEST(a_request_arrives_with_everything_it_said)
{
	struct served *served;
	struct reply reply = { .code = 0 };

	served = served_start(NULL);
	CHECK_INT(ASK(served, "GET /show?q=1 HTTP/1.1\r\nHost: A.example:80\r\nX-One: 1\r\nx-one: 2\r\n\r\n", &reply), 200);
	assert_string_equal(reply.body, "GET|http|A.example:80|/show|q=1|127.0.0.1|h2=0|tls=0|loop=1\n"
					"host=A.example:80\nx-one=1\nx-one=2\n");
	CHECK(strstr(reply.text, "\r\ndate: ") && strstr(reply.text, " GMT\r\n") && !strstr(reply.text, "connection: close"));
	client_reply_done(&reply);
	served_stop(served);
}

TEST(the_date_of_an_answer_is_the_second_it_was_asked_in)
{
	static struct clock clock;
	struct http_server_options options = { .clock = &clock };
	struct served *served;
	struct client client;
	struct reply reply = { .code = 0 };

	clock = clock_fixed(INT64_C(784111777) * US_PER_S);
	served = served_start(&options);
	client_open(&client, served);
	SAY(&client, GET("/show"));
	client_reply(&client, &reply, false);
	CHECK(strstr(reply.text, "\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
	clock_move(&clock, INT64_C(784111778) * US_PER_S);
	SAY(&client, GET("/show"));
	client_reply(&client, &reply, false);
	CHECK(strstr(reply.text, "\r\ndate: Sun, 06 Nov 1994 08:49:38 GMT\r\n"));
	client_reply_done(&reply);
	client_close(&client);
	served_stop(served);
}

TEST(pipelined_requests_are_answered_in_order_also_when_the_first_takes_longest)
{
	struct served *served;
	struct client client;
	struct reply reply = { .code = 0 };
	char body[8];

	served = served_start(NULL);
	client_open(&client, served);
	for (int i = 0; i < 50; i++) {
		char text[128];
		int len = snprintf(text, sizeof(text), "POST /%s HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n%03d",
				   i % 3 ? "echo" : "later", i);
		CHECK(client_send(&client, text, (size_t)len));
	}
	for (int i = 0; i < 50; i++) {
		client_reply(&client, &reply, false);
		(void)snprintf(body, sizeof(body), "%03d", i); /* fits */
		CHECK_INT(reply.code, 200);
		assert_string_equal(reply.body, body);
	}
	client_reply_done(&reply);
	client_close(&client);
	served_stop(served);
}

TEST(a_pipelined_request_waits_unread_behind_one_that_is_away)
{
	struct served *served;
	struct client client;
	struct reply reply = { .code = 0 };

	served = served_start(NULL);
	client_open(&client, served);
	SAY(&client, GET("/hold") GET("/hold"));
	EVENTUALLY(atomic_load(&served->holding) == 1);
	CHECK(client_hears_nothing(&client, 50));
	CHECK_INT(served_counters(served).requests_http1, 1);
	served_let_go(served);
	client_reply(&client, &reply, false);
	assert_string_equal(reply.body, "held");
	EVENTUALLY(atomic_load(&served->holding) == 1);
	served_let_go(served);
	client_reply(&client, &reply, false);
	CHECK_INT(reply.code, 200);
	client_reply_done(&reply);
	client_close(&client);
	served_stop(served);
}

/* More than is read ahead: the rest waits in the socket, and nothing of it is lost. */
TEST(many_pipelined_requests_wait_behind_one_that_is_away)
{
	enum { COUNT = 10000 };
	static char text[COUNT * 64];
	size_t at = 0;
	struct served *served;
	struct client client;
	struct reply reply = { .code = 0 };

	for (int i = 0; i < COUNT; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s", GET("/echo"));
	served = served_start(NULL);
	client_open(&client, served);
	SAY(&client, GET("/hold"));
	EVENTUALLY(atomic_load(&served->holding) == 1);
	CHECK(client_send(&client, text, at));
	usleep(100000);
	CHECK_INT(served_counters(served).requests_http1, 1);
	CHECK(served_counters(served).memory_bytes < 300000);
	served_let_go(served);
	for (int i = 0; i <= COUNT; i++) {
		client_reply(&client, &reply, false);
		CHECK_INT(reply.code, 200);
	}
	client_reply_done(&reply);
	client_close(&client);
	served_stop(served);
}

TEST(bodies_on_their_way_are_bounded_together)
{
	enum { CLIENTS = 20, HALF = 200000 };
	static const char head[] = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 400000\r\n\r\n";
	struct http_server_options options = { .memory_bytes = 1000000 };
	static char half[HALF];
	struct served *served;
	struct client clients[CLIENTS];
	struct reply reply = { .code = 0 };

	served = served_start(&options);
	for (int i = 0; i < CLIENTS; i++) {
		client_open(&clients[i], served);
		SAY(&clients[i], head);
		(void)client_send(&clients[i], half, HALF); /* some are refused meanwhile */
	}
	EVENTUALLY(served_counters(served).requests_refused >= CLIENTS / 2);
	CHECK(served_counters(served).memory_bytes < 2000000);
	for (int i = 0; i < CLIENTS; i++)
		client_close(&clients[i]);
	EVENTUALLY(served_counters(served).connections_open == 0);
	CHECK_INT(ASK(served, GET("/echo"), &reply), 200);
	client_reply_done(&reply);
	served_stop(served);
}

TEST(a_request_sent_byte_by_byte_is_the_same_request)
{
	static const char text[] =
		"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3\r\n, w\r\n0\r\n\r\n";
	struct served *served;
	struct client client;
	struct reply reply = { .code = 0 };

	served = served_start(NULL);
	client_open(&client, served);
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		CHECK(client_send(&client, text + i, 1));
	client_reply(&client, &reply, false);
	CHECK_INT(reply.code, 200);
	assert_string_equal(reply.body, "hello, w");
	SAY(&client, GET("/show"));
	client_reply(&client, &reply, false);
	CHECK_INT(reply.code, 200);
	client_reply_done(&reply);
	client_close(&client);
	served_stop(served);
}

TEST(a_client_that_waits_for_100_continue_gets_it_and_one_that_does_not_is_served)
{
	struct served *served;
	struct client client;
	struct reply reply = { .code = 0 };

	served = served_start(NULL);
	client_open(&client, served);
	SAY(&client, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
	client_reply(&client, &reply, false);
	CHECK_INT(reply.code, 100);
	SAY(&client, "ok");
	client_reply(&client, &reply, false);
	assert_string_equal(reply.body, "ok");
	SAY(&client, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nok");
	client_reply(&client, &reply, false);
	CHECK_INT(reply.code, 200);
	SAY(&client, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n");
	client_reply(&client, &reply, false);
	CHECK_INT(reply.code, 413);
	client_reply_done(&reply);
	client_close(&client);
	served_stop(served);
}

TEST(head_tells_the_length_and_sends_no_body)
{
	struct served *served;
	struct client client;
	struct reply reply = { .code = 0 };

	served = served_start(NULL);
	client_open(&client, served);
	SAY(&client, "HEAD /big HTTP/1.1\r\nHost: a\r\n\r\n" GET("/echo"));
	client_reply(&client, &reply, true);
	CHECK(reply.code == 200 && strstr(reply.text, "content-length: 3000000\r\n"));
	client_reply(&client, &reply, false);
	CHECK(reply.code == 200 && reply.body_len == 0);
	client_reply_done(&reply);
	client_close(&client);
	served_stop(served);
}

TEST(the_connection_closes_when_asked_to_and_after_http_1_0)
{
	struct served *served;
	struct client client;
	struct reply reply = { .code = 0 };

	served = served_start(NULL);
	client_open(&client, served);
	SAY(&client, "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" GET("/echo"));
	client_reply(&client, &reply, false);
	CHECK(reply.code == 200 && strstr(reply.text, "connection: close") && !reply.has_more);
	CHECK(client_sees_end(&client));
	client_close(&client);
	client_open(&client, served);
	SAY(&client, "GET /echo HTTP/1.0\r\nHost: a\r\n\r\n");
	client_reply(&client, &reply, false);
	CHECK(reply.code == 200 && strstr(reply.text, "connection: close"));
	CHECK(client_sees_end(&client));
	client_close(&client);
	CHECK_INT(served_counters(served).requests_http1, 2);
	client_reply_done(&reply);
	served_stop(served);
}

TEST(a_client_that_half_closes_still_gets_its_answer)
{
	struct served *served;
	struct client client;
	struct reply reply = { .code = 0 };

	served = served_start(NULL);
	client_open(&client, served);
	SAY(&client, "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok");
	CHECK_INT(shutdown(client.fd, SHUT_WR), 0);
	client_reply(&client, &reply, false);
	CHECK_INT(reply.code, 200);
	CHECK(client_sees_end(&client));
	client_reply_done(&reply);
	client_close(&client);
	served_stop(served);
}

TEST(every_smuggling_shape_ends_its_connection_and_reaches_no_handler)
{
	struct served *served;
	struct client client;
	struct reply reply = { .code = 0 };
	const struct smuggled *tables[] = { smuggled_heads, smuggled_bodies };
	size_t counts[] = { sizeof(smuggled_heads) / sizeof(*smuggled_heads),
			    sizeof(smuggled_bodies) / sizeof(*smuggled_bodies) };

	served = served_start(NULL);
	for (size_t t = 0; t < 2; t++) {
		for (size_t i = 0; i < counts[t]; i++) {
			const struct smuggled *s = &tables[t][i];
			client_open(&client, served);
			CHECK(client_send(&client, s->bytes, s->len));
			(void)client_send(&client, GET("/show"), sizeof(GET("/show")) - 1); /* must stay unanswered */
			client_reply(&client, &reply, false);
			if (reply.code != s->code)
				print_error("%s: %d, wanted %d\n", s->what, reply.code, s->code);
			CHECK_INT(reply.code, s->code);
			CHECK(strstr(reply.text, "connection: close") && !reply.has_more && client_sees_end(&client));
			client_close(&client);
		}
	}
	CHECK_INT(served_counters(served).requests_http1, 0);
	CHECK_INT(served_counters(served).requests_refused, counts[0] + counts[1]);
	client_reply_done(&reply);
	served_stop(served);
}

/* The first header's value has n bytes. */
static int ask_with_header(struct served *served, size_t n, struct reply *reply)
{
	static const char start[] = "GET /echo HTTP/1.1\r\nHost: a\r\nAuthorization: ";
	size_t before = sizeof(start) - 1;
	char *text = malloc(before + n + 4);
	int code;

	memcpy(text, start, before);
	memset(text + before, 't', n);
	memcpy(text + before + n, "\r\n\r\n", 4);
	code = ask(served, text, before + n + 4, reply);
	free(text);
	return code;
}

TEST(an_authorization_of_32_kib_is_taken_and_64_kib_of_headers_are_not)
{
	struct served *served;
	struct reply reply = { .code = 0 };

	served = served_start(NULL);
	CHECK_INT(ask_with_header(served, 32 * 1024, &reply), 200);
	CHECK_INT(ask_with_header(served, 64 * 1024 - 100, &reply), 200);
	CHECK_INT(ask_with_header(served, 64 * 1024, &reply), 431);
	CHECK_INT(ask_with_header(served, 1024 * 1024, &reply), 431);
	client_reply_done(&reply);
	served_stop(served);
}

TEST(a_body_past_the_limit_is_refused_before_it_is_sent_or_while)
{
	struct http_server_options options = { .body_bytes = 100000 };
	struct served *served;
	struct client client;
	struct reply reply = { .code = 0 };
	char chunk[4096 + 8];

	served = served_start(&options);
	CHECK_INT(ASK(served, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n", &reply), 413);
	client_open(&client, served);
	SAY(&client, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
	memset(chunk, 'x', sizeof(chunk));
	memcpy(chunk, "1000\r\n", 6);
	memcpy(chunk + 6 + 4096, "\r\n", 2);
	for (int i = 0; i < 100 && client_send(&client, chunk, sizeof(chunk)); i++)
		continue;
	client_reply(&client, &reply, false);
	CHECK_INT(reply.code, 413);
	client_close(&client);
	client_reply_done(&reply);
	served_stop(served);
}

TEST(large_bodies_pass_both_ways)
{
	struct served *served;
	struct client client;
	struct reply reply = { .code = 0 };
	size_t n = 4 * 1024 * 1024;
	char *body = malloc(n);

	served = served_start(NULL);
	memset(body, 'y', n);
	client_open(&client, served);
	SAY(&client, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4194304\r\n\r\n");
	CHECK(client_send(&client, body, n));
	client_reply(&client, &reply, false);
	CHECK(reply.code == 200 && reply.body_len == n && memcmp(reply.body, body, n) == 0);
	for (int i = 0; i < 3; i++)
		SAY(&client, GET("/big"));
	for (int i = 0; i < 3; i++) {
		client_reply(&client, &reply, false);
		CHECK(reply.code == 200 && reply.body_len == SERVED_BIG_BYTES);
	}
	client_reply_done(&reply);
	client_close(&client);
	free(body);
	served_stop(served);
}

TEST(a_slow_head_and_a_slow_body_are_told_408_and_a_silent_client_is_closed)
{
	struct http_server_options options = { .header_ms = 200, .body_ms = 200, .idle_ms = 400 };
	struct served *served;
	struct client slow_head, slow_body, silent, idle;
	struct reply reply = { .code = 0 };

	served = served_start(&options);
	client_open(&slow_head, served);
	client_open(&slow_body, served);
	client_open(&silent, served);
	client_open(&idle, served);
	SAY(&slow_head, "GET / HT");
	SAY(&slow_body, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
	SAY(&idle, GET("/echo"));
	client_reply(&idle, &reply, false);
	CHECK_INT(reply.code, 200);
	for (int i = 0; i < 8; i++) { /* dripping does not help */
		usleep(40000);
		(void)client_send(&slow_head, "T", 1);
		(void)client_send(&slow_body, "b", 1);
	}
	client_reply(&slow_head, &reply, false);
	CHECK_INT(reply.code, 408);
	client_reply(&slow_body, &reply, false);
	CHECK_INT(reply.code, 408);
	CHECK_INT(served_counters(served).timeouts, 2);
	CHECK(client_sees_end(&silent) && client_sees_end(&idle));
	EVENTUALLY(served_counters(served).connections_open <= 2);
	client_close(&slow_head);
	client_close(&slow_body);
	client_close(&silent);
	client_close(&idle);
	client_reply_done(&reply);
	served_stop(served);
}

TEST(a_client_that_takes_nothing_is_cut)
{
	struct http_server_options options = { .send_ms = 300 };
	struct served *served;
	struct client client;
	int small = 4096;

	served = served_start(&options);
	client_open(&client, served);
	setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (int i = 0; i < 10; i++)
		SAY(&client, GET("/big"));
	EVENTUALLY(served_counters(served).timeouts == 1);
	EVENTUALLY(served_counters(served).connections_open == 0);
	CHECK(served_counters(served).memory_bytes < 200000);
	client_close(&client);
	served_stop(served);
}

TEST(a_client_that_takes_nothing_holds_a_bounded_amount)
{
	struct served *served;
	struct client client;

	served = served_start(NULL);
	client_open(&client, served);
	for (int i = 0; i < 200; i++)
		SAY(&client, GET("/big"));
	usleep(200000);
	CHECK(served_counters(served).memory_bytes < 3000000);
	client_close(&client);
	EVENTUALLY(served_counters(served).connections_open == 0);
	served_stop(served);
}

TEST(connections_past_the_limit_are_closed_and_places_come_back)
{
	struct http_server_options options = { .connections = 2 };
	struct served *served;
	struct client one, two, three;
	struct reply reply = { .code = 0 };

	served = served_start(&options);
	client_open(&one, served);
	client_open(&two, served);
	EVENTUALLY(served_counters(served).connections_open == 2);
	client_open(&three, served);
	CHECK(client_sees_end(&three));
	client_close(&one);
	EVENTUALLY(served_counters(served).connections_open == 1);
	CHECK_INT(ASK(served, GET("/echo"), &reply), 200);
	CHECK_INT(served_counters(served).connections_refused, 1);
	client_close(&two);
	client_close(&three);
	client_reply_done(&reply);
	served_stop(served);
}

TEST(a_call_that_is_given_back_without_an_answer_ends_its_connection)
{
	struct served *served = served_start(NULL);
	struct client client;

	client_open(&client, served);
	SAY(&client, GET("/drop") GET("/echo"));
	CHECK(client_sees_end(&client));
	CHECK_INT(served_counters(served).requests_http1, 1);
	client_close(&client);
	served_stop(served);
}

TEST(requests_past_the_limit_are_told_503)
{
	struct http_server_options options = { .streams = 1 };
	struct served *served;
	struct client client;
	struct reply reply = { .code = 0 };

	served = served_start(&options);
	client_open(&client, served);
	SAY(&client, GET("/hold"));
	EVENTUALLY(atomic_load(&served->holding) == 1);
	CHECK_INT(ASK(served, GET("/echo"), &reply), 503);
	served_let_go(served);
	client_reply(&client, &reply, false);
	CHECK_INT(reply.code, 200);
	CHECK_INT(ASK(served, GET("/echo"), &reply), 200);
	client_close(&client);
	client_reply_done(&reply);
	served_stop(served);
}

TEST(an_answer_that_would_break_the_framing_becomes_500)
{
	struct served *served;
	struct reply reply = { .code = 0 };

	served = served_start(NULL);
	for (char which = '0'; which <= '9'; which++) {
		char text[] = "GET /split?_ HTTP/1.1\r\nHost: a\r\n\r\n";
		text[sizeof("GET /split?") - 1] = which;
		CHECK_INT(ask(served, text, sizeof(text) - 1, &reply), 500);
		CHECK(!strstr(reply.text, "-split") && !strstr(reply.text, ": 7"));
	}
	CHECK_INT(ASK(served, GET("/drop"), &reply), 0);
	client_reply_done(&reply);
	served_stop(served);
}

TEST(tls_and_garbage_on_a_plain_port_are_ended)
{
	struct served *served;
	struct client client;
	struct reply reply = { .code = 0 };

	served = served_start(NULL);
	client_open(&client, served);
	SAY(&client, "\x16\x03\x01\x02");
	CHECK(client_sees_end(&client));
	client_close(&client);
	CHECK_INT(ASK(served, "\x01\x02\x03\x04", &reply), 400);
	client_reply_done(&reply);
	served_stop(served);
}

static atomic_int drained;

static void on_drained(void *arg)
{
	atomic_store(&drained, 1);
}

static void drain(struct served *served)
{
	http_server_drain(served->server, 5000, on_drained, NULL);
}

static void drain_briefly(struct served *served)
{
	http_server_drain(served->server, 150, on_drained, NULL);
}

TEST(a_drain_finishes_what_runs_closes_what_idles_and_then_says_so)
{
	struct served *served;
	struct client busy, idle;
	struct reply reply = { .code = 0 };

	atomic_store(&drained, 0);
	served = served_start(NULL);
	client_open(&busy, served);
	client_open(&idle, served);
	SAY(&idle, GET("/echo"));
	client_reply(&idle, &reply, false);
	SAY(&busy, GET("/hold"));
	EVENTUALLY(atomic_load(&served->holding) == 1);
	served_do(served, drain);
	CHECK(client_sees_end(&idle));
	CHECK(client_hears_nothing(&busy, 250) && atomic_load(&drained) == 0);
	served_let_go(served);
	client_reply(&busy, &reply, false);
	CHECK(reply.code == 200 && strstr(reply.text, "connection: close"));
	client_close(&busy);
	client_close(&idle);
	EVENTUALLY(atomic_load(&drained) == 1);
	client_reply_done(&reply);
	served_stop(served);
}

TEST(a_drain_ends_at_its_limit)
{
	struct served *served;
	struct client busy;

	atomic_store(&drained, 0);
	served = served_start(NULL);
	client_open(&busy, served);
	SAY(&busy, GET("/hold"));
	EVENTUALLY(atomic_load(&served->holding) == 1);
	served_do(served, drain_briefly);
	EVENTUALLY(atomic_load(&drained) == 1);
	CHECK(client_sees_end(&busy));
	CHECK_INT(atomic_load(&served->cancelled), 1);
	client_close(&busy);
	served_stop(served);
}

TESTS(a_request_arrives_with_everything_it_said, the_date_of_an_answer_is_the_second_it_was_asked_in,
      pipelined_requests_are_answered_in_order_also_when_the_first_takes_longest,
      a_pipelined_request_waits_unread_behind_one_that_is_away, many_pipelined_requests_wait_behind_one_that_is_away,
      bodies_on_their_way_are_bounded_together, a_request_sent_byte_by_byte_is_the_same_request,
      a_client_that_waits_for_100_continue_gets_it_and_one_that_does_not_is_served, head_tells_the_length_and_sends_no_body,
      the_connection_closes_when_asked_to_and_after_http_1_0, a_client_that_half_closes_still_gets_its_answer,
      every_smuggling_shape_ends_its_connection_and_reaches_no_handler,
      an_authorization_of_32_kib_is_taken_and_64_kib_of_headers_are_not,
      a_body_past_the_limit_is_refused_before_it_is_sent_or_while, large_bodies_pass_both_ways,
      a_slow_head_and_a_slow_body_are_told_408_and_a_silent_client_is_closed, a_client_that_takes_nothing_is_cut,
      a_client_that_takes_nothing_holds_a_bounded_amount, connections_past_the_limit_are_closed_and_places_come_back,
      a_call_that_is_given_back_without_an_answer_ends_its_connection, requests_past_the_limit_are_told_503,
      an_answer_that_would_break_the_framing_becomes_500, tls_and_garbage_on_a_plain_port_are_ended,
      a_drain_finishes_what_runs_closes_what_idles_and_then_says_so, a_drain_ends_at_its_limit)
