#include "base/encode.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

struct form {
	const char *alphabet;
	const unsigned char *digits;
	bool must_pad, may_pad, both_alphabets;
};

#define ALPHANUMERIC "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define IS_DIGIT 0x40 /* beside the value of every character that is one; so all others are 0 */
#define VALUE(c, v) [c] = IS_DIGIT | (v)
#define ALPHANUMERIC_DIGITS                                                                                                  \
	VALUE('A', 0), VALUE('B', 1), VALUE('C', 2), VALUE('D', 3), VALUE('E', 4), VALUE('F', 5), VALUE('G', 6),             \
		VALUE('H', 7), VALUE('I', 8), VALUE('J', 9), VALUE('K', 10), VALUE('L', 11), VALUE('M', 12), VALUE('N', 13), \
		VALUE('O', 14), VALUE('P', 15), VALUE('Q', 16), VALUE('R', 17), VALUE('S', 18), VALUE('T', 19),              \
		VALUE('U', 20), VALUE('V', 21), VALUE('W', 22), VALUE('X', 23), VALUE('Y', 24), VALUE('Z', 25),              \
		VALUE('a', 26), VALUE('b', 27), VALUE('c', 28), VALUE('d', 29), VALUE('e', 30), VALUE('f', 31),              \
		VALUE('g', 32), VALUE('h', 33), VALUE('i', 34), VALUE('j', 35), VALUE('k', 36), VALUE('l', 37),              \
		VALUE('m', 38), VALUE('n', 39), VALUE('o', 40), VALUE('p', 41), VALUE('q', 42), VALUE('r', 43),              \
		VALUE('s', 44), VALUE('t', 45), VALUE('u', 46), VALUE('v', 47), VALUE('w', 48), VALUE('x', 49),              \
		VALUE('y', 50), VALUE('z', 51), VALUE('0', 52), VALUE('1', 53), VALUE('2', 54), VALUE('3', 55),              \
		VALUE('4', 56), VALUE('5', 57), VALUE('6', 58), VALUE('7', 59), VALUE('8', 60), VALUE('9', 61)

static const unsigned char standard_digits[256] = { ALPHANUMERIC_DIGITS, VALUE('+', 62), VALUE('/', 63) };
static const unsigned char url_digits[256] = { ALPHANUMERIC_DIGITS, VALUE('-', 62), VALUE('_', 63) };

#define STANDARD .alphabet = ALPHANUMERIC "+/", .digits = standard_digits
#define URL .alphabet = ALPHANUMERIC "-_", .digits = url_digits

static const struct form forms[BASE64_FORM_COUNT] = {
	[BASE64_STANDARD] = { STANDARD, .must_pad = true, .may_pad = true }, [BASE64_URL] = { URL },
	[BASE64_URL_PADDED] = { URL, .must_pad = true, .may_pad = true },    [BASE64_URL_EITHER] = { URL, .may_pad = true },
	[BASE64_ANY] = { URL, .may_pad = true, .both_alphabets = true },
};

size_t base64_encode_into(enum base64_form form, slice bytes, char *into)
{
	const char *alphabet = forms[form].alphabet;
	const unsigned char *in = (const unsigned char *)bytes.at;
	size_t left = bytes.len;
	char *to = into;

	assert(form <= BASE64_URL_PADDED);
	/* Six bytes of a word at a time, the first in its top: most of what is encoded are tokens. */
	for (; left >= sizeof(uint64_t); left -= 6, in += 6) {
		uint64_t word;
		memcpy(&word, in, sizeof(word));
		word = be64toh(word);
		to[0] = alphabet[word >> 58];
		to[1] = alphabet[word >> 52 & 63];
		to[2] = alphabet[word >> 46 & 63];
		to[3] = alphabet[word >> 40 & 63];
		to[4] = alphabet[word >> 34 & 63];
		to[5] = alphabet[word >> 28 & 63];
		to[6] = alphabet[word >> 22 & 63];
		to[7] = alphabet[word >> 16 & 63];
		to += 8;
	}
	for (; left >= 3; left -= 3, in += 3) {
		*to++ = alphabet[in[0] >> 2];
		*to++ = alphabet[(in[0] & 3) << 4 | in[1] >> 4];
		*to++ = alphabet[(in[1] & 15) << 2 | in[2] >> 6];
		*to++ = alphabet[in[2] & 63];
	}
	if (left) {
		unsigned second = left == 2 ? in[1] : 0;
		*to++ = alphabet[in[0] >> 2];
		*to++ = alphabet[(in[0] & 3) << 4 | second >> 4];
		if (left == 2)
			*to++ = alphabet[(second & 15) << 2];
		for (; left < 3 && forms[form].must_pad; left++)
			*to++ = '=';
	}
	return (size_t)(to - into);
}

