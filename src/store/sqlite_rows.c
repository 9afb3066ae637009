/*
 * sqlite_rows: rows in and out of statements.
 *
 * Promises  what is read is checked before it becomes a row: a column of an impossible length is FAULT_LOST, never a guess;
 *           within a write, no statement runs once SQLite has given the transaction up.
 */
#include <sqlite3.h>

#include "store/sqlite_impl.h"

#define ROW_BYTES_MAX 2048
#define CAPS_BYTES (CAPS_BITS / 8)

/* Above every uid: the upper end of a range that has none. */
static const uint8_t beyond[UID_BYTES_MAX + 1] = { [0 ... UID_BYTES_MAX] = 0xff };

static struct session *session_of(const struct tx *tx)
{
	return tx->session;
}

/* ---- values in ---- */

/* Bound memory stays as it is until the statement is reset; an uid that is none is NULL. */
static int bind_uid(sqlite3_stmt *stmt, int at, const struct uid *uid)
{
	return uid->len ? sqlite3_bind_blob(stmt, at, uid->at, uid->len, SQLITE_STATIC) : sqlite3_bind_null(stmt, at);
}

static int bind_text(sqlite3_stmt *stmt, int at, slice text)
{
	return sqlite3_bind_text64(stmt, at, text.len ? text.at : "", text.len, SQLITE_STATIC, SQLITE_UTF8);
}

static int bind_bytes(sqlite3_stmt *stmt, int at, slice bytes)
{
	return sqlite3_bind_blob64(stmt, at, bytes.len ? bytes.at : "", bytes.len, SQLITE_STATIC);
}

static int bind_caps(sqlite3_stmt *stmt, int at, const struct caps *caps)
{
	uint8_t bytes[CAPS_BYTES];

	for (size_t i = 0; i < CAPS_BYTES; i++)
		bytes[i] = (uint8_t)(caps->words[i / 8] >> (i % 8 * 8));
	return sqlite3_bind_blob(stmt, at, bytes, CAPS_BYTES, SQLITE_TRANSIENT);
}

static int bind_column(sqlite3_stmt *stmt, int at, const struct column *column, const void *row)
{
	const void *value = column_at(column, row);

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
		return bind_caps(stmt, at, value);
	}
	return SQLITE_MISUSE;
}

static int bind_columns(sqlite3_stmt *stmt, const struct table *table, size_t count, const void *row)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < count && !rc; i++)
		rc = bind_column(stmt, (int)i + 1, &table->columns[i], row);
	return rc;
}

static int bind_range(sqlite3_stmt *stmt, int *at, const struct uid *uid)
{
	struct uid upper;
	int rc = bind_uid(stmt, (*at)++, uid);

	if (rc)
		return rc;
	plan_upper(uid, &upper);
	if (!upper.len)
		return sqlite3_bind_blob(stmt, (*at)++, beyond, sizeof(beyond), SQLITE_STATIC);
	return sqlite3_bind_blob(stmt, (*at)++, upper.at, upper.len, SQLITE_TRANSIENT);
}

/* The list is filled up to the statement's size with its last member. */
static int bind_uids(sqlite3_stmt *stmt, int *at, const struct plan_condition *condition, size_t ways)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < ways && !rc; i++) {
		const struct uid *uid = condition->uids[i < condition->count ? i : condition->count - 1];
		rc = condition->kind == WHERE_IN_UIDS ? bind_uid(stmt, (*at)++, uid) : bind_range(stmt, at, uid);
	}
	return rc;
}

static int bind_condition(sqlite3_stmt *stmt, int *at, const struct column *column, const struct plan_condition *condition,
			  uint8_t ways)
{
	if (ways == WAYS_IS_NULL)
		return SQLITE_OK;
	if (condition->uids)
		return bind_uids(stmt, at, condition, ways_count(ways));
	switch (column->type) {
	case COLUMN_UID:
		return bind_uid(stmt, (*at)++, &condition->uid);
	case COLUMN_TEXT:
		return bind_text(stmt, (*at)++, condition->text);
	case COLUMN_BYTES:
		return bind_bytes(stmt, (*at)++, condition->text);
	default:
		return sqlite3_bind_int64(stmt, (*at)++, condition->number);
	}
}

