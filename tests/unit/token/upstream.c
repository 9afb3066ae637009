/*
 * Other issuers' keys: one that is known goes on when others stall, and is not pushed out by ones that nobody can read.
 */
#include "test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fetch/fetch.h"
#include "token/issuer_impl.h"

#define KEYS                                                                                                                  \
	"{\"keys\":[{\"kid\":\"one\",\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\"," \
	"\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}]}" /* RFC 7517 appendix A.1 */
#define SLOW 6                                                     /* as many as may wait at once */
#define CACHE 8
#define TAKEN_AGAIN_S 3601 /* past the hour in which a set is not asked for again */

/* -- an issuer under /good, and any number under /slow that never answer ------------------------------------------- */

static _Atomic int listener;
static _Atomic uint16_t port;
static _Atomic int slow_asked, good_asked, documents_asked;
static _Atomic enum mood { WELL, NAMES_ANOTHER, FAILS, HAS_NO_KEYS } mood; /* of /good */
static int held[64];
static _Atomic bool is_released;

static void answer(int fd, const char *head)
{
	char text[2048], body[1024];

	if (strncmp(head, "GET /slow", 9) == 0) {
		held[slow_asked] = fd; /* open, and silent */
		if (is_released)
			(void)close(fd);
		else
			slow_asked++; /* after it: release() reads so many */
		return;
	}
	good_asked += strstr(head, "/jwks") != NULL;
	documents_asked += strstr(head, "/.well-known/") != NULL;
	(void)snprintf(body, sizeof(body), "%s", mood == HAS_NO_KEYS ? "none" : KEYS);
	if (strstr(head, "/.well-known/"))
		(void)snprintf(body, sizeof(body),
			       "{\"issuer\":\"http://127.0.0.1:%u/%s\",\"jwks_uri\":\"http://127.0.0.1:%u/jwks\",\"n\":%d}",
			       port, mood == NAMES_ANOTHER ? "other" : "good", port, documents_asked);
	(void)snprintf(text, sizeof(text), "HTTP/1.1 %s\r\nconnection: close\r\ncontent-length: %zu\r\n\r\n%s",
		       mood == FAILS ? "502 Bad Gateway" : "200 OK", strlen(body), body);
	CHECK(send(fd, text, strlen(text), MSG_NOSIGNAL) > 0);
	(void)close(fd);
}

static void release(void)
{
	is_released = true;
	for (int i = 0; i < slow_asked; i++)
		(void)close(held[i]);
}

static void *serve(void *arg)
{
	int fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		char head[2048] = "";
		if (recv(fd, head, sizeof(head) - 1, 0) > 0)
			answer(fd, head);
	}
	return arg;
}

/* -- ours ---------------------------------------------------------------------------------------------------------- */

static struct clock now;
static struct issuer issuer;

static void start(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	static char allowed[64];
	static const char *const hosts[] = { allowed, NULL };
	pthread_t thread;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_INT(bind(listener, (struct sockaddr *)&address, len), 0);
	CHECK_INT(listen(listener, 64), 0);
	CHECK_INT(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	port = ntohs(address.sin_port);
	CHECK_INT(pthread_create(&thread, NULL, serve, NULL), 0);
	CHECK_INT(pthread_detach(thread), 0);
	(void)snprintf(allowed, sizeof(allowed), "http://127.0.0.1:%u", port);
	now = clock_fixed(INT64_C(1800000000) * US_PER_S);
	mood = WELL;
	is_released = false;
	slow_asked = good_asked = documents_asked = 0;
	issuer = (struct issuer){ .options = { .clock = &now }, .upstreams = upstreams_new(CACHE) };
	CHECK(issuer.upstreams);
	CHECK_OK(fetcher_new(&(struct fetch_config){ .allowed_hosts = hosts, .waiting_threads_max = SLOW }, &issuer.fetcher));
}

static void stop(void)
{
	issuer.fetcher = fetcher_free(issuer.fetcher);
	issuer.upstreams = upstreams_free(issuer.upstreams);
	(void)shutdown(listener, SHUT_RDWR);
	(void)close(listener);
}

/* What the keys of /good or /slowN are; an issuer's URL is as long as it is used. */
static status ask(const char *path, const char *kid, bool may_block)
{
	char url[128];
	struct jwks *keys = NULL;
	status result;

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/%s", port, path);
	result = upstream_keys(&issuer, slice_str(url), slice_str(kid), may_block, &keys);
	(void)jwks_unref(keys);
	return result;
}

/* The document of /good: which one it is, counted from 1, goes to ret_number. */
static status read_document(int64_t since_us, int *ret_number)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	slice text = { 0 };
	char url[128];
	status result;

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/good", port);
	result = issuer_document(&issuer, arena, slice_str(url), since_us, &text);
	if (!FAILED(result))
		*ret_number = text.at[slice_find(text, '}') - 1] - '0';
	arena_free(arena);
	return result;
}

