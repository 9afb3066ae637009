#include "schema_test.h"

TEST(an_answer_shows_unset_members_as_the_public_gateway_does)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *group = TYPE("iam.v2.Group"), *page = TYPE("iam.v2.ListGroupsResponse");
	const struct message_type *identity = TYPE("iam.v2.Identity"), *role = TYPE("iam.v2.Role");

	CHECK_SLICE(
		to_json(arena, group, message_new(arena, group), JSON_FULL),
		"{\"uid\":\"\",\"name\":\"\",\"description\":\"\",\"resourceLimits\":{},\"verified\":false,\"createTime\":null,"
		"\"updateTime\":null,\"kind\":\"ORG_KIND_UNSPECIFIED\",\"status\":\"ORG_STATUS_UNSPECIFIED\"}");
	/* an optional field that is absent, and members of a oneof, are left out */
	CHECK_SLICE(to_json(arena, page, message_new(arena, page), JSON_FULL),
		    "{\"groups\":[],\"nextPageToken\":\"\",\"skipped\":0}");
	CHECK(!strstr(to_json(arena, identity, message_new(arena, identity), JSON_FULL).at, "claimMatch"));
	CHECK(strstr(to_json(arena, role, message_new(arena, role), JSON_FULL).at, "\"capabilities\":[]"));
	CHECK_SLICE(to_json(arena, group, message_new(arena, group), JSON_SPARSE), "{}");
}

TEST(numbers_of_64_bits_are_strings_and_optional_zero_is_shown)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *page = TYPE("iam.v2.ListGroupsResponse");
	Chainguard__Platform__Iam__V2__ListGroupsResponse *out = (void *)message_new(arena, page);

	out->_total_count_case = CHAINGUARD__PLATFORM__IAM__V2__LIST_GROUPS_RESPONSE___TOTAL_COUNT_TOTAL_COUNT;
	CHECK_SLICE(to_json(arena, page, out, JSON_SPARSE), "{\"totalCount\":\"0\"}");
	out->total_count = 12;
	CHECK_SLICE(to_json(arena, page, out, JSON_SPARSE), "{\"totalCount\":\"12\"}");
	out->total_count = INT64_MIN;
	CHECK_SLICE(to_json(arena, page, out, JSON_SPARSE), "{\"totalCount\":\"-9223372036854775808\"}");
	TAKES_JSON(arena, page, "{\"totalCount\":\"9223372036854775807\"}", "{\"totalCount\":\"9223372036854775807\"}");
	TAKES_JSON(arena, page, "{\"totalCount\":7}", "{\"totalCount\":\"7\"}");
	TAKES_JSON(arena, page, "{\"total_count\":7.0}", "{\"totalCount\":\"7\"}");
	REFUSES_JSON(arena, page, "{\"totalCount\":\"9223372036854775808\"}", "total_count");
	REFUSES_JSON(arena, page, "{\"totalCount\":1.5}", "total_count");
	REFUSES_JSON(arena, page, "{\"totalCount\":true}", "total_count");
	REFUSES_JSON(arena, page, "{\"totalCount\":\"0x10\"}", "total_count");
	REFUSES_JSON(arena, page, "{\"skipped\":2147483648}", "skipped");
	REFUSES_JSON(arena, page, "{\"skipped\":-2147483649}", "skipped");
	TAKES_JSON(arena, page, "{\"skipped\":\"-2147483648\"}", "{\"skipped\":-2147483648}");
}

TEST(a_message_survives_json_and_wire)
{
	static const char text[] = "{\"uid\":\"u\",\"name\":\"n\\\"\\\\\\n\xc3\xa9\xf0\x9f\x90\xb3\",\"createTime\":\"2026-01-"
				   "31T12:00:00.250Z\",\"claimMatch\":"
				   "{\"issuerPattern\":\"^a$\",\"subject\":\"s\",\"claims\":{\"k\":\"v\",\"\":\"empty\"},"
				   "\"claimPatterns\":{\"p\":\".*\"}}}";
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *type = TYPE("iam.v2.Identity");
	ProtobufCMessage *message, *again;

	CHECK_OK(message_from_json(arena, type, slice_str(text), &message));
	CHECK_SLICE(to_json(arena, type, message, JSON_SPARSE), text);
	CHECK_OK(message_decode(arena, type, to_wire(arena, message), &again));
	CHECK_SLICE(to_json(arena, type, again, JSON_SPARSE), text);
	Chainguard__Platform__Iam__V2__Identity *identity = (void *)again;
	CHECK_INT(identity->relationship_case, CHAINGUARD__PLATFORM__IAM__V2__IDENTITY__RELATIONSHIP_CLAIM_MATCH);
	CHECK_INT(identity->claim_match->n_claims, 2);
	CHECK_INT(identity->create_time->nanos, 250000000);
}

