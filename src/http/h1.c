/*
 * h1: HTTP/1.1 on one connection: requests in order, one at a time, answers coalesced.
 *
 * Promises  a request that breaks the grammar, or a limit, is told so and ends the connection; a pipelined request is not
 * looked at before the answer to the one before it is written. Start at  h1_step().
 */
#include <stdio.h>

#include "http/request_impl.h"
#include "http/server_impl.h"

#define REFUSAL_BYTES 512
#define HEAD_EXTRA_BYTES 192 /* status line, date, content-length, connection, empty line */

/* -- no ------------------------------------------------------------------------------------------------------------ */

void h1_refuse(struct conn *conn, struct refusal refusal)
{
	struct stream *stream = TAILQ_FIRST(&conn->streams);
	char text[REFUSAL_BYTES];
	int len = snprintf(text, sizeof(text),
			   "HTTP/1.1 %d %s\r\ndate: %s\r\ncontent-type: text/plain; charset=utf-8\r\n"
			   "content-length: %zu\r\nconnection: close\r\n\r\n%s\n",
			   refusal.status, response_reason(refusal.status), response_date(conn->server).at,
			   strlen(refusal.why) + 1, refusal.why);

	if (stream)
		stream_recycle(stream);
	count_add(&conn->server->counters.requests_refused, 1);
	if (len > 0 && (size_t)len < sizeof(text))
		buffer_add(conn_out(conn), slice_of(text, (size_t)len));
	conn->is_closing = true;
	conn_consume(conn, conn->input.len);
}

/* -- requests ------------------------------------------------------------------------------------------------------ */

/* What of the input belongs to the next head, once it is whole: 0 when it is not, or was refused. */
static size_t head_len(struct conn *conn)
{
	size_t limit = conn->server->options.header_bytes, len = 0;

	switch (h1_head_find(slice_to(conn->input, limit), &conn->h1.scanned, &len)) {
	case H1_FOUND:
		conn->h1.scanned = 0;
		conn->h1.head_since_us = 0;
		return len;
	case H1_BROKEN:
		h1_refuse(conn, (struct refusal){ 400, "every line of a request's head must end in CR LF" });
		return 0;
	default:
		break;
	}
	if (conn->input.len >= limit)
		h1_refuse(conn, (struct refusal){ 431, "the request line and headers are too large" });
	else if (!conn->h1.head_since_us)
		conn->h1.head_since_us = loop_now_us(conn->server->loop);
	return 0;
}

/* Copies the head into the stream's arena and parses it there: the call may leave this thread, the input buffer stays. */
static bool parse_head(struct conn *conn, struct stream *stream, size_t len, struct h1_head *ret_head,
		       struct refusal *ret_refusal)
{
	struct http_server *server = conn->server;
	struct http_request *request = &stream->request;
	char *copy = arena_text(request->arena, slice_to(conn->input, len));
	struct http_header *headers;

	*ret_refusal = refusal_overload;
	if (!stream_head_grew(stream, len) || !copy ||
	    !h1_head_parse(copy, len, server->scratch, server->options.header_count, ret_head, ret_refusal))
		return false;
	headers = NEW_N(request->arena, struct http_header, ret_head->header_count);
	if (!headers)
		return false;
	memcpy(headers, server->scratch, ret_head->header_count * sizeof(*headers));
	request->headers = headers;
	request->header_count = ret_head->header_count;
	request->method = ret_head->method;
	request->authority = ret_head->authority;
	request->path = ret_head->path;
	request->query = ret_head->query.at ? ret_head->query : SLICE("");
	stream->must_close = ret_head->must_close;
	return true;
}

/* Gets ready for the body; without one the request is complete. */
static void expect_body(struct conn *conn, struct stream *stream, const struct h1_head *head)
{
	if (!head->is_chunked && head->content_length == 0) {
		stream_dispatch(stream);
		return;
	}
	if (head->content_length > conn->server->options.body_bytes) {
		h1_refuse(conn, refusal_body);
		return;
	}
	conn->h1.is_chunked = head->is_chunked;
	conn->h1.body_left = head->content_length;
	conn->h1.chunks = (struct h1_chunks){ 0 };
	if (head->expects_continue && conn->input.len == 0)
		buffer_text(conn_out(conn), "HTTP/1.1 100 Continue\r\n\r\n");
}

