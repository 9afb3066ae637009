/*
 * sqlite_migrate: from whatever schema a file has to this program's.
 *
 * Promises  migrations run forward only, each in one transaction with its record; a file of a newer program, one whose
 *           applied migrations differ from ours, and one that is not ours are refused and left as they are.
 */
#include <sqlite3.h>

#include "base/mem.h"
#include "store/sqlite_impl.h"

/* "Reev": says whose file it is, see file(1) and PRAGMA application_id. */
#define APPLICATION_ID 0x52656576
#define TEXT_OF_(x) #x
#define TEXT_OF(x) TEXT_OF_(x)
#define MIGRATIONS_TABLE                                                                            \
	"CREATE TABLE \"migrations\" (\"number\" INTEGER PRIMARY KEY, \"checksum\" TEXT NOT NULL, " \
	"\"applied_us\" INTEGER NOT NULL) STRICT"

static int last_number(const struct migration *migrations)
{
	int number = 0;

	for (; migrations->number; migrations++)
		number = migrations->number;
	return number;
}

/* ---- what the file says ---- */

static FALLIBLE check_owner(struct session *session, bool *ret_is_empty)
{
	int64_t objects, application;

	TRY(session_number(session, "SELECT count(*) FROM sqlite_schema", &objects));
	TRY(session_number(session, "PRAGMA application_id", &application));
	if (objects && application != APPLICATION_ID)
		return FAIL(FAULT_LOST, "the database file is not one of Reeve");
	*ret_is_empty = objects == 0;
	return OK;
}

static FALLIBLE check_row(sqlite3_stmt *stmt, const struct migration *migration, int newest)
{
	int number = sqlite3_column_int(stmt, 0);
	const char *checksum = (const char *)sqlite3_column_text(stmt, 1);

	if (number > newest)
		return FAIL_STATE("SCHEMA_TOO_NEW",
				  "the database has schema %d, this program knows up to %d: run the newer program", number,
				  newest);
	if (number != migration->number)
		return FAIL(FAULT_LOST, "the database lacks migration %d", migration->number);
	if (!checksum || strcmp(checksum, migration->checksum) != 0)
		return FAIL_STATE("MIGRATION_CHANGED", "migration %d was changed after it was applied to this database",
				  number);
	return OK;
}

/* Compares what was applied with ours, one by one; *ret_next is the first not applied. */
static FALLIBLE check_applied(struct session *session, const struct migration *migrations, const struct migration **ret_next)
{
	int newest = last_number(migrations), rc;
	sqlite3_stmt *stmt = NULL;
	status st = OK;

	rc = sqlite3_prepare_v2(session->db,
				"SELECT \"number\", \"checksum\" FROM \"migrations\" ORDER BY \"number\" DESC LIMIT 1", -1,
				&stmt, NULL);
	/* The newest first, so that a newer file is told as such. */
	if (!rc && (rc = sqlite3_step(stmt)) == SQLITE_ROW && sqlite3_column_int(stmt, 0) > newest)
		st = check_row(stmt, migrations, newest);
	(void)sqlite3_finalize(stmt); /* rc has the failure */
	TRY(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return session_fault(session, rc);
	rc = sqlite3_prepare_v2(session->db, "SELECT \"number\", \"checksum\" FROM \"migrations\" ORDER BY \"number\"", -1,
				&stmt, NULL);
	while (!FAILED(st) && !rc && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		st = check_row(stmt, migrations, newest);
		migrations++;
		rc = SQLITE_OK;
	}
	(void)sqlite3_finalize(stmt); /* rc has the failure */
	TRY(st);
	if (rc != SQLITE_DONE)
		return session_fault(session, rc);
	*ret_next = migrations;
	return OK;
}

/* ---- applying ---- */

static FALLIBLE record(struct session *session, const struct migration *migration, int64_t now_us)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(session->db, "INSERT INTO \"migrations\" VALUES (?1, ?2, ?3)", -1, &stmt, NULL);

	rc = rc ? rc : sqlite3_bind_int(stmt, 1, migration->number);
	rc = rc ? rc : sqlite3_bind_text(stmt, 2, migration->checksum, -1, SQLITE_STATIC);
	rc = rc ? rc : sqlite3_bind_int64(stmt, 3, now_us);
	rc = rc ? rc : sqlite3_step(stmt);
	(void)sqlite3_finalize(stmt); /* rc has the failure */
	return rc == SQLITE_DONE ? OK : session_fault(session, rc);
}

static FALLIBLE check_foreign_keys(struct session *session)
{
	int64_t broken;

	TRY(session_number(session, "SELECT count(*) FROM pragma_foreign_key_check", &broken));
	if (broken)
		return FAIL(FAULT_LOST, "%lld rows refer to something that does not exist", (long long)broken);
	return OK;
}

static FALLIBLE apply_all(struct session *session, const struct migration *next, bool is_new, int64_t now_us)
{
	if (is_new) {
		TRY(session_exec(session, "PRAGMA application_id = " TEXT_OF(APPLICATION_ID)));
		TRY(session_exec(session, MIGRATIONS_TABLE));
	}
	for (; next->number; next++) {
		TRY(session_exec(session, next->sql));
		TRY(record(session, next, now_us));
	}
	TRY(check_foreign_keys(session));
	TRY(session_exec(session, "COMMIT"));
	return OK;
}

FALLIBLE migrate(struct session *session, const struct migration *migrations, int64_t now_us)
{
	const struct migration *next = migrations;
	bool is_new;
	status st;

	TRY(check_owner(session, &is_new));
	if (!is_new)
		TRY(check_applied(session, migrations, &next));
	if (!next->number)
		return OK;
	/* A migration may rebuild a table that others refer to; the check at the end stands in. */
	TRY(session_exec(session, "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE"));
	st = apply_all(session, next, is_new, now_us);
	if (FAILED(st) && !sqlite3_get_autocommit(session->db))
		(void)sqlite3_exec(session->db, "ROLLBACK", NULL, NULL,
				   NULL); /* st says what failed; closing would do it too */
	TRY(st);
	TRY(session_exec(session, "PRAGMA foreign_keys = ON"));
	return OK;
}

FALLIBLE migrate_check(struct session *session, const struct migration *migrations)
{
	const struct migration *next = migrations;
	bool is_empty = false;

	TRY(check_owner(session, &is_empty));
	if (is_empty)
		return FAIL(FAULT_LOST, "the database is empty");
	TRY(check_applied(session, migrations, &next));
	if (next->number)
		return FAIL_STATE("SCHEMA_TOO_OLD", "the database has not been migrated to schema %d: start the server once",
				  last_number(migrations));
	return OK;
}