TEST(member_names_are_taken_in_both_cases_but_once)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *type = TYPE("iam.v2.RoleBinding");

	TAKES_JSON(arena, type, "{\"identity_uid\":\"a\",\"roleUid\":\"b\"}", "{\"identityUid\":\"a\",\"roleUid\":\"b\"}");
	REFUSES_JSON(arena, type, "{\"identity_uid\":\"a\",\"identityUid\":\"b\"}", "identityUid");
	CHECK(strstr(report_current()->text, "twice"));
	REFUSES_JSON(arena, type, "{\"identityUid\":\"a\",\"identityUid\":\"a\"}", "");
	REFUSES_JSON(arena, type, "{\"IdentityUid\":\"a\"}", "IdentityUid");
}

TEST(a_misspelt_member_is_refused_by_its_name)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *type = TYPE("iam.v2.CreateIdentityRequest");

	REFUSES_JSON(arena, type, "{\"parent\":\"p\",\"identitty\":{}}", "identitty");
	REFUSES_JSON(arena, type, "{\"identity\":{\"claimMatch\":{\"issuerr\":\"x\"}}}", "identity.claim_match.issuerr");
	REFUSES_JSON(arena, TYPE("iam.v2.LookupGroupRequest"), "{\"x\":null}", "x");
}

TEST(only_one_alternative_may_be_given)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *type = TYPE("iam.v2.Identity.ClaimMatch");

	REFUSES_JSON(arena, type, "{\"issuer\":\"a\",\"issuerPattern\":\"b\"}", "issuer_pattern");
	TAKES_JSON(arena, type, "{\"issuer\":\"a\",\"issuerPattern\":null}", "{\"issuer\":\"a\"}");
	TAKES_JSON(arena, type, "{\"issuer\":\"\"}", "{\"issuer\":\"\"}");
}

TEST(wrong_kinds_are_refused_and_null_is_unset)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *group = TYPE("iam.v2.Group"), *exchange = TYPE("oidc.ExchangeRequest");

	TAKES_JSON(arena, group, "{\"name\":null,\"verified\":null,\"createTime\":null,\"resourceLimits\":null,\"kind\":null}",
		   "{}");
	REFUSES_JSON(arena, group, "{\"name\":7}", "name");
	REFUSES_JSON(arena, group, "{\"verified\":\"true\"}", "verified");
	REFUSES_JSON(arena, group, "{\"verified\":1}", "verified");
	REFUSES_JSON(arena, group, "{\"resourceLimits\":[]}", "resource_limits");
	REFUSES_JSON(arena, group, "{\"resourceLimits\":{\"a\":null}}", "resource_limits.a");
	REFUSES_JSON(arena, group, "{\"resourceLimits\":{\"a\":\"x\"}}", "resource_limits.a");
	REFUSES_JSON(arena, group, "{\"createTime\":{}}", "create_time");
	REFUSES_JSON(arena, exchange, "{\"aud\":\"x\"}", "aud");
	REFUSES_JSON(arena, exchange, "{\"aud\":[\"x\",null]}", "aud[1]");
	REFUSES_JSON(arena, exchange, "{\"aud\":[\"x\",[]]}", "aud[1]");
	REFUSES_JSON(arena, TYPE("iam.v2.CreateGroupRequest"), "{\"group\":\"x\"}", "group");
	REFUSES_JSON(arena, group, "[]", "request");
	REFUSES_JSON(arena, group, "\"\"", "request");
	REFUSES_JSON(arena, group, "null", "request");
	REFUSES_JSON(arena, group, "", "");
}

