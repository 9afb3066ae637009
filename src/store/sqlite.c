/*
 * sqlite: the store on SQLite.
 *
 * Owns      the database file of a data folder, its log and its lock; one writing connection, a pool of reading ones.
 * Promises  COMMIT gives OK only after the log has been synced (WAL, synchronous=FULL); only the writing connection copies
 *           the log back, behind the acknowledgements; an idle store gives its caches back.
 * Start at  store_open_sqlite(), then commit() and tend().
 */
#include <malloc.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/sqlite_impl.h"

#define READERS_DEFAULT 16
#define CHECKPOINT_DEFAULT 1000
/* A log of so many pages is copied back even if that means waiting a little for readers. */
#define WAL_PAGES_MAX 16384
#define WAL_BYTES_KEPT "16777216"
#define CHECKPOINT_WAIT_MS 50
/* Revisions the change log keeps, and how many it may hold beyond before they are trimmed together. */
#define LOG_KEEP 100000
#define LOG_SLACK 1000

static struct sqlite_store *sqlite_of(const struct tx *tx)
{
	return (struct sqlite_store *)tx->store;
}

/* ---- transactions ---- */

/* SQLite may have done it by itself. Should even this fail, the next BEGIN is refused, and this runs again. */
static void roll_back(struct session *session)
{
	if (!sqlite3_get_autocommit(session->db) && FAILED(session_run(session, SQL_ROLLBACK)))
		(void)sqlite3_exec(session->db, "ROLLBACK", NULL, NULL, NULL); /* the kept statement lacked memory */
}

static status begin(struct tx *tx)
{
	tx->session = &sqlite_of(tx)->writer;
	TRY(session_run(tx->session, SQL_BEGIN_WRITE));
	return OK;
}

static status save(struct tx *tx)
{
	TRY(session_run(tx->session, SQL_SAVE));
	return OK;
}

static status release(struct tx *tx)
{
	TRY(session_run(tx->session, SQL_RELEASE));
	return OK;
}

static status undo(struct tx *tx)
{
	TRY(session_run(tx->session, SQL_UNDO));
	TRY(session_run(tx->session, SQL_RELEASE));
	return OK;
}

static FALLIBLE run_with_number(struct session *session, enum sql_op op, uint64_t number)
{
	struct use use CLEANUP(use_done) = { 0 };
	struct shape shape;
	int rc;

	memset(&shape, 0, sizeof(shape));
	shape.op = (uint8_t)op;
	TRY(use_begin(session, &shape, &use));
	rc = sqlite3_bind_int64(use.stmt, 1, (int64_t)number);
	if (!rc)
		rc = sqlite3_step(use.stmt);
	return rc == SQLITE_DONE ? OK : session_fault(session, rc);
}

static status commit(struct tx *tx, uint64_t revision)
{
	struct sqlite_store *sqlite = sqlite_of(tx);
	uint64_t trim_to = revision > LOG_KEEP ? revision - LOG_KEEP : 0;

	TRY(run_with_number(tx->session, SQL_COUNTER_SET, revision));
	if (trim_to > sqlite->trimmed + LOG_SLACK) {
		TRY(run_with_number(tx->session, SQL_LOG_TRIM, trim_to));
		sqlite->trimmed = trim_to;
	}
	TRY(session_run(tx->session, SQL_COMMIT));
	return OK;
}

static void abandon(struct tx *tx)
{
	roll_back(&sqlite_of(tx)->writer);
}

static bool is_lost(struct tx *tx)
{
	return sqlite3_get_autocommit(sqlite_of(tx)->writer.db);
}

static status read_begin(struct tx *tx, bool is_hook)
{
	struct session *session = &sqlite_of(tx)->writer;
	status st;

	if (!is_hook)
		TRY(pool_take(sqlite_of(tx), &session));
	tx->session = session;
	st = session_run(session, SQL_BEGIN_READ);
	if (FAILED(st) && !is_hook)
		pool_give(sqlite_of(tx), session);
	return st;
}

static void read_end(struct tx *tx)
{
	struct session *session = tx->session;

	roll_back(session);
	if (session != &sqlite_of(tx)->writer)
		pool_give(sqlite_of(tx), session);
}

/* ---- between groups ---- */

