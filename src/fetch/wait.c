/*
 * wait: fetching from a thread that may block, and reading what came back.
 */
#include <assert.h>
#include <pthread.h>

#include "fetch/fetch.h"
#include "fetch/url.h"

struct wait {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_done;
	struct arena *arena;
	struct fetch_answer answer;
};

static void wait_done(void *user, const struct fetch_answer *answer)
{
	struct wait *wait = user;

	pthread_mutex_lock(&wait->lock);
	wait->answer = *answer;
	wait->answer.body = arena_copy(wait->arena, answer->body);
	wait->answer.headers = arena_copy(wait->arena, answer->headers);
	if (answer->fault == FAULT_NONE && (!wait->answer.body.at || !wait->answer.headers.at)) {
		wait->answer.fault = FAULT_EXHAUSTED;
		(void)snprintf(wait->answer.error, sizeof(wait->answer.error),
			       "the answer needs more memory than this call may use");
	}
	wait->is_done = true;
	pthread_cond_signal(&wait->changed);
	pthread_mutex_unlock(&wait->lock);
}

static FALLIBLE wait_in_place(struct fetcher *fetcher, const struct fetch_request *request, struct arena *arena,
			      struct fetch_answer *ret_answer)
{
	struct wait wait = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .arena = arena };
	status started;

	started = fetch_start(fetcher, request, wait_done, &wait);
	pthread_mutex_lock(&wait.lock);
	while (!FAILED(started) && !wait.is_done)
		pthread_cond_wait(&wait.changed, &wait.lock);
	pthread_mutex_unlock(&wait.lock);
	pthread_cond_destroy(&wait.changed);
	pthread_mutex_destroy(&wait.lock);
	TRY(started);
	if (wait.answer.fault != FAULT_NONE)
		return FAIL(wait.answer.fault, "%s", wait.answer.error);
	*ret_answer = wait.answer;
	return OK;
}

FALLIBLE fetch_wait(struct fetcher *fetcher, const struct fetch_request *request, struct arena *arena,
		    struct fetch_answer *ret_answer)
{
	struct url url;
	size_t place;
	status result;

	assert(!fetcher_is_here(fetcher));
	if (request->has_place)
		return wait_in_place(fetcher, request, arena, ret_answer);
	TRY(url_parse(request->url, &url));
	TRY(fetch_place_take(fetcher, url.origin, &place));
	result = wait_in_place(fetcher, request, arena, ret_answer);
	fetch_place_leave(fetcher, place);
	return result;
}

bool fetch_header(const struct fetch_answer *answer, const char *name, slice *ret_value)
{
	slice rest = answer->headers, line, key, value;

	while (rest.len > 0) {
		(void)slice_cut(rest, '\n', &line, &rest); /* the last line may lack its end */
		if (slice_cut(line, ':', &key, &value) && slice_eq_nocase(key, slice_str(name))) {
			*ret_value = slice_trim(value);
			return true;
		}
	}
	return false;
}
