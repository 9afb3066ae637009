/*
 * conn: one connection: what protocol it speaks, its bytes in and out, its timeouts.
 *
 * Owns      the socket and the buffers. The server lends its read and output buffer to the connection being served, so an idle
 *           connection holds neither.
 * Promises  output made during one service leaves in one write; reading stops while OUT_BYTES are unsent or more than a head is
 *           waiting; freed only when nothing below is using it.
 * Start at  serve(): everything that happens to a connection goes through it.
 */
#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include "base/mem.h"
#include "http/server_impl.h"

#define STEP_ROUNDS 4            /* OUT_BYTES written per service before others get their turn */
#define LINGER_US (2 * US_PER_S) /* how long a peer may go on sending after our last word, */
#define LINGER_BYTES 4194304     /* and how much */
#define EARLY_US 1000            /* a timer may ring this much early */
#define IO_AGAIN (-1)
#define IO_FAILED (-2)

enum { SERVE_READ = 1, SERVE_TIMEOUT = 2 };

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"; /* RFC 9113 3.4 */

static void serve(struct conn *conn, int why);

int64_t allowance_us(uint32_t limit_ms, uint64_t moved)
{
	return (int64_t)limit_ms * US_PER_MS + (int64_t)(moved / HTTP_SLOWEST_BYTES) * US_PER_S;
}

int64_t earlier(int64_t a_us, int64_t b_us)
{
	if (!a_us || !b_us)
		return a_us ? a_us : b_us;
	return a_us < b_us ? a_us : b_us;
}

static size_t unsent(const struct conn *conn)
{
	return conn->out.len - conn->out_at;
}

static void set_phase(struct conn *conn, enum phase phase)
{
	conn->phase = phase;
	conn->phase_since_us = conn->idle_since_us = loop_now_us(conn->server->loop);
}

/* -- life ---------------------------------------------------------------------------------------------------------- */

static void on_ready(struct loop_io *io, int events)
{
	serve((struct conn *)(void *)io, events & LOOP_READ ? SERVE_READ : 0);
}

static void on_timer(struct loop_timer *timer)
{
	serve((struct conn *)(void *)((char *)timer - offsetof(struct conn, timer)), SERVE_TIMEOUT);
}

struct conn *conn_new(struct http_server *server, int fd, const struct socket_peer *peer)
{
	struct conn *conn = NEW_ZERO(struct conn);

	if (!conn)
		return NULL;
	conn->server = server;
	conn->fd = fd;
	conn->peer = *peer;
	TAILQ_INIT(&conn->streams);
	buffer_init(&conn->out, NULL, OUT_BYTES + OUT_SLACK_BYTES);
	buffer_init(&conn->in, NULL, server->options.header_bytes + 2 * READ_BYTES);
	loop_io_init(server->loop, &conn->io, fd, on_ready);
	loop_timer_init(server->loop, &conn->timer, on_timer);
	set_phase(conn, CONN_SNIFFING);
	TAILQ_INSERT_HEAD(&server->conns, conn, link);
	server->conn_count++;
	count_add(&server->counters.connections_open, 1);
	count_add(&server->counters.connections_total, 1);
	if (fd >= 0)
		loop_io_want(&conn->io, LOOP_READ);
	loop_timer_set(&conn->timer, limit_now_us(&server->limits.idle_ms));
	return conn;
}

static void cancel_streams(struct conn *conn)
{
	struct stream *stream;

	while ((stream = TAILQ_FIRST(&conn->streams))) {
		TAILQ_REMOVE(&conn->streams, stream, link);
		stream->conn = NULL;
		stream_cancel(stream);
	}
}

static void clean(struct conn *conn)
{
	if (!conn->is_dirty)
		return;
	TAILQ_REMOVE(&conn->server->dirty, conn, dirty_link);
	conn->server->dirty_count--;
	conn->is_dirty = false;
}

void conn_free(struct conn *conn)
{
	struct http_server *server = conn->server;

	assert(server->served != conn);
	clean(conn);
	loop_timer_cancel(&conn->timer);
	if (conn->fd >= 0)
		loop_io_want(&conn->io, 0);
	cancel_streams(conn);
	h2_close(conn);
	(void)tls_session_free(conn->tls); /* gives NULL */
	if (conn->fd >= 0)
		(void)close(conn->fd); /* nothing to do about a late error */
	buffer_done(&conn->in);
	buffer_done(&conn->out);
	server_holds(server, &conn->held, 0);
	TAILQ_REMOVE(&server->conns, conn, link);
	server->conn_count--;
	count_sub(&server->counters.connections_open, 1);
	(void)mem_free(conn); /* gives NULL */
}

void conn_touch(struct conn *conn)
{
	struct http_server *server = conn->server;

	if (conn->is_dirty || server->served == conn)
		return;
	TAILQ_INSERT_TAIL(&server->dirty, conn, dirty_link);
	server->dirty_count++;
	conn->is_dirty = true;
}

