/*
 * memory_impl: what memory.c (transactions) and memory_rows.c (rows) share.
 */
#ifndef STORE_MEMORY_IMPL_H
#define STORE_MEMORY_IMPL_H

#include "base/mem.h"
#include "store/store_impl.h"

#define COUNT_TABLE(table, columns, row) +1
#define MEMORY_TABLES (0 TABLES(COUNT_TABLE))
#define MEMORY_ROWS_MAX ((size_t)1 << 20)

/* A table's rows, sorted by primary key. */
struct shelf {
	void **rows; /* each one heap block: the struct, then the bytes of its strings; never changed in place */
	size_t count, room;
};

/* What one write did: before NULL = inserted, after NULL = removed. */
struct step {
	size_t shelf;
	void *before, *after;
};

struct memory {
	struct store store; /* first: a store is its memory */
	pthread_rwlock_t lock;
	struct shelf shelves[MEMORY_TABLES];
	struct step *steps; /* of the transaction that runs, to be undone backwards */
	size_t step_count, step_room, saved;
	bool is_open;
};

/* Undoes steps until `to` are left. */
void memory_steps_undo(struct memory *memory, size_t to);

status memory_write(struct tx *tx, const struct table *table, enum write_op op, const void *row);
status memory_remove(struct tx *tx, const struct table *table, const void *key, bool *ret_removed);
status memory_find(struct tx *tx, const struct table *table, const void *key, row_fn each, void *user);
status memory_select(struct tx *tx, const struct plan *plan, row_fn each, void *user);
status memory_count(struct tx *tx, const struct plan *plan, int64_t *ret_count);

#endif
