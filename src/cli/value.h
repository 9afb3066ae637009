/*
 * value: the small texts people type: durations, dates, colours.
 */
#ifndef CLI_VALUE_H
#define CLI_VALUE_H

#include "base/arena.h"

#define DURATION_MAX_S (INT64_C(1000) * 366 * 86400)

/* Go's form with days beside: "90s", "1h30m", "1.5h", "5d", "720h0m0s", "0"; ns us ms s m h d. No sign. Whole seconds, cut
 * downwards. False for anything else and above DURATION_MAX_S. */
bool duration_parse(slice text, int64_t *ret_seconds);
/* As Go prints it: "24h0m0s". */
#define DURATION_TEXT_BYTES 48
void duration_format(int64_t seconds, char ret_text[DURATION_TEXT_BYTES]);
/* yyyy-mm-dd (its first second in UTC) or RFC 3339. */
bool date_parse(slice text, int64_t *ret_seconds);
/* "2026-11-23T08:00:00.000Z" */
slice time_text(struct arena *arena, int64_t seconds);
/* #rrggbb or a plain word of letters. */
bool colour_is_valid(slice text);
/* The parts between commas, trimmed, empty ones left out; added to a list in the arena. */
FALLIBLE csv_split(struct arena *arena, slice text, slice **ret_list, size_t *ret_count);

#endif
