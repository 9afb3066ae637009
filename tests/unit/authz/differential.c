/*
 * The index, and the decision inside a transaction, against the reference in world.c on random small worlds.
 *
 * WORLDS=n sets how many states are compared (default 60000), SEED=n where to begin; a failure prints its seed.
 */
#include "world.h"

#define WORLDS_DEFAULT 60000
#define COMMITS 100 /* states of one world */
#define MANY 90     /* most of them of one identity */
#define LOAD_AT 30  /* the index that was told of each commit is replaced by one loaded then */
#define QUESTIONS 4 /* callers asked in each state */

static uint64_t from_environment(const char *name, uint64_t by_default)
{
	const char *text = getenv(name);
	uint64_t number = by_default;

	return text && slice_number(slice_str(text), UINT64_MAX, &number) ? number : by_default;
}

static uint64_t running_seed;

static void holds_(bool claim, const char *text, int line)
{
	if (!claim)
		print_error("run again with SEED=%llu WORLDS=%d\n", (unsigned long long)running_seed, COMMITS);
	_assert_true(claim, text, __FILE__, line);
}
#define HOLDS(claim) holds_((claim), #claim, __LINE__)

struct asker {
	struct authz_subject subject; /* the cache; kept from state to state as a verified token keeps it */
	struct uid identity;
	bool is_set;
};

static void same_caps(struct caps got, struct caps want)
{
	HOLDS(memcmp(&got, &want, sizeof(got)) == 0);
}

/* Every bit one by one, with the caller resolved anew and with the cached one. */
static void compare_bits(struct world *w, struct asker *asker, const struct caller *caller, const struct uid *place,
			 int64_t now_s, struct caps want)
{
	static const unsigned bits[] = { 0, 1, 3, 12, 63, 64, 107, 128, 221, 222, 254, 255, 256 };

	for (size_t i = 0; i < sizeof(bits) / sizeof(*bits); i++) {
		HOLDS(authz_allows(w->authz, caller, place, bits[i], now_s) == caps_has(&want, bits[i]));
		HOLDS(authz_allows_at(w->authz, &asker->subject, caller, place, bits[i], now_s) == caps_has(&want, bits[i]));
	}
}

static void compare_decision(struct world *w, struct asker *asker, const struct caller *caller)
{
	struct uid place = world_some_place(w);
	int64_t now_s = world_some_time(w);
	struct caps want = world_caps(w, caller, &place, now_s), held;

	same_caps(authz_caps_at(w->authz, caller, &place, now_s), want);
	compare_bits(w, asker, caller, &place, now_s, want);
	if (world_chance(w, 4)) {
		CHECK_OK(authz_held(&w->tx, caller, &place, now_s, &held));
		same_caps(held, want);
	}
}

/* Lists equal "filter by check": at every group, below some, and at the root of everything. */
static void compare_reach(struct world *w, const struct caller *caller)
{
	static const struct uid nowhere;
	struct caps need = caps_and(world_some_caps(w), world_some_caps(w)), held;
	int64_t now_s = world_some_time(w);
	struct uid *places;
	size_t count;
	bool everywhere;

	CHECK_OK(authz_reach(w->authz, caller, &need, now_s, w->tx.arena, &places, &count, &everywhere));
	if (caps_is_empty(&need)) {
		HOLDS(count == 0 && !everywhere);
		return;
	}
	for (size_t i = 1; i < count; i++)
		HOLDS(uid_compare(&places[i - 1], &places[i]) < 0 && !uid_covers(&places[i - 1], &places[i]));
	held = world_caps(w, caller, &nowhere, now_s);
	HOLDS(everywhere == caps_within(&need, &held));
	for (size_t i = 0; i <= w->groups_count; i++) {
		struct uid place = i < w->groups_count ? w->groups[i].uid : world_some_place(w);
		bool is_listed = everywhere && (uid_is_none(&caller->confined_to) || uid_covers(&caller->confined_to, &place));
		for (size_t j = 0; j < count; j++)
			is_listed = is_listed || uid_covers(&places[j], &place);
		held = world_caps(w, caller, &place, now_s);
		HOLDS(is_listed == caps_within(&need, &held));
	}
}

