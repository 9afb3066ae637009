#include "served.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "http/grpc.h"
#include "net/socket.h"

/* Lives in the request's arena; refers to its stream by reference alone. */
struct served_call {
	struct loop_task task;
	struct stream_ref ref;
	struct served *served;
	struct http_request *request;
	slice body;
	bool is_grpc;
	struct served_call *next;
};

static char big[SERVED_BIG_BYTES];

static void respond_text(struct stream_ref ref, int code, slice body)
{
	struct http_header headers[] = { { SLICE("content-type"), SLICE("text/plain") },
					 { SLICE("x-once"), SLICE("only"), .is_unique = true } }; /* copied before it returns */
	struct http_response response = { .status = code, .headers = headers, .header_count = 2, .body = body };

	http_respond(ref, &response);
}

static void respond_grpc(struct stream_ref ref, struct arena *arena, slice message)
{
	struct http_response response;
	struct buffer body;

	buffer_init(&body, arena, 8 << 20);
	grpc_begin(&body);
	buffer_add(&body, message);
	grpc_end(&body);
	if (!buffer_failed(&body) && !FAILED(grpc_answer(arena, buffer_slice(&body), NULL, 0, &response)))
		http_respond(ref, &response);
	else
		http_release(ref);
}

static void respond_grpc_error(struct stream_ref ref, struct arena *arena, status st)
{
	struct http_response response;

	if (FAILED(grpc_error(arena, fault_row(st.fault)->grpc_code, slice_str(report_current()->text), SLICE(""), NULL, 0,
			      &response)))
		http_release(ref);
	else
		http_respond(ref, &response);
}

static void show(struct http_request *request)
{
	struct buffer text;

	buffer_init(&text, request->arena, 1 << 20);
	buffer_printf(&text, "%.*s|%.*s|%.*s|%.*s|%.*s|%.*s|h2=%d|tls=%d|loop=%d\n", SLICE_ARG(request->method),
		      SLICE_ARG(request->scheme), SLICE_ARG(request->authority), SLICE_ARG(request->path),
		      SLICE_ARG(request->query), SLICE_ARG(request->peer), request->is_http2, request->is_tls,
		      request->peer_is_loopback);
	for (size_t i = 0; i < request->header_count; i++)
		buffer_printf(&text, "%.*s=%.*s\n", SLICE_ARG(request->headers[i].name), SLICE_ARG(request->headers[i].value));
	respond_text(request->ref, 200, buffer_slice(&text));
}

/* -- the worker ---------------------------------------------------------------------------------------------------- */

static void came_back(struct loop_task *task)
{
	struct served_call *call = (struct served_call *)(void *)task;

	if (call->is_grpc)
		respond_grpc(call->ref, call->request->arena, call->body);
	else
		respond_text(call->ref, 200, call->body);
}

/* Reads the request and writes to its arena, as a real call does, while the peer may be long gone. */
static void *work(void *arg)
{
	struct served *served = arg;

	pthread_mutex_lock(&served->lock);
	while (!served->ends || served->work) {
		struct served_call *call = served->work;
		if (!call) {
			pthread_cond_wait(&served->wake, &served->lock);
			continue;
		}
		served->work = call->next;
		pthread_mutex_unlock(&served->lock);
		call->body = arena_copy(call->request->arena, call->body);
		loop_post(call->ref.loop, &call->task);
		pthread_mutex_lock(&served->lock);
	}
	pthread_mutex_unlock(&served->lock);
	return NULL;
}

static struct served_call *call_of(struct served *served, struct http_request *request, slice body)
{
	struct served_call *call = NEW(request->arena, struct served_call);

	assert(call);
	*call = (struct served_call){ .task.run = came_back,
				      .ref = request->ref,
				      .served = served,
				      .request = request,
				      .body = body,
				      .is_grpc = request->is_grpc };
	return call;
}

static void hand_over(struct served *served, struct http_request *request, slice body)
{
	struct served_call *call = call_of(served, request, body);

	pthread_mutex_lock(&served->lock);
	call->next = served->work;
	served->work = call;
	pthread_cond_signal(&served->wake);
	pthread_mutex_unlock(&served->lock);
}

