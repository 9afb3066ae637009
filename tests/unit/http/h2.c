#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "h2_client.h"

#define GRPC "content-type: application/grpc\nte: trailers\n"
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define NONE SLICE("")

/* cmocka's checks leave by longjmp, so what they need stays static. */
static struct served *served;
static struct h2_client h2;

static int ask(const char *method, const char *path, const char *more, slice upload, struct answer **ret_answer)
{
	struct answer *answer = h2_client_ask(&h2, method, path, more, upload);

	h2_client_run(&h2, h2.asked);
	if (ret_answer)
		*ret_answer = answer;
	return answer->is_closed && answer->error ? -(int)answer->error : answer->code;
}

static void start(const struct http_server_options *options)
{
	served = served_start(options);
	h2_client_open(&h2, served);
}

static void stop(void)
{
	h2_client_close(&h2);
	served_stop(served);
}

TEST(a_request_arrives_as_over_http_1)
{
	struct answer *answer;

	start(NULL);
	CHECK_INT(ask("GET", "/show?q=1", "x-one: 1\nx-one: 2\n", NONE, &answer), 200);
	assert_string_equal(answer->start, "GET|http|a|/show|q=1|127.0.0.1|h2=1|tls=0|loop=1\nx-one=1\nx-one=2");
	CHECK(strstr(answer->headers, "date: ") && strstr(answer->headers, "content-length: 65"));
	CHECK_INT(ask("POST", "/echo", "", SLICE("hello"), &answer), 200);
	assert_string_equal(answer->start, "hello");
	CHECK_INT(ask("HEAD", "/big", "", NONE, &answer), 200);
	CHECK(answer->body_len == 0 && strstr(answer->headers, "content-length: 3000000"));
	CHECK_INT(ask("GET", "/drop", "", NONE, NULL), -NGHTTP2_INTERNAL_ERROR);
	CHECK_INT(ask("GET", "/split", "", NONE, NULL), 500);
	CHECK_INT(ask("OPTIONS", "*", "", NONE, NULL), 404);
	stop();
}

TEST(a_value_that_comes_once_takes_no_place_in_the_table_of_headers)
{
	struct answer *answer;

	start(NULL);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(ask("GET", "/show", "", NONE, &answer), 200);
		CHECK(strstr(answer->headers, "x-once: only\n") && strstr(answer->headers, "content-type: text/plain\n"));
		CHECK_INT(answer->never_indexed, 1);
	}
	stop();
}

TEST(many_streams_run_at_once_here_and_on_the_worker)
{
	start(NULL);
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 100; i++)
			h2_client_ask(&h2, "POST", i % 2 ? "/echo" : "/later", "", SLICE("hello"));
		h2_client_run(&h2, h2.asked);
	}
	for (size_t i = 0; i < h2.asked; i++) {
		CHECK_INT(h2.answers[i].code, 200);
		CHECK_INT(h2.answers[i].error, 0);
		assert_string_equal(h2.answers[i].start, "hello");
	}
	CHECK_INT(served_counters(served).requests_http2, 400);
	CHECK_INT(served_counters(served).away, 0);
	stop();
}

TEST(grpc_gets_its_message_back_and_the_status_in_trailers)
{
	struct answer *answer;
	slice frame = slice_of("\0\0\0\0\2hi", 7);

	start(NULL);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(ask("POST", i ? "/x.Y/Later" : "/x.Y/Now", GRPC, frame, &answer), 200);
		CHECK(answer->body_len == 7 && memcmp(answer->start, frame.at, 7) == 0 && answer->has_trailers);
		CHECK(strstr(answer->headers, "grpc-status: 0\n") && !strstr(answer->headers, "content-length"));
	}
	CHECK_INT(served_counters(served).requests_grpc, 2);
	stop();
}

