/*
 * http: one port that speaks HTTP/1.1, HTTP/2 (prior knowledge or ALPN) and both over TLS.
 *
 * Owns      connections, streams and their memory; parsing, framing, limits, timeouts, drain.
 * Promises  a handler sees complete, well-formed requests only; answers leave in order and once per wake-up; memory is
 *           bounded by the options. Knows no method, path or header of ours.
 * Start at  http_server_new() for the server's maker, struct http_request and http_respond() for a handler.
 *
 * A server belongs to one loop. All functions are for that loop's thread, unless they say otherwise.
 *
 * A stream, its request and its arena stay from on_request until the handler gives the stream back with http_respond() or
 * http_release(), whatever the peer does meanwhile: a peer that closes only marks it cancelled. A call may therefore take the
 * request to another thread, which owns it alone until it posts back to ref.loop.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/slice.h"
#include "base/status.h"
#include "net/loop.h"

struct http_server;
struct tls_server;

/* -- request ------------------------------------------------------------------------------------------------------- */

/* Names are in lower case, values without outer blanks; bytes 0x20..0x7e, tab and 0x80..0xff only (RFC 9110 5.5). */
struct http_header {
	slice name, value;
	bool is_unique; /* of an answer: no other will have this value, so HTTP/2's table of headers need not learn it */
};

/* Refers to a stream without pointing at it: safe to keep, to copy and to use late. */
struct stream_ref {
	struct loop *loop; /* where to post an answer made elsewhere */
	struct http_server *server;
	uint32_t slot, generation;
};

/* Everything lives as long as the stream (see above). Read-only but for `user`. */
struct http_request {
	slice method;    /* a token of at most HTTP_METHOD_BYTES; never CONNECT or PRI */
	slice scheme;    /* "https" over our own TLS, else "http"; never believed from the peer */
	slice authority; /* host or host:port as sent (Host or :authority, equal when both came); never empty, no user info */
	slice path;      /* raw and undecoded, starts with '/'; or "*" for OPTIONS */
	slice query;     /* raw, without '?'; empty when absent */
	const struct http_header *headers; /* without pseudo-headers; cookies of HTTP/2 joined into one */
	size_t header_count;
	slice body;
	slice peer;         /* the peer's address as text, no port; IPv4-mapped shown as IPv4 */
	int64_t arrived_us; /* loop_now_us when the request was complete */
	struct arena *arena;
	struct stream_ref ref;
	void *user; /* the handler's own, kept with the stream; NULL at first */
	bool is_http2;
	bool is_grpc; /* HTTP/2 POST with content-type application/grpc, application/grpc+… or with parameters */
	bool is_tls;
	bool peer_is_loopback;
};

#define HTTP_METHOD_BYTES 32

/* How many headers bear this name (given in lower case); the first one's value goes to ret_value when there is any. */
size_t http_header_named(const struct http_request *request, slice name, slice *ret_value);
static inline size_t http_header(const struct http_request *request, const char *name, slice *ret_value)
{
	return http_header_named(request, slice_str(name), ret_value); /* a literal's length is known here */
}

/* -- response ------------------------------------------------------------------------------------------------------ */

struct http_response {
	int status; /* 200..599 */
	/* Lower-case names. Not content-length, date, connection or transfer-encoding, which are made here. A name or value
	 * that could break the framing turns the answer into a 500. */
	const struct http_header *headers;
	size_t header_count;
	slice body; /* must live in the stream's arena (or its request) or be static: it is sent from there */
	const struct http_header *trailers; /* HTTP/2 only; dropped on HTTP/1.1 */
	size_t trailer_count;
	bool head_only; /* the headers end the answer and no content-length is made: gRPC's Trailers-Only */
};

/* Answers and gives the stream back. Headers and trailers are copied before this returns. Does nothing when the stream was
 * given back before; a cancelled stream is only given back. HEAD needs no care: the body's length is told, the body is not
 * sent. */
void http_respond(struct stream_ref ref, const struct http_response *response);
/* Gives the stream back without an answer: HTTP/2 resets it, HTTP/1.1 closes the connection. */
void http_release(struct stream_ref ref);
/* True when nobody waits for the answer any more (also when the stream was given back). */
bool http_is_cancelled(struct stream_ref ref);
/* The request behind the reference while its handler has it, NULL after it was given back. */
struct http_request *http_request_of(struct stream_ref ref);

