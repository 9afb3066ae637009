/*
 * sqlite: the driver over one database file in WAL mode.
 *
 * Owns      opening and closing, the writer's transaction, snapshots, copying the log back.
 * Promises  synchronous=FULL: a commit that was acknowledged survives a power cut; only the writer's connection writes and
 *           checkpoints; a second process is refused.
 */
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/sqlite_impl.h"

#define CHECKPOINT_DEFAULT 1000
#define READERS_DEFAULT 16
#define LOG_KEEP 100000 /* revisions kept in the change log */
#define LOG_TRIM_EVERY 10000
#define PATH_BYTES 4096

static struct sqlite_store *sqlite_of(const struct tx *tx)
{
	return (struct sqlite_store *)tx->store;
}

/* ---- the writer's transaction ---- */

static status sqlite_begin(struct tx *tx)
{
	tx->session = &sqlite_of(tx)->writer;
	return session_run(tx->session, SQL_BEGIN_WRITE);
}

static status sqlite_save(struct tx *tx)
{
	return session_run(tx->session, SQL_SAVE);
}

static status sqlite_release(struct tx *tx)
{
	return session_run(tx->session, SQL_RELEASE);
}

static status sqlite_undo(struct tx *tx)
{
	TRY(session_run(tx->session, SQL_UNDO));
	return session_run(tx->session, SQL_RELEASE);
}

static FALLIBLE set_counter(struct session *session, uint64_t revision)
{
	struct use use CLEANUP(use_done) = { 0 };
	struct shape shape;
	int rc;

	memset(&shape, 0, sizeof(shape));
	shape.op = SQL_COUNTER_SET;
	TRY(use_begin(session, &shape, &use));
	rc = sqlite3_bind_int64(use.stmt, 1, (int64_t)revision);
	rc = rc ? rc : sqlite3_step(use.stmt);
	return rc == SQLITE_DONE ? OK : session_fault(session, rc);
}

static status sqlite_commit(struct tx *tx, uint64_t revision)
{
	TRY(set_counter(tx->session, revision));
	return session_run(tx->session, SQL_COMMIT);
}

static bool sqlite_is_lost(struct tx *tx)
{
	return sqlite3_get_autocommit(((struct session *)tx->session)->db) != 0;
}

static void sqlite_abandon(struct tx *tx)
{
	struct session *session = tx->session;

	if (session && session->db && !sqlite3_get_autocommit(session->db))
		(void)sqlite3_exec(session->db, "ROLLBACK", NULL, NULL, NULL); /* when it fails nothing is open any more */
}

/* ---- keeping house ---- */

static int count_pages(void *user, sqlite3 *db, const char *name, int pages)
{
	struct sqlite_store *sqlite = user;

	(void)db;
	(void)name;
	sqlite->wal_pages = pages;
	return SQLITE_OK;
}

static FALLIBLE trim_log(struct sqlite_store *sqlite, uint64_t revision)
{
	struct use use CLEANUP(use_done) = { 0 };
	struct shape shape;
	int rc;

	memset(&shape, 0, sizeof(shape));
	shape.op = SQL_LOG_TRIM;
	TRY(use_begin(&sqlite->writer, &shape, &use));
	rc = sqlite3_bind_int64(use.stmt, 1, (int64_t)revision);
	rc = rc ? rc : sqlite3_step(use.stmt);
	return rc == SQLITE_DONE ? OK : session_fault(&sqlite->writer, rc);
}

static void checkpoint(struct sqlite_store *sqlite)
{
	int left = 0, copied = 0;

	/* Passive: what readers still need stays, and the next one gets it. */
	(void)sqlite3_wal_checkpoint_v2(sqlite->writer.db, NULL, SQLITE_CHECKPOINT_PASSIVE, &left, &copied);
	sqlite->checkpoint_at = left > copied ? left + sqlite->checkpoint_pages : sqlite->checkpoint_pages;
	sqlite->wal_pages = left - copied;
}