/* False when there is no whole head to begin with. */
static bool begin_request(struct conn *conn)
{
	struct stream *stream;
	struct h1_head head;
	struct refusal refusal;
	size_t len;

	if (conn->input.len == 0) {
		conn->is_closing = conn->server->is_draining;
		return false;
	}
	if (!request_token_byte[(unsigned char)conn->input.at[0]]) {
		h1_refuse(conn, (struct refusal){ 400, "a request must begin with a method" });
		return false;
	}
	len = head_len(conn);
	if (len == 0)
		return false;
	stream = stream_new(conn);
	if (!stream) {
		h1_refuse(conn, refusal_overload);
		return false;
	}
	if (!parse_head(conn, stream, len, &head, &refusal)) {
		h1_refuse(conn, refusal);
		return false;
	}
	conn_consume(conn, len);
	expect_body(conn, stream, &head);
	return true;
}

static bool add_body(struct conn *conn, struct stream *stream, slice data)
{
	if (stream_body_add(stream, data))
		return true;
	if (server_is_full(conn->server))
		h1_refuse(conn, refusal_overload);
	else
		h1_refuse(conn, refusal_body);
	return false;
}

static bool receive_chunks(struct conn *conn, struct stream *stream)
{
	ssize_t took;
	slice data;

	while (!h1_chunks_done(&conn->h1.chunks)) {
		took = h1_chunks_take(&conn->h1.chunks, conn->input, &data);
		if (took < 0) {
			h1_refuse(conn,
				  (struct refusal){ 400, "the body is not in chunks as RFC 9112 has them, without extensions "
							 "or trailers" });
			return false;
		}
		if (took == 0 || (data.len && !add_body(conn, stream, data)))
			return false;
		conn_consume(conn, (size_t)took);
	}
	stream_dispatch(stream);
	return true;
}

/* False when more of the body is to come, or it was refused. */
static bool receive_body(struct conn *conn, struct stream *stream)
{
	slice data;

	if (conn->h1.is_chunked)
		return receive_chunks(conn, stream);
	data = slice_to(conn->input, conn->h1.body_left < SIZE_MAX ? (size_t)conn->h1.body_left : SIZE_MAX);
	if (!add_body(conn, stream, data))
		return false;
	conn_consume(conn, data.len);
	conn->h1.body_left -= data.len;
	if (conn->h1.body_left)
		return false;
	stream_dispatch(stream);
	return true;
}

/* -- answers ------------------------------------------------------------------------------------------------------- */

static char *put(char *at, slice s)
{
	if (s.len)
		memcpy(at, s.at, s.len);
	return at + s.len;
}

static char *put_header(char *at, slice name, slice value)
{
	at = put(at, name);
	at = put(at, SLICE(": "));
	at = put(at, value);
	return put(at, SLICE("\r\n"));
}

static bool has_body(int code)
{
	return code != 204 && code != 304;
}

/* One reservation, then plain copies: this is on the path of every answer. */
static void write_head(struct stream *stream, const struct http_response *response, struct buffer *into)
{
	struct http_server *server = stream->request.ref.server;
	size_t bound = HEAD_EXTRA_BYTES;
	char *start, *at;

	for (size_t i = 0; i < response->header_count; i++)
		bound += response->headers[i].name.len + response->headers[i].value.len + 4;
	start = at = buffer_room(into, bound);
	if (!at)
		return;
	at = put(at, SLICE("HTTP/1.1 "));
	at += number_write(at, (uint64_t)response->status);
	*at++ = ' ';
	at = put(at, slice_str(response_reason(response->status)));
	at = put(at, SLICE("\r\n"));
	at = put_header(at, SLICE("date"), response_date(server));
	for (size_t i = 0; i < response->header_count; i++)
		at = put_header(at, response->headers[i].name, response->headers[i].value);
	if (has_body(response->status)) {
		at = put(at, SLICE("content-length: "));
		at += number_write(at, response->head_only ? 0 : response->body.len);
		at = put(at, SLICE("\r\n"));
	}
	if (stream->must_close)
		at = put(at, SLICE("connection: close\r\n"));
	at = put(at, SLICE("\r\n"));
	buffer_grew(into, (size_t)(at - start));
}

