/*
 * The main job below HTTP: a workload's own token becomes a short-lived one that holds what roles grant, and no more.
 */
#include "keys.h"
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"
#include "crypto/jws.h"
#include "model/role.h"
#include "service/setup.h"
#include "token/token.h"

#define NOW_S INT64_C(1800000000)
#define URL "http://127.0.0.1:8080"

static struct clock now;
static struct store *store;
static struct authz *authz;
static struct issuer *issuer;
static struct fetcher *fetcher;
static struct arena *arena;
static struct key *workload;
static struct uid org, folder, builder, stranger;
static char folder_path[] = "/tmp/reeve-test-XXXXXX";

static status committed(void *user, struct tx *tx, const struct change *changes, size_t count, uint64_t revision)
{
	(void)user;
	TRY(authz_apply(authz, tx, changes, count, revision));
	return issuer ? issuer_apply(issuer, tx, changes, count, revision) : OK;
}

static status load(struct tx *tx, void *arg)
{
	struct uid system_group;
	slice key;

	(void)arg;
	TRY(setup_read(tx, &system_group, &key));
	authz_set_system_group(authz, &system_group);
	return authz_load(authz, tx);
}

static FALLIBLE static_identity(struct tx *tx, const struct uid *uid, const char *name, slice keys)
{
	struct identity row = { .uid = *uid,
				.parent = org,
				.name = slice_str(name),
				.relationship = RELATIONSHIP_STATIC,
				.issuer_kind = MATCH_EXACT,
				.subject_kind = MATCH_EXACT,
				.issuer = SLICE("https://ci.example.com"),
				.subject = SLICE("repo:example/app"),
				.issuer_keys = keys,
				.expires_us = (NOW_S + 3600) * US_PER_S,
				.created_us = (NOW_S - 10) * US_PER_S };

	return row_insert(tx, &table_identities, &row);
}

static status build(struct tx *tx, void *keys)
{
	struct group group = { .uid = org, .name = SLICE("example.com"), .status = 2 },
		     below = { .uid = folder, .parent = org, .name = SLICE("ci") };
	struct binding binding = { .group = folder,
				   .identity = builder,
				   .role = role_builtin_by_name(SLICE("registry.push"))->uid };

	TRY(row_insert(tx, &table_groups, &group));
	TRY(row_insert(tx, &table_groups, &below));
	TRY(static_identity(tx, &builder, "builder", *(slice *)keys));
	TRY(static_identity(tx, &stranger, "stranger", *(slice *)keys));
	TRY(uid_new_child(&folder, (const uint8_t *)"binding1", &binding.uid));
	return row_insert(tx, &table_bindings, &binding);
}

static int open_world(void **state)
{
	struct store_options options = { .clock = &now };
	struct setup_start start = { .now_us = NOW_S * US_PER_S };
	struct issuer_options issuer_options = { .url = SLICE(URL),
						 .api_url = SLICE(URL),
						 .algorithm = SLICE("ES256"),
						 .access_life_s = 3600,
						 .registry_life_s = 60,
						 .rotate_every_s = 30 * S_PER_DAY,
						 .clock = &now,
						 .random = &random_system };
	slice keys;

	(void)state;
	now = clock_fixed(NOW_S * US_PER_S);
	arena = arena_new(1 << 24);
	org = uid_new_root((const uint8_t *)"organization-number-");
	CHECK_OK(uid_new_child(&org, (const uint8_t *)"folder-1", &folder));
	CHECK_OK(uid_new_child(&org, (const uint8_t *)"builder1", &builder));
	CHECK_OK(uid_new_child(&org, (const uint8_t *)"stranger", &stranger));
	CHECK(mkdtemp(folder_path));
	issuer_options.data_folder = slice_str(folder_path);
	CHECK_OK(random_fill(&random_system, start.random, sizeof(start.random)));
	CHECK_OK(store_open_memory(&options, &store));
	authz = authz_new();
	CHECK_OK(store_write(store, setup_prepare, &start, arena, NULL));
	CHECK_OK(key_new(ALG_RS256, &workload));
	keys = key_set_of(arena, workload);
	CHECK_OK(store_write(store, build, &keys, arena, NULL));
	CHECK_OK(store_read(store, load, NULL, arena));
	store_on_commit(store, committed, NULL);
	CHECK_OK(fetcher_new(&(struct fetch_config){ 0 }, &fetcher));
	CHECK_OK(issuer_new(&issuer_options, store, authz, fetcher, &issuer));
	CHECK_OK(issuer_start(issuer));
	authz_thread_start();
	return 0;
}

