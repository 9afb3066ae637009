#include "schema_test.h"

#define CHECK_ROUTE(verb, path, want_method, want_capture)                               \
	do {                                                                             \
		struct route_match match_;                                               \
		CHECK(route_match(SLICE(verb), SLICE(path), &match_));                   \
		assert_string_equal(match_.method->symbol, methods[want_method].symbol); \
		CHECK_SLICE(match_.capture, want_capture);                               \
	} while (0)
#define CHECK_NO_ROUTE(verb, path)                                      \
	do {                                                            \
		struct route_match match_;                              \
		CHECK(!route_match(SLICE(verb), SLICE(path), &match_)); \
	} while (0)

TEST(the_most_specific_route_wins)
{
	CHECK_ROUTE("POST", "/iam/v1/rolebindings/batch/abc/def", METHOD_V1_ROLE_BINDINGS_CREATE_BATCH, "abc/def");
	CHECK_ROUTE("POST", "/iam/v1/rolebindings/abc/def", METHOD_V1_ROLE_BINDINGS_CREATE, "abc/def");
	CHECK_ROUTE("POST", "/iam/v1/rolebindings/batches", METHOD_V1_ROLE_BINDINGS_CREATE, "batches");
	CHECK_ROUTE("PUT", "/iam/v1/rolebindings/batch/x", METHOD_V1_ROLE_BINDINGS_UPDATE, "batch/x");
	CHECK_ROUTE("GET", "/iam/v1/identities/lookup", METHOD_V1_IDENTITIES_LOOKUP, "");
	CHECK_ROUTE("PATCH", "/iam/v1/identities/metadata", METHOD_V1_EVENTS_IDENTITIES_UPDATE_METADATA, "");
	CHECK_ROUTE("POST", "/iam/v1/identities", METHOD_V1_EVENTS_IDENTITIES_CREATE, "");
	CHECK_ROUTE("POST", "/iam/v1/identities/abc", METHOD_V1_IDENTITIES_CREATE, "abc");
	CHECK_ROUTE("POST", "/iam/v2/groups/a/b:requestGroupAccess", METHOD_GROUPS_REQUEST_GROUP_ACCESS, "a/b");
	CHECK_ROUTE("POST", "/iam/v2/groups/a/b", METHOD_GROUPS_CREATE_GROUP, "a/b");
	CHECK_ROUTE("POST", "/iam/v2/groups/a:other", METHOD_GROUPS_CREATE_GROUP, "a:other");
	CHECK_ROUTE("GET", "/iam/v2/groups:lookupGroup", METHOD_GROUPS_LOOKUP_GROUP, "");
	CHECK_ROUTE("POST", "/iam/v2/roleBindings:batchCreate", METHOD_ROLE_BINDINGS_BATCH_CREATE_ROLE_BINDINGS, "");
}

TEST(a_deep_capture_takes_no_segment_a_plain_one_exactly_one)
{
	CHECK_ROUTE("POST", "/iam/v2/groups", METHOD_GROUPS_CREATE_GROUP, "");
	CHECK_ROUTE("POST", "/iam/v2/groups/", METHOD_GROUPS_CREATE_GROUP, "");
	CHECK_ROUTE("GET", "/iam/v2/groups", METHOD_GROUPS_LIST_GROUPS, "");
	CHECK_ROUTE("GET", "/iam/v2/groups/", METHOD_GROUPS_GET_GROUP, "");
	CHECK_ROUTE("DELETE", "/auth/v1/delete/abc", METHOD_V1_AUTH_DELETE, "abc");
	CHECK_NO_ROUTE("DELETE", "/auth/v1/delete/abc/def");
	CHECK_NO_ROUTE("DELETE", "/auth/v1/delete/");
	CHECK_NO_ROUTE("DELETE", "/auth/v1/delete");
	CHECK_ROUTE("POST", "/reeve/v1/organizations/abc:setLimits", METHOD_REEVE_OPERATIONS_SET_LIMITS, "abc");
	CHECK_NO_ROUTE("POST", "/reeve/v1/organizations/abc");
	CHECK_NO_ROUTE("POST", "/reeve/v1/organizations:setLimits");
}

TEST(strange_paths_find_nothing)
{
	CHECK_NO_ROUTE("GET", "");
	CHECK_NO_ROUTE("GET", "/");
	CHECK_NO_ROUTE("GET", "//");
	CHECK_NO_ROUTE("GET", "iam/v2/groups");
	CHECK_NO_ROUTE("GET", "/iam/v2/groupsx");
	CHECK_NO_ROUTE("GET", "/iam/v3/groups");
	CHECK_NO_ROUTE("GET", "/IAM/v2/groups");
	CHECK_NO_ROUTE("get", "/iam/v2/groups");
	CHECK_NO_ROUTE("GET", "/iam%2fv2/groups");
	CHECK_NO_ROUTE("GET", "/iam//v2/groups");
	CHECK_NO_ROUTE("GET", "/ping/v2/ping/");
	CHECK_NO_ROUTE("PUT", "/iam/v2/groups/x");
	CHECK(route_known(SLICE("/iam/v2/groups/x")));
	CHECK(!route_known(SLICE("/iam/v3/groups/x")));
}

