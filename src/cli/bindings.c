/*
 * bindings: `iam role-bindings`.
 */
#include "cli/choose.h"
#include "cli/nouns.h"
#include "cli/resolve.h"
#include "cli/verbs.h"

/* Whose it is, by the best name there is. */
static slice cell_identity(struct cli *cli, const struct json *row)
{
	static const char *const paths[] = { "identity.name", "identity.email", "identity.subject", "identity.uid",
					     "identityUid" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (json_at(row, paths[i]).len > 0)
			return json_at(row, paths[i]);
	return slice_str("");
}

/* What scripts read besides: the same, flat. */
static const struct json *extend(struct cli *cli, const struct json *row)
{
	static const char *const added[][2] = { { "identity_id", "identity.uid" },
						{ "email", "identity.email" },
						{ "role_name", "role.name" },
						{ "role_id", "role.uid" },
						{ "group_id", "group.uid" } };
	const struct json *out = row;

	for (size_t i = 0; i < sizeof(added) / sizeof(*added); i++)
		out = json_with(cli, out, added[i][0], json_new_text(cli, json_at(row, added[i][1])));
	return out;
}

static const struct column columns[] = { { "ID", "uid" },
					 { "ROLE", "role.name" },
					 { "IDENTITY", NULL, cell_identity },
					 { "LOCATION", "group.name" },
					 { "IDENTITY ID", "identity.uid", NULL, true },
					 { "EMAIL", "identity.email", NULL, true },
					 { "ISSUER", "identity.issuer", NULL, true },
					 { "SUBJECT", "identity.subject", NULL, true },
					 { NULL } };

static void tree(struct cli *cli, const struct json *const *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fputc('[', cli->out);
		print_plain(cli->out, json_at(rows[i], "group.name"));
		fputs("] ", cli->out);
		print_plain(cli->out, cell_identity(cli, rows[i]));
		fputs(": ", cli->out);
		print_plain(cli->out, json_at(rows[i], "role.name"));
		fputc('\n', cli->out);
	}
}

static const struct show binding_show = { columns, NULL, extend, tree };

FALLIBLE binding_show_made(struct cli *cli, slice uid)
{
	const struct json *row;
	struct ask ask;

	TRY(ask_begin(cli, &ask, METHOD_ROLE_BINDINGS_GET_ROLE_BINDING, "reading role binding %.*s", SLICE_ARG(uid)));
	ask_text(&ask, "uid", uid);
	TRY(call(cli, &ask, &row));
	return print_rows(cli, &binding_show, &row, 1, false);
}

status bindings_create(struct cli *cli)
{
	slice identity, role, parent;
	const struct json *row;
	struct ask ask;

	if (!choose_is_possible(cli) && (flag_text(cli, FLAG_BOUND_IDENTITY).len == 0 || flag_text(cli, FLAG_ROLE).len == 0))
		return MISUSE(cli, "--identity and --role must be given");
	TRY(resolve_parent(cli, &parent));
	TRY(resolve_identity(cli, flag_text(cli, FLAG_BOUND_IDENTITY), &identity));
	TRY(resolve_role(cli, flag_text(cli, FLAG_ROLE), parent, &role));
	TRY(ask_begin(cli, &ask, METHOD_ROLE_BINDINGS_CREATE_ROLE_BINDING, "binding the role %.*s", SLICE_ARG(role)));
	ask_text(&ask, "parent", parent);
	ask_text(&ask, "role_binding.identity_uid", identity);
	ask_text(&ask, "role_binding.role_uid", role);
	TRY(call(cli, &ask, &row));
	return binding_show_made(cli, json_at(row, "uid"));
}

status bindings_list(struct cli *cli)
{
	const struct json **rows;
	struct ask ask;
	size_t count;
	slice parent;

	TRY(resolve_parent_if_any(cli, &parent));
	TRY(ask_begin(cli, &ask, METHOD_ROLE_BINDINGS_LIST_ROLE_BINDINGS, "listing role bindings"));
	if (parent.len > 0)
		ask_text(&ask, flag_on(cli, FLAG_RECURSIVE) ? "uidp.descendants_of" : "uidp.children_of", parent);
	TRY(call_list(cli, &ask, "roleBindings", &rows, &count));
	return print_rows(cli, &binding_show, rows, count, true);
}

status bindings_update(struct cli *cli)
{
	slice uid = cli_arg(cli, 0), text;
	const struct json *row;
	struct ask ask;

	if (!is_uid(uid))
		return MISUSE(cli, "\"%.*s\" is no binding's id", SLICE_ARG(uid));
	if (!flag_given(cli, FLAG_BOUND_IDENTITY) && !flag_given(cli, FLAG_ROLE))
		return MISUSE(cli, "nothing to change: give --identity or --role");
	TRY(cli_confirm(cli, false, "Change the role binding %.*s?", SLICE_ARG(uid)));
	TRY(ask_begin(cli, &ask, METHOD_ROLE_BINDINGS_UPDATE_ROLE_BINDING, "updating role binding %.*s", SLICE_ARG(uid)));
	ask_text(&ask, "role_binding.uid", uid);
	if (flag_given(cli, FLAG_BOUND_IDENTITY)) {
		TRY(resolve_identity(cli, flag_text(cli, FLAG_BOUND_IDENTITY), &text));
		ask_text(&ask, "role_binding.identity_uid", text);
	}
	if (flag_given(cli, FLAG_ROLE)) {
		TRY(resolve_role(cli, flag_text(cli, FLAG_ROLE), uid_text_parent(uid), &text));
		ask_text(&ask, "role_binding.role_uid", text);
	}
	TRY(call(cli, &ask, &row));
	return binding_show_made(cli, uid);
}

status bindings_delete(struct cli *cli)
{
	slice uid = cli_arg(cli, 0);

	if (!is_uid(uid))
		return MISUSE(cli, "\"%.*s\" is no binding's id; see `reeve iam role-bindings list`", SLICE_ARG(uid));
	TRY(cli_confirm(cli, true, "Delete the role binding %.*s?", SLICE_ARG(uid)));
	return delete_by_uid(cli, METHOD_ROLE_BINDINGS_DELETE_ROLE_BINDING, "role binding", uid);
}
