#include "test.h"

#include <pthread.h>
#include <time.h>

#include "base/mem.h"
#include "model/pattern.h"

static bool matches(const char *source, const char *subject)
{
	return pattern_matches(slice_str(source), slice_str(subject));
}

static bool checks(const char *source)
{
	status st = pattern_check(slice_str(source), "claim_match.subject_pattern");

	return st.fault == FAULT_NONE;
}

static bool lints(const char *source)
{
	status st = pattern_check_issuer(slice_str(source), "claim_match.issuer_pattern");

	return st.fault == FAULT_NONE;
}

/* spec model.md 5.2: some examples write anchors, some leave patterns bare and assume whole values. */
TEST(a_pattern_matches_the_whole_value)
{
	CHECK(matches("repo:example/app:ref:refs/heads/[a-z]+", "repo:example/app:ref:refs/heads/main"));
	CHECK(matches("^repo:example/.*$", "repo:example/app:ref:refs/heads/main"));
	CHECK(!matches("repo:example/app", "repo:example/app:ref:refs/heads/main"));
	CHECK(!matches("main", "repo:main") && !matches("", "x") && matches("", ""));
	CHECK(!matches("a|b", "ab") && !matches("a|b", "ax") && matches("a|b", "b"));
	CHECK(matches("organization:acme:pipeline:(.*):ref:.*", "organization:acme:pipeline:x:ref:refs/heads/main"));
	CHECK(matches("system:serviceaccount:[a-z0-9-]+:builder", "system:serviceaccount:ci:builder"));
	CHECK(matches("org/[0-9a-f]{4}/\\d+", "org/00ff/42") && !matches("org/[0-9a-f]{4}/\\d+", "org/00fff/42"));
}

TEST(a_line_end_does_not_hide_what_follows)
{
	CHECK(!matches("main$", "main\n") && !matches("main", "main\nevil") && !matches("(?m)^main$", "main\nevil"));
	CHECK(!matches("a.c", "a\nc"));
}

TEST(what_does_not_compile_is_refused_with_its_reason)
{
	static const char *const broken[] = { "(",     ")",       "[a",    "a{1001}", "*",     "a**",  "\\1",
					      "(?=a)", "(?<=a)b", "(?!a)", "\\8",     "(?P<n", "[b-a]" };

	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		CHECK(!checks(broken[i]));
		CHECK(strstr(report_current()->text, "claim_match.subject_pattern: not a regular expression (RE2 syntax): "));
		CHECK(!matches(broken[i], broken[i]));
	}
	CHECK(checks("(?P<name>[a-z]+)"));
}

TEST(any_byte_is_refused_but_a_quoted_one_is_not)
{
	CHECK(!checks("\\C") && !checks("a\\C*") && !checks("\\\\\\C") && !checks("\\Qx\\E\\C") && !checks("\\Q\\\\E\\C"));
	CHECK(checks("\\\\C") && checks("\\Q\\C\\E") && checks("C"));
	CHECK(matches("\\\\C", "\\C") && matches("\\Q\\C\\E", "\\C"));
	CHECK(!matches("\\C", "x"));
}

TEST(sources_and_subjects_are_bounded)
{
	static char text[PATTERN_BYTES_MAX + 1];

	memset(text, 'a', sizeof(text));
	CHECK_FAULT(FAULT_INVALID, pattern_check(slice_of(text, sizeof(text)), "f"));
	CHECK(!pattern_matches(slice_of(text, sizeof(text)), slice_of(text, sizeof(text))));
	CHECK(pattern_matches(SLICE("a*"), slice_of(text, PATTERN_SUBJECT_BYTES_MAX)));
	CHECK(!pattern_matches(SLICE("a*"), slice_of(text, sizeof(text))));
	CHECK_FAULT(FAULT_INVALID, pattern_check(slice_of("a\0b", 3), "f"));
	CHECK_FAULT(FAULT_INVALID, pattern_check(SLICE("\xff"), "f"));
}

