/*
 * v1/bindings: RoleBindings of the first version, over the same functions.
 */
#include "service/bindings.h"
#include "handlers.gen.h"
#include "iam/v1/role_bindings.pb-c.h"
#include "service/roles.h"

typedef Chainguard__Platform__Iam__RoleBinding binding_v1;
typedef Chainguard__Platform__Iam__RoleBindingList__Binding item_v1;

static FALLIBLE fill(struct call *call, const struct binding *binding, binding_v1 *out)
{
	TRY(put_uid(call, &binding->uid, &out->id));
	TRY(put_uid(call, &binding->identity, &out->identity));
	TRY(put_uid(call, &binding->group, &out->group));
	return put_uid(call, &binding->role, &out->role);
}

static struct binding_in take(const binding_v1 *in)
{
	return (struct binding_in){ slice_str(in->identity), slice_str(in->role), "role_binding.identity",
				    "role_binding.role" };
}

status v1_role_bindings_create(struct call *call, const Chainguard__Platform__Iam__CreateRoleBindingRequest *in,
			       binding_v1 *out)
{
	struct binding_in binding_in;
	struct binding_detail detail;
	struct binding binding;
	struct uid group;

	if (!in->role_binding)
		return FAIL_FIELD("role_binding", "is required");
	binding_in = take(in->role_binding);
	TRY(uid_parse_field(slice_str(in->parent), "parent", &group));
	TRY(binding_create(call, &group, &binding_in, true, &binding, &detail));
	return fill(call, &binding, out);
}

status v1_role_bindings_create_batch(struct call *call, const Chainguard__Platform__Iam__CreateRoleBindingBatchRequest *in,
				     Chainguard__Platform__Iam__RoleBindingBatch *out)
{
	struct buffer ids;
	struct uid group;

	TRY(uid_parse_field(slice_str(in->parent), "parent", &group));
	if (in->n_role_bindings > BINDINGS_BATCH_MAX)
		return FAIL_FIELD("role_bindings", "at most %d in one batch", BINDINGS_BATCH_MAX);
	buffer_init(&ids, call->arena, UID_TEXT_BYTES * BINDINGS_BATCH_MAX);
	out->role_bindings = NEW_N(call->arena, binding_v1 *, in->n_role_bindings);
	TRY_NEW(out->role_bindings);
	for (size_t i = 0; i < in->n_role_bindings; i++) {
		struct binding_in item = take(in->role_bindings[i]);
		struct binding_detail detail;
		struct binding binding;
		TRY(binding_create(call, &group, &item, true, &binding, &detail));
		TRY_MESSAGE(call, out->role_bindings[i], chainguard__platform__iam__role_binding);
		TRY(fill(call, &binding, out->role_bindings[i]));
		buffer_printf(&ids, "%s%s", i ? "," : "", out->role_bindings[i]->id);
		out->n_role_bindings++;
	}
	if (buffer_failed(&ids))
		return FAIL(FAULT_EXHAUSTED, "the batch is too large");
	call->touched_subject = buffer_slice(&ids);
	return OK;
}

/* Full replacement; the group cannot change. */
status v1_role_bindings_update(struct call *call, const binding_v1 *in, binding_v1 *out)
{
	struct binding_in change = take(in);
	struct binding binding;
	struct uid uid;

	TRY(uid_parse_field(slice_str(in->id), "id", &uid));
	TRY(binding_update(call, &uid, &change, &binding));
	return fill(call, &binding, out);
}

static FALLIBLE fill_item(struct call *call, const struct binding *binding, item_v1 *out)
{
	struct binding_detail detail;

	TRY(binding_detail_of(call, binding, &detail));
	TRY(put_uid(call, &binding->uid, &out->id));
	TRY(put_uid(call, &binding->identity, &out->identity));
	TRY(put_time(call, binding->created_us, &out->created_at));
	TRY(put_text(call, detail.identity.email, &out->email));
	TRY(put_text(call, detail.identity.email_unverified, &out->email_unverified));
	if (detail.identity.relationship == RELATIONSHIP_CLAIM_MATCH) {
		TRY(put_text(call, detail.identity.issuer, &out->claim_match_issuer));
		TRY(put_text(call, detail.identity.subject, &out->claim_match_subject));
	}
	TRY_MESSAGE(call, out->group, chainguard__platform__iam__group);
	TRY(put_uid(call, &detail.group.uid, &out->group->id));
	TRY(put_text(call, detail.group.name, &out->group->name));
	TRY(put_text(call, detail.group.description, &out->group->description));
	TRY_MESSAGE(call, out->role, chainguard__platform__iam__role);
	TRY(put_uid(call, &detail.role.uid, &out->role->id));
	TRY(put_text(call, detail.role.name, &out->role->name));
	TRY(put_text(call, detail.role.description, &out->role->description));
	return role_names_of_caps(call, &detail.role.caps, &out->role->n_capabilities, &out->role->capabilities);
}

status v1_role_bindings_list(struct call *call, const Chainguard__Platform__Iam__RoleBindingFilter *in,
			     Chainguard__Platform__Iam__RoleBindingList *out)
{
	struct query query;
	struct rows rows;

	query_init(&query);
	TRY(list_all(call, &binding_noun, in->uidp, in->id, &query, &rows));
	out->items = NEW_N(call->arena, item_v1 *, rows.count);
	TRY_NEW(out->items);
	for (size_t i = 0; i < rows.count; i++) {
		TRY_MESSAGE(call, out->items[i], chainguard__platform__iam__role_binding_list__binding);
		TRY(fill_item(call, (const struct binding *)rows.at + i, out->items[i]));
		out->n_items++;
	}
	return OK;
}

status v1_role_bindings_delete(struct call *call, const Chainguard__Platform__Iam__DeleteRoleBindingRequest *in,
			       Google__Protobuf__Empty *out)
{
	struct uid uid;

	(void)out;
	TRY(uid_parse_field(slice_str(in->id), "id", &uid));
	return binding_delete(call, &uid);
}
