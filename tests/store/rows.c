#include "fixture.h"

TEST(what_is_inserted_is_found_again_in_every_column)
{
	struct fixture f = fixture_new();
	struct group org = group_at("o", "example.com");
	struct identity in = { .uid = uid_at("o.i"),
			       .parent = uid_at("o"),
			       .name = SLICE("builder"),
			       .email = SLICE("gr\xc3\xbc\xc3\x9f@b"),
			       .relationship = RELATIONSHIP_CLAIM_MATCH,
			       .issuer = SLICE("https://i"),
			       .subject = SLICE("s"),
			       .claims = SLICE("{\"a\":\"b\"}"),
			       .expires_us = INT64_MAX,
			       .service_principal = -1,
			       .is_pull_token = true,
			       .created_us = 1,
			       .updated_us = 2,
			       .last_seen_us = 3 };
	struct identity out = { .uid = in.uid };

	CHECK_OK(insert(&f, &table_groups, &org));
	CHECK_OK(insert(&f, &table_identities, &in));
	CHECK(find(&f, &table_identities, &out, &out));
	for (size_t i = 0; i < table_identities.column_count; i++)
		CHECK_INT(column_compare(&table_identities.columns[i], &in, &out), 0);
	fixture_done(&f);
}

TEST(capabilities_keep_every_bit)
{
	struct fixture f = fixture_new();
	struct role in = role_at("r", "viewer"), out = in;

	for (unsigned bit = 0; bit < CAPS_BITS; bit += 3)
		caps_add(&in.caps, bit);
	caps_add(&in.caps, 255);
	CHECK_OK(insert(&f, &table_roles, &in));
	CHECK(find(&f, &table_roles, &out, &out));
	CHECK(memcmp(&in.caps, &out.caps, sizeof(in.caps)) == 0);
	fixture_done(&f);
}

TEST(bytes_may_hold_anything_and_be_long)
{
	static char bytes[300000];
	struct fixture f = fixture_new();
	struct fact in = { .name = SLICE("long"), .value = slice_of(bytes, sizeof(bytes)) }, out = in;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 31);
	CHECK_OK(insert(&f, &table_facts, &in));
	CHECK(find(&f, &table_facts, &out, &out));
	CHECK(slice_eq(in.value, out.value) && in.value.at != out.value.at);
	fixture_done(&f);
}

TEST(what_is_not_there_is_not_found_and_is_no_fault)
{
	struct fixture f = fixture_new();
	struct group group = group_at("o", "unchanged");

	CHECK(!find(&f, &table_groups, &group, &group));
	CHECK_SLICE(group.name, "unchanged");
	fixture_done(&f);
}

TEST(a_second_row_with_the_same_key_exists_already)
{
	struct fixture f = fixture_new();
	struct group group = group_at("o", "a"), same = group_at("o", "b");

	CHECK_OK(insert(&f, &table_groups, &group));
	CHECK_FAULT(FAULT_EXISTS, insert(&f, &table_groups, &same));
	CHECK(find(&f, &table_groups, &same, &same));
	CHECK_SLICE(same.name, "a");
	fixture_done(&f);
}

/* The report of the last failure: where it says what is in the way, what is that, and in which words. */
static void check_report(const char *field, const char *resource, const char *text)
{
	const struct report *report = report_current();

	assert_string_equal(report->field, field);
	assert_string_equal(report->resource, resource);
	assert_string_equal(report->text, text);
}

