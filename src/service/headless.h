/*
 * headless: a sign-in handed to a program on another machine, sealed for the key it showed (spec tokens.md 6.1).
 *
 * Promises  only the holder of the code's private key can read what is handed over; it is given away once and is gone after
 * HEADLESS_LIFE_S; how many wait is bounded.
 * Start at  people_handover(), people_headless_check() in people.h; the row GetHeadlessSession.
 */
#ifndef SERVICE_HEADLESS_H
#define SERVICE_HEADLESS_H

#include "crypto/agree.h"
#include "service/people.h"

#define HEADLESS_LIFE_S 300
#define HEADLESS_WAITING_MAX 20000

/* The public key that a code is; INVALID_ARGUMENT names `field`. */
FALLIBLE headless_key(slice code, const char *field, uint8_t ret_key[AGREE_KEY_BYTES]);

#endif
