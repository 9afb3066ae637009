/*
 * groups: `iam organizations` and `iam folders`: one noun under two names.
 */
#include "cli/client.h"
#include "cli/nouns.h"
#include "cli/print.h"
#include "cli/resolve.h"
#include "cli/signin.h"
#include "cli/verbs.h"

#define KIND_OF_VERIFIED SLICE("ORG_KIND_CUSTOMER")

static slice cell_parent(struct cli *cli, const struct json *row)
{
	return uid_text_parent(json_at(row, "uid"));
}

static const struct column organization_columns[] = { { "ID", "uid" },
						      { "NAME", "name" },
						      { "DESCRIPTION", "description" },
						      { "VERIFIED", "verified", NULL, true },
						      { "KIND", "kind", NULL, true },
						      { "STATUS", "status", NULL, true },
						      { NULL } };
static const struct column folder_columns[] = {
	{ "ID", "uid" }, { "NAME", "name" }, { "DESCRIPTION", "description" }, { "PARENT", NULL, cell_parent, true }, { NULL }
};
static const struct show organization_show = { organization_columns };
static const struct show folder_show = { folder_columns };

static const struct show *show_of(enum group_kind kind)
{
	return kind == GROUP_ORGANIZATION ? &organization_show : &folder_show;
}

static const char *noun_of(enum group_kind kind)
{
	return kind == GROUP_ORGANIZATION ? "organization" : "folder";
}

/* --- create --- */

static FALLIBLE create(struct cli *cli, enum group_kind kind, slice parent)
{
	const struct json *group;
	struct ask ask;

	TRY(ask_begin(cli, &ask, METHOD_GROUPS_CREATE_GROUP, "creating %s %.*s", noun_of(kind), SLICE_ARG(cli_arg(cli, 0))));
	if (parent.len > 0)
		ask_text(&ask, "parent", parent);
	ask_text(&ask, "group.name", cli_arg(cli, 0));
	if (flag_given(cli, FLAG_DESCRIPTION))
		ask_text(&ask, "group.description", flag_text(cli, FLAG_DESCRIPTION));
	TRY(call(cli, &ask, &group));
	TRY(print_rows(cli, show_of(kind), &group, 1, false));
	/* What the caller holds in a new organization is not in the token at hand. */
	return kind == GROUP_ORGANIZATION && !flag_on(cli, FLAG_SKIP_REFRESH) ? signin_changed(cli) : OK;
}

/* Names of organizations are free until they are verified, so a repeated command would make a second one. */
status organizations_create(struct cli *cli)
{
	slice name = cli_arg(cli, 0), uid;

	TRY(resolve_namesake(cli, name, &uid));
	if (uid.len > 0)
		TRY(cli_confirm(cli, true, "There is an organization %.*s (%.*s). Create another of the same name?",
				SLICE_ARG(name), SLICE_ARG(uid)));
	return create(cli, GROUP_ORGANIZATION, slice_str(""));
}

status folders_create(struct cli *cli)
{
	slice parent;

	TRY(resolve_parent(cli, &parent));
	return create(cli, GROUP_FOLDER, parent);
}

/* --- list, describe --- */

status organizations_list(struct cli *cli)
{
	const struct json **rows;
	struct ask ask;
	size_t count;

	TRY(ask_begin(cli, &ask, METHOD_GROUPS_LIST_GROUPS, "listing organizations"));
	ask_text(&ask, "uidp.in_root", SLICE("true"));
	TRY(call_list(cli, &ask, "groups", &rows, &count));
	return print_rows(cli, &organization_show, rows, count, true);
}

status folders_list(struct cli *cli)
{
	const struct json **rows;
	struct ask ask;
	size_t count;
	slice under;

	if (cli->args_count > 0)
		TRY(resolve_place(cli, cli_arg(cli, 0), GROUP_ANY, &under));
	else
		TRY(resolve_parent(cli, &under));
	TRY(ask_begin(cli, &ask, METHOD_GROUPS_LIST_GROUPS, "listing folders"));
	ask_text(&ask, "uidp.descendants_of", under);
	TRY(call_list(cli, &ask, "groups", &rows, &count));
	return print_rows(cli, &folder_show, rows, count, true);
}

static FALLIBLE get_by_uid(struct cli *cli, enum group_kind kind, slice uid, const struct json **ret_group)
{
	struct ask ask;

	TRY(ask_begin(cli, &ask, METHOD_GROUPS_GET_GROUP, "reading %s %.*s", noun_of(kind), SLICE_ARG(uid)));
	ask_text(&ask, "uid", uid);
	return call(cli, &ask, ret_group);
}