TEST(a_name_in_the_way_is_told_with_its_field_its_rule_and_what_to_do)
{
	struct fixture f = fixture_new();
	struct group org = group_at("o", "o"), team = group_at("o.1", "team"), twin = group_at("o.2", "team");
	struct role role = role_at("o.r", "dev"), other = role_at("o.s", "dev");
	struct repo repo = { .uid = uid_at("o.p"), .parent = uid_at("o"), .name = SLICE("app") }, again = repo;
	struct tag tag = { .uid = uid_at("o.p.t"), .parent = uid_at("o.p"), .name = SLICE("latest") }, more = tag;

	again.uid = uid_at("o.q");
	more.uid = uid_at("o.p.u");
	CHECK_OK(insert(&f, &table_groups, &org));
	CHECK_OK(insert(&f, &table_groups, &team));
	CHECK_OK(insert(&f, &table_roles, &role));
	CHECK_OK(insert(&f, &table_repos, &repo));
	CHECK_OK(insert(&f, &table_tags, &tag));
	CHECK_FAULT(FAULT_EXISTS, insert(&f, &table_groups, &twin));
	check_report("group.name", "group team",
		     "Already exists: group.name: \"team\" is taken: groups in one place differ by name; choose another name "
		     "or use the group there");
	CHECK_FAULT(FAULT_EXISTS, insert(&f, &table_roles, &other));
	check_report("role.name", "role dev",
		     "Already exists: role.name: \"dev\" is taken: roles of one group differ by name; choose another name or "
		     "use the role there");
	CHECK_FAULT(FAULT_EXISTS, insert(&f, &table_repos, &again));
	check_report("repo.name", "repo app",
		     "Already exists: repo.name: \"app\" is taken: repositories of one group differ by name; choose another "
		     "name or use the repository there");
	CHECK_FAULT(FAULT_EXISTS, insert(&f, &table_tags, &more));
	check_report("tag.name", "tag latest",
		     "Already exists: tag.name: \"latest\" is taken: tags of one repository differ by name; choose another "
		     "name or update the tag there");
	fixture_done(&f);
}

/* Digests, codes, addresses: whoever meets one learns no more than that something is in the way. */
TEST(what_may_be_secret_is_not_told_when_it_is_in_the_way)
{
	struct fixture f = fixture_new();
	struct setup_code code = { .digest = SLICE("secret digest"), .tries_left = 1 };
	struct account ada = { .login = SLICE("ada@example.com"), .subject = SLICE("s") },
		       eve = { .login = SLICE("eve@example.com"), .subject = SLICE("s") };
	struct device device = { .digest = SLICE("one"), .user_code = SLICE("BCDF") },
		      other = { .digest = SLICE("two"), .user_code = SLICE("BCDF") };

	CHECK_OK(insert(&f, &table_setup_codes, &code));
	CHECK_OK(insert(&f, &table_accounts, &ada));
	CHECK_OK(insert(&f, &table_devices, &device));
	CHECK_FAULT(FAULT_EXISTS, insert(&f, &table_setup_codes, &code));
	check_report("", "setup_code", "this setup_code exists already");
	CHECK_FAULT(FAULT_EXISTS, insert(&f, &table_accounts, &ada));
	check_report("", "account", "this account exists already");
	CHECK_FAULT(FAULT_EXISTS, insert(&f, &table_accounts, &eve));
	check_report("", "account", "this account exists already");
	CHECK_FAULT(FAULT_EXISTS, insert(&f, &table_devices, &other));
	check_report("", "device", "this device exists already");
	fixture_done(&f);
}

TEST(siblings_differ_by_name_but_cousins_need_not)
{
	struct fixture f = fixture_new();
	struct group rows[] = { group_at("o", "o"), group_at("p", "p"), group_at("o.1", "team"), group_at("p.1", "team") };
	struct group sibling = group_at("o.2", "team");
	struct role role = role_at("o.r", "dev"), other = role_at("o.s", "dev"), cousin = role_at("p.r", "dev");

	for (size_t i = 0; i < 4; i++)
		CHECK_OK(insert(&f, &table_groups, &rows[i]));
	CHECK_FAULT(FAULT_EXISTS, insert(&f, &table_groups, &sibling));
	CHECK_OK(insert(&f, &table_roles, &role));
	CHECK_FAULT(FAULT_EXISTS, insert(&f, &table_roles, &other));
	CHECK_OK(insert(&f, &table_roles, &cousin));
	fixture_done(&f);
}

TEST(organizations_share_a_name_until_one_is_verified_and_then_only_one_is)
{
	struct fixture f = fixture_new();
	struct group a = group_at("a", "example.com"), b = group_at("b", "example.com"), c = group_at("c", "example.com");

	CHECK_OK(insert(&f, &table_groups, &a));
	CHECK_OK(insert(&f, &table_groups, &b));
	a.is_verified = true;
	CHECK_OK(update(&f, &table_groups, &a));
	b.is_verified = true;
	CHECK_FAULT(FAULT_EXISTS, update(&f, &table_groups, &b));
	check_report("group.name", "group example.com",
		     "Already exists: group.name: \"example.com\" is taken: verified organizations differ by name; choose "
		     "another name or leave this one unverified");
	CHECK_OK(insert(&f, &table_groups, &c));
	fixture_done(&f);
}

