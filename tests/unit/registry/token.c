/*
 * The token endpoint: each action needs all of its capabilities, what is public is so by its whole name, and a path names what
 * it names now.
 */
#include "service/world.h"

#include "base/encode.h"
#include "reeve/v1/registry.pb-c.h"
#include "registry/path.h"
#include "service/groups.h"

#define APP "example.com/ci/app"

static struct uid person, role;

/* ---- a world with a repository ---- */

/* As server/ follows a commit. */
static status committed(void *user, struct tx *tx, const struct change *changes, size_t count, uint64_t revision)
{
	TRY(world_committed(user, tx, changes, count, revision));
	path_tree_changed(changes, count);
	return OK;
}

static status put_people(struct tx *tx, void *arg)
{
	struct repo repo = { .parent = folder, .name = SLICE("app") };
	struct identity identity = { .uid = person, .name = SLICE("ada"), .created_us = (NOW_S - 10) * US_PER_S };

	(void)arg;
	TRY(uid_new_child(&folder, (const uint8_t *)"theirapp", &repo.uid));
	TRY(row_put(tx, &table_repos, &repo));
	return row_put(tx, &table_identities, &identity);
}

static int open_registry(void **state)
{
	static const slice open[] = { { "x/tool", 6 }, { "x/open/", 7 } };
	static const struct registry_setting registry = { .service = { REGISTRY, sizeof(REGISTRY) - 1 },
							  .host = { REGISTRY, sizeof(REGISTRY) - 1 },
							  .public_repositories = open,
							  .public_count = 2 };

	CHECK(world_open(state) == 0);
	store_on_commit(parts.store, NULL, NULL);
	store_on_commit(parts.store, committed, NULL);
	settings.registries = &registry;
	settings.registries_count = 1;
	world_open_trail();
	person = uid_new_root((const uint8_t *)"a-person-with-a-role");
	CHECK_OK(world_change(put_people, NULL));
	return 0;
}

static int close_registry(void **state)
{
	world_close_trail();
	return world_close(state);
}

/* ---- asking ---- */

static slice password_of(const struct uid *who)
{
	static const slice audience = { REGISTRY, sizeof(REGISTRY) - 1 };
	struct assumed assumed = { .identity = *who };
	struct mint mint = { .kind = TOKEN_ACCESS, .who = &assumed, .audiences = &audience, .audiences_count = 1 };
	struct token_grant *grants;
	struct minted minted;
	struct buffer text;
	char *pair;

	CHECK_OK(authz_grants(parts.authz, who, NULL, 0, NULL, NOW_S, arena, &grants, &mint.grants_count, &mint.is_operator));
	mint.grants = grants;
	CHECK_OK(token_mint(parts.issuer, arena, &mint, &minted));
	pair = arena_printf(arena, "_token:%.*s", SLICE_ARG(minted.text));
	CHECK(pair);
	buffer_init(&text, arena, 65536);
	buffer_text(&text, "Basic ");
	base64_encode(&text, BASE64_STANDARD, slice_str(pair));
	CHECK(!buffer_failed(&text));
	return buffer_slice(&text);
}

/* The scope that is given for the one asked; who NULL: nobody in particular. */
static slice given(const struct uid *who, const char *name, const char *actions)
{
	struct world_call *made = as(NULL, METHOD_REEVE_REGISTRY_TOKEN);
	char *scope = arena_printf(arena, "repository:%s:%s", name, actions);
	Reeve__V1__TokenRequest in;
	Reeve__V1__TokenResponse out;

	reeve__v1__token_request__init(&in);
	reeve__v1__token_response__init(&out);
	in.service = (char *)(uintptr_t)REGISTRY;
	in.scope = &scope;
	in.n_scope = 1;
	if (who)
		made->call.authorization = password_of(who);
	CHECK_OK(reeve_registry_token(&made->call, &in, &out));
	CHECK(*out.token);
	return slice_str(out.scope);
}

/* ---- claims ---- */