TEST(programs_are_bounded)
{
	CHECK(!checks("(a{100}){10}") && !checks("[^x]{400}\\pL{100}") && !checks("((a{30}){30}){30}"));
	CHECK(checks("[0-9a-f]{40}"));
}

/* A pattern that takes other engines exponential time. */
TEST(cve_2024_10270_a_hostile_pattern_takes_linear_time)
{
	static const char *const patterns[] = { "(a+)+$", "(a|a)*b", "(.*)*x", "(a*)*(a*)*(a*)*b", "([a-zA-Z]+)*1" };
	char subject[PATTERN_SUBJECT_BYTES_MAX];
	clock_t before = clock();

	memset(subject, 'a', sizeof(subject));
	subject[sizeof(subject) - 1] = '!';
	for (int i = 0; i < 100; i++)
		CHECK(!pattern_matches(slice_str(patterns[i % 5]), slice_of(subject, sizeof(subject))));
	CHECK(clock() - before < 5 * CLOCKS_PER_SEC); /* an exponential engine needs years */
}

TEST(the_cache_keeps_patterns_apart_and_is_bounded)
{
	char source[32], subject[32];

	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 3 * PATTERN_CACHE_MAX; i++) {
			snprintf(source, sizeof(source), "value-%d-[ab]", i);
			snprintf(subject, sizeof(subject), "value-%d-b", i);
			CHECK(matches(source, subject));
			snprintf(subject, sizeof(subject), "value-%d-b", i + 1);
			CHECK(!matches(source, subject));
		}
	/* a pattern that is the beginning of a cached one is another pattern */
	CHECK(matches("abc", "abc") && matches("ab", "ab") && !matches("ab", "abc"));
	CHECK(pattern_matches(slice_of("ab\0c", 2), SLICE("ab")) && !pattern_matches(slice_of("ab\0c", 4), SLICE("ab")));
	pattern_thread_done();
	CHECK(matches("abc", "abc"));
}

TEST(without_memory_nothing_matches)
{
	pattern_thread_done();
	for (uint64_t n = 1; n <= 2; n++) {
		mem_fail_after(n);
		CHECK(!matches("abc", "abc"));
		mem_fail_after(0);
		pattern_thread_done();
	}
	CHECK(matches("abc", "abc"));
}

static char differs;

static void *match_in_thread(void *unused)
{
	for (int i = 0; i < 200; i++)
		if (!matches("x+", "xxx") || matches("x+", "y"))
			return &differs;
	return unused;
}

TEST(threads_do_not_share_programs)
{
	pthread_t threads[3];
	void *result;

	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&threads[i], NULL, match_in_thread, NULL) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_join(threads[i], &result) == 0 && !result);
}

/* ---- the lint ---- */

TEST(issuer_patterns_with_a_bounded_host_are_taken)
{
	static const char *const good[] = {
		"https://token\\.actions\\.githubusercontent\\.com",
		"^https://token\\.actions\\.githubusercontent\\.com$",
		"https://[a-z0-9-]+\\.example\\.com",
		"https://[a-z]{2,8}\\.example\\.com/.*",
		"https://(gitlab|github)\\.com",
		"https://gitlab\\.example\\.com(/.*)?",
		"https://gitlab\\.example\\.com/?",
		"https://(www\\.)?example\\.com/x",
		"https://([a-z]+\\.)?example\\.com/x|https://other\\.example",
		"(https://a\\.example\\.com|https://b\\.example\\.com)/.+",
		"https://oidc\\.eks\\.[a-z0-9-]+\\.amazonaws\\.com/id/[0-9A-F]+",
		"https://agent\\.buildkite\\.com",
		"https://\\w+[.]example[.]com",
		"https:\\/\\/example\\.com\\/a|https:\\/\\/example\\.org\\/b",
		"https://localhost:8443/x",
		"https://(?P<tenant>[a-z]+)\\.example\\.com/[^/]+",
		"https://example\\.com/(?:[[:alpha:]]|[]a]|\\))x",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		if (!lints(good[i]))
			print_error("%s: %s\n", good[i], report_current()->text);
		CHECK(lints(good[i]));
	}
}

