/*
 * h2: HTTP/2 on one connection. The one door to nghttp2.
 *
 * Promises  nghttp2's output is collected and written once per service; requests are checked as strictly as HTTP/1.1's; a
 *           connection that floods is told ENHANCE_YOUR_CALM and ended.
 * Traps     nghttp2_session_del() closes no streams (conn->streams knows them); nothing may be sent to nghttp2 from inside
 *           nghttp2_session_mem_send(); header fields it finds invalid are dropped silently unless a callback objects.
 * Start at  h2_step(), on_frame(), h2_respond().
 */
#include <nghttp2/nghttp2.h>

#include "base/mem.h"
#include "http/grpc.h"
#include "http/request_impl.h"
#include "http/server_impl.h"

#define STREAM_WINDOW 262144 /* bytes a stream may send ahead */
#define CONN_WINDOW 1048576  /* and a connection */
#define ENCODER_TABLE 1024   /* our HPACK table: dates and content types */
#define ACKS_WAITING 128     /* unsent answers to PING and SETTINGS */
#define SETTINGS_ENTRIES 32
#define RESETS_BURST 500
#define RESETS_PER_S 50
#define HEADER_ABUSE 4   /* times header_bytes: a list that long ends the connection */
#define CREDIT_MOST 1000 /* frames that carry no request; see charge() */
#define CREDIT_PER_S 50
#define CREDIT_PER_MESSAGE 10
#define COST_OF_ERROR 20
#define SMALL_DATA_BYTES 64 /* a DATA frame below this costs as one without a request */
#define UNKNOWN_PER_CREDIT \
	4096 /* bytes in frames that nghttp2 skips: unknown ones, and what comes late for a stream we reset */

struct h2 {
	nghttp2_session *session;
	struct h2_memory memory; /* all the session has */
	int64_t credit;
	int64_t credit_at_us;
	uint32_t last_begun;      /* highest stream id given to us */
	uint64_t received, known; /* bytes: all, and those of frames nghttp2 looked at */
	bool has_settings;
	bool said_goaway, said_last;
	bool ends_well; /* either side said GOAWAY without blame */
};

/* -- abuse --------------------------------------------------------------------------------------------------------- */

/* Frames that carry no request cost credit; requests and answers earn it, and so does time. Clients' keep-alive and bandwidth
 * pings, window updates and settings stay far below; a flood does not. False: the credit is used up. */
static bool charge(struct conn *conn, int64_t cost)
{
	struct h2 *h2 = conn->h2;
	int64_t now_us = loop_now_us(conn->server->loop);

	if (now_us - h2->credit_at_us >= US_PER_S) {
		h2->credit += (now_us - h2->credit_at_us) / US_PER_S * CREDIT_PER_S;
		h2->credit_at_us = now_us;
	}
	h2->credit -= cost;
	if (h2->credit > CREDIT_MOST)
		h2->credit = CREDIT_MOST;
	return h2->credit >= 0;
}

/* Skipped frames are not shown to on_begin_frame(), so what they cost is the bytes that are missing there. */
static bool charge_skipped(struct conn *conn, size_t took)
{
	struct h2 *h2 = conn->h2;
	int64_t cost;

	h2->received += took;
	if (h2->received < h2->known + UNKNOWN_PER_CREDIT)
		return true;
	cost = (int64_t)((h2->received - h2->known) / UNKNOWN_PER_CREDIT);
	h2->known += (uint64_t)cost * UNKNOWN_PER_CREDIT; /* paid */
	return charge(conn, cost);
}

/* Out of memory: the connection is over and its session may not be called again (h2_memory.c). */
static bool has_failed(struct conn *conn)
{
	conn->is_dead = conn->is_dead || conn->h2->memory.has_failed;
	return conn->h2->memory.has_failed;
}

static void write_uint32(char *at, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		at[i] = (char)(n >> (24 - 8 * i));
}

/* After a fatal error nghttp2 may not be asked any more, so the last frame is written by hand (RFC 9113 6.8). */
static void end_with(struct conn *conn, uint32_t error_code)
{
	char frame[17] = { 0, 0, 8, NGHTTP2_GOAWAY };

	write_uint32(frame + 9, conn->h2->last_begun);
	write_uint32(frame + 13, error_code);
	buffer_add(conn_out(conn), slice_of(frame, sizeof(frame)));
	conn->is_closing = true;
	conn_consume(conn, conn->input.len);
}

/* -- answers ------------------------------------------------------------------------------------------------------- */

