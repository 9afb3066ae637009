/*
 * world: a service in process over the memory store: an organization, an owner, an editor; calls run as writes or reads of
 * anyone.
 */
#ifndef TESTS_UNIT_SERVICE_WORLD_H
#define TESTS_UNIT_SERVICE_WORLD_H

#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "handlers.gen.h"
#include "model/role.h"
#include "model/user.h"
#include "service/setup.h"
#include "service/support.h"
#include "store/fault.h"

#define NOW_S INT64_C(1800000000)
#define URL "http://127.0.0.1:8080"
#define REGISTRY "registry.example.com"
#define GOOGLE "https://accounts.google.com"

static struct clock now;
static struct arena *arena;
static struct settings settings;
static struct parts parts = { .settings = &settings };
static struct uid org, folder, elsewhere, owner, editor;
static char data_folder[] = "/tmp/reeve-test-XXXXXX";

static status world_committed(void *user, struct tx *tx, const struct change *changes, size_t count, uint64_t revision)
{
	(void)user;
	TRY(authz_apply(parts.authz, tx, changes, count, revision));
	return parts.issuer ? issuer_apply(parts.issuer, tx, changes, count, revision) : OK;
}

static status world_load(struct tx *tx, void *arg)
{
	struct uid system_group;
	slice key;

	(void)arg;
	TRY(setup_read(tx, &system_group, &key));
	settings.page_key = arena_copy(arena, key);
	authz_set_system_group(parts.authz, &system_group);
	return authz_load(parts.authz, tx);
}

static FALLIBLE world_member(struct tx *tx, const struct uid *uid, const char *name, const char *role)
{
	struct identity row = { .uid = *uid, .name = slice_str(name), .created_us = (NOW_S - 10) * US_PER_S };
	struct binding binding = { .group = org, .identity = *uid, .role = role_builtin_by_name(slice_str(role))->uid };

	TRY(row_insert(tx, &table_identities, &row));
	TRY(uid_new_child(&org, (const uint8_t *)name, &binding.uid));
	return row_insert(tx, &table_bindings, &binding);
}

static status world_build(struct tx *tx, void *arg)
{
	struct group group = { .uid = org, .name = SLICE("example.com"), .status = 2, .is_verified = true, .kind = 2 },
		     below = { .uid = folder, .parent = org, .name = SLICE("ci") },
		     other = { .uid = elsewhere, .name = SLICE("elsewhere"), .status = 2 };

	(void)arg;
	TRY(row_insert(tx, &table_groups, &group));
	TRY(row_insert(tx, &table_groups, &below));
	TRY(row_insert(tx, &table_groups, &other));
	TRY(world_member(tx, &owner, "ownerrrr", "owner"));
	return world_member(tx, &editor, "editorrr", "editor");
}

