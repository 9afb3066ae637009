/*
 * sqlite_session: one connection and its prepared statements; the pool of readers.
 *
 * Owns      how a connection is configured, which statements are kept, what a result code means.
 * Promises  a session is used by one thread at a time; texts are prepared once per session while they are in use; memory
 *           of SQLite comes through base/mem.h, so that the fault sweep reaches it.
 */
#include <malloc.h>
#include <sqlite3.h>

#include "base/mem.h"
#include "store/sqlite_impl.h"

#define CACHE_WRITER "PRAGMA cache_size = -8192"
#define CACHE_READER "PRAGMA cache_size = -2048"

/* ---- the library ---- */

static void *heap_alloc(int size)
{
	return mem_alloc((size_t)size);
}

static void heap_free(void *at)
{
	(void)mem_free(at); /* gives NULL */
}

static void *heap_resize(void *at, int size)
{
	return mem_resize(at, (size_t)size);
}

static int heap_size(void *at)
{
	return at ? (int)malloc_usable_size(at) : 0;
}

static int heap_round(int size)
{
	return (size + 7) & ~7;
}

static int heap_init(void *user)
{
	(void)user;
	return SQLITE_OK;
}

static void heap_shutdown(void *user)
{
	(void)user;
}

static void setup(void)
{
	static const sqlite3_mem_methods heap = {
		.xMalloc = heap_alloc,
		.xFree = heap_free,
		.xRealloc = heap_resize,
		.xSize = heap_size,
		.xRoundup = heap_round,
		.xInit = heap_init,
		.xShutdown = heap_shutdown,
	};

	/* They refuse only when somebody else in the process has started the library: then its own defaults hold. */
	(void)sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	(void)sqlite3_config(SQLITE_CONFIG_MALLOC, &heap);
}

void sqlite_setup(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, setup); /* cannot fail with a valid control */
}

/* ---- one connection ---- */

status session_fault(struct session *session, int rc)
{
	NOTE("sqlite %d: %s", session->db ? sqlite3_extended_errcode(session->db) : rc,
	     session->db ? sqlite3_errmsg(session->db) : sqlite3_errstr(rc));
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	case SQLITE_FULL:
		return FAIL(FAULT_UNAVAILABLE, "the disk is full");
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		return FAIL(FAULT_UNAVAILABLE, "the database cannot be read or written");
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return FAIL(FAULT_UNAVAILABLE, "the database is busy; try again");
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return FAIL(FAULT_LOST, "the database is damaged");
	default:
		return FAIL(FAULT_INTERNAL, "the database refused a statement of ours");
	}
}

static FALLIBLE configure(struct session *session, bool is_reader)
{
	static const struct {
		int option, value;
	} settings[] = {
		{ SQLITE_DBCONFIG_ENABLE_FKEY, 1 },    { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },      { SQLITE_DBCONFIG_DQS_DML, 0 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },        { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
	};

	(void)sqlite3_extended_result_codes(session->db, 1); /* these two cannot fail on an open connection */
	(void)sqlite3_busy_timeout(session->db, SQLITE_BUSY_MS);
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		int rc = sqlite3_db_config(session->db, settings[i].option, settings[i].value, NULL);
		if (rc)
			return session_fault(session, rc);
	}
	if (is_reader)
		TRY(session_exec(session, "PRAGMA query_only = ON"));
	TRY(session_exec(session, "PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY"));
	TRY(session_exec(session, is_reader ? CACHE_READER : CACHE_WRITER));
	return OK;
}

FALLIBLE session_open(struct session *session, const char *file, int flags, const char *vfs)
{
	int rc = sqlite3_open_v2(file, &session->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, vfs);
	status st = rc ? session_fault(session, rc) : configure(session, flags & SQLITE_OPEN_READONLY);

	if (!FAILED(st) && (flags & SQLITE_OPEN_READONLY)) {
		/* Only the writer copies the log back: see design.md 3 for the bug this avoids. */
		rc = sqlite3_db_config(session->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		st = rc ? session_fault(session, rc) : OK;
	}
	if (!FAILED(st))
		(void)sqlite3_wal_hook(session->db, NULL, NULL); /* no automatic checkpoint; gives the old hook's argument */
	if (FAILED(st))
		session_close(session);
	return st;
}

static void drop_statements(struct session *session)
{
	for (size_t i = 0; i < STATEMENTS_MAX; i++) {
		(void)sqlite3_finalize(session->statements[i].stmt); /* repeats the last failure, already told; NULL is fine */
		session->statements[i] = (struct statement){ 0 };
	}
}

void session_close(struct session *session)
{
	drop_statements(session);
	(void)sqlite3_close(session->db); /* cannot be busy: every statement is gone */
	session->db = NULL;
}

void session_shrink(struct session *session)
{
	drop_statements(session);
	(void)sqlite3_db_release_memory(session->db); /* what is still pinned stays */
}

FALLIBLE session_exec(struct session *session, const char *sql)
{
	int rc = sqlite3_exec(session->db, sql, NULL, NULL, NULL);

	return rc ? session_fault(session, rc) : OK;
}

FALLIBLE session_number(struct session *session, const char *sql, int64_t *ret_number)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(session->db, sql, -1, &stmt, NULL);
	status st = OK;

	if (!rc)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(stmt, 0);
	else
		st = rc == SQLITE_DONE ? FAIL(FAULT_LOST, "the database lacks a row that must be there")
				       : session_fault(session, rc);
	(void)sqlite3_finalize(stmt); /* repeats the failure told above */
	return st;
}

/* ---- its statements ---- */

