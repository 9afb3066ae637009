#include "server/config.h"

#include <assert.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/yaml.h"

#define FROM_ENVIRONMENT "environment"

enum kind { KIND_TEXT, KIND_LIST, KIND_NUMBER, KIND_SECONDS, KIND_BYTES, KIND_FLAG, KIND_CHOICE, KIND_SECRET };

struct row {
	enum kind kind;
	const char *key;
	size_t offset;
	const char *text; /* default of a text or choice */
	int64_t number, least, most;
	const char *choices;
	const char *help;
};

static const struct row rows[] = {
#define AT(field) offsetof(struct config, field)
#define TEXT(field, key_, text_, help_) { KIND_TEXT, key_, AT(field), .text = (text_), .help = (help_) },
#define LIST(field, key_, help_) { KIND_LIST, key_, AT(field), .help = (help_) },
#define NUMBER(field, key_, n, a, b, help_) \
	{ KIND_NUMBER, key_, AT(field), .number = (n), .least = (a), .most = (b), .help = (help_) },
#define SECONDS(field, key_, n, a, b, help_) \
	{ KIND_SECONDS, key_, AT(field), .number = (n), .least = (a), .most = (b), .help = (help_) },
#define BYTES(field, key_, n, a, b, help_) \
	{ KIND_BYTES, key_, AT(field), .number = (n), .least = (a), .most = (b), .help = (help_) },
#define FLAG(field, key_, flag, help_) { KIND_FLAG, key_, AT(field), .number = (flag), .help = (help_) },
#define CHOICE(field, key_, text_, choices_, help_) \
	{ KIND_CHOICE, key_, AT(field), .text = (text_), .choices = (choices_), .help = (help_) },
#define SECRET(field, key_, help_) { KIND_SECRET, key_, AT(field), .help = (help_) },
#include "config.def"
};
#define ROW_COUNT (sizeof(rows) / sizeof(*rows))

static const struct row *row_of(slice key)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (slice_is(key, rows[i].key))
			return &rows[i];
	return NULL;
}

/* Where a row's value lies in the struct. */
static void *field_of(struct config *config, const struct row *row)
{
	return (char *)config + row->offset;
}

static void set_defaults(struct config *config)
{
	*config = (struct config){ 0 };
	for (size_t i = 0; i < ROW_COUNT; i++) {
		void *field = field_of(config, &rows[i]);
		switch (rows[i].kind) {
		case KIND_TEXT:
		case KIND_CHOICE:
			*(slice *)field = slice_str(rows[i].text);
			break;
		case KIND_SECRET:
			*(slice *)field = SLICE("");
			break;
		case KIND_FLAG:
			*(bool *)field = rows[i].number != 0;
			break;
		case KIND_NUMBER:
		case KIND_SECONDS:
		case KIND_BYTES:
			*(int64_t *)field = rows[i].number;
			break;
		case KIND_LIST:
			break;
		}
	}
}

/* The factor of a unit letter for the kind; 0 when it is none. */
static int64_t unit(enum kind kind, char letter)
{
	static const char seconds[] = "smhd", bytes[] = "kmg";
	static const int64_t seconds_of[] = { 1, 60, 3600, 86400 }, bytes_of[] = { 1024, 1024 * 1024, 1024 * 1024 * 1024 };
	const char *hit = letter ? strchr(kind == KIND_SECONDS ? seconds : kind == KIND_BYTES ? bytes : "", letter) : NULL;

	if (!hit)
		return 0;
	return kind == KIND_SECONDS ? seconds_of[hit - seconds] : bytes_of[hit - bytes];
}

