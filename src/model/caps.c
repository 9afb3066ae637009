#include "model/caps.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/encode.h"

#define PUBLIC_BITS_MIN 50    /* every text has room for this many bits */
#define PUBLIC_BITS_MAX 65536 /* the longest set we read */
#define WORD_BITS 64
#define WORD_BYTES 8
#define NUMBERS_MAX 1000 /* elements of a legacy list */

/* Indexed by bit; a row without a name is a retired or unknown bit. */
static const struct cap_row rows[CAPS_BITS] = {
#define CAPABILITY(symbol_, number_, name_, bit_, is_deprecated_, is_internal_, is_own_) \
	[bit_] = { .symbol = #symbol_,                                                   \
		   .name = (name_),                                                      \
		   .number = (number_),                                                  \
		   .bit = (bit_),                                                        \
		   .is_deprecated = (is_deprecated_),                                    \
		   .is_internal = (is_internal_),                                        \
		   .is_own = (is_own_) },
#include "capabilities.def"
#undef CAPABILITY
};

static pthread_once_t order_once = PTHREAD_ONCE_INIT;
static const struct cap_row *by_number[CAPS_BITS], *by_name[CAPS_BITS];
static size_t rows_count;
static uint8_t rank_of[CAPS_BITS]; /* of a bit's row in by_number */
static struct caps known_public;

static int order_number(const void *a, const void *b)
{
	const struct cap_row *const *left = a, *const *right = b;

	return ((*left)->number > (*right)->number) - ((*left)->number < (*right)->number);
}

static int order_name(const void *a, const void *b)
{
	const struct cap_row *const *left = a, *const *right = b;

	return slice_compare(slice_str((*left)->name), slice_str((*right)->name));
}

static void put_in_order(void)
{
	for (unsigned bit = 0; bit < CAPS_BITS; bit++) {
		if (!rows[bit].name)
			continue;
		by_number[rows_count] = by_name[rows_count] = &rows[bit];
		rows_count++;
		if (!rows[bit].is_own)
			caps_add(&known_public, bit);
	}
	qsort(by_number, rows_count, sizeof(*by_number), order_number);
	qsort(by_name, rows_count, sizeof(*by_name), order_name);
	for (size_t rank = 0; rank < rows_count; rank++)
		rank_of[by_number[rank]->bit] = (uint8_t)rank;
}

const struct cap_row *const *cap_rows(size_t *ret_count)
{
	(void)pthread_once(&order_once, put_in_order); /* cannot fail with an initialised control */
	*ret_count = rows_count;
	return by_number;
}

/* Takes the lowest bit out of the word at *at. */
static unsigned take_bit(struct caps *set, size_t at)
{
	unsigned bit = (unsigned)__builtin_ctzll(set->words[at]);

	set->words[at] &= set->words[at] - 1;
	return (unsigned)at * WORD_BITS + bit;
}

/* Bits become ranks, and ranks come out in order: as many steps as the set has bits. */
size_t caps_rows(const struct caps *set, const struct cap_row *ret_rows[CAPS_BITS])
{
	struct caps left = *set, ranks = { 0 };
	size_t count;

	(void)cap_rows(&count); /* puts them in order */
	for (size_t at = 0; at < CAPS_BITS / WORD_BITS; at++)
		while (left.words[at]) {
			unsigned bit = take_bit(&left, at);
			if (rows[bit].name)
				caps_add(&ranks, rank_of[bit]);
		}
	count = 0;
	for (size_t at = 0; at < CAPS_BITS / WORD_BITS; at++)
		while (ranks.words[at])
			ret_rows[count++] = by_number[take_bit(&ranks, at)];
	return count;
}

const struct cap_row *cap_by_bit(unsigned bit)
{
	return bit < CAPS_BITS && rows[bit].name ? &rows[bit] : NULL;
}

const struct cap_row *cap_by_number(int number)
{
	const struct cap_row wanted = { .number = number }, *key = &wanted;
	const struct cap_row *const *found;
	size_t count;

	(void)cap_rows(&count); /* puts them in order */
	found = bsearch(&key, by_number, count, sizeof(*by_number), order_number);
	return found ? *found : NULL;
}

