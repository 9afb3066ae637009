#include "fixture.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define JOBS_MAX 64

/* What the hook saw, in order. */
struct seen {
	struct change changes[256];
	size_t count, calls;
	uint64_t revision;
};

static status see(void *user, struct tx *tx, const struct change *changes, size_t count, uint64_t revision)
{
	struct seen *seen = user;

	CHECK(!tx_is_write(tx));
	for (size_t i = 0; i < count && seen->count < 256; i++)
		seen->changes[seen->count++] = changes[i];
	seen->calls++;
	seen->revision = revision;
	return OK;
}

static void check_change(const struct change *change, enum change_kind kind, enum change_op op, const char *key)
{
	struct uid uid = uid_at(key);

	CHECK_INT(change->kind, kind);
	CHECK_INT(change->op, op);
	CHECK(uid_eq(&change->key, &uid));
}

/* ---- what one mutation does ---- */

TEST(every_change_of_a_logged_table_reaches_the_hook_in_order)
{
	struct fixture f = fixture_new();
	struct seen seen = { 0 };
	struct group org = group_at("o", "o");
	struct role role = role_at("r", "r");
	struct limit limit = { .group = uid_at("o"), .kind = SLICE("idps") };
	bool deleted;

	store_on_commit(f.store, see, &seen);
	CHECK_OK(insert(&f, &table_groups, &org));
	CHECK_OK(put(&f, &table_roles, &role));
	CHECK_OK(insert(&f, &table_limits, &limit));
	CHECK_OK(update(&f, &table_groups, &org));
	CHECK_OK(delete (&f, &table_roles, &role, &deleted));
	CHECK_INT(seen.calls, 5);
	CHECK_INT(seen.count, 4);
	check_change(&seen.changes[0], CHANGE_GROUP, CHANGE_PUT, "o");
	check_change(&seen.changes[1], CHANGE_ROLE, CHANGE_PUT, "r");
	check_change(&seen.changes[2], CHANGE_GROUP, CHANGE_PUT, "o");
	check_change(&seen.changes[3], CHANGE_ROLE, CHANGE_GONE, "r");
	CHECK_INT(seen.changes[2].revision, seen.changes[1].revision + 2);
	CHECK_INT(seen.revision, store_revision(f.store));
	fixture_done(&f);
}

static void world(struct fixture *f)
{
	struct group org = group_at("o", "o");
	struct identity people[] = { identity_at("u", "ada"), identity_at("v", "bob") };
	struct role role = role_at("r", "r");
	struct binding bindings[] = { binding_at("o.1", "u", "r"), binding_at("o.2", "v", "r") };

	CHECK_OK(insert(f, &table_groups, &org));
	CHECK_OK(insert(f, &table_roles, &role));
	for (int i = 0; i < 2; i++) {
		CHECK_OK(insert(f, &table_identities, &people[i]));
		CHECK_OK(insert(f, &table_bindings, &bindings[i]));
	}
}

TEST(a_deleted_binding_still_tells_whose_it_was)
{
	struct fixture f = fixture_new();
	struct seen seen = { 0 };
	struct binding key = { .uid = uid_at("o.1") };
	struct query query;
	int64_t gone;
	bool deleted;
	struct uid u = uid_at("u"), v = uid_at("v");

	world(&f);
	store_on_commit(f.store, see, &seen);
	CHECK_OK(delete (&f, &table_bindings, &key, &deleted));
	query_init(&query);
	CHECK_OK(delete_all(&f, &table_bindings, &query, &gone));
	CHECK_INT(gone, 1);
	CHECK_INT(seen.count, 2);
	check_change(&seen.changes[0], CHANGE_BINDING, CHANGE_GONE, "o.1");
	CHECK(uid_eq(&seen.changes[0].subject, &u));
	check_change(&seen.changes[1], CHANGE_BINDING, CHANGE_GONE, "o.2");
	CHECK(uid_eq(&seen.changes[1].subject, &v));
	fixture_done(&f);
}

