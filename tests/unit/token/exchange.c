/*
 * The exchange with tokens of other issuers, at its edges: numbers that do not fit, an identity about to end, no memory.
 */
#include "keys.h"
#include "service/world.h"

#include <pthread.h>

#include "base/mem.h"
#include "crypto/jws.h"
#include "token/issuer_impl.h"

#define JOBS "https://ci.example.com"
#define SWEEP_MAX 500 /* more allocations than an exchange makes */

static struct key *workload;
static struct uid machine;

static status put_identity(struct tx *tx, void *arg)
{
	return row_put(tx, &table_identities, arg);
}

/* A machine with the workload's keys, below this group; it ends then (0: never). */
static struct identity machine_of(const struct uid *group, int64_t expires_s)
{
	struct identity row = { .parent = *group,
				.name = SLICE("machine"),
				.relationship = RELATIONSHIP_STATIC,
				.issuer_kind = MATCH_EXACT,
				.subject_kind = MATCH_EXACT,
				.issuer = SLICE(JOBS),
				.subject = SLICE("job"),
				.issuer_keys = key_set_of(arena, workload),
				.expires_us = expires_s * US_PER_S,
				.created_us = (NOW_S - 10) * US_PER_S };

	CHECK_OK(uid_new_child(group, (const uint8_t *)"machine1", &machine));
	row.uid = machine;
	return row;
}

static void put_machine(const struct uid *group, int64_t expires_s)
{
	struct identity row = machine_of(group, expires_s);

	CHECK_OK(world_change(put_identity, &row));
}

static slice signed_by_workload(const char *claims)
{
	struct buffer out;

	buffer_init(&out, arena, 16384);
	CHECK_OK(jws_sign(workload, &(struct jws_header){ 0 }, slice_str(claims), &out));
	return buffer_slice(&out);
}

static slice job_token(const char *times)
{
	return signed_by_workload(arena_printf(arena, "{\"iss\":\"" JOBS "\",\"sub\":\"job\",\"aud\":\"" URL "\"%s}", times));
}

static slice job_until(int64_t expires_s)
{
	return job_token(arena_printf(arena, ",\"iat\":%lld,\"exp\":%lld", (long long)NOW_S, (long long)expires_s));
}

static FALLIBLE exchange_in(struct arena *in_arena, slice token, struct exchanged *ret)
{
	static const slice audience = { URL, sizeof(URL) - 1 };
	struct exchange in = { .upstream = token, .audiences = &audience, .audiences_count = 1, .may_block = true };
	char text[UID_TEXT_BYTES];

	uid_format(&machine, text);
	in.identity = slice_str(text);
	return token_exchange(parts.issuer, in_arena, &in, ret);
}

static FALLIBLE exchange(slice token, struct exchanged *ret)
{
	return exchange_in(arena, token, ret);
}

/* ---- numbers ---- */

TEST(an_operators_assertion_lives_five_minutes_whatever_numbers_it_writes)
{
	static const char *const times[] = { ",\"iat\":1800000000,\"exp\":1800000301",
					     ",\"iat\":1799999999,\"exp\":1800000300",
					     ",\"exp\":1800000300",
					     ",\"iat\":-9223372036854775808,\"exp\":9223372036854775807",
					     ",\"iat\":-9223372036854775807,\"exp\":1800000300",
					     ",\"iat\":0,\"exp\":9223372036854775807" };
	struct exchanged done;

	put_machine(authz_system_group(parts.authz), 0);
	CHECK_OK(exchange(job_until(NOW_S + 300), &done));
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		CHECK_FAULT(FAULT_DENIED, exchange(job_token(times[i]), &done));
		CHECK(strstr(report_current()->text, "invalid \"exp\"") || strstr(report_current()->text, "invalid \"iat\""));
	}
}

