#include "world.h"

#include "base/mem.h"

/* ---- the arrays as a store ---- */

static const struct world *world_of(const struct tx *tx)
{
	return (const struct world *)(const void *)tx->store; /* its first member */
}

static size_t find_in(const void *rows, const bool *has, size_t count, size_t row_bytes, const struct uid *uid)
{
	for (size_t i = 0; i < count; i++)
		if (has[i] &&
		    uid_eq((const void *)((const char *)rows + i * row_bytes), uid)) /* every row begins with its uid */
			return i;
	return SIZE_MAX;
}

static const struct group *group_find(const struct world *w, const struct uid *uid)
{
	size_t i = find_in(w->groups, w->has_group, w->groups_count, sizeof(*w->groups), uid);

	return i == SIZE_MAX ? NULL : &w->groups[i];
}

static const struct role *role_find(const struct world *w, const struct uid *uid)
{
	size_t i = find_in(w->roles, w->has_role, w->roles_count, sizeof(*w->roles), uid);

	return i == SIZE_MAX ? NULL : &w->roles[i];
}

static const struct identity *identity_find(const struct world *w, const struct uid *uid)
{
	size_t i = find_in(w->identities, w->has_identity, w->identities_count, sizeof(*w->identities), uid);

	return i == SIZE_MAX ? NULL : &w->identities[i];
}

static status toy_find(struct tx *tx, const struct table *table, const void *key, row_fn each, void *user)
{
	const struct world *w = world_of(tx);
	struct fact fact = { .name = SLICE("system_group"), .value = uid_bytes(&w->system_group) };
	const void *row = NULL;

	if (table == &table_groups)
		row = group_find(w, key);
	else if (table == &table_roles)
		row = role_find(w, key);
	else if (table == &table_identities)
		row = identity_find(w, key);
	else if (table == &table_facts && slice_eq(((const struct fact *)key)->name, fact.name))
		row = &fact;
	return row ? each(user, row) : OK;
}

static status each_row(const void *rows, const bool *has, size_t count, size_t row_bytes, row_fn each, void *user)
{
	for (size_t i = 0; i < count; i++)
		if (has[i])
			TRY(each(user, (const char *)rows + i * row_bytes));
	return OK;
}

static int by_identity(const void *a, const void *b)
{
	const struct binding *const *left = a, *const *right = b;
	int order = uid_compare(&(*left)->identity, &(*right)->identity);

	return order ? order : uid_compare(&(*left)->uid, &(*right)->uid);
}

static status each_binding(const struct world *w, const struct plan *plan, row_fn each, void *user)
{
	const struct binding *rows[WORLD_BINDINGS];
	size_t count = 0;

	for (size_t i = 0; i < WORLD_BINDINGS; i++)
		if (w->has_binding[i] && (plan->where_count == 0 || uid_eq(&w->bindings[i].identity, &plan->where[0].uid)))
			rows[count++] = &w->bindings[i];
	if (plan->query && plan->query->order_by == BINDINGS_IDENTITY && count && !w->is_damaged)
		qsort(rows, count, sizeof(*rows), by_identity);
	for (size_t i = 0; i < count; i++)
		TRY(each(user, rows[i]));
	return OK;
}

static status toy_select(struct tx *tx, const struct plan *plan, row_fn each, void *user)
{
	const struct world *w = world_of(tx);

	if (plan->table == &table_groups)
		return each_row(w->groups, w->has_group, w->groups_count, sizeof(*w->groups), each, user);
	if (plan->table == &table_roles)
		return each_row(w->roles, w->has_role, w->roles_count, sizeof(*w->roles), each, user);
	if (plan->table == &table_identities)
		return each_row(w->identities, w->has_identity, w->identities_count, sizeof(*w->identities), each, user);
	assert_ptr_equal(plan->table, &table_bindings);
	return each_binding(w, plan, each, user);
}

static const struct store_driver toy = { .find = toy_find, .select = toy_select };

/* ---- making one ---- */

static uint64_t text_hash(const char *text, size_t len)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static struct uid named_uid(const struct uid *parent, const char *name, size_t len)
{
	uint64_t hash = text_hash(name, len);
	uint8_t bytes[UID_ROOT_BYTES] = { 0 };
	struct uid uid;

	memcpy(bytes + 12, &hash, sizeof(hash));
	if (uid_is_none(parent))
		return uid_new_root(bytes);
	CHECK_OK(uid_new_child(parent, bytes + 12, &uid));
	return uid;
}