TEST(a_binding_that_moves_to_another_identity_leaves_the_first)
{
	struct fixture f = fixture_new();
	struct seen seen = { 0 };
	struct binding moved = binding_at("o.1", "w", "r");
	struct uid u = uid_at("u"), w = uid_at("w");

	world(&f);
	store_on_commit(f.store, see, &seen);
	CHECK_OK(update(&f, &table_bindings, &moved));
	CHECK_INT(seen.count, 2);
	check_change(&seen.changes[0], CHANGE_BINDING, CHANGE_GONE, "o.1");
	CHECK(uid_eq(&seen.changes[0].subject, &u));
	check_change(&seen.changes[1], CHANGE_BINDING, CHANGE_PUT, "o.1");
	CHECK(uid_eq(&seen.changes[1].subject, &w));
	fixture_done(&f);
}

static status nothing(struct tx *tx, void *arg)
{
	(void)arg;
	CHECK(tx_is_write(tx) && tx_arena(tx));
	return OK;
}

TEST(a_mutation_that_changes_nothing_takes_no_revision)
{
	struct fixture f = fixture_new();
	struct group group = group_at("o", "o");
	uint64_t before = store_revision(f.store), revision = 99;
	bool deleted;

	CHECK_OK(store_write(f.store, nothing, NULL, NULL, &revision));
	CHECK_INT(revision, 0);
	CHECK_OK(delete (&f, &table_groups, &group, &deleted));
	CHECK_INT(store_revision(f.store), before);
	fixture_done(&f);
}

static status half_done(struct tx *tx, void *arg)
{
	struct group a = group_at("a", "a"), b = group_at("b", "b");

	(void)arg;
	TRY(row_insert(tx, &table_groups, &a));
	TRY(row_insert(tx, &table_groups, &b));
	return FAIL(FAULT_DENIED, "no further");
}

TEST(a_mutation_that_fails_leaves_nothing_and_tells_why)
{
	struct fixture f = fixture_new();
	struct seen seen = { 0 };
	struct report report = { 0 }, *before = report_use(&report);
	uint64_t revision = store_revision(f.store);

	store_on_commit(f.store, see, &seen);
	CHECK_FAULT(FAULT_DENIED, store_write(f.store, half_done, NULL, NULL, NULL));
	assert_string_equal(report.text, "no further");
	report_use(before);
	CHECK_INT(count(&f, &table_groups, NULL), 0);
	CHECK_INT(store_revision(f.store), revision);
	CHECK_INT(seen.calls, 0);
	fixture_done(&f);
}

static status goes_on(struct tx *tx, void *arg)
{
	struct group a = group_at("a", "a"), b = group_at("b", "b");

	(void)arg;
	TRY(row_insert(tx, &table_groups, &a));
	CHECK_FAULT(FAULT_EXISTS, row_insert(tx, &table_groups, &a));
	CHECK_FAULT(FAULT_ABSENT, row_update(tx, &table_groups, &b));
	return row_insert(tx, &table_groups, &b);
}

TEST(a_mutation_may_go_on_after_a_refused_row)
{
	struct fixture f = fixture_new();
	struct seen seen = { 0 };

	store_on_commit(f.store, see, &seen);
	CHECK_OK(store_write(f.store, goes_on, NULL, NULL, NULL));
	CHECK_INT(count(&f, &table_groups, NULL), 2);
	CHECK_INT(seen.count, 2);
	fixture_done(&f);
}

static status reads_its_own(struct tx *tx, void *arg)
{
	struct group a = group_at("a", "a"), out = group_at("a", "");
	bool found;

	(void)arg;
	TRY(row_insert(tx, &table_groups, &a));
	TRY(row_find(tx, &table_groups, &out, &out, &found));
	CHECK(found);
	CHECK_SLICE(out.name, "a");
	return OK;
}

TEST(a_mutation_sees_what_it_has_written)
{
	struct fixture f = fixture_new();

	CHECK_OK(store_write(f.store, reads_its_own, NULL, NULL, NULL));
	fixture_done(&f);
}

static status hides_an_accident(struct tx *tx, void *arg)
{
	struct group a = group_at("a", "a"), b = group_at("b", "b");
	struct fixture *f = arg;

	TRY(row_insert(tx, &table_groups, &a));
	store_fault_after(f->store, 1);
	CHECK_FAULT(FAULT_UNAVAILABLE, row_insert(tx, &table_groups, &b));
	return OK; /* wrongly */
}

