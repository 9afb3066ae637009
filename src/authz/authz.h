/*
 * authz: may this caller use this capability at this place?
 *
 * Owns      the live index (identity -> bindings, role -> capabilities, the set of groups), the decision, its reason.
 * Reads     bindings, roles, groups, identities through store at start and after each commit; changes nothing.
 * Promises  what is unknown is denied; a decision is the intersection of the token and the live index; a commit's removals
 *           are seen before its additions across identities; readers never lock or block.
 * Start at  authz_allows() for a call, authz_reach() for a list, authz_held() inside a transaction.
 */
#ifndef AUTHZ_AUTHZ_H
#define AUTHZ_AUTHZ_H

#include "model/caller.h"
#include "store/store.h"

struct authz;

/* An empty index; NULL without memory. */
struct authz *authz_new(void);
struct authz *authz_free(struct authz *authz);
/* Fills it from the tables; once, before threads start. */
FALLIBLE authz_load(struct authz *authz, struct tx *tx);
/* The store's on_commit hook (user is the struct authz *). */
status authz_apply(void *user, struct tx *tx, const struct change *changes, size_t count, uint64_t revision);
/* Revision of the last applied commit. */
uint64_t authz_revision(const struct authz *authz);

/* Threads that read: register once per thread, be offline while waiting (the loop does so around its wait; a worker around
 * its queue), online while deciding. */
/* Whoever waits for the writer (a commit, a backup) must be offline: the applier may be waiting for all readers. */
void authz_thread_start(void);
void authz_thread_stop(void);
void authz_thread_offline(void);
void authz_thread_online(void);
/* Returns when every thread that was on-line has been off-line since: what they could have followed before is let go of. The
 * caller is off-line. */
void authz_wait_readers(void);

/* ---- from memory: for loops and workers ---- */

/* True when the caller's token and the live index both allow `bit` at `place` (or `place` lies below where they do). A none
 * place asks "at the root of everything": operators alone. now_s bounds not_before and expires. */
bool authz_allows(const struct authz *authz, const struct caller *caller, const struct uid *place, unsigned bit, int64_t now_s);
/* The caller resolved once (kept beside a verified token): saves the lookup while it stays valid; a stale one is looked up
 * anew by authz_allows_at itself. Zero-initialise. */
struct authz_subject {
	const void *entry;
	uint64_t epoch;
};
bool authz_allows_at(const struct authz *authz, struct authz_subject *subject, const struct caller *caller,
		     const struct uid *place, unsigned bit, int64_t now_s);

/* Places where the caller holds every bit of `need` (and all below them): none inside another, sorted, in the arena.
 * *ret_everywhere is set when an operator's standing covers all (then the list may be empty). */
FALLIBLE authz_reach(const struct authz *authz, const struct caller *caller, const struct caps *need, int64_t now_s,
		     struct arena *arena, struct uid **ret_places, size_t *ret_count, bool *ret_everywhere);
/* What the identity holds now, per group where it is bound (token ignored; bits of ours left out): for minting a token.
 * Groups sorted; the system group's bindings give *ret_is_operator instead of an entry. scopes (may be 0): exactly those
 * groups, each with what is bound there or inherited from above, except that a scope strictly below another asked scope
 * keeps its own bindings only (tokens.md 3.4). `narrow` intersects. A group with nothing left is absent.
 * FAULT_STATE asking for `scopes` when more than CALLER_GRANTS_MAX groups remain. */
FALLIBLE authz_grants(const struct authz *authz, const struct uid *identity, const struct uid *scopes, size_t scopes_count,
		      const struct caps *narrow, int64_t now_s, struct arena *arena, struct token_grant **ret_grants,
		      size_t *ret_count, bool *ret_is_operator);
/* Every capability the caller holds at place (token and index). */
struct caps authz_caps_at(const struct authz *authz, const struct caller *caller, const struct uid *place, int64_t now_s);

/* One liveness check for the issue path: the identity exists (or `place` does), its organization exists and is not suspended,
 * and it was not created after issued_s (0: do not ask). */
enum authz_life { LIFE_ALIVE, LIFE_ABSENT, LIFE_ROOT_GONE, LIFE_SUSPENDED, LIFE_NEWER };
enum authz_life authz_identity_life(const struct authz *authz, const struct uid *identity, int64_t issued_s);
/* The same for a group, or for any resource id by the root it starts with (LIFE_ROOT_GONE). */
enum authz_life authz_group_life(const struct authz *authz, const struct uid *group);
enum authz_life authz_place_life(const struct authz *authz, const struct uid *place);

/* ---- in a transaction: admission of a write, the hand-out rule ---- */

/* What the caller holds at place by the bindings and roles read from tx, bounded by the token; same decision function. */
FALLIBLE authz_held(struct tx *tx, const struct caller *caller, const struct uid *place, int64_t now_s, struct caps *ret_caps);
/* PERMISSION_DENIED naming the missing capability unless the caller holds all of `need` at place in tx; an empty need is
 * denied. */
FALLIBLE authz_require(struct tx *tx, const struct caller *caller, const struct uid *place, const struct caps *need,
		       int64_t now_s, bool *ret_by_operator);
/* No one hands out what he does not hold: PERMISSION_DENIED naming the first capability of `given` that the caller lacks at
 * place in tx. Deprecated bits count too. */
FALLIBLE authz_hand_out(struct tx *tx, const struct caller *caller, const struct uid *place, const struct caps *given,
			int64_t now_s);
/* The same for all that an identity holds anywhere: for changes of its relationship or keys. */
FALLIBLE authz_hand_out_identity(struct tx *tx, const struct caller *caller, const struct uid *identity, int64_t now_s);

/* The operators' group; made at first start, its uid kept in facts; set before authz_load. */
void authz_set_system_group(struct authz *authz, const struct uid *group);
const struct uid *authz_system_group(const struct authz *authz);

#endif