TEST(a_verified_folder_does_not_stand_in_the_way_of_an_organization)
{
	struct fixture f = fixture_new();
	struct group org = group_at("o", "o"), folder = group_at("o.1", "example.com"), other = group_at("p", "example.com");

	folder.is_verified = other.is_verified = true;
	CHECK_OK(insert(&f, &table_groups, &org));
	CHECK_OK(insert(&f, &table_groups, &folder));
	CHECK_OK(insert(&f, &table_groups, &other));
	fixture_done(&f);
}

TEST(no_two_built_in_roles_share_a_name)
{
	struct fixture f = fixture_new();
	struct role a = role_at("a", "viewer"), b = role_at("b", "viewer");

	CHECK_OK(insert(&f, &table_roles, &a));
	CHECK_FAULT(FAULT_EXISTS, insert(&f, &table_roles, &b));
	fixture_done(&f);
}

static void one_binding(struct fixture *f)
{
	struct group org = group_at("o", "o");
	struct identity identity = identity_at("u", "ada");
	struct role role = role_at("r", "viewer");
	struct binding binding = binding_at("o.b", "u", "r");

	CHECK_OK(insert(f, &table_groups, &org));
	CHECK_OK(insert(f, &table_identities, &identity));
	CHECK_OK(insert(f, &table_roles, &role));
	CHECK_OK(insert(f, &table_bindings, &binding));
}

TEST(an_identity_has_a_role_at_a_group_once)
{
	struct fixture f = fixture_new();
	struct binding again = binding_at("o.c", "u", "r");

	one_binding(&f);
	CHECK_FAULT(FAULT_EXISTS, insert(&f, &table_bindings, &again));
	check_report("role_binding", "binding",
		     "Already exists: role_binding: the identity has this role at this group already; use the binding there");
	fixture_done(&f);
}

TEST(a_row_that_refers_to_nothing_is_refused)
{
	struct fixture f = fixture_new();
	struct group orphan = group_at("x.1", "orphan");
	struct binding binding = binding_at("o.c", "u", "z");
	struct tag tag = { .uid = uid_at("o.t"), .parent = uid_at("o"), .name = SLICE("latest") };

	one_binding(&f);
	CHECK_FAULT(FAULT_STATE, insert(&f, &table_groups, &orphan));
	CHECK_FAULT(FAULT_STATE, insert(&f, &table_bindings, &binding));
	CHECK_FAULT(FAULT_STATE, put(&f, &table_bindings, &binding));
	CHECK_FAULT(FAULT_STATE, insert(&f, &table_tags, &tag));
	fixture_done(&f);
}

TEST(a_user_may_be_bound_before_they_first_come)
{
	struct fixture f = fixture_new();
	struct binding binding = binding_at("o.c", "z", "r");

	one_binding(&f);
	CHECK_OK(insert(&f, &table_bindings, &binding));
	fixture_done(&f);
}

TEST(what_is_referred_to_is_not_deleted)
{
	struct fixture f = fixture_new();
	struct group org = group_at("o", "");
	struct role role = role_at("r", "");
	struct binding binding = binding_at("o.b", "u", "r");
	bool deleted;

	one_binding(&f);
	CHECK_FAULT(FAULT_STATE, delete (&f, &table_groups, &org, &deleted));
	CHECK_FAULT(FAULT_STATE, delete (&f, &table_roles, &role, &deleted));
	CHECK_OK(delete (&f, &table_bindings, &binding, &deleted));
	CHECK(deleted);
	CHECK_OK(delete (&f, &table_groups, &org, &deleted));
	CHECK(deleted);
	fixture_done(&f);
}

