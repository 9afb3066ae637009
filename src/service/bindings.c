#include "service/bindings.h"

#include "model/role.h"
#include "service/families.h"

static const struct page_field fields[] = {
	{ "uid", -1, false },
	{ "create_time", BINDINGS_CREATED_US, true },
};

const struct list_noun binding_noun = { .table = &table_bindings,
					.parent_column = BINDINGS_GROUP,
					.fields = fields,
					.field_count = sizeof(fields) / sizeof(*fields),
					.by_default = { &fields[0], false } };

/* A user may be bound before they first come; what hangs under a group must exist. */
static FALLIBLE check_identity(struct call *call, const struct uid *uid, const char *field, struct identity *ret_identity)
{
	bool found;

	*ret_identity = (struct identity){ .uid = *uid };
	TRY(row_find(call->tx, &table_identities, ret_identity, ret_identity, &found));
	if (!found && !uid_is_root(uid))
		return FAIL_FIELD(field, "no identity has this id");
	return OK;
}

/* The role may be used at the group, and the author holds all of it there. */
static FALLIBLE check_role(struct call *call, const struct uid *group, const struct uid *uid, const char *field,
			   struct role *ret_role)
{
	bool found;

	*ret_role = (struct role){ .uid = *uid };
	TRY(row_find(call->tx, &table_roles, ret_role, ret_role, &found));
	if (!found || (!uid_is_none(&ret_role->parent) && !uid_covers(&ret_role->parent, group)))
		return FAIL_FIELD(field, "must be a built-in role or one defined at this group or above it");
	return call_hand_out(call, group, &ret_role->caps);
}

static FALLIBLE find_same(struct call *call, const struct binding *like, struct binding *ret_binding, bool *ret_found)
{
	struct query query;

	query_init(&query);
	query_eq_uid(&query, BINDINGS_IDENTITY, &like->identity);
	query_eq_uid(&query, BINDINGS_GROUP, &like->group);
	query_eq_uid(&query, BINDINGS_ROLE, &like->role);
	return row_first(call->tx, &table_bindings, &query, ret_binding, ret_found);
}

FALLIBLE binding_create(struct call *call, const struct uid *group, const struct binding_in *in, bool gives_existing,
			struct binding *ret_binding, struct binding_detail *ret_detail)
{
	struct binding binding = { .group = *group, .created_us = call->now_us };
	bool found = false;

	TRY(uid_parse_field(in->identity, in->identity_field, &binding.identity));
	TRY(uid_parse_field(in->role, in->role_field, &binding.role));
	TRY(group_at(call, group, CAP_IAM_GROUPS_LIST_BIT, &ret_detail->group));
	TRY(check_identity(call, &binding.identity, in->identity_field, &ret_detail->identity));
	TRY(check_role(call, group, &binding.role, in->role_field, &ret_detail->role));
	if (gives_existing)
		TRY(find_same(call, &binding, ret_binding, &found));
	if (found)
		return OK;
	TRY(limit_check(call, group, &table_bindings, "bindings", call->settings->limit_bindings));
	TRY(call_new_child(call, group, &binding.uid));
	TRY(row_insert(call->tx, &table_bindings, &binding));
	call_touched(call, &binding.uid, group);
	*ret_binding = binding;
	return OK;
}

FALLIBLE binding_at(struct call *call, const struct uid *uid, struct binding *ret_binding)
{
	struct binding key = { .uid = *uid };
	bool found;

	TRY(row_find(call->tx, &table_bindings, &key, ret_binding, &found));
	return found ? OK : call_absent(call, "role binding", uid, CAP_IAM_ROLE_BINDINGS_LIST_BIT);
}

FALLIBLE binding_update(struct call *call, const struct uid *uid, const struct binding_in *in, struct binding *ret_binding)
{
	struct identity identity;
	struct binding binding;
	struct uid before;
	struct role role;

	TRY(binding_at(call, uid, &binding));
	before = binding.identity;
	if (in->identity.len) {
		TRY(uid_parse_field(in->identity, in->identity_field, &binding.identity));
		TRY(check_identity(call, &binding.identity, in->identity_field, &identity));
	}
	if (in->role.len)
		TRY(uid_parse_field(in->role, in->role_field, &binding.role));
	/* Also when only the identity changes: the role goes to somebody new. */
	TRY(check_role(call, &binding.group, &binding.role, in->role_field, &role));
	TRY(row_update(call->tx, &table_bindings, &binding));
	TRY(families_left(call, &before, &binding.group));
	call_touched(call, uid, &binding.group);
	*ret_binding = binding;
	return OK;
}

FALLIBLE binding_delete(struct call *call, const struct uid *uid)
{
	struct binding binding = { .uid = *uid };
	bool found, deleted;

	TRY(row_find(call->tx, &table_bindings, &binding, &binding, &found));
	if (!found)
		return OK;
	TRY(row_delete(call->tx, &table_bindings, &binding, &deleted));
	TRY(families_left(call, &binding.identity, &binding.group));
	call_touched(call, uid, &binding.group);
	return OK;
}

struct leaver {
	struct leaver *next;
	struct uid identity;
};

struct leaving {
	struct call *call;
	struct leaver *newest;
};

/* Rows come by identity, so each one is kept once; only who has a session at all, so that there are few. */
static status collect_leaver(void *user, const void *row)
{
	struct leaving *leaving = user;
	const struct binding *binding = row;
	struct leaver *leaver;
	bool has_session;

	if (leaving->newest && uid_eq(&leaving->newest->identity, &binding->identity))
		return OK;
	TRY(families_may_leave(leaving->call, &binding->identity, &binding->group, &has_session));
	if (!has_session)
		return OK;
	leaver = NEW(leaving->call->arena, struct leaver);
	TRY_NEW(leaver);
	*leaver = (struct leaver){ .next = leaving->newest, .identity = binding->identity };
	leaving->newest = leaver;
	return OK;
}

FALLIBLE bindings_delete_at(struct call *call, const struct uid *group)
{
	struct leaving leaving = { .call = call };
	struct query query;
	int64_t count;

	query_init(&query);
	query_eq_uid(&query, BINDINGS_GROUP, group);
	query.order_by = BINDINGS_IDENTITY;
	TRY(row_scan(call->tx, &table_bindings, &query, collect_leaver, &leaving));
	query.order_by = -1;
	TRY(row_delete_all(call->tx, &table_bindings, &query, &count));
	for (const struct leaver *leaver = leaving.newest; leaver; leaver = leaver->next)
		TRY(families_left(call, &leaver->identity, group));
	return OK;
}

FALLIBLE binding_detail_of(struct call *call, const struct binding *binding, struct binding_detail *ret_detail)
{
	struct binding_detail detail = { .identity.uid = binding->identity,
					 .group.uid = binding->group,
					 .role.uid = binding->role };
	bool found;

	TRY(row_find(call->tx, &table_identities, &detail.identity, &detail.identity, &found));
	TRY(row_find(call->tx, &table_groups, &detail.group, &detail.group, &found));
	TRY(row_find(call->tx, &table_roles, &detail.role, &detail.role, &found));
	*ret_detail = detail;
	return OK;
}