void world_init(struct world *w)
{
	static const struct uid none;
	size_t count;
	const struct role *builtin = role_builtin_rows(&count);

	memset(w, 0, sizeof(*w));
	w->store.driver = &toy;
	w->tx = (struct tx){ .store = &w->store, .arena = arena_new((size_t)8 << 20) };
	w->authz = authz_new();
	CHECK(w->authz && w->tx.arena);
	w->system_group = named_uid(&none, "system", 6);
	(void)world_put_group(w, &w->system_group, 2);
	memcpy(w->names[0], "system", 7);
	for (size_t i = 0; i < count; i++)
		world_put_role(w, &builtin[i].uid, builtin[i].caps);
	w->changes_count = 0;
	authz_set_system_group(w->authz, &w->system_group);
	CHECK_OK(authz_load(w->authz, &w->tx));
}

void world_load_anew(struct world *w)
{
	w->authz = authz_free(w->authz);
	w->authz = authz_new();
	CHECK(w->authz);
	authz_set_system_group(w->authz, &w->system_group);
	CHECK_OK(authz_load(w->authz, &w->tx));
}

void world_rest(struct world *w)
{
	tx_keep(&w->tx, NULL, NULL);
	arena_reset(w->tx.arena);
}

void world_done(struct world *w)
{
	w->authz = authz_free(w->authz);
	w->tx.arena = arena_free(w->tx.arena);
}

static const struct uid *group_by_name(const struct world *w, const char *path, size_t len)
{
	for (size_t i = 0; i < w->groups_count; i++)
		if (strlen(w->names[i]) == len && memcmp(w->names[i], path, len) == 0)
			return &w->groups[i].uid;
	return NULL;
}

/* Makes the group and those above it. */
static const struct uid *text_group(struct world *w, const char *path, size_t len)
{
	const struct uid *known = group_by_name(w, path, len), *above;
	struct uid none = { 0 }, uid;
	size_t cut = len;

	if (known)
		return known;
	while (cut && path[cut - 1] != '/')
		cut--;
	above = cut ? text_group(w, path, cut - 1) : &none;
	uid = named_uid(above, path + cut, len - cut);
	memcpy(w->names[w->groups_count], path, len);
	return &world_put_group(w, &uid, 2)->uid;
}

static const struct uid *text_identity(struct world *w, const char *name, size_t len)
{
	static const struct uid none;
	struct uid uid = named_uid(&none, name, len);

	for (size_t i = 0; i < w->identities_count; i++)
		if (uid_eq(&w->identities[i].uid, &uid))
			return &w->identities[i].uid;
	memcpy(w->names[WORLD_GROUPS + w->identities_count], name, len);
	return &world_put_identity(w, &uid, WORLD_NOW - 1000)->uid;
}

void world_text(struct world *w, const char *text)
{
	slice rest = slice_str(text), word, name, role;
	const struct uid *group = NULL;

	world_init(w);
	while (rest.len) {
		(void)slice_cut(rest, ' ', &word, &rest); /* the last word ends the text */
		if (slice_ends(word, SLICE(":"))) {
			group = text_group(w, word.at, word.len - 1);
			continue;
		}
		CHECK(group && slice_cut(word, '=', &name, &role) && role_is_builtin_name(role));
		(void)world_bind(w, text_identity(w, name.at, name.len), group, &role_builtin_by_name(role)->uid);
	}
	world_commit(w);
}

const struct uid *world_group(const struct world *w, const char *path)
{
	const struct uid *uid = group_by_name(w, path, strlen(path));

	CHECK(uid);
	return uid;
}

const struct uid *world_identity(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->identities_count; i++)
		if (strcmp(w->names[WORLD_GROUPS + i], name) == 0)
			return &w->identities[i].uid;
	fail_msg("no identity %s", name);
	return NULL;
}

const struct uid *world_make_identity(struct world *w, const char *name)
{
	return text_identity(w, name, strlen(name));
}

/* ---- changing it ---- */

static void log_it(struct world *w, enum change_kind kind, enum change_op op, const struct uid *key, const struct uid *subject)
{
	struct change *change = &w->changes[w->changes_count++];

	CHECK(w->changes_count <= WORLD_CHANGES);
	tx_keep(&w->tx, NULL, NULL); /* as every change of a row does */
	*change = (struct change){ .revision = w->revision + 1, .kind = kind, .op = op, .key = *key };
	if (subject)
		change->subject = *subject;
}