TEST(a_group_with_folders_repositories_or_limits_is_not_deleted)
{
	struct fixture f = fixture_new();
	struct group org = group_at("o", "o"), folder = group_at("o.1", "f"), other = group_at("o.2", "g");
	struct repo repo = { .uid = uid_at("o.1.r"), .parent = uid_at("o.1"), .name = SLICE("app") };
	struct limit limit = { .group = uid_at("o.2"), .kind = SLICE("idps"), .most = 3 };
	bool deleted;

	CHECK_OK(insert(&f, &table_groups, &org));
	CHECK_OK(insert(&f, &table_groups, &folder));
	CHECK_OK(insert(&f, &table_groups, &other));
	CHECK_OK(insert(&f, &table_repos, &repo));
	CHECK_OK(insert(&f, &table_limits, &limit));
	CHECK_FAULT(FAULT_STATE, delete (&f, &table_groups, &org, &deleted));
	CHECK_FAULT(FAULT_STATE, delete (&f, &table_groups, &folder, &deleted));
	CHECK_FAULT(FAULT_STATE, delete (&f, &table_groups, &other, &deleted));
	fixture_done(&f);
}

TEST(an_update_of_what_is_not_there_is_absent)
{
	struct fixture f = fixture_new();
	struct group group = group_at("o", "o");

	CHECK_FAULT(FAULT_ABSENT, update(&f, &table_groups, &group));
	CHECK(!find(&f, &table_groups, &group, &group));
	fixture_done(&f);
}

TEST(an_update_replaces_every_column_and_keeps_who_refers_to_it)
{
	struct fixture f = fixture_new();
	struct group group = group_at("o", "new");

	one_binding(&f);
	group.description = SLICE("d");
	group.kind = 7;
	CHECK_OK(update(&f, &table_groups, &group));
	group = group_at("o", "");
	CHECK(find(&f, &table_groups, &group, &group));
	CHECK_SLICE(group.name, "new");
	CHECK_SLICE(group.description, "d");
	CHECK_INT(group.kind, 7);
	CHECK_INT(count(&f, &table_bindings, NULL), 1);
	fixture_done(&f);
}

TEST(a_put_inserts_first_and_replaces_then)
{
	struct fixture f = fixture_new();
	struct fact fact = { .name = SLICE("f"), .value = SLICE("1") };
	struct setup_code code = { .digest = SLICE("d\0e"), .tries_left = 10 };
	int64_t before = count(&f, &table_facts, NULL);

	CHECK_OK(put(&f, &table_facts, &fact));
	fact.value = SLICE("22");
	CHECK_OK(put(&f, &table_facts, &fact));
	fact.value = SLICE("");
	CHECK(find(&f, &table_facts, &fact, &fact));
	CHECK_SLICE(fact.value, "22");
	CHECK_INT(count(&f, &table_facts, NULL), before + 1);
	CHECK_OK(put(&f, &table_setup_codes, &code));
	code.tries_left = 9;
	CHECK_OK(put(&f, &table_setup_codes, &code));
	CHECK(find(&f, &table_setup_codes, &code, &code) && code.tries_left == 9 && code.digest.len == 3);
	fixture_done(&f);
}

TEST(a_put_that_takes_a_siblings_name_is_refused)
{
	struct fixture f = fixture_new();
	struct group rows[] = { group_at("o", "o"), group_at("o.1", "a"), group_at("o.2", "b") };

	for (size_t i = 0; i < 3; i++)
		CHECK_OK(insert(&f, &table_groups, &rows[i]));
	rows[2].name = SLICE("a");
	CHECK_FAULT(FAULT_EXISTS, put(&f, &table_groups, &rows[2]));
	fixture_done(&f);
}

TEST(deleting_what_is_gone_tells_so)
{
	struct fixture f = fixture_new();
	struct group group = group_at("o", "o");
	bool deleted;

	CHECK_OK(delete (&f, &table_groups, &group, &deleted));
	CHECK(!deleted);
	fixture_done(&f);
}

TEST(a_required_uid_that_is_none_is_our_own_mistake)
{
	struct fixture f = fixture_new();
	struct binding binding = { .uid = uid_at("o.b"), .group = uid_at("o") };

	CHECK_FAULT(FAULT_INTERNAL, insert(&f, &table_bindings, &binding));
	fixture_done(&f);
}

TEST(rows_of_a_compound_key_are_told_apart_by_all_of_it)
{
	struct fixture f = fixture_new();
	struct group org = group_at("o", "o");
	struct limit a = { .group = uid_at("o"), .kind = SLICE("idps"), .most = 1 }, b = a, out = a;
	bool deleted;

	b.kind = SLICE("folders");
	b.most = 2;
	CHECK_OK(insert(&f, &table_groups, &org));
	CHECK_OK(insert(&f, &table_limits, &a));
	CHECK_OK(insert(&f, &table_limits, &b));
	CHECK_FAULT(FAULT_EXISTS, insert(&f, &table_limits, &b));
	CHECK_OK(delete (&f, &table_limits, &b, &deleted));
	CHECK(find(&f, &table_limits, &out, &out) && out.most == 1);
	fixture_done(&f);
}

