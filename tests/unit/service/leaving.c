/*
 * Leaving an organization: with the last binding there end the sessions begun at its own provider, however the binding goes.
 */
#include "signed_in.h"

#include "iam/v1/role_bindings.pb-c.h"
#include "iam/v2/groups.pb-c.h"
#include "iam/v2/role_bindings.pb-c.h"

/* What the person holds: a binding at the folder, another at the organization. */
static struct uid at_folder, at_org;

static status bind(struct tx *tx, const struct uid *identity, const struct uid *group, const char *id, struct uid *ret_binding)
{
	struct binding row = { .group = *group, .identity = *identity, .role = role_builtin_by_name(SLICE("viewer"))->uid };

	TRY(uid_new_child(group, (const uint8_t *)id, &row.uid));
	*ret_binding = row.uid;
	return row_put(tx, &table_bindings, &row);
}

static status bind_at_folder(struct tx *tx, void *arg)
{
	struct group row = { .uid = folder, .parent = org, .name = SLICE("ci") };

	(void)arg;
	TRY(row_put(tx, &table_groups, &row)); /* a test before may have deleted it */
	return bind(tx, &person_uid, &folder, "binding1", &at_folder);
}

static status bind_at_org(struct tx *tx, void *arg)
{
	(void)arg;
	return bind(tx, &person_uid, &org, "binding2", &at_org);
}

static const slice others[] = { { "bob", 3 }, { "carl", 4 } };

static status bind_others_at_folder(struct tx *tx, void *arg)
{
	static const char *const ids[] = { "binding3", "binding4" };
	struct uid bound;

	(void)arg;
	for (size_t i = 0; i < 2; i++) {
		struct identity row = { .name = others[i] };
		TRY(user_uid(ada.issuer, others[i], &row.uid));
		TRY(row_put(tx, &table_identities, &row));
		TRY(bind(tx, &row.uid, &folder, ids[i], &bound));
	}
	return OK;
}

static FALLIBLE run(enum method_id method, void *in, void *out)
{
	return world_write(as(&owner, method), (status(*)(struct call *, void *, void *))method_handlers[method], in, out);
}

/* ---- ways to lose a binding ---- */

static FALLIBLE delete_it(const struct uid *binding)
{
	Chainguard__Platform__Iam__V2__DeleteRoleBindingRequest in;
	Google__Protobuf__Empty out;

	chainguard__platform__iam__v2__delete_role_binding_request__init(&in);
	google__protobuf__empty__init(&out);
	in.uid = uid_text(binding, arena);
	return run(METHOD_ROLE_BINDINGS_DELETE_ROLE_BINDING, &in, &out);
}

static FALLIBLE hand_over(const struct uid *binding)
{
	Chainguard__Platform__Iam__V2__UpdateRoleBindingRequest in;
	Chainguard__Platform__Iam__V2__RoleBinding change, out;

	chainguard__platform__iam__v2__update_role_binding_request__init(&in);
	chainguard__platform__iam__v2__role_binding__init(&change);
	chainguard__platform__iam__v2__role_binding__init(&out);
	in.role_binding = &change;
	change.uid = uid_text(binding, arena);
	change.identity_uid = uid_text(&editor, arena);
	return run(METHOD_ROLE_BINDINGS_UPDATE_ROLE_BINDING, &in, &out);
}

static FALLIBLE replace_in_v1(const struct uid *binding, const struct uid *identity, const char *role)
{
	Chainguard__Platform__Iam__RoleBinding in, out;

	chainguard__platform__iam__role_binding__init(&in);
	chainguard__platform__iam__role_binding__init(&out);
	in.id = uid_text(binding, arena);
	in.identity = uid_text(identity, arena);
	in.role = uid_text(&role_builtin_by_name(slice_str(role))->uid, arena);
	return run(METHOD_V1_ROLE_BINDINGS_UPDATE, &in, &out);
}