void world_commit(struct world *w)
{
	w->revision++;
	CHECK_OK(authz_apply(w->authz, &w->tx, w->changes, w->changes_count, w->revision));
	CHECK_INT(authz_revision(w->authz), w->revision);
	w->changes_count = 0;
}

struct binding *world_bind(struct world *w, const struct uid *identity, const struct uid *group, const struct uid *role)
{
	for (size_t i = 0; i < WORLD_BINDINGS; i++) {
		struct binding *made = &w->bindings[i];
		if (w->has_binding[i])
			continue;
		*made = (struct binding){ .group = *group, .identity = *identity, .role = *role };
		CHECK_OK(uid_new_child(group, (uint8_t[UID_STEP_BYTES]){ 0xbb, (uint8_t)i }, &made->uid));
		w->has_binding[i] = true;
		log_it(w, CHANGE_BINDING, CHANGE_PUT, &made->uid, identity);
		return made;
	}
	fail_msg("a world holds %d bindings", WORLD_BINDINGS);
	return NULL;
}

void world_unbind(struct world *w, struct binding *binding)
{
	w->has_binding[binding - w->bindings] = false;
	log_it(w, CHANGE_BINDING, CHANGE_GONE, &binding->uid, &binding->identity);
}

static size_t place_for(const void *rows, const bool *has, size_t *count, size_t most, size_t row_bytes, const struct uid *uid)
{
	for (size_t i = 0; i < *count; i++)
		if (uid_eq((const void *)((const char *)rows + i * row_bytes), uid))
			return i;
	CHECK(*count < most && !has[*count]);
	return (*count)++;
}

void world_put_role(struct world *w, const struct uid *uid, struct caps caps)
{
	size_t i = place_for(w->roles, w->has_role, &w->roles_count, WORLD_ROLES, sizeof(*w->roles), uid);

	w->roles[i] = (struct role){ .uid = *uid, .caps = caps };
	w->has_role[i] = true;
	log_it(w, CHANGE_ROLE, CHANGE_PUT, uid, NULL);
}

void world_drop_role(struct world *w, const struct uid *uid)
{
	w->has_role[place_for(w->roles, w->has_role, &w->roles_count, WORLD_ROLES, sizeof(*w->roles), uid)] = false;
	log_it(w, CHANGE_ROLE, CHANGE_GONE, uid, NULL);
}

struct group *world_put_group(struct world *w, const struct uid *uid, int64_t group_status)
{
	size_t i = place_for(w->groups, w->has_group, &w->groups_count, WORLD_GROUPS, sizeof(*w->groups), uid);

	w->groups[i] = (struct group){ .uid = *uid, .parent = uid_parent(uid), .status = group_status };
	w->has_group[i] = true;
	log_it(w, CHANGE_GROUP, CHANGE_PUT, uid, NULL);
	return &w->groups[i];
}

void world_drop_group(struct world *w, const struct uid *uid)
{
	w->has_group[place_for(w->groups, w->has_group, &w->groups_count, WORLD_GROUPS, sizeof(*w->groups), uid)] = false;
	log_it(w, CHANGE_GROUP, CHANGE_GONE, uid, NULL);
}

struct identity *world_put_identity(struct world *w, const struct uid *uid, int64_t created_s)
{
	size_t i =
		place_for(w->identities, w->has_identity, &w->identities_count, WORLD_IDENTITIES, sizeof(*w->identities), uid);

	w->identities[i] = (struct identity){ .uid = *uid, .parent = uid_parent(uid), .created_us = created_s * US_PER_S };
	w->has_identity[i] = true;
	log_it(w, CHANGE_IDENTITY, CHANGE_PUT, uid, NULL);
	return &w->identities[i];
}

void world_drop_identity(struct world *w, const struct uid *uid)
{
	size_t i =
		place_for(w->identities, w->has_identity, &w->identities_count, WORLD_IDENTITIES, sizeof(*w->identities), uid);

	w->has_identity[i] = false;
	log_it(w, CHANGE_IDENTITY, CHANGE_GONE, uid, NULL);
}

/* ---- chance ---- */

size_t world_below(struct world *w, size_t n)
{
	return (size_t)random_below(&w->rng, n);
}

bool world_chance(struct world *w, size_t one_in)
{
	return world_below(w, one_in) == 0;
}