/* What a token for these scopes carries: bound there or above, but nothing that another asked scope above already carries. */
static struct caps scope_caps(const struct world *w, const struct uid *identity, const struct uid *scope,
			      const struct uid *scopes, size_t count, int64_t now_s)
{
	struct caps sum = { 0 };

	for (size_t i = 0; i < WORLD_BINDINGS; i++) {
		const struct binding *binding = &w->bindings[i];
		bool is_carried = !w->has_binding[i] || !uid_eq(&binding->identity, identity) ||
				  !uid_covers(&binding->group, scope) || uid_eq(&binding->group, &w->system_group);
		for (size_t j = 0; j < count; j++)
			is_carried = is_carried || (!uid_eq(&scopes[j], scope) && uid_covers(&scopes[j], scope) &&
						    uid_covers(&binding->group, &scopes[j]));
		if (!is_carried)
			sum = caps_or(sum, world_binding_caps(w, binding, now_s));
	}
	return caps_public(sum);
}

static void compare_scoped(struct world *w)
{
	size_t which = world_below(w, w->identities_count);
	struct uid scopes[4], identity = w->identities[which].uid;
	size_t scopes_count = 1 + world_below(w, 4), count, expected = 0;
	struct caps narrow = world_some_caps(w), want;
	struct token_grant *grants;
	int64_t now_s = world_some_time(w);
	bool is_operator, is_absent = !w->has_identity[which];

	for (size_t i = 0; i < scopes_count; i++)
		scopes[i] = w->groups[world_below(w, w->groups_count)].uid;
	CHECK_OK(authz_grants(w->authz, &identity, scopes, scopes_count, &narrow, now_s, w->tx.arena, &grants, &count,
			      &is_operator));
	for (size_t i = 0; i < count; i++) {
		HOLDS(i == 0 || uid_compare(&grants[i - 1].group, &grants[i].group) < 0);
		HOLDS(!caps_is_empty(&grants[i].caps));
	}
	for (size_t i = 0; i < scopes_count; i++) {
		bool is_first = true;
		struct caps got = { 0 };
		for (size_t j = 0; j < i; j++)
			is_first = is_first && !uid_eq(&scopes[j], &scopes[i]);
		want = is_absent ? (struct caps){ 0 }
				 : caps_and(scope_caps(w, &identity, &scopes[i], scopes, scopes_count, now_s), narrow);
		for (size_t j = 0; j < count; j++)
			if (uid_eq(&grants[j].group, &scopes[i]))
				got = grants[j].caps;
		same_caps(got, want);
		expected += is_first && !caps_is_empty(&want);
	}
	HOLDS(count == expected);
}

/* Without scopes: one grant for each group where something is bound. */
static void compare_unscoped(struct world *w)
{
	struct uid identity = w->identities[0].uid;
	struct token_grant *grants;
	int64_t now_s = world_some_time(w);
	bool is_operator, is_absent = !w->has_identity[0];
	size_t count, expected = 0;
	status st = authz_grants(w->authz, &identity, NULL, 0, NULL, now_s, w->tx.arena, &grants, &count, &is_operator);

	for (size_t i = 0; i < w->groups_count && !is_absent; i++) {
		struct caps want = { 0 }, got = { 0 };
		for (size_t j = 0; j < WORLD_BINDINGS; j++)
			if (w->has_binding[j] && uid_eq(&w->bindings[j].identity, &identity) &&
			    uid_eq(&w->bindings[j].group, &w->groups[i].uid))
				want = caps_or(want, world_binding_caps(w, &w->bindings[j], now_s));
		if (i == 0) { /* the system group */
			HOLDS(FAILED(st) || is_operator == !caps_is_empty(&want));
			continue;
		}
		want = caps_public(want);
		expected += !caps_is_empty(&want);
		for (size_t j = 0; !FAILED(st) && j < count; j++)
			if (uid_eq(&grants[j].group, &w->groups[i].uid))
				got = grants[j].caps;
		if (!FAILED(st))
			same_caps(got, want);
	}
	HOLDS(st.fault == (expected > CALLER_GRANTS_MAX ? FAULT_STATE : FAULT_NONE));
	HOLDS(FAILED(st) || count == expected);
}

static enum authz_life life_of_root(const struct world *w, const struct uid *uid)
{
	struct uid root = uid_root(uid);

	for (size_t i = 0; i < w->groups_count; i++)
		if (w->has_group[i] && uid_eq(&w->groups[i].uid, &root))
			return w->groups[i].status == STATUS_SUSPENDED_ ? LIFE_SUSPENDED : LIFE_ALIVE;
	return LIFE_ROOT_GONE;
}

/* Of a group: of its organization first, then its own. */
static enum authz_life life_of_group(const struct world *w, const struct uid *uid)
{
	enum authz_life life = life_of_root(w, uid);

	for (size_t i = 0; i < w->groups_count; i++)
		if (w->has_group[i] && uid_eq(&w->groups[i].uid, uid))
			return life;
	return life == LIFE_ALIVE ? LIFE_ABSENT : life;
}

