#include "server/parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "fetch/mail.h"
#include "fetch/url.h"
#include "login/oauth.h"
#include "login/orgcheck.h"
#include "login/shown.h"
#include "net/socket.h"
#include "registry/path.h"
#include "rpc/nested.h"
#include "server/connections.h"
#include "server/settings.h"
#include "service/setup.h"

#define START_MEMORY_BYTES ((size_t)64 * 1024 * 1024)
#define VERIFIED_CACHE_MAX 4096
#define RELATIONSHIP_CACHE_MAX 4096
#define UPSTREAM_CACHE_MAX 256

static char *text_of(struct arena *arena, slice text)
{
	return arena_text(arena, text);
}

/* The connections whose ID tokens are taken as they are: those that give any. */
static FALLIBLE connections_of_issuer(struct server_parts *parts, struct issuer_options *options)
{
	const struct settings *settings = &parts->settings;
	struct issuer_connection *connections = NEW_N(parts->arena, struct issuer_connection, settings->connections_count);

	TRY_NEW(connections);
	for (size_t i = 0; i < settings->connections_count; i++) {
		const struct connection *from = &settings->connections[i];
		if (from->kind == CONNECTION_OIDC)
			connections[options->connections_count++] =
				(struct issuer_connection){ from->name, from->issuer, from->client_id };
	}
	options->connections = connections;
	return OK;
}

/* ---- the store and what is read from it ---- */

static status committed(void *user, struct tx *tx, const struct change *changes, size_t count, uint64_t revision)
{
	struct server_parts *parts = user;

	if (!parts->index_is_loaded) /* the first start's own writes: the load reads them */
		return OK;
	TRY(authz_apply(parts->parts.authz, tx, changes, count, revision));
	path_tree_changed(changes, count);
	return issuer_apply(parts->parts.issuer, tx, changes, count, revision);
}

FALLIBLE parts_open_store(const struct config *config, struct arena *arena, struct store **ret_store)
{
	struct store_options options = { .path = text_of(arena, config->data),
					 .queue_max = (unsigned)config->queue_max,
					 .readers_max = (unsigned)config->workers + 2,
					 .clock = &clock_system };

	TRY_NEW(options.path);
	return store_open_sqlite(&options, ret_store);
}

struct opening {
	struct server_parts *parts;
	struct setup_start start;
	struct setup_code code;
	uint8_t digest[32];
};

static status prepare(struct tx *tx, void *arg)
{
	struct opening *opening = arg;

	TRY(setup_prepare(tx, &opening->start));
	if (opening->start.is_new)
		TRY(setup_code_put(tx, &opening->code));
	return OK;
}

static status load(struct tx *tx, void *arg)
{
	struct opening *opening = arg;
	struct server_parts *parts = opening->parts;
	struct uid system_group;
	slice page_key;

	TRY(setup_read(tx, &system_group, &page_key));
	parts->settings.page_key = arena_copy(parts->arena, page_key);
	TRY_NEW(parts->settings.page_key.at);
	authz_set_system_group(parts->parts.authz, &system_group);
	return authz_load(parts->parts.authz, tx);
}

static FALLIBLE fill_store(struct server_parts *parts)
{
	struct opening opening = { .parts = parts, .start.now_us = clock_now_us(parts->parts.clock) };
	uint64_t revision;
	char code[SETUP_CODE_BYTES];

	TRY(random_fill(parts->parts.random, opening.start.random, sizeof(opening.start.random)));
	TRY(setup_code_new(parts->parts.random, opening.start.now_us, parts->config->setup_code_life, code, opening.digest,
			   &opening.code));
	TRY(store_write(parts->parts.store, prepare, &opening, parts->arena, &revision));
	TRY(store_read(parts->parts.store, load, &opening, parts->arena));
	parts->index_is_loaded = true;
	if (opening.start.is_new)
		memcpy(parts->setup_code, code, sizeof(code));
	return OK;
}

/* ---- the other parts ---- */

