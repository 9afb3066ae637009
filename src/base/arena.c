#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

#define BLOCK_BYTES ((size_t)8 * 1024 - 64)
#define CALL_BLOCK_BYTES ((size_t)16 * 1024 - 64) /* a call that only reads takes one */
#define CALL_CAP_BYTES ((size_t)1024 * 1024)      /* arenas of calls may hold this much; what is kept long may not */
#define ARENA_ALIGN sizeof(max_align_t)

struct block {
	struct block *next; /* the older one */
	size_t size, used;
	_Alignas(max_align_t) char bytes[];
};

struct arena {
	struct block *top;
	size_t cap, held, used; /* held counts block bytes against the cap, used what callers asked for */
};

static size_t block_bytes(const struct arena *arena)
{
	return arena->cap < CALL_CAP_BYTES ? BLOCK_BYTES : CALL_BLOCK_BYTES;
}

struct arena *arena_new(size_t cap_bytes)
{
	struct arena *arena = NEW_ZERO(struct arena);

	if (arena)
		arena->cap = cap_bytes;
	return arena;
}

static void drop_blocks(struct arena *arena, struct block *keep)
{
	while (arena->top && arena->top != keep) {
		struct block *next = arena->top->next;
		arena->held -= arena->top->size;
		(void)mem_free(arena->top); /* gives NULL, and top moves on */
		arena->top = next;
	}
}

struct arena *arena_free(struct arena *arena)
{
	if (arena)
		drop_blocks(arena, NULL);
	return mem_free(arena);
}

struct arena *arena_wipe(struct arena *arena)
{
	for (struct block *block = arena ? arena->top : NULL; block; block = block->next)
		explicit_bzero(block->bytes, block->used);
	return arena_free(arena);
}

void arena_reset(struct arena *arena)
{
	struct block *first = arena->top;

	while (first && first->next)
		first = first->next;
	if (first && first->size > block_bytes(arena))
		first = NULL; /* an outsized first block is not worth keeping */
	drop_blocks(arena, first);
	if (first)
		first->used = 0;
	arena->used = 0;
}

size_t arena_used(const struct arena *arena)
{
	return arena->used;
}

static struct block *add_block(struct arena *arena, size_t need)
{
	size_t size = need > block_bytes(arena) ? need : block_bytes(arena);
	struct block *block;

	if (size > arena->cap - arena->held)
		size = need; /* near the cap a block just large enough may still fit */
	if (size > arena->cap - arena->held || size > SIZE_MAX - sizeof(*block))
		return NULL;
	block = mem_alloc(sizeof(*block) + size);
	if (!block)
		return NULL;
	*block = (struct block){ .next = arena->top, .size = size };
	arena->held += size;
	return arena->top = block;
}

void *arena_room(struct arena *arena, size_t size)
{
	struct block *block = arena->top;
	size_t need;
	void *at;

	if (size > arena->cap || mem_refuses())
		return NULL;
	need = size ? (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN : ARENA_ALIGN;
	if (!block || block->size - block->used < need)
		block = add_block(arena, need);
	if (!block)
		return NULL;
	at = block->bytes + block->used;
	block->used += need;
	arena->used += need;
	return at;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *at = arena_room(arena, size);

	if (at)
		memset(at, 0, size);
	return at;
}

void *arena_alloc_n(struct arena *arena, size_t count, size_t size)
{
	size_t total;

	return __builtin_mul_overflow(count, size, &total) ? NULL : arena_alloc(arena, total);
}

char *arena_text(struct arena *arena, slice s)
{
	char *copy = s.len < SIZE_MAX ? arena_room(arena, s.len + 1) : NULL;

	if (!copy)
		return NULL;
	if (s.len)
		memcpy(copy, s.at, s.len);
	copy[s.len] = '\0';
	return copy;
}

slice arena_copy(struct arena *arena, slice s)
{
	char *copy = arena_text(arena, s);

	return (slice){ copy, copy ? s.len : 0 };
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	char *text = NULL;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len >= 0 && (text = arena_room(arena, (size_t)len + 1)))
		(void)vsnprintf(text, (size_t)len + 1, format, again); /* measured just before */
	va_end(again);
	return text;
}
