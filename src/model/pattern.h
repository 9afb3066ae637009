/*
 * pattern: claims matched by regular expressions that tenants write (design.md 6, spec model.md 5.2).
 *
 * Owns      the one door to RE2, the lint for issuer patterns, a bounded cache of compiled patterns per thread.
 * Promises  a match is of the whole text, takes linear time, and never fails open: what does not compile matches nothing.
 *           The syntax is RE2's and so Go's, without \C; a named group is written (?P<name>…).
 * Start at  pattern_check() when a rule is written, pattern_matches() when a token is checked.
 */
#ifndef MODEL_PATTERN_H
#define MODEL_PATTERN_H

#include "base/slice.h"
#include "base/status.h"

#define PATTERN_BYTES_MAX 1024         /* of the source */
#define PATTERN_PROGRAM_MAX 500        /* instructions of the compiled program */
#define PATTERN_SUBJECT_BYTES_MAX 1024 /* of a text that is matched; longer ones match nothing */
#define PATTERN_CACHE_MAX 64           /* compiled patterns a thread keeps */

/* Compiles and lets go. INVALID_ARGUMENT naming `field` and what is wrong with the source. */
FALLIBLE pattern_check(slice source, const char *field);
/* The same, and refuses a pattern that matches issuers its author can hardly mean: it must begin with https:// (or http://),
 * each alternative on its own; the host is literal text, or has wildcards that cannot match a dot, in front of at least two
 * literal labels: https://[a-z0-9-]+\.example\.com. What the lint does not understand it refuses. */
FALLIBLE pattern_check_issuer(slice source, const char *field);
/* True when the whole subject matches. Compiles on first use and keeps the program for this thread. */
bool pattern_matches(slice source, slice subject);
/* Frees this thread's programs; at the end of a thread. */
void pattern_thread_done(void);

#endif
