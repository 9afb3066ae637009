/*
 * login: signing in: by a workload's own token, by what the environment offers, by this machine's key.
 *
 * People sign in by a browser or a code elsewhere; when that is built, it becomes one more credential in login.c.
 */
#ifndef CLI_LOGIN_H
#define CLI_LOGIN_H

#include "cli/cli.h"

/* The verb in hand takes the flags of signing in, and one of them was given. */
bool login_is_asked(const struct cli *cli);
/* Signs in for this audience as the flags say, and keeps the token. `identity`: whom to assume; empty: the flag, else what the
 * credential is. */
FALLIBLE login_for(struct cli *cli, slice audience, slice identity, slice *ret_token);

#endif
