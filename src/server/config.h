/*
 * config: what the operator wants, read once and checked before anything starts.
 *
 * Owns      the values of api/config.def, from file, environment and flags.
 * Promises  an unknown key in the file and an unknown flag refuse to start, an unknown REEVE_ variable warns; every value is
 *           within its bounds; an error names the key, where it was set and the rule; which keys a running server takes anew
 *           is said by the table alone.
 * Start at  config_read().
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include "base/arena.h"

#define CONFIG_LIST_MAX 256
#define CONFIG_BYTES_MAX ((size_t)4 * 1024 * 1024) /* for the arena of one reading */

struct config_list {
	slice *at;
	size_t count;
};

struct config {
#define TEXT(field, key, when, text, help) slice field;
#define LIST(field, key, when, help) struct config_list field;
#define NUMBER(field, key, when, number, least, most, help) int64_t field;
#define SECONDS(field, key, when, number, least, most, help) int64_t field;
#define BYTES(field, key, when, number, least, most, help) int64_t field;
#define FLAG(field, key, when, flag, help) bool field;
#define CHOICE(field, key, when, text, choices, help) slice field;
#define SECRET(field, key, when, help) slice field;
#include "config.def"
#undef TEXT
#undef LIST
#undef NUMBER
#undef SECONDS
#undef BYTES
#undef FLAG
#undef CHOICE
#undef SECRET
};

/* Where it stands; lives as long as the process. */
struct config_source {
	int count;
	char *const *arguments; /* without argv[0] and the command word */
	char *const *environment;
};

/* Reads --config FILE (or REEVE_CONFIG; none is fine), then environment, then the flags. Values live in the arena. Warnings
 * about unknown environment names go to the log. */
FALLIBLE config_read(struct arena *arena, const struct config_source *source, struct config *ret_config);
/* The file's text alone, for tests and the fuzzer. */
FALLIBLE config_read_text(struct arena *arena, slice yaml, struct config *ret_config);
/* Takes over from `fresh` all values that may change while the server runs, and tells of each key whose value differs: is_taken
 * is false for one that needs a restart and stays as it was. What is taken over lives where `fresh` does. */
void config_renew(struct config *running, const struct config *fresh,
		  void (*differs)(void *user, const char *key, bool is_taken), void *user);
/* The table as Markdown, for docs/operating.md, and as roff for the man page. */
struct buffer;
void config_write_markdown(struct buffer *into);
void config_write_roff(struct buffer *into);
/* And as plain text, for --help. */
void config_write_text(struct buffer *into);

#endif
