/*
 * sqlite_rows: values into parameters, columns into rows.
 *
 * Promises  what does not fit its column's type in the file is DATA_LOSS, never a wrong value.
 */
#include <assert.h>
#include <sqlite3.h>

#include "base/mem.h"
#include "store/sqlite_impl.h"

#define ROW_BYTES_MAX 2048

static struct session *session_of(struct tx *tx)
{
	return tx->session;
}

/* ---- parameters ---- */

static int bind_bytes(sqlite3_stmt *stmt, int at, slice bytes)
{
	return sqlite3_bind_blob64(stmt, at, bytes.len ? bytes.at : "", bytes.len, SQLITE_STATIC);
}

static int bind_uid(sqlite3_stmt *stmt, int at, const struct uid *uid)
{
	return uid_is_none(uid) ? sqlite3_bind_null(stmt, at) : bind_bytes(stmt, at, uid_bytes(uid));
}

static int bind_text(sqlite3_stmt *stmt, int at, slice text)
{
	return sqlite3_bind_text64(stmt, at, text.len ? text.at : "", text.len, SQLITE_STATIC, SQLITE_UTF8);
}

/* Bit b is bit b % 8 of byte b / 8, whatever the machine's byte order. */
static void caps_pack(const struct caps *caps, uint8_t bytes[CAPS_BITS / 8])
{
	for (size_t i = 0; i < CAPS_BITS / 8; i++)
		bytes[i] = (uint8_t)(caps->words[i / 8] >> (i % 8 * 8));
}

static int bind_column(sqlite3_stmt *stmt, int at, const struct column *column, const void *row)
{
	const void *value = column_at(column, row);
	uint8_t caps[CAPS_BITS / 8];

	switch (column->type) {
	case COLUMN_UID:
		return bind_uid(stmt, at, value);
	case COLUMN_TEXT:
		return bind_text(stmt, at, *(const slice *)value);
	case COLUMN_BYTES:
		return bind_bytes(stmt, at, *(const slice *)value);
	case COLUMN_INT:
		return sqlite3_bind_int64(stmt, at, *(const int64_t *)value);
	case COLUMN_BOOL:
		return sqlite3_bind_int(stmt, at, *(const bool *)value);
	case COLUMN_CAPS:
		caps_pack(value, caps);
		return sqlite3_bind_blob(stmt, at, caps, sizeof(caps), SQLITE_TRANSIENT);
	}
	return SQLITE_MISUSE;
}

/* ---- rows ---- */

static slice column_bytes(sqlite3_stmt *stmt, int at)
{
	const void *bytes = sqlite3_column_blob(stmt, at); /* before its length, as SQLite asks */

	return slice_of(bytes ? bytes : "", (size_t)sqlite3_column_bytes(stmt, at));
}

static bool read_caps(slice bytes, struct caps *caps)
{
	if (bytes.len != CAPS_BITS / 8)
		return false;
	*caps = (struct caps){ 0 };
	for (size_t i = 0; i < bytes.len; i++)
		caps->words[i / 8] |= (uint64_t)(uint8_t)bytes.at[i] << (i % 8 * 8);
	return true;
}

static bool read_column(sqlite3_stmt *stmt, int at, const struct column *column, void *row)
{
	void *value = column_in(column, row);
	bool is_null = sqlite3_column_type(stmt, at) == SQLITE_NULL;

	switch (column->type) {
	case COLUMN_UID:
		if (is_null)
			*(struct uid *)value = (struct uid){ 0 };
		return is_null ? column->is_optional : uid_of_bytes(column_bytes(stmt, at), value);
	case COLUMN_TEXT:
	case COLUMN_BYTES:
		*(slice *)value = column_bytes(stmt, at);
		return !is_null;
	case COLUMN_INT:
		*(int64_t *)value = sqlite3_column_int64(stmt, at);
		return !is_null;
	case COLUMN_BOOL:
		*(bool *)value = sqlite3_column_int(stmt, at) != 0;
		return !is_null;
	case COLUMN_CAPS:
		return read_caps(column_bytes(stmt, at), value);
	}
	return false;
}

static FALLIBLE read_row(sqlite3_stmt *stmt, const struct table *table, void *row)
{
	for (size_t i = 0; i < table->column_count; i++)
		if (!read_column(stmt, (int)i, &table->columns[i], row))
			return FAIL(FAULT_LOST, "the database holds a %s whose %s is damaged", table->noun, table->columns[i].name);
	return OK;
}

/* ---- writing ---- */

static status refused(struct tx *tx, const struct table *table, int rc)
{
	int extended = sqlite3_extended_errcode(session_of(tx)->db);

	if (extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY) {
		report_resource(table->noun);
		return FAIL(FAULT_EXISTS, "there is such a %s already", table->noun);
	}
	if (extended == SQLITE_CONSTRAINT_FOREIGNKEY)
		return FAIL(FAULT_STATE, "a %s refers to what is not there, or is still referred to", table->noun);
	return session_fault(session_of(tx), rc);
}