TEST(what_is_public_is_so_by_its_whole_name_or_below_a_folder_that_is)
{
	static const char *const shut[] = { "x/tool-secret", "x/tool2",       "x/tool/inner", "x/too",
					    "x/open",        "x/opened/tool", "y/x/tool" };

	CHECK_SLICE(given(NULL, "x/tool", "pull,push,delete"), "repository:x/tool:pull");
	CHECK_SLICE(given(NULL, "x/open/tool", "pull,push,delete"), "repository:x/open/tool:pull");
	CHECK_SLICE(given(NULL, "x/open/deep/tool", "pull"), "repository:x/open/deep/tool:pull");
	for (size_t i = 0; i < sizeof(shut) / sizeof(*shut); i++)
		CHECK_SLICE(given(NULL, shut[i], "pull"), "");
}

static status put_role(struct tx *tx, void *arg)
{
	struct role row = { .parent = org, .name = SLICE("works"), .caps = *(const struct caps *)arg };
	struct binding binding = { .group = org, .identity = person };

	TRY(uid_new_child(&org, (const uint8_t *)"theirole", &row.uid));
	TRY(uid_new_child(&org, (const uint8_t *)"binding1", &binding.uid));
	role = binding.role = row.uid;
	TRY(row_put(tx, &table_roles, &row));
	return row_put(tx, &table_bindings, &binding);
}

TEST(each_action_needs_all_of_its_capabilities)
{
	static const struct {
		const char *action;
		unsigned count, bits[3];
	} needs[] = { { "pull", 3, { CAP_REPO_BLOBS_GET_BIT, CAP_MANIFEST_LIST_BIT, CAP_TAG_LIST_BIT } },
		      { "push", 2, { CAP_MANIFEST_CREATE_BIT, CAP_TAG_CREATE_BIT } },
		      { "delete", 2, { CAP_MANIFEST_DELETE_BIT, CAP_TAG_DELETE_BIT } } };

	for (size_t i = 0; i < sizeof(needs) / sizeof(*needs); i++)
		for (unsigned lacks = 0; lacks <= needs[i].count; lacks++) {
			struct caps caps = { 0 };
			bool is_whole = lacks == needs[i].count;
			for (unsigned k = 0; k < needs[i].count; k++)
				if (k != lacks)
					caps_add(&caps, needs[i].bits[k]);
			CHECK_OK(world_change(put_role, &caps));
			CHECK_SLICE(given(&person, APP, "pull,push,delete"),
				    is_whole ? arena_printf(arena, "repository:" APP ":%s", needs[i].action) : "");
		}
}

static status rename_in(struct call *call, void *in, void *out)
{
	struct group_change change = { .has_name = true, .name = slice_str(in) };

	return group_update(call, &folder, &change, out);
}

static void rename_folder(const char *name)
{
	struct group group;

	CHECK_OK(world_write(as(&owner, METHOD_GROUPS_UPDATE_GROUP), rename_in, (void *)(uintptr_t)name, &group));
}

TEST(a_folders_old_name_leads_nowhere_and_its_new_one_to_it)
{
	CHECK_SLICE(given(&owner, APP, "pull"), "repository:" APP ":pull");
	CHECK_SLICE(given(&owner, "example.com/cd/app", "pull"), "");
	rename_folder("cd");
	CHECK_SLICE(given(&owner, APP, "pull"), "");
	CHECK_SLICE(given(&owner, "example.com/cd/app", "pull"), "repository:example.com/cd/app:pull");
	rename_folder("ci");
	CHECK_SLICE(given(&owner, APP, "pull"), "repository:" APP ":pull");
	CHECK_SLICE(given(&owner, "example.com/cd/app", "pull"), "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_public_is_so_by_its_whole_name_or_below_a_folder_that_is),
		cmocka_unit_test(each_action_needs_all_of_its_capabilities),
		cmocka_unit_test(a_folders_old_name_leads_nowhere_and_its_new_one_to_it),
	};

	return cmocka_run_group_tests(tests, open_registry, close_registry);
}
