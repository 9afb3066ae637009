#include "test.h"

#include "base/encode.h"
#include "model/role.h"

static struct caps caps_of(const char *const *names)
{
	struct caps set = { 0 };

	for (; *names; names++) {
		const struct cap_row *row = cap_by_name(slice_str(*names));
		CHECK(row);
		caps_add(&set, row->bit);
	}
	return set;
}

static void check_text(struct caps set, const char *text)
{
	char made[CAPS_TEXT_BYTES];
	struct caps again;

	caps_encode(&set, made);
	assert_string_equal(made, text);
	CHECK(caps_decode(slice_str(text), &again));
	assert_memory_equal(&again, &set, sizeof(set));
	for (size_t len = strlen(text); len && text[len - 1] == '='; len--)
		CHECK(caps_decode(slice_of(text, len - 1), &again) == (text[len - 2] != '='));
}

TEST(the_worked_examples_encode_as_published)
{
	check_text(caps_of((const char *const[]){ NULL }), "AAAAAAAAADIAAAAAAAAAAA==");
	check_text(caps_of((const char *const[]){ "groups.create", "groups.list", "role_bindings.create", NULL }),
		   "AAAAAAAAADIAAAAAAAAQCg==");
	check_text(caps_of((const char *const[]){ "groups.list", "advisories.list", NULL }),
		   "AAAAAAAAAFwAAAAAAAAACAAAAAAIAAAA");
	check_text(caps_of((const char *const[]){ "internal", NULL }), "AAAAAAAAAGAAAAAAAAAAAAAAAACAAAAA");
	check_text(caps_of((const char *const[]){ "libraries.remote_registries.delete", "groups.list", NULL }),
		   "AAAAAAAAAN4AAAAAAAAACAAAAAAAAAAAAAAAAAAAAAAAAAAAIAAAAA==");
}

TEST(whole_roles_encode_as_published)
{
	check_text(role_builtin(ROLE_APK_PULL)->caps, "AAAAAAAAAG0AAAAAAAAACAAAEAAAAAgA");
	check_text(role_builtin(ROLE_REGISTRY_PULL)->caps, "AAAAAAAAAH1EAgAAAAAACBAACAAAAAFk");
	check_text(
		caps_of((const char *const[]){ "groups.list", "roles.list", "role_bindings.create", "identity.create", NULL }),
		"AAAAAAAAADIAAAAAIAAUCA==");
	check_text(role_builtin(ROLE_CONSOLE_VIEWER)->caps, "AAAAAAAAAN1EQgBAgIBESBiIADBIiqlkBACgkBRACAAAAAAAFgSACQ==");
	check_text(role_builtin(ROLE_VIEWER)->caps, "AAAAAAAAAN1EQgBAgIBESNiIGDBIiqlkFCCgkBRACAAAAAAAFgSACQ==");
	check_text(role_builtin(ROLE_EDITOR)->caps, "AAAAAAAAAN1PQgDwgIBESNiIGDBIiqlkFCCgkBRACAAAAAAAFl-ACQ==");
	check_text(role_builtin(ROLE_OWNER)->caps, "AAAAAAAAAN7_8gDx4eD__vn--DBJ__tvlCHm8B_wHmMAAAAAPn_8uQ==");
}

TEST(sets_of_the_documented_sample_decode)
{
	struct caps set;

	CHECK(caps_decode(SLICE("AAAAAAAAAFwAAAAAAAAAAAAAAAAIAAAA"), &set));
	CHECK(caps_count(&set) == 1 && caps_has(&set, CAP_ADVISORIES_LIST_BIT));
	CHECK(caps_decode(SLICE("AAAAAAAAAHxEQgBAgIBESAiIGDBAiqlk"), &set));
	CHECK_INT(caps_count(&set), 29);
	CHECK(caps_within(&set, &role_builtin(ROLE_VIEWER)->caps));
	CHECK(caps_decode(SLICE("AAAAAAAAAHz_8gDx4eD__gno-DBB__tv"), &set));
	CHECK_INT(caps_count(&set), 76);
}

