/*
 * setup: this machine becomes an operator: key, registration, configuration, first token.
 *
 * The order matters: the key is on disk before the server knows it, and the configuration names it only after the server has
 * taken it; so a failure in between loses a one-time code at most, never a way in.
 */
#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <unistd.h>

#include "cli/cache.h"
#include "cli/client.h"
#include "cli/files.h"
#include "cli/machine.h"
#include "cli/print.h"
#include "cli/signin.h"
#include "cli/verbs.h"
#include "fetch/url.h"

#define KEY_FILE "machine-key.pem"
#define NAME_MAX_BYTES 63
#define CHANGES_MAX 10

static bool is_loopback(slice host)
{
	return slice_is(host, "localhost") || slice_starts(host, SLICE("127."));
}

/* The code opens the door: it goes over TLS or stays on this machine. */
static FALLIBLE server_of(struct cli *cli, slice *ret_server)
{
	slice server = flag_text(cli, FLAG_SERVER);
	struct url url;

	if (server.len == 0 && cli->config.sources[CONFIG_ID_PLATFORM_API] != CONFIG_INITIAL)
		server = CONFIG(cli, PLATFORM_API);
	while (server.len > 1 && server.at[server.len - 1] == '/')
		server.len--;
	if (server.len == 0)
		return MISUSE(cli, "--server is missing: the server's base URL");
	if (FAILED(url_parse(server, &url)) || url.has_query)
		return MISUSE(cli, "--server: \"%.*s\" is no http(s) URL", SLICE_ARG(server));
	if (!url.is_https && !is_loopback(url.host))
		return MISUSE(cli, "--server: a setup code goes over https, or over http to this very machine");
	*ret_server = arena_copy(cli->arena, server);
	TRY_NEW(ret_server->at);
	return OK;
}

static FALLIBLE code_of(struct cli *cli, slice *ret_code)
{
	char line[64];

	*ret_code = flag_text(cli, FLAG_CODE);
	if (ret_code->len > 0)
		return OK;
	if (!isatty(fileno(cli->in)))
		return MISUSE(cli, "--code is missing: `reeved setup-code` on the server prints one");
	fputs("Setup code: ", cli->err);
	fflush(cli->err);
	if (!fgets(line, sizeof(line), cli->in))
		return FAIL(FAULT_CANCELLED, "no code was given; nothing was done");
	*ret_code = arena_copy(cli->arena, slice_trim(slice_str(line)));
	TRY_NEW(ret_code->at);
	return OK;
}

/* user.host, in the letters a name may have. */
static FALLIBLE name_of(struct cli *cli, slice *ret_name)
{
	struct passwd *user = getpwuid(getuid());
	char host[256] = "", *text;

	*ret_name = flag_text(cli, FLAG_OPERATOR_NAME);
	if (ret_name->len > 0)
		return OK;
	(void)gethostname(host, sizeof(host) - 1); /* stays empty when there is none */
	text = arena_printf(cli->arena, "%s.%s", user ? user->pw_name : "operator", *host ? host : "machine");
	TRY_NEW(text);
	for (char *c = text; *c; c++)
		*c = isalnum((unsigned char)*c) || *c == '.' || *c == '_' ? (char)tolower((unsigned char)*c) : '-';
	*ret_name = slice_to(slice_str(text), NAME_MAX_BYTES);
	return OK;
}

/* From here on every call goes to that server. */
static void use_server(struct cli *cli, slice server)
{
	cli->config.values[CONFIG_ID_PLATFORM_API] = server;
	cli->config.values[CONFIG_ID_PLATFORM_ISSUER] = server;
}

static FALLIBLE register_key(struct cli *cli, slice jwk, slice code, const struct json **ret_answer)
{
	struct ask ask;
	slice name;

	TRY(name_of(cli, &name));
	TRY(ask_begin(cli, &ask, METHOD_REEVE_SETUP_REGISTER, "registering this machine"));
	ask_text(&ask, "code", code);
	ask_text(&ask, "name", name);
	ask_text(&ask, "jwk", jwk);
	return call(cli, &ask, ret_answer);
}

/* The new key takes the old one's place; the old one stays beside it. */
static FALLIBLE key_settle(struct cli *cli, const char *fresh, const char *path)
{
	char *old = arena_printf(cli->arena, "%s.old", path);

	TRY_NEW(old);
	if (rename(path, old) != 0 && errno != ENOENT)
		return FAIL(FAULT_INVALID, "cannot set %s aside: %s", path, strerror(errno));
	if (rename(fresh, path) != 0)
		return FAIL(FAULT_INVALID, "cannot put this machine's key at %s: %s", path, strerror(errno));
	return OK;
}

