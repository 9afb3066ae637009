/*
 * page: the manual page and docs/cli.md, made from the tables.
 */
#include "cli/config.h"
#include "cli/help.h"

/* A line of roff: a leading dot or quote would be a request, a backslash an escape, a plain dash a hyphen. */
static void roff(FILE *out, slice text)
{
	if (text.len > 0 && (text.at[0] == '.' || text.at[0] == '\''))
		fputs("\\&", out);
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '\\')
			fputs("\\e", out);
		else if (text.at[i] == '-')
			fputs("\\-", out);
		else if (text.at[i] == '\n')
			fputs("\n.sp\n", out);
		else
			fputc(text.at[i], out);
	}
}

static void roff_line(FILE *out, const char *text)
{
	roff(out, slice_str(text));
	fputc('\n', out);
}

static void man_flag(FILE *out, enum flag_id id)
{
	char text[FLAG_TEXT_BYTES];

	help_flag(id, text);
	fputs(".TP\n.B \"", out);
	roff(out, slice_str(text));
	fputs("\"\n", out);
	roff(out, slice_str(flags[id].help));
	if (*flags[id].initial) {
		fputs("; default ", out);
		roff(out, slice_str(flags[id].initial));
	}
	fputc('\n', out);
}

static void man_verb(FILE *out, const struct verb *verb)
{
	fputs(".SS \"reeve ", out);
	roff(out, slice_str(verb->words));
	if (*verb->args) {
		fputc(' ', out);
		roff(out, slice_str(verb->args));
	}
	fputs("\"\n", out);
	roff_line(out, verb->help);
	for (const enum flag_id *at = verb->flags; *at != FLAG_END; at++)
		man_flag(out, *at);
	if (*verb->outputs)
		fprintf(out, ".PP\nOutput: %s.\n", verb->outputs);
}

static void man_configuration(FILE *out)
{
	fputs(".SH CONFIGURATION\nThe file\n.I ~/.config/reeve/config.yaml\n(under\n.B $XDG_CONFIG_HOME\nwhere that is set) "
	      "holds these keys, "
	      "nested by their dots. Each is also an environment variable: REEVE_, then the key in upper case with dots and "
	      "hyphens as "
	      "underscores. A flag wins over the environment, the environment over the file.\n",
	      out);
	for (enum config_id id = 0; id < CONFIG_ID_COUNT; id++) {
		const struct config_row *row = &config_rows[id];

		fputs(".TP\n.B ", out);
		roff_line(out, row->key);
		roff(out, slice_str(row->help));
		if (*row->initial) {
			fputs("; default ", out);
			roff(out, slice_str(row->initial));
		}
		fputc('\n', out);
	}
}

static void man_ending(FILE *out)
{
	fputs(".SH FILES\n.TP\n.I ~/.config/reeve/config.yaml\nthe configuration\n"
	      ".TP\n.I ~/.config/reeve/machine\\-key.pem\nthis machine's private key, made by\n.BR \"reeve setup\" ;\nwho "
	      "reads it "
	      "can sign in as the operator\n"
	      ".TP\n.I ~/.config/reeve/docker\\-credentials.json\nwhat\n.B docker login\ngave the credential helper to keep\n"
	      ".TP\n.I ~/.cache/reeve/<audience>/oidc\\-token\na short\\-lived token for one audience; its slashes are written "
	      "as dashes\n"
	      ".SH ENVIRONMENT\n.TP\n.B REEVE_CONFIG\nthe configuration file to use\n.TP\n.B REEVE_<KEY>\na configuration key\n"
	      ".TP\n.B NO_COLOR\nno colours\n.TP\n.B EDITOR\neditor of\n.BR \"reeve config edit\" .\n"
	      ".SH EXIT STATUS\n.TP\n.B 0\ndone\n.TP\n.B 1\nthe command failed; one line on standard error says why\n"
	      ".TP\n.B 2\nthe command line is wrong; nothing was done\n"
	      ".SH SEE ALSO\n.BR reeved (8)\n",
	      out);
}