static int count_pages(void *user, sqlite3 *db, const char *name, int pages)
{
	(void)db, (void)name;
	((struct sqlite_store *)user)->wal_pages = pages;
	return SQLITE_OK;
}

/* Passive: what readers still look at is left for the next time. Failing is not fatal either: the log just grows. */
static void checkpoint(struct sqlite_store *sqlite)
{
	int mode = sqlite->wal_pages > WAL_PAGES_MAX ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
	int pages = 0, copied = 0;

	(void)sqlite3_busy_timeout(sqlite->writer.db, CHECKPOINT_WAIT_MS); /* cannot fail on an open connection */
	(void)sqlite3_wal_checkpoint_v2(sqlite->writer.db, NULL, mode, &pages, &copied);
	(void)sqlite3_busy_timeout(sqlite->writer.db, SQLITE_BUSY_MS);
	sqlite->checkpoint_at = sqlite->checkpoint_pages + (copied < pages ? pages : 0);
}

static void tend(struct store *store, bool is_idle)
{
	struct sqlite_store *sqlite = (struct sqlite_store *)store;

	if (sqlite->wal_pages >= sqlite->checkpoint_at)
		checkpoint(sqlite);
	if (is_idle) {
		session_shrink(&sqlite->writer);
		pool_shrink(sqlite);
		(void)malloc_trim(0); /* tells only whether there was something to give */
	}
}

/* ---- opening ---- */

static FALLIBLE new_history(struct sqlite_store *sqlite, struct random *random)
{
	struct session *session = &sqlite->writer;
	char epoch[17];
	sqlite3_stmt *stmt = NULL;
	int rc;

	TRY(store_new_epoch(random, epoch));
	rc = sqlite3_prepare_v2(session->db, "INSERT OR REPLACE INTO \"facts\" VALUES ('" FACT_EPOCH "', ?1)", -1, &stmt, NULL);
	rc = rc ? rc : sqlite3_bind_blob(stmt, 1, epoch, 16, SQLITE_TRANSIENT);
	rc = rc ? rc : sqlite3_step(stmt);
	(void)sqlite3_finalize(stmt); /* rc has the failure */
	if (rc != SQLITE_DONE)
		return session_fault(session, rc);
	TRY(session_exec(session, "DELETE FROM \"facts\" WHERE \"name\" = '" FACT_IS_COPY "'"));
	return OK;
}

/* A new database and a restored copy get an epoch of their own, so that revisions of two histories are never mixed up. */
static FALLIBLE settle_epoch(struct sqlite_store *sqlite, struct random *random)
{
	struct session *session = &sqlite->writer;
	int64_t epochs, copies;

	TRY(session_exec(session, "BEGIN IMMEDIATE"));
	TRY(session_number(session, "SELECT count(*) FROM \"facts\" WHERE \"name\" = '" FACT_EPOCH "'", &epochs));
	TRY(session_number(session, "SELECT count(*) FROM \"facts\" WHERE \"name\" = '" FACT_IS_COPY "'", &copies));
	if (!epochs || copies)
		TRY(new_history(sqlite, random));
	TRY(session_exec(session, "COMMIT"));
	return OK;
}

static FALLIBLE read_epoch(struct sqlite_store *sqlite)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(sqlite->writer.db, "SELECT \"value\" FROM \"facts\" WHERE \"name\" = '" FACT_EPOCH "'", -1,
				    &stmt, NULL);
	status st = OK;

	rc = rc ? rc : sqlite3_step(stmt);
	if (rc != SQLITE_ROW)
		st = session_fault(&sqlite->writer, rc);
	else if (sqlite3_column_bytes(stmt, 0) != 16)
		st = FAIL(FAULT_LOST, "the database's epoch is damaged");
	else
		memcpy(sqlite->store.epoch, sqlite3_column_blob(stmt, 0), 16);
	(void)sqlite3_finalize(stmt); /* st has the failure */
	return st;
}

