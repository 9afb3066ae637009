#include "test.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"

TEST(an_arena_never_hands_out_more_than_its_cap)
{
	struct arena *arena = arena_new(10000);

	CHECK(arena_alloc(arena, 9000));
	CHECK(!arena_alloc(arena, 2000));
	CHECK(arena_alloc(arena, 900));
	CHECK(!arena_alloc(arena, 20000));
	arena_reset(arena);
	CHECK(arena_alloc(arena, 9000));
	arena_free(arena);
}

TEST(arena_memory_is_zeroed_after_a_reset)
{
	struct arena *arena = arena_new(100000);
	char *at = arena_alloc(arena, 100);

	memset(at, 'x', 100);
	arena_reset(arena);
	at = arena_alloc(arena, 100);
	for (int i = 0; i < 100; i++)
		CHECK_INT(at[i], 0);
	arena_free(arena);
}

TEST(texts_end_where_an_earlier_call_left_bytes)
{
	struct arena *arena = arena_new(100000);
	struct buffer out;

	memset(arena_room(arena, 4000), 'x', 4000);
	arena_reset(arena);
	CHECK_INT(strlen(arena_text(arena, SLICE("abc"))), 3);
	CHECK_INT(strlen(arena_copy(arena, SLICE("")).at), 0);
	CHECK_INT(strlen(arena_printf(arena, "%d", 12)), 2);
	buffer_init(&out, arena, 1000);
	buffer_add(&out, SLICE("abcd"));
	CHECK_INT(strlen(out.at), 4);
	arena_free(arena);
}

TEST(a_buffer_keeps_its_first_failure)
{
	struct buffer buffer;

	buffer_init(&buffer, NULL, 10);
	buffer_text(&buffer, "12345");
	buffer_text(&buffer, "1234567");
	CHECK(buffer_failed(&buffer));
	buffer_text(&buffer, "1");
	CHECK_SLICE(buffer_slice(&buffer), "12345");
	buffer_done(&buffer);
}

TEST(text_is_valid_utf8_without_nul)
{
	CHECK(slice_is_text(slice_str("gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xb3")));
	CHECK(!slice_is_text(slice_of("a\0b", 3)));
	CHECK(!slice_is_text(slice_str("\xc0\xaf")));
	CHECK(!slice_is_text(slice_str("\xed\xa0\x80")));
	CHECK(!slice_is_text(slice_str("\xf4\x90\x80\x80")));
	CHECK(!slice_is_text(slice_str("\xe2\x82")));
}

TEST(times_survive_a_round_trip)
{
	static const char *const texts[] = { "2026-11-23T00:00:00Z",     "1970-01-01T00:00:00Z",
					     "2000-02-29T23:59:59.250Z", "9999-12-31T23:59:59.999999999Z",
					     "0001-01-01T00:00:00Z",     "1969-12-31T23:59:59Z" };
	char again[CLOCK_TEXT_BYTES];

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		int64_t seconds;
		int32_t nanos;
		CHECK(clock_parse(slice_str(texts[i]), &seconds, &nanos));
		clock_format(seconds, nanos, again);
		assert_string_equal(again, texts[i]);
	}
}

TEST(impossible_times_are_refused)
{
	static const char *const texts[] = { "2026-02-29T00:00:00Z",
					     "2026-13-01T00:00:00Z",
					     "2026-01-01T24:00:00Z",
					     "2026-01-01T00:00:00",
					     "2026-01-01 00:00:00Z",
					     "2026-01-01T00:00:00.Z",
					     "",
					     "2026-1-1T00:00:00Z" };
	int64_t seconds;
	int32_t nanos;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		CHECK(!clock_parse(slice_str(texts[i]), &seconds, &nanos));
}

static FALLIBLE fails(void)
{
	return FAIL_FIELD("group.name", "must not be %s", "empty");
}

static FALLIBLE passes_on(void)
{
	TRY(fails());
	return OK;
}

/* It quotes what callers sent, and may cut it anywhere. */
TEST(a_report_is_text_whatever_it_quotes)
{
	struct report report = { 0 }, *before = report_use(&report);

	CHECK_FAULT(FAULT_INVALID, FAIL(FAULT_INVALID, "no %.*s, gr\xc3\xbc\xc3\x9f", 3, "\xff\x80\xc3\xa9"));
	assert_string_equal(report.text, "no ???, gr\xc3\xbc\xc3\x9f");
	CHECK_FAULT(FAULT_INVALID, FAIL_FIELD("name", "%.*s", 2, "a\xc3\xa9"));
	assert_string_equal(report.text, "Invalid argument: name: a?");
	CHECK_FAULT(FAULT_STATE, FAIL_STATE("FULL", "%.*s|\xe2\x82\xac", 4, "\xf0\x9f\x90\xb3\xed\xa0\x80"));
	assert_string_equal(report.text, "Precondition failed: \xf0\x9f\x90\xb3|\xe2\x82\xac");
	report_use(before);
}

