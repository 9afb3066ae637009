/*
 * index: who has what where, in memory, changed by one applier (apply.c) and read by everyone.
 *
 * Three tables (identities, groups, roles) from ids to entries that stay where they are once made; what changes hangs on a
 * pointer that is replaced. A table that grows is replaced too. What was replaced is freed after a grace period. Whoever asks
 * waits for memory: what one answer needs stands together, as few jumps apart as can be.
 */
#include <assert.h>
#include <sys/mman.h>

#include "authz/authz_impl.h"
#include "authz/rcu.h"
#include "base/mem.h"

#define LINE_BYTES ((size_t)64) /* what memory hands over at once */
#define HUGE_BYTES ((size_t)2 << 20)
#define HUGE_LEAST (2 * HUGE_BYTES) /* smaller things stay on small pages: a small installation stays small */
#define TABLE_FIRST 256
#define SLAB_FIRST ((size_t)256 * 1024)
#define SLAB_MOST ((size_t)32 << 20)
#define STANDINGS_BYTES ((size_t)1024)
#define RETIRED_MAX 256 /* replaced things that wait for one grace period */

char rcu_grace;

/* The hash tells other entries apart without a look at them, and lets a table grow without one. */
struct slot {
	void *entry;
	uint64_t hash; /* stands before `entry` is published; neither changes again */
};

/* Open addressing; no slot lies across two lines. */
struct table_of {
	_Alignas(sizeof(struct slot)) size_t room; /* a power of two */
	struct slot slots[];
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
	size_t slab_count, slab_room, slab_bytes;
	uint8_t *standings; /* of organizations, side by side: they stay in the caches */
	size_t standings_left;
	void *retired[RETIRED_MAX];
	size_t retired_count;
};

/* ---- memory ---- */

void index_retire(struct authz *authz, void *thing)
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

/* Where the next multiple of `unit` is. */
static char *round_up(char *at, size_t unit)
{
	return at + (-(uintptr_t)at & (unit - 1));
}

/* Fewer addresses to be translated. A wish, so its failure is none. */
static void prefer_huge(void *at, size_t bytes)
{
	char *from = round_up(at, HUGE_BYTES), *end = (char *)at + bytes;

	if (bytes >= HUGE_LEAST)
		(void)madvise(from, (size_t)(end - from) / HUGE_BYTES * HUGE_BYTES, MADV_HUGEPAGE);
}

static bool slabs_room(struct authz *authz)
{
	size_t room = authz->slab_room ? authz->slab_room * 2 : 16;
	void **more;

	if (authz->slab_count < authz->slab_room)
		return true;
	more = mem_resize(authz->slabs, room * sizeof(*more));
	if (!more)
		return false;
	authz->slabs = more;
	authz->slab_room = room;
	return true;
}

/* Each is as large as all before it together. */
static bool slab_new(struct authz *authz)
{
	size_t bytes = authz->slab_bytes < SLAB_FIRST ? SLAB_FIRST : authz->slab_bytes;
	char *slab;

	if (bytes > SLAB_MOST)
		bytes = SLAB_MOST;
	slab = slabs_room(authz) ? mem_alloc(bytes) : NULL;
	if (!slab)
		return false;
	prefer_huge(slab, bytes);
	authz->slabs[authz->slab_count++] = slab;
	authz->slab_bytes += bytes;
	authz->slab = round_up(slab, LINE_BYTES);
	authz->slab_left = bytes - (size_t)(authz->slab - slab);
	return true;
}

