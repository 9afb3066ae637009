#include "base/clock.h"

#include <time.h>

static int64_t system_now(const struct clock *clock)
{
	struct timespec now;

	(void)clock;
	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this id */
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

static int64_t fixed_now(const struct clock *clock)
{
	return __atomic_load_n(&clock->fixed_us, __ATOMIC_RELAXED);
}

const struct clock clock_system = { .now_us = system_now };

struct clock clock_fixed(int64_t at_us)
{
	return (struct clock){ .now_us = fixed_now, .fixed_us = at_us };
}

void clock_move(struct clock *clock, int64_t at_us)
{
	__atomic_store_n(&clock->fixed_us, at_us, __ATOMIC_RELAXED);
}

int64_t clock_ticks_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this id */
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

/* Days since 1970-01-01 to a civil date and back, in the proleptic Gregorian calendar: count from 0000-03-01, so that a
 * leap day ends its year, in eras of 400 years. */
static void date_of_days(int64_t days, int *year, int *month, int *day)
{
	int64_t shifted = days + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t of_era = shifted - era * 146097;
	int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t from_march = (5 * of_year + 2) / 153;

	*day = (int)(of_year - (153 * from_march + 2) / 5 + 1);
	*month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
	*year = (int)(year_of_era + era * 400 + (*month <= 2));
}

static int64_t days_of_date(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;

	return era * 146097 + of_era - 719468;
}

/* `width` digits, then `after`. */
static char *put_digits(char *at, int number, int width, char after)
{
	unsigned value = (unsigned)number;

	for (int i = width - 1; i >= 0; i--, value /= 10)
		at[i] = (char)('0' + value % 10);
	at[width] = after;
	return at + width + 1;
}

void clock_format(int64_t seconds, int32_t nanos, char ret_text[CLOCK_TEXT_BYTES])
{
	int64_t days = seconds / S_PER_DAY - (seconds % S_PER_DAY < 0);
	int rest = (int)(seconds - days * S_PER_DAY), year, month, day;
	char *at = ret_text;

	date_of_days(days, &year, &month, &day);
	at = put_digits(at, year, 4, '-');
	at = put_digits(at, month, 2, '-');
	at = put_digits(at, day, 2, 'T');
	at = put_digits(at, rest / 3600, 2, ':');
	at = put_digits(at, rest / 60 % 60, 2, ':');
	at = put_digits(at, rest % 60, 2, nanos ? '.' : 'Z');
	if (nanos && nanos % 1000000 == 0)
		at = put_digits(at, nanos / 1000000, 3, 'Z');
	else if (nanos && nanos % 1000 == 0)
		at = put_digits(at, nanos / 1000, 6, 'Z');
	else if (nanos)
		at = put_digits(at, nanos, 9, 'Z');
	*at = '\0';
}

static bool take_digits(slice *text, size_t count, int *ret)
{
	int value = 0;

	if (text->len < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (text->at[i] < '0' || text->at[i] > '9')
			return false;
		value = value * 10 + (text->at[i] - '0');
	}
	*text = slice_from(*text, count);
	*ret = value;
	return true;
}

static bool take_char(slice *text, char a, char b)
{
	if (text->len == 0 || (text->at[0] != a && text->at[0] != b))
		return false;
	*text = slice_from(*text, 1);
	return true;
}

static bool take_fraction(slice *text, int32_t *nanos)
{
	int scale = 100000000, digit;

	*nanos = 0;
	if (!take_char(text, '.', '.'))
		return true;
	for (int n = 0; n < 9 && take_digits(text, 1, &digit); n++, scale /= 10)
		*nanos += digit * scale;
	return scale != 100000000;
}

static bool take_offset(slice *text, int64_t *offset_s)
{
	int hours, minutes, sign;

	*offset_s = 0;
	if (take_char(text, 'Z', 'z'))
		return true;
	if (text->len == 0)
		return false;
	sign = text->at[0] == '-' ? -1 : 1;
	if (!take_char(text, '+', '-') || !take_digits(text, 2, &hours) || !take_char(text, ':', ':') ||
	    !take_digits(text, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*offset_s = sign * (hours * S_PER_HOUR + minutes * 60);
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

bool clock_parse(slice text, int64_t *ret_seconds, int32_t *ret_nanos)
{
	int year, month, day, hour, minute, second;
	int64_t offset_s;
	int32_t nanos;

	if (!take_digits(&text, 4, &year) || !take_char(&text, '-', '-') || !take_digits(&text, 2, &month) ||
	    !take_char(&text, '-', '-') || !take_digits(&text, 2, &day) || !take_char(&text, 'T', 't') ||
	    !take_digits(&text, 2, &hour) || !take_char(&text, ':', ':') || !take_digits(&text, 2, &minute) ||
	    !take_char(&text, ':', ':') || !take_digits(&text, 2, &second) || !take_fraction(&text, &nanos) ||
	    !take_offset(&text, &offset_s) || text.len)
		return false;
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 || minute > 59 ||
	    second > 59)
		return false;
	*ret_seconds = days_of_date(year, month, day) * S_PER_DAY + hour * S_PER_HOUR + minute * 60 + second - offset_s;
	*ret_nanos = nanos;
	return true;
}