TEST(times_that_are_no_times_are_refused)
{
	static const char *const times[] = {
		"",
		",\"exp\":\"1800000300\"",
		",\"exp\":1.8e99",
		",\"exp\":-1",
		",\"exp\":-9223372036854775808",
		",\"exp\":18446744073709551615",
		",\"exp\":1800000000", /* now is too late */
		",\"exp\":1800000300,\"iat\":1800000061",
		",\"exp\":1800000300,\"iat\":9223372036854775807",
		",\"exp\":1800000300,\"iat\":\"1800000000\"",
		",\"exp\":1800000300,\"nbf\":1800000061",
		",\"exp\":1800000300,\"nbf\":9223372036854775807",
		",\"exp\":1800000300,\"nbf\":true",
	};
	struct exchanged done;

	put_machine(&org, NOW_S + S_PER_DAY);
	CHECK_OK(exchange(job_token(",\"exp\":1800000001,\"iat\":1800000060,\"nbf\":1800000060"), &done));
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
		CHECK_FAULT(FAULT_DENIED, exchange(job_token(times[i]), &done));
}

TEST(a_token_of_an_issuer_the_identity_does_not_name_is_refused_whoever_signed_it)
{
	static const char *const issuers[] = { JOBS "/", JOBS "x", "https://ci.example.co", "HTTPS://ci.example.com", "" };
	struct exchanged done;

	put_machine(&org, NOW_S + S_PER_DAY);
	for (size_t i = 0; i < sizeof(issuers) / sizeof(*issuers); i++) {
		char *claims = arena_printf(arena, "{\"iss\":\"%s\",\"sub\":\"job\",\"aud\":\"" URL "\",\"exp\":1800000300}",
					    issuers[i]);
		CHECK_FAULT(FAULT_DENIED, exchange(signed_by_workload(claims), &done));
		CHECK(strstr(report_current()->text, "invalid \"iss\""));
	}
}

/* ---- what a claim must be ---- */

static FALLIBLE exchange_for(const char *audience)
{
	struct exchanged done;

	return exchange(signed_by_workload(arena_printf(
				arena, "{\"iss\":\"" JOBS "\",\"sub\":\"job\",\"aud\":%s,\"exp\":1800000300}", audience)),
			&done);
}

TEST(a_machine_that_lists_its_audience_takes_that_one_and_not_this_servers)
{
	static const char *const others[] = { "\"" URL "\"", "\"127.0.0.1:8080\"", "\"urn:ours/\"",
					      "\"urn:our\"", "[\"" URL "\"]",      "[\"urn:other\",\"" URL "\"]",
					      "[]",          "[[\"urn:ours\"]]" };
	struct identity row = machine_of(&org, NOW_S + S_PER_DAY);

	CHECK_OK(world_change(put_identity, &row));
	CHECK_OK(exchange_for("\"" URL "\"")); /* as long as none is listed */
	row.audiences = SLICE("[\"urn:ours\"]");
	CHECK_OK(world_change(put_identity, &row));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		CHECK_FAULT(FAULT_DENIED, exchange_for(others[i]));
		CHECK(strstr(report_current()->text, "invalid \"aud\""));
	}
	CHECK_OK(exchange_for("\"urn:ours\""));
	CHECK_OK(exchange_for("[\"" URL "\",\"urn:ours\"]"));
}

/* A subject of so many characters. */
static FALLIBLE exchange_as(size_t len)
{
	struct exchanged done;
	char subject[1100];

	memset(subject, 'a', len);
	return exchange(signed_by_workload(arena_printf(
				arena, "{\"iss\":\"" JOBS "\",\"sub\":\"%.*s\",\"aud\":\"" URL "\",\"exp\":1800000300}",
				(int)len, subject)),
			&done);
}

/* Not even the same text, should a row ever hold one. */
TEST(a_claim_of_more_than_1024_bytes_fits_nothing)
{
	struct identity row = machine_of(&org, NOW_S + S_PER_DAY);
	char subject[1025];

	memset(subject, 'a', sizeof(subject));
	row.subject_kind = MATCH_PATTERN;
	row.subject = SLICE("a+");
	CHECK_OK(world_change(put_identity, &row));
	CHECK_OK(exchange_as(1));
	CHECK_OK(exchange_as(1024));
	CHECK_FAULT(FAULT_DENIED, exchange_as(1025));
	CHECK(strstr(report_current()->text, "invalid \"sub\""));
	row.subject_kind = MATCH_EXACT;
	row.subject = slice_of(subject, 1025);
	CHECK_OK(world_change(put_identity, &row));
	CHECK_FAULT(FAULT_DENIED, exchange_as(1025));
	row.subject = slice_of(subject, 1024);
	CHECK_OK(world_change(put_identity, &row));
	CHECK_OK(exchange_as(1024));
}

