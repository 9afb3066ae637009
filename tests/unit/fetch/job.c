#include "test.h"

#include "fetch/allow_impl.h"
#include "fetch/job_impl.h"

#include "base/clock.h"

static struct job *job_for(const char *url)
{
	struct fetch_request request = { .url = slice_str(url), .max_bytes = 100, .timeout_ms = 60000 };
	struct job *job;

	CHECK_OK(job_new(&request, &job));
	return job;
}

static void free_all(struct queue *queue)
{
	struct job *job;

	while ((job = TAILQ_FIRST(&queue->jobs))) {
		queue_remove(queue, job);
		job_free(job);
	}
}

TEST(a_slow_origin_takes_only_its_share_of_the_wire)
{
	struct queue waiting, running;
	struct job *job, *other;

	queue_init(&waiting);
	queue_init(&running);
	for (int i = 0; i < FETCH_PER_ORIGIN_MAX + 3; i++)
		CHECK_OK(queue_push(&waiting, job_for("https://slow.example/a")));
	other = job_for("https://quick.example/b");
	CHECK_OK(queue_push(&waiting, other));
	for (int i = 0; i < FETCH_PER_ORIGIN_MAX; i++) {
		job = queue_take(&waiting, &running, 0);
		CHECK_SLICE(job->url.host, "slow.example");
		queue_append(&running, job);
	}
	job = queue_take(&waiting, &running, 0);
	CHECK(job == other);
	queue_append(&running, job);
	CHECK(!queue_take(&waiting, &running, 0));
	job = TAILQ_FIRST(&running.jobs);
	queue_remove(&running, job);
	job_free(job);
	job = queue_take(&waiting, &running, 0);
	CHECK(job && slice_is(job->url.host, "slow.example"));
	job_free(job);
	free_all(&waiting);
	free_all(&running);
}

TEST(the_wire_holds_no_more_than_its_limit)
{
	struct queue waiting, running;
	char url[64];

	queue_init(&waiting);
	queue_init(&running);
	for (int i = 0; i < FETCH_RUNNING_MAX + 1; i++) {
		(void)snprintf(url, sizeof(url), "https://h%d.example", i);
		CHECK_OK(queue_push(&waiting, job_for(url)));
	}
	for (int i = 0; i < FETCH_RUNNING_MAX; i++)
		queue_append(&running, queue_take(&waiting, &running, 0));
	CHECK(!queue_take(&waiting, &running, 0));
	free_all(&waiting);
	free_all(&running);
}

TEST(a_job_past_its_deadline_leaves_the_line_even_when_the_wire_is_full)
{
	struct queue waiting, running;
	struct job *late = job_for("https://same.example");
	int64_t deadline_us = late->deadline_us;

	queue_init(&waiting);
	queue_init(&running);
	for (int i = 0; i < FETCH_PER_ORIGIN_MAX; i++)
		queue_append(&running, job_for("https://same.example"));
	CHECK_OK(queue_push(&waiting, late));
	CHECK(!queue_take(&waiting, &running, deadline_us - 1));
	CHECK(queue_take(&waiting, &running, deadline_us) == late);
	job_free(late);
	free_all(&running);
}

TEST(the_line_is_bounded_as_a_whole_and_for_each_origin)
{
	struct queue waiting;
	struct job *job;
	char url[64];

	queue_init(&waiting);
	for (int i = 0; i < FETCH_WAITING_PER_ORIGIN_MAX; i++)
		CHECK_OK(queue_push(&waiting, job_for("https://one.example")));
	job = job_for("https://one.example");
	CHECK_FAULT(FAULT_EXHAUSTED, queue_push(&waiting, job));
	job_free(job);
	for (int i = FETCH_WAITING_PER_ORIGIN_MAX; i < FETCH_WAITING_MAX; i++) {
		(void)snprintf(url, sizeof(url), "https://h%d.example", i);
		CHECK_OK(queue_push(&waiting, job_for(url)));
	}
	job = job_for("https://last.example");
	CHECK_FAULT(FAULT_EXHAUSTED, queue_push(&waiting, job));
	job_free(job);
	free_all(&waiting);
}

TEST(a_request_outside_its_limits_never_becomes_a_job)
{
	const struct fetch_request good = { .url = SLICE("https://host"), .max_bytes = 1, .timeout_ms = 1 };
	struct fetch_request bad = good;
	struct job *job = NULL;

	bad.max_bytes = 0;
	CHECK_FAULT(FAULT_INVALID, job_new(&bad, &job));
	bad.max_bytes = FETCH_BYTES_MAX + 1;
	CHECK_FAULT(FAULT_INVALID, job_new(&bad, &job));
	bad = good;
	bad.timeout_ms = 0;
	CHECK_FAULT(FAULT_INVALID, job_new(&bad, &job));
	bad.timeout_ms = FETCH_TIMEOUT_MS_MAX + 1;
	CHECK_FAULT(FAULT_INVALID, job_new(&bad, &job));
	bad = good;
	bad.url = SLICE("https://user@host");
	CHECK_FAULT(FAULT_INVALID, job_new(&bad, &job));
	bad = good;
	bad.body = slice_of(good.url.at, FETCH_SENT_BYTES_MAX + 1); /* never read: the length alone refuses it */
	CHECK_FAULT(FAULT_INVALID, job_new(&bad, &job));
	CHECK(!job);
}

