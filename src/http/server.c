/*
 * server: listeners, limits, the end of a turn, and the end of all.
 *
 * Start at  http_server_new(); accept_some() for how a connection begins.
 */
#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include "base/mem.h"
#include "http/server_impl.h"

#define ACCEPT_BATCH 64                   /* per readiness, so that others are served in between */
#define ACCEPT_PAUSE_US (100 * US_PER_MS) /* when descriptors ran out */
#define DRAIN_TICK_US (100 * US_PER_MS)

/* -- books --------------------------------------------------------------------------------------------------------- */

void server_holds(struct http_server *server, size_t *held, size_t now)
{
	if (*held == now)
		return;
	server->memory += now;
	server->memory -= *held;
	*held = now;
	atomic_store_explicit(&server->counters.memory_bytes, server->memory, memory_order_relaxed);
}

void http_server_counters(const struct http_server *server, struct http_counters *ret)
{
	const struct counters *from = &server->counters;

#define COPY(name) ret->name = atomic_load_explicit(&from->name, memory_order_relaxed)
	COPY(connections_open);
	COPY(connections_total);
	COPY(connections_refused);
	COPY(requests_http1);
	COPY(requests_http2);
	COPY(requests_grpc);
	COPY(requests_refused);
	COPY(requests_cancelled);
	COPY(away);
	COPY(timeouts);
	COPY(floods);
	COPY(tls_failures);
	COPY(bytes_received);
	COPY(bytes_sent);
	COPY(memory_bytes);
#undef COPY
}

/* -- the end of a turn --------------------------------------------------------------------------------------------- */

/* Serves the connections answered during the turn, each once; those still not done get the next turn. */
static void turn_ended(struct loop_hook *hook)
{
	struct http_server *server = (struct http_server *)(void *)((char *)hook - offsetof(struct http_server, turn_end));

	for (uint32_t n = server->dirty_count; n && server->dirty_count; n--)
		conn_serve(TAILQ_FIRST(&server->dirty));
	if (server->dirty_count)
		loop_timer_set(&server->again, 0);
	if (server->out.cap > OUT_SLACK_BYTES) { /* grown by an unusual answer */
		buffer_done(&server->out);
		server->out.limit = OUT_BYTES + OUT_SLACK_BYTES;
	}
}

static void wake_again(struct loop_timer *timer)
{
	(void)timer; /* the turn itself is all that was wanted */
}

/* -- accepting ----------------------------------------------------------------------------------------------------- */

static void take(struct http_server *server, int fd, const struct socket_address *address)
{
	struct socket_peer peer;

	socket_peer_of(address, &peer);
	if (server->is_draining || server->conn_count >= limit_now(&server->limits.connections) ||
	    !conn_new(server, fd, &peer)) {
		count_add(&server->counters.connections_refused, 1);
		(void)close(fd); /* nothing was said on it */
	}
}

static void want_listeners(struct http_server *server, int events)
{
	for (size_t i = 0; i < server->listener_count; i++)
		loop_io_want(&server->listeners[i].io, events);
}

static void accept_failed(struct http_server *server)
{
	if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
		return; /* nobody there any more, or a connection that broke while it waited */
	count_add(&server->counters.connections_refused, 1);
	want_listeners(server, 0);
	loop_timer_set(&server->accept_again, ACCEPT_PAUSE_US);
}

static void accept_resume(struct loop_timer *timer)
{
	struct http_server *server = (struct http_server *)(void *)((char *)timer - offsetof(struct http_server, accept_again));

	want_listeners(server, LOOP_READ);
}

static void accept_some(struct loop_io *io, int events)
{
	struct listener *listener = (struct listener *)(void *)io;
	struct socket_address address;
	int fd;

	(void)events;
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		address = (struct socket_address){ .len = sizeof(address.storage) };
		fd = accept4(listener->fd, (struct sockaddr *)&address.storage, &address.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			accept_failed(listener->server);
			return;
		}
		take(listener->server, fd, &address);
	}
}

FALLIBLE http_server_listen(struct http_server *server, int fd)
{
	struct listener *listener = &server->listeners[server->listener_count];

	if (server->listener_count == HTTP_LISTENERS) {
		(void)close(fd); /* nothing came in on it */
		return FAIL(FAULT_INVALID, "at most %d addresses can be listened on", HTTP_LISTENERS);
	}
	*listener = (struct listener){ .server = server, .fd = fd };
	server->listener_count++;
	loop_io_init(server->loop, &listener->io, fd, accept_some);
	loop_io_want(&listener->io, LOOP_READ);
	return OK;
}

void http_server_adopt(struct http_server *server, int fd)
{
	struct socket_address address = { .len = sizeof(address.storage) };

	if (getpeername(fd, (struct sockaddr *)&address.storage, &address.len) != 0)
		address = (struct socket_address){ 0 }; /* shown as unknown */
	take(server, fd, &address);
}

static void stop_listening(struct http_server *server)
{
	want_listeners(server, 0);
	loop_timer_cancel(&server->accept_again);
	for (size_t i = 0; i < server->listener_count; i++)
		(void)close(server->listeners[i].fd); /* only ever accepted from */
	server->listener_count = 0;
}

/* -- the end ------------------------------------------------------------------------------------------------------- */

