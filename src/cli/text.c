/*
 * text: how wide a text is on a terminal.
 */
#include "cli/menu.h"

#define ELLIPSIS "\xe2\x80\xa6"

/* First and last code points. */
struct range {
	uint32_t first, last;
};

/* General categories Mn, Me and Cf that people's names use: they sit on the character before. */
static const struct range combining[] = { { 0x300, 0x36f },   { 0x483, 0x489 },   { 0x591, 0x5bd },    { 0x610, 0x61a },
					  { 0x64b, 0x65f },   { 0x900, 0x902 },   { 0x93c, 0x93c },    { 0x941, 0x948 },
					  { 0x94d, 0x94d },   { 0xe31, 0xe31 },   { 0xe34, 0xe3a },    { 0xe47, 0xe4e },
					  { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x200b, 0x200f },  { 0x202a, 0x202e },
					  { 0x2060, 0x2064 }, { 0x2066, 0x2069 }, { 0x20d0, 0x20ff },  { 0xfe00, 0xfe0f },
					  { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff }, { 0xe0100, 0xe01ef } };
/* East Asian Wide and Fullwidth (UAX #11), and emoji. */
static const struct range wide[] = { { 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0x33ff },  { 0x3400, 0x4dbf },
				     { 0x4e00, 0x9fff },   { 0xa000, 0xa4cf },   { 0xa960, 0xa97f },  { 0xac00, 0xd7a3 },
				     { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },  { 0xffe0, 0xffe6 },
				     { 0x1f300, 0x1f64f }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd } };

static bool is_in(uint32_t code, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return false;
}

/* Bytes of the character that begins here; 1 for a byte that begins none. */
static size_t take(slice text, uint32_t *ret_code)
{
	unsigned char first = (unsigned char)text.at[0];
	size_t len = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 1;

	*ret_code = len == 1 ? first : first & (0x7fU >> len);
	if (len > text.len || (len == 1 && first >= 0x80)) {
		*ret_code = '?';
		return 1;
	}
	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)text.at[i] & 0xc0) != 0x80) {
			*ret_code = '?';
			return 1;
		}
		*ret_code = *ret_code << 6 | ((unsigned char)text.at[i] & 0x3f);
	}
	return len;
}

static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/* What turns the direction of all that follows is no better than a control character. */
static bool is_direction(uint32_t code)
{
	return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

static size_t columns_of(uint32_t code)
{
	if (is_in(code, combining, sizeof(combining) / sizeof(*combining)))
		return 0;
	return is_in(code, wide, sizeof(wide) / sizeof(*wide)) ? 2 : 1;
}

size_t text_columns(slice text)
{
	size_t columns = 0;

	while (text.len > 0) {
		uint32_t code;

		text = slice_from(text, take(text, &code));
		columns += columns_of(code);
	}
	return columns;
}

void text_put(struct buffer *out, slice text, size_t columns)
{
	bool is_cut = text_columns(text) > columns;
	size_t room = is_cut && columns > 0 ? columns - 1 : columns;

	while (text.len > 0) {
		uint32_t code;
		size_t len = take(text, &code), width = columns_of(code);

		if (width > room)
			break;
		room -= width;
		if (is_direction(code))
			; /* left out */
		else if (is_control(code) || (len == 1 && (unsigned char)text.at[0] >= 0x80))
			buffer_byte(out, '?');
		else
			buffer_add(out, slice_to(text, len));
		text = slice_from(text, len);
	}
	if (is_cut && columns > 0)
		buffer_text(out, ELLIPSIS);
}
