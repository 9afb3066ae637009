/*
 * query: which rows, in what order, as data; each store turns it into its own language.
 *
 * All conditions hold together. Values are typed by their column; a column is its constant in store/tables.h.
 */
#ifndef STORE_QUERY_H
#define STORE_QUERY_H

#include "model/uid.h"

enum condition_kind {
	WHERE_EQ,       /* column = value (text, bytes, number or uid; a none uid matches rows without one) */
	WHERE_IN_UIDS,  /* column is one of uids */
	WHERE_UNDER,    /* column is one of uids or below one of them */
	WHERE_BELOW,    /* column is strictly below one of uids */
	WHERE_AT_LEAST, /* number >= value */
	WHERE_LESS,     /* number < value */
	WHERE_NOT,      /* column <> value (number or bool) */
};

#define QUERY_CONDITIONS_MAX 12
/* Places one condition may name after duplicates (and, for UNDER and BELOW, those inside another) are dropped; more fails
 * with RESOURCE_EXHAUSTED. */
#define QUERY_UIDS_MAX 1000

struct condition {
	enum condition_kind kind;
	int column; /* index into the table's columns */
	slice text;
	int64_t number;
	const struct uid *uids; /* uids_count of them, any order; for WHERE_EQ on a uid column, one */
	size_t uids_count;      /* 0 matches nothing, and so does a none uid: it is above nothing */
};

struct query {
	struct condition where[QUERY_CONDITIONS_MAX];
	size_t where_count;
	int order_by; /* column index (not of capabilities); ties are broken by the primary key. -1: primary key alone */
	bool is_descending;
	uint64_t columns;    /* query_column of each one that is read, the others stay empty; 0: all */
	int64_t limit, skip; /* limit 0: no limit */
	/* Only rows after this place in the order: the ordering column's value (text, number, or a uid's bytes) and the primary
	 * key's uid of the last row seen. Of tables whose key is a text: after_text with order_by -1. Of events: after_number
	 * is the revision and after_ordinal the place in it, with order_by -1. */
	bool has_after;
	slice after_text;
	int64_t after_number, after_ordinal;
	struct uid after_uid;
};

/* All rows by primary key. What is pointed at must outlive the query. */
void query_init(struct query *query);
static inline uint64_t query_column(int column)
{
	return UINT64_C(1) << column;
}
/* The adders assert that QUERY_CONDITIONS_MAX is kept: queries are written by us. */
void query_eq_text(struct query *query, int column, slice text);
void query_eq_number(struct query *query, int column, int64_t number);
void query_eq_uid(struct query *query, int column, const struct uid *uid);
/* kind: WHERE_IN_UIDS, WHERE_UNDER or WHERE_BELOW. */
void query_uids(struct query *query, enum condition_kind kind, int column, const struct uid *uids, size_t count);
/* kind: WHERE_AT_LEAST, WHERE_LESS or WHERE_NOT. */
void query_number(struct query *query, enum condition_kind kind, int column, int64_t number);

#endif
