/*
 * world: a small installation in plain arrays, the slow and obvious answers over it, and an index fed from it.
 *
 * A world stands in for a store: authz reads its arrays through a driver of two functions. It may hold what a real store never
 * would (a binding whose role or group is gone), because the decision must deny there too.
 *
 *	struct world w;
 *	world_text(&w, "org: ada=owner bob=viewer org/ci: eve=registry.push system: root=operator");
 */
#ifndef TESTS_UNIT_AUTHZ_WORLD_H
#define TESTS_UNIT_AUTHZ_WORLD_H

#include "test.h"

#include "authz/authz.h"
#include "model/role.h"
#include "store/store_impl.h" /* its driver and its tx are what the arrays stand behind */

#define WORLD_GROUPS 40
#define WORLD_ROLES 32
#define WORLD_IDENTITIES 16
#define WORLD_BINDINGS 128
#define WORLD_CHANGES 64
#define WORLD_NOW INT64_C(1800000000)
#define STATUS_SUSPENDED_ 3

struct world {
	struct store store;
	struct tx tx;
	struct authz *authz;
	uint64_t rng; /* of the random ones */
	struct uid system_group;
	struct group groups[WORLD_GROUPS];
	struct role roles[WORLD_ROLES];
	struct identity identities[WORLD_IDENTITIES];
	struct binding bindings[WORLD_BINDINGS];
	bool has_group[WORLD_GROUPS], has_role[WORLD_ROLES], has_identity[WORLD_IDENTITIES], has_binding[WORLD_BINDINGS];
	size_t groups_count, roles_count, identities_count; /* places in use; a binding takes any free one */
	struct change changes[WORLD_CHANGES];
	size_t changes_count;
	uint64_t revision;
	bool is_damaged; /* bindings come in no order, whatever is asked for */
	char names[WORLD_GROUPS + WORLD_IDENTITIES][64];
};

/* An empty world with the system group and the built-in roles, its index loaded. */
void world_init(struct world *w);
/* What was read so far is forgotten. */
void world_rest(struct world *w);
void world_done(struct world *w);
/* world_init and what the text says: "path: name=role …"; a path's parents are made, "system" is the operators' group. */
void world_text(struct world *w, const char *text);
/* world_init and some organizations, folders, custom roles, identities and bindings. */
void world_random(struct world *w, uint64_t seed);

/* By the names of world_text; the test fails when there is none. */
const struct uid *world_group(const struct world *w, const char *path);
const struct uid *world_identity(const struct world *w, const char *name);
/* The same, making one that is not there yet. */
const struct uid *world_make_identity(struct world *w, const char *name);

/* Changes, logged; world_commit hands them to the index. */
struct binding *world_bind(struct world *w, const struct uid *identity, const struct uid *group, const struct uid *role);
void world_unbind(struct world *w, struct binding *binding);
void world_put_role(struct world *w, const struct uid *uid, struct caps caps);
void world_drop_role(struct world *w, const struct uid *uid);
struct group *world_put_group(struct world *w, const struct uid *uid, int64_t group_status);
void world_drop_group(struct world *w, const struct uid *uid);
struct identity *world_put_identity(struct world *w, const struct uid *uid, int64_t created_s);
void world_drop_identity(struct world *w, const struct uid *uid);
void world_commit(struct world *w);
/* One to four random changes and a commit. */
void world_change(struct world *w);
/* A new index from what the arrays hold now; subjects resolved before belong to the old one. */
void world_load_anew(struct world *w);
/* A number below n. */
size_t world_below(struct world *w, size_t n);
bool world_chance(struct world *w, size_t one_in);
struct caps world_some_caps(struct world *w);
struct uid world_some_place(struct world *w);
int64_t world_some_time(struct world *w);

/* A caller whose token carries everything everywhere. */
struct caller world_caller(const struct world *w, const struct uid *identity);
/* One with an odd token; grants has room for CALLER_GRANTS_MAX. */
struct caller world_some_caller(struct world *w, struct token_grant *grants);

/* ---- the reference ---- */

struct caps world_caps(const struct world *w, const struct caller *caller, const struct uid *place, int64_t now_s);
/* What a binding gives now, by itself. */
struct caps world_binding_caps(const struct world *w, const struct binding *binding, int64_t now_s);

#endif
