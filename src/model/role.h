/*
 * role: the built-in roles, and what a set of capabilities must fulfil to be a role (spec model.md 6.2, 6.3).
 *
 * Owns      the rows made from api/roles.def.
 * Promises  a built-in role is the same in every installation: fixed uid, name, description, capabilities.
 * Start at  role_builtin_rows().
 */
#ifndef MODEL_ROLE_H
#define MODEL_ROLE_H

#include "model/nouns.h"

/* ROLE_VIEWER, ROLE_OWNER, …: a built-in role's place in role_builtin_rows. */
enum builtin_role {
#define ROLE(symbol, name, description, ...) ROLE_##symbol,
#include "roles.def"
#undef ROLE
	ROLE_BUILTIN_COUNT
};

/* All built-in roles, ROLE_BUILTIN_COUNT of them in the order of roles.def; parent none, times 0. Made once, on first use,
 * from any thread; they live as long as the process. */
const struct role *role_builtin_rows(size_t *ret_count);
static inline const struct role *role_builtin(enum builtin_role which)
{
	size_t count;

	return &role_builtin_rows(&count)[which];
}
/* NULL when no built-in role has this uid. */
const struct role *role_builtin_by_uid(const struct uid *uid);
/* NULL when no built-in role has this name. */
const struct role *role_builtin_by_name(slice name);
bool role_is_builtin_name(slice name);

/* What a custom role may hold: at least one capability, none of ours, and `internal` beside any internal-only one.
 * INVALID_ARGUMENT naming `field`. */
FALLIBLE role_caps_check(const struct caps *caps, const char *field);
/* The name rule, and no built-in role's name. INVALID_ARGUMENT naming `field`. */
FALLIBLE role_name_check(slice name, const char *field);

#endif
