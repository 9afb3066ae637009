#include "base/map.h"

#include <assert.h>

#include "base/mem.h"

#define MAP_FIRST_SLOTS 16u
#define MAP_SLOTS_MAX ((size_t)1 << 40)

struct slot {
	uint64_t hash;
	slice key;
	void *value; /* NULL: the slot is free */
};

/* Linear probing over a power of two, at most three quarters full, so that every search meets a free slot. */
struct map {
	struct hash_seed seed;
	struct slot *slots; /* NULL until the first entry */
	size_t mask, count, limit;
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

/* Aumasson and Bernstein's SipHash, one round a word and three at the end; for little-endian machines. */
uint64_t hash_slice(const struct hash_seed *seed, slice bytes)
{
	uint64_t v[4] = { seed->words[0] ^ UINT64_C(0x736f6d6570736575), seed->words[1] ^ UINT64_C(0x646f72616e646f6d),
			  seed->words[0] ^ UINT64_C(0x6c7967656e657261), seed->words[1] ^ UINT64_C(0x7465646279746573) };
	uint64_t word, last = (uint64_t)bytes.len << 56;
	size_t left = bytes.len;
	const char *at = bytes.at;

	for (; left >= 8; left -= 8, at += 8) {
		memcpy(&word, at, 8);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t)(unsigned char)at[i] << (8 * i);
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

FALLIBLE hash_seed_of_thread(const struct hash_seed **ret_seed)
{
	static _Thread_local struct hash_seed seed;
	static _Thread_local bool drawn;

	if (!drawn)
		TRY(random_fill(&random_system, &seed, sizeof(seed)));
	drawn = true;
	*ret_seed = &seed;
	return OK;
}

struct map *map_new(size_t limit, const struct hash_seed *seed)
{
	struct map *map;

	assert(limit > 0 && limit < MAP_SLOTS_MAX / 2);
	map = NEW_ZERO(struct map);
	if (map) {
		map->limit = limit;
		map->seed = *seed;
	}
	return map;
}

struct map *map_free(struct map *map)
{
	if (map)
		(void)mem_free(map->slots); /* the map itself goes next */
	return mem_free(map);
}

/* The slot of the key, or the free one where it would stand. */
static size_t seek(const struct map *map, uint64_t hash, slice key)
{
	size_t i = hash & map->mask;

	while (map->slots[i].value && !(map->slots[i].hash == hash && slice_eq(map->slots[i].key, key)))
		i = (i + 1) & map->mask;
	return i;
}

void *map_find(const struct map *map, slice key)
{
	return map->count ? map->slots[seek(map, hash_slice(&map->seed, key), key)].value : NULL;
}

/* Room for one more entry. */
static bool make_room(struct map *map)
{
	size_t slots = map->slots ? map->mask + 1 : 0, want = slots ? slots * 2 : MAP_FIRST_SLOTS;
	struct slot *old = map->slots, *made;

	if (map->count < slots / 4 * 3)
		return true;
	made = mem_zero(want, sizeof(*made));
	if (!made)
		return false;
	map->slots = made;
	map->mask = want - 1;
	for (size_t i = 0; i < slots; i++)
		if (old[i].value)
			made[seek(map, old[i].hash, old[i].key)] = old[i];
	(void)mem_free(old); /* replaced above */
	return true;
}

FALLIBLE map_put(struct map *map, slice key, void *value, void **ret_old)
{
	uint64_t hash = hash_slice(&map->seed, key);
	size_t i = 0;
	void *old = NULL;

	assert(value);
	if (map->count) {
		i = seek(map, hash, key);
		old = map->slots[i].value;
	}
	if (!old) {
		if (map->count >= map->limit || !make_room(map))
			return FAIL(FAULT_EXHAUSTED, "a table in memory is full");
		i = seek(map, hash, key);
		map->count++;
	}
	map->slots[i] = (struct slot){ hash, key, value };
	*ret_old = old;
	return OK;
}

/* Moves later entries of the same run back over the gap, so that no search ends too early. */
static void close_gap(struct map *map, size_t gap)
{
	for (size_t i = (gap + 1) & map->mask; map->slots[i].value; i = (i + 1) & map->mask) {
		size_t home = map->slots[i].hash & map->mask;
		if (((i - home) & map->mask) >= ((i - gap) & map->mask)) {
			map->slots[gap] = map->slots[i];
			gap = i;
		}
	}
	map->slots[gap] = (struct slot){ 0 };
}

void *map_remove(struct map *map, slice key)
{
	void *value;
	size_t i;

	if (!map->count)
		return NULL;
	i = seek(map, hash_slice(&map->seed, key), key);
	value = map->slots[i].value;
	if (value) {
		close_gap(map, i);
		map->count--;
	}
	return value;
}

void map_clear(struct map *map)
{
	if (map->slots)
		memset(map->slots, 0, (map->mask + 1) * sizeof(*map->slots));
	map->count = 0;
}

size_t map_count(const struct map *map)
{
	return map->count;
}

size_t map_limit(const struct map *map)
{
	return map->limit;
}

bool map_next(const struct map *map, size_t *cursor, slice *ret_key, void **ret_value)
{
	size_t slots = map->slots ? map->mask + 1 : 0;

	while (*cursor < slots && !map->slots[*cursor].value)
		++*cursor;
	if (*cursor >= slots)
		return false;
	*ret_key = map->slots[*cursor].key;
	*ret_value = map->slots[*cursor].value;
	++*cursor;
	return true;
}
