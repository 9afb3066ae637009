/*
 * basic: Basic credentials (RFC 7617), from the authorization header.
 */
#ifndef REGISTRY_BASIC_H
#define REGISTRY_BASIC_H

#include "base/arena.h"

struct basic {
	bool is_given;
	slice user, password;
};

/* *ret_basic says is_given = false for an absent or empty header. UNAUTHENTICATED for one that is no Basic, no base64, without
 * a colon, with control characters or longer than BASIC_BYTES_MAX. The user name ends at the first colon. */
#define BASIC_BYTES_MAX ((size_t)24 * 1024)
FALLIBLE basic_parse(struct arena *arena, slice header, struct basic *ret_basic);

#endif