static void sqlite_tend(struct store *store, bool is_idle)
{
	struct sqlite_store *sqlite = (struct sqlite_store *)store;
	uint64_t revision = store_revision(store);

	if (revision > LOG_KEEP && revision - LOG_KEEP > sqlite->trimmed + LOG_TRIM_EVERY && !FAILED(trim_log(sqlite, revision - LOG_KEEP)))
		sqlite->trimmed = revision - LOG_KEEP;
	if (sqlite->wal_pages >= sqlite->checkpoint_at || (is_idle && sqlite->wal_pages))
		checkpoint(sqlite);
	if (is_idle) {
		session_shrink(&sqlite->writer);
		pool_shrink(sqlite);
	}
}

/* ---- snapshots ---- */

static status sqlite_read_begin(struct tx *tx, bool is_hook)
{
	struct sqlite_store *sqlite = sqlite_of(tx);
	struct session *session = &sqlite->writer;
	status st;

	if (!is_hook)
		TRY(pool_take(sqlite, &session));
	tx->session = session;
	st = session_run(session, SQL_BEGIN_READ);
	if (FAILED(st) && !is_hook)
		pool_give(sqlite, session);
	return st;
}

static void sqlite_read_end(struct tx *tx)
{
	struct sqlite_store *sqlite = sqlite_of(tx);
	struct session *session = tx->session;

	if (FAILED(session_run(session, SQL_ROLLBACK)))
		(void)sqlite3_exec(session->db, "ROLLBACK", NULL, NULL, NULL); /* no memory for the kept one; a read has nothing to lose */
	if (session != &sqlite->writer)
		pool_give(sqlite, session);
}

/* ---- opening ---- */

static void sqlite_close(struct store *store)
{
	struct sqlite_store *sqlite = (struct sqlite_store *)store;

	pool_close(sqlite);
	if (sqlite->writer.db) {
		(void)sqlite3_wal_checkpoint_v2(sqlite->writer.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL); /* else at the next start */
		session_close(&sqlite->writer);
	}
	(void)pthread_cond_destroy(&sqlite->pool_free); /* nobody waits any more */
	(void)pthread_mutex_destroy(&sqlite->pool_mutex);
	if (sqlite->lock_fd >= 0)
		(void)close(sqlite->lock_fd); /* gives the lock back */
	sqlite->folder = mem_free(sqlite->folder);
	sqlite->file = mem_free(sqlite->file);
	store_base_done(store);
	(void)mem_free(sqlite); /* gives NULL */
}

static const struct store_driver sqlite_driver = {
	.begin = sqlite_begin,
	.save = sqlite_save,
	.release = sqlite_release,
	.undo = sqlite_undo,
	.log = sqlite_log,
	.commit = sqlite_commit,
	.abandon = sqlite_abandon,
	.is_lost = sqlite_is_lost,
	.tend = sqlite_tend,
	.read_begin = sqlite_read_begin,
	.read_end = sqlite_read_end,
	.write = sqlite_write,
	.remove = sqlite_remove,
	.find = sqlite_find,
	.select = sqlite_select,
	.count = sqlite_count,
	.backup = sqlite_backup,
	.close = sqlite_close,
};

static FALLIBLE put_epoch(struct session *session, const char *epoch)
{
	char sql[256];

	(void)snprintf(sql, sizeof(sql),
		       "BEGIN IMMEDIATE; DELETE FROM \"facts\" WHERE \"name\" IN ('" FACT_IS_COPY "', '" FACT_EPOCH "');"
		       "INSERT INTO \"facts\" (\"name\", \"value\") VALUES ('" FACT_EPOCH "', CAST('%.16s' AS BLOB)); COMMIT",
		       epoch); /* sixteen hex digits of ours */
	return session_exec(session, sql);
}

