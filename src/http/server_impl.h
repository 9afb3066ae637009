/*
 * server: what the files of this room share: the server, its connections and its streams.
 *
 * A stream is one request and its answer. It is in its connection's list from its first byte until it is recycled; while its
 * call is away it outlives even the connection (stream->conn is NULL then). A connection is freed only by conn_settle() and
 * server_free(), never below a callback.
 */
#ifndef HTTP_SERVER_IMPL_H
#define HTTP_SERVER_IMPL_H

#include <stdatomic.h>
#include <sys/queue.h>

#include "base/buffer.h"
#include "http/h1_parse.h"
#include "http/http.h"
#include "http/request_impl.h"
#include "net/loop.h"
#include "net/socket.h"
#include "net/tls.h"

#define READ_BYTES 65536       /* the loop's shared read buffer */
#define OUT_BYTES 1048576      /* unsent output at which a connection makes and reads no more */
#define OUT_SLACK_BYTES 262144 /* what one step may add beyond: a head, a frame */
#define RESPONSE_HEADERS 64    /* headers, and as many trailers, of one answer */
#define STREAM_SPARE 256       /* recycled streams that keep their memory */
#define BODY_SPARE_BYTES 16384 /* a recycled stream keeps a body buffer up to this */
#define US_PER_MS INT64_C(1000)

enum phase {
	CONN_SNIFFING,    /* no byte seen, or not enough to tell */
	CONN_HANDSHAKING, /* TLS */
	CONN_HTTP1,
	CONN_HTTP2,
	CONN_LINGERING, /* all is said; reads what still comes, so that the peer sees the answer and no reset */
};

enum stream_state {
	STREAM_UNUSED, /* recycled: nobody's */
	STREAM_RECEIVING,
	STREAM_AWAY,     /* with the handler */
	STREAM_ANSWERED, /* being sent */
};

TAILQ_HEAD(stream_list, stream);
TAILQ_HEAD(conn_list, conn);

struct stream {
	struct http_request request;
	struct conn *conn;        /* NULL once the connection is gone, and while spare */
	TAILQ_ENTRY(stream) link; /* the connection's streams, or the server's spare ones */
	uint32_t slot, generation;
	enum stream_state state;
	bool is_cancelled;
	char peer[SOCKET_PEER_BYTES];
	struct buffer body; /* heap */
	size_t head_bytes;  /* of the request's head, kept in the arena; trailers too, though they are dropped */
	size_t held;        /* of both counted in server->memory */
	int64_t since_us;   /* when receiving or sending began */
	uint64_t moved;     /* bytes received or sent since */
	/* The answer. */
	slice head; /* HTTP/1.1: not yet written */
	slice rest; /* of the body, not yet written */
	struct http_header *trailers;
	size_t trailer_count;
	/* HTTP/2 alone. */
	int32_t id;                  /* -1 once nghttp2 closed it */
	struct http_header *headers; /* request.headers, growing in the arena */
	size_t header_cap;
	struct refusal refusal; /* to be told when the head is complete */
	bool has_head, has_all, is_reset;
	/* HTTP/1.1 alone. */
	bool must_close;
};

/* What an HTTP/1.1 connection knows beside its stream. */
struct h1 {
	size_t scanned;        /* of conn->input, for h1_head_find */
	int64_t head_since_us; /* when an unfinished head began; 0: none */
	struct h1_chunks chunks;
	uint64_t body_left;
	bool is_chunked;
};

struct conn {
	struct loop_io io; /* first: what ready() gets */
	struct loop_timer timer;
	struct http_server *server;
	TAILQ_ENTRY(conn) link, dirty_link;
	int fd; /* -1: a test feeds it */
	enum phase phase;
	struct tls_session *tls;
	slice input;       /* received and not yet consumed; valid while served */
	struct buffer in;  /* the same between two services */
	struct buffer out; /* what the socket did not take yet */
	size_t out_at;     /* of it already sent */
	size_t held;       /* of both counted in server->memory */
	struct stream_list streams;
	uint32_t stream_count;
	struct socket_peer peer;
	int64_t phase_since_us, idle_since_us, send_since_us;
	uint64_t send_taken; /* since send_since_us */
	size_t lingered;     /* bytes dropped since our last word */
	bool is_tls;
	bool is_dirty;    /* in the server's list, to be served at the turn's end */
	bool at_end;      /* the peer sends no more */
	bool is_closing;  /* close when all output is out */
	bool is_dead;     /* close now */
	bool wants_write; /* TLS cannot read on before it has written */
	bool has_more;    /* the last step stopped for OUT_BYTES */
	struct h1 h1;
	struct h2 *h2;
	struct buffer *mirror; /* fd -1: where output goes; may be NULL */
};