TEST(a_report_names_the_field_and_keeps_the_trace)
{
	struct report report = { 0 }, *before = report_use(&report);

	CHECK_FAULT(FAULT_INVALID, passes_on());
	assert_string_equal(report.text, "Invalid argument: group.name: must not be empty");
	assert_string_equal(report.field, "group.name");
	CHECK(strstr(report.notes, "passes_on"));
	report_use(before);
}

TEST(the_sweep_makes_the_nth_allocation_fail)
{
	void *first, *second;

	mem_fail_after(2);
	first = mem_alloc(1);
	second = mem_alloc(1);
	mem_fail_after(0);
	CHECK(first && !second);
	mem_free(first);
}

TEST(numbers_are_decimal_digits_alone)
{
	uint64_t n;

	CHECK(slice_number(slice_str("18446744073709551615"), UINT64_MAX, &n) && n == UINT64_MAX);
	CHECK(!slice_number(slice_str("18446744073709551616"), UINT64_MAX, &n));
	CHECK(!slice_number(slice_str("01"), 10, &n) && !slice_number(slice_str("+1"), 10, &n) &&
	      !slice_number(slice_str(""), 10, &n));
}

static bool is_plain_by_itself(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f && c != '"' && c != '\\';
}

TEST(plain_text_ends_at_the_first_byte_that_is_not_plain)
{
	uint64_t seed = 11;
	char text[64];

	for (int round = 0; round < 20000; round++) {
		size_t len = random_below(&seed, sizeof(text)), odd = random_below(&seed, 3), first = 0;
		for (size_t i = 0; i < len; i++)
			text[i] = (char)('!' + 2 + (char)random_below(&seed, 50));
		for (size_t i = 0; len && i < odd; i++)
			text[random_below(&seed, len)] = (char)random_below(&seed, 256);
		while (first < len && is_plain_by_itself(text[first]))
			first++;
		CHECK_INT(slice_plain_len(slice_of(text, len)), first);
	}
}

TEST(no_two_draws_of_random_bytes_agree)
{
	static uint8_t drawn[1000][16];

	for (size_t i = 0; i < 1000; i++) {
		CHECK_OK(random_fill(&random_system, drawn[i], sizeof(drawn[i])));
		for (size_t k = 0; k < i; k++)
			CHECK(memcmp(drawn[i], drawn[k], sizeof(drawn[i])) != 0);
	}
}

TEST(a_forked_child_draws_other_random_bytes_than_its_parent)
{
	uint8_t ours[16], theirs[16];
	int fds[2], ended;
	pid_t child;

	CHECK_OK(random_fill(&random_system, ours, sizeof(ours))); /* so that there is something to inherit */
	CHECK(pipe(fds) == 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0)
		_exit(FAILED(random_fill(&random_system, theirs, sizeof(theirs))) ||
		      write(fds[1], theirs, sizeof(theirs)) != sizeof(theirs));
	CHECK_OK(random_fill(&random_system, ours, sizeof(ours)));
	CHECK(read(fds[0], theirs, sizeof(theirs)) == sizeof(theirs));
	CHECK(waitpid(child, &ended, 0) == child && ended == 0);
	CHECK(memcmp(ours, theirs, sizeof(ours)) != 0);
	(void)close(fds[0]); /* read to its end */
	(void)close(fds[1]); /* as above */
}

TESTS(an_arena_never_hands_out_more_than_its_cap, arena_memory_is_zeroed_after_a_reset,
      texts_end_where_an_earlier_call_left_bytes, a_buffer_keeps_its_first_failure, text_is_valid_utf8_without_nul,
      times_survive_a_round_trip, impossible_times_are_refused, a_report_names_the_field_and_keeps_the_trace,
      a_report_is_text_whatever_it_quotes, the_sweep_makes_the_nth_allocation_fail, numbers_are_decimal_digits_alone,
      plain_text_ends_at_the_first_byte_that_is_not_plain, no_two_draws_of_random_bytes_agree,
      a_forked_child_draws_other_random_bytes_than_its_parent)