/* The allow list in fetch's form: hosts, and "http://" in front of those that may be plain. */
static FALLIBLE open_fetcher(struct server_parts *parts)
{
	const struct config *config = parts->config;
	size_t count = config->fetch_allow.count + config->fetch_allow_http.count, n = 0;
	const char **hosts = NEW_N(parts->arena, const char *, count + 1);
	/* A quarter of the workers, at least one of several, is never caught by slow peers. */
	unsigned workers = (unsigned)config->workers, spared = workers < 4 ? workers > 1 : workers / 4;
	struct fetch_config fetch = { .allowed_hosts = hosts,
				      .waiting_threads_max = workers - spared,
				      .timeout_ms = config->fetch_timeout * 1000 };

	TRY_NEW(hosts);
	for (size_t i = 0; i < config->fetch_allow.count; i++)
		hosts[n++] = text_of(parts->arena, config->fetch_allow.at[i]);
	for (size_t i = 0; i < config->fetch_allow_http.count; i++)
		hosts[n++] = arena_printf(parts->arena, "http://%.*s", SLICE_ARG(config->fetch_allow_http.at[i]));
	for (size_t i = 0; i < n; i++)
		TRY_NEW(hosts[i]);
	if (config->fetch_ca_file.len)
		fetch.ca_file = text_of(parts->arena, config->fetch_ca_file);
	return fetcher_new(&fetch, &parts->parts.fetcher);
}

/* *ret_mailer is NULL when the configuration names no mail server. */
static FALLIBLE open_mailer(struct arena *arena, const struct config *config, struct mailer **ret_mailer)
{
	struct mail_config mail = { .url = config->smtp_url, .from = config->smtp_from, .user = config->smtp_user };

	*ret_mailer = NULL;
	if (config->smtp_url.len == 0)
		return OK;
	TRY(secret_choose(arena, "smtp.password", config->smtp_password, config->smtp_password_file, &mail.password));
	if (config->fetch_ca_file.len) {
		mail.ca_file = text_of(arena, config->fetch_ca_file);
		TRY_NEW(mail.ca_file);
	}
	return mailer_new(&mail, ret_mailer);
}

static FALLIBLE open_issuer(struct server_parts *parts)
{
	const struct config *config = parts->config;
	size_t count = config->token_audiences.count + config->registries.count;
	slice *audiences = NEW_N(parts->arena, slice, count);
	struct issuer_options options = {
		.url = parts->settings.issuer_url,
		.api_url = parts->settings.api_url,
		.audiences = audiences,
		.audiences_count = count,
		.registries = config->registries.at,
		.registries_count = config->registries.count,
		.algorithm = config->token_algorithm,
		.access_life_s = config->token_life,
		.registry_life_s = config->registry_token_life,
		.rotate_every_s = config->token_rotate,
		.issuer_allow = config->issuers_allow.at,
		.issuer_allow_count = config->issuers_allow.count,
		.data_folder = config->data,
		.relationship_cache_max = RELATIONSHIP_CACHE_MAX,
		.upstream_cache_max = UPSTREAM_CACHE_MAX,
		.verified_cache_max = VERIFIED_CACHE_MAX,
		.clock = parts->parts.clock,
		.random = parts->parts.random,
	};

	TRY_NEW(audiences);
	options.clients = parts->settings.clients;
	options.clients_count = parts->settings.clients_count;
	TRY(connections_of_issuer(parts, &options));
	for (size_t i = 0; i < config->token_audiences.count; i++)
		audiences[i] = config->token_audiences.at[i];
	for (size_t i = 0; i < config->registries.count; i++)
		audiences[config->token_audiences.count + i] = config->registries.at[i];
	return issuer_new(&options, parts->parts.store, parts->parts.authz, parts->parts.fetcher, &parts->parts.issuer);
}

static FALLIBLE open_trail(struct server_parts *parts)
{
	char *folder = arena_printf(parts->arena, "%.*s/trail", SLICE_ARG(parts->config->data));
	struct trail_options options = { .folder = slice_str(folder),
					 .clock = parts->parts.clock,
					 .store = parts->parts.store };

	TRY_NEW(folder);
	return trail_open(&options, &parts->parts.trail);
}

