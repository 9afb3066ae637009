/*
 * docker: edits of Docker's configuration.
 */
#include "cli/docker.h"

#include "base/encode.h"
#include "cli/client.h"
#include "cli/files.h"
#include "cli/print.h"
#include "cli/value.h"

slice docker_host(slice server)
{
	slice host = slice_trim(server), rest;
	bool is_plain = slice_starts(host, SLICE("http://"));

	if (is_plain || slice_starts(host, SLICE("https://")))
		host = slice_from(host, is_plain ? 7 : 8);
	(void)slice_cut(host, '/', &host, &rest); /* a bare host has no path */
	if (slice_ends(host, SLICE(":443")) && !is_plain)
		host.len -= 4;
	else if (slice_ends(host, SLICE(":80")) && is_plain)
		host.len -= 3;
	return host;
}

FALLIBLE docker_registries(struct cli *cli, slice **ret_hosts, size_t *ret_count)
{
	slice *hosts = NULL;
	size_t count = 0;

	TRY(csv_split(cli->arena, CONFIG(cli, PLATFORM_REGISTRY), &hosts, &count));
	if (count > DOCKER_REGISTRIES_MAX)
		return FAIL(FAULT_INVALID, "platform.registry names more than %d registries", DOCKER_REGISTRIES_MAX);
	for (size_t i = 0; i < count; i++)
		hosts[i] = docker_host(hosts[i]);
	*ret_hosts = hosts;
	*ret_count = count;
	return OK;
}

/* --- the file --- */

/* Where the configuration really is: a link to it is followed, so that it stays a link. */
static FALLIBLE config_path(struct cli *cli, const char **ret_path)
{
	const char *folder = getenv("DOCKER_CONFIG");
	char *real;

	if (folder && *folder)
		*ret_path = arena_printf(cli->arena, "%s/config.json", folder);
	else
		TRY(path_home(cli->arena, ".docker/config.json", ret_path));
	TRY_NEW(*ret_path);
	real = realpath(*ret_path, NULL);
	if (real) {
		*ret_path = arena_text(cli->arena, slice_str(real));
		free(real); /* realpath's own memory */
	}
	TRY_NEW(*ret_path);
	return OK;
}

static FALLIBLE config_read(struct cli *cli, const char *path, const struct json **ret_config)
{
	static const struct json empty = { .kind = JSON_OBJECT };
	slice text;

	TRY(file_read(cli->arena, path, &text));
	*ret_config = &empty;
	if (!text.at || slice_trim(text).len == 0)
		return OK;
	if (FAILED(json_parse_object(cli->arena, text, NULL, ret_config)))
		return FAIL(FAULT_INVALID, "%s is no JSON object; it is left as it is", path);
	return OK;
}

static FALLIBLE config_write(struct cli *cli, const char *path, const struct json *config)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	status st;

	if (!out)
		return FAIL(FAULT_EXHAUSTED, "no memory for Docker's configuration");
	print_json_tabs(out, config);
	if (fclose(out) != 0)
		st = FAIL(FAULT_EXHAUSTED, "no memory for Docker's configuration");
	else
		st = file_write(cli->arena, path, slice_of(text, len), 0600);
	free(text); /* open_memstream's own memory */
	return st;
}

/* The member of that name as an object; another kind is an error, for it would be lost. */
static FALLIBLE section(const struct json *config, const char *name, const struct json **ret_section)
{
	static const struct json empty = { .kind = JSON_OBJECT };
	const struct json *found = json_member(config, name);

	if (found && found->kind != JSON_OBJECT && found->kind != JSON_NULL)
		return FAIL(FAULT_INVALID, "Docker's configuration: \"%s\" is no object; it is left as it is", name);
	*ret_section = found && found->kind == JSON_OBJECT ? found : &empty;
	return OK;
}

FALLIBLE docker_use_helper(struct cli *cli, const slice *hosts, size_t count)
{
	const struct json *config, *helpers;
	const char *path;

	TRY(config_path(cli, &path));
	TRY(config_read(cli, path, &config));
	TRY(section(config, "credHelpers", &helpers));
	for (size_t i = 0; i < count; i++) {
		char *host = arena_text(cli->arena, hosts[i]);

		TRY_NEW(host);
		helpers = json_with(cli, helpers, host, json_new_text(cli, SLICE(HELPER_NAME)));
		TRY_NEW(helpers);
	}
	config = json_with(cli, config, "credHelpers", helpers);
	TRY_NEW(config);
	return config_write(cli, path, config);
}

/* A helper named for the host would be asked first; an empty name there means none, also when there is a store for all. */
static FALLIBLE without_helper(struct cli *cli, const struct json **config, const char *host)
{
	const struct json *helpers;
	slice name;

	TRY(section(*config, "credHelpers", &helpers));
	if (!json_member(helpers, host) && !json_member(*config, "credsStore"))
		return OK;
	if (json_text(json_member(helpers, host), &name) && name.len > 0 && !slice_is(name, HELPER_NAME))
		cli_warn(cli, "%s had the credential helper %.*s; it is asked no more", host, SLICE_ARG(name));
	helpers = json_with(cli, helpers, host, json_new_text(cli, slice_str("")));
	*config = json_with(cli, *config, "credHelpers", helpers);
	TRY_NEW(*config);
	return OK;
}

FALLIBLE docker_keep(struct cli *cli, slice host, slice user, slice secret)
{
	const struct json *config, *auths, *auth;
	char *name = arena_text(cli->arena, host),
	     *pair = arena_printf(cli->arena, "%.*s:%.*s", SLICE_ARG(user), SLICE_ARG(secret));
	struct buffer encoded;
	const char *path;

	TRY_NEW(name);
	TRY_NEW(pair);
	buffer_init(&encoded, cli->arena, CLI_FILE_BYTES_MAX);
	base64_encode(&encoded, BASE64_STANDARD, slice_str(pair));
	if (buffer_failed(&encoded))
		return FAIL(FAULT_INVALID, "the credential is too long");
	TRY(config_path(cli, &path));
	TRY(config_read(cli, path, &config));
	TRY(section(config, "auths", &auths));
	if (json_member(auths, name))
		cli_say(cli, "The credential that Docker had for %s is replaced.", name);
	TRY(section(auths, name, &auth));
	auth = json_with(cli, auth, "auth", json_new_text(cli, buffer_slice(&encoded)));
	config = json_with(cli, config, "auths", json_with(cli, auths, name, auth));
	TRY_NEW(config);
	TRY(without_helper(cli, &config, name));
	return config_write(cli, path, config);
}
