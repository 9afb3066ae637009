/*
 * rows: the row functions of store.h, over whatever driver the transaction has.
 *
 * Promises  each change is logged with its key and subject, also when a row leaves its old subject; rows handed out are
 *           copies in the transaction's arena; a transaction that met an accident is marked and cannot commit.
 */
#include <assert.h>

#include "base/mem.h"
#include "store/store_impl.h"

#define ROW_BYTES_MAX 2048
/* What row_list gathers before it moves into the arena. */
#define LIST_BYTES_MAX ((size_t)256 << 20)
#define DELETE_BATCH 256
#define CHANGES_FIRST 64

#define ROW_FITS(table, columns, row)                                              \
	_Static_assert(sizeof(struct row) <= ROW_BYTES_MAX, #row " is too large"); \
	_Static_assert(table##_column_count <= 64, #table " has more columns than bits");
TABLES(ROW_FITS)

static status judged(struct tx *tx, status st)
{
	if (tx->is_write && fault_breaks(st.fault) && !tx->broken)
		tx->broken = st.fault;
	return st;
}

/* ---- the change log ---- */

static FALLIBLE changes_room(struct change_list *list)
{
	size_t room = list->room ? list->room * 2 : CHANGES_FIRST;
	struct change *more;

	if (list->count < list->room)
		return OK;
	more = mem_resize(list->at, room * sizeof(*more));
	if (!more)
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	list->at = more;
	list->room = room;
	return OK;
}

static FALLIBLE log_change(struct tx *tx, const struct table *table, enum change_op op, const void *row,
			   const struct uid *subject)
{
	struct change_list *list = &tx->store->changes;
	struct change *change;

	tx->has_changed = true;
	if (table->change == CHANGE_NONE)
		return OK;
	if (list->count - tx->changes_from >= CHANGES_MAX)
		return FAIL(FAULT_EXHAUSTED, "this changes more than %zu things at once", CHANGES_MAX);
	TRY(changes_room(list));
	change = &list->at[list->count++];
	*change = (struct change){ .revision = tx->revision, .kind = (enum change_kind)table->change, .op = op };
	if (table->columns[0].type == COLUMN_UID)
		change->key = *(const struct uid *)column_at(&table->columns[0], row);
	if (subject)
		change->subject = *subject;
	return OK;
}

static const struct uid *subject_of(const struct table *table, const void *row)
{
	return table->change_subject < 0 ? NULL : column_at(&table->columns[table->change_subject], row);
}

struct subject {
	const struct table *table;
	struct uid uid;
	bool is_found;
};

static status keep_subject(void *user, const void *row)
{
	struct subject *subject = user;

	subject->uid = *subject_of(subject->table, row);
	subject->is_found = true;
	return OK;
}

/* Whose the row with this key is now; nothing to find in tables whose changes have no subject. */
static FALLIBLE find_subject(struct tx *tx, const struct table *table, const void *key, struct subject *ret_subject)
{
	*ret_subject = (struct subject){ .table = table };
	if (table->change_subject >= 0)
		TRY(tx->store->driver->find(tx, table, key, keep_subject, ret_subject));
	return OK;
}

/* ---- writing ---- */

static FALLIBLE check_row(const struct table *table, const void *row)
{
	for (size_t i = 0; i < table->column_count; i++) {
		const struct column *column = &table->columns[i];
		if (column->type == COLUMN_UID && !column->is_optional && uid_is_none(column_at(column, row)))
			return FAIL(FAULT_INTERNAL, "a %s without its %s cannot be kept", table->noun, column->name);
	}
	return OK;
}

static FALLIBLE write_and_log(struct tx *tx, const struct table *table, enum write_op op, const void *row)
{
	struct subject before = { 0 };

	tx_keep(tx, NULL, NULL);
	TRY(check_row(table, row));
	if (op != WRITE_INSERT)
		TRY(find_subject(tx, table, row, &before));
	TRY(tx->store->driver->write(tx, table, op, row));
	if (before.is_found && !uid_eq(&before.uid, subject_of(table, row)))
		TRY(log_change(tx, table, CHANGE_GONE, row, &before.uid));
	TRY(log_change(tx, table, CHANGE_PUT, row, subject_of(table, row)));
	return OK;
}

FALLIBLE row_insert(struct tx *tx, const struct table *table, const void *row)
{
	_Alignas(max_align_t) char stamped[ROW_BYTES_MAX];

	assert(tx->is_write);
	if (table->is_stamped) {
		memcpy(stamped, row, table->row_bytes);
		*(int64_t *)column_in(&table->columns[0], stamped) = (int64_t)tx->revision;
		*(int64_t *)column_in(&table->columns[1], stamped) = tx->stamped++;
		row = stamped;
	}
	TRY(judged(tx, write_and_log(tx, table, WRITE_INSERT, row)));
	return OK;
}

FALLIBLE row_update(struct tx *tx, const struct table *table, const void *row)
{
	assert(tx->is_write);
	TRY(judged(tx, write_and_log(tx, table, WRITE_UPDATE, row)));
	return OK;
}

static FALLIBLE write_unlogged(struct tx *tx, const struct table *table, const void *row)
{
	tx_keep(tx, NULL, NULL);
	TRY(check_row(table, row));
	TRY(tx->store->driver->write(tx, table, WRITE_UPDATE, row));
	tx->has_changed = true;
	return OK;
}

FALLIBLE row_update_unlogged(struct tx *tx, const struct table *table, const void *row)
{
	assert(tx->is_write);
	TRY(judged(tx, write_unlogged(tx, table, row)));
	return OK;
}

FALLIBLE row_put(struct tx *tx, const struct table *table, const void *row)
{
	assert(tx->is_write && !table->is_stamped);
	TRY(judged(tx, write_and_log(tx, table, WRITE_PUT, row)));
	return OK;
}

static FALLIBLE remove_and_log(struct tx *tx, const struct table *table, const void *key, bool *ret_deleted)
{
	struct subject before;
	bool removed;

	tx_keep(tx, NULL, NULL);
	TRY(find_subject(tx, table, key, &before));
	TRY(tx->store->driver->remove(tx, table, key, &removed));
	if (removed)
		TRY(log_change(tx, table, CHANGE_GONE, key, before.is_found ? &before.uid : NULL));
	*ret_deleted = removed;
	return OK;
}

FALLIBLE row_delete(struct tx *tx, const struct table *table, const void *key, bool *ret_deleted)
{
	assert(tx->is_write);
	TRY(judged(tx, remove_and_log(tx, table, key, ret_deleted)));
	return OK;
}

static FALLIBLE delete_batch(struct tx *tx, const struct table *table, const struct rows *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		bool deleted;
		TRY(remove_and_log(tx, table, (char *)batch->at + i * table->row_bytes, &deleted));
	}
	return OK;
}

static FALLIBLE delete_all(struct tx *tx, const struct table *table, const struct query *query, int64_t *ret_count)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(SCRATCH_BYTES), *before = tx->arena;
	struct query page;
	struct rows batch;
	int64_t count = 0;

	if (!arena)
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	query_init(&page);
	memcpy(page.where, query->where, sizeof(page.where));
	page.where_count = query->where_count;
	page.limit = DELETE_BATCH;
	do {
		status st;
		arena_reset(arena);
		tx->arena = arena;
		st = row_list(tx, table, &page, &batch);
		tx->arena = before;
		TRY(st);
		TRY(delete_batch(tx, table, &batch));
		count += (int64_t)batch.count;
	} while (batch.count == DELETE_BATCH);
	*ret_count = count;
	return OK;
}

