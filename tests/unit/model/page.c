#include "test.h"

#include "model/page.h"

#define NOW INT64_C(1790000000)

static const uint8_t key[PAGE_KEY_BYTES] = "0123456789abcdef0123456789abcde";
static const struct page_field fields[] = { { "uid", -1, false }, { "create_time", 5, true }, { "name", 2, false } };
static const struct page_order by_uid = { &fields[0], false };

struct fixture {
	struct arena *arena;
	struct page_scope scope;
	struct page_cursor cursor;
};

static struct fixture fixture(void)
{
	static const uint8_t random[UID_ROOT_BYTES] = { 7 };
	struct fixture f = { .arena = arena_new(64 << 20) };

	f.scope = (struct page_scope){ SLICE("iam.v2.groups.list"), SLICE("filter"), by_uid, uid_new_root(random) };
	f.cursor = (struct page_cursor){ SLICE("team"), -5, uid_new_root(random), 3 };
	return f;
}

static slice written(struct fixture *f)
{
	slice token;

	CHECK_OK(page_write(key, &f->scope, &f->cursor, NOW, f->arena, &token));
	return token;
}

static bool reads(struct fixture *f, slice token, int64_t now_s)
{
	struct page_cursor cursor = { .number = 99 };
	bool has_cursor = false;
	status st = page_read(key, &f->scope, token, now_s, f->arena, &cursor, &has_cursor);

	if (FAILED(st)) {
		CHECK_INT(st.fault, FAULT_INVALID);
		assert_string_equal(report_current()->field, "page_token");
		return false;
	}
	if (has_cursor) {
		CHECK(slice_eq(cursor.text, f->cursor.text) && cursor.number == f->cursor.number);
		CHECK(uid_eq(&cursor.uid, &f->cursor.uid) && cursor.skipped == f->cursor.skipped);
	} else {
		CHECK_INT(cursor.number, 99);
	}
	return true;
}

TEST(a_token_says_where_the_list_goes_on)
{
	struct fixture f = fixture();
	bool has_cursor;
	struct page_cursor cursor;

	CHECK(reads(&f, written(&f), NOW));
	CHECK_OK(page_read(key, &f.scope, written(&f), NOW, f.arena, &cursor, &has_cursor));
	CHECK(has_cursor && cursor.skipped == 3);
	CHECK_OK(page_read(key, &f.scope, SLICE(""), NOW, f.arena, &cursor, &has_cursor));
	CHECK(!has_cursor);
	arena_free(f.arena);
}

TEST(a_token_too_old_starts_the_list_again)
{
	struct fixture f = fixture();
	struct page_cursor cursor;
	bool has_cursor = false;

	CHECK_OK(page_read(key, &f.scope, written(&f), NOW + PAGE_LIFE_S, f.arena, &cursor, &has_cursor));
	CHECK(has_cursor);
	CHECK_OK(page_read(key, &f.scope, written(&f), NOW + PAGE_LIFE_S + 1, f.arena, &cursor, &has_cursor));
	CHECK(!has_cursor);
	arena_free(f.arena);
}

TEST(a_token_serves_only_the_list_it_came_from)
{
	struct fixture f = fixture(), other;
	slice token = written(&f);

	other = f;
	other.scope.method = SLICE("iam.v2.roles.list");
	CHECK(!reads(&other, token, NOW));
	other = f;
	other.scope.filter = SLICE("filter2");
	CHECK(!reads(&other, token, NOW));
	other = f;
	other.scope.order.is_descending = true;
	CHECK(!reads(&other, token, NOW));
	other = f;
	other.scope.order.field = &fields[2];
	CHECK(!reads(&other, token, NOW));
	other = f;
	other.scope.caller = (struct uid){ 0 };
	CHECK(!reads(&other, token, NOW));
	/* the border between method and filter is part of what is authenticated */
	other = f;
	other.scope.method = SLICE("iam.v2.groups.listf");
	other.scope.filter = SLICE("ilter");
	CHECK(!reads(&other, token, NOW));
	CHECK(reads(&f, token, NOW));
	arena_free(f.arena);
}

