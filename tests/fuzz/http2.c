/*
 * http2: frames of any kind after the preface end in an orderly state: every stream given back, nothing left, the books even.
 */
#include <assert.h>

#include "fuzz.h"
#include "http/request_impl.h"
#include "http/server_impl.h"

#define INPUT_BYTES 65536
#define HELD 256

static const char opening[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";

static struct {
	struct stream_ref refs[HELD];
	size_t count;
} held;

static void answer(struct stream_ref ref, slice body)
{
	struct http_header header = { SLICE("x-id"), SLICE("1") }, trailer = { SLICE("grpc-status"), SLICE("0") };
	struct http_response response = { .status = 200,
					  .headers = &header,
					  .header_count = 1,
					  .body = body,
					  .trailers = &trailer,
					  .trailer_count = body.len % 2 };

	http_respond(ref, &response);
}

/* Now, later or never: the path's length decides. */
static void on_request(void *user, struct http_request *request)
{
	(void)user;
	assert(request_method_ok(request->method) && request_authority_ok(request->authority));
	for (size_t i = 0; i < request->header_count; i++)
		assert(request->headers[i].name.at[0] != ':' && request_value_ok(request->headers[i].value));
	if (request->path.len % 4 == 1 && held.count < HELD)
		held.refs[held.count++] = request->ref;
	else if (request->path.len % 4 == 2)
		http_release(request->ref);
	else
		answer(request->ref, request->body);
}

static void on_cancel(void *user, struct http_request *request)
{
	(void)user;
	assert(http_is_cancelled(request->ref));
}

/* Half of the calls come back while the connection lives, half after it is gone. */
static void give_back(size_t until)
{
	while (held.count > until)
		answer(held.refs[--held.count], SLICE("late"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct socket_peer peer = { .text = "192.0.2.1" };
	static struct loop *loop;
	struct http_server_options options = { .on_request = on_request,
					       .on_cancel = on_cancel,
					       .header_bytes = 8192,
					       .body_bytes = 8192,
					       .connection_streams = 32 };
	slice in = slice_of((const char *)data, size);
	size_t piece = 1 + size % 97;
	struct http_server *server;
	struct conn *conn;
	bool is_open;

	if (size > INPUT_BYTES || (!loop && FAILED(loop_new(&loop))) || FAILED(http_server_new(loop, &options, &server)))
		return 0;
	conn = conn_new(server, -1, &peer);
	assert(conn);
	is_open = conn_feed(conn, slice_of(opening, sizeof(opening) - 1));
	while (in.len && is_open) {
		is_open = conn_feed(conn, slice_to(in, piece));
		in = slice_from(in, piece);
		loop_turn(loop); /* sends what was answered outside a service */
		is_open = is_open && server->conn_count;
	}
	give_back(held.count / 2);
	loop_turn(loop);
	if (server->conn_count)
		conn_feed_end(TAILQ_FIRST(&server->conns));
	assert(server->conn_count == 0);
	give_back(0);
	assert(server->in_use == 0 && atomic_load(&server->counters.away) == 0);
	(void)http_server_free(server); /* gives NULL */
	return 0;
}