static nghttp2_nv pair(slice name, slice value)
{
	return (nghttp2_nv){ .name = (uint8_t *)(uintptr_t)name.at,
			     .namelen = name.len,
			     .value = (uint8_t *)(uintptr_t)value.at,
			     .valuelen = value.len }; /* nghttp2 copies them */
}

static size_t pairs_of(const struct http_header *headers, size_t count, nghttp2_nv *into)
{
	for (size_t i = 0; i < count; i++) {
		into[i] = pair(headers[i].name, headers[i].value);
		into[i].flags = headers[i].is_unique ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
	}
	return count;
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *into, size_t size, uint32_t *flags,
			 nghttp2_data_source *source, void *user)
{
	struct stream *stream = source->ptr;
	size_t n = stream->rest.len < size ? stream->rest.len : size;
	nghttp2_nv trailers[RESPONSE_HEADERS];

	(void)user;
	if (n)
		memcpy(into, stream->rest.at, n);
	stream->rest = slice_from(stream->rest, n);
	stream->moved += n;
	if (stream->rest.len)
		return (ssize_t)n;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (stream->trailer_count) {
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		if (nghttp2_submit_trailer(session, id, trailers,
					   pairs_of(stream->trailers, stream->trailer_count, trailers)) != 0)
			return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets the stream: better than an answer without its
									 end */
	}
	return (ssize_t)n;
}

static bool keep_trailers(struct stream *stream, const struct http_response *response)
{
	if (response->trailer_count == 0)
		return true;
	stream->trailers = headers_copy(stream->request.arena, response->trailers, response->trailer_count);
	stream->trailer_count = stream->trailers ? response->trailer_count : 0;
	return stream->trailers;
}

/* The headers of every answer: status, date and, where a body is told of, its length. */
static size_t own_headers(struct stream *stream, const struct http_response *response, char code[3], char length[20],
			  nghttp2_nv *into)
{
	size_t count = 0;

	into[count++] = pair(SLICE(":status"), slice_of(code, number_write(code, (uint64_t)response->status)));
	into[count++] = pair(SLICE("date"), response_date(stream->request.ref.server));
	if (!response->head_only && response->status != 204 && response->status != 304 && response->trailer_count == 0)
		into[count++] = pair(SLICE("content-length"), slice_of(length, number_write(length, response->body.len)));
	return count;
}

/* nghttp2 closes the stream, and so calls on_close(), when the frame is on its way. */
static void reset(struct stream *stream, uint32_t error_code)
{
	stream->rest = SLICE("");
	stream->is_reset = true;
	if (nghttp2_submit_rst_stream(stream->conn->h2->session, NGHTTP2_FLAG_NONE, stream->id, error_code) != 0)
		stream->conn->is_dead = true; /* no memory */
}

void h2_reset(struct stream *stream)
{
	reset(stream, NGHTTP2_INTERNAL_ERROR);
}

void h2_respond(struct stream *stream, const struct http_response *response)
{
	bool is_bare = response->head_only || response->status == 204 || response->status == 304 ||
		       slice_is(stream->request.method, "HEAD") || (response->body.len == 0 && response->trailer_count == 0);
	nghttp2_data_provider provider = { .source.ptr = stream, .read_callback = read_body };
	nghttp2_nv headers[RESPONSE_HEADERS + 3];
	char code[3], length[20];
	size_t count;

	stream->rest = is_bare ? SLICE("") : response->body;
	if (!is_bare && !keep_trailers(stream, response)) {
		h2_reset(stream);
		return;
	}
	count = own_headers(stream, response, code, length, headers);
	count += pairs_of(response->headers, response->header_count, headers + count);
	if (nghttp2_submit_response(stream->conn->h2->session, stream->id, headers, count, is_bare ? NULL : &provider) != 0)
		stream->conn->is_dead = true; /* no memory */
}

/* Says no to a stream that is still receiving, in the way its client reads. */
static void refuse(struct stream *stream, struct refusal refusal)
{
	static const struct http_header plain[] = { { { "content-type", 12 }, { "text/plain; charset=utf-8", 25 } } };
	struct http_response response = { .status = refusal.status, .headers = plain, .header_count = 1 };
	enum { RESOURCE_EXHAUSTED = 8, UNAVAILABLE = 14 };
	int code = refusal.status == 503 ? UNAVAILABLE : RESOURCE_EXHAUSTED;

	count_add(&stream->conn->server->counters.requests_refused, 1);
	stream->state = STREAM_ANSWERED;
	stream->since_us = loop_now_us(stream->conn->server->loop);
	stream->moved = 0;
	response.body = slice_str(refusal.why);
	if (stream->request.is_grpc && refusal.status != 400 &&
	    FAILED(grpc_error(stream->request.arena, code, response.body, SLICE(""), NULL, 0, &response)))
		response = (struct http_response){ .status = refusal.status };
	h2_respond(stream, &response);
}

