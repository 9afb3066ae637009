/*
 * listener: where the browser comes back to: 127.0.0.1 on a port the system picks.
 *
 * Promises  one callback with our state is taken, whatever else knocks; a connection has LISTENER_READ_S to send its request;
 *           the page that ends it loads nothing, and says what really came of the sign-in.
 * Start at  listener_new(), listener_wait(), listener_end().
 */
#ifndef CLI_LISTENER_H
#define CLI_LISTENER_H

#include "cli/callback.h"
#include "cli/cli.h"

#define LISTENER_CONNECTIONS_MAX 16 /* at once; browsers open some ahead of need */
#define LISTENER_READ_S 10

struct listener;

/* In cli's arena; to be ended by listener_end. */
FALLIBLE listener_new(struct cli *cli, struct listener **ret_listener);
unsigned listener_port(const struct listener *listener);
/* Waits for the callback that carries this state. FAULT_TOO_LATE after wait_s, FAULT_CANCELLED when interrupted. */
FALLIBLE listener_wait(struct listener *listener, slice state, int64_t wait_s, struct callback *ret_callback);
/* Shows the person's browser how it ended, when it came back, and closes. NULL is fine; returns NULL. */
struct listener *listener_end(struct listener *listener, bool is_signed_in);

#endif
