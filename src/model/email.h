/*
 * email: one form of an address, for comparing it with an invite's or finding a local account; never an identity.
 *
 * Promises  lower-case ASCII with exactly one "@", no blanks, quotes, comments or control characters; what has no such form is
 * refused, not repaired (CVE-2026-40574).
 */
#ifndef MODEL_EMAIL_H
#define MODEL_EMAIL_H

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"

/* In the arena; INVALID_ARGUMENT naming `field`. */
FALLIBLE email_canonical(struct arena *arena, slice email, const char *field, slice *ret_email);

#endif
