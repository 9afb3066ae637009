#include "service/roles.h"

#include "model/rules.h"

#define BOUND_GROUPS_MAX 1000 /* places at which one role's change is checked */

static const struct page_field fields[] = {
	{ "uid", -1, false },
	{ "name", ROLES_NAME, false },
	{ "create_time", ROLES_CREATED_US, true },
	{ "update_time", ROLES_UPDATED_US, true },
};

const struct list_noun role_noun = { .table = &table_roles,
				     .parent_column = ROLES_PARENT,
				     .fields = fields,
				     .field_count = sizeof(fields) / sizeof(*fields),
				     .by_default = { &fields[0], false },
				     .shows_builtin = true };

FALLIBLE role_caps_of_names(size_t count, char *const *names, const char *field, struct caps *ret_caps)
{
	struct caps caps = { 0 };

	for (size_t i = 0; i < count; i++) {
		const struct cap_row *row = cap_by_name(slice_str(names[i]));
		if (!row)
			return FAIL_FIELD(field, "unknown capability \"%.64s\"", names[i]);
		caps_add(&caps, row->bit);
	}
	*ret_caps = caps;
	return OK;
}

FALLIBLE role_names_of_caps(struct call *call, const struct caps *caps, size_t *ret_count, char ***ret_names)
{
	const struct cap_row *rows[CAPS_BITS];
	size_t count = caps_rows(caps, rows);
	char **names = NEW_N(call->arena, char *, count);

	TRY_NEW(names);
	for (size_t i = 0; i < count; i++)
		names[i] = (char *)(uintptr_t)rows[i]->name; /* read only by whoever writes the answer */
	*ret_names = names;
	*ret_count = count;
	return OK;
}

FALLIBLE role_find(struct call *call, const struct uid *uid, struct role *ret_role, bool *ret_found)
{
	struct role key = { .uid = *uid };

	return row_find(call->tx, &table_roles, &key, ret_role, ret_found);
}

FALLIBLE role_visible(struct call *call, const struct uid *uid, struct role *ret_role)
{
	bool found;

	TRY(role_find(call, uid, ret_role, &found));
	if (found && uid_is_none(&ret_role->parent))
		return OK;
	if (!found || !authz_allows(call->parts->authz, call->caller, uid, CAP_IAM_ROLES_LIST_BIT, call_now_s(call)))
		return call_absent(call, "role", uid, CAP_IAM_ROLES_LIST_BIT);
	return OK;
}

FALLIBLE role_create(struct call *call, const struct uid *parent, const struct role_change *in, struct role *ret_role)
{
	struct role role = { .parent = *parent,
			     .name = in->name,
			     .description = in->description,
			     .caps = in->caps,
			     .created_us = call->now_us,
			     .updated_us = call->now_us };
	struct group group;

	TRY(role_name_check(role.name, "role.name"));
	TRY(rule_description(role.description, "role.description"));
	TRY(role_caps_check(&role.caps, "role.capabilities"));
	TRY(group_at(call, parent, CAP_IAM_GROUPS_LIST_BIT, &group));
	TRY(call_hand_out(call, parent, &role.caps));
	TRY(limit_check(call, parent, &table_roles, "roles", call->settings->limit_roles));
	TRY(call_new_child(call, parent, &role.uid));
	TRY(row_insert(call->tx, &table_roles, &role));
	call_touched(call, &role.uid, parent);
	*ret_role = role;
	return OK;
}

/* A custom role that may be changed; built-in ones may not. */
static FALLIBLE custom_role(struct call *call, const struct uid *uid, struct role *ret_role)
{
	bool found;

	if (role_builtin_by_uid(uid))
		return FAIL_STATE("BUILTIN_ROLE", "built-in roles cannot be changed or deleted");
	TRY(role_find(call, uid, ret_role, &found));
	return found ? OK : call_absent(call, "role", uid, CAP_IAM_ROLES_LIST_BIT);
}

struct places {
	struct uid *at;
	size_t count;
};

static status collect_place(void *user, const void *row)
{
	struct places *places = user;
	const struct binding *binding = row;

	if (places->count && uid_eq(&places->at[places->count - 1], &binding->group))
		return OK;
	if (places->count == BOUND_GROUPS_MAX)
		return FAIL_STATE("TOO_WIDELY_BOUND", "the role is bound in more than %d groups; make a new role instead",
				  BOUND_GROUPS_MAX);
	places->at[places->count++] = binding->group;
	return OK;
}

/* What is added reaches everyone the role is bound to: the author must hold it at each of those places. */
static FALLIBLE hand_out_everywhere(struct call *call, const struct role *role, const struct caps *added)
{
	struct places places = { .at = NEW_N(call->arena, struct uid, BOUND_GROUPS_MAX) };
	struct query query;

	TRY_NEW(places.at);
	TRY(call_hand_out(call, &role->parent, added));
	query_init(&query);
	query_eq_uid(&query, BINDINGS_ROLE, &role->uid);
	query.order_by = BINDINGS_GROUP;
	TRY(row_scan(call->tx, &table_bindings, &query, collect_place, &places));
	for (size_t i = 0; i < places.count; i++)
		TRY(call_hand_out(call, &places.at[i], added));
	return OK;
}

FALLIBLE role_update(struct call *call, const struct uid *uid, const struct role_change *in, struct role *ret_role)
{
	struct role role;

	TRY(custom_role(call, uid, &role));
	if (in->has_name) {
		TRY(role_name_check(in->name, "role.name"));
		role.name = in->name;
	}
	if (in->has_description) {
		TRY(rule_description(in->description, "role.description"));
		role.description = in->description;
	}
	if (in->has_caps) {
		struct caps added = in->caps;
		for (int i = 0; i < CAPS_BITS / 64; i++)
			added.words[i] &= ~role.caps.words[i];
		TRY(role_caps_check(&in->caps, "role.capabilities"));
		if (!caps_is_empty(&added))
			TRY(hand_out_everywhere(call, &role, &added));
		role.caps = in->caps;
	}
	role.updated_us = call->now_us;
	TRY(row_update(call->tx, &table_roles, &role));
	call_touched(call, uid, &role.parent);
	*ret_role = role;
	return OK;
}

static FALLIBLE refuse_while_named(struct call *call, const struct table *table, int column, const struct uid *uid,
				   const char *text)
{
	struct query query;
	struct rows rows;

	query_init(&query);
	query_eq_uid(&query, column, uid);
	query.limit = 1;
	TRY(row_list(call->tx, table, &query, &rows));
	return rows.count ? FAIL_STATE("ROLE_IN_USE", "%s", text) : OK;
}

FALLIBLE role_delete(struct call *call, const struct uid *uid)
{
	struct role role;
	bool deleted;

	TRY(custom_role(call, uid, &role));
	TRY(refuse_while_named(call, &table_bindings, BINDINGS_ROLE, uid,
			       "the role is still bound; delete its role bindings first"));
	TRY(refuse_while_named(call, &table_invites, INVITES_ROLE, uid, "an invite gives the role; delete the invite first"));
	TRY(refuse_while_named(call, &table_providers, PROVIDERS_ROLE, uid,
			       "an identity provider gives the role by default; change the provider first"));
	TRY(row_delete(call->tx, &table_roles, &role, &deleted));
	call_touched(call, uid, &role.parent);
	return OK;
}
