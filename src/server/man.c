#include "server/man.h"

#include "server/config.h"

static const struct {
	const char *word, *arguments, *help;
} commands[] = {
#define COMMAND(id, word, arguments, least, most, help) { word, arguments, help },
#include "server/commands.def"
#undef COMMAND
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(*commands))

static const char name[] = ".TH REEVED 8\n"
			   ".SH NAME\nreeved \\- IAM for container registries: identities, roles and short\\-lived tokens\n";

static const char description[] =
	".SH DESCRIPTION\n"
	"Serves the API (gRPC and REST), the token service and the registries' token endpoint on one port, with its data in "
	"one\n"
	"folder. The first start prints a one\\-time code by which\n.BR reeve (1)\nmakes a machine its first operator.\n";

static const char options[] =
	".SH OPTIONS\n"
	"Each key is also an environment variable (REEVE_, then the key in upper case with dots and hyphens as underscores) "
	"and\n"
	"a place in the YAML file that\n.B \\-\\-config\nnames. A flag wins over the environment, the environment over the "
	"file. "
	"An unknown flag, or an unknown key in\nthe file, refuses to start; an unknown variable is warned of.\n";

static const char behind[] =
	".SH SIGNALS\n"
	".TP\n.B SIGTERM, SIGINT\nfinish what runs, for at most\n.BR drain.timeout ,\nand end.\n"
	".TP\n.B SIGHUP\nreads the configuration, and the TLS certificate and key, again, each by itself; what is unsound "
	"changes nothing "
	"and\nis logged. A changed key whose entry above says \"reload\" takes effect; one that says \"restart\" keeps its "
	"value "
	"and is named\nin the log.\n"
	".SH FILES\nIn the data folder, which only one server may use at a time:\n"
	".TP\n.I reeve.db\n(with\n.I reeve.db\\-wal\nand\n.IR reeve.db\\-shm )\nthe database.\n"
	".TP\n.I seal.key\nwhat signing keys in the database are sealed with; without it a backup cannot sign.\n"
	".TP\n.I trail/\nthe access trail: JSON lines with a hash chain.\n"
	".TP\n.I backups/\ncopies an operator asked for.\n"
	".SH EXIT STATUS\n0 after an orderly stop or a sound check, 1 when something failed (one line on standard error says "
	"why),\n"
	"2 when the command line is wrong.\n"
	".SH SEE ALSO\n.BR reeve (1)\n";

/* A plain dash would be a hyphen. */
static void roff(struct buffer *into, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '-')
			buffer_byte(into, '\\');
		buffer_byte(into, *c);
	}
}

static void write_command(struct buffer *into, size_t i)
{
	buffer_text(into, ".B reeved ");
	roff(into, commands[i].word);
	buffer_byte(into, '\n');
	if (!*commands[i].arguments)
		return;
	roff(into, commands[i].arguments);
	buffer_byte(into, '\n');
}

void man_write(struct buffer *into)
{
	buffer_text(into, name);
	buffer_text(into, ".SH SYNOPSIS\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		buffer_text(into, i ? ".br\n" : "");
		write_command(into, i);
	}
	buffer_text(into, description);
	buffer_text(into, ".SH COMMANDS\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		buffer_text(into, ".TP\n.B ");
		roff(into, commands[i].word);
		buffer_byte(into, '\n');
		roff(into, commands[i].help);
		buffer_text(into, ".\n");
	}
	buffer_text(into, options);
	config_write_roff(into);
	buffer_text(into, behind);
}

void help_write(struct buffer *into, const char *version)
{
	buffer_printf(into, "reeved %s: self-hosted IAM for container registries\n\n", version);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		buffer_printf(into, "  reeved %s%s%s\n      %s\n", commands[i].word, *commands[i].arguments ? " " : "",
			      commands[i].arguments, commands[i].help);
	buffer_text(
		into,
		"\nEvery key below is also REEVE_KEY in the environment and a place in the YAML file. \"reload\": a changed "
		"value is in\nforce after SIGHUP; \"restart\": after a restart alone.\n\n");
	config_write_text(into);
}
