/*
 * freed: names in registry paths that must not come to others.
 *
 * A registry keeps images by path and is never told that a repository is gone. So a name under which images may stand stays
 * with what bore it: a repository's always, a folder's when repositories were below it. The same repository or folder may
 * take it back (a renamed one); anything else only by an operator's hand, who has seen to the images.
 *
 * Promises  a group's marks go when the group goes: its id, and so its paths, are never used again.
 */
#ifndef SERVICE_FREED_H
#define SERVICE_FREED_H

#include "service/call.h"

/* Before a name is borne: FAILED_PRECONDITION when it was another's and the caller is no operator. */
FALLIBLE freed_repo_takes(struct call *call, const struct repo *repo);
FALLIBLE freed_folder_takes(struct call *call, const struct group *folder);
/* When a name is no longer borne. The folder is as it was before. */
FALLIBLE freed_repo_leaves(struct call *call, const struct repo *repo);
FALLIBLE freed_folder_leaves(struct call *call, const struct group *folder);
/* After the folder has left its name, before it is deleted. */
FALLIBLE freed_forget(struct call *call, const struct uid *group);

#endif
