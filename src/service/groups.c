#include "service/groups.h"

#include "model/role.h"
#include "model/rules.h"
#include "service/bindings.h"
#include "service/freed.h"

#define KIND_UNSPECIFIED 0
#define KIND_CUSTOMER 2
#define KIND_MARKETPLACE 5
#define STATUS_READY 2
#define RESOLVE_CANDIDATES_MAX 10000
#define RESOLVE_PART_MIN 8 /* hex digits of a part of an id */

static const struct page_field fields[] = {
	{ "uid", -1, false },
	{ "name", GROUPS_NAME, false },
	{ "create_time", GROUPS_CREATED_US, true },
	{ "update_time", GROUPS_UPDATED_US, true },
};

const struct list_noun group_noun = { .table = &table_groups,
				      .parent_column = GROUPS_PARENT,
				      .fields = fields,
				      .field_count = sizeof(fields) / sizeof(*fields),
				      .by_default = { &fields[0], false } };

/* ---- create ---- */

/* A verified name is never given to another organization, also when the first one is gone: registries keep images by name. */
static FALLIBLE claim_name(struct call *call, const struct group *group)
{
	char *key = arena_printf(call->arena, "verified/%.*s", SLICE_ARG(group->name));
	struct fact fact = { .name = slice_str(key) }, held;
	bool found;

	TRY_NEW(key);
	TRY(row_find(call->tx, &table_facts, &fact, &held, &found));
	if (found && !slice_eq(held.value, uid_bytes(&group->uid)))
		return FAIL_EXISTS("group.name",
				   "\"%.*s\" is taken: it is or was the verified name of another organization; choose another "
				   "name or leave this one unverified",
				   SLICE_ARG(group->name));
	fact.value = uid_bytes(&group->uid);
	return row_put(call->tx, &table_facts, &fact);
}

static FALLIBLE check_verified(struct call *call, const struct group *group)
{
	if (!uid_is_root(&group->uid))
		return FAIL_FIELD("group.verified", "only an organization can be verified, not a folder");
	TRY(rule_verified_name(group->name, "group.name"));
	return claim_name(call, group);
}

static FALLIBLE insert_owner(struct call *call, const struct group *group)
{
	struct binding owner = { .group = group->uid,
				 .identity = call->caller->identity,
				 .role = role_builtin(ROLE_OWNER)->uid,
				 .created_us = call->now_us };

	TRY(call_new_child(call, &group->uid, &owner.uid));
	return row_insert(call->tx, &table_bindings, &owner);
}

static FALLIBLE place_new(struct call *call, const struct uid *parent, struct group *group)
{
	struct group above;

	if (uid_is_none(parent))
		return call_new_root(call, &group->uid);
	TRY(group_at(call, parent, CAP_IAM_GROUPS_LIST_BIT, &above));
	if (uid_depth(parent) >= GROUP_DEPTH_MAX)
		return FAIL_FIELD("parent", "folders nest at most %d deep", GROUP_DEPTH_MAX);
	TRY(limit_check(call, parent, &table_groups, "folders", call->settings->limit_folders));
	group->parent = *parent;
	return call_new_child(call, parent, &group->uid);
}

FALLIBLE group_create(struct call *call, const struct uid *parent, const struct group_change *in, struct group *ret_group)
{
	struct group group = { .name = in->name,
			       .description = in->description,
			       .is_verified = in->is_verified,
			       .kind = in->kind,
			       .created_us = call->now_us,
			       .updated_us = call->now_us };

	TRY(rule_name(group.name, "group.name"));
	TRY(rule_description(group.description, "group.description"));
	TRY(place_new(call, parent, &group));
	if (group.is_verified || group.kind != KIND_UNSPECIFIED)
		TRY(call_require_operator(call, CAP_OPERATOR_VERIFY_BIT, "verifying an organization or setting its kind"));
	if (group.is_verified) {
		TRY(check_verified(call, &group));
		if (group.kind == KIND_UNSPECIFIED)
			return FAIL_FIELD("group.kind", "must be given for a verified organization");
	} else if (group.kind != KIND_UNSPECIFIED) {
		return FAIL_FIELD("group.kind", "can be set on verified organizations only");
	}
	if (uid_is_none(parent))
		group.status = STATUS_READY;
	TRY(freed_folder_takes(call, &group));
	TRY(row_insert(call->tx, &table_groups, &group));
	if (uid_is_none(parent))
		TRY(insert_owner(call, &group));
	call_touched(call, &group.uid, &group.uid);
	*ret_group = group;
	return group_inherit(call, ret_group);
}

