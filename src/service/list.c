#include "service/list.h"

#include "model/role.h"
#include "service/support.h"

#define FILTER_IDS_MAX 500

static FALLIBLE parse_ids(struct call *call, size_t count, char *const *texts, struct uid **ret_uids)
{
	struct uid *uids = NEW_N(call->arena, struct uid, count);

	TRY_NEW(uids);
	if (count > FILTER_IDS_MAX)
		return FAIL_FIELD("uidp.ids", "at most %d ids", FILTER_IDS_MAX);
	for (size_t i = 0; i < count; i++)
		TRY(uid_parse_field(slice_str(texts[i]), "uidp.ids", &uids[i]));
	*ret_uids = uids;
	return OK;
}

/* A filter's single id; "/" gives none. */
static FALLIBLE parse_place(struct call *call, const char *text, const char *field, struct uid **ret_uid)
{
	struct uid *uid = NEW(call->arena, struct uid);

	TRY_NEW(uid);
	if (!slice_is(slice_str(text), "/"))
		TRY(uid_parse_field(slice_str(text), field, uid));
	*ret_uid = uid;
	return OK;
}

static FALLIBLE add_ancestors(struct call *call, const struct uid *of, struct query *query)
{
	struct uid *ancestors = NEW_N(call->arena, struct uid, UID_DEPTH_MAX);
	struct uid at = *of;
	size_t count = 0;

	TRY_NEW(ancestors);
	while (!uid_is_none(&at) && !uid_is_root(&at)) {
		at = uid_parent(&at);
		ancestors[count++] = at;
	}
	query_uids(query, WHERE_IN_UIDS, 0, ancestors, count);
	return OK;
}

static FALLIBLE add_filter(struct call *call, const struct list_noun *noun,
			   const Chainguard__Platform__Common__UIDPFilter *uidp, struct query *query)
{
	static const struct uid nowhere;
	struct uid *uid;

	if (!uidp)
		return OK;
	if (*uidp->ancestors_of) {
		TRY(parse_place(call, uidp->ancestors_of, "uidp.ancestors_of", &uid));
		TRY(add_ancestors(call, uid, query));
	}
	if (*uidp->descendants_of) {
		TRY(parse_place(call, uidp->descendants_of, "uidp.descendants_of", &uid));
		if (!uid_is_none(uid)) /* everything is below "/" */
			query_uids(query, WHERE_BELOW, 0, uid, 1);
	}
	if (*uidp->children_of) {
		TRY(parse_place(call, uidp->children_of, "uidp.children_of", &uid));
		query_eq_uid(query, noun->parent_column, uid);
	}
	if (uidp->in_root)
		query_eq_uid(query, noun->parent_column, &nowhere);
	if (uidp->n_ids) {
		TRY(parse_ids(call, uidp->n_ids, uidp->ids, &uid));
		query_uids(query, WHERE_IN_UIDS, 0, uid, uidp->n_ids);
	}
	return OK;
}

/* Only what the caller may see. */
static FALLIBLE add_reach(struct call *call, const struct list_noun *noun, struct query *query)
{
	struct uid *places, *all;
	size_t count, builtin_count = 0;
	const struct role *builtin = NULL;
	bool everywhere;

	TRY(call_reach(call, &places, &count, &everywhere));
	if (everywhere)
		return OK;
	if (noun->shows_builtin)
		builtin = role_builtin_rows(&builtin_count);
	all = NEW_N(call->arena, struct uid, count + builtin_count);
	TRY_NEW(all);
	if (count)
		memcpy(all, places, count * sizeof(*all));
	for (size_t i = 0; i < builtin_count; i++)
		all[count + i] = builtin[i].uid;
	query_uids(query, WHERE_UNDER, 0, all, count + builtin_count);
	return OK;
}

/* The conditions in a stable form, for binding a page token to them. */
static FALLIBLE describe(struct call *call, const struct query *query, slice *ret_filter)
{
	struct buffer out;

	buffer_init(&out, call->arena, 1 << 20);
	for (size_t i = 0; i < query->where_count; i++) {
		const struct condition *where = &query->where[i];
		buffer_printf(&out, "%d:%d:%zu:%lld:%zu;", (int)where->kind, where->column, where->text.len,
			      (long long)where->number, where->uids_count);
		buffer_add(&out, where->text);
		for (size_t k = 0; k < where->uids_count; k++) {
			buffer_printf(&out, "%u:", where->uids[k].len);
			buffer_add(&out, uid_bytes(&where->uids[k]));
		}
	}
	if (buffer_failed(&out))
		return FAIL(FAULT_EXHAUSTED, "the filter is too large");
	*ret_filter = buffer_slice(&out);
	return OK;
}

