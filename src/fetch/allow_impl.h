/*
 * allow: the hosts that configuration exempts from the address rules.
 *
 * Promises  a host is found only when its whole name is listed; no suffix, prefix or pattern.
 * Start at  allow_new(), allow_level().
 */
#ifndef FETCH_ALLOW_IMPL_H
#define FETCH_ALLOW_IMPL_H

#include "fetch/url.h"

enum allow_level_t {
	ALLOW_PUBLIC,  /* not listed: https to a public address */
	ALLOW_ADDRESS, /* https to any address */
	ALLOW_HTTP,    /* http too */
};

struct allow_list;

/* entries: NULL-terminated or NULL. FAULT_INVALID names the entry; FAULT_EXHAUSTED beyond FETCH_ALLOWED_MAX. */
FALLIBLE allow_new(const char *const *entries, struct allow_list **ret_list);
struct allow_list *allow_free(struct allow_list *list);
/* The most generous level any entry gives this URL's host and port. */
enum allow_level_t allow_level(const struct allow_list *list, const struct url *url);

#endif
