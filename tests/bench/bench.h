/*
 * bench: what the measuring programs share: time, order statistics, and giving up with one sentence.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)

#define DIE(...)                                    \
	do {                                        \
		(void)fprintf(stderr, "bench: ");   \
		(void)fprintf(stderr, __VA_ARGS__); \
		(void)fputc('\n', stderr);          \
		exit(1);                            \
	} while (0)

static inline int64_t ticks_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static inline int by_number(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/* Sorts; of none: 0. */
static inline uint32_t percentile(uint32_t *values, size_t count, double part)
{
	if (count == 0)
		return 0;
	qsort(values, count, sizeof(*values), by_number);
	return values[(size_t)((double)(count - 1) * part)];
}

/* A whole number from the command line. */
static inline uint64_t number_of(const char *text)
{
	char *end;
	uint64_t number = strtoull(text, &end, 10);

	if (end == text || *end)
		DIE("%s is no number", text);
	return number;
}

#endif
