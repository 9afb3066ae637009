/*
 * settings: the configuration that calls look at; replaced whole on reload, never edited.
 *
 * Owns      what one reading of the configuration said, counted.
 * Promises  a call sees one and the same from its beginning to its end; what is replaced stays until the last call that began
 *           with it has ended. While a call is on its loop, RCU keeps it (the loop is on-line until the call has ended or
 * left); a call that leaves its loop counts it. Start at  struct settings; server/settings.c makes it.
 */
#ifndef SERVICE_SETTINGS_H
#define SERVICE_SETTINGS_H

#include "base/arena.h"

/* A container registry that asks us. */
struct registry_setting {
	slice service;                    /* what `service=` names; also the audience of tokens for it */
	slice host;                       /* what a client types: registry.example.com or localhost:5000 */
	const slice *public_repositories; /* names or prefixes ending in "/" that anyone may pull */
	size_t public_count;
};

/* One way for people to sign in that the configuration offers. */
enum connection_kind { CONNECTION_OIDC, CONNECTION_GITHUB, CONNECTION_LOCAL };
struct connection {
	enum connection_kind kind;
	slice name;  /* google-oauth2, github, gitlab, email, or what the configuration calls it */
	slice label; /* what a person reads: Google */
	slice issuer, client_id, secret;
	slice scopes;                            /* separated by spaces */
	slice authorize_url, token_url, api_url; /* CONNECTION_GITHUB alone; an OIDC issuer says them itself */
	bool is_pkce;
};

struct settings {
	slice issuer_url, api_url, console_url;
	bool anyone_creates_organizations; /* organizations.create: anyone; else operators only */
	const struct registry_setting *registries;
	size_t registries_count;
	slice backup_folder;
	int64_t limit_folders, limit_identities, limit_repositories, limit_roles,
		limit_bindings; /* per organization; 0 = none */
	const struct connection *connections;
	size_t connections_count;
	const slice *clients; /* client ids that people's programs may use: token.clients */
	size_t clients_count;
	const slice *redirect_origins; /* https origins a sign-in may end at besides loopback */
	size_t redirect_origins_count;
	slice page_key;             /* 32 bytes: authenticates page tokens */
	bool log_requests;          /* a line for each call that changes something or fails */
	bool metrics_public;        /* /metrics for everyone, else for loopback alone */
	struct settings_life *life; /* settings_own(); NULL: they live as long as the process */
};

struct parts;
/* Has them live in `own`, this struct and all it points at that a reload changes: wiped and freed with the last reference. The
 * first one is the caller's. */
FALLIBLE settings_own(struct settings *settings, struct arena *own);
/* Those of this moment, for a thread that RCU knows (authz_thread_start); they stay until it goes off-line. */
const struct settings *settings_now(const struct parts *parts);
const struct settings *settings_ref(const struct settings *settings);
/* NULL is fine; returns NULL. */
const struct settings *settings_unref(const struct settings *settings);
/* New calls see these. Takes the caller's reference over, and gives up that of the earlier ones after every reader has let go
 * of them: waits for them, so the caller must be off-line. One thread at a time. */
void settings_publish(struct parts *parts, const struct settings *fresh);

#endif
