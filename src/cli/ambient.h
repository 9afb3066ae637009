/*
 * ambient: the identity token that the place we run in offers: a CI job's, a cluster's.
 *
 * Start at  ambient_token().
 */
#ifndef CLI_AMBIENT_H
#define CLI_AMBIENT_H

#include "cli/cli.h"

/* The token of the first source there is: GitHub Actions (asked for, with the issuer as its audience), $REEVE_ID_TOKEN
 * (GitLab's id_tokens and others put it there), files that clusters mount. Empty when there is none; a source that is there but
 * fails is a fault. Nothing is asked of the network before one is found. */
FALLIBLE ambient_token(struct cli *cli, slice *ret_token);
/* An --identity-token: itself, or the content of the file it names. */
FALLIBLE identity_token(struct cli *cli, slice given, slice *ret_token);

#endif
