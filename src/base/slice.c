#include "base/slice.h"

#include <endian.h>

static unsigned char lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

bool slice_eq_nocase(slice a, slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower((unsigned char)a.at[i]) != lower((unsigned char)b.at[i]))
			return false;
	return true;
}

size_t slice_find(slice s, char c)
{
	const char *hit = s.len ? memchr(s.at, c, s.len) : NULL;
	return hit ? (size_t)(hit - s.at) : s.len;
}

bool slice_cut(slice s, char by, slice *ret_head, slice *rest)
{
	size_t at = slice_find(s, by);
	bool found = at < s.len;

	*ret_head = slice_to(s, at);
	*rest = slice_from(s, found ? at + 1 : at);
	return found;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

slice slice_trim(slice s)
{
	while (s.len && is_blank(s.at[0]))
		s = slice_from(s, 1);
	while (s.len && is_blank(s.at[s.len - 1]))
		s.len--;
	return s;
}

int slice_compare(slice a, slice b)
{
	size_t shared = a.len < b.len ? a.len : b.len;
	int order = shared ? memcmp(a.at, b.at, shared) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool slice_number(slice s, uint64_t max, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (s.len == 0 || (s.len > 1 && s.at[0] == '0'))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		if (__builtin_mul_overflow(number, 10u, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(s.at[i] - '0'), &number))
			return false;
	}
	if (number > max)
		return false;
	*ret_number = number;
	return true;
}

/* Length of the UTF-8 sequence at s, or 0 when it is none. */
static size_t sequence_len(slice s)
{
	unsigned char lead = (unsigned char)s.at[0];
	size_t len = lead < 0x80                   ? 1
		     : lead >= 0xc2 && lead < 0xe0 ? 2
		     : (lead & 0xf0) == 0xe0       ? 3
		     : lead >= 0xf0 && lead < 0xf5 ? 4
						   : 0;

	if (len == 0 || len > s.len || lead == 0)
		return 0;
	for (size_t i = 1; i < len; i++)
		if (((unsigned char)s.at[i] & 0xc0) != 0x80)
			return 0;
	if (len > 2) {
		unsigned char next = (unsigned char)s.at[1];
		if ((lead == 0xe0 && next < 0xa0) || (lead == 0xed && next > 0x9f) || (lead == 0xf0 && next < 0x90) ||
		    (lead == 0xf4 && next > 0x8f))
			return 0;
	}
	return len;
}

/* Sixteen bytes that the compiler handles as one, with whatever the processor has for that. */
typedef signed char block __attribute__((vector_size(16)));

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* Not 0 when any byte of the word is below n (n <= 128; exact for the word, not for which byte). */
static uint64_t any_below(uint64_t word, uint8_t n)
{
	return (word - EACH_BYTE(n)) & ~word & EACH_BYTE(0x80);
}

static bool is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* How many of the block's bytes come before the first that is not plain; all sixteen when there is none. */
static inline size_t plain_in_block(const char *at)
{
	uint64_t halves[2];
	block bytes, found;

	memcpy(&bytes, at, sizeof(bytes));
	/* 0xff where it is so; as signed numbers, bytes from 0x80 on are below 0x20 too. */
	found = (block)((bytes < 0x20) | (bytes == 0x7f) | (bytes == '"') | (bytes == '\\'));
	memcpy(halves, &found, sizeof(halves));
	if (halves[0])
		return (size_t)__builtin_ctzll(le64toh(halves[0])) / 8;
	return halves[1] ? 8 + (size_t)__builtin_ctzll(le64toh(halves[1])) / 8 : sizeof(block);
}

/* Not 0 when a byte of the word is not plain. */
static inline uint64_t unplain(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return (word & EACH_BYTE(0x80)) | any_below(word, 0x20) | any_below(word ^ EACH_BYTE(0x7f), 1) |
	       any_below(word ^ EACH_BYTE('"'), 1) | any_below(word ^ EACH_BYTE('\\'), 1);
}

static size_t plain_len_of_few(slice s)
{
	size_t at = 0, word = sizeof(uint64_t);

	while (s.len - at >= word && !unplain(s.at + at))
		at += word;
	/* The end is looked at together with bytes before it, which are plain. */
	if (s.len >= word && s.len - at < word && !unplain(s.at + s.len - word))
		return s.len;
	while (at < s.len && is_plain(s.at[at]))
		at++;
	return at;
}

size_t slice_plain_len(slice s)
{
	size_t at = 0, plain;

	if (s.len < sizeof(block))
		return plain_len_of_few(s);
	do {
		if (s.len - at < sizeof(block))
			at = s.len - sizeof(block); /* as above */
		plain = plain_in_block(s.at + at);
		at += plain;
	} while (plain == sizeof(block) && at < s.len);
	return at;
}

bool slice_is_text(slice s)
{
	for (s = slice_from(s, slice_plain_len(s)); s.len; s = slice_from(s, slice_plain_len(s))) {
		size_t len = sequence_len(s);
		if (len == 0)
			return false;
		s = slice_from(s, len);
	}
	return true;
}

void slice_make_text(char *at, size_t len)
{
	for (size_t i = 0; i < len;) {
		slice rest = slice_of(at + i, len - i);
		size_t bytes = slice_plain_len(rest);
		if (!bytes)
			bytes = sequence_len(rest);
		if (!bytes) {
			at[i] = '?';
			bytes = 1;
		}
		i += bytes;
	}
}
