/*
 * cache: tokens on disk, one folder an audience.
 *
 * Owns      $XDG_CACHE_HOME/reeve/<audience>/oidc-token and refresh-token; "/" in the audience is written as "-".
 * Promises  files 0600 in folders 0700, replaced whole; who renews holds the audience's lock, so that two processes do not both
 *           use up a credential; with auth.shared-cache the access token is also written where the public Go SDK looks. A
 *           refresh token never is: it is good once, and two programs with copies of it would end the session for both.
 * Source    spec/tokens.md 9, spec/cli.md 2.5.
 */
#ifndef CLI_CACHE_H
#define CLI_CACHE_H

#include "cli/cli.h"

#define CACHE_AUDIENCES_MAX 256

enum cached { CACHED_ACCESS, CACHED_REFRESH };

/* Empty when there is none. */
FALLIBLE cache_read(struct cli *cli, slice audience, enum cached kind, slice *ret_token);
FALLIBLE cache_write(struct cli *cli, slice audience, enum cached kind, slice token);
/* Both tokens of one audience, and its folder. */
FALLIBLE cache_remove(struct cli *cli, slice audience);
/* One of its tokens alone, from our own place. */
FALLIBLE cache_drop(struct cli *cli, slice audience, enum cached kind);
/* All of them; only files of ours and the folders that are empty then. */
FALLIBLE cache_remove_all(struct cli *cli);
/* Audiences with a token, as the tokens name them; at most CACHE_AUDIENCES_MAX. */
FALLIBLE cache_audiences(struct cli *cli, slice **ret_audiences, size_t *ret_count);
/* For file_unlock. */
FALLIBLE cache_lock(struct cli *cli, slice audience, int *ret_lock);
/* The folder's name; FAULT_INVALID for an audience that names none (empty, ".", "..", control characters, too long). */
#define CACHE_NAME_BYTES 256
FALLIBLE cache_name(slice audience, char ret_name[CACHE_NAME_BYTES]);

#endif
