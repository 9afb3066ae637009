/*
 * fetch: the door to libcurl, and the thread behind it.
 *
 * Any thread puts jobs into `waiting` under the lock and wakes the thread; the thread alone touches libcurl, `running` and
 * the answers, and calls each job's fetch_done without the lock.
 */
#include "fetch/fetch.h"

#include <assert.h>
#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "fetch/address.h"
#include "fetch/allow_impl.h"
#include "fetch/curl_late_impl.h"
#include "fetch/job_impl.h"
#include "fetch/place_impl.h"

#define ROOTS_FOLDER "/etc/ssl/certs" /* of ca-certificates; looked up by hash, so nothing is read that is not needed */
#define IDLE_CONNECTIONS_MAX 8L
#define WAITING_POLL_MS 50 /* while jobs wait, their deadlines are looked at this often */
#define IDLE_POLL_MS 60000

struct fetcher {
	CURLM *multi; /* made by the thread, where libcurl is loaded; changed under the lock */
	pthread_t thread;
	pthread_mutex_t lock;
	struct queue waiting;  /* under the lock */
	bool is_stopping;      /* under the lock */
	struct places *places; /* locks itself */
	struct queue running;  /* the thread's */
	struct allow_list *allowed;
	char *ca_file;
	bool is_personal;
	int64_t timeout_ms;
};

static void *fetcher_run(void *arg);
static bool job_start(struct fetcher *fetcher, struct job *job);
static bool jobs_finish(struct fetcher *fetcher);
static void job_end(struct job *job, enum fault fault, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* --- what callers see --- */

static FALLIBLE fetcher_fill(struct fetcher *fetcher, const struct fetch_config *config)
{
	TRY(allow_new(config->allowed_hosts, &fetcher->allowed));
	fetcher->is_personal = config->is_personal;
	fetcher->timeout_ms = config->timeout_ms ? config->timeout_ms : FETCH_TIMEOUT_MS;
	fetcher->places = places_new(config->waiting_threads_max);
	TRY_NEW(fetcher->places);
	if (config->ca_file) {
		if (access(config->ca_file, R_OK) != 0)
			return FAIL_FIELD("fetch.ca_file", "cannot read \"%s\"", config->ca_file);
		fetcher->ca_file = mem_copy_text(config->ca_file, strlen(config->ca_file));
		if (!fetcher->ca_file)
			return FAIL(FAULT_EXHAUSTED, "no memory for the fetcher");
	}
	return OK;
}

/* The thread takes no signals: they belong to the main loop. */
static FALLIBLE thread_begin(struct fetcher *fetcher)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&fetcher->thread, NULL, fetcher_run, fetcher);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0)
		return FAIL(FAULT_INTERNAL, "the fetch thread cannot start (error %d)", error);
	return OK;
}

static struct fetcher *fetcher_done(struct fetcher *fetcher)
{
	if (fetcher->multi)
		(void)curl_multi_cleanup(fetcher->multi); /* fails only on a bad handle */
	pthread_mutex_destroy(&fetcher->lock);
	places_free(fetcher->places);
	allow_free(fetcher->allowed);
	mem_free(fetcher->ca_file);
	return mem_free(fetcher);
}

FALLIBLE fetcher_new(const struct fetch_config *config, struct fetcher **ret_fetcher)
{
	struct fetcher *fetcher;
	status st;

	fetcher = NEW_ZERO(struct fetcher);
	if (!fetcher)
		return FAIL(FAULT_EXHAUSTED, "no memory for the fetcher");
	pthread_mutex_init(&fetcher->lock, NULL);
	queue_init(&fetcher->waiting);
	queue_init(&fetcher->running);
	st = fetcher_fill(fetcher, config);
	if (!FAILED(st))
		st = thread_begin(fetcher);
	if (FAILED(st)) {
		fetcher_done(fetcher);
		return fault_via(st, __func__, __LINE__);
	}
	*ret_fetcher = fetcher;
	return OK;
}

/* What was changed under the lock is looked at. A thread that is still loading libcurl looks when it is done. */
static void thread_wake(struct fetcher *fetcher)
{
	CURLM *multi;

	pthread_mutex_lock(&fetcher->lock);
	multi = fetcher->multi;
	pthread_mutex_unlock(&fetcher->lock);
	if (multi)
		(void)curl_multi_wakeup(multi); /* fails only when a wake-up is pending already */
}

struct fetcher *fetcher_free(struct fetcher *fetcher)
{
	if (!fetcher)
		return NULL;
	assert(!fetcher_is_here(fetcher));
	pthread_mutex_lock(&fetcher->lock);
	fetcher->is_stopping = true;
	pthread_mutex_unlock(&fetcher->lock);
	thread_wake(fetcher);
	pthread_join(fetcher->thread, NULL);
	return fetcher_done(fetcher);
}