TEST(grpc_errors_come_as_trailers_only)
{
	struct answer *answer;

	start(NULL);
	CHECK_INT(ask("POST", "/x.Y/Now", GRPC, slice_of("\1\0\0\0\2hi", 7), &answer), 200);
	CHECK(strstr(answer->headers, "grpc-status: 12\ngrpc-message: compressed") && answer->body_len == 0);
	CHECK(!answer->has_trailers && !strstr(answer->headers, "content-length"));
	CHECK_INT(ask("POST", "/x.Y/Now", GRPC, slice_of("\0\0\0\0\3hi", 7), &answer), 200);
	CHECK(strstr(answer->headers, "grpc-status: 3\n"));
	CHECK_INT(ask("POST", "/x.Y/Now", GRPC, NONE, &answer), 200);
	CHECK(strstr(answer->headers, "grpc-status: 3\n"));
	stop();
}

TEST(large_bodies_pass_both_ways_under_flow_control)
{
	struct answer *answer;
	size_t n = 4 * 1024 * 1024;
	char *body = calloc(1, n);

	start(NULL);
	CHECK_INT(ask("POST", "/echo", "", slice_of(body, n), &answer), 200);
	CHECK_INT(answer->body_len, n);
	for (int i = 0; i < 8; i++)
		h2_client_ask(&h2, "GET", "/big", "", NONE);
	h2_client_run(&h2, h2.asked);
	for (size_t i = 1; i < h2.asked; i++)
		CHECK(h2.answers[i].code == 200 && h2.answers[i].body_len == SERVED_BIG_BYTES);
	free(body);
	stop();
}

TEST(a_body_past_the_limit_is_refused_in_the_clients_language)
{
	struct http_server_options options = { .body_bytes = 100000 };
	struct answer *answer;
	size_t n = 2000000;
	char *body = calloc(1, n);

	start(&options);
	(void)ask("POST", "/echo", "", slice_of(body, n), &answer);
	CHECK(answer->code == 413 && answer->error == NGHTTP2_NO_ERROR);
	(void)ask("POST", "/echo", "content-length: 2000000\n", slice_of(body, n), &answer);
	CHECK_INT(answer->code, 413);
	(void)ask("POST", "/x.Y/Now", GRPC, slice_of(body, n), &answer);
	CHECK(answer->code == 200 && strstr(answer->headers, "grpc-status: 8\n"));
	CHECK_INT(ask("POST", "/echo", "", SLICE("still here"), NULL), 200);
	CHECK(served_counters(served).memory_bytes < 300000);
	/* What was refused gives its bytes back: more of it than the connection's window is wide leaves room for others. */
	for (int i = 0; i < 60; i++)
		CHECK_INT(ask("POST", "/echo", "", slice_of(body, 250000), NULL), 413);
	CHECK_INT(ask("POST", "/echo", "", slice_of(body, 90000), NULL), 200);
	free(body);
	stop();
}

/* A header block of many fields of 1000 bytes. */
static int ask_with_headers(int count, const char *extra)
{
	char *more = calloc(1, (size_t)count * 1100 + 65536), *at = more;
	int code;

	at = stpcpy(at, extra);
	for (int i = 0; i < count; i++) {
		at += snprintf(at, 32, "x-%d: ", i);
		memset(at, 'a' + i % 26, 990);
		at += 990;
		*at++ = '\n';
	}
	code = ask("GET", "/echo", more, NONE, NULL);
	free(more);
	return code;
}

TEST(an_authorization_of_32_kib_is_taken_and_more_than_64_kib_of_headers_are_not)
{
	static char token[33000] = "authorization: ";

	start(NULL);
	memset(token + 15, 't', 32768);
	token[15 + 32768] = '\n';
	CHECK_INT(ask_with_headers(0, token), 200);
	CHECK_INT(ask_with_headers(31, token), 200);
	CHECK_INT(ask_with_headers(40, token), 431);
	CHECK_INT(ask("GET", "/echo", "", NONE, NULL), 200);
	stop();
}

TEST(more_than_100_headers_are_refused)
{
	struct http_server_options options = { .header_count = 10 };

	start(&options);
	CHECK_INT(ask_with_headers(10, ""), 200);
	CHECK_INT(ask_with_headers(11, ""), 431);
	stop();
}

