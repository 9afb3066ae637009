/*
 * encode: bytes as text and back: base64 in its four dialects, hex, percent-encoding.
 *
 * Promises  every decoder is exact for its form (RFC 4648 section 3.5: no stray bits, no white space, no stray padding), reads
 *           no byte twice, and writes within the stated size. Encoders add to a struct buffer and keep its first failure.
 * Start at  base64_encode(), base64_decode(), percent_decode().
 */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/slice.h"
#include "base/status.h"

enum base64_form {
	BASE64_STANDARD,   /* "+/", padded with "=" (RFC 4648 section 4) */
	BASE64_URL,        /* "-_", never padded (RFC 7515 section 2): the form of JOSE */
	BASE64_URL_PADDED, /* "-_", padded: the form of capability bitsets */
	/* For decoding alone; trailing bits must still be zero and padding, where present, right: */
	BASE64_URL_EITHER, /* "-_", padded or not */
	BASE64_ANY,        /* either alphabet (but one), padded or not: proto3 JSON's bytes */
	BASE64_FORM_COUNT
};

/* Characters that n bytes become at most (with padding), and bytes that n characters become at most. */
#define BASE64_TEXT_BYTES(n) (((n) + 2) / 3 * 4)
#define BASE64_DATA_BYTES(n) (((n) + 3) / 4 * 3)

/* form is not one of those for decoding alone. */
void base64_encode(struct buffer *out, enum base64_form form, slice bytes);
/* Into the caller's memory, which has room for BASE64_TEXT_BYTES(bytes.len); gives the characters written. */
size_t base64_encode_into(enum base64_form form, slice bytes, char *into);
/* Into the caller's memory; false, and `into` half written, when text is not of that form or needs more than size bytes. */
bool base64_decode_into(enum base64_form form, slice text, void *into, size_t size, size_t *ret_len);
/* Into the arena. FAULT_INVALID when text is not of that form, FAULT_EXHAUSTED when the arena is full. */
FALLIBLE base64_decode(struct arena *arena, enum base64_form form, slice text, slice *ret_bytes);

/* Lower-case hex. */
void hex_encode(struct buffer *out, slice bytes);
/* Into 2 * bytes.len characters, without a NUL. */
void hex_encode_into(slice bytes, char *into);
/* Exactly 2 * size lower-case digits; false otherwise. */
bool hex_decode_into(slice text, void *into, size_t size);

/* Which bytes stay as they are; all others become %XX in upper case. */
enum percent_set {
	PERCENT_SEGMENT, /* one path segment (RFC 3986 pchar): "/" is encoded */
	PERCENT_PATH,    /* a path: "/" stays */
	PERCENT_QUERY,   /* a name or value of a query: only unreserved bytes stay */
	PERCENT_FORM,    /* application/x-www-form-urlencoded: as the query, but a blank becomes "+" */
	PERCENT_MESSAGE, /* grpc-message: 0x20..0x7e but "%" stay */
	PERCENT_SET_COUNT
};

void percent_encode(struct buffer *out, enum percent_set set, slice text);
/* The inverse for any set; only PERCENT_FORM reads "+" as a blank. FAULT_INVALID on a "%" without two hex digits and when
 * the result is not UTF-8 or holds a NUL. ret_text is `text` itself when there was nothing to decode, else in the arena. */
FALLIBLE percent_decode(struct arena *arena, enum percent_set set, slice text, slice *ret_text);

#endif
