/*
 * groups: organizations and folders (spec model.md 4).
 *
 * Promises  `verified` and `kind` change by operators only; a verified name is unique for ever, also after its organization is
 *           gone; nothing that still holds something is deleted; a creator of an organization is its owner.
 */
#ifndef SERVICE_GROUPS_H
#define SERVICE_GROUPS_H

#include "service/list.h"
#include "service/support.h"

extern const struct list_noun group_noun;

/* What an update writes; a field is left alone unless its flag is set. */
struct group_change {
	bool has_name, has_description, has_verified, has_kind;
	slice name, description;
	bool is_verified;
	int64_t kind;
};

/* kind and is_verified are for operators. parent none: an organization. */
FALLIBLE group_create(struct call *call, const struct uid *parent, const struct group_change *in, struct group *ret_group);
FALLIBLE group_update(struct call *call, const struct uid *uid, const struct group_change *in, struct group *ret_group);
FALLIBLE group_delete(struct call *call, const struct uid *uid);
/* kind and status as seen: a folder has its organization's. */
FALLIBLE group_inherit(struct call *call, struct group *group);
/* The limits of an organization; none for folders. */
FALLIBLE group_limits(struct call *call, const struct uid *uid, struct rows *ret_limits);
/* The verified organization of this name: there is one at most. */
FALLIBLE group_find_verified(struct call *call, slice name, struct group *ret_group, bool *ret_found);
/* The place a create names by id, part of an id, or name. */
FALLIBLE group_resolve(struct call *call, slice text, struct uid *ret_place);

#endif