static int world_open(void **state)
{
	struct store_options options = { .clock = &now };
	struct setup_start start = { .now_us = NOW_S * US_PER_S };
	static const slice clients[] = { { "reeve", 5 }, { "auth0", 5 } },
			   registries[] = { { REGISTRY, sizeof(REGISTRY) - 1 } };
	static const struct issuer_connection google = { .name = { "google-oauth2", 13 },
							 .issuer = { GOOGLE, sizeof(GOOGLE) - 1 },
							 .client_id = { "our-client", 10 } };
	struct issuer_options issuer_options = { .url = SLICE(URL),
						 .api_url = SLICE(URL),
						 .audiences = registries,
						 .audiences_count = 1,
						 .registries = registries,
						 .registries_count = 1,
						 .clients = clients,
						 .clients_count = 2,
						 .connections = &google,
						 .connections_count = 1,
						 .algorithm = SLICE("ES256"),
						 .access_life_s = 3600,
						 .registry_life_s = 60,
						 .rotate_every_s = 30 * S_PER_DAY,
						 .clock = &now,
						 .random = &random_system };

	(void)state;
	now = clock_fixed(NOW_S * US_PER_S);
	arena = arena_new(1 << 26);
	settings = (struct settings){ .issuer_url = SLICE(URL),
				      .api_url = SLICE(URL),
				      .console_url = SLICE(URL),
				      .clients = clients,
				      .clients_count = 2 };
	org = uid_new_root((const uint8_t *)"organization-number-");
	elsewhere = uid_new_root((const uint8_t *)"an-other-organizatio");
	owner = uid_new_root((const uint8_t *)"the-owner-of-example");
	editor = uid_new_root((const uint8_t *)"the-editor-of-exampl");
	CHECK_OK(uid_new_child(&org, (const uint8_t *)"folder-1", &folder));
	CHECK(mkdtemp(data_folder));
	issuer_options.data_folder = slice_str(data_folder);
	CHECK_OK(random_fill(&random_system, start.random, sizeof(start.random)));
	CHECK_OK(store_open_memory(&options, &parts.store));
#ifdef WORLD_STORE_MAY_FAIL
	CHECK_OK(store_fault_wrap(parts.store));
#endif
	parts.authz = authz_new();
	parts.clock = &now;
	parts.random = &random_system;
	CHECK_OK(store_write(parts.store, setup_prepare, &start, arena, NULL));
	CHECK_OK(store_write(parts.store, world_build, NULL, arena, NULL));
	CHECK_OK(store_read(parts.store, world_load, NULL, arena));
	store_on_commit(parts.store, world_committed, NULL);
	CHECK_OK(fetcher_new(&(struct fetch_config){ 0 }, &parts.fetcher));
	CHECK_OK(issuer_new(&issuer_options, parts.store, parts.authz, parts.fetcher, &parts.issuer));
	CHECK_OK(issuer_start(parts.issuer));
	authz_thread_start();
	return 0;
}

static int world_close(void **state)
{
	char path[256];

	(void)state;
	authz_thread_stop();
	parts.store = store_close(parts.store);
	parts.issuer = issuer_free(parts.issuer);
	parts.fetcher = fetcher_free(parts.fetcher);
	parts.authz = authz_free(parts.authz);
	arena = arena_free(arena);
	(void)snprintf(path, sizeof(path), "%s/seal.key", data_folder);
	(void)unlink(path); /* the folder's only file */
	(void)rmdir(data_folder);
	return 0;
}

/* ---- calls ---- */

struct world_call {
	struct call call;
	struct caller caller;
	struct token_grant grants[2];
	status (*run)(struct call *call, void *in, void *out);
	void *in, *out;
};

/* As somebody with a token that carries everything at both organizations, so that bindings alone decide. NULL: nobody. */
static inline struct world_call *as(const struct uid *who, enum method_id method)
{
	struct world_call *made = NEW(arena, struct world_call);

	CHECK(made);
	made->grants[0].group = org;
	made->grants[1].group = elsewhere;
	for (int i = 0; i < CAPS_BITS / 64; i++)
		made->grants[0].caps.words[i] = made->grants[1].caps.words[i] = UINT64_MAX;
	if (uid_compare(&org, &elsewhere) > 0) {
		made->grants[0].group = elsewhere;
		made->grants[1].group = org;
	}
	if (who)
		made->caller = (struct caller){
			.is_known = true, .identity = *who, .grants = made->grants, .grants_count = 2, .expires_s = NOW_S + 600
		};
	made->call = (struct call){ .parts = &parts,
				    .settings = &settings,
				    .method = &methods[method],
				    .arena = arena,
				    .caller = &made->caller,
				    .request_id = SLICE("test"),
				    .peer = SLICE("127.0.0.1"),
				    .may_block = true,
				    .now_us = clock_now_us(&now) };
	CHECK_OK(random_fill(&random_system, made->call.seed, sizeof(made->call.seed)));
	return made;
}

static status world_run(struct tx *tx, void *arg)
{
	struct world_call *made = arg;
	status result;

	made->call.tx = tx;
	made->call.drawn = 0;
	result = made->run(&made->call, made->in, made->out);
	made->call.tx = NULL;
	return result;
}

