/*
 * The fault sweep: the first allocation fails, then the second, and so on; then the same for calls into the store. Each run
 * must end in a clean fault that left nothing half written, or in success that left all of it.
 */
#include "fixture.h"

#include <semaphore.h>

/* More than any of these runs needs: a sweep that gets there does not end by itself. */
#define SWEEP_MAX 20000

/* ---- all that a store holds, as one number ---- */

static uint64_t mix(uint64_t sum, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum = (sum ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
	return sum;
}

struct summing {
	const struct table *table;
	uint64_t sum;
};

static status sum_row(void *user, const void *row)
{
	struct summing *summing = user;

	for (size_t i = 0; i < summing->table->column_count; i++) {
		const struct column *column = &summing->table->columns[i];
		const void *value = column_at(column, row);
		const slice *text = value;
		const struct uid *uid = value;

		if (column->type == COLUMN_UID)
			summing->sum = mix(mix(summing->sum, &uid->len, sizeof(uid->len)), uid->at, uid->len);
		else if (column->type == COLUMN_TEXT || column->type == COLUMN_BYTES)
			summing->sum = mix(mix(summing->sum, &text->len, sizeof(text->len)), text->at, text->len);
		else if (column->type == COLUMN_INT)
			summing->sum = mix(summing->sum, value, sizeof(int64_t));
		else
			summing->sum = mix(summing->sum, value, 1);
	}
	return OK;
}

static status sum_tables(struct tx *tx, void *arg)
{
	size_t count;
	const struct table *const *tables = tables_all(&count);
	struct summing summing = { .sum = 1 };

	for (size_t i = 0; i < count; i++) {
		summing.table = tables[i];
		TRY(row_scan(tx, tables[i], NULL, sum_row, &summing));
	}
	*(uint64_t *)arg = summing.sum;
	return OK;
}

static uint64_t content(struct fixture *f)
{
	uint64_t sum = 0;

	CHECK_OK(store_read(f->store, sum_tables, &sum, NULL));
	return sum;
}

/* ---- a write that touches everything a write can ---- */

static status representative(struct tx *tx, void *arg)
{
	struct identity identity = identity_at("o.i", "builder");
	struct binding binding = binding_at("o.b", "o.i", "r");
	struct group folder = group_at("o.f", "folder"), again = folder;
	struct event event = { .id = SLICE("e1"), .group = uid_at("o"), .body = SLICE("{}") };
	struct fact fact = { .name = SLICE("f"), .value = SLICE("v") };
	struct query query;
	struct rows rows;
	int64_t gone;
	bool found;

	(void)arg;
	TRY(row_insert(tx, &table_groups, &folder));
	TRY(row_find(tx, &table_groups, &again, &again, &found));
	TRY(row_insert(tx, &table_identities, &identity));
	TRY(row_insert(tx, &table_bindings, &binding));
	query_init(&query);
	query_uids(&query, WHERE_UNDER, BINDINGS_UID, &folder.parent, 1);
	query.order_by = BINDINGS_IDENTITY;
	TRY(row_list(tx, &table_bindings, &query, &rows));
	binding.expires_s = (int64_t)rows.count;
	TRY(row_update(tx, &table_bindings, &binding));
	query_init(&query);
	query_eq_text(&query, GROUPS_NAME, SLICE("old"));
	TRY(row_delete_all(tx, &table_groups, &query, &gone));
	TRY(row_put(tx, &table_facts, &fact));
	return row_insert(tx, &table_events, &event);
}

static struct fixture fixture_prepared(void)
{
	struct fixture f = fixture_new();
	struct group org = group_at("o", "o"), old = group_at("o.x", "old");
	struct role role = role_at("r", "r");

	CHECK_OK(insert(&f, &table_groups, &org));
	CHECK_OK(insert(&f, &table_groups, &old));
	CHECK_OK(insert(&f, &table_roles, &role));
	return f;
}

TEST(every_store_call_of_a_write_may_fail)
{
	struct fixture f = fixture_prepared();
	uint64_t before = content(&f), n;
	status st = OK;

	CHECK_OK(store_fault_wrap(f.store));
	for (n = 1; n < SWEEP_MAX; n++) {
		store_fault_after(f.store, n);
		st = store_write(f.store, representative, NULL, NULL, NULL);
		if (store_fault_count(f.store) < n)
			break;
		store_fault_after(f.store, 0);
		CHECK(st.fault == FAULT_UNAVAILABLE);
		CHECK(content(&f) == before);
	}
	store_fault_after(f.store, 0);
	CHECK_OK(st);
	CHECK(n > 15 && content(&f) != before);
	fixture_done(&f);
}

/* ---- allocations on the writer's thread ---- */

struct armed {
	struct store_job job; /* first */
	uint64_t fail_after;  /* set in done(), for the job behind this one */
	uint64_t counted;
	status result;
	uint64_t revision;
	sem_t done;
};

static void armed_done(struct store_job *job, status result, uint64_t revision)
{
	struct armed *armed = (struct armed *)job;

	armed->counted = mem_count();
	mem_fail_after(armed->fail_after);
	armed->result = result;
	armed->revision = revision;
	(void)sem_post(&armed->done);
}

static status run_nothing(struct tx *tx, void *arg)
{
	(void)tx, (void)arg;
	return OK;
}

static void run_job(struct fixture *f, struct armed *armed, store_fn run, uint64_t fail_after)
{
	*armed = (struct armed){ .job = { .run = run, .done = armed_done }, .fail_after = fail_after };
	(void)sem_init(&armed->done, 0, 0);
	CHECK_OK(store_submit(f->store, &armed->job));
	while (sem_wait(&armed->done))
		;
}

/* What representative() did, taken back. */
static status take_back(struct tx *tx, void *arg)
{
	struct fact fact = { .name = SLICE("f") };
	struct group folder = group_at("o.f", ""), old = group_at("o.x", "old");
	struct query query;
	int64_t gone;
	bool deleted;

	(void)arg;
	query_init(&query);
	TRY(row_delete_all(tx, &table_events, &query, &gone));
	TRY(row_delete_all(tx, &table_bindings, &query, &gone));
	TRY(row_delete_all(tx, &table_identities, &query, &gone));
	TRY(row_delete(tx, &table_groups, &folder, &deleted));
	TRY(row_delete(tx, &table_facts, &fact, &deleted));
	return row_insert(tx, &table_groups, &old);
}

TEST(every_allocation_of_a_write_may_fail)
{
	struct fixture f = fixture_prepared();
	struct armed first, second;
	uint64_t before = content(&f), failed = 0, n;

	for (n = 1; n < SWEEP_MAX; n++) {
		uint64_t revision = store_revision(f.store);
		run_job(&f, &first, run_nothing, n); /* arms the thread behind its own end */
		run_job(&f, &second, representative, 0);
		CHECK(store_revision(f.store) == revision + !FAILED(second.result));
		CHECK(second.revision == (FAILED(second.result) ? 0 : revision + 1));
		if (!FAILED(second.result)) { /* SQLite can do without some of them */
			CHECK(content(&f) != before);
			CHECK_OK(store_write(f.store, take_back, NULL, NULL, NULL));
		}
		CHECK(content(&f) == before);
		failed += FAILED(second.result);
		if (second.counted < n)
			break;
		CHECK(!FAILED(second.result) || fault_row(second.result.fault)->http_status >= 429);
	}
	CHECK(n < SWEEP_MAX && failed > 2);
	fixture_done(&f);
}

/* ---- reading, opening ---- */

static status read_much(struct tx *tx, void *arg)
{
	struct query query;
	struct rows rows;
	int64_t number;

	(void)arg;
	query_init(&query);
	query.order_by = GROUPS_NAME;
	query.limit = 10;
	TRY(row_list(tx, &table_groups, &query, &rows));
	TRY(row_count(tx, &table_groups, &query, &number));
	return number == 2 && rows.count == 2 ? OK : FAIL(FAULT_ABSENT, "the rows are not there");
}

TEST(every_allocation_of_a_read_may_fail)
{
	struct fixture f = fixture_prepared();
	uint64_t n;
	status st;

	do {
		static uint64_t at;
		n = ++at;
		mem_fail_after(n);
		st = store_read(f.store, read_much, NULL, NULL);
		if (mem_count() < n)
			break;
		mem_fail_after(0);
		CHECK(!FAILED(st) || fault_row(st.fault)->http_status >= 429);
		CHECK_OK(store_read(f.store, read_much, NULL, NULL));
	} while (n < SWEEP_MAX);
	mem_fail_after(0);
	CHECK_OK(st);
	fixture_done(&f);
}

/* A step of 1 tries all; a fresh folder needs so many that a part must do. */
static void sweep_open(struct fixture *f, uint64_t first, uint64_t step, bool is_fresh)
{
	uint64_t n, counted;
	status st;

	for (n = first; n < SWEEP_MAX; n += step) {
		if (is_fresh) {
			fixture_done(f);
			*f = fixture_folder();
		}
		f->store = store_close(f->store);
		mem_fail_after(n);
		st = fixture_reopen(f);
		counted = mem_count();
		mem_fail_after(0);
		if (counted < n)
			break;
		CHECK(!FAILED(st) || fault_row(st.fault)->http_status >= 429);
	}
	CHECK_OK(st);
}

TEST(every_allocation_of_opening_may_fail)
{
	struct fixture f = fixture_prepared();
	uint64_t before = content(&f);

	sweep_open(&f, 1, 1, false);
#ifdef STORE_SQLITE
	CHECK(content(&f) == before);
#else
	(void)before;
#endif
	fixture_done(&f);
}

TEST(allocations_of_the_first_opening_may_fail)
{
	struct fixture f = fixture_folder();

	sweep_open(&f, 5, 37, true);
	CHECK_INT(count(&f, &table_groups, NULL), 0);
	fixture_done(&f);
}

TESTS(every_store_call_of_a_write_may_fail, every_allocation_of_a_write_may_fail, every_allocation_of_a_read_may_fail,
      every_allocation_of_opening_may_fail, allocations_of_the_first_opening_may_fail)
