/*
 * Many threads at once. Every mutation inserts two groups, so a reader that ever counts an odd number saw half of one.
 */
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#define WRITERS 16
#define READERS 6
#define WRITES 40

struct crowd {
	struct store *store;
	_Atomic int turn, failures, odd, unstable, behind, reading;
	_Atomic bool is_over;
	_Atomic size_t commits;
};

struct twins {
	struct group groups[2];
	char names[2][16];
};

static status insert_twins(struct tx *tx, void *arg)
{
	struct twins *twins = arg;

	TRY(row_insert(tx, &table_groups, &twins->groups[0]));
	return row_insert(tx, &table_groups, &twins->groups[1]);
}

static void make_twins(struct twins *twins, int number)
{
	for (int i = 0; i < 2; i++) {
		twins->groups[i] = group_at("o", "");
		memcpy(twins->groups[i].uid.at, &number, sizeof(number));
		twins->groups[i].uid.at[8] = (uint8_t)i;
		twins->groups[i].name = slice_of(twins->names[i], (size_t)snprintf(twins->names[i], 16, "%d.%d", number, i));
	}
}

struct check {
	struct uid uid;
	bool found;
	int64_t first, second;
};

static status look_for(struct tx *tx, void *arg)
{
	struct check *check = arg;
	struct group group = { .uid = check->uid };

	return row_find(tx, &table_groups, &group, &group, &check->found);
}

static void *writer(void *arg)
{
	struct crowd *crowd = arg;

	for (int i = 0; i < WRITES; i++) {
		struct twins twins;
		struct check check = { 0 };
		uint64_t revision = 0;

		make_twins(&twins, atomic_fetch_add(&crowd->turn, 1));
		if (FAILED(store_write(crowd->store, insert_twins, &twins, NULL, &revision)))
			atomic_fetch_add(&crowd->failures, 1);
		check.uid = twins.groups[1].uid;
		if (FAILED(store_read(crowd->store, look_for, &check, NULL)) || !check.found ||
		    store_revision(crowd->store) < revision)
			atomic_fetch_add(&crowd->behind, 1);
	}
	return NULL;
}

static status count_twice(struct tx *tx, void *arg)
{
	struct check *check = arg;

	TRY(row_count(tx, &table_groups, NULL, &check->first));
	(void)usleep(200);
	return row_count(tx, &table_groups, NULL, &check->second);
}

static void *reader(void *arg)
{
	struct crowd *crowd = arg;
	struct check check;

	while (!atomic_load(&crowd->is_over)) {
		if (FAILED(store_read(crowd->store, count_twice, &check, NULL)))
			atomic_fetch_add(&crowd->failures, 1);
		atomic_fetch_add(&crowd->odd, (int)(check.first % 2));
		atomic_fetch_add(&crowd->unstable, check.first != check.second);
		atomic_fetch_add(&crowd->reading, 1);
	}
	return NULL;
}

static status count_commit(void *user, struct tx *tx, const struct change *changes, size_t count, uint64_t revision)
{
	struct crowd *crowd = user;

	(void)tx, (void)changes, (void)count, (void)revision;
	atomic_fetch_add(&crowd->commits, 1);
	return OK;
}

static void run_crowd(struct fixture *f, struct crowd *crowd)
{
	pthread_t writers[WRITERS], readers[READERS];

	crowd->store = f->store;
	store_on_commit(f->store, count_commit, crowd);
	for (int i = 0; i < READERS; i++)
		CHECK(pthread_create(&readers[i], NULL, reader, crowd) == 0);
	for (int i = 0; i < WRITERS; i++)
		CHECK(pthread_create(&writers[i], NULL, writer, crowd) == 0);
	for (int i = 0; i < WRITERS; i++)
		CHECK(pthread_join(writers[i], NULL) == 0);
	atomic_store(&crowd->is_over, true);
	for (int i = 0; i < READERS; i++)
		CHECK(pthread_join(readers[i], NULL) == 0);
}

TEST(readers_see_whole_commits_and_writers_their_own_and_commits_are_shared)
{
	struct fixture f = fixture_folder();
	static struct crowd crowd;
	uint64_t before;

	f.options.readers_max = 3; /* fewer than threads that read: some wait */
	f.options.checkpoint_pages = 50;
	CHECK_OK(fixture_reopen(&f));
	before = store_revision(f.store);
	run_crowd(&f, &crowd);
	CHECK_INT(crowd.failures, 0);
	CHECK_INT(crowd.odd, 0);
	CHECK_INT(crowd.unstable, 0);
	CHECK_INT(crowd.behind, 0);
	CHECK(crowd.reading > 0);
	CHECK_INT(count(&f, &table_groups, NULL), 2 * WRITERS * WRITES);
	CHECK_INT(store_revision(f.store), before + WRITERS * WRITES);
	CHECK(crowd.commits < WRITERS * WRITES);
	fixture_done(&f);
}

TESTS(readers_see_whole_commits_and_writers_their_own_and_commits_are_shared)