static int close_world(void **state)
{
	char path[256];

	(void)state;
	authz_thread_stop();
	store = store_close(store);
	issuer = issuer_free(issuer);
	fetcher = fetcher_free(fetcher);
	authz = authz_free(authz);
	workload = key_unref(workload);
	arena = arena_free(arena);
	(void)snprintf(path, sizeof(path), "%s/seal.key", folder_path);
	(void)unlink(path); /* the folder's only file */
	(void)rmdir(folder_path);
	return 0;
}

/* What the CI system hands its job. */
static slice job_token(const char *subject, const char *audience, int64_t life_s)
{
	struct buffer out;
	char *claims = arena_printf(
		arena, "{\"iss\":\"https://ci.example.com\",\"sub\":\"%s\",\"aud\":\"%s\",\"iat\":%lld,\"exp\":%lld}", subject,
		audience, (long long)NOW_S, (long long)(NOW_S + life_s));

	buffer_init(&out, arena, 16384);
	CHECK_OK(jws_sign(workload, &(struct jws_header){ 0 }, slice_str(claims), &out));
	return buffer_slice(&out);
}

static FALLIBLE exchange(slice token, const struct uid *identity, struct exchanged *ret)
{
	static const slice audience = { URL, sizeof(URL) - 1 };
	struct exchange in = { .upstream = token, .audiences = &audience, .audiences_count = 1, .may_block = true };

	in.identity = slice_str(uid_text(identity, arena));
	return token_exchange(issuer, arena, &in, ret);
}

TEST(a_jobs_token_becomes_one_that_holds_just_what_is_bound)
{
	struct exchanged done;
	struct verified *verified;
	struct caller caller;

	CHECK_OK(exchange(job_token("repo:example/app", URL, 600), &builder, &done));
	CHECK_OK(token_verify(issuer, TOKEN_ACCESS, done.token.text, SLICE(""), &verified));
	caller = verified->caller;
	CHECK(uid_eq(&caller.identity, &builder));
	CHECK(authz_allows(authz, &caller, &folder, CAP_REPO_CREATE_BIT, NOW_S));
	CHECK(!authz_allows(authz, &caller, &org, CAP_REPO_CREATE_BIT, NOW_S));
	CHECK(!authz_allows(authz, &caller, &folder, CAP_IAM_ROLE_BINDINGS_CREATE_BIT, NOW_S));
	CHECK_INT(done.token.expires_s - done.token.issued_s, 3600);
	verified_unref(verified);
}

TEST(the_default_audience_is_our_url_or_its_host)
{
	struct exchanged done;

	CHECK_OK(exchange(job_token("repo:example/app", "127.0.0.1", 600), &builder, &done));
	CHECK_FAULT(FAULT_DENIED, exchange(job_token("repo:example/app", "https://elsewhere.example", 600), &builder, &done));
	CHECK(strstr(report_current()->text, "invalid \"aud\""));
}

TEST(a_mismatch_names_the_claim)
{
	struct exchanged done;

	CHECK_FAULT(FAULT_DENIED, exchange(job_token("repo:example/other", URL, 600), &builder, &done));
	CHECK(strstr(report_current()->text, "invalid \"sub\""));
	CHECK_FAULT(FAULT_DENIED, exchange(job_token("repo:example/app", URL, -1), &builder, &done));
	CHECK(strstr(report_current()->text, "expired"));
}

