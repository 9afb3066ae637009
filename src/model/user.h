/*
 * user: the identity of a person at the root, known before it exists (spec model.md 5.1, design.md 6).
 */
#ifndef MODEL_USER_H
#define MODEL_USER_H

#include "model/uid.h"

/* Bare accounts.google.com is https://accounts.google.com; everything else stays as it is. */
slice issuer_normal(slice issuer);
/* The first 20 bytes of SHA-256 over a label, the length-prefixed normalised issuer and the length-prefixed subject.
 * FAULT_INTERNAL when there is no digest to be had. */
FALLIBLE user_uid(slice issuer, slice subject, struct uid *ret_uid);

#endif
