/*
 * apply: a commit's changes brought into the index, what takes away before what gives.
 *
 * An identity whose bindings changed gets a new block, read from the committed rows. Where something goes, a block of what
 * stays is published before any new one is.
 */
#include "authz/authz_impl.h"
#include "authz/rcu.h"
#include "base/mem.h"

#define BLOCK_FIRST 4

/* ---- blocks ---- */

FALLIBLE block_add(struct block **block, const struct grant *grant)
{
	struct block *old = *block;
	uint32_t at = old ? old->count : 0;

	if (!old || old->count == old->room) {
		uint32_t room = old ? old->room * 2 : BLOCK_FIRST;
		struct block *more = mem_resize(old, sizeof(*more) + room * sizeof(struct grant));
		if (!more)
			return FAIL(FAULT_EXHAUSTED, "no memory for the authorization index");
		if (!old)
			more->count = 0;
		more->room = room;
		*block = old = more;
	}
	while (at && grant_order(grant, &old->grants[at - 1]) < 0) {
		old->grants[at] = old->grants[at - 1];
		at--;
	}
	old->grants[at] = *grant;
	old->count++;
	return OK;
}

struct gathering {
	struct authz *authz;
	struct block *block;
};

static status gather(void *user, const void *row)
{
	struct gathering *gathering = user;
	struct grant grant;

	TRY(index_grant(gathering->authz, row, &grant));
	return block_add(&gathering->block, &grant);
}

static bool same_grant(const struct grant *a, const struct grant *b)
{
	return a->place == b->place && a->role == b->role && a->not_before_s == b->not_before_s && a->expires_s == b->expires_s;
}

static bool holds(const struct block *block, const struct grant *grant)
{
	for (uint32_t i = 0; block && i < block->count; i++)
		if (same_grant(&block->grants[i], grant))
			return true;
	return false;
}

/* What both have: published first, so that nothing removed outlives something added elsewhere. */
static FALLIBLE common(const struct block *old, const struct block *fresh, struct block **ret_common, bool *ret_removes)
{
	*ret_common = NULL;
	*ret_removes = false;
	for (uint32_t i = 0; old && i < old->count; i++) {
		if (holds(fresh, &old->grants[i]))
			TRY(block_add(ret_common, &old->grants[i]));
		else
			*ret_removes = true;
	}
	return OK;
}

/* ---- applying a commit ---- */

struct dirty {
	struct entry *entry;
	struct block *fresh;
};

static int by_entry(const void *a, const void *b)
{
	const struct entry *left = ((const struct dirty *)a)->entry, *right = ((const struct dirty *)b)->entry;

	return (left > right) - (left < right);
}

static FALLIBLE find_dirty(struct authz *authz, const struct change *changes, size_t count, struct dirty *dirty,
			   size_t *ret_count)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < count; i++)
		if (changes[i].kind == CHANGE_BINDING)
			TRY(index_make_entry(authz, &changes[i].subject, &dirty[n++].entry));
	if (n)
		qsort(dirty, n, sizeof(*dirty), by_entry);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || dirty[i].entry != dirty[i - 1].entry)
			dirty[kept++] = (struct dirty){ .entry = dirty[i].entry };
	*ret_count = kept;
	return OK;
}

static FALLIBLE rebuild(struct authz *authz, struct tx *tx, struct dirty *dirty)
{
	struct gathering gathering = { .authz = authz };
	struct query query;
	struct uid uid = { .len = dirty->entry->len };
	status result;

	memcpy(uid.at, dirty->entry->at, uid.len);
	query_init(&query);
	query_eq_uid(&query, BINDINGS_IDENTITY, &uid);
	result = row_scan(tx, &table_bindings, &query, gather, &gathering);
	dirty->fresh = gathering.block;
	return result;
}

static FALLIBLE narrow_role(struct authz *authz, struct tx *tx, const struct uid *uid)
{
	struct role row = { .uid = *uid };
	struct role_slot *slot;
	struct caps both;
	bool found;

	TRY(index_make_role(authz, uid, &slot));
	TRY(row_find(tx, &table_roles, &row, &row, &found));
	if (!slot->caps)
		return OK;
	both = found ? caps_and(*slot->caps, row.caps) : (struct caps){ 0 };
	return index_put_caps(authz, slot, found ? &both : NULL);
}