static void compare_life(struct world *w)
{
	int64_t issued_s = world_chance(w, 4) ? 0 : world_some_time(w);
	size_t which = world_below(w, w->identities_count), group = world_below(w, w->groups_count);
	const struct identity *identity = &w->identities[which];
	struct uid parent = uid_parent(&identity->uid);
	enum authz_life want = uid_is_none(&parent) ? LIFE_ALIVE : life_of_group(w, &parent);

	if (!w->has_identity[which])
		want = LIFE_ABSENT;
	else if (want == LIFE_ALIVE && issued_s && identity->created_us / US_PER_S > issued_s)
		want = LIFE_NEWER;
	HOLDS(authz_identity_life(w->authz, &identity->uid, issued_s) == want);
	HOLDS(authz_group_life(w->authz, &w->groups[group].uid) == life_of_group(w, &w->groups[group].uid));
}

static void compare_state(struct world *w, struct asker *askers)
{
	struct token_grant grants[CALLER_GRANTS_MAX];

	world_rest(w);
	for (int i = 0; i < QUESTIONS; i++) {
		struct caller caller = world_some_caller(w, grants);
		struct asker *asker = &askers[world_below(w, WORLD_IDENTITIES)];
		if (!asker->is_set)
			*asker = (struct asker){ .identity = caller.identity, .is_set = true };
		caller.identity = asker->identity; /* a subject is kept beside one token */
		compare_decision(w, asker, &caller);
		if (i == 0)
			compare_reach(w, &caller);
	}
	compare_scoped(w);
	compare_unscoped(w);
	compare_life(w);
}

TEST(the_index_decides_as_the_reference_does)
{
	uint64_t worlds = from_environment("WORLDS", WORLDS_DEFAULT), seed = from_environment("SEED", 1);

	for (uint64_t done = 0; done < worlds; done += COMMITS, seed++) {
		struct asker askers[WORLD_IDENTITIES] = { 0 };
		static struct world w;

		running_seed = seed;
		world_random(&w, seed);
		for (int i = 0; i < COMMITS; i++) {
			compare_state(&w, askers);
			world_change(&w);
			if (i == LOAD_AT) {
				world_load_anew(&w);
				memset(askers, 0, sizeof(askers));
			}
		}
		world_done(&w);
	}
}

TEST(who_has_too_many_bindings_to_stand_beside_the_entry_is_loaded_with_all_of_them)
{
	struct asker askers[WORLD_IDENTITIES] = { 0 };
	static struct world w;

	world_random(&w, running_seed = 1);
	for (size_t i = 0; i < MANY; i++) {
		(void)world_bind(&w, &w.identities[i % 8 == 0].uid, &w.groups[i % w.groups_count].uid,
				 &w.roles[i % w.roles_count].uid);
		if (i % 50 == 49)
			world_commit(&w);
	}
	world_commit(&w);
	world_load_anew(&w);
	for (int i = 0; i < COMMITS; i++) {
		compare_state(&w, askers);
		world_change(&w);
	}
	world_done(&w);
}

TEST(bindings_that_the_store_gives_in_no_order_are_not_loaded_in_part)
{
	static struct world w;
	struct authz *fresh;

	world_text(&w, "org: ada=owner bob=viewer org/ci: ada=viewer");
	w.is_damaged = true;
	fresh = authz_new();
	CHECK(fresh);
	CHECK_FAULT(FAULT_LOST, authz_load(fresh, &w.tx));
	fresh = authz_free(fresh);
	world_done(&w);
}

TEST(a_stored_binding_of_nobody_or_nowhere_or_nothing_is_not_loaded)
{
	static struct world w;

	for (int i = 0; i < 3; i++) {
		struct authz *fresh = authz_new();
		struct uid *ids[] = { &w.bindings[0].identity, &w.bindings[0].group, &w.bindings[0].role };
		world_text(&w, "org: ada=owner bob=viewer");
		*ids[i] = (struct uid){ 0 };
		CHECK(fresh);
		CHECK_FAULT(FAULT_LOST, authz_load(fresh, &w.tx));
		fresh = authz_free(fresh);
		world_done(&w);
	}
}

TESTS(the_index_decides_as_the_reference_does, bindings_that_the_store_gives_in_no_order_are_not_loaded_in_part,
      a_stored_binding_of_nobody_or_nowhere_or_nothing_is_not_loaded,
      who_has_too_many_bindings_to_stand_beside_the_entry_is_loaded_with_all_of_them)
