#include "test.h"

#include "fetch/fetch.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "server.h"

#define LIMIT_BYTES 4096

/* Fetches once with a fetcher of its own; the answer's bytes live in the returned arena's world until the next call. */
static struct arena *arena;

static status fetch_with(const struct fetch_config *config, const struct fetch_request *request, struct fetch_answer *answer)
{
	struct fetcher *fetcher;
	status st;

	arena_free(arena);
	arena = arena_new(1 << 20);
	CHECK_OK(fetcher_new(config, &fetcher));
	st = fetch_wait(fetcher, request, arena, answer);
	fetcher_free(fetcher);
	return st;
}

static status get(const struct fetch_config *config, const char *url, struct fetch_answer *answer)
{
	struct fetch_request request = { .url = slice_str(url), .max_bytes = LIMIT_BYTES, .timeout_ms = 5000 };

	return fetch_with(config, &request, answer);
}

static const struct fetch_config nothing_allowed;
static const char *const here_entries[] = { "http://127.0.0.1", "localhost", NULL };
static const struct fetch_config here = { .allowed_hosts = here_entries };

static bool libcurl_is_loaded(void)
{
	void *found = dlopen("libcurl.so.4", RTLD_NOW | RTLD_NOLOAD);

	if (found)
		dlclose(found);
	return found;
}

/* Goes first: what was loaded once stays. */
TEST(the_first_fetcher_loads_libcurl)
{
	struct fetcher *fetcher;

	CHECK(!libcurl_is_loaded());
	CHECK_OK(fetcher_new(&nothing_allowed, &fetcher));
	fetcher_free(fetcher);
	CHECK(libcurl_is_loaded());
}

TEST(an_allowed_host_is_fetched)
{
	struct server *server = server_new(NULL, NULL);
	struct fetch_answer answer;

	CHECK_OK(get(&here, server_url(server, "127.0.0.1", "/ok"), &answer));
	CHECK_INT(answer.http_status, 200);
	CHECK_SLICE(answer.body, "hello");
	CHECK_OK(get(&here, server_url(server, "127.0.0.1", "/nothing"), &answer));
	CHECK_INT(answer.http_status, 404);
	server_free(server);
}

TEST(cve_2025_52477_a_private_address_is_never_dialled)
{
	static const char *const plain_entries[] = { "http://127.0.0.1:1", NULL };
	const struct fetch_config other_port = { .allowed_hosts = plain_entries };
	char ca[64];
	struct server *server = server_new("localhost", ca);
	const struct fetch_config trusting = { .ca_file = ca };
	struct fetch_answer answer;

	CHECK_FAULT(FAULT_DENIED, get(&trusting, server_url(server, "127.0.0.1", "/ok"), &answer));
	CHECK_FAULT(FAULT_DENIED, get(&other_port, server_url(server, "127.0.0.1", "/ok"), &answer));
	CHECK(strstr(report_current()->text, "not public"));
	CHECK_INT(server_accepted(server), 0);
	server_free(server);
	unlink(ca);
}

TEST(cve_2025_52477_a_name_that_resolves_to_a_private_address_is_never_dialled)
{
	char ca[64];
	struct server *server = server_new("localhost", ca);
	const struct fetch_config trusting = { .ca_file = ca };
	struct fetch_answer answer;

	CHECK_FAULT(FAULT_DENIED, get(&trusting, server_url(server, "localhost", "/ok"), &answer));
	CHECK_INT(server_accepted(server), 0);
	server_free(server);
	unlink(ca);
}

TEST(plain_http_needs_a_host_that_is_allowed_for_it)
{
	struct server *server = server_new(NULL, NULL);
	struct fetch_answer answer;

	CHECK_FAULT(FAULT_DENIED, get(&nothing_allowed, server_url(server, "127.0.0.1", "/ok"), &answer));
	CHECK_FAULT(FAULT_DENIED, get(&here, server_url(server, "localhost", "/ok"), &answer)); /* allowed, but for https */
	CHECK_FAULT(FAULT_DENIED, get(&nothing_allowed, "http://example.com/", &answer));
	CHECK_INT(server_accepted(server), 0);
	server_free(server);
}

