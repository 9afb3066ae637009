/*
 * resolve: names that people type become ids.
 *
 * Promises  an id is taken as it is; a name that fits nothing or several things is an error that says which, and never a guess.
 *           Every text comes back zero-terminated. What is missing is asked for in a menu (choose.h) where a person sits at a
 *           terminal, and is FAULT_INVALID elsewhere.
 * Start at  resolve_group(), resolve_parent().
 */
#ifndef CLI_RESOLVE_H
#define CLI_RESOLVE_H

#include "base/json.h"
#include "cli/cli.h"

enum group_kind { GROUP_ANY, GROUP_ORGANIZATION, GROUP_FOLDER };

/* An organization or folder that is to be shown or changed: id, name, or path ("example.com/ci/nightly"). */
FALLIBLE resolve_group(struct cli *cli, slice text, enum group_kind kind, slice *ret_uid);
/* The same for a place to work in. Of several organizations of one name the verified one is meant: its name is its alone in
 * registry paths. (So is the first part of a path.) */
FALLIBLE resolve_place(struct cli *cli, slice text, enum group_kind kind, slice *ret_uid);
/* The id of an organization that has this name already, as far as the caller may see; empty: none. */
FALLIBLE resolve_namesake(struct cli *cli, slice name, slice *ret_uid);
/* The i-th argument. */
FALLIBLE resolve_group_argument(struct cli *cli, size_t i, enum group_kind kind, slice *ret_uid);
/* The same by --parent, else default.group. */
FALLIBLE resolve_parent(struct cli *cli, slice *ret_uid);
/* The same, but empty when neither is set. */
FALLIBLE resolve_parent_if_any(struct cli *cli, slice *ret_uid);
/* An assumable identity (or a user by id); empty: it is missing. */
FALLIBLE resolve_identity(struct cli *cli, slice text, slice *ret_uid);
/* A role that can be bound at `at` (empty: anywhere): built-in, or defined there or above; an empty text: it is missing. */
FALLIBLE resolve_role(struct cli *cli, slice text, slice at, slice *ret_uid);
/* A repository below `at` (empty: anywhere); *ret_uid empty when there is none and may_be_missing. */
FALLIBLE resolve_repo(struct cli *cli, slice text, slice at, bool may_be_missing, slice *ret_uid);

bool is_uid(slice text);
/* `uid` is `above` or lies below it. */
bool uid_text_covers(slice above, slice uid);
/* The UIDP without its last step; empty for a root. */
slice uid_text_parent(slice uid);

#endif