static int bind_place_value(sqlite3_stmt *stmt, int at, enum column_type type, const struct query *query)
{
	if (type == COLUMN_TEXT)
		return bind_text(stmt, at, query->after_text);
	if (type == COLUMN_BYTES || type == COLUMN_UID)
		return bind_bytes(stmt, at, query->after_text);
	return sqlite3_bind_int64(stmt, at, query->after_number);
}

static int bind_place(sqlite3_stmt *stmt, int *at, const struct table *table, const struct query *query)
{
	int rc;

	if (table->is_stamped) {
		rc = sqlite3_bind_int64(stmt, (*at)++, query->after_number);
		return rc ? rc : sqlite3_bind_int64(stmt, (*at)++, query->after_ordinal);
	}
	if (query->order_by > 0) {
		rc = bind_place_value(stmt, (*at)++, table->columns[query->order_by].type, query);
		if (rc)
			return rc;
	} else if (table->columns[0].type != COLUMN_UID) {
		return bind_place_value(stmt, (*at)++, table->columns[0].type, query);
	}
	return bind_bytes(stmt, (*at)++, uid_bytes(&query->after_uid)); /* a none place is before every uid */
}

static int bind_plan(sqlite3_stmt *stmt, const struct plan *plan, const struct shape *shape)
{
	int at = 1, rc = SQLITE_OK;

	for (size_t i = 0; i < plan->where_count && !rc; i++)
		rc = bind_condition(stmt, &at, &plan->table->columns[plan->where[i].column], &plan->where[i],
				    shape->where[i].ways);
	if (!rc && shape->has_after)
		rc = bind_place(stmt, &at, plan->table, plan->query);
	if (!rc && shape->has_limit) {
		rc = sqlite3_bind_int64(stmt, at++, plan->query->limit ? plan->query->limit : -1);
		rc = rc ? rc : sqlite3_bind_int64(stmt, at++, plan->query->skip);
	}
	return rc;
}

/* ---- values out: through sqlite3_value, which takes no mutex; a session is one thread's ---- */

/* Keeps the unused end of the struct zero, so that equal uids are equal bytes. */
static bool take_uid(sqlite3_stmt *stmt, int at, struct uid *into)
{
	sqlite3_value *value = sqlite3_column_value(stmt, at);
	const void *bytes = sqlite3_value_blob(value);
	int len = sqlite3_value_bytes(value);

	if (len && (len < UID_ROOT_BYTES || len > UID_BYTES_MAX || (len - UID_ROOT_BYTES) % UID_STEP_BYTES))
		return false;
	if (into->len > len)
		memset(into->at + len, 0, into->len - (size_t)len);
	if (len)
		memcpy(into->at, bytes, (size_t)len);
	into->len = (uint16_t)len;
	return true;
}

static bool take_string(sqlite3_stmt *stmt, int at, slice *into)
{
	sqlite3_value *value = sqlite3_column_value(stmt, at);
	const void *bytes = sqlite3_value_blob(value);
	int len = sqlite3_value_bytes(value);

	*into = len ? slice_of(bytes, (size_t)len) : SLICE("");
	return bytes || !len;
}

static bool take_caps(sqlite3_stmt *stmt, int at, struct caps *into)
{
	const uint8_t *bytes = sqlite3_column_blob(stmt, at);

	if (!bytes || sqlite3_column_bytes(stmt, at) != CAPS_BYTES)
		return false;
	*into = (struct caps){ 0 };
	for (size_t i = 0; i < CAPS_BYTES; i++)
		into->words[i / 8] |= (uint64_t)bytes[i] << (i % 8 * 8);
	return true;
}