/* -- bytes in ------------------------------------------------------------------------------------------------------ */

static ssize_t io_read_tls(struct conn *conn, char *into, size_t size)
{
	size_t got = 0;
	ssize_t n;

	conn->wants_write = false;
	do {
		n = tls_read(conn->tls, into + got, size - got);
		if (n > 0)
			got += (size_t)n;
	} while (n > 0 && got < size && tls_has_pending(conn->tls));
	if (n == TLS_WANT_WRITE)
		conn->wants_write = true;
	if (got)
		return (ssize_t)got;
	return n == 0 ? 0 : n == TLS_FAILED ? IO_FAILED : IO_AGAIN;
}

/* Bytes, 0 at the end, IO_AGAIN or IO_FAILED. */
static ssize_t io_read(struct conn *conn, char *into, size_t size)
{
	ssize_t n;

	if (conn->tls)
		return io_read_tls(conn, into, size);
	do
		n = recv(conn->fd, into, size, 0);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	return errno == EAGAIN ? IO_AGAIN : IO_FAILED;
}

/* More than a whole head may wait unread behind a call that is away; after that the peer has to wait. */
static bool wants_read(const struct conn *conn)
{
	return !conn->at_end && !conn->is_dead && conn->in.len < conn->server->options.header_bytes &&
	       (conn->phase == CONN_LINGERING || (!conn->is_closing && unsent(conn) < OUT_BYTES));
}

/* Reads once, behind what is left from before if anything is. */
static void receive(struct conn *conn)
{
	struct http_server *server = conn->server;
	bool is_fresh = conn->in.len == 0;
	size_t size = is_fresh ? READ_BYTES : READ_BYTES / 4;
	char *into = is_fresh ? server->read_buffer : buffer_room(&conn->in, size);
	ssize_t n = into ? io_read(conn, into, size) : IO_FAILED;

	if (n == IO_FAILED)
		conn->is_dead = true;
	else if (n == 0)
		conn->at_end = true;
	if (n > 0) {
		count_add(&server->counters.bytes_received, (uint64_t)n);
		conn->lingered += conn->phase == CONN_LINGERING ? (size_t)n : 0;
		if (!is_fresh)
			buffer_grew(&conn->in, (size_t)n);
	}
	conn->input = is_fresh ? slice_of(server->read_buffer, n > 0 ? (size_t)n : 0) : buffer_slice(&conn->in);
}

void conn_consume(struct conn *conn, size_t n)
{
	conn->input = slice_from(conn->input, n);
}

/* Keeps what the step left for the next service; gives memory back when nothing is. */
static void stash_input(struct conn *conn)
{
	if (conn->in.len) {
		buffer_shift(&conn->in, conn->in.len - conn->input.len);
	} else if (conn->input.len) {
		conn->in.limit = conn->server->options.header_bytes + 2 * READ_BYTES; /* buffer_done() forgot it */
		buffer_add(&conn->in, conn->input);
		if (buffer_failed(&conn->in))
			conn->is_dead = true;
	}
	if (conn->in.len == 0 && conn->in.at)
		buffer_done(&conn->in);
	conn->input = SLICE("");
}

/* -- bytes out ----------------------------------------------------------------------------------------------------- */

struct buffer *conn_out(struct conn *conn)
{
	assert(conn->server->served == conn);
	return conn->out.len ? &conn->out : &conn->server->out;
}

size_t conn_room(const struct conn *conn)
{
	size_t made = unsent(conn) + conn->server->out.len;

	return made < OUT_BYTES ? OUT_BYTES - made : 0;
}