static FALLIBLE set_number(const struct row *row, slice value, const char *from, int64_t *into)
{
	uint64_t number;
	int64_t factor = value.len ? unit(row->kind, value.at[value.len - 1]) : 0, result;

	if (factor)
		value.len--;
	if (!slice_number(value, INT64_MAX, &number) || __builtin_mul_overflow((int64_t)number, factor ? factor : 1, &result) ||
	    result < row->least || result > row->most)
		return FAIL(FAULT_INVALID, "%s (%s): must be %s from %lld to %lld", row->key, from,
			    row->kind == KIND_SECONDS ? "a time (90s, 15m, 24h, 30d)"
			    : row->kind == KIND_BYTES ? "a size (64k, 4m, 1g)"
						      : "a number",
			    (long long)row->least, (long long)row->most);
	*into = result;
	return OK;
}

static FALLIBLE set_choice(const struct row *row, slice value, const char *from, slice *into)
{
	slice rest = slice_str(row->choices), word;
	bool more;

	do {
		more = slice_cut(rest, '|', &word, &rest);
		if (slice_eq(word, value)) {
			*into = value;
			return OK;
		}
	} while (more);
	return FAIL(FAULT_INVALID, "%s (%s): must be one of %s", row->key, from, row->choices);
}

static FALLIBLE add_item(struct arena *arena, const struct row *row, slice value, const char *from, struct config_list *list)
{
	slice *more;

	if (list->count == CONFIG_LIST_MAX)
		return FAIL(FAULT_INVALID, "%s (%s): at most %d values", row->key, from, CONFIG_LIST_MAX);
	more = NEW_N(arena, slice, list->count + 1);
	TRY_NEW(more);
	if (list->count)
		memcpy(more, list->at, list->count * sizeof(*more));
	more[list->count] = value;
	*list = (struct config_list){ more, list->count + 1 };
	return OK;
}

/* A list in one text: separated by commas, blanks around them dropped. */
static FALLIBLE set_list(struct arena *arena, const struct row *row, slice value, const char *from, struct config_list *list)
{
	bool more = value.len > 0;

	*list = (struct config_list){ 0 };
	while (more) {
		slice item;
		more = slice_cut(value, ',', &item, &value);
		item = slice_trim(item);
		if (item.len)
			TRY(add_item(arena, row, item, from, list));
	}
	return OK;
}

static FALLIBLE set_value(struct arena *arena, struct config *config, const struct row *row, slice value, const char *from)
{
	void *field = field_of(config, row);

	value = arena_copy(arena, value);
	TRY_NEW(value.at);
	switch (row->kind) {
	case KIND_SECRET:
		if (strcmp(from, FROM_ENVIRONMENT) != 0)
			return FAIL(FAULT_INVALID, "%s (%s): a secret comes by environment or in a file that %s-file names",
				    row->key, from, row->key);
		*(slice *)field = value;
		return OK;
	case KIND_TEXT:
		*(slice *)field = value;
		return OK;
	case KIND_LIST:
		return set_list(arena, row, value, from, field);
	case KIND_FLAG:
		if (!slice_is(value, "true") && !slice_is(value, "false"))
			return FAIL(FAULT_INVALID, "%s (%s): must be true or false", row->key, from);
		*(bool *)field = slice_is(value, "true");
		return OK;
	case KIND_CHOICE:
		return set_choice(row, value, from, field);
	case KIND_NUMBER:
	case KIND_SECONDS:
	case KIND_BYTES:
		break;
	}
	return set_number(row, value, from, field);
}

static FALLIBLE read_yaml(struct arena *arena, slice yaml, const char *file, struct config *config)
{
	struct yaml_setting *settings;
	size_t count;

	TRY(yaml_read(arena, yaml, &settings, &count));
	for (size_t i = 0; i < count; i++) {
		const struct row *row = row_of(settings[i].key);
		char *from = arena_printf(arena, "%s line %u", file, settings[i].line);

		TRY_NEW(from);
		if (!row)
			return FAIL(FAULT_INVALID, "%s: unknown key \"%.*s\"; see reeved --help for all keys", from,
				    SLICE_ARG(settings[i].key));
		if (settings[i].is_item && row->kind != KIND_LIST)
			return FAIL(FAULT_INVALID, "%s (%s): takes one value, not a list", row->key, from);
		if (settings[i].is_item)
			TRY(add_item(arena, row, settings[i].value, from, field_of(config, row)));
		else
			TRY(set_value(arena, config, row, settings[i].value, from));
	}
	return OK;
}

