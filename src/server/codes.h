/*
 * codes: a new setup code for a server that runs already.
 *
 * Whoever may write the data folder may become an operator: "reeved setup-code" leaves the code's digest in a file there, and
 * the server takes it in within a second. The code itself is on the terminal alone.
 */
#ifndef SERVER_CODES_H
#define SERVER_CODES_H

#include "server/config.h"
#include "store/store.h"

/* The command: makes a code, leaves it or (no server runs) writes it into the store; prints it to stdout. */
FALLIBLE codes_command(const struct config *config);
/* The server's side; cheap enough for every second. */
bool codes_are_waiting(slice data_folder);
FALLIBLE codes_take(struct store *store, slice data_folder);

#endif
