/*
 * plan: a query brought into the form every driver takes: uids sorted, none twice, none inside another, none empty.
 *
 * Promises  two drivers given the same plan need no rule of their own about odd lists; what matches nothing says so.
 */
#include <assert.h>

#include "base/mem.h"
#include "store/store_impl.h"

/* A list longer than this is refused before it is sorted. */
#define UIDS_GIVEN_MAX 100000

static int by_bytes(const void *a, const void *b)
{
	const struct uid *const *left = a, *const *right = b;

	return slice_compare(uid_bytes(*left), uid_bytes(*right));
}

/* Drops what the one before it makes needless; the list is sorted, so an ancestor stands before its descendants. */
static size_t thin(const struct uid **uids, size_t count, enum condition_kind kind)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		const struct uid *before = kept ? uids[kept - 1] : NULL;
		if (before && (kind == WHERE_IN_UIDS ? uid_eq(before, uids[i]) : uid_covers(before, uids[i])))
			continue;
		uids[kept++] = uids[i];
	}
	return kept;
}

static FALLIBLE take_uids(const struct condition *from, struct plan_condition *into)
{
	size_t count = 0;

	if (from->uids_count > UIDS_GIVEN_MAX)
		return FAIL(FAULT_EXHAUSTED, "the request concerns more than %d places", QUERY_UIDS_MAX);
	into->uids = mem_alloc((from->uids_count + 1) * sizeof(*into->uids));
	if (!into->uids)
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	for (size_t i = 0; i < from->uids_count; i++)
		if (!uid_is_none(&from->uids[i]))
			into->uids[count++] = &from->uids[i];
	if (count)
		qsort(into->uids, count, sizeof(*into->uids), by_bytes);
	into->count = thin(into->uids, count, from->kind);
	if (into->count > QUERY_UIDS_MAX)
		return FAIL(FAULT_EXHAUSTED, "the request concerns more than %d places", QUERY_UIDS_MAX);
	return OK;
}

static void check_condition(const struct table *table, const struct condition *condition)
{
	enum column_type type;

	assert(condition->column >= 0 && (size_t)condition->column < table->column_count);
	type = table->columns[condition->column].type;
	switch (condition->kind) {
	case WHERE_EQ:
		assert(type != COLUMN_CAPS && (type != COLUMN_UID || condition->uids_count == 1));
		break;
	case WHERE_IN_UIDS:
	case WHERE_UNDER:
	case WHERE_BELOW:
		assert(type == COLUMN_UID);
		break;
	case WHERE_AT_LEAST:
	case WHERE_LESS:
	case WHERE_NOT:
		assert(type == COLUMN_INT || type == COLUMN_BOOL);
		break;
	}
}

static void check_order(const struct table *table, const struct query *query)
{
	enum column_type key = table->columns[0].type;

	assert(query->order_by >= -1 && query->order_by < (int)table->column_count);
	assert(query->order_by == -1 || table->columns[query->order_by].type != COLUMN_CAPS);
	assert(query->limit >= 0 && query->skip >= 0);
	assert(!(query->columns & ~table_columns(table)));
	if (query->has_after) /* a place is told by a uid, a text, or revision and ordinal */
		assert(table->is_stamped ? query->order_by == -1
					 : table->key_count == 1 && (key == COLUMN_UID || query->order_by == -1));
}

FALLIBLE plan_make(const struct table *table, const struct query *query, struct plan *ret_plan)
{
	struct plan *plan = ret_plan; /* filled as it grows: plan_done frees it whole */

	plan->table = table;
	plan->query = query;
	if (!query)
		return OK;
	check_order(table, query);
	for (size_t i = 0; i < query->where_count; i++) {
		const struct condition *from = &query->where[i];
		struct plan_condition *into = &plan->where[plan->where_count++];

		check_condition(table, from);
		into->kind = from->kind;
		into->column = from->column;
		into->text = from->text;
		into->number = from->number;
		if (from->kind == WHERE_EQ && table->columns[from->column].type == COLUMN_UID)
			into->uid = from->uids[0];
		else if (table->columns[from->column].type == COLUMN_UID)
			TRY(take_uids(from, into));
		if (into->uids && into->count == 0)
			plan->is_empty = true;
	}
	return OK;
}

uint64_t table_columns(const struct table *table)
{
	return UINT64_MAX >> (64 - table->column_count);
}

uint64_t plan_columns(const struct plan *plan)
{
	return plan->query && plan->query->columns ? plan->query->columns : table_columns(plan->table);
}

void plan_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->where_count; i++)
		plan->where[i].uids = mem_free(plan->where[i].uids);
	plan->where_count = 0;
}

void plan_upper(const struct uid *uid, struct uid *ret_upper)
{
	struct uid upper = *uid;

	while (upper.len && upper.at[upper.len - 1] == 0xff)
		upper.len--;
	if (upper.len)
		upper.at[upper.len - 1]++;
	*ret_upper = upper;
}
