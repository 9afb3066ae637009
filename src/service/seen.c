#include "service/seen.h"

#include <pthread.h>

#define SLOTS 8192 /* a power of two */
#define STRIPES 16
#define BATCH 64 /* rows in one transaction: they pass through its memory whole */

/* at_us 0: free. An identity has one slot; who finds it taken waits for the next writing. */
struct slot {
	struct uid identity;
	int64_t at_us;
};

static struct slot slots[SLOTS];
static pthread_mutex_t locks[STRIPES] = { [0 ... STRIPES - 1] = PTHREAD_MUTEX_INITIALIZER };

/* Ids are random where they differ: their end will do. */
static size_t slot_of(const struct uid *uid)
{
	uint32_t tail = 0;

	memcpy(&tail, uid->at + uid->len - sizeof(tail), sizeof(tail));
	return tail & (SLOTS - 1);
}

void seen_note(const struct uid *identity, int64_t now_us)
{
	size_t at;
	struct slot *slot;

	if (uid_is_none(identity))
		return;
	at = slot_of(identity);
	slot = &slots[at];
	(void)pthread_mutex_lock(&locks[at % STRIPES]); /* cannot fail: a plain mutex of ours */
	if (slot->at_us == 0)
		slot->identity = *identity;
	if (slot->at_us < now_us && uid_eq(&slot->identity, identity))
		slot->at_us = now_us;
	(void)pthread_mutex_unlock(&locks[at % STRIPES]);
}

struct batch {
	struct slot seen[BATCH];
	size_t count;
};

static status write_batch(struct tx *tx, void *arg)
{
	const struct batch *batch = arg;

	for (size_t i = 0; i < batch->count; i++) {
		struct identity row = { .uid = batch->seen[i].identity };
		bool found;

		TRY(row_find(tx, &table_identities, &row, &row, &found));
		if (!found || row.last_seen_us >= batch->seen[i].at_us)
			continue;
		row.last_seen_us = batch->seen[i].at_us;
		TRY(row_update_unlogged(tx, &table_identities, &row));
	}
	return OK;
}

/* Takes from slot `from` on until the batch is full; gives where to go on. */
static size_t take(struct batch *batch, size_t from)
{
	batch->count = 0;
	for (; from < SLOTS && batch->count < BATCH; from++) {
		struct slot *slot = &slots[from];
		(void)pthread_mutex_lock(&locks[from % STRIPES]); /* as above */
		if (slot->at_us) {
			batch->seen[batch->count++] = *slot;
			slot->at_us = 0;
		}
		(void)pthread_mutex_unlock(&locks[from % STRIPES]);
	}
	return from;
}

FALLIBLE seen_write(struct store *store)
{
	struct batch batch;
	size_t at = 0;

	while (at < SLOTS) {
		at = take(&batch, at);
		if (batch.count)
			TRY(store_write(store, write_batch, &batch, NULL, NULL));
	}
	return OK;
}
