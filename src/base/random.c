#include "base/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

static bool system_fill(struct random *random, void *into, size_t size)
{
	char *at = into;

	(void)random;
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
