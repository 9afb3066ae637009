#include "base/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

#define BUFFER_FIRST_BYTES 256

void buffer_init(struct buffer *buffer, struct arena *arena, size_t limit)
{
	*buffer = (struct buffer){ .limit = limit, .arena = arena };
}

void buffer_done(struct buffer *buffer)
{
	if (!buffer->arena)
		(void)mem_free(buffer->at); /* the pointer is forgotten below */
	*buffer = (struct buffer){ 0 };
}

void buffer_clear(struct buffer *buffer)
{
	buffer->len = 0;
	buffer->failed = buffer->starved = false;
}

static bool grow(struct buffer *buffer, size_t need)
{
	size_t cap = buffer->cap ? buffer->cap : BUFFER_FIRST_BYTES;
	char *at;

	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	if (buffer->arena) {
		at = arena_room(buffer->arena, cap);
		if (at && buffer->len)
			memcpy(at, buffer->at, buffer->len);
	} else {
		at = mem_resize(buffer->at, cap);
	}
	if (!at)
		return false;
	buffer->at = at;
	buffer->cap = cap;
	return true;
}

char *buffer_make_room(struct buffer *buffer, size_t n)
{
	if (buffer->failed)
		return NULL;
	buffer->failed = n > buffer->limit || buffer->len > buffer->limit - n;
	if (!buffer->failed && buffer->cap - buffer->len < n + 1)
		buffer->failed = buffer->starved = !grow(buffer, buffer->len + n + 1);
	return buffer->failed ? NULL : buffer->at + buffer->len;
}

void buffer_add(struct buffer *buffer, slice s)
{
	char *room = buffer_room(buffer, s.len);

	if (!room)
		return;
	if (s.len)
		memcpy(room, s.at, s.len);
	buffer_grew(buffer, s.len);
}

void buffer_byte(struct buffer *buffer, char c)
{
	char *room = buffer_room(buffer, 1);

	if (!room)
		return;
	*room = c;
	buffer_grew(buffer, 1);
}

void buffer_number(struct buffer *buffer, uint64_t number)
{
	char text[20], *end = text + sizeof(text), *at = end;

	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	buffer_add(buffer, slice_of(at, (size_t)(end - at)));
}

void buffer_text(struct buffer *buffer, const char *text)
{
	buffer_add(buffer, slice_str(text));
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list args, again;
	char *room;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	room = len < 0 ? NULL : buffer_room(buffer, (size_t)len);
	if (room) {
		(void)vsnprintf(room, (size_t)len + 1, format, again); /* measured just before */
		buffer_grew(buffer, (size_t)len);
	} else {
		buffer->failed = true;
	}
	va_end(again);
}

void buffer_shift(struct buffer *buffer, size_t n)
{
	assert(n <= buffer->len);
	buffer->len -= n;
	if (buffer->len)
		memmove(buffer->at, buffer->at + n, buffer->len);
	if (buffer->at)
		buffer->at[buffer->len] = '\0';
}