FALLIBLE row_delete_all(struct tx *tx, const struct table *table, const struct query *query, int64_t *ret_count)
{
	status st;

	assert(tx->is_write);
	st = delete_all(tx, table, query, ret_count);
	if (FAILED(st) && !tx->broken)
		tx->broken = st.fault; /* some may be deleted already, so no answer but failing is left */
	TRY(st);
	return OK;
}

/* ---- reading ---- */

/* Moves what a row points at into the arena. */
static FALLIBLE keep_strings(struct arena *arena, const struct table *table, void *row)
{
	for (size_t i = 0; i < table->column_count; i++) {
		const struct column *column = &table->columns[i];
		slice *text = column_in(column, row);

		if (column->type != COLUMN_TEXT && column->type != COLUMN_BYTES)
			continue;
		*text = text->len ? arena_copy(arena, *text) : SLICE("");
		TRY_NEW(text->at);
	}
	return OK;
}

struct found {
	struct tx *tx;
	const struct table *table;
	void *row;
	bool is_found;
};

static status keep_found(void *user, const void *row)
{
	_Alignas(max_align_t) char copy[ROW_BYTES_MAX];
	struct found *found = user;

	memcpy(copy, row, found->table->row_bytes);
	TRY(keep_strings(found->tx->arena, found->table, copy));
	memcpy(found->row, copy, found->table->row_bytes);
	found->is_found = true;
	return OK;
}

