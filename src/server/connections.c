#include "server/connections.h"

#include <stdlib.h>

#include "crypto/secret.h"
#include "fetch/url.h"
#include "login/redirect.h"

#define OIDC_SCOPES "openid email profile"
#define GITHUB_SCOPES "read:user user:email"

struct list {
	struct arena *arena;
	struct connection *at;
	size_t count;
	slice own_issuer;
};

/* ---- one connection ---- */

/* Without a trailing slash, which people write or not: these are base URLs, not issuers of a token. */
static slice base_of(slice url)
{
	return url.len && url.at[url.len - 1] == '/' ? slice_to(url, url.len - 1) : url;
}

static FALLIBLE joined(struct arena *arena, slice base, const char *path, slice *ret_url)
{
	char *text = arena_printf(arena, "%.*s%s", SLICE_ARG(base), path);

	TRY_NEW(text);
	*ret_url = slice_str(text);
	return OK;
}

static FALLIBLE read_secret_file(struct arena *arena, slice path, slice *ret_secret)
{
	SECRET secret = { 0 };
	char *name = arena_text(arena, path);

	TRY_NEW(name);
	TRY(secret_load(&secret, name));
	*ret_secret = arena_copy(arena, secret_bytes(&secret));
	TRY_NEW(ret_secret->at);
	return OK;
}

/* From the environment, or from a file: not from both. */
FALLIBLE secret_choose(struct arena *arena, const char *key, slice given, slice path, slice *ret_secret)
{
	if (given.len && path.len)
		return FAIL(FAULT_INVALID, "%s and %s-file: set one of them", key, key);
	*ret_secret = given;
	return path.len ? read_secret_file(arena, path, ret_secret) : OK;
}

static FALLIBLE add(struct list *list, const char *key, const struct connection *connection)
{
	if (list->count == CONNECTIONS_MAX)
		return FAIL(FAULT_INVALID, "%s: at most %d ways to sign in", key, CONNECTIONS_MAX);
	if (connection->kind != CONNECTION_LOCAL && !url_is_issuer(connection->issuer))
		return FAIL(FAULT_INVALID, "%s: the issuer must be an https URL without query", key);
	if (slice_eq(connection->issuer, list->own_issuer))
		return FAIL(FAULT_INVALID, "%s: the issuer is this server itself", key);
	for (size_t i = 0; i < list->count; i++)
		if (slice_eq(list->at[i].name, connection->name) || slice_eq(list->at[i].issuer, connection->issuer))
			return FAIL(FAULT_INVALID, "%s: the name or the issuer is that of the connection \"%.*s\" already", key,
				    SLICE_ARG(list->at[i].name));
	list->at[list->count++] = *connection;
	return OK;
}

/* ---- the ones everybody knows ---- */

static FALLIBLE add_google(struct list *list, const struct config *config)
{
	struct connection google = { .kind = CONNECTION_OIDC,
				     .name = SLICE("google-oauth2"),
				     .label = SLICE("Google"),
				     .issuer = config->google_issuer,
				     .client_id = config->google_client_id,
				     .scopes = SLICE(OIDC_SCOPES),
				     .is_pkce = true };

	if (config->google_client_id.len == 0)
		return OK;
	TRY(secret_choose(list->arena, "login.google.client-secret", config->google_secret, config->google_secret_file,
			  &google.secret));
	return add(list, "login.google", &google);
}

static FALLIBLE add_gitlab(struct list *list, const struct config *config)
{
	struct connection gitlab = { .kind = CONNECTION_OIDC,
				     .name = SLICE("gitlab"),
				     .label = SLICE("GitLab"),
				     .issuer = base_of(config->gitlab_url),
				     .client_id = config->gitlab_client_id,
				     .scopes = SLICE(OIDC_SCOPES),
				     .is_pkce = true };

	if (config->gitlab_client_id.len == 0)
		return OK;
	TRY(secret_choose(list->arena, "login.gitlab.client-secret", config->gitlab_secret, config->gitlab_secret_file,
			  &gitlab.secret));
	return add(list, "login.gitlab", &gitlab);
}

static FALLIBLE add_github(struct list *list, const struct config *config)
{
	slice base = base_of(config->github_url);
	struct connection github = { .kind = CONNECTION_GITHUB,
				     .name = SLICE("github"),
				     .label = SLICE("GitHub"),
				     .issuer = base,
				     .client_id = config->github_client_id,
				     .scopes = SLICE(GITHUB_SCOPES),
				     .api_url = base_of(config->github_api_url),
				     .is_pkce = true };

	if (config->github_client_id.len == 0)
		return OK;
	TRY(joined(list->arena, base, "/login/oauth/authorize", &github.authorize_url));
	TRY(joined(list->arena, base, "/login/oauth/access_token", &github.token_url));
	if (github.api_url.len == 0 && slice_is(base, "https://github.com"))
		github.api_url = SLICE("https://api.github.com");
	else if (github.api_url.len == 0)
		TRY(joined(list->arena, base, "/api/v3", &github.api_url));
	TRY(secret_choose(list->arena, "login.github.client-secret", config->github_secret, config->github_secret_file,
			  &github.secret));
	if (github.secret.len == 0)
		return FAIL(FAULT_INVALID, "login.github.client-secret: GitHub gives no token without it");
	return add(list, "login.github", &github);
}

