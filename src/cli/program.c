/*
 * program: `version`, `completion`, `help`, and the pages made from the tables.
 */
#include <sys/utsname.h>

#include "cli/help.h"
#include "cli/print.h"
#include "cli/verbs.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* The names that tools of that world read; what a C program has none of is left out. */
status version_run(struct cli *cli)
{
	char platform[160] = "linux";
	struct utsname names;

	if (uname(&names) == 0)
		(void)snprintf(platform, sizeof(platform), "linux/%s",
			       strcmp(names.machine, "x86_64") == 0    ? "amd64"
			       : strcmp(names.machine, "aarch64") == 0 ? "arm64"
								       : names.machine);
	struct pair pairs[] = { { "GitVersion", SLICE("v" REEVE_VERSION) },
				{ "Compiler", slice_trim(SLICE(COMPILER)) },
				{ "Platform", slice_str(platform) } };

	if (cli->output == OUTPUT_JSON)
		print_pairs_json(cli, pairs, sizeof(pairs) / sizeof(*pairs));
	else
		print_pairs(cli, pairs, sizeof(pairs) / sizeof(*pairs));
	return OK;
}

status completion_run(struct cli *cli)
{
	if (!complete_print(cli->out, cli_arg(cli, 0)))
		return MISUSE(cli, "no completion for \"%.*s\": bash, zsh or fish", SLICE_ARG(cli_arg(cli, 0)));
	return OK;
}

status help_run(struct cli *cli)
{
	char path[128];
	size_t used;
	const struct verb *verb = verb_find(cli->args, cli->args_count, &used, path);

	if (used < cli->args_count)
		return MISUSE(cli, "unknown command \"%.*s\"", SLICE_ARG(cli_arg(cli, used)));
	help_print(cli->out, verb, path);
	return OK;
}

status docs_man(struct cli *cli)
{
	page_man(cli->out);
	return OK;
}

status docs_markdown(struct cli *cli)
{
	page_markdown(cli->out);
	return OK;
}
