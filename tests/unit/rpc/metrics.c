/* Claims about what is counted of calls. */
#include "test.h"

#include <string.h>

#include "rpc/metrics.h"

static size_t count(slice text, const char *part)
{
	size_t found = 0;

	for (const char *at = strstr(text.at, part); at; at = strstr(at + 1, part))
		found++;
	return found;
}

TEST(faults_that_are_told_by_one_code_are_one_line_of_the_metrics)
{
	struct arena *arena = arena_new((size_t)1 << 22);
	struct metrics *metrics = metrics_new();
	struct buffer text;

	buffer_init(&text, arena, (size_t)1 << 21);
	metrics_call(metrics, METHOD_REEVE_LOGIN_BEGIN, FAULT_UNAVAILABLE, 100);
	metrics_call(metrics, METHOD_REEVE_LOGIN_BEGIN, FAULT_BUSY, 100);
	metrics_call(metrics, METHOD_REEVE_LOGIN_BEGIN, FAULT_BUSY, 100);
	metrics_call(metrics, METHOD_REEVE_LOGIN_BEGIN, FAULT_NONE, 100);
	metrics_write(metrics, &text);
	buffer_byte(&text, '\0');
	CHECK(!buffer_failed(&text));
	CHECK_INT(count(buffer_slice(&text), "code=\"UNAVAILABLE\"} 3\n"), 1);
	CHECK_INT(count(buffer_slice(&text), "code=\"OK\"} 1\n"), 1);
	CHECK_INT(count(buffer_slice(&text), "reeve_calls_total{"), 2);
	metrics_free(metrics);
	arena_free(arena);
}

TESTS(faults_that_are_told_by_one_code_are_one_line_of_the_metrics)