FALLIBLE row_find(struct tx *tx, const struct table *table, const void *key, void *row, bool *ret_found)
{
	struct found found = { .tx = tx, .table = table, .row = row };

	TRY(judged(tx, tx->store->driver->find(tx, table, key, keep_found, &found)));
	*ret_found = found.is_found;
	return OK;
}

FALLIBLE row_first(struct tx *tx, const struct table *table, const struct query *query, void *row, bool *ret_found)
{
	struct found found = { .tx = tx, .table = table, .row = row };
	struct query first = *query;

	first.limit = 1;
	TRY(row_scan(tx, table, &first, keep_found, &found));
	*ret_found = found.is_found;
	return OK;
}

/* ---- one row in a snapshot of its own ---- */

struct look {
	const struct table *table;
	const struct query *query; /* NULL: by the key in row */
	void *row;
	bool is_found;
};

static status look_in(struct tx *tx, void *arg)
{
	struct look *look = arg;

	return look->query ? row_first(tx, look->table, look->query, look->row, &look->is_found)
			   : row_find(tx, look->table, look->row, look->row, &look->is_found);
}

FALLIBLE store_first(struct store *store, const struct table *table, const struct query *query, void *row, struct arena *arena,
		     bool *ret_found)
{
	struct look look = { .table = table, .query = query, .row = row };

	TRY(store_read(store, look_in, &look, arena));
	*ret_found = look.is_found;
	return OK;
}

FALLIBLE store_find(struct store *store, const struct table *table, void *row, struct arena *arena, bool *ret_found)
{
	return store_first(store, table, NULL, row, arena, ret_found);
}

/* ---- lists ---- */

struct list {
	struct tx *tx;
	const struct table *table;
	char *at;
	size_t count, room;
};

static FALLIBLE list_room(struct list *list)
{
	size_t room = list->room ? list->room * 2 : 16;
	char *more;

	if (list->count < list->room)
		return OK;
	if (room * list->table->row_bytes > LIST_BYTES_MAX)
		return FAIL(FAULT_EXHAUSTED, "this call reads more %s than one call may", list->table->name);
	more = mem_resize(list->at, room * list->table->row_bytes);
	if (!more)
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	list->at = more;
	list->room = room;
	return OK;
}

static status keep_listed(void *user, const void *row)
{
	struct list *list = user;
	char *into;

	TRY(list_room(list));
	into = list->at + list->count * list->table->row_bytes;
	memcpy(into, row, list->table->row_bytes);
	TRY(keep_strings(list->tx->arena, list->table, into));
	list->count++;
	return OK;
}

static void list_done(struct list *list)
{
	list->at = mem_free(list->at);
}

FALLIBLE row_list(struct tx *tx, const struct table *table, const struct query *query, struct rows *ret_rows)
{
	struct list list CLEANUP(list_done) = { .tx = tx, .table = table };
	void *at;

	TRY(row_scan(tx, table, query, keep_listed, &list));
	at = arena_alloc_n(tx->arena, list.count, table->row_bytes);
	TRY_NEW(at);
	if (list.count)
		memcpy(at, list.at, list.count * table->row_bytes);
	*ret_rows = (struct rows){ .at = at, .count = list.count };
	return OK;
}

FALLIBLE row_scan(struct tx *tx, const struct table *table, const struct query *query, row_fn each, void *user)
{
	struct plan plan CLEANUP(plan_done) = { 0 };

	TRY(plan_make(table, query, &plan));
	if (!plan.is_empty)
		TRY(judged(tx, tx->store->driver->select(tx, &plan, each, user)));
	return OK;
}

FALLIBLE row_count(struct tx *tx, const struct table *table, const struct query *query, int64_t *ret_count)
{
	struct plan plan CLEANUP(plan_done) = { 0 };
	int64_t count = 0;

	TRY(plan_make(table, query, &plan));
	if (!plan.is_empty)
		TRY(judged(tx, tx->store->driver->count(tx, &plan, &count)));
	*ret_count = count;
	return OK;
}
