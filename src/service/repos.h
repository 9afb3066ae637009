/*
 * repos: repositories and tags as the tree knows them (spec model.md 15). The images themselves are the registry's.
 */
#ifndef SERVICE_REPOS_H
#define SERVICE_REPOS_H

#include "service/list.h"
#include "service/support.h"

extern const struct list_noun repo_noun, tag_noun;

/* The row comes filled with what a client sets. gives_existing: the one of that name there is instead of ALREADY_EXISTS. */
FALLIBLE repo_create(struct call *call, const struct uid *parent, struct repo *row, bool gives_existing);
FALLIBLE repo_update(struct call *call, struct repo *row);
FALLIBLE repo_delete(struct call *call, const struct uid *uid);
FALLIBLE repo_at(struct call *call, const struct uid *uid, struct repo *ret_repo);

FALLIBLE tag_create(struct call *call, const struct uid *repo, struct tag *row);
FALLIBLE tag_update(struct call *call, struct tag *row);
FALLIBLE tag_delete(struct call *call, const struct uid *uid);
FALLIBLE tag_at(struct call *call, const struct uid *uid, struct tag *ret_tag);
/* Leaves a kind of tag out of a list. */
void tag_leave_out(struct query *query, enum tag_kind kind);

#endif
