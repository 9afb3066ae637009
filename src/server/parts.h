/*
 * parts: everything a server is made of, made in order and handed to each other.
 *
 * Owns      store, index, issuer, trail, fetcher, workers, call path, and the settings that handlers see.
 * Promises  parts_open() gives all or nothing; parts_close() ends them in the reverse order; the commit hook updates the index,
 *           then the issuer, before any mutation is answered, and ends the process when it cannot.
 * Start at  parts_open().
 */
#ifndef SERVER_PARTS_H
#define SERVER_PARTS_H

#include "registry/registry.h"
#include "rpc/rpc.h"
#include "server/config.h"

struct server_parts {
	const struct config *config; /* as at the start: for what changes by a restart alone */
	struct arena *arena;         /* what lives as long as the process */
	struct settings settings;    /* those of the start; parts.settings are those in force */
	struct parts parts;
	struct workers *workers;
	struct rpc *rpc;
	bool index_is_loaded;
	char setup_code[32]; /* on the very first start, else "" */
};

/* base_url: "http://127.0.0.1:8080" when config.url is unset. */
FALLIBLE parts_open(struct server_parts *parts, const struct config *config, slice base_url);
/* What parts_open would refuse about the configuration itself; opens nothing. The arena may hold secrets after it. */
FALLIBLE parts_check(struct arena *arena, const struct config *config, slice base_url);
void parts_close(struct server_parts *parts);

/* Opens the store alone, for commands. */
FALLIBLE parts_open_store(const struct config *config, struct arena *arena, struct store **ret_store);

#endif
