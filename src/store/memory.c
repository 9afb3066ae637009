/*
 * memory: a store that keeps everything in memory, for unit tests; the plain reading of what a store promises.
 *
 * Owns      the transactions: one writer with its undo list, readers beside each other.
 * Promises  the same answers as SQLite, held to by one suite (tests/store); a reader holds off the writer, so it sees
 *           committed states alone. Look-ups are scans where no key helps: not for many rows.
 */
#include "store/memory_impl.h"

static struct memory *memory_of(const struct tx *tx)
{
	return (struct memory *)tx->store;
}

static status memory_begin(struct tx *tx)
{
	struct memory *memory = memory_of(tx);

	pthread_rwlock_wrlock(&memory->lock);
	memory->is_open = true;
	return OK;
}

static status memory_save(struct tx *tx)
{
	memory_of(tx)->saved = memory_of(tx)->step_count;
	return OK;
}

static status memory_release(struct tx *tx)
{
	(void)tx; /* the steps stay as they are */
	return OK;
}

static status memory_undo(struct tx *tx)
{
	memory_steps_undo(memory_of(tx), memory_of(tx)->saved);
	return OK;
}

static status memory_log(struct tx *tx, const struct change *changes, size_t count)
{
	(void)tx, (void)changes, (void)count; /* nobody follows a store that dies with its process */
	return OK;
}

static void memory_end(struct memory *memory)
{
	if (memory->is_open) {
		memory->is_open = false;
		pthread_rwlock_unlock(&memory->lock);
	}
}

static status memory_commit(struct tx *tx, uint64_t revision)
{
	struct memory *memory = memory_of(tx);

	(void)revision;
	for (size_t i = 0; i < memory->step_count; i++)
		(void)mem_free(memory->steps[i].before); /* gives NULL */
	memory->step_count = 0;
	memory_end(memory);
	return OK;
}

static void memory_abandon(struct tx *tx)
{
	memory_steps_undo(memory_of(tx), 0);
	memory_end(memory_of(tx));
}

static bool memory_is_lost(struct tx *tx)
{
	return !memory_of(tx)->is_open;
}

static void memory_tend(struct store *store, bool is_idle)
{
	(void)store, (void)is_idle; /* nothing to give back */
}

static status memory_read_begin(struct tx *tx, bool is_hook)
{
	(void)is_hook;
	pthread_rwlock_rdlock(&memory_of(tx)->lock);
	return OK;
}

static void memory_read_end(struct tx *tx)
{
	pthread_rwlock_unlock(&memory_of(tx)->lock);
}

static status memory_backup(struct store *store, const char *file)
{
	(void)store, (void)file;
	return FAIL(FAULT_UNIMPLEMENTED, "a store in memory has nothing to back up");
}

static void memory_close(struct store *store)
{
	struct memory *memory = (struct memory *)store;

	for (size_t s = 0; s < MEMORY_TABLES; s++) {
		for (size_t i = 0; i < memory->shelves[s].count; i++)
			(void)mem_free(memory->shelves[s].rows[i]); /* gives NULL */
		memory->shelves[s].rows = mem_free(memory->shelves[s].rows);
	}
	memory->steps = mem_free(memory->steps);
	(void)pthread_rwlock_destroy(&memory->lock); /* no reader is left */
	store_base_done(store);
	(void)mem_free(memory); /* gives NULL */
}

static const struct store_driver memory_driver = {
	.begin = memory_begin,
	.save = memory_save,
	.release = memory_release,
	.undo = memory_undo,
	.log = memory_log,
	.commit = memory_commit,
	.abandon = memory_abandon,
	.is_lost = memory_is_lost,
	.tend = memory_tend,
	.read_begin = memory_read_begin,
	.read_end = memory_read_end,
	.write = memory_write,
	.remove = memory_remove,
	.find = memory_find,
	.select = memory_select,
	.count = memory_count,
	.backup = memory_backup,
	.close = memory_close,
};

FALLIBLE store_open_memory(const struct store_options *options, struct store **ret_store)
{
	struct memory *memory = NEW_ZERO(struct memory);
	pthread_rwlockattr_t writer_first;
	status st;

	if (!memory)
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	/* Else readers that overlap would hold the writer off for ever. None of these fails on Linux. */
	(void)pthread_rwlockattr_init(&writer_first);
	(void)pthread_rwlockattr_setkind_np(&writer_first, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	(void)pthread_rwlock_init(&memory->lock, &writer_first);
	(void)pthread_rwlockattr_destroy(&writer_first);
	st = store_base_init(&memory->store, &memory_driver, options);
	if (!FAILED(st))
		st = store_new_epoch(options->random ? options->random : &random_system, memory->store.epoch);
	if (!FAILED(st))
		st = writer_start(&memory->store);
	if (FAILED(st)) {
		memory_close(&memory->store);
		return st;
	}
	*ret_store = &memory->store;
	return OK;
}
