/*
 * curl_late: libcurl, loaded by the first call instead of at start.
 *
 * libcurl brings thirty shared objects and costs some 8 ms before main(); `reeve version` has 10. So the program defines the
 * functions of libcurl that fetch/ uses and hands each on to the real one, which dlopen() brings when the first fetch begins.
 * The linker then finds nothing left for libcurl to satisfy and does not name it (--as-needed); a test looks.
 */
#include <assert.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* A setting is a long, a pointer or a 64-bit offset: one word each here, so that one word can be passed on. */
static_assert(sizeof(long) == 8 && sizeof(void *) == 8 && sizeof(curl_off_t) == 8, "curl_easy_setopt's argument is one word");

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

static void *library;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
	library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		fprintf(stderr, "Error: the network library is missing: %s (Debian: libcurl4)\n", dlerror());
		exit(1);
	}
}

static void *function(const char *name)
{
	void *at;

	pthread_once(&once, load);
	at = dlsym(library, name);
	assert(at);
	return at;
}

/* What dlsym finds is data to ISO C; POSIX promises the conversion. */
#define LATE(name)                     \
	static __typeof__(&name) late; \
	if (!late)                     \
	*(void **)&late = function(#name)

CURLcode curl_global_init(long what)
{
	LATE(curl_global_init);
	return late(what);
}

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
	LATE(curl_easy_setopt);
	va_list args;
	void *word;

	va_start(args, option);
	word = va_arg(args, void *);
	va_end(args);
	return late(easy, option, word);
}

CURLcode curl_easy_getinfo(CURL *easy, CURLINFO what, ...)
{
	LATE(curl_easy_getinfo);
	va_list args;
	void *word;

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
	LATE(curl_multi_setopt);
	va_list args;
	void *word;

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