static bool shape_eq(const struct shape *a, const struct shape *b)
{
	return a->table == b->table && a->op == b->op && a->where_count == b->where_count &&
	       a->is_descending == b->is_descending && a->has_limit == b->has_limit && a->has_after == b->has_after &&
	       a->order_by == b->order_by && a->columns == b->columns && memcmp(a->where, b->where, sizeof(a->where)) == 0;
}

static struct statement *slot_for(struct session *session, const struct shape *shape)
{
	struct statement *oldest = NULL;

	for (size_t i = 0; i < STATEMENTS_MAX; i++) {
		struct statement *slot = &session->statements[i];
		if (slot->is_busy)
			continue;
		if (slot->stmt && shape_eq(&slot->shape, shape))
			return slot;
		if (!oldest || slot->used < oldest->used)
			oldest = slot;
	}
	return oldest;
}

static FALLIBLE prepare(struct session *session, const struct shape *shape, bool is_kept, sqlite3_stmt **ret_stmt)
{
	struct buffer sql CLEANUP(buffer_done);
	int rc;

	buffer_init(&sql, NULL, SQL_BYTES_MAX);
	sql_write(shape, &sql);
	if (buffer_failed(&sql))
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	rc = sqlite3_prepare_v3(session->db, sql.at, (int)sql.len + 1, is_kept ? SQLITE_PREPARE_PERSISTENT : 0, ret_stmt, NULL);
	return rc ? session_fault(session, rc) : OK;
}

FALLIBLE use_begin(struct session *session, const struct shape *shape, struct use *ret_use)
{
	struct statement *slot = slot_for(session, shape);
	sqlite3_stmt *stmt;

	if (!slot) {
		TRY(prepare(session, shape, false, &stmt));
		*ret_use = (struct use){ .stmt = stmt };
		return OK;
	}
	if (!slot->stmt || !shape_eq(&slot->shape, shape)) {
		(void)sqlite3_finalize(slot->stmt); /* repeats a failure told before; NULL is fine */
		*slot = (struct statement){ 0 };
		TRY(prepare(session, shape, true, &slot->stmt));
		memcpy(&slot->shape, shape, sizeof(*shape)); /* with its padding */
	}
	slot->used = ++session->uses;
	slot->is_busy = true;
	*ret_use = (struct use){ .slot = slot, .stmt = slot->stmt };
	return OK;
}

void use_done(struct use *use)
{
	if (use->slot) {
		(void)sqlite3_reset(use->stmt); /* both repeat the failure of the last step, already told */
		use->slot->is_busy = false;
	} else {
		(void)sqlite3_finalize(use->stmt);
	}
	*use = (struct use){ 0 };
}

FALLIBLE session_run(struct session *session, enum sql_op op)
{
	struct use use CLEANUP(use_done) = { 0 };
	struct shape shape;
	int rc;

	memset(&shape, 0, sizeof(shape));
	shape.op = (uint8_t)op;
	TRY(use_begin(session, &shape, &use));
	rc = sqlite3_step(use.stmt);
	return rc == SQLITE_DONE ? OK : session_fault(session, rc);
}

/* ---- the pool of readers ---- */

static FALLIBLE reader_new(const struct sqlite_store *sqlite, struct session **ret_session)
{
	struct session *session = NEW_ZERO(struct session);
	status st;

	if (!session)
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	st = session_open(session, sqlite->file, SQLITE_OPEN_READONLY, sqlite->vfs);
	if (FAILED(st)) {
		(void)mem_free(session); /* gives NULL */
		return st;
	}
	*ret_session = session;
	return OK;
}

static void reader_free(struct session *session)
{
	session_close(session);
	(void)mem_free(session); /* gives NULL */
}

FALLIBLE pool_take(struct sqlite_store *sqlite, struct session **ret_session)
{
	struct session *session;
	status st;

	pthread_mutex_lock(&sqlite->pool_mutex);
	while (!sqlite->pool && sqlite->readers == sqlite->readers_max)
		pthread_cond_wait(&sqlite->pool_free, &sqlite->pool_mutex);
	session = sqlite->pool;
	if (session)
		sqlite->pool = session->next;
	else
		sqlite->readers++;
	pthread_mutex_unlock(&sqlite->pool_mutex);
	if (session) {
		*ret_session = session;
		return OK;
	}
	st = reader_new(sqlite, ret_session);
	if (FAILED(st)) {
		pthread_mutex_lock(&sqlite->pool_mutex);
		sqlite->readers--;
		pthread_cond_signal(&sqlite->pool_free);
		pthread_mutex_unlock(&sqlite->pool_mutex);
	}
	return st;
}

void pool_give(struct sqlite_store *sqlite, struct session *session)
{
	pthread_mutex_lock(&sqlite->pool_mutex);
	session->next = sqlite->pool;
	sqlite->pool = session;
	pthread_cond_signal(&sqlite->pool_free);
	pthread_mutex_unlock(&sqlite->pool_mutex);
}

/* Closes the idle readers but for the first `keep`. */
static void pool_cut(struct sqlite_store *sqlite, unsigned keep)
{
	struct session **at = &sqlite->pool;

	while (*at && keep--)
		at = &(*at)->next;
	while (*at) {
		struct session *session = *at;
		*at = session->next;
		reader_free(session);
		sqlite->readers--;
	}
}

void pool_shrink(struct sqlite_store *sqlite)
{
	pthread_mutex_lock(&sqlite->pool_mutex);
	pool_cut(sqlite, 1);
	if (sqlite->pool)
		session_shrink(sqlite->pool);
	pthread_mutex_unlock(&sqlite->pool_mutex);
}

void pool_close(struct sqlite_store *sqlite)
{
	pthread_mutex_lock(&sqlite->pool_mutex);
	pool_cut(sqlite, 0);
	pthread_mutex_unlock(&sqlite->pool_mutex);
}