static FALLIBLE begin(struct tx *tx, const struct table *table, enum sql_op op, struct use *use)
{
	struct shape shape;

	memset(&shape, 0, sizeof(shape));
	shape.table = table;
	shape.op = (uint8_t)op;
	shape.order_by = 0;
	return use_begin(session_of(tx), &shape, use);
}

status sqlite_write(struct tx *tx, const struct table *table, enum write_op op, const void *row)
{
	static const enum sql_op ops[] = { [WRITE_INSERT] = SQL_INSERT, [WRITE_UPDATE] = SQL_UPDATE, [WRITE_PUT] = SQL_PUT };
	struct use use CLEANUP(use_done) = { 0 };
	int rc = SQLITE_OK;

	TRY(begin(tx, table, ops[op], &use));
	for (size_t i = 0; i < table->column_count && rc == SQLITE_OK; i++)
		rc = bind_column(use.stmt, (int)i + 1, &table->columns[i], row);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(use.stmt);
	if (rc != SQLITE_DONE)
		return refused(tx, table, rc);
	if (op == WRITE_UPDATE && sqlite3_changes(session_of(tx)->db) == 0)
		return FAIL(FAULT_ABSENT, "there is no such %s", table->noun);
	return OK;
}

static int bind_key(sqlite3_stmt *stmt, const struct table *table, const void *key)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < table->key_count && rc == SQLITE_OK; i++)
		rc = bind_column(stmt, (int)i + 1, &table->columns[i], key);
	return rc;
}

status sqlite_remove(struct tx *tx, const struct table *table, const void *key, bool *ret_removed)
{
	struct use use CLEANUP(use_done) = { 0 };
	int rc;

	TRY(begin(tx, table, SQL_DELETE, &use));
	rc = bind_key(use.stmt, table, key);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(use.stmt);
	if (rc != SQLITE_DONE)
		return refused(tx, table, rc);
	*ret_removed = sqlite3_changes(session_of(tx)->db) > 0;
	return OK;
}

status sqlite_log(struct tx *tx, const struct change *changes, size_t count)
{
	struct shape shape;

	memset(&shape, 0, sizeof(shape));
	shape.op = SQL_LOG;
	for (size_t i = 0; i < count; i++) {
		struct use use CLEANUP(use_done) = { 0 };
		const struct change *change = &changes[i];
		int rc;
		TRY(use_begin(session_of(tx), &shape, &use));
		rc = sqlite3_bind_int64(use.stmt, 1, (int64_t)change->revision);
		rc = rc ? rc : sqlite3_bind_int64(use.stmt, 2, (int64_t)i);
		rc = rc ? rc : sqlite3_bind_int(use.stmt, 3, (int)change->kind);
		rc = rc ? rc : sqlite3_bind_int(use.stmt, 4, (int)change->op);
		rc = rc ? rc : bind_uid(use.stmt, 5, &change->key);
		rc = rc ? rc : bind_uid(use.stmt, 6, &change->subject);
		rc = rc ? rc : sqlite3_step(use.stmt);
		if (rc != SQLITE_DONE)
			return session_fault(session_of(tx), rc);
	}
	return OK;
}

/* ---- reading ---- */

status sqlite_find(struct tx *tx, const struct table *table, const void *key, row_fn each, void *user)
{
	_Alignas(max_align_t) char row[ROW_BYTES_MAX] = { 0 };
	struct use use CLEANUP(use_done) = { 0 };
	int rc;

	TRY(begin(tx, table, SQL_FIND, &use));
	rc = bind_key(use.stmt, table, key);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(use.stmt);
	if (rc == SQLITE_DONE)
		return OK;
	if (rc != SQLITE_ROW)
		return session_fault(session_of(tx), rc);
	TRY(read_row(use.stmt, table, row));
	return each(user, row);
}

/* The first bytes after all that start with uid, as a parameter. */
static int bind_upper(sqlite3_stmt *stmt, int at, const struct uid *uid)
{
	static const uint8_t beyond[UID_BYTES_MAX + 1] = { [0 ... UID_BYTES_MAX] = 0xff };
	struct uid upper;

	plan_upper(uid, &upper);
	if (uid_is_none(&upper))
		return bind_bytes(stmt, at, slice_of(beyond, sizeof(beyond)));
	return sqlite3_bind_blob64(stmt, at, upper.at, upper.len, SQLITE_TRANSIENT);
}