TEST(cve_2026_22772_a_url_with_a_second_reading_is_refused_before_dialling)
{
	struct server *server = server_new(NULL, NULL);
	struct fetch_answer answer;

	CHECK_FAULT(FAULT_INVALID, get(&here, server_url(server, "user@127.0.0.1", "/ok"), &answer));
	CHECK_FAULT(FAULT_INVALID, get(&here, server_url(server, "127.1", "/ok"), &answer));
	CHECK_FAULT(FAULT_INVALID, get(&here, server_url(server, "2130706433", "/ok"), &answer));
	CHECK_FAULT(FAULT_INVALID, get(&here, server_url(server, "[::ffff:127.0.0.1]", "/ok"), &answer));
	CHECK_INT(server_accepted(server), 0);
	server_free(server);
}

TEST(cve_2026_49478_a_redirect_is_handed_back_and_not_followed)
{
	struct server *server = server_new(NULL, NULL);
	struct fetch_answer answer;
	slice location;

	CHECK_OK(get(&here, server_url(server, "127.0.0.1", "/redirect"), &answer));
	CHECK_INT(answer.http_status, 302);
	CHECK_SLICE(answer.body, "moved");
	CHECK(fetch_header(&answer, "location", &location));
	CHECK_SLICE(location, "/ok");
	CHECK_INT(server_accepted(server), 1);
	server_free(server);
}

