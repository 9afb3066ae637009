#include "base/encode.h"

#include <assert.h>

struct form {
	const char *alphabet;
	bool must_pad, may_pad, both_alphabets;
};

#define ALPHANUMERIC "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const struct form forms[BASE64_FORM_COUNT] = {
	[BASE64_STANDARD] = { .alphabet = ALPHANUMERIC "+/", .must_pad = true, .may_pad = true },
	[BASE64_URL] = { .alphabet = ALPHANUMERIC "-_" },
	[BASE64_URL_PADDED] = { .alphabet = ALPHANUMERIC "-_", .must_pad = true, .may_pad = true },
	[BASE64_URL_EITHER] = { .alphabet = ALPHANUMERIC "-_", .may_pad = true },
	[BASE64_ANY] = { .alphabet = ALPHANUMERIC "-_", .may_pad = true, .both_alphabets = true },
};

size_t base64_encode_into(enum base64_form form, slice bytes, char *into)
{
	const char *alphabet = forms[form].alphabet;
	const unsigned char *in = (const unsigned char *)bytes.at;
	size_t left = bytes.len;
	char *to = into;

	assert(form <= BASE64_URL_PADDED);
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

#define NO_DIGIT 0xff
#define PLAIN(c, v) [c] = (v) + 1
/* Digit values plus one, so that what is not named is 0: no digit. The last two digits differ per alphabet. */
static const unsigned char digits[256] = {
	PLAIN('A', 0),  PLAIN('B', 1),  PLAIN('C', 2),  PLAIN('D', 3),  PLAIN('E', 4),  PLAIN('F', 5),  PLAIN('G', 6),
	PLAIN('H', 7),  PLAIN('I', 8),  PLAIN('J', 9),  PLAIN('K', 10), PLAIN('L', 11), PLAIN('M', 12), PLAIN('N', 13),
	PLAIN('O', 14), PLAIN('P', 15), PLAIN('Q', 16), PLAIN('R', 17), PLAIN('S', 18), PLAIN('T', 19), PLAIN('U', 20),
	PLAIN('V', 21), PLAIN('W', 22), PLAIN('X', 23), PLAIN('Y', 24), PLAIN('Z', 25), PLAIN('a', 26), PLAIN('b', 27),
	PLAIN('c', 28), PLAIN('d', 29), PLAIN('e', 30), PLAIN('f', 31), PLAIN('g', 32), PLAIN('h', 33), PLAIN('i', 34),
	PLAIN('j', 35), PLAIN('k', 36), PLAIN('l', 37), PLAIN('m', 38), PLAIN('n', 39), PLAIN('o', 40), PLAIN('p', 41),
	PLAIN('q', 42), PLAIN('r', 43), PLAIN('s', 44), PLAIN('t', 45), PLAIN('u', 46), PLAIN('v', 47), PLAIN('w', 48),
	PLAIN('x', 49), PLAIN('y', 50), PLAIN('z', 51), PLAIN('0', 52), PLAIN('1', 53), PLAIN('2', 54), PLAIN('3', 55),
	PLAIN('4', 56), PLAIN('5', 57), PLAIN('6', 58), PLAIN('7', 59), PLAIN('8', 60), PLAIN('9', 61),
};

static unsigned digit_of(const char *alphabet, char c)
{
	unsigned char plain = digits[(unsigned char)c];

	return plain ? plain - 1u : c == alphabet[62] ? 62 : c == alphabet[63] ? 63 : NO_DIGIT;
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

bool base64_decode_into(enum base64_form form, slice text, void *into, size_t size, size_t *ret_len)
{
	const char *alphabet = forms[form].alphabet;
	unsigned char *to = into;
	size_t len, i = 0;
	uint32_t word = 0;

	if (!strip_padding(&forms[form], &text))
		return false;
	if (forms[form].both_alphabets && (slice_find(text, '+') < text.len || slice_find(text, '/') < text.len))
		alphabet = forms[BASE64_STANDARD].alphabet;
	len = text.len / 4 * 3 + (text.len % 4 ? text.len % 4 - 1 : 0);
	if (len > size)
		return false;
	for (; i < text.len; i++) {
		unsigned digit = digit_of(alphabet, text.at[i]);
		if (digit == NO_DIGIT)
			return false;
		word = word << 6 | digit;
		if (i % 4 == 3) {
			*to++ = (unsigned char)(word >> 16);
			*to++ = (unsigned char)(word >> 8);
			*to++ = (unsigned char)word;
			word = 0;
		}
	}
	if (i % 4 == 2) {
		if (word & 15)
			return false;
		*to = (unsigned char)(word >> 4);
	} else if (i % 4 == 3) {
		if (word & 3)
			return false;
		*to++ = (unsigned char)(word >> 10);
		*to = (unsigned char)(word >> 2);
	}
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