/* A handler in a write, or in a read's snapshot. */
static inline FALLIBLE world_write(struct world_call *made, status (*run)(struct call *, void *, void *), void *in, void *out)
{
	status result;

	made->run = run;
	made->in = in;
	made->out = out;
	authz_thread_offline();
	result = store_write(parts.store, world_run, made, arena, NULL);
	authz_thread_online();
	return result;
}

static inline FALLIBLE world_read(struct world_call *made, status (*run)(struct call *, void *, void *), void *in, void *out)
{
	made->run = run;
	made->in = in;
	made->out = out;
	return store_read(parts.store, world_run, made, arena);
}

/* A statement about the tables, as a write. */
static inline FALLIBLE world_change(store_fn change, void *arg)
{
	status result;

	authz_thread_offline();
	result = store_write(parts.store, change, arg, arena, NULL);
	authz_thread_online();
	return result;
}

/* ORG_STATUS_ */
#define WORLD_ALIVE 2
#define WORLD_SUSPENDED 3

static status world_put_status(struct tx *tx, void *arg)
{
	struct group row = { .uid = org };
	bool found;

	TRY(row_find(tx, &table_groups, &row, &row, &found));
	row.status = *(int64_t *)arg;
	return row_update(tx, &table_groups, &row);
}

/* The organization is suspended, or lives on. */
static inline FALLIBLE world_set_status(int64_t org_status)
{
	return world_change(world_put_status, &org_status);
}

static inline int64_t world_count(const struct table *table, const struct query *query);
struct world_counting {
	const struct table *table;
	const struct query *query;
	int64_t count;
};
static status world_count_in(struct tx *tx, void *arg)
{
	struct world_counting *counting = arg;

	return row_count(tx, counting->table, counting->query, &counting->count);
}
static inline int64_t world_count(const struct table *table, const struct query *query)
{
	struct world_counting counting = { table, query, 0 };

	CHECK_OK(store_read(parts.store, world_count_in, &counting, arena));
	return counting.count;
}

/* ---- calls made on behalf of others, without rpc/ ---- */

struct world_nested {
	struct call *call;
	const void *in;
	void *out;
};

static status world_run_nested(struct tx *tx, void *arg)
{
	struct world_nested *nested = arg;
	status result;

	nested->call->tx = tx;
	nested->call->drawn = 0;
	result = method_handlers[nested->call->method->id](nested->call, nested->in, nested->out);
	nested->call->tx = NULL;
	return result;
}

/* What rpc/ does for call_nested: for parts.nested. */
static inline status world_nest(struct call *outer, const struct caller *caller, slice credential, enum method_id method,
				const void *in, void *out)
{
	static const struct caller nobody;
	struct call inner = *outer;
	struct world_nested nested = { &inner, in, out };
	status result;

	CHECK(!outer->tx && methods[method].place == PLACE_WRITE && methods[method].access.kind == ACCESS_INTERNAL);
	inner.method = &methods[method];
	inner.caller = caller ? caller : &nobody;
	inner.credential = credential;
	CHECK_OK(random_fill(&random_system, inner.seed, sizeof(inner.seed)));
	authz_thread_offline();
	result = store_write(parts.store, world_run_nested, &nested, arena, NULL);
	authz_thread_online();
	return result;
}

static inline void world_open_trail(void)
{
	struct trail_options options = { .clock = &now };

	options.folder = slice_str(arena_printf(arena, "%s/trail", data_folder));
	authz_thread_offline();
	CHECK_OK(trail_open(&options, &parts.trail));
	authz_thread_online();
}

/* Before world_close. */
static inline void world_close_trail(void)
{
	char command[256];

	parts.trail = trail_close(parts.trail);
	(void)snprintf(command, sizeof(command), "rm -r '%s/trail'", data_folder);
	CHECK_INT(system(command), 0); /* our own folder, made by mkdtemp */
}

#endif