static FALLIBLE get(struct cli *cli, enum group_kind kind, const struct json **ret_group)
{
	slice uid;

	TRY(resolve_group_argument(cli, 0, kind, &uid));
	return get_by_uid(cli, kind, uid, ret_group);
}

static FALLIBLE describe(struct cli *cli, enum group_kind kind)
{
	const struct json *group;

	TRY(get(cli, kind, &group));
	return print_rows(cli, show_of(kind), &group, 1, false);
}

status organizations_describe(struct cli *cli)
{
	return describe(cli, GROUP_ORGANIZATION);
}

status folders_describe(struct cli *cli)
{
	return describe(cli, GROUP_FOLDER);
}

/* --- update, verify --- */

static FALLIBLE update(struct cli *cli, enum group_kind kind)
{
	const struct json *group;
	struct ask ask;
	slice uid;

	if (!flag_given(cli, FLAG_NAME) && !flag_given(cli, FLAG_DESCRIPTION))
		return MISUSE(cli, "nothing to change: give --name or --description");
	TRY(resolve_group(cli, cli_arg(cli, 0), kind, &uid));
	TRY(cli_confirm(cli, false, "Change the %s %.*s?", noun_of(kind), SLICE_ARG(cli_arg(cli, 0))));
	TRY(ask_begin(cli, &ask, METHOD_GROUPS_UPDATE_GROUP, "updating %s %.*s", noun_of(kind), SLICE_ARG(cli_arg(cli, 0))));
	ask_text(&ask, "group.uid", uid);
	if (flag_given(cli, FLAG_NAME))
		ask_text(&ask, "group.name", flag_text(cli, FLAG_NAME));
	if (flag_given(cli, FLAG_DESCRIPTION))
		ask_text(&ask, "group.description", flag_text(cli, FLAG_DESCRIPTION));
	TRY(call(cli, &ask, &group));
	return print_rows(cli, show_of(kind), &group, 1, false);
}

status organizations_update(struct cli *cli)
{
	return update(cli, GROUP_ORGANIZATION);
}

status folders_update(struct cli *cli)
{
	return update(cli, GROUP_FOLDER);
}

status organizations_verify(struct cli *cli)
{
	const struct json *group;
	struct ask ask;

	TRY(get(cli, GROUP_ORGANIZATION, &group));
	TRY(cli_confirm(cli, false, "Verify the organization %.*s? Its name is fixed from then on.",
			SLICE_ARG(json_at(group, "name"))));
	TRY(ask_begin(cli, &ask, METHOD_GROUPS_UPDATE_GROUP, "verifying organization %.*s", SLICE_ARG(cli_arg(cli, 0))));
	ask_text(&ask, "group.uid", json_at(group, "uid"));
	ask_json(&ask, "group.verified", SLICE("true"));
	if (json_at(group, "kind").len == 0 || slice_is(json_at(group, "kind"), "ORG_KIND_UNSPECIFIED"))
		ask_text(&ask, "group.kind", KIND_OF_VERIFIED);
	TRY(call(cli, &ask, &group));
	cli_say(cli, "The organization %.*s is verified.", SLICE_ARG(json_at(group, "name")));
	return print_rows(cli, &organization_show, &group, 1, false);
}

/* --- delete --- */

static FALLIBLE delete (struct cli *cli, enum group_kind kind)
{
	const struct json *empty;
	struct ask ask;
	slice uid, shown;

	TRY(resolve_group_argument(cli, 0, kind, &uid));
	TRY(name_and_id(cli, cli_arg(cli, 0), uid, &shown));
	TRY(cli_confirm(cli, true, "Delete the %s %.*s?", noun_of(kind), SLICE_ARG(shown)));
	TRY(ask_begin(cli, &ask, METHOD_GROUPS_DELETE_GROUP, "deleting %s %.*s", noun_of(kind), SLICE_ARG(shown)));
	ask_text(&ask, "uid", uid);
	TRY(call(cli, &ask, &empty));
	cli_say(cli, "Deleted the %s %.*s.", noun_of(kind), SLICE_ARG(uid));
	if (kind == GROUP_FOLDER || flag_on(cli, FLAG_SKIP_REFRESH) || !signin_can_renew(cli, CONFIG(cli, PLATFORM_AUDIENCE)))
		return OK;
	return signin_changed(cli);
}

status organizations_delete(struct cli *cli)
{
	return delete (cli, GROUP_ORGANIZATION);
}

status folders_delete(struct cli *cli)
{
	return delete (cli, GROUP_FOLDER);
}
