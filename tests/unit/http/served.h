/*
 * served: a server on a loopback port in a thread of its own, and a blocking client to ask it.
 *
 * What the server answers (any method):
 *   /echo     the body it got                     /show     what it understood of the request, as text
 *   /big      SERVED_BIG_BYTES of static bytes    /later    like /echo, by way of a worker thread
 *   /hold     nothing until served_let_go()       /drop     gives the stream back without an answer
 *   /split?N  an answer whose header would break the framing, in ten ways
 *   gRPC      the message it got, or an error for what is no message (path /x.Y/Later: by way of the worker)
 */
#ifndef TESTS_UNIT_HTTP_SERVED_H
#define TESTS_UNIT_HTTP_SERVED_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "http/http.h"

#define SERVED_BIG_BYTES 3000000

struct served {
	struct loop *loop;
	struct http_server *server;
	uint16_t port;
	pthread_t loop_thread, worker_thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct served_call *work, *held; /* held: the loop's thread alone */
	bool ends;
	_Atomic int cancelled, holding;
};

/* options may be NULL; its callbacks are ours. On the heap, because a failed check leaves the test by longjmp while our threads
 * go on. */
struct served *served_start(const struct http_server_options *options);
/* Answers whatever is held, then frees everything. */
void served_stop(struct served *served);
/* Answers every request held so far and waits until that is done. */
void served_let_go(struct served *served);
/* Runs a function on the loop's thread and waits for it. */
void served_do(struct served *served, void (*fn)(struct served *served));
struct http_counters served_counters(struct served *served);
/* Waits up to five seconds for the condition. */
#define EVENTUALLY(condition)                                                 \
	do {                                                                  \
		for (int tries_ = 0; tries_ < 1000 && !(condition); tries_++) \
			usleep(5000);                                         \
		CHECK(condition);                                             \
	} while (0)

/* -- the client ---------------------------------------------------------------------------------------------------- */

struct reply {
	char text[16384]; /* the head, NUL-terminated */
	int code;         /* 0: the connection ended before an answer */
	char *body;       /* malloc'd, NUL-terminated */
	size_t body_len;
	bool has_more; /* bytes of a further answer were read: they come first next time */
};

struct client {
	int fd;
	char *buffer; /* bytes read and not yet used */
	size_t len, cap;
};

void client_open(struct client *client, const struct served *served);
void client_close(struct client *client);
/* False when the peer does not take it. */
bool client_send(struct client *client, const void *bytes, size_t len);
#define SAY(client, text) CHECK(client_send((client), (text), sizeof(text) - 1))
/* The next answer: to HEAD one without a body. The reply's body is freed by the next call or client_reply_done. */
void client_reply(struct client *client, struct reply *reply, bool is_head);
void client_reply_done(struct reply *reply);
/* True when the server closes within five seconds (further bytes are dropped). */
bool client_sees_end(struct client *client);
/* True when nothing arrives and nothing ends for ms. */
bool client_hears_nothing(struct client *client, int ms);

#endif
