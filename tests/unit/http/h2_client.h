/*
 * h2_client: nghttp2 as a client over a blocking socket, and frames written by hand.
 */
#ifndef TESTS_UNIT_HTTP_H2_CLIENT_H
#define TESTS_UNIT_HTTP_H2_CLIENT_H

#include <nghttp2/nghttp2.h>

#include "served.h"

#define ANSWERS 512
#define BODY_START 64

struct answer {
	int32_t id;
	int code;
	char headers[2048]; /* "name: value\n" of head and trailers */
	char start[BODY_START + 1];
	size_t body_len;
	bool has_trailers, is_closed, saw_100;
	int never_indexed; /* headers that said so */
	uint32_t error;    /* of the reset, once closed */
	slice upload;
};

struct h2_client {
	struct client client;
	void *ssl; /* SSL *, or NULL */
	nghttp2_session *session;
	struct answer answers[ANSWERS];
	size_t asked, closed;
	int pings, settings;
	bool has_goaway, is_over;
	uint32_t goaway_error;
	int32_t goaway_last;
};

void h2_client_open(struct h2_client *h2, const struct served *served);
/* On a connection that is open already (TLS: ssl is its SSL *). */
void h2_client_begin(struct h2_client *h2, void *ssl);
void h2_client_close(struct h2_client *h2);
/* Begins a request; more is "name: value\n" lines or "". The upload must stay. Nothing is sent before h2_client_run. */
struct answer *h2_client_ask(struct h2_client *h2, const char *method, const char *path, const char *more, slice upload);
/* Sends and receives until `closed` streams have closed, or the connection is over. */
void h2_client_run(struct h2_client *h2, size_t closed);
/* Sends what is queued and takes what comes within ms. */
void h2_client_linger(struct h2_client *h2, int ms);
/* One frame into `at`, which has room for 9 + len; gives its length. */
size_t h2_frame(char *at, uint8_t type, uint8_t flags, int32_t stream, const void *payload, size_t len);

#endif
