/*
 * sqlite_migrate: brings a file's schema forward, one numbered step at a time, each in its own transaction.
 *
 * Promises  steps run in order and once; a step that was changed after it ran is refused, and so is a newer schema.
 */
#include <sqlite3.h>

#include "store/sqlite_impl.h"

#define MIGRATIONS_TABLE                                                                                               \
	"CREATE TABLE IF NOT EXISTS \"migrations\" (\"number\" INTEGER PRIMARY KEY, \"checksum\" TEXT NOT NULL, "       \
	"\"applied_us\" INTEGER NOT NULL) STRICT"

/* The checksum a step was applied with; found is false when it was not. */
static FALLIBLE applied(struct session *session, int number, const char *checksum, bool *ret_found)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(session->db, "SELECT \"checksum\" FROM \"migrations\" WHERE \"number\" = ?1", -1, &stmt, NULL);
	bool same = true;

	if (!rc)
		rc = sqlite3_bind_int(stmt, 1, number);
	if (!rc)
		rc = sqlite3_step(stmt);
	*ret_found = rc == SQLITE_ROW;
	if (rc == SQLITE_ROW) {
		const unsigned char *text = sqlite3_column_text(stmt, 0);
		same = text && strcmp((const char *)text, checksum) == 0;
	}
	(void)sqlite3_finalize(stmt); /* repeats a failure told below */
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return session_fault(session, rc);
	if (!same)
		return FAIL(FAULT_STATE, "migration %d was changed after it was applied to this database", number);
	return OK;
}

static FALLIBLE note_applied(struct session *session, const struct migration *step, int64_t now_us)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(session->db, "INSERT INTO \"migrations\" VALUES (?1, ?2, ?3)", -1, &stmt, NULL);

	if (!rc)
		rc = sqlite3_bind_int(stmt, 1, step->number);
	if (!rc)
		rc = sqlite3_bind_text(stmt, 2, step->checksum, -1, SQLITE_STATIC);
	if (!rc)
		rc = sqlite3_bind_int64(stmt, 3, now_us);
	if (!rc)
		rc = sqlite3_step(stmt);
	(void)sqlite3_finalize(stmt); /* repeats a failure told below */
	return rc == SQLITE_DONE ? OK : session_fault(session, rc);
}

static FALLIBLE apply(struct session *session, const struct migration *step, int64_t now_us)
{
	TRY(session_exec(session, "BEGIN IMMEDIATE"));
	status st = session_exec(session, step->sql);
	if (!FAILED(st))
		st = note_applied(session, step, now_us);
	if (!FAILED(st))
		st = session_exec(session, "COMMIT");
	if (FAILED(st))
		(void)sqlite3_exec(session->db, "ROLLBACK", NULL, NULL, NULL); /* fails when it rolled back by itself */
	return st;
}

static FALLIBLE refuse_newer(struct session *session, int last)
{
	int64_t newest;

	TRY(session_number(session, "SELECT ifnull(max(\"number\"), 0) FROM \"migrations\"", &newest));
	if (newest > last)
		return FAIL(FAULT_STATE, "the database was written by a newer version (schema %lld, this one knows %d); use that version",
			    (long long)newest, last);
	return OK;
}

static int last_of(const struct migration *migrations)
{
	int last = 0;

	for (; migrations->number; migrations++)
		last = migrations->number;
	return last;
}

FALLIBLE migrate(struct session *session, const struct migration *migrations, int64_t now_us)
{
	TRY(session_exec(session, MIGRATIONS_TABLE));
	TRY(refuse_newer(session, last_of(migrations)));
	for (const struct migration *step = migrations; step->number; step++) {
		bool found;
		TRY(applied(session, step->number, step->checksum, &found));
		if (!found)
			TRY(apply(session, step, now_us));
	}
	return OK;
}

FALLIBLE migrate_check(struct session *session, const struct migration *migrations)
{
	TRY(refuse_newer(session, last_of(migrations)));
	for (const struct migration *step = migrations; step->number; step++) {
		bool found;
		TRY(applied(session, step->number, step->checksum, &found));
		if (!found)
			return FAIL(FAULT_STATE, "migration %d was not applied to this database", step->number);
	}
	return OK;
}