bool fetcher_is_here(const struct fetcher *fetcher)
{
	return pthread_equal(pthread_self(), fetcher->thread);
}

FALLIBLE fetch_place_take(struct fetcher *fetcher, slice party, size_t *ret_place)
{
	return places_take(fetcher->places, party, clock_ticks_us(), ret_place);
}

void fetch_place_leave(struct fetcher *fetcher, size_t place)
{
	places_leave(fetcher->places, place, clock_ticks_us());
}

/* What can be said before a name is looked up. */
static FALLIBLE url_admit(const struct fetcher *fetcher, const struct url *url, bool *ret_is_address_free)
{
	enum allow_level_t level = fetcher->is_personal ? ALLOW_HTTP : allow_level(fetcher->allowed, url);

	if (!url->is_https && level != ALLOW_HTTP)
		return FAIL(FAULT_DENIED, "plain http to %.*s is not allowed; use https", SLICE_ARG(url->host));
	*ret_is_address_free = level != ALLOW_PUBLIC;
	return OK;
}

bool fetch_allows(const struct fetcher *fetcher, slice url)
{
	struct report scratch = { 0 }, *before = report_use(&scratch);
	struct url parsed;
	bool is_free, allows;

	allows = !FAILED(url_parse(url, &parsed)) && !FAILED(url_admit(fetcher, &parsed, &is_free));
	report_use(before);
	return allows;
}

static FALLIBLE job_queue(struct fetcher *fetcher, struct job *job)
{
	status st;

	TRY(url_admit(fetcher, &job->url, &job->is_address_free));
	pthread_mutex_lock(&fetcher->lock);
	st = fetcher->is_stopping ? FAIL(FAULT_CANCELLED, "shutting down") : queue_push(&fetcher->waiting, job);
	pthread_mutex_unlock(&fetcher->lock);
	return st;
}

FALLIBLE fetch_start(struct fetcher *fetcher, const struct fetch_request *request, fetch_done *done, void *user)
{
	struct fetch_request timed = *request;
	struct job *job = NULL;
	status st;

	if (timed.timeout_ms == 0)
		timed.timeout_ms = fetcher->timeout_ms;
	TRY(job_new(&timed, &job));
	job->done = done;
	job->user = user;
	st = job_queue(fetcher, job);
	if (FAILED(st)) {
		job_free(job);
		return fault_via(st, __func__, __LINE__);
	}
	thread_wake(fetcher);
	return OK;
}

/* --- the thread --- */

/* Loads libcurl, which takes some milliseconds: whoever made the fetcher does not wait for it. */
static void multi_begin(struct fetcher *fetcher)
{
	CURLM *multi = curl_multi_init();

	if (!multi || curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS_MAX) != CURLM_OK)
		curl_refuse("does not start", "out of memory");
	pthread_mutex_lock(&fetcher->lock);
	fetcher->multi = multi;
	pthread_mutex_unlock(&fetcher->lock);
}

/* Puts waiting jobs on the wire while there is room; gives whether some still wait, and whether to stop. */
static bool jobs_admit(struct fetcher *fetcher, bool *ret_is_stopping)
{
	bool some_wait;

	for (;;) {
		struct job *job = NULL;
		int64_t now_us = clock_ticks_us();

		pthread_mutex_lock(&fetcher->lock);
		*ret_is_stopping = fetcher->is_stopping;
		if (!fetcher->is_stopping)
			job = queue_take(&fetcher->waiting, &fetcher->running, now_us);
		some_wait = fetcher->waiting.count > 0;
		pthread_mutex_unlock(&fetcher->lock);
		if (!job)
			return some_wait;
		if (job->deadline_us <= now_us)
			job_end(job, FAULT_TOO_LATE, "fetching from %.*s took too long: others were first",
				SLICE_ARG(job->url.host));
		else if (job_start(fetcher, job))
			queue_append(&fetcher->running, job);
		else
			job_end(job, FAULT_EXHAUSTED, "no memory to fetch from %.*s", SLICE_ARG(job->url.host));
	}
}

static void jobs_cancel(struct fetcher *fetcher, struct queue *queue)
{
	struct job *job;

	while ((job = TAILQ_FIRST(&queue->jobs))) {
		queue_remove(queue, job);
		if (job->easy)
			(void)curl_multi_remove_handle(fetcher->multi, job->easy); /* it was added; nothing else can fail */
		job_end(job, FAULT_CANCELLED, "fetching from %.*s ended: shutting down", SLICE_ARG(job->url.host));
	}
}

