/*
 * roles_v2: RolesService, over the functions of roles.h.
 */
#include "handlers.gen.h"
#include "iam/v2/roles.pb-c.h"
#include "service/roles.h"

typedef Chainguard__Platform__Iam__V2__Role role_v2;

FALLIBLE role_numbers_of_caps(struct call *call, const struct caps *caps, size_t *ret_count,
			      Chainguard__Capabilities__Capability **ret_numbers)
{
	const struct cap_row *rows[CAPS_BITS];
	size_t count = caps_rows(caps, rows), n = 0;

	*ret_numbers = NEW_N(call->arena, Chainguard__Capabilities__Capability, count);
	TRY_NEW(*ret_numbers);
	for (size_t i = 0; i < count; i++)
		if (!rows[i]->is_own)
			(*ret_numbers)[n++] = (Chainguard__Capabilities__Capability)rows[i]->number;
	*ret_count = n;
	return OK;
}

static FALLIBLE fill(struct call *call, const struct role *role, role_v2 *out)
{
	TRY(put_uid(call, &role->uid, &out->uid));
	TRY(put_text(call, role->name, &out->name));
	TRY(put_text(call, role->description, &out->description));
	TRY(role_numbers_of_caps(call, &role->caps, &out->n_capabilities, &out->capabilities));
	TRY(put_time(call, role->created_us, &out->create_time));
	return put_time(call, role->updated_us, &out->update_time);
}

static FALLIBLE take_caps(const role_v2 *in, struct caps *ret_caps)
{
	*ret_caps = (struct caps){ 0 };
	for (size_t i = 0; i < in->n_capabilities; i++) {
		const struct cap_row *row = cap_by_number((int)in->capabilities[i]);
		if (!row)
			return FAIL_FIELD("role.capabilities", "unknown capability number %d", (int)in->capabilities[i]);
		caps_add(ret_caps, row->bit);
	}
	return OK;
}

static FALLIBLE take(const role_v2 *in, struct role_change *ret_change)
{
	*ret_change = (struct role_change){ .name = slice_str(in->name), .description = slice_str(in->description) };
	return take_caps(in, &ret_change->caps);
}

status roles_get_role(struct call *call, const Chainguard__Platform__Iam__V2__GetRoleRequest *in, role_v2 *out)
{
	struct role role;
	struct uid uid;

	TRY(uid_parse_field(slice_str(in->uid), "uid", &uid));
	TRY(role_visible(call, &uid, &role));
	return fill(call, &role, out);
}

status roles_list_roles(struct call *call, const Chainguard__Platform__Iam__V2__ListRolesRequest *in,
			Chainguard__Platform__Iam__V2__ListRolesResponse *out)
{
	struct list_in page = { in->uidp, in->page_size, in->skip, in->page_token, in->order_by };
	struct list_out list;
	struct query query;

	query_init(&query);
	if (*in->name)
		query_eq_text(&query, ROLES_NAME, slice_str(in->name));
	TRY(list_page(call, &role_noun, &page, &query, &list));
	out->roles = NEW_N(call->arena, role_v2 *, list.rows.count);
	TRY_NEW(out->roles);
	for (size_t i = 0; i < list.rows.count; i++) {
		TRY_MESSAGE(call, out->roles[i], chainguard__platform__iam__v2__role);
		TRY(fill(call, (const struct role *)list.rows.at + i, out->roles[i]));
		out->n_roles++;
	}
	LIST_ANSWER(call, out, &list, CHAINGUARD__PLATFORM__IAM__V2__LIST_ROLES_RESPONSE___TOTAL_COUNT_TOTAL_COUNT);
	return OK;
}

status roles_create_role(struct call *call, const Chainguard__Platform__Iam__V2__CreateRoleRequest *in, role_v2 *out)
{
	struct role_change change;
	struct uid parent;
	struct role role;

	TRY(uid_parse_field(slice_str(in->parent), "parent", &parent));
	TRY(take(in->role, &change));
	TRY(role_create(call, &parent, &change, &role));
	return fill(call, &role, out);
}

status roles_update_role(struct call *call, const Chainguard__Platform__Iam__V2__UpdateRoleRequest *in, role_v2 *out)
{
	const Google__Protobuf__FieldMask *mask;
	struct role_change change;
	struct uid uid;
	struct role role;

	TRY(uid_parse_field(slice_str(in->role->uid), "role.uid", &uid));
	TRY(mask_resolve(call->arena, message_type_of(in->role->base.descriptor), &in->role->base, in->update_mask, &mask));
	TRY(take(in->role, &change));
	change.has_name = mask_names(mask, "name");
	change.has_description = mask_names(mask, "description");
	change.has_caps = mask_names(mask, "capabilities");
	TRY(role_update(call, &uid, &change, &role));
	return fill(call, &role, out);
}

status roles_delete_role(struct call *call, const Chainguard__Platform__Iam__V2__DeleteRoleRequest *in,
			 Google__Protobuf__Empty *out)
{
	struct uid uid;

	(void)out;
	TRY(uid_parse_field(slice_str(in->uid), "uid", &uid));
	return role_delete(call, &uid);
}