static bool take_column(sqlite3_stmt *stmt, int at, const struct column *column, void *row)
{
	void *into = column_in(column, row);

	switch (column->type) {
	case COLUMN_UID:
		return take_uid(stmt, at, into);
	case COLUMN_TEXT:
	case COLUMN_BYTES:
		return take_string(stmt, at, into);
	case COLUMN_INT:
		*(int64_t *)into = sqlite3_column_int64(stmt, at);
		return true;
	case COLUMN_BOOL:
		*(bool *)into = sqlite3_column_int(stmt, at) != 0;
		return true;
	case COLUMN_CAPS:
		return take_caps(stmt, at, into);
	}
	return false;
}

static FALLIBLE take_row(sqlite3_stmt *stmt, const struct table *table, uint64_t columns, void *row)
{
	for (int i = 0, at = 0; columns >> i; i++) {
		if (!(columns >> i & 1))
			continue;
		if (__builtin_expect(!take_column(stmt, at++, &table->columns[i], row), 0)) {
			NOTE("%s.%s", table->name, table->columns[i].name);
			return FAIL(FAULT_LOST, "a stored %s is damaged", table->noun);
		}
	}
	return OK;
}

/* ---- running ---- */

static FALLIBLE take_rows(struct session *session, sqlite3_stmt *stmt, const struct table *table, uint64_t columns, row_fn each,
			  void *user)
{
	_Alignas(max_align_t) char row[ROW_BYTES_MAX];
	int rc;

	memset(row, 0, table->row_bytes);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		TRY(take_row(stmt, table, columns, row));
		TRY(each(user, row));
	}
	return rc == SQLITE_DONE ? OK : session_fault(session, rc);
}

static void table_shape(const struct table *table, enum sql_op op, struct shape *ret_shape)
{
	memset(ret_shape, 0, sizeof(*ret_shape));
	ret_shape->table = table;
	ret_shape->op = (uint8_t)op;
}

/* A statement after SQLite gave the transaction up would commit on its own. */
static FALLIBLE still_open(const struct tx *tx)
{
	if (sqlite3_get_autocommit(session_of(tx)->db))
		return FAIL(FAULT_UNAVAILABLE, "the transaction was given up");
	return OK;
}

/* SQLite names an index that a row breaks by its columns; NULL when it names none of the declared ones. */
static const struct unique *broken_unique(sqlite3 *db, const struct table *table)
{
	char names[256];
	struct buffer want = { .at = names, .cap = sizeof(names), .limit = sizeof(names) - 1 };

	for (size_t u = 0; u < table->unique_count; u++) {
		const struct unique *unique = &table->uniques[u];
		buffer_clear(&want);
		for (size_t i = 0; i < unique->count; i++)
			buffer_printf(&want, "%s%s.%s", i ? ", " : "UNIQUE constraint failed: ", table->name,
				      table->columns[unique->columns[i]].name);
		if (!buffer_failed(&want) && slice_eq(buffer_slice(&want), slice_str(sqlite3_errmsg(db))))
			return unique;
	}
	return NULL;
}

static status write_fault(struct session *session, const struct table *table, const void *row, int rc, bool is_removal)
{
	switch (sqlite3_extended_errcode(session->db)) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		NOTE("%s", sqlite3_errmsg(session->db)); /* names columns, never values */
		return table_taken(table, broken_unique(session->db, table), row);
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return is_removal ? FAIL_STATE("RESOURCE_NOT_EMPTY", "this %s is still in use", table->noun)
				  : FAIL_STATE("REFERENCE_MISSING", "something that this %s names does not exist", table->noun);
	default:
		return session_fault(session, rc);
	}
}

/* Runs a statement whose first `count` columns are parameters; *ret_rows of rows changed. */
static FALLIBLE change_rows(struct tx *tx, const struct table *table, enum sql_op op, size_t count, const void *row,
			    int *ret_rows)
{
	struct use use CLEANUP(use_done) = { 0 };
	struct session *session = session_of(tx);
	struct shape shape;
	int rc;

	TRY(still_open(tx));
	table_shape(table, op, &shape);
	TRY(use_begin(session, &shape, &use));
	rc = bind_columns(use.stmt, table, count, row);
	if (!rc)
		rc = sqlite3_step(use.stmt);
	if (rc != SQLITE_DONE)
		return write_fault(session, table, row, rc, op == SQL_DELETE);
	*ret_rows = sqlite3_changes(session->db);
	return OK;
}

