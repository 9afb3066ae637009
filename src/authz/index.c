/*
 * index: who has what where, in memory, changed by one applier and read by everyone.
 *
 * Three tables (identities, groups, roles) from ids to entries that stay where they are once made; what changes hangs on a
 * pointer that is replaced. A table that grows is replaced too. What was replaced is freed after a grace period.
 */
#include "authz/authz_impl.h"
#include "authz/rcu.h"
#include "base/mem.h"
#include "model/role.h"

#define TABLE_FIRST 256
#define SLAB_BYTES ((size_t)256 * 1024)
#define RETIRED_MAX 256 /* replaced things that wait for one grace period */
#define BLOCK_FIRST 4

char rcu_grace;

/* Open addressing over pointers; `key_at` is where an entry's len and bytes stand. */
struct table_of {
	size_t room; /* a power of two */
	void *slots[];
};

struct hashed {
	struct table_of *table;
	size_t count;
	size_t key_at; /* offset of the uint16_t length; the bytes follow */
};

struct authz {
	struct hashed entries, places, roles;
	struct uid system_group;
	_Atomic uint64_t epoch; /* grows when an identity goes: resolved subjects are looked up anew */
	_Atomic uint64_t revision;
	char *slab; /* entries come from slabs, which stay as long as the index */
	size_t slab_left;
	void **slabs;
	size_t slab_count, slab_room;
	void *retired[RETIRED_MAX];
	size_t retired_count;
};

/* ---- memory ---- */

static void retire(struct authz *authz, void *thing)
{
	if (!thing)
		return;
	if (authz->retired_count == RETIRED_MAX) {
		rcu_wait();
		while (authz->retired_count)
			(void)mem_free(authz->retired[--authz->retired_count]); /* gives NULL */
	}
	authz->retired[authz->retired_count++] = thing;
}

static void *slab_alloc(struct authz *authz, size_t size)
{
	void *at;

	size = (size + 7) / 8 * 8;
	if (authz->slab_left < size) {
		if (authz->slab_count == authz->slab_room) {
			size_t room = authz->slab_room ? authz->slab_room * 2 : 16;
			void **more = mem_resize(authz->slabs, room * sizeof(*more));
			if (!more)
				return NULL;
			authz->slabs = more;
			authz->slab_room = room;
		}
		authz->slab = mem_alloc(SLAB_BYTES);
		authz->slab_left = authz->slab ? SLAB_BYTES : 0;
		if (!authz->slab)
			return NULL;
		authz->slabs[authz->slab_count++] = authz->slab;
	}
	at = authz->slab;
	authz->slab += size;
	authz->slab_left -= size;
	memset(at, 0, size);
	return at;
}

/* ---- tables ---- */

