/*
 * bindings: who has which role where (spec model.md 7).
 *
 * Promises  no binding hands out what its author does not hold at its group; its role is built-in or defined at the group or
 *           above; deleting what is gone succeeds. Whoever loses the last one in an organization, in whatever way, loses the
 *           sessions begun at its own provider.
 */
#ifndef SERVICE_BINDINGS_H
#define SERVICE_BINDINGS_H

#include "service/list.h"
#include "service/support.h"

extern const struct list_noun binding_noun;

#define BINDINGS_BATCH_MAX 25

struct binding_in {
	slice identity, role; /* uids as texts */
	const char *identity_field, *role_field;
};

/* What a binding refers to, for answers that spell it out. The identity may not exist yet: then its uid alone. */
struct binding_detail {
	struct identity identity;
	struct group group;
	struct role role;
};
FALLIBLE binding_detail_of(struct call *call, const struct binding *binding, struct binding_detail *ret_detail);

/* ALREADY_EXISTS for a duplicate, unless gives_existing: then the one there is. */
FALLIBLE binding_create(struct call *call, const struct uid *group, const struct binding_in *in, bool gives_existing,
			struct binding *ret_binding, struct binding_detail *ret_detail);
/* Empty texts leave their field alone. */
FALLIBLE binding_update(struct call *call, const struct uid *uid, const struct binding_in *in, struct binding *ret_binding);
FALLIBLE binding_delete(struct call *call, const struct uid *uid);
/* All bindings at the group itself, which is about to go. */
FALLIBLE bindings_delete_at(struct call *call, const struct uid *group);
FALLIBLE binding_at(struct call *call, const struct uid *uid, struct binding *ret_binding);

#endif