static size_t io_write_tls(struct conn *conn, slice bytes)
{
	size_t done = 0;

	while (done < bytes.len) {
		ssize_t n = tls_write(conn->tls, slice_from(bytes, done));
		if (n == TLS_FAILED)
			conn->is_dead = true;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

/* How many bytes the socket took; marks the connection dead on an error. */
static size_t io_write(struct conn *conn, slice bytes)
{
	ssize_t n;

	if (conn->fd < 0) {
		if (conn->mirror)
			buffer_add(conn->mirror, bytes);
		return bytes.len;
	}
	if (conn->tls)
		return io_write_tls(conn, bytes);
	do
		n = send(conn->fd, bytes.at, bytes.len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN)
		conn->is_dead = true;
	return n > 0 ? (size_t)n : 0;
}

static void flush_kept(struct conn *conn)
{
	size_t sent = io_write(conn, slice_from(buffer_slice(&conn->out), conn->out_at));

	count_add(&conn->server->counters.bytes_sent, sent);
	conn->out_at += sent;
	conn->send_taken += sent;
	if (conn->out_at == conn->out.len) {
		buffer_done(&conn->out);
		conn->out_at = 0;
	} else if (conn->out_at > conn->out.len / 2) {
		buffer_shift(&conn->out, conn->out_at);
		conn->out_at = 0;
	}
}

/* What the socket does not take moves out of the server's buffer, which the next connection needs. */
static void flush_lent(struct conn *conn)
{
	struct buffer *lent = &conn->server->out;
	size_t sent = io_write(conn, buffer_slice(lent));

	count_add(&conn->server->counters.bytes_sent, sent);
	if (sent < lent->len && !conn->is_dead) {
		conn->out.limit = OUT_BYTES + OUT_SLACK_BYTES; /* buffer_done() forgot it */
		buffer_add(&conn->out, slice_from(buffer_slice(lent), sent));
		conn->send_since_us = loop_now_us(conn->server->loop);
		conn->send_taken = 0;
	}
}

static void flush(struct conn *conn)
{
	struct buffer *lent = &conn->server->out;

	if (buffer_failed(lent) || buffer_failed(&conn->out))
		conn->is_dead = true;
	if (!conn->is_dead && conn->out.len)
		flush_kept(conn);
	else if (!conn->is_dead && lent->len)
		flush_lent(conn);
	if (buffer_failed(&conn->out))
		conn->is_dead = true;
	buffer_clear(lent);
}

/* -- what it speaks ------------------------------------------------------------------------------------------------ */

/* The first byte tells TLS from the rest; it is looked at, not taken, because libssl reads the socket itself. */
static void look_for_tls(struct conn *conn)
{
	char first;

	if (conn->tls || conn->is_tls || !conn->server->options.tls || conn->in.len || conn->fd < 0 ||
	    recv(conn->fd, &first, 1, MSG_PEEK) != 1 || first != 0x16)
		return;
	conn->is_tls = true;
	set_phase(conn, CONN_HANDSHAKING);
	if (FAILED(tls_accept(conn->server->options.tls, conn->fd, &conn->tls)))
		conn->is_dead = true; /* no memory for a stranger: nobody to tell */
}

static void shake_hands(struct conn *conn)
{
	int verdict = tls_handshake(conn->tls);

	conn->wants_write = verdict == TLS_WANT_WRITE;
	if (verdict == TLS_FAILED) {
		count_add(&conn->server->counters.tls_failures, 1);
		conn->is_dead = true;
	} else if (verdict == 1 && tls_chose_http2(conn->tls)) {
		set_phase(conn, CONN_HTTP2);
		conn->is_dead = !h2_open(conn);
	} else if (verdict == 1) {
		set_phase(conn, CONN_HTTP1);
	}
}

/* The preface of HTTP/2, whole, decides for it; a beginning of it waits; anything else is HTTP/1.1. */
static void sniff(struct conn *conn)
{
	size_t len = conn->input.len < sizeof(preface) - 1 ? conn->input.len : sizeof(preface) - 1;

	if (len == 0 || (len < sizeof(preface) - 1 && memcmp(conn->input.at, preface, len) == 0)) {
		if (conn->at_end || (len == 0 && conn->server->is_draining))
			conn->is_dead = true;
		if (len && !conn->h1.head_since_us)
			conn->h1.head_since_us = loop_now_us(conn->server->loop);
	} else if (memcmp(conn->input.at, preface, len) == 0) {
		set_phase(conn, CONN_HTTP2);
		conn->is_dead = !h2_open(conn);
	} else if (conn->input.at[0] == 0x16) {
		count_add(&conn->server->counters.tls_failures, 1);
		conn->is_dead = true; /* TLS, which is not configured */
	} else {
		conn->h1.head_since_us = 0;
		set_phase(conn, CONN_HTTP1);
	}
}

static void step(struct conn *conn)
{
	if (conn->phase == CONN_SNIFFING)
		sniff(conn);
	if (conn->is_dead || conn->is_closing)
		conn_consume(conn, conn->input.len);
	else if (conn->phase == CONN_HTTP1)
		h1_step(conn);
	else if (conn->phase == CONN_HTTP2)
		h2_step(conn);
}

/* -- timeouts ------------------------------------------------------------------------------------------------------ */

static int64_t phase_deadline(const struct conn *conn)
{
	const struct limits *limits = &conn->server->limits;

	if (conn->is_closing && conn->phase != CONN_LINGERING)
		return 0; /* only the unsent output is waited for */
	switch (conn->phase) {
	case CONN_SNIFFING:
		if (conn->h1.head_since_us)
			return conn->h1.head_since_us + limit_now_us(&limits->header_ms);
		return conn->phase_since_us + limit_now_us(&limits->idle_ms);
	case CONN_HANDSHAKING:
		return conn->phase_since_us + limit_now_us(&limits->header_ms);
	case CONN_LINGERING:
		return conn->phase_since_us + LINGER_US;
	case CONN_HTTP1:
		return h1_deadline(conn);
	default:
		return h2_deadline(conn);
	}
}

static int64_t send_deadline(const struct conn *conn)
{
	if (!unsent(conn))
		return 0;
	return conn->send_since_us + allowance_us(conn->server->options.send_ms, conn->send_taken);
}

static bool has_passed(const struct conn *conn, int64_t deadline_us)
{
	return deadline_us && deadline_us <= loop_now_us(conn->server->loop) + EARLY_US;
}

/* The timer rang; it does so early where a deadline moved since it was set. Whatever has passed must change the state here, or
 * the timer would ring without end. */
static void time_out(struct conn *conn)
{
	if (has_passed(conn, send_deadline(conn))) {
		count_add(&conn->server->counters.timeouts, 1);
		conn->is_dead = true;
	} else if (!has_passed(conn, phase_deadline(conn))) {
		return;
	} else if (conn->phase == CONN_HTTP1) {
		h1_timeout(conn);
	} else if (conn->phase == CONN_HTTP2) {
		h2_timeout(conn);
	} else {
		if (conn->phase == CONN_HANDSHAKING || conn->h1.head_since_us)
			count_add(&conn->server->counters.timeouts, 1);
		conn->is_dead = true;
	}
}

static void arm(struct conn *conn)
{
	int64_t deadline_us = earlier(phase_deadline(conn), send_deadline(conn));

	if (deadline_us && deadline_us != conn->timer.due_us)
		loop_timer_set(&conn->timer, deadline_us - loop_now_us(conn->server->loop));
}

/* -- serving ------------------------------------------------------------------------------------------------------- */

/* All is said. Closing at once would reset the connection while the peer still sends, and it might lose our last words. */
static void linger(struct conn *conn)
{
	conn->tls = tls_session_free(conn->tls);
	if (conn->at_end || conn->fd < 0 || shutdown(conn->fd, SHUT_WR) != 0) {
		conn->is_dead = true;
		return;
	}
	set_phase(conn, CONN_LINGERING);
}

/* After a service: free it, or wait for what it needs next. */
static void settle(struct conn *conn)
{
	struct http_server *server = conn->server;
	bool reads;

	if (conn->is_closing && !conn->is_dead && !unsent(conn) && conn->phase != CONN_LINGERING)
		linger(conn);
	if (conn->phase == CONN_LINGERING && (conn->at_end || conn->lingered > LINGER_BYTES))
		conn->is_dead = true;
	if (conn->is_dead) {
		conn_free(conn);
		return;
	}
	server_holds(server, &conn->held, conn->in.cap + conn->out.cap);
	reads = wants_read(conn);
	if (conn->fd >= 0)
		loop_io_want(&conn->io, (reads ? LOOP_READ : 0) | (unsent(conn) || conn->wants_write ? LOOP_WRITE : 0));
	arm(conn);
	if ((conn->has_more && !unsent(conn)) || (reads && conn->tls && tls_has_pending(conn->tls)))
		conn_touch(conn);
}

static void run_steps(struct conn *conn)
{
	for (int round = 0; round < STEP_ROUNDS; round++) {
		conn->has_more = false;
		step(conn);
		flush(conn);
		if (!conn->has_more || conn->is_dead || unsent(conn))
			return;
	}
}

/* Everything that happens to a connection comes through here; it may be gone afterwards. */
static void serve(struct conn *conn, int why)
{
	struct http_server *server = conn->server;

	assert(!server->served);
	server->served = conn;
	clean(conn);
	conn->input = buffer_slice(&conn->in);
	if (why == SERVE_TIMEOUT)
		time_out(conn);
	if (conn->phase == CONN_SNIFFING && why == SERVE_READ)
		look_for_tls(conn);
	if (conn->phase == CONN_HANDSHAKING && !conn->is_dead)
		shake_hands(conn);
	if (why == SERVE_READ && conn->phase != CONN_HANDSHAKING && wants_read(conn))
		receive(conn);
	run_steps(conn);
	stash_input(conn);
	server->served = NULL;
	settle(conn);
}

void conn_serve(struct conn *conn)
{
	bool reads = conn->tls && wants_read(conn) && tls_has_pending(conn->tls);

	serve(conn, reads ? SERVE_READ : 0);
}

bool conn_feed(struct conn *conn, slice bytes)
{
	struct http_server *server = conn->server;
	uint32_t before = server->conn_count;

	conn->in.limit = server->options.header_bytes + 2 * READ_BYTES;
	buffer_add(&conn->in, bytes);
	if (buffer_failed(&conn->in))
		conn->is_dead = true;
	serve(conn, 0);
	return server->conn_count == before;
}

void conn_feed_end(struct conn *conn)
{
	conn->at_end = true;
	serve(conn, 0);
}