/* -- server -------------------------------------------------------------------------------------------------------- */

/* 0 or NULL takes the default. Limits are per server, that is per loop thread, unless said. */
struct http_server_options {
	uint32_t header_bytes;       /* request line and headers of one request: 64 KiB */
	uint32_t header_count;       /* per request: 100 */
	size_t body_bytes;           /* per request: 4 MiB */
	size_t arena_bytes;          /* a request's head and all its call makes (not its body): 32 MiB */
	uint32_t connection_streams; /* running at once on one HTTP/2 connection, cancelled ones whose call is away included:
					128 */
	uint32_t streams;            /* running at once: 16384 */
	uint32_t connections;        /* open at once: 20000 */
	size_t memory_bytes;         /* requests as they came and unsent output of all connections: 256 MiB */
	uint32_t idle_ms;            /* a connection without a request: 75 s */
	uint32_t header_ms;          /* from a head's first byte to its last, and the TLS handshake: 10 s */
	uint32_t body_ms;            /* from the head to the body's end, plus 1 s per HTTP_SLOWEST_BYTES received: 30 s */
	uint32_t send_ms;            /* for the peer to take what we send, plus 1 s per HTTP_SLOWEST_BYTES taken: 30 s */
	struct tls_server *tls;      /* NULL: TLS is not spoken; must outlive the server */
	const struct clock *clock;   /* for the Date header; NULL: clock_system */
	void *user;
	/* A complete request; answered now or later by http_respond(). Required. */
	void (*on_request)(void *user, struct http_request *request);
	/* The peer went away before the answer; the stream still has to be given back, now or later. Optional. */
	void (*on_cancel)(void *user, struct http_request *request);
};

#define HTTP_SLOWEST_BYTES 16384 /* per second; whoever is slower over longer than the timeout is cut */

FALLIBLE http_server_new(struct loop *loop, const struct http_server_options *options, struct http_server **ret_server);
/* Changes what these four options say, from now on; 0 keeps one as it is. Any thread. */
struct http_server_limits {
	uint32_t connections, idle_ms, header_ms, body_ms;
};
void http_server_limit(struct http_server *server, const struct http_server_limits *limits);
/* Accepts on a listening, non-blocking socket (net/socket.h); takes the descriptor over, also on failure. May be called for
 * several (at most HTTP_LISTENERS). */
FALLIBLE http_server_listen(struct http_server *server, int fd);
#define HTTP_LISTENERS 8
/* Serves one connected, non-blocking socket; takes the descriptor over. */
void http_server_adopt(struct http_server *server, int fd);
/* Stops accepting, says GOAWAY, lets running requests finish, closes; what is left after limit_ms is cut. Calls `done` once,
 * from the loop, when no connection is left; calls may still be away then. */
void http_server_drain(struct http_server *server, uint32_t limit_ms, void (*done)(void *arg), void *arg);
/* Closes every connection at once: calls that are away are cancelled, nobody waits for their answers. The loop's thread, or any
 * after that one has ended. */
void http_server_cut(struct http_server *server);
/* Closes everything. Only when no other thread holds a request of this server (http_counters.away is 0 or those threads have
 * ended). NULL is fine; always returns NULL. */
struct http_server *http_server_free(struct http_server *server);

struct http_counters {
	uint64_t connections_open, connections_total;
	uint64_t connections_refused;                           /* over the limit, or no descriptor left */
	uint64_t requests_http1, requests_http2, requests_grpc; /* given to on_request; gRPC ones are in http2 too */
	uint64_t requests_refused;                              /* malformed or over a limit */
	uint64_t requests_cancelled;
	uint64_t away;     /* given to the handler and not yet back */
	uint64_t timeouts; /* idle closes not counted */
	uint64_t floods;   /* HTTP/2 connections ended for abuse or broken framing */
	uint64_t tls_failures;
	uint64_t bytes_received, bytes_sent; /* as the application sees them: without TLS' own */
	uint64_t memory_bytes;               /* what counts against the option of that name */
};

/* Any thread; the figures are not from one instant. */
void http_server_counters(const struct http_server *server, struct http_counters *ret_counters);

#endif
