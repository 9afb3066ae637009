#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static _Thread_local uint64_t made, fail_at;
static _Atomic uint64_t made_anywhere; /* counted only while one is to fail */
_Atomic uint64_t mem_fails_at;

bool mem_refuses_now(void)
{
	return atomic_fetch_add(&made_anywhere, 1) + 1 == atomic_load(&mem_fails_at);
}

static bool must_fail(void)
{
	return mem_refuses() || ++made == fail_at;
}

void mem_fail_after(uint64_t n)
{
	made = 0;
	fail_at = n;
}

uint64_t mem_count(void)
{
	return made;
}

void mem_fail_anywhere_after(uint64_t n)
{
	atomic_store(&mem_fails_at, 0);
	atomic_store(&made_anywhere, 0);
	atomic_store(&mem_fails_at, n);
}

uint64_t mem_count_anywhere(void)
{
	return atomic_load(&made_anywhere);
}

void *mem_alloc(size_t size)
{
	return must_fail() ? NULL : malloc(size ? size : 1);
}

void *mem_zero(size_t count, size_t size)
{
	return must_fail() ? NULL : calloc(count ? count : 1, size ? size : 1);
}

void *mem_resize(void *at, size_t size)
{
	return must_fail() ? NULL : realloc(at, size ? size : 1);
}

void *mem_free(void *at)
{
	free(at);
	return NULL;
}

char *mem_copy_text(const char *at, size_t len)
{
	char *copy = len < SIZE_MAX ? mem_alloc(len + 1) : NULL;

	if (copy) {
		if (len)
			memcpy(copy, at, len);
		copy[len] = '\0';
	}
	return copy;
}