/* Few bits, so that sets meet: some of the contract's, two of ours. */
struct caps world_some_caps(struct world *w)
{
	static const unsigned bits[] = { 1, 3, 12, 63, 64, 107, 128, 221, 254, 255 };
	struct caps caps = { 0 };

	for (size_t i = 0; i < sizeof(bits) / sizeof(*bits); i++)
		if (world_chance(w, 2))
			caps_add(&caps, bits[i]);
	return caps;
}

static struct uid some_step(struct world *w, const struct uid *parent)
{
	uint64_t step[3] = { random_below(&w->rng, UINT64_MAX), random_below(&w->rng, UINT64_MAX),
			     random_below(&w->rng, UINT64_MAX) };
	uint8_t bytes[sizeof(step)];
	struct uid uid;

	memcpy(bytes, step, sizeof(bytes));
	if (uid_is_none(parent))
		return uid_new_root(bytes);
	if (FAILED(uid_new_child(parent, bytes, &uid)))
		return *parent; /* deep enough */
	return uid;
}

int64_t world_some_time(struct world *w)
{
	static const int64_t offsets[] = { -10, -1, 0, 1, 10 };

	return WORLD_NOW + offsets[world_below(w, 5)];
}

static const struct uid *some_group(struct world *w)
{
	return &w->groups[world_chance(w, 10) ? 0 : world_below(w, w->groups_count)].uid;
}

struct uid world_some_place(struct world *w)
{
	struct uid place = *some_group(w);

	if (world_chance(w, 20))
		return (struct uid){ 0 };
	if (world_chance(w, 20))
		return w->identities[world_below(w, w->identities_count)].uid;
	for (size_t i = world_below(w, 3); i; i--)
		place = some_step(w, &place);
	return place;
}

static const struct uid *some_identity(struct world *w)
{
	/* Often the same one, so that some have many bindings. */
	return &w->identities[world_chance(w, 3) ? 0 : world_below(w, w->identities_count)].uid;
}

static const struct uid *some_role(struct world *w)
{
	return &w->roles[world_below(w, w->roles_count)].uid;
}

static void some_binding(struct world *w)
{
	struct binding *made;
	size_t used = 0;

	for (size_t i = 0; i < WORLD_BINDINGS; i++)
		used += w->has_binding[i];
	if (used == WORLD_BINDINGS)
		return;
	made = world_bind(w, some_identity(w), some_group(w), some_role(w));
	if (world_chance(w, 4))
		made->not_before_s = world_some_time(w);
	if (world_chance(w, 3))
		made->expires_s = world_chance(w, 8) ? (int64_t)UINT32_MAX + WORLD_NOW - 5 : world_some_time(w);
}

void world_random(struct world *w, uint64_t seed)
{
	static const struct uid none;

	world_init(w);
	w->rng = seed;
	for (size_t i = 2 + world_below(w, 3); i; i--) {
		struct uid org = some_step(w, &none);
		(void)world_put_group(w, &org, 2);
	}
	for (size_t i = 3 + world_below(w, 8); i; i--) {
		struct uid folder = some_step(w, some_group(w));
		(void)world_put_group(w, &folder, 0);
	}
	for (size_t i = 3 + world_below(w, 4); i; i--) {
		struct uid role = some_step(w, some_group(w));
		world_put_role(w, &role, world_some_caps(w));
	}
	for (size_t i = 4 + world_below(w, 5); i; i--) {
		struct uid identity = some_step(w, world_chance(w, 2) ? &none : some_group(w));
		(void)world_put_identity(w, &identity, world_some_time(w));
	}
	for (size_t i = world_below(w, 30); i; i--)
		some_binding(w);
	world_commit(w);
}

static void drop_some_binding(struct world *w)
{
	size_t from = world_below(w, WORLD_BINDINGS);

	for (size_t i = 0; i < WORLD_BINDINGS; i++) {
		size_t at = (from + i) % WORLD_BINDINGS;
		if (w->has_binding[at]) {
			world_unbind(w, &w->bindings[at]);
			return;
		}
	}
}

/* As an update does: the identity it leaves is told, too. */
static void move_some_binding(struct world *w)
{
	size_t at = world_below(w, WORLD_BINDINGS);
	struct binding *binding = &w->bindings[at];

	if (!w->has_binding[at])
		return;
	log_it(w, CHANGE_BINDING, CHANGE_GONE, &binding->uid, &binding->identity);
	binding->identity = *some_identity(w);
	binding->role = *some_role(w);
	log_it(w, CHANGE_BINDING, CHANGE_PUT, &binding->uid, &binding->identity);
}

