/*
 * scope: what a registry's client asks for, "repository:example.com/ci/app:pull,push" (distribution, "Token Scope
 * Documentation"; spec requirements.md 21).
 *
 * The type ends at the first colon, the actions start after the last one, so a name may hold a port. "repository(plugin)" is
 * "repository"; "*" stands for every action; types and actions we do not know are dropped.
 */
#ifndef REGISTRY_SCOPE_H
#define REGISTRY_SCOPE_H

#include "base/arena.h"

enum scope_type { SCOPE_REPOSITORY, SCOPE_CATALOG };
enum scope_action { SCOPE_PULL = 1, SCOPE_PUSH = 2, SCOPE_DELETE = 4, SCOPE_ALL = 7 };

#define SCOPES_MAX 32            /* in one request; more are refused */
#define SCOPE_NAME_BYTES_MAX 255 /* of a repository's path, as distribution has it */

struct scope {
	enum scope_type type;
	slice name;       /* the path as written */
	unsigned actions; /* enum scope_action bits asked for */
	bool is_star;     /* "*" was asked */
};

/* Reads one request's scopes, each possibly several separated by blanks; duplicates are merged. INVALID_ARGUMENT for more than
 * SCOPES_MAX or for one without two colons; a name that is no repository path is dropped. ret_scopes holds SCOPES_MAX. */
FALLIBLE scope_parse(const slice *texts, size_t count, struct scope *ret_scopes, size_t *ret_count);
/* Splits a path at its slashes into at most `most` components, each a valid path component (or, the first, 40 hex digits);
 * false otherwise. */
bool scope_split(slice name, slice *ret_parts, size_t most, size_t *ret_count);

#endif