TEST(a_mutation_that_met_an_accident_is_not_committed_whatever_it_says)
{
	struct fixture f = fixture_new();

	CHECK_OK(store_fault_wrap(f.store));
	CHECK_FAULT(FAULT_UNAVAILABLE, store_write(f.store, hides_an_accident, &f, NULL, NULL));
	store_fault_after(f.store, 0);
	CHECK_INT(count(&f, &table_groups, NULL), 0);
	fixture_done(&f);
}

/* ---- groups ---- */

struct queued {
	struct store_job job; /* first */
	struct group group;
	char name[8];
	enum fault wants; /* what run gives */
	status result;
	uint64_t revision;
	size_t order;
	sem_t *done;
	_Atomic size_t *turns;
};

static status queued_run(struct tx *tx, void *arg)
{
	struct queued *queued = arg;

	TRY(row_insert(tx, &table_groups, &queued->group));
	return queued->wants ? FAIL(queued->wants, "as wanted") : OK;
}

static void queued_done(struct store_job *job, status result, uint64_t revision)
{
	struct queued *queued = (struct queued *)job;

	queued->result = result;
	queued->revision = revision;
	queued->order = atomic_fetch_add(queued->turns, 1);
	(void)sem_post(queued->done);
}

struct gate {
	sem_t entered, open;
};

static status wait_at_gate(struct tx *tx, void *arg)
{
	struct gate *gate = arg;

	(void)tx;
	(void)sem_post(&gate->entered);
	while (sem_wait(&gate->open))
		;
	return OK;
}

static void gate_passed(struct store_job *job, status result, uint64_t revision)
{
	(void)job, (void)result, (void)revision;
}

struct batch {
	struct gate gate;
	struct store_job gate_job;
	struct queued jobs[JOBS_MAX];
	size_t count;
	sem_t done;
	_Atomic size_t turns;
};

/* Holds the writer, so that what is queued meanwhile makes one group. */
static void batch_hold(struct fixture *f, struct batch *batch)
{
	memset(batch, 0, sizeof(*batch));
	(void)sem_init(&batch->gate.entered, 0, 0);
	(void)sem_init(&batch->gate.open, 0, 0);
	(void)sem_init(&batch->done, 0, 0);
	batch->gate_job = (struct store_job){ .run = wait_at_gate, .arg = &batch->gate, .done = gate_passed };
	CHECK_OK(store_submit(f->store, &batch->gate_job));
	while (sem_wait(&batch->gate.entered))
		;
}

static struct queued *batch_add(struct fixture *f, struct batch *batch, enum fault wants)
{
	struct queued *queued = &batch->jobs[batch->count];
	size_t i = batch->count++;

	queued->group = group_at("o", "");
	queued->group.uid.at[0] = (uint8_t)i;
	queued->group.name = slice_of(queued->name, (size_t)snprintf(queued->name, sizeof(queued->name), "g%zu", i));
	queued->wants = wants;
	queued->done = &batch->done;
	queued->turns = &batch->turns;
	queued->job = (struct store_job){ .run = queued_run, .arg = queued, .done = queued_done };
	CHECK_OK(store_submit(f->store, &queued->job));
	return queued;
}

static void batch_release(struct batch *batch)
{
	(void)sem_post(&batch->gate.open);
	for (size_t i = 0; i < batch->count; i++)
		while (sem_wait(&batch->done))
			;
}

TEST(waiting_mutations_share_a_commit_and_a_failing_one_is_rolled_back_alone)
{
	struct fixture f = fixture_new();
	struct seen seen = { 0 };
	struct batch batch;
	uint64_t next = store_revision(f.store) + 1;

	store_on_commit(f.store, see, &seen);
	batch_hold(&f, &batch);
	for (size_t i = 0; i < 30; i++)
		(void)batch_add(&f, &batch, i % 3 == 1 ? FAULT_DENIED : FAULT_NONE);
	batch_release(&batch);
	CHECK_INT(seen.calls, 1);
	CHECK_INT(seen.count, 20);
	CHECK_INT(count(&f, &table_groups, NULL), 20);
	for (size_t i = 0; i < 30; i++) {
		struct queued *queued = &batch.jobs[i];
		CHECK_INT(queued->order, i);
		CHECK_INT(queued->result.fault, i % 3 == 1 ? FAULT_DENIED : FAULT_NONE);
		CHECK_INT(queued->revision, i % 3 == 1 ? 0 : next);
		next += i % 3 != 1; /* dense, in the order of the queue */
	}
	CHECK_INT(store_revision(f.store), next - 1);
	for (size_t i = 1; i < seen.count; i++)
		CHECK_INT(seen.changes[i].revision, seen.changes[i - 1].revision + 1);
	fixture_done(&f);
}

