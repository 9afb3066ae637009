#include "fixture.h"

/* Two organizations with folders; kinds count up. */
static const struct {
	const char *path, *name;
} places[] = {
	{ "a", "anna" },  { "a.1", "dora" },  { "a.1.1", "emil" }, { "a.2", "carl" },       { "a.2.9", "emil" },
	{ "b", "berta" }, { "b.1", "fritz" }, { "\xff", "zoe" },   { "\xff.\xff", "yves" },
};
#define PLACES (sizeof(places) / sizeof(*places))

static struct fixture fixture_tree(void)
{
	struct fixture f = fixture_new();

	for (size_t i = 0; i < PLACES; i++) {
		struct group group = group_at(places[i].path, places[i].name);
		group.kind = (int64_t)i;
		group.status = i % 3;
		group.is_verified = i % 2;
		CHECK_OK(insert(&f, &table_groups, &group));
	}
	return f;
}

TEST(without_conditions_all_rows_come_in_the_order_of_the_tree)
{
	struct fixture f = fixture_tree();
	struct query query;

	query_init(&query);
	CHECK_NAMES(&f, &query, "anna dora emil carl emil berta fritz zoe yves");
	CHECK_NAMES(&f, NULL, "anna dora emil carl emil berta fritz zoe yves");
	query.is_descending = true;
	CHECK_NAMES(&f, &query, "yves zoe fritz berta emil carl emil dora anna");
	fixture_done(&f);
}

TEST(equal_means_equal_for_text_number_bool_and_uid)
{
	struct fixture f = fixture_tree();
	struct uid uid = uid_at("a.2");
	struct query query;

	query_init(&query);
	query_eq_text(&query, GROUPS_NAME, SLICE("emil"));
	CHECK_NAMES(&f, &query, "emil emil");
	query_eq_number(&query, GROUPS_KIND, 4);
	CHECK_NAMES(&f, &query, "emil");
	query_init(&query);
	query_eq_number(&query, GROUPS_IS_VERIFIED, 1);
	CHECK_NAMES(&f, &query, "dora carl berta zoe");
	query_init(&query);
	query_eq_uid(&query, GROUPS_PARENT, &uid);
	CHECK_NAMES(&f, &query, "emil");
	query_init(&query);
	query_eq_text(&query, GROUPS_NAME, SLICE(""));
	CHECK_NAMES(&f, &query, "");
	fixture_done(&f);
}

TEST(a_none_uid_matches_rows_without_one)
{
	struct fixture f = fixture_tree();
	struct uid none = { 0 };
	struct query query;

	query_init(&query);
	query_eq_uid(&query, GROUPS_PARENT, &none);
	CHECK_NAMES(&f, &query, "anna berta zoe");
	CHECK_INT(count(&f, &table_groups, &query), 3);
	fixture_done(&f);
}

TEST(under_takes_the_place_itself_and_below_does_not)
{
	struct fixture f = fixture_tree();
	struct uid uids[] = { uid_at("\xff"), uid_at("a.1") };
	struct query query;

	query_init(&query);
	query_uids(&query, WHERE_UNDER, GROUPS_UID, uids, 2);
	CHECK_NAMES(&f, &query, "dora emil zoe yves");
	query_init(&query);
	query_uids(&query, WHERE_BELOW, GROUPS_UID, uids, 2);
	CHECK_NAMES(&f, &query, "emil yves");
	query_init(&query);
	query_uids(&query, WHERE_IN_UIDS, GROUPS_UID, uids, 2);
	CHECK_NAMES(&f, &query, "dora zoe");
	fixture_done(&f);
}

TEST(places_that_are_none_twice_or_inside_another_add_nothing)
{
	struct fixture f = fixture_tree();
	struct uid uids[] = { uid_at("a.2.9"), uid_at("a"), { 0 }, uid_at("a.2"), uid_at("a") };
	struct query query;

	query_init(&query);
	query_uids(&query, WHERE_UNDER, GROUPS_UID, uids, 5);
	CHECK_NAMES(&f, &query, "anna dora emil carl emil");
	CHECK_INT(count(&f, &table_groups, &query), 5);
	query_init(&query);
	query_uids(&query, WHERE_BELOW, GROUPS_UID, uids, 5);
	CHECK_NAMES(&f, &query, "dora emil carl emil");
	fixture_done(&f);
}

TEST(no_place_matches_nothing)
{
	struct fixture f = fixture_tree();
	struct uid none = { 0 };
	struct query query;

	for (enum condition_kind kind = WHERE_IN_UIDS; kind <= WHERE_BELOW; kind++) {
		query_init(&query);
		query_uids(&query, kind, GROUPS_UID, NULL, 0);
		CHECK_NAMES(&f, &query, "");
		CHECK_INT(count(&f, &table_groups, &query), 0);
		query_init(&query);
		query_uids(&query, kind, GROUPS_UID, &none, 1);
		CHECK_NAMES(&f, &query, "");
	}
	fixture_done(&f);
}

