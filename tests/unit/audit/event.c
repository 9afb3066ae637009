#include "test.h"

#include "audit/event.h"

static const struct event_in sample = {
	.method = "iam.v2.groups.create_group",
	.type = SLICE("dev.chainguard.api.iam.group.created.v1"),
	.source = SLICE("https://reeve.example.com/iam/v2/groups"),
	.subject = SLICE("00112233445566778899aabbccddeeff00112233"),
	.body_type = SLICE("chainguard.platform.iam.v2.Group"),
	.body = SLICE("{\"name\":\"ci\"}"),
	.request_id = SLICE("r-1"),
	.peer = SLICE("192.0.2.7"),
	.at_us = INT64_C(1795392000123456),
	.random = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
};

static status record(struct tx *tx, void *arg)
{
	return event_record(tx, arg);
}

static status record_then_fail(struct tx *tx, void *arg)
{
	TRY(event_record(tx, arg));
	return FAIL(FAULT_DENIED, "after the record");
}

struct listed {
	struct rows rows;
};

static status list(struct tx *tx, void *arg)
{
	struct listed *listed = arg;
	struct query query;

	query_init(&query);
	return row_list(tx, &table_events, &query, &listed->rows);
}

static struct store *open_store(void)
{
	struct store_options options = { 0 };
	struct store *store;

	CHECK_OK(store_open_memory(&options, &store));
	return store;
}

static size_t count_events(struct store *store, struct arena *arena, struct event **ret_first)
{
	struct listed listed;

	CHECK_OK(store_read(store, list, &listed, arena));
	*ret_first = listed.rows.at;
	return listed.rows.count;
}

TEST(a_record_is_kept_as_given_with_the_revision_of_its_commit)
{
	struct store *store = open_store();
	struct arena *arena = arena_new(1 << 20);
	struct event_in in = sample;
	struct event *event;
	uint64_t revision;

	CHECK_OK(store_write(store, record, &in, arena, &revision));
	CHECK_INT(count_events(store, arena, &event), 1);
	CHECK_INT(event->revision, revision);
	CHECK_SLICE(event->type, "dev.chainguard.api.iam.group.created.v1");
	CHECK_SLICE(event->audience, "customer");
	CHECK_SLICE(event->method, "iam.v2.groups.create_group");
	CHECK_SLICE(event->body, "{\"name\":\"ci\"}");
	CHECK(uid_is_none(&event->actor) && !event->by_operator);
	arena_free(arena);
	store_close(store);
}

TEST(a_record_of_a_failing_call_is_not_kept)
{
	struct store *store = open_store();
	struct arena *arena = arena_new(1 << 20);
	struct event_in in = sample;
	struct event *event;

	CHECK_FAULT(FAULT_DENIED, store_write(store, record_then_fail, &in, arena, NULL));
	CHECK_INT(count_events(store, arena, &event), 0);
	arena_free(arena);
	store_close(store);
}

TEST(an_internal_event_is_marked_so_and_an_oversized_body_is_refused)
{
	struct store *store = open_store();
	struct arena *arena = arena_new(8 << 20);
	struct event_in in = sample;
	struct event *event;

	in.is_internal = true;
	CHECK_OK(store_write(store, record, &in, arena, NULL));
	CHECK_INT(count_events(store, arena, &event), 1);
	CHECK_SLICE(event->audience, "internal");
	in.random[15]++;
	in.body = slice_of(arena_alloc(arena, EVENT_BODY_BYTES_MAX + 1), EVENT_BODY_BYTES_MAX + 1);
	CHECK_FAULT(FAULT_EXHAUSTED, store_write(store, record, &in, arena, NULL));
	arena_free(arena);
	store_close(store);
}

TEST(an_id_is_a_uuid_of_version_seven_that_rises_with_time)
{
	char first[EVENT_ID_TEXT_BYTES], second[EVENT_ID_TEXT_BYTES];

	/* RFC 9562 appendix A.6: 2022-02-22T19:22:22.000Z gives 017F22E2-79B0-7CC3-98C4-DC0C0C07398F. */
	static const uint8_t random[16] = { 0, 0, 0, 0, 0, 0, 0x7c, 0xc3, 0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f };
	event_id_format(INT64_C(1645557742000000), random, first);
	assert_string_equal(first, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
	event_id_format(INT64_C(1645557742001000), random, second);
	CHECK(strcmp(first, second) < 0);
}

TESTS(a_record_is_kept_as_given_with_the_revision_of_its_commit, a_record_of_a_failing_call_is_not_kept,
      an_internal_event_is_marked_so_and_an_oversized_body_is_refused, an_id_is_a_uuid_of_version_seven_that_rises_with_time)