FALLIBLE config_read_text(struct arena *arena, slice yaml, struct config *ret_config)
{
	struct config config;

	set_defaults(&config);
	TRY(read_yaml(arena, yaml, "configuration", &config));
	*ret_config = config;
	return OK;
}

static FALLIBLE read_file(struct arena *arena, const char *path, struct config *config)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat about;
	slice text = { 0 };
	ssize_t got = -1;

	if (fd >= 0 && fstat(fd, &about) == 0 && about.st_size >= 0 && (uint64_t)about.st_size <= YAML_BYTES_MAX) {
		char *at = arena_alloc(arena, (size_t)about.st_size + 1);
		got = at ? read(fd, at, (size_t)about.st_size) : -1;
		text = slice_of(at, got > 0 ? (size_t)got : 0);
	}
	if (fd >= 0)
		(void)close(fd); /* only read */
	if (got < 0)
		return FAIL(FAULT_INVALID, "cannot read the configuration file %s (at most %zu bytes)", path, YAML_BYTES_MAX);
	return read_yaml(arena, text, path, config);
}

/* REEVE_ + upper case, dots and hyphens as underscores. */
static bool env_names(const char *name, size_t len, const char *key)
{
	size_t i = 0;

	for (; i < len && key[i]; i++) {
		char want = key[i] == '.' || key[i] == '-' ? '_' : (char)toupper((unsigned char)key[i]);
		if (name[i] != want)
			return false;
	}
	return i == len && !key[i];
}

static FALLIBLE read_environment(struct arena *arena, char *const *environment, struct config *config)
{
	static const char prefix[] = "REEVE_";

	for (; environment && *environment; environment++) {
		slice name, value;
		const struct row *row = NULL;

		if (strncmp(*environment, prefix, sizeof(prefix) - 1) != 0)
			continue;
		(void)slice_cut(slice_str(*environment), '=', &name, &value); /* without "=" the value is empty */
		slice rest = slice_from(name, sizeof(prefix) - 1);
		for (size_t i = 0; i < ROW_COUNT && !row; i++)
			if (env_names(rest.at, rest.len, rows[i].key))
				row = &rows[i];
		if (row)
			TRY(set_value(arena, config, row, value, FROM_ENVIRONMENT));
		else if (!slice_is(rest, "CONFIG"))
			LOG(LOG_WARN, "unknown environment variable is ignored", LOG_TEXT("name", name));
	}
	return OK;
}

/* "--key value" or "--key=value" at i; moves i past it. False when arguments[*i] is no flag. */
static bool take_flag(int count, char *const *arguments, int *i, slice *ret_key, slice *ret_value, bool *ret_has_value)
{
	const char *at = arguments[*i];

	if (strncmp(at, "--", 2) != 0)
		return false;
	*ret_has_value = slice_cut(slice_str(at + 2), '=', ret_key, ret_value);
	if (!*ret_has_value && *i + 1 < count && strncmp(arguments[*i + 1], "--", 2) != 0) {
		*ret_value = slice_str(arguments[++*i]);
		*ret_has_value = true;
	}
	++*i;
	return true;
}

