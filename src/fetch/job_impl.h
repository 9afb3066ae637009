/*
 * job: one fetch from request to answer, and the line in which it waits.
 *
 * Owns      a checked copy of the request (wiped at the end, for it may carry secrets) and the answer's bytes.
 * Promises  a request that libcurl could read differently than we do never becomes a job; the queue keeps the limits of
 *           fetch.h and lets no origin hold up another.
 * Start at  job_new(), queue_push(), queue_take().
 */
#ifndef FETCH_JOB_IMPL_H
#define FETCH_JOB_IMPL_H

#include <sys/queue.h>

#include "base/buffer.h"
#include "fetch/fetch.h"
#include "fetch/url.h"

struct job {
	TAILQ_ENTRY(job) link;
	/* the request */
	struct arena *arena; /* all below points into it */
	slice url_text;      /* NUL-terminated */
	struct url url;
	enum fetch_method method;
	char **header_lines; /* "Name: value", NUL-terminated each */
	size_t header_count;
	slice body;
	size_t max_bytes;
	int64_t deadline_us;  /* by clock_ticks_us */
	bool is_address_free; /* configuration exempts the host from the address rules */
	/* the answer */
	fetch_done *done;
	void *user;
	struct buffer got_body, got_headers;
	bool was_refused; /* an address of the host was not public */
	/* libcurl's, used by fetch.c alone */
	void *easy, *lines;
	char easy_error[256];
};

/* Checks and copies. FAULT_INVALID, or FAULT_EXHAUSTED without memory. */
FALLIBLE job_new(const struct fetch_request *request, struct job **ret_job);
struct job *job_free(struct job *job);

/* Jobs in order of arrival; not locked. */
TAILQ_HEAD(job_list, job);
struct queue {
	struct job_list jobs;
	size_t count;
};

void queue_init(struct queue *queue);
void queue_append(struct queue *queue, struct job *job);
void queue_remove(struct queue *queue, struct job *job);
size_t queue_count_origin(const struct queue *queue, slice origin);
/* FAULT_EXHAUSTED when the line, or the part of it for this origin, is full. */
FALLIBLE queue_push(struct queue *waiting, struct job *job);
/* Removes and gives the first job that is past its deadline or may go on the wire beside `running`; NULL when none may. */
struct job *queue_take(struct queue *waiting, const struct queue *running, int64_t now_us);

#endif
