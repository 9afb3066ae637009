/*
 * invites: `iam invites` and `events subscriptions`: what hangs at a location and is only made, listed and deleted.
 */
#include "base/encode.h"
#include "cli/choose.h"
#include "cli/nouns.h"
#include "cli/resolve.h"
#include "cli/value.h"
#include "cli/verbs.h"

/* --- invites --- */

static slice cell_expiration(struct cli *cli, const struct json *row)
{
	return time_cell(cli, row, "expirationTime");
}

static slice cell_role(struct cli *cli, const struct json *row)
{
	char *text = arena_printf(cli->arena, "[%.*s] %.*s", SLICE_ARG(json_at(row, "role.name")),
				  SLICE_ARG(json_at(row, "role.description")));

	return slice_str(text);
}

static const struct column invite_columns[] = { { "ID", "uid" },
						{ "EXPIRATION", NULL, cell_expiration },
						{ "KEYID", "keyId" },
						{ "ROLE", NULL, cell_role },
						{ "EMAIL", "email", NULL, true },
						{ NULL } };
static const struct show invite_show = { invite_columns };

/* Where the invited opens it in a browser. */
static slice invite_link(struct cli *cli, const struct json *row)
{
	struct buffer link;

	buffer_init(&link, cli->arena, CLI_FILE_BYTES_MAX);
	buffer_printf(&link, "%.*s/invite/", SLICE_ARG(CONFIG(cli, PLATFORM_ISSUER)));
	percent_encode(&link, PERCENT_QUERY, json_at(row, "code"));
	return buffer_failed(&link) ? slice_str("") : buffer_slice(&link);
}

static const struct json *extend_code(struct cli *cli, const struct json *row)
{
	return json_with(cli, row, "link", json_new_text(cli, invite_link(cli, row)));
}

static const struct column code_columns[] = {
	{ "ID", "uid" }, { "EXPIRATION", NULL, cell_expiration }, { "CODE", "code" }, { "LINK", NULL, invite_link }, { NULL }
};
static const struct show code_show = { code_columns, NULL, extend_code };

/* Code and link are long and are copied: a line each. */
static FALLIBLE show_code(struct cli *cli, const struct json *row)
{
	struct pair pairs[] = { { "ID", json_at(row, "uid") },
				{ "Expiration", cell_expiration(cli, row) },
				{ "Code", json_at(row, "code") },
				{ "Link", invite_link(cli, row) } };

	if (cli->output != OUTPUT_TABLE)
		return print_rows(cli, &code_show, &row, 1, false);
	print_pairs(cli, pairs, sizeof(pairs) / sizeof(*pairs));
	return OK;
}

/* The location is an argument, --parent or default.group. */
static FALLIBLE location(struct cli *cli, slice *ret_uid)
{
	if (cli->args_count > 0)
		return resolve_group_argument(cli, 0, GROUP_ANY, ret_uid);
	return resolve_parent(cli, ret_uid);
}

status invites_create(struct cli *cli)
{
	const struct json *row;
	slice parent, role;
	struct ask ask;
	char *ttl;

	if (flag_text(cli, FLAG_ROLE).len == 0 && !choose_is_possible(cli))
		return MISUSE(cli, "--role is missing: what the invited may do");
	TRY(location(cli, &parent));
	TRY(resolve_role(cli, flag_text(cli, FLAG_ROLE), parent, &role));
	TRY(ask_begin(cli, &ask, METHOD_GROUP_INVITES_CREATE_GROUP_INVITE, "creating an invite"));
	ask_text(&ask, "parent", parent);
	ask_text(&ask, "group_invite.role_uid", role);
	ttl = arena_printf(cli->arena, "%lds", (long)flag_number(cli, FLAG_INVITE_TTL));
	TRY_NEW(ttl);
	ask_text(&ask, "group_invite.ttl", slice_str(ttl));
	if (flag_given(cli, FLAG_EMAIL))
		ask_text(&ask, "group_invite.email", flag_text(cli, FLAG_EMAIL));
	if (flag_on(cli, FLAG_SINGLE_USE))
		ask_json(&ask, "group_invite.single_use", SLICE("true"));
	TRY(call(cli, &ask, &row));
	return show_code(cli, row);
}