static FALLIBLE add_local(struct list *list, const struct config *config)
{
	struct connection local = { .kind = CONNECTION_LOCAL, .name = SLICE("email"), .label = SLICE("a password") };

	if (!config->login_email)
		return OK;
	TRY(joined(list->arena, list->own_issuer, "/local", &local.issuer));
	return add(list, "login.email", &local);
}

/* ---- the configuration's own ---- */

static bool is_name(slice name)
{
	static const char *const taken[] = { "google", "google-oauth2", "github", "gitlab", "email", "local" };

	if (name.len == 0 || name.len > CONNECTION_NAME_BYTES_MAX || name.at[0] == '-')
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!((name.at[i] >= 'a' && name.at[i] <= 'z') || (name.at[i] >= '0' && name.at[i] <= '9') ||
		      name.at[i] == '-'))
			return false;
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
		if (slice_is(name, taken[i]))
			return false;
	return true;
}

/* "a+b" with "openid" in front; in the arena. */
static FALLIBLE read_scopes(struct arena *arena, slice text, slice *ret_scopes)
{
	char *scopes = arena_printf(arena, "openid %.*s", SLICE_ARG(text));

	TRY_NEW(scopes);
	for (char *at = scopes; *at; at++)
		if (*at == '+')
			*at = ' ';
	*ret_scopes = slice_str(scopes);
	return OK;
}

static FALLIBLE read_environment_secret(struct arena *arena, slice name, slice *ret_secret)
{
	char *text = arena_text(arena, name);
	const char *value;

	TRY_NEW(text);
	value = getenv(text);
	if (!value || !*value)
		return FAIL(FAULT_INVALID, "login.providers: the environment has no %s", text);
	*ret_secret = slice_str(value);
	return OK;
}

static FALLIBLE read_word(struct arena *arena, slice name, slice value, struct connection *provider)
{
	if (slice_is(name, "issuer"))
		provider->issuer = value;
	else if (slice_is(name, "client-id"))
		provider->client_id = value;
	else if (slice_is(name, "secret-file"))
		TRY(read_secret_file(arena, value, &provider->secret));
	else if (slice_is(name, "secret-env"))
		TRY(read_environment_secret(arena, value, &provider->secret));
	else if (slice_is(name, "scopes"))
		TRY(read_scopes(arena, value, &provider->scopes));
	else if (slice_is(name, "pkce") && (slice_is(value, "true") || slice_is(value, "false")))
		provider->is_pkce = slice_is(value, "true");
	else
		return FAIL(FAULT_INVALID,
			    "login.providers: \"%.*s\" of provider \"%.*s\" is none of issuer, client-id, secret-file, "
			    "secret-env, scopes, pkce=true|false, label",
			    SLICE_ARG(slice_to(name, 60)), SLICE_ARG(provider->name));
	return OK;
}

static FALLIBLE add_provider(struct list *list, slice text)
{
	struct connection provider = { .kind = CONNECTION_OIDC, .scopes = SLICE(OIDC_SCOPES), .is_pkce = true };
	slice rest, word, name, value;

	(void)slice_cut(slice_trim(text), ' ', &provider.name, &rest); /* a name alone fails below */
	if (!is_name(provider.name))
		return FAIL(FAULT_INVALID,
			    "login.providers: \"%.*s\" must begin with a name of its own: lower-case letters, digits, hyphens",
			    SLICE_ARG(slice_to(provider.name, 60)));
	provider.label = provider.name;
	for (rest = slice_trim(rest); rest.len; rest = slice_trim(rest)) {
		if (slice_starts(rest, SLICE("label="))) {
			provider.label = slice_from(rest, 6);
			break;
		}
		(void)slice_cut(rest, ' ', &word, &rest); /* the last word has none behind it */
		(void)slice_cut(word, '=', &name, &value);
		TRY(read_word(list->arena, name, value, &provider));
	}
	if (provider.client_id.len == 0 || provider.label.len == 0)
		return FAIL(FAULT_INVALID, "login.providers: \"%.*s\" needs issuer= and client-id=", SLICE_ARG(provider.name));
	return add(list, "login.providers", &provider);
}

FALLIBLE connections_read(struct arena *arena, const struct config *config, slice issuer,
			  const struct connection **ret_connections, size_t *ret_count)
{
	struct list list = { .arena = arena, .own_issuer = issuer, .at = NEW_N(arena, struct connection, CONNECTIONS_MAX) };

	TRY_NEW(list.at);
	TRY(add_google(&list, config));
	TRY(add_github(&list, config));
	TRY(add_gitlab(&list, config));
	for (size_t i = 0; i < config->login_providers.count; i++)
		TRY(add_provider(&list, config->login_providers.at[i]));
	TRY(add_local(&list, config));
	*ret_connections = list.at;
	*ret_count = list.count;
	return OK;
}

FALLIBLE redirect_origins_read(struct arena *arena, const struct config *config, const slice **ret_origins, size_t *ret_count)
{
	const struct config_list *list = &config->login_redirect_origins;
	slice *origins = NEW_N(arena, slice, list->count);

	TRY_NEW(origins);
	for (size_t i = 0; i < list->count; i++)
		TRY(redirect_origin_parse(list->at[i], "login.redirect-origins", &origins[i]));
	*ret_origins = origins;
	*ret_count = list->count;
	return OK;
}