status sqlite_write(struct tx *tx, const struct table *table, enum write_op op, const void *row)
{
	static const enum sql_op ops[] = { [WRITE_INSERT] = SQL_INSERT, [WRITE_UPDATE] = SQL_UPDATE, [WRITE_PUT] = SQL_PUT };
	int rows = 0;

	TRY(change_rows(tx, table, ops[op], table->column_count, row, &rows));
	if (rows == 0)
		return FAIL(FAULT_ABSENT, "no such %s", table->noun);
	return OK;
}

status sqlite_remove(struct tx *tx, const struct table *table, const void *key, bool *ret_removed)
{
	int rows = 0;

	TRY(change_rows(tx, table, SQL_DELETE, table->key_count, key, &rows));
	*ret_removed = rows > 0;
	return OK;
}

status sqlite_find(struct tx *tx, const struct table *table, const void *key, row_fn each, void *user)
{
	struct use use CLEANUP(use_done) = { 0 };
	struct shape shape;
	int rc;

	table_shape(table, SQL_FIND, &shape);
	TRY(use_begin(session_of(tx), &shape, &use));
	rc = bind_columns(use.stmt, table, table->key_count, key);
	if (rc)
		return session_fault(session_of(tx), rc);
	TRY(take_rows(session_of(tx), use.stmt, table, table_columns(table), each, user));
	return OK;
}

status sqlite_select(struct tx *tx, const struct plan *plan, row_fn each, void *user)
{
	struct use use CLEANUP(use_done) = { 0 };
	struct shape shape;
	int rc;

	shape_of_plan(plan, SQL_SELECT, &shape);
	TRY(use_begin(session_of(tx), &shape, &use));
	rc = bind_plan(use.stmt, plan, &shape);
	if (rc)
		return session_fault(session_of(tx), rc);
	TRY(take_rows(session_of(tx), use.stmt, plan->table, shape.columns, each, user));
	return OK;
}

status sqlite_count(struct tx *tx, const struct plan *plan, int64_t *ret_count)
{
	struct use use CLEANUP(use_done) = { 0 };
	struct shape shape;
	int rc;

	shape_of_plan(plan, SQL_COUNT, &shape);
	TRY(use_begin(session_of(tx), &shape, &use));
	rc = bind_plan(use.stmt, plan, &shape);
	if (!rc)
		rc = sqlite3_step(use.stmt);
	if (rc != SQLITE_ROW)
		return session_fault(session_of(tx), rc);
	*ret_count = sqlite3_column_int64(use.stmt, 0);
	return OK;
}

/* ---- the change log ---- */

static int bind_change(sqlite3_stmt *stmt, const struct change *change, size_t ordinal)
{
	int rc = sqlite3_bind_int64(stmt, 1, (int64_t)change->revision);

	rc = rc ? rc : sqlite3_bind_int64(stmt, 2, (int64_t)ordinal);
	rc = rc ? rc : sqlite3_bind_int(stmt, 3, (int)change->kind);
	rc = rc ? rc : sqlite3_bind_int(stmt, 4, (int)change->op);
	rc = rc ? rc : bind_uid(stmt, 5, &change->key);
	return rc ? rc : bind_uid(stmt, 6, &change->subject);
}

status sqlite_log(struct tx *tx, const struct change *changes, size_t count)
{
	struct use use CLEANUP(use_done) = { 0 };
	struct session *session = session_of(tx);
	struct shape shape;

	TRY(still_open(tx));
	table_shape(NULL, SQL_LOG, &shape);
	TRY(use_begin(session, &shape, &use));
	for (size_t i = 0; i < count; i++) {
		int rc = bind_change(use.stmt, &changes[i], i);
		if (!rc)
			rc = sqlite3_step(use.stmt);
		if (rc != SQLITE_DONE)
			return session_fault(session, rc);
		(void)sqlite3_reset(use.stmt); /* repeats the step's success */
	}
	return OK;
}
