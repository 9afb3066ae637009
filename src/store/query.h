/*
 * query: which rows, in what order, as data; each store turns it into its own language.
 *
 * All conditions hold together. Values are typed by their column.
 */
#ifndef STORE_QUERY_H
#define STORE_QUERY_H

#include "model/uid.h"

enum condition_kind {
	WHERE_EQ,         /* column = value (text, bytes, number or uid; a none uid matches rows without one) */
	WHERE_IN_UIDS,    /* column is one of uids */
	WHERE_UNDER,      /* column is one of uids or below one of them */
	WHERE_BELOW,      /* column is strictly below one of uids */
	WHERE_AT_LEAST,   /* number >= value */
	WHERE_LESS,       /* number < value */
	WHERE_NOT,        /* column <> value (number or bool) */
};

#define QUERY_CONDITIONS_MAX 12
#define QUERY_UIDS_MAX 1000

struct condition {
	enum condition_kind kind;
	int column; /* index into the table's columns */
	slice text;
	int64_t number;
	const struct uid *uids; /* uids_count of them; for WHERE_EQ on a uid column, one */
	size_t uids_count;      /* WHERE_IN_UIDS / WHERE_UNDER with 0 uids match nothing */
};

struct query {
	struct condition where[QUERY_CONDITIONS_MAX];
	size_t where_count;
	int order_by; /* column index; ties are broken by the primary key. -1: primary key alone */
	bool is_descending;
	int64_t limit, skip; /* limit 0: no limit */
	/* Only rows after this place in the order: the ordering column's value and the primary key's uid of the last row seen. */
	bool has_after;
	slice after_text;
	int64_t after_number;
	struct uid after_uid;
};

void query_init(struct query *query);
/* The adders assert that QUERY_CONDITIONS_MAX is kept: queries are written by us. */
void query_eq_text(struct query *query, int column, slice text);
void query_eq_number(struct query *query, int column, int64_t number);
void query_eq_uid(struct query *query, int column, const struct uid *uid);
void query_uids(struct query *query, enum condition_kind kind, int column, const struct uid *uids, size_t count);
void query_number(struct query *query, enum condition_kind kind, int column, int64_t number);

#endif
