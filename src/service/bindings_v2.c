/*
 * bindings_v2: RoleBindingsService, over the functions of bindings.h.
 */
#include "handlers.gen.h"
#include "iam/v2/role_bindings.pb-c.h"
#include "service/bindings.h"

typedef Chainguard__Platform__Iam__V2__RoleBinding binding_v2;

static FALLIBLE fill_identity(struct call *call, const struct identity *identity, binding_v2 *out)
{
	TRY_MESSAGE(call, out->identity, chainguard__platform__iam__v2__role_binding_identity);
	TRY(put_uid(call, &identity->uid, &out->identity->uid));
	TRY(put_text(call, identity->name, &out->identity->name));
	TRY(put_text(call, identity->description, &out->identity->description));
	TRY(put_text(call, identity->subject, &out->identity->subject));
	TRY(put_text(call, identity->issuer, &out->identity->issuer));
	return put_text(call, identity->email, &out->identity->email);
}

static FALLIBLE fill_with(struct call *call, const struct binding *binding, const struct binding_detail *detail,
			  binding_v2 *out)
{
	TRY(put_uid(call, &binding->uid, &out->uid));
	TRY(put_uid(call, &binding->identity, &out->identity_uid));
	TRY(put_uid(call, &binding->role, &out->role_uid));
	TRY(put_time(call, binding->created_us, &out->create_time));
	TRY(fill_identity(call, &detail->identity, out));
	TRY_MESSAGE(call, out->group, chainguard__platform__iam__v2__role_binding_group);
	TRY(put_uid(call, &detail->group.uid, &out->group->uid));
	TRY(put_text(call, detail->group.name, &out->group->name));
	TRY(put_text(call, detail->group.description, &out->group->description));
	TRY_MESSAGE(call, out->role, chainguard__platform__iam__v2__role_binding_role);
	TRY(put_uid(call, &detail->role.uid, &out->role->uid));
	TRY(put_text(call, detail->role.name, &out->role->name));
	return put_text(call, detail->role.description, &out->role->description);
}

static FALLIBLE fill(struct call *call, const struct binding *binding, binding_v2 *out)
{
	struct binding_detail detail;

	TRY(binding_detail_of(call, binding, &detail));
	return fill_with(call, binding, &detail, out);
}

static struct binding_in take(const binding_v2 *in)
{
	return (struct binding_in){ slice_str(in->identity_uid), slice_str(in->role_uid), "role_binding.identity_uid",
				    "role_binding.role_uid" };
}

status role_bindings_get_role_binding(struct call *call, const Chainguard__Platform__Iam__V2__GetRoleBindingRequest *in,
				      binding_v2 *out)
{
	struct binding binding;
	struct uid uid;

	TRY(uid_parse_field(slice_str(in->uid), "uid", &uid));
	TRY(binding_at(call, &uid, &binding));
	return fill(call, &binding, out);
}

static FALLIBLE by_uid(struct call *call, struct query *query, int column, const char *text, const char *field)
{
	struct uid *uid = NEW(call->arena, struct uid);

	TRY_NEW(uid);
	if (!*text)
		return OK;
	TRY(uid_parse_field(slice_str(text), field, uid));
	query_eq_uid(query, column, uid);
	return OK;
}

status role_bindings_list_role_bindings(struct call *call, const Chainguard__Platform__Iam__V2__ListRoleBindingsRequest *in,
					Chainguard__Platform__Iam__V2__ListRoleBindingsResponse *out)
{
	struct list_in page = { in->uidp, in->page_size, in->skip, in->page_token, in->order_by };
	struct list_out list;
	struct query query;

	query_init(&query);
	TRY(by_uid(call, &query, BINDINGS_IDENTITY, in->identity, "identity"));
	TRY(by_uid(call, &query, BINDINGS_GROUP, in->group, "group"));
	TRY(by_uid(call, &query, BINDINGS_ROLE, in->role, "role"));
	TRY(list_page(call, &binding_noun, &page, &query, &list));
	out->role_bindings = NEW_N(call->arena, binding_v2 *, list.rows.count);
	TRY_NEW(out->role_bindings);
	for (size_t i = 0; i < list.rows.count; i++) {
		TRY_MESSAGE(call, out->role_bindings[i], chainguard__platform__iam__v2__role_binding);
		TRY(fill(call, (const struct binding *)list.rows.at + i, out->role_bindings[i]));
		out->n_role_bindings++;
	}
	LIST_ANSWER(call, out, &list, CHAINGUARD__PLATFORM__IAM__V2__LIST_ROLE_BINDINGS_RESPONSE___TOTAL_COUNT_TOTAL_COUNT);
	return OK;
}

