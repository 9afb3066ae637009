/*
 * redirect: where a finished sign-in may send the browser with a token in its hand.
 *
 * Promises  http on loopback (127.0.0.1, [::1], localhost) on any port, or https at an origin of the configuration, compared
 * whole after parsing; no user information, fragment, backslash, blank, encoded dot, dot segment or other reading of the same
 *           text. What the answer sets replaces what the given query says under these names.
 * Start at  redirect_parse(), redirect_with().
 */
#ifndef LOGIN_REDIRECT_H
#define LOGIN_REDIRECT_H

#include "base/buffer.h"

#define REDIRECT_BYTES_MAX 1024

struct redirect {
	slice text;
	slice origin; /* http://127.0.0.1:4567 */
	slice path;   /* "" or from the first "/" */
	slice query;  /* without "?" */
	bool is_loopback;
};

/* origins: https origins of the configuration. INVALID_ARGUMENT names `field` and the rule. */
FALLIBLE redirect_parse(slice text, const slice *origins, size_t count, const char *field, struct redirect *ret_redirect);
/* An origin of the configuration: https://host or https://host:port, nothing else. */
FALLIBLE redirect_origin_parse(slice text, const char *field, slice *ret_origin);

struct redirect_pair {
	const char *name;
	slice value;
};
/* The URL with these pairs in its query, percent-encoded; parameters of ours that it had already (token, refresh_token, error,
 * status_code, code, state, iss, error_description) are dropped, others stay. */
void redirect_with(const struct redirect *redirect, const struct redirect_pair *pairs, size_t count, struct buffer *out);
/* The origin as a source of a content security policy: an IPv6 literal cannot be named there, so its scheme is. */
slice redirect_csp_source(const struct redirect *redirect);

#endif