/* -- requests ------------------------------------------------------------------------------------------------------ */

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
		     const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct conn *conn = user;
	struct stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	size_t limit = conn->server->options.header_bytes;

	(void)flags;
	if (!stream || stream->state != STREAM_RECEIVING || stream->is_reset)
		return 0;
	if (!stream_head_grew(stream, name_len + value_len + 4)) /* as many as HTTP/1.1 takes to write it */
		stream->refusal = refusal_overload;
	if (stream->head_bytes > limit)
		stream->refusal = (struct refusal){ 431, "the headers are too large" };
	if (stream->head_bytes > limit * HEADER_ABUSE)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (stream->refusal.status || stream->has_head) /* trailers are dropped */
		return 0;
	stream->refusal = h2_head_add(stream, slice_of((const char *)name, name_len), slice_of((const char *)value, value_len));
	return 0;
}

/* Without this nghttp2 would drop the field and go on. */
static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
			     const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	(void)session, (void)frame, (void)name, (void)name_len, (void)value, (void)value_len, (void)flags, (void)user;
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct conn *conn = user;
	struct stream *stream = NULL;

	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	conn->h2->last_begun = (uint32_t)frame->hd.stream_id;
	if (conn->stream_count < conn->server->options.connection_streams)
		stream = stream_new(conn);
	if (!stream) {
		count_add(&conn->server->counters.requests_refused, 1);
		return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_REFUSED_STREAM) == 0
			       ? 0
			       : NGHTTP2_ERR_CALLBACK_FAILURE;
	}
	stream->id = frame->hd.stream_id;
	stream->request.is_http2 = true;
	return nghttp2_session_set_stream_user_data(session, stream->id, stream) == 0 ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int say_continue(nghttp2_session *session, struct stream *stream)
{
	nghttp2_nv status_100 = pair(SLICE(":status"), SLICE("100"));
	slice expected;

	if (http_header(&stream->request, "expect", &expected) == 0 || !slice_eq_nocase(expected, SLICE("100-continue")))
		return 0;
	return nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, stream->id, NULL, &status_100, 1, NULL) >= 0
		       ? 0
		       : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_head(nghttp2_session *session, struct stream *stream, bool is_end)
{
	struct refusal refusal = h2_head_check(stream);

	stream->has_head = true;
	stream->since_us = loop_now_us(stream->conn->server->loop);
	if (refusal.status) {
		refuse(stream, refusal);
		return 0;
	}
	return is_end ? 0 : say_continue(session, stream);
}

/* A frame arrived whole. The handler may answer below stream_dispatch(); nghttp2 allows that here. */
static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct conn *conn = user;
	bool is_end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
	struct stream *stream;
	int failed = 0;

	if (frame->hd.type == NGHTTP2_SETTINGS)
		conn->h2->has_settings = true;
	if (frame->hd.type == NGHTTP2_GOAWAY)
		conn->h2->ends_well = true;
	if (frame->hd.type == NGHTTP2_PING)
		conn->idle_since_us = loop_now_us(conn->server->loop);
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	if (!stream || stream->is_reset)
		return 0;
	stream->has_all = stream->has_all || is_end;
	if (frame->hd.type == NGHTTP2_HEADERS && !stream->has_head && stream->state == STREAM_RECEIVING)
		failed = on_head(session, stream, is_end);
	if (is_end && stream->state == STREAM_RECEIVING && !failed) {
		(void)charge(conn, -CREDIT_PER_MESSAGE); /* earned */
		stream_dispatch(stream);
	}
	return failed || has_failed(conn) ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *user)
{
	struct conn *conn = user;
	struct stream *stream = nghttp2_session_get_stream_user_data(session, id);
	bool is_wanted = stream && stream->state == STREAM_RECEIVING && !stream->is_reset;

	(void)flags;
	if (is_wanted && !stream_body_add(stream, slice_of((const char *)data, len)))
		refuse(stream, server_is_full(conn->server) ? refusal_overload : refusal_body);
	/* A refused body gives its bytes back to the connection alone, so the stream runs dry. */
	if (is_wanted ? nghttp2_session_consume(session, id, len) : nghttp2_session_consume_connection(session, len))
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	return 0;
}

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *user)
{
	struct conn *conn = user;
	bool is_message = hd->type == NGHTTP2_HEADERS || (hd->type == NGHTTP2_DATA && hd->length >= SMALL_DATA_BYTES);

	(void)session;
	conn->h2->known += hd->length + 9;
	if (has_failed(conn))
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	return is_message || charge(conn, 1) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int error, void *user)
{
	(void)session;
	(void)frame;
	(void)error;
	return charge(user, COST_OF_ERROR) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* An answer that ended before its request did: the rest of the request is not wanted (RFC 9113 8.1). */
static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct stream *stream;

	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	(void)charge(user, -CREDIT_PER_MESSAGE); /* earned */
	stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	if (stream && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) && !stream->has_all &&
	    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_NO_ERROR) != 0)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error_code, void *user)
{
	struct conn *conn = user;
	struct stream *stream = nghttp2_session_get_stream_user_data(session, id);

	(void)error_code;
	conn->idle_since_us = loop_now_us(conn->server->loop);
	if (!stream)
		return 0;
	(void)nghttp2_session_set_stream_user_data(session, id, NULL); /* the stream exists until we return */
	stream->id = -1;
	stream_cancel(stream);
	return 0;
}

