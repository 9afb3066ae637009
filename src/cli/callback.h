/*
 * callback: what a browser brings back to the program: one strict reading of a small HTTP request.
 *
 * Promises  only "GET /callback?..." in HTTP/1.1 for the very address we listen at is read; bare line ends, folded or odd
 *           header lines, a body, a second Host, a parameter that comes twice or holds control characters are refused.
 * Source    RFC 9112; RFC 6749 section 4.1.2; RFC 9207 (`iss`).
 * Start at  callback_read().
 */
#ifndef CLI_CALLBACK_H
#define CLI_CALLBACK_H

#include "base/arena.h"

#define CALLBACK_PATH "/callback"
#define CALLBACK_BYTES_MAX ((size_t)16 * 1024) /* of one request */

enum callback_kind {
	CALLBACK_PARTIAL, /* more is to come */
	CALLBACK_REFUSED, /* answered with http_status and closed */
	CALLBACK_READ,
};

/* Decoded, in the arena; empty when absent. */
struct callback {
	int http_status; /* of CALLBACK_REFUSED */
	slice code, state, issuer, error, description;
};

/* bytes: all that came so far on one connection. port: the one we listen at. */
enum callback_kind callback_read(struct arena *arena, slice bytes, unsigned port, struct callback *ret_callback);

#endif