void base64_encode(struct buffer *out, enum base64_form form, slice bytes)
{
	size_t len = bytes.len / 3 * 4, tail = bytes.len % 3;
	char *to = NULL;

	len += tail == 0 ? 0 : forms[form].must_pad ? 4 : tail + 1;
	if (bytes.len <= SIZE_MAX / 2)
		to = buffer_room(out, len);
	else
		out->failed = true;
	if (to)
		buffer_grew(out, base64_encode_into(form, bytes, to));
}

/* Takes the padding off; false when there is some where none may be, or not what must be. */
static bool strip_padding(const struct form *form, slice *text)
{
	size_t pad = 0;

	while (pad < 2 && pad < text->len && text->at[text->len - 1 - pad] == '=')
		pad++;
	if (pad && (!form->may_pad || text->len % 4 != 0))
		return false;
	if (form->must_pad && text->len % 4 != 0)
		return false;
	text->len -= pad;
	/* One left-over character is less than a byte; and "=" must stand for exactly what is missing. */
	return text->len % 4 != 1 && (!pad || (text->len + pad) % 4 == 0);
}

/* Two digits or three as a number; false: one of them is none. */
static bool read_digits(const unsigned char *digits, const char *at, size_t count, uint32_t *ret_word)
{
	unsigned char all = IS_DIGIT;
	uint32_t word = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned char digit = digits[(unsigned char)at[i]];
		all &= digit;
		word = word << 6 | (digit & 63);
	}
	*ret_word = word;
	return all;
}

/* Four digits as three bytes; false: one of them is none. */
static inline bool decode_four(const unsigned char *digits, const char *at, unsigned char *to)
{
	unsigned a = digits[(unsigned char)at[0]], b = digits[(unsigned char)at[1]], c = digits[(unsigned char)at[2]],
		 d = digits[(unsigned char)at[3]];

	to[0] = (unsigned char)((a & 63) << 2 | (b & 63) >> 4);
	to[1] = (unsigned char)((b & 15) << 4 | (c & 63) >> 2);
	to[2] = (unsigned char)((c & 3) << 6 | (d & 63));
	return a & b & c & d & IS_DIGIT;
}

/* The last two or three digits: one byte or two, and no bits left over. */
static bool decode_tail(const unsigned char *digits, const char *at, size_t count, unsigned char *to)
{
	unsigned spare = count == 2 ? 4 : 2;
	uint32_t word;

	if (!read_digits(digits, at, count, &word) || word & ((1u << spare) - 1))
		return false;
	word >>= spare;
	if (count == 3)
		*to++ = (unsigned char)(word >> 8);
	*to = (unsigned char)word;
	return true;
}

bool base64_decode_into(enum base64_form form, slice text, void *into, size_t size, size_t *ret_len)
{
	const unsigned char *digits = forms[form].digits;
	unsigned char *to = into;
	size_t len, i, tail;

	if (!strip_padding(&forms[form], &text))
		return false;
	if (forms[form].both_alphabets && (slice_find(text, '+') < text.len || slice_find(text, '/') < text.len))
		digits = standard_digits;
	tail = text.len % 4;
	len = text.len / 4 * 3 + (tail ? tail - 1 : 0);
	if (len > size)
		return false;
	for (i = 0; i < text.len - tail; i += 4, to += 3)
		if (!decode_four(digits, text.at + i, to))
			return false;
	if (tail && !decode_tail(digits, text.at + i, tail, to))
		return false;
	*ret_len = len;
	return true;
}