static enum fault header_fault(slice name, slice value)
{
	struct fetch_header header = { name, value };
	struct fetch_request request = {
		.url = SLICE("https://host"), .headers = &header, .header_count = 1, .max_bytes = 1, .timeout_ms = 1
	};
	struct job *job = NULL;
	status st = job_new(&request, &job);

	job_free(job);
	return st.fault;
}

TEST(a_header_cannot_carry_a_second_one_or_reframe_the_request)
{
	CHECK_INT(header_fault(SLICE("Authorization"), SLICE("Bearer x")), FAULT_NONE);
	CHECK_INT(header_fault(SLICE("X"), SLICE("a\r\nHost: evil")), FAULT_INVALID);
	CHECK_INT(header_fault(SLICE("X"), SLICE("a\nb")), FAULT_INVALID);
	CHECK_INT(header_fault(SLICE("X"), SLICE("a\0b")), FAULT_INVALID);
	CHECK_INT(header_fault(SLICE("X"), SLICE("")), FAULT_INVALID);
	CHECK_INT(header_fault(SLICE("X: y\r\nZ"), SLICE("a")), FAULT_INVALID);
	CHECK_INT(header_fault(SLICE("X Y"), SLICE("a")), FAULT_INVALID);
	CHECK_INT(header_fault(SLICE(""), SLICE("a")), FAULT_INVALID);
	CHECK_INT(header_fault(SLICE("hOST"), SLICE("a")), FAULT_INVALID);
	CHECK_INT(header_fault(SLICE("Content-Length"), SLICE("1")), FAULT_INVALID);
	CHECK_INT(header_fault(SLICE("transfer-encoding"), SLICE("chunked")), FAULT_INVALID);
}

static enum allow_level_t level(const char *const *entries, const char *text)
{
	struct allow_list *list;
	enum allow_level_t found;
	struct url url;

	CHECK_OK(allow_new(entries, &list));
	CHECK_OK(url_parse(slice_str(text), &url));
	found = allow_level(list, &url);
	allow_free(list);
	return found;
}

TEST(mod_auth_openidc_a_host_is_allowed_whole_never_by_suffix)
{
	static const char *const entries[] = { "corp.example",          "idp.local:8443", "http://plain.local",
					       "http://127.0.0.1:9000", "plain.local",    NULL };

	CHECK_INT(level(entries, "https://corp.example/x"), ALLOW_ADDRESS);
	CHECK_INT(level(entries, "https://corp.example:444"), ALLOW_ADDRESS);
	CHECK_INT(level(entries, "https://evilcorp.example"), ALLOW_PUBLIC);
	CHECK_INT(level(entries, "https://sub.corp.example"), ALLOW_PUBLIC);
	CHECK_INT(level(entries, "https://corp.example.evil.example"), ALLOW_PUBLIC);
	CHECK_INT(level(entries, "https://corp.exampl"), ALLOW_PUBLIC);
	CHECK_INT(level(entries, "https://idp.local:8443"), ALLOW_ADDRESS);
	CHECK_INT(level(entries, "https://idp.local"), ALLOW_PUBLIC);
	CHECK_INT(level(entries, "http://plain.local:81"), ALLOW_HTTP);
	CHECK_INT(level(entries, "http://127.0.0.1:9000"), ALLOW_HTTP);
	CHECK_INT(level(entries, "http://127.0.0.1:9001"), ALLOW_PUBLIC);
	CHECK_INT(level(NULL, "https://corp.example"), ALLOW_PUBLIC);
}

TEST(an_allow_list_with_a_bad_entry_is_refused)
{
	static const char *const bad[] = { "",
					   "*.corp.example",
					   "Corp.example",
					   "corp.example/path",
					   "https://corp.example",
					   ".corp.example",
					   "corp.example:",
					   "corp.example?",
					   "user@corp.example",
					   "[::1]",
					   "http://" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *const entries[] = { "fine.example", bad[i], NULL };
		struct allow_list *list = NULL;

		print_message("%s\n", bad[i]);
		CHECK_FAULT(FAULT_INVALID, allow_new(entries, &list));
		CHECK(!list);
	}
}

TEST(an_allow_list_has_a_bound)
{
	const char *entries[FETCH_ALLOWED_MAX + 2] = { 0 };
	struct allow_list *list = NULL;

	for (int i = 0; i < FETCH_ALLOWED_MAX; i++)
		entries[i] = "host";
	CHECK_OK(allow_new(entries, &list));
	list = allow_free(list);
	entries[FETCH_ALLOWED_MAX] = "host";
	CHECK_FAULT(FAULT_INVALID, allow_new(entries, &list));
}

TESTS(a_slow_origin_takes_only_its_share_of_the_wire, the_wire_holds_no_more_than_its_limit,
      a_job_past_its_deadline_leaves_the_line_even_when_the_wire_is_full, the_line_is_bounded_as_a_whole_and_for_each_origin,
      a_request_outside_its_limits_never_becomes_a_job, a_header_cannot_carry_a_second_one_or_reframe_the_request,
      mod_auth_openidc_a_host_is_allowed_whole_never_by_suffix, an_allow_list_with_a_bad_entry_is_refused,
      an_allow_list_has_a_bound)
