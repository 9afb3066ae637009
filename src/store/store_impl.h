/*
 * store_impl: what a store driver implements, and what all drivers share.
 *
 * A driver keeps rows and transactions. Everything a caller can observe beside rows (queue, groups, revisions, the change
 * log's content, stamps, copies into arenas, normalised queries) is done here once, in store.c, rows.c, writer.c and plan.c.
 */
#ifndef STORE_STORE_IMPL_H
#define STORE_STORE_IMPL_H

#include <pthread.h>
#include <semaphore.h>

#include "store/store.h"

/* One transaction as store_fn sees it. */
struct tx {
	struct store *store;
	struct arena *arena;
	bool is_write;
	void *session; /* the driver's: the connection it runs on */
	/* Of a job on the writer's thread. */
	size_t changes_from; /* where its part of store->changes begins */
	uint64_t revision;   /* what the job takes if it changes something */
	int64_t stamped;     /* rows stamped so far */
	bool has_changed;
	const void *kept_by; /* tx_keep(): whose, what */
	void *kept;
	enum fault broken; /* the first failure after which nothing may be committed */
};

/* ---- normalised queries (plan.c) ---- */

struct plan_condition {
	enum condition_kind kind; /* WHERE_IN_UIDS, UNDER and BELOW have count >= 1, sorted, none in another */
	int column;
	slice text;
	int64_t number;
	struct uid uid; /* of WHERE_EQ */
	const struct uid **uids;
	size_t count;
};

struct plan {
	const struct table *table;
	const struct query *query; /* its order, limit and place; NULL: all rows */
	struct plan_condition where[QUERY_CONDITIONS_MAX];
	size_t where_count;
	bool is_empty; /* matches nothing, whatever the table holds */
};

/* The plan points into the query. plan_done frees what it holds; fine on a zeroed plan. */
FALLIBLE plan_make(const struct table *table, const struct query *query, struct plan *ret_plan);
void plan_done(struct plan *plan);
/* A bit for each column, and for each one that the plan's query reads. */
uint64_t table_columns(const struct table *table);
uint64_t plan_columns(const struct plan *plan);
/* The first bytes after all that start with uid: *ret_upper is none when there is no such. */
void plan_upper(const struct uid *uid, struct uid *ret_upper);

/* ---- the driver ---- */

enum write_op { WRITE_INSERT, WRITE_UPDATE, WRITE_PUT };

/* Functions marked W run on the writer's thread alone. */
struct store_driver {
	/* W: a group's transaction, and in it one savepoint at a time, a job's. A failing call leaves the transaction open
	 * unless is_lost says that the database gave it up; the writer then calls abandon. */
	status (*begin)(struct tx *tx);
	status (*save)(struct tx *tx);    /* opens the savepoint */
	status (*release)(struct tx *tx); /* keeps what was done since, closes it */
	status (*undo)(struct tx *tx);    /* rolls back to it, closes it */
	/* The job's change-log rows; count >= 1. */
	status (*log)(struct tx *tx, const struct change *changes, size_t count);
	/* Durable when it gives OK; nothing happened when it fails. revision is the last one taken. */
	status (*commit)(struct tx *tx, uint64_t revision);
	void (*abandon)(struct tx *tx); /* rolls everything back; fine when nothing is open */
	bool (*is_lost)(struct tx *tx);
	/* W: after the acknowledgements of a group, and once (is_idle) when nothing came for a while. May be slow. */
	void (*tend)(struct store *store, bool is_idle);

	/* A snapshot: on any thread, or (is_hook) W after a commit. read_end also after a failing fn. */
	status (*read_begin)(struct tx *tx, bool is_hook);
	void (*read_end)(struct tx *tx);

	/* FAULT_EXISTS, FAULT_STATE and FAULT_ABSENT leave nothing changed. */
	status (*write)(struct tx *tx, const struct table *table, enum write_op op, const void *row);
	status (*remove)(struct tx *tx, const struct table *table, const void *key, bool *ret_removed);
	/* The row goes through `each`, at most once. */
	status (*find)(struct tx *tx, const struct table *table, const void *key, row_fn each, void *user);
	status (*select)(struct tx *tx, const struct plan *plan, row_fn each, void *user);
	status (*count)(struct tx *tx, const struct plan *plan, int64_t *ret_count);

	status (*backup)(struct store *store, const char *file);
	/* After the writer has stopped. Frees what open made, the struct too. */
	void (*close)(struct store *store);
};

/* ---- what every store is ---- */

/* Growing list of a group's changes; the writer's own. */
struct change_list {
	struct change *at;
	size_t count, room;
};
/* Changes of one job; beyond, it fails with RESOURCE_EXHAUSTED. A group takes no further job once it has as many. */
#define CHANGES_MAX ((size_t)1 << 18)

/* A failure that is no answer but an accident: what was half done must not be committed. */
static inline bool fault_breaks(enum fault fault)
{
	return fault == FAULT_UNAVAILABLE || fault == FAULT_INTERNAL || fault == FAULT_LOST || fault == FAULT_EXHAUSTED;
}

/* A task in small steps that the writer's thread takes between groups. */
struct chore {
	/* true when it is finished. */
	bool (*step)(struct chore *chore);
	sem_t done;
	struct chore *next_;
};

struct store {
	const struct store_driver *driver;
	const struct store_driver *inner; /* what fault.c wraps, and its counters */
	_Atomic uint64_t calls, fail_at;
	unsigned queue_max, group_max;
	_Atomic uint64_t revision;
	char epoch[17];
	store_commit_fn on_commit;
	void *on_commit_user;

	/* The writer (writer.c). */
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t mutex; /* guards the queue down to chores */
	pthread_cond_t wake;
	struct store_job *first, **last;
	size_t waiting;
	bool is_closing, is_asleep;
	struct chore *chores;
	struct change_list changes; /* the writer's own from here on */
	struct arena *scratch;
};

/* Fills in what every store has; the driver is set by the caller. Undone by store_base_done. */
FALLIBLE store_base_init(struct store *store, const struct store_driver *driver, const struct store_options *options);
void store_base_done(struct store *store);
/* 16 random hex digits into store->epoch. */
FALLIBLE store_new_epoch(struct random *random, char ret_epoch[17]);

FALLIBLE writer_start(struct store *store);
/* Finishes what is queued, then joins. */
void writer_stop(struct store *store);
/* Has the writer take the chore's steps; returns when it is finished. UNAVAILABLE when closing (it has not begun then). */
FALLIBLE writer_chore(struct store *store, struct chore *chore);

/* Bytes one transaction may read into an arena of the store's own. */
#define SCRATCH_BYTES ((size_t)64 << 20)

#endif
