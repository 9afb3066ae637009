#include "schema_test.h"

#include "schema/rest.h"

static struct arena *arena;

static status decode(const char *verb, const char *path, const char *query, const char *body, ProtobufCMessage **ret_request)
{
	struct route_match match;
	struct rest_input input = { slice_str(query), slice_str(body), body ? REST_BODY_JSON : REST_BODY_NONE };

	report_clear(report_current());
	assert_true(route_match(slice_str(verb), slice_str(path), &match));
	if (match.method->is_form && body)
		input.body_kind = REST_BODY_FORM;
	return rest_decode(arena, &match, &input, ret_request);
}

/* The request that a call becomes, as sparse JSON. */
#define BECOMES(verb, path, query, body, want)                                                                   \
	do {                                                                                                     \
		ProtobufCMessage *request_;                                                                      \
		CHECK_OK(decode(verb, path, query, body, &request_));                                            \
		CHECK_SLICE(to_json(arena, message_type_of(request_->descriptor), request_, JSON_SPARSE), want); \
	} while (0)
#define REFUSED(verb, path, query, body, field)                                         \
	do {                                                                            \
		ProtobufCMessage *request_;                                             \
		CHECK_FAULT(FAULT_INVALID, decode(verb, path, query, body, &request_)); \
		CHECK_FIELD(field);                                                     \
	} while (0)

static int begin(void **state)
{
	arena = arena_new(ARENA_BYTES);
	return 0;
}

static int end(void **state)
{
	arena = arena_free(arena);
	return 0;
}

TEST(captures_are_decoded_and_win_over_the_body)
{
	BECOMES("GET", "/iam/v2/groups/ab/cd", "", NULL, "{\"uid\":\"ab/cd\"}");
	BECOMES("GET", "/iam/v2/groups/ab%2Fcd%20e", "", NULL, "{\"uid\":\"ab/cd e\"}");
	BECOMES("GET", "/iam/v2/groups/a+b", "", NULL, "{\"uid\":\"a+b\"}");
	BECOMES("PUT", "/iam/v1/groups/x", "", "{\"id\":\"y\",\"name\":\"n\"}", "{\"id\":\"x\",\"name\":\"n\"}");
	BECOMES("POST", "/iam/v2/groups/p", "", "{\"name\":\"n\"}", "{\"parent\":\"p\",\"group\":{\"name\":\"n\"}}");
	BECOMES("POST", "/iam/v2/groups", "", "{\"name\":\"n\"}", "{\"group\":{\"name\":\"n\"}}");
	REFUSED("GET", "/iam/v2/groups/%zz", "", NULL, "uid");
	REFUSED("GET", "/iam/v2/groups/%00", "", NULL, "uid");
	REFUSED("GET", "/iam/v2/groups/%ff", "", NULL, "uid");
	REFUSED("DELETE", "/auth/v1/delete/a%2fb", "", NULL, "id");
}

TEST(query_parameters_reach_nested_fields_in_either_case)
{
	BECOMES("GET", "/iam/v2/groups", "uidp.descendants_of=a%2Fb&pageSize=5&page_token=t", NULL,
		"{\"uidp\":{\"descendantsOf\":\"a/b\"},\"pageSize\":5,\"pageToken\":\"t\"}");
	BECOMES("GET", "/iam/v2/groups", "uidp.ids=a&uidp.ids=b&uidp.inRoot=true&&name=a+b", NULL,
		"{\"uidp\":{\"inRoot\":true,\"ids\":[\"a\",\"b\"]},\"name\":\"a b\"}");
	BECOMES("GET", "/iam/v2/identities", "relationshipType=RELATIONSHIP_TYPE_STATIC", NULL,
		"{\"relationshipType\":\"RELATIONSHIP_TYPE_STATIC\"}");
	BECOMES("GET", "/registry/v1/tags", "updatedSince=2026-01-01T00:00:00Z&name", NULL,
		"{\"updatedSince\":\"2026-01-01T00:00:00Z\"}");
	REFUSED("GET", "/iam/v2/groups", "page_siz=5", NULL, "page_siz");
	REFUSED("GET", "/iam/v2/groups", "pageSize=five", NULL, "page_size");
	REFUSED("GET", "/iam/v2/groups", "pageSize=5&page_size=6", NULL, "page_size");
	REFUSED("GET", "/iam/v2/groups", "uidp=x", NULL, "uidp");
	REFUSED("GET", "/iam/v2/groups", "uidp.ids.x=x", NULL, "uidp.ids.x");
	REFUSED("GET", "/iam/v2/groups", "uidp.inRoot=maybe", NULL, "uidp.in_root");
	REFUSED("GET", "/iam/v2/groups", "name=%ff", NULL, "");
	REFUSED("GET", "/iam/v2/groups", "name=%0", NULL, "");
	REFUSED("GET", "/iam/v2/groups/x", "uid=y", NULL, "uid");
	REFUSED("POST", "/iam/v2/groups/p", "group.name=x", "{}", "group.name");
	REFUSED("PUT", "/iam/v1/groups/p", "name=x", "{}", "name");
}

