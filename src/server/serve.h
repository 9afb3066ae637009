/*
 * serve: loop threads, listeners, signals, and the chores of every second.
 *
 * Promises  SIGTERM and SIGINT drain: what runs is finished within drain.timeout, nothing new is taken; SIGHUP reads the TLS
 *           files and the configuration again; /readyz is true exactly while requests are taken.
 */
#ifndef SERVER_SERVE_H
#define SERVER_SERVE_H

#include "server/parts.h"

/* Where the configuration's addresses lead when nothing else says how we are reached: "http://127.0.0.1:8080". */
FALLIBLE serve_base_url(const struct config *config, struct arena *arena, slice *ret_url);
/* Serves until stopped. source: where SIGHUP finds the configuration. */
FALLIBLE serve_run(struct server_parts *parts, const struct config_source *source);

#endif
