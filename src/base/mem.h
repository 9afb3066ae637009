/*
 * mem: the one door to the heap, so that a test can make any allocation fail.
 *
 * Promises  every function returns NULL on failure and never aborts; sizes are checked for overflow; mem_free(NULL) is
 *           fine. mem_fail_after(n) makes the n-th next allocation on this thread fail once (the fault sweep).
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

void *mem_alloc(size_t size) __attribute__((malloc, alloc_size(1)));
/* Zeroed memory for count * size bytes. */
void *mem_zero(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2)));
/* On failure the old block stays as it was. */
void *mem_resize(void *at, size_t size) __attribute__((alloc_size(2)));
/* Always returns NULL, for p = mem_free(p). */
void *mem_free(void *at);
/* A NUL-terminated copy. */
char *mem_copy_text(const char *at, size_t len);

/* 0 switches it off. Counts allocations of the calling thread only. */
void mem_fail_after(uint64_t n);
/* Allocations made by this thread since mem_fail_after was last called. */
uint64_t mem_count(void);

/* The same for all threads of the process together, what comes out of arenas included: for the sweep over whole calls. */
void mem_fail_anywhere_after(uint64_t n);
uint64_t mem_count_anywhere(void);
/* For arena_alloc: true when this one is to fail. */
extern _Atomic uint64_t mem_fails_at;
bool mem_refuses_now(void);
static inline bool mem_refuses(void)
{
	return atomic_load_explicit(&mem_fails_at, memory_order_relaxed) != 0 && mem_refuses_now();
}

#define NEW_ZERO(type) ((type *)mem_zero(1, sizeof(type)))

#endif