static FALLIBLE read_flags(struct arena *arena, int count, char *const *arguments, struct config *config)
{
	for (int i = 0; i < count;) {
		slice key, value = SLICE("");
		bool has_value;
		const struct row *row;

		if (!take_flag(count, arguments, &i, &key, &value, &has_value))
			return FAIL(FAULT_INVALID, "unexpected argument \"%s\"; see reeved --help", arguments[i]);
		if (slice_is(key, "config"))
			continue;
		row = row_of(key);
		if (!row)
			return FAIL(FAULT_INVALID, "unknown flag --%.*s; see reeved --help for all keys", SLICE_ARG(key));
		if (!has_value && row->kind == KIND_FLAG)
			value = SLICE("true");
		else if (!has_value)
			return FAIL(FAULT_INVALID, "--%s needs a value", row->key);
		TRY(set_value(arena, config, row, value, "flag"));
	}
	return OK;
}

static const char *config_path(struct arena *arena, int count, char *const *arguments, char *const *environment)
{
	const char *path = NULL;

	for (; environment && *environment; environment++)
		if (strncmp(*environment, "REEVE_CONFIG=", 13) == 0)
			path = *environment + 13;
	for (int i = 0; i < count;) {
		slice key, value = SLICE("");
		bool has_value;

		if (!take_flag(count, arguments, &i, &key, &value, &has_value))
			break;
		if (slice_is(key, "config") && has_value)
			path = arena_text(arena, value);
	}
	return path && *path ? path : NULL;
}

FALLIBLE config_read(struct arena *arena, int count, char *const *arguments, char *const *environment,
		     struct config *ret_config)
{
	const char *path = config_path(arena, count, arguments, environment);
	struct config config;

	set_defaults(&config);
	if (path)
		TRY(read_file(arena, path, &config));
	TRY(read_environment(arena, environment, &config));
	TRY(read_flags(arena, count, arguments, &config));
	if ((config.tls_certificate.len > 0) != (config.tls_key.len > 0))
		return FAIL(FAULT_INVALID, "tls.certificate and tls.key: set both or neither");
	*ret_config = config;
	return OK;
}

static void write_default(struct buffer *into, const struct row *row)
{
	switch (row->kind) {
	case KIND_TEXT:
	case KIND_CHOICE:
		buffer_text(into, *row->text ? row->text : "unset");
		break;
	case KIND_LIST:
		buffer_text(into, "empty");
		break;
	case KIND_SECRET:
		buffer_text(into, "unset; by environment alone");
		break;
	case KIND_FLAG:
		buffer_text(into, row->number ? "true" : "false");
		break;
	case KIND_NUMBER:
	case KIND_SECONDS:
	case KIND_BYTES:
		buffer_printf(into, "%lld%s", (long long)row->number, row->kind == KIND_SECONDS ? "s" : "");
		break;
	}
}

static void write_bounds(struct buffer *into, const struct row *row)
{
	if (row->kind == KIND_CHOICE) {
		slice rest = slice_str(row->choices), word;
		bool more;
		do {
			more = slice_cut(rest, '|', &word, &rest);
			buffer_printf(into, "%.*s%s", SLICE_ARG(word), more ? ", " : "");
		} while (more);
	} else if (row->most) {
		buffer_printf(into, "%lld to %lld", (long long)row->least, (long long)row->most);
	}
}

void config_write_markdown(struct buffer *into)
{
	buffer_text(into, "| key | default | allowed | meaning |\n|---|---|---|---|\n");
	for (size_t i = 0; i < ROW_COUNT; i++) {
		buffer_printf(into, "| `%s` | ", rows[i].key);
		write_default(into, &rows[i]);
		buffer_text(into, " | ");
		write_bounds(into, &rows[i]);
		buffer_printf(into, " | %s |\n", rows[i].help);
	}
}

void config_write_roff(struct buffer *into)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		buffer_printf(into, ".TP\n.B \\-\\-%s\n%s (default: ", rows[i].key, rows[i].help);
		write_default(into, &rows[i]);
		buffer_text(into, ")\n");
	}
}

void config_write_text(struct buffer *into)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		buffer_printf(into, "  --%s\n      %s (default: ", rows[i].key, rows[i].help);
		write_default(into, &rows[i]);
		buffer_text(into, ")\n");
	}
}
