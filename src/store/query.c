/*
 * query: the adders; see query.h.
 */
#include "store/query.h"

#include <assert.h>

static struct condition *add(struct query *query, enum condition_kind kind, int column)
{
	struct condition *condition;

	assert(query->where_count < QUERY_CONDITIONS_MAX);
	condition = &query->where[query->where_count++];
	*condition = (struct condition){ .kind = kind, .column = column };
	return condition;
}

void query_init(struct query *query)
{
	*query = (struct query){ .order_by = -1 };
}

void query_eq_text(struct query *query, int column, slice text)
{
	add(query, WHERE_EQ, column)->text = text;
}

void query_eq_number(struct query *query, int column, int64_t number)
{
	add(query, WHERE_EQ, column)->number = number;
}

void query_eq_uid(struct query *query, int column, const struct uid *uid)
{
	struct condition *condition = add(query, WHERE_EQ, column);

	condition->uids = uid;
	condition->uids_count = 1;
}

void query_uids(struct query *query, enum condition_kind kind, int column, const struct uid *uids, size_t count)
{
	struct condition *condition = add(query, kind, column);

	assert(kind == WHERE_IN_UIDS || kind == WHERE_UNDER || kind == WHERE_BELOW);
	condition->uids = uids;
	condition->uids_count = count;
}

void query_number(struct query *query, enum condition_kind kind, int column, int64_t number)
{
	assert(kind == WHERE_AT_LEAST || kind == WHERE_LESS || kind == WHERE_NOT);
	add(query, kind, column)->number = number;
}