/* The uids of one condition, filled up with the last one. */
static int bind_uids(sqlite3_stmt *stmt, int *at, const struct plan_condition *where, size_t room)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < room && rc == SQLITE_OK; i++) {
		const struct uid *uid = where->uids[i < where->count ? i : where->count - 1];
		rc = bind_uid(stmt, (*at)++, uid);
		if (rc == SQLITE_OK && where->kind != WHERE_IN_UIDS)
			rc = bind_upper(stmt, (*at)++, uid);
	}
	return rc;
}

static int bind_condition(sqlite3_stmt *stmt, int *at, const struct plan *plan, size_t i, uint8_t ways)
{
	const struct plan_condition *where = &plan->where[i];
	const struct column *column = &plan->table->columns[where->column];

	if (ways == WAYS_IS_NULL)
		return SQLITE_OK;
	if (where->uids)
		return bind_uids(stmt, at, where, ways_count(ways));
	switch (column->type) {
	case COLUMN_UID:
		return bind_uid(stmt, (*at)++, &where->uid);
	case COLUMN_TEXT:
		return bind_text(stmt, (*at)++, where->text);
	case COLUMN_BYTES:
		return bind_bytes(stmt, (*at)++, where->text);
	default:
		return sqlite3_bind_int64(stmt, (*at)++, where->number);
	}
}

/* A value of the ordering column, as the query's place gives it. */
static int bind_after(sqlite3_stmt *stmt, int *at, const struct column *column, const struct query *query)
{
	switch (column->type) {
	case COLUMN_TEXT:
		return bind_text(stmt, (*at)++, query->after_text);
	case COLUMN_UID:
	case COLUMN_BYTES:
		return bind_bytes(stmt, (*at)++, query->after_text);
	default:
		return sqlite3_bind_int64(stmt, (*at)++, query->after_number);
	}
}

static int bind_place(sqlite3_stmt *stmt, int *at, const struct plan *plan, const struct shape *shape)
{
	const struct query *query = plan->query;
	const struct column *columns = plan->table->columns;
	int rc;

	if (plan->table->is_stamped) {
		rc = sqlite3_bind_int64(stmt, (*at)++, query->after_number);
		return rc ? rc : sqlite3_bind_int64(stmt, (*at)++, query->after_ordinal);
	}
	if (shape->order_by >= 0) {
		rc = bind_after(stmt, at, &columns[shape->order_by], query);
		return rc ? rc : bind_uid(stmt, (*at)++, &query->after_uid);
	}
	return columns[0].type == COLUMN_UID ? bind_uid(stmt, (*at)++, &query->after_uid) : bind_after(stmt, at, &columns[0], query);
}

static int bind_plan(sqlite3_stmt *stmt, const struct plan *plan, const struct shape *shape)
{
	int at = 1, rc = SQLITE_OK;

	for (size_t i = 0; i < plan->where_count && rc == SQLITE_OK; i++)
		rc = bind_condition(stmt, &at, plan, i, shape->where[i].ways);
	if (rc == SQLITE_OK && shape->has_after)
		rc = bind_place(stmt, &at, plan, shape);
	if (rc == SQLITE_OK && shape->has_limit) {
		rc = sqlite3_bind_int64(stmt, at++, plan->query->limit ? plan->query->limit : -1);
		rc = rc ? rc : sqlite3_bind_int64(stmt, at++, plan->query->skip);
	}
	return rc;
}

status sqlite_select(struct tx *tx, const struct plan *plan, row_fn each, void *user)
{
	_Alignas(max_align_t) char row[ROW_BYTES_MAX] = { 0 };
	struct use use CLEANUP(use_done) = { 0 };
	struct shape shape;
	int rc;

	if (plan->is_empty)
		return OK;
	shape_of_plan(plan, SQL_SELECT, &shape);
	TRY(use_begin(session_of(tx), &shape, &use));
	rc = bind_plan(use.stmt, plan, &shape);
	if (rc != SQLITE_OK)
		return session_fault(session_of(tx), rc);
	while ((rc = sqlite3_step(use.stmt)) == SQLITE_ROW) {
		TRY(read_row(use.stmt, plan->table, row));
		TRY(each(user, row));
	}
	return rc == SQLITE_DONE ? OK : session_fault(session_of(tx), rc);
}

status sqlite_count(struct tx *tx, const struct plan *plan, int64_t *ret_count)
{
	struct use use CLEANUP(use_done) = { 0 };
	struct shape shape;
	int rc;

	*ret_count = 0;
	if (plan->is_empty)
		return OK;
	shape_of_plan(plan, SQL_COUNT, &shape);
	TRY(use_begin(session_of(tx), &shape, &use));
	rc = bind_plan(use.stmt, plan, &shape);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(use.stmt);
	if (rc != SQLITE_ROW)
		return session_fault(session_of(tx), rc);
	*ret_count = sqlite3_column_int64(use.stmt, 0);
	return OK;
}