/* A head larger than an answer may have, or no memory for it. */
static void respond_broken(struct stream *stream)
{
	stream->must_close = true;
	stream->rest = SLICE("");
	stream->head = SLICE("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
}

/* Into the output when the connection is being served, else into the arena until it is. */
void h1_respond(struct stream *stream, const struct http_response *response)
{
	struct conn *conn = stream->conn;
	bool is_served = conn->server->served == conn;
	struct buffer aside;

	stream->must_close = stream->must_close || conn->server->is_draining;
	if (has_body(response->status) && !response->head_only && !slice_is(stream->request.method, "HEAD"))
		stream->rest = response->body;
	if (is_served) {
		write_head(stream, response, conn_out(conn));
		return;
	}
	buffer_init(&aside, stream->request.arena, OUT_SLACK_BYTES / 2);
	write_head(stream, response, &aside);
	stream->head = buffer_slice(&aside);
	if (buffer_failed(&aside))
		respond_broken(stream);
}

/* Writes what fits; true when the answer is out and the next request may begin. */
static bool send_answer(struct conn *conn, struct stream *stream)
{
	struct buffer *out = conn_out(conn);
	slice part;

	buffer_add(out, stream->head);
	stream->head = SLICE("");
	part = slice_to(stream->rest, conn_room(conn));
	buffer_add(out, part);
	stream->rest = slice_from(stream->rest, part.len);
	if (stream->rest.len) {
		conn->has_more = true;
		return false;
	}
	conn->is_closing = conn->is_closing || stream->must_close;
	conn->idle_since_us = loop_now_us(conn->server->loop);
	stream_recycle(stream);
	return true;
}

/* -- the connection ------------------------------------------------------------------------------------------------ */

/* One move: true when another may follow. */
static bool move(struct conn *conn)
{
	struct stream *stream = TAILQ_FIRST(&conn->streams);

	if (!stream)
		return begin_request(conn);
	switch (stream->state) {
	case STREAM_RECEIVING:
		return receive_body(conn, stream);
	case STREAM_ANSWERED:
		return send_answer(conn, stream);
	default:
		return false;
	}
}

void h1_step(struct conn *conn)
{
	struct stream *stream;

	while (!conn->is_dead && !conn->is_closing) {
		if (conn_room(conn) == 0) {
			conn->has_more = true;
			return;
		}
		if (!move(conn))
			break;
	}
	stream = TAILQ_FIRST(&conn->streams);
	if (conn->at_end && !conn->is_closing && (!stream || stream->state == STREAM_RECEIVING))
		conn->is_closing = true;
	if (conn->is_closing)
		conn_consume(conn, conn->input.len);
}

int64_t h1_deadline(const struct conn *conn)
{
	const struct limits *limits = &conn->server->limits;
	const struct stream *stream = TAILQ_FIRST(&conn->streams);

	if (stream)
		return stream->state == STREAM_RECEIVING
			       ? stream->since_us + allowance_us(limit_now(&limits->body_ms), stream->moved)
			       : 0;
	if (conn->h1.head_since_us)
		return conn->h1.head_since_us + limit_now_us(&limits->header_ms);
	return conn->idle_since_us + limit_now_us(&limits->idle_ms);
}

void h1_timeout(struct conn *conn)
{
	struct stream *stream = TAILQ_FIRST(&conn->streams);

	if (!stream && !conn->h1.head_since_us) {
		conn->is_closing = true;
		return;
	}
	count_add(&conn->server->counters.timeouts, 1);
	h1_refuse(conn, stream ? (struct refusal){ 408, "the request's body took too long" }
			       : (struct refusal){ 408, "the request's head took too long" });
}
