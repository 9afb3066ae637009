/*
 * config: the user's configuration.
 */
#include "cli/config.h"

#include <assert.h>
#include <ctype.h>

#include "cli/cli.h"
#include "cli/files.h"
#include "cli/value.h"
#include "fetch/url.h"

const struct config_row config_rows[CONFIG_ID_COUNT] = {
#define KEY(id, key, kind, initial, flag, help) [CONFIG_ID_##id] = { key, CONFIG_##kind, initial, flag, help },
#include "cli/config.def"
#undef KEY
};

/* A choice's row has its words behind its initial value. */
static slice initial_of(enum config_id id)
{
	slice initial = slice_str(config_rows[id].initial), words;

	if (config_rows[id].kind == CONFIG_CHOICE)
		(void)slice_cut(initial, ' ', &initial, &words); /* it always has both */
	return initial;
}

enum config_id config_find(slice key)
{
	for (enum config_id id = 0; id < CONFIG_ID_COUNT; id++)
		if (slice_is(key, config_rows[id].key))
			return id;
	return CONFIG_ID_COUNT;
}

void config_variable(enum config_id id, char ret_name[CONFIG_VARIABLE_BYTES])
{
	const char *key = config_rows[id].key;
	size_t n = (size_t)snprintf(ret_name, CONFIG_VARIABLE_BYTES, "REEVE_%s", key);

	assert(n < CONFIG_VARIABLE_BYTES);
	for (char *c = ret_name; *c; c++)
		*c = *c == '.' || *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

/* --- values --- */

static bool is_choice(enum config_id id, slice value)
{
	slice choices, choice;

	(void)slice_cut(slice_str(config_rows[id].initial), ' ', &choice, &choices); /* it always has both */
	for (bool more = true; more;) {
		more = slice_cut(choices, '|', &choice, &choices);
		if (slice_eq(choice, value))
			return true;
	}
	return false;
}

static bool is_url(slice value)
{
	struct report scratch = { 0 }, *before = report_use(&scratch);
	struct url url;
	bool is = !FAILED(url_parse(value, &url)) && !url.has_query;

	report_use(before);
	return is;
}

FALLIBLE config_check(enum config_id id, slice value)
{
	const char *key = config_rows[id].key;
	int64_t seconds;

	if (value.len == 0)
		return OK;
	switch (config_rows[id].kind) {
	case CONFIG_URL:
		if (!is_url(value))
			return FAIL(FAULT_INVALID, "%s: \"%.*s\" is no http(s) URL", key, SLICE_ARG(value));
		return OK;
	case CONFIG_BOOL:
		if (!slice_is(value, "true") && !slice_is(value, "false"))
			return FAIL(FAULT_INVALID, "%s is true or false, not \"%.*s\"", key, SLICE_ARG(value));
		return OK;
	case CONFIG_DURATION:
		if (!duration_parse(value, &seconds) || seconds == 0)
			return FAIL(FAULT_INVALID, "%s is a duration such as 24h, not \"%.*s\"", key, SLICE_ARG(value));
		return OK;
	case CONFIG_COLOUR:
		if (!colour_is_valid(value))
			return FAIL(FAULT_INVALID, "%s is #rrggbb or the name of a colour, not \"%.*s\"", key,
				    SLICE_ARG(value));
		return OK;
	case CONFIG_CHOICE:
		if (!is_choice(id, value))
			return FAIL(FAULT_INVALID, "%s is one of %s, not \"%.*s\"", key,
				    strchr(config_rows[id].initial, ' ') + 1, SLICE_ARG(value));
		return OK;
	case CONFIG_TEXT:
		return OK;
	}
	return OK;
}

/* URLs are compared and joined: a trailing slash would make two of one. */
static slice settled(enum config_id id, slice value)
{
	bool is_url_like = config_rows[id].kind == CONFIG_URL;

	while (is_url_like && value.len > 1 && value.at[value.len - 1] == '/')
		value.len--;
	return value;
}

static FALLIBLE lay(struct cli *cli, enum config_id id, slice value, enum config_source source)
{
	slice kept = arena_copy(cli->arena, settled(id, value));

	TRY_NEW(kept.at);
	cli->config.values[id] = kept;
	cli->config.sources[id] = source;
	return OK;
}

/* --- the three sources --- */

static FALLIBLE find_path(struct cli *cli)
{
	slice flag = cli->given[FLAG_CONFIG].text;
	const char *variable = getenv("REEVE_CONFIG");

	if (flag.len > 0)
		variable = flag.at;
	cli->config.is_named = variable && *variable;
	if (!cli->config.is_named)
		return path_config(cli->arena, "config.yaml", &cli->config.path);
	cli->config.path = variable;
	return OK;
}

/* A bad URL is dropped; anything else that does not fit is an error, for it would be wrong in silence. */
static FALLIBLE lay_checked(struct cli *cli, enum config_id id, slice value, enum config_source source, const char *where)
{
	struct report scratch = { 0 }, *before = report_use(&scratch);
	bool fits = !FAILED(config_check(id, value));

	report_use(before);
	if (fits)
		return value.len > 0 ? lay(cli, id, value, source) : OK;
	if (config_rows[id].kind != CONFIG_URL)
		return FAIL(FAULT_INVALID, "%s: %s", where, scratch.text);
	cli_warn(cli, "%s: %s; it is not used", where, scratch.text);
	return OK;
}

static FALLIBLE lay_file(struct cli *cli)
{
	struct config *config = &cli->config;
	slice text;

	TRY(file_read(cli->arena, config->path, &text));
	config->has_file = text.at != NULL;
	if (!config->has_file)
		return OK;
	if (FAILED(yaml_read(cli->arena, text, &config->stored, &config->stored_count))) {
		char why[REPORT_TEXT_BYTES];

		(void)snprintf(why, sizeof(why), "%s", report_current()->text); /* same size: never cut */
		return FAIL(FAULT_INVALID, "%s: %s", config->path, why);
	}
	for (size_t i = 0; i < config->stored_count; i++) {
		const struct yaml_setting *setting = &config->stored[i];
		enum config_id id = config_find(setting->key);

		if (id == CONFIG_ID_COUNT)
			cli_warn(cli, "%s line %u: unknown key %.*s", config->path, setting->line, SLICE_ARG(setting->key));
		else
			TRY(lay_checked(cli, id, setting->value, CONFIG_FROM_FILE, config->path));
	}
	return OK;
}

static FALLIBLE lay_environment(struct cli *cli)
{
	for (enum config_id id = 0; id < CONFIG_ID_COUNT; id++) {
		char name[CONFIG_VARIABLE_BYTES];
		const char *value;

		config_variable(id, name);
		value = getenv(name);
		if (value && *value)
			TRY(lay_checked(cli, id, slice_str(value), CONFIG_FROM_ENVIRONMENT, name));
	}
	return OK;
}

/* A verb may take a flag of its own under the name of a global one (--audience): then the global one is not given. */
static FALLIBLE lay_flags(struct cli *cli)
{
	for (enum config_id id = 0; id < CONFIG_ID_COUNT; id++) {
		int flag = config_rows[id].flag;

		if (flag == FLAG_END || !cli->given[flag].is_given)
			continue;
		if (FAILED(config_check(id, cli->given[flag].text)))
			return MISUSE(cli, "--%s: \"%.*s\" is no http(s) URL", flags[flag].name,
				      SLICE_ARG(cli->given[flag].text));
		TRY(lay(cli, id, cli->given[flag].text, CONFIG_FROM_FLAG));
	}
	return OK;
}

/* A place that was set with less weight than the API itself belongs to another server. */
static void follow_api(struct config *config)
{
	static const enum config_id followers[] = { CONFIG_ID_PLATFORM_ISSUER, CONFIG_ID_PLATFORM_AUDIENCE,
						    CONFIG_ID_PLATFORM_CONSOLE };
	enum config_source weight = config->sources[CONFIG_ID_PLATFORM_API];

	for (size_t i = 0; i < sizeof(followers) / sizeof(*followers); i++)
		if (config->values[followers[i]].len == 0 || config->sources[followers[i]] < weight)
			config->values[followers[i]] = config->values[CONFIG_ID_PLATFORM_API];
	if (config->values[CONFIG_ID_PLATFORM_ISSUER_NAME].len == 0 ||
	    config->sources[CONFIG_ID_PLATFORM_ISSUER_NAME] < weight ||
	    config->sources[CONFIG_ID_PLATFORM_ISSUER_NAME] < config->sources[CONFIG_ID_PLATFORM_ISSUER])
		config->values[CONFIG_ID_PLATFORM_ISSUER_NAME] = config->values[CONFIG_ID_PLATFORM_ISSUER];
}

FALLIBLE config_load(struct cli *cli)
{
	enum config_source weight;
	slice audience;

	for (enum config_id id = 0; id < CONFIG_ID_COUNT; id++)
		cli->config.values[id] = initial_of(id);
	TRY(find_path(cli));
	TRY(lay_file(cli));
	TRY(lay_environment(cli));
	audience = cli->config.values[CONFIG_ID_PLATFORM_AUDIENCE];
	weight = cli->config.sources[CONFIG_ID_PLATFORM_AUDIENCE];
	TRY(lay_flags(cli));
	follow_api(&cli->config);
	cli->config.home_audience = audience.len > 0 && weight >= cli->config.sources[CONFIG_ID_PLATFORM_API]
					    ? audience
					    : cli->config.values[CONFIG_ID_PLATFORM_API];
	return OK;
}

slice config_text(const struct config *config, enum config_id id)
{
	slice value = config->values[id];

	return value.at ? value : slice_str("");
}

bool config_on(const struct config *config, enum config_id id)
{
	return slice_is(config->values[id], "true");
}

/* --- writing --- */

/* Items of one list keep their order. */
static int by_key(const void *a, const void *b)
{
	const struct yaml_setting *one = a, *other = b;
	int order = slice_compare(one->key, other->key);

	return order ? order : (one->line > other->line) - (one->line < other->line);
}

FALLIBLE config_yaml(struct cli *cli, const struct yaml_setting *settings, size_t count, slice *ret_yaml)
{
	struct yaml_setting *sorted = NEW_N(cli->arena, struct yaml_setting, count + 1);
	struct buffer out;

	TRY_NEW(sorted);
	if (count) {
		memcpy(sorted, settings, count * sizeof(*sorted));
		qsort(sorted, count, sizeof(*sorted), by_key);
	}
	buffer_init(&out, cli->arena, CLI_FILE_BYTES_MAX);
	yaml_write(&out, sorted, count);
	if (buffer_failed(&out))
		return FAIL(FAULT_EXHAUSTED, "the configuration is too large");
	*ret_yaml = buffer_slice(&out);
	return OK;
}

FALLIBLE config_store(struct cli *cli, const struct yaml_setting *changes, size_t count)
{
	struct config *config = &cli->config;
	struct yaml_setting *all = NEW_N(cli->arena, struct yaml_setting, config->stored_count + count + 1);
	size_t n = 0;
	slice yaml;

	TRY_NEW(all);
	for (size_t i = 0; i < config->stored_count; i++) {
		bool is_changed = false;

		for (size_t k = 0; k < count; k++)
			is_changed |= slice_eq(config->stored[i].key, changes[k].key);
		if (!is_changed)
			all[n++] = config->stored[i];
	}
	for (size_t k = 0; k < count; k++)
		if (changes[k].value.at)
			all[n++] = changes[k];
	TRY(config_yaml(cli, all, n, &yaml));
	TRY(file_write(cli->arena, config->path, yaml, 0600));
	config->stored = all;
	config->stored_count = n;
	config->has_file = true;
	return OK;
}

static bool is_in_file(const struct config *config, enum config_id id)
{
	for (size_t i = 0; i < config->stored_count; i++)
		if (slice_is(config->stored[i].key, config_rows[id].key))
			return slice_eq(settled(id, config->stored[i].value), config->values[id]);
	return slice_eq(config->values[id], initial_of(id));
}

FALLIBLE config_effective(struct cli *cli, bool only_other, struct yaml_setting **ret_settings, size_t *ret_count)
{
	struct yaml_setting *settings = NEW_N(cli->arena, struct yaml_setting, CONFIG_ID_COUNT);
	size_t count = 0;

	TRY_NEW(settings);
	for (enum config_id id = 0; id < CONFIG_ID_COUNT; id++) {
		slice value = config_text(&cli->config, id);

		if (only_other ? !is_in_file(&cli->config, id) : value.len > 0)
			settings[count++] = (struct yaml_setting){ .key = slice_str(config_rows[id].key), .value = value };
	}
	*ret_settings = settings;
	*ret_count = count;
	return OK;
}
