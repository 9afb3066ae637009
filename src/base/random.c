#include "base/random.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#define POOL_BYTES 4096
#define POOL_DRAW_MAX 64 /* more comes from the kernel directly, keys above all */

/* Kernel bytes in advance, a page of each thread: a system call for each id would cost a call a tenth of its time. A byte is
 * given once and wiped; a forked child finds the page empty. */
struct pool {
	size_t left;
	char bytes[POOL_BYTES - sizeof(size_t)];
};

static _Thread_local struct pool *own_pool;
static pthread_key_t pool_key;
static pthread_once_t pool_once = PTHREAD_ONCE_INIT;
static bool has_pool_key;

static bool kernel_fill(void *into, size_t size)
{
	char *at = into;

	while (size) {
		ssize_t got = getrandom(at, size, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		size -= (size_t)got;
	}
	return true;
}

static void pool_free(void *pool)
{
	own_pool = NULL;
	explicit_bzero(pool, POOL_BYTES);
	(void)munmap(pool, POOL_BYTES); /* a whole page of ours */
}

static void pool_setup(void)
{
	has_pool_key = pthread_key_create(&pool_key, pool_free) == 0;
}

/* NULL when there can be none: then every draw asks the kernel. */
static struct pool *pool_of_thread(void)
{
	void *page;

	if (own_pool)
		return own_pool;
	(void)pthread_once(&pool_once, pool_setup); /* cannot fail with a valid control */
	page = has_pool_key ? mmap(NULL, POOL_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : MAP_FAILED;
	if (page == MAP_FAILED)
		return NULL;
	if (madvise(page, POOL_BYTES, MADV_WIPEONFORK) != 0 || pthread_setspecific(pool_key, page) != 0) {
		(void)munmap(page, POOL_BYTES); /* as above */
		return NULL;
	}
	return own_pool = page;
}

static bool system_fill(struct random *random, void *into, size_t size)
{
	struct pool *pool = size <= POOL_DRAW_MAX ? pool_of_thread() : NULL;

	(void)random;
	if (!pool)
		return kernel_fill(into, size);
	if (pool->left < size) {
		pool->left = 0;
		if (!kernel_fill(pool->bytes, sizeof(pool->bytes)))
			return false;
		pool->left = sizeof(pool->bytes);
	}
	pool->left -= size;
	memcpy(into, pool->bytes + pool->left, size);
	explicit_bzero(pool->bytes + pool->left, size);
	return true;
}

/* splitmix64: a counter through a strong mixer. */
static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static bool seeded_fill(struct random *random, void *into, size_t size)
{
	char *at = into;

	for (; size >= 8; size -= 8, at += 8) {
		uint64_t word = next(&random->seed);
		memcpy(at, &word, 8);
	}
	if (size) {
		uint64_t word = next(&random->seed);
		memcpy(at, &word, size);
	}
	return true;
}

struct random random_system = { .fill = system_fill };

struct random random_seeded(uint64_t seed)
{
	return (struct random){ .fill = seeded_fill, .seed = seed };
}

FALLIBLE random_fill(struct random *random, void *into, size_t size)
{
	if (!random->fill(random, into, size))
		return FAIL(FAULT_INTERNAL, "no random bytes");
	return OK;
}

uint64_t random_below(uint64_t *state, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)next(state) * n) >> 64);
}
