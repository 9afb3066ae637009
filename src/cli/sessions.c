/*
 * sessions: `auth sessions`: where one is signed in, or somebody else.
 */
#include "cli/nouns.h"
#include "cli/resolve.h"
#include "cli/verbs.h"

static slice cell_begun(struct cli *cli, const struct json *row)
{
	return time_cell(cli, row, "createTime");
}

static slice cell_used(struct cli *cli, const struct json *row)
{
	return time_cell(cli, row, "useTime");
}

static slice cell_ends(struct cli *cli, const struct json *row)
{
	return time_cell(cli, row, "expireTime");
}

static const struct column columns[] = { { "ID", "uid" },
					 { "PROGRAM", "clientId" },
					 { "FROM", "peer" },
					 { "BEGUN", NULL, cell_begun },
					 { "USED", NULL, cell_used },
					 { "ENDS", NULL, cell_ends },
					 { "AGENT", "userAgent", NULL, true },
					 { "ORGANIZATION", "organizationUid", NULL, true },
					 { NULL } };
static const struct show session_show = { columns };

/* Whose: one's own, somebody's (operators), or somebody's in an organization (its owners). */
struct whose {
	slice identity, organization;
};

static FALLIBLE whose_by_flags(struct cli *cli, struct whose *ret_whose)
{
	*ret_whose = (struct whose){ .identity = flag_text(cli, FLAG_SESSIONS_OF), .organization = SLICE("") };
	if (ret_whose->identity.len > 0 && !is_uid(ret_whose->identity))
		return MISUSE(cli, "\"%.*s\" is no identity's id; `iam role-bindings list -o wide` shows ids",
			      SLICE_ARG(ret_whose->identity));
	if (!flag_given(cli, FLAG_SESSIONS_IN))
		return OK;
	if (ret_whose->identity.len == 0)
		return MISUSE(cli, "--parent goes with --identity: whose sessions");
	return resolve_group(cli, flag_text(cli, FLAG_SESSIONS_IN), GROUP_ORGANIZATION, &ret_whose->organization);
}

/* The row of three that answers for `whose`, and the fields that name them. */
static FALLIBLE about(struct cli *cli, const struct whose *whose, const enum method_id rows[3], const char *doing,
		      struct ask *ask)
{
	size_t row = whose->identity.len == 0 ? 0 : whose->organization.len == 0 ? 1 : 2;

	TRY(ask_begin(cli, ask, rows[row], "%s", doing));
	if (row > 0)
		ask_text(ask, "identity_uid", whose->identity);
	if (row > 1)
		ask_text(ask, "organization_uid", whose->organization);
	return OK;
}

status sessions_list(struct cli *cli)
{
	static const enum method_id methods_of[] = { METHOD_REEVE_SESSIONS_LIST, METHOD_REEVE_SESSIONS_LIST_OF_PERSON,
						     METHOD_REEVE_SESSIONS_LIST_OF_MEMBER };
	const struct json **rows;
	struct whose whose;
	struct ask ask;
	size_t count;

	TRY(whose_by_flags(cli, &whose));
	TRY(about(cli, &whose, methods_of, "listing sessions", &ask));
	TRY(call_whole_list(cli, &ask, "sessions", &rows, &count));
	return print_rows(cli, &session_show, rows, count, true);
}

status sessions_end(struct cli *cli)
{
	static const enum method_id methods_of[] = { METHOD_REEVE_SESSIONS_REVOKE, METHOD_REEVE_SESSIONS_REVOKE_OF_PERSON,
						     METHOD_REEVE_SESSIONS_REVOKE_OF_MEMBER };
	const struct json *empty;
	struct whose whose;

	TRY(whose_by_flags(cli, &whose));
	TRY(cli_confirm(cli, true, "End %zu sessions?", cli->args_count));
	for (size_t i = 0; i < cli->args_count; i++) {
		struct ask ask;

		TRY(about(cli, &whose, methods_of, "ending a session", &ask));
		ask_text(&ask, "uid", cli_arg(cli, i));
		TRY(call(cli, &ask, &empty));
		cli_say(cli, "Ended the session %.*s.", SLICE_ARG(cli_arg(cli, i)));
	}
	return OK;
}