/* Lists of what hangs below a location. */
static FALLIBLE list(struct cli *cli, enum method_id method, const char *what, const char *items, const struct show *show)
{
	const struct json **rows;
	struct ask ask;
	size_t count;
	slice parent;

	TRY(resolve_parent_if_any(cli, &parent));
	TRY(ask_begin(cli, &ask, method, "%s", what));
	if (parent.len > 0)
		ask_text(&ask, "uidp.descendants_of", parent);
	TRY(call_list(cli, &ask, items, &rows, &count));
	return print_rows(cli, show, rows, count, true);
}

status invites_list(struct cli *cli)
{
	return list(cli, METHOD_GROUP_INVITES_LIST_GROUP_INVITES, "listing invites", "groupInvites", &invite_show);
}

static FALLIBLE delete_expired(struct cli *cli)
{
	const struct json **rows;
	size_t count, expired = 0;
	struct ask ask;

	TRY(ask_begin(cli, &ask, METHOD_GROUP_INVITES_LIST_GROUP_INVITES, "listing invites"));
	TRY(call_list(cli, &ask, "groupInvites", &rows, &count));
	for (size_t i = 0; i < count; i++) {
		int64_t ends_s;

		if (date_parse(json_at(rows[i], "expirationTime"), &ends_s) && ends_s <= cli_now_s(cli))
			rows[expired++] = rows[i];
	}
	if (expired == 0) {
		cli_say(cli, "None has expired.");
		return OK;
	}
	TRY(cli_confirm(cli, true, "Delete %zu expired invites?", expired));
	for (size_t i = 0; i < expired; i++)
		TRY(delete_by_uid(cli, METHOD_GROUP_INVITES_DELETE_GROUP_INVITE, "invite", json_at(rows[i], "uid")));
	return OK;
}

status invites_delete(struct cli *cli)
{
	if (flag_on(cli, FLAG_EXPIRED) == (cli->args_count > 0))
		return MISUSE(cli, "give the ids of invites, or --expired");
	if (flag_on(cli, FLAG_EXPIRED))
		return delete_expired(cli);
	for (size_t i = 0; i < cli->args_count; i++)
		if (!is_uid(cli_arg(cli, i)))
			return MISUSE(cli, "\"%.*s\" is no invite's id", SLICE_ARG(cli_arg(cli, i)));
	TRY(cli_confirm(cli, true, "Delete %zu invites?", cli->args_count));
	for (size_t i = 0; i < cli->args_count; i++)
		TRY(delete_by_uid(cli, METHOD_GROUP_INVITES_DELETE_GROUP_INVITE, "invite", cli_arg(cli, i)));
	return OK;
}

/* --- event subscriptions --- */

static const struct column subscription_columns[] = { { "ID", "uid" }, { "SINK", "sink" }, { NULL } };
static const struct show subscription_show = { subscription_columns };

status subscriptions_create(struct cli *cli)
{
	const struct json *row;
	struct ask ask;
	slice parent;

	TRY(resolve_parent(cli, &parent));
	TRY(ask_begin(cli, &ask, METHOD_SUBSCRIPTIONS_CREATE_SUBSCRIPTION, "creating a subscription"));
	ask_text(&ask, "parent", parent);
	ask_text(&ask, "subscription.sink", cli_arg(cli, 0));
	TRY(call(cli, &ask, &row));
	return print_rows(cli, &subscription_show, &row, 1, false);
}

status subscriptions_list(struct cli *cli)
{
	return list(cli, METHOD_SUBSCRIPTIONS_LIST_SUBSCRIPTIONS, "listing subscriptions", "subscriptions", &subscription_show);
}

status subscriptions_delete(struct cli *cli)
{
	slice uid = cli_arg(cli, 0);

	if (!is_uid(uid))
		return MISUSE(cli, "\"%.*s\" is no subscription's id", SLICE_ARG(uid));
	TRY(cli_confirm(cli, true, "Delete the subscription %.*s?", SLICE_ARG(uid)));
	return delete_by_uid(cli, METHOD_SUBSCRIPTIONS_DELETE_SUBSCRIPTION, "subscription", uid);
}
