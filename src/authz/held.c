/*
 * held: the same decision inside a transaction, over the rows it reads: what changed before it in the same commit counts.
 */
#include "authz/authz_impl.h"
#include "model/caps.h"

#define SYSTEM_GROUP_FACT "system_group"

static FALLIBLE system_group_of(struct tx *tx, struct uid *ret_group)
{
	struct fact fact = { .name = SLICE(SYSTEM_GROUP_FACT) };
	bool found;

	*ret_group = (struct uid){ 0 };
	TRY(row_find(tx, &table_facts, &fact, &fact, &found));
	if (found && !uid_of_bytes(fact.value, ret_group))
		return FAIL(FAULT_LOST, "the store does not know its operators' group");
	return OK;
}

/* A group as the index would have it: there only while it and its organization are. */
static FALLIBLE make_place(struct tx *tx, const struct uid *uid, const struct uid *system_group, const struct place **ret_place)
{
	struct group root = { .uid = uid_root(uid) }, group = { .uid = *uid };
	struct place *place = arena_alloc(tx_arena(tx), sizeof(*place) + uid->len);
	uint8_t *standing = NEW(tx_arena(tx), uint8_t);
	bool has_root, found;

	TRY_NEW(place);
	TRY_NEW(standing);
	TRY(row_find(tx, &table_groups, &root, &root, &has_root));
	found = has_root;
	if (!uid_is_root(uid))
		TRY(row_find(tx, &table_groups, &group, &group, &found));
	if (has_root)
		*standing = root.status == STATUS_SUSPENDED ? STANDING_SUSPENDED : STANDING_GOOD;
	*place = (struct place){
		.standing = standing, .exists = found, .is_system = uid_eq(uid, system_group), .len = uid->len
	};
	memcpy(place->at, uid->at, uid->len);
	*ret_place = place;
	return OK;
}

static FALLIBLE make_slot(struct tx *tx, const struct uid *uid, const struct role_slot **ret_slot)
{
	struct role *role = NEW(tx_arena(tx), struct role);
	struct role_slot *slot = NEW(tx_arena(tx), struct role_slot);
	bool found;

	TRY_NEW(role);
	TRY_NEW(slot);
	role->uid = *uid;
	TRY(row_find(tx, &table_roles, role, role, &found));
	slot->caps = found ? &role->caps : NULL;
	*ret_slot = slot;
	return OK;
}

static int by_place(const void *a, const void *b)
{
	return grant_order(a, b);
}

static FALLIBLE read_block(struct tx *tx, const struct uid *identity, struct block **ret_block)
{
	struct uid system_group;
	struct query query;
	struct rows rows;
	struct block *block;

	TRY(system_group_of(tx, &system_group));
	query_init(&query);
	query_eq_uid(&query, BINDINGS_IDENTITY, identity);
	TRY(row_list(tx, &table_bindings, &query, &rows));
	block = arena_alloc(tx_arena(tx), sizeof(*block) + rows.count * sizeof(struct grant));
	TRY_NEW(block);
	for (size_t i = 0; i < rows.count; i++) {
		const struct binding *binding = (const struct binding *)rows.at + i;
		const struct place *place = NULL;
		const struct role_slot *role = NULL;
		TRY(make_place(tx, &binding->group, &system_group, &place));
		TRY(make_slot(tx, &binding->role, &role));
		block->grants[block->count++] = grant_make(place, role, binding);
	}
	if (block->count > 1)
		qsort(block->grants, block->count, sizeof(struct grant), by_place);
	*ret_block = block;
	return OK;
}

struct kept_block {
	struct uid identity;
	struct block *block; /* NULL: there is no such identity */
};

/* The identity's bindings as a block like the index's; it must exist. A call asks about its caller when it is admitted and
 * again when it hands something out: the rows are read once, unless something was changed in between. */
static FALLIBLE block_in(struct tx *tx, const struct uid *identity, struct block **ret_block)
{
	static const char owner;
	struct kept_block *kept = tx_kept(tx, &owner);
	struct identity self = { .uid = *identity };
	bool found;

	if (!kept || !uid_eq(&kept->identity, identity)) {
		kept = NEW(tx_arena(tx), struct kept_block);
		TRY_NEW(kept);
		kept->identity = *identity;
		TRY(row_find(tx, &table_identities, &self, &self, &found));
		if (found)
			TRY(read_block(tx, identity, &kept->block));
		tx_keep(tx, &owner, kept);
	}
	*ret_block = kept->block;
	return OK;
}

FALLIBLE authz_held(struct tx *tx, const struct caller *caller, const struct uid *place, int64_t now_s, struct caps *ret_caps)
{
	struct block *block;

	*ret_caps = (struct caps){ 0 };
	if (!caller->is_known)
		return OK;
	TRY(block_in(tx, &caller->identity, &block));
	*ret_caps = decide_caps(block, caller, place, now_s);
	return OK;
}

static FALLIBLE lacks(const struct caps *need, const struct caps *held, const char *verb)
{
	for (unsigned bit = 0; bit < CAPS_BITS; bit++)
		if (caps_has(need, bit) && !caps_has(held, bit)) {
			const struct cap_row *row = cap_by_bit(bit);
			return FAIL(FAULT_DENIED, "the caller lacks the required capabilities: cannot %s %s here", verb,
				    row ? row->name : "an unknown capability");
		}
	return OK;
}

FALLIBLE authz_require(struct tx *tx, const struct caller *caller, const struct uid *place, const struct caps *need,
		       int64_t now_s, bool *ret_by_operator)
{
	struct caller ordinary = *caller;
	struct caps held;
	struct block *block = NULL;

	if (caps_is_empty(need)) /* as lists have it: who asks for nothing is given nothing */
		return FAIL(FAULT_DENIED, "the caller lacks the required capabilities: cannot use nothing here");
	if (caller->is_known)
		TRY(block_in(tx, &caller->identity, &block));
	held = decide_caps(block, caller, place, now_s);
	if (!caps_within(need, &held))
		TRY(lacks(need, &held, "use"));
	ordinary.claims_operator = false;
	held = decide_caps(block, &ordinary, place, now_s);
	*ret_by_operator = !caps_within(need, &held);
	return OK;
}

FALLIBLE authz_hand_out(struct tx *tx, const struct caller *caller, const struct uid *place, const struct caps *given,
			int64_t now_s)
{
	struct caps held;

	TRY(authz_held(tx, caller, place, now_s, &held));
	if (caps_within(given, &held))
		return OK;
	return lacks(given, &held, "hand out");
}

FALLIBLE authz_hand_out_identity(struct tx *tx, const struct caller *caller, const struct uid *identity, int64_t now_s)
{
	struct query query;
	struct rows rows;

	query_init(&query);
	query_eq_uid(&query, BINDINGS_IDENTITY, identity);
	TRY(row_list(tx, &table_bindings, &query, &rows));
	for (size_t i = 0; i < rows.count; i++) {
		const struct binding *binding = (const struct binding *)rows.at + i;
		struct role role = { .uid = binding->role };
		bool found;
		TRY(row_find(tx, &table_roles, &role, &role, &found));
		if (found)
			TRY(authz_hand_out(tx, caller, &binding->group, &role.caps, now_s));
	}
	return OK;
}
