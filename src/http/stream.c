/*
 * stream: requests on their way, in numbered slots.
 *
 * Owns      the slots; a slot's stream stays where it is for the server's life and changes generation with each request, so a
 *           late reference finds another generation and not another request.
 * Bounds    options.streams in use; STREAM_SPARE unused ones keep their memory.
 * Start at  stream_new(), stream_dispatch(), http_respond().
 */
#include <assert.h>

#include "base/mem.h"
#include "http/server_impl.h"

#define SLOTS_FIRST 64

struct stream *stream_find(struct stream_ref ref)
{
	struct stream *stream = ref.slot < ref.server->slot_count ? ref.server->slots[ref.slot] : NULL;

	return stream && stream->generation == ref.generation && stream->state == STREAM_AWAY ? stream : NULL;
}

struct http_request *http_request_of(struct stream_ref ref)
{
	struct stream *stream = stream_find(ref);

	return stream ? &stream->request : NULL;
}

bool http_is_cancelled(struct stream_ref ref)
{
	struct stream *stream = stream_find(ref);

	return !stream || stream->is_cancelled;
}

/* The call came back; NULL when it had before, or when nobody waits for the answer. */
static struct stream *take_back(struct stream_ref ref)
{
	struct stream *stream = stream_find(ref);

	if (!stream)
		return NULL;
	count_sub(&ref.server->counters.away, 1);
	if (stream->is_cancelled || stream->conn->is_closing || stream->conn->is_dead) {
		if (stream->conn)
			conn_touch(stream->conn); /* it may idle now: its timer is set when it is served */
		stream_recycle(stream);
		return NULL;
	}
	stream->state = STREAM_ANSWERED;
	stream->since_us = loop_now_us(ref.loop);
	stream->moved = 0;
	return stream;
}

void http_respond(struct stream_ref ref, const struct http_response *response)
{
	struct stream *stream = take_back(ref);

	if (!stream)
		return;
	response = response_checked(response);
	if (stream->conn->phase == CONN_HTTP2)
		h2_respond(stream, response);
	else
		h1_respond(stream, response);
	conn_touch(stream->conn);
}

void http_release(struct stream_ref ref)
{
	struct stream *stream = take_back(ref);

	if (!stream)
		return;
	if (stream->conn->phase == CONN_HTTP2)
		h2_reset(stream);
	else
		stream->conn->is_dead = true;
	conn_touch(stream->conn);
}

/* -- slots --------------------------------------------------------------------------------------------------------- */

static bool grow_slots(struct http_server *server)
{
	uint32_t cap = server->slot_cap ? server->slot_cap * 2 : SLOTS_FIRST;
	struct stream **slots;

	if (server->slot_count < server->slot_cap)
		return true;
	slots = mem_resize(server->slots, cap * sizeof(struct stream *));
	if (!slots)
		return false;
	server->slots = slots;
	server->slot_cap = cap;
	return true;
}

static struct stream *make(struct http_server *server)
{
	struct stream *stream = grow_slots(server) ? NEW_ZERO(struct stream) : NULL;

	if (!stream)
		return NULL;
	stream->slot = server->slot_count;
	server->slots[server->slot_count++] = stream;
	TAILQ_INSERT_HEAD(&server->spare, stream, link);
	return stream;
}

/* The request starts anew; what the stream keeps from its last one is memory. */
static void begin(struct stream *stream, struct conn *conn)
{
	struct http_server *server = conn->server;
	struct arena *arena = stream->request.arena;
	struct buffer body = stream->body;
	uint32_t slot = stream->slot, generation = stream->generation;
	size_t held = stream->held;

	*stream = (struct stream){ .conn = conn,
				   .slot = slot,
				   .generation = generation,
				   .state = STREAM_RECEIVING,
				   .body = body,
				   .held = held,
				   .since_us = loop_now_us(server->loop) };
	stream->request.arena = arena;
	stream->request.ref =
		(struct stream_ref){ .loop = server->loop, .server = server, .slot = slot, .generation = generation };
	memcpy(stream->peer, conn->peer.text, sizeof(stream->peer)); /* the connection may go first */
	stream->request.peer = slice_str(stream->peer);
	stream->request.is_tls = conn->is_tls;
	stream->request.scheme = conn->is_tls ? SLICE("https") : SLICE("http");
	stream->request.peer_is_loopback = conn->peer.is_loopback;
	stream->request.query = stream->request.body = SLICE("");
	stream->head = stream->rest = SLICE("");
}