/* ---- update ---- */

static FALLIBLE change_kind_of(struct call *call, struct group *group, int64_t kind)
{
	if (kind == group->kind)
		return OK;
	TRY(call_require_operator(call, CAP_OPERATOR_VERIFY_BIT, "setting an organization's kind"));
	if (!group->is_verified)
		return FAIL_FIELD("group.kind", "can be set on verified organizations only");
	if (group->kind != KIND_UNSPECIFIED && !(group->kind == KIND_MARKETPLACE && kind == KIND_CUSTOMER))
		return FAIL_STATE("KIND_IS_FIXED", "group.kind: only ORG_KIND_AWS_MARKETPLACE may become ORG_KIND_CUSTOMER");
	group->kind = kind;
	return OK;
}

static FALLIBLE change_verified(struct call *call, struct group *group, bool is_verified)
{
	if (is_verified == group->is_verified)
		return OK;
	TRY(call_require_operator(call, CAP_OPERATOR_VERIFY_BIT, "verifying an organization"));
	if (is_verified)
		TRY(check_verified(call, group));
	else
		group->kind = KIND_UNSPECIFIED; /* only what is verified has one */
	group->is_verified = is_verified;
	return OK;
}

FALLIBLE group_update(struct call *call, const struct uid *uid, const struct group_change *in, struct group *ret_group)
{
	struct group group;

	TRY(group_at(call, uid, CAP_IAM_GROUPS_LIST_BIT, &group));
	if (in->has_name && !slice_eq(in->name, group.name)) {
		TRY(rule_name(in->name, "group.name"));
		if (group.is_verified || group.is_system)
			return FAIL_STATE("NAME_IS_FIXED", "group.name: a verified organization cannot be renamed");
		TRY(freed_folder_leaves(call, &group));
		group.name = in->name;
		TRY(freed_folder_takes(call, &group));
	}
	if (in->has_description) {
		TRY(rule_description(in->description, "group.description"));
		group.description = in->description;
	}
	if (in->has_verified)
		TRY(change_verified(call, &group, in->is_verified));
	if (in->has_kind)
		TRY(change_kind_of(call, &group, in->kind));
	group.updated_us = call->now_us;
	TRY(row_update(call->tx, &table_groups, &group));
	call_touched(call, &group.uid, &group.uid);
	*ret_group = group;
	return group_inherit(call, ret_group);
}

/* ---- delete ---- */

static FALLIBLE refuse_while(struct call *call, const struct table *table, int column, const struct uid *uid, const char *what)
{
	struct query query;
	struct rows rows;

	query_init(&query);
	query_eq_uid(&query, column, uid);
	query.limit = 1;
	TRY(row_list(call->tx, table, &query, &rows));
	if (rows.count)
		return FAIL_STATE("RESOURCE_NOT_EMPTY", "the group still holds %s; delete them first", what);
	return OK;
}

/* What goes with its group. */
static FALLIBLE delete_with(struct call *call, const struct table *table, int column, const struct uid *uid)
{
	struct query query;
	int64_t count;

	query_init(&query);
	query_eq_uid(&query, column, uid);
	return row_delete_all(call->tx, table, &query, &count);
}

FALLIBLE group_delete(struct call *call, const struct uid *uid)
{
	struct group group;
	struct uid above = uid_parent(uid);
	bool deleted;

	TRY(group_at(call, uid, CAP_IAM_GROUPS_LIST_BIT, &group));
	if (group.is_system)
		return FAIL_STATE("SYSTEM_GROUP", "the operators' group cannot be deleted");
	TRY(refuse_while(call, &table_groups, GROUPS_PARENT, uid, "folders"));
	TRY(refuse_while(call, &table_repos, REPOS_PARENT, uid, "repositories"));
	TRY(refuse_while(call, &table_identities, IDENTITIES_PARENT, uid, "identities"));
	TRY(refuse_while(call, &table_roles, ROLES_PARENT, uid, "roles"));
	TRY(refuse_while(call, &table_providers, PROVIDERS_PARENT, uid, "identity providers"));
	TRY(freed_folder_leaves(call, &group));
	TRY(freed_forget(call, uid));
	TRY(bindings_delete_at(call, uid));
	TRY(delete_with(call, &table_limits, LIMITS_GROUP, uid));
	TRY(delete_with(call, &table_invites, INVITES_GROUP, uid));
	TRY(delete_with(call, &table_signin_rules, SIGNIN_RULES_GROUP, uid));
	TRY(delete_with(call, &table_families, FAMILIES_CONFINED_TO, uid));
	TRY(delete_with(call, &table_access_requests, ACCESS_REQUESTS_GROUP, uid));
	TRY(row_delete(call->tx, &table_groups, &group, &deleted));
	call_touched(call, uid, uid_is_none(&above) ? uid : &above);
	return OK;
}

