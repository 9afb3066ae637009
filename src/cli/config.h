/*
 * config: the user's configuration: a table of keys, a YAML file, the environment, flags.
 *
 * Owns      what every key is set to and by whom; reading and rewriting the file.
 * Promises  flag > environment > file > initial value; an unknown key in the file warns and is kept when the file is rewritten;
 *           a bad URL in the file or the environment warns and is dropped, a bad flag is refused. What is unset follows
 *           platform.api (issuer, audience, console), and so does what was set with less weight than platform.api itself:
 *           `--api` elsewhere never sends a token that was meant for the configured server.
 * Source    spec/cli.md 2.4; key names are the public ones.
 * Start at  config_load(), config_text().
 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "base/arena.h"
#include "base/yaml.h"

enum config_kind { CONFIG_URL, CONFIG_TEXT, CONFIG_BOOL, CONFIG_DURATION, CONFIG_COLOUR, CONFIG_CHOICE };

enum config_id {
#define KEY(id, key, kind, initial, flag, help) CONFIG_ID_##id,
#include "cli/config.def"
#undef KEY
	CONFIG_ID_COUNT
};

/* CONFIG(DEFAULT_GROUP): the value in force, zero-terminated. */
#define CONFIG(cli, id) config_text(&(cli)->config, CONFIG_ID_##id)

enum config_source { CONFIG_INITIAL, CONFIG_FROM_FILE, CONFIG_FROM_ENVIRONMENT, CONFIG_FROM_FLAG };

struct config_row {
	const char *key;
	enum config_kind kind;
	const char *initial; /* of a choice: its initial word, a blank, all words by "|" */
	int flag;            /* enum flag_id, FLAG_END for none */
	const char *help;
};
extern const struct config_row config_rows[CONFIG_ID_COUNT];

struct config {
	slice values[CONFIG_ID_COUNT];
	enum config_source sources[CONFIG_ID_COUNT];
	slice home_audience;         /* platform.audience without the flag: whose session the others come from */
	const char *path;            /* the file read, or the one that would be written */
	bool is_named;               /* by --config or REEVE_CONFIG: never deleted by reset */
	bool has_file;               /* it exists */
	struct yaml_setting *stored; /* what it holds, stored_count */
	size_t stored_count;
};

struct cli;

/* Reads the file and the environment and lays the flags over them. FAULT_INVALID for a file that is no YAML, a value that
 * does not fit its key, or a bad flag; a missing file is fine unless it was named. */
FALLIBLE config_load(struct cli *cli);
/* The value in force; "" when unset. */
slice config_text(const struct config *config, enum config_id id);
bool config_on(const struct config *config, enum config_id id);
/* CONFIG_ID_COUNT for an unknown key. */
enum config_id config_find(slice key);
/* INVALID unless the value fits the key. */
FALLIBLE config_check(enum config_id id, slice value);
/* "REEVE_PLATFORM_API" */
#define CONFIG_VARIABLE_BYTES 64
void config_variable(enum config_id id, char ret_name[CONFIG_VARIABLE_BYTES]);

/* What the file holds, with this key set or (value.at NULL) removed, written over it: whole or not at all, mode 0600. */
FALLIBLE config_store(struct cli *cli, const struct yaml_setting *changes, size_t count);
/* YAML of these settings, sorted; in the arena. */
FALLIBLE config_yaml(struct cli *cli, const struct yaml_setting *settings, size_t count, slice *ret_yaml);
/* All keys in force that differ from unset, sorted as in the table; only those that differ from the file with `only_other`. */
FALLIBLE config_effective(struct cli *cli, bool only_other, struct yaml_setting **ret_settings, size_t *ret_count);

#endif
