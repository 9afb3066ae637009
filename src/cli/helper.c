/*
 * helper: the credential helper's protocol: one word as its argument, the rest on standard input.
 */
#include <stdio.h>

#include "cli/cache.h"
#include "cli/claims.h"
#include "cli/client.h"
#include "cli/docker.h"
#include "cli/print.h"
#include "cli/signin.h"

#define INPUT_BYTES_MAX ((size_t)256 * 1024)
#define TOKEN_USER "_token"
#define NOT_FOUND_TEXT "credentials not found in native keychain"
#define NO_SERVER_TEXT "no credentials server URL"
#define NO_USER_TEXT "no credentials username"

bool helper_is(const char *program)
{
	return strcmp(program, HELPER_PROGRAM) == 0;
}

static FALLIBLE read_input(struct cli *cli, slice *ret_text)
{
	struct buffer input;
	char part[4096];
	size_t n;

	buffer_init(&input, cli->arena, INPUT_BYTES_MAX);
	while ((n = fread(part, 1, sizeof(part), cli->in)) > 0)
		buffer_add(&input, slice_of(part, n));
	if (buffer_failed(&input))
		return FAIL(FAULT_INVALID, "the input is too long");
	*ret_text = slice_trim(buffer_slice(&input));
	return slice_is_text(*ret_text) ? OK : FAIL(FAULT_INVALID, "the input is no UTF-8 text");
}

static FALLIBLE read_server(struct cli *cli, slice *ret_server)
{
	*ret_server = SLICE("");
	TRY(read_input(cli, ret_server));
	return ret_server->len > 0 ? OK : FAIL(FAULT_INVALID, NO_SERVER_TEXT);
}

/* The configured registry that this server is; empty when it is none of ours. */
static FALLIBLE registry_of(struct cli *cli, slice server, slice *ret_registry)
{
	slice *hosts;
	size_t count;

	TRY(docker_registries(cli, &hosts, &count));
	*ret_registry = slice_str("");
	for (size_t i = 0; i < count; i++)
		if (slice_eq_nocase(hosts[i], docker_host(server)))
			*ret_registry = hosts[i];
	return OK;
}

static FALLIBLE put_credential(struct cli *cli, slice server, slice user, slice secret)
{
	struct json_writer writer;
	struct buffer out;

	buffer_init(&out, cli->arena, INPUT_BYTES_MAX);
	json_writer_init(&writer, &out);
	json_open_object(&writer);
	json_pair_text(&writer, "ServerURL", server);
	json_pair_text(&writer, "Username", user);
	json_pair_text(&writer, "Secret", secret);
	json_close_object(&writer);
	if (buffer_failed(&out))
		return FAIL(FAULT_INTERNAL, "the credential is too long");
	fprintf(cli->out, "%.*s\n", SLICE_ARG(buffer_slice(&out)));
	return OK;
}

static FALLIBLE helper_get(struct cli *cli)
{
	slice server, registry, user, secret;
	status st;

	TRY(read_server(cli, &server));
	TRY(kept_find(cli, docker_host(server), &user, &secret));
	if (user.len > 0)
		return put_credential(cli, server, user, secret);
	TRY(registry_of(cli, server, &registry));
	if (registry.len == 0)
		return FAIL(FAULT_ABSENT, NOT_FOUND_TEXT);
	st = signin_token(cli, registry, &secret);
	if (st.fault == FAULT_UNAUTHENTIC) {
		fprintf(cli->err, "reeve: %s\n", report_current()->text);
		return FAIL(FAULT_ABSENT, NOT_FOUND_TEXT);
	}
	TRY(st);
	return put_credential(cli, server, SLICE(TOKEN_USER), secret);
}

/* Docker stores back what `get` gave: that is made anew each time and never kept. */
static FALLIBLE helper_store(struct cli *cli)
{
	const struct json *given;
	slice input, host, user;

	TRY(read_input(cli, &input));
	if (FAILED(json_parse_object(cli->arena, input, NULL, &given)))
		return FAIL(FAULT_INVALID, "the input is no JSON object");
	host = docker_host(json_at(given, "ServerURL"));
	user = json_at(given, "Username");
	if (host.len == 0)
		return FAIL(FAULT_INVALID, NO_SERVER_TEXT);
	if (user.len == 0)
		return FAIL(FAULT_INVALID, NO_USER_TEXT);
	if (slice_is(user, TOKEN_USER))
		return kept_remove(cli, host);
	return kept_put(cli, host, user, json_at(given, "Secret"));
}

static FALLIBLE helper_erase(struct cli *cli)
{
	slice server;

	TRY(read_server(cli, &server));
	return kept_remove(cli, docker_host(server));
}

/* What is kept, and the registries a session can answer for; nothing is asked of the network. */
static FALLIBLE helper_list(struct cli *cli)
{
	struct json_writer writer;
	const struct json *all;
	struct buffer out;
	slice *hosts;
	size_t count;

	TRY(kept_all(cli, &all));
	TRY(docker_registries(cli, &hosts, &count));
	buffer_init(&out, cli->arena, CLI_FILE_BYTES_MAX);
	json_writer_init(&writer, &out);
	json_open_object(&writer);
	JSON_EACH (entry, all) {
		json_put_name(&writer, entry->name);
		json_put_text(&writer, json_at(entry, "Username"));
	}
	for (size_t i = 0; i < count; i++) {
		slice user, secret;

		TRY(kept_find(cli, hosts[i], &user, &secret));
		if (user.len > 0 || !signin_is_possible(cli, hosts[i]))
			continue;
		json_put_name(&writer, hosts[i]);
		json_put_text(&writer, SLICE(TOKEN_USER));
	}
	json_close_object(&writer);
	if (buffer_failed(&out))
		return FAIL(FAULT_EXHAUSTED, "too many credentials");
	fprintf(cli->out, "%.*s\n", SLICE_ARG(buffer_slice(&out)));
	return OK;
}

static FALLIBLE helper_version(struct cli *cli)
{
	fprintf(cli->out, HELPER_PROGRAM " (reeve) v" REEVE_VERSION "\n");
	return OK;
}

static FALLIBLE helper_run(struct cli *cli, int argc, char **argv)
{
	static const struct {
		const char *word;
		status (*run)(struct cli *cli);
	} actions[] = { { "get", helper_get },
			{ "store", helper_store },
			{ "erase", helper_erase },
			{ "list", helper_list },
			{ "version", helper_version } };

	for (size_t i = 0; argc == 2 && i < sizeof(actions) / sizeof(*actions); i++) {
		if (strcmp(argv[1], actions[i].word) != 0)
			continue;
		if (actions[i].run != helper_version)
			TRY(config_load(cli));
		return actions[i].run(cli);
	}
	return FAIL(FAULT_INVALID, "Usage: " HELPER_PROGRAM " <get|store|erase|list|version>");
}

int helper_main(struct cli *cli, int argc, char **argv)
{
	status st = helper_run(cli, argc, argv);

	if (FAILED(st))
		fprintf(cli->out, "%s\n", report_current()->text);
	return fflush(cli->out) == 0 && !FAILED(st) ? EXIT_DONE : EXIT_FAILED;
}