/* Those of struct http_counters, in its order; written by the loop's thread alone, read by any. */
struct counters {
	_Atomic uint64_t connections_open, connections_total, connections_refused;
	_Atomic uint64_t requests_http1, requests_http2, requests_grpc, requests_refused, requests_cancelled;
	_Atomic uint64_t away, timeouts, floods, tls_failures, bytes_received, bytes_sent, memory_bytes;
};

_Static_assert(sizeof(struct counters) == sizeof(struct http_counters), "a counter for each figure");

struct listener {
	struct loop_io io;
	struct http_server *server;
	int fd;
};

/* Options that may change meanwhile; each stands for itself. In struct http_server_options is what they were at first. */
struct limits {
	_Atomic uint32_t connections, idle_ms, header_ms, body_ms;
};

struct http_server {
	struct loop *loop;
	struct http_server_options options;
	struct limits limits;
	struct loop_hook turn_end;
	struct loop_timer again;        /* wakes the loop for connections that are still dirty */
	struct loop_timer accept_again; /* after descriptors ran out */
	struct listener listeners[HTTP_LISTENERS];
	size_t listener_count;
	struct conn_list conns, dirty;
	uint32_t conn_count, dirty_count;
	struct conn *served;
	char *read_buffer; /* READ_BYTES, lent to the connection being served */
	struct buffer out; /* likewise */
	struct stream **slots;
	uint32_t slot_count, slot_cap, spare_count, in_use;
	struct stream_list spare;
	uint64_t memory;
	struct http_header *scratch; /* options.header_count: where a head is parsed to */
	char date[32];
	int64_t date_s, date_turn_us; /* the second it shows, and the turn of the loop it was asked in */
	struct counters counters;
	bool is_draining;
	struct loop_timer drain_timer;
	int64_t drain_until_us;
	void (*drain_done)(void *arg);
	void *drain_arg;
};

static inline uint32_t limit_now(const _Atomic uint32_t *limit)
{
	return atomic_load_explicit(limit, memory_order_relaxed);
}

static inline int64_t limit_now_us(const _Atomic uint32_t *limit_ms)
{
	return limit_now(limit_ms) * US_PER_MS;
}

static inline void count_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

static inline void count_sub(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) - n, memory_order_relaxed);
}

/* -- server.c ------------------------------------------------------------------------------------------------------ */

/* `now` bytes are held where *held were: keeps the books of memory_bytes. */
void server_holds(struct http_server *server, size_t *held, size_t now);
static inline bool server_is_full(const struct http_server *server)
{
	return server->memory > server->options.memory_bytes;
}

/* -- conn.c -------------------------------------------------------------------------------------------------------- */

/* NULL without memory (fd stays the caller's then). fd -1 makes one for conn_feed(). */
struct conn *conn_new(struct http_server *server, int fd, const struct socket_peer *peer);
/* Cancels or recycles its streams, closes, frees. Not while it is served. */
void conn_free(struct conn *conn);
/* To be served at the end of this turn (unless it is being served right now). */
void conn_touch(struct conn *conn);
/* Serves what was received or answered meanwhile. */
void conn_serve(struct conn *conn);
/* For fuzzing and tests, on a connection with fd -1: as if bytes came from the peer. False when the connection is gone. */
bool conn_feed(struct conn *conn, slice bytes);
/* The peer of a conn with fd -1 sends no more. */
void conn_feed_end(struct conn *conn);
/* Drops n bytes of conn->input. */
void conn_consume(struct conn *conn, size_t n);
/* Where output goes while the connection is served; at most OUT_SLACK_BYTES beyond OUT_BYTES. A failure ends it. */
struct buffer *conn_out(struct conn *conn);
/* Bytes that may be added before OUT_BYTES is reached. */
size_t conn_room(const struct conn *conn);
/* Microseconds a peer may take in all: limit_ms and one second per HTTP_SLOWEST_BYTES moved. */
int64_t allowance_us(uint32_t limit_ms, uint64_t moved);
/* The earlier of two deadlines, where 0 is none. */
int64_t earlier(int64_t a_us, int64_t b_us);

