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

/* When a changed value is in force. */
enum when { RELOAD, RESTART };

struct row {
	enum kind kind;
	enum when when;
	const char *key;
	size_t offset;
	const char *text; /* default of a text or choice */
	int64_t number, least, most;
	const char *choices;
	const char *help;
};

static const struct row rows[] = {
#define AT(field) offsetof(struct config, field)
#define TEXT(field, key_, when_, text_, help_) { KIND_TEXT, when_, key_, AT(field), .text = (text_), .help = (help_) },
#define LIST(field, key_, when_, help_) { KIND_LIST, when_, key_, AT(field), .help = (help_) },
#define NUMBER(field, key_, when_, n, a, b, help_) \
	{ KIND_NUMBER, when_, key_, AT(field), .number = (n), .least = (a), .most = (b), .help = (help_) },
#define SECONDS(field, key_, when_, n, a, b, help_) \
	{ KIND_SECONDS, when_, key_, AT(field), .number = (n), .least = (a), .most = (b), .help = (help_) },
#define BYTES(field, key_, when_, n, a, b, help_) \
	{ KIND_BYTES, when_, key_, AT(field), .number = (n), .least = (a), .most = (b), .help = (help_) },
#define FLAG(field, key_, when_, flag, help_) { KIND_FLAG, when_, key_, AT(field), .number = (flag), .help = (help_) },
#define CHOICE(field, key_, when_, text_, choices_, help_) \
	{ KIND_CHOICE, when_, key_, AT(field), .text = (text_), .choices = (choices_), .help = (help_) },
#define SECRET(field, key_, when_, help_) { KIND_SECRET, when_, key_, AT(field), .help = (help_) },
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

static FALLIBLE read_environment(struct arena *arena, const struct config_source *source, struct config *config)
{
	static const char prefix[] = "REEVE_";

	for (char *const *environment = source->environment; environment && *environment; environment++) {
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

/* "--key value" or "--key=value" at i; moves i past it. False when argument *i is no flag. */
static bool take_flag(const struct config_source *source, int *i, slice *ret_key, slice *ret_value, bool *ret_has_value)
{
	char *const *arguments = source->arguments;
	const char *at = arguments[*i];

	if (strncmp(at, "--", 2) != 0)
		return false;
	*ret_has_value = slice_cut(slice_str(at + 2), '=', ret_key, ret_value);
	if (!*ret_has_value && *i + 1 < source->count && strncmp(arguments[*i + 1], "--", 2) != 0) {
		*ret_value = slice_str(arguments[++*i]);
		*ret_has_value = true;
	}
	++*i;
	return true;
}

static FALLIBLE read_flags(struct arena *arena, const struct config_source *source, struct config *config)
{
	for (int i = 0; i < source->count;) {
		slice key, value = SLICE("");
		bool has_value;
		const struct row *row;

		if (!take_flag(source, &i, &key, &value, &has_value))
			return FAIL(FAULT_INVALID, "unexpected argument \"%s\"; see reeved --help", source->arguments[i]);
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

static const char *config_path(struct arena *arena, const struct config_source *source)
{
	const char *path = NULL;

	for (char *const *environment = source->environment; environment && *environment; environment++)
		if (strncmp(*environment, "REEVE_CONFIG=", 13) == 0)
			path = *environment + 13;
	for (int i = 0; i < source->count;) {
		slice key, value = SLICE("");
		bool has_value;

		if (!take_flag(source, &i, &key, &value, &has_value))
			break;
		if (slice_is(key, "config") && has_value)
			path = arena_text(arena, value);
	}
	return path && *path ? path : NULL;
}

FALLIBLE config_read(struct arena *arena, const struct config_source *source, struct config *ret_config)
{
	const char *path = config_path(arena, source);
	struct config config;

	set_defaults(&config);
	if (path)
		TRY(read_file(arena, path, &config));
	TRY(read_environment(arena, source, &config));
	TRY(read_flags(arena, source, &config));
	if ((config.tls_certificate.len > 0) != (config.tls_key.len > 0))
		return FAIL(FAULT_INVALID, "tls.certificate and tls.key: set both or neither");
	*ret_config = config;
	return OK;
}

/* ---- a running server's ---- */

static bool lists_equal(const struct config_list *a, const struct config_list *b)
{
	bool equal = a->count == b->count;

	for (size_t i = 0; equal && i < a->count; i++)
		equal = slice_eq(a->at[i], b->at[i]);
	return equal;
}

static size_t size_of(enum kind kind)
{
	switch (kind) {
	case KIND_TEXT:
	case KIND_CHOICE:
	case KIND_SECRET:
		return sizeof(slice);
	case KIND_LIST:
		return sizeof(struct config_list);
	case KIND_FLAG:
		return sizeof(bool);
	case KIND_NUMBER:
	case KIND_SECONDS:
	case KIND_BYTES:
		break;
	}
	return sizeof(int64_t);
}

static bool values_equal(enum kind kind, const void *a, const void *b)
{
	switch (kind) {
	case KIND_TEXT:
	case KIND_CHOICE:
	case KIND_SECRET:
		return slice_eq(*(const slice *)a, *(const slice *)b);
	case KIND_LIST:
		return lists_equal(a, b);
	case KIND_FLAG:
	case KIND_NUMBER:
	case KIND_SECONDS:
	case KIND_BYTES:
		break;
	}
	return memcmp(a, b, size_of(kind)) == 0;
}

void config_renew(struct config *running, const struct config *fresh,
		  void (*differs)(void *user, const char *key, bool is_taken), void *user)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		void *into = field_of(running, &rows[i]);
		const void *from = (const char *)fresh + rows[i].offset;
		bool is_taken = rows[i].when == RELOAD;

		if (!values_equal(rows[i].kind, into, from))
			differs(user, rows[i].key, is_taken);
		if (is_taken)
			memcpy(into, from,
			       size_of(rows[i].kind)); /* equal ones too: texts end with the reading they come from */
	}
}

/* ---- the table as a page ---- */

static const char *when_name(const struct row *row)
{
	return row->when == RELOAD ? "reload" : "restart";
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
	buffer_text(into, "| key | default | allowed | changes by | meaning |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < ROW_COUNT; i++) {
		buffer_printf(into, "| `%s` | ", rows[i].key);
		write_default(into, &rows[i]);
		buffer_text(into, " | ");
		write_bounds(into, &rows[i]);
		buffer_printf(into, " | %s | %s |\n", when_name(&rows[i]), rows[i].help);
	}
}

void config_write_roff(struct buffer *into)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		buffer_printf(into, ".TP\n.B \\-\\-%s\n%s (default: ", rows[i].key, rows[i].help);
		write_default(into, &rows[i]);
		buffer_printf(into, "; %s)\n", when_name(&rows[i]));
	}
}

void config_write_text(struct buffer *into)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		buffer_printf(into, "  --%s\n      %s (default: ", rows[i].key, rows[i].help);
		write_default(into, &rows[i]);
		buffer_printf(into, "; %s)\n", when_name(&rows[i]));
	}
}
