/*
 * What the files of this room share: the index's pieces and the one decision over them.
 */
#ifndef AUTHZ_AUTHZ_IMPL_H
#define AUTHZ_AUTHZ_IMPL_H

#include "authz/authz.h"

#define STATUS_SUSPENDED 3

/* What the applier changes in place, beside readers. */
#define now_of(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)

#define now_is(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELEASE)

/* How it is with an organization; what lies in one counts while it is good. */
enum standing { STANDING_GONE, STANDING_GOOD, STANDING_SUSPENDED };

/* A group, interned: one for all grants that name it. Stays once made; `exists` tells. */
struct place {
	uint8_t *standing;      /* enum standing of its organization, shared by all in it */
	bool exists, is_system; /* is_system: the operators' group itself; what hangs below it is a group like any other */
	uint16_t len;
	uint8_t at[];
};

/* A role's set, replaced as a whole; NULL when the role is gone. */
struct role_slot {
	const struct caps *caps;
	uint16_t len;
	uint8_t at[];
};

/* One binding. */
struct grant {
	const struct place *place;
	const struct role_slot *role;
	uint32_t not_before_s, expires_s; /* 0 = no bound */
};

/*
 * All bindings of an identity, sorted by place; immutable once published. The first one, made by the load, stands behind its
 * entry, where a look at the entry brings it along; later ones come from the heap. The first one's memory is never used again.
 */
struct block {
	uint32_t count, room; /* room 0: the first */
	struct grant grants[];
};

static inline bool block_is_first(const struct block *block)
{
	return block->room == 0;
}

struct entry {
	struct block *block; /* NULL: no bindings */
	int64_t created_s;
	bool exists;
	uint16_t len;
	uint8_t at[];
};

/* A binding's times in a grant's form. One that ended before 1970 has ended; beyond 2106 the last second there is stands in. */
static inline uint32_t grant_seconds(int64_t s)
{
	return s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}
static inline struct grant grant_make(const struct place *place, const struct role_slot *role, const struct binding *binding)
{
	return (struct grant){ .place = place,
			       .role = role,
			       .not_before_s = binding->not_before_s > 0 ? grant_seconds(binding->not_before_s) : 0,
			       .expires_s = binding->expires_s < 0 ? 1 : grant_seconds(binding->expires_s) };
}

static inline bool place_covers(const struct place *place, const struct uid *uid)
{
	return uid->len >= place->len && memcmp(place->at, uid->at, place->len) == 0;
}

/* The grant counts now: its group is there, its organization is not suspended, its time has come and not passed. */
static inline bool grant_is_live(const struct grant *grant, int64_t now_s)
{
	return now_of(grant->place->exists) && now_of(*grant->place->standing) == STANDING_GOOD &&
	       (grant->not_before_s == 0 || now_s >= (int64_t)grant->not_before_s) &&
	       (grant->expires_s == 0 || now_s < (int64_t)grant->expires_s);
}

/* What one grant gives: ours (the bits of Reeve's own) come from the operators' group alone. */
struct caps grant_caps(const struct grant *grant);
/* The decision: what the block gives the caller at the place, within the token. A none place: operators alone. */
struct caps decide_caps(const struct block *block, const struct caller *caller, const struct uid *place, int64_t now_s);
/* The same for one bit; the hot path. */
bool decide_bit(const struct block *block, const struct caller *caller, const struct uid *place, unsigned bit, int64_t now_s);
/* The block's place for a new grant: sorted by the group's bytes. */
int grant_order(const struct grant *a, const struct grant *b);

/* ---- the index (index.c) ---- */

struct entry *index_entry(const struct authz *authz, const struct uid *uid); /* NULL when unknown */
struct place *index_place(const struct authz *authz, const struct uid *uid); /* NULL when unknown */
uint64_t index_epoch(const struct authz *authz);

/* What follows is for the one thread that changes the index. All but index_add_entry find or make; they fail without memory. */
FALLIBLE index_make_entry(struct authz *authz, const struct uid *uid, struct entry **ret_entry);
FALLIBLE index_make_place(struct authz *authz, const struct uid *uid, struct place **ret_place);
FALLIBLE index_make_role(struct authz *authz, const struct uid *uid, struct role_slot **ret_slot);
/* A new entry with its first block, of these grants; there is none yet. */
#define FIRST_GRANTS_MAX 64 /* more stand by themselves */
FALLIBLE index_add_entry(struct authz *authz, const struct uid *uid, const struct grant *grants, uint32_t count);
FALLIBLE index_grant(struct authz *authz, const struct binding *binding, struct grant *ret_grant);
FALLIBLE index_put_group(struct authz *authz, const struct group *group);
FALLIBLE index_put_caps(struct authz *authz, struct role_slot *slot, const struct caps *caps); /* NULL: the role is gone */
FALLIBLE index_put_identity(struct authz *authz, const struct identity *identity);
/* Publishes the block, which the index owns from then on; NULL: no bindings. */
void index_put_block(struct authz *authz, struct entry *entry, struct block *fresh);
void index_identity_gone(struct authz *authz);
void index_set_revision(struct authz *authz, uint64_t revision);
/* Frees it after a grace period. */
void index_retire(struct authz *authz, void *thing);

/* ---- blocks not published yet (apply.c) ---- */

/* Adds a grant where it belongs; makes the block when *block is NULL. */
FALLIBLE block_add(struct block **block, const struct grant *grant);

#endif