TEST(a_thousand_places_are_asked_at_once_and_more_are_refused)
{
	struct fixture f = fixture_tree();
	struct uid *uids = mem_zero(QUERY_UIDS_MAX + 1, sizeof(*uids));
	struct act act = { .op = ACT_COUNT, .table = &table_groups };
	struct query query;

	for (size_t i = 0; i <= QUERY_UIDS_MAX; i++) {
		uids[i] = uid_at("c");
		uids[i].at[19] = (uint8_t)i;
		uids[i].at[18] = (uint8_t)(i >> 8);
	}
	uids[500] = uid_at("a.1");
	uids[501] = uid_at("b");
	query_init(&query);
	query_uids(&query, WHERE_UNDER, GROUPS_UID, uids, QUERY_UIDS_MAX);
	CHECK_NAMES(&f, &query, "dora emil berta fritz");
	query_init(&query);
	query_uids(&query, WHERE_UNDER, GROUPS_UID, uids, QUERY_UIDS_MAX + 1);
	act.query = &query;
	CHECK_FAULT(FAULT_EXHAUSTED, store_read(f.store, act_run, &act, NULL));
	(void)mem_free(uids);
	fixture_done(&f);
}

TEST(numbers_have_a_lower_an_upper_and_an_excluded_bound)
{
	struct fixture f = fixture_tree();
	struct query query;

	query_init(&query);
	query_number(&query, WHERE_AT_LEAST, GROUPS_KIND, 2);
	query_number(&query, WHERE_LESS, GROUPS_KIND, 5);
	CHECK_NAMES(&f, &query, "emil carl emil");
	query_number(&query, WHERE_NOT, GROUPS_KIND, 3);
	CHECK_NAMES(&f, &query, "emil emil");
	query_init(&query);
	query_number(&query, WHERE_NOT, GROUPS_IS_VERIFIED, 0);
	CHECK_NAMES(&f, &query, "dora carl berta zoe");
	fixture_done(&f);
}

TEST(rows_are_ordered_by_a_column_and_then_by_key)
{
	struct fixture f = fixture_tree();
	struct query query;

	query_init(&query);
	query.order_by = GROUPS_NAME;
	CHECK_NAMES(&f, &query, "anna berta carl dora emil emil fritz yves zoe");
	query.is_descending = true;
	CHECK_NAMES(&f, &query, "zoe yves fritz emil emil dora carl berta anna");
	query_init(&query);
	query.order_by = GROUPS_STATUS;
	CHECK_NAMES(&f, &query, "anna carl fritz dora emil zoe emil berta yves");
	query.order_by = GROUPS_PARENT;
	CHECK_NAMES(&f, &query, "anna berta zoe dora carl emil emil fritz yves");
	query.order_by = GROUPS_UID;
	CHECK_NAMES(&f, &query, "anna dora emil carl emil berta fritz zoe yves");
	fixture_done(&f);
}

TEST(limit_and_skip_cut_a_window)
{
	struct fixture f = fixture_tree();
	struct query query;

	query_init(&query);
	query.limit = 2;
	CHECK_NAMES(&f, &query, "anna dora");
	query.skip = 7;
	CHECK_NAMES(&f, &query, "zoe yves");
	query.skip = 8;
	CHECK_NAMES(&f, &query, "yves");
	query.skip = 100;
	CHECK_NAMES(&f, &query, "");
	query.limit = 0;
	query.skip = 6;
	CHECK_NAMES(&f, &query, "fritz zoe yves");
	CHECK_INT(count(&f, &table_groups, &query), PLACES); /* of all that match */
	fixture_done(&f);
}

/* Pages of two through any order must give what one list gives. */
static void check_pages(struct fixture *f, struct query query)
{
	const char *whole = group_names(f, &query);
	char *pages = arena_printf(f->arena, "%s", "");

	query.limit = 2;
	for (size_t page = 0; page < PLACES; page++) {
		struct rows rows = list(f, &table_groups, &query);
		const struct group *groups = rows.at, *last;
		for (size_t i = 0; i < rows.count; i++)
			pages = arena_printf(f->arena, "%s%s%.*s", pages, *pages ? " " : "", SLICE_ARG(groups[i].name));
		if (rows.count == 0)
			break;
		last = &groups[rows.count - 1];
		query.has_after = true;
		query.after_uid = last->uid;
		query.after_text = query.order_by == GROUPS_PARENT ? uid_bytes(&last->parent) : last->name;
		query.after_number = query.order_by == GROUPS_IS_VERIFIED ? last->is_verified : last->status;
	}
	assert_string_equal(pages, whole);
}