static uint64_t hash(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	uint64_t h = len * UINT64_C(0x9e3779b97f4a7c15), word;

	/* Ids are random or digests: mixing whole words is enough. */
	for (; len >= 8; len -= 8, at += 8) {
		memcpy(&word, at, 8);
		h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	if (len) {
		word = 0;
		memcpy(&word, at, len);
		h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
	}
	return h ^ (h >> 29);
}

static uint16_t key_len(const struct hashed *hashed, const void *entry)
{
	uint16_t len;

	memcpy(&len, (const char *)entry + hashed->key_at, sizeof(len));
	return len;
}

static const uint8_t *key_bytes(const struct hashed *hashed, const void *entry)
{
	return (const uint8_t *)entry + hashed->key_at + sizeof(uint16_t);
}

static void *find(const struct hashed *hashed, const struct uid *uid)
{
	const struct table_of *table = rcu_follow(hashed->table);
	size_t at;

	if (!table)
		return NULL;
	for (at = hash(uid->at, uid->len) & (table->room - 1);; at = (at + 1) & (table->room - 1)) {
		void *entry = __atomic_load_n(&table->slots[at], __ATOMIC_ACQUIRE);
		if (!entry || (key_len(hashed, entry) == uid->len && memcmp(key_bytes(hashed, entry), uid->at, uid->len) == 0))
			return entry;
	}
}

static void place_in(struct table_of *table, const struct hashed *hashed, void *entry)
{
	size_t at = hash(key_bytes(hashed, entry), key_len(hashed, entry)) & (table->room - 1);

	while (table->slots[at])
		at = (at + 1) & (table->room - 1);
	__atomic_store_n(&table->slots[at], entry, __ATOMIC_RELEASE);
}

static FALLIBLE grow(struct authz *authz, struct hashed *hashed)
{
	struct table_of *old = hashed->table, *fresh;
	size_t room = old ? old->room * 2 : TABLE_FIRST;

	fresh = mem_zero(1, sizeof(*fresh) + room * sizeof(void *));
	if (!fresh)
		return FAIL(FAULT_EXHAUSTED, "no memory for the authorization index");
	fresh->room = room;
	for (size_t i = 0; old && i < old->room; i++)
		if (old->slots[i])
			place_in(fresh, hashed, old->slots[i]);
	rcu_publish(hashed->table, fresh);
	retire(authz, old);
	return OK;
}

/* A new entry of `size` bytes and the key, in its table. */
static FALLIBLE add(struct authz *authz, struct hashed *hashed, const struct uid *uid, size_t size, void **ret_entry)
{
	void *entry;

	if (!hashed->table || hashed->count * 2 >= hashed->table->room)
		TRY(grow(authz, hashed));
	entry = slab_alloc(authz, size + uid->len);
	if (!entry)
		return FAIL(FAULT_EXHAUSTED, "no memory for the authorization index");
	memcpy((char *)entry + hashed->key_at, &uid->len, sizeof(uid->len));
	memcpy((char *)entry + hashed->key_at + sizeof(uint16_t), uid->at, uid->len);
	*ret_entry = entry;
	return OK;
}

/* Published only when its other fields stand. */
static void publish(struct hashed *hashed, void *entry)
{
	place_in(hashed->table, hashed, entry);
	hashed->count++;
}

struct entry *index_entry(const struct authz *authz, const struct uid *uid)
{
	return find(&authz->entries, uid);
}

struct place *index_place(const struct authz *authz, const struct uid *uid)
{
	return find(&authz->places, uid);
}

uint64_t index_epoch(const struct authz *authz)
{
	return authz->epoch;
}

/* ---- getting or making ---- */

static FALLIBLE entry_of(struct authz *authz, const struct uid *uid, struct entry **ret_entry)
{
	void *made = index_entry(authz, uid);

	if (!made) {
		TRY(add(authz, &authz->entries, uid, sizeof(struct entry), &made));
		publish(&authz->entries, made);
	}
	*ret_entry = made;
	return OK;
}

static FALLIBLE place_of(struct authz *authz, const struct uid *uid, struct place **ret_place)
{
	struct uid root = uid_root(uid);
	void *made = index_place(authz, uid);
	struct place *place, *above = NULL;

	if (!made) {
		if (!uid_is_root(uid))
			TRY(place_of(authz, &root, &above)); /* one level deep: a root's root is itself */
		TRY(add(authz, &authz->places, uid, sizeof(struct place), &made));
		place = made;
		place->root = above ? above : place;
		place->is_system = uid_eq(uid, &authz->system_group);
		publish(&authz->places, made);
	}
	*ret_place = made;
	return OK;
}

static FALLIBLE role_of(struct authz *authz, const struct uid *uid, struct role_slot **ret_slot)
{
	void *made = find(&authz->roles, uid);

	if (!made) {
		TRY(add(authz, &authz->roles, uid, sizeof(struct role_slot), &made));
		publish(&authz->roles, made);
	}
	*ret_slot = made;
	return OK;
}

/* ---- the applier: groups, roles, identities ---- */

static FALLIBLE put_group(struct authz *authz, const struct group *group)
{
	struct place *place;

	TRY(place_of(authz, &group->uid, &place));
	__atomic_store_n(&place->status, (uint8_t)group->status, __ATOMIC_RELEASE);
	__atomic_store_n(&place->exists, true, __ATOMIC_RELEASE);
	return OK;
}

static FALLIBLE put_caps(struct authz *authz, struct role_slot *slot, const struct caps *caps)
{
	struct caps *fresh = NULL;
	union {
		const struct caps *kept;
		struct caps *owned;
	} old = { .kept = slot->caps };

	if (caps) {
		fresh = mem_alloc(sizeof(*fresh));
		if (!fresh)
			return FAIL(FAULT_EXHAUSTED, "no memory for the authorization index");
		*fresh = *caps;
	}
	rcu_publish(slot->caps, fresh);
	retire(authz, old.owned);
	return OK;
}

static FALLIBLE put_identity(struct authz *authz, const struct identity *identity)
{
	struct entry *entry;

	TRY(entry_of(authz, &identity->uid, &entry));
	__atomic_store_n(&entry->created_s, identity->created_us / US_PER_S, __ATOMIC_RELEASE);
	__atomic_store_n(&entry->exists, true, __ATOMIC_RELEASE);
	return OK;
}

/* ---- blocks ---- */

static FALLIBLE grant_of(struct authz *authz, const struct binding *binding, struct grant *ret_grant)
{
	struct place *place;
	struct role_slot *role;

	TRY(place_of(authz, &binding->group, &place));
	TRY(role_of(authz, &binding->role, &role));
	*ret_grant = grant_make(place, role, binding);
	return OK;
}

static FALLIBLE block_add(struct block **block, const struct grant *grant)
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

	TRY(grant_of(gathering->authz, row, &grant));
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

static void swap_block(struct authz *authz, struct entry *entry, struct block *fresh)
{
	struct block *old = entry->block;

	rcu_publish(entry->block, fresh);
	retire(authz, old);
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
			TRY(entry_of(authz, &changes[i].subject, &dirty[n++].entry));
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

	TRY(role_of(authz, uid, &slot));
	TRY(row_find(tx, &table_roles, &row, &row, &found));
	if (!slot->caps)
		return OK;
	both = found ? caps_and(*slot->caps, row.caps) : (struct caps){ 0 };
	return put_caps(authz, slot, found ? &both : NULL);
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
	if (found && row.status == STATUS_SUSPENDED)
		__atomic_store_n(&place->status, (uint8_t)row.status, __ATOMIC_RELEASE);
	return OK;
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
			__atomic_store_n(&place->exists, false, __ATOMIC_RELEASE);
		entry = changes[i].kind == CHANGE_IDENTITY ? index_entry(authz, &changes[i].key) : NULL;
		if (entry) {
			__atomic_store_n(&entry->exists, false, __ATOMIC_RELEASE);
			authz->epoch++;
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
		return found ? put_group(authz, &group) : OK;
	case CHANGE_IDENTITY:
		TRY(row_find(tx, &table_identities, &identity, &identity, &found));
		return found ? put_identity(authz, &identity) : OK;
	case CHANGE_ROLE:
		TRY(row_find(tx, &table_roles, &role, &role, &found));
		TRY(role_of(authz, &change->key, &slot));
		return put_caps(authz, slot, found ? &role.caps : NULL);
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
			swap_block(authz, dirty[i].entry, kept);
		else
			(void)mem_free(kept); /* the old one stands for it */
	}
	for (size_t i = 0; i < count; i++)
		swap_block(authz, dirty[i].entry, dirty[i].fresh);
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
	authz->revision = revision;
	return result;
}

/* ---- loading ---- */

static status load_group(void *authz, const void *row)
{
	return put_group(authz, row);
}

static status load_identity(void *authz, const void *row)
{
	return put_identity(authz, row);
}

static status load_role(void *authz, const void *row)
{
	const struct role *role = row;
	struct role_slot *slot;

	TRY(role_of(authz, &role->uid, &slot));
	return put_caps(authz, slot, &role->caps);
}

static status load_binding(void *user, const void *row)
{
	const struct binding *binding = row;
	struct authz *authz = user;
	struct entry *entry;
	struct grant grant;

	TRY(entry_of(authz, &binding->identity, &entry));
	TRY(grant_of(authz, binding, &grant));
	return block_add(&entry->block, &grant); /* nobody reads yet */
}

FALLIBLE authz_load(struct authz *authz, struct tx *tx)
{
	TRY(row_scan(tx, &table_groups, NULL, load_group, authz));
	TRY(row_scan(tx, &table_roles, NULL, load_role, authz));
	TRY(row_scan(tx, &table_identities, NULL, load_identity, authz));
	return row_scan(tx, &table_bindings, NULL, load_binding, authz);
}

/* ---- making it ---- */

struct authz *authz_new(void)
{
	struct authz *authz = NEW_ZERO(struct authz);

	if (!authz)
		return NULL;
	authz->entries.key_at = offsetof(struct entry, len);
	authz->places.key_at = offsetof(struct place, len);
	authz->roles.key_at = offsetof(struct role_slot, len);
	return authz;
}

static void free_entries(struct hashed *hashed, size_t pointer_at)
{
	for (size_t i = 0; hashed->table && i < hashed->table->room; i++)
		if (hashed->table->slots[i])
			(void)mem_free(
				*(void **)(void *)((char *)hashed->table->slots[i] + pointer_at)); /* the block or the caps */
	(void)mem_free(hashed->table);                                                             /* gives NULL */
}

struct authz *authz_free(struct authz *authz)
{
	if (!authz)
		return NULL;
	while (authz->retired_count)
		(void)mem_free(authz->retired[--authz->retired_count]); /* no reader is left */
	free_entries(&authz->entries, offsetof(struct entry, block));
	free_entries(&authz->roles, offsetof(struct role_slot, caps));
	(void)mem_free(authz->places.table); /* places own nothing */
	while (authz->slab_count)
		(void)mem_free(authz->slabs[--authz->slab_count]); /* gives NULL */
	(void)mem_free(authz->slabs);                              /* as above */
	return mem_free(authz);
}

uint64_t authz_revision(const struct authz *authz)
{
	return authz->revision;
}

void authz_set_system_group(struct authz *authz, const struct uid *group)
{
	authz->system_group = *group;
}

const struct uid *authz_system_group(const struct authz *authz)
{
	return &authz->system_group;
}

/* ---- threads ---- */

/* A thread that reads; the others may call what follows too, and nothing happens. */
static _Thread_local bool is_reader;

void authz_thread_start(void)
{
	if (!is_reader)
		urcu_qsbr_register_thread();
	is_reader = true;
}

void authz_thread_stop(void)
{
	if (is_reader)
		urcu_qsbr_unregister_thread();
	is_reader = false;
}

void authz_thread_offline(void)
{
	if (!is_reader)
		return;
	RCU_RELEASE(&rcu_grace);
	urcu_qsbr_thread_offline();
}

void authz_thread_online(void)
{
	if (is_reader)
		urcu_qsbr_thread_online();
}
