/*
 * upstream: another issuer's discovery document (OpenID Connect Discovery 1.0 section 4), fetched and read.
 */
#ifndef TOKEN_UPSTREAM_H
#define TOKEN_UPSTREAM_H

#include "base/arena.h"
#include "fetch/fetch.h"

/* Where the key set of `issuer` stands. PERMISSION_DENIED when the document names another issuer (byte for byte), no jwks_uri
 * or one that is no absolute http(s) URL; INVALID_ARGUMENT when it is no JSON object. ret_keys_url lives in the arena. */
FALLIBLE discovery_read(struct arena *arena, slice body, slice issuer, slice *ret_keys_url);

/* ---- these wait for the network: the caller holds a place (fetch_place_take) ---- */

/* The document as discovery_read() takes it, with where its keys stand. UNAVAILABLE for any status but 200, or a fault of
 * fetch.h or of discovery_read(). Both live in the arena. */
FALLIBLE discovery_fetch(struct fetcher *fetcher, struct arena *arena, slice issuer, slice *ret_body, slice *ret_keys_url);
/* What a URL of a document answers with. */
FALLIBLE discovery_get(struct fetcher *fetcher, struct arena *arena, slice url, slice *ret_body);

#endif
