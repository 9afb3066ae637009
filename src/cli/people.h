/*
 * people: signing in as a person: by a browser, by a code elsewhere, by an invitation.
 *
 * Owns      which way is taken (flags, then the configuration), registration, the tokens that a finished sign-in turns into.
 * Promises  one sign-in serves all audiences; whoever is not registered is asked first, or brings an invitation; the refresh
 * token is kept only for oneself, never with an assumed identity. Start at  people_sign_in().
 */
#ifndef CLI_PEOPLE_H
#define CLI_PEOPLE_H

#include "cli/cli.h"

/* A flag says how a person signs in. */
bool people_is_asked(const struct cli *cli);
/* Signs in and keeps a token for each audience; identity: whom to assume afterwards, "" = oneself. ret_tokens: room for count.
 * Without a browser and without a terminal FAULT_UNAUTHENTIC, unless --headless asks for it. */
FALLIBLE people_sign_in(struct cli *cli, const slice *audiences, size_t count, slice identity, slice *ret_tokens);

#endif