TEST(a_token_of_another_key_proves_nothing)
{
	struct key *real = workload;
	struct exchanged done;
	slice forged;

	CHECK_OK(key_new(ALG_RS256, &workload));
	forged = job_token("repo:example/app", URL, 600);
	workload = key_unref(workload);
	workload = real;
	CHECK_FAULT(FAULT_UNAUTHENTIC, exchange(forged, &builder, &done));
}

static status unbind(struct tx *tx, void *arg)
{
	struct query query;
	int64_t count;

	(void)arg;
	query_init(&query);
	query_eq_uid(&query, BINDINGS_IDENTITY, &builder);
	return row_delete_all(tx, &table_bindings, &query, &count);
}

TEST(a_deleted_binding_bites_at_once_whatever_the_token_says)
{
	struct exchanged done;
	struct verified *verified;

	CHECK_OK(exchange(job_token("repo:example/app", URL, 600), &builder, &done));
	CHECK_OK(token_verify(issuer, TOKEN_ACCESS, done.token.text, SLICE(""), &verified));
	CHECK(authz_allows(authz, &verified->caller, &folder, CAP_REPO_CREATE_BIT, NOW_S));
	authz_thread_offline();
	CHECK_OK(store_write(store, unbind, NULL, arena, NULL));
	authz_thread_online();
	CHECK(!authz_allows(authz, &verified->caller, &folder, CAP_REPO_CREATE_BIT, NOW_S));
	verified_unref(verified);
}

static status remove_builder(struct tx *tx, void *arg)
{
	struct identity key = { .uid = stranger };
	bool deleted;

	(void)arg;
	return row_delete(tx, &table_identities, &key, &deleted);
}

TEST(a_deleted_identity_gets_no_token_and_its_old_one_is_dead)
{
	struct exchanged done, again;
	struct verified *verified;

	CHECK_OK(exchange(job_token("repo:example/app", URL, 600), &stranger, &done));
	authz_thread_offline();
	CHECK_OK(store_write(store, remove_builder, NULL, arena, NULL));
	authz_thread_online();
	CHECK_FAULT(FAULT_DENIED, exchange(job_token("repo:example/app", URL, 600), &stranger, &again));
	CHECK_FAULT(FAULT_UNAUTHENTIC, token_verify(issuer, TOKEN_ACCESS, done.token.text, SLICE(""), &verified));
}

TEST(a_rotation_keeps_old_tokens_good_and_signs_with_the_new_key)
{
	struct exchanged before, after;
	struct verified *verified;
	struct issuer_key old, fresh;

	CHECK_OK(exchange(job_token("repo:example/app", URL, 600), &builder, &before));
	CHECK_OK(issuer_active_key(issuer, arena, &old));
	clock_move(&now, now.fixed_us + US_PER_S); /* two keys never begin at the same moment */
	CHECK_OK(issuer_rotate(issuer, true));
	CHECK_OK(issuer_active_key(issuer, arena, &fresh));
	CHECK(!slice_eq(old.kid, fresh.kid));
	CHECK_OK(exchange(job_token("repo:example/app", URL, 600), &builder, &after));
	CHECK_OK(token_verify(issuer, TOKEN_ACCESS, before.token.text, SLICE(""), &verified));
	verified_unref(verified);
	CHECK_OK(token_verify(issuer, TOKEN_ACCESS, after.token.text, SLICE(""), &verified));
	verified_unref(verified);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_jobs_token_becomes_one_that_holds_just_what_is_bound),
		cmocka_unit_test(the_default_audience_is_our_url_or_its_host),
		cmocka_unit_test(a_mismatch_names_the_claim),
		cmocka_unit_test(a_token_of_another_key_proves_nothing),
		cmocka_unit_test(a_rotation_keeps_old_tokens_good_and_signs_with_the_new_key),
		cmocka_unit_test(a_deleted_binding_bites_at_once_whatever_the_token_says),
		cmocka_unit_test(a_deleted_identity_gets_no_token_and_its_old_one_is_dead),
	};

	return cmocka_run_group_tests(tests, open_world, close_world);
}
