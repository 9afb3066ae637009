/*
 * v1/roles: Roles of the first version, over the same functions.
 */
#include "service/roles.h"
#include "handlers.gen.h"
#include "iam/v1/roles.pb-c.h"

typedef Chainguard__Platform__Iam__Role role_v1;

static FALLIBLE fill(struct call *call, const struct role *role, role_v1 *out)
{
	TRY(put_uid(call, &role->uid, &out->id));
	TRY(put_text(call, role->name, &out->name));
	TRY(put_text(call, role->description, &out->description));
	return role_names_of_caps(call, &role->caps, &out->n_capabilities, &out->capabilities);
}

static FALLIBLE take(const role_v1 *in, struct role_change *ret_change)
{
	*ret_change = (struct role_change){ .has_name = true,
					    .has_description = true,
					    .has_caps = true,
					    .name = slice_str(in->name),
					    .description = slice_str(in->description) };
	return role_caps_of_names(in->n_capabilities, in->capabilities, "role.capabilities", &ret_change->caps);
}

status v1_roles_create(struct call *call, const Chainguard__Platform__Iam__CreateRoleRequest *in, role_v1 *out)
{
	struct role_change change;
	struct uid parent;
	struct role role;

	if (!in->role)
		return FAIL_FIELD("role", "is required");
	TRY(uid_parse_field(slice_str(in->parent_id), "parent_id", &parent));
	TRY(take(in->role, &change));
	TRY(role_create(call, &parent, &change, &role));
	return fill(call, &role, out);
}

status v1_roles_update(struct call *call, const role_v1 *in, role_v1 *out)
{
	struct role_change change;
	struct uid uid;
	struct role role;

	TRY(uid_parse_field(slice_str(in->id), "id", &uid));
	TRY(take(in, &change));
	TRY(role_update(call, &uid, &change, &role));
	return fill(call, &role, out);
}

status v1_roles_list(struct call *call, const Chainguard__Platform__Iam__RoleFilter *in,
		     Chainguard__Platform__Iam__RoleList *out)
{
	struct uid parent = { 0 };
	struct query query;
	struct rows rows;

	query_init(&query);
	if (*in->name)
		query_eq_text(&query, ROLES_NAME, slice_str(in->name));
	if (*in->parent) { /* "/": the built-in ones */
		if (!slice_is(slice_str(in->parent), "/"))
			TRY(uid_parse_field(slice_str(in->parent), "parent", &parent));
		query_eq_uid(&query, ROLES_PARENT, &parent);
	}
	TRY(list_all(call, &role_noun, in->uidp, in->id, &query, &rows));
	out->items = NEW_N(call->arena, role_v1 *, rows.count);
	TRY_NEW(out->items);
	for (size_t i = 0; i < rows.count; i++) {
		TRY_MESSAGE(call, out->items[i], chainguard__platform__iam__role);
		TRY(fill(call, (const struct role *)rows.at + i, out->items[i]));
		out->n_items++;
	}
	return OK;
}

status v1_roles_delete(struct call *call, const Chainguard__Platform__Iam__DeleteRoleRequest *in, Google__Protobuf__Empty *out)
{
	struct uid uid;

	(void)out;
	TRY(uid_parse_field(slice_str(in->id), "id", &uid));
	return role_delete(call, &uid);
}
