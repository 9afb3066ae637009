/*
 * make: the folders and the repository of a first push.
 *
 * distribution never calls back, so a path that does not exist is made when a token to push there is asked for, by calls like
 * any other: admitted, counted against limits and recorded.
 */
#ifndef REGISTRY_MAKE_H
#define REGISTRY_MAKE_H

#include "registry/path.h"
#include "service/call.h"

/* Who asks for a registry token. */
struct asker {
	bool is_known;             /* false: anonymous */
	struct verified *verified; /* of _token; to be unreferenced */
	const struct caller *caller;
	struct assumed who;
};

/* True when the caller may make all that is missing: repo.create, and groups.create for folders. */
bool make_may(const struct call *call, const struct caller *caller, const struct path_place *place);
/* Makes it; *place is then complete. Somebody else's simultaneous making is as good. */
FALLIBLE make_path(struct call *call, const struct caller *caller, slice name, struct path_place *place);

#endif
