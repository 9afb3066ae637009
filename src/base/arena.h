/*
 * arena: memory that lives and dies with one call.
 *
 * Owns      a chain of blocks, at most cap_bytes together.
 * Promises  an allocation is zeroed (but for arena_room's) and aligned for any type; past the cap it is NULL and the call
 *           fails with FAULT_EXHAUSTED; nothing is freed singly. Not for sharing between threads at the same time.
 * Start at  arena_new(), NEW().
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"
#include "base/status.h"

struct arena;

/* NULL without memory. The first block is allocated on first use. */
struct arena *arena_new(size_t cap_bytes);
/* Frees all; NULL is fine; always returns NULL. */
struct arena *arena_free(struct arena *arena);
/* The same, and overwrites all first: for who kept a secret in it. */
struct arena *arena_wipe(struct arena *arena);
/* Forgets everything but keeps the first block, for the next call. */
void arena_reset(struct arena *arena);
/* Bytes handed out since the last reset. */
size_t arena_used(const struct arena *arena);

/* Zeroed; NULL past the cap or without memory; size 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((alloc_size(2)));
void *arena_alloc_n(struct arena *arena, size_t count, size_t size) __attribute__((alloc_size(2, 3)));
/* The same, but holding what an earlier call left there: for who writes every byte before reading any. */
void *arena_room(struct arena *arena, size_t size) __attribute__((alloc_size(2)));
/* NUL-terminated copies; NULL when they do not fit. */
char *arena_text(struct arena *arena, slice s);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A copy as a slice (at is NULL when it does not fit; check with TRY_NEW or by hand). Also NUL-terminated. */
slice arena_copy(struct arena *arena, slice s);

static inline void arena_freep(struct arena **arena)
{
	*arena = arena_free(*arena);
}

#define NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define NEW_N(arena, type, n) ((type *)arena_alloc_n((arena), (n), sizeof(type)))
/* Fails the function with FAULT_EXHAUSTED when an arena allocation gave NULL. */
#define TRY_NEW(pointer)                                                                                   \
	do {                                                                                               \
		if (!(pointer))                                                                            \
			return FAIL(FAULT_EXHAUSTED, "this call needs more memory than one call may use"); \
	} while (0)

#endif
