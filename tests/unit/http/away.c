/*
 * away: streams that close at each hand-over while their call is away. Run under ASan: a call that came back to freed memory,
 * or was freed before it came back, ends the program.
 */
#include "test.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/random.h"
#include "h2_client.h"

static struct served *served;

/* Closes with a reset instead of an orderly end. */
static void break_off(struct client *client)
{
	struct linger now = { .l_onoff = 1 };

	setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	client_close(client);
}

static void still_serves(void)
{
	struct client client;
	struct reply reply = { .code = 0 };

	client_open(&client, served);
	SAY(&client, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok");
	client_reply(&client, &reply, false);
	CHECK_INT(reply.code, 200);
	client_reply_done(&reply);
	client_close(&client);
	EVENTUALLY(served_counters(served).away == 0 && served_counters(served).connections_open == 0);
	EVENTUALLY(served_counters(served).memory_bytes < 300000);
}

TEST(http_1_resets_before_while_and_after_a_call_is_away)
{
	static const char body[] = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf";
	static const char hold[] = "POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
	static const char later[] = "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
	static const char large[] = "GET /big HTTP/1.1\r\nHost: a\r\n\r\n";
	struct client client;

	served = served_start(NULL);
	client_open(&client, served);
	SAY(&client, body);
	break_off(&client);
	client_open(&client, served);
	SAY(&client, hold);
	EVENTUALLY(atomic_load(&served->holding) == 1);
	break_off(&client);
	EVENTUALLY(atomic_load(&served->cancelled) == 1);
	served_let_go(served);
	for (int i = 0; i < 200; i++) {
		client_open(&client, served);
		SAY(&client, later);
		if (i % 2)
			usleep((unsigned int)i);
		break_off(&client);
	}
	client_open(&client, served);
	SAY(&client, large);
	usleep(20000);
	break_off(&client);
	still_serves();
	served_stop(served);
}

static void do_nothing(struct served *unused)
{
}

/* Asks for `path` on `streams` streams, runs `between`, then cancels every one by reset frames or by breaking off. */
static void cancel_h2(const char *path, int streams, bool by_frames, unsigned int wait_us)
{
	static struct h2_client h2;

	h2_client_open(&h2, served);
	h2_client_linger(&h2, 10);
	for (int i = 0; i < streams; i++)
		h2_client_ask(&h2, "POST", path, "", SLICE("body"));
	h2_client_linger(&h2, 0);
	usleep(wait_us);
	for (int i = 0; by_frames && i < streams; i++)
		nghttp2_submit_rst_stream(h2.session, NGHTTP2_FLAG_NONE, h2.answers[i].id, NGHTTP2_CANCEL);
	h2_client_linger(&h2, by_frames ? 10 : 0);
	break_off(&h2.client);
	h2.client.fd = -1;
	nghttp2_session_del(h2.session);
}

TEST(http_2_resets_before_while_and_after_calls_are_away)
{
	served = served_start(NULL);
	for (int by_frames = 0; by_frames < 2; by_frames++) {
		int before = atomic_load(&served->cancelled);
		cancel_h2("/hold", 50, by_frames, 50000);
		EVENTUALLY(atomic_load(&served->cancelled) == before + 50);
		served_let_go(served);
		for (unsigned int i = 0; i < 40; i++)
			cancel_h2("/later", 20, by_frames, i * 50);
		cancel_h2("/big", 20, by_frames, 1000);
	}
	still_serves();
	served_stop(served);
}

TEST(a_stream_reset_alone_leaves_its_neighbours_calls_untouched)
{
	static struct h2_client h2;

	served = served_start(NULL);
	h2_client_open(&h2, served);
	for (int i = 0; i < 20; i++)
		h2_client_ask(&h2, "GET", "/hold", "", SLICE(""));
	h2_client_linger(&h2, 20);
	EVENTUALLY(atomic_load(&served->holding) == 20);
	for (int i = 0; i < 20; i += 2)
		nghttp2_submit_rst_stream(h2.session, NGHTTP2_FLAG_NONE, h2.answers[i].id, NGHTTP2_CANCEL);
	h2_client_linger(&h2, 20);
	EVENTUALLY(atomic_load(&served->cancelled) == 10);
	served_let_go(served);
	h2_client_run(&h2, 20);
	for (int i = 0; i < 20; i++)
		CHECK_INT(h2.answers[i].code, i % 2 ? 200 : 0);
	h2_client_close(&h2);
	still_serves();
	served_stop(served);
}

/* The connection is over for the server too (a flood), with calls away on it; their answers come while it lingers. */
TEST(answers_to_a_connection_that_was_ended_for_abuse_go_nowhere)
{
	static struct h2_client h2;
	char ping[17];

	served = served_start(NULL);
	h2_client_open(&h2, served);
	for (int i = 0; i < 20; i++)
		h2_client_ask(&h2, "GET", "/hold", "", SLICE(""));
	h2_client_linger(&h2, 20);
	EVENTUALLY(atomic_load(&served->holding) == 20);
	(void)h2_frame(ping, NGHTTP2_PING, 0, 0, "12345678", 8);
	for (int i = 0; i < 3000; i++)
		(void)client_send(&h2.client, ping, sizeof(ping)); /* at some point nobody takes it */
	EVENTUALLY(served_counters(served).floods == 1);
	served_let_go(served);
	CHECK_INT(served_counters(served).away, 0);
	h2_client_close(&h2);
	still_serves();
	served_stop(served);
}

static struct stream_ref kept;

static void keep_ref(struct served *on)
{
	struct http_request *request = http_request_of((struct stream_ref){ .loop = on->loop, .server = on->server });

	CHECK(request);
	kept = request->ref;
}

static void use_late_ref(struct served *on)
{
	struct http_response response = { .status = 200, .body = SLICE("not mine") };

	CHECK(http_is_cancelled(kept) && !http_request_of(kept));
	http_respond(kept, &response);
	http_release(kept);
	kept.slot = 1000000;
	http_respond(kept, &response);
}

TEST(a_late_reference_never_reaches_the_request_that_has_the_slot_now)
{
	struct client client;
	struct reply reply = { .code = 0 };

	served = served_start(NULL);
	client_open(&client, served);
	SAY(&client, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
	EVENTUALLY(atomic_load(&served->holding) == 1);
	served_do(served, keep_ref);
	served_let_go(served);
	client_reply(&client, &reply, false);
	SAY(&client, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
	EVENTUALLY(atomic_load(&served->holding) == 1);
	served_do(served, use_late_ref);
	CHECK(client_hears_nothing(&client, 50));
	served_let_go(served);
	client_reply(&client, &reply, false);
	assert_string_equal(reply.body, "held");
	client_reply_done(&reply);
	client_close(&client);
	served_do(served, do_nothing);
	served_stop(served);
}

/* Everything at once, from one seed. */
TEST(clients_that_come_and_go_at_random_leave_nothing_behind)
{
	static const char *const paths[] = { "/hold", "/later", "/big", "/echo", "/drop" };
	uint64_t seed = 20261124;

	print_message("seed %llu\n", (unsigned long long)seed);
	served = served_start(NULL);
	for (int i = 0; i < 150; i++) {
		cancel_h2(paths[random_below(&seed, 5)], 1 + (int)random_below(&seed, 40), random_below(&seed, 2),
			  (unsigned int)random_below(&seed, 3000));
		if (random_below(&seed, 4) == 0)
			served_let_go(served);
	}
	served_let_go(served);
	still_serves();
	served_stop(served);
}

TESTS(http_1_resets_before_while_and_after_a_call_is_away, http_2_resets_before_while_and_after_calls_are_away,
      a_stream_reset_alone_leaves_its_neighbours_calls_untouched, answers_to_a_connection_that_was_ended_for_abuse_go_nowhere,
      a_late_reference_never_reaches_the_request_that_has_the_slot_now, clients_that_come_and_go_at_random_leave_nothing_behind)
