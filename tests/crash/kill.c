/*
 * kill: a process that writes is killed at any moment; what it had acknowledged is there when the folder is opened again.
 *
 * The child writes with many threads and tells each acknowledged change on a pipe; the parent kills it after a random time,
 * reads the pipe to its end, opens the folder and compares. The next round goes on with the same folder.
 *
 * ROUNDS=n (default 20), SEED=n.
 */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "store/store.h"

#define THREADS 8
#define ROUNDS_DEFAULT 20
#define LIFE_MAX_US 120000
#define ACKS_MAX 200000

struct ack {
	uint32_t round, thread, number;
	uint64_t revision;
};

struct worker {
	struct store *store;
	uint32_t round, thread;
	int pipe;
};

/* ---- the child ---- */

/* An entry is two groups and its thread's fact. */
static struct uid entry_uid(const struct ack *ack, uint8_t half)
{
	struct uid uid = { .len = UID_ROOT_BYTES };

	memcpy(uid.at, &ack->round, 4);
	memcpy(uid.at + 4, &ack->thread, 4);
	memcpy(uid.at + 8, &ack->number, 4);
	uid.at[UID_ROOT_BYTES - 1] = half;
	return uid;
}

static status write_entry(struct tx *tx, void *arg)
{
	const struct ack *ack = arg;
	char name[32], value[32];
	struct fact fact = { .name = slice_of(name, (size_t)snprintf(name, sizeof(name), "%u.%u", ack->round, ack->thread)),
			     .value = slice_of(value, (size_t)snprintf(value, sizeof(value), "%u", ack->number)) };

	for (uint8_t half = 0; half < 2; half++) {
		struct group group = { .uid = entry_uid(ack, half), .name = fact.value };
		TRY(row_insert(tx, &table_groups, &group));
	}
	return row_put(tx, &table_facts, &fact);
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct ack ack = { .round = worker->round, .thread = worker->thread };

	while (!FAILED(store_write(worker->store, write_entry, &ack, NULL, &ack.revision))) {
		if (write(worker->pipe, &ack, sizeof(ack)) != sizeof(ack)) /* atomic: far below PIPE_BUF */
			break;
		ack.number++;
	}
	return NULL;
}

static void child_main(const char *folder, uint32_t round, int pipe)
{
	struct store_options options = { .path = folder, .checkpoint_pages = 50 };
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	struct store *store;

	if (FAILED(store_open_sqlite(&options, &store)))
		_exit(2);
	for (uint32_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ store, round, i, pipe };
		if (pthread_create(&threads[i], NULL, work, &workers[i]))
			_exit(3);
	}
	for (;;)
		(void)pause();
}

/* ---- the parent ---- */

static size_t read_acks(int pipe, struct ack *acks, size_t count)
{
	while (count < ACKS_MAX && read(pipe, &acks[count], sizeof(*acks)) == sizeof(*acks))
		count++;
	return count;
}

static size_t run_and_kill(const char *folder, uint32_t round, uint64_t *seed, struct ack *acks, size_t count)
{
	int fds[2], ended;
	pid_t child;

	CHECK(pipe(fds) == 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		(void)close(fds[0]); /* the parent's end */
		child_main(folder, round, fds[1]);
	}
	(void)close(fds[1]); /* the child's end: reading ends with its death */
	/* Some are killed while they open. */
	if (random_below(seed, 4) && read(fds[0], &acks[count], sizeof(*acks)) == sizeof(*acks))
		count++;
	(void)usleep((useconds_t)random_below(seed, LIFE_MAX_US));
	CHECK(kill(child, SIGKILL) == 0);
	CHECK(waitpid(child, &ended, 0) == child);
	if (!WIFSIGNALED(ended))
		fail_msg("the child ended by itself with %d", WEXITSTATUS(ended));
	count = read_acks(fds[0], acks, count);
	(void)close(fds[0]); /* read to its end */
	return count;
}

struct comparison {
	const struct ack *acks;
	size_t count, missing;
	int64_t groups, entries;
};

static status add_entries(void *user, const void *row)
{
	const struct fact *fact = row;
	struct comparison *comparison = user;
	uint64_t last;

	if (slice_find(fact->name, '.') < fact->name.len && slice_number(fact->value, UINT32_MAX, &last))
		comparison->entries += (int64_t)last + 1;
	return OK;
}

static status compare(struct tx *tx, void *arg)
{
	struct comparison *comparison = arg;

	for (size_t i = 0; i < comparison->count; i++)
		for (uint8_t half = 0; half < 2; half++) {
			struct group group = { .uid = entry_uid(&comparison->acks[i], half) };
			bool found;
			TRY(row_find(tx, &table_groups, &group, &group, &found));
			comparison->missing += !found;
		}
	TRY(row_count(tx, &table_groups, NULL, &comparison->groups));
	return row_scan(tx, &table_facts, NULL, add_entries, comparison);
}

static void check_round(const char *folder, const struct ack *acks, size_t count, size_t of_round)
{
	struct comparison comparison = { .acks = acks + of_round, .count = count - of_round };
	struct store_options options = { .path = folder };
	uint64_t highest = 0;
	struct store *store;

	CHECK_OK(store_open_sqlite(&options, &store));
	for (size_t i = 0; i < count; i++)
		highest = acks[i].revision > highest ? acks[i].revision : highest;
	CHECK_OK(store_read(store, compare, &comparison, NULL));
	CHECK_INT(comparison.missing, 0);
	CHECK_INT(comparison.groups, 2 * comparison.entries); /* nothing half done */
	CHECK(comparison.entries >= (int64_t)count);
	CHECK(store_revision(store) >= highest);
	CHECK_INT(store_revision(store), comparison.entries); /* one revision each, no hole */
	store = store_close(store);
	CHECK_OK(store_verify(folder));
}

TEST(what_was_acknowledged_survives_a_kill)
{
	const char *rounds_text = getenv("ROUNDS"), *seed_text = getenv("SEED");
	long rounds = rounds_text ? strtol(rounds_text, NULL, 10) : ROUNDS_DEFAULT;
	struct ack *acks = mem_zero(ACKS_MAX + 1, sizeof(*acks));
	char folder[] = "/tmp/reeve-kill-XXXXXX", command[64];
	size_t count = 0, of_round;
	uint64_t seed;

	CHECK(acks && mkdtemp(folder));
	CHECK_OK(random_fill(&random_system, &seed, sizeof(seed)));
	seed = seed_text ? strtoull(seed_text, NULL, 0) : seed >> 16;
	print_message("SEED=%llu ROUNDS=%ld\n", (unsigned long long)seed, rounds);
	for (long round = 0; round < rounds && count < ACKS_MAX; round++) {
		of_round = count;
		count = run_and_kill(folder, (uint32_t)round, &seed, acks, count);
		check_round(folder, acks, count, of_round);
	}
	check_round(folder, acks, count, 0); /* also those of every earlier round */
	print_message("%zu acknowledged changes were all there\n", count);
	CHECK(count > 0);
	(void)mem_free(acks); /* gives NULL */
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	CHECK(system(command) == 0);
}

TESTS(what_was_acknowledged_survives_a_kill)
