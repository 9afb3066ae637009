/*
 * operate: what operators do to the server: `keys rotate`, `limits set`, `backup`; and `limits list`, for all who see the
 * organization.
 */
#include "cli/nouns.h"
#include "cli/resolve.h"
#include "cli/verbs.h"

static FALLIBLE show_pairs(struct cli *cli, const struct pair *pairs, size_t count, slice id, const struct json *answer)
{
	if (cli->output == OUTPUT_JSON)
		print_json(cli->out, answer);
	else if (cli->output == OUTPUT_ID)
		fprintf(cli->out, "%.*s\n", SLICE_ARG(id));
	else
		print_pairs(cli, pairs, count);
	return OK;
}

status keys_rotate(struct cli *cli)
{
	const struct json *answer;
	struct ask ask;

	TRY(cli_confirm(cli, false, "Use a new signing key from now on?"));
	TRY(ask_begin(cli, &ask, METHOD_REEVE_OPERATIONS_ROTATE_KEYS, "rotating the signing keys"));
	TRY(call(cli, &ask, &answer));
	struct pair pairs[] = { { "Key", json_at(answer, "kid") },
				{ "Algorithm", json_at(answer, "algorithm") },
				{ "Active", json_at(answer, "activeTime") } };
	return show_pairs(cli, pairs, 3, json_at(answer, "kid"), answer);
}

/* KIND=MOST of the arguments as a JSON object; the server knows the kinds. */
static FALLIBLE limits_json(struct cli *cli, slice *ret_json)
{
	struct json_writer writer;
	struct buffer out;

	buffer_init(&out, cli->arena, CLI_FILE_BYTES_MAX);
	json_writer_init(&writer, &out);
	json_open_object(&writer);
	for (size_t i = 1; i < cli->args_count; i++) {
		slice kind, most;
		int64_t number;

		if (!slice_cut(cli_arg(cli, i), '=', &kind, &most) || kind.len == 0 || !json_number_int64(most, &number))
			return MISUSE(cli, "\"%.*s\" is not KIND=MOST, such as identities=500", SLICE_ARG(cli_arg(cli, i)));
		json_put_name(&writer, kind);
		json_put_int(&writer, number);
	}
	json_close_object(&writer);
	if (buffer_failed(&out))
		return FAIL(FAULT_INVALID, "too many limits");
	*ret_json = buffer_slice(&out);
	return OK;
}

/* {"folders": 3, ...} as "folders: 3" a line. */
static void show_limits(struct cli *cli, const struct json *limits)
{
	if (json_is(limits, JSON_OBJECT))
		JSON_EACH (limit, limits)
			fprintf(cli->out, "%.*s: %.*s\n", SLICE_ARG(limit->name), SLICE_ARG(limit->text));
}

status limits_list(struct cli *cli)
{
	const struct json empty = { .kind = JSON_OBJECT }, *group, *limits, *all;
	struct ask ask;
	slice uid;

	TRY(resolve_group(cli, cli_arg(cli, 0), GROUP_ORGANIZATION, &uid));
	TRY(ask_begin(cli, &ask, METHOD_GROUPS_GET_GROUP, "reading limits of %.*s", SLICE_ARG(cli_arg(cli, 0))));
	ask_text(&ask, "uid", uid);
	TRY(call(cli, &ask, &group));
	limits = json_member(group, "resourceLimits");
	all = json_with(cli, &empty, "limits", json_is(limits, JSON_OBJECT) ? limits : &empty);
	TRY_NEW(all);
	if (!json_is(limits, JSON_OBJECT) || limits->count == 0)
		cli_say(cli, "%.*s has no limits of its own: the server's configuration (limits.*) holds.",
			SLICE_ARG(json_at(group, "name")));
	if (cli->output == OUTPUT_JSON)
		print_json(cli->out, all);
	else
		show_limits(cli, limits);
	return OK;
}

status limits_set(struct cli *cli)
{
	const struct json *answer;
	struct ask ask;
	slice uid, json;

	TRY(limits_json(cli, &json));
	TRY(resolve_group(cli, cli_arg(cli, 0), GROUP_ORGANIZATION, &uid));
	TRY(cli_confirm(cli, false, "Set limits of %.*s?", SLICE_ARG(cli_arg(cli, 0))));
	TRY(ask_begin(cli, &ask, METHOD_REEVE_OPERATIONS_SET_LIMITS, "setting limits of %.*s", SLICE_ARG(cli_arg(cli, 0))));
	ask_text(&ask, "organization_uid", uid);
	ask_json(&ask, "limits", json);
	TRY(call(cli, &ask, &answer));
	if (cli->output == OUTPUT_JSON) {
		print_json(cli->out, answer);
		return OK;
	}
	show_limits(cli, json_member(answer, "limits"));
	return OK;
}

status backup_run(struct cli *cli)
{
	const struct json *answer;
	char now[CLOCK_TEXT_BYTES], name[64];
	size_t n = 0;
	struct ask ask;

	clock_format(cli_now_s(cli), 0, now);
	n = (size_t)snprintf(name, sizeof(name), "reeve-");
	for (const char *c = now; *c; c++)
		if (*c != '-' && *c != ':')
			name[n++] = *c; /* a time's text is shorter than the room */
	(void)snprintf(name + n, sizeof(name) - n, ".db");
	TRY(ask_begin(cli, &ask, METHOD_REEVE_OPERATIONS_BACKUP, "backing up"));
	ask_text(&ask, "file_name", cli->args_count > 0 ? cli_arg(cli, 0) : slice_str(name));
	TRY(call(cli, &ask, &answer));
	struct pair pairs[] = { { "Path", json_at(answer, "path") },
				{ "Bytes", json_at(answer, "bytes") },
				{ "Revision", json_at(answer, "revision") } };
	return show_pairs(cli, pairs, 3, json_at(answer, "path"), answer);
}
