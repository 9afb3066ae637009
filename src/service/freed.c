#include "service/freed.h"

static FALLIBLE folder_name(struct call *call, const struct group *folder, slice *ret_name)
{
	char *text = arena_printf(call->arena, "%.*s/", SLICE_ARG(folder->name));

	TRY_NEW(text);
	*ret_name = slice_str(text);
	return OK;
}

static FALLIBLE refuse(const char *field, const char *what)
{
	return FAIL_STATE("NAME_WAS_USED",
			  "%s: %s of this name was here before, and the registry may still hold its images; take another "
			  "name, or let an operator use it again",
			  field, what);
}

static FALLIBLE take(struct call *call, const struct freed_name *name, const char *field, const char *what)
{
	struct freed_name held;
	bool found, deleted;
	status allowed;

	TRY(row_find(call->tx, &table_freed_names, name, &held, &found));
	if (!found)
		return OK;
	if (!uid_eq(&held.holder, &name->holder)) {
		allowed = call_require_operator(call, CAP_OPERATOR_VERIFY_BIT, "using a name again");
		if (allowed.fault == FAULT_DENIED) {
			report_clear(report_current());
			return refuse(field, what);
		}
		TRY(allowed);
	}
	return row_delete(call->tx, &table_freed_names, name, &deleted);
}

FALLIBLE freed_repo_takes(struct call *call, const struct repo *repo)
{
	struct freed_name name = { .parent = repo->parent, .name = repo->name, .holder = repo->uid };

	return take(call, &name, "repo.name", "a repository");
}

FALLIBLE freed_folder_takes(struct call *call, const struct group *folder)
{
	struct freed_name name = { .parent = folder->parent, .holder = folder->uid };

	if (uid_is_none(&folder->parent))
		return OK; /* an organization's name is kept by its being verified */
	TRY(folder_name(call, folder, &name.name));
	return take(call, &name, "group.name", "a folder with repositories");
}

FALLIBLE freed_repo_leaves(struct call *call, const struct repo *repo)
{
	struct freed_name name = { .parent = repo->parent, .name = repo->name, .holder = repo->uid, .freed_us = call->now_us };

	return row_put(call->tx, &table_freed_names, &name);
}

static FALLIBLE has_any(struct call *call, const struct table *table, struct query *query, bool *ret_any)
{
	struct rows rows;

	query->limit = 1;
	TRY(row_list(call->tx, table, query, &rows));
	*ret_any = rows.count > 0;
	return OK;
}

/* Repositories stand or stood somewhere below. */
static FALLIBLE has_held_images(struct call *call, const struct uid *folder, bool *ret_has)
{
	struct query query;

	query_init(&query);
	query_uids(&query, WHERE_BELOW, REPOS_UID, folder, 1);
	TRY(has_any(call, &table_repos, &query, ret_has));
	if (*ret_has)
		return OK;
	query_init(&query);
	query_uids(&query, WHERE_UNDER, FREED_NAMES_PARENT, folder, 1);
	return has_any(call, &table_freed_names, &query, ret_has);
}

FALLIBLE freed_folder_leaves(struct call *call, const struct group *folder)
{
	struct freed_name name = { .parent = folder->parent, .holder = folder->uid, .freed_us = call->now_us };
	bool has_held;

	if (uid_is_none(&folder->parent))
		return OK;
	TRY(has_held_images(call, &folder->uid, &has_held));
	if (!has_held)
		return OK;
	TRY(folder_name(call, folder, &name.name));
	return row_put(call->tx, &table_freed_names, &name);
}

FALLIBLE freed_forget(struct call *call, const struct uid *group)
{
	struct query query;
	int64_t count;

	query_init(&query);
	query_eq_uid(&query, FREED_NAMES_PARENT, group);
	return row_delete_all(call->tx, &table_freed_names, &query, &count);
}