TEST(a_body_can_be_a_list_when_its_field_is_one)
{
	BECOMES("POST", "/iam/v1/rolebindings/batch/p", "", "[{\"identity\":\"i\",\"role\":\"r\"},{}]",
		"{\"parent\":\"p\",\"roleBindings\":[{\"identity\":\"i\",\"role\":\"r\"},{}]}");
	REFUSED("POST", "/iam/v1/rolebindings/batch/p", "", "{}", "role_bindings");
	REFUSED("POST", "/iam/v1/rolebindings/batch/p", "", "[{\"rolle\":\"r\"}]", "role_bindings[0].rolle");
	REFUSED("POST", "/iam/v2/groups/p", "", "{\"nam\":\"n\"}", "group.nam");
	REFUSED("POST", "/iam/v2/groups/p", "", "[]", "group");
	BECOMES("POST", "/iam/v2/groups/p", "", "", "{\"parent\":\"p\"}");
	BECOMES("DELETE", "/iam/v2/groups/p", "", "{\"what\":\"ever\"}", "{\"uid\":\"p\"}");
}

TEST(a_patch_without_a_mask_names_what_its_body_has)
{
	BECOMES("PATCH", "/iam/v2/groups/g", "", "{\"name\":\"n\",\"description\":\"\"}",
		"{\"group\":{\"uid\":\"g\",\"name\":\"n\"},\"updateMask\":\"name,description\"}");
	BECOMES("PATCH", "/iam/v2/groups/g", "", "{\"uid\":\"x\",\"name\":\"n\",\"createTime\":null}",
		"{\"group\":{\"uid\":\"g\",\"name\":\"n\"},\"updateMask\":\"name\"}");
	BECOMES("PATCH", "/iam/v2/groups/g", "updateMask=description", "{\"name\":\"n\"}",
		"{\"group\":{\"uid\":\"g\",\"name\":\"n\"},\"updateMask\":\"description\"}");
	BECOMES("PATCH", "/iam/v2/groups/g", "update_mask=*", "{\"name\":\"n\"}",
		"{\"group\":{\"uid\":\"g\",\"name\":\"n\"},\"updateMask\":\"*\"}");
	BECOMES("PATCH", "/iam/v2/identityProviders/g", "", "{\"oidc\":{\"client_id\":\"c\",\"additionalScopes\":[]}}",
		"{\"identityProvider\":{\"uid\":\"g\",\"oidc\":{\"clientId\":\"c\"}},"
		"\"updateMask\":\"oidc.clientId,oidc.additionalScopes\"}");
	BECOMES("PATCH", "/iam/v2/identities/i", "", "{\"claimMatch\":{\"claims\":{\"a\":\"b\"}}}",
		"{\"identity\":{\"uid\":\"i\",\"claimMatch\":{\"claims\":{\"a\":\"b\"}}},\"updateMask\":\"claimMatch."
		"claims\"}");
	BECOMES("PATCH", "/iam/v2/identities:updateIdentityMetadata", "", "{\"identityMetadata\":{\"company\":\"c\"}}",
		"{\"identityMetadata\":{\"company\":\"c\"},\"updateMask\":\"company\"}");
	BECOMES("PATCH", "/iam/v2/identities:updateIdentityMetadata", "",
		"{\"identityMetadata\":{\"company\":\"c\"},\"updateMask\":\"product\"}",
		"{\"identityMetadata\":{\"company\":\"c\"},\"updateMask\":\"product\"}");
	BECOMES("PATCH", "/iam/v2/identities/i", "", "{\"claimMatch\":{\"claims\":{},\"audience\":null},\"staticKeys\":null}",
		"{\"identity\":{\"uid\":\"i\",\"claimMatch\":{}},\"updateMask\":\"claimMatch.claims,claimMatch.audience,"
		"staticKeys\"}");
	BECOMES("PATCH", "/iam/v2/identities/i", "", "{\"claimMatch\":{}}",
		"{\"identity\":{\"uid\":\"i\",\"claimMatch\":{}},\"updateMask\":\"\"}");
}