static void refused(const char *const *sources, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (lints(sources[i]))
			print_error("taken: %s\n", sources[i]);
		CHECK(!lints(sources[i]));
		CHECK(strstr(report_current()->field, "issuer_pattern"));
	}
}

#define REFUSED(...) \
	refused((const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

TEST(octo_sts_a_wildcard_that_can_span_a_dot_is_refused)
{
	REFUSED("https://.*.example.com", "https://.*\\.example\\.com", "https://[^/]*\\.example\\.com", "https://[^/]+",
		"https://.+", "https://[^.]+\\.example\\.com", "https://\\S+\\.example\\.com", "https://\\D+\\.example\\.com",
		"https://([a-z]+\\.)+example\\.com", "https://[a-z.]+\\.example\\.com", "https://[+-9]+\\.example\\.com",
		"https://(.*)\\.example\\.com", "https://[\\s\\S]+/x", "https://\\pL+\\.example\\.com",
		"https://[[:graph:]]+\\.example\\.com", "https://a\\.b{0,3}[--z]\\.example\\.com");
}

TEST(cve_2026_22772_an_unescaped_dot_or_a_missing_border_is_refused)
{
	REFUSED("https://oidc.example.com", "https://oidc\\.example.com", "https://[a-z]+example\\.com", "https://[a-z]+\\.com",
		"https://example\\.com.*", "https://example\\.com[a-z]*", "https://example\\.com/?.*",
		"https://example\\.com/*x", "https://example\\.com(/.*)?[a-z.]*", "https://example\\.com(/.*)?\\.evil",
		"https://example\\.com(/a|\\.evil)", "https://example\\.com(/?.*)", "https://example\\.com/{0,1}.*",
		"https://[a-z]+", "https://[a-z]+:443", "https://example\\.com@[a-z]+\\.evil\\.com",
		"(https://example\\.com)?.*", "(https://example\\.com)*", "https://exampl[e.]\\.com");
}

TEST(patterns_that_match_any_issuer_are_refused)
{
	REFUSED("", ".*", "^.*$", ".+", "(.*)", "https://example\\.com|.*", "https://example\\.com|", "|https://example\\.com",
		"(https://example\\.com|.*)", "(https://example\\.com|.*)/x", "https?://example\\.com",
		"[a-z]+://example\\.com", "https:.*", "(?i)https://example\\.com", "https://(?i)example\\.com",
		"https://(?i:example)\\.com", "https://\\Qexample.com\\E", "https://example\\.com/\\Q|\\E.*",
		"https://example\\.com/(|.*", "https://\\x65xample\\.com", "http(s)://example\\.com", "ftp://example\\.com",
		"//example\\.com", "https:/{2}example\\.com", "https:///?[a-z]+\\.a\\.b", "$https://example\\.com",
		"https://example\\.com/[x[:]\\]|.*", "https://example\\.com/[[:]|.*");
}

TESTS(a_pattern_matches_the_whole_value, a_line_end_does_not_hide_what_follows,
      what_does_not_compile_is_refused_with_its_reason, any_byte_is_refused_but_a_quoted_one_is_not,
      sources_and_subjects_are_bounded, programs_are_bounded, cve_2024_10270_a_hostile_pattern_takes_linear_time,
      the_cache_keeps_patterns_apart_and_is_bounded, without_memory_nothing_matches, threads_do_not_share_programs,
      issuer_patterns_with_a_bounded_host_are_taken, octo_sts_a_wildcard_that_can_span_a_dot_is_refused,
      cve_2026_22772_an_unescaped_dot_or_a_missing_border_is_refused, patterns_that_match_any_issuer_are_refused)