/* A new file and a restored copy begin a history of their own. */
static FALLIBLE read_history(struct sqlite_store *sqlite, const struct store_options *options)
{
	struct session *session = &sqlite->writer;
	int64_t number;
	sqlite3_stmt *stmt = NULL;
	int rc;

	TRY(session_number(session, "SELECT \"revision\" FROM \"counter\"", &number));
	atomic_store(&sqlite->store.revision, (uint64_t)number);
	TRY(session_number(session, "SELECT count(*) FROM \"facts\" WHERE \"name\" = '" FACT_EPOCH "' AND NOT EXISTS "
				    "(SELECT 1 FROM \"facts\" WHERE \"name\" = '" FACT_IS_COPY "')", &number));
	if (number == 0) {
		TRY(store_new_epoch(options->random ? options->random : &random_system, sqlite->store.epoch));
		return put_epoch(session, sqlite->store.epoch);
	}
	rc = sqlite3_prepare_v2(session->db, "SELECT \"value\" FROM \"facts\" WHERE \"name\" = '" FACT_EPOCH "'", -1, &stmt, NULL);
	rc = rc ? rc : sqlite3_step(stmt);
	if (rc == SQLITE_ROW && sqlite3_column_bytes(stmt, 0) == 16)
		memcpy(sqlite->store.epoch, sqlite3_column_blob(stmt, 0), 16);
	else
		rc = SQLITE_CORRUPT;
	(void)sqlite3_finalize(stmt); /* read */
	return rc == SQLITE_ROW ? OK : FAIL(FAULT_LOST, "the database does not know its own history");
}

static FALLIBLE open_writer(struct sqlite_store *sqlite, const struct store_options *options)
{
	const struct clock *clock = options->clock ? options->clock : &clock_system;
	struct session *session = &sqlite->writer;

	TRY(session_open(session, sqlite->file, SQLITE_OPEN_READWRITE, sqlite->vfs));
	TRY(session_exec(session, "PRAGMA journal_mode = WAL"));
	TRY(session_exec(session, options->unsafe_no_sync ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = FULL"));
	TRY(session_exec(session, "PRAGMA wal_autocheckpoint = 0"));
	(void)sqlite3_wal_hook(session->db, count_pages, sqlite); /* gives the old hook's argument */
	TRY(migrate(session, migrations_embedded, clock_now_us(clock)));
	return read_history(sqlite, options);
}

static FALLIBLE open_all(struct sqlite_store *sqlite, const struct store_options *options)
{
	char file[PATH_BYTES];

	if (!options->path || snprintf(file, sizeof(file), "%s/" DATABASE_NAME, options->path) >= (int)sizeof(file))
		return FAIL(FAULT_INVALID, "the data folder's path is missing or too long");
	sqlite->folder = mem_copy_text(options->path, strlen(options->path));
	sqlite->file = mem_copy_text(file, strlen(file));
	if (!sqlite->folder || !sqlite->file)
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	TRY(folder_open(sqlite->folder, sqlite->file, &sqlite->lock_fd));
	TRY(open_writer(sqlite, options));
	return writer_start(&sqlite->store);
}

FALLIBLE store_open_sqlite(const struct store_options *options, struct store **ret_store)
{
	struct sqlite_store *sqlite = NEW_ZERO(struct sqlite_store);
	status st;

	if (!sqlite)
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	sqlite_setup();
	sqlite->lock_fd = -1;
	sqlite->vfs = options->vfs;
	sqlite->unsafe_no_sync = options->unsafe_no_sync;
	sqlite->checkpoint_pages = options->checkpoint_pages ? options->checkpoint_pages : CHECKPOINT_DEFAULT;
	sqlite->checkpoint_at = sqlite->checkpoint_pages;
	sqlite->readers_max = options->readers_max ? options->readers_max : READERS_DEFAULT;
	(void)pthread_mutex_init(&sqlite->pool_mutex, NULL); /* these cannot fail on Linux with default attributes */
	(void)pthread_cond_init(&sqlite->pool_free, NULL);
	st = store_base_init(&sqlite->store, &sqlite_driver, options);
	if (!FAILED(st))
		st = open_all(sqlite, options);
	if (FAILED(st)) {
		sqlite_close(&sqlite->store);
		return st;
	}
	*ret_store = &sqlite->store;
	return OK;
}