TEST(pages_join_to_the_whole_in_every_order)
{
	static const int orders[] = { -1, GROUPS_UID, GROUPS_NAME, GROUPS_STATUS, GROUPS_IS_VERIFIED, GROUPS_PARENT };
	struct fixture f = fixture_tree();
	struct uid a = uid_at("a");
	struct query query;

	for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++)
		for (int descending = 0; descending <= 1; descending++) {
			query_init(&query);
			query.order_by = orders[i];
			query.is_descending = descending;
			check_pages(&f, query);
			query_uids(&query, WHERE_UNDER, GROUPS_UID, &a, 1);
			check_pages(&f, query);
		}
	fixture_done(&f);
}

TEST(a_place_may_name_a_row_that_is_gone)
{
	struct fixture f = fixture_tree();
	struct query query;
	struct group gone = group_at("a.2.9", "");
	bool deleted;

	query_init(&query);
	query.has_after = true;
	query.after_uid = gone.uid;
	CHECK_OK(delete (&f, &table_groups, &gone, &deleted));
	CHECK_NAMES(&f, &query, "berta fritz zoe yves");
	fixture_done(&f);
}

TEST(tables_with_a_text_key_are_paged_by_it)
{
	struct fixture f = fixture_new();
	struct query query;
	struct rows rows;

	for (int i = 0; i < 5; i++) {
		char name[8];
		struct fact fact = { .name = slice_of(name, (size_t)snprintf(name, sizeof(name), "z%d", i)),
				     .value = SLICE("v") };
		CHECK_OK(insert(&f, &table_facts, &fact));
	}
	query_init(&query);
	query.has_after = true;
	query.after_text = SLICE("z1");
	query.limit = 2;
	rows = list(&f, &table_facts, &query);
	CHECK_INT(rows.count, 2);
	CHECK_SLICE(((const struct fact *)rows.at)[0].name, "z2");
	CHECK_SLICE(((const struct fact *)rows.at)[1].name, "z3");
	fixture_done(&f);
}

static status three_events(struct tx *tx, void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++) {
		char id[16];
		struct event event = { .id = slice_of(id, (size_t)snprintf(id, sizeof(id), "%p%d", arg, i)), .at_us = i };
		TRY(row_insert(tx, &table_events, &event));
	}
	return OK;
}

TEST(events_are_stamped_with_their_commit_and_paged_by_it)
{
	struct fixture f = fixture_new();
	uint64_t first, second;
	const struct event *events;
	struct query query;
	struct rows rows;

	CHECK_OK(store_write(f.store, three_events, (void *)1, NULL, &first));
	CHECK_OK(store_write(f.store, three_events, (void *)2, NULL, &second));
	CHECK_INT(second, first + 1);
	query_init(&query);
	query.has_after = true;
	query.after_number = (int64_t)first;
	query.after_ordinal = 1;
	rows = list(&f, &table_events, &query);
	events = rows.at;
	CHECK_INT(rows.count, 4);
	CHECK_INT(events[0].revision, first);
	CHECK_INT(events[0].ordinal, 2);
	CHECK_INT(events[1].revision, second);
	CHECK_INT(events[3].ordinal, 2);
	fixture_done(&f);
}

static status first_two(void *user, const void *row)
{
	int *seen = user;

	(void)row;
	return ++*seen == 2 ? FAIL(FAULT_DENIED, "enough") : OK;
}

static status scan_some(struct tx *tx, void *arg)
{
	return row_scan(tx, &table_groups, NULL, first_two, arg);
}

TEST(a_scan_stops_at_the_first_failure_and_gives_it)
{
	struct fixture f = fixture_tree();
	int seen = 0;

	CHECK_FAULT(FAULT_DENIED, store_read(f.store, scan_some, &seen, NULL));
	CHECK_INT(seen, 2);
	fixture_done(&f);
}

struct nested {
	struct tx *tx;
	int64_t seen;
};

static status count_below(void *user, const void *row)
{
	struct nested *nested = user;
	const struct group *group = row;
	struct query query;
	int64_t below;

	query_init(&query);
	query_eq_uid(&query, GROUPS_PARENT, &group->uid);
	TRY(row_count(nested->tx, &table_groups, &query, &below));
	nested->seen += below;
	TRY(row_scan(nested->tx, &table_groups, &query, (row_fn)first_two, &(int){ -100 }));
	return OK;
}

