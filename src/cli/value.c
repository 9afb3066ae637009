/*
 * value: the small texts people type, read strictly.
 */
#include "cli/value.h"

#include <ctype.h>

#include "base/clock.h"
#include "cli/cli.h"

struct unit {
	const char *name;
	int64_t per_s_top, per_s_bottom; /* seconds are count * top / bottom */
};

static const struct unit units[] = { { "ns", 1, 1000000000 }, { "us", 1, 1000000 }, { "\xc2\xb5s", 1, 1000000 },
				     { "ms", 1, 1000 },       { "s", 1, 1 },        { "m", 60, 1 },
				     { "h", 3600, 1 },        { "d", 86400, 1 } };

static bool unit_take(slice *rest, const struct unit **ret_unit)
{
	const struct unit *best = NULL;

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (slice_starts(*rest, slice_str(units[i].name)) && (!best || strlen(units[i].name) > strlen(best->name)))
			best = &units[i];
	if (!best)
		return false;
	*rest = slice_from(*rest, strlen(best->name));
	*ret_unit = best;
	return true;
}

/* Digits with an optional fraction, as an exact count of billionths; a number above 10^9 or finer is refused. */
static bool number_take(slice *rest, int64_t *ret_billionths)
{
	int64_t whole = 0, part = 0, weight = 100000000;
	size_t i = 0, digits = 0;

	for (; i < rest->len && isdigit((unsigned char)rest->at[i]); i++, digits++) {
		whole = whole * 10 + (rest->at[i] - '0');
		if (whole > 1000000000)
			return false;
	}
	if (i < rest->len && rest->at[i] == '.') {
		for (i++; i < rest->len && isdigit((unsigned char)rest->at[i]); i++, digits++) {
			part += (rest->at[i] - '0') * weight;
			weight /= 10;
		}
	}
	*rest = slice_from(*rest, i);
	*ret_billionths = whole * 1000000000 + part;
	return digits > 0;
}

bool duration_parse(slice text, int64_t *ret_seconds)
{
	__int128 total = 0; /* billionths of a second */

	if (slice_is(text, "0")) {
		*ret_seconds = 0;
		return true;
	}
	if (text.len == 0 || text.len > DURATION_TEXT_BYTES)
		return false;
	while (text.len > 0) {
		const struct unit *unit;
		int64_t count;

		if (!number_take(&text, &count) || !unit_take(&text, &unit))
			return false;
		total += (__int128)count * unit->per_s_top / unit->per_s_bottom;
	}
	if (total / 1000000000 > DURATION_MAX_S)
		return false;
	*ret_seconds = (int64_t)(total / 1000000000);
	return true;
}

void duration_format(int64_t seconds, char ret_text[DURATION_TEXT_BYTES])
{
	int64_t hours = seconds / 3600, minutes = seconds / 60 % 60;

	if (hours)
		(void)snprintf(ret_text, DURATION_TEXT_BYTES, "%ldh%ldm%lds", (long)hours, (long)minutes, (long)(seconds % 60));
	else if (minutes)
		(void)snprintf(ret_text, DURATION_TEXT_BYTES, "%ldm%lds", (long)minutes, (long)(seconds % 60));
	else
		(void)snprintf(ret_text, DURATION_TEXT_BYTES, "%lds", (long)seconds);
}

bool date_parse(slice text, int64_t *ret_seconds)
{
	char whole[CLOCK_TEXT_BYTES];
	int32_t nanos;

	if (text.len == strlen("yyyy-mm-dd")) {
		(void)snprintf(whole, sizeof(whole), "%.*sT00:00:00Z", SLICE_ARG(text)); /* fits: the length is known */
		text = slice_str(whole);
	}
	return clock_parse(text, ret_seconds, &nanos);
}

slice time_text(struct arena *arena, int64_t seconds)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(seconds, 0, text);
	return slice_str(arena_printf(arena, "%.*s.000Z", (int)strlen(text) - 1, text));
}

bool colour_is_valid(slice text)
{
	if (text.len == 7 && text.at[0] == '#') {
		for (size_t i = 1; i < text.len; i++)
			if (!isxdigit((unsigned char)text.at[i]))
				return false;
		return true;
	}
	for (size_t i = 0; i < text.len; i++)
		if (!isalpha((unsigned char)text.at[i]))
			return false;
	return text.len <= 32;
}

FALLIBLE csv_split(struct arena *arena, slice text, slice **ret_list, size_t *ret_count)
{
	size_t most = 1, count = *ret_count;
	slice *list, part;

	for (size_t i = 0; i < text.len; i++)
		most += text.at[i] == ',';
	list = NEW_N(arena, slice, count + most);
	TRY_NEW(list);
	if (count)
		memcpy(list, *ret_list, count * sizeof(*list));
	for (bool more = true; more;) {
		more = slice_cut(text, ',', &part, &text);
		part = slice_trim(part);
		if (part.len == 0)
			continue;
		list[count] = arena_copy(arena, part);
		TRY_NEW(list[count].at);
		count++;
	}
	*ret_list = list;
	*ret_count = count;
	return OK;
}
