/*
 * json_number: the grammar of numbers and their exact values.
 */
#include <math.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/json_impl.h"

/* The longest number text turned into a double. */
#define DOUBLE_TEXT_BYTES 512

static bool is_digit(const char *at, const char *end)
{
	return at < end && *at >= '0' && *at <= '9';
}

const char *json_number_end(const char *at, const char *end)
{
	if (at < end && *at == '-')
		at++;
	if (!is_digit(at, end))
		return NULL;
	if (*at == '0')
		at++;
	else
		while (is_digit(at, end))
			at++;
	if (at < end && *at == '.') {
		if (!is_digit(++at, end))
			return NULL;
		while (is_digit(at, end))
			at++;
	}
	if (at < end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		if (!is_digit(at, end))
			return NULL;
		while (is_digit(at, end))
			at++;
	}
	return at;
}

static bool is_number(slice text)
{
	return text.len && json_number_end(text.at, text.at + text.len) == text.at + text.len;
}

/* The digits before and behind the dot as one row; the value is that row times ten to *ret_scale. */
struct digits {
	slice whole, fraction;
	int64_t scale;
};

static char digit_at(const struct digits *digits, size_t i)
{
	return i < digits->whole.len ? digits->whole.at[i] : digits->fraction.at[i - digits->whole.len];
}

/* text is a number without its sign. */
static struct digits split_number(slice text)
{
	struct digits digits = { 0 };
	size_t mark = slice_find(text, 'e') < text.len ? slice_find(text, 'e') : slice_find(text, 'E');
	slice power = slice_from(text, mark + 1);
	bool negative = power.len && power.at[0] == '-';

	(void)slice_cut(slice_to(text, mark), '.', &digits.whole, &digits.fraction); /* no dot: no fraction */
	if (power.len && (power.at[0] == '-' || power.at[0] == '+'))
		power = slice_from(power, 1);
	for (; power.len && digits.scale < INT64_C(1) << 40; power = slice_from(power, 1))
		digits.scale = digits.scale * 10 + (power.at[0] - '0');
	digits.scale = (negative ? -digits.scale : digits.scale) - (int64_t)digits.fraction.len;
	return digits;
}

/* False unless text is a number with an integer value whose magnitude fits. */
static bool read_magnitude(slice text, bool *ret_negative, uint64_t *ret_magnitude)
{
	struct digits digits;
	uint64_t magnitude = 0;
	size_t count;

	if (!is_number(text))
		return false;
	*ret_negative = text.at[0] == '-';
	digits = split_number(slice_from(text, *ret_negative));
	count = digits.whole.len + digits.fraction.len;
	for (size_t i = 0; i < count; i++) {
		int64_t place = digits.scale + (int64_t)(count - 1 - i); /* this digit counts ten to the place */
		char digit = digit_at(&digits, i);
		if (place < 0 && digit != '0')
			return false;
		if (place < 0)
			continue;
		if (__builtin_mul_overflow(magnitude, 10u, &magnitude) ||
		    __builtin_add_overflow(magnitude, (uint64_t)(digit - '0'), &magnitude))
			return false;
	}
	for (int64_t i = 0; i < digits.scale && magnitude; i++)
		if (__builtin_mul_overflow(magnitude, 10u, &magnitude))
			return false;
	*ret_magnitude = magnitude;
	return true;
}

bool json_number_uint64(slice text, uint64_t *ret_number)
{
	uint64_t magnitude;
	bool negative;

	if (!read_magnitude(text, &negative, &magnitude) || (negative && magnitude))
		return false;
	*ret_number = magnitude;
	return true;
}

bool json_number_int64(slice text, int64_t *ret_number)
{
	uint64_t magnitude;
	bool negative;

	if (!read_magnitude(text, &negative, &magnitude) || magnitude > (uint64_t)INT64_MAX + negative)
		return false;
	*ret_number = negative ? (int64_t)-magnitude : (int64_t)magnitude;
	return true;
}

/* strtod follows LC_NUMERIC, which our programs leave as "C". */
bool json_number_double(slice text, double *ret_number)
{
	char copy[DOUBLE_TEXT_BYTES];
	double number;

	if (!is_number(text) || text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	number = strtod(copy, NULL);
	if (!isfinite(number))
		return false;
	*ret_number = number;
	return true;
}