TEST(a_group_is_no_larger_than_its_bound)
{
	struct fixture f = fixture_folder();
	struct seen seen = { 0 };
	struct batch batch;

	f.options.group_max = 4;
	CHECK_OK(fixture_reopen(&f));
	store_on_commit(f.store, see, &seen);
	batch_hold(&f, &batch);
	for (size_t i = 0; i < 10; i++)
		(void)batch_add(&f, &batch, FAULT_NONE);
	batch_release(&batch);
	CHECK_INT(seen.calls, 3);
	CHECK_INT(count(&f, &table_groups, NULL), 10);
	fixture_done(&f);
}

/* The driver call that commits a group of inserts: begin; save, write, log, release of each; commit. */
#define CALLS_TO_COMMIT(jobs) (1 + 4 * (jobs) + 1)

TEST(a_failing_commit_fails_the_whole_group)
{
	struct fixture f = fixture_new();
	struct seen seen = { 0 };
	struct batch batch;
	uint64_t revision;

	CHECK_OK(store_fault_wrap(f.store));
	store_on_commit(f.store, see, &seen);
	revision = store_revision(f.store);
	batch_hold(&f, &batch);
	for (size_t i = 0; i < 5; i++)
		(void)batch_add(&f, &batch, FAULT_NONE);
	/* The gate's own group ends with an abandoned transaction (release alone counts), then comes the batch. */
	store_fault_after(f.store, 1 + CALLS_TO_COMMIT(5));
	batch_release(&batch);
	for (size_t i = 0; i < 5; i++) {
		CHECK_INT(batch.jobs[i].result.fault, FAULT_UNAVAILABLE);
		CHECK_INT(batch.jobs[i].revision, 0);
	}
	store_fault_after(f.store, 0);
	CHECK_INT(count(&f, &table_groups, NULL), 0);
	CHECK_INT(store_revision(f.store), revision);
	CHECK_INT(seen.calls, 0);
	CHECK_OK(insert(&f, &table_groups, &batch.jobs[0].group));
	CHECK_INT(store_revision(f.store), revision + 1);
	fixture_done(&f);
}

static status revoke_binding(struct tx *tx, void *arg)
{
	struct binding key = { .uid = uid_at("o.1") };
	bool deleted;

	(void)arg;
	return row_delete(tx, &table_bindings, &key, &deleted);
}

static status use_binding(struct tx *tx, void *arg)
{
	struct binding key = { .uid = uid_at("o.1") };

	TRY(row_find(tx, &table_bindings, &key, &key, arg));
	return OK;
}

static void count_done(struct store_job *job, status result, uint64_t revision)
{
	(void)result, (void)revision;
	(void)sem_post(((struct queued *)job)->done);
}

TEST(a_use_behind_a_revocation_in_the_same_group_does_not_see_the_right)
{
	struct fixture f = fixture_new();
	struct batch batch;
	bool before = false, after = true;
	struct queued *jobs;

	world(&f);
	batch_hold(&f, &batch);
	jobs = batch.jobs;
	jobs[0] = (struct queued){ .job = { .run = use_binding, .arg = &before, .done = count_done }, .done = &batch.done };
	jobs[1] = (struct queued){ .job = { .run = revoke_binding, .done = count_done }, .done = &batch.done };
	jobs[2] = (struct queued){ .job = { .run = use_binding, .arg = &after, .done = count_done }, .done = &batch.done };
	batch.count = 3;
	for (int i = 0; i < 3; i++)
		CHECK_OK(store_submit(f.store, &jobs[i].job));
	batch_release(&batch);
	CHECK(before && !after);
	fixture_done(&f);
}

/* ---- the queue ---- */

TEST(a_full_queue_refuses_at_once)
{
	struct fixture f = fixture_folder();
	struct batch batch;
	struct queued extra = { .job = { .run = queued_run, .done = queued_done } };

	f.options.queue_max = 3;
	CHECK_OK(fixture_reopen(&f));
	batch_hold(&f, &batch);
	for (size_t i = 0; i < 3; i++)
		(void)batch_add(&f, &batch, FAULT_NONE);
	CHECK_FAULT(FAULT_UNAVAILABLE, store_submit(f.store, &extra.job));
	batch_release(&batch);
	(void)batch_add(&f, &batch, FAULT_NONE);
	while (sem_wait(&batch.done))
		;
	CHECK_INT(count(&f, &table_groups, NULL), 4);
	fixture_done(&f);
}

