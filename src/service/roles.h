/*
 * roles: built-in and custom roles (spec model.md 6).
 *
 * Promises  a custom role never holds, nor is changed to hold, what its author does not hold there and wherever it is bound;
 *           built-in roles cannot be changed; a bound role cannot be deleted.
 */
#ifndef SERVICE_ROLES_H
#define SERVICE_ROLES_H

#include "capabilities.pb-c.h"
#include "model/role.h"
#include "service/list.h"
#include "service/support.h"

extern const struct list_noun role_noun;

struct role_change {
	bool has_name, has_description, has_caps;
	slice name, description;
	struct caps caps;
};

FALLIBLE role_create(struct call *call, const struct uid *parent, const struct role_change *in, struct role *ret_role);
FALLIBLE role_update(struct call *call, const struct uid *uid, const struct role_change *in, struct role *ret_role);
FALLIBLE role_delete(struct call *call, const struct uid *uid);
/* A role the caller may see: a built-in one, or one where they may list roles. */
FALLIBLE role_visible(struct call *call, const struct uid *uid, struct role *ret_role);
/* The role, wherever it is; *ret_found. */
FALLIBLE role_find(struct call *call, const struct uid *uid, struct role *ret_role, bool *ret_found);
/* By capability names; INVALID_ARGUMENT naming an unknown one. */
FALLIBLE role_caps_of_names(size_t count, char *const *names, const char *field, struct caps *ret_caps);
/* Numbers of the contract's capabilities; ours are left out. */
FALLIBLE role_numbers_of_caps(struct call *call, const struct caps *caps, size_t *ret_count,
			      Chainguard__Capabilities__Capability **ret_numbers);
/* Names sorted by number. */
FALLIBLE role_names_of_caps(struct call *call, const struct caps *caps, size_t *ret_count, char ***ret_names);

#endif