static const void *row_at(const struct list_noun *noun, const struct rows *rows, size_t i)
{
	return (const char *)rows->at + i * noun->table->row_bytes;
}

/* Where the page ended, in the order asked for. */
static struct page_cursor cursor_at(const struct list_noun *noun, const struct page_order *order, const void *row,
				    int64_t skipped)
{
	struct page_cursor cursor = { .skipped = skipped };
	const struct column *columns = noun->table->columns;

	cursor.uid = *(const struct uid *)column_at(&columns[0], row);
	if (order->field->column < 0)
		return cursor;
	if (order->field->is_number)
		cursor.number = *(const int64_t *)column_at(&columns[order->field->column], row);
	else
		cursor.text = *(const slice *)column_at(&columns[order->field->column], row);
	return cursor;
}

struct paging {
	struct page_order order;
	struct page_scope scope;
	int64_t size, skip;
	struct page_cursor cursor;
	bool has_cursor;
};

static FALLIBLE read_paging(struct call *call, const struct list_noun *noun, const struct list_in *in,
			    const struct query *query, struct paging *paging)
{
	const uint8_t *key = (const uint8_t *)call->settings->page_key.at;

	TRY(page_size(in->page_size, &paging->size));
	TRY(page_skip(in->skip, &paging->skip));
	TRY(page_order_parse(slice_str(in->order_by), noun->fields, noun->field_count, noun->by_default, &paging->order));
	paging->scope = (struct page_scope){ .method = slice_str(call->method->label),
					     .order = paging->order,
					     .caller = call->caller->identity };
	TRY(describe(call, query, &paging->scope.filter));
	return page_read(key, &paging->scope, slice_str(in->page_token), call_now_s(call), call->arena, &paging->cursor,
			 &paging->has_cursor);
}

static void apply_paging(const struct paging *paging, struct query *query)
{
	query->order_by = paging->order.field->column;
	query->is_descending = paging->order.is_descending;
	query->limit = paging->size + 1; /* one more tells whether there is a next page */
	query->skip = paging->skip;
	query->has_after = paging->has_cursor;
	query->after_text = paging->cursor.text;
	query->after_number = paging->cursor.number;
	query->after_uid = paging->cursor.uid;
}

FALLIBLE list_page(struct call *call, const struct list_noun *noun, const struct list_in *in, struct query *query,
		   struct list_out *ret_out)
{
	const uint8_t *key = (const uint8_t *)call->settings->page_key.at;
	struct list_out out = { 0 };
	struct paging paging = { 0 };
	struct query counting;

	TRY(add_filter(call, noun, in->uidp, query));
	TRY(read_paging(call, noun, in, query, &paging));
	TRY(add_reach(call, noun, query));
	counting = *query;
	TRY(row_count(call->tx, noun->table, &counting, &out.total_count));
	apply_paging(&paging, query);
	TRY(row_list(call->tx, noun->table, query, &out.rows));
	out.skipped = paging.cursor.skipped + paging.skip;
	if (out.rows.count > (size_t)paging.size) {
		struct page_cursor end;
		out.rows.count = (size_t)paging.size;
		end = cursor_at(noun, &paging.order, row_at(noun, &out.rows, out.rows.count - 1), out.skipped);
		TRY(page_write(key, &paging.scope, &end, call_now_s(call), call->arena, &out.next_page_token));
	}
	*ret_out = out;
	return OK;
}

FALLIBLE list_all(struct call *call, const struct list_noun *noun, const Chainguard__Platform__Common__UIDPFilter *uidp,
		  const char *id, struct query *query, struct rows *ret_rows)
{
	TRY(add_filter(call, noun, uidp, query));
	if (*id) {
		struct uid *uid;
		TRY(parse_ids(call, 1, (char *const[]){ (char *)(uintptr_t)id }, &uid));
		query_uids(query, WHERE_IN_UIDS, 0, uid, 1);
	}
	TRY(add_reach(call, noun, query));
	return row_list(call->tx, noun->table, query, ret_rows);
}
