/*
 * path_hash: where a path stands in a generated hash table. Used by tools/protoc-gen-reeve, which lays the tables out, and by
 * method.c and route.c, which look paths up.
 */
#ifndef SCHEMA_PATH_HASH_H
#define SCHEMA_PATH_HASH_H

#include "base/slice.h"

#define PATH_HASH_START UINT32_C(2166136261)
/* Slots of each table; a power of two, at least twice the entries (the generator checks). Slot 0 means empty, n entry n-1. */
#define PATH_SLOTS 1024u

/* FNV-1a, one byte further. Good enough: what is hashed by whom is fixed at build time, a stranger only looks up. */
static inline uint32_t path_hash_step(uint32_t hash, unsigned char byte)
{
	return (hash ^ byte) * UINT32_C(16777619);
}

static inline uint32_t path_hash(slice path)
{
	uint32_t hash = PATH_HASH_START;

	for (size_t i = 0; i < path.len; i++)
		hash = path_hash_step(hash, (unsigned char)path.at[i]);
	return hash;
}

/* Folds the better upper bits in. */
static inline uint32_t path_slot(uint32_t hash)
{
	return (hash ^ hash >> 15) & (PATH_SLOTS - 1);
}

#endif
