/*
 * map: from byte keys to pointers, bounded; what caches stand on.
 *
 * Owns      its table. Keys and values belong to the caller: a key's bytes must live as long as the entry, so keep them in
 *           the value.
 * Promises  at most `limit` entries; a stranger who chooses the keys cannot make them collide (SipHash under a random seed);
 *           not for several threads at once.
 * Start at  map_new(), map_find(), map_put().
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/random.h"
#include "base/slice.h"
#include "base/status.h"

struct hash_seed {
	uint64_t words[2];
};

/* SipHash-1-3: unpredictable to who does not know the seed; no digest. */
uint64_t hash_slice(const struct hash_seed *seed, slice bytes);
/* A random seed of this thread, drawn once. FAULT_INTERNAL when the kernel gives no random bytes. */
FALLIBLE hash_seed_of_thread(const struct hash_seed **ret_seed);

struct map;

/* NULL without memory. limit > 0; the table grows up to what limit needs. */
struct map *map_new(size_t limit, const struct hash_seed *seed);
/* Frees the table alone; NULL is fine; always returns NULL. */
struct map *map_free(struct map *map);

/* NULL when absent. */
void *map_find(const struct map *map, slice key);
/* Puts or replaces; value is not NULL. The value replaced goes to ret_old (NULL when there was none), and the entry then
 * uses the new key's bytes. FAULT_EXHAUSTED when the map is full or without memory: nothing has changed then. */
FALLIBLE map_put(struct map *map, slice key, void *value, void **ret_old);
/* The value removed, or NULL. */
void *map_remove(struct map *map, slice key);
/* Forgets all entries; keeps the memory. */
void map_clear(struct map *map);
size_t map_count(const struct map *map);
size_t map_limit(const struct map *map);

/* Walks all entries in no order: start with *cursor 0 until it gives false. Do not put or remove meanwhile. */
bool map_next(const struct map *map, size_t *cursor, slice *ret_key, void **ret_value);

#endif