FALLIBLE base64_decode(struct arena *arena, enum base64_form form, slice text, slice *ret_bytes)
{
	size_t size = text.len / 4 * 3 + 3, len;
	char *into = arena_alloc(arena, size);

	TRY_NEW(into);
	if (!base64_decode_into(form, text, into, size, &len))
		return FAIL(FAULT_INVALID, "not %s", form == BASE64_STANDARD || form == BASE64_ANY ? "base64" : "base64url");
	*ret_bytes = slice_of(into, len);
	return OK;
}

static const char hex_lower[] = "0123456789abcdef", hex_upper[] = "0123456789ABCDEF";

void hex_encode_into(slice bytes, char *into)
{
	for (size_t i = 0; i < bytes.len; i++) {
		*into++ = hex_lower[(unsigned char)bytes.at[i] >> 4];
		*into++ = hex_lower[(unsigned char)bytes.at[i] & 15];
	}
}

void hex_encode(struct buffer *out, slice bytes)
{
	char *room = NULL;

	if (bytes.len <= SIZE_MAX / 2)
		room = buffer_room(out, 2 * bytes.len);
	else
		out->failed = true;
	if (!room)
		return;
	hex_encode_into(bytes, room);
	buffer_grew(out, 2 * bytes.len);
}

static int hex_digit(char c, bool upper_too)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return upper_too && c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool hex_decode_into(slice text, void *into, size_t size)
{
	unsigned char *to = into;

	if (text.len % 2 || text.len / 2 != size)
		return false;
	for (size_t i = 0; i < text.len; i += 2) {
		int high = hex_digit(text.at[i], false), low = hex_digit(text.at[i + 1], false);
		if (high < 0 || low < 0)
			return false;
		*to++ = (unsigned char)(high << 4 | low);
	}
	return true;
}

/* What stays besides letters, digits and "-._". PERCENT_FORM follows the HTML form rules, which encode "~". */
static const char *const kept[PERCENT_SET_COUNT] = {
	[PERCENT_SEGMENT] = "~!$&'()*+,;=:@",
	[PERCENT_PATH] = "~!$&'()*+,;=:@/",
	[PERCENT_QUERY] = "~",
	[PERCENT_FORM] = "*",
};

static bool stays(enum percent_set set, char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_')
		return true;
	if (set == PERCENT_MESSAGE)
		return c >= 0x20 && c <= 0x7e && c != '%';
	return c && strchr(kept[set], c);
}

void percent_encode(struct buffer *out, enum percent_set set, slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		if (stays(set, c)) {
			buffer_byte(out, c);
		} else if (c == ' ' && set == PERCENT_FORM) {
			buffer_byte(out, '+');
		} else {
			char coded[3] = { '%', hex_upper[(unsigned char)c >> 4], hex_upper[(unsigned char)c & 15] };
			buffer_add(out, slice_of(coded, sizeof(coded)));
		}
	}
}

/* One byte of the result; what is left of `rest` after it. -1 on a broken "%". */
static int next_byte(enum percent_set set, slice *rest)
{
	char c = rest->at[0];
	int high, low;

	if (c != '%') {
		*rest = slice_from(*rest, 1);
		return set == PERCENT_FORM && c == '+' ? ' ' : (unsigned char)c;
	}
	if (rest->len < 3)
		return -1;
	high = hex_digit(rest->at[1], true);
	low = hex_digit(rest->at[2], true);
	*rest = slice_from(*rest, 3);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

FALLIBLE percent_decode(struct arena *arena, enum percent_set set, slice text, slice *ret_text)
{
	slice rest = text;
	char *into;
	size_t len = 0;

	if (slice_find(text, '%') == text.len && (set != PERCENT_FORM || slice_find(text, '+') == text.len)) {
		if (!slice_is_text(text))
			return FAIL(FAULT_INVALID, "not UTF-8 text");
		*ret_text = text;
		return OK;
	}
	into = arena_alloc(arena, text.len);
	TRY_NEW(into);
	while (rest.len) {
		int byte = next_byte(set, &rest);
		if (byte < 0)
			return FAIL(FAULT_INVALID, "a \"%%\" without two hex digits");
		into[len++] = (char)byte;
	}
	if (!slice_is_text(slice_of(into, len)))
		return FAIL(FAULT_INVALID, "not UTF-8 text");
	*ret_text = slice_of(into, len);
	return OK;
}
