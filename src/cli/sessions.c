/*
 * sessions: `auth sessions`: where one is signed in.
 */
#include "cli/client.h"
#include "cli/print.h"
#include "cli/value.h"
#include "cli/verbs.h"

/* Times without their fractions. */
static slice cell_time(struct cli *cli, const struct json *row, const char *path)
{
	int64_t seconds;

	return date_parse(json_at(row, path), &seconds) ? time_text(cli->arena, seconds) : slice_str("");
}

static slice cell_begun(struct cli *cli, const struct json *row)
{
	return cell_time(cli, row, "createTime");
}

static slice cell_used(struct cli *cli, const struct json *row)
{
	return cell_time(cli, row, "useTime");
}

static slice cell_ends(struct cli *cli, const struct json *row)
{
	return cell_time(cli, row, "expireTime");
}

static const struct column columns[] = { { "ID", "uid" },
					 { "PROGRAM", "clientId" },
					 { "FROM", "peer" },
					 { "BEGUN", NULL, cell_begun },
					 { "USED", NULL, cell_used },
					 { "ENDS", NULL, cell_ends },
					 { "AGENT", "userAgent", NULL, true },
					 { NULL } };
static const struct show session_show = { columns };

status sessions_list(struct cli *cli)
{
	const struct json *answer, *list, **rows;
	struct ask ask;
	size_t count = 0;

	TRY(ask_begin(cli, &ask, METHOD_REEVE_SESSIONS_LIST, "listing your sessions"));
	TRY(call(cli, &ask, &answer));
	list = json_member(answer, "sessions");
	rows = NEW_N(cli->arena, const struct json *, (json_is(list, JSON_ARRAY) ? list->count : 0) + 1);
	TRY_NEW(rows);
	if (json_is(list, JSON_ARRAY))
		JSON_EACH (row, list)
			rows[count++] = row;
	return print_rows(cli, &session_show, rows, count, true);
}

status sessions_end(struct cli *cli)
{
	const struct json *empty;

	TRY(cli_confirm(cli, true, "End %zu sessions?", cli->args_count));
	for (size_t i = 0; i < cli->args_count; i++) {
		struct ask ask;

		TRY(ask_begin(cli, &ask, METHOD_REEVE_SESSIONS_REVOKE, "ending the session %.*s", SLICE_ARG(cli_arg(cli, i))));
		ask_text(&ask, "uid", cli_arg(cli, i));
		TRY(call(cli, &ask, &empty));
		cli_say(cli, "Ended the session %.*s.", SLICE_ARG(cli_arg(cli, i)));
	}
	return OK;
}
