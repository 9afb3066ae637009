/* What has expired goes, in bites; what has not stays. */
#include "world.h"

#include "service/sweep.h"

#define MANY 600

static status put_marks(struct tx *tx, void *arg)
{
	const int64_t *expires_us = arg;

	for (int i = 0; i < MANY; i++) {
		struct mark mark = { .expires_us = *expires_us };
		char digest[32];
		memset(digest, 0, sizeof(digest));
		memcpy(digest, &i, sizeof(i));
		memcpy(digest + sizeof(i), expires_us, sizeof(*expires_us));
		mark.digest = slice_of(digest, sizeof(digest));
		TRY(row_insert(tx, &table_marks, &mark));
	}
	return OK;
}

static status put_others(struct tx *tx, void *arg)
{
	int64_t gone_us = (NOW_S - SWEEP_GRACE_S - 1) * US_PER_S, stays_us = (NOW_S + 1) * US_PER_S;
	struct device device = { .digest = SLICE("gone"), .user_code = SLICE("a"), .expires_us = gone_us };
	struct handover handover = { .code = SLICE("gone"), .expires_us = gone_us };
	struct family idle = { .id = SLICE("idle"), .identity = owner, .idle_us = gone_us, .expires_us = stays_us },
		      old = { .id = SLICE("old"), .identity = owner, .idle_us = stays_us, .expires_us = gone_us },
		      live = { .id = SLICE("live"), .identity = owner, .idle_us = stays_us, .expires_us = stays_us };

	(void)arg;
	TRY(row_insert(tx, &table_devices, &device));
	device = (struct device){ .digest = SLICE("late"), .user_code = SLICE("b"), .expires_us = (NOW_S - 1) * US_PER_S };
	TRY(row_insert(tx, &table_devices, &device));
	TRY(row_insert(tx, &table_handovers, &handover));
	TRY(row_insert(tx, &table_families, &idle));
	TRY(row_insert(tx, &table_families, &old));
	return row_insert(tx, &table_families, &live);
}

static int64_t count_of(const struct table *table)
{
	struct query query;

	query_init(&query);
	return world_count(table, &query);
}

static FALLIBLE sweep(int64_t *ret_count)
{
	status result;

	authz_thread_offline();
	result = sweep_expired(parts.store, now.fixed_us, ret_count);
	authz_thread_online();
	return result;
}

TEST(what_has_expired_goes_and_nothing_else)
{
	int64_t gone_us = (NOW_S - SWEEP_GRACE_S - 1) * US_PER_S, stays_us = NOW_S * US_PER_S, never_us = INT64_MAX, count;
	uint64_t before;

	CHECK_OK(world_change(put_marks, &gone_us));
	CHECK_OK(world_change(put_marks, &stays_us));
	CHECK_OK(world_change(put_marks, &never_us));
	CHECK_OK(world_change(put_others, NULL));
	CHECK_OK(sweep(&count));
	CHECK_INT(count, MANY + 4);
	CHECK_INT(count_of(&table_marks), 2 * MANY);
	CHECK_INT(count_of(&table_devices), 1);
	CHECK_INT(count_of(&table_handovers), 0);
	CHECK_INT(count_of(&table_families), 1);
	before = store_revision(parts.store);
	CHECK_OK(sweep(&count));
	CHECK_INT(count, 0);
	CHECK_INT(store_revision(parts.store), before); /* and nothing is written */
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_has_expired_goes_and_nothing_else) };

	return cmocka_run_group_tests(tests, world_open, world_close);
}
