#include "test.h"

#include "base/map.h"
#include "base/mem.h"

static const struct hash_seed seed = { { 0x0706050403020100, 0x0f0e0d0c0b0a0908 } };

/* Keys and values of a test: the value is where the key's text stands. */
#define NAMES 3000
static char names[NAMES][12];

static slice name(size_t i)
{
	(void)snprintf(names[i], sizeof(names[i]), "key%zu", i); /* fits */
	return slice_str(names[i]);
}

static void put(struct map *map, size_t i)
{
	void *old = names;

	CHECK_OK(map_put(map, name(i), names[i], &old));
	CHECK(!old);
}

TEST(a_map_finds_what_was_put_and_nothing_else)
{
	struct map *map = map_new(NAMES, &seed);

	CHECK(!map_find(map, SLICE("absent")) && !map_remove(map, SLICE("absent")));
	for (size_t i = 0; i < NAMES; i++)
		put(map, i);
	CHECK_INT(map_count(map), NAMES);
	for (size_t i = 0; i < NAMES; i++)
		CHECK(map_find(map, name(i)) == names[i]);
	CHECK(!map_find(map, SLICE("key")) && !map_find(map, SLICE("key3000")) && !map_find(map, SLICE("")));
	map_free(map);
}

TEST(a_map_never_holds_more_than_its_limit)
{
	struct map *map = map_new(5, &seed);
	void *old;

	for (size_t i = 0; i < 5; i++)
		put(map, i);
	CHECK_FAULT(FAULT_EXHAUSTED, map_put(map, name(5), names[5], &old));
	CHECK_INT(map_count(map), 5);
	CHECK(!map_find(map, name(5)));
	CHECK_OK(map_put(map, name(4), names[0], &old)); /* replacing needs no room */
	CHECK(old == names[4]);
	CHECK(map_remove(map, name(2)) == names[2]);
	put(map, 5);
	map_free(map);
}

TEST(removing_leaves_every_other_entry_findable)
{
	struct map *map = map_new(NAMES, &seed);
	uint64_t state = 7;
	bool there[NAMES] = { false };
	size_t count = 0;

	for (int step = 0; step < 60000; step++) {
		size_t i = random_below(&state, NAMES);
		if (there[i])
			CHECK(map_remove(map, name(i)) == names[i]);
		else
			put(map, i);
		there[i] = !there[i];
		count += there[i] ? 1 : (size_t)-1;
		i = random_below(&state, NAMES);
		CHECK((map_find(map, name(i)) != NULL) == there[i]);
	}
	CHECK_INT(map_count(map), count);
	map_free(map);
}

TEST(a_walk_meets_every_entry_once)
{
	struct map *map = map_new(NAMES, &seed);
	bool met[NAMES] = { false };
	size_t cursor = 0, count = 0;
	slice key;
	void *value;

	CHECK(!map_next(map, &cursor, &key, &value));
	for (size_t i = 0; i < 100; i++)
		put(map, i);
	for (cursor = 0; map_next(map, &cursor, &key, &value); count++) {
		size_t i = (size_t)((char(*)[12])value - names);
		CHECK(!met[i]);
		met[i] = true;
		CHECK(slice_eq(key, slice_str(value)));
	}
	CHECK_INT(count, 100);
	map_clear(map);
	CHECK(map_count(map) == 0 && !map_find(map, name(1)));
	put(map, 1);
	map_free(map);
}

TEST(a_failed_allocation_leaves_the_map_as_it_was)
{
	struct map *map = map_new(NAMES, &seed);
	size_t i = 0;
	void *old;

	for (; i < 12; i++)
		put(map, i);
	mem_fail_after(1);
	CHECK_FAULT(FAULT_EXHAUSTED, map_put(map, name(i), names[i], &old));
	mem_fail_after(0);
	for (size_t k = 0; k < i; k++)
		CHECK(map_find(map, name(k)) == names[k]);
	put(map, i);
	map_free(map);
}

/* Key 00..0f, input 00, 01, 02 ...; from an independent implementation that gives the published SipHash-2-4 vector. */
TEST(the_hash_is_siphash_1_3)
{
	static const struct {
		size_t len;
		uint64_t want;
	} vectors[] = { { 0, 0xabac0158050fc4dc }, { 1, 0xc9f49bf37d57ca93 },  { 7, 0xd3927d989bb11140 },
			{ 8, 0x369095118d299a8e }, { 15, 0xd320d86d2a519956 }, { 63, 0x9d199062b7bbb3a8 } };
	char bytes[64];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++)
		CHECK(hash_slice(&seed, slice_of(bytes, vectors[i].len)) == vectors[i].want);
}

TEST(the_seed_changes_every_hash_and_each_thread_has_one)
{
	struct hash_seed other = seed;
	const struct hash_seed *mine, *again;

	other.words[1]++;
	CHECK(hash_slice(&seed, SLICE("a")) != hash_slice(&other, SLICE("a")));
	CHECK_OK(hash_seed_of_thread(&mine));
	CHECK_OK(hash_seed_of_thread(&again));
	CHECK(mine == again && (mine->words[0] || mine->words[1]));
}

TESTS(a_map_finds_what_was_put_and_nothing_else, a_map_never_holds_more_than_its_limit,
      removing_leaves_every_other_entry_findable, a_walk_meets_every_entry_once, a_failed_allocation_leaves_the_map_as_it_was,
      the_hash_is_siphash_1_3, the_seed_changes_every_hash_and_each_thread_has_one)