TEST(enums_go_by_name_and_come_by_name_or_number)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *role = TYPE("iam.v2.Role"), *group = TYPE("iam.v2.Group");

	TAKES_JSON(arena, role, "{\"capabilities\":[\"CAP_IAM_GROUPS_LIST\",103,\"101\"]}",
		   "{\"capabilities\":[\"CAP_IAM_GROUPS_LIST\",\"CAP_IAM_GROUPS_LIST\",\"CAP_IAM_GROUPS_CREATE\"]}");
	TAKES_JSON(arena, group, "{\"kind\":77}", "{\"kind\":77}"); /* enums are open */
	REFUSES_JSON(arena, role, "{\"capabilities\":[\"CAP_IAM_GROUPS_LIST\",\"groups.list\"]}", "capabilities[1]");
	REFUSES_JSON(arena, group, "{\"kind\":\"org_kind_dev\"}", "kind");
	REFUSES_JSON(arena, group, "{\"kind\":99999999999}", "kind");
	REFUSES_JSON(arena, group, "{\"kind\":\"\"}", "kind");
	REFUSES_JSON(arena, group, "{\"kind\":true}", "kind");
}

TEST(times_durations_and_masks_have_their_own_forms)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *invite = TYPE("iam.v2.GroupInvite"), *update = TYPE("iam.v2.UpdateGroupRequest");

	TAKES_JSON(arena, invite, "{\"ttl\":\"604800s\"}", "{\"ttl\":\"604800s\"}");
	TAKES_JSON(arena, invite, "{\"ttl\":\"3.5s\"}", "{\"ttl\":\"3.500s\"}");
	TAKES_JSON(arena, invite, "{\"ttl\":\"-0.000001s\"}", "{\"ttl\":\"-0.000001s\"}");
	TAKES_JSON(arena, invite, "{\"ttl\":\"0.123456789s\"}", "{\"ttl\":\"0.123456789s\"}");
	REFUSES_JSON(arena, invite, "{\"ttl\":\"1h\"}", "ttl");
	REFUSES_JSON(arena, invite, "{\"ttl\":\"3.s\"}", "ttl");
	REFUSES_JSON(arena, invite, "{\"ttl\":\".5s\"}", "ttl");
	REFUSES_JSON(arena, invite, "{\"ttl\":\"0.1234567890s\"}", "ttl");
	REFUSES_JSON(arena, invite, "{\"ttl\":\"315576000001s\"}", "ttl");
	REFUSES_JSON(arena, invite, "{\"ttl\":\"s\"}", "ttl");
	REFUSES_JSON(arena, invite, "{\"ttl\":5}", "ttl");
	TAKES_JSON(arena, invite, "{\"createTime\":\"2026-01-31T13:00:00+01:00\"}",
		   "{\"createTime\":\"2026-01-31T12:00:00Z\"}");
	REFUSES_JSON(arena, invite, "{\"createTime\":\"2026-02-30T13:00:00Z\"}", "create_time");
	REFUSES_JSON(arena, invite, "{\"createTime\":\"yesterday\"}", "create_time");
	REFUSES_JSON(arena, invite, "{\"createTime\":\"0001-01-01T00:00:00+23:00\"}", "create_time");
	REFUSES_JSON(arena, invite, "{\"createTime\":\"9999-12-31T23:59:59-23:00\"}", "create_time");
	TAKES_JSON(arena, update, "{\"updateMask\":\"displayName,oidc.clientSecret\"}",
		   "{\"updateMask\":\"displayName,oidc.clientSecret\"}");
	TAKES_JSON(arena, update, "{\"updateMask\":\"*\"}", "{\"updateMask\":\"*\"}");
	TAKES_JSON(arena, update, "{\"updateMask\":\"\"}", "{\"updateMask\":\"\"}");
}

TEST(bytes_are_base64_of_either_alphabet_in_and_standard_out)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *type = TYPE("auth.HeadlessSession");

	TAKES_JSON(arena, type, "{\"ecdhPublicKey\":\"-_-_\"}", "{\"ecdhPublicKey\":\"+/+/\"}");
	TAKES_JSON(arena, type, "{\"ecdhPublicKey\":\"+/8=\"}", "{\"ecdhPublicKey\":\"+/8=\"}");
	TAKES_JSON(arena, type, "{\"ecdhPublicKey\":\"+/8\"}", "{\"ecdhPublicKey\":\"+/8=\"}");
	REFUSES_JSON(arena, type, "{\"ecdhPublicKey\":\"*\"}", "ecdh_public_key");
}

