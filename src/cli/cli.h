/*
 * cli: one run of the program `reeve`.
 *
 * Owns      what a command line said, the configuration in force, the streams; everything else hangs on it.
 * Promises  data goes to `out`, talk to `err`; nothing is asked unless `in` is a terminal; the network library is loaded by the
 *           first call and not before. Exit codes: 0 done, 1 failed, 2 the command line is wrong.
 * Start at  cli_main(); args.c fills it, verbs.c says which function runs.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/random.h"
#include "cli/config.h"
#include "cli/verb.h"

#define CLI_MEMORY_MAX ((size_t)512 * 1024 * 1024) /* all that one command may hold */
#define CLI_FILE_BYTES_MAX ((size_t)1024 * 1024)   /* largest file read whole: configuration, keys, tokens */
#define CLI_LIST_MAX 200000                        /* most rows of a list */

enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_MISUSED = 2 };

/* What a flag was set to; which member counts is the flag's kind. */
struct given {
	bool is_given; /* false: its initial value */
	slice text;
	slice *list; /* TAKES_CSV, TAKES_LIST */
	size_t count;
	int64_t number; /* TAKES_NUMBER; seconds of TAKES_DURATION and TAKES_DATE; 1 for a true TAKES_BOOL */
};

struct fetcher;

struct cli {
	struct arena *arena;
	FILE *in, *out, *err;
	const struct clock *clock;
	struct random *random;
	const char *program;     /* as it was called: "reeve", "docker-credential-reeve" */
	const struct verb *verb; /* NULL: `path` names a group of verbs */
	char path[128];          /* the words understood: "iam roles" */
	struct given given[FLAG_COUNT];
	const slice *args; /* what follows the verb's words; args_count, within its arity; zero-terminated texts */
	size_t args_count;
	enum output output; /* --output, else the verb's default */
	struct config config;
	struct fetcher *fetcher; /* made by the first call */
	bool is_traced;          /* -v 2 */
	bool is_misuse;          /* the failure is the command line's: exit code 2 */
};

/* Runs it all: parse, run the verb, tell how it ended. Gives the exit code. */
int cli_main(int argc, char **argv);
/* The same on given streams, for tests. */
int cli_run(int argc, char **argv, FILE *in, FILE *out, FILE *err);

/* Reads the command line into verb, path, given and args. FAULT_INVALID, with is_misuse set, when it is wrong. */
FALLIBLE args_parse(struct cli *cli, int argc, char **argv);

/* ---- flags; the verb in hand must take them ---- */

bool flag_given(const struct cli *cli, enum flag_id id);
bool flag_on(const struct cli *cli, enum flag_id id);
/* Zero-terminated; empty when neither given nor initial. */
slice flag_text(const struct cli *cli, enum flag_id id);
int64_t flag_number(const struct cli *cli, enum flag_id id);
/* The list of a TAKES_CSV or TAKES_LIST flag; *ret_count of them. */
const slice *flag_list(const struct cli *cli, enum flag_id id, size_t *ret_count);
/* The i-th argument, empty when absent. */
slice cli_arg(const struct cli *cli, size_t i);

/* Ends a function because the command line is wrong: return MISUSE(cli, "..."). */
#define MISUSE(cli, ...) (((cli)->is_misuse = true), FAIL(FAULT_INVALID, __VA_ARGS__))

/* ---- talk ---- */

/* A line on `err`, unless output.silent. */
void cli_say(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same with "warning: " before it, also when silent. */
void cli_warn(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Asks a yes-or-no question on the terminal. --yes answers it. Without a terminal FAULT_INVALID asks for --yes when
 * is_destructive; otherwise the default, yes, is taken. A no is FAULT_CANCELLED. The verb must take --yes. */
FALLIBLE cli_confirm(struct cli *cli, bool is_destructive, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Colours on `stream`: a terminal, or --force-color; never with NO_COLOR or TERM=dumb. */
bool cli_has_colour(const struct cli *cli, FILE *stream);
int64_t cli_now_s(const struct cli *cli);

#endif
