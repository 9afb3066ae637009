/*
 * store: what is kept, and the one way to change it.
 *
 * Owns      tables, transactions, revisions, the change log. SQLite answers in sqlite*.c, memory.c for unit tests; PostgreSQL
 *           will implement the same struct store_driver (store_impl.h).
 * Promises  a mutation is acknowledged only when committed with fsync; a failing call rolls back alone; revisions are dense
 *           and in commit order; the on_commit hook has run before any acknowledgement leaves.
 * Start at  store_submit() for a change, store_read() for a look.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/status.h"
#include "store/query.h"
#include "store/tables.h"

struct store;
struct tx;

/* ---- opening ---- */

/* 0 and NULL stand for the defaults. */
struct store_options {
	const char *path;          /* data folder, made 0700 when missing; the database is <path>/reeve.db */
	unsigned queue_max;        /* waiting mutations; beyond: FAULT_UNAVAILABLE (default 4096) */
	unsigned group_max;        /* mutations in one commit (default 256) */
	unsigned readers_max;      /* threads that read at the same time; further ones wait (default 16) */
	unsigned checkpoint_pages; /* pages in the write-ahead log before it is copied back (default 1000) */
	const char *vfs;           /* SQLite VFS name for the power-cut test, NULL normally */
	bool unsafe_no_sync;       /* synchronous=OFF: only for that test's own proof */
	const struct clock *clock; /* when migrations were applied (default clock_system) */
	struct random *random;     /* the epoch (default random_system) */
};

/* Opens, locks against a second process, migrates forward (refuses a newer schema), starts the writer thread. Fails with
 * FAILED_PRECONDITION and one clear sentence when another process holds the folder, when the schema is newer or a migration
 * was changed after it was applied, DATA_LOSS when the file is no database of ours. */
FALLIBLE store_open_sqlite(const struct store_options *options, struct store **ret_store);
/* Keeps everything in memory; same suite, for unit tests. */
FALLIBLE store_open_memory(const struct store_options *options, struct store **ret_store);
/* Finishes queued mutations, checkpoints, closes. NULL is fine; returns NULL. */
struct store *store_close(struct store *store);

/* ---- changing ---- */

/* One row of the change log, as the on_commit hook sees it. */
enum change_kind { CHANGE_NONE, CHANGE_GROUP, CHANGE_IDENTITY, CHANGE_ROLE, CHANGE_BINDING, CHANGE_KEY, CHANGE_REPO };
enum change_op { CHANGE_PUT = 1, CHANGE_GONE = 2 };
struct change {
	uint64_t revision;
	enum change_kind kind;
	enum change_op op;
	struct uid key;     /* of the row */
	struct uid subject; /* a binding's identity (also of a deleted one); else none */
};

/* Runs once, or again after a transient failure; uses only its tx and what its arg holds: clock, ids and random bytes are
 * drawn beforehand. Its changes are logged by the store itself. */
typedef status (*store_fn)(struct tx *tx, void *arg);

/* A queued mutation; the caller keeps it alive until done was called. */
struct store_job {
	store_fn run;
	void *arg;
	struct arena *arena;   /* what rows read inside are allocated from; NULL: one that lives until run returns */
	struct report *report; /* FAIL and NOTE of run go there; may be NULL */
	/* Called on the writer's thread after the commit (or failure); must not block. revision is 0 on failure and when
	 * nothing changed. */
	void (*done)(struct store_job *job, status result, uint64_t revision);
	struct store_job *next_; /* the queue's own */
	status result_;
	uint64_t revision_;
};

/* Queues a mutation; never blocks. When it fails (queue full, store closing) done is not called. */
FALLIBLE store_submit(struct store *store, struct store_job *job);
/* The same, waiting: for workers, tools and tests, never on a loop thread nor inside a store_fn. FAIL and NOTE of run go to
 * the calling thread's report. ret_revision may be NULL. */
FALLIBLE store_write(struct store *store, store_fn run, void *arg, struct arena *arena, uint64_t *ret_revision);

/* Called on the writer's thread after a commit, before its jobs are done, with all changes of the group in revision order;
 * count is 0 when it touched only tables whose changes are not logged. tx reads the committed state, its arena lives until
 * the hook returns. A failure here ends the process (the index must never lag an acknowledged commit). */
typedef status (*store_commit_fn)(void *user, struct tx *tx, const struct change *changes, size_t count, uint64_t revision);
/* Set once, before the first mutation. */
void store_on_commit(struct store *store, store_commit_fn fn, void *user);

