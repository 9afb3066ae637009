/*
 * guess: how often a password may be tried.
 *
 * Promises  counted by account and address together, so that nobody locks a victim out from elsewhere; an account that is tried
 * from everywhere leaves each address only a few tries; a browser that signed in before has a count of its own, so that not
 * even a neighbour behind the same address locks it out. Whether an account exists changes nothing. Start at  guess_may()
 * before a check, guess_right() after one that was right.
 */
#ifndef LOGIN_GUESS_H
#define LOGIN_GUESS_H

#include "login/shown.h"

#define GUESS_WINDOW_S 900
#define GUESS_PAIR_MOST 10     /* of an account from an address */
#define GUESS_ATTACK_MOST 3    /* the same while the account is under attack */
#define GUESS_ACCOUNT_MOST 100 /* of an account, from where it makes one "under attack" */
#define GUESS_ADDRESS_MOST 100 /* of an address, whatever account */
#define GUESS_KNOWN_COOKIE "__Host-reeve.known"
#define GUESS_KNOWN_LIFE_S (90 * 86400)

/* login is canonical. */
FALLIBLE guess_may(struct call *call, slice login, bool *ret_may);
/* Forgets the tries and marks this browser. */
FALLIBLE guess_right(struct call *call, slice login, Reeve__V1__Page *out);

#endif
