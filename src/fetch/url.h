/*
 * url: one strict reading of an absolute http(s) URL, so that what was checked is what is dialled.
 *
 * Promises  a text that parses has exactly one reading: lower-case scheme and host, no userinfo, no fragment, no IPv6 literal,
 *           no trailing dot, an IPv4 host only as four plain decimal numbers, no dot segment, no byte that needs escaping.
 * Start at  url_parse() for anything that is fetched, url_is_https_issuer() for what an identity or provider names.
 */
#ifndef FETCH_URL_H
#define FETCH_URL_H

#include "base/slice.h"
#include "base/status.h"

#define URL_BYTES_MAX 2048 /* longest URL that parses */
#define URL_HOST_MAX 253   /* longest DNS name (RFC 1035 section 2.3.4) */

/* Views into the parsed text; nothing is copied or decoded. */
struct url {
	slice scheme;    /* "https" or "http" */
	slice host;      /* lower case, without port */
	slice authority; /* host, and ":port" when the text has one */
	slice origin;    /* scheme "://" authority */
	slice path;      /* begins with '/', or is empty */
	slice query;     /* without '?'; empty when absent */
	uint16_t port;   /* the scheme's own when the text names none */
	bool is_https;
	bool is_ipv4; /* host is a dotted quad */
	bool has_query;
};

/* Reads an absolute URL (RFC 3986 section 4.3, narrowed as above). FAULT_INVALID says which rule is broken and never repeats
 * the text. ret_url is written only on success. */
FALLIBLE url_parse(slice text, struct url *ret_url);

/* True when the text may stand as an OIDC issuer (OpenID Connect Discovery 1.0 section 3): parses, https, no query. An
 * issuer is compared byte by byte elsewhere; a trailing slash is part of it. */
bool url_is_https_issuer(slice text);
/* The same, but http is fine too: for issuers whose host the configuration allows for http. */
bool url_is_issuer(slice text);

#endif
