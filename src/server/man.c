#include "server/man.h"

#include "server/config.h"

static const char before[] =
	".TH REEVED 8\n"
	".SH NAME\nreeved \\- IAM for container registries: identities, roles and short\\-lived tokens\n"
	".SH SYNOPSIS\n"
	".B reeved\n[\\fBserve\\fR] [\\fB\\-\\-config\\fR \\fIFILE\\fR] [\\fB\\-\\-KEY\\fR \\fIVALUE\\fR ...]\n.br\n"
	".B reeved setup\\-code\n[\\fB\\-\\-data\\fR \\fIFOLDER\\fR]\n.br\n"
	".B reeved verify\n.I PATH\n.br\n"
	".B reeved version\n"
	".SH DESCRIPTION\n"
	"Serves the API (gRPC and REST), the token service and the registries' token endpoint on one port, with its data in "
	"one\n"
	"folder. The first start prints a one\\-time code by which\n.BR reeve (1)\nmakes a machine its first operator.\n"
	".SH COMMANDS\n"
	".TP\n.B serve\nserves until SIGTERM; the default.\n"
	".TP\n.B setup\\-code\nprints a new one\\-time code for an operator; a running server takes it within a second.\n"
	".TP\n.BI verify \" PATH\"\nchecks a database, a backup, or a data folder with its access trail, and changes nothing. "
	"The first thing that\nis wrong is named.\n"
	".TP\n.B version\nprints the version.\n"
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

void man_write(struct buffer *into)
{
	buffer_text(into, before);
	config_write_roff(into);
	buffer_text(into, behind);
}
