/*
 * verb: every command of the program, as rows.
 *
 * Owns      the table of verbs (verbs.c) and of flags (flags.def), the aliases of words, and what is asked of a row.
 * Promises  parsing, help, man page, docs/cli.md and shell completion all come from these rows; a flag is declared once and
 *           has one meaning; flags of one name agree on whether they take a value.
 * Start at  verbs[] in verbs.c; verb_find().
 *
 * To add a verb: a row in verbs.c, its function in the file of its noun, a case in tests/cli. To add a flag: a row in
 * flags.def, then name it in the rows that take it. Then `make pages`.
 */
#ifndef CLI_VERB_H
#define CLI_VERB_H

#include "base/slice.h"
#include "base/status.h"
#include "schema/method.h"

struct cli;

/* What follows a flag. */
enum takes {
	TAKES_BOOL,     /* nothing, or =true, =false */
	TAKES_TEXT,     /* one text */
	TAKES_NUMBER,   /* a decimal number */
	TAKES_DURATION, /* 90s, 24h, 5d, 1h30m */
	TAKES_DATE,     /* yyyy-mm-dd, or RFC 3339 */
	TAKES_CSV,      /* texts by commas; may repeat */
	TAKES_LIST,     /* one text; may repeat */
	TAKES_CHOICE,   /* one of the words in `value` */
};

enum flag_id {
#define FLAG(id, name, letter, takes, value, initial, help) FLAG_##id,
#include "cli/flags.def"
#undef FLAG
	FLAG_COUNT,
	FLAG_END = FLAG_COUNT
};

struct flag {
	const char *name; /* without dashes */
	char letter;      /* of the short form; 0: none */
	enum takes takes;
	const char *value;   /* word for the value in help; "a|b" for a choice */
	const char *initial; /* "" = unset */
	const char *help;
};

extern const struct flag flags[FLAG_COUNT];

/* How results are written. */
enum output {
	OUTPUT_UNSET,
	OUTPUT_CSV,
	OUTPUT_ENV,
	OUTPUT_GO_TEMPLATE,
	OUTPUT_ID,
	OUTPUT_JSON,
	OUTPUT_MARKDOWN,
	OUTPUT_NONE,
	OUTPUT_TABLE,
	OUTPUT_TERSE,
	OUTPUT_TREE,
	OUTPUT_WIDE,
	OUTPUT_COUNT
};

const char *output_name(enum output output);
/* OUTPUT_UNSET for any other word. */
enum output output_find(slice name);

#define VERB_NO_METHOD METHOD_COUNT

struct verb {
	const char *words;         /* "iam role-bindings create" */
	const char *args;          /* "NAME", "[ORG]", "INVITE_ID...", "" = none */
	const enum flag_id *flags; /* ends with FLAG_END; the global ones come besides */
	const char *outputs;       /* formats it writes, by blanks, the default first; "" = it writes no table */
	enum method_id method;     /* what it mainly calls; VERB_NO_METHOD for a local one */
	status (*run)(struct cli *cli);
	const char *help; /* one line; after a line end may come paragraphs */
	bool is_hidden;   /* in no list, page or completion */
	bool is_bare;     /* runs without the configuration, or loads it itself */
};

extern const struct verb verbs[];
extern const size_t verbs_count;

/* What the verbs below a path are about. */
struct topic {
	const char *path; /* "iam roles" */
	const char *help;
};
extern const struct topic topics[];
extern const size_t topics_count;
/* NULL for a path without one. */
const char *topic_help(slice path);

#define VERB_WORDS_MAX 8

/* The verb whose words are the longest that `words` begins with, aliases understood; *ret_used of them belong to it. NULL
 * when they name none; then ret_path is the group of verbs they lead into ("iam roles", "" at the top) and *ret_used its
 * length in words. ret_path has room for 128 bytes. */
const struct verb *verb_find(const slice *words, size_t count, size_t *ret_used, char ret_path[128]);
/* True when some verb that is not hidden lies below these words ("iam", "iam roles"). */
bool verb_is_group(slice path);
bool verb_takes(const struct verb *verb, enum flag_id id);
/* The verb's own flag of that name, else the global one; FLAG_END when it takes none such. */
enum flag_id verb_flag(const struct verb *verb, slice name);
enum flag_id verb_letter(const struct verb *verb, char letter);
bool verb_writes(const struct verb *verb, enum output output);
enum output verb_output(const struct verb *verb); /* its default */
/* First line of its help. */
slice verb_summary(const struct verb *verb);
/* Least and most arguments; *ret_most is SIZE_MAX without a limit. */
void verb_arity(const struct verb *verb, size_t *ret_least, size_t *ret_most);

/* True for the flags every verb takes. */
static inline bool flag_is_global(enum flag_id id)
{
	return id <= FLAG_VERBOSE;
}

/* The next word of a text by blanks; false at its end. */
bool word_next(slice *text, slice *ret_word);

/* Other names of a word: orgs, ls, rm. */
struct alias {
	const char *word, *means;
};
extern const struct alias aliases[];
extern const size_t aliases_count;

#endif