static void *fetcher_run(void *arg)
{
	struct fetcher *fetcher = arg;
	bool is_stopping = false;
	int left;

	multi_begin(fetcher);
	while (!is_stopping) {
		bool some_wait = jobs_admit(fetcher, &is_stopping);

		if (is_stopping)
			break;
		if (curl_multi_perform(fetcher->multi, &left) != CURLM_OK)
			(void)usleep(1000); /* out of memory: each job still ends by its own time-out */
		if (!jobs_finish(fetcher))  /* the poll's only failure is memory, as above */
			(void)curl_multi_poll(fetcher->multi, NULL, 0, some_wait ? WAITING_POLL_MS : IDLE_POLL_MS, NULL);
	}
	jobs_cancel(fetcher, &fetcher->running);
	jobs_cancel(fetcher, &fetcher->waiting); /* nobody adds any more: is_stopping was seen under the lock */
	return NULL;
}

/* --- one job on the wire --- */

/* The one place where an address is still exactly the one that is dialled next, whatever the name said before. */
static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct job *job = user;

	if (purpose != CURLSOCKTYPE_IPCXN || (address->family != AF_INET && address->family != AF_INET6))
		return CURL_SOCKET_BAD;
	if (!job->is_address_free && !address_is_public(&address->addr, address->addrlen)) {
		job->was_refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t take_body(char *at, size_t size, size_t count, void *user)
{
	struct job *job = user;

	buffer_add(&job->got_body, slice_of(at, size * count));
	return buffer_failed(&job->got_body) ? 0 : size * count;
}

static size_t take_header(char *at, size_t size, size_t count, void *user)
{
	struct job *job = user;
	slice line = slice_of(at, size * count);

	if (slice_starts(line, SLICE("HTTP/")))
		buffer_clear(&job->got_headers); /* what came before was an interim answer */
	else if (slice_trim(line).len > 0)
		buffer_add(&job->got_headers, line);
	return buffer_failed(&job->got_headers) ? 0 : size * count;
}

/* The lines stay in the job's arena, where they are wiped; only curl's list around them is made here. */
static bool set_headers(struct job *job, CURL *easy)
{
	struct curl_slist *lines = NEW_N(job->arena, struct curl_slist, job->header_count + 1);

	if (!lines)
		return false;
	lines[0].data = arena_text(job->arena, SLICE("Expect:")); /* no 100-continue */
	for (size_t i = 0; i < job->header_count; i++) {
		lines[i].next = &lines[i + 1];
		lines[i + 1].data = job->header_lines[i];
	}
	return lines[0].data && curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lines) == CURLE_OK;
}

static bool set_method(const struct job *job, CURL *easy)
{
	static const char *const names[] = { [FETCH_GET] = "GET",
					     [FETCH_POST] = "POST",
					     [FETCH_PUT] = "PUT",
					     [FETCH_PATCH] = "PATCH",
					     [FETCH_DELETE] = "DELETE" };
	bool has_body = job->method == FETCH_POST || job->method == FETCH_PUT || job->method == FETCH_PATCH;

	return curl_easy_setopt(easy, has_body ? CURLOPT_POST : CURLOPT_HTTPGET, 1L) == CURLE_OK &&
	       (!has_body || (curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)job->body.len) == CURLE_OK &&
			      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, job->body.at) == CURLE_OK)) &&
	       curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, names[job->method]) == CURLE_OK;
}

#define SET(option, value)                                                 \
	do {                                                               \
		if (curl_easy_setopt(easy, (option), (value)) != CURLE_OK) \
			return false;                                      \
	} while (0)

/* What may be dialled, and with what besides the request itself: nothing. */
static bool set_rules(const struct fetcher *fetcher, struct job *job, CURL *easy)
{
	SET(CURLOPT_PROTOCOLS_STR, job->url.is_https ? "https" : "http");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_MAXREDIRS, 0L);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, job);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	if (!fetcher->is_personal)
		SET(CURLOPT_PROXY, ""); /* even when the environment names one */
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_CAPATH, ROOTS_FOLDER);
	SET(CURLOPT_CAINFO, fetcher->ca_file);
	return true;
}