static void *ask_slowly(void *arg)
{
	struct report report = { 0 }, *before = report_use(&report);
	char path[16];

	authz_thread_start();
	(void)snprintf(path, sizeof(path), "slow%d", *(int *)arg);
	CHECK_FAULT(FAULT_UNAVAILABLE, ask(path, "", true));
	authz_thread_stop();
	(void)report_use(before);
	return NULL;
}

TEST(keys_that_are_known_are_used_while_everybody_waits_for_others)
{
	pthread_t threads[SLOW];
	int numbers[SLOW];

	start();
	authz_thread_start();
	CHECK_OK(ask("good", "one", true));
	for (int i = 0; i < SLOW; i++) {
		numbers[i] = i;
		CHECK_INT(pthread_create(&threads[i], NULL, ask_slowly, &numbers[i]), 0);
	}
	for (int i = 0; i < 1000 && slow_asked < 4; i++) /* so many go to one host at once */
		usleep(2000);
	usleep(50000);
	CHECK_FAULT(FAULT_BUSY, ask("slow-too", "", true));
	clock_move(&now, now.fixed_us + TAKEN_AGAIN_S * US_PER_S);
	CHECK_FAULT(FAULT_ELSEWHERE, ask("good", "one", false));
	CHECK_OK(ask("good", "one", true));
	CHECK_FAULT(FAULT_BUSY, ask("good", "two", true)); /* what is not known must be asked for */
	clock_move(&now, now.fixed_us + 24 * S_PER_HOUR * US_PER_S);
	CHECK_FAULT(FAULT_BUSY, ask("good", "one", true)); /* too old */
	authz_thread_stop();
	release();
	for (int i = 0; i < SLOW; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
	stop();
}

TEST(issuers_without_keys_push_none_out_that_has_them)
{
	char path[16];

	start();
	authz_thread_start();
	CHECK_OK(ask("good", "one", true));
	for (int i = 0; i < 3 * CACHE; i++) {
		clock_move(&now, now.fixed_us + US_PER_S);
		(void)snprintf(path, sizeof(path), "slow%d", i);
		CHECK_FAULT(FAULT_ELSEWHERE, ask(path, "", false));
	}
	CHECK_OK(ask("good", "one", false));
	authz_thread_stop();
	stop();
}

TEST(a_key_that_is_not_known_is_asked_for_once_in_a_while)
{
	start();
	authz_thread_start();
	good_asked = 0;
	CHECK_OK(ask("good", "one", true));
	for (int i = 0; i < 10; i++)
		CHECK_OK(ask("good", "two", true)); /* the set, which lacks it */
	CHECK_INT(good_asked, 1);
	clock_move(&now, now.fixed_us + 11 * US_PER_S); /* past what an issuer that failed is left alone for */
	CHECK_OK(ask("good", "two", false));
	clock_move(&now, now.fixed_us + 18 * US_PER_S);
	CHECK_OK(ask("good", "two", false));
	CHECK_INT(good_asked, 1);
	clock_move(&now, now.fixed_us + US_PER_S);
	CHECK_FAULT(FAULT_ELSEWHERE, ask("good", "two", false));
	CHECK_INT(good_asked, 1);
	for (int i = 0; i < 10; i++)
		CHECK_OK(ask("good", "two", true));
	CHECK_INT(good_asked, 2);
	CHECK_OK(ask("good", "one", false));
	authz_thread_stop();
	stop();
}

/* Otherwise a clock set back by a day would hide a rotated key for a day. */
TEST(a_clock_that_is_set_back_delays_no_fetch)
{
	start();
	authz_thread_start();
	CHECK_OK(ask("good", "two", true));
	clock_move(&now, now.fixed_us - US_PER_S / 2); /* as clocks are corrected all the time */
	CHECK_OK(ask("good", "two", false));
	clock_move(&now, now.fixed_us - S_PER_HOUR * US_PER_S);
	CHECK_FAULT(FAULT_ELSEWHERE, ask("good", "two", false));
	CHECK_OK(ask("good", "two", true));
	CHECK_INT(good_asked, 2);
	CHECK_OK(ask("good", "two", true));
	CHECK_INT(good_asked, 2);
	mood = HAS_NO_KEYS;
	clock_move(&now, now.fixed_us - S_PER_HOUR * US_PER_S);
	CHECK_OK(ask("good", "one", true)); /* tried again, and used as it was */
	CHECK_INT(good_asked, 3);
	authz_thread_stop();
	stop();
}

TEST(an_issuer_that_configuration_does_not_list_is_not_asked)
{
	char good[64];
	slice allowed[1];

	start();
	authz_thread_start();
	good_asked = 0;
	(void)snprintf(good, sizeof(good), "http://127.0.0.1:%u/good", port);
	allowed[0] = SLICE("https://issuer.example.com");
	issuer.options.issuer_allow = allowed;
	issuer.options.issuer_allow_count = 1;
	CHECK_FAULT(FAULT_DENIED, ask("good", "one", true));
	CHECK_INT(good_asked, 0);
	allowed[0] = slice_str(good);
	CHECK_FAULT(FAULT_DENIED, ask("good/", "one", true)); /* byte for byte */
	CHECK_OK(ask("good", "one", true));
	authz_thread_stop();
	stop();
}

static int document_of(int64_t since_us)
{
	int number = 0;

	CHECK_OK(read_document(since_us, &number));
	return number;
}

TEST(a_document_is_had_once_an_hour_and_anew_where_its_provider_was_changed_since)
{
	int64_t changed_us;

	start();
	authz_thread_start();
	for (int i = 0; i < 5; i++) {
		CHECK_INT(document_of(0), 1);
		clock_move(&now, now.fixed_us + 10 * 60 * US_PER_S);
	}
	changed_us = now.fixed_us;
	clock_move(&now, now.fixed_us + 1);
	CHECK_INT(document_of(changed_us), 2); /* at once */
	CHECK_INT(document_of(changed_us), 2);
	CHECK_INT(document_of(0), 2); /* and for everybody */
	clock_move(&now, now.fixed_us + 1);
	CHECK_INT(document_of(now.fixed_us), 3); /* changed again */
	clock_move(&now, now.fixed_us + 3601 * US_PER_S);
	CHECK_INT(document_of(changed_us), 4);
	CHECK_OK(ask("good", "one", false)); /* the keys came along */
	CHECK_INT(good_asked, 4);
	authz_thread_stop();
	stop();
}

TEST(a_document_that_cannot_be_had_again_is_used_for_a_day_and_never_after_a_change)
{
	int number, before;

	start();
	authz_thread_start();
	CHECK_INT(document_of(0), 1);
	mood = FAILS;
	clock_move(&now, now.fixed_us + 3601 * US_PER_S);
	for (int i = 0; i < 5; i++)
		CHECK_INT(document_of(0), 1);
	CHECK_INT(documents_asked, 2); /* not at each */
	CHECK_FAULT(FAULT_UNAVAILABLE, read_document(now.fixed_us + 1, &number));
	clock_move(&now, now.fixed_us + 2);
	CHECK_FAULT(FAULT_UNAVAILABLE, read_document(now.fixed_us - 1, &number));
	before = documents_asked;
	for (int i = 0; i < 5; i++)
		CHECK_FAULT(FAULT_UNAVAILABLE, read_document(now.fixed_us - 1, &number));
	CHECK_INT(documents_asked, before); /* asked for a moment ago */
	clock_move(&now, now.fixed_us + 11 * US_PER_S);
	CHECK_INT(document_of(0), 1);
	clock_move(&now, now.fixed_us + 24 * S_PER_HOUR * US_PER_S);
	CHECK_FAULT(FAULT_UNAVAILABLE, read_document(0, &number));
	mood = WELL;
	clock_move(&now, now.fixed_us + 11 * US_PER_S);
	CHECK_OK(read_document(0, &number));
	authz_thread_stop();
	stop();
}

TEST(a_document_is_given_up_when_its_issuer_answers_with_anothers)
{
	char good[64];
	slice allowed[1] = { SLICE("https://issuer.example.com") };
	int number;

	start();
	authz_thread_start();
	CHECK_INT(document_of(0), 1);
	mood = NAMES_ANOTHER;
	CHECK_INT(document_of(0), 1);
	clock_move(&now, now.fixed_us + 3601 * US_PER_S);
	CHECK_FAULT(FAULT_DENIED, read_document(0, &number));
	CHECK_FAULT(FAULT_UNAVAILABLE, read_document(0, &number)); /* not asked again so soon */
	CHECK_INT(documents_asked, 2);
	mood = WELL;
	clock_move(&now, now.fixed_us + 11 * US_PER_S);
	CHECK_INT(document_of(0), 3);
	issuer.options.issuer_allow = allowed;
	issuer.options.issuer_allow_count = 1;
	CHECK_FAULT(FAULT_DENIED, read_document(0, &number)); /* however well it is known */
	(void)snprintf(good, sizeof(good), "http://127.0.0.1:%u/good", port);
	allowed[0] = slice_str(good);
	CHECK_INT(document_of(0), 3);
	authz_thread_stop();
	stop();
}

TEST(a_document_stands_without_its_keys)
{
	start();
	authz_thread_start();
	mood = HAS_NO_KEYS;
	CHECK_INT(document_of(0), 1);
	CHECK_FAULT(FAULT_UNAVAILABLE, ask("good", "", true));
	mood = WELL;
	clock_move(&now, now.fixed_us + 11 * US_PER_S);
	CHECK_OK(ask("good", "one", true));
	authz_thread_stop();
	stop();
}

/* All ask for one issuer: one thread fetches, another waits for it, the rest are told at once. */
TEST(an_issuer_that_stalls_keeps_its_share_of_the_threads_and_others_are_served)
{
	pthread_t threads[SLOW / 3];
	int numbers[SLOW / 3] = { 0 };

	start();
	authz_thread_start();
	for (int i = 0; i < SLOW / 3; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, ask_slowly, &numbers[i]), 0);
	for (int i = 0; i < 1000 && slow_asked < 1; i++)
		usleep(2000);
	usleep(50000);
	for (int i = 0; i < 10; i++)
		CHECK_FAULT(FAULT_BUSY, ask("slow0", "", true));
	CHECK_INT(slow_asked, 1);
	CHECK_OK(ask("good", "one", true));
	CHECK_INT(document_of(0), 1);
	authz_thread_stop();
	release();
	for (int i = 0; i < SLOW / 3; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
	stop();
}

TESTS(keys_that_are_known_are_used_while_everybody_waits_for_others, issuers_without_keys_push_none_out_that_has_them,
      a_key_that_is_not_known_is_asked_for_once_in_a_while, a_clock_that_is_set_back_delays_no_fetch,
      an_issuer_that_configuration_does_not_list_is_not_asked,
      a_document_is_had_once_an_hour_and_anew_where_its_provider_was_changed_since,
      a_document_that_cannot_be_had_again_is_used_for_a_day_and_never_after_a_change,
      a_document_is_given_up_when_its_issuer_answers_with_anothers, a_document_stands_without_its_keys,
      an_issuer_that_stalls_keeps_its_share_of_the_threads_and_others_are_served)
