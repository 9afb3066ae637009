/*
 * Two stores given the same random changes and questions must give the same answers. The seed is printed when they do not.
 */
#include "fixture.h"

#include "base/random.h"

#define ROUNDS 1500
#define NAMES 6

struct pair {
	struct fixture sqlite, memory;
	uint64_t seed;
};

static uint64_t below(struct pair *pair, uint64_t n)
{
	return random_below(&pair->seed, n);
}

/* One of few uids, so that they meet: a tree three deep under three roots. */
static struct uid some_uid(struct pair *pair)
{
	static const char roots[] = { 1, 'a', (char)0xff }, steps[] = { 0, 'b', (char)0xff };
	struct uid uid = { .len = UID_ROOT_BYTES };

	memset(uid.at, roots[below(pair, 3)], UID_ROOT_BYTES);
	for (uint64_t depth = below(pair, 4); depth > 0; depth--) {
		memset(uid.at + uid.len, steps[below(pair, 3)], UID_STEP_BYTES);
		uid.len += UID_STEP_BYTES;
	}
	return uid;
}

static slice some_name(struct pair *pair)
{
	static const char *const names[NAMES] = { "", "a", "ab", "b", "\xc3\xbc", "B" };

	return slice_str(names[below(pair, NAMES)]);
}

static struct group some_group(struct pair *pair)
{
	struct group group = { .uid = some_uid(pair), .name = some_name(pair), .description = some_name(pair) };

	group.parent = parent_of(group.uid);
	group.kind = (int64_t)below(pair, 3);
	group.is_verified = below(pair, 2);
	return group;
}

static struct binding some_binding(struct pair *pair)
{
	struct binding binding = { .uid = some_uid(pair), .identity = some_uid(pair), .role = some_uid(pair) };

	binding.group = some_uid(pair);
	binding.expires_s = (int64_t)below(pair, 3);
	return binding;
}

/* ---- questions ---- */

static void add_condition(struct pair *pair, const struct table *table, struct query *query, struct uid *uids)
{
	int column = (int)below(pair, table->column_count);
	size_t count = below(pair, 5);

	for (size_t i = 0; i < 5; i++)
		uids[i] = below(pair, 8) ? some_uid(pair) : (struct uid){ 0 };
	switch (table->columns[column].type) {
	case COLUMN_UID:
		if (below(pair, 2))
			query_eq_uid(query, column, uids);
		else
			query_uids(query, WHERE_IN_UIDS + (enum condition_kind)below(pair, 3), column, uids, count);
		break;
	case COLUMN_TEXT:
		query_eq_text(query, column, some_name(pair));
		break;
	case COLUMN_INT:
	case COLUMN_BOOL:
		if (below(pair, 2))
			query_eq_number(query, column, (int64_t)below(pair, 3));
		else
			query_number(query, WHERE_AT_LEAST + (enum condition_kind)below(pair, 3), column,
				     (int64_t)below(pair, 3));
		break;
	default:
		break;
	}
}

static void some_query(struct pair *pair, const struct table *table, struct query *query, struct uid uids[3][5])
{
	query_init(query);
	for (uint64_t i = below(pair, 4); i > 0; i--)
		add_condition(pair, table, query, uids[i - 1]);
	query->order_by = (int)below(pair, table->column_count + 1) - 1;
	if (query->order_by >= 0 && table->columns[query->order_by].type == COLUMN_CAPS)
		query->order_by = -1;
	query->is_descending = below(pair, 2);
	query->limit = (int64_t)below(pair, 4);
	query->skip = (int64_t)below(pair, 3);
	query->has_after = below(pair, 2);
	query->after_number = (int64_t)below(pair, 2);
	query->after_text = some_name(pair);
	query->after_uid = below(pair, 8) ? some_uid(pair) : (struct uid){ 0 };
	if (query->order_by > 0 && table->columns[query->order_by].type == COLUMN_UID)
		query->after_text = below(pair, 4) ? uid_bytes(&uids[0][0]) : SLICE("");
}

static void check_same_rows(struct pair *pair, const struct table *table, const struct query *query)
{
	struct rows a = list(&pair->sqlite, table, query), b = list(&pair->memory, table, query);

	CHECK_INT(a.count, b.count);
	for (size_t i = 0; i < a.count; i++)
		for (size_t c = 0; c < table->column_count; c++)
			CHECK_INT(column_compare(&table->columns[c], (char *)a.at + i * table->row_bytes,
						 (char *)b.at + i * table->row_bytes),
				  0);
	CHECK_INT(count(&pair->sqlite, table, query), count(&pair->memory, table, query));
	arena_reset(pair->sqlite.arena);
	arena_reset(pair->memory.arena);
}

static void ask(struct pair *pair)
{
	struct uid uids[3][5] = { 0 };
	struct query query;
	const struct table *table = below(pair, 2) ? &table_groups : &table_bindings;

	some_query(pair, table, &query, uids);
	check_same_rows(pair, table, &query);
}

/* ---- changes ---- */

static void change(struct pair *pair)
{
	struct group group = some_group(pair);
	struct binding binding = some_binding(pair);
	struct role role = { .uid = some_uid(pair), .name = some_name(pair) };
	const struct table *table = &table_groups;
	const void *row = &group;
	struct act acts[2];
	status st[2];

	role.parent = parent_of(role.uid);
	switch (below(pair, 3)) {
	case 0:
		table = &table_bindings;
		row = &binding;
		break;
	case 1:
		table = &table_roles;
		row = &role;
		break;
	default:
		break;
	}
	acts[0] = acts[1] = (struct act){ .op = (enum act_op)below(pair, ACT_DELETE_ALL), .table = table, .row = row };
	st[0] = store_write(pair->sqlite.store, act_run, &acts[0], NULL, NULL);
	st[1] = store_write(pair->memory.store, act_run, &acts[1], NULL, NULL);
	CHECK_INT(st[0].fault, st[1].fault);
	CHECK_INT(acts[0].flag, acts[1].flag);
	CHECK_INT(store_revision(pair->sqlite.store), store_revision(pair->memory.store));
}

TEST(both_stores_answer_alike)
{
	struct pair pair = { .sqlite = fixture_folder(), .memory = fixture_folder() };
	const char *seed = getenv("SEED");

	CHECK(random_fill(&random_system, &pair.seed, sizeof(pair.seed)).fault == FAULT_NONE);
	if (seed)
		pair.seed = strtoull(seed, NULL, 0);
	print_message("SEED=%llu\n", (unsigned long long)pair.seed);
	pair.sqlite.options.path = pair.sqlite.folder;
	pair.sqlite.options.unsafe_no_sync = true; /* many small commits, and no power cut */
	CHECK_OK(store_open_sqlite(&pair.sqlite.options, &pair.sqlite.store));
	CHECK_OK(store_open_memory(&pair.memory.options, &pair.memory.store));
	for (int i = 0; i < ROUNDS; i++) {
		change(&pair);
		ask(&pair);
	}
	CHECK(count(&pair.sqlite, &table_groups, NULL) > 3 && count(&pair.sqlite, &table_bindings, NULL) > 3);
	fixture_done(&pair.sqlite);
	fixture_done(&pair.memory);
}

TESTS(both_stores_answer_alike)