/* -- the connection ------------------------------------------------------------------------------------------------ */

static nghttp2_session_callbacks *make_callbacks(void)
{
	nghttp2_session_callbacks *callbacks;

	if (nghttp2_session_callbacks_new(&callbacks) != 0)
		return NULL;
	nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, on_invalid_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
	nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	return callbacks;
}

static nghttp2_option *make_options(void)
{
	nghttp2_option *option;

	if (nghttp2_option_new(&option) != 0)
		return NULL;
	nghttp2_option_set_no_auto_window_update(option, 1);
	nghttp2_option_set_no_closed_streams(option, 1);
	nghttp2_option_set_max_outbound_ack(option, ACKS_WAITING);
	nghttp2_option_set_max_settings(option, SETTINGS_ENTRIES);
	nghttp2_option_set_max_deflate_dynamic_table_size(option, ENCODER_TABLE);
	nghttp2_option_set_stream_reset_rate_limit(option, RESETS_BURST, RESETS_PER_S);
	return option;
}

static bool make_session(struct conn *conn)
{
	nghttp2_mem heap = { &conn->h2->memory, h2_memory_alloc, h2_memory_free, h2_memory_zero, h2_memory_resize };
	nghttp2_session_callbacks *callbacks = make_callbacks();
	nghttp2_option *option = make_options();
	bool ok = callbacks && option && nghttp2_session_server_new3(&conn->h2->session, callbacks, conn, option, &heap) == 0;

	nghttp2_session_callbacks_del(callbacks); /* the session has its own copies */
	nghttp2_option_del(option);
	return ok;
}

bool h2_open(struct conn *conn)
{
	const struct http_server_options *options = &conn->server->options;
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options->connection_streams },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, options->header_bytes },
		{ NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
	};
	nghttp2_session *session;

	conn->h2 = NEW_ZERO(struct h2);
	if (!conn->h2 || !make_session(conn))
		return false;
	conn->h2->credit = CREDIT_MOST;
	conn->h2->credit_at_us = loop_now_us(conn->server->loop);
	session = conn->h2->session;
	return nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, sizeof(settings) / sizeof(*settings)) == 0 &&
	       nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, CONN_WINDOW) == 0;
}

void h2_close(struct conn *conn)
{
	if (!conn->h2)
		return;
	if (!conn->h2->memory.has_failed)
		nghttp2_session_del(conn->h2->session); /* NULL is fine; calls nothing back */
	h2_memory_done(&conn->h2->memory);
	conn->h2 = mem_free(conn->h2);
}

