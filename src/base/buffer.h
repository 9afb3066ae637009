/*
 * buffer: bytes that grow up to a stated limit.
 *
 * Promises  the first failure (limit, memory) is kept and everything after it is dropped, so one check of buffer_failed
 *           at the end is enough. The content is always NUL-terminated behind len.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <assert.h>

#include "base/arena.h"
#include "base/slice.h"

struct buffer {
	char *at;
	size_t len, cap, limit;
	bool failed, starved; /* starved: it was memory that lacked, not room under the limit */
	struct arena *arena;  /* NULL: heap, freed by buffer_done */
};

/* limit: the most bytes it will hold. arena may be NULL for the heap. */
void buffer_init(struct buffer *buffer, struct arena *arena, size_t limit);
/* Frees heap memory; nothing to do for an arena's. Safe on a zeroed struct. */
void buffer_done(struct buffer *buffer);
/* len 0, failure forgotten, memory kept. */
void buffer_clear(struct buffer *buffer);
void buffer_add(struct buffer *buffer, slice s);
void buffer_byte(struct buffer *buffer, char c);
void buffer_text(struct buffer *buffer, const char *text);
/* In decimal. */
void buffer_number(struct buffer *buffer, uint64_t number);
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Drops the first n bytes. */
void buffer_shift(struct buffer *buffer, size_t n);

/* For buffer_room: what to do when there is no room yet, or never will be. */
char *buffer_make_room(struct buffer *buffer, size_t n);

/* Room for n more bytes at the end, to be filled and counted by buffer_grew; NULL on failure. */
static inline char *buffer_room(struct buffer *buffer, size_t n)
{
	bool is_there =
		!buffer->failed && n <= buffer->limit && buffer->len <= buffer->limit - n && n < buffer->cap - buffer->len;

	return is_there ? buffer->at + buffer->len : buffer_make_room(buffer, n);
}

/* n: at most what was asked of buffer_room. */
static inline void buffer_grew(struct buffer *buffer, size_t n)
{
	assert(n < buffer->cap - buffer->len);
	buffer->len += n;
	buffer->at[buffer->len] = '\0';
}

static inline bool buffer_failed(const struct buffer *buffer)
{
	return buffer->failed;
}

/* With buffer_failed: no memory; otherwise what was to be written is beyond the limit, or no text. */
static inline bool buffer_starved(const struct buffer *buffer)
{
	return buffer->starved;
}

static inline slice buffer_slice(const struct buffer *buffer)
{
	return (slice){ buffer->at ? buffer->at : "", buffer->len };
}

#endif
