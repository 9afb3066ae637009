/*
 * login: signing in: by a workload's own token, by what the environment offers, by this machine's key, or as a person.
 *
 * Start at  login_for().
 */
#ifndef CLI_LOGIN_H
#define CLI_LOGIN_H

#include "cli/cli.h"

/* signin_token(), and where nobody is signed in and a person sits at the terminal, a sign-in first (never with
 * default.skip-auto-login, nor in place of a workload's or a machine's session). */
FALLIBLE login_token(struct cli *cli, slice audience, slice *ret_token);
/* The verb in hand takes the flags of signing in, and one of them was given. */
bool login_is_asked(const struct cli *cli);
/* Signs in for this audience as the flags say, and keeps the token. */
FALLIBLE login_for(struct cli *cli, slice audience, slice *ret_token);
/* The same for several different audiences; a person signs in once for all. ret_tokens: room for count. */
FALLIBLE login_all(struct cli *cli, const slice *audiences, size_t count, slice *ret_tokens);

#endif
