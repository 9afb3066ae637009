/*
 * settings: `config`: what is in force, and the file it comes from.
 *
 * These run also when the file cannot be read: they are how it is mended.
 */
#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/client.h"
#include "cli/files.h"
#include "cli/print.h"
#include "cli/verbs.h"

extern char **environ;

/* --- view --- */

static void print_variables(struct cli *cli)
{
	for (enum config_id id = 0; id < CONFIG_ID_COUNT; id++) {
		char name[CONFIG_VARIABLE_BYTES];

		config_variable(id, name);
		if (getenv(name))
			fprintf(cli->out, "# %s=%s\n", name, getenv(name));
	}
}

status config_view(struct cli *cli)
{
	bool is_diff = flag_on(cli, FLAG_DIFF);
	struct yaml_setting *settings;
	size_t count;
	slice yaml;

	TRY(config_load(cli));
	TRY(config_effective(cli, is_diff, &settings, &count));
	fprintf(cli->out, "# Base Config file: %s%s\n", cli->config.path, cli->config.has_file ? "" : " (not there)");
	TRY(config_yaml(cli, settings, count, &yaml));
	fprintf(cli->out, "%.*s", SLICE_ARG(yaml));
	print_variables(cli);
	return OK;
}

/* --- set, unset, save, reset --- */

static FALLIBLE find(struct cli *cli, slice key, enum config_id *ret_id)
{
	*ret_id = config_find(key);
	if (*ret_id == CONFIG_ID_COUNT)
		return MISUSE(cli, "unknown property \"%.*s\"; `reeve docs markdown` and reeve(1) list them", SLICE_ARG(key));
	return OK;
}

status config_set(struct cli *cli)
{
	struct yaml_setting change = { .key = cli_arg(cli, 0), .value = cli_arg(cli, 1) };
	enum config_id id;

	if (cli->args_count < 2 && !slice_cut(cli_arg(cli, 0), '=', &change.key, &change.value))
		return MISUSE(cli, "a value is missing: reeve config set PROPERTY VALUE");
	TRY(find(cli, change.key, &id));
	if (FAILED(config_check(id, change.value))) {
		char why[REPORT_TEXT_BYTES];

		(void)snprintf(why, sizeof(why), "%s", report_current()->text); /* same size: never cut */
		return MISUSE(cli, "%s", why);
	}
	TRY(config_load(cli));
	TRY(config_store(cli, &change, 1));
	cli_say(cli, "Set \"%.*s\" in %s.", SLICE_ARG(change.key), cli->config.path);
	return OK;
}

status config_unset(struct cli *cli)
{
	struct yaml_setting change = { .key = cli_arg(cli, 0), .value = { NULL, 0 } };
	enum config_id id;

	TRY(find(cli, change.key, &id));
	TRY(config_load(cli));
	TRY(config_store(cli, &change, 1));
	cli_say(cli, "Removed \"%.*s\" from %s.", SLICE_ARG(change.key), cli->config.path);
	return OK;
}

status config_save(struct cli *cli)
{
	struct yaml_setting *settings;
	size_t count;

	TRY(config_load(cli));
	TRY(cli_confirm(cli, false, "Write the configuration in force to %s?", cli->config.path));
	TRY(config_effective(cli, false, &settings, &count));
	TRY(config_store(cli, settings, count));
	cli_say(cli, "Wrote %s.", cli->config.path);
	return OK;
}

status config_reset(struct cli *cli)
{
	const char *path;

	TRY(path_config(cli->arena, "config.yaml", &path));
	if (!file_exists(path)) {
		cli_say(cli, "There is no %s.", path);
		return OK;
	}
	TRY(cli_confirm(cli, true, "Delete %s?", path));
	TRY(file_remove(path));
	cli_say(cli, "Deleted %s.", path);
	return OK;
}

/* --- edit --- */

static FALLIBLE run_editor(const char *path)
{
	const char *editor = getenv("EDITOR");
	char command[] = "exec ${EDITOR:-nano} \"$1\"", shell[] = "sh", dash[] = "-c", name[] = "sh";
	char *args[] = { shell, dash, command, name, (char *)(uintptr_t)path, NULL };
	int code;
	pid_t child;

	if (posix_spawnp(&child, "sh", NULL, NULL, args, environ) != 0)
		return FAIL(FAULT_INTERNAL, "cannot start the editor %s", editor && *editor ? editor : "nano");
	while (waitpid(child, &code, 0) < 0)
		if (errno != EINTR)
			return FAIL(FAULT_INTERNAL, "cannot wait for the editor");
	if (!WIFEXITED(code) || WEXITSTATUS(code) != 0)
		return FAIL(FAULT_CANCELLED, "the editor ended with a failure; nothing was saved");
	return OK;
}

