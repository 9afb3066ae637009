/*
 * accounts: `iam accounts`: people who sign in at this server with a password (operators).
 */
#include "cli/nouns.h"
#include "cli/verbs.h"

static slice cell_state(struct cli *cli, const struct json *row)
{
	(void)cli;
	if (slice_is(json_at(row, "disabled"), "true"))
		return SLICE("disabled");
	return slice_is(json_at(row, "hasPassword"), "true") ? SLICE("active") : SLICE("invited");
}

static const struct column columns[] = { { "ID", "identityUid" },
					 { "LOGIN", "login" },
					 { "NAME", "name" },
					 { "STATE", NULL, cell_state },
					 { "VERIFIED", "emailVerified", NULL, true },
					 { "CREATED", "createTime", NULL, true },
					 { NULL } };
static const struct show show = { columns };

/* The link is all that matters, and is there this once. */
static const struct column link_columns[] = { { "ID", "account.identityUid" },
					      { "LOGIN", "account.login" },
					      { "VALID UNTIL", "linkExpireTime" },
					      { "LINK", "link" },
					      { NULL } };
static const struct show link_show = { link_columns };

static FALLIBLE about(struct cli *cli, struct ask *ask, enum method_id method, const char *doing)
{
	TRY(ask_begin(cli, ask, method, "%s the account %.*s", doing, SLICE_ARG(cli_arg(cli, 0))));
	ask_text(ask, "login", cli_arg(cli, 0));
	return OK;
}

status accounts_create(struct cli *cli)
{
	const struct json *row;
	struct ask ask;

	TRY(about(cli, &ask, METHOD_REEVE_ACCOUNTS_CREATE_ACCOUNT, "creating"));
	if (flag_given(cli, FLAG_PERSON_NAME))
		ask_text(&ask, "name", flag_text(cli, FLAG_PERSON_NAME));
	if (flag_on(cli, FLAG_EMAIL_VERIFIED))
		ask_json(&ask, "email_verified", SLICE("true"));
	TRY(call(cli, &ask, &row));
	cli_say(cli, "Give the link to its person; whoever opens it sets the password.");
	return print_rows(cli, &link_show, &row, 1, false);
}

status accounts_list(struct cli *cli)
{
	const struct json **rows;
	struct ask ask;
	size_t count;

	TRY(ask_begin(cli, &ask, METHOD_REEVE_ACCOUNTS_LIST_ACCOUNTS, "listing accounts"));
	TRY(call_list(cli, &ask, "accounts", &rows, &count));
	return print_rows(cli, &show, rows, count, true);
}

static FALLIBLE one(struct cli *cli, enum method_id method, const char *doing)
{
	const struct json *row;
	struct ask ask;

	TRY(about(cli, &ask, method, doing));
	TRY(call(cli, &ask, &row));
	return print_rows(cli, &show, &row, 1, false);
}

status accounts_describe(struct cli *cli)
{
	return one(cli, METHOD_REEVE_ACCOUNTS_GET_ACCOUNT, "reading");
}

status accounts_reset(struct cli *cli)
{
	const struct json *row;
	struct ask ask;

	TRY(cli_confirm(cli, false, "Make a new link for %.*s? An older one stops working.", SLICE_ARG(cli_arg(cli, 0))));
	TRY(about(cli, &ask, METHOD_REEVE_ACCOUNTS_CREATE_RESET_LINK, "making a link for"));
	TRY(call(cli, &ask, &row));
	return print_rows(cli, &link_show, &row, 1, false);
}

status accounts_disable(struct cli *cli)
{
	TRY(cli_confirm(cli, false, "Keep %.*s from signing in and end their sessions?", SLICE_ARG(cli_arg(cli, 0))));
	return one(cli, METHOD_REEVE_ACCOUNTS_DISABLE_ACCOUNT, "disabling");
}

status accounts_enable(struct cli *cli)
{
	return one(cli, METHOD_REEVE_ACCOUNTS_ENABLE_ACCOUNT, "enabling");
}

status accounts_delete(struct cli *cli)
{
	const struct json *empty;
	struct ask ask;

	TRY(cli_confirm(cli, true, "Delete the account %.*s with its identity and roles?", SLICE_ARG(cli_arg(cli, 0))));
	TRY(about(cli, &ask, METHOD_REEVE_ACCOUNTS_DELETE_ACCOUNT, "deleting"));
	TRY(call(cli, &ask, &empty));
	cli_say(cli, "Deleted the account %.*s.", SLICE_ARG(cli_arg(cli, 0)));
	return OK;
}
