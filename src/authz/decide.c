/*
 * decide: the one function that answers, over the index or over rows of a transaction alike.
 */
#include "authz/authz_impl.h"
#include "authz/rcu.h"

#define LINEAR_MAX 16 /* grants looked at one by one; more are searched by ancestor */

int grant_order(const struct grant *a, const struct grant *b)
{
	return slice_compare(slice_of(a->place->at, a->place->len), slice_of(b->place->at, b->place->len));
}

struct caps grant_caps(const struct grant *grant)
{
	const struct caps *caps = rcu_follow(grant->role->caps);

	if (!caps)
		return (struct caps){ 0 };
	return grant->place->is_system ? *caps : caps_public(*caps);
}

/* What the token lets through at the place. */
static struct caps token_caps(const struct caller *caller, const struct uid *place)
{
	struct caps caps = { 0 };

	for (size_t i = 0; i < caller->grants_count; i++)
		if (uid_covers(&caller->grants[i].group, place))
			caps = caps_or(caps, caller->grants[i].caps);
	return caps;
}

static bool token_has(const struct caller *caller, const struct uid *place, unsigned bit)
{
	for (size_t i = 0; i < caller->grants_count; i++)
		if (caps_has(&caller->grants[i].caps, bit) && uid_covers(&caller->grants[i].group, place))
			return true;
	return false;
}

static bool is_confined(const struct caller *caller, const struct uid *place)
{
	return !uid_is_none(&caller->confined_to) && !uid_covers(&caller->confined_to, place);
}

/* First grant whose group is not before these bytes. */
static uint32_t lower_bound(const struct block *block, slice bytes)
{
	uint32_t low = 0, high = block->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct place *place = block->grants[middle].place;
		if (slice_compare(slice_of(place->at, place->len), bytes) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

typedef bool (*visit_fn)(void *user, const struct grant *grant);

/* Visits the live grants at the place and above it until one says true. */
static bool visit_above(const struct block *block, const struct uid *place, int64_t now_s, visit_fn visit, void *user)
{
	if (block->count <= LINEAR_MAX) {
		for (uint32_t i = 0; i < block->count; i++)
			__builtin_prefetch(block->grants[i].place); /* memory brings all at once */
		for (uint32_t i = 0; i < block->count; i++)
			if (place_covers(block->grants[i].place, place) && grant_is_live(&block->grants[i], now_s) &&
			    visit(user, &block->grants[i]))
				return true;
		return false;
	}
	for (size_t len = UID_ROOT_BYTES; len <= place->len; len += UID_STEP_BYTES) {
		slice ancestor = slice_of(place->at, len);
		for (uint32_t i = lower_bound(block, ancestor); i < block->count; i++) {
			const struct grant *grant = &block->grants[i];
			if (!slice_eq(slice_of(grant->place->at, grant->place->len), ancestor))
				break;
			if (grant_is_live(grant, now_s) && visit(user, grant))
				return true;
		}
	}
	return false;
}

/* Visits the live grants at the operators' group. */
static bool visit_operator(const struct block *block, int64_t now_s, visit_fn visit, void *user)
{
	for (uint32_t i = 0; i < block->count; i++)
		if (block->grants[i].place->is_system && grant_is_live(&block->grants[i], now_s) &&
		    visit(user, &block->grants[i]))
			return true;
	return false;
}

struct question {
	unsigned bit;
	struct caps sum;
	bool wants_ordinary; /* grants at the operators' group count on the operators' path alone */
};

static bool has_bit(void *user, const struct grant *grant)
{
	const struct question *question = user;
	const struct caps *caps;

	if (question->wants_ordinary && grant->place->is_system)
		return false;
	caps = rcu_follow(grant->role->caps);
	return caps && caps_has(caps, question->bit) && (grant->place->is_system || question->bit < CAPS_OWN_FIRST);
}

static bool add_caps(void *user, const struct grant *grant)
{
	struct question *question = user;

	if (!question->wants_ordinary || !grant->place->is_system)
		question->sum = caps_or(question->sum, grant_caps(grant));
	return false;
}

bool decide_bit(const struct block *block, const struct caller *caller, const struct uid *place, unsigned bit, int64_t now_s)
{
	struct question question = { .bit = bit, .wants_ordinary = true };

	if (!block || !caller->is_known || is_confined(caller, place))
		return false;
	if (!uid_is_none(place) && token_has(caller, place, bit) && visit_above(block, place, now_s, has_bit, &question))
		return true;
	question.wants_ordinary = false;
	return caller->claims_operator && visit_operator(block, now_s, has_bit, &question);
}

struct caps decide_caps(const struct block *block, const struct caller *caller, const struct uid *place, int64_t now_s)
{
	struct question question = { .wants_ordinary = true }, standing = { .wants_ordinary = false };

	if (!block || !caller->is_known || is_confined(caller, place))
		return (struct caps){ 0 };
	if (!uid_is_none(place)) {
		(void)visit_above(block, place, now_s, add_caps, &question); /* visits all */
		question.sum = caps_and(question.sum, token_caps(caller, place));
	}
	if (caller->claims_operator)
		(void)visit_operator(block, now_s, add_caps, &standing); /* visits all */
	return caps_or(question.sum, standing.sum);
}
