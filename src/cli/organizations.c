/*
 * organizations: `iam organizations sign-in-rules` and `access-requests`: how an organization's people sign in, and who would
 * like to join them.
 */
#include "cli/choose.h"
#include "cli/nouns.h"
#include "cli/resolve.h"
#include "cli/verbs.h"

/* --- sign-in rules --- */

static slice cell_code(struct cli *cli, const struct json *row)
{
	(void)cli;
	return slice_is(json_at(row, "codeSignInOff"), "true") ? SLICE("off") : SLICE("on");
}

static const struct column rule_columns[] = { { "ID", "organizationUid" }, { "CODE SIGN-IN", NULL, cell_code }, { NULL } };
static const struct show rule_show = { rule_columns };

status sign_in_rules_describe(struct cli *cli)
{
	const struct json *row;
	struct ask ask;
	slice uid;

	TRY(resolve_group_argument(cli, 0, GROUP_ORGANIZATION, &uid));
	TRY(ask_begin(cli, &ask, METHOD_REEVE_ORGANIZATIONS_GET_SIGN_IN_RULES, "reading sign-in rules of %.*s",
		      SLICE_ARG(uid)));
	ask_text(&ask, "organization_uid", uid);
	TRY(call(cli, &ask, &row));
	return print_rows(cli, &rule_show, &row, 1, false);
}

status sign_in_rules_update(struct cli *cli)
{
	const struct json *row;
	struct ask ask;
	slice uid, org = cli_arg(cli, 0);
	bool is_on = flag_on(cli, FLAG_CODE_SIGN_IN);

	if (!flag_given(cli, FLAG_CODE_SIGN_IN))
		return MISUSE(cli, "nothing to change: give --code-sign-in or --code-sign-in=false");
	TRY(resolve_group(cli, org, GROUP_ORGANIZATION, &uid));
	TRY(cli_confirm(cli, false, "Switch sign-in by codes %s for people of %.*s?", is_on ? "on" : "off", SLICE_ARG(org)));
	TRY(ask_begin(cli, &ask, METHOD_REEVE_ORGANIZATIONS_SET_SIGN_IN_RULES, "changing sign-in rules of %.*s",
		      SLICE_ARG(org)));
	ask_text(&ask, "organization_uid", uid);
	ask_json(&ask, "code_sign_in_off", is_on ? SLICE("false") : SLICE("true"));
	TRY(call(cli, &ask, &row));
	return print_rows(cli, &rule_show, &row, 1, false);
}

/* --- access requests --- */

static slice cell_asked(struct cli *cli, const struct json *row)
{
	return time_cell(cli, row, "createTime");
}

static const struct column request_columns[] = {
	{ "ID", "identityUid" }, { "NAME", "name" }, { "EMAIL", "email" }, { "ASKED", NULL, cell_asked }, { NULL }
};
static const struct show request_show = { request_columns };

static FALLIBLE requests_of(struct cli *cli, slice organization, const struct json ***ret_rows, size_t *ret_count)
{
	struct ask ask;

	TRY(ask_begin(cli, &ask, METHOD_REEVE_ORGANIZATIONS_LIST_ACCESS_REQUESTS, "listing who asks to join %.*s",
		      SLICE_ARG(organization)));
	ask_text(&ask, "organization_uid", organization);
	return call_whole_list(cli, &ask, "accessRequests", ret_rows, ret_count);
}

/* There is one organization that a person may ask: the one of their address's domain. */
status access_requests_create(struct cli *cli)
{
	const struct json *answer, *empty;
	struct ask ask;
	slice name, uid;

	TRY(ask_begin(cli, &ask, METHOD_GROUPS_LOOKUP_GROUP, "finding the organization of your address"));
	TRY(call(cli, &ask, &answer));
	name = json_at(answer, "group.name");
	uid = json_at(answer, "group.uid");
	TRY(cli_confirm(cli, false, "Ask the owners of %.*s to let you in?", SLICE_ARG(name)));
	TRY(ask_begin(cli, &ask, METHOD_GROUPS_REQUEST_GROUP_ACCESS, "asking %.*s to let you in", SLICE_ARG(name)));
	ask_text(&ask, "group_uid", uid);
	TRY(call(cli, &ask, &empty));
	cli_say(cli, "The owners of %.*s have your request.", SLICE_ARG(name));
	if (cli->output == OUTPUT_ID)
		fprintf(cli->out, "%.*s\n", SLICE_ARG(uid));
	return OK;
}

