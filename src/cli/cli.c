/*
 * cli: one run of the program, and its talk with the person in front of it.
 */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/client.h"
#include "cli/docker.h"
#include "cli/help.h"
#include "cli/print.h"

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void tell_failure(struct cli *cli)
{
	bool has_colour = cli_has_colour(cli, cli->err);

	fprintf(cli->err, "%sError:%s ", has_colour ? "\033[31m" : "", has_colour ? "\033[0m" : "");
	print_plain(cli->err, slice_str(report_current()->text)); /* parts of it may be a server's words */
	fputc('\n', cli->err);
	if (cli->is_traced && report_current()->notes_len > 0)
		fprintf(cli->err, "  at %s\n", report_current()->notes);
}

static FALLIBLE run_verb(struct cli *cli)
{
	if (!cli->verb || cli->given[FLAG_HELP].number) {
		help_print(cli->out, cli->verb, cli->path);
		return OK;
	}
	if (!cli->verb->is_bare)
		TRY(config_load(cli));
	cli->is_traced |=
		flag_number(cli, FLAG_VERBOSE) >= 2 || slice_eq_nocase(CONFIG(cli, DEFAULT_LOG_LEVEL), SLICE("debug"));
	return cli->verb->run(cli);
}

/* What could not be written is a failure, or a pipe would take half a list for all of it. */
static FALLIBLE flush(struct cli *cli)
{
	if (fflush(cli->out) != 0 || ferror(cli->out))
		return FAIL(FAULT_INTERNAL, "cannot write the results: %s", strerror(errno));
	return OK;
}

static FALLIBLE run_all(struct cli *cli, int argc, char **argv)
{
	TRY(args_parse(cli, argc, argv));
	TRY(run_verb(cli));
	return flush(cli);
}

int cli_run(int argc, char **argv, FILE *in, FILE *out, FILE *err)
{
	struct report report = { 0 }, *before = report_use(&report);
	struct cli *cli = NEW_ZERO(struct cli);
	int code = EXIT_FAILED;

	if (cli && (cli->arena = arena_new(CLI_MEMORY_MAX))) {
		cli->in = in;
		cli->out = out;
		cli->err = err;
		cli->clock = &clock_system;
		cli->random = &random_system;
		cli->program = last_part(argc > 0 ? argv[0] : "reeve");
		if (helper_is(cli->program)) {
			code = helper_main(cli, argc, argv);
		} else if (FAILED(run_all(cli, argc, argv))) {
			(void)fflush(out); /* what there is, before the failure is told */
			tell_failure(cli);
			code = cli->is_misuse ? EXIT_MISUSED : EXIT_FAILED;
		} else {
			code = EXIT_DONE;
		}
		client_done(cli);
		cli->arena = arena_free(cli->arena);
	} else {
		fputs("Error: no memory\n", err);
	}
	mem_free(cli);
	report_use(before);
	return code;
}

int cli_main(int argc, char **argv)
{
	return cli_run(argc, argv, stdin, stdout, stderr);
}

/* --- talk --- */

void cli_say(struct cli *cli, const char *format, ...)
{
	va_list args;

	if (config_on(&cli->config, CONFIG_ID_OUTPUT_SILENT))
		return;
	va_start(args, format);
	vfprintf(cli->err, format, args);
	va_end(args);
	fputc('\n', cli->err);
}

void cli_warn(struct cli *cli, const char *format, ...)
{
	va_list args;

	fputs("warning: ", cli->err);
	va_start(args, format);
	vfprintf(cli->err, format, args);
	va_end(args);
	fputc('\n', cli->err);
}

bool cli_has_colour(const struct cli *cli, FILE *stream)
{
	const char *terminal = getenv("TERM");

	if (getenv("NO_COLOR") || (terminal && strcmp(terminal, "dumb") == 0))
		return false;
	return cli->given[FLAG_FORCE_COLOR].number || isatty(fileno(stream));
}

FALLIBLE cli_confirm(struct cli *cli, bool is_destructive, const char *format, ...)
{
	char question[256], answer[16] = "";
	va_list args;
	slice word;

	va_start(args, format);
	(void)vsnprintf(question, sizeof(question), format, args); /* a longer one is cut */
	va_end(args);
	if (flag_on(cli, FLAG_YES))
		return OK;
	if (!isatty(fileno(cli->in))) {
		if (is_destructive)
			return FAIL(FAULT_INVALID, "%s Nobody can be asked here: say --yes", question);
		return OK;
	}
	fprintf(cli->err, "%s [%s]: ", question, is_destructive ? "y,N" : "Y,n");
	fflush(cli->err);
	if (!fgets(answer, sizeof(answer), cli->in))
		return FAIL(FAULT_CANCELLED, "not confirmed; nothing was done");
	word = slice_trim(slice_str(answer));
	if (slice_eq_nocase(word, SLICE("y")) || slice_eq_nocase(word, SLICE("yes")) || (word.len == 0 && !is_destructive))
		return OK;
	return FAIL(FAULT_CANCELLED, "not confirmed; nothing was done");
}

int64_t cli_now_s(const struct cli *cli)
{
	return clock_now_s(cli->clock);
}