/* A suspension takes away too. */
static FALLIBLE suspend(struct authz *authz, struct tx *tx, const struct uid *uid)
{
	struct place *place = index_place(authz, uid);
	struct group row = { .uid = *uid };
	bool found;

	if (!place)
		return OK;
	TRY(row_find(tx, &table_groups, &row, &row, &found));
	if (found && row.status == STATUS_SUSPENDED && uid_is_root(uid))
		now_is(*place->standing, STANDING_SUSPENDED);
	return OK;
}

static void place_gone(struct place *place)
{
	if (place->len == UID_ROOT_BYTES)
		now_is(*place->standing, STANDING_GONE);
	now_is(place->exists, false);
}

/* First what takes away: roles narrowed, organizations suspended, groups and identities gone, bindings gone. */
static FALLIBLE take_away(struct authz *authz, struct tx *tx, const struct change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct place *place;
		struct entry *entry;
		if (changes[i].kind == CHANGE_ROLE)
			TRY(narrow_role(authz, tx, &changes[i].key));
		if (changes[i].kind == CHANGE_GROUP && changes[i].op == CHANGE_PUT)
			TRY(suspend(authz, tx, &changes[i].key));
		if (changes[i].op != CHANGE_GONE)
			continue;
		place = changes[i].kind == CHANGE_GROUP ? index_place(authz, &changes[i].key) : NULL;
		if (place)
			place_gone(place);
		entry = changes[i].kind == CHANGE_IDENTITY ? index_entry(authz, &changes[i].key) : NULL;
		if (entry) {
			now_is(entry->exists, false);
			index_identity_gone(authz);
		}
	}
	return OK;
}

static FALLIBLE hand_out(struct authz *authz, struct tx *tx, const struct change *change)
{
	struct group group = { .uid = change->key };
	struct identity identity = { .uid = change->key };
	struct role role = { .uid = change->key };
	struct role_slot *slot;
	bool found;

	switch (change->kind) {
	case CHANGE_GROUP:
		TRY(row_find(tx, &table_groups, &group, &group, &found));
		return found ? index_put_group(authz, &group) : OK;
	case CHANGE_IDENTITY:
		TRY(row_find(tx, &table_identities, &identity, &identity, &found));
		return found ? index_put_identity(authz, &identity) : OK;
	case CHANGE_ROLE:
		TRY(row_find(tx, &table_roles, &role, &role, &found));
		TRY(index_make_role(authz, &change->key, &slot));
		return index_put_caps(authz, slot, found ? &role.caps : NULL);
	default:
		return OK;
	}
}

static FALLIBLE apply_blocks(struct authz *authz, struct tx *tx, struct dirty *dirty, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct block *kept;
		bool removes;
		TRY(rebuild(authz, tx, &dirty[i]));
		TRY(common(dirty[i].entry->block, dirty[i].fresh, &kept, &removes));
		if (removes)
			index_put_block(authz, dirty[i].entry, kept);
		else
			(void)mem_free(kept); /* the old one stands for it */
	}
	for (size_t i = 0; i < count; i++)
		index_put_block(authz, dirty[i].entry, dirty[i].fresh);
	return OK;
}

status authz_apply(void *user, struct tx *tx, const struct change *changes, size_t count, uint64_t revision)
{
	struct authz *authz = user;
	struct dirty *dirty = mem_zero(count + 1, sizeof(*dirty));
	size_t dirty_count = 0;
	status result;

	if (!dirty)
		return FAIL(FAULT_EXHAUSTED, "no memory for the authorization index");
	result = take_away(authz, tx, changes, count);
	if (!FAILED(result))
		result = find_dirty(authz, changes, count, dirty, &dirty_count);
	if (!FAILED(result))
		result = apply_blocks(authz, tx, dirty, dirty_count);
	for (size_t i = 0; i < count && !FAILED(result); i++)
		if (changes[i].op == CHANGE_PUT)
			result = hand_out(authz, tx, &changes[i]);
	(void)mem_free(dirty); /* its blocks are published; on failure the process ends */
	index_set_revision(authz, revision);
	return result;
}
