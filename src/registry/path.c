#include "registry/path.h"

#include <pthread.h>
#include <stdatomic.h>

#define CACHE_SLOTS 1024 /* a power of two */
#define STRIPES 16
#define PARTS_MAX 32

/* Grows with every change of the tree; an entry from another age is stale. Starts at 1, so that an empty slot (0) is. */
static _Atomic uint64_t tree_age = 1;

struct slot {
	uint64_t age;
	size_t len;
	char name[SCOPE_NAME_BYTES_MAX];
	struct path_place place;
};

/* Shared by all threads; a lock is held for one comparison and one copy. */
static struct slot slots[CACHE_SLOTS];
static pthread_mutex_t locks[STRIPES] = { [0 ... STRIPES - 1] = PTHREAD_MUTEX_INITIALIZER };

static size_t slot_of(slice name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)name.at[i]) * UINT64_C(0x100000001b3);
	return (size_t)(h ^ (h >> 32)) & (CACHE_SLOTS - 1);
}

void path_tree_changed(const struct change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (changes[i].kind == CHANGE_GROUP || changes[i].kind == CHANGE_REPO) {
			atomic_fetch_add(&tree_age, 1);
			return;
		}
}

bool path_cached(slice name, struct path_place *ret_place)
{
	size_t at = slot_of(name);
	struct slot *slot = &slots[at];
	bool hit;

	pthread_mutex_lock(&locks[at % STRIPES]);
	hit = slot->age == atomic_load(&tree_age) && slice_eq(slice_of(slot->name, slot->len), name);
	if (hit)
		*ret_place = slot->place;
	pthread_mutex_unlock(&locks[at % STRIPES]);
	return hit;
}

static void remember(slice name, uint64_t age, const struct path_place *place)
{
	size_t at = slot_of(name);
	struct slot *slot = &slots[at];

	if (name.len > SCOPE_NAME_BYTES_MAX)
		return;
	pthread_mutex_lock(&locks[at % STRIPES]);
	slot->age = age;
	slot->len = name.len;
	memcpy(slot->name, name.at, name.len);
	slot->place = *place;
	pthread_mutex_unlock(&locks[at % STRIPES]);
}

/* ---- reading the store ---- */

static FALLIBLE find_organization(struct tx *tx, slice part, struct uid *ret_uid)
{
	struct group group;
	struct query query;
	struct rows rows;
	bool found;

	*ret_uid = (struct uid){ 0 };
	if (uid_parse(part, &group.uid) && uid_is_root(&group.uid)) {
		TRY(row_find(tx, &table_groups, &group, &group, &found));
		if (found && !group.is_system)
			*ret_uid = group.uid;
		return OK;
	}
	query_init(&query);
	query_eq_text(&query, GROUPS_NAME, part);
	query_eq_number(&query, GROUPS_IS_VERIFIED, 1);
	query_eq_uid(&query, GROUPS_PARENT, &(struct uid){ 0 });
	query.limit = 1;
	TRY(row_list(tx, &table_groups, &query, &rows));
	if (rows.count)
		*ret_uid = ((const struct group *)rows.at)->uid;
	return OK;
}

/* The child of that name: a group, or (as the last component) a repository. None when there is none. */
static FALLIBLE find_child(struct tx *tx, const struct table *table, int parent_column, int name_column,
			   const struct uid *parent, slice name, struct uid *ret_uid)
{
	struct query query;
	struct rows rows;

	query_init(&query);
	query_eq_uid(&query, parent_column, parent);
	query_eq_text(&query, name_column, name);
	query.limit = 1;
	TRY(row_list(tx, table, &query, &rows));
	*ret_uid = rows.count ? *(const struct uid *)rows.at : (struct uid){ 0 }; /* the uid is every row's first field */
	return OK;
}

struct search {
	slice name;
	struct path_place place;
};

static status walk(struct tx *tx, void *arg)
{
	struct search *search = arg;
	struct path_place *place = &search->place;
	slice parts[PARTS_MAX];
	size_t count;

	*place = (struct path_place){ 0 };
	if (!scope_split(search->name, parts, PARTS_MAX, &count))
		return OK;
	place->missing = count;
	TRY(find_organization(tx, parts[0], &place->nearest));
	if (uid_is_none(&place->nearest))
		return OK;
	for (size_t i = 1; i < count; i++) {
		bool is_last = i + 1 == count;
		struct uid child;
		place->missing = count - i;
		if (is_last)
			TRY(find_child(tx, &table_repos, REPOS_PARENT, REPOS_NAME, &place->nearest, parts[i], &child));
		else
			TRY(find_child(tx, &table_groups, GROUPS_PARENT, GROUPS_NAME, &place->nearest, parts[i], &child));
		if (uid_is_none(&child))
			return OK;
		place->nearest = child;
	}
	place->missing = 0;
	place->is_complete = count > 1; /* an organization alone is no repository */
	return OK;
}

FALLIBLE path_find(struct store *store, struct arena *arena, slice name, struct path_place *ret_place)
{
	struct search search = { .name = name };
	uint64_t age = atomic_load(&tree_age); /* before the snapshot: a change in between leaves the entry stale */

	TRY(store_read(store, walk, &search, arena));
	remember(name, age, &search.place);
	*ret_place = search.place;
	return OK;
}
