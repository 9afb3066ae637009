/*
 * list: the lists of every noun: which rows the caller may see, filtered, ordered, page by page (spec model.md 2.2).
 *
 * Promises  a list equals "filter by check"; a page token goes on exactly where the last page ended, for the same caller,
 *           filter and order alone.
 * Start at  list_page() for v2, list_all() for v1.
 */
#ifndef SERVICE_LIST_H
#define SERVICE_LIST_H

#include "common/uidp_filter.pb-c.h"
#include "model/page.h"
#include "service/call.h"

/* How a noun is listed. Its table's column 0 is the uid. */
struct list_noun {
	const struct table *table;
	int parent_column; /* what children_of and in_root look at */
	const struct page_field *fields;
	size_t field_count;
	struct page_order by_default;
	bool shows_builtin; /* roles: those at the root are for everyone */
};

struct list_in {
	const Chainguard__Platform__Common__UIDPFilter *uidp; /* NULL: everywhere */
	int64_t page_size, skip;
	const char *page_token, *order_by;
};

struct list_out {
	struct rows rows;
	slice next_page_token;
	int64_t total_count, skipped;
};

/* query comes with the noun's own conditions, from query_init(). */
FALLIBLE list_page(struct call *call, const struct list_noun *noun, const struct list_in *in, struct query *query,
		   struct list_out *ret_out);
/* Everything, sorted by uid. `id`: that one alone when not empty; one that is no uid is INVALID_ARGUMENT. */
FALLIBLE list_all(struct call *call, const struct list_noun *noun, const Chainguard__Platform__Common__UIDPFilter *uidp,
		  const char *id, struct query *query, struct rows *ret_rows);

/* Fills the four answer fields that every v2 list has. */
#define LIST_ANSWER(call, out, list, prefix)                                             \
	do {                                                                             \
		TRY(put_text((call), (list)->next_page_token, &(out)->next_page_token)); \
		(out)->_total_count_case = prefix;                                       \
		(out)->total_count = (list)->total_count;                                \
		(out)->skipped = (int32_t)(list)->skipped;                               \
	} while (0)

#endif
