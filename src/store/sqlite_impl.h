/*
 * sqlite_impl: what the files sqlite*.c share.
 *
 * One writing session on the writer's thread, a pool of read-only ones opened when first needed. A session is one
 * connection with its prepared statements, used by one thread at a time.
 */
#ifndef STORE_SQLITE_IMPL_H
#define STORE_SQLITE_IMPL_H

#include "base/buffer.h"
#include "base/mem.h"
#include "store/store_impl.h"

/* sqlite3.h is included by sqlite*.c alone. */
struct sqlite3;
struct sqlite3_stmt;

/* ---- SQL made from shapes (sqlite_sql.c) ---- */

enum sql_op {
	SQL_INSERT,
	SQL_UPDATE,
	SQL_PUT, /* every column is parameter number index + 1 */
	SQL_DELETE,
	SQL_FIND, /* the key columns are */
	SQL_SELECT,
	SQL_COUNT, /* parameters in the order of the text: conditions, place, limit, skip */
	SQL_BEGIN_WRITE,
	SQL_BEGIN_READ,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_SAVE,
	SQL_RELEASE,
	SQL_UNDO,
	SQL_COUNTER_GET,
	SQL_COUNTER_SET,
	SQL_LOG,
	SQL_LOG_TRIM,
};

/* UIDs in a condition as the power of two they are filled up to, or: */
#define WAYS_IS_NULL 255

/* All that decides a statement's text; compared as bytes, so it starts zeroed. */
struct shape {
	const struct table *table; /* NULL from SQL_BEGIN_WRITE on */
	uint8_t op, where_count, is_descending, has_limit, has_after;
	int8_t order_by;  /* -1: the key */
	uint64_t columns; /* a bit for each one that is read */
	struct {
		uint8_t kind, column, ways;
	} where[QUERY_CONDITIONS_MAX];
};

void shape_of_plan(const struct plan *plan, enum sql_op op, struct shape *ret_shape);
/* The number of uids a condition of these ways has room for. */
static inline size_t ways_count(uint8_t ways)
{
	return (size_t)1 << ways;
}
/* The text for a shape. */
void sql_write(const struct shape *shape, struct buffer *out);
#define SQL_BYTES_MAX ((size_t)512 * 1024)

/* ---- sessions (sqlite_session.c) ---- */

/* Waiting for a lock another process holds, such as a person's own sqlite3. */
#define SQLITE_BUSY_MS 2000
/* Statements kept per session; the one unused longest goes first. */
#define STATEMENTS_MAX 64

struct statement {
	struct shape shape;
	uint64_t used;
	struct sqlite3_stmt *stmt;
	bool is_busy;
};

struct session {
	struct sqlite3 *db;
	struct statement statements[STATEMENTS_MAX];
	uint64_t uses;
	struct session *next; /* in the pool */
};

/* A statement taken for one use; use_done resets it. */
struct use {
	struct statement *slot; /* NULL: not kept */
	struct sqlite3_stmt *stmt;
};

struct sqlite_store {
	struct store store; /* first */
	char *folder, *file;
	const char *vfs;
	int lock_fd;
	bool unsafe_no_sync;
	unsigned checkpoint_pages;
	struct session writer;
	int64_t wal_pages, checkpoint_at; /* the log's length at the last commit; when to copy it back */
	uint64_t trimmed;                 /* the change log holds nothing up to here */
	pthread_mutex_t pool_mutex;
	pthread_cond_t pool_free;
	struct session *pool;
	unsigned readers, readers_max;
	_Atomic bool is_copying; /* one backup at a time */
};

/* Configures the library for the whole process, once. */
void sqlite_setup(void);
/* Flags as of sqlite3_open_v2; the common settings are made, nothing of the file is read yet. */
FALLIBLE session_open(struct session *session, const char *file, int flags, const char *vfs);
/* Fine on one that is not open. */
void session_close(struct session *session);
/* Gives back statements and cached pages. */
void session_shrink(struct session *session);
/* SQL without parameters and results. */
FALLIBLE session_exec(struct session *session, const char *sql);
/* The first column of the first row; FAULT_LOST when there is none. */
FALLIBLE session_number(struct session *session, const char *sql, int64_t *ret_number);
/* The fault for a result code other than OK, ROW and DONE, with SQLite's own words as a note. */
status session_fault(struct session *session, int rc);

FALLIBLE use_begin(struct session *session, const struct shape *shape, struct use *ret_use);
void use_done(struct use *use);
/* A statement without parameters and rows. */
FALLIBLE session_run(struct session *session, enum sql_op op);

/* A reader from the pool, opened when needed; waits while all are taken. */
FALLIBLE pool_take(struct sqlite_store *sqlite, struct session **ret_session);
void pool_give(struct sqlite_store *sqlite, struct session *session);
/* Gives memory back; keeps one idle reader. */
void pool_shrink(struct sqlite_store *sqlite);
void pool_close(struct sqlite_store *sqlite);

/* ---- rows (sqlite_rows.c) ---- */

status sqlite_write(struct tx *tx, const struct table *table, enum write_op op, const void *row);
status sqlite_remove(struct tx *tx, const struct table *table, const void *key, bool *ret_removed);
status sqlite_find(struct tx *tx, const struct table *table, const void *key, row_fn each, void *user);
status sqlite_select(struct tx *tx, const struct plan *plan, row_fn each, void *user);
status sqlite_count(struct tx *tx, const struct plan *plan, int64_t *ret_count);
status sqlite_log(struct tx *tx, const struct change *changes, size_t count);

/* ---- files (sqlite_file.c) ---- */

#define DATABASE_NAME "reeve.db"
/* Makes the folder (0700) and an empty database file (0600) when missing, takes the lock. */
FALLIBLE folder_open(const char *folder, const char *file, int *ret_lock_fd);
/* An empty file, readable for us alone, unless there is one: SQLite would make it readable for others, and its log and index
 * take over the mode. */
FALLIBLE file_make(const char *file);
/* The folder (0700) unless there is one. */
FALLIBLE folder_make(const char *folder);
/* fsync of a file by name. */
FALLIBLE file_sync(const char *path);
/* fsync of the folder a file stands in. */
FALLIBLE folder_of_sync(const char *file);
/* Renames for good; ALREADY_EXISTS when `to` is there. */
FALLIBLE file_move(const char *from, const char *to);
/* On the heap. */
FALLIBLE path_join(const char *folder, const char *name, char **ret_path);
FALLIBLE path_folder(const char *file, char **ret_folder);
static inline void path_freep(char **path)
{
	*path = mem_free(*path);
}

/* ---- migrations (sqlite_migrate.c) ---- */

struct migration {
	int number;
	const char *checksum; /* SHA-256 of the file, hex */
	const char *sql;
};
/* Ends with number 0; made at build time from migrations/. A test may replace it. */
extern const struct migration migrations_embedded[];
FALLIBLE migrate(struct session *session, const struct migration *migrations, int64_t now_us);
/* FAULT_LOST or FAULT_STATE unless exactly these migrations were applied. */
FALLIBLE migrate_check(struct session *session, const struct migration *migrations);

/* The random name of this history, and the mark that gives a copy a new one when it is opened. */
#define FACT_EPOCH "epoch"
#define FACT_IS_COPY "is_copy"

/* ---- backup (sqlite_backup.c), checks (sqlite_verify.c) ---- */

status sqlite_backup(struct store *store, const char *file);
/* The tables have the columns that tables.h says; FAULT_LOST names the first that differs. */
FALLIBLE schema_check(struct session *session);

#endif
