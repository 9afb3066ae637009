/*
 * help: what the rows of the table say to people and to shells.
 *
 * Owns      help screens, the man page, docs/cli.md, completion scripts; all from verbs[], flags[] and config_rows[].
 * Start at  help_print().
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "cli/verb.h"

/* A verb's screen; with verb NULL that of the group `path` ("" = the whole program). */
void help_print(FILE *out, const struct verb *verb, const char *path);
/* The manual page in mdoc, for docs/man/reeve.1, and the same as Markdown, for docs/cli.md. */
void page_man(FILE *out);
void page_markdown(FILE *out);
/* False for an unknown shell. */
bool complete_print(FILE *out, slice shell);

/* The line "reeve iam roles create ROLE_NAME [flags]". */
void help_usage(FILE *out, const struct verb *verb);
/* "--parent LOCATION", "--yes, -y" */
#define FLAG_TEXT_BYTES 200
void help_flag(enum flag_id id, char ret_text[FLAG_TEXT_BYTES]);
/* The words one may type after `path`, one call each, in the table's order without repetition. summary is empty for a word
 * that only leads on. */
void help_words(slice path, void (*each)(void *user, slice word, slice summary, bool leads_on), void *user);
/* Other names of a word, by blanks, in the order of the table; empty when it has none. */
#define ALIASES_TEXT_BYTES 128
void help_aliases(slice word, char ret_text[ALIASES_TEXT_BYTES]);

#endif
