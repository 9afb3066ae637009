/*
 * store: what every store does the same way: opening's common part, reading, closing, the small facts about it.
 *
 * Start at  store_read(); changes are in writer.c, rows in rows.c, the drivers in sqlite.c and memory.c.
 */
#include "store/store.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/encode.h"
#include "base/mem.h"
#include "store/store_impl.h"

#define QUEUE_DEFAULT 4096
#define GROUP_DEFAULT 256
#define EPOCH_BYTES 8

FALLIBLE store_base_init(struct store *store, const struct store_driver *driver, const struct store_options *options)
{
	pthread_condattr_t monotonic;

	store->driver = driver;
	store->queue_max = options->queue_max ? options->queue_max : QUEUE_DEFAULT;
	store->group_max = options->group_max ? options->group_max : GROUP_DEFAULT;
	store->last = &store->first;
	if (pthread_mutex_init(&store->mutex, NULL) || pthread_condattr_init(&monotonic))
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC); /* cannot fail for a clock that exists */
	if (pthread_cond_init(&store->wake, &monotonic))
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	(void)pthread_condattr_destroy(&monotonic); /* holds nothing on Linux */
	store->scratch = arena_new(SCRATCH_BYTES);
	if (!store->scratch)
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	return OK;
}

void store_base_done(struct store *store)
{
	store->scratch = arena_free(store->scratch);
	store->changes.at = mem_free(store->changes.at);
	(void)pthread_cond_destroy(&store->wake); /* no thread is left that could use them */
	(void)pthread_mutex_destroy(&store->mutex);
}

FALLIBLE store_new_epoch(struct random *random, char ret_epoch[17])
{
	uint8_t bytes[EPOCH_BYTES];

	TRY(random_fill(random, bytes, sizeof(bytes)));
	hex_encode_into(slice_of(bytes, sizeof(bytes)), ret_epoch);
	ret_epoch[2 * EPOCH_BYTES] = '\0';
	return OK;
}

struct store *store_close(struct store *store)
{
	if (store) {
		writer_stop(store);
		store->driver->close(store);
	}
	return NULL;
}

void store_on_commit(struct store *store, store_commit_fn fn, void *user)
{
	assert(!store->on_commit || !fn);
	store->on_commit_user = user;
	store->on_commit = fn;
}

static FALLIBLE read_in(struct tx *tx, store_fn run, void *arg)
{
	status st;

	TRY(tx->store->driver->read_begin(tx, false));
	st = run(tx, arg);
	tx->store->driver->read_end(tx);
	return st;
}

FALLIBLE store_read(struct store *store, store_fn run, void *arg, struct arena *arena)
{
	struct arena *own CLEANUP(arena_freep) = NULL;
	struct tx tx = { .store = store, .arena = arena };

	if (!arena) {
		own = tx.arena = arena_new(SCRATCH_BYTES);
		if (!own)
			return FAIL(FAULT_UNAVAILABLE, "out of memory");
	}
	TRY(read_in(&tx, run, arg));
	return OK;
}

uint64_t store_revision(const struct store *store)
{
	return atomic_load_explicit(&store->revision, memory_order_acquire);
}

slice store_epoch(const struct store *store)
{
	return slice_str(store->epoch);
}

FALLIBLE store_backup(struct store *store, const char *file)
{
	TRY(store->driver->backup(store, file));
	return OK;
}

struct arena *tx_arena(struct tx *tx)
{
	return tx->arena;
}

bool tx_is_write(const struct tx *tx)
{
	return tx->is_write;
}

void tx_keep(struct tx *tx, const void *owner, void *thing)
{
	tx->kept_by = owner;
	tx->kept = thing;
}

void *tx_kept(const struct tx *tx, const void *owner)
{
	return tx->kept_by == owner ? tx->kept : NULL;
}