static FALLIBLE open_calls(struct server_parts *parts)
{
	struct rpc_options options = { .parts = &parts->parts, .version = REEVE_VERSION };

	TRY(workers_new((unsigned)parts->config->workers, (unsigned)parts->config->queue_max, &parts->workers));
	options.workers = parts->workers;
	TRY(rpc_new(&options, &parts->rpc));
	registry_speak(parts->rpc);
	oauth_speak(parts->rpc);
	orgcheck_speak(parts->rpc);
	TRY(shown_open(parts->arena, parts->settings.issuer_url));
	shown_speak(parts->rpc);
	return OK;
}

static FALLIBLE open_all(struct server_parts *parts, slice base_url)
{
	TRY(settings_make(parts->arena, parts->config, base_url, &parts->settings));
	parts->parts.clock = &clock_system;
	parts->parts.random = &random_system;
	parts->parts.settings = &parts->settings;
	parts->parts.nested = rpc_nested;
	TRY(parts_open_store(parts->config, parts->arena, &parts->parts.store));
	parts->parts.authz = authz_new();
	TRY_NEW(parts->parts.authz);
	store_on_commit(parts->parts.store, committed, parts);
	TRY(open_fetcher(parts));
	TRY(open_mailer(parts->arena, parts->config, &parts->parts.mailer));
	TRY(open_issuer(parts));
	TRY(fill_store(parts));
	TRY(issuer_start(parts->parts.issuer));
	TRY(open_trail(parts));
	return open_calls(parts);
}

/* What is wrong with the base URL is said of the key it was read from: "url", or "listen" that it was made from. */
static FALLIBLE check_base_url(const struct config *config, slice base_url)
{
	struct socket_address address;
	char why[REPORT_TEXT_BYTES];
	slice first, rest;
	struct url url;

	(void)slice_cut(config->listen, ',', &first, &rest); /* one address is fine */
	TRY(socket_address_parse("listen", slice_trim(first), &address));
	if (!FAILED(url_parse(config->url.len ? config->url : base_url, &url)))
		return OK;
	(void)snprintf(why, sizeof(why), "%s", report_current()->text); /* same size: never cut */
	return config->url.len ? FAIL_FIELD("url", "%s", why)
			       : FAIL_FIELD("url", "must be set, for listen makes none: %s", why);
}

FALLIBLE parts_open(struct server_parts *parts, const struct config *config, slice base_url)
{
	status result;

	TRY(check_base_url(config, base_url));

	*parts = (struct server_parts){ .config = config, .arena = arena_new(START_MEMORY_BYTES) };
	if (!parts->arena)
		return FAIL(FAULT_EXHAUSTED, "no memory to start");
	result = open_all(parts, base_url);
	if (FAILED(result))
		parts_close(parts);
	return result;
}

FALLIBLE parts_check(struct arena *arena, const struct config *config, slice base_url)
{
	struct settings settings;
	struct mailer *mailer;

	TRY(check_base_url(config, base_url));
	TRY(settings_make(arena, config, base_url, &settings));
	TRY(open_mailer(arena, config, &mailer));
	mailer = mailer_free(mailer); /* nothing waits in it */
	return OK;
}

void parts_close(struct server_parts *parts)
{
	parts->workers = workers_free(parts->workers);
	shown_close();
	parts->rpc = rpc_free(parts->rpc);
	parts->parts.trail = trail_close(parts->parts.trail);
	parts->parts.store = store_close(parts->parts.store);
	parts->parts.mailer = mailer_free(parts->parts.mailer);
	parts->parts.fetcher = fetcher_free(parts->parts.fetcher);
	parts->parts.issuer = issuer_free(parts->parts.issuer);
	parts->parts.authz = authz_free(parts->parts.authz);
	(void)settings_unref(parts->parts.settings); /* those of the last reload */
	parts->arena = arena_free(parts->arena);
}
