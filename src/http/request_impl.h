/*
 * request: the rules a request keeps whatever protocol it came by.
 */
#ifndef HTTP_REQUEST_IMPL_H
#define HTTP_REQUEST_IMPL_H

#include "http/http.h"

/* What is wrong with a request: the status that tells it, and a sentence naming the rule. */
struct refusal {
	int status; /* 0: nothing is wrong */
	const char *why;
};

extern const struct refusal refusal_overload; /* 503 */
extern const struct refusal refusal_body;     /* 413 */

/* For a byte of a token (RFC 9110 5.6.2) its lower-case form, else 0. */
extern const char request_token_byte[256];

/* "host" or "host:port": letters, digits, '-', '.', '_', or an IPv6 address in brackets; never empty, no user info. */
bool request_authority_ok(slice authority);
/* Splits "/path?query" at the first '?'. False unless it starts with '/' and all is visible ASCII without #, \, ", <, >. */
bool request_target_split(slice target, slice *ret_path, slice *ret_query);
/* 1..HTTP_METHOD_BYTES token bytes. */
bool request_method_ok(slice method);
/* Visible bytes, blanks inside and 0x80 up: no CR, LF, NUL or other control. */
bool request_value_ok(slice value);

#endif
