/*
 * fetch: HTTP to the outside world, for URLs that a stranger may have chosen.
 *
 * Owns      one thread with libcurl's multi interface, a bounded queue, and the rules of what may be dialled.
 * Promises  the address really dialled is public unless the configuration names the host; https unless it is named for http;
 *           no redirect is followed; no proxy, cookie, netrc or other ambient credential is used; answers end at max_bytes
 *           and at timeout_ms; nothing is decoded. Every started fetch is answered exactly once, also on shutdown.
 * Start at  fetcher_new(); fetch_start() from a loop, fetch_wait() from a worker or the CLI.
 */
#ifndef FETCH_FETCH_H
#define FETCH_FETCH_H

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"

#define FETCH_WAITING_MAX 256              /* fetches queued behind the running ones; one more is refused */
#define FETCH_RUNNING_MAX 32               /* fetches on the wire at once */
#define FETCH_PER_ORIGIN_MAX 4             /* of these to one scheme, host and port, so that a slow one cannot take them all */
#define FETCH_WAITING_PER_ORIGIN_MAX 64    /* queued for one scheme, host and port */
#define FETCH_BYTES_MAX (16u << 20)        /* largest max_bytes a request may ask for */
#define FETCH_HEADER_BYTES_MAX (16u << 10) /* all header lines of one answer together */
#define FETCH_SENT_BYTES_MAX (1u << 20)    /* largest request body */
#define FETCH_HEADERS_MAX 16               /* header lines of a request */
#define FETCH_TIMEOUT_MS 5000
#define FETCH_TIMEOUT_MS_MAX 120000
#define FETCH_CONNECT_MS_MAX 5000 /* name look-up, connection and TLS together, within timeout_ms */
#define FETCH_ALLOWED_MAX 64      /* entries of the allow list */
#define FETCH_ERROR_BYTES 192

struct fetcher;

/* How this process may reach out; copied by fetcher_new. */
struct fetch_config {
	/* Hosts whose addresses are not checked, NULL-terminated, each "host" (any port) or "host:port"; with "http://" in
	 * front plain http is fine there too. Names are compared whole and exactly, never by suffix. NULL: none. */
	const char *const *allowed_hosts;
	/* PEM file of certificates that are trusted besides the system's roots; NULL: none. */
	const char *ca_file;
	/* Only for a program that acts for the person who typed the URL (the CLI): any address and http are fine and the
	 * environment's proxy is honoured. Never in the server. */
	bool is_personal;
	/* Places for threads that wait for others (place.c); whoever finds none is refused, so that slow peers never hold all
	 * of a caller's threads. 0: any number. */
	unsigned waiting_threads_max;
	/* Of requests that name no time-out; 0: FETCH_TIMEOUT_MS. */
	int64_t timeout_ms;
};

enum fetch_method { FETCH_GET, FETCH_POST, FETCH_PUT, FETCH_PATCH, FETCH_DELETE };

struct fetch_header {
	slice name, value;
};

/* Everything is copied by fetch_start; zeroed members mean their default. */
struct fetch_request {
	slice url;
	enum fetch_method method;
	const struct fetch_header *headers; /* no Host, Content-Length, Transfer-Encoding, Connection or Expect */
	size_t header_count;
	slice body;         /* of POST, PUT and PATCH */
	size_t max_bytes;   /* largest answer body; 1 … FETCH_BYTES_MAX */
	int64_t timeout_ms; /* from fetch_start to the last byte, waiting included; 1 … FETCH_TIMEOUT_MS_MAX; 0: the fetcher's
			     */
	bool has_place;     /* fetch_wait: the caller took one by fetch_place_take */
};

/* What came back. With fault FAULT_NONE there was an HTTP answer of any status, redirects and errors included; otherwise
 * FAULT_DENIED (address or scheme refused), FAULT_UNAVAILABLE (no connection, TLS, broken answer), FAULT_TOO_LATE,
 * FAULT_EXHAUSTED (larger than max_bytes or out of memory) or FAULT_CANCELLED (shutdown), and `error` says it in one line
 * without the URL's path or query. */
struct fetch_answer {
	enum fault fault;
	int http_status;
	slice body;
	slice headers; /* "name: value\r\n" lines as received, without the status line */
	char error[FETCH_ERROR_BYTES];
};

/* Runs on the fetch thread, once. The answer and all it points at end with the call. Must not block and must not call
 * fetch_wait or fetcher_free. */
typedef void fetch_done(void *user, const struct fetch_answer *answer);

/* FAULT_INVALID names a bad entry of the allow list or an unreadable CA file; FAULT_INTERNAL when the thread cannot start. */
FALLIBLE fetcher_new(const struct fetch_config *config, struct fetcher **ret_fetcher);
/* Answers all that is queued or running with FAULT_CANCELLED, ends the thread and frees. NULL is fine; returns NULL. No other
 * thread may be inside fetch_start or fetch_wait, or enter it. */
struct fetcher *fetcher_free(struct fetcher *fetcher);
/* True on the fetch thread itself, where nothing may wait. */
bool fetcher_is_here(const struct fetcher *fetcher);

/* Starts a fetch; never blocks on the network. On a fault (URL refused: FAULT_INVALID or FAULT_DENIED; queue full:
 * FAULT_EXHAUSTED; shutting down: FAULT_CANCELLED) `done` is not called. Any thread, also from inside a fetch_done. */
FALLIBLE fetch_start(struct fetcher *fetcher, const struct fetch_request *request, fetch_done *done, void *user);
/* A place among the threads that wait, on behalf of this party (an issuer, a provider, a caller): for several fetches in a row,
 * or for waiting until another thread's fetch is done. FAULT_BUSY when the party has its share, or all are taken. Any thread.
 */
FALLIBLE fetch_place_take(struct fetcher *fetcher, slice party, size_t *ret_place);
void fetch_place_leave(struct fetcher *fetcher, size_t place);
/* The same as fetch_start and waits; body and headers are copied into the arena. An answer of any HTTP status is OK; every
 * other end is the fault described above, and FAULT_BUSY when there is no place to wait for this URL's origin. Never on a loop
 * thread or the fetch thread. */
FALLIBLE fetch_wait(struct fetcher *fetcher, const struct fetch_request *request, struct arena *arena,
		    struct fetch_answer *ret_answer);

/* The value of the first header line of that name (any case), trimmed; false when absent. */
bool fetch_header(const struct fetch_answer *answer, const char *name, slice *ret_value);
/* True when fetch_start would not refuse this URL before dialling: it parses, and its scheme and host form are allowed here.
 * For checks at the time an issuer or sink is written; the address is only known later. */
bool fetch_allows(const struct fetcher *fetcher, slice url);

static inline void fetcher_freep(struct fetcher **fetcher)
{
	*fetcher = fetcher_free(*fetcher);
}

#endif