TEST(cve_2026_33504_a_forged_page_token_never_reaches_a_query)
{
	static const char *const forged[] = { "' OR 1=1 --",    "AA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
					      "eyJpZCI6IjEifQ", "=",  "a b" };
	static const uint8_t wrong_key[PAGE_KEY_BYTES];
	struct fixture f = fixture();
	struct page_cursor cursor;
	bool has_cursor;
	slice token;
	static char huge[PAGE_TOKEN_BYTES_MAX + 1];

	for (size_t i = 0; i < sizeof(forged) / sizeof(*forged); i++)
		CHECK(!reads(&f, slice_str(forged[i]), NOW));
	memset(huge, 'A', sizeof(huge));
	CHECK(!reads(&f, slice_of(huge, sizeof(huge)), NOW));
	CHECK_OK(page_write(wrong_key, &f.scope, &f.cursor, NOW, f.arena, &token));
	CHECK_FAULT(FAULT_INVALID, page_read(key, &f.scope, token, NOW, f.arena, &cursor, &has_cursor));
	arena_free(f.arena);
}

TEST(ghsa_vhvq_fv9f_wh4q_a_tampered_cursor_is_an_error_and_no_crash)
{
	struct fixture f = fixture();
	slice token = written(&f);
	char tampered[PAGE_TOKEN_BYTES_MAX];

	for (size_t at = 0; at < token.len; at++)
		for (int bit = 0; bit < 8; bit++) {
			memcpy(tampered, token.at, token.len);
			tampered[at] = (char)(tampered[at] ^ 1 << bit);
			CHECK(!reads(&f, slice_of(tampered, token.len), NOW));
		}
	for (size_t len = 1; len < token.len; len++)
		CHECK(!reads(&f, slice_to(token, len), NOW));
	arena_free(f.arena);
}

static struct page_order parsed(const char *text)
{
	struct page_order order;

	CHECK_OK(page_order_parse(slice_str(text), fields, 3, by_uid, &order));
	return order;
}

TEST(order_by_names_a_field_and_a_direction)
{
	CHECK(parsed("").field == &fields[0] && !parsed("").is_descending);
	CHECK(parsed("name").field == &fields[2] && !parsed("name asc").is_descending && parsed("name desc").is_descending);
	CHECK(parsed(" create_time  DESC ").field == &fields[1] && parsed("createTime DESC").is_descending);
}

TEST(an_unknown_order_is_refused_with_the_fields_there_are)
{
	static const char *const texts[] = { "password",     "name; drop table groups",
					     "name down",    "name asc desc",
					     "name,uid",     "Name",
					     "nam",          "names",
					     "createtime",   "create_Time",
					     "create__time", "1",
					     "desc",         "uid\tdesc" };
	struct page_order order = by_uid;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		CHECK_FAULT(FAULT_INVALID, page_order_parse(slice_str(texts[i]), fields, 3, by_uid, &order));
	CHECK(strstr(report_current()->text, "uid, create_time, name"));
	CHECK(order.field == by_uid.field);
}

TEST(page_sizes_are_bounded)
{
	int64_t size;

	CHECK_OK(page_size(0, &size));
	CHECK_INT(size, 50);
	CHECK_OK(page_size(7, &size));
	CHECK_INT(size, 7);
	CHECK_OK(page_size(INT64_MAX, &size));
	CHECK_INT(size, 200);
	CHECK_FAULT(FAULT_INVALID, page_size(-1, &size));
	CHECK_FAULT(FAULT_INVALID, page_skip(-1, &size));
	CHECK_OK(page_skip(9, &size));
	CHECK_INT(size, 9);
}

TEST(a_value_too_long_for_a_token_is_an_error)
{
	static char text[PAGE_VALUE_BYTES_MAX + 1];
	struct fixture f = fixture();
	slice token;

	f.cursor.text = slice_of(text, PAGE_VALUE_BYTES_MAX);
	CHECK(reads(&f, written(&f), NOW));
	f.cursor.text = slice_of(text, sizeof(text));
	CHECK_FAULT(FAULT_STATE, page_write(key, &f.scope, &f.cursor, NOW, f.arena, &token));
	arena_free(f.arena);
}

TESTS(a_token_says_where_the_list_goes_on, a_token_too_old_starts_the_list_again, a_token_serves_only_the_list_it_came_from,
      cve_2026_33504_a_forged_page_token_never_reaches_a_query, ghsa_vhvq_fv9f_wh4q_a_tampered_cursor_is_an_error_and_no_crash,
      order_by_names_a_field_and_a_direction, an_unknown_order_is_refused_with_the_fields_there_are, page_sizes_are_bounded,
      a_value_too_long_for_a_token_is_an_error)
