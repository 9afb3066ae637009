/*
 * Bindings: a change of one is held to what its author holds, whichever of its fields it names.
 */
#include "world.h"

#include "service/bindings.h"

struct binding_change {
	struct uid binding;
	struct binding_in in;
	struct binding made;
};

static status update_in(struct call *call, void *in, void *out)
{
	struct binding_change *change = in;

	(void)out;
	return binding_update(call, &change->binding, &change->in, &change->made);
}

static FALLIBLE update_as(const struct uid *author, struct binding_change *change)
{
	return world_write(as(author, METHOD_ROLE_BINDINGS_UPDATE_ROLE_BINDING), update_in, change, NULL);
}

/* Of what the world begins with. */
static struct uid binding_of(const char *id)
{
	struct uid uid;

	CHECK_OK(uid_new_child(&org, (const uint8_t *)id, &uid));
	return uid;
}

static int64_t roles_of(const struct uid *identity, const char *role)
{
	struct query query;

	query_init(&query);
	query_eq_uid(&query, BINDINGS_IDENTITY, identity);
	query_eq_uid(&query, BINDINGS_ROLE, &role_builtin_by_name(slice_str(role))->uid);
	return world_count(&table_bindings, &query);
}

TEST(nobody_takes_over_a_binding_whose_role_holds_more_than_they_do)
{
	struct binding_change change = { .binding = binding_of("ownerrrr"),
					 .in = { .identity = slice_str(uid_text(&editor, arena)),
						 .identity_field = "role_binding.identity_uid",
						 .role_field = "role_binding.role_uid" } };

	CHECK_FAULT(FAULT_DENIED, update_as(&editor, &change));
	CHECK(strstr(report_current()->text, "hand out"));
	CHECK_INT(roles_of(&editor, "owner"), 0);
	CHECK_INT(roles_of(&owner, "owner"), 1);
	change.binding = binding_of("editorrr");
	change.in.identity = slice_str(uid_text(&owner, arena));
	CHECK_OK(update_as(&editor, &change)); /* what they hold they hand on */
	CHECK_INT(roles_of(&owner, "editor"), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_takes_over_a_binding_whose_role_holds_more_than_they_do),
	};

	return cmocka_run_group_tests(tests, world_open, world_close);
}
