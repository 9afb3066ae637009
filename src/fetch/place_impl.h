/*
 * place: which threads wait for others at this moment, and for whom.
 *
 * Owns      a fixed number of places, and whom it remembers as slow.
 * Promises  one party holds at most a third of the places; parties that kept a thread waiting for long in the last minute
 *           hold at most half of them together, however many they are. So whoever answers is served beside those who do
 *           not. Nobody is put in a queue: who finds no place is refused at once.
 * Start at  places_take(), places_leave().
 */
#ifndef FETCH_PLACE_IMPL_H
#define FETCH_PLACE_IMPL_H

#include "base/slice.h"
#include "base/status.h"

#define PLACE_SLOW_US INT64_C(2000000)      /* a place held longer makes its party a slow one */
#define PLACE_SLOW_FOR_US INT64_C(60000000) /* and for so long it is one */
#define PLACE_PARTIES_MAX 256               /* slow parties that are remembered */

struct places;

/* count: 0 for any number of threads. NULL without memory. */
struct places *places_new(unsigned count);
/* NULL is fine; returns NULL. */
struct places *places_free(struct places *places);
/* How many one party may hold, and how many the slow ones together. */
unsigned places_share(const struct places *places);
unsigned places_slow_share(const struct places *places);

/* A place for whoever waits for this party; FAULT_BUSY when its share, or all, are taken. now_us by clock_ticks_us. Any thread.
 */
FALLIBLE places_take(struct places *places, slice party, int64_t now_us, size_t *ret_place);
void places_leave(struct places *places, size_t place, int64_t now_us);

#endif
