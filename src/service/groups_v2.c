/*
 * groups_v2: GroupsService, over the functions of groups.h.
 */
#include "handlers.gen.h"
#include "iam/v2/groups.pb-c.h"
#include "service/access_requests.h"
#include "service/eligible.h"
#include "service/groups.h"

typedef Chainguard__Platform__Iam__V2__Group group_v2;
typedef Chainguard__Platform__Iam__V2__Group__ResourceLimitsEntry limit_entry;

static FALLIBLE fill_limits(struct call *call, const struct uid *uid, group_v2 *out)
{
	struct rows limits;

	TRY(group_limits(call, uid, &limits));
	if (limits.count == 0)
		return OK;
	out->resource_limits = NEW_N(call->arena, limit_entry *, limits.count);
	TRY_NEW(out->resource_limits);
	for (size_t i = 0; i < limits.count; i++) {
		const struct limit *limit = (const struct limit *)limits.at + i;
		limit_entry *entry;
		TRY_MESSAGE(call, entry, chainguard__platform__iam__v2__group__resource_limits_entry);
		TRY(put_text(call, limit->kind, &entry->key));
		entry->value = (int32_t)limit->most;
		out->resource_limits[out->n_resource_limits++] = entry;
	}
	return OK;
}

/* The row alone: what a stranger gets, too. */
static FALLIBLE fill_row(struct call *call, const struct group *group, group_v2 *out)
{
	TRY(put_uid(call, &group->uid, &out->uid));
	TRY(put_text(call, group->name, &out->name));
	TRY(put_text(call, group->description, &out->description));
	out->verified = group->is_verified;
	out->kind = (Chainguard__Platform__Iam__V2__OrgKind)group->kind;
	out->status = (Chainguard__Platform__Iam__V2__OrgStatus)group->status;
	TRY(put_time(call, group->created_us, &out->create_time));
	return put_time(call, group->updated_us, &out->update_time);
}

static FALLIBLE fill(struct call *call, const struct group *group, group_v2 *out)
{
	TRY(fill_limits(call, &group->uid, out));
	return fill_row(call, group, out);
}

status groups_get_group(struct call *call, const Chainguard__Platform__Iam__V2__GetGroupRequest *in, group_v2 *out)
{
	struct group group;
	struct uid uid;

	TRY(uid_parse_field(slice_str(in->uid), "uid", &uid));
	TRY(group_at(call, &uid, CAP_IAM_GROUPS_LIST_BIT, &group));
	TRY(group_inherit(call, &group));
	return fill(call, &group, out);
}

status groups_list_groups(struct call *call, const Chainguard__Platform__Iam__V2__ListGroupsRequest *in,
			  Chainguard__Platform__Iam__V2__ListGroupsResponse *out)
{
	struct list_in page = { in->uidp, in->page_size, in->skip, in->page_token, in->order_by };
	struct list_out list;
	struct query query;

	query_init(&query);
	if (*in->name)
		query_eq_text(&query, GROUPS_NAME, slice_str(in->name));
	TRY(list_page(call, &group_noun, &page, &query, &list));
	out->groups = NEW_N(call->arena, group_v2 *, list.rows.count);
	TRY_NEW(out->groups);
	for (size_t i = 0; i < list.rows.count; i++) {
		struct group *group = (struct group *)list.rows.at + i;
		TRY_MESSAGE(call, out->groups[i], chainguard__platform__iam__v2__group);
		TRY(group_inherit(call, group));
		TRY(fill(call, group, out->groups[i]));
		out->n_groups++;
	}
	LIST_ANSWER(call, out, &list, CHAINGUARD__PLATFORM__IAM__V2__LIST_GROUPS_RESPONSE___TOTAL_COUNT_TOTAL_COUNT);
	return OK;
}

status groups_create_group(struct call *call, const Chainguard__Platform__Iam__V2__CreateGroupRequest *in, group_v2 *out)
{
	struct group_change change = { .name = slice_str(in->group->name),
				       .description = slice_str(in->group->description),
				       .is_verified = in->group->verified,
				       .kind = in->group->kind };
	struct uid parent = { 0 };
	struct group group;

	if (*in->parent)
		TRY(group_resolve(call, slice_str(in->parent), &parent));
	TRY(group_create(call, &parent, &change, &group));
	return fill(call, &group, out);
}

status groups_update_group(struct call *call, const Chainguard__Platform__Iam__V2__UpdateGroupRequest *in, group_v2 *out)
{
	struct group_change change = { .name = slice_str(in->group->name),
				       .description = slice_str(in->group->description),
				       .is_verified = in->group->verified,
				       .kind = in->group->kind };
	const Google__Protobuf__FieldMask *mask;
	struct group group;
	struct uid uid;

	TRY(uid_parse_field(slice_str(in->group->uid), "group.uid", &uid));
	TRY(mask_resolve(call->arena, message_type_of(in->group->base.descriptor), &in->group->base, in->update_mask, &mask));
	change.has_name = mask_names(mask, "name");
	change.has_description = mask_names(mask, "description");
	change.has_verified = mask_names(mask, "verified") && !mask_is_full(mask);
	change.has_kind = mask_names_exactly(mask, "kind");
	if (mask_is_full(mask)) { /* the status, which every organization has, is output-only and stays */
		TRY(group_at(call, &uid, CAP_IAM_GROUPS_LIST_BIT, &group));
		if (group.kind)
			return FAIL_FIELD("update_mask", "\"*\" is not taken for an organization with a kind; name the fields");
		change.has_verified = in->group->verified;
	}
	TRY(group_update(call, &uid, &change, &group));
	return fill(call, &group, out);
}

status groups_delete_group(struct call *call, const Chainguard__Platform__Iam__V2__DeleteGroupRequest *in,
			   Google__Protobuf__Empty *out)
{
	struct uid uid;

	(void)out;
	TRY(uid_parse_field(slice_str(in->uid), "uid", &uid));
	return group_delete(call, &uid);
}

/* ---- people who do not belong to it yet ---- */

status groups_lookup_group(struct call *call, const Chainguard__Platform__Iam__V2__LookupGroupRequest *in,
			   Chainguard__Platform__Iam__V2__LookupGroupResponse *out)
{
	struct group group;

	(void)in;
	TRY(eligible_get(call, &group));
	TRY_MESSAGE(call, out->group, chainguard__platform__iam__v2__group);
	return fill_row(call, &group, out->group);
}

status groups_check_eligibility(struct call *call, const Chainguard__Platform__Iam__V2__CheckEligibilityRequest *in,
				Chainguard__Platform__Iam__V2__CheckEligibilityResponse *out)
{
	struct group group;
	bool found;

	(void)in;
	TRY(eligible_find(call, &group, &found));
	out->eligible = found;
	return OK;
}

status groups_request_group_access(struct call *call, const Chainguard__Platform__Iam__V2__RequestGroupAccessRequest *in,
				   Chainguard__Platform__Iam__V2__RequestGroupAccessResponse *out)
{
	(void)out;
	return access_request_ask(call, slice_str(in->group_uid), "group_uid");
}
