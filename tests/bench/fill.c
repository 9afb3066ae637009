/*
 * fill: writes organizations, folders, identities and role bindings straight into a store's file, millions of them.
 *
 * The folder was opened by reeved before, which made the schema, the built-in roles and the operators' group; nobody has it
 * open now. An organization is a chain of `depth` folders with IDENTITIES_EACH identities; each identity is bound in turn at
 * different levels of it. The same arguments make the same rows.
 *
 * Usage: bench-fill <data folder> <identities> <bindings> <depth> <issuer> [lean]
 *        lean: without the indexes that loading does not read, for sizes that only the index in memory is measured with
 * Prints the text of the first identities' ids with the id of their deepest folder, one pair a line.
 */
#include <sqlite3.h>
#include <string.h>

#include "bench.h"

#include "base/random.h"
#include "model/role.h"
#include "store/tables.h"

#define IDENTITIES_EACH 100
#define DEPTH_MAX 20
#define PRINTED_MAX 4096
#define INDEXES_MAX 16
#define INDEX_BYTES 512

static sqlite3 *db;
static uint64_t seed = 1;

static void run(const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL))
		DIE("%s: %s", sql, sqlite3_errmsg(db));
}

/* ---- indexes: dropped before, made again after, which sorts once ---- */

struct indexes {
	char name[INDEXES_MAX][64], sql[INDEXES_MAX][INDEX_BYTES];
	size_t count;
};

static void drop_indexes(struct indexes *indexes)
{
	sqlite3_stmt *stmt;
	char text[128];

	if (sqlite3_prepare_v2(db,
			       "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
			       "AND tbl_name IN ('groups', 'identities', 'bindings')",
			       -1, &stmt, NULL))
		DIE("%s", sqlite3_errmsg(db));
	while (sqlite3_step(stmt) == SQLITE_ROW && indexes->count < INDEXES_MAX) {
		(void)snprintf(indexes->name[indexes->count], 64, "%s", (const char *)sqlite3_column_text(stmt, 0));
		(void)snprintf(indexes->sql[indexes->count], INDEX_BYTES, "%s", (const char *)sqlite3_column_text(stmt, 1));
		indexes->count++;
	}
	sqlite3_finalize(stmt);
	for (size_t i = 0; i < indexes->count; i++) {
		(void)snprintf(text, sizeof(text), "DROP INDEX \"%s\"", indexes->name[i]);
		run(text);
	}
}

static void make_indexes(const struct indexes *indexes, bool is_lean)
{
	for (size_t i = 0; i < indexes->count; i++)
		if (!is_lean || strcmp(indexes->name[i], "bindings_by_identity") == 0)
			run(indexes->sql[i]);
}

/* ---- rows, by their table's own description ---- */

struct writer {
	const struct table *table;
	sqlite3_stmt *stmt;
};

static void writer_open(struct writer *writer, const struct table *table)
{
	char sql[2048];
	size_t len = (size_t)snprintf(sql, sizeof(sql), "INSERT INTO \"%s\" VALUES (?", table->name);

	for (size_t i = 1; i < table->column_count; i++)
		len += (size_t)snprintf(sql + len, sizeof(sql) - len, ", ?");
	(void)snprintf(sql + len, sizeof(sql) - len, ")");
	writer->table = table;
	if (sqlite3_prepare_v2(db, sql, -1, &writer->stmt, NULL))
		DIE("%s: %s", sql, sqlite3_errmsg(db));
}

static void bind_column(sqlite3_stmt *stmt, int at, const struct column *column, const void *value)
{
	const struct uid *uid = value;
	const slice *text = value;

	switch (column->type) {
	case COLUMN_UID:
		if (uid_is_none(uid))
			(void)sqlite3_bind_null(stmt, at); /* these fail at the step */
		else
			(void)sqlite3_bind_blob(stmt, at, uid->at, uid->len, SQLITE_STATIC);
		return;
	case COLUMN_TEXT:
		(void)sqlite3_bind_text(stmt, at, text->len ? text->at : "", (int)text->len, SQLITE_STATIC);
		return;
	case COLUMN_INT:
		(void)sqlite3_bind_int64(stmt, at, *(const int64_t *)value);
		return;
	case COLUMN_BOOL:
		(void)sqlite3_bind_int(stmt, at, *(const bool *)value);
		return;
	case COLUMN_BYTES:
	case COLUMN_CAPS:
		DIE("no table filled here has a column like %s", column->name);
	}
}

static void write_row(const struct writer *writer, const void *row)
{
	for (size_t i = 0; i < writer->table->column_count; i++)
		bind_column(writer->stmt, (int)i + 1, &writer->table->columns[i], column_at(&writer->table->columns[i], row));
	if (sqlite3_step(writer->stmt) != SQLITE_DONE)
		DIE("%s: %s", writer->table->name, sqlite3_errmsg(db));
	(void)sqlite3_reset(writer->stmt); /* the step told */
}

/* ---- what is written ---- */

struct size {
	uint64_t identities, bindings, depth;
	slice issuer;
};

struct filling {
	struct size size;
	struct writer groups, identities, bindings;
	uint64_t written_identities, written_bindings;
	struct uid chain[DEPTH_MAX + 1]; /* the organization and its folders */
};

static void random_bytes(uint8_t *into, size_t len)
{
	while (len) {
		uint64_t word = random_below(&seed, UINT64_MAX);
		size_t n = len < sizeof(word) ? len : sizeof(word);
		memcpy(into, &word, n);
		into += n;
		len -= n;
	}
}