static FALLIBLE hand_over_in_v1(const struct uid *binding)
{
	return replace_in_v1(binding, &owner, "viewer");
}

static FALLIBLE delete_folder(const struct uid *binding)
{
	Chainguard__Platform__Iam__V2__DeleteGroupRequest in;
	Google__Protobuf__Empty out;
	struct uid group = uid_parent(binding);

	chainguard__platform__iam__v2__delete_group_request__init(&in);
	google__protobuf__empty__init(&out);
	in.uid = uid_text(&group, arena);
	return run(METHOD_GROUPS_DELETE_GROUP, &in, &out);
}

static const struct way {
	const char *name;
	status (*lose)(const struct uid *binding);
} ways[] = { { "deleted", delete_it },
	     { "given to another", hand_over },
	     { "given to another, v1", hand_over_in_v1 },
	     { "gone with its folder", delete_folder } };
#define WAYS (sizeof(ways) / sizeof(*ways))

/* Sessions begun at the organization's own provider, and outside of it. */
static void begin(slice *ret_inside, slice *ret_outside)
{
	at(0);
	CHECK_OK(world_change(bind_at_folder, NULL));
	*ret_inside = begin_as(confined_ada());
	*ret_outside = begin_as(ada);
}

static void check_use(bool is_good, slice *token, const char *way)
{
	slice next = { 0 };
	status used = use(*token, &next);

	if (used.fault != (is_good ? FAULT_NONE : FAULT_UNAUTHENTIC))
		print_error("the binding is %s: %s\n", way, fault_row(used.fault)->grpc_name);
	CHECK(used.fault == (is_good ? FAULT_NONE : FAULT_UNAUTHENTIC));
	*token = next;
}

/* ---- claims ---- */

TEST(who_loses_the_last_binding_loses_the_session_begun_at_the_organizations_own_provider_and_no_other)
{
	slice inside, outside;

	for (size_t i = 0; i < WAYS; i++) {
		begin(&inside, &outside);
		check_use(true, &inside, "there");
		CHECK_OK(ways[i].lose(&at_folder));
		check_use(false, &inside, ways[i].name);
		check_use(true, &outside, ways[i].name);
	}
}

TEST(who_keeps_another_binding_in_the_organization_keeps_the_session)
{
	slice inside, outside;

	for (size_t i = 0; i < WAYS; i++) {
		begin(&inside, &outside);
		CHECK_OK(world_change(bind_at_org, NULL));
		CHECK_OK(ways[i].lose(&at_folder));
		check_use(true, &inside, ways[i].name);
		CHECK_OK(delete_it(&at_org));
		check_use(false, &inside, "deleted, the last one");
	}
}

TEST(who_gets_another_role_keeps_the_session)
{
	slice inside, outside;

	begin(&inside, &outside);
	CHECK_OK(replace_in_v1(&at_folder, &person_uid, "editor"));
	check_use(true, &inside, "of another role");
}

TEST(a_folder_that_goes_ends_the_sessions_of_each_of_its_people)
{
	slice inside, outside, of_others[2];

	begin(&inside, &outside);
	CHECK_OK(world_change(bind_others_at_folder, NULL));
	for (size_t i = 0; i < 2; i++) {
		struct person person = confined_ada();
		person.subject = others[i];
		of_others[i] = begin_as(person);
	}
	CHECK_OK(delete_folder(&at_folder));
	check_use(false, &inside, "gone");
	for (size_t i = 0; i < 2; i++)
		check_use(false, &of_others[i], "gone");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			who_loses_the_last_binding_loses_the_session_begun_at_the_organizations_own_provider_and_no_other),
		cmocka_unit_test(who_keeps_another_binding_in_the_organization_keeps_the_session),
		cmocka_unit_test(who_gets_another_role_keeps_the_session),
		cmocka_unit_test(a_folder_that_goes_ends_the_sessions_of_each_of_its_people),
	};

	return cmocka_run_group_tests(tests, open_world, close_world);
}
