/*
 * sweep: the same connections again and again, each time with another allocation failing. Under ASan nothing may leak or break,
 * and the next connection is served as if nothing had been.
 */
#include "test.h"

#include "base/mem.h"
#include "http/grpc.h"
#include "http/server_impl.h"

#define MOST_ALLOCATIONS 2000

static const struct socket_peer peer = { .text = "192.0.2.1" };

static void on_request(void *user, struct http_request *request)
{
	struct http_header header = { SLICE("x-id"), SLICE("1") };
	struct http_response response = { .status = 200, .headers = &header, .header_count = 1, .body = request->body };
	struct buffer body;

	if (request->is_grpc) {
		buffer_init(&body, request->arena, 1000);
		grpc_begin(&body);
		grpc_end(&body);
		if (buffer_failed(&body) || FAILED(grpc_answer(request->arena, buffer_slice(&body), NULL, 0, &response))) {
			http_release(request->ref);
			return;
		}
	}
	http_respond(request->ref, &response);
}

/* True when the connection answered with `want`; it may end early where memory ran out. */
static bool converse(struct http_server *server, slice in, const char *want)
{
	struct conn *conn = conn_new(server, -1, &peer);
	struct buffer output;
	bool heard;

	if (!conn)
		return false;
	buffer_init(&output, NULL, 1 << 20);
	conn->mirror = &output;
	for (; in.len && server->conn_count; in = slice_from(in, 50))
		if (!conn_feed(conn, slice_to(in, 50)))
			break;
	if (server->conn_count)
		conn_feed_end(conn);
	heard = memmem(buffer_slice(&output).at, output.len, want, strlen(want));
	buffer_done(&output);
	return heard;
}

static void sweep(slice in, const char *want)
{
	struct http_server_options options = { .on_request = on_request };
	struct http_server *server;
	struct loop *loop;
	uint64_t n, failures = 0;
	bool made;

	CHECK_OK(loop_new(&loop));
	for (n = 1; n < MOST_ALLOCATIONS; n++) {
		mem_fail_after(n);
		made = !FAILED(http_server_new(loop, &options, &server));
		if (made)
			failures += !converse(server, in, want);
		if (mem_count() < n)
			break; /* nothing failed any more: the sweep is through */
		mem_fail_after(0);
		if (!made)
			continue;
		CHECK(converse(server, in, want)); /* with memory again */
		CHECK(server->in_use == 0 && server->conn_count == 0 && server->memory < 100000);
		server = http_server_free(server);
	}
	mem_fail_after(0);
	CHECK(n > 5 && n < MOST_ALLOCATIONS && failures > 0);
	server = http_server_free(server);
	loop_free(loop);
}

TEST(http_1_outlives_any_failing_allocation)
{
	sweep(SLICE("GET /a HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "5\r\nhello\r\n0\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nend"),
	      "\r\n\r\nend");
}

TEST(http_2_outlives_any_failing_allocation)
{
	sweep(SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
		    "\0\0\6\1\5\0\0\0\1\x82\x86\x84\x41\x01"
		    "a"
		    "\0\0\6\1\4\0\0\0\3\x83\x86\x84\x41\x01"
		    "a"
		    "\0\0\3\0\1\0\0\0\3end"),
	      "end");
}

TEST(grpc_outlives_any_failing_allocation)
{
	sweep(SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
		    "\0\0\x25\1\4\0\0\0\1\x83\x86\x84\x41\x01"
		    "a"
		    "\x40\x0c"
		    "content-type\x10"
		    "application/grpc"
		    "\0\0\5\0\1\0\0\0\1\0\0\0\0\0"),
	      "\0\0\0\0\1\0\0\0\1");
}

TESTS(http_1_outlives_any_failing_allocation, http_2_outlives_any_failing_allocation, grpc_outlives_any_failing_allocation)