static struct uid below(const struct uid *parent)
{
	struct uid uid = *parent;

	random_bytes(uid.at + uid.len, UID_STEP_BYTES);
	uid.len += UID_STEP_BYTES;
	return uid;
}

/* In the order of their ids, so that the tables grow at their end. */
static void write_chain(struct filling *filling, uint64_t number, uint64_t organizations)
{
	uint32_t first = (uint32_t)((number << 32) / organizations);
	char name[32];
	struct group group = { .kind = 1, .status = 1, .created_us = 1, .updated_us = 1 };

	group.uid.len = UID_ROOT_BYTES;
	random_bytes(group.uid.at, UID_ROOT_BYTES);
	for (size_t i = 0; i < 4; i++)
		group.uid.at[i] = (uint8_t)(first >> (24 - 8 * i));
	group.name = slice_of(name, (size_t)snprintf(name, sizeof(name), "org%llu.example", (unsigned long long)number));
	group.is_verified = true;
	for (uint64_t level = 0; level <= filling->size.depth; level++) {
		filling->chain[level] = group.uid;
		write_row(&filling->groups, &group);
		group.parent = group.uid;
		group.uid = below(&group.parent);
		group.name = SLICE("folder");
		group.is_verified = false;
	}
}

/* At levels that follow one another, from any of them; a level's second turn has another role. */
static void write_bindings(struct filling *filling, const struct uid *identity, uint64_t count)
{
	static const enum builtin_role roles[] = { ROLE_VIEWER, ROLE_REGISTRY_PULL, ROLE_REGISTRY_PUSH, ROLE_EDITOR,
						   ROLE_OWNER };
	static const uint8_t often[] = { 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4 }; /* places in roles */
	uint64_t levels = filling->size.depth + 1, first = random_below(&seed, levels);
	uint64_t role = often[random_below(&seed, sizeof(often))];

	for (uint64_t i = 0; i < count; i++) {
		struct binding binding = { .group = filling->chain[(first + i) % levels],
					   .identity = *identity,
					   .role = role_builtin(roles[(role + i / levels) % 5])->uid,
					   .created_us = 1 };
		binding.uid = below(&binding.group);
		write_row(&filling->bindings, &binding);
		filling->written_bindings++;
	}
}

static void print_pair(const struct filling *filling, const struct uid *identity)
{
	char who[UID_TEXT_BYTES], where[UID_TEXT_BYTES];

	uid_format(identity, who);
	uid_format(&filling->chain[filling->size.depth], where);
	(void)printf("%s %s\n", who, where);
}

static void write_identity(struct filling *filling)
{
	uint64_t number = filling->written_identities, left = filling->size.identities - number;
	char name[32], subject[64];
	struct identity identity = { .parent = filling->chain[0],
				     .relationship = RELATIONSHIP_CLAIM_MATCH,
				     .issuer_kind = MATCH_EXACT,
				     .subject_kind = MATCH_EXACT,
				     .issuer = filling->size.issuer,
				     .created_us = 1,
				     .updated_us = 1 };

	identity.uid = below(&identity.parent);
	identity.name = slice_of(name, (size_t)snprintf(name, sizeof(name), "builder%llu", (unsigned long long)number));
	identity.subject = slice_of(
		subject, (size_t)snprintf(subject, sizeof(subject), "repo:example/app%llu", (unsigned long long)number));
	write_row(&filling->identities, &identity);
	write_bindings(filling, &identity.uid, (filling->size.bindings - filling->written_bindings) / left);
	if (number < PRINTED_MAX)
		print_pair(filling, &identity.uid);
	filling->written_identities++;
}

static void fill(struct filling *filling)
{
	uint64_t organizations = (filling->size.identities + IDENTITIES_EACH - 1) / IDENTITIES_EACH;

	writer_open(&filling->groups, &table_groups);
	writer_open(&filling->identities, &table_identities);
	writer_open(&filling->bindings, &table_bindings);
	for (uint64_t i = 0; i < organizations; i++) {
		write_chain(filling, i, organizations);
		for (int k = 0; k < IDENTITIES_EACH && filling->written_identities < filling->size.identities; k++)
			write_identity(filling);
	}
	sqlite3_finalize(filling->groups.stmt);
	sqlite3_finalize(filling->identities.stmt);
	sqlite3_finalize(filling->bindings.stmt);
}

int main(int argc, char **argv)
{
	static struct filling filling;
	static struct indexes indexes;
	char path[4096];
	bool is_lean = argc == 7 && strcmp(argv[6], "lean") == 0;

	if (argc != 6 && !is_lean)
		DIE("usage: bench-fill <data folder> <identities> <bindings> <depth> <issuer> [lean]");
	filling.size =
		(struct size){ number_of(argv[2]), number_of(argv[3]), number_of(argv[4]), slice_of(argv[5], strlen(argv[5])) };
	if (filling.size.depth > DEPTH_MAX || filling.size.identities == 0)
		DIE("a depth of at most %d and at least one identity", DEPTH_MAX);
	(void)snprintf(path, sizeof(path), "%s/reeve.db", argv[1]);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL))
		DIE("%s: %s", path, sqlite3_errmsg(db));
	run("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;"
	    "PRAGMA cache_size = -1000000; PRAGMA foreign_keys = OFF; BEGIN");
	drop_indexes(&indexes);
	fill(&filling);
	make_indexes(&indexes, is_lean);
	run("COMMIT; PRAGMA journal_mode = WAL");
	sqlite3_close(db);
	return 0;
}
