/*
 * curl_late: libcurl, loaded by the first call instead of at start.
 *
 * libcurl brings thirty shared objects and costs some 8 ms before main(); `reeve version` has 10, and a server opens its store
 * meanwhile. So this room defines the functions of libcurl that it uses and hands each on to the real one, which dlopen()
 * brings. No program is linked with libcurl; a test looks.
 *
 * The first call is the fetch thread's, as soon as there is a fetcher: where libcurl is missing, a server says so and ends
 * while it starts, not at its first fetch.
 */
#include "fetch/curl_late_impl.h"

#include <assert.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* A setting is a long, a pointer or a 64-bit offset: one word each here, so that one word can be passed on. */
static_assert(sizeof(long) == 8 && sizeof(void *) == 8 && sizeof(curl_off_t) == 8, "curl_easy_setopt's argument is one word");

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

static void *library;
static pthread_once_t once = PTHREAD_ONCE_INIT;

void curl_refuse(const char *what, const char *why)
{
	(void)fprintf(stderr, "Error: the network library %s: %s (Debian: libcurl4)\n", what, why); /* nowhere else to say it */
	_exit(1); /* other threads may be at work, and what exit() runs is not meant to run beside them */
}

static void load(void)
{
	CURLcode (*init)(long);

	library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		curl_refuse("is missing", dlerror());
	*(void **)&init = dlsym(library, "curl_global_init"); /* data to ISO C; POSIX promises the conversion */
	if (!init || init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		curl_refuse("does not start", "out of memory, or not libcurl");
}

/* The function of that name; `found` keeps it. */
static void *function(void **found, const char *name)
{
	void *at = __atomic_load_n(found, __ATOMIC_ACQUIRE);

	if (at)
		return at;
	pthread_once(&once, load);
	at = dlsym(library, name);
	if (!at)
		curl_refuse("is too old", dlerror());
	__atomic_store_n(found, at, __ATOMIC_RELEASE);
	return at;
}

/* `late` is the real function of that name; as above. */
#define LATE(name)              \
	static void *found;     \
	__typeof__(&name) late; \
	*(void **)&late = function(&found, #name)

CURL *curl_easy_init(void)
{
	LATE(curl_easy_init);
	return late();
}

void curl_easy_cleanup(CURL *easy)
{
	LATE(curl_easy_cleanup);
	late(easy);
}

CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
	va_list args;
	void *word;
	LATE(curl_easy_setopt);

	va_start(args, option);
	word = va_arg(args, void *);
	va_end(args);
	return late(easy, option, word);
}

CURLcode curl_easy_getinfo(CURL *easy, CURLINFO what, ...)
{
	va_list args;
	void *word;
	LATE(curl_easy_getinfo);

	va_start(args, what);
	word = va_arg(args, void *);
	va_end(args);
	return late(easy, what, word);
}

const char *curl_easy_strerror(CURLcode code)
{
	LATE(curl_easy_strerror);
	return late(code);
}

CURLcode curl_easy_perform(CURL *easy)
{
	LATE(curl_easy_perform);
	return late(easy);
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *line)
{
	LATE(curl_slist_append);
	return late(list, line);
}

void curl_slist_free_all(struct curl_slist *list)
{
	LATE(curl_slist_free_all);
	late(list);
}

CURLM *curl_multi_init(void)
{
	LATE(curl_multi_init);
	return late();
}

CURLMcode curl_multi_cleanup(CURLM *multi)
{
	LATE(curl_multi_cleanup);
	return late(multi);
}

CURLMcode curl_multi_setopt(CURLM *multi, CURLMoption option, ...)
{
	va_list args;
	void *word;
	LATE(curl_multi_setopt);

	va_start(args, option);
	word = va_arg(args, void *);
	va_end(args);
	return late(multi, option, word);
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy)
{
	LATE(curl_multi_add_handle);
	return late(multi, easy);
}

CURLMcode curl_multi_remove_handle(CURLM *multi, CURL *easy)
{
	LATE(curl_multi_remove_handle);
	return late(multi, easy);
}

CURLMcode curl_multi_perform(CURLM *multi, int *ret_running)
{
	LATE(curl_multi_perform);
	return late(multi, ret_running);
}

CURLMsg *curl_multi_info_read(CURLM *multi, int *ret_left)
{
	LATE(curl_multi_info_read);
	return late(multi, ret_left);
}

CURLMcode curl_multi_poll(CURLM *multi, struct curl_waitfd extra[], unsigned extra_count, int timeout_ms, int *ret_ready)
{
	LATE(curl_multi_poll);
	return late(multi, extra, extra_count, timeout_ms, ret_ready);
}

CURLMcode curl_multi_wakeup(CURLM *multi)
{
	LATE(curl_multi_wakeup);
	return late(multi);
}