/* ---- look ---- */

FALLIBLE group_inherit(struct call *call, struct group *group)
{
	struct group root = { .uid = uid_root(&group->uid) };
	bool found;

	if (uid_is_root(&group->uid))
		return OK;
	TRY(row_find(call->tx, &table_groups, &root, &root, &found));
	if (found) {
		group->kind = root.kind;
		group->status = root.status;
	}
	return OK;
}

FALLIBLE group_limits(struct call *call, const struct uid *uid, struct rows *ret_limits)
{
	struct query query;

	*ret_limits = (struct rows){ 0 };
	if (!uid_is_root(uid))
		return OK;
	query_init(&query);
	query_eq_uid(&query, LIMITS_GROUP, uid);
	return row_list(call->tx, &table_limits, &query, ret_limits);
}

/* Groups where the caller's bindings are, and all below: where a name or a part of an id may point. */
static FALLIBLE candidates(struct call *call, struct rows *ret_groups)
{
	struct query query;
	struct rows bindings;
	struct uid *places;

	query_init(&query);
	query_eq_uid(&query, BINDINGS_IDENTITY, &call->caller->identity);
	query.limit = QUERY_UIDS_MAX;
	TRY(row_list(call->tx, &table_bindings, &query, &bindings));
	places = NEW_N(call->arena, struct uid, bindings.count);
	TRY_NEW(places);
	for (size_t i = 0; i < bindings.count; i++)
		places[i] = ((const struct binding *)bindings.at)[i].group;
	query_init(&query);
	if (!call->caller->claims_operator)
		query_uids(&query, WHERE_UNDER, GROUPS_UID, places, bindings.count);
	query.limit = RESOLVE_CANDIDATES_MAX + 1;
	TRY(row_list(call->tx, &table_groups, &query, ret_groups));
	if (ret_groups->count > RESOLVE_CANDIDATES_MAX)
		return FAIL_FIELD("parent", "there are too many groups to look it up by name; give the full id");
	return OK;
}

static bool answers_to(const struct group *group, slice text)
{
	char id[UID_TEXT_BYTES];

	if (slice_eq(group->name, text))
		return true;
	if (text.len < RESOLVE_PART_MIN)
		return false;
	uid_format(&group->uid, id);
	return slice_starts(slice_str(id), text) || slice_ends(slice_str(id), text);
}

FALLIBLE group_resolve(struct call *call, slice text, struct uid *ret_place)
{
	const struct group *hit = NULL;
	struct rows groups;

	if (uid_parse(text, ret_place))
		return OK;
	TRY(candidates(call, &groups));
	for (size_t i = 0; i < groups.count; i++) {
		const struct group *group = (const struct group *)groups.at + i;
		if (!answers_to(group, text))
			continue;
		if (hit)
			return FAIL_FIELD("parent", "several groups answer to this; give the full id");
		hit = group;
	}
	if (!hit)
		return FAIL(FAULT_DENIED, "parent: no group of yours has this id or name");
	*ret_place = hit->uid;
	return OK;
}

FALLIBLE group_find_verified(struct call *call, slice name, struct group *ret_group, bool *ret_found)
{
	struct query query;

	query_init(&query);
	query_eq_text(&query, GROUPS_NAME, name);
	query_eq_number(&query, GROUPS_IS_VERIFIED, 1);
	query_eq_uid(&query, GROUPS_PARENT, &(struct uid){ 0 });
	return row_first(call->tx, &table_groups, &query, ret_group, ret_found);
}