/* -- the handler --------------------------------------------------------------------------------------------------- */

static void on_grpc(struct served *served, struct http_request *request)
{
	slice message;
	status st = grpc_decode(request->body, 4 << 20, &message);

	if (FAILED(st))
		respond_grpc_error(request->ref, request->arena, st);
	else if (slice_ends(request->path, SLICE("/Later")))
		hand_over(served, request, message);
	else
		respond_grpc(request->ref, request->arena, message);
}

static void hold(struct served *served, struct http_request *request)
{
	struct served_call *call = call_of(served, request, SLICE("held"));

	call->next = served->held;
	served->held = call;
	request->user = call;
	atomic_fetch_add(&served->holding, 1);
}

static void on_request(void *user, struct http_request *request)
{
	struct served *served = user;
	const struct http_header splits[] = {
		{ SLICE("x-split"), SLICE("a\r\nx: y") },
		{ SLICE("x-split"), SLICE("a\nb") },
		{ SLICE("x-split"), slice_of("a\0b", 3) },
		{ SLICE("x-split\r\nx"), SLICE("y") },
		{ SLICE("x-split: a"), SLICE("y") },
		{ SLICE("X-split"), SLICE("y") },
		{ SLICE(""), SLICE("x-split") },
		{ SLICE("content-length"), SLICE("7") },
		{ SLICE("transfer-encoding"), SLICE("x") },
		{ SLICE("connection"), SLICE("x-split") },
	};
	size_t which = request->query.len == 1 ? (size_t)(request->query.at[0] - '0') : 0;
	struct http_response broken = { .status = 200, .headers = &splits[which % 10], .header_count = 1 };

	if (request->is_grpc)
		on_grpc(served, request);
	else if (slice_is(request->path, "/echo"))
		respond_text(request->ref, 200, request->body);
	else if (slice_is(request->path, "/show"))
		show(request);
	else if (slice_is(request->path, "/big"))
		respond_text(request->ref, 200, slice_of(big, sizeof(big)));
	else if (slice_is(request->path, "/later"))
		hand_over(served, request, request->body);
	else if (slice_is(request->path, "/hold"))
		hold(served, request);
	else if (slice_is(request->path, "/drop"))
		http_release(request->ref);
	else if (slice_is(request->path, "/split"))
		http_respond(request->ref, &broken);
	else
		respond_text(request->ref, 404, SLICE("no such path"));
}

static void on_cancel(void *user, struct http_request *request)
{
	struct served *served = user;

	assert(http_is_cancelled(request->ref) && http_request_of(request->ref) == request);
	atomic_fetch_add(&served->cancelled, 1);
}

/* -- life ---------------------------------------------------------------------------------------------------------- */

static void *run(void *arg)
{
	struct served *served = arg;

	loop_run(served->loop);
	return NULL;
}

struct served *served_start(const struct http_server_options *options)
{
	struct served *served = calloc(1, sizeof(*served));
	struct http_server_options mine = options ? *options : (struct http_server_options){ 0 };
	struct socket_address address;
	int fd = -1;
	status st;

	assert(served);
	pthread_mutex_init(&served->lock, NULL);
	pthread_cond_init(&served->wake, NULL);
	memset(big, 'b', sizeof(big));
	mine.user = served;
	mine.on_request = on_request;
	mine.on_cancel = on_cancel;
	st = socket_address_parse("listen", SLICE("127.0.0.1:0"), &address);
	assert(!FAILED(st));
	st = socket_listen("listen", &address, &fd);
	assert(!FAILED(st));
	served->port = socket_port(fd);
	st = loop_new(&served->loop);
	assert(!FAILED(st));
	st = http_server_new(served->loop, &mine, &served->server);
	assert(!FAILED(st));
	st = http_server_listen(served->server, fd);
	assert(!FAILED(st));
	pthread_create(&served->worker_thread, NULL, work, served);
	pthread_create(&served->loop_thread, NULL, run, served);
	return served;
}

struct errand {
	struct loop_task task;
	struct served *served;
	void (*fn)(struct served *served);
	atomic_bool done;
};

static void run_errand(struct loop_task *task)
{
	struct errand *errand = (struct errand *)(void *)task;

	errand->fn(errand->served);
	atomic_store(&errand->done, true);
}

