/*
 * own_provider: an organization's own identity provider, really listening on loopback: its discovery document, its keys, and
 * what its token endpoint answers. Opened after the world, closed before it.
 */
#ifndef TESTS_UNIT_SERVICE_OWN_PROVIDER_H
#define TESTS_UNIT_SERVICE_OWN_PROVIDER_H

#include "world.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

#include "crypto/jws.h"
#include "keys.h"
#include "token/issuer_impl.h"

static struct {
	int listener;
	char url[64], discovery[512], keys[2048], tokens[4096]; /* tokens: for the test to write */
	struct key *key;                                        /* signs its ID tokens */
	struct fetcher *fetcher;                                /* may reach it */
	struct uid uid;
} provider;

static void *provider_serve(void *arg)
{
	int fd;

	while ((fd = accept(provider.listener, NULL, NULL)) >= 0) {
		char head[4096] = "", text[8192];
		if (recv(fd, head, sizeof(head) - 1, 0) > 0) {
			const char *body = strstr(head, "/.well-known/") ? provider.discovery
					   : strstr(head, "/jwks")       ? provider.keys
									 : provider.tokens;
			(void)snprintf(text, sizeof(text),
				       "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %zu\r\n\r\n%s", strlen(body),
				       body);
			(void)send(fd, text, strlen(text), MSG_NOSIGNAL); /* whoever does not hear it fails */
		}
		(void)close(fd);
	}
	return arg;
}

static status provider_put(struct tx *tx, void *url)
{
	struct provider row = { .parent = org, .name = SLICE("own"), .issuer = slice_str(url), .client_id = SLICE("ours") };

	TRY(uid_new_child(&org, (const uint8_t *)"provider", &row.uid));
	provider.uid = row.uid;
	return row_put(tx, &table_providers, &row);
}

/* The organization's row of it, with this issuer. */
static inline FALLIBLE provider_name(const char *url)
{
	return world_change(provider_put, (void *)(uintptr_t)url);
}

static void provider_listen(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	pthread_t thread;

	provider.listener = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_INT(bind(provider.listener, (struct sockaddr *)&address, len), 0);
	CHECK_INT(listen(provider.listener, 16), 0);
	CHECK_INT(getsockname(provider.listener, (struct sockaddr *)&address, &len), 0);
	(void)snprintf(provider.url, sizeof(provider.url), "http://127.0.0.1:%u", ntohs(address.sin_port));
	(void)snprintf(provider.discovery, sizeof(provider.discovery), "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/jwks\"}",
		       provider.url, provider.url);
	(void)snprintf(provider.keys, sizeof(provider.keys), "%.*s", SLICE_ARG(key_set_of(arena, provider.key)));
	CHECK_INT(pthread_create(&thread, NULL, provider_serve, NULL), 0);
	CHECK_INT(pthread_detach(thread), 0);
}

static inline void provider_open(void)
{
	static const char *const hosts[] = { provider.url, NULL };

	CHECK_OK(key_new(ALG_ES256, &provider.key));
	provider_listen();
	CHECK_OK(fetcher_new(&(struct fetch_config){ .allowed_hosts = hosts }, &provider.fetcher));
	parts.issuer->fetcher = provider.fetcher;
	CHECK_OK(provider_name(provider.url));
}

static inline void provider_close(void)
{
	(void)shutdown(provider.listener, SHUT_RDWR);
	(void)close(provider.listener);
	provider.fetcher = fetcher_free(provider.fetcher);
	provider.key = key_unref(provider.key);
}

#endif