TEST(cve_2026_49478_no_ambient_credential_leaves_with_a_request)
{
	struct server *server = server_new(NULL, NULL);
	struct fetch_answer answer;
	char folder[] = "/tmp/reeve-test-home-XXXXXX", path[64];
	FILE *file;

	CHECK(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/.netrc", folder);
	file = fopen(path, "w");
	CHECK(file);
	(void)fprintf(file, "machine 127.0.0.1 login somebody password ambient\n");
	fclose(file);
	setenv("HOME", folder, 1);
	CHECK_OK(get(&here, server_url(server, "127.0.0.1", "/echo"), &answer));
	CHECK(slice_starts(answer.body, SLICE("GET /echo HTTP/1.1\r\n")));
	CHECK(!memmem(answer.body.at, answer.body.len, "uthorization", 12));
	CHECK(!memmem(answer.body.at, answer.body.len, "ookie", 5));
	CHECK(!memmem(answer.body.at, answer.body.len, "ncoding", 7));
	CHECK(memmem(answer.body.at, answer.body.len, "\r\nUser-Agent: reeve/", 20));
	unlink(path);
	rmdir(folder);
	server_free(server);
}

TEST(the_environments_proxy_is_used_for_the_person_alone)
{
	struct server *proxy = server_new(NULL, NULL);
	const struct fetch_config personal = { .is_personal = true };
	static const char *const entries[] = { "http://issuer.invalid", NULL };
	const struct fetch_config server_like = { .allowed_hosts = entries };
	struct fetch_answer answer;

	setenv("http_proxy", server_url(proxy, "127.0.0.1", ""), 1);
	setenv("all_proxy", server_url(proxy, "127.0.0.1", ""), 1);
	CHECK_FAULT(FAULT_UNAVAILABLE, get(&server_like, "http://issuer.invalid/ok", &answer));
	CHECK_INT(server_accepted(proxy), 0);
	CHECK_OK(get(&personal, "http://issuer.invalid/ok", &answer));
	CHECK_INT(server_accepted(proxy), 1);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	server_free(proxy);
}

TEST(the_person_reaches_any_address)
{
	struct server *server = server_new(NULL, NULL);
	const struct fetch_config personal = { .is_personal = true };
	struct fetch_answer answer;

	CHECK_OK(get(&personal, server_url(server, "127.0.0.1", "/ok"), &answer));
	CHECK_OK(get(&personal, server_url(server, "localhost", "/ok"), &answer));
	server_free(server);
}

TEST(an_answer_ends_at_max_bytes_whatever_its_length_says)
{
	struct server *server = server_new(NULL, NULL);
	struct fetch_answer answer;
	struct fetch_request exact = { .url = slice_str(server_url(server, "127.0.0.1", "/ok")),
				       .max_bytes = 5,
				       .timeout_ms = 5000 };

	CHECK_FAULT(FAULT_EXHAUSTED, get(&here, server_url(server, "127.0.0.1", "/large"), &answer));
	CHECK_FAULT(FAULT_EXHAUSTED, get(&here, server_url(server, "127.0.0.1", "/large-said"), &answer));
	CHECK_FAULT(FAULT_EXHAUSTED, get(&here, server_url(server, "127.0.0.1", "/large-headers"), &answer));
	CHECK_OK(fetch_with(&here, &exact, &answer));
	exact.max_bytes = 4;
	CHECK_FAULT(FAULT_EXHAUSTED, fetch_with(&here, &exact, &answer));
	server_free(server);
}

TEST(a_slow_answer_ends_at_the_time_out)
{
	struct server *server = server_new(NULL, NULL);
	struct fetch_request slow = { .max_bytes = LIMIT_BYTES, .timeout_ms = 300 };
	struct fetch_answer answer;
	int64_t start_us = clock_ticks_us();

	slow.url = slice_str(server_url(server, "127.0.0.1", "/slow"));
	CHECK_FAULT(FAULT_TOO_LATE, fetch_with(&here, &slow, &answer));
	slow.url = slice_str(server_url(server, "127.0.0.1", "/silent"));
	CHECK_FAULT(FAULT_TOO_LATE, fetch_with(&here, &slow, &answer));
	CHECK(clock_ticks_us() - start_us >= 590000);
	CHECK(clock_ticks_us() - start_us < 4 * US_PER_S);
	server_free(server);
}

/* The configuration's fetch.timeout is for who names none. */
TEST(a_request_without_a_time_out_has_the_fetchers)
{
	const struct fetch_config patient = { .allowed_hosts = here_entries, .timeout_ms = 300 };
	struct server *server = server_new(NULL, NULL);
	struct fetch_request request = { .max_bytes = LIMIT_BYTES };
	struct fetch_answer answer;
	int64_t start_us = clock_ticks_us();

	request.url = slice_str(server_url(server, "127.0.0.1", "/silent"));
	CHECK_FAULT(FAULT_TOO_LATE, fetch_with(&patient, &request, &answer));
	CHECK(clock_ticks_us() - start_us >= 290000);
	request.timeout_ms = 700; /* its own counts */
	start_us = clock_ticks_us();
	CHECK_FAULT(FAULT_TOO_LATE, fetch_with(&patient, &request, &answer));
	CHECK(clock_ticks_us() - start_us >= 690000);
	server_free(server);
}

TEST(a_broken_answer_is_no_answer)
{
	struct server *server = server_new(NULL, NULL);
	struct fetch_answer answer;

	CHECK_FAULT(FAULT_UNAVAILABLE, get(&here, server_url(server, "127.0.0.1", "/garbage"), &answer));
	CHECK_FAULT(FAULT_UNAVAILABLE, get(&here, server_url(server, "127.0.0.1", "/broken-off"), &answer));
	server_free(server);
	CHECK_FAULT(FAULT_UNAVAILABLE, get(&here, "http://127.0.0.1:1/", &answer));
	CHECK_FAULT(FAULT_UNAVAILABLE, get(&here, "https://name.invalid/", &answer));
}

TEST(who_cannot_be_reached_is_named_by_host_and_port_and_a_peer_without_tls_as_that)
{
	char ca[64];
	struct server *server = server_new(NULL, NULL), *tls = server_new("localhost", ca);
	const char *plain = server_url(server, "localhost", "");
	struct fetch_answer answer;
	char url[64], where[128];

	(void)snprintf(url, sizeof(url), "https%s", strchr(plain, ':'));
	(void)snprintf(where, sizeof(where), "cannot fetch from localhost:%u: SSL connect error; it may speak plain http there",
		       server_port(server));
	CHECK_FAULT(FAULT_UNAVAILABLE, get(&here, url, &answer));
	assert_string_equal(report_current()->text, where);
	CHECK_FAULT(FAULT_UNAVAILABLE, get(&here, "http://127.0.0.1:1/", &answer));
	assert_string_equal(report_current()->text, "cannot fetch from 127.0.0.1:1: Couldn't connect to server");
	CHECK_FAULT(FAULT_UNAVAILABLE, get(&here, "https://name.invalid/", &answer));
	assert_string_equal(report_current()->text, "cannot fetch from name.invalid:443: Couldn't resolve host name");
	(void)snprintf(where, sizeof(where), "the certificate of localhost:%u is not trusted", server_port(tls));
	CHECK_FAULT(FAULT_UNAVAILABLE, get(&here, server_url(tls, "localhost", "/ok"), &answer));
	CHECK(slice_starts(slice_str(report_current()->text), slice_str(where)));
	server_free(server);
	server_free(tls);
	unlink(ca);
}

TEST(nothing_is_decoded_and_interim_headers_are_forgotten)
{
	struct server *server = server_new(NULL, NULL);
	struct fetch_answer answer;
	slice value;

	CHECK_OK(get(&here, server_url(server, "127.0.0.1", "/zipped"), &answer));
	CHECK_SLICE(answer.body, "zipped");
	CHECK_OK(get(&here, server_url(server, "127.0.0.1", "/interim"), &answer));
	CHECK_SLICE(answer.body, "ok");
	CHECK(fetch_header(&answer, "CACHE-control", &value));
	CHECK_SLICE(value, "max-age=60");
	CHECK(!fetch_header(&answer, "x-interim", &value));
	CHECK(!fetch_header(&answer, "cache", &value));
	server_free(server);
}

TEST(a_request_carries_its_method_headers_and_body)
{
	struct server *server = server_new(NULL, NULL);
	const struct fetch_header headers[] = { { SLICE("Content-Type"), SLICE("application/json") },
						{ SLICE("Authorization"), SLICE("Bearer abc") } };
	struct fetch_request request = { .url = slice_str(server_url(server, "127.0.0.1", "/echo")),
					 .headers = headers,
					 .header_count = 2,
					 .body = SLICE("{\"a\":\"\0\"}"),
					 .max_bytes = LIMIT_BYTES,
					 .timeout_ms = 5000 };
	static const struct {
		enum fetch_method method;
		const char *name;
		bool has_body;
	} rows[] = { { FETCH_GET, "GET /echo HTTP/1.1\r\n", false },
		     { FETCH_POST, "POST /echo HTTP/1.1\r\n", true },
		     { FETCH_PUT, "PUT /echo HTTP/1.1\r\n", true },
		     { FETCH_PATCH, "PATCH /echo HTTP/1.1\r\n", true },
		     { FETCH_DELETE, "DELETE /echo HTTP/1.1\r\n", false } };
	struct fetch_answer answer;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		request.method = rows[i].method;
		CHECK_OK(fetch_with(&here, &request, &answer));
		CHECK(slice_starts(answer.body, slice_str(rows[i].name)));
		CHECK(slice_ends(answer.body, request.body) == rows[i].has_body);
		CHECK(memmem(answer.body.at, answer.body.len, "\r\nAuthorization: Bearer abc\r\n", 29));
		CHECK(memmem(answer.body.at, answer.body.len, "\r\nContent-Type: application/json\r\n", 34));
		CHECK(!memmem(answer.body.at, answer.body.len, "Expect", 6));
		CHECK(!memmem(answer.body.at, answer.body.len, "urlencoded", 10));
	}
	server_free(server);
}

