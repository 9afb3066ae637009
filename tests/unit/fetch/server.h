/*
 * server: a small HTTP peer on 127.0.0.1 for the fetcher's tests, plain or TLS. It answers by path; see server.c.
 */
#ifndef TESTS_UNIT_FETCH_SERVER_H
#define TESTS_UNIT_FETCH_SERVER_H

#include <stdbool.h>
#include <stdint.h>

struct server;

/* name: NULL for plain HTTP, else the DNS name a fresh self-signed certificate carries; it is also written to ca_path. */
struct server *server_new(const char *name, char ca_path[64]);
void server_free(struct server *server);
uint16_t server_port(const struct server *server);
/* Connections accepted so far. */
int server_accepted(const struct server *server);
/* "scheme://host:port/path"; four texts are kept, the fifth overwrites the first. */
const char *server_url(const struct server *server, const char *host, const char *path);

#endif