static void change_once(struct world *w)
{
	switch (world_below(w, 12)) {
	case 0:
	case 1:
	case 2:
		return some_binding(w);
	case 3:
	case 4:
		return drop_some_binding(w);
	case 5:
		return move_some_binding(w);
	case 6:
	case 7:
		return world_put_role(w, some_role(w), world_some_caps(w));
	case 8:
		return world_drop_role(w, some_role(w));
	case 9:
		(void)world_put_group(w, some_group(w), world_chance(w, 2) ? STATUS_SUSPENDED_ : 2);
		return;
	case 10:
		if (world_chance(w, 2))
			return world_drop_group(w, some_group(w));
		return world_drop_identity(w, some_identity(w));
	default:
		(void)world_put_identity(w, some_identity(w), world_some_time(w));
	}
}

void world_change(struct world *w)
{
	for (size_t i = 1 + world_below(w, 4); i; i--)
		change_once(w);
	world_commit(w);
}

struct caller world_caller(const struct world *w, const struct uid *identity)
{
	static struct token_grant everything[WORLD_GROUPS];
	size_t n = 0;

	for (size_t i = 0; i < w->groups_count; i++)
		if (uid_is_root(&w->groups[i].uid)) {
			everything[n].group = w->groups[i].uid;
			memset(&everything[n++].caps, 0xff, sizeof(struct caps));
		}
	return (struct caller){ .is_known = true, .identity = *identity, .grants = everything, .grants_count = n };
}

static int by_group(const void *a, const void *b)
{
	return uid_compare(&((const struct token_grant *)a)->group, &((const struct token_grant *)b)->group);
}

struct caller world_some_caller(struct world *w, struct token_grant *grants)
{
	struct caller caller = { .is_known = !world_chance(w, 30), .identity = *some_identity(w), .grants = grants };

	if (world_chance(w, 4)) {
		caller = world_caller(w, &caller.identity);
	} else {
		caller.grants_count = world_below(w, 6);
		for (size_t i = 0; i < caller.grants_count; i++) {
			grants[i] = (struct token_grant){ .group = *some_group(w), .caps = world_some_caps(w) };
			if (world_chance(w, 2))
				memset(&grants[i].caps, 0xff, sizeof(struct caps));
		}
		qsort(grants, caller.grants_count, sizeof(*grants), by_group);
	}
	caller.claims_operator = world_chance(w, 3);
	if (world_chance(w, 8))
		caller.confined_to = *some_group(w);
	return caller;
}

/* ---- the reference ---- */

struct caps world_binding_caps(const struct world *w, const struct binding *binding, int64_t now_s)
{
	struct uid root = uid_root(&binding->group);
	const struct group *group = group_find(w, &binding->group), *org = group_find(w, &root);
	const struct role *role = role_find(w, &binding->role);

	if (!group || !org || org->status == STATUS_SUSPENDED_ || !role ||
	    (binding->not_before_s && now_s < binding->not_before_s) || (binding->expires_s && now_s >= binding->expires_s))
		return (struct caps){ 0 };
	return uid_eq(&binding->group, &w->system_group) ? role->caps : caps_public(role->caps);
}

struct caps world_caps(const struct world *w, const struct caller *caller, const struct uid *place, int64_t now_s)
{
	struct caps bound = { 0 }, token = { 0 }, standing = { 0 };

	if (!caller->is_known || !identity_find(w, &caller->identity) ||
	    (!uid_is_none(&caller->confined_to) && !uid_covers(&caller->confined_to, place)))
		return (struct caps){ 0 };
	for (size_t i = 0; i < WORLD_BINDINGS; i++) {
		const struct binding *binding = &w->bindings[i];
		if (!w->has_binding[i] || !uid_eq(&binding->identity, &caller->identity))
			continue;
		if (uid_eq(&binding->group, &w->system_group))
			standing = caps_or(standing, world_binding_caps(w, binding, now_s));
		else if (uid_covers(&binding->group, place))
			bound = caps_or(bound, world_binding_caps(w, binding, now_s));
	}
	for (size_t i = 0; i < caller->grants_count; i++)
		if (uid_covers(&caller->grants[i].group, place))
			token = caps_or(token, caller->grants[i].caps);
	bound = caps_and(bound, token);
	return caller->claims_operator ? caps_or(bound, standing) : bound;
}
