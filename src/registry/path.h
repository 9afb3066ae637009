/*
 * path: which place in the tree a repository's path names.
 *
 * Owns      a bounded cache per thread, forgotten whole when the tree changes.
 * Promises  the first component is a verified organization's name or an organization's id, then folders, then the repository;
 *           a path is never resolved from before the last acknowledged change of the tree.
 */
#ifndef REGISTRY_PATH_H
#define REGISTRY_PATH_H

#include "registry/scope.h"
#include "store/store.h"

struct path_place {
	struct uid nearest; /* the repository when it exists, else the deepest group that does; none when no organization */
	bool is_complete;   /* nearest is the repository */
	size_t missing;     /* components that do not exist yet, the repository included */
};

/* From this thread's cache; false when it is not there. */
bool path_cached(slice name, struct path_place *ret_place);
/* Reads the store and remembers. For workers. */
FALLIBLE path_find(struct store *store, struct arena *arena, slice name, struct path_place *ret_place);
/* Part of the commit hook: after changes of groups or repositories every thread's cache is stale. */
void path_tree_changed(const struct change *changes, size_t count);

#endif