TEST(the_older_list_of_numbers_decodes)
{
	struct caps set;

	CHECK(caps_decode(SLICE("[103, 901,424242]"), &set));
	CHECK(caps_count(&set) == 2 && caps_has(&set, CAP_IAM_GROUPS_LIST_BIT) && caps_has(&set, CAP_IAM_IDENTITY_CREATE_BIT));
	CHECK(caps_decode(SLICE("[]"), &set) && caps_is_empty(&set));
	CHECK(caps_decode(SLICE("[1000001]"), &set) && caps_is_empty(&set));
	CHECK(!caps_decode(SLICE("[103,]"), &set) && !caps_decode(SLICE("[,103]"), &set) && !caps_decode(SLICE("[x]"), &set));
	CHECK(!caps_decode(SLICE("["), &set) && !caps_decode(SLICE("[-1]"), &set) &&
	      !caps_decode(SLICE("[99999999999]"), &set));
}

static bool decodes(const void *bytes, size_t len, struct caps *ret_set)
{
	char text[20000];
	struct buffer out = { .at = text, .cap = sizeof(text), .limit = sizeof(text) - 1 };

	base64_encode(&out, BASE64_URL_PADDED, slice_of(bytes, len));
	CHECK(!buffer_failed(&out));
	return caps_decode(buffer_slice(&out), ret_set);
}

TEST(a_malformed_set_is_refused)
{
	static uint8_t longest[8 * (1 + 65536 / 64)] = { [5] = 1 }, longer[8 * (2 + 65536 / 64)] = { [5] = 1, [7] = 1 };
	uint8_t bytes[] = { 0, 0, 0, 0, 0, 0, 0, 50, 0, 0, 0, 0, 0, 0, 0, 8 };
	struct caps set;

	CHECK(decodes(bytes, 16, &set) && caps_has(&set, 3));
	for (size_t len = 0; len < 16; len++)
		CHECK(!decodes(bytes, len, &set));
	bytes[9] = 4; /* bit 50, beyond the stated length */
	CHECK(!decodes(bytes, 16, &set));
	bytes[9] = 0;
	bytes[7] = 65; /* needs two words */
	CHECK(!decodes(bytes, 16, &set));
	memset(bytes, 0xff, 8);
	CHECK(!decodes(bytes, 16, &set));
	CHECK(decodes(longest, sizeof(longest), &set) && caps_is_empty(&set));
	CHECK(!decodes(longer, sizeof(longer), &set));
	CHECK(!caps_decode(SLICE(""), &set) && !caps_decode(SLICE("AAAA+AAA"), &set) &&
	      !caps_decode(SLICE("AAAAAAAAADIAAAAAAAAAAA==="), &set));
}

TEST(bits_without_a_capability_are_dropped_on_reading)
{
	uint8_t bytes[] = { 0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 1, 0, 0, 0, 0, 1 | 8 }; /* 0 and 40 are retired */
	struct caps set;

	CHECK(decodes(bytes, 16, &set));
	CHECK(caps_count(&set) == 1 && caps_has(&set, 3));
}

TEST(capabilities_of_ours_never_enter_a_token)
{
	struct caps set = role_builtin(ROLE_OPERATOR)->caps, public = caps_public(set), again;
	uint8_t bytes[8 * 5] = { [6] = 1, [32] = 0xff, [15] = 8 };
	char made[CAPS_TEXT_BYTES], without[CAPS_TEXT_BYTES];

	CHECK(caps_has(&set, CAP_OPERATOR_VERIFY_BIT) && CAP_OPERATOR_VERIFY_BIT == 255);
	caps_encode(&set, made);
	caps_encode(&public, without);
	assert_string_equal(made, without);
	CHECK(decodes(bytes, sizeof(bytes), &again));
	CHECK(caps_count(&again) == 1 && caps_has(&again, 3));
}

