/*
 * ask: the questions from memory: may they, where may they, what do they hold, is it alive.
 */
#include "authz/authz_impl.h"
#include "authz/rcu.h"
#include "model/role.h"

#define AHEAD_MAX 4 /* grants of a token; memory is not asked for more things at a time than it brings together */

static const struct block *block_of(const struct entry *entry)
{
	return entry && now_of(entry->exists) ? rcu_follow(entry->block) : NULL;
}

/* What the decision reads of the caller, asked for while the index is searched: memory brings both at once. */
static void ask_ahead(const struct caller *caller)
{
	size_t count = caller->grants_count < AHEAD_MAX ? caller->grants_count : AHEAD_MAX;

	for (size_t i = 0; i < count; i++) {
		__builtin_prefetch(&caller->grants[i].group);
		__builtin_prefetch(&caller->grants[i].caps);
	}
}

bool authz_allows(const struct authz *authz, const struct caller *caller, const struct uid *place, unsigned bit, int64_t now_s)
{
	if (!caller->is_known)
		return false;
	ask_ahead(caller);
	return decide_bit(block_of(index_entry(authz, &caller->identity)), caller, place, bit, now_s);
}

bool authz_allows_at(const struct authz *authz, struct authz_subject *subject, const struct caller *caller,
		     const struct uid *place, unsigned bit, int64_t now_s)
{
	uint64_t epoch = index_epoch(authz) + 1; /* so that a zeroed subject is stale */

	if (!caller->is_known)
		return false;
	if (!subject->entry || subject->epoch != epoch) {
		subject->entry = index_entry(authz, &caller->identity);
		subject->epoch = epoch;
	}
	return decide_bit(block_of(subject->entry), caller, place, bit, now_s);
}

struct caps authz_caps_at(const struct authz *authz, const struct caller *caller, const struct uid *place, int64_t now_s)
{
	if (!caller->is_known)
		return (struct caps){ 0 };
	return decide_caps(block_of(index_entry(authz, &caller->identity)), caller, place, now_s);
}

/* ---- where ---- */

static int by_uid(const void *a, const void *b)
{
	return uid_compare(a, b);
}

static struct uid uid_of_place(const struct place *place)
{
	struct uid uid = { .len = place->len };

	memcpy(uid.at, place->at, place->len);
	return uid;
}

/* What a caller holds changes only at groups where the index or the token names something: those are looked at one by one. */
static FALLIBLE candidates(const struct block *block, const struct caller *caller, struct arena *arena, struct uid **ret_uids,
			   size_t *ret_count)
{
	size_t n = 0, kept = 0;
	struct uid *uids = NEW_N(arena, struct uid, block->count + caller->grants_count + 1);

	TRY_NEW(uids);
	for (uint32_t i = 0; i < block->count; i++)
		uids[n++] = uid_of_place(block->grants[i].place);
	for (size_t i = 0; i < caller->grants_count; i++)
		uids[n++] = caller->grants[i].group;
	if (!uid_is_none(&caller->confined_to)) /* all there is for an operator whose session is confined */
		uids[n++] = caller->confined_to;
	if (n)
		qsort(uids, n, sizeof(*uids), by_uid);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || !uid_eq(&uids[kept - 1], &uids[i]))
			uids[kept++] = uids[i];
	*ret_uids = uids;
	*ret_count = kept;
	return OK;
}

FALLIBLE authz_reach(const struct authz *authz, const struct caller *caller, const struct caps *need, int64_t now_s,
		     struct arena *arena, struct uid **ret_places, size_t *ret_count, bool *ret_everywhere)
{
	static const struct uid nowhere;
	const struct block *block = caller->is_known ? block_of(index_entry(authz, &caller->identity)) : NULL;
	struct caps standing;
	struct uid *uids = NULL;
	size_t count = 0, kept = 0;

	*ret_everywhere = false;
	*ret_count = 0;
	*ret_places = NULL;
	if (!block || caps_is_empty(need)) /* who asks for nothing reaches nothing: no row does */
		return OK;
	standing = decide_caps(block, caller, &nowhere, now_s);
	if (caps_within(need, &standing)) {
		*ret_everywhere = true;
		return OK;
	}
	TRY(candidates(block, caller, arena, &uids, &count));
	for (size_t i = 0; i < count; i++) {
		struct caps held;
		if (kept && uid_covers(&uids[kept - 1], &uids[i]))
			continue; /* sorted: what lies inside one that counts follows it */
		held = decide_caps(block, caller, &uids[i], now_s);
		if (caps_within(need, &held))
			uids[kept++] = uids[i];
	}
	*ret_places = uids;
	*ret_count = kept;
	return OK;
}

/* ---- minting ---- */

