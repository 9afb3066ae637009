/*
 * caps: a set of capabilities, one bit each (spec model.md 6, tokens.md 2.1).
 *
 * The table of capabilities is the enum in api/capabilities.proto; capabilities.def is generated from it. Bits below
 * CAPS_OWN_FIRST belong to the public contract; ours count from 255 down and never enter a token.
 */
#ifndef MODEL_CAPS_H
#define MODEL_CAPS_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/slice.h"
#include "base/status.h"

#define CAPS_BITS 256
#define CAPS_OWN_FIRST 240 /* bits from here on are ours; below is the contract and the room it has to grow */

struct caps {
	uint64_t words[CAPS_BITS / 64]; /* bit b is words[b / 64] >> (b % 64) & 1 */
};

/* One row of the table. */
struct cap_row {
	const char *symbol; /* CAP_IAM_GROUPS_CREATE */
	const char *name;   /* groups.create */
	int number;         /* of the protobuf enum */
	uint8_t bit;
	bool is_deprecated, is_internal, is_own;
};

/* CAP_IAM_GROUPS_CREATE_BIT == 1. */
enum cap_bit {
#define CAPABILITY(symbol, number, name, bit, is_deprecated, is_internal, is_own) symbol##_BIT = (bit),
#include "capabilities.def"
#undef CAPABILITY
};

const struct cap_row *cap_by_bit(unsigned bit);  /* NULL for a retired or unknown bit */
const struct cap_row *cap_by_number(int number); /* NULL when unknown */
const struct cap_row *cap_by_name(slice name);   /* NULL when unknown */
/* Rows sorted by number; *ret_count of them. */
const struct cap_row *const *cap_rows(size_t *ret_count);

/* The set's rows sorted by number; bits without a capability are left out. Gives how many. */
size_t caps_rows(const struct caps *set, const struct cap_row *ret_rows[CAPS_BITS]);

static inline bool caps_has(const struct caps *set, unsigned bit)
{
	return bit < CAPS_BITS && (set->words[bit / 64] >> (bit % 64) & 1);
}
static inline void caps_add(struct caps *set, unsigned bit)
{
	set->words[bit / 64] |= UINT64_C(1) << (bit % 64);
}
static inline struct caps caps_and(struct caps a, struct caps b)
{
	for (int i = 0; i < CAPS_BITS / 64; i++)
		a.words[i] &= b.words[i];
	return a;
}
static inline struct caps caps_or(struct caps a, struct caps b)
{
	for (int i = 0; i < CAPS_BITS / 64; i++)
		a.words[i] |= b.words[i];
	return a;
}
static inline bool caps_is_empty(const struct caps *set)
{
	return !(set->words[0] | set->words[1] | set->words[2] | set->words[3]);
}
/* Every bit of `part` is in `whole`. */
static inline bool caps_within(const struct caps *part, const struct caps *whole)
{
	for (int i = 0; i < CAPS_BITS / 64; i++)
		if (part->words[i] & ~whole->words[i])
			return false;
	return true;
}
/* Without the bits of ours, for a token. */
static inline struct caps caps_public(struct caps set)
{
	set.words[CAPS_OWN_FIRST / 64] &= (UINT64_C(1) << (CAPS_OWN_FIRST % 64)) - 1;
	return set;
}
/* What is in a and not in b. */
struct caps caps_minus(struct caps a, struct caps b);
size_t caps_count(const struct caps *set);
/* The set's row with the lowest number, to be named in a message; NULL when it holds none we know. */
const struct cap_row *caps_first(const struct caps *set);

/* The token form, exactly as tokens.md 2.1: 8-byte length, words, base64 with the URL alphabet and padding. Bits of ours are
 * left out. NUL-terminated. */
#define CAPS_TEXT_BYTES 64
void caps_encode(const struct caps *set, char ret_text[CAPS_TEXT_BYTES]);
/* Accepts missing padding, and the older form, a JSON list of numbers as its text "[103,901]". Bits with no capability and
 * bits of ours are dropped; false on anything malformed (bounded). */
bool caps_decode(slice text, struct caps *ret_set);

#endif