TEST(a_ca_file_is_trusted_besides_the_systems_roots)
{
	char ca[64], other_ca[64];
	struct server *server = server_new("localhost", ca), *other = server_new("localhost", other_ca);
	const struct fetch_config right = { .allowed_hosts = here_entries, .ca_file = ca };
	const struct fetch_config wrong = { .allowed_hosts = here_entries, .ca_file = other_ca };
	struct fetch_answer answer;

	CHECK_OK(get(&right, server_url(server, "localhost", "/ok"), &answer));
	CHECK_SLICE(answer.body, "hello");
	CHECK_FAULT(FAULT_UNAVAILABLE, get(&wrong, server_url(server, "localhost", "/ok"), &answer));
	CHECK(strstr(report_current()->text, "not trusted"));
	CHECK_FAULT(FAULT_UNAVAILABLE, get(&here, server_url(server, "localhost", "/ok"), &answer));
	server_free(server);
	server_free(other);
	unlink(ca);
	unlink(other_ca);
}

TEST(a_trusted_certificate_for_another_name_is_refused)
{
	char ca[64];
	struct server *server = server_new("other.example", ca);
	const struct fetch_config config = { .allowed_hosts = here_entries, .ca_file = ca };
	struct fetch_answer answer;

	CHECK_FAULT(FAULT_UNAVAILABLE, get(&config, server_url(server, "localhost", "/ok"), &answer));
	server_free(server);
	unlink(ca);
}