TEST(closing_finishes_what_was_queued)
{
	struct fixture f = fixture_new();
	struct batch batch;

	batch_hold(&f, &batch);
	for (size_t i = 0; i < 5; i++)
		(void)batch_add(&f, &batch, FAULT_NONE);
	(void)sem_post(&batch.gate.open);
	f.store = store_close(f.store);
	for (size_t i = 0; i < 5; i++)
		CHECK_INT(batch.jobs[i].result.fault, FAULT_NONE);
	CHECK_INT(batch.turns, 5);
	fixture_done(&f);
}

/* ---- the hook ---- */

struct look {
	struct store *store;
	bool was_before, was_committed;
};

static status look(void *user, struct tx *tx, const struct change *changes, size_t count, uint64_t revision)
{
	struct group group = group_at("o", "");
	struct look *seen = user;

	(void)changes, (void)count;
	seen->was_before = store_revision(seen->store) < revision;
	return row_find(tx, &table_groups, &group, &group, &seen->was_committed);
}

TEST(the_hook_reads_the_committed_state_before_its_revision_is_told)
{
	struct fixture f = fixture_new();
	struct look user = { .store = f.store };
	struct group org = group_at("o", "o");

	store_on_commit(f.store, look, &user);
	CHECK_OK(insert(&f, &table_groups, &org));
	CHECK(user.was_before && user.was_committed);
	fixture_done(&f);
}

static status fail_hook(void *user, struct tx *tx, const struct change *changes, size_t count, uint64_t revision)
{
	(void)user, (void)tx, (void)changes, (void)count, (void)revision;
	return FAIL(FAULT_INTERNAL, "the index broke");
}

TEST(a_failing_hook_ends_the_process_before_the_answer)
{
	struct fixture f = fixture_folder();
	int ended = 0;
	pid_t child = fork();

	if (child == 0) {
		struct group org = group_at("o", "o");
		(void)close(2); /* its log line is expected */
		if (FAILED(fixture_reopen(&f)))
			_exit(3);
		store_on_commit(f.store, fail_hook, NULL);
		_exit(FAILED(insert(&f, &table_groups, &org)) ? 4 : 0); /* neither is reached */
	}
	CHECK(child > 0 && waitpid(child, &ended, 0) == child);
	CHECK(WIFEXITED(ended));
	CHECK_INT(WEXITSTATUS(ended), 1);
	fixture_done(&f);
}

TEST(the_epoch_is_sixteen_hex_digits_and_differs_between_stores)
{
	struct fixture f = fixture_new(), g = fixture_new();

	CHECK_INT(store_epoch(f.store).len, 16);
	CHECK_INT(strspn(store_epoch(f.store).at, "0123456789abcdef"), 16);
	CHECK(!slice_eq(store_epoch(f.store), store_epoch(g.store)));
	fixture_done(&f);
	fixture_done(&g);
}

TESTS(every_change_of_a_logged_table_reaches_the_hook_in_order, a_deleted_binding_still_tells_whose_it_was,
      a_binding_that_moves_to_another_identity_leaves_the_first, a_mutation_that_changes_nothing_takes_no_revision,
      a_mutation_that_fails_leaves_nothing_and_tells_why, a_mutation_may_go_on_after_a_refused_row,
      a_mutation_sees_what_it_has_written, a_mutation_that_met_an_accident_is_not_committed_whatever_it_says,
      waiting_mutations_share_a_commit_and_a_failing_one_is_rolled_back_alone, a_group_is_no_larger_than_its_bound,
      a_failing_commit_fails_the_whole_group, a_use_behind_a_revocation_in_the_same_group_does_not_see_the_right,
      a_full_queue_refuses_at_once, closing_finishes_what_was_queued,
      the_hook_reads_the_committed_state_before_its_revision_is_told, a_failing_hook_ends_the_process_before_the_answer,
      the_epoch_is_sixteen_hex_digits_and_differs_between_stores)
