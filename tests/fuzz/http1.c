/*
 * http1: a connection says the same whether its bytes come at once or in pieces, and what reaches a handler keeps the rules.
 */
#include <assert.h>

#include "fuzz.h"
#include "http/request_impl.h"
#include "http/server_impl.h"

#define INPUT_BYTES 32768
#define OUTPUT_BYTES (16 << 20)

/* The answer repeats the request, so that a request read in two ways shows. */
static void on_request(void *user, struct http_request *request)
{
	struct http_response response = { .status = 200 };
	struct buffer text;

	(void)user;
	assert(request_method_ok(request->method) && request_authority_ok(request->authority));
	assert(request->path.len && (request->path.at[0] == '/' || slice_is(request->path, "*")));
	buffer_init(&text, request->arena, 1 << 20);
	buffer_printf(&text, "%.*s %.*s %.*s %.*s", SLICE_ARG(request->method), SLICE_ARG(request->authority),
		      SLICE_ARG(request->path), SLICE_ARG(request->query));
	for (size_t i = 0; i < request->header_count; i++) {
		assert(request->headers[i].name.len && request_value_ok(request->headers[i].value));
		buffer_add(&text, request->headers[i].name);
		buffer_add(&text, request->headers[i].value);
	}
	buffer_add(&text, request->body);
	response.body = buffer_slice(&text);
	http_respond(request->ref, &response);
}

/* What a connection answers to the input in pieces of `piece` bytes. */
static void serve(struct loop *loop, slice in, size_t piece, struct buffer *ret_output)
{
	static const struct socket_peer peer = { .text = "192.0.2.1" };
	struct clock fixed = clock_fixed(0);
	struct http_server_options options = {
		.on_request = on_request, .clock = &fixed, .header_bytes = 8192, .body_bytes = 8192
	};
	struct http_server *server;
	struct conn *conn;
	bool is_open = true;

	if (FAILED(http_server_new(loop, &options, &server)))
		return;
	conn = conn_new(server, -1, &peer);
	assert(conn);
	conn->mirror = ret_output;
	while (in.len && is_open) {
		is_open = conn_feed(conn, slice_to(in, piece));
		in = slice_from(in, piece);
	}
	if (is_open)
		conn_feed_end(conn);
	assert(server->in_use == 0 || server->conn_count);
	(void)http_server_free(server); /* gives NULL */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct loop *loop;
	slice in = slice_of((const char *)data, size);
	struct buffer whole, pieces;

	if (size > INPUT_BYTES || (!loop && FAILED(loop_new(&loop))))
		return 0;
	buffer_init(&whole, NULL, OUTPUT_BYTES);
	buffer_init(&pieces, NULL, OUTPUT_BYTES);
	serve(loop, in, size + 1, &whole);
	serve(loop, in, 1 + size % 5, &pieces);
	/* "100 Continue" depends on what has arrived, and rightly so; HTTP/2 has a target of its own. */
	if (!memmem(in.at, in.len, "100-", 4) && !slice_starts(in, SLICE("PRI ")))
		assert(slice_eq(buffer_slice(&whole), buffer_slice(&pieces)));
	buffer_done(&whole);
	buffer_done(&pieces);
	return 0;
}
