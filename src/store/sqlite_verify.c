/*
 * sqlite_verify: is a database file sound, down to the last row?
 *
 * Promises  changes nothing; names the first thing that is wrong.
 */
#include <sqlite3.h>
#include <sys/stat.h>

#include "store/sqlite_impl.h"

/* ---- the columns ---- */

static bool is_as_declared(sqlite3_stmt *stmt, const struct table *table, const struct column *column, size_t at)
{
	static const char *const types[] = { [COLUMN_UID] = "BLOB",    [COLUMN_TEXT] = "TEXT",    [COLUMN_BYTES] = "BLOB",
					     [COLUMN_INT] = "INTEGER", [COLUMN_BOOL] = "INTEGER", [COLUMN_CAPS] = "BLOB" };
	const char *name = (const char *)sqlite3_column_text(stmt, 0), *type = (const char *)sqlite3_column_text(stmt, 1);
	int key = sqlite3_column_int(stmt, 3);

	return name && type && strcmp(name, column->name) == 0 && strcmp(type, types[column->type]) == 0 &&
	       sqlite3_column_int(stmt, 2) == !column->is_optional && key == (at < table->key_count ? (int)at + 1 : 0);
}

static FALLIBLE check_columns(struct session *session, sqlite3_stmt *stmt, const struct table *table)
{
	int rc = sqlite3_bind_text(stmt, 1, table->name, -1, SQLITE_STATIC);
	size_t at = 0;

	if (rc)
		return session_fault(session, rc);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (at >= table->column_count || !is_as_declared(stmt, table, &table->columns[at], at))
			return FAIL(FAULT_LOST, "column %zu of table %s is not as this program declares it", at + 1,
				    table->name);
		at++;
	}
	if (rc != SQLITE_DONE)
		return session_fault(session, rc);
	if (at != table->column_count)
		return FAIL(FAULT_LOST, "table %s lacks columns", table->name);
	return OK;
}

FALLIBLE schema_check(struct session *session)
{
	size_t count;
	const struct table *const *tables = tables_all(&count);
	status st = OK;

	for (size_t i = 0; i < count && !FAILED(st); i++) {
		sqlite3_stmt *stmt = NULL;
		int rc = sqlite3_prepare_v2(session->db,
					    "SELECT name, type, \"notnull\", pk FROM pragma_table_info(?1) ORDER BY cid", -1,
					    &stmt, NULL);
		st = rc ? session_fault(session, rc) : check_columns(session, stmt, tables[i]);
		(void)sqlite3_finalize(stmt); /* st has the failure */
	}
	return st;
}

/* ---- the content ---- */

static FALLIBLE check_integrity(struct session *session)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(session->db, "PRAGMA integrity_check(1)", -1, &stmt, NULL);
	status st = OK;

	rc = rc ? rc : sqlite3_step(stmt);
	if (rc != SQLITE_ROW)
		st = session_fault(session, rc);
	else if (strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") != 0)
		st = FAIL(FAULT_LOST, "the database is damaged: %s", (const char *)sqlite3_column_text(stmt, 0));
	(void)sqlite3_finalize(stmt); /* st has the failure */
	return st;
}

static FALLIBLE check_references(struct session *session)
{
	int64_t broken;

	TRY(session_number(session, "SELECT count(*) FROM pragma_foreign_key_check", &broken));
	if (broken)
		return FAIL(FAULT_LOST, "%lld rows refer to something that does not exist", (long long)broken);
	return OK;
}

/* The log ends at the counter and has no hole. */
static FALLIBLE check_log(struct session *session)
{
	int64_t revision, first, last, logged;

	TRY(session_number(session, "SELECT \"revision\" FROM \"counter\"", &revision));
	TRY(session_number(session, "SELECT ifnull(min(\"revision\"), 1) FROM \"changes\"", &first));
	TRY(session_number(session, "SELECT ifnull(max(\"revision\"), 0) FROM \"changes\"", &last));
	TRY(session_number(session, "SELECT count(*) FROM (SELECT DISTINCT \"revision\" FROM \"changes\")", &logged));
	if (last != revision)
		return FAIL(FAULT_LOST, "the change log ends at %lld, the last commit is %lld", (long long)last,
			    (long long)revision);
	if (logged != last - first + 1)
		return FAIL(FAULT_LOST, "the change log from %lld to %lld has holes", (long long)first, (long long)last);
	return OK;
}

static status look_at(void *user, const void *row)
{
	(void)user, (void)row; /* reading it was the check */
	return OK;
}

static FALLIBLE check_rows(struct session *session)
{
	struct tx tx = { .session = session };
	size_t count;
	const struct table *const *tables = tables_all(&count);

	for (size_t i = 0; i < count; i++) {
		struct plan all = { .table = tables[i] };
		TRY(sqlite_select(&tx, &all, look_at, NULL));
	}
	return OK;
}

static FALLIBLE check_all(struct session *session)
{
	TRY(migrate_check(session, migrations_embedded));
	TRY(schema_check(session));
	TRY(check_integrity(session));
	TRY(check_references(session));
	TRY(check_log(session));
	TRY(check_rows(session));
	return OK;
}

static FALLIBLE find_file(const char *path, char **ret_file)
{
	struct stat found;
	char *copy;

	if (stat(path, &found))
		return FAIL(FAULT_ABSENT, "there is no database at %s", path);
	if (S_ISDIR(found.st_mode)) {
		TRY(path_join(path, DATABASE_NAME, ret_file));
		return stat(*ret_file, &found) ? FAIL(FAULT_ABSENT, "there is no database in %s", path) : OK;
	}
	copy = mem_copy_text(path, strlen(path));
	if (!copy)
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	*ret_file = copy;
	return OK;
}

FALLIBLE store_verify(const char *path)
{
	char *file CLEANUP(path_freep) = NULL;
	struct session *session;
	status st;

	TRY(find_file(path, &file));
	sqlite_setup();
	session = NEW_ZERO(struct session);
	if (!session)
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	st = session_open(session, file, SQLITE_OPEN_READONLY, NULL);
	if (!FAILED(st))
		st = check_all(session);
	session_close(session);
	(void)mem_free(session); /* gives NULL */
	return st;
}