TEST(what_http_1_refuses_is_refused_here_too)
{
	start(NULL);
	CHECK_INT(ask("GET", "/echo", "host: b\n", NONE, NULL), 400);
	CHECK_INT(ask("GET", "/echo", "host: a\n", NONE, NULL), 200);
	CHECK_INT(ask("GET", "/echo", "host: a\nhost: a\n", NONE, NULL), -NGHTTP2_PROTOCOL_ERROR);
	CHECK_INT(ask("GET", "/echo", ":authority: u@a\n", NONE, NULL), 400);
	CHECK_INT(ask("GET", "/echo", ":authority: a:b\n", NONE, NULL), 400);
	CHECK_INT(ask("GET", "/a#b", "", NONE, NULL), 400);
	CHECK_INT(ask("GET", "/a\\b", "", NONE, NULL), 400);
	CHECK(ask("GET", "echo", "", NONE, NULL) < 0);
	CHECK(ask("GET", "/a b", "", NONE, NULL) != 200);
	CHECK(ask("GET", "/echo", "connection: close\n", NONE, NULL) < 0);
	CHECK(ask("GET", "/echo", "transfer-encoding: chunked\n", NONE, NULL) < 0);
	CHECK(ask("GET", "/echo", "x: a\x01\n", NONE, NULL) < 0);
	CHECK(ask("GET", "/echo", ":nonsense: x\n", NONE, NULL) < 0);
	CHECK(ask("POST", "/echo", "content-length: 3\n", SLICE("four"), NULL) < 0);
	CHECK(ask("CONNECT", "/", "", NONE, NULL) != 200);
	CHECK_INT(ask("GET", "/echo", "", NONE, NULL), 200);
	stop();
}

TEST(crumbs_of_cookies_become_one_header)
{
	struct answer *answer;

	start(NULL);
	CHECK_INT(ask("GET", "/show", "cookie: a=1\nx: y\ncookie: b=2\ncookie: c=3\n", NONE, &answer), 200);
	assert_string_equal(answer->start, "GET|http|a|/show||127.0.0.1|h2=1|tls=0|loop=1\ncookie=a=1; b=2; c");
	stop();
}

/* A hundred of 600 bytes: joined one by one they would be copied to three megabytes. */
TEST(many_crumbs_take_no_more_memory_than_they_are_long)
{
	struct http_server_options options = { .arena_bytes = 300000, .header_bytes = 100000 };
	static char crumbs[100000];
	size_t at = 0;

	for (int i = 0; i < 99; i++)
		at += (size_t)snprintf(crumbs + at, sizeof(crumbs) - at, "cookie: a%d=%0600d\n", i, i);
	start(&options);
	CHECK_INT(ask("GET", "/echo", crumbs, NONE, NULL), 200);
	stop();
}

TEST(expect_100_continue_is_met)
{
	struct answer *answer;

	start(NULL);
	CHECK_INT(ask("POST", "/echo", "expect: 100-continue\n", SLICE("body"), &answer), 200);
	CHECK(answer->saw_100);
	stop();
}