/* Zeroed, at the beginning of a line; NULL without memory. */
static void *slab_alloc(struct authz *authz, size_t size)
{
	void *at;

	size = (size + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
	assert(size <= SLAB_FIRST / 2);
	if (authz->slab_left < size && !slab_new(authz))
		return NULL;
	at = memset(authz->slab, 0, size);
	authz->slab += size;
	authz->slab_left -= size;
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

static bool has_key(const struct hashed *hashed, const void *entry, const struct uid *uid)
{
	const char *key = (const char *)entry + hashed->key_at;
	uint16_t len;

	memcpy(&len, key, sizeof(len));
	return len == uid->len && memcmp(key + sizeof(len), uid->at, len) == 0;
}

static void *find(const struct hashed *hashed, const struct uid *uid)
{
	const struct table_of *table = rcu_follow(hashed->table);
	uint64_t wanted = hash(uid->at, uid->len);

	for (size_t at = wanted;; at++) {
		const struct slot *slot = table ? &table->slots[at & (table->room - 1)] : NULL;
		char *entry = slot ? rcu_follow(slot->entry) : NULL;
		if (!entry)
			return NULL;
		if (slot->hash != wanted)
			continue;
		__builtin_prefetch(entry + LINE_BYTES); /* its bindings, or the rest of its id */
		__builtin_prefetch(entry + 2 * LINE_BYTES);
		if (has_key(hashed, entry, uid))
			return entry;
	}
}

static void place_in(struct table_of *table, void *entry, uint64_t hash)
{
	size_t at = hash & (table->room - 1);

	while (table->slots[at].entry)
		at = (at + 1) & (table->room - 1);
	table->slots[at].hash = hash;
	rcu_publish(table->slots[at].entry, entry);
}

static bool grow(struct authz *authz, struct hashed *hashed)
{
	struct table_of *old = hashed->table, *fresh;
	size_t room = old ? old->room * 2 : TABLE_FIRST, bytes = sizeof(*fresh) + room * sizeof(struct slot);

	fresh = mem_zero(1, bytes);
	if (!fresh)
		return false;
	prefer_huge(fresh, bytes);
	fresh->room = room;
	for (size_t i = 0; old && i < old->room; i++)
		if (old->slots[i].entry)
			place_in(fresh, old->slots[i].entry, old->slots[i].hash);
	rcu_publish(hashed->table, fresh);
	index_retire(authz, old);
	return true;
}

/* A new entry of `size` bytes, the key among them, with room in its table; NULL without memory. */
static void *add(struct authz *authz, struct hashed *hashed, const struct uid *uid, size_t size)
{
	bool has_room = hashed->table && hashed->count * 2 < hashed->table->room;
	char *entry = has_room || grow(authz, hashed) ? slab_alloc(authz, size) : NULL;

	if (!entry)
		return NULL;
	memcpy(entry + hashed->key_at, &uid->len, sizeof(uid->len));
	memcpy(entry + hashed->key_at + sizeof(uid->len), uid->at, uid->len);
	return entry;
}

/* Published only when its other fields stand. */
static void publish(struct hashed *hashed, void *entry, const struct uid *uid)
{
	place_in(hashed->table, entry, hash(uid->at, uid->len));
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

void index_identity_gone(struct authz *authz)
{
	authz->epoch++;
}

void index_set_revision(struct authz *authz, uint64_t revision)
{
	authz->revision = revision;
}

/* ---- getting or making ---- */

#define NO_MEMORY FAIL(FAULT_EXHAUSTED, "no memory for the authorization index")

FALLIBLE index_make_entry(struct authz *authz, const struct uid *uid, struct entry **ret_entry)
{
	struct entry *entry = index_entry(authz, uid);

	if (!entry) {
		entry = add(authz, &authz->entries, uid, offsetof(struct entry, at) + uid->len);
		if (!entry)
			return NO_MEMORY;
		publish(&authz->entries, entry, uid);
	}
	*ret_entry = entry;
	return OK;
}

FALLIBLE index_add_entry(struct authz *authz, const struct uid *uid, const struct grant *grants, uint32_t count)
{
	size_t block_at = (offsetof(struct entry, at) + uid->len + _Alignof(struct block) - 1) / _Alignof(struct block) *
			  _Alignof(struct block);
	struct entry *entry;

	assert(count <= FIRST_GRANTS_MAX);
	entry = add(authz, &authz->entries, uid, block_at + sizeof(struct block) + count * sizeof(*grants));
	if (!entry)
		return NO_MEMORY;
	entry->block = (void *)((char *)entry + block_at);
	entry->block->count = count;
	memcpy(entry->block->grants, grants, count * sizeof(*grants));
	publish(&authz->entries, entry, uid);
	return OK;
}

/* The byte where the organization's standing is kept. */
static FALLIBLE standing_new(struct authz *authz, uint8_t **ret_standing)
{
	if (!authz->standings_left) {
		authz->standings = slab_alloc(authz, STANDINGS_BYTES);
		if (!authz->standings)
			return NO_MEMORY;
		authz->standings_left = STANDINGS_BYTES;
	}
	authz->standings_left--;
	*ret_standing = authz->standings++;
	return OK;
}

/* The standing of the group's organization, which is made when it is not known yet. */
static FALLIBLE standing_of(struct authz *authz, const struct uid *uid, uint8_t **ret_standing)
{
	struct uid root = uid_root(uid);
	struct place *above = NULL;

	if (uid->len <= UID_ROOT_BYTES)
		return standing_new(authz, ret_standing);
	TRY(index_make_place(authz, &root, &above)); /* one level deep */
	*ret_standing = above->standing;
	return OK;
}

FALLIBLE index_make_place(struct authz *authz, const struct uid *uid, struct place **ret_place)
{
	struct place *place = index_place(authz, uid);
	uint8_t *standing = NULL;

	if (!place) {
		TRY(standing_of(authz, uid, &standing));
		place = add(authz, &authz->places, uid, offsetof(struct place, at) + uid->len);
		if (!place)
			return NO_MEMORY;
		place->standing = standing;
		place->is_system = uid_eq(uid, &authz->system_group);
		publish(&authz->places, place, uid);
	}
	*ret_place = place;
	return OK;
}

FALLIBLE index_make_role(struct authz *authz, const struct uid *uid, struct role_slot **ret_slot)
{
	struct role_slot *slot = find(&authz->roles, uid);

	if (!slot) {
		slot = add(authz, &authz->roles, uid, offsetof(struct role_slot, at) + uid->len);
		if (!slot)
			return NO_MEMORY;
		publish(&authz->roles, slot, uid);
	}
	*ret_slot = slot;
	return OK;
}

/* ---- putting in ---- */

FALLIBLE index_put_group(struct authz *authz, const struct group *group)
{
	struct place *place;

	TRY(index_make_place(authz, &group->uid, &place));
	if (uid_is_root(&group->uid))
		now_is(*place->standing, group->status == STATUS_SUSPENDED ? STANDING_SUSPENDED : STANDING_GOOD);
	now_is(place->exists, true);
	return OK;
}

FALLIBLE index_put_caps(struct authz *authz, struct role_slot *slot, const struct caps *caps)
{
	struct caps *fresh = NULL;
	union {
		const struct caps *kept;
		struct caps *owned;
	} old = { .kept = slot->caps };

	if (caps) {
		fresh = mem_alloc(sizeof(*fresh));
		if (!fresh)
			return NO_MEMORY;
		*fresh = *caps;
	}
	rcu_publish(slot->caps, fresh);
	index_retire(authz, old.owned);
	return OK;
}

FALLIBLE index_put_identity(struct authz *authz, const struct identity *identity)
{
	struct entry *entry;

	TRY(index_make_entry(authz, &identity->uid, &entry));
	now_is(entry->created_s, identity->created_us / US_PER_S);
	now_is(entry->exists, true);
	return OK;
}

/* The block that stands behind its entry stays unused from then on. */
void index_put_block(struct authz *authz, struct entry *entry, struct block *fresh)
{
	struct block *old = entry->block;

	rcu_publish(entry->block, fresh);
	if (old && !block_is_first(old))
		index_retire(authz, old);
}

FALLIBLE index_grant(struct authz *authz, const struct binding *binding, struct grant *ret_grant)
{
	struct place *place;
	struct role_slot *role;

	TRY(index_make_place(authz, &binding->group, &place));
	TRY(index_make_role(authz, &binding->role, &role));
	*ret_grant = grant_make(place, role, binding);
	return OK;
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

static void free_entries(struct hashed *hashed)
{
	for (size_t i = 0; hashed->table && i < hashed->table->room; i++) {
		struct entry *entry = hashed->table->slots[i].entry;
		if (entry && entry->block && !block_is_first(entry->block))
			(void)mem_free(entry->block); /* gives NULL, as below */
	}
	(void)mem_free(hashed->table);
}

static void free_roles(struct hashed *hashed)
{
	for (size_t i = 0; hashed->table && i < hashed->table->room; i++) {
		struct role_slot *slot = hashed->table->slots[i].entry;
		union {
			const struct caps *kept;
			struct caps *owned;
		} caps = { .kept = slot ? slot->caps : NULL };
		(void)mem_free(caps.owned); /* gives NULL, as below */
	}
	(void)mem_free(hashed->table);
}

struct authz *authz_free(struct authz *authz)
{
	if (!authz)
		return NULL;
	while (authz->retired_count)
		(void)mem_free(authz->retired[--authz->retired_count]); /* no reader is left */
	free_entries(&authz->entries);
	free_roles(&authz->roles);
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

void authz_wait_readers(void)
{
	rcu_wait();
}
