/*
 * print: rows as tables, trees, JSON, CSV, Markdown, ids.
 *
 * Promises  a terminal never gets a control character from a server; JSON is exactly what the API answers, with `uid` under the
 *           public name `id`; columns are declared once and serve every format.
 * Source    spec/cli.md 4.
 * Start at  print_rows().
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include "base/json.h"
#include "cli/cli.h"

#define CELL_WIDTH_MAX 80 /* longer text wraps at blanks */

struct column {
	const char *title;
	const char *path; /* dotted JSON names; NULL with `render` */
	/* The cell's text, in the arena. */
	slice (*render)(struct cli *cli, const struct json *row);
	bool is_wide; /* with -o wide alone */
};

/* How rows of one kind are shown. */
struct show {
	const struct column *columns; /* ends with a title of NULL */
	const char *id;               /* what -o id prints; NULL: "uid" */
	/* Adds members to a row's JSON (json_with); NULL: none. */
	const struct json *(*extend)(struct cli *cli, const struct json *row);
	/* -o tree; NULL: "[name] description" */
	void (*tree)(struct cli *cli, const struct json *const *rows, size_t count);
};

/* In the format of cli->output. is_list: JSON is {"items": [...]}, else the row itself (count 1). */
FALLIBLE print_rows(struct cli *cli, const struct show *show, const struct json *const *rows, size_t count, bool is_list);

/* One value, indented by four spaces a level, with a line end. */
void print_json(FILE *out, const struct json *value);
/* The same indented by tabs: Docker's form of its own files. */
void print_json_tabs(FILE *out, const struct json *value);
/* Text without control characters. */
void print_plain(FILE *out, slice text);
/* "name value" pairs, values in one column: auth status, version. */
struct pair {
	const char *name;
	slice value;
};
void print_pairs(struct cli *cli, const struct pair *pairs, size_t count);
/* JSON object of such pairs. */
void print_pairs_json(struct cli *cli, const struct pair *pairs, size_t count);

/* ---- building trees ---- */

/* A copy of the object with a member added at its end (in its place, when there is one of that name). NULL without memory. */
const struct json *json_with(struct cli *cli, const struct json *object, const char *name, const struct json *value);
struct json *json_new_text(struct cli *cli, slice text);
struct json *json_new_array(struct cli *cli, const struct json *const *items, size_t count);
/* A row as JSON shows it: `uid` as `id`, first. */
const struct json *json_row(struct cli *cli, const struct show *show, const struct json *row);

#endif
