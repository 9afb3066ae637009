/*
 * The columns in tables.h, the rules in tables.c and the migrated schema say the same.
 */
#include "fixture.h"

#include <sqlite3.h>

static sqlite3 *open_file(struct fixture *f)
{
	sqlite3 *db;

	f->store = store_close(f->store);
	CHECK(sqlite3_open(arena_printf(f->arena, "%s/reeve.db", f->folder), &db) == SQLITE_OK);
	return db;
}

/* The first column of all rows, joined with spaces. */
static const char *ask(struct fixture *f, sqlite3 *db, const char *sql)
{
	const char *text = "";
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	while (sqlite3_step(stmt) == SQLITE_ROW)
		text = arena_printf(f->arena, "%s%s%s", text, *text ? " " : "", (const char *)sqlite3_column_text(stmt, 0));
	CHECK(sqlite3_finalize(stmt) == SQLITE_OK);
	return text;
}

TEST(every_table_has_the_columns_that_are_declared)
{
	struct fixture f = fixture_new();
	sqlite3 *db = open_file(&f);
	size_t count;
	const struct table *const *tables = tables_all(&count);

	for (size_t i = 0; i < count; i++) {
		const struct table *table = tables[i];
		const char *want = "", *keys = "";
		for (size_t c = 0; c < table->column_count; c++)
			want = arena_printf(f.arena, "%s%s%s", want, c ? " " : "", table->columns[c].name);
		for (size_t c = 0; c < table->key_count; c++)
			keys = arena_printf(f.arena, "%s%s%s", keys, c ? " " : "", table->columns[c].name);
		assert_string_equal(ask(&f, db, arena_printf(f.arena, "SELECT name FROM pragma_table_info('%s')", table->name)),
				    want);
		assert_string_equal(ask(&f, db,
					arena_printf(f.arena, "SELECT name FROM pragma_table_info('%s') WHERE pk ORDER BY pk",
						     table->name)),
				    keys);
		for (size_t c = 0; c < table->column_count; c++)
			CHECK_INT(table_column(table, table->columns[c].name), c);
	}
	CHECK_INT(table_column(&table_groups, "no such column"), -1);
	CHECK(sqlite3_close(db) == SQLITE_OK);
	fixture_done(&f);
}

