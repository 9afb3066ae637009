/*
 * upstream: what another issuer's discovery document says (OpenID Connect Discovery 1.0 section 4.3).
 */
#ifndef TOKEN_UPSTREAM_H
#define TOKEN_UPSTREAM_H

#include "base/arena.h"

/* Where the key set of `issuer` stands. PERMISSION_DENIED when the document names another issuer (byte for byte), no jwks_uri
 * or one that is no absolute http(s) URL; INVALID_ARGUMENT when it is no JSON object. ret_keys_url lives in the arena. */
FALLIBLE discovery_read(struct arena *arena, slice body, slice issuer, slice *ret_keys_url);

#endif