static status scan_within(struct tx *tx, void *arg)
{
	struct nested *nested = arg;

	nested->tx = tx;
	return row_scan(tx, &table_groups, NULL, count_below, nested);
}

TEST(a_scan_may_ask_again_inside)
{
	struct fixture f = fixture_tree();
	struct nested nested = { 0 };

	CHECK_OK(store_read(f.store, scan_within, &nested, NULL));
	CHECK_INT(nested.seen, PLACES - 3); /* every group but the three organizations is somebody's child */
	fixture_done(&f);
}

TEST(the_first_row_that_matches_comes_alone_and_none_is_no_fault)
{
	struct fixture f = fixture_tree();
	struct arena *arena = arena_new(1 << 16);
	struct group row = { 0 };
	struct query query;
	bool found = false;

	query_init(&query);
	query_eq_text(&query, GROUPS_NAME, SLICE("emil"));
	query.order_by = GROUPS_KIND;
	query.is_descending = true;
	CHECK_OK(store_first(f.store, &table_groups, &query, &row, arena, &found));
	CHECK(found && row.kind == 4);
	query_eq_number(&query, GROUPS_KIND, 3);
	CHECK_OK(store_first(f.store, &table_groups, &query, &row, arena, &found));
	CHECK(!found && row.kind == 4);
	row.uid = uid_at("a.2");
	CHECK_OK(store_find(f.store, &table_groups, &row, arena, &found));
	CHECK(found && slice_is(row.name, "carl"));
	row.uid = uid_at("c");
	CHECK_OK(store_find(f.store, &table_groups, &row, arena, &found));
	CHECK(!found);
	(void)arena_free(arena);
	fixture_done(&f);
}

TEST(columns_that_are_not_asked_for_stay_empty)
{
	struct fixture f = fixture_tree();
	struct query query;
	struct group row;
	bool found;

	query_init(&query);
	query.columns = query_column(GROUPS_NAME) | query_column(GROUPS_KIND);
	query.order_by = GROUPS_PARENT;
	query_eq_number(&query, GROUPS_STATUS, 1);
	query_eq_number(&query, GROUPS_IS_VERIFIED, 1);
	CHECK_NAMES(&f, &query, "zoe dora"); /* in the order of a column that is not read */
	CHECK_OK(store_first(f.store, &table_groups, &query, &row, f.arena, &found));
	CHECK(found && slice_is(row.name, "zoe"));
	CHECK_INT(row.kind, 7);
	CHECK(uid_is_none(&row.uid) && uid_is_none(&row.parent) && row.description.len == 0);
	CHECK(row.status == 0 && !row.is_verified && row.created_us == 0);
	query.columns = query_column(GROUPS_UID) | query_column(GROUPS_IS_VERIFIED);
	CHECK_OK(store_first(f.store, &table_groups, &query, &row, f.arena, &found));
	CHECK(found && row.is_verified && row.kind == 0 && row.name.len == 0);
	CHECK(row.uid.len == UID_ROOT_BYTES && row.status == 0);
	query.columns = 0;
	CHECK_OK(store_first(f.store, &table_groups, &query, &row, f.arena, &found));
	CHECK(found && row.status == 1 && row.kind == 7 && slice_is(row.name, "zoe"));
	fixture_done(&f);
}

TEST(a_list_past_its_arena_fails_alone)
{
	struct fixture f = fixture_tree();
	struct arena *small = arena_new(1000);
	struct act act = { .op = ACT_LIST, .table = &table_groups };

	CHECK_FAULT(FAULT_EXHAUSTED, store_read(f.store, act_run, &act, small));
	CHECK_INT(count(&f, &table_groups, NULL), PLACES);
	(void)arena_free(small);
	fixture_done(&f);
}

TESTS(without_conditions_all_rows_come_in_the_order_of_the_tree, equal_means_equal_for_text_number_bool_and_uid,
      a_none_uid_matches_rows_without_one, under_takes_the_place_itself_and_below_does_not,
      places_that_are_none_twice_or_inside_another_add_nothing, no_place_matches_nothing,
      a_thousand_places_are_asked_at_once_and_more_are_refused, numbers_have_a_lower_an_upper_and_an_excluded_bound,
      rows_are_ordered_by_a_column_and_then_by_key, limit_and_skip_cut_a_window, pages_join_to_the_whole_in_every_order,
      a_place_may_name_a_row_that_is_gone, tables_with_a_text_key_are_paged_by_it,
      events_are_stamped_with_their_commit_and_paged_by_it, a_scan_stops_at_the_first_failure_and_gives_it,
      a_scan_may_ask_again_inside, the_first_row_that_matches_comes_alone_and_none_is_no_fault,
      columns_that_are_not_asked_for_stay_empty, a_list_past_its_arena_fails_alone)
