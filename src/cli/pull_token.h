/*
 * pull_token: an identity with a throw-away key of its own, and the one long-lived token that key ever signs.
 */
#ifndef CLI_PULL_TOKEN_H
#define CLI_PULL_TOKEN_H

#include "cli/cli.h"

struct pull_token {
	slice identity, secret, registry;
	int64_t expires_s;
};

/* By --name, --parent, --ttl; `repository` is "oci" and so on. The identity has the role that pulls from there. Nothing of the
 * key is kept. The verb must take the flags of pull tokens. */
FALLIBLE pull_token_make(struct cli *cli, slice repository, slice description, struct pull_token *ret_token);
/* Prints it as the output format says; with `save` into Docker's configuration instead. */
FALLIBLE pull_token_show(struct cli *cli, const struct pull_token *token, slice repository, bool save);

#endif