TEST(every_set_survives_a_round_trip)
{
	struct random random = random_seeded(1);
	char text[CAPS_TEXT_BYTES];
	struct caps set, again, all = { 0 };
	size_t count;
	const struct cap_row *const *rows = cap_rows(&count);

	for (size_t i = 0; i < count; i++)
		caps_add(&all, rows[i]->bit);
	for (int i = 0; i < 10000; i++) {
		CHECK_OK(random_fill(&random, &set, sizeof(set)));
		set.words[i % 4] &= set.words[(i + 1) % 4];
		set = caps_public(caps_and(set, all));
		caps_encode(&set, text);
		CHECK(caps_decode(slice_str(text), &again));
		assert_memory_equal(&set, &again, sizeof(set));
	}
}

TEST(the_table_holds_the_whole_contract)
{
	size_t count, deprecated = 0, internal = 0, own = 0;
	const struct cap_row *const *rows = cap_rows(&count);

	for (size_t i = 0; i < count; i++) {
		deprecated += rows[i]->is_deprecated;
		internal += rows[i]->is_internal;
		own += rows[i]->is_own;
		CHECK(i == 0 || rows[i - 1]->number < rows[i]->number);
		CHECK(cap_by_number(rows[i]->number) == rows[i] && cap_by_bit(rows[i]->bit) == rows[i]);
		CHECK(cap_by_name(slice_str(rows[i]->name)) == rows[i]);
		CHECK((rows[i]->bit >= CAPS_OWN_FIRST) == rows[i]->is_own);
	}
	CHECK_INT(count - own, 216);
	CHECK_INT(deprecated, 21);
	CHECK_INT(internal, 40);
}

TEST(the_rows_of_a_set_come_by_number_each_once)
{
	struct random random = random_seeded(7);
	const struct cap_row *listed[CAPS_BITS];
	size_t count;
	const struct cap_row *const *rows = cap_rows(&count);
	struct caps set = { 0 };

	CHECK_INT(caps_rows(&set, listed), 0);
	for (int round = 0; round < 1000; round++) {
		size_t n = 0;
		CHECK_OK(random_fill(&random, &set, sizeof(set))); /* bits without a capability too */
		count = caps_rows(&set, listed);
		for (size_t i = 0; rows[i] && n < count && i < CAPS_BITS; i++)
			if (caps_has(&set, rows[i]->bit))
				CHECK(listed[n++] == rows[i]);
		CHECK_INT(n, count);
		for (unsigned bit = 0; bit < CAPS_BITS; bit++)
			n -= caps_has(&set, bit) && cap_by_bit(bit);
		CHECK_INT(n, 0);
	}
}

TEST(unknown_capabilities_are_unknown)
{
	static const unsigned retired[] = { 0, 40, 41, 135, 136, 143, 222, 248, 256, 100000 };

	for (size_t i = 0; i < sizeof(retired) / sizeof(*retired); i++)
		CHECK(!cap_by_bit(retired[i]));
	CHECK(!cap_by_number(0) && !cap_by_number(1) && !cap_by_number(1601) && !cap_by_number(-1) && !cap_by_number(1873));
	CHECK(!cap_by_name(SLICE("")) && !cap_by_name(SLICE("groups")) && !cap_by_name(SLICE("groups.createx")) &&
	      !cap_by_name(SLICE("Groups.create")));
}

TESTS(the_worked_examples_encode_as_published, whole_roles_encode_as_published, sets_of_the_documented_sample_decode,
      the_older_list_of_numbers_decodes, a_malformed_set_is_refused, bits_without_a_capability_are_dropped_on_reading,
      capabilities_of_ours_never_enter_a_token, every_set_survives_a_round_trip, the_table_holds_the_whole_contract,
      the_rows_of_a_set_come_by_number_each_once, unknown_capabilities_are_unknown)