void http_server_cut(struct http_server *server)
{
	struct conn *conn;

	while ((conn = TAILQ_FIRST(&server->conns)))
		conn_free(conn);
}

static void drain_tick(struct loop_timer *timer)
{
	struct http_server *server = (struct http_server *)(void *)((char *)timer - offsetof(struct http_server, drain_timer));
	void (*done)(void *arg) = server->drain_done;
	struct conn *conn;

	if (loop_now_us(server->loop) >= server->drain_until_us)
		http_server_cut(server);
	if (server->conn_count == 0) {
		server->drain_done = NULL;
		if (done)
			done(server->drain_arg);
		return;
	}
	TAILQ_FOREACH(conn, &server->conns, link)
	{
		h2_goaway(conn, true);
		conn_touch(conn);
	}
	loop_timer_set(timer, DRAIN_TICK_US);
}

void http_server_drain(struct http_server *server, uint32_t limit_ms, void (*done)(void *arg), void *arg)
{
	struct conn *conn;

	server->is_draining = true;
	server->drain_done = done;
	server->drain_arg = arg;
	server->drain_until_us = loop_now_us(server->loop) + limit_ms * US_PER_MS;
	stop_listening(server);
	TAILQ_FOREACH(conn, &server->conns, link)
	{
		h2_goaway(conn, false);
		conn_touch(conn);
	}
	loop_timer_set(&server->drain_timer, server->conn_count ? DRAIN_TICK_US : 0);
}

static void free_streams(struct http_server *server)
{
	for (uint32_t i = 0; i < server->slot_count; i++) {
		(void)arena_free(server->slots[i]->request.arena); /* gives NULL */
		buffer_done(&server->slots[i]->body);
		(void)mem_free(server->slots[i]);
	}
	(void)mem_free(server->slots);
}

struct http_server *http_server_free(struct http_server *server)
{
	if (!server)
		return NULL;
	assert(!server->served);
	server->is_draining = true;
	stop_listening(server);
	http_server_cut(server);
	loop_timer_cancel(&server->again);
	loop_timer_cancel(&server->drain_timer);
	loop_hook_remove(server->loop, &server->turn_end);
	free_streams(server);
	buffer_done(&server->out);
	(void)mem_free(server->read_buffer);
	(void)mem_free(server->scratch);
	return mem_free(server);
}

/* -- the beginning ------------------------------------------------------------------------------------------------- */

static void fill_defaults(struct http_server_options *options)
{
#define DEFAULT(name, value) options->name = options->name ? options->name : (value)
	DEFAULT(header_bytes, 64 * 1024);
	DEFAULT(header_count, 100);
	DEFAULT(body_bytes, (size_t)4 * 1024 * 1024);
	DEFAULT(arena_bytes, (size_t)32 * 1024 * 1024);
	DEFAULT(connection_streams, 128);
	DEFAULT(streams, 16384);
	DEFAULT(connections, 20000);
	DEFAULT(memory_bytes, (size_t)256 * 1024 * 1024);
	DEFAULT(idle_ms, 75000);
	DEFAULT(header_ms, 10000);
	DEFAULT(body_ms, 30000);
	DEFAULT(send_ms, 30000);
	DEFAULT(clock, &clock_system);
#undef DEFAULT
}

static void put_limit(_Atomic uint32_t *limit, uint32_t value)
{
	if (value)
		atomic_store_explicit(limit, value, memory_order_relaxed);
}

void http_server_limit(struct http_server *server, const struct http_server_limits *limits)
{
	put_limit(&server->limits.connections, limits->connections);
	put_limit(&server->limits.idle_ms, limits->idle_ms);
	put_limit(&server->limits.header_ms, limits->header_ms);
	put_limit(&server->limits.body_ms, limits->body_ms);
}

FALLIBLE http_server_new(struct loop *loop, const struct http_server_options *options, struct http_server **ret_server)
{
	struct http_server *server = NEW_ZERO(struct http_server);

	assert(options->on_request);
	if (!server)
		return FAIL(FAULT_EXHAUSTED, "no memory for a server");
	server->loop = loop;
	server->options = *options;
	fill_defaults(&server->options);
	http_server_limit(server, &(struct http_server_limits){ server->options.connections, server->options.idle_ms,
								server->options.header_ms, server->options.body_ms });
	server->read_buffer = mem_alloc(READ_BYTES);
	server->scratch = mem_zero(server->options.header_count, sizeof(*server->scratch));
	if (!server->read_buffer || !server->scratch) {
		(void)mem_free(server->read_buffer); /* the struct goes too */
		(void)mem_free(server->scratch);
		(void)mem_free(server);
		return FAIL(FAULT_EXHAUSTED, "no memory for a server");
	}
	TAILQ_INIT(&server->conns);
	TAILQ_INIT(&server->dirty);
	TAILQ_INIT(&server->spare);
	buffer_init(&server->out, NULL, OUT_BYTES + OUT_SLACK_BYTES);
	server->turn_end.run = turn_ended;
	loop_hook_add(loop, &server->turn_end);
	loop_timer_init(loop, &server->again, wake_again);
	loop_timer_init(loop, &server->accept_again, accept_resume);
	loop_timer_init(loop, &server->drain_timer, drain_tick);
	*ret_server = server;
	return OK;
}
