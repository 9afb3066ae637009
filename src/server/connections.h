/*
 * connections: where this server's people may sign in, as the configuration says it.
 *
 * Promises  what is not configured does not appear; a client secret comes from the environment or a file and stands in no text
 * we write; names and issuers are told apart; a fault names the key and the rule. Start at  connections_read().
 */
#ifndef SERVER_CONNECTIONS_H
#define SERVER_CONNECTIONS_H

#include "server/config.h"
#include "service/call.h"

#define CONNECTIONS_MAX 32
#define CONNECTION_NAME_BYTES_MAX 32

/* In the arena. issuer: our own, which none of them may be. */
FALLIBLE connections_read(struct arena *arena, const struct config *config, slice issuer,
			  const struct connection **ret_connections, size_t *ret_count);
/* login.redirect-origins, checked. */
FALLIBLE redirect_origins_read(struct arena *arena, const struct config *config, const slice **ret_origins, size_t *ret_count);

/* A secret that comes from the environment (`given`) or from a file: not from both. */
FALLIBLE secret_choose(struct arena *arena, const char *key, slice given, slice path, slice *ret_secret);

#endif
