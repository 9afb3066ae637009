/*
 * cookie: reading the Cookie header, writing Set-Cookie (RFC 6265bis).
 *
 * Promises  every cookie of ours is __Host-, Secure, HttpOnly, SameSite=Lax, Path=/; a name given twice is no cookie.
 */
#ifndef LOGIN_COOKIE_H
#define LOGIN_COOKIE_H

#include "base/arena.h"

#define COOKIE_VALUE_BYTES_MAX 3900

/* The value of the cookie with this whole name; false when it is absent, given twice or not made of visible characters. */
bool cookie_find(slice header, slice name, slice *ret_value);
/* Calls each for cookies whose names begin with prefix, in their order; false when there is no further one. Start with *rest =
 * the header. */
bool cookie_next(slice *rest, slice prefix, slice *ret_name);
/* life_s 0 deletes it. */
FALLIBLE cookie_make(struct arena *arena, slice name, slice value, int64_t life_s, slice *ret_set_cookie);

#endif