/* An answer has it empty, and may be sent back. */
TEST(a_secret_is_named_by_a_body_that_has_one)
{
	BECOMES("PATCH", "/iam/v2/identityProviders/g", "", "{\"oidc\":{\"clientId\":\"c\",\"clientSecret\":\"\"}}",
		"{\"identityProvider\":{\"uid\":\"g\",\"oidc\":{\"clientId\":\"c\"}},\"updateMask\":\"oidc.clientId\"}");
	BECOMES("PATCH", "/iam/v2/identityProviders/g", "", "{\"oidc\":{\"client_secret\":null}}",
		"{\"identityProvider\":{\"uid\":\"g\",\"oidc\":{}},\"updateMask\":\"\"}");
	BECOMES("PATCH", "/iam/v2/identityProviders/g", "", "{\"oidc\":{\"clientSecret\":\"s\"}}",
		"{\"identityProvider\":{\"uid\":\"g\",\"oidc\":{\"clientSecret\":\"s\"}},\"updateMask\":\"oidc."
		"clientSecret\"}");
	BECOMES("PATCH", "/iam/v2/identityProviders/g", "updateMask=oidc.client_secret", "{\"oidc\":{\"clientSecret\":\"\"}}",
		"{\"identityProvider\":{\"uid\":\"g\",\"oidc\":{}},\"updateMask\":\"oidc.clientSecret\"}");
}

TEST(the_sts_reads_query_and_form_and_skips_what_it_does_not_know)
{
	BECOMES("GET", "/sts/exchange", "aud=a&aud=b&identity=i%2Fj&nonsense=1&x.y=z", NULL,
		"{\"aud\":[\"a\",\"b\"],\"identity\":\"i/j\"}");
	BECOMES("POST", "/sts/exchange", "aud=a", "aud=b&cap=groups.list&identityProvider=p",
		"{\"aud\":[\"a\",\"b\"],\"cap\":[\"groups.list\"],\"identityProvider\":\"p\"}");
	BECOMES("POST", "/sts/exchange", "", NULL, "{}");
	BECOMES("POST", "/sts/exchange_refresh_token", "aud=a&scopes=s", "", "{\"aud\":[\"a\"],\"scopes\":[\"s\"]}");
	REFUSED("POST", "/sts/exchange", "identity=a", "identity=b", "identity");
	REFUSED("POST", "/sts/exchange", "identity=%ff", NULL, "");
}

TEST(a_json_body_at_the_sts_is_never_read)
{
	struct route_match match;
	struct rest_input input = { SLICE(""), SLICE("{\"aud\":[\"a\"]}"), REST_BODY_JSON };
	ProtobufCMessage *request;

	CHECK(route_match(SLICE("POST"), SLICE("/sts/exchange"), &match));
	CHECK_OK(rest_decode(arena, &match, &input, &request));
	CHECK_SLICE(to_json(arena, match.method->request, request, JSON_SPARSE), "{}");
}

TEST(more_parameters_than_the_limit_are_refused)
{
	char query[4 * (REST_PARAMETERS_MAX + 1) + 1];
	ProtobufCMessage *request;

	for (size_t i = 0; i + 4 < sizeof(query); i += 4)
		memcpy(query + i, "a=b&", 4);
	query[sizeof(query) - 1] = '\0';
	CHECK_FAULT(FAULT_INVALID, decode("GET", "/sts/exchange", query, NULL, &request));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(captures_are_decoded_and_win_over_the_body, begin, end),
		cmocka_unit_test_setup_teardown(query_parameters_reach_nested_fields_in_either_case, begin, end),
		cmocka_unit_test_setup_teardown(a_body_can_be_a_list_when_its_field_is_one, begin, end),
		cmocka_unit_test_setup_teardown(a_patch_without_a_mask_names_what_its_body_has, begin, end),
		cmocka_unit_test_setup_teardown(a_secret_is_named_by_a_body_that_has_one, begin, end),
		cmocka_unit_test_setup_teardown(the_sts_reads_query_and_form_and_skips_what_it_does_not_know, begin, end),
		cmocka_unit_test_setup_teardown(a_json_body_at_the_sts_is_never_read, begin, end),
		cmocka_unit_test_setup_teardown(more_parameters_than_the_limit_are_refused, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