static slice joined(struct cli *cli, const struct json *list)
{
	struct buffer text;

	buffer_init(&text, cli->arena, CLI_FILE_BYTES_MAX);
	if (json_is(list, JSON_ARRAY))
		JSON_EACH (item, list)
			buffer_printf(&text, "%s%.*s", text.len ? "," : "", SLICE_ARG(item->text));
	return buffer_slice(&text);
}

struct changes {
	struct yaml_setting rows[CHANGES_MAX];
	size_t count;
};

/* Sets the key for this run and in the file; an empty value removes it there. */
static void change(struct cli *cli, struct changes *changes, enum config_id id, slice value)
{
	cli->config.values[id] = value;
	changes->rows[changes->count++] =
		(struct yaml_setting){ .key = slice_str(config_rows[id].key), .value = value.len ? value : (slice){ NULL, 0 } };
}

/* Calls go to where the server was reached; what it calls itself is what tokens say. */
static FALLIBLE configure(struct cli *cli, slice server, const char *key, const struct json *answer)
{
	slice issuer = json_at(answer, "issuer"), api = json_at(answer, "api"), audience = json_at(answer, "audience");
	slice reached = slice_eq(issuer, api) ? server : issuer;
	struct changes changes = { .count = 0 };

	if (issuer.len == 0 || audience.len == 0 || json_at(answer, "identityUid").len == 0)
		return FAIL(FAULT_INTERNAL, "registering this machine: the server's answer lacks its names");
	change(cli, &changes, CONFIG_ID_PLATFORM_API, server);
	change(cli, &changes, CONFIG_ID_PLATFORM_ISSUER, reached);
	change(cli, &changes, CONFIG_ID_PLATFORM_ISSUER_NAME, slice_eq(issuer, reached) ? slice_str("") : issuer);
	change(cli, &changes, CONFIG_ID_PLATFORM_AUDIENCE, audience);
	change(cli, &changes, CONFIG_ID_PLATFORM_REGISTRY, joined(cli, json_member(answer, "registries")));
	change(cli, &changes, CONFIG_ID_AUTH_IDENTITY, json_at(answer, "identityUid"));
	change(cli, &changes, CONFIG_ID_AUTH_MACHINE_KEY, slice_str(key));
	change(cli, &changes, CONFIG_ID_AUTH_ASSERTION_ISSUER, json_at(answer, "assertionIssuer"));
	TRY(config_store(cli, changes.rows, changes.count));
	cli->config.values[CONFIG_ID_PLATFORM_ISSUER_NAME] = issuer;
	cli->config.home_audience = audience;
	return OK;
}

/* Tokens of an earlier session would keep their own subject. */
static FALLIBLE forget(struct cli *cli, const struct json *answer)
{
	const struct json *registries = json_member(answer, "registries");

	TRY(cache_remove(cli, json_at(answer, "audience")));
	if (json_is(registries, JSON_ARRAY))
		JSON_EACH (item, registries)
			TRY(cache_remove(cli, item->text));
	return OK;
}

static FALLIBLE tell(struct cli *cli, slice server, const struct json *answer)
{
	struct pair pairs[] = { { "Identity", json_at(answer, "identityUid") },
				{ "Server", server },
				{ "Registries", CONFIG(cli, PLATFORM_REGISTRY) } };

	cli_say(cli, "This machine is an operator of %.*s now. Its key: %.*s; configuration: %s.", SLICE_ARG(server),
		SLICE_ARG(CONFIG(cli, AUTH_MACHINE_KEY)), cli->config.path);
	if (cli->output == OUTPUT_JSON)
		print_json(cli->out, answer);
	else if (cli->output == OUTPUT_ID)
		fprintf(cli->out, "%.*s\n", SLICE_ARG(json_at(answer, "identityUid")));
	else if (cli->output == OUTPUT_TABLE)
		print_pairs(cli, pairs, sizeof(pairs) / sizeof(*pairs));
	return OK;
}

status setup_run(struct cli *cli)
{
	const struct json *answer;
	slice server, code, jwk, token;
	const char *path;
	char *fresh;
	status st;

	TRY(server_of(cli, &server));
	TRY(code_of(cli, &code));
	TRY(path_config(cli->arena, KEY_FILE, &path));
	fresh = arena_printf(cli->arena, "%s.new", path);
	TRY_NEW(fresh);
	TRY(machine_key_make(cli, fresh, &jwk));
	use_server(cli, server);
	st = register_key(cli, jwk, code, &answer);
	if (FAILED(st)) {
		(void)unlink(fresh); /* nobody knows it */
		return fault_via(st, __func__, __LINE__);
	}
	TRY(key_settle(cli, fresh, path));
	TRY(configure(cli, server, path, answer));
	TRY(forget(cli, answer));
	TRY(signin_renew(cli, CONFIG(cli, PLATFORM_AUDIENCE), &token));
	return tell(cli, server, answer);
}
