/*
 * password: people's passwords, kept as argon2id alone.
 *
 * Owns      how a password is hashed and compared, which ones are refused, and how many are hashed at once.
 * Promises  19 MiB and two passes a hash (RFC 9106; OWASP's first choice for one lane); at most PASSWORD_RUNNING_MAX run at the
 * same time, at a low priority, and PASSWORD_WAITING_MAX wait, so that sign-ins take neither every worker nor the loops'
 * time; a check against nothing costs the same.
 * Start at  password_check(), password_hash(), password_rule().
 */
#ifndef CRYPTO_PASSWORD_H
#define CRYPTO_PASSWORD_H

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"

#define PASSWORD_CHARACTERS_MIN 12
#define PASSWORD_BYTES_MAX 512 /* of the password itself */
#define PASSWORD_SALT_BYTES 16
#define PASSWORD_HASH_BYTES_MAX 192 /* of the text form, with its NUL */
#define PASSWORD_RUNNING_MAX 2
#define PASSWORD_WAITING_MAX 2

/* The text form ("$argon2id$v=19$m=19456,t=2,p=1$…") in the arena; blocks for tens of milliseconds. RESOURCE_EXHAUSTED when too
 * many wait already: the same call later succeeds. */
FALLIBLE password_hash(struct arena *arena, slice password, const uint8_t salt[PASSWORD_SALT_BYTES], slice *ret_text);
/* text "": nobody has set one; the answer is false after the same work. Bounded as above. */
FALLIBLE password_check(slice password, slice text, bool *ret_is_right);

/* Long enough, not the login itself, not among the most common ones (password_is_common). No rule about kinds of characters.
 * INVALID_ARGUMENT naming `field`. */
FALLIBLE password_rule(slice password, slice login, const char *field);
/* Made of nothing but words, runs and repetitions that everybody tries first (crypto/password_words.def). */
bool password_is_common(slice password);

#endif