static FALLIBLE check_text(struct cli *cli, slice text)
{
	struct yaml_setting *settings;
	size_t count;

	TRY(yaml_read(cli->arena, text, &settings, &count));
	for (size_t i = 0; i < count; i++) {
		enum config_id id = config_find(settings[i].key);

		if (id == CONFIG_ID_COUNT)
			cli_warn(cli, "line %u: unknown key %.*s", settings[i].line, SLICE_ARG(settings[i].key));
		else
			TRY(config_check(id, settings[i].value));
	}
	return OK;
}

/* A copy is edited and looked at; only what holds together takes the file's place. */
status config_edit(struct cli *cli)
{
	slice before, after;
	char *copy;
	status st;

	if (FAILED(config_load(cli)))
		cli_warn(cli, "%s", report_current()->text);
	report_clear(report_current());
	TRY(file_read(cli->arena, cli->config.path, &before));
	copy = arena_printf(cli->arena, "%s.edit.yaml", cli->config.path);
	TRY_NEW(copy);
	TRY(file_write(cli->arena, copy, before.at ? before : slice_str(""), 0600));
	st = run_editor(copy);
	if (!FAILED(st))
		st = file_read(cli->arena, copy, &after);
	(void)unlink(copy); /* what matters has been read */
	TRY(st);
	if (after.at && slice_eq(after, before)) {
		cli_say(cli, "Nothing was changed.");
		return OK;
	}
	TRY(check_text(cli, after));
	TRY(cli_confirm(cli, false, "Save %s?", cli->config.path));
	TRY(file_write(cli->arena, cli->config.path, after, 0600));
	cli_say(cli, "Saved %s.", cli->config.path);
	return OK;
}

/* --- validate --- */

#define CHECKS_MAX 4

struct checks {
	const struct json *rows[CHECKS_MAX];
	size_t count;
	bool all_well;
};

static FALLIBLE add_check(struct cli *cli, struct checks *checks, const char *what, slice place, status st)
{
	const struct json empty = { .kind = JSON_OBJECT }, *row;
	const char *result = FAILED(st) ? arena_text(cli->arena, slice_str(report_current()->text)) : "ok";

	TRY_NEW(result);
	checks->all_well &= !FAILED(st);
	row = json_with(cli, &empty, "check", json_new_text(cli, slice_str(what)));
	row = json_with(cli, row, "place", json_new_text(cli, place));
	row = json_with(cli, row, "result", json_new_text(cli, slice_str(result)));
	TRY_NEW(row);
	checks->rows[checks->count++] = row;
	return OK;
}

static FALLIBLE check_api(struct cli *cli)
{
	const struct json *answer;
	struct ask ask;

	TRY(ask_begin(cli, &ask, METHOD_PING_PING, "asking the API"));
	return call(cli, &ask, &answer);
}

/* Discovery must name the issuer exactly as tokens do (OpenID Connect Discovery 1.0 section 4.3). */
static FALLIBLE check_issuer(struct cli *cli)
{
	struct sending sending = { .verb = "GET", .what = "asking the issuer" };
	const struct json *answer;
	char *url = arena_printf(cli->arena, "%.*s/.well-known/openid-configuration", SLICE_ARG(CONFIG(cli, PLATFORM_ISSUER)));
	slice body;

	TRY_NEW(url);
	sending.url = slice_str(url);
	TRY(client_send(cli, &sending, &body));
	if (FAILED(json_parse_object(cli->arena, body, NULL, &answer)))
		return FAIL(FAULT_INTERNAL, "asking the issuer: the discovery document is no JSON object");
	if (!slice_eq(json_at(answer, "issuer"), CONFIG(cli, PLATFORM_ISSUER_NAME)))
		return FAIL(FAULT_STATE, "the issuer calls itself %.*s; set platform.issuer-name",
			    SLICE_ARG(json_at(answer, "issuer")));
	return OK;
}

static const struct column check_columns[] = { { "CHECK", "check" }, { "PLACE", "place" }, { "RESULT", "result" }, { NULL } };
static const struct show check_show = { check_columns, "check" };

status config_validate(struct cli *cli)
{
	struct checks checks = { .all_well = true };

	TRY(add_check(cli, &checks, "api", CONFIG(cli, PLATFORM_API), check_api(cli)));
	TRY(add_check(cli, &checks, "issuer", CONFIG(cli, PLATFORM_ISSUER), check_issuer(cli)));
	TRY(print_rows(cli, &check_show, checks.rows, checks.count, true));
	if (!checks.all_well)
		return FAIL(FAULT_UNAVAILABLE, "not everything can be reached");
	return OK;
}