TEST(every_table_is_strict_and_none_is_undeclared)
{
	struct fixture f = fixture_new();
	sqlite3 *db = open_file(&f);
	size_t count;

	(void)tables_all(&count);
	assert_string_equal(ask(&f, db,
				"SELECT name FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%' "
				"AND NOT strict"),
			    "");
	/* counter, changes and migrations are the store's own */
	assert_string_equal(
		ask(&f, db, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'"),
		arena_printf(f.arena, "%zu", count + 3));
	CHECK(sqlite3_close(db) == SQLITE_OK);
	fixture_done(&f);
}

/* "parent>groups role>roles": sorted by column name, as SQL gives them below. */
static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *join_sorted(struct fixture *f, const char **texts, size_t count)
{
	const char *joined = "";

	qsort(texts, count, sizeof(*texts), by_name);
	for (size_t i = 0; i < count; i++)
		joined = arena_printf(f->arena, "%s%s%s", joined, i ? " " : "", texts[i]);
	return joined;
}

TEST(the_schema_holds_every_declared_reference_and_no_other)
{
	struct fixture f = fixture_new();
	sqlite3 *db = open_file(&f);
	size_t count;
	const struct table *const *tables = tables_all(&count);

	for (size_t i = 0; i < count; i++) {
		const char *texts[8];
		for (size_t r = 0; r < tables[i]->reference_count; r++)
			texts[r] = arena_printf(f.arena, "%s>%s", tables[i]->columns[tables[i]->references[r].column].name,
						tables[i]->references[r].table->name);
		assert_string_equal(ask(&f, db,
					arena_printf(f.arena,
						     "SELECT \"from\" || '>' || \"table\" AS t FROM "
						     "pragma_foreign_key_list('%s') ORDER BY t",
						     tables[i]->name)),
				    join_sorted(&f, texts, tables[i]->reference_count));
	}
	CHECK(sqlite3_close(db) == SQLITE_OK);
	fixture_done(&f);
}

TEST(the_schema_holds_every_declared_unique_and_no_other)
{
	struct fixture f = fixture_new();
	sqlite3 *db = open_file(&f);
	size_t count;
	const struct table *const *tables = tables_all(&count);

	for (size_t i = 0; i < count; i++) {
		const char *texts[8];
		for (size_t u = 0; u < tables[i]->unique_count; u++) {
			const struct unique *unique = &tables[i]->uniques[u];
			texts[u] = unique->only_roots || unique->only_if ? "partial:" : "";
			for (size_t c = 0; c < unique->count; c++)
				texts[u] = arena_printf(f.arena, "%s%s%s", texts[u], c ? "," : "",
							tables[i]->columns[unique->columns[c]].name);
		}
		assert_string_equal(
			ask(&f, db,
			    arena_printf(f.arena,
					 "SELECT iif(l.partial, 'partial:', '') || (SELECT group_concat(name) FROM (SELECT "
					 "name FROM "
					 "pragma_index_info(l.name) ORDER BY seqno)) AS t FROM pragma_index_list('%s') AS l "
					 "WHERE l.\"unique\" AND l.origin <> 'pk' ORDER BY t",
					 tables[i]->name)),
			join_sorted(&f, texts, tables[i]->unique_count));
	}
	CHECK(sqlite3_close(db) == SQLITE_OK);
	fixture_done(&f);
}

static const char *plan(struct fixture *f, sqlite3 *db, const char *sql)
{
	const char *text = "";
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(db, arena_printf(f->arena, "EXPLAIN QUERY PLAN %s", sql), -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	while (sqlite3_step(stmt) == SQLITE_ROW)
		text = arena_printf(f->arena, "%s|%s", text, (const char *)sqlite3_column_text(stmt, 3));
	CHECK(sqlite3_finalize(stmt) == SQLITE_OK);
	return text;
}

TEST(the_index_that_authorization_loads_from_needs_no_table_and_no_sorting)
{
	static const char all[] = "\"uid\", \"group\", \"identity\", \"role\", \"not_before_s\", \"expires_s\", \"created_us\"";
	struct fixture f = fixture_new();
	sqlite3 *db = open_file(&f);

	assert_string_equal(
		plan(&f, db, arena_printf(f.arena, "SELECT %s FROM \"bindings\" ORDER BY \"identity\", \"uid\"", all)),
		"|SCAN bindings USING COVERING INDEX bindings_by_identity");
	assert_string_equal(
		plan(&f, db, arena_printf(f.arena, "SELECT %s FROM \"bindings\" WHERE \"identity\" = ? ORDER BY \"uid\"", all)),
		"|SEARCH bindings USING COVERING INDEX bindings_by_identity (identity=?)");
	CHECK(sqlite3_close(db) == SQLITE_OK);
	fixture_done(&f);
}

TEST(what_a_reference_check_looks_up_has_an_index)
{
	struct fixture f = fixture_new();
	sqlite3 *db = open_file(&f);
	size_t count;
	const struct table *const *tables = tables_all(&count);

	for (size_t i = 0; i < count; i++)
		for (size_t r = 0; r < tables[i]->reference_count; r++) {
			const char *text = plan(&f, db,
						arena_printf(f.arena, "SELECT 1 FROM \"%s\" WHERE \"%s\" = ?", tables[i]->name,
							     tables[i]->columns[tables[i]->references[r].column].name));
			if (!strstr(text, "SEARCH"))
				fail_msg("%s: %s", tables[i]->name, text);
		}
	CHECK(sqlite3_close(db) == SQLITE_OK);
	fixture_done(&f);
}

TESTS(every_table_has_the_columns_that_are_declared, every_table_is_strict_and_none_is_undeclared,
      the_schema_holds_every_declared_reference_and_no_other, the_schema_holds_every_declared_unique_and_no_other,
      the_index_that_authorization_loads_from_needs_no_table_and_no_sorting, what_a_reference_check_looks_up_has_an_index)
