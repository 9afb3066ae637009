/*
 * commit: SQLite's own price for role bindings or sessions: the rows that the API wrote, committed one transaction at a time.
 *
 * The file is a copy of a store that the API filled (WAL, synchronous=FULL and the same indexes, since it is the same file).
 * Revisions that made one binding and nothing else are taken out of it and written again: binding, event, change, counter.
 * Sessions are moved to their next generation, one after another: session, change, counter.
 *
 * Usage: bench-commit <data folder> <seconds> [families]     (nobody else has it open; bindings end as they were)
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

/* What one more use of a refresh token changes. */
static void rotate_all(int64_t for_ns)
{
	sqlite3_stmt *families = prepare("SELECT rowid FROM families");
	sqlite3_stmt *steps[] = {
		prepare("BEGIN IMMEDIATE"),
		prepare("UPDATE families SET generation = generation + 1, rotated_us = rotated_us + 1000000, "
			"idle_us = idle_us + 1000000 WHERE rowid = ?1"),
		prepare("INSERT INTO changes (revision, ordinal, kind, op) SELECT revision + 1, 0, 0, 0 FROM counter"),
		prepare("UPDATE counter SET revision = revision + 1"),
		prepare("COMMIT"),
	};
	int64_t ids[1024], begun, now;
	size_t known = 0, count = 0;

	while (known < sizeof(ids) / sizeof(*ids) && sqlite3_step(families) == SQLITE_ROW)
		ids[known++] = sqlite3_column_int64(families, 0);
	sqlite3_finalize(families);
	if (known == 0)
		DIE("nobody has a session");
	for (begun = now = ticks_ns(); now - begun < for_ns; now = ticks_ns(), count++)
		for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
			step(steps[i], ids[count % known]);
	(void)printf("{\"rows\":%zu,\"seconds\":%.3f,\"rate\":%.1f}\n", count, (double)(now - begun) / 1e9,
		     (double)count * 1e9 / (double)(now - begun));
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		sqlite3_finalize(steps[i]);
}

int main(int argc, char **argv)
{
	char path[4096];
	bool is_families = argc == 4 && strcmp(argv[3], "families") == 0;
	int64_t for_ns;

	if (argc != 3 && !is_families)
		DIE("usage: bench-commit <data folder> <seconds> [families]");
	for_ns = (int64_t)(strtod(argv[2], NULL) * 1e9);
	(void)snprintf(path, sizeof(path), "%s/reeve.db", argv[1]);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL))
		DIE("%s: %s", path, sqlite3_errmsg(db));
	run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192;"
	    "PRAGMA temp_store = MEMORY");
	if (is_families) {
		rotate_all(for_ns);
	} else {
		take_out();
		write_all(for_ns);
	}
	sqlite3_close(db);
	return 0;
}