void page_man(FILE *out)
{
	fputs(".\\\" Made by `reeve docs man` from the tables in src/cli; do not edit.\n"
	      ".TH REEVE 1\n.SH NAME\nreeve \\- who may push, pull and manage, and the tokens that prove it\n"
	      ".SH SYNOPSIS\n.B reeve\n.I command\n[\\fIargument\\fR ...] [\\fB\\-\\-flag\\fR ...]\n.br\n.B "
	      "docker\\-credential\\-reeve\n"
	      "get | store | erase | list | version\n"
	      ".SH DESCRIPTION\nThe command line of Reeve, a self\\-hosted IAM for container registries. Results go to "
	      "standard output, "
	      "everything else to standard error. Called as\n.B docker\\-credential\\-reeve\nit is a credential helper for "
	      "Docker, "
	      "Podman and Skopeo.\n"
	      ".PP\nFlags may stand anywhere. Places are given by name, by path\n.RI ( organization / folder )\nor by id.\n"
	      ".SH FLAGS OF EVERY COMMAND\n",
	      out);
	for (enum flag_id id = 0; flag_is_global(id); id++)
		man_flag(out, id);
	fputs(".SH COMMANDS\n", out);
	for (size_t i = 0; i < verbs_count; i++)
		if (!verbs[i].is_hidden)
			man_verb(out, &verbs[i]);
	fputs(".SH OTHER NAMES\n", out);
	for (size_t i = 0; i < aliases_count; i++) {
		fputs(".TP\n.B ", out);
		roff_line(out, aliases[i].word);
		roff_line(out, aliases[i].means);
	}
	man_configuration(out);
	man_ending(out);
}

/* --- Markdown --- */

/* Text of a table's cell. */
static void cell(FILE *out, slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '|' || text.at[i] == '<' || text.at[i] == '*')
			fputc('\\', out);
		fputc(text.at[i], out);
	}
}

static void markdown_flag(FILE *out, enum flag_id id)
{
	char text[FLAG_TEXT_BYTES];

	help_flag(id, text);
	fputs("| `", out);
	for (const char *c = text; *c; c++)
		fputs(*c == '|' ? "\\|" : (char[]){ *c, '\0' }, out);
	fputs("` | ", out);
	cell(out, slice_str(flags[id].help));
	if (*flags[id].initial)
		fprintf(out, " (default `%s`)", flags[id].initial);
	fputs(" |\n", out);
}

static void markdown_verb(FILE *out, const struct verb *verb)
{
	fprintf(out, "\n### reeve %s\n\n```\n", verb->words);
	help_usage(out, verb);
	fprintf(out, "```\n\n%s\n", verb->help);
	if (*verb->flags != FLAG_END)
		fputs("\n| flag | meaning |\n|---|---|\n", out);
	for (const enum flag_id *at = verb->flags; *at != FLAG_END; at++)
		markdown_flag(out, *at);
	if (*verb->outputs)
		fprintf(out, "\nOutput: `%s`; the first is the default.\n", verb->outputs);
	if (verb->method != VERB_NO_METHOD)
		fprintf(out, "\nCalls `%s`.\n", methods[verb->method].label);
}

void page_markdown(FILE *out)
{
	fputs("<!-- Made by `reeve docs markdown` from the tables in src/cli; do not edit. -->\n# The command line\n\n"
	      "Results go to standard output, everything else to standard error. Exit status: 0 done, 1 failed, 2 the command "
	      "line is "
	      "wrong. Flags may stand anywhere; places are given by name, by path (`organization/folder`) or by id.\n\n"
	      "## Flags of every command\n\n| flag | meaning |\n|---|---|\n",
	      out);
	for (enum flag_id id = 0; flag_is_global(id); id++)
		markdown_flag(out, id);
	fputs("\n## Commands\n", out);
	for (size_t i = 0; i < verbs_count; i++)
		if (!verbs[i].is_hidden)
			markdown_verb(out, &verbs[i]);
	fputs("\n## Other names\n\n| typed | means |\n|---|---|\n", out);
	for (size_t i = 0; i < aliases_count; i++)
		fprintf(out, "| `%s` | `%s` |\n", aliases[i].word, aliases[i].means);
	fputs("\n## Configuration\n\n`~/.config/reeve/config.yaml`; `REEVE_` and the key in upper case, with dots and hyphens "
	      "as underscores, "
	      "is the same as an environment variable. A flag wins over the environment, the environment over the file.\n\n"
	      "| key | default | meaning |\n|---|---|---|\n",
	      out);
	for (enum config_id id = 0; id < CONFIG_ID_COUNT; id++) {
		fprintf(out, "| `%s` | ", config_rows[id].key);
		cell(out, slice_str(config_rows[id].initial));
		fputs(" | ", out);
		cell(out, slice_str(config_rows[id].help));
		fputs(" |\n", out);
	}
}
