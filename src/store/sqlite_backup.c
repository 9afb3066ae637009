/*
 * sqlite_backup: a copy of the database as of one moment, and whether a file is sound.
 *
 * The copy is made in steps on the writer's thread, between groups; then it is marked as a copy (it gets a history of its own
 * when it is opened), verified, synced and renamed into place.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite_impl.h"

#define STEP_PAGES 256
#define PATH_BYTES 4096

struct copying {
	struct chore chore; /* first */
	struct sqlite_store *sqlite;
	struct session into;
	sqlite3_backup *backup;
	const char *fresh;
	status result;
};

static FALLIBLE start(struct copying *copying)
{
	(void)unlink(copying->fresh); /* what a broken try left */
	TRY(session_open(&copying->into, copying->fresh, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, copying->sqlite->vfs));
	copying->backup = sqlite3_backup_init(copying->into.db, "main", copying->sqlite->writer.db, "main");
	if (!copying->backup)
		return session_fault(&copying->into, sqlite3_errcode(copying->into.db));
	return OK;
}

static bool copy_step(struct chore *chore)
{
	struct copying *copying = (struct copying *)chore;
	int rc;

	if (!copying->backup) {
		copying->result = start(copying);
		if (FAILED(copying->result))
			return true;
	}
	rc = sqlite3_backup_step(copying->backup, STEP_PAGES);
	if (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
		return false;
	if (rc != SQLITE_DONE)
		copying->result = session_fault(&copying->into, rc);
	(void)sqlite3_backup_finish(copying->backup); /* repeats the failure told above */
	return true;
}

static FALLIBLE settle(struct copying *copying, const char *file)
{
	TRY(session_exec(&copying->into, "PRAGMA journal_mode = DELETE"));
	TRY(session_exec(&copying->into, "INSERT INTO \"facts\" (\"name\", \"value\") VALUES ('" FACT_IS_COPY "', x'01') ON CONFLICT DO NOTHING"));
	session_close(&copying->into);
	TRY(store_verify(copying->fresh));
	TRY(file_sync(copying->fresh));
	if (rename(copying->fresh, file) != 0)
		return FAIL(FAULT_UNAVAILABLE, "the backup cannot be put in its place, %s", file);
	return folder_of_sync(file);
}

status sqlite_backup(struct store *store, const char *file)
{
	char fresh[PATH_BYTES];
	struct copying copying = { .chore.step = copy_step, .sqlite = (struct sqlite_store *)store, .fresh = fresh, .result = OK };
	char folder[PATH_BYTES];
	const char *slash = strrchr(file, '/');
	status st;

	if (snprintf(fresh, sizeof(fresh), "%s.part", file) >= (int)sizeof(fresh))
		return FAIL(FAULT_INVALID, "the backup's path is too long");
	if (slash && snprintf(folder, sizeof(folder), "%.*s", (int)(slash - file), file) < (int)sizeof(folder))
		(void)mkdir(folder, 0700); /* fine when it is there; opening fails when it is not */
	st = writer_chore(store, &copying.chore);
	if (!FAILED(st))
		st = copying.result;
	if (!FAILED(st))
		st = settle(&copying, file);
	session_close(&copying.into);
	if (FAILED(st))
		(void)unlink(fresh); /* it is no backup */
	return st;
}

static FALLIBLE check(struct session *session)
{
	int64_t number, logged;

	TRY(migrate_check(session, migrations_embedded));
	TRY(session_number(session, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'", &number));
	if (number)
		return FAIL(FAULT_LOST, "the database is damaged: %lld complaints of the integrity check", (long long)number);
	TRY(session_number(session, "SELECT count(*) FROM pragma_foreign_key_check", &number));
	if (number)
		return FAIL(FAULT_LOST, "the database is damaged: %lld rows refer to what is not there", (long long)number);
	TRY(session_number(session, "SELECT \"revision\" FROM \"counter\"", &number));
	TRY(session_number(session, "SELECT ifnull(max(\"revision\"), 0) FROM \"changes\"", &logged));
	if (logged > number)
		return FAIL(FAULT_LOST, "the change log is ahead of the revision: %lld, %lld", (long long)logged, (long long)number);
	return OK;
}

FALLIBLE store_verify(const char *path)
{
	struct session session = { 0 };
	struct stat about;
	char file[PATH_BYTES];
	status st;

	sqlite_setup();
	if (stat(path, &about) != 0)
		return FAIL(FAULT_ABSENT, "there is nothing at %s", path);
	if (snprintf(file, sizeof(file), S_ISDIR(about.st_mode) ? "%s/" DATABASE_NAME : "%s", path) >= (int)sizeof(file))
		return FAIL(FAULT_INVALID, "the path is too long");
	TRY(session_open(&session, file, SQLITE_OPEN_READONLY, NULL));
	st = check(&session);
	session_close(&session);
	return st;
}