static void receive(struct conn *conn)
{
	ssize_t took = nghttp2_session_mem_recv(conn->h2->session, (const uint8_t *)conn->input.at, conn->input.len);

	if (has_failed(conn))
		return;
	if (took >= 0)
		conn_consume(conn, (size_t)took);
	if (took >= 0 && charge_skipped(conn, (size_t)took))
		return;
	if (took == NGHTTP2_ERR_BAD_CLIENT_MAGIC) {
		conn->is_dead = true;
		return;
	}
	count_add(&conn->server->counters.floods, 1);
	end_with(conn, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void collect(struct conn *conn)
{
	nghttp2_session *session = conn->h2->session;
	const uint8_t *bytes;

	while (conn_room(conn) > 0) {
		ssize_t n = nghttp2_session_mem_send(session, &bytes);
		if (has_failed(conn) || n == 0)
			return;
		if (n < 0) {
			conn->is_dead = true;
			return;
		}
		buffer_add(conn_out(conn), slice_of((const char *)bytes, (size_t)n));
	}
	conn->has_more = nghttp2_session_want_write(session);
}

void h2_step(struct conn *conn)
{
	struct h2 *h2 = conn->h2;

	if (conn->at_end) {
		conn->is_dead = true; /* half a connection serves no stream */
		return;
	}
	if (has_failed(conn))
		return;
	if (conn->input.len && conn_room(conn) > 0)
		receive(conn);
	if (conn->is_dead || conn->is_closing)
		return;
	collect(conn);
	if (conn->is_dead)
		return;
	if (!nghttp2_session_want_read(h2->session) && !nghttp2_session_want_write(h2->session)) {
		conn->is_closing = true;
		if (!h2->ends_well) /* nghttp2 has said what was wrong */
			count_add(&conn->server->counters.floods, 1);
	}
	if (conn->server->is_draining && h2->said_last && conn->stream_count == 0 && !conn->has_more)
		conn->is_closing = true;
}

void h2_goaway(struct conn *conn, bool is_final)
{
	struct h2 *h2 = conn->h2;
	int failed = 0;

	if (conn->phase != CONN_HTTP2 || conn->is_closing || conn->is_dead)
		return;
	if (!is_final && !h2->said_goaway)
		failed = nghttp2_submit_shutdown_notice(h2->session);
	else if (is_final && !h2->said_last)
		failed = nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE, (int32_t)h2->last_begun, NGHTTP2_NO_ERROR, NULL,
					       0);
	h2->said_goaway = h2->ends_well = true;
	h2->said_last = h2->said_last || is_final;
	if (failed)
		conn->is_dead = true; /* no memory */
}

/* -- timeouts ------------------------------------------------------------------------------------------------------ */

static int64_t stream_deadline(const struct stream *stream)
{
	const struct http_server *server = stream->request.ref.server;

	if (stream->state == STREAM_AWAY || stream->is_reset)
		return 0;
	if (stream->state == STREAM_ANSWERED)
		return stream->since_us + allowance_us(server->options.send_ms, stream->moved);
	if (!stream->has_head)
		return stream->since_us + limit_now_us(&server->limits.header_ms);
	return stream->since_us + allowance_us(limit_now(&server->limits.body_ms), stream->moved);
}

int64_t h2_deadline(const struct conn *conn)
{
	const struct limits *limits = &conn->server->limits;
	const struct stream *stream;
	int64_t deadline_us = 0;

	if (!conn->h2->has_settings)
		return conn->phase_since_us + limit_now_us(&limits->header_ms);
	if (conn->stream_count == 0)
		return conn->idle_since_us + limit_now_us(&limits->idle_ms);
	TAILQ_FOREACH(stream, &conn->streams, link)
	deadline_us = earlier(deadline_us, stream_deadline(stream));
	return deadline_us;
}

/* Streams that are too slow are reset; with that their deadline is gone. */
static void reset_slow(struct conn *conn)
{
	int64_t now_us = loop_now_us(conn->server->loop) + US_PER_MS;
	struct stream *stream;

	TAILQ_FOREACH(stream, &conn->streams, link)
	{
		int64_t deadline_us = stream_deadline(stream);
		if (!deadline_us || deadline_us > now_us)
			continue;
		count_add(&conn->server->counters.timeouts, 1);
		reset(stream, NGHTTP2_CANCEL);
	}
}

void h2_timeout(struct conn *conn)
{
	if (conn->h2->has_settings && conn->stream_count) {
		reset_slow(conn);
		return;
	}
	if (!conn->h2->has_settings)
		count_add(&conn->server->counters.timeouts, 1);
	if (nghttp2_session_terminate_session(conn->h2->session, NGHTTP2_NO_ERROR) != 0)
		conn->is_dead = true; /* no memory */
	conn->h2->has_settings = conn->h2->ends_well = true;
	conn->idle_since_us = loop_now_us(conn->server->loop); /* once: the GOAWAY ends the connection when it is out */
}
