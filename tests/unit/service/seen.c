/*
 * When identities were last seen: noted at once, written in one go, unseen by the change log.
 */
#include "test.h"

#include "service/seen.h"

static struct store *store;
static struct arena *arena;
static size_t told;
static struct uid someone, nobody;

static status committed(void *user, struct tx *tx, const struct change *changes, size_t count, uint64_t revision)
{
	(void)user, (void)tx, (void)changes, (void)revision;
	told += count;
	return OK;
}

static status insert(struct tx *tx, void *arg)
{
	const struct identity row = {
		.uid = someone, .name = SLICE("someone"), .issuer = SLICE("https://issuer.test"), .last_seen_us = 5
	};

	(void)arg;
	return row_insert(tx, &table_identities, &row);
}

static status look(struct tx *tx, void *arg)
{
	struct identity *row = arg;
	bool found;

	TRY(row_find(tx, &table_identities, row, row, &found));
	CHECK(found);
	return OK;
}

static int open_world(void **state)
{
	(void)state;
	arena = arena_new(1 << 20);
	CHECK(arena);
	CHECK_OK(store_open_memory(&(struct store_options){ 0 }, &store));
	someone = uid_new_root((const uint8_t *)"somebody-who-exists-");
	nobody = uid_new_root((const uint8_t *)"nobody-that-is-there");
	store_on_commit(store, committed, NULL);
	CHECK_OK(store_write(store, insert, NULL, NULL, NULL));
	told = 0;
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	store = store_close(store);
	arena = arena_free(arena);
	return 0;
}

static int64_t last_seen(void)
{
	struct identity row = { .uid = someone };

	CHECK_OK(store_read(store, look, &row, arena));
	CHECK(slice_is(row.issuer, "https://issuer.test"));
	return row.last_seen_us;
}

TEST(an_identity_is_seen_when_it_is_written_and_no_cache_is_told)
{
	uint64_t before = store_revision(store);

	(void)state_;
	seen_note(&someone, 1000);
	seen_note(&someone, 3000);
	seen_note(&someone, 2000);
	seen_note(&nobody, 1000);
	seen_note(&(struct uid){ 0 }, 1000);
	CHECK_INT(last_seen(), 5);
	CHECK_OK(seen_write(store));
	CHECK_INT(last_seen(), 3000);
	CHECK_INT(told, 0);
	CHECK_INT(store_revision(store), before + 1);
	CHECK_OK(seen_write(store));
	CHECK_INT(store_revision(store), before + 1); /* nothing new, nothing written */
}

TEST(it_never_goes_back)
{
	(void)state_;
	seen_note(&someone, 2500);
	CHECK_OK(seen_write(store));
	CHECK_INT(last_seen(), 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_identity_is_seen_when_it_is_written_and_no_cache_is_told),
		cmocka_unit_test(it_never_goes_back),
	};

	return cmocka_run_group_tests(tests, open_world, close_world);
}
