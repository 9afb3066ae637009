#include "fetch/job_impl.h"

#include "base/clock.h"
#include "base/mem.h"

#define HEADER_BYTES_MAX (40u << 10) /* one request header; a bearer token of 32 kB fits */
#define JOB_ARENA_BYTES (FETCH_SENT_BYTES_MAX + FETCH_HEADERS_MAX * HEADER_BYTES_MAX + (64u << 10))

static FALLIBLE job_fill(struct job *job, const struct fetch_request *request);

FALLIBLE job_new(const struct fetch_request *request, struct job **ret_job)
{
	struct job *job = NEW_ZERO(struct job);
	status st;

	if (!job)
		return FAIL(FAULT_EXHAUSTED, "no memory for a fetch");
	st = job_fill(job, request);
	if (FAILED(st)) {
		job_free(job);
		return fault_via(st, __func__, __LINE__);
	}
	*ret_job = job;
	return OK;
}

struct job *job_free(struct job *job)
{
	if (!job)
		return NULL;
	for (size_t i = 0; job->header_lines && i < job->header_count; i++) {
		if (job->header_lines[i])
			explicit_bzero(job->header_lines[i], strlen(job->header_lines[i]));
	}
	if (job->body.len > 0)
		explicit_bzero((void *)(uintptr_t)job->body.at, job->body.len); /* our own copy */
	if (job->got_body.at)
		explicit_bzero(job->got_body.at, job->got_body.len);
	buffer_done(&job->got_body);
	buffer_done(&job->got_headers);
	arena_free(job->arena);
	return mem_free(job);
}

/* token of RFC 9110 section 5.6.2 */
static bool is_token(slice s)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    (c == '\0' || !memchr(marks, c, sizeof(marks) - 1)))
			return false;
	}
	return s.len > 0;
}

/* What frames the message is not the caller's to set. */
static bool is_reserved(slice name)
{
	static const char *const reserved[] = {
		"host", "content-length", "transfer-encoding", "connection",         "expect", "upgrade",
		"te",   "trailer",        "accept-encoding",   "proxy-authorization"
	};

	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (slice_eq_nocase(name, slice_str(reserved[i])))
			return true;
	}
	return false;
}

static bool is_header_value(slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.at[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return value.len > 0;
}

static FALLIBLE headers_copy(struct job *job, const struct fetch_request *request)
{
	if (request->header_count > FETCH_HEADERS_MAX)
		return FAIL(FAULT_INVALID, "a fetch has at most %d headers", FETCH_HEADERS_MAX);
	job->header_lines = NEW_N(job->arena, char *, request->header_count);
	TRY_NEW(job->header_lines);
	for (size_t i = 0; i < request->header_count; i++) {
		slice name = request->headers[i].name, value = request->headers[i].value;

		if (!is_token(name) || is_reserved(name))
			return FAIL(FAULT_INVALID, "a fetch must not set the header \"%.*s\"", SLICE_ARG(name));
		if (!is_header_value(value) || name.len + value.len > HEADER_BYTES_MAX)
			return FAIL(FAULT_INVALID, "the value of header \"%.*s\" is empty, too long or has control characters",
				    SLICE_ARG(name));
		job->header_lines[i] = arena_printf(job->arena, "%.*s: %.*s", SLICE_ARG(name), SLICE_ARG(value));
		TRY_NEW(job->header_lines[i]);
		job->header_count++;
	}
	return OK;
}

static FALLIBLE job_fill(struct job *job, const struct fetch_request *request)
{
	if (request->max_bytes == 0 || request->max_bytes > FETCH_BYTES_MAX)
		return FAIL(FAULT_INVALID, "a fetch's limit must be 1 to %u bytes", FETCH_BYTES_MAX);
	if (request->timeout_ms < 1 || request->timeout_ms > FETCH_TIMEOUT_MS_MAX)
		return FAIL(FAULT_INVALID, "a fetch's time-out must be 1 to %d ms", FETCH_TIMEOUT_MS_MAX);
	if (request->body.len > FETCH_SENT_BYTES_MAX)
		return FAIL(FAULT_INVALID, "a fetch sends at most %u bytes", FETCH_SENT_BYTES_MAX);
	buffer_init(&job->got_body, NULL, request->max_bytes);
	buffer_init(&job->got_headers, NULL, FETCH_HEADER_BYTES_MAX);
	job->arena = arena_new(JOB_ARENA_BYTES);
	TRY_NEW(job->arena);
	job->url_text = arena_copy(job->arena, slice_to(request->url, URL_BYTES_MAX + 1));
	TRY_NEW(job->url_text.at);
	TRY(url_parse(job->url_text, &job->url));
	TRY(headers_copy(job, request));
	job->body = arena_copy(job->arena, request->body);
	TRY_NEW(job->body.at);
	job->method = request->method;
	job->max_bytes = request->max_bytes;
	job->deadline_us = clock_ticks_us() + request->timeout_ms * 1000;
	return OK;
}

void queue_init(struct queue *queue)
{
	TAILQ_INIT(&queue->jobs);
	queue->count = 0;
}

void queue_append(struct queue *queue, struct job *job)
{
	TAILQ_INSERT_TAIL(&queue->jobs, job, link);
	queue->count++;
}

void queue_remove(struct queue *queue, struct job *job)
{
	TAILQ_REMOVE(&queue->jobs, job, link);
	queue->count--;
}

size_t queue_count_origin(const struct queue *queue, slice origin)
{
	const struct job *job;
	size_t count = 0;

	TAILQ_FOREACH(job, &queue->jobs, link)
	count += slice_eq(job->url.origin, origin);
	return count;
}

FALLIBLE queue_push(struct queue *waiting, struct job *job)
{
	if (waiting->count >= FETCH_WAITING_MAX)
		return FAIL(FAULT_EXHAUSTED, "too many fetches are waiting");
	if (queue_count_origin(waiting, job->url.origin) >= FETCH_WAITING_PER_ORIGIN_MAX)
		return FAIL(FAULT_EXHAUSTED, "too many fetches are waiting for %.*s", SLICE_ARG(job->url.host));
	queue_append(waiting, job);
	return OK;
}

struct job *queue_take(struct queue *waiting, const struct queue *running, int64_t now_us)
{
	struct job *job;

	TAILQ_FOREACH(job, &waiting->jobs, link)
	{
		bool may_run = running->count < FETCH_RUNNING_MAX &&
			       queue_count_origin(running, job->url.origin) < FETCH_PER_ORIGIN_MAX;

		if (may_run || job->deadline_us <= now_us) {
			queue_remove(waiting, job);
			return job;
		}
	}
	return NULL;
}
