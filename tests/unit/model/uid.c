#include "test.h"

#include "model/uid.h"

#define ROOT "0123456789abcdef0123456789abcdef01234567"
#define STEP "/0123456789abcdef"

static struct uid uid_from(const char *text)
{
	struct uid uid;

	CHECK(uid_parse(slice_str(text), &uid));
	return uid;
}

TEST(an_id_survives_a_round_trip)
{
	static const char *const texts[] = { ROOT, ROOT STEP, ROOT STEP "/ffffffffffffffff" };
	char again[UID_TEXT_BYTES];

	for (size_t i = 0; i < 3; i++) {
		struct uid uid = uid_from(texts[i]);
		uid_format(&uid, again);
		assert_string_equal(again, texts[i]);
		CHECK_INT(uid.len, 20 + 8 * i);
		CHECK_INT(uid_depth(&uid), i);
	}
}

TEST(what_is_no_id_is_refused)
{
	static const char *const texts[] = {
		"",
		"/",
		"0",
		ROOT "/",
		ROOT "0",
		"/" ROOT,
		ROOT "/0123456789abcde",
		ROOT "/0123456789abcdef0",
		ROOT STEP "/",
		"0123456789ABCDEF0123456789abcdef01234567",
		ROOT "/0123456789abcdeF",
		ROOT "-0123456789abcdef",
		ROOT "//123456789abcdef",
		" " ROOT,
		ROOT "\n",
		"g123456789abcdef0123456789abcdef01234567",
	};
	struct uid uid = { .len = 7 };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		CHECK(!uid_parse(slice_str(texts[i]), &uid));
	CHECK(!uid_parse(slice_of(ROOT "\0", 41), &uid));
	CHECK_INT(uid.len, 7);
}

TEST(the_field_that_holds_no_id_is_named)
{
	struct report report = { 0 }, *before = report_use(&report);
	struct uid uid;

	CHECK_FAULT(FAULT_INVALID, uid_parse_field(SLICE("x"), "group.parent", &uid));
	assert_string_equal(report.field, "group.parent");
	report_use(before);
}

TEST(an_id_is_never_deeper_than_its_bound)
{
	char text[40 + 17 * (UID_DEPTH_MAX + 1) + 1] = ROOT, again[UID_TEXT_BYTES];
	static const uint8_t random[UID_STEP_BYTES];
	size_t len = 40;
	struct uid deepest, child = { .len = 9 };

	for (int i = 0; i < UID_DEPTH_MAX; i++, len += 17)
		memcpy(text + len, STEP, 18);
	CHECK(uid_parse(slice_of(text, len), &deepest));
	CHECK_INT(uid_depth(&deepest), UID_DEPTH_MAX);
	uid_format(&deepest, again);
	CHECK_INT(strlen(again), len);
	CHECK_FAULT(FAULT_STATE, uid_new_child(&deepest, random, &child));
	CHECK_INT(child.len, 9);
	memcpy(text + len, STEP, 18);
	CHECK(!uid_parse(slice_of(text, len + 17), &deepest));
}

TEST(an_ancestor_is_a_prefix_at_a_segment_border)
{
	struct uid root = uid_from(ROOT), child = uid_from(ROOT STEP), other = uid_from(ROOT "/0123456789abcdee");
	struct uid none = { 0 };

	CHECK(uid_covers(&root, &root) && uid_covers(&root, &child) && !uid_covers(&child, &root));
	CHECK(!uid_covers(&child, &other) && !uid_covers(&none, &root) && !uid_covers(&root, &none) &&
	      !uid_covers(&none, &none));
}

TEST(ids_sort_like_their_texts)
{
	static const char *const texts[] = { "",
					     ROOT,
					     ROOT "/0000000000000000",
					     ROOT "/0000000000000000" STEP,
					     ROOT "/00000000000000ff",
					     "ff23456789abcdef0123456789abcdef01234567" };

	for (size_t i = 1; i < 6; i++)
		for (size_t j = 1; j < 6; j++) {
			struct uid a = uid_from(texts[i]), b = uid_from(texts[j]);
			int by_text = strcmp(texts[i], texts[j]), by_uid = uid_compare(&a, &b);
			CHECK((by_text > 0) - (by_text < 0) == (by_uid > 0) - (by_uid < 0));
		}
}

TEST(parents_end_at_none)
{
	struct uid uid = uid_from(ROOT STEP STEP), root = uid_root(&uid), none = { 0 };
	char text[UID_TEXT_BYTES];

	uid = uid_parent(&uid);
	CHECK_INT(uid.len, 28);
	uid = uid_parent(&uid);
	CHECK(uid_eq(&uid, &root) && memcmp(&uid, &root, sizeof(uid)) == 0);
	uid = uid_parent(&uid);
	CHECK(uid_is_none(&uid));
	uid = uid_parent(&uid);
	CHECK(uid_is_none(&uid));
	uid_format(&none, text);
	assert_string_equal(text, "/");
	root = uid_root(&none);
	CHECK(uid_is_none(&root));
}

TEST(raw_bytes_make_an_id_only_in_whole_steps)
{
	uint8_t bytes[UID_BYTES_MAX + UID_STEP_BYTES] = { 1 };
	struct uid uid;

	for (size_t len = 0; len <= sizeof(bytes); len++)
		CHECK_INT(uid_of_bytes(slice_of(bytes, len), &uid), len >= 20 && len <= UID_BYTES_MAX && (len - 20) % 8 == 0);
}

TEST(a_text_in_the_arena_needs_room)
{
	struct arena *arena = arena_new(96);
	struct uid uid = uid_from(ROOT), none = { 0 };

	assert_string_equal(uid_text(&uid, arena), ROOT);
	assert_string_equal(uid_text(&none, arena), "");
	CHECK(!uid_text(&uid, arena));
	arena_free(arena);
}

TESTS(an_id_survives_a_round_trip, what_is_no_id_is_refused, the_field_that_holds_no_id_is_named,
      an_id_is_never_deeper_than_its_bound, an_ancestor_is_a_prefix_at_a_segment_border, ids_sort_like_their_texts,
      parents_end_at_none, raw_bytes_make_an_id_only_in_whole_steps, a_text_in_the_arena_needs_room)