/* ---- an end ---- */

TEST(a_token_does_not_outlive_its_identity_CVE_2025_64708)
{
	struct exchanged done;

	put_machine(&org, NOW_S + 100);
	CHECK_OK(exchange(job_until(NOW_S + 600), &done));
	CHECK_INT(done.token.expires_s, NOW_S + 100);
	put_machine(&org, NOW_S);
	CHECK_FAULT(FAULT_DENIED, exchange(job_until(NOW_S + 600), &done));
	CHECK(strstr(report_current()->text, "the identity is expired"));
	put_machine(&org, NOW_S + S_PER_DAY);
	CHECK_OK(exchange(job_until(NOW_S + 600), &done));
	CHECK_INT(done.token.expires_s, NOW_S + 3600);
}

TEST(a_suspended_organizations_machine_gets_no_token_CVE_2024_46999)
{
	struct exchanged done;

	put_machine(&org, NOW_S + S_PER_DAY);
	CHECK_OK(world_set_status(WORLD_SUSPENDED));
	CHECK_FAULT(FAULT_DENIED, exchange(job_until(NOW_S + 600), &done));
	CHECK(strstr(report_current()->text, "suspended"));
	CHECK_OK(world_set_status(WORLD_ALIVE));
	CHECK_OK(exchange(job_until(NOW_S + 600), &done));
}

static bool fails_to_fill(struct random *random, void *into, size_t size)
{
	(void)random;
	memset(into, 0, size);
	return false;
}

/* Else their ids would repeat. CVE-2022-31034, mod_auth_openidc */
TEST(no_token_is_made_without_random_bytes_for_its_id_CVE_2022_31034)
{
	static struct random broken = { .fill = fails_to_fill };
	struct assumed who = { .identity = owner };
	slice audience = SLICE(URL);
	struct mint mint = { .kind = TOKEN_ACCESS, .who = &who, .audiences = &audience, .audiences_count = 1 };
	struct minted minted = { 0 };

	parts.issuer->options.random = &broken;
	CHECK_FAULT(FAULT_INTERNAL, token_mint(parts.issuer, arena, &mint, &minted));
	CHECK_INT(minted.text.len, 0);
	parts.issuer->options.random = &random_system;
	CHECK_OK(token_mint(parts.issuer, arena, &mint, &minted));
}

TEST(no_token_lives_longer_than_its_kind)
{
	struct assumed who = { .identity = owner };
	slice audience = SLICE(URL);
	struct mint mint = { .kind = TOKEN_ACCESS, .who = &who, .audiences = &audience, .audiences_count = 1, .life_s = 99999 };
	struct minted minted;

	CHECK_OK(token_mint(parts.issuer, arena, &mint, &minted));
	CHECK_INT(minted.expires_s - minted.issued_s, 3600);
	audience = SLICE(REGISTRY);
	mint.kind = TOKEN_REGISTRY;
	mint.access = SLICE("[]");
	CHECK_OK(token_mint(parts.issuer, arena, &mint, &minted));
	CHECK_INT(minted.expires_s - minted.issued_s, 300);
}

/* ---- an operator's standing ---- */

static status make_operator(struct tx *tx, void *arg)
{
	struct binding row = { .group = *authz_system_group(parts.authz),
			       .identity = editor,
			       .role = role_builtin_by_name(SLICE("operator"))->uid };

	(void)arg;
	TRY(uid_new_child(&row.group, (const uint8_t *)"operator", &row.uid));
	return row_put(tx, &table_bindings, &row);
}

static bool has_standing(const struct assumed *who, const char *scope, const char *capability)
{
	slice audience = SLICE(URL), scopes[] = { slice_str(scope) }, capabilities[] = { slice_str(capability) };
	struct exchange in = { .audiences = &audience,
			       .audiences_count = 1,
			       .scopes = scopes,
			       .scopes_count = *scope ? 1 : 0,
			       .capabilities = capabilities,
			       .capabilities_count = *capability ? 1 : 0,
			       .may_block = true };
	const struct json *claims;
	struct exchanged done;
	bool is_operator = false;
	struct jws jws;

	CHECK_OK(token_issue(parts.issuer, arena, &in, who, &done));
	CHECK_OK(jws_parse(arena, done.token.text, 0, &jws));
	CHECK_OK(jws_claims(arena, &jws, &claims));
	(void)json_bool(json_member(claims, "operator"), &is_operator); /* absent: no */
	return is_operator;
}