struct stream *stream_new(struct conn *conn)
{
	struct http_server *server = conn->server;
	struct stream *stream;

	if (server->in_use >= server->options.streams || server_is_full(server))
		return NULL;
	stream = TAILQ_FIRST(&server->spare);
	if (!stream)
		stream = make(server);
	if (!stream)
		return NULL;
	if (!stream->request.arena && !(stream->request.arena = arena_new(server->options.arena_bytes)))
		return NULL; /* stays spare */
	TAILQ_REMOVE(&server->spare, stream, link);
	server->spare_count -= server->spare_count > 0;
	server->in_use++;
	begin(stream, conn);
	TAILQ_INSERT_TAIL(&conn->streams, stream, link);
	conn->stream_count++;
	return stream;
}

static void leave_conn(struct stream *stream)
{
	if (!stream->conn)
		return;
	TAILQ_REMOVE(&stream->conn->streams, stream, link);
	stream->conn->stream_count--;
	stream->conn = NULL;
}

void stream_recycle(struct stream *stream)
{
	struct http_server *server = stream->request.ref.server;

	leave_conn(stream);
	stream->state = STREAM_UNUSED;
	stream->generation++;
	server->in_use--;
	buffer_clear(&stream->body);
	if (server->spare_count >= STREAM_SPARE) {
		stream->request.arena = arena_free(stream->request.arena);
		buffer_done(&stream->body);
		TAILQ_INSERT_TAIL(&server->spare, stream, link);
	} else {
		arena_reset(stream->request.arena);
		if (stream->body.cap > BODY_SPARE_BYTES)
			buffer_done(&stream->body);
		TAILQ_INSERT_HEAD(&server->spare, stream, link);
		server->spare_count++;
	}
	server_holds(server, &stream->held, stream->body.cap);
}

void stream_cancel(struct stream *stream)
{
	struct http_server *server = stream->request.ref.server;

	if (stream->state != STREAM_AWAY) {
		stream_recycle(stream);
		return;
	}
	if (stream->is_cancelled)
		return;
	stream->is_cancelled = true;
	count_add(&server->counters.requests_cancelled, 1);
	if (server->options.on_cancel)
		server->options.on_cancel(server->options.user, &stream->request);
}

/* -- receiving ----------------------------------------------------------------------------------------------------- */

bool stream_head_grew(struct stream *stream, size_t bytes)
{
	struct http_server *server = stream->request.ref.server;

	stream->head_bytes += bytes;
	server_holds(server, &stream->held, stream->body.cap + stream->head_bytes);
	return !server_is_full(server);
}

bool stream_body_add(struct stream *stream, slice data)
{
	struct http_server *server = stream->request.ref.server;

	stream->body.limit = server->options.body_bytes; /* buffer_done() forgot it */
	buffer_add(&stream->body, data);
	server_holds(server, &stream->held, stream->body.cap + stream->head_bytes);
	stream->moved += data.len;
	return !buffer_failed(&stream->body) && !server_is_full(server);
}

void stream_dispatch(struct stream *stream)
{
	struct http_server *server = stream->request.ref.server;
	struct http_request *request = &stream->request;

	assert(stream->state == STREAM_RECEIVING);
	request->body = buffer_slice(&stream->body);
	request->arrived_us = loop_now_us(server->loop);
	stream->state = STREAM_AWAY;
	count_add(&server->counters.away, 1);
	count_add(request->is_http2 ? &server->counters.requests_http2 : &server->counters.requests_http1, 1);
	if (request->is_grpc)
		count_add(&server->counters.requests_grpc, 1);
	server->options.on_request(server->options.user, request);
}
