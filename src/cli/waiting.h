/*
 * waiting: a page to open on another device, and the time that passes until somebody did.
 *
 * Promises  on a terminal the address is also a QR code (where the program was built with libqrencode) and the time left is
 *           shown on a line of its own, which is taken away again; elsewhere plain lines alone.
 */
#ifndef CLI_WAITING_H
#define CLI_WAITING_H

#include "cli/cli.h"

#define QR_TEXT_BYTES_MAX 512

/* page: what is read and typed; linked: the same with all that can be filled in, for the QR code. */
void waiting_show(struct cli *cli, slice page, slice linked);
/* Sleeps interval_s. FAULT_TOO_LATE when until_us (of clock_ticks_us) has passed, FAULT_CANCELLED when interrupted. */
FALLIBLE waiting_turn(struct cli *cli, int64_t interval_s, int64_t until_us);
/* Takes the line with the time away. */
void waiting_end(struct cli *cli);

/* The text as a QR code of half blocks for a terminal of this many columns, with its quiet zone; false when it does not fit or
 * the program was built without. */
bool qr_put(struct buffer *out, slice text, unsigned columns);

#endif