void served_do(struct served *served, void (*fn)(struct served *served))
{
	struct errand errand = { .task.run = run_errand, .served = served, .fn = fn };

	loop_post(served->loop, &errand.task);
	while (!atomic_load(&errand.done))
		usleep(1000);
}

static void let_go(struct served *served)
{
	while (served->held) {
		struct served_call *call = served->held;
		served->held = call->next;
		atomic_fetch_sub(&served->holding, 1);
		respond_text(call->ref, 200, call->body);
	}
}

void served_let_go(struct served *served)
{
	served_do(served, let_go);
}

void served_stop(struct served *served)
{
	served_let_go(served);
	pthread_mutex_lock(&served->lock);
	served->ends = true;
	pthread_cond_signal(&served->wake);
	pthread_mutex_unlock(&served->lock);
	pthread_join(served->worker_thread, NULL);
	loop_stop(served->loop);
	pthread_join(served->loop_thread, NULL);
	served->server = http_server_free(served->server);
	served->loop = loop_free(served->loop);
	free(served);
}

struct http_counters served_counters(struct served *served)
{
	struct http_counters counters;

	http_server_counters(served->server, &counters);
	return counters;
}

/* -- the client ---------------------------------------------------------------------------------------------------- */

void client_open(struct client *client, const struct served *served)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(served->port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { .tv_sec = 10 };
	int one = 1, rc;

	*client = (struct client){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	rc = connect(client->fd, (struct sockaddr *)&address, sizeof(address));
	assert(rc == 0);
}

void client_close(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	free(client->buffer);
	*client = (struct client){ .fd = -1 };
}

bool client_send(struct client *client, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len) {
		ssize_t n = send(client->fd, at, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool client_fill(struct client *client)
{
	ssize_t n;

	if (client->cap - client->len < 65536) {
		client->cap = client->cap * 2 + 65536;
		client->buffer = realloc(client->buffer, client->cap);
		assert(client->buffer);
	}
	n = recv(client->fd, client->buffer + client->len, client->cap - client->len, 0);
	if (n > 0)
		client->len += (size_t)n;
	return n > 0;
}

static void client_drop(struct client *client, size_t n)
{
	memmove(client->buffer, client->buffer + n, client->len - n);
	client->len -= n;
}

void client_reply_done(struct reply *reply)
{
	free(reply->body);
	reply->body = NULL;
}

static size_t told_length(const char *head)
{
	const char *at = strcasestr(head, "\r\ncontent-length: ");

	return at ? strtoull(at + 18, NULL, 10) : 0;
}

void client_reply(struct client *client, struct reply *reply, bool is_head)
{
	const char *end = NULL;
	size_t head_len;

	client_reply_done(reply);
	*reply = (struct reply){ .code = 0 };
	while (!client->len || !(end = memmem(client->buffer, client->len, "\r\n\r\n", 4)))
		if (!client_fill(client))
			return;
	head_len = (size_t)(end - client->buffer) + 4;
	assert(head_len < sizeof(reply->text));
	memcpy(reply->text, client->buffer, head_len);
	client_drop(client, head_len);
	reply->body_len = is_head ? 0 : told_length(reply->text);
	while (client->len < reply->body_len)
		if (!client_fill(client))
			return;
	reply->body = calloc(1, reply->body_len + 1);
	assert(reply->body);
	if (reply->body_len)
		memcpy(reply->body, client->buffer, reply->body_len);
	if (client->len)
		client_drop(client, reply->body_len);
	reply->code = (int)strtol(reply->text + sizeof("HTTP/1.1 ") - 1, NULL, 10);
	reply->has_more = client->len > 0;
}

bool client_sees_end(struct client *client)
{
	char sink[65536];
	ssize_t n;

	do
		n = recv(client->fd, sink, sizeof(sink), 0);
	while (n > 0);
	return n == 0 || errno == ECONNRESET;
}

bool client_hears_nothing(struct client *client, int ms)
{
	struct pollfd waits = { .fd = client->fd, .events = POLLIN };

	return client->len == 0 && poll(&waits, 1, ms) == 0;
}