TEST(an_operators_standing_is_in_no_narrowed_confined_or_bounded_token)
{
	struct assumed who = { .identity = editor };

	CHECK(!has_standing(&who, "", ""));
	CHECK_OK(world_change(make_operator, NULL));
	CHECK(has_standing(&who, "", ""));
	CHECK(!has_standing(&who, uid_text(&org, arena), ""));
	CHECK(!has_standing(&who, "", "groups.list"));
	who.confined_to = org;
	CHECK(!has_standing(&who, "", ""));
	who = (struct assumed){ .identity = editor, .is_bounded = true };
	CHECK(!has_standing(&who, "", ""));
	who.bound_operator = true;
	CHECK(has_standing(&who, "", ""));
	CHECK(!has_standing(&who, "", "groups.list"));
	CHECK(!has_standing(&who, uid_text(&org, arena), ""));
	who.confined_to = org;
	CHECK(!has_standing(&who, "", ""));
}

/* ---- a token for a token ---- */

static struct caps caps_of(const struct assumed *who, const char *scope, const struct uid *group)
{
	slice audience = SLICE(URL), scopes[] = { slice_str(scope) }, text;
	struct exchange in = { .audiences = &audience,
			       .audiences_count = 1,
			       .scopes = scopes,
			       .scopes_count = *scope ? 1 : 0,
			       .may_block = true };
	struct caps caps = { 0 };
	const struct json *claims;
	struct exchanged done;
	struct jws jws;

	CHECK_OK(token_issue(parts.issuer, arena, &in, who, &done));
	CHECK_OK(jws_parse(arena, done.token.text, 0, &jws));
	CHECK_OK(jws_claims(arena, &jws, &claims));
	if (json_text(json_member(json_member(claims, "cap"), uid_text(group, arena)), &text))
		CHECK(caps_decode(text, &caps));
	return caps;
}

TEST(a_token_had_for_another_holds_no_more_than_that_one_and_no_more_than_is_bound_now)
{
	struct token_grant grant = { .group = folder };
	struct assumed who = { .identity = owner, .is_bounded = true, .bound_grants = &grant, .bound_grants_count = 1 };
	struct caps all = caps_of(&(struct assumed){ .identity = owner }, "", &org), got;
	struct caps few = { 0 };

	caps_add(&few, CAP_IAM_GROUPS_LIST_BIT);
	CHECK(caps_within(&few, &all) && !caps_within(&all, &few));
	grant.caps = few;
	got = caps_of(&who, "", &folder);
	CHECK(caps_within(&got, &few) && caps_within(&few, &got));
	got = caps_of(&who, uid_text(&org, arena), &org); /* above what it holds */
	CHECK(caps_is_empty(&got));
	got = caps_of(&who, uid_text(&folder, arena), &folder);
	CHECK(caps_within(&got, &few) && caps_within(&few, &got));
	memset(&grant.caps, 0xff, sizeof(grant.caps)); /* it says more than is bound */
	got = caps_of(&who, "", &folder);
	CHECK(caps_within(&got, &all));
	grant.group = elsewhere;
	got = caps_of(&who, "", &elsewhere);
	CHECK(caps_is_empty(&got));
}

/* ---- a group by its name ---- */

static FALLIBLE issue_for(const struct assumed *who, const char *scope)
{
	slice audience = SLICE(URL), scopes[] = { slice_str(scope) };
	struct exchange in = {
		.audiences = &audience, .audiences_count = 1, .scopes = scopes, .scopes_count = 1, .may_block = true
	};
	struct exchanged done;

	return token_issue(parts.issuer, arena, &in, who, &done);
}