const struct cap_row *cap_by_name(slice name)
{
	size_t low = 0, high;

	(void)cap_rows(&high); /* puts them in order */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = slice_compare(name, slice_str(by_name[middle]->name));
		if (order == 0)
			return by_name[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

size_t caps_count(const struct caps *set)
{
	size_t count = 0;

	for (int i = 0; i < CAPS_BITS / WORD_BITS; i++)
		count += (size_t)__builtin_popcountll(set->words[i]);
	return count;
}

struct caps caps_minus(struct caps a, struct caps b)
{
	for (int i = 0; i < CAPS_BITS / WORD_BITS; i++)
		a.words[i] &= ~b.words[i];
	return a;
}

const struct cap_row *caps_first(const struct caps *set)
{
	size_t count;
	const struct cap_row *const *ordered = cap_rows(&count);

	for (size_t i = 0; i < count; i++)
		if (caps_has(set, ordered[i]->bit))
			return ordered[i];
	return NULL;
}

static void put_word(uint8_t *to, uint64_t word)
{
	for (int i = 0; i < WORD_BYTES; i++)
		to[i] = (uint8_t)(word >> (8 * (WORD_BYTES - 1 - i)));
}

static uint64_t get_word(const uint8_t *from)
{
	uint64_t word = 0;

	for (int i = 0; i < WORD_BYTES; i++)
		word = word << 8 | from[i];
	return word;
}

/* One more than the highest bit of the set, and at least PUBLIC_BITS_MIN. */
static size_t set_length(const struct caps *set)
{
	size_t length = 0;

	for (size_t at = CAPS_BITS / WORD_BITS; at-- && !length;)
		if (set->words[at])
			length = at * WORD_BITS + WORD_BITS - (size_t)__builtin_clzll(set->words[at]);
	return length > PUBLIC_BITS_MIN ? length : PUBLIC_BITS_MIN;
}

void caps_encode(const struct caps *set, char ret_text[CAPS_TEXT_BYTES])
{
	uint8_t bytes[WORD_BYTES * (1 + CAPS_BITS / WORD_BITS)];
	struct buffer text = { .at = ret_text, .cap = CAPS_TEXT_BYTES, .limit = CAPS_TEXT_BYTES - 1 };
	struct caps wire = caps_public(*set);
	size_t length = set_length(&wire), words = (length + WORD_BITS - 1) / WORD_BITS;

	put_word(bytes, length);
	for (size_t i = 0; i < words; i++)
		put_word(bytes + WORD_BYTES * (1 + i), wire.words[i]);
	base64_encode(&text, BASE64_URL_PADDED, slice_of(bytes, WORD_BYTES * (1 + words)));
	assert(!buffer_failed(&text)); /* CAPS_TEXT_BYTES holds every set */
}

/* The older form: a JSON list of enum numbers; unknown ones are skipped. */
static bool decode_numbers(slice text, struct caps *ret_set)
{
	slice rest = slice_trim(slice_of(text.at + 1, text.len - 2)), item;
	struct caps set = { 0 };
	uint64_t number;

	for (int i = 0; rest.len; i++) {
		bool more = slice_cut(rest, ',', &item, &rest);
		if (i == NUMBERS_MAX || !slice_number(slice_trim(item), INT32_MAX, &number) || (more && !rest.len))
			return false;
		const struct cap_row *row = cap_by_number((int)number);
		if (row && !row->is_own)
			caps_add(&set, row->bit);
	}
	*ret_set = set;
	return true;
}

bool caps_decode(slice text, struct caps *ret_set)
{
	uint8_t bytes[WORD_BYTES * (1 + PUBLIC_BITS_MAX / WORD_BITS)];
	struct caps set = { 0 };
	size_t len, count;
	uint64_t length;

	if (text.len >= 2 && text.at[0] == '[' && text.at[text.len - 1] == ']')
		return decode_numbers(text, ret_set);
	if (!base64_decode_into(BASE64_URL_EITHER, text, bytes, sizeof(bytes), &len) || len < WORD_BYTES)
		return false;
	length = get_word(bytes);
	if (length > PUBLIC_BITS_MAX || len != WORD_BYTES * (1 + (length + WORD_BITS - 1) / WORD_BITS))
		return false;
	for (size_t i = 0; i < CAPS_BITS / WORD_BITS && i * WORD_BITS < length; i++)
		set.words[i] = get_word(bytes + WORD_BYTES * (1 + i));
	if (length % WORD_BITS && get_word(bytes + len - WORD_BYTES) >> (length % WORD_BITS))
		return false;   /* bits beyond the stated length */
	(void)cap_rows(&count); /* knows the public bits */
	*ret_set = caps_and(set, known_public);
	return true;
}