status role_bindings_create_role_binding(struct call *call, const Chainguard__Platform__Iam__V2__CreateRoleBindingRequest *in,
					 binding_v2 *out)
{
	struct binding_in binding_in = take(in->role_binding);
	struct binding_detail detail;
	struct binding binding;
	struct uid group;

	TRY(uid_parse_field(slice_str(in->parent), "parent", &group));
	TRY(binding_create(call, &group, &binding_in, false, &binding, &detail));
	return fill_with(call, &binding, &detail, out);
}

/* One item of a batch: its parent is empty or the batch's, its role empty or the batch's. */
static FALLIBLE check_item(const Chainguard__Platform__Iam__V2__BatchCreateRoleBindingsRequest *in, size_t i,
			   struct binding_in *ret_in)
{
	const Chainguard__Platform__Iam__V2__CreateRoleBindingRequest *item = in->requests[i];

	if (!item->role_binding)
		return FAIL_FIELD("requests.role_binding", "is required in item %zu", i);
	if (*item->parent && strcmp(item->parent, in->parent) != 0)
		return FAIL_FIELD("requests.parent", "must be empty or the batch's parent in item %zu", i);
	*ret_in = take(item->role_binding);
	if (*in->role_uid && ret_in->role.len && !slice_is(ret_in->role, in->role_uid))
		return FAIL_FIELD("requests.role_binding.role_uid", "must be empty or the batch's role_uid in item %zu", i);
	if (*in->role_uid)
		ret_in->role = slice_str(in->role_uid);
	return OK;
}

status role_bindings_batch_create_role_bindings(struct call *call,
						const Chainguard__Platform__Iam__V2__BatchCreateRoleBindingsRequest *in,
						Chainguard__Platform__Iam__V2__BatchCreateRoleBindingsResponse *out)
{
	struct uid group;

	TRY(uid_parse_field(slice_str(in->parent), "parent", &group));
	if (in->n_requests > BINDINGS_BATCH_MAX)
		return FAIL_FIELD("requests", "at most %d in one batch", BINDINGS_BATCH_MAX);
	out->role_bindings = NEW_N(call->arena, binding_v2 *, in->n_requests);
	TRY_NEW(out->role_bindings);
	for (size_t i = 0; i < in->n_requests; i++) {
		struct binding_detail detail;
		struct binding_in item;
		struct binding binding;
		TRY(check_item(in, i, &item));
		TRY(binding_create(call, &group, &item, false, &binding, &detail));
		TRY_MESSAGE(call, out->role_bindings[i], chainguard__platform__iam__v2__role_binding);
		TRY(fill_with(call, &binding, &detail, out->role_bindings[i]));
		out->n_role_bindings++;
	}
	call_touched(call, &group, &group);
	return OK;
}

status role_bindings_update_role_binding(struct call *call, const Chainguard__Platform__Iam__V2__UpdateRoleBindingRequest *in,
					 binding_v2 *out)
{
	struct binding_in change = take(in->role_binding);
	const Google__Protobuf__FieldMask *mask;
	struct binding binding;
	struct uid uid;

	TRY(uid_parse_field(slice_str(in->role_binding->uid), "role_binding.uid", &uid));
	TRY(mask_resolve(call->arena, message_type_of(in->role_binding->base.descriptor), &in->role_binding->base,
			 in->update_mask, &mask));
	if (!mask_names(mask, "identity_uid"))
		change.identity = SLICE("");
	else if (change.identity.len == 0)
		return FAIL_FIELD("role_binding.identity_uid", "cannot be cleared");
	if (!mask_names(mask, "role_uid"))
		change.role = SLICE("");
	else if (change.role.len == 0)
		return FAIL_FIELD("role_binding.role_uid", "cannot be cleared");
	TRY(binding_update(call, &uid, &change, &binding));
	return fill(call, &binding, out);
}

status role_bindings_delete_role_binding(struct call *call, const Chainguard__Platform__Iam__V2__DeleteRoleBindingRequest *in,
					 Google__Protobuf__Empty *out)
{
	struct uid uid;

	(void)out;
	TRY(uid_parse_field(slice_str(in->uid), "uid", &uid));
	return binding_delete(call, &uid);
}
