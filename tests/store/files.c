/*
 * What only a store on disk has: its folder and lock, its file's schema, backups, checks.
 */
#include "fixture.h"

#include <dirent.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/wait.h>

/* Runs SQL in the closed store's file, as somebody with a tool of their own could. */
static void tamper(struct fixture *f, const char *sql)
{
	char path[128];
	sqlite3 *db;

	(void)snprintf(path, sizeof(path), "%s/reeve.db", f->folder);
	CHECK(sqlite3_open(path, &db) == SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	CHECK(sqlite3_close(db) == SQLITE_OK);
}

static char *path_in(struct fixture *f, const char *name)
{
	return arena_printf(f->arena, "%s/%s", f->folder, name);
}

static unsigned mode_of(const char *path)
{
	struct stat about;

	CHECK(stat(path, &about) == 0);
	return about.st_mode & 0777;
}

/* ---- folder and lock ---- */

TEST(nobody_else_may_read_what_the_store_makes)
{
	struct fixture f = fixture_folder();
	struct group org = group_at("o", "o");
	mode_t before = umask(0);
	char *inner = path_in(&f, "var");

	f.options.path = inner;
	CHECK_OK(store_open_sqlite(&f.options, &f.store));
	CHECK_OK(insert(&f, &table_groups, &org));
	CHECK_OK(store_backup(f.store, path_in(&f, "copies/one.db")));
	CHECK_INT(mode_of(inner), 0700);
	CHECK_INT(mode_of(path_in(&f, "var/reeve.db")), 0600);
	CHECK_INT(mode_of(path_in(&f, "var/reeve.db-wal")), 0600);
	CHECK_INT(mode_of(path_in(&f, "var/reeve.db-shm")), 0600);
	CHECK_INT(mode_of(path_in(&f, "var/lock")), 0600);
	CHECK_INT(mode_of(path_in(&f, "copies")), 0700);
	CHECK_INT(mode_of(path_in(&f, "copies/one.db")), 0600);
	(void)umask(before);
	fixture_done(&f);
}

TEST(a_second_process_is_refused_in_one_sentence_with_the_firsts_id)
{
	struct fixture f = fixture_new();
	char want[160];
	int ended;
	pid_t child;

	(void)snprintf(want, sizeof(want), "Precondition failed: process %d is using the data folder %s; stop it first",
		       (int)getpid(), f.folder);
	f.options.path = f.folder;
	child = fork();
	if (child == 0) {
		struct store *second;
		status st = store_open_sqlite(&f.options, &second);
		_exit(st.fault == FAULT_STATE && strcmp(report_current()->text, want) == 0 ? 0 : 1);
	}
	CHECK(waitpid(child, &ended, 0) == child && WIFEXITED(ended));
	CHECK_INT(WEXITSTATUS(ended), 0);
	CHECK_OK(fixture_reopen(&f)); /* and after the first is gone it is free */
	fixture_done(&f);
}

TEST(a_folder_that_cannot_be_made_is_told)
{
	struct fixture f = fixture_folder();
	struct store_options options = { .path = "/proc/nowhere/var" };

	CHECK_FAULT(FAULT_UNAVAILABLE, store_open_sqlite(&options, &f.store));
	CHECK(strstr(report_current()->text, "/proc/nowhere/var"));
	fixture_done(&f);
}

/* ---- opening again ---- */

TEST(a_store_opened_again_holds_what_was_acknowledged_and_goes_on_counting)
{
	struct fixture f = fixture_new();
	struct group org = group_at("o", "o"), other = group_at("p", "p");
	char epoch[17];
	uint64_t revision;

	CHECK_OK(insert(&f, &table_groups, &org));
	revision = store_revision(f.store);
	memcpy(epoch, store_epoch(f.store).at, 17);
	CHECK_OK(fixture_reopen(&f));
	CHECK_INT(store_revision(f.store), revision);
	CHECK_SLICE(store_epoch(f.store), epoch);
	CHECK(find(&f, &table_groups, &org, &org));
	CHECK_OK(insert(&f, &table_groups, &other));
	CHECK_INT(store_revision(f.store), revision + 1);
	fixture_done(&f);
}

TEST(a_closed_store_leaves_one_file_that_is_sound)
{
	struct fixture f = fixture_new();
	struct group org = group_at("o", "o");

	CHECK_OK(insert(&f, &table_groups, &org));
	CHECK_OK(store_verify(f.folder)); /* while it is open too */
	f.store = store_close(f.store);
	CHECK(access(path_in(&f, "reeve.db-wal"), F_OK) != 0);
	CHECK_OK(store_verify(f.folder));
	CHECK_OK(store_verify(path_in(&f, "reeve.db")));
	fixture_done(&f);
}

TEST(a_changed_migration_is_refused_and_the_file_left_alone)
{
	struct fixture f = fixture_new();

	f.store = store_close(f.store);
	tamper(&f, "UPDATE migrations SET checksum = 'other' WHERE number = 1");
	CHECK_FAULT(FAULT_STATE, fixture_reopen(&f));
	CHECK(strstr(report_current()->text, "migration 1 was changed"));
	CHECK_FAULT(FAULT_STATE, store_verify(f.folder));
	tamper(&f, "SELECT * FROM groups");
	fixture_done(&f);
}

TEST(a_newer_schema_is_refused_by_name)
{
	struct fixture f = fixture_new();

	f.store = store_close(f.store);
	tamper(&f, "INSERT INTO migrations VALUES (9999, 'x', 0)");
	CHECK_FAULT(FAULT_STATE, fixture_reopen(&f));
	CHECK(strstr(report_current()->text, "schema 9999"));
	fixture_done(&f);
}

TEST(a_file_that_is_not_ours_is_refused_and_left_alone)
{
	struct fixture f = fixture_folder();

	tamper(&f, "CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
	CHECK_FAULT(FAULT_LOST, fixture_reopen(&f));
	tamper(&f, "SELECT a FROM theirs");
	fixture_done(&f);
}

TEST(a_file_that_is_no_database_is_refused)
{
	struct fixture f = fixture_folder();
	FILE *file = fopen(path_in(&f, "reeve.db"), "w");

	for (int i = 0; i < 1000; i++)
		CHECK(fputs("no database at all ", file) >= 0);
	CHECK(fclose(file) == 0);
	CHECK_FAULT(FAULT_LOST, fixture_reopen(&f));
	fixture_done(&f);
}

/* ---- checks ---- */

TEST(each_kind_of_damage_is_named)
{
	static const struct {
		const char *sql, *text;
	} damages[] = {
		{ "PRAGMA foreign_keys = OFF; DELETE FROM groups WHERE parent IS NULL", "refer to something" },
		{ "UPDATE counter SET revision = revision + 1", "the last commit is" },
		{ "DELETE FROM changes WHERE revision = 2", "holes" },
		{ "UPDATE groups SET uid = x'01' WHERE name = 'leaf'", "damaged" },
		{ "ALTER TABLE roles RENAME COLUMN name TO title", "column 3 of table roles" },
		{ "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'groups_by_parent'", "damaged" },
	};

	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		struct fixture f = fixture_new();
		struct group rows[] = { group_at("o", "o"), group_at("o.1", "folder"), group_at("o.1.1", "leaf") };
		for (int r = 0; r < 3; r++)
			CHECK_OK(insert(&f, &table_groups, &rows[r]));
		f.store = store_close(f.store);
		CHECK_OK(store_verify(f.folder));
		tamper(&f, damages[i].sql);
		CHECK_FAULT(FAULT_LOST, store_verify(f.folder));
		if (!strstr(report_current()->text, damages[i].text))
			fail_msg("%s: %s", damages[i].sql, report_current()->text);
		fixture_done(&f);
	}
}

TEST(nothing_to_verify_is_absent)
{
	struct fixture f = fixture_folder();

	CHECK_FAULT(FAULT_ABSENT, store_verify("/tmp/reeve-there-is-no-such-folder"));
	CHECK_FAULT(FAULT_ABSENT, store_verify(f.folder));
	fixture_done(&f);
}

/* ---- backups ---- */

static void restore(struct fixture *f, const char *copy, struct fixture *g)
{
	char command[300];

	*g = fixture_folder();
	(void)snprintf(command, sizeof(command), "cp '%s/%s' '%s/reeve.db'", f->folder, copy, g->folder);
	CHECK(system(command) == 0);
	CHECK_OK(fixture_reopen(g));
}

TEST(a_restored_copy_holds_the_same_rows_under_a_new_epoch_that_stays)
{
	struct fixture f = fixture_new(), g;
	struct group org = group_at("o", "o"), later = group_at("p", "p");
	char epoch[17];

	CHECK_OK(insert(&f, &table_groups, &org));
	CHECK_OK(store_backup(f.store, path_in(&f, "copy.db")));
	CHECK_OK(store_verify(path_in(&f, "copy.db")));
	CHECK_OK(insert(&f, &table_groups, &later));
	restore(&f, "copy.db", &g);
	CHECK_INT(store_revision(g.store), store_revision(f.store) - 1);
	CHECK(find(&g, &table_groups, &org, &org) && !find(&g, &table_groups, &later, &later));
	CHECK(!slice_eq(store_epoch(f.store), store_epoch(g.store)));
	memcpy(epoch, store_epoch(g.store).at, 17);
	CHECK_OK(fixture_reopen(&g));
	CHECK_SLICE(store_epoch(g.store), epoch);
	CHECK_OK(fixture_reopen(&f)); /* the original keeps its own */
	CHECK(!slice_is(store_epoch(f.store), epoch));
	fixture_done(&f);
	fixture_done(&g);
}

TEST(a_backup_never_overwrites)
{
	struct fixture f = fixture_new();
	FILE *file = fopen(path_in(&f, "copy.db"), "w");

	CHECK(fputs("precious", file) >= 0 && fclose(file) == 0);
	CHECK_FAULT(FAULT_EXISTS, store_backup(f.store, path_in(&f, "copy.db")));
	file = fopen(path_in(&f, "copy.db"), "r");
	CHECK(fgetc(file) == 'p' && fclose(file) == 0);
	fixture_done(&f);
}

static size_t files_in(const char *folder)
{
	DIR *dir = opendir(folder);
	size_t count = 0;

	while (readdir(dir))
		count++;
	CHECK(closedir(dir) == 0);
	return count - 2; /* without . and .. */
}

TEST(a_backup_that_fails_leaves_nothing_behind)
{
	struct fixture f = fixture_new();
	struct group org = group_at("o", "o");
	char *copies = path_in(&f, "copies");
	uint64_t n, counted;
	status st;

	CHECK_OK(insert(&f, &table_groups, &org));
	CHECK(mkdir(copies, 0700) == 0);
	for (n = 1; n < 20000; n += 61) {
		mem_fail_after(n);
		st = store_backup(f.store, path_in(&f, "copies/copy.db"));
		counted = mem_count();
		mem_fail_after(0);
		if (counted < n)
			break;
		if (FAILED(st))
			CHECK_INT(files_in(copies), 0);
		(void)unlink(path_in(&f, "copies/copy.db"));
	}
	CHECK_OK(st);
	CHECK_INT(files_in(copies), 1);
	fixture_done(&f);
}

struct busy {
	struct store *store;
	_Atomic bool is_over;
	_Atomic int written;
};

static status insert_numbered(struct tx *tx, void *arg)
{
	int number = *(int *)arg;
	char name[16], text[4000];
	struct group group = { .uid = uid_at("o"),
			       .name = slice_of(name, (size_t)snprintf(name, sizeof(name), "g%d", number)) };

	memset(text, 'x', sizeof(text));
	group.description = slice_of(text, sizeof(text));
	memcpy(group.uid.at, &number, sizeof(number));
	return row_insert(tx, &table_groups, &group);
}

static void *keep_busy(void *arg)
{
	struct busy *busy = arg;

	while (!atomic_load(&busy->is_over)) {
		int number = atomic_load(&busy->written) + 1000;
		if (FAILED(store_write(busy->store, insert_numbered, &number, NULL, NULL)))
			return NULL;
		atomic_fetch_add(&busy->written, 1);
	}
	return NULL;
}

TEST(a_backup_under_writes_is_one_moment_and_holds_nobody_up)
{
	struct fixture f = fixture_new(), g;
	struct busy busy = { .store = f.store };
	pthread_t thread;
	int before, between;

	for (int i = 0; i < 500; i++) /* two megabytes: several steps */
		CHECK_OK(store_write(f.store, insert_numbered, &i, NULL, NULL));
	CHECK(pthread_create(&thread, NULL, keep_busy, &busy) == 0);
	while (atomic_load(&busy.written) < 10)
		(void)usleep(1000);
	before = atomic_load(&busy.written);
	CHECK_OK(store_backup(f.store, path_in(&f, "copy.db")));
	between = atomic_load(&busy.written) - before;
	atomic_store(&busy.is_over, true);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(between > 0);
	restore(&f, "copy.db", &g);
	CHECK_INT(count(&g, &table_groups, NULL), store_revision(g.store));
	CHECK(count(&g, &table_groups, NULL) >= 500 + before);
	fixture_done(&f);
	fixture_done(&g);
}

TESTS(nobody_else_may_read_what_the_store_makes, a_second_process_is_refused_in_one_sentence_with_the_firsts_id,
      a_folder_that_cannot_be_made_is_told, a_store_opened_again_holds_what_was_acknowledged_and_goes_on_counting,
      a_closed_store_leaves_one_file_that_is_sound, a_changed_migration_is_refused_and_the_file_left_alone,
      a_newer_schema_is_refused_by_name, a_file_that_is_not_ours_is_refused_and_left_alone,
      a_file_that_is_no_database_is_refused, each_kind_of_damage_is_named, nothing_to_verify_is_absent,
      a_restored_copy_holds_the_same_rows_under_a_new_epoch_that_stays, a_backup_never_overwrites,
      a_backup_that_fails_leaves_nothing_behind, a_backup_under_writes_is_one_moment_and_holds_nobody_up)
