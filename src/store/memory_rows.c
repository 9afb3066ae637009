/*
 * memory_rows: rows in sorted arrays, and the rules between them, read off the table descriptors.
 *
 * Promises  the same answers as SQLite; whatever needs memory is taken before anything changes, so a step never half happens.
 */
#include <assert.h>

#include "store/memory_impl.h"

#define ROW_BYTES_MAX 2048 /* rows.c asserts it */

static struct memory *memory_of(const struct tx *tx)
{
	return (struct memory *)tx->store;
}

static struct shelf *shelf_of(struct tx *tx, const struct table *table)
{
	return &memory_of(tx)->shelves[table_index(table)];
}

/* ---- shelves ---- */

/* Index of the first row whose key is not below; *ret_found tells whether it is the one. */
static size_t shelf_find(const struct shelf *shelf, const struct table *table, const void *key, bool *ret_found)
{
	size_t low = 0, high = shelf->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (key_compare(table, shelf->rows[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = low < shelf->count && key_compare(table, shelf->rows[low], key) == 0;
	return low;
}

/* Room for one more row and one more step, so that what follows cannot fail. */
static FALLIBLE make_room(struct memory *memory, struct shelf *shelf)
{
	if (shelf->count == shelf->room) {
		size_t room = shelf->room ? shelf->room * 2 : 16;
		void **more = room > MEMORY_ROWS_MAX ? NULL : mem_resize(shelf->rows, room * sizeof(*more));
		if (!more)
			return FAIL(FAULT_UNAVAILABLE, "out of memory");
		shelf->rows = more;
		shelf->room = room;
	}
	if (memory->step_count == memory->step_room) {
		size_t room = memory->step_room ? memory->step_room * 2 : 16;
		struct step *more = mem_resize(memory->steps, room * sizeof(*more));
		if (!more)
			return FAIL(FAULT_UNAVAILABLE, "out of memory");
		memory->steps = more;
		memory->step_room = room;
	}
	return OK;
}

/* Puts `after` where `before` stood (NULL: nothing there) in key order; never fails after make_room. */
static void shelf_swap(struct shelf *shelf, const struct table *table, void *before, void *after)
{
	bool found;
	size_t at = shelf_find(shelf, table, before ? before : after, &found);

	assert(found == (before != NULL));
	if (before && after) {
		shelf->rows[at] = after;
	} else if (after) {
		memmove(shelf->rows + at + 1, shelf->rows + at, (shelf->count - at) * sizeof(*shelf->rows));
		shelf->rows[at] = after;
		shelf->count++;
	} else {
		memmove(shelf->rows + at, shelf->rows + at + 1, (shelf->count - at - 1) * sizeof(*shelf->rows));
		shelf->count--;
	}
}

static void apply(struct tx *tx, const struct table *table, void *before, void *after)
{
	struct memory *memory = memory_of(tx);

	shelf_swap(shelf_of(tx, table), table, before, after);
	memory->steps[memory->step_count++] = (struct step){ table_index(table), before, after };
}

void memory_steps_undo(struct memory *memory, size_t to)
{
	size_t count;
	const struct table *const *tables = tables_all(&count);

	while (memory->step_count > to) {
		struct step *step = &memory->steps[--memory->step_count];
		shelf_swap(&memory->shelves[step->shelf], tables[step->shelf], step->after, step->before);
		(void)mem_free(step->after); /* gives NULL */
	}
}

static bool is_string(const struct column *column)
{
	return column->type == COLUMN_TEXT || column->type == COLUMN_BYTES;
}

/* The row as one heap block; NULL without memory. */
static void *copy_row(const struct table *table, const void *row)
{
	size_t size = table->row_bytes;
	char *copy, *bytes;

	for (size_t i = 0; i < table->column_count; i++)
		if (is_string(&table->columns[i]))
			size += ((const slice *)column_at(&table->columns[i], row))->len;
	copy = mem_alloc(size);
	if (!copy)
		return NULL;
	memcpy(copy, row, table->row_bytes);
	bytes = copy + table->row_bytes;
	for (size_t i = 0; i < table->column_count; i++) {
		slice *text = column_in(&table->columns[i], copy);
		if (!is_string(&table->columns[i]))
			continue;
		if (text->len)
			memcpy(bytes, text->at, text->len);
		text->at = bytes;
		bytes += text->len;
	}
	return copy;
}

/* ---- the rules between rows ---- */

static bool falls_under(const struct table *table, const struct unique *unique, const void *row)
{
	const struct column *columns = table->columns;

	if (unique->only_roots && !uid_is_none(column_at(&columns[unique->root], row)))
		return false;
	if (unique->only_if && !*(const bool *)column_at(&columns[unique->flag], row))
		return false;
	for (size_t i = 0; i < unique->count; i++) {
		const struct column *column = &columns[unique->columns[i]];
		if (column->type == COLUMN_UID && uid_is_none(column_at(column, row)))
			return false;
	}
	return true;
}

static bool clashes(const struct table *table, const struct unique *unique, const void *a, const void *b)
{
	for (size_t i = 0; i < unique->count; i++)
		if (column_compare(&table->columns[unique->columns[i]], a, b) != 0)
			return false;
	return falls_under(table, unique, b);
}

static FALLIBLE check_uniques(struct tx *tx, const struct table *table, const void *row, const void *itself)
{
	const struct shelf *shelf = shelf_of(tx, table);

	for (size_t u = 0; u < table->unique_count; u++) {
		const struct unique *unique = &table->uniques[u];
		for (size_t i = 0; falls_under(table, unique, row) && i < shelf->count; i++)
			if (shelf->rows[i] != itself && clashes(table, unique, row, shelf->rows[i]))
				return table_taken(table, unique, row);
	}
	return OK;
}

/* Both the row's own key and that of its target stand first in their structs' tables. */
static bool refers_to(const struct table *table, const struct reference *reference, const void *row, const struct uid *target)
{
	return uid_eq(column_at(&table->columns[reference->column], row), target);
}

static FALLIBLE check_references(struct tx *tx, const struct table *table, const void *row)
{
	for (size_t r = 0; r < table->reference_count; r++) {
		const struct reference *reference = &table->references[r];
		const struct shelf *shelf = shelf_of(tx, reference->table);
		const struct uid *target = column_at(&table->columns[reference->column], row);
		bool found =
			uid_is_none(target) || (reference->table == table && uid_eq(target, column_at(table->columns, row)));

		for (size_t i = 0; !found && i < shelf->count; i++)
			found = uid_eq(target, column_at(reference->table->columns, shelf->rows[i]));
		if (!found)
			return FAIL_STATE("REFERENCE_MISSING", "the %s that this %s names does not exist",
					  reference->table->noun, table->noun);
	}
	return OK;
}

static bool is_referred_by(struct tx *tx, const struct table *from, const struct table *to, const void *row)
{
	const struct shelf *shelf = shelf_of(tx, from);

	for (size_t r = 0; r < from->reference_count; r++)
		for (size_t i = 0; from->references[r].table == to && i < shelf->count; i++)
			if (shelf->rows[i] != row &&
			    refers_to(from, &from->references[r], shelf->rows[i], column_at(to->columns, row)))
				return true;
	return false;
}

static FALLIBLE check_unused(struct tx *tx, const struct table *table, const void *row)
{
	size_t count;
	const struct table *const *tables = tables_all(&count);

	for (size_t i = 0; i < count; i++)
		if (is_referred_by(tx, tables[i], table, row))
			return FAIL_STATE("RESOURCE_NOT_EMPTY", "this %s is still in use", table->noun);
	return OK;
}

/* ---- rows ---- */

status memory_write(struct tx *tx, const struct table *table, enum write_op op, const void *row)
{
	struct shelf *shelf = shelf_of(tx, table);
	void *before, *after;
	bool found;
	size_t at = shelf_find(shelf, table, row, &found);

	if (found && op == WRITE_INSERT)
		return table_taken(table, NULL, row);
	if (!found && op == WRITE_UPDATE)
		return FAIL(FAULT_ABSENT, "no such %s", table->noun);
	before = found ? shelf->rows[at] : NULL;
	TRY(check_uniques(tx, table, row, before));
	TRY(check_references(tx, table, row));
	TRY(make_room(memory_of(tx), shelf));
	after = copy_row(table, row);
	if (!after)
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	apply(tx, table, before, after);
	return OK;
}

status memory_remove(struct tx *tx, const struct table *table, const void *key, bool *ret_removed)
{
	struct shelf *shelf = shelf_of(tx, table);
	bool found;
	size_t at = shelf_find(shelf, table, key, &found);

	if (found) {
		TRY(check_unused(tx, table, shelf->rows[at]));
		TRY(make_room(memory_of(tx), shelf));
		apply(tx, table, shelf->rows[at], NULL);
	}
	*ret_removed = found;
	return OK;
}

status memory_find(struct tx *tx, const struct table *table, const void *key, row_fn each, void *user)
{
	bool found;
	size_t at = shelf_find(shelf_of(tx, table), table, key, &found);

	if (found)
		TRY(each(user, shelf_of(tx, table)->rows[at]));
	return OK;
}

static bool uids_match(const struct plan_condition *condition, const struct uid *value)
{
	for (size_t i = 0; i < condition->count; i++) {
		const struct uid *uid = condition->uids[i];
		if (condition->kind == WHERE_IN_UIDS
			    ? uid_eq(uid, value)
			    : uid_covers(uid, value) && (condition->kind == WHERE_UNDER || !uid_eq(uid, value)))
			return true;
	}
	return false;
}

static bool number_matches(const struct plan_condition *condition, int64_t value)
{
	switch (condition->kind) {
	case WHERE_AT_LEAST:
		return value >= condition->number;
	case WHERE_LESS:
		return value < condition->number;
	case WHERE_NOT:
		return value != condition->number;
	default:
		return value == condition->number;
	}
}

static bool matches(const struct plan *plan, const void *row)
{
	bool is_match = true;

	for (size_t i = 0; is_match && i < plan->where_count; i++) {
		const struct plan_condition *condition = &plan->where[i];
		const struct column *column = &plan->table->columns[condition->column];
		const void *value = column_at(column, row);

		if (column->type == COLUMN_UID)
			is_match = condition->uids ? uids_match(condition, value) : uid_eq(value, &condition->uid);
		else if (is_string(column))
			is_match = slice_eq(*(const slice *)value, condition->text);
		else
			is_match = number_matches(condition,
						  column->type == COLUMN_BOOL ? *(const bool *)value : *(const int64_t *)value);
	}
	return is_match;
}

static int row_order(const struct plan *plan, const void *a, const void *b)
{
	const struct query *query = plan->query;
	int order = 0;

	if (query && query->order_by >= 0)
		order = column_compare(&plan->table->columns[query->order_by], a, b);
	if (order == 0)
		order = key_compare(plan->table, a, b);
	return query && query->is_descending ? -order : order;
}

static int by_order(const void *a, const void *b, void *plan)
{
	return row_order(plan, *(void *const *)a, *(void *const *)b);
}

static void place_uid(struct uid *into, slice bytes)
{
	size_t len = bytes.len < UID_BYTES_MAX ? bytes.len : UID_BYTES_MAX;

	if (len)
		memcpy(into->at, bytes.at, len);
	into->len = (uint16_t)len;
}

static void place_value(const struct plan *plan, size_t i, void *into)
{
	const struct query *query = plan->query;

	switch (plan->table->columns[i].type) {
	case COLUMN_UID:
		place_uid(into, i == 0 ? uid_bytes(&query->after_uid) : query->after_text);
		break;
	case COLUMN_TEXT:
	case COLUMN_BYTES:
		*(slice *)into = query->after_text;
		break;
	case COLUMN_INT:
		*(int64_t *)into = plan->table->is_stamped && i == 1 ? query->after_ordinal : query->after_number;
		break;
	case COLUMN_BOOL:
		*(bool *)into = query->after_number;
		break;
	case COLUMN_CAPS:
		break; /* orders nothing */
	}
}

/* The place a query goes on from, as a row that has just the ordering column and the key. */
static void *place_row(const struct plan *plan)
{
	void *row = mem_zero(1, plan->table->row_bytes);

	for (size_t i = 0; row && i < plan->table->column_count; i++)
		if ((int)i == plan->query->order_by || i < plan->table->key_count)
			place_value(plan, i, column_in(&plan->table->columns[i], row));
	return row;
}

struct picked {
	void **rows;
	size_t count;
};

static void picked_done(struct picked *picked)
{
	picked->rows = mem_free(picked->rows);
}

/* Matching rows behind the place, in order. */
static FALLIBLE pick(struct tx *tx, const struct plan *plan, struct picked *picked)
{
	const struct shelf *shelf = shelf_of(tx, plan->table);
	const bool has_after = plan->query && plan->query->has_after;
	void *place = has_after ? place_row(plan) : NULL;

	picked->rows = mem_alloc((shelf->count + 1) * sizeof(*picked->rows));
	if (!picked->rows || (has_after && !place)) {
		(void)mem_free(place); /* gives NULL */
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	}
	for (size_t i = 0; i < shelf->count; i++)
		if (matches(plan, shelf->rows[i]) && (!place || row_order(plan, shelf->rows[i], place) > 0))
			picked->rows[picked->count++] = shelf->rows[i];
	(void)mem_free(place); /* gives NULL */
	qsort_r(picked->rows, picked->count, sizeof(*picked->rows), by_order, (void *)(uintptr_t)plan);
	return OK;
}

/* The row with the columns that the query reads. */
static status each_part(const struct plan *plan, const void *row, row_fn each, void *user)
{
	static const size_t bytes[] = {
		[COLUMN_UID] = sizeof(struct uid), [COLUMN_TEXT] = sizeof(slice), [COLUMN_BYTES] = sizeof(slice),
		[COLUMN_INT] = sizeof(int64_t),    [COLUMN_BOOL] = sizeof(bool),  [COLUMN_CAPS] = sizeof(struct caps)
	};
	_Alignas(max_align_t) char part[ROW_BYTES_MAX] = { 0 };
	uint64_t columns = plan_columns(plan);

	if (columns == table_columns(plan->table))
		return each(user, row);
	for (size_t i = 0; i < plan->table->column_count; i++) {
		const struct column *column = &plan->table->columns[i];
		if (columns >> i & 1)
			memcpy(column_in(column, part), column_at(column, row), bytes[column->type]);
	}
	return each(user, part);
}

status memory_select(struct tx *tx, const struct plan *plan, row_fn each, void *user)
{
	struct picked picked CLEANUP(picked_done) = { 0 };
	const struct query *query = plan->query;
	size_t from = query ? (size_t)query->skip : 0, to;

	TRY(pick(tx, plan, &picked));
	to = query && query->limit && (size_t)query->limit < picked.count - (from < picked.count ? from : picked.count)
		     ? from + (size_t)query->limit
		     : picked.count;
	for (size_t i = from; i < to; i++)
		TRY(each_part(plan, picked.rows[i], each, user));
	return OK;
}

status memory_count(struct tx *tx, const struct plan *plan, int64_t *ret_count)
{
	const struct shelf *shelf = shelf_of(tx, plan->table);
	int64_t count = 0;

	for (size_t i = 0; i < shelf->count; i++)
		count += matches(plan, shelf->rows[i]);
	*ret_count = count;
	return OK;
}
