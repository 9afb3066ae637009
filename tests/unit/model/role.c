#include "test.h"

#include "model/role.h"

/* spec model.md 6.2; the operator's row is ours: owner and the seven of ours. */
static const struct {
	const char *name;
	size_t count;
} counts[] = {
	{ "console_viewer", 45 },
	{ "viewer", 51 },
	{ "limited_owner", 53 },
	{ "editor", 62 },
	{ "owner", 138 },
	{ "registry.pull", 10 },
	{ "registry.push", 20 },
	{ "apk.pull", 3 },
	{ "registry.pull_token_creator", 15 },
	{ "libraries.java.pull", 2 },
	{ "libraries.python.pull", 2 },
	{ "libraries.javascript.pull", 2 },
	{ "libraries.dotnet.pull", 2 },
	{ "libraries.go.pull", 2 },
	{ "libraries.java.pull_token_creator", 6 },
	{ "libraries.python.pull_token_creator", 6 },
	{ "libraries.javascript.pull_token_creator", 6 },
	{ "guardener.user", 16 },
	{ "guardener.admin", 18 },
	{ "operator", 145 },
};

TEST(each_builtin_role_grants_as_many_capabilities_as_published)
{
	size_t count;
	const struct role *rows = role_builtin_rows(&count);

	CHECK_INT(count, sizeof(counts) / sizeof(*counts));
	for (size_t i = 0; i < count; i++) {
		CHECK_SLICE(rows[i].name, counts[i].name);
		CHECK_INT(caps_count(&rows[i].caps), counts[i].count);
	}
}

TEST(builtin_roles_are_found_by_uid_and_by_name)
{
	static const uint8_t zero[UID_ROOT_BYTES];
	struct uid nobody = uid_new_root(zero), below;
	size_t count;
	const struct role *rows = role_builtin_rows(&count);

	for (size_t i = 0; i < count; i++) {
		CHECK(role_builtin_by_uid(&rows[i].uid) == &rows[i]);
		CHECK(role_builtin_by_name(rows[i].name) == &rows[i]);
		CHECK(uid_is_root(&rows[i].uid) && uid_is_none(&rows[i].parent) && rows[i].description.len);
	}
	CHECK_OK(uid_new_child(&rows[0].uid, zero, &below));
	CHECK(!role_builtin_by_uid(&nobody) && !role_builtin_by_uid(&below));
	CHECK(!role_is_builtin_name(SLICE("Viewer")) && !role_is_builtin_name(SLICE("")) &&
	      role_is_builtin_name(SLICE("viewer")));
}

TEST(the_viewer_has_its_published_uid_and_description)
{
	const struct role *viewer = role_builtin(ROLE_VIEWER);
	char text[UID_TEXT_BYTES];

	uid_format(&viewer->uid, text);
	assert_string_equal(text, "63921b2c44617e3f2603851537be0123af4a57d7");
	CHECK_SLICE(viewer->description, "Viewer Role (built-in)");
}

/* A binding in a store names the role by this uid: it may never change. */
TEST(the_uids_of_the_other_roles_never_change)
{
	char text[UID_TEXT_BYTES];

	uid_format(&role_builtin(ROLE_OWNER)->uid, text);
	assert_string_equal(text, "689ba25ebe997c1f9f66c2e075fe8f9ec805130a");
	uid_format(&role_builtin(ROLE_OPERATOR)->uid, text);
	assert_string_equal(text, "94bd8274379b184558cead69f650ed90c617bf8e");
}

TEST(only_the_operator_holds_capabilities_of_ours)
{
	size_t count;
	const struct role *rows = role_builtin_rows(&count);

	for (size_t i = 0; i < count; i++) {
		struct caps public = caps_public(rows[i].caps), own = caps_minus(rows[i].caps, public);
		CHECK_INT(caps_count(&own), i == ROLE_OPERATOR ? 7 : 0);
	}
}

TEST(pull_token_creators_cannot_enumerate_identities)
{
	static const enum builtin_role creators[] = { ROLE_REGISTRY_PULL_TOKEN_CREATOR, ROLE_LIBRARIES_JAVA_PULL_TOKEN_CREATOR,
						      ROLE_LIBRARIES_PYTHON_PULL_TOKEN_CREATOR,
						      ROLE_LIBRARIES_JAVASCRIPT_PULL_TOKEN_CREATOR };

	for (size_t i = 0; i < 4; i++)
		CHECK(!caps_has(&role_builtin(creators[i])->caps, CAP_IAM_IDENTITY_LIST_BIT));
}

TEST(a_custom_role_needs_capabilities_it_may_hold)
{
	struct caps caps = { 0 };

	CHECK_FAULT(FAULT_INVALID, role_caps_check(&caps, "role.capabilities"));
	caps_add(&caps, CAP_BUILDAPI_BUILD_LIST_BIT);
	CHECK_FAULT(FAULT_INVALID, role_caps_check(&caps, "role.capabilities"));
	CHECK(strstr(report_current()->text, "buildapi.build.list"));
	caps_add(&caps, CAP_INTERNAL_BIT);
	CHECK_OK(role_caps_check(&caps, "role.capabilities"));
	caps_add(&caps, CAP_OPERATOR_BACKUP_BIT);
	CHECK_FAULT(FAULT_INVALID, role_caps_check(&caps, "role.capabilities"));
}

TEST(a_custom_role_takes_no_builtin_name)
{
	CHECK_FAULT(FAULT_INVALID, role_name_check(SLICE("viewer"), "role.name"));
	CHECK_FAULT(FAULT_INVALID, role_name_check(SLICE("Auditor"), "role.name"));
	CHECK_OK(role_name_check(SLICE("auditor"), "role.name"));
}

TESTS(each_builtin_role_grants_as_many_capabilities_as_published, builtin_roles_are_found_by_uid_and_by_name,
      the_viewer_has_its_published_uid_and_description, the_uids_of_the_other_roles_never_change,
      only_the_operator_holds_capabilities_of_ours, pull_token_creators_cannot_enumerate_identities,
      a_custom_role_needs_capabilities_it_may_hold, a_custom_role_takes_no_builtin_name)