TEST(every_route_is_found_by_its_own_template)
{
	for (size_t k = 0; k < METHOD_COUNT; k++)
		for (size_t i = 0; i < methods[k].routes_count; i++) {
			const struct route *route = &methods[k].routes[i];
			struct route_match match;
			char path[300];

			(void)snprintf(path, sizeof(path), "%.*s%s%.*s", SLICE_ARG(route->prefix),
				       route->capture.count ? "/some" : "", SLICE_ARG(route->suffix));
			if (!route->capture.count)
				(void)snprintf(path, sizeof(path), "%s", route->template_);
			CHECK(route_match(slice_str(route->verb), slice_str(path), &match));
			CHECK(match.method == &methods[k]);
			assert_string_equal(match.route->template_, route->template_);
			CHECK_SLICE(match.capture, route->capture.count ? "some" : "");
		}
}

TEST(a_v2_method_has_a_v2beta1_name_for_every_name)
{
	struct route_match match;

	CHECK(method_by_path(SLICE("/chainguard.platform.iam.v2.GroupsService/DeleteGroup")) ==
	      &methods[METHOD_GROUPS_DELETE_GROUP]);
	CHECK(method_by_path(SLICE("/chainguard.platform.iam.v2beta1.GroupsService/DeleteGroup")) ==
	      &methods[METHOD_GROUPS_DELETE_GROUP]);
	CHECK(method_by_path(SLICE("/chainguard.platform.iam.Groups/Delete")) == &methods[METHOD_V1_GROUPS_DELETE]);
	CHECK(!method_by_path(SLICE("/chainguard.platform.iam.v2beta1.Groups/Delete")));
	CHECK(!method_by_path(SLICE("/chainguard.platform.iam.v2.GroupsService/Delete")));
	CHECK(!method_by_path(SLICE("")));
	CHECK(route_match(SLICE("DELETE"), SLICE("/iam/v2beta1/groups/x"), &match));
	CHECK(match.route->is_beta && match.method == &methods[METHOD_GROUPS_DELETE_GROUP]);
	CHECK_NO_ROUTE("DELETE", "/iam/v1beta1/groups/x");
	for (size_t i = 0; i < METHOD_COUNT; i++) {
		CHECK(methods[i].id == i);
		CHECK(method_by_path(methods[i].path) == &methods[i]);
		CHECK((methods[i].also.len > 0) == (strstr(methods[i].service, ".v2.") != NULL));
		CHECK(!methods[i].also.len || method_by_path(methods[i].also) == &methods[i]);
		CHECK(method_by_label(slice_str(methods[i].label)) == &methods[i]);
	}
	CHECK(!method_by_label(SLICE("iam.v2.groups.nope")));
}

TEST(a_row_says_who_may_call_and_where_it_runs)
{
	const struct method *update = &methods[METHOD_GROUPS_UPDATE_GROUP],
			    *invite = &methods[METHOD_GROUP_INVITES_CREATE_GROUP_INVITE];

	CHECK_INT(update->access.kind, ACCESS_AT_SCOPE);
	CHECK_INT(update->access.bits_count, 1);
	CHECK_INT(update->access.bits[0], 2);
	assert_string_equal(update->access.scope_name, "group.uid");
	CHECK_INT(update->access.scope.count, 2);
	CHECK_INT(update->place, PLACE_WRITE);
	assert_string_equal(update->label, "iam.v2.groups.update_group");
	assert_string_equal(update->event->type, "dev.chainguard.api.iam.group.updated.v1");
	assert_string_equal(update->event->extensions[0], "group");
	CHECK_INT(invite->access.bits_count, 2);
	CHECK_INT(invite->access.bits[0], 5);
	CHECK_INT(invite->access.bits[1], 12);
	CHECK_INT(methods[METHOD_GROUPS_CREATE_GROUP].access.kind, ACCESS_AT_RESOLVED);
	assert_string_equal(methods[METHOD_V1_GROUP_INVITES_CREATE_WITH_GROUP].access.resolver, "invite_group");
	CHECK_INT(methods[METHOD_ROLES_GET_ROLE].access.kind, ACCESS_ANYWHERE);
	CHECK_INT(methods[METHOD_PING_PING].place, PLACE_LOOP);
	CHECK_INT(methods[METHOD_PING_PING].access.kind, ACCESS_PUBLIC);
	CHECK_INT(methods[METHOD_V1_SECURITY_TOKEN_EXCHANGE].place, PLACE_LOOP);
	CHECK_INT(methods[METHOD_V1_SECURITY_TOKEN_EXCHANGE].access.kind, ACCESS_CREDENTIAL);
	CHECK(methods[METHOD_V1_SECURITY_TOKEN_EXCHANGE].is_form);
	CHECK_INT(methods[METHOD_V1_SECURITY_TOKEN_EXCHANGE_REFRESH_TOKEN].place, PLACE_LOOP);
	CHECK_INT(methods[METHOD_V1_AUTH_VALIDATE].place, PLACE_LOOP);
	CHECK_INT(methods[METHOD_V1_AUTH_VALIDATE].access.kind, ACCESS_SIGNED_IN);
	CHECK_INT(methods[METHOD_GROUPS_LIST_GROUPS].place, PLACE_WORKER);
	CHECK_INT(methods[METHOD_REEVE_OPERATIONS_ROTATE_KEYS].access.kind, ACCESS_OPERATOR);
	CHECK_INT(methods[METHOD_REEVE_OPERATIONS_ROTATE_KEYS].access.bits[0], 251);
	CHECK(methods[METHOD_IDENTITIES_UPDATE_IDENTITY_METADATA].event->is_internal);
}

TESTS(the_most_specific_route_wins, a_deep_capture_takes_no_segment_a_plain_one_exactly_one, strange_paths_find_nothing,
      every_route_is_found_by_its_own_template, a_v2_method_has_a_v2beta1_name_for_every_name,
      a_row_says_who_may_call_and_where_it_runs)
