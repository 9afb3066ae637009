/*
 * sqlite_backup: a copy of the database as of one moment, while it is in use.
 *
 * The pages are copied by the writing connection, some at a time between groups: SQLite carries its own changes over into
 * what was copied already, so the copy never starts again. Then, on the caller's thread, the copy becomes one plain file,
 * is marked (a history of its own begins when it is opened), verified, synced, and only then takes its name.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <unistd.h>

#include "store/sqlite_impl.h"

/* A megabyte: about a millisecond that waiting mutations wait longer. */
#define STEP_PAGES 256
/* Times in a row that a step may find the database busy, each SQLITE_BUSY_MS long. */
#define BUSY_TRIES 10
#define PATH_BYTES_MAX ((size_t)4096)

struct copying {
	struct chore chore; /* first */
	struct session *from;
	struct session to;
	sqlite3_backup *backup;
	int busy;
	status result;
};

static bool copy_some(struct chore *chore)
{
	struct copying *copying = (struct copying *)chore;
	int rc;

	if (!copying->backup)
		copying->backup = sqlite3_backup_init(copying->to.db, "main", copying->from->db, "main");
	if (!copying->backup) {
		copying->result = session_fault(&copying->to, sqlite3_errcode(copying->to.db));
		return true;
	}
	rc = sqlite3_backup_step(copying->backup, STEP_PAGES);
	copying->busy = rc == SQLITE_BUSY || rc == SQLITE_LOCKED ? copying->busy + 1 : 0;
	if (rc == SQLITE_OK || (copying->busy && copying->busy < BUSY_TRIES))
		return false;
	(void)sqlite3_backup_finish(copying->backup); /* repeats rc */
	copying->result = rc == SQLITE_DONE ? OK : session_fault(&copying->to, rc);
	return true;
}

static FALLIBLE mark(struct session *session)
{
	TRY(session_exec(session, "PRAGMA journal_mode = DELETE"));
	TRY(session_exec(session, "INSERT OR REPLACE INTO \"facts\" VALUES ('" FACT_IS_COPY "', x'01')"));
	return OK;
}

static FALLIBLE copy_into(struct sqlite_store *sqlite, const char *partial)
{
	struct copying copying = { .chore = { .step = copy_some }, .from = &sqlite->writer };
	status st;

	TRY(session_open(&copying.to, partial, SQLITE_OPEN_READWRITE, sqlite->vfs));
	/* Synced as a whole before it gets its name. */
	st = session_exec(&copying.to, "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY");
	if (!FAILED(st))
		st = writer_chore(&sqlite->store, &copying.chore);
	if (!FAILED(st))
		st = copying.result;
	if (!FAILED(st))
		st = mark(&copying.to);
	session_close(&copying.to);
	return st;
}

/* With what SQLite keeps beside it: a log left there by a crash would be played into the next copy. */
static FALLIBLE discard(const char *partial)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
	struct buffer path CLEANUP(buffer_done);

	buffer_init(&path, NULL, PATH_BYTES_MAX);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		buffer_clear(&path);
		buffer_printf(&path, "%s%s", partial, suffixes[i]);
		if (buffer_failed(&path))
			return FAIL(FAULT_UNAVAILABLE, "out of memory, or a path longer than %zu bytes", PATH_BYTES_MAX);
		if (unlink(path.at) && errno != ENOENT)
			return FAIL(FAULT_UNAVAILABLE, "cannot remove %s", path.at);
	}
	return OK;
}

static FALLIBLE make_copy(struct sqlite_store *sqlite, const char *partial, const char *file)
{
	TRY(discard(partial));
	TRY(file_make(partial));
	TRY(copy_into(sqlite, partial));
	TRY(file_sync(partial));
	TRY(store_verify(partial));
	TRY(file_move(partial, file));
	return OK;
}

static FALLIBLE prepare_place(const char *file, char **ret_partial)
{
	char *folder CLEANUP(path_freep) = NULL;
	size_t size = strlen(file) + sizeof(".partial");
	char *partial;

	if (access(file, F_OK) == 0)
		return FAIL(FAULT_EXISTS, "%s exists already", file);
	TRY(path_folder(file, &folder));
	TRY(folder_make(folder));
	partial = mem_alloc(size);
	if (!partial)
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	(void)snprintf(partial, size, "%s.partial", file); /* fits */
	*ret_partial = partial;
	return OK;
}

status sqlite_backup(struct store *store, const char *file)
{
	struct sqlite_store *sqlite = (struct sqlite_store *)store;
	char *partial CLEANUP(path_freep) = NULL;
	status st;

	TRY(prepare_place(file, &partial));
	if (atomic_exchange(&sqlite->is_copying, true))
		return FAIL(FAULT_UNAVAILABLE, "another backup is being made; try again");
	st = make_copy(sqlite, partial, file);
	if (FAILED(st) && FAILED(discard(partial)))
		NOTE("a part of the failed backup is left at %s", partial); /* the next try removes it */
	atomic_store(&sqlite->is_copying, false);
	return st;
}