/* What a token cannot hold does not exist for it: neither "there is one" nor "there are several" is told. */
TEST(a_name_outside_of_what_a_session_may_hold_is_no_groups_name)
{
	struct assumed who = { .identity = owner };
	struct token_grant grant = { .group = elsewhere };

	CHECK_OK(issue_for(&who, "ci"));
	CHECK_FAULT(FAULT_INVALID, issue_for(&who, "nothing"));
	who.confined_to = org;
	CHECK_OK(issue_for(&who, "ci"));
	who.confined_to = elsewhere;
	CHECK_FAULT(FAULT_INVALID, issue_for(&who, "ci"));
	CHECK(strstr(report_current()->text, "no group of the identity has the name"));
	who = (struct assumed){ .identity = owner, .is_bounded = true, .bound_grants = &grant, .bound_grants_count = 1 };
	CHECK_FAULT(FAULT_INVALID, issue_for(&who, "ci"));
	grant.group = folder;
	CHECK_OK(issue_for(&who, "ci"));
	who.bound_grants_count = 0;
	CHECK_FAULT(FAULT_INVALID, issue_for(&who, "ci"));
}

/* ---- no memory ---- */

struct attempt {
	slice token;
	uint64_t fail_at;
	bool is_through; /* nothing failed: it was all there */
	enum fault fault;
};

/* A thread of its own: what threads keep of the library and of keys is made anew. */
static void *try(void *arg)
{
	struct attempt *attempt = arg;
	struct arena *own = arena_new(1 << 20);
	struct exchanged done;

	authz_thread_start();
	mem_fail_after(attempt->fail_at);
	attempt->fault = exchange_in(own, attempt->token, &done).fault;
	attempt->is_through = mem_count() < attempt->fail_at;
	mem_fail_after(0);
	authz_thread_stop();
	(void)arena_free(own); /* a local */
	return NULL;
}

/* Nor is it remembered: the next one is served as if nothing had been. */
TEST(without_memory_nobody_is_told_that_their_token_is_wrong)
{
	struct attempt attempt = { .token = job_until(NOW_S + 600) };
	uint64_t failed = 0;
	struct exchanged done;

	while (!attempt.is_through && attempt.fail_at < SWEEP_MAX) {
		pthread_t thread;
		attempt.fail_at++;
		put_machine(&org, NOW_S + S_PER_DAY); /* what was remembered of it is forgotten */
		authz_thread_offline();
		CHECK(pthread_create(&thread, NULL, try, &attempt) == 0);
		CHECK(pthread_join(thread, NULL) == 0);
		authz_thread_online();
		if (attempt.fault != FAULT_NONE && attempt.fault != FAULT_EXHAUSTED && attempt.fault != FAULT_INTERNAL)
			print_error("allocation %u: %s\n", (unsigned)attempt.fail_at, fault_row(attempt.fault)->grpc_name);
		CHECK(attempt.fault == FAULT_NONE || attempt.fault == FAULT_EXHAUSTED || attempt.fault == FAULT_INTERNAL);
		failed += attempt.fault != FAULT_NONE;
		CHECK_OK(exchange(attempt.token, &done));
	}
	CHECK(attempt.is_through && failed >= 5);
}

static int open_world(void **state)
{
	return world_open(state) == 0 && !FAILED(key_new(ALG_ES256, &workload)) ? 0 : -1;
}

static int close_world(void **state)
{
	workload = key_unref(workload);
	return world_close(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_operators_assertion_lives_five_minutes_whatever_numbers_it_writes),
		cmocka_unit_test(times_that_are_no_times_are_refused),
		cmocka_unit_test(a_machine_that_lists_its_audience_takes_that_one_and_not_this_servers),
		cmocka_unit_test(a_claim_of_more_than_1024_bytes_fits_nothing),
		cmocka_unit_test(no_token_is_made_without_random_bytes_for_its_id_CVE_2022_31034),
		cmocka_unit_test(a_token_does_not_outlive_its_identity_CVE_2025_64708),
		cmocka_unit_test(a_token_of_an_issuer_the_identity_does_not_name_is_refused_whoever_signed_it),
		cmocka_unit_test(a_suspended_organizations_machine_gets_no_token_CVE_2024_46999),
		cmocka_unit_test(no_token_lives_longer_than_its_kind),
		cmocka_unit_test(an_operators_standing_is_in_no_narrowed_confined_or_bounded_token),
		cmocka_unit_test(a_token_had_for_another_holds_no_more_than_that_one_and_no_more_than_is_bound_now),
		cmocka_unit_test(a_name_outside_of_what_a_session_may_hold_is_no_groups_name),
		cmocka_unit_test(without_memory_nobody_is_told_that_their_token_is_wrong),
	};

	return cmocka_run_group_tests(tests, open_world, close_world);
}
