/*
 * v1/groups: Groups of the first version, over the same functions.
 */
#include "service/groups.h"
#include "handlers.gen.h"
#include "iam/v1/groups.pb-c.h"
#include "service/access_requests.h"
#include "service/eligible.h"

typedef Chainguard__Platform__Iam__Group group_v1;
typedef Chainguard__Platform__Iam__Group__ResourceLimitsEntry limit_entry;

static FALLIBLE fill_limits(struct call *call, const struct uid *uid, group_v1 *out)
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
		TRY_MESSAGE(call, entry, chainguard__platform__iam__group__resource_limits_entry);
		TRY(put_text(call, limit->kind, &entry->key));
		entry->value = (int32_t)limit->most;
		out->resource_limits[out->n_resource_limits++] = entry;
	}
	return OK;
}

/* The row alone: what a stranger gets, too. */
static FALLIBLE fill_row(struct call *call, const struct group *group, group_v1 *out)
{
	TRY(put_uid(call, &group->uid, &out->id));
	TRY(put_text(call, group->name, &out->name));
	TRY(put_text(call, group->description, &out->description));
	out->verified = group->is_verified;
	out->kind = (Chainguard__Platform__Iam__OrgKind)group->kind;
	out->status = (Chainguard__Platform__Iam__OrgStatus)group->status;
	return OK;
}

static FALLIBLE fill(struct call *call, const struct group *group, group_v1 *out)
{
	TRY(fill_limits(call, &group->uid, out));
	return fill_row(call, group, out);
}

status v1_groups_create(struct call *call, const Chainguard__Platform__Iam__CreateGroupRequest *in, group_v1 *out)
{
	struct group_change change = { 0 };
	struct uid parent = { 0 };
	struct group group;

	if (!in->group)
		return FAIL_FIELD("group", "is required");
	change = (struct group_change){ .name = slice_str(in->group->name),
					.description = slice_str(in->group->description),
					.is_verified = in->group->verified,
					.kind = in->group->kind };
	if (*in->parent)
		TRY(group_resolve(call, slice_str(in->parent), &parent));
	TRY(group_create(call, &parent, &change, &group));
	return fill(call, &group, out);
}

/* Full replacement; but unset verified and kind keep their value: a PUT of an owner must not unverify. */
status v1_groups_update(struct call *call, const group_v1 *in, group_v1 *out)
{
	struct group_change change = { .has_name = true,
				       .has_description = true,
				       .has_verified = in->verified,
				       .has_kind = in->kind,
				       .name = slice_str(in->name),
				       .description = slice_str(in->description),
				       .is_verified = in->verified,
				       .kind = in->kind };
	struct group group;
	struct uid uid;

	TRY(uid_parse_field(slice_str(in->id), "id", &uid));
	TRY(group_update(call, &uid, &change, &group));
	return fill(call, &group, out);
}

status v1_groups_list(struct call *call, const Chainguard__Platform__Iam__GroupFilter *in,
		      Chainguard__Platform__Iam__GroupList *out)
{
	struct query query;
	struct rows rows;

	query_init(&query);
	if (*in->name)
		query_eq_text(&query, GROUPS_NAME, slice_str(in->name));
	TRY(list_all(call, &group_noun, in->uidp, in->id, &query, &rows));
	out->items = NEW_N(call->arena, group_v1 *, rows.count);
	TRY_NEW(out->items);
	for (size_t i = 0; i < rows.count; i++) {
		struct group *group = (struct group *)rows.at + i;
		TRY_MESSAGE(call, out->items[i], chainguard__platform__iam__group);
		TRY(group_inherit(call, group));
		TRY(fill(call, group, out->items[i]));
		out->n_items++;
	}
	return OK;
}

status v1_groups_delete(struct call *call, const Chainguard__Platform__Iam__DeleteGroupRequest *in,
			Google__Protobuf__Empty *out)
{
	struct uid uid;

	(void)out;
	TRY(uid_parse_field(slice_str(in->id), "id", &uid));
	return group_delete(call, &uid);
}

/* ---- people who do not belong to it yet ---- */

status v1_groups_lookup_group(struct call *call, const Chainguard__Platform__Iam__LookupGroupRequest *in,
			      Chainguard__Platform__Iam__LookupGroupResponse *out)
{
	struct group group;

	(void)in;
	TRY(eligible_get(call, &group));
	TRY_MESSAGE(call, out->group, chainguard__platform__iam__group);
	return fill_row(call, &group, out->group);
}

status v1_groups_check_eligibility(struct call *call, const Chainguard__Platform__Iam__CheckEligibilityRequest *in,
				   Chainguard__Platform__Iam__CheckEligibilityResponse *out)
{
	struct group group;
	bool found;

	(void)in;
	TRY(eligible_find(call, &group, &found));
	out->eligible = found;
	return OK;
}

status v1_groups_request_group_access(struct call *call, const Chainguard__Platform__Iam__RequestGroupAccessRequest *in,
				      Chainguard__Platform__Iam__RequestGroupAccessResponse *out)
{
	(void)out;
	return access_request_ask(call, slice_str(in->group_id), "group_id");
}
