/*
 * commit: SQLite's own price for role bindings: the rows that the API wrote, committed one transaction at a time.
 *
 * The file is a copy of a store that the API filled (WAL, synchronous=FULL and the same indexes, since it is the same file).
 * Revisions that made one binding and nothing else are taken out of it and written again: binding, event, change, counter.
 *
 * Usage: bench-commit <data folder> <seconds>     (nobody else has it open; its rows end as they were)
 * Prints one JSON object.
 */
#include <sqlite3.h>
#include <string.h>

#include "bench.h"

#include "store/store.h"

static sqlite3 *db;

static void run(const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL))
		DIE("%s: %s", sql, sqlite3_errmsg(db));
}

static sqlite3_stmt *prepare(const char *sql)
{
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL))
		DIE("%s: %s", sql, sqlite3_errmsg(db));
	return stmt;
}

static void step(sqlite3_stmt *stmt, int64_t revision)
{
	if (sqlite3_bind_parameter_count(stmt))
		(void)sqlite3_bind_int64(stmt, 1, revision); /* fails at the step */
	if (sqlite3_step(stmt) != SQLITE_DONE)
		DIE("%s: %s", sqlite3_sql(stmt), sqlite3_errmsg(db));
	(void)sqlite3_reset(stmt); /* the step told */
}

/* The rows go to memory, so that reading them costs the measured part next to nothing. */
static void take_out(void)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
		       "CREATE TABLE kept.c AS SELECT * FROM changes WHERE kind = %d AND op = %d AND revision IN "
		       "(SELECT revision FROM changes GROUP BY revision HAVING count(*) = 1)",
		       CHANGE_BINDING, CHANGE_PUT);
	run("ATTACH ':memory:' AS kept; BEGIN");
	run(text);
	run("CREATE TABLE kept.b AS SELECT c.revision AS at, bindings.* FROM kept.c AS c JOIN bindings ON uid = c.key;"
	    "CREATE TABLE kept.e AS SELECT * FROM events WHERE revision IN (SELECT revision FROM kept.c);"
	    "CREATE UNIQUE INDEX kept.c1 ON c (revision); CREATE INDEX kept.b1 ON b (at); CREATE INDEX kept.e1 ON e (revision);"
	    "DELETE FROM bindings WHERE uid IN (SELECT uid FROM kept.b);"
	    "DELETE FROM events WHERE revision IN (SELECT revision FROM kept.c);"
	    "DELETE FROM changes WHERE revision IN (SELECT revision FROM kept.c);"
	    "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
}

static void write_all(int64_t for_ns)
{
	sqlite3_stmt *revisions = prepare("SELECT revision FROM kept.c ORDER BY revision");
	sqlite3_stmt *steps[] = {
		prepare("BEGIN IMMEDIATE"),
		prepare("INSERT INTO bindings SELECT uid, \"group\", identity, role, not_before_s, expires_s, created_us FROM "
			"kept.b "
			"WHERE at = ?1"),
		prepare("INSERT INTO events SELECT * FROM kept.e WHERE revision = ?1"),
		prepare("INSERT INTO changes SELECT * FROM kept.c WHERE revision = ?1"),
		prepare("UPDATE counter SET revision = ?1"),
		prepare("COMMIT"),
	};
	int64_t begun = ticks_ns(), now = begun;
	size_t count = 0;

	while (now - begun < for_ns && sqlite3_step(revisions) == SQLITE_ROW) {
		int64_t revision = sqlite3_column_int64(revisions, 0);
		for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
			step(steps[i], revision);
		count++;
		now = ticks_ns();
	}
	(void)printf("{\"rows\":%zu,\"seconds\":%.3f,\"rate\":%.1f}\n", count, (double)(now - begun) / 1e9,
		     count ? (double)count * 1e9 / (double)(now - begun) : 0);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		sqlite3_finalize(steps[i]);
	sqlite3_finalize(revisions);
}

int main(int argc, char **argv)
{
	char path[4096];

	if (argc != 3)
		DIE("usage: bench-commit <data folder> <seconds>");
	(void)snprintf(path, sizeof(path), "%s/reeve.db", argv[1]);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL))
		DIE("%s: %s", path, sqlite3_errmsg(db));
	run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192;"
	    "PRAGMA temp_store = MEMORY");
	take_out();
	write_all((int64_t)(strtod(argv[2], NULL) * 1e9));
	sqlite3_close(db);
	return 0;
}