TEST(a_preface_in_pieces_waits_and_a_wrong_one_is_http_1)
{
	struct client client;
	struct reply reply = { .code = 0 };

	served = served_start(NULL);
	memset(&h2, 0, sizeof(h2));
	client_open(&h2.client, served);
	h2_client_begin(&h2, NULL);
	for (size_t i = 0; i < sizeof(PREFACE) - 1; i++) {
		CHECK(client_send(&h2.client, &PREFACE[i], 1));
		usleep(2000);
	}
	{ /* nghttp2 would send its own preface: skip that */
		const uint8_t *bytes;
		CHECK_INT(nghttp2_session_mem_send(h2.session, &bytes), 24);
	}
	CHECK_INT(ask("GET", "/echo", "", NONE, NULL), 200);
	client_open(&client, served);
	SAY(&client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\rX");
	client_reply(&client, &reply, false);
	CHECK_INT(reply.code, 505);
	client_close(&client);
	client_reply_done(&reply);
	stop();
}

TEST(pings_are_answered_with_and_without_streams)
{
	start(NULL);
	for (int i = 0; i < 300; i++) {
		CHECK_INT(nghttp2_submit_ping(h2.session, NGHTTP2_FLAG_NONE, NULL), 0);
		if (i % 3 == 0)
			CHECK_INT(ask("GET", "/echo", "", NONE, NULL), 200);
		if (i % 50 == 0)
			h2_client_linger(&h2, 20);
	}
	h2_client_linger(&h2, 100);
	CHECK(h2.pings == 300 && !h2.has_goaway);
	stop();
}

TEST(an_idle_connection_is_told_goaway_and_then_closed_but_pings_keep_it)
{
	struct http_server_options options = { .idle_ms = 400 };

	start(&options);
	CHECK_INT(ask("GET", "/echo", "", NONE, NULL), 200);
	for (int i = 0; i < 8; i++) {
		nghttp2_submit_ping(h2.session, NGHTTP2_FLAG_NONE, NULL);
		h2_client_linger(&h2, 100);
	}
	CHECK(!h2.has_goaway && !h2.is_over);
	h2_client_linger(&h2, 1500);
	CHECK(h2.has_goaway && h2.goaway_error == NGHTTP2_NO_ERROR && h2.is_over);
	CHECK_INT(served_counters(served).timeouts, 0);
	stop();
}

/* The timer rings while the call is away and nothing is due; who comes back sees to the next one. */
TEST(a_connection_whose_last_call_came_back_to_nobody_idles_out_too)
{
	struct http_server_options options = { .idle_ms = 300 };
	struct answer *answer;

	start(&options);
	answer = h2_client_ask(&h2, "GET", "/hold", "", NONE);
	h2_client_linger(&h2, 50);
	EVENTUALLY(atomic_load(&served->holding) == 1);
	nghttp2_submit_rst_stream(h2.session, NGHTTP2_FLAG_NONE, answer->id, NGHTTP2_CANCEL);
	h2_client_linger(&h2, 600);
	CHECK(!h2.is_over);
	served_let_go(served);
	h2_client_linger(&h2, 1500);
	CHECK(h2.has_goaway && h2.is_over);
	stop();
}

/* A client that writes its frames by hand. */
static void open_raw(struct client *client)
{
	client_open(client, served);
	SAY(client, PREFACE "\0\0\0\4\0\0\0\0\0");
}

TEST(slow_heads_bodies_and_settings_are_cut)
{
	struct http_server_options options = { .header_ms = 300, .body_ms = 300 };
	static const char reset_1[] = "\0\0\4\3\0\0\0\0\1\0\0\0\x8", reset_3[] = "\0\0\4\3\0\0\0\0\3\0\0\0\x8";
	struct client silent, slow;
	char frames[64], got[1024];
	size_t len = 0;

	start(&options);
	client_open(&silent, served);
	SAY(&silent, PREFACE);
	open_raw(&slow);
	len = h2_frame(frames, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1,
		       "\x83\x86\x84\x41\x01"
		       "a",
		       6);                                                       /* POST, no body */
	len += h2_frame(frames + len, NGHTTP2_HEADERS, 0, 3, "\x82\x86\x84", 3); /* a head without its end */
	CHECK(client_send(&slow, frames, len));
	EVENTUALLY(served_counters(served).timeouts == 3);
	CHECK(client_sees_end(&silent));
	usleep(50000);
	len = (size_t)recv(slow.fd, got, sizeof(got), 0);
	CHECK(memmem(got, len, reset_1, 13) && memmem(got, len, reset_3, 13));
	CHECK_INT(ask("GET", "/echo", "", NONE, NULL), 200);
	client_close(&silent);
	client_close(&slow);
	stop();
}

TEST(a_client_that_opens_no_window_is_reset_alone)
{
	struct http_server_options options = { .send_ms = 300 };
	nghttp2_settings_entry closed = { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0 };
	struct answer *answer;

	start(&options);
	nghttp2_submit_settings(h2.session, NGHTTP2_FLAG_NONE, &closed, 1);
	answer = h2_client_ask(&h2, "GET", "/big", "", NONE);
	h2_client_run(&h2, 1);
	CHECK(answer->error == NGHTTP2_CANCEL && answer->body_len == 0);
	CHECK_INT(served_counters(served).timeouts, 1);
	CHECK_INT(ask("HEAD", "/echo", "", NONE, NULL), 200);
	stop();
}

TEST(streams_whose_calls_are_away_count_against_the_limit_after_a_reset)
{
	struct http_server_options options = { .connection_streams = 2 };

	start(&options);
	for (int i = 0; i < 2; i++) {
		struct answer *answer = h2_client_ask(&h2, "GET", "/hold", "", NONE);
		h2_client_linger(&h2, 30);
		nghttp2_submit_rst_stream(h2.session, NGHTTP2_FLAG_NONE, answer->id, NGHTTP2_CANCEL);
		h2_client_linger(&h2, 30);
	}
	EVENTUALLY(atomic_load(&served->cancelled) == 2);
	CHECK_INT(ask("GET", "/echo", "", NONE, NULL), -NGHTTP2_REFUSED_STREAM);
	served_let_go(served);
	CHECK_INT(ask("GET", "/echo", "", NONE, NULL), 200);
	stop();
}

TEST(requests_past_the_servers_limit_are_refused_as_retryable)
{
	struct http_server_options options = { .streams = 1 };
	struct answer *held;

	start(&options);
	held = h2_client_ask(&h2, "GET", "/hold", "", NONE);
	h2_client_linger(&h2, 50);
	h2_client_ask(&h2, "GET", "/echo", "", NONE);
	h2_client_run(&h2, 1);
	CHECK_INT(h2.answers[1].error, NGHTTP2_REFUSED_STREAM);
	served_let_go(served);
	h2_client_run(&h2, 2);
	CHECK_INT(held->code, 200);
	stop();
}

/* -- floods: each is written by hand and ends its connection; another client is served before, during and after ---- */

static void flood(const char *frame, size_t len, int most)
{
	struct client client;
	struct http_counters before, after;
	char batch[32768], settings[9];
	size_t in_batch = sizeof(batch) / len, head;
	bool ended = false;

	client_open(&client, served);
	SAY(&client, PREFACE);
	head = h2_frame(settings, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	CHECK(client_send(&client, settings, head));
	EVENTUALLY(served_counters(served).connections_open == 2);
	before = served_counters(served);
	for (size_t i = 0; i < in_batch; i++)
		memcpy(batch + i * len, frame, len);
	for (int sent = 0; sent < most && !ended; sent += (int)in_batch) {
		char sink[4096];
		ended = !client_send(&client, batch, in_batch * len);
		while (recv(client.fd, sink, sizeof(sink), MSG_DONTWAIT) > 0) /* it reads, so nothing piles up */
			continue;
	}
	EVENTUALLY(served_counters(served).connections_open == 1);
	after = served_counters(served);
	CHECK(after.memory_bytes < 3000000);
	CHECK(after.bytes_received - before.bytes_received < (uint64_t)most * len);
	CHECK_INT(ask("GET", "/echo", "", NONE, NULL), 200);
	client_close(&client);
}

TEST(floods_end_their_connection_and_nobody_elses)
{
	char frame[256];
	size_t len;

	start(NULL);
	CHECK_INT(ask("GET", "/echo", "", NONE, NULL), 200);
	len = h2_frame(frame, NGHTTP2_PING, 0, 0, "12345678", 8);
	flood(frame, len, 1000000);
	len = h2_frame(frame, NGHTTP2_SETTINGS, 0, 0, "\0\4\0\1\0\0", 6);
	flood(frame, len, 1000000);
	len = h2_frame(frame, NGHTTP2_WINDOW_UPDATE, 0, 0, "\0\0\0\1", 4);
	flood(frame, len, 1000000);
	len = h2_frame(frame, NGHTTP2_PRIORITY, 0, 3, "\0\0\0\0\1", 5);
	flood(frame, len, 1000000);
	len = h2_frame(frame, 0xfa, 0, 0, "unknown", 7);
	flood(frame, len, 1000000);
	CHECK_INT(served_counters(served).floods, 5);
	stop();
}

/* CVE-2025-8671: it is we who reset the streams, because of a frame that is wrong for each. */
TEST(streams_that_we_are_made_to_reset_end_the_connection)
{
	struct client client;
	char frames[64], sink[4096];
	bool ended = false;
	size_t len;

	start(NULL);
	open_raw(&client);
	for (int i = 0; i < 300 && !ended; i++) {
		len = h2_frame(frames, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1 + 2 * i,
			       "\x83\x86\x84\x01\x01"
			       "a",
			       6);
		len += h2_frame(frames + len, NGHTTP2_WINDOW_UPDATE, 0, 1 + 2 * i, "\x7f\xff\xff\xff", 4);
		ended = !client_send(&client, frames, len);
		while (recv(client.fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
			continue;
	}
	EVENTUALLY(served_counters(served).floods == 1);
	client_close(&client);
	CHECK_INT(ask("GET", "/echo", "", NONE, NULL), 200);
	stop();
}

TEST(a_body_in_single_bytes_ends_the_connection)
{
	struct client client;
	char frames[64];
	bool ended = false;
	size_t len;

	start(NULL);
	open_raw(&client);
	len = h2_frame(frames, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1,
		       "\x83\x86\x84\x01\x01"
		       "a",
		       6);
	CHECK(client_send(&client, frames, len));
	len = h2_frame(frames, NGHTTP2_DATA, 0, 1, "x", 1);
	for (int i = 0; i < 3000 && !ended; i++)
		ended = !client_send(&client, frames, len);
	EVENTUALLY(served_counters(served).floods == 1);
	CHECK_INT(served_counters(served).requests_http2, 0);
	client_close(&client);
	stop();
}

/* Streams opened and reset as fast as they come; each is a sound GET. */
TEST(rapid_resets_end_the_connection)
{
	struct client client;
	char frames[64];
	bool ended = false;

	start(NULL);
	CHECK_INT(ask("GET", "/echo", "", NONE, NULL), 200);
	open_raw(&client);
	for (int32_t id = 1; id < 200000 && !ended; id += 2) {
		size_t len = h2_frame(frames, NGHTTP2_HEADERS, 5, id,
				      "\x82\x86\x84\x41\x01"
				      "a",
				      6);
		len += h2_frame(frames + len, NGHTTP2_RST_STREAM, 0, id, "\0\0\0\x8", 4);
		ended = !client_send(&client, frames, len);
	}
	EVENTUALLY(served_counters(served).connections_open == 1);
	CHECK(served_counters(served).requests_http2 < 5000 && served_counters(served).floods == 1);
	CHECK_INT(ask("GET", "/echo", "", NONE, NULL), 200);
	client_close(&client);
	stop();
}

TEST(continuations_without_end_end_the_connection)
{
	struct client client;
	char frames[1024], field[200] = "\0\x1xd";
	bool ended = false;
	size_t len;

	start(NULL);
	CHECK_INT(ask("GET", "/echo", "", NONE, NULL), 200);
	open_raw(&client);
	memset(field + 4, 'v', 100);
	len = h2_frame(frames, NGHTTP2_HEADERS, 0, 1,
		       "\x82\x86\x84\x41\x01"
		       "a",
		       6);
	CHECK(client_send(&client, frames, len));
	for (int i = 0; i < 10000 && !ended; i++) {
		len = h2_frame(frames, NGHTTP2_CONTINUATION, 0, 1, field, 104);
		ended = !client_send(&client, frames, len);
	}
	EVENTUALLY(served_counters(served).connections_open == 1);
	CHECK(served_counters(served).requests_http2 == 1);
	CHECK_INT(ask("GET", "/echo", "", NONE, NULL), 200);
	client_close(&client);
	stop();
}

/* One indexed byte stands for 4 kB: a few frames of them are gigabytes. */
TEST(a_header_bomb_ends_the_connection)
{
	struct client client;
	static char frame[32768], block[16384];
	size_t at = 0, len;

	start(NULL);
	open_raw(&client);
	memcpy(block,
	       "\x82\x86\x84\x41\x01"
	       "a",
	       6);
	at = 6;
	memcpy(block + at, "\x40\x01x\x7f\xa1\x1e", 6); /* x: 4000 bytes, to be indexed: 127 + 33 + 30 * 128 */
	at += 6;
	memset(block + at, 'v', 4000);
	at += 4000;
	memset(block + at, '\xbe', sizeof(block) - at); /* the newest entry, 12000 times */
	len = h2_frame(frame, NGHTTP2_HEADERS, 5, 1, block, sizeof(block));
	(void)client_send(&client, frame, len);
	CHECK(client_sees_end(&client));
	CHECK(served_counters(served).requests_http2 == 0 && served_counters(served).memory_bytes < 1000000);
	CHECK_INT(ask("GET", "/echo", "", NONE, NULL), 200);
	client_close(&client);
	stop();
}

/* Fifteen indexed bytes are a head of 60 kB, and each stream may hold one while its body is waited for. */
TEST(heads_that_wait_for_their_bodies_are_counted_as_memory)
{
	struct http_server_options options = { .memory_bytes = 2000000 };
	static char frame[16384], block[4096 + 64];
	struct client client;
	size_t at, len;

	start(&options);
	open_raw(&client);
	for (int i = 0; i < 100; i++) {
		memcpy(block,
		       "\x83\x86\x84\x01\x01"
		       "a",
		       6); /* POST */
		at = 6;
		if (i == 0) {
			memcpy(block + at, "\x40\x01x\x7f\xa1\x1e", 6);
			memset(block + at + 6, 'v', 4000);
			at += 4006;
		}
		memset(block + at, '\xbe', 14); /* the newest entry */
		at += 14;
		len = h2_frame(frame, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1 + 2 * i, block, at);
		CHECK(client_send(&client, frame, len));
	}
	EVENTUALLY(served_counters(served).requests_refused > 50);
	CHECK(served_counters(served).memory_bytes < 2500000);
	client_close(&client);
	EVENTUALLY(served_counters(served).memory_bytes < 300000);
	CHECK_INT(ask("GET", "/echo", "", NONE, NULL), 200);
	stop();
}

TEST(broken_frames_end_the_connection_with_an_error)
{
	static const struct {
		const char *what, *bytes;
		size_t len;
	} broken[] = { { "a frame too large", "\xff\xff\xff\0\0\0\0\0\1", 9 },
		       { "data on stream 0", "\0\0\1\0\0\0\0\0\0x", 10 },
		       { "headers on an even stream", "\0\0\1\1\5\0\0\0\2\x82", 10 },
		       { "settings of 5 bytes", "\0\0\5\4\0\0\0\0\0aaaaa", 14 },
		       { "a ping of 7 bytes", "\0\0\7\6\0\0\0\0\0aaaaaaa", 16 },
		       { "a continuation of nothing", "\0\0\1\x9\4\0\0\0\1\x82", 10 },
		       { "an index out of the table", "\0\0\1\1\5\0\0\0\1\xff", 10 },
		       { "a push promise", "\0\0\4\5\4\0\0\0\1\0\0\0\2", 13 },
		       { "a window past its size", "\0\0\4\x8\0\0\0\0\0\x7f\xff\xff\xff", 13 } };
	struct client client;

	served = served_start(NULL);
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		open_raw(&client);
		CHECK(client_send(&client, broken[i].bytes, broken[i].len));
		if (i == sizeof(broken) / sizeof(*broken) - 1)
			CHECK(client_send(&client, broken[i].bytes, broken[i].len));
		if (!client_sees_end(&client))
			print_error("%s is taken\n", broken[i].what);
		client_close(&client);
	}
	EVENTUALLY(served_counters(served).connections_open == 0);
	CHECK_INT(served_counters(served).requests_http2, 0);
	served_stop(served);
}

static atomic_int drained;

static void on_drained(void *arg)
{
	atomic_store(&drained, 1);
}

static void drain(struct served *unused)
{
	http_server_drain(served->server, 5000, on_drained, NULL);
}

TEST(a_drain_says_goaway_and_finishes_what_runs)
{
	struct answer *held;

	atomic_store(&drained, 0);
	start(NULL);
	CHECK_INT(ask("GET", "/echo", "", NONE, NULL), 200);
	held = h2_client_ask(&h2, "GET", "/hold", "", NONE);
	h2_client_linger(&h2, 50);
	served_do(served, drain);
	h2_client_linger(&h2, 200);
	CHECK(h2.has_goaway && h2.goaway_error == NGHTTP2_NO_ERROR && h2.goaway_last == held->id && !h2.is_over);
	served_let_go(served);
	h2_client_run(&h2, 2);
	CHECK(held->code == 200 && held->error == 0);
	h2_client_linger(&h2, 1000);
	CHECK(h2.is_over);
	h2_client_close(&h2);
	EVENTUALLY(atomic_load(&drained) == 1);
	served_stop(served);
}

static bool says(const char *command, const char *want)
{
	FILE *out = popen(command, "r");
	char text[4096];
	size_t n = out ? fread(text, 1, sizeof(text) - 1, out) : 0;

	text[n] = '\0';
	if (out)
		pclose(out);
	if (!strstr(text, want))
		print_error("%s\nsays: %s\n", command, text);
	return strstr(text, want);
}

TEST(curl_and_h2load_are_served)
{
	char command[256];

	served = served_start(NULL);
	(void)snprintf(command, sizeof(command), "curl -sS --http2-prior-knowledge -d hello http://127.0.0.1:%u/echo 2>&1",
		       served->port);
	CHECK(says(command, "hello"));
	(void)snprintf(command, sizeof(command), "curl -sS -d hello http://127.0.0.1:%u/show 2>&1", served->port);
	CHECK(says(command, "|h2=0|"));
	(void)snprintf(command, sizeof(command), "h2load -n 2000 -c 4 -m 32 http://127.0.0.1:%u/later 2>&1", served->port);
	CHECK(says(command, "2000 succeeded, 0 failed"));
	served_stop(served);
}

TESTS(a_request_arrives_as_over_http_1, a_value_that_comes_once_takes_no_place_in_the_table_of_headers,
      many_streams_run_at_once_here_and_on_the_worker, grpc_gets_its_message_back_and_the_status_in_trailers,
      grpc_errors_come_as_trailers_only, large_bodies_pass_both_ways_under_flow_control,
      a_body_past_the_limit_is_refused_in_the_clients_language,
      an_authorization_of_32_kib_is_taken_and_more_than_64_kib_of_headers_are_not, more_than_100_headers_are_refused,
      what_http_1_refuses_is_refused_here_too, crumbs_of_cookies_become_one_header,
      many_crumbs_take_no_more_memory_than_they_are_long, expect_100_continue_is_met,
      a_preface_in_pieces_waits_and_a_wrong_one_is_http_1, a_connection_whose_last_call_came_back_to_nobody_idles_out_too,
      pings_are_answered_with_and_without_streams, an_idle_connection_is_told_goaway_and_then_closed_but_pings_keep_it,
      slow_heads_bodies_and_settings_are_cut, a_client_that_opens_no_window_is_reset_alone,
      streams_whose_calls_are_away_count_against_the_limit_after_a_reset,
      requests_past_the_servers_limit_are_refused_as_retryable, floods_end_their_connection_and_nobody_elses,
      rapid_resets_end_the_connection, streams_that_we_are_made_to_reset_end_the_connection,
      a_body_in_single_bytes_ends_the_connection, continuations_without_end_end_the_connection,
      a_header_bomb_ends_the_connection, heads_that_wait_for_their_bodies_are_counted_as_memory,
      broken_frames_end_the_connection_with_an_error, a_drain_says_goaway_and_finishes_what_runs, curl_and_h2load_are_served)
