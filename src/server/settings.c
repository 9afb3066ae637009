#include "server/settings.h"

#include "server/connections.h"

#define CLIENT_ID_BYTES_MAX 128

/* ---- what changes by a reload ---- */

/* The public repositories of one registry: entries "<registry>/<path>" of the configuration. */
static FALLIBLE public_of(struct arena *arena, const struct config_list *list, struct registry_setting *registry)
{
	slice *at = NEW_N(arena, slice, list->count);

	TRY_NEW(at);
	registry->public_count = 0;
	for (size_t i = 0; i < list->count; i++)
		if (slice_starts(list->at[i], registry->host) && list->at[i].len > registry->host.len + 1 &&
		    list->at[i].at[registry->host.len] == '/')
			at[registry->public_count++] = slice_from(list->at[i], registry->host.len + 1);
	registry->public_repositories = at;
	return OK;
}

static FALLIBLE registries_of(struct arena *arena, const struct config *config, struct settings *settings)
{
	struct registry_setting *registries = NEW_N(arena, struct registry_setting, settings->registries_count);

	TRY_NEW(registries);
	for (size_t i = 0; i < settings->registries_count; i++) {
		registries[i] = settings->registries[i];
		TRY(public_of(arena, &config->registries_public, &registries[i]));
	}
	settings->registries = registries;
	return OK;
}

/* From keys marked RELOAD alone. */
static FALLIBLE fill_changing(struct arena *arena, const struct config *config, struct settings *settings)
{
	settings->anyone_creates_organizations = slice_is(config->organizations_create, "anyone");
	settings->limit_folders = config->limits_folders;
	settings->limit_identities = config->limits_identities;
	settings->limit_repositories = config->limits_repositories;
	settings->limit_roles = config->limits_roles;
	settings->limit_bindings = config->limits_bindings;
	settings->log_requests = config->log_requests;
	settings->metrics_public = config->metrics_public;
	TRY(registries_of(arena, config, settings));
	return redirect_origins_read(arena, config, &settings->redirect_origins, &settings->redirect_origins_count);
}

/* ---- what stays ---- */

static slice or_else(slice text, slice other)
{
	return text.len ? text : other;
}

/* The client ids that people's programs may use. */
static FALLIBLE clients_of(const struct config *config, struct settings *settings)
{
	static const slice known[] = { { "reeve", 5 }, { "auth0", 5 } };
	const struct config_list *list = &config->token_clients;

	settings->clients = list->count ? list->at : known;
	settings->clients_count = list->count ? list->count : sizeof(known) / sizeof(*known);
	for (size_t i = 0; i < list->count; i++)
		if (list->at[i].len == 0 || list->at[i].len > CLIENT_ID_BYTES_MAX ||
		    slice_plain_len(list->at[i]) != list->at[i].len)
			return FAIL(FAULT_INVALID,
				    "token.clients: a client id is 1 to %d visible ASCII characters without quotes",
				    CLIENT_ID_BYTES_MAX);
	return OK;
}

static FALLIBLE fill_staying(struct arena *arena, const struct config *config, slice base_url, struct settings *settings)
{
	slice url = or_else(config->url, base_url);
	struct registry_setting *registries = NEW_N(arena, struct registry_setting, config->registries.count);
	char *backups = arena_printf(arena, "%.*s/backups", SLICE_ARG(config->data));

	TRY_NEW(registries);
	TRY_NEW(backups);
	for (size_t i = 0; i < config->registries.count; i++)
		registries[i].service = registries[i].host = config->registries.at[i];
	settings->issuer_url = url;
	settings->api_url = or_else(config->api_url, url);
	settings->console_url = or_else(config->console_url, url);
	settings->registries = registries;
	settings->registries_count = config->registries.count;
	settings->backup_folder = slice_str(backups);
	TRY(clients_of(config, settings));
	return connections_read(arena, config, url, &settings->connections, &settings->connections_count);
}

/* ---- the whole ---- */

FALLIBLE settings_make(struct arena *arena, const struct config *config, slice base_url, struct settings *ret_settings)
{
	struct settings made = { 0 };

	TRY(fill_staying(arena, config, base_url, &made));
	TRY(fill_changing(arena, config, &made));
	*ret_settings = made;
	return OK;
}

FALLIBLE settings_remake(const struct settings *before, struct arena *own, const struct config *config,
			 const struct settings **ret_settings)
{
	struct settings *made = NEW(own, struct settings);

	TRY_NEW(made);
	*made = *before;
	TRY(fill_changing(own, config, made));
	TRY(settings_own(made, own));
	*ret_settings = made;
	return OK;
}

enum log_level settings_log_level(const struct config *config)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	int level = LOG_DEBUG;

	while (level < LOG_ERROR && !slice_is(config->log_level, names[level]))
		level++; /* it is one of them: a CHOICE */
	return (enum log_level)level;
}
