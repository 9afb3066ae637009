/*
 * slice: a view of bytes somebody else owns.
 *
 * Not NUL-terminated unless said. A slice is passed by value; an empty one has len 0 and any pointer.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
	const char *at;
	size_t len;
} slice;

/* A slice of a string literal, usable in initialisers. */
#define SLICE(literal) ((slice){ "" literal, sizeof(literal) - 1 })
/* For printf's "%.*s". */
#define SLICE_ARG(s) ((int)(s).len), ((s).at ? (s).at : "")

static inline slice slice_of(const void *at, size_t len)
{
	return (slice){ at, len };
}

/* NULL reads as empty. */
static inline slice slice_str(const char *text)
{
	return (slice){ text ? text : "", text ? strlen(text) : 0 };
}

/* Not constant-time: never for secrets (crypto/secret.h has secret_equal). */
static inline bool slice_eq(slice a, slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool slice_is(slice a, const char *text)
{
	return slice_eq(a, slice_str(text));
}

static inline bool slice_starts(slice s, slice prefix)
{
	return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.at, prefix.at, prefix.len) == 0);
}

static inline bool slice_ends(slice s, slice suffix)
{
	return s.len >= suffix.len && (suffix.len == 0 || memcmp(s.at + s.len - suffix.len, suffix.at, suffix.len) == 0);
}

/* What follows the first n bytes; n past the end gives the empty slice. */
static inline slice slice_from(slice s, size_t n)
{
	return n >= s.len ? (slice){ s.at + s.len, 0 } : (slice){ s.at + n, s.len - n };
}

static inline slice slice_to(slice s, size_t n)
{
	return (slice){ s.at, n < s.len ? n : s.len };
}

/* ASCII case is ignored; bytes above 0x7f must be equal. */
bool slice_eq_nocase(slice a, slice b);
/* Cuts at the first `by`: the part before goes to ret_head, what follows it to *rest. False when `by` is absent
 * (then ret_head is all of it and *rest is empty). `s` may alias *rest. */
bool slice_cut(slice s, char by, slice *ret_head, slice *rest);
/* Without leading and trailing space, tab, CR and LF. */
slice slice_trim(slice s);
/* Index of the first `c`, or s.len when absent. */
size_t slice_find(slice s, char c);
/* Orders by bytes, shorter first on a tie: <0, 0, >0. */
int slice_compare(slice a, slice b);
/* A decimal number of digits alone, no sign, no leading zero but "0" itself; false when it is not one or exceeds max. */
bool slice_number(slice s, uint64_t max, uint64_t *ret_number);
/* Bytes before the first that is not plain: below 0x20, above 0x7e, a quotation mark or a backslash. A plain byte stands for
 * itself in JSON and in headers; most text has no other. */
size_t slice_plain_len(slice s);
/* True when the bytes are valid UTF-8 (RFC 3629: no surrogates, no overlong forms) and hold no NUL. */
bool slice_is_text(slice s);
/* In place: every byte that is no part of such text becomes '?'. */
void slice_make_text(char *at, size_t len);

#endif
