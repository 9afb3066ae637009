/*
 * fault: the wrapping driver; see fault.h. What cannot fail (abandon, is_lost, read_end, tend, close) is passed on uncounted.
 */
#include "store/fault.h"

#include <stdatomic.h>

#include "store/store_impl.h"

static FALLIBLE counted(struct store *store)
{
	if (atomic_fetch_add(&store->calls, 1) + 1 == atomic_load(&store->fail_at))
		return FAIL(FAULT_UNAVAILABLE, "the store failed, as a test asked for");
	return OK;
}

static status fault_begin(struct tx *tx)
{
	TRY(counted(tx->store));
	return tx->store->inner->begin(tx);
}

static status fault_save(struct tx *tx)
{
	TRY(counted(tx->store));
	return tx->store->inner->save(tx);
}

static status fault_release(struct tx *tx)
{
	TRY(counted(tx->store));
	return tx->store->inner->release(tx);
}

static status fault_undo(struct tx *tx)
{
	TRY(counted(tx->store));
	return tx->store->inner->undo(tx);
}

static status fault_log(struct tx *tx, const struct change *changes, size_t count)
{
	TRY(counted(tx->store));
	return tx->store->inner->log(tx, changes, count);
}

static status fault_commit(struct tx *tx, uint64_t revision)
{
	TRY(counted(tx->store));
	return tx->store->inner->commit(tx, revision);
}

static void fault_abandon(struct tx *tx)
{
	tx->store->inner->abandon(tx);
}

static bool fault_is_lost(struct tx *tx)
{
	return tx->store->inner->is_lost(tx);
}

static void fault_tend(struct store *store, bool is_idle)
{
	store->inner->tend(store, is_idle);
}

static status fault_read_begin(struct tx *tx, bool is_hook)
{
	if (!is_hook) /* a failing hook ends the process: nothing a sweep could go on after */
		TRY(counted(tx->store));
	return tx->store->inner->read_begin(tx, is_hook);
}

static void fault_read_end(struct tx *tx)
{
	tx->store->inner->read_end(tx);
}

static status fault_write(struct tx *tx, const struct table *table, enum write_op op, const void *row)
{
	TRY(counted(tx->store));
	return tx->store->inner->write(tx, table, op, row);
}

static status fault_remove(struct tx *tx, const struct table *table, const void *key, bool *ret_removed)
{
	TRY(counted(tx->store));
	return tx->store->inner->remove(tx, table, key, ret_removed);
}

static status fault_find(struct tx *tx, const struct table *table, const void *key, row_fn each, void *user)
{
	TRY(counted(tx->store));
	return tx->store->inner->find(tx, table, key, each, user);
}

static status fault_select(struct tx *tx, const struct plan *plan, row_fn each, void *user)
{
	TRY(counted(tx->store));
	return tx->store->inner->select(tx, plan, each, user);
}

static status fault_rows_count(struct tx *tx, const struct plan *plan, int64_t *ret_count)
{
	TRY(counted(tx->store));
	return tx->store->inner->count(tx, plan, ret_count);
}

static status fault_backup(struct store *store, const char *file)
{
	TRY(counted(store));
	return store->inner->backup(store, file);
}

static void fault_close(struct store *store)
{
	store->inner->close(store);
}

static const struct store_driver fault_driver = {
	.begin = fault_begin,
	.save = fault_save,
	.release = fault_release,
	.undo = fault_undo,
	.log = fault_log,
	.commit = fault_commit,
	.abandon = fault_abandon,
	.is_lost = fault_is_lost,
	.tend = fault_tend,
	.read_begin = fault_read_begin,
	.read_end = fault_read_end,
	.write = fault_write,
	.remove = fault_remove,
	.find = fault_find,
	.select = fault_select,
	.count = fault_rows_count,
	.backup = fault_backup,
	.close = fault_close,
};

/* The writer's thread reads the driver at every turn, so it is the one that changes it. */
struct wrapping {
	struct chore chore; /* first: chore and wrapping are one */
	struct store *store;
};

static bool wrap(struct chore *chore)
{
	struct store *store = ((struct wrapping *)(void *)chore)->store;

	store->inner = store->driver;
	store->driver = &fault_driver;
	return true;
}

FALLIBLE store_fault_wrap(struct store *store)
{
	struct wrapping wrapping = { .chore.step = wrap, .store = store };

	return writer_chore(store, &wrapping.chore);
}

void store_fault_after(struct store *store, uint64_t n)
{
	atomic_store(&store->calls, 0);
	atomic_store(&store->fail_at, n);
}

uint64_t store_fault_count(const struct store *store)
{
	return atomic_load(&store->calls);
}
