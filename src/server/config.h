/*
 * config: what the operator wants, read once and checked before anything starts.
 *
 * Owns      the values of api/config.def, from file, environment and flags.
 * Promises  an unknown key in the file and an unknown flag refuse to start, an unknown REEVE_ variable warns; every value is
 *           within its bounds; an error names the key, where it was set and the rule.
 * Start at  config_read().
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include "base/arena.h"

#define CONFIG_LIST_MAX 256

struct config_list {
	slice *at;
	size_t count;
};

struct config {
#define TEXT(field, key, text, help) slice field;
#define LIST(field, key, help) struct config_list field;
#define NUMBER(field, key, number, least, most, help) int64_t field;
#define SECONDS(field, key, number, least, most, help) int64_t field;
#define BYTES(field, key, number, least, most, help) int64_t field;
#define FLAG(field, key, flag, help) bool field;
#define CHOICE(field, key, text, choices, help) slice field;
#define SECRET(field, key, help) slice field;
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

/* Reads --config FILE (or REEVE_CONFIG; none is fine), then environment, then the flags in arguments (without argv[0] and
 * the command word). Values live in the arena. Warnings about unknown environment names go to the log. */
FALLIBLE config_read(struct arena *arena, int count, char *const *arguments, char *const *environment,
		     struct config *ret_config);
/* The file's text alone, for tests and the fuzzer. */
FALLIBLE config_read_text(struct arena *arena, slice yaml, struct config *ret_config);
/* The table as Markdown, for docs/operating.md, and as roff for the man page. */
struct buffer;
void config_write_markdown(struct buffer *into);
void config_write_roff(struct buffer *into);
/* And as plain text, for --help. */
void config_write_text(struct buffer *into);

#endif