TEST(a_map_with_numbers_for_keys_takes_each_key_one_way)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *type = TYPE("iam.v2.AccountAssociation.GitHub");

	TAKES_JSON(arena, type, "{\"appInstallations\":{\"12\":{\"installations\":[{\"installationId\":\"3\"}]},\"-4\":{}}}",
		   "{\"appInstallations\":{\"12\":{\"installations\":[{\"installationId\":\"3\"}]},\"-4\":{}}}");
	REFUSES_JSON(arena, type, "{\"appInstallations\":{\"12.0\":{}}}", "app_installations.12.0");
	REFUSES_JSON(arena, type, "{\"appInstallations\":{\"-0\":{}}}", "app_installations.-0");
	REFUSES_JSON(arena, type, "{\"appInstallations\":{\"x\":{}}}", "app_installations.x");
	REFUSES_JSON(arena, type, "{\"appInstallations\":{\"1\":{},\"1\":{}}}", "");
}

TEST(hostile_text_does_not_pass)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
	const struct message_type *group = TYPE("iam.v2.Group");
	char deep[20001];

	REFUSES_JSON(arena, group, "{\"name\":\"\\u0000\"}", "");
	REFUSES_JSON(arena, group, "{\"name\":\"\\ud800\"}", "");
	REFUSES_JSON(arena, group, "{\"name\":\"\\udc00\\ud800\"}", "");
	REFUSES_JSON(arena, group, "{\"name\":\"\xff\"}", "");
	REFUSES_JSON(arena, group, "{\"name\":\"\xed\xa0\x80\"}", "");
	REFUSES_JSON(arena, group, "{\"name\":\"a\"}x", "");
	REFUSES_JSON(arena, group, "{\"name\":\"a\",}", "");
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	REFUSES_JSON(arena, group, deep, "");
	TAKES_JSON(arena, group, "{\"name\":\"\\ud83d\\udc33\"}", "{\"name\":\"\xf0\x9f\x90\xb3\"}");
}

TEST(a_full_arena_ends_in_a_fault)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(16384);
	ProtobufCMessage *message;
	struct buffer text;

	buffer_init(&text, NULL, 1 << 20);
	buffer_text(&text, "{\"aud\":[\"\"");
	for (int i = 0; i < 2000; i++)
		buffer_text(&text, ",\"\"");
	buffer_text(&text, "]}");
	CHECK_FAULT(FAULT_EXHAUSTED, message_from_json(arena, TYPE("oidc.ExchangeRequest"), buffer_slice(&text), &message));
	buffer_done(&text);
}

/* Names enough to need several blocks, so that several allocations can fail. */
static slice long_list(struct buffer *text)
{
	buffer_init(text, NULL, 1 << 20);
	buffer_text(text, "{\"aud\":[\"\"");
	for (int i = 0; i < 1000; i++)
		buffer_text(text, ",\"an audience of some length\"");
	buffer_text(text, "]}");
	return buffer_slice(text);
}

TEST(any_allocation_may_fail_and_the_call_alone_does)
{
	CLEANUP(arena_freep) struct arena *kept = arena_new(ARENA_BYTES);
	const struct message_type *type = TYPE("oidc.ExchangeRequest");
	struct buffer text;
	slice json = long_list(&text), wire;
	ProtobufCMessage *first;
	bool is_done = false;
	unsigned failures = 0;

	CHECK_OK(message_from_json(kept, type, json, &first));
	wire = to_wire(kept, first);
	for (uint64_t n = 1; !is_done; n++) {
		struct arena *arena = arena_new(ARENA_BYTES);
		ProtobufCMessage *message, *again;
		status st;

		mem_fail_after(n);
		st = message_from_json(arena, type, json, &message);
		if (!FAILED(st))
			st = message_decode(arena, type, wire, &again);
		is_done = mem_count() < n;
		mem_fail_after(0);
		CHECK(!FAILED(st) || st.fault == FAULT_EXHAUSTED);
		failures += FAILED(st);
		arena_free(arena);
	}
	CHECK(failures >= 3);
	buffer_done(&text);
}

TESTS(an_answer_shows_unset_members_as_the_public_gateway_does, numbers_of_64_bits_are_strings_and_optional_zero_is_shown,
      a_message_survives_json_and_wire, member_names_are_taken_in_both_cases_but_once, a_misspelt_member_is_refused_by_its_name,
      only_one_alternative_may_be_given, wrong_kinds_are_refused_and_null_is_unset, enums_go_by_name_and_come_by_name_or_number,
      times_durations_and_masks_have_their_own_forms, bytes_are_base64_of_either_alphabet_in_and_standard_out,
      a_map_with_numbers_for_keys_takes_each_key_one_way, hostile_text_does_not_pass, a_full_arena_ends_in_a_fault,
      any_allocation_may_fail_and_the_call_alone_does)