/* ---- reading ---- */

/* Runs fn with a read-only snapshot on the calling thread (a worker); blocks on disk. Arena as for a job. Not inside
 * another store_fn. */
FALLIBLE store_read(struct store *store, store_fn run, void *arg, struct arena *arena);
/* One row in a snapshot of its own: as row_find and row_first, with the same rules as store_read. */
FALLIBLE store_find(struct store *store, const struct table *table, void *row, struct arena *arena, bool *ret_found);
FALLIBLE store_first(struct store *store, const struct table *table, const struct query *query, void *row, struct arena *arena,
		     bool *ret_found);
/* Revision of the last commit whose hook has run; from memory, any thread. A snapshot begun after is at least that new. */
uint64_t store_revision(const struct store *store);
/* Random id of this database's history, 16 hex digits; a restored copy gets a new one. */
slice store_epoch(const struct store *store);

/* ---- rows; every function takes the tx of a running store_fn ---- */

/* Never NULL. */
struct arena *tx_arena(struct tx *tx);
bool tx_is_write(const struct tx *tx);
/* One thing made of rows this transaction read, remembered until it changes any row: in tx_arena(), under an address of the
 * caller's own. tx_kept gives NULL when it was forgotten or is another's. */
void tx_keep(struct tx *tx, const void *owner, void *thing);
void *tx_kept(const struct tx *tx, const void *owner);

/* A store_fn may go on after ALREADY_EXISTS, FAILED_PRECONDITION and NOT_FOUND: nothing was changed by that call. After any
 * other failure its transaction fails, whatever it returns. */

/* ALREADY_EXISTS on a duplicate key or unique index; FAILED_PRECONDITION on a dangling reference. A row of table_events gets
 * its revision and ordinal from the store. */
FALLIBLE row_insert(struct tx *tx, const struct table *table, const void *row);
/* Replaces the row with the same primary key; NOT_FOUND when there is none. */
FALLIBLE row_update(struct tx *tx, const struct table *table, const void *row);
/* As row_update, but the change log and so the commit hook do not learn of it: for columns that nothing is derived from, such
 * as when somebody was last seen. The commit still has its revision. */
FALLIBLE row_update_unlogged(struct tx *tx, const struct table *table, const void *row);
/* Inserts or replaces. */
FALLIBLE row_put(struct tx *tx, const struct table *table, const void *row);
/* Deletes by the primary key in `key`; *ret_deleted tells whether it was there. FAILED_PRECONDITION while referenced. */
FALLIBLE row_delete(struct tx *tx, const struct table *table, const void *key, bool *ret_deleted);
/* Reads by the primary key in `key` into row (strings in the tx's arena); *ret_found tells. key may be row itself. */
FALLIBLE row_find(struct tx *tx, const struct table *table, const void *key, void *row, bool *ret_found);

/* The first row that matches, as row_find reads it; the query's limit is of no account. */
FALLIBLE row_first(struct tx *tx, const struct table *table, const struct query *query, void *row, bool *ret_found);

/* A page of rows as one array in the tx's arena; at is never NULL. */
struct rows {
	void *at; /* count rows of table->row_bytes each */
	size_t count;
};
FALLIBLE row_list(struct tx *tx, const struct table *table, const struct query *query, struct rows *ret_rows);
FALLIBLE row_count(struct tx *tx, const struct table *table, const struct query *query, int64_t *ret_count);
/* Deletes all that match (the query's conditions only), logging each; *ret_count of them. */
FALLIBLE row_delete_all(struct tx *tx, const struct table *table, const struct query *query, int64_t *ret_count);
/* Streams matching rows through `each`; a row is valid only during its call; stops at the first failure. For loading
 * millions of rows without an arena. `each` may read further rows but not change any. */
typedef status (*row_fn)(void *user, const void *row);
FALLIBLE row_scan(struct tx *tx, const struct table *table, const struct query *query, row_fn each, void *user);

/* ---- operating ---- */

/* An online backup through the writer into a new file; verified before it is renamed into place. ALREADY_EXISTS when the
 * file is there. To restore: stop, put it as reeve.db into an empty data folder (with the folder's sealing key); the copy
 * opens under a new epoch. Blocks; for workers and tools. */
FALLIBLE store_backup(struct store *store, const char *file);
/* Checks a database file or folder: schema, integrity, foreign keys, revision against the change log. DATA_LOSS names the
 * first thing that is wrong. Blocks; for tools. */
FALLIBLE store_verify(const char *path);

#endif