static bool set_limits(struct job *job, CURL *easy)
{
	int64_t left_ms = (job->deadline_us - clock_ticks_us()) / 1000;

	if (left_ms < 1)
		left_ms = 1; /* 0 would mean for ever */
	SET(CURLOPT_TIMEOUT_MS, (long)left_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(left_ms < FETCH_CONNECT_MS_MAX ? left_ms : FETCH_CONNECT_MS_MAX));
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)job->max_bytes);
	SET(CURLOPT_WRITEFUNCTION, take_body);
	SET(CURLOPT_WRITEDATA, job);
	SET(CURLOPT_HEADERFUNCTION, take_header);
	SET(CURLOPT_HEADERDATA, job);
	SET(CURLOPT_ERRORBUFFER, job->easy_error);
	SET(CURLOPT_PRIVATE, job);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L); /* a slow name look-up is left behind, never waited for */
	return true;
}

/* False without memory; then the job is as it was but for its handle, which job_end frees. */
static bool job_start(struct fetcher *fetcher, struct job *job)
{
	CURL *easy = curl_easy_init();

	job->easy = easy;
	if (!easy)
		return false;
	SET(CURLOPT_URL, job->url_text.at);
	SET(CURLOPT_USERAGENT, "reeve/" REEVE_VERSION);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	return set_rules(fetcher, job, easy) && set_limits(job, easy) && set_method(job, easy) && set_headers(job, easy) &&
	       curl_multi_add_handle(fetcher->multi, easy) == CURLM_OK;
}

/* Answers and frees a job that is in no queue and not in the multi handle. */
static void job_end(struct job *job, enum fault fault, const char *format, ...)
{
	struct fetch_answer answer = { .fault = fault };
	va_list args;
	long http_status = 0;

	va_start(args, format);
	(void)vsnprintf(answer.error, sizeof(answer.error), format, args); /* a cut text is still a text */
	va_end(args);
	if (fault == FAULT_NONE) {
		if (curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &http_status) == CURLE_OK)
			answer.http_status = (int)http_status;
		answer.body = buffer_slice(&job->got_body);
		answer.headers = buffer_slice(&job->got_headers);
	}
	job->done(job->user, &answer);
	curl_easy_cleanup(job->easy);
	job_free(job);
}

/* What curl says of a handshake that never was: a peer that knows TLS sends an alert. */
static bool may_be_plain(const struct job *job, CURLcode code)
{
	return code == CURLE_SSL_CONNECT_ERROR && !strstr(job->easy_error, "alert");
}

static void job_judge(struct job *job, CURLcode code)
{
	slice host = job->url.host;
	unsigned port = job->url.port;

	if (code == CURLE_OK)
		job_end(job, FAULT_NONE, "%s", "");
	else if (job->was_refused && code == CURLE_COULDNT_CONNECT)
		job_end(job, FAULT_DENIED, "the address of %.*s is not public, and configuration does not allow this host",
			SLICE_ARG(host));
	else if (code == CURLE_OPERATION_TIMEDOUT)
		job_end(job, FAULT_TOO_LATE, "fetching from %.*s:%u took too long", SLICE_ARG(host), port);
	else if (code == CURLE_FILESIZE_EXCEEDED || buffer_failed(&job->got_body))
		job_end(job, FAULT_EXHAUSTED, "the answer of %.*s is larger than %zu bytes", SLICE_ARG(host), job->max_bytes);
	else if (buffer_failed(&job->got_headers))
		job_end(job, FAULT_EXHAUSTED, "the answer of %.*s has more than %u bytes of headers", SLICE_ARG(host),
			FETCH_HEADER_BYTES_MAX);
	else if (code == CURLE_OUT_OF_MEMORY)
		job_end(job, FAULT_EXHAUSTED, "no memory to fetch from %.*s", SLICE_ARG(host));
	else if (code == CURLE_PEER_FAILED_VERIFICATION)
		job_end(job, FAULT_UNAVAILABLE, "the certificate of %.*s:%u is not trusted: %s", SLICE_ARG(host), port,
			job->easy_error);
	else
		job_end(job, FAULT_UNAVAILABLE, "cannot fetch from %.*s:%u: %s%s", SLICE_ARG(host), port,
			curl_easy_strerror(code), may_be_plain(job, code) ? "; it may speak plain http there" : "");
}

/* True when one ended, so that another may start. */
static bool jobs_finish(struct fetcher *fetcher)
{
	bool some_ended = false;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(fetcher->multi, &left))) {
		CURLcode code = message->data.result;
		CURL *easy = message->easy_handle;
		char *job = NULL;

		assert(message->msg == CURLMSG_DONE);
		if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &job) != CURLE_OK || !job)
			continue;                                     /* cannot be: each handle was given its job */
		(void)curl_multi_remove_handle(fetcher->multi, easy); /* it was added; nothing else can fail */
		queue_remove(&fetcher->running, (struct job *)(void *)job);
		job_judge((struct job *)(void *)job, code);
		some_ended = true;
	}
	return some_ended;
}