static FALLIBLE start_log(struct sqlite_store *sqlite)
{
	struct session *session = &sqlite->writer;
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(session->db, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);
	const char *mode = NULL;
	status st = OK;

	rc = rc ? rc : sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		mode = (const char *)sqlite3_column_text(stmt, 0);
	if (rc != SQLITE_ROW)
		st = session_fault(session, rc);
	else if (!mode || strcmp(mode, "wal") != 0)
		st = FAIL(FAULT_UNAVAILABLE, "the file system of the data folder cannot keep a write-ahead log");
	(void)sqlite3_finalize(stmt); /* st has the failure */
	return st;
}

static FALLIBLE open_database(struct sqlite_store *sqlite, const struct store_options *options)
{
	struct session *session = &sqlite->writer;
	const struct clock *clock = options->clock ? options->clock : &clock_system;
	int64_t revision, trimmed;

	TRY(session_open(session, sqlite->file, SQLITE_OPEN_READWRITE, sqlite->vfs));
	TRY(start_log(sqlite));
	TRY(session_exec(session, sqlite->unsafe_no_sync ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = FULL"));
	TRY(session_exec(session, "PRAGMA secure_delete = FAST; PRAGMA journal_size_limit = " WAL_BYTES_KEPT));
	(void)sqlite3_wal_hook(session->db, count_pages, sqlite); /* gives the old hook's argument */
	TRY(migrate(session, migrations_embedded, clock_now_us(clock)));
	TRY(settle_epoch(sqlite, options->random ? options->random : &random_system));
	TRY(read_epoch(sqlite));
	TRY(session_number(session, "SELECT \"revision\" FROM \"counter\"", &revision));
	TRY(session_number(session, "SELECT ifnull(min(\"revision\"), 1) - 1 FROM \"changes\"", &trimmed));
	sqlite->trimmed = (uint64_t)trimmed;
	atomic_store(&sqlite->store.revision, (uint64_t)revision);
	return OK;
}

static void sqlite_close(struct store *store)
{
	struct sqlite_store *sqlite = (struct sqlite_store *)store;

	pool_close(sqlite); /* readers first: the last connection copies the log back and removes it */
	session_close(&sqlite->writer);
	if (sqlite->lock_fd >= 0)
		(void)close(sqlite->lock_fd);           /* gives the lock back; nothing was written since */
	(void)pthread_cond_destroy(&sqlite->pool_free); /* no thread is left that could use them */
	(void)pthread_mutex_destroy(&sqlite->pool_mutex);
	sqlite->folder = mem_free(sqlite->folder);
	sqlite->file = mem_free(sqlite->file);
	store_base_done(store);
	(void)mem_free(sqlite); /* gives NULL */
}

static const struct store_driver driver = {
	.begin = begin,
	.save = save,
	.release = release,
	.undo = undo,
	.log = sqlite_log,
	.commit = commit,
	.abandon = abandon,
	.is_lost = is_lost,
	.tend = tend,
	.read_begin = read_begin,
	.read_end = read_end,
	.write = sqlite_write,
	.remove = sqlite_remove,
	.find = sqlite_find,
	.select = sqlite_select,
	.count = sqlite_count,
	.backup = sqlite_backup,
	.close = sqlite_close,
};

static FALLIBLE open_all(struct sqlite_store *sqlite, const struct store_options *options)
{
	TRY(store_base_init(&sqlite->store, &driver, options));
	TRY(path_join(options->path, DATABASE_NAME, &sqlite->file));
	sqlite->folder = mem_copy_text(options->path, strlen(options->path));
	if (!sqlite->folder)
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	TRY(folder_open(sqlite->folder, sqlite->file, &sqlite->lock_fd));
	TRY(open_database(sqlite, options));
	TRY(writer_start(&sqlite->store));
	return OK;
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
	sqlite->readers_max = options->readers_max ? options->readers_max : READERS_DEFAULT;
	sqlite->checkpoint_pages = options->checkpoint_pages ? options->checkpoint_pages : CHECKPOINT_DEFAULT;
	sqlite->checkpoint_at = sqlite->checkpoint_pages;
	(void)pthread_mutex_init(&sqlite->pool_mutex, NULL); /* neither can fail on Linux with default attributes */
	(void)pthread_cond_init(&sqlite->pool_free, NULL);
	st = open_all(sqlite, options);
	if (FAILED(st)) {
		sqlite_close(&sqlite->store);
		return st;
	}
	*ret_store = &sqlite->store;
	return OK;
}
