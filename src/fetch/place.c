#include "fetch/place_impl.h"

#include <pthread.h>

#include "base/map.h"
#include "base/mem.h"

struct place {
	uint64_t party; /* its name's hash */
	int64_t since_us;
	bool is_taken;
};

struct slow {
	uint64_t party;
	int64_t until_us;
};

struct places {
	pthread_mutex_t lock;
	struct hash_seed seed;
	struct slow slow[PLACE_PARTIES_MAX];
	unsigned count;
	struct place at[];
};

struct places *places_new(unsigned count)
{
	const struct hash_seed *seed;
	struct places *places;

	if (FAILED(hash_seed_of_thread(&seed)))
		return NULL;
	places = mem_zero(1, sizeof(*places) + count * sizeof(struct place));
	if (!places)
		return NULL;
	places->seed = *seed;
	places->count = count;
	(void)pthread_mutex_init(&places->lock, NULL); /* cannot fail on Linux with default attributes */
	return places;
}

struct places *places_free(struct places *places)
{
	if (places)
		(void)pthread_mutex_destroy(&places->lock); /* nobody is left */
	return mem_free(places);
}

unsigned places_share(const struct places *places)
{
	return places->count < 3 ? 1 : places->count / 3;
}

unsigned places_slow_share(const struct places *places)
{
	return places->count < 2 ? 1 : places->count / 2;
}

/* What is remembered of it, or else the one that is forgotten first. */
static struct slow *slow_of(struct places *places, uint64_t party)
{
	struct slow *first = &places->slow[0];

	for (size_t i = 0; i < PLACE_PARTIES_MAX; i++) {
		struct slow *slow = &places->slow[i];
		if (slow->party == party)
			return slow;
		if (slow->until_us < first->until_us)
			first = slow;
	}
	return first;
}

static bool is_slow_locked(struct places *places, uint64_t party, int64_t now_us)
{
	const struct slow *slow = slow_of(places, party);

	return slow->party == party && now_us < slow->until_us;
}

/* Whoever holds this place for long is slow from now on. */
static void judge_locked(struct places *places, const struct place *place, int64_t now_us)
{
	if (now_us - place->since_us > PLACE_SLOW_US)
		*slow_of(places, place->party) = (struct slow){ place->party, now_us + PLACE_SLOW_FOR_US };
}

static bool find_locked(struct places *places, uint64_t party, int64_t now_us, size_t *ret_place)
{
	unsigned same = 0, slow = 0;
	size_t place = places->count;

	for (size_t i = 0; i < places->count; i++)
		if (places->at[i].is_taken)
			judge_locked(places, &places->at[i], now_us);
	for (size_t i = 0; i < places->count; i++) {
		const struct place *at = &places->at[i];
		if (!at->is_taken)
			place = i;
		same += at->is_taken && at->party == party;
		slow += at->is_taken && is_slow_locked(places, at->party, now_us);
	}
	if (place == places->count || same >= places_share(places) ||
	    (is_slow_locked(places, party, now_us) && slow >= places_slow_share(places)))
		return false;
	*ret_place = place;
	return true;
}

FALLIBLE places_take(struct places *places, slice party, int64_t now_us, size_t *ret_place)
{
	uint64_t hash = hash_slice(&places->seed, party);
	size_t place = 0;
	bool found;

	if (places->count == 0) {
		*ret_place = place; /* which nobody looks at */
		return OK;
	}
	pthread_mutex_lock(&places->lock);
	found = find_locked(places, hash, now_us, &place);
	if (found)
		places->at[place] = (struct place){ .party = hash, .since_us = now_us, .is_taken = true };
	pthread_mutex_unlock(&places->lock);
	if (!found)
		return FAIL(FAULT_BUSY, "too many calls wait for this server, or for others; try again");
	*ret_place = place;
	return OK;
}

void places_leave(struct places *places, size_t place, int64_t now_us)
{
	if (places->count == 0)
		return;
	pthread_mutex_lock(&places->lock);
	judge_locked(places, &places->at[place], now_us);
	places->at[place].is_taken = false;
	pthread_mutex_unlock(&places->lock);
}
