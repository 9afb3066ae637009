/*
 * device_code: the two texts of a sign-in on another device: what the person types, what the device keeps.
 *
 * Promises  a user code is drawn evenly from 20 letters that are neither vowels nor look alike (RFC 8628 section 6.1); how it
 * is typed does not matter; a device's code is 256 random bits. Only their digests are kept.
 */
#ifndef LOGIN_DEVICE_CODE_H
#define LOGIN_DEVICE_CODE_H

#include "base/slice.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "login/device.h"

#define DEVICE_ALPHABET "BCDFGHJKLMNPQRSTVWXZ"
#define DEVICE_CODE_SHOWN_BYTES (DEVICE_CODE_LETTERS + 2) /* ABCD-EFGH and NUL */
#define DEVICE_SECRET_BYTES 32
#define DEVICE_SECRET_CHARACTERS 43
#define DEVICE_DRAW_BYTES 64

/* Eight letters out of random bytes; false for the one draw in 10^40 that does not hold enough. */
bool user_code_draw(const uint8_t random[DEVICE_DRAW_BYTES], char ret_letters[DEVICE_CODE_LETTERS]);
void user_code_format(const char letters[DEVICE_CODE_LETTERS], char ret_text[DEVICE_CODE_SHOWN_BYTES]);
/* The letters that were meant: case, blanks and hyphens do not count. False when it is no code. */
bool user_code_parse(slice typed, char ret_letters[DEVICE_CODE_LETTERS]);
FALLIBLE user_code_digest(const char letters[DEVICE_CODE_LETTERS], uint8_t ret_digest[SHA256_BYTES]);

/* Has the text the form of a device's code? */
bool device_code_is_formed(slice code);

#endif