/* -- stream.c ------------------------------------------------------------------------------------------------------ */

/* The stream behind a reference while its call is away, else NULL. */
struct stream *stream_find(struct stream_ref ref);
/* A stream at the end of the connection's list, with an arena; NULL past a limit or without memory. */
struct stream *stream_new(struct conn *conn);
/* Back to the spare ones; its reference is void from here on. */
void stream_recycle(struct stream *stream);
/* Counts bytes of the head; false when the server's memory is full with them. */
bool stream_head_grew(struct stream *stream, size_t bytes);
/* Appends to the body; false past body_bytes or without memory. */
bool stream_body_add(struct stream *stream, slice data);
/* Completes the request and gives it to the handler. */
void stream_dispatch(struct stream *stream);
/* Nobody waits any more: tells the handler when the call is away, else recycles. The stream may be gone afterwards. */
void stream_cancel(struct stream *stream);

/* -- response.c ---------------------------------------------------------------------------------------------------- */

/* The value of the Date header for now. */
slice response_date(struct http_server *server);
/* The answer itself, or a 500 in its place when it could break the framing. */
const struct http_response *response_checked(const struct http_response *response);
const char *response_reason(int code);
/* The number in decimal, at most 20 digits; gives how many. */
size_t number_write(char *at, uint64_t number);
/* An arena copy of headers with their text; NULL when it does not fit. */
struct http_header *headers_copy(struct arena *arena, const struct http_header *headers, size_t count);

/* -- h1.c ---------------------------------------------------------------------------------------------------------- */

void h1_step(struct conn *conn);
void h1_respond(struct stream *stream, const struct http_response *response);
/* 0: nothing to wait for. */
int64_t h1_deadline(const struct conn *conn);
/* The deadline passed. */
void h1_timeout(struct conn *conn);
/* Says no (status and sentence) and closes. */
void h1_refuse(struct conn *conn, struct refusal refusal);

/* -- h2.c ---------------------------------------------------------------------------------------------------------- */

bool h2_open(struct conn *conn);
void h2_close(struct conn *conn);
void h2_step(struct conn *conn);
void h2_respond(struct stream *stream, const struct http_response *response);
void h2_reset(struct stream *stream);
int64_t h2_deadline(const struct conn *conn);
void h2_timeout(struct conn *conn);
/* First call: announces the end; second: no streams any more but those begun. */
void h2_goaway(struct conn *conn, bool is_final);

/* -- h2_head.c ----------------------------------------------------------------------------------------------------- */

/* Keeps one field, pseudo-headers included; the text is copied. */
struct refusal h2_head_add(struct stream *stream, slice name, slice value);
/* The head is whole: fills the request in, or says what is wrong with it. */
struct refusal h2_head_check(struct stream *stream);

/* -- h2_memory.c --------------------------------------------------------------------------------------------------- */

struct h2_block;

/* Zeroed at first. Once has_failed, its owner must not be called any more, only h2_memory_done(). */
struct h2_memory {
	LIST_HEAD(, h2_block) blocks;
	bool has_failed;
};

/* malloc, calloc, free and realloc in the form nghttp2_mem wants; user is the struct h2_memory. */
void *h2_memory_alloc(size_t size, void *user);
void *h2_memory_zero(size_t count, size_t size, void *user);
void h2_memory_free(void *at, void *user);
void *h2_memory_resize(void *at, size_t size, void *user);
/* Frees every block left. */
void h2_memory_done(struct h2_memory *memory);

#endif