status access_requests_list(struct cli *cli)
{
	const struct json **rows;
	size_t count;
	slice uid;

	TRY(resolve_group_argument(cli, 0, GROUP_ORGANIZATION, &uid));
	TRY(requests_of(cli, uid, &rows, &count));
	return print_rows(cli, &request_show, rows, count, true);
}

/* By id or address, among those who ask: nobody else is let in by mistake. */
static FALLIBLE who_asks(struct cli *cli, slice organization, slice text, slice *ret_uid, slice *ret_email)
{
	const struct json **rows, *found = NULL;
	size_t count;

	TRY(requests_of(cli, organization, &rows, &count));
	for (size_t i = 0; i < count; i++) {
		if (!slice_eq(json_at(rows[i], "identityUid"), text) && !slice_eq(json_at(rows[i], "email"), text))
			continue;
		if (found)
			return MISUSE(cli, "several people with the address %.*s ask to join: give an id", SLICE_ARG(text));
		found = rows[i];
	}
	if (!found)
		return MISUSE(
			cli,
			"nobody with the id or address \"%.*s\" asks to join: see `iam organizations access-requests list`",
			SLICE_ARG(text));
	*ret_uid = json_at(found, "identityUid");
	*ret_email = json_at(found, "email");
	return OK;
}

static FALLIBLE dismiss(struct cli *cli, slice organization, slice identity)
{
	const struct json *empty;
	struct ask ask;

	TRY(ask_begin(cli, &ask, METHOD_REEVE_ORGANIZATIONS_DISMISS_ACCESS_REQUEST, "taking the request of %.*s off the list",
		      SLICE_ARG(identity)));
	ask_text(&ask, "organization_uid", organization);
	ask_text(&ask, "identity_uid", identity);
	return call(cli, &ask, &empty);
}

status access_requests_accept(struct cli *cli)
{
	slice organization, identity, email, role;
	const struct json *row;
	struct ask ask;

	if (flag_text(cli, FLAG_ROLE).len == 0 && !choose_is_possible(cli))
		return MISUSE(cli, "--role is missing: what this person may do");
	TRY(resolve_group(cli, cli_arg(cli, 0), GROUP_ORGANIZATION, &organization));
	TRY(who_asks(cli, organization, cli_arg(cli, 1), &identity, &email));
	TRY(resolve_role(cli, flag_text(cli, FLAG_ROLE), organization, &role));
	TRY(cli_confirm(cli, false, "Let %.*s (%.*s) into %.*s?", SLICE_ARG(email), SLICE_ARG(identity),
			SLICE_ARG(cli_arg(cli, 0))));
	TRY(ask_begin(cli, &ask, METHOD_ROLE_BINDINGS_CREATE_ROLE_BINDING, "binding the role %.*s", SLICE_ARG(role)));
	ask_text(&ask, "parent", organization);
	ask_text(&ask, "role_binding.identity_uid", identity);
	ask_text(&ask, "role_binding.role_uid", role);
	TRY(call(cli, &ask, &row));
	cli_say(cli, "%.*s is let in.", SLICE_ARG(email));
	TRY(dismiss(cli, organization, identity));
	return binding_show_made(cli, json_at(row, "uid"));
}

status access_requests_dismiss(struct cli *cli)
{
	slice organization, identity, email;

	TRY(resolve_group(cli, cli_arg(cli, 0), GROUP_ORGANIZATION, &organization));
	TRY(who_asks(cli, organization, cli_arg(cli, 1), &identity, &email));
	TRY(cli_confirm(cli, true, "Take the request of %.*s (%.*s) off the list?", SLICE_ARG(email), SLICE_ARG(identity)));
	TRY(dismiss(cli, organization, identity));
	cli_say(cli, "The request of %.*s is off the list.", SLICE_ARG(email));
	return OK;
}