TEST(an_unreadable_ca_file_is_refused_at_start)
{
	const struct fetch_config config = { .ca_file = "/nonexistent/ca.pem" };
	struct fetcher *fetcher = NULL;

	CHECK_FAULT(FAULT_INVALID, fetcher_new(&config, &fetcher));
	CHECK(strstr(report_current()->text, "/nonexistent/ca.pem"));
	CHECK(!fetcher);
}

struct tally {
	atomic_int by_fault[FAULT_COUNT];
	atomic_int total;
};

static void count(void *user, const struct fetch_answer *answer)
{
	struct tally *tally = user;

	tally->by_fault[answer->fault]++;
	tally->total++;
}

TEST(every_started_fetch_is_answered_once_also_on_shutdown)
{
	struct server *server = server_new(NULL, NULL);
	struct tally tally = { 0 };
	struct fetcher *fetcher;
	int started = 0;
	int64_t start_us;

	CHECK_OK(fetcher_new(&here, &fetcher));
	for (int i = 0; i < 20; i++) {
		const char *path = i % 2 ? "/silent" : "/ok";
		struct fetch_request request = { .url = slice_str(server_url(server, "127.0.0.1", path)),
						 .max_bytes = 10,
						 .timeout_ms = 60000 };

		CHECK_OK(fetch_start(fetcher, &request, count, &tally));
		started++;
	}
	for (int i = 0; i < 500 && tally.total < 1; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	start_us = clock_ticks_us();
	fetcher_free(fetcher);
	CHECK(clock_ticks_us() - start_us < 2 * US_PER_S);
	CHECK_INT(tally.total, started);
	CHECK(tally.by_fault[FAULT_NONE] >= 1);
	CHECK_INT(tally.by_fault[FAULT_NONE] + tally.by_fault[FAULT_CANCELLED], started);
	server_free(server);
}

TEST(a_fetch_that_waits_behind_a_slow_origin_ends_at_its_own_time_out)
{
	struct server *server = server_new(NULL, NULL);
	struct tally tally = { 0 };
	struct fetcher *fetcher;
	struct fetch_request silent = { .url = slice_str(server_url(server, "127.0.0.1", "/silent")),
					.max_bytes = 10,
					.timeout_ms = 60000 };
	struct fetch_request quick = { .url = slice_str(server_url(server, "127.0.0.1", "/ok")),
				       .max_bytes = 10,
				       .timeout_ms = 200 };
	struct fetch_answer answer;

	CHECK_OK(fetcher_new(&here, &fetcher));
	for (int i = 0; i < FETCH_PER_ORIGIN_MAX; i++)
		CHECK_OK(fetch_start(fetcher, &silent, count, &tally));
	arena = arena ? arena : arena_new(1 << 20);
	CHECK_FAULT(FAULT_TOO_LATE, fetch_wait(fetcher, &quick, arena, &answer));
	CHECK_INT(tally.total, 0);
	fetcher_free(fetcher);
	CHECK_INT(tally.by_fault[FAULT_CANCELLED], FETCH_PER_ORIGIN_MAX);
	server_free(server);
}

struct waiting {
	struct fetcher *fetcher;
	const char *url;
	struct arena *arena;
	status result;
};

static void *wait_slowly(void *arg)
{
	struct waiting *waiting = arg;
	struct fetch_request request = { .url = slice_str(waiting->url), .max_bytes = 10, .timeout_ms = 1500 };
	struct report report = { 0 }, *before = report_use(&report);
	struct fetch_answer answer;

	waiting->result = fetch_wait(waiting->fetcher, &request, waiting->arena, &answer);
	(void)report_use(before);
	return NULL;
}

TEST(slow_peers_hold_no_more_threads_than_they_may)
{
	struct server *server = server_new(NULL, NULL);
	static const char *const both[] = { "http://127.0.0.1", "http://localhost", NULL };
	struct fetch_config config = { .allowed_hosts = both, .waiting_threads_max = 6 };
	struct fetch_request quick = { .url = slice_str(server_url(server, "127.0.0.1", "/ok")),
				       .max_bytes = 10,
				       .timeout_ms = 5000 };
	struct fetch_request elsewhere = { .url = slice_str(server_url(server, "localhost", "/ok")),
					   .max_bytes = 10,
					   .timeout_ms = 5000 };
	struct waiting waiting[2];
	struct fetcher *fetcher;
	size_t places[6];
	struct fetch_answer answer;
	pthread_t threads[2];

	CHECK_OK(fetcher_new(&config, &fetcher));
	arena = arena ? arena : arena_new(1 << 20);
	for (int i = 0; i < 2; i++) {
		waiting[i] = (struct waiting){ fetcher, server_url(server, "127.0.0.1", "/silent"), arena_new(1 << 20), OK };
		CHECK_INT(pthread_create(&threads[i], NULL, wait_slowly, &waiting[i]), 0);
	}
	for (int i = 0; i < 500 && server_accepted(server) < 2; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	CHECK_FAULT(FAULT_BUSY, fetch_wait(fetcher, &quick, arena, &answer)); /* a third of the places is its share */
	CHECK_OK(fetch_wait(fetcher, &elsewhere, arena, &answer));
	for (int i = 0; i < 6; i++)
		CHECK_FAULT(i < 4 ? FAULT_NONE : FAULT_BUSY,
			    fetch_place_take(fetcher, slice_str(i % 2 ? "odd" : "even"), &places[i]));
	CHECK_FAULT(FAULT_BUSY, fetch_wait(fetcher, &elsewhere, arena, &answer)); /* all are taken */
	elsewhere.has_place = true;
	CHECK_OK(fetch_wait(fetcher, &elsewhere, arena, &answer));
	for (int i = 0; i < 4; i++)
		fetch_place_leave(fetcher, places[i]);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(pthread_join(threads[i], NULL), 0);
		CHECK_INT(waiting[i].result.fault, FAULT_TOO_LATE);
		arena_free(waiting[i].arena);
	}
	CHECK_OK(fetch_wait(fetcher, &quick, arena, &answer));
	fetcher_free(fetcher);
	server_free(server);
}

struct chain {
	struct fetcher *fetcher;
	const char *url;
	atomic_int left;
};

static void chain_next(void *user, const struct fetch_answer *answer)
{
	struct chain *chain = user;
	struct fetch_request request = { .url = slice_str(chain->url), .max_bytes = 10, .timeout_ms = 5000 };

	CHECK_INT(answer->fault, FAULT_NONE);
	if (--chain->left > 0)
		CHECK_OK(fetch_start(chain->fetcher, &request, chain_next, chain));
}

TEST(a_fetch_may_start_the_next_from_its_answer)
{
	struct server *server = server_new(NULL, NULL);
	struct chain chain = { .url = server_url(server, "127.0.0.1", "/ok"), .left = 10 };
	struct fetch_request request = { .url = slice_str(chain.url), .max_bytes = 10, .timeout_ms = 5000 };

	CHECK_OK(fetcher_new(&here, &chain.fetcher));
	CHECK_OK(fetch_start(chain.fetcher, &request, chain_next, &chain));
	for (int i = 0; i < 500 && chain.left > 0; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	CHECK_INT(chain.left, 0);
	fetcher_free(chain.fetcher);
	server_free(server);
}

TEST(whether_a_url_may_be_fetched_is_told_without_dialling)
{
	struct fetcher *fetcher;

	CHECK_OK(fetcher_new(&here, &fetcher));
	CHECK(fetch_allows(fetcher, SLICE("https://example.com/x")));
	CHECK(!fetch_allows(fetcher, SLICE("http://example.com/x")));
	CHECK(fetch_allows(fetcher, SLICE("http://127.0.0.1:99/x")));
	CHECK(!fetch_allows(fetcher, SLICE("https://user@example.com/x")));
	fetcher_free(fetcher);
}

TEST(every_failed_allocation_ends_in_a_clean_fault)
{
	struct server *server = server_new(NULL, NULL);
	const struct fetch_header header = { SLICE("X-A"), SLICE("b") };
	struct fetch_request request = { .url = slice_str(server_url(server, "127.0.0.1", "/ok")),
					 .headers = &header,
					 .header_count = 1,
					 .max_bytes = 10,
					 .timeout_ms = 5000 };
	int failures = 0;

	for (uint64_t n = 1; n < 100; n++) {
		struct fetcher *fetcher = NULL;
		struct arena *own = arena_new(1 << 16);
		struct fetch_answer answer;
		status st;

		mem_fail_after(n);
		st = fetcher_new(&here, &fetcher);
		if (!FAILED(st))
			st = fetch_wait(fetcher, &request, own, &answer);
		mem_fail_after(0);
		fetcher_free(fetcher);
		arena_free(own);
		if (!FAILED(st))
			break;
		CHECK_INT(st.fault, FAULT_EXHAUSTED);
		failures++;
	}
	CHECK(failures >= 5 && failures < 99);
	arena = arena_free(arena);
	server_free(server);
}

TESTS(the_first_fetcher_loads_libcurl, an_allowed_host_is_fetched, cve_2025_52477_a_private_address_is_never_dialled,
      cve_2025_52477_a_name_that_resolves_to_a_private_address_is_never_dialled, plain_http_needs_a_host_that_is_allowed_for_it,
      cve_2026_22772_a_url_with_a_second_reading_is_refused_before_dialling,
      cve_2026_49478_a_redirect_is_handed_back_and_not_followed, cve_2026_49478_no_ambient_credential_leaves_with_a_request,
      the_environments_proxy_is_used_for_the_person_alone, the_person_reaches_any_address,
      an_answer_ends_at_max_bytes_whatever_its_length_says, a_slow_answer_ends_at_the_time_out,
      a_request_without_a_time_out_has_the_fetchers, a_broken_answer_is_no_answer,
      who_cannot_be_reached_is_named_by_host_and_port_and_a_peer_without_tls_as_that,
      nothing_is_decoded_and_interim_headers_are_forgotten, a_request_carries_its_method_headers_and_body,
      a_ca_file_is_trusted_besides_the_systems_roots, a_trusted_certificate_for_another_name_is_refused,
      an_unreadable_ca_file_is_refused_at_start, every_started_fetch_is_answered_once_also_on_shutdown,
      a_fetch_that_waits_behind_a_slow_origin_ends_at_its_own_time_out, slow_peers_hold_no_more_threads_than_they_may,
      a_fetch_may_start_the_next_from_its_answer, whether_a_url_may_be_fetched_is_told_without_dialling,
      every_failed_allocation_ends_in_a_clean_fault)
