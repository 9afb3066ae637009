/*
 * Groups: what operators set, and the group that is theirs.
 */
#include "world.h"

#include "service/groups.h"

#define VERIFIED_CUSTOMER 2 /* ORG_KIND_CUSTOMER, as the world's organization is */
#define KIND_DEV 3

static status make_operator(struct tx *tx, void *arg)
{
	struct binding row = { .group = *authz_system_group(parts.authz),
			       .identity = owner,
			       .role = role_builtin_by_name(SLICE("operator"))->uid };

	(void)arg;
	TRY(uid_new_child(&row.group, (const uint8_t *)"operator", &row.uid));
	return row_put(tx, &table_bindings, &row);
}

static struct world_call *as_operator(enum method_id method)
{
	struct world_call *made = as(&owner, method);

	CHECK_OK(world_change(make_operator, NULL));
	made->caller.claims_operator = true;
	return made;
}

static status update_in(struct call *call, void *in, void *out)
{
	return group_update(call, &org, in, out);
}

static FALLIBLE update(struct group_change change, struct group *ret_group)
{
	return world_write(as_operator(METHOD_GROUPS_UPDATE_GROUP), update_in, &change, ret_group);
}

static status delete_in(struct call *call, void *in, void *out)
{
	(void)out;
	return group_delete(call, in);
}

TEST(an_organization_that_is_verified_no_more_has_no_kind_and_gets_any_when_it_is_verified_again)
{
	struct group group = { 0 };

	CHECK_OK(update((struct group_change){ .has_verified = true }, &group));
	CHECK(!group.is_verified);
	CHECK_INT(group.kind, 0);
	CHECK_FAULT(FAULT_INVALID, update((struct group_change){ .has_kind = true, .kind = KIND_DEV }, &group));
	CHECK_FAULT(FAULT_INVALID, update((struct group_change){ .has_kind = true, .kind = VERIFIED_CUSTOMER }, &group));
	CHECK_OK(update((struct group_change){ .has_verified = true, .is_verified = true, .has_kind = true, .kind = KIND_DEV },
			&group));
	CHECK(group.is_verified);
	CHECK_INT(group.kind, KIND_DEV);
	/* Both at once, in one change that contradicts itself. */
	CHECK_FAULT(FAULT_INVALID,
		    update((struct group_change){ .has_verified = true, .has_kind = true, .kind = KIND_DEV }, &group));
	CHECK_OK(update((struct group_change){ .has_verified = true, .has_kind = true }, &group));
	CHECK_INT(group.kind, 0);
}

TEST(the_operators_group_stays_when_it_holds_nothing)
{
	struct uid system = *authz_system_group(parts.authz);
	struct world_call *made = as_operator(METHOD_GROUPS_DELETE_GROUP);
	struct query query;

	CHECK_FAULT(FAULT_STATE, world_write(made, delete_in, &system, NULL));
	assert_string_equal(report_current()->state_type, "SYSTEM_GROUP");
	query_init(&query);
	query_eq_uid(&query, GROUPS_UID, &system);
	CHECK_INT(world_count(&table_groups, &query), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_organization_that_is_verified_no_more_has_no_kind_and_gets_any_when_it_is_verified_again),
		cmocka_unit_test(the_operators_group_stays_when_it_holds_nothing),
	};

	return cmocka_run_group_tests(tests, world_open, world_close);
}
