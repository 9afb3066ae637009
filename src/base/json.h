/*
 * json: one reader into an arena, one writer over a buffer.
 *
 * Promises  the reader takes exactly RFC 8259 in UTF-8, and refuses what two readers could see differently: duplicate
 *           member names, lone surrogates, NUL in a string (also as \u0000), bytes after the value, a byte order mark.
 *           It is linear in the text, and bounded in size, depth and, by the arena, memory. The writer keeps the buffer's first
 *           failure, so one check of buffer_failed at the end is enough.
 * Start at  json_parse() and json_member() to read, json_writer_init() to write.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/slice.h"
#include "base/status.h"

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* One value. Read it directly or by the helpers below; an array's items and an object's members hang in their order. */
struct json {
	enum json_kind kind;
	bool truth;               /* JSON_BOOL */
	uint32_t count;           /* items or members */
	slice name;               /* of an object's member, unescaped; empty elsewhere */
	slice text;               /* JSON_STRING: unescaped UTF-8 without NUL; JSON_NUMBER: as written */
	const struct json *first; /* item or member, NULL when count is 0 */
	const struct json *next;  /* the next one in the same array or object */
};

#define JSON_EACH(item, parent) for (const struct json *item = (parent)->first; item; item = item->next)

#define JSON_BYTES_MAX ((size_t)16 * 1024 * 1024) /* no limit may be set above this */
#define JSON_DEPTH_MAX 128u
#define JSON_DEPTH_DEFAULT 32u

struct json_limits {
	size_t bytes;   /* longest text; 0: JSON_BYTES_MAX */
	unsigned depth; /* arrays and objects inside each other; 0: JSON_DEPTH_DEFAULT */
};

/* The value that `text` is. The tree lives in the arena; strings without escapes and numbers are views into `text`, which must
 * live as long. limits may be NULL. FAULT_INVALID says what is wrong (also: too long, too deep) and at which byte;
 * FAULT_EXHAUSTED: the arena is full. */
FALLIBLE json_parse(struct arena *arena, slice text, const struct json_limits *limits, const struct json **ret_value);
/* The same, and the value must be an object. */
FALLIBLE json_parse_object(struct arena *arena, slice text, const struct json_limits *limits, const struct json **ret_object);

/* The member of that name, case and all; NULL when there is none, when `object` is no object, and when it is NULL. */
const struct json *json_member(const struct json *object, const char *name);
/* All of these are false, and write nothing, when the value is NULL or of another kind. */
bool json_text(const struct json *value, slice *ret_text);
bool json_bool(const struct json *value, bool *ret_truth);
/* Exact: also 1.0 and 12e2 are integers, but 1.5 and what does not fit are not. */
bool json_int64(const struct json *value, int64_t *ret_number);
bool json_uint64(const struct json *value, uint64_t *ret_number);
/* Rounded to nearest; false when it overflows. */
bool json_double(const struct json *value, double *ret_number);
bool json_is(const struct json *value, enum json_kind kind);
/* True for a string equal to `text`. */
bool json_text_is(const struct json *value, const char *text);

/* The same of a bare text in JSON's number grammar (proto3 JSON puts numbers into strings). */
bool json_number_int64(slice text, int64_t *ret_number);
bool json_number_uint64(slice text, uint64_t *ret_number);
bool json_number_double(slice text, double *ret_number);

/* Commas are the writer's business; that names stand in objects only and everything is closed is the caller's. */
struct json_writer {
	struct buffer *out;
	bool comma; /* the next value or name needs one before it */
};

void json_writer_init(struct json_writer *writer, struct buffer *out);
void json_open_object(struct json_writer *writer);
void json_close_object(struct json_writer *writer);
void json_open_array(struct json_writer *writer);
void json_close_array(struct json_writer *writer);
/* A string that is no UTF-8 or holds a NUL fails the buffer. */
void json_put_name(struct json_writer *writer, slice name);
void json_put_text(struct json_writer *writer, slice text);
void json_put_int(struct json_writer *writer, int64_t number);
void json_put_uint(struct json_writer *writer, uint64_t number);
/* Shortest text that reads back equal; infinite and NaN fail the buffer. */
void json_put_double(struct json_writer *writer, double number);
void json_put_bool(struct json_writer *writer, bool truth);
void json_put_null(struct json_writer *writer);
/* A value somebody has written already; not checked. */
void json_put_raw(struct json_writer *writer, slice value);
/* A tree as the reader gives it; numbers as they were written. */
void json_put_tree(struct json_writer *writer, const struct json *value);

/* "name": value */
void json_pair_text(struct json_writer *writer, const char *name, slice text);
void json_pair_int(struct json_writer *writer, const char *name, int64_t number);
void json_pair_bool(struct json_writer *writer, const char *name, bool truth);

#endif