TEST(delete_all_deletes_what_matches_and_counts_it)
{
	struct fixture f = fixture_new();
	struct group org = group_at("o", "o");
	struct query query;
	int64_t gone;

	CHECK_OK(insert(&f, &table_groups, &org));
	for (int i = 0; i < 600; i++) { /* more than one batch */
		struct group folder = group_at("o.1", "");
		char name[16];
		folder.uid.at[27] = (uint8_t)i;
		folder.uid.at[26] = (uint8_t)(i >> 8);
		folder.kind = i % 2;
		folder.name = slice_of(name, (size_t)snprintf(name, sizeof(name), "f%d", i));
		CHECK_OK(insert(&f, &table_groups, &folder));
	}
	query_init(&query);
	query_uids(&query, WHERE_BELOW, GROUPS_UID, &org.uid, 1);
	query_number(&query, WHERE_NOT, GROUPS_KIND, 0);
	CHECK_OK(delete_all(&f, &table_groups, &query, &gone));
	CHECK_INT(gone, 300);
	CHECK_INT(count(&f, &table_groups, NULL), 301);
	CHECK_INT(count(&f, &table_groups, &query), 0);
	fixture_done(&f);
}

TEST(delete_all_that_meets_a_row_in_use_deletes_nothing)
{
	struct fixture f = fixture_new();
	struct group more[] = { group_at("a", "a"), group_at("z", "z") };
	struct query query;
	int64_t gone;

	one_binding(&f);
	CHECK_OK(insert(&f, &table_groups, &more[0]));
	CHECK_OK(insert(&f, &table_groups, &more[1]));
	query_init(&query);
	CHECK_FAULT(FAULT_STATE, delete_all(&f, &table_groups, &query, &gone));
	CHECK_INT(count(&f, &table_groups, NULL), 3);
	fixture_done(&f);
}

TEST(a_key_may_be_the_row_that_is_filled)
{
	struct fixture f = fixture_new();
	struct signing_key in = { .kid = SLICE("k1"), .algorithm = SLICE("ES256"), .sealed = SLICE("\0\1\2"), .active_us = 5 };
	struct signing_key out = { .kid = SLICE("k1") };

	CHECK_OK(insert(&f, &table_signing_keys, &in));
	CHECK(find(&f, &table_signing_keys, &out, &out));
	CHECK_SLICE(out.algorithm, "ES256");
	CHECK_SLICE(out.kid, "k1");
	CHECK_INT(out.sealed.len, 3);
	fixture_done(&f);
}

TESTS(what_is_inserted_is_found_again_in_every_column, capabilities_keep_every_bit, bytes_may_hold_anything_and_be_long,
      what_is_not_there_is_not_found_and_is_no_fault, a_second_row_with_the_same_key_exists_already,
      a_name_in_the_way_is_told_with_its_field_its_rule_and_what_to_do, what_may_be_secret_is_not_told_when_it_is_in_the_way,
      siblings_differ_by_name_but_cousins_need_not, organizations_share_a_name_until_one_is_verified_and_then_only_one_is,
      a_verified_folder_does_not_stand_in_the_way_of_an_organization, no_two_built_in_roles_share_a_name,
      an_identity_has_a_role_at_a_group_once, a_row_that_refers_to_nothing_is_refused,
      a_user_may_be_bound_before_they_first_come, what_is_referred_to_is_not_deleted,
      a_group_with_folders_repositories_or_limits_is_not_deleted, an_update_of_what_is_not_there_is_absent,
      an_update_replaces_every_column_and_keeps_who_refers_to_it, a_put_inserts_first_and_replaces_then,
      a_put_that_takes_a_siblings_name_is_refused, deleting_what_is_gone_tells_so,
      a_required_uid_that_is_none_is_our_own_mistake, rows_of_a_compound_key_are_told_apart_by_all_of_it,
      delete_all_deletes_what_matches_and_counts_it, delete_all_that_meets_a_row_in_use_deletes_nothing,
      a_key_may_be_the_row_that_is_filled)