static FALLIBLE add_grant(struct token_grant *grants, size_t *count, const struct uid *group, struct caps caps,
			  const struct caps *narrow)
{
	if (narrow)
		caps = caps_and(caps, *narrow);
	if (caps_is_empty(&caps))
		return OK;
	if (*count && uid_eq(&grants[*count - 1].group, group)) {
		grants[*count - 1].caps = caps_or(grants[*count - 1].caps, caps);
		return OK;
	}
	if (*count == CALLER_GRANTS_MAX)
		return FAIL_STATE("TOO_MANY_GROUPS",
				  "the identity is bound in more than %d groups; ask for a token with `scopes`",
				  CALLER_GRANTS_MAX);
	grants[(*count)++] = (struct token_grant){ *group, caps };
	return OK;
}

/* The nearest asked scope strictly above; none when there is none. */
static const struct uid *asked_above(const struct uid *scope, const struct uid *scopes, size_t count)
{
	const struct uid *nearest = NULL;

	for (size_t i = 0; i < count; i++)
		if (!uid_eq(&scopes[i], scope) && uid_covers(&scopes[i], scope) && (!nearest || scopes[i].len > nearest->len))
			nearest = &scopes[i];
	return nearest;
}

/* What the block gives at the scope: bound there or above, but not at or above another asked scope. */
static struct caps caps_for_scope(const struct block *block, const struct uid *scope, const struct uid *above, int64_t now_s)
{
	struct caps sum = { 0 };

	for (uint32_t i = 0; i < block->count; i++) {
		const struct grant *grant = &block->grants[i];
		if (!grant->place->is_system && place_covers(grant->place, scope) &&
		    (!above || grant->place->len > above->len) && grant_is_live(grant, now_s))
			sum = caps_or(sum, grant_caps(grant));
	}
	return sum;
}

static FALLIBLE grants_for_scopes(const struct block *block, const struct uid *scopes, size_t scopes_count,
				  const struct caps *narrow, int64_t now_s, struct token_grant *grants, size_t *count)
{
	for (size_t i = 0; i < scopes_count; i++)
		TRY(add_grant(grants, count, &scopes[i],
			      caps_for_scope(block, &scopes[i], asked_above(&scopes[i], scopes, scopes_count), now_s), narrow));
	return OK;
}

FALLIBLE authz_grants(const struct authz *authz, const struct uid *identity, const struct uid *scopes, size_t scopes_count,
		      const struct caps *narrow, int64_t now_s, struct arena *arena, struct token_grant **ret_grants,
		      size_t *ret_count, bool *ret_is_operator)
{
	const struct block *block = block_of(index_entry(authz, identity));
	struct token_grant *grants = NEW_N(arena, struct token_grant, CALLER_GRANTS_MAX);
	struct uid *asked = NEW_N(arena, struct uid, scopes_count);
	size_t count = 0;

	TRY_NEW(grants);
	TRY_NEW(asked);
	*ret_is_operator = false;
	for (uint32_t i = 0; block && i < block->count; i++) {
		const struct grant *grant = &block->grants[i];
		struct uid group = uid_of_place(grant->place);
		struct caps caps = grant_caps(grant);
		if (!grant_is_live(grant, now_s) || caps_is_empty(&caps))
			continue;
		if (grant->place->is_system)
			*ret_is_operator = true;
		else if (scopes_count == 0)
			TRY(add_grant(grants, &count, &group, grant_caps(grant), narrow));
	}
	if (scopes_count)
		memcpy(asked, scopes, scopes_count * sizeof(*asked));
	if (scopes_count > 1)
		qsort(asked, scopes_count, sizeof(*asked), by_uid);
	if (block && scopes_count)
		TRY(grants_for_scopes(block, asked, scopes_count, narrow, now_s, grants, &count));
	*ret_grants = grants;
	*ret_count = count;
	return OK;
}

/* ---- life ---- */

enum authz_life authz_group_life(const struct authz *authz, const struct uid *group)
{
	const struct place *place = index_place(authz, group);
	struct uid root = uid_root(group);
	const struct place *above = index_place(authz, &root);
	enum standing standing = above ? now_of(*above->standing) : STANDING_GONE;

	if (standing != STANDING_GOOD)
		return standing == STANDING_SUSPENDED ? LIFE_SUSPENDED : LIFE_ROOT_GONE;
	return place && now_of(place->exists) ? LIFE_ALIVE : LIFE_ABSENT;
}

enum authz_life authz_identity_life(const struct authz *authz, const struct uid *identity, int64_t issued_s)
{
	const struct entry *entry = index_entry(authz, identity);
	struct uid parent = uid_parent(identity);

	if (!entry || !now_of(entry->exists))
		return LIFE_ABSENT;
	if (!uid_is_none(&parent)) {
		enum authz_life life = authz_group_life(authz, &parent);
		if (life != LIFE_ALIVE)
			return life;
	}
	return issued_s && now_of(entry->created_s) > issued_s ? LIFE_NEWER : LIFE_ALIVE;
}

enum authz_life authz_place_life(const struct authz *authz, const struct uid *place)
{
	struct uid root = uid_root(place);
	const struct place *group = index_place(authz, &root);
	const struct entry *user = index_entry(authz, &root);

	if ((group && now_of(group->exists)) || (user && now_of(user->exists)) || role_builtin_by_uid(&root))
		return LIFE_ALIVE;
	return LIFE_ROOT_GONE;
}
