/*
 * reload: the configuration read again while the server runs.
 *
 * Promises  what is unsound changes nothing and is logged with its key and rule; what is sound is in force for the calls that
 *           begin from now on; each key that differs is logged by its name, those that need a restart as such. Values are never
 *           logged: some are secrets.
 * Start at  reload_config().
 */
#ifndef SERVER_RELOAD_H
#define SERVER_RELOAD_H

#include "server/parts.h"

struct reload {
	struct server_parts *parts;
	const struct config_source *source;
	struct config running; /* the values in force, at first those of parts->config */
	/* Puts in force what its owner made of values that change by a reload; optional. */
	void (*apply)(struct reload *reload);
};

/* On a thread that may block and that is off-line (authz_thread_offline); one at a time. Texts in `running` that change by a
 * reload end with the settings that are in force. */
void reload_config(struct reload *reload);

#endif
