/*
 * clock: what time it is, as a parameter, so that a test can set it.
 *
 * Times are microseconds since 1970-01-01 UTC in an int64_t named ..._us; whole seconds are named ..._s.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define US_PER_S INT64_C(1000000)
#define S_PER_HOUR INT64_C(3600)
#define S_PER_DAY INT64_C(86400)

struct clock {
	int64_t (*now_us)(const struct clock *clock);
	int64_t fixed_us; /* of a fixed clock */
};

/* The machine's wall clock. */
extern const struct clock clock_system;
/* A clock that stands at fixed_us until the test moves it. */
struct clock clock_fixed(int64_t at_us);
/* Moves it, also while other threads read it. */
void clock_move(struct clock *clock, int64_t at_us);

static inline int64_t clock_now_us(const struct clock *clock)
{
	return clock->now_us(clock);
}

static inline int64_t clock_now_s(const struct clock *clock)
{
	return clock->now_us(clock) / US_PER_S;
}

/* Monotonic time for intervals and time-outs; not comparable across processes. */
int64_t clock_ticks_us(void);

#define CLOCK_TEXT_BYTES 64
/* RFC 3339 in UTC with 0, 3, 6 or 9 fraction digits as needed (proto3 JSON), NUL-terminated. Years 1..9999. */
void clock_format(int64_t seconds, int32_t nanos, char ret_text[CLOCK_TEXT_BYTES]);
/* RFC 3339 with any offset and up to nine fraction digits; false on anything else. */
bool clock_parse(slice text, int64_t *ret_seconds, int32_t *ret_nanos);

#endif
