/*
 * sweep: whole calls over a real port, again and again, each time with another allocation or another call into the store
 * failing, on whichever thread it happens.
 *
 * A call that fails ends in an error or a closed connection, never in a success that is none; what it wrote is there whole or
 * not at all; the next call is served as if nothing had been; and under ASan nothing leaks. What the index does after a commit
 * is left out: a server that cannot follow its own commit ends by design (server/parts.h).
 */
#include "swept.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "reeve/v1/people.pb-c.h"
#include "reeve/v1/setup.pb-c.h"

static char password[2 * TOKEN_ACCESS_BYTES_MAX]; /* the token as a registry's client sends it */

/* ---- a case ---- */

/* In target and body, $ stands for the organization's id, @ for the viewer's role and # for a number of five digits that is new
 * each time. */
struct sweep_case {
	const char *verb, *target, *body;
	const struct table *changes; /* gains a row, and the events another, when it succeeds; NULL: it reads */
	bool is_registry;
};

static unsigned tries;

static void fill_in(const char *template, char *into, size_t room)
{
	char uid[UID_TEXT_BYTES], viewer[UID_TEXT_BYTES];
	size_t len = 0;

	uid_format(&org, uid);
	uid_format(&role_builtin(ROLE_VIEWER)->uid, viewer);
	for (; *template && len < room; template ++)
		len += (size_t)(*template == '$'   ? snprintf(into + len, room - len, "%s", uid)
				: *template == '@' ? snprintf(into + len, room - len, "%s", viewer)
				: *template == '#' ? snprintf(into + len, room - len, "%05u", tries)
						   : snprintf(into + len, room - len, "%c", *template));
	CHECK(len < room);
}

static int try(const struct sweep_case *sweep)
{
	char target[512] = "", body[512] = "";
	int code;

	tries++;
	fill_in(sweep->target, target, sizeof(target));
	fill_in(sweep->body, body, sizeof(body));
	authz_thread_offline();
	code = ask(sweep->verb, target, body, sweep->is_registry ? "Basic" : "Bearer", sweep->is_registry ? password : token);
	authz_thread_online();
	return code;
}

static int64_t count_of(const struct table *table)
{
	struct query query;

	query_init(&query);
	return table ? world_count(table, &query) : 0;
}

/* All or nothing, and a success is one. */
static void check_whole(const struct sweep_case *sweep, int code, int64_t rows, int64_t events)
{
	int64_t gained = count_of(sweep->changes) - rows;

	if (!sweep->changes)
		return;
	CHECK(gained == 0 || gained == 1);
	CHECK(count_of(&table_events) - events == gained);
	if (code >= 200 && code < 300)
		CHECK(gained == 1);
}

static void sweep_once(const struct sweep_case *sweep, struct armed *armed, uint64_t least)
{
	uint64_t n, failed = 0;

	CHECK(try(sweep) == 200);
	for (n = 1; n < SWEEP_MAX; n++) {
		int64_t rows = count_of(sweep->changes), events = count_of(&table_events);
		bool is_through;
		int code;

		arm(armed, n);
		code = try(sweep);
		is_through = counted(armed) < n;
		disarm(armed);
		failed += code != 200;
		CHECK(code == 0 || code == 200 || code == 429 || code >= 500);
		check_whole(sweep, code, rows, events);
		CHECK(try(sweep) == 200);
		if (is_through)
			break;
	}
	if (failed < least || getenv("SWEEP_SHOWS"))
		print_error("%s %s: %u of %u failed\n", sweep->verb, sweep->target, (unsigned)failed, (unsigned)n);
	CHECK(n < SWEEP_MAX && failed >= least);
}

static const struct sweep_case cases[] = {
	{ "GET", "/auth/v1/ok", "", NULL, false },
	{ "GET", "/iam/v2/groups?uidp.childrenOf=$&pageSize=3", "", NULL, false },
	{ "GET", "/iam/v2/roles?pageSize=5", "", NULL, false },
	{ "GET", "/sts/exchange?aud=" URL, "", NULL, false },
	{ "POST", "/iam/v2/groups/$", "{\"name\":\"folder #\"}", &table_groups, false },
	{ "POST", "/iam/v2/roles/$", "{\"name\":\"role #\",\"capabilities\":[\"CAP_IAM_GROUPS_LIST\"]}", &table_roles, false },
	{ "POST", "/iam/v2/identities/$",
	  "{\"name\":\"identity #\",\"claimMatch\":{\"issuer\":\"https://ci.example.com\",\"subject\":\"repo\"}}",
	  &table_identities, false },
	{ "POST", "/iam/v2/roleBindings:batchCreate",
	  "{\"parent\":\"$\",\"requests\":[{\"roleBinding\":{\"identityUid\":\"00000000000000000000000000000000000#\","
	  "\"roleUid\":\"@\"}}]}",
	  &table_bindings, false },
	{ "GET", "/token?service=" REGISTRY "&scope=repository:$/app:pull", "", NULL, true },
	/* The repository is made by a nested call. */
	{ "GET", "/token?service=" REGISTRY "&scope=repository:$/app#:pull,push", "", &table_repos, true },
};
#define CASES (sizeof(cases) / sizeof(*cases))

TEST(every_allocation_of_a_whole_call_may_fail)
{
	for (size_t i = 0; i < CASES; i++)
		sweep_once(&cases[i], &memory, 1);
}

TEST(every_store_call_of_a_whole_call_may_fail)
{
	for (size_t i = 0; i < CASES; i++)
		sweep_once(&cases[i], &disk, cases[i].changes ? 3 : 0);
}

/* The disk takes nothing more: what asks for a token gets none until it does. */
TEST(nothing_is_issued_that_the_trail_does_not_take)
{
	static const struct sweep_case issuing[] = {
		{ "GET", "/sts/exchange?aud=" URL, "", NULL, false },
		{ "GET", "/token?service=" REGISTRY "&scope=repository:$/app:pull", "", NULL, true },
		{ "GET", "/token?service=" REGISTRY, "", NULL, true },
	};
	struct trail_record record = { .what = "exchange", .method = "oidc.exchange" };
	struct rlimit before, tight;

	for (size_t i = 0; i < sizeof(issuing) / sizeof(*issuing); i++)
		CHECK_INT(try(&issuing[i]), 200);
	CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	CHECK_INT(getrlimit(RLIMIT_FSIZE, &before), 0);
	tight = before;
	tight.rlim_cur = 64;
	log_set_fd(open("/dev/null", O_WRONLY));
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &tight), 0);
	CHECK_OK(trail_append(parts.trail, &record)); /* not known yet */
	CHECK_FAULT(FAULT_UNAVAILABLE, trail_sync(parts.trail));
	for (size_t i = 0; i < sizeof(issuing) / sizeof(*issuing); i++)
		CHECK_INT(try(&issuing[i]), 503);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &before), 0);
	CHECK_OK(trail_sync(parts.trail));
	log_set_fd(2);
	for (size_t i = 0; i < sizeof(issuing) / sizeof(*issuing); i++)
		CHECK_INT(try(&issuing[i]), 200);
}

/* A wrong setup code is counted, and so committed, and refused all the same. */
TEST(a_nested_call_that_is_refused_though_it_wrote_is_no_success)
{
	struct world_call *outer = as(NULL, METHOD_REEVE_SETUP_REGISTER);
	Reeve__V1__RegisterRequest in;
	Reeve__V1__RegisterResponse out;
	char name[] = "machine", code[] = "AAAA-AAAA",
	     jwk[] = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\","
		     "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}"; /* RFC 7517 appendix A.1 */

	reeve__v1__register_request__init(&in);
	reeve__v1__register_response__init(&out);
	in.name = name;
	in.code = code;
	in.jwk = jwk;
	CHECK_FAULT(FAULT_DENIED, rpc_nested(&outer->call, NULL, SLICE(""), METHOD_REEVE_SETUP_REGISTER, &in, &out));
	CHECK(strstr(report_current()->text, "over loopback or TLS only")); /* nobody said that the peer is safe */
	outer->call.peer_is_safe = true;
	CHECK_FAULT(FAULT_DENIED, rpc_nested(&outer->call, NULL, SLICE(""), METHOD_REEVE_SETUP_REGISTER, &in, &out));
	CHECK(strstr(report_current()->text, "the setup code is wrong"));
}

static bool fails_to_fill(struct random *random, void *into, size_t size)
{
	(void)random;
	memset(into, 0, size);
	return false;
}

/* Else ids and secrets would be the same each time, or those of the call around it. CVE-2022-31034, mod_auth_openidc */
TEST(no_call_and_no_nested_call_runs_without_random_bytes_CVE_2022_31034)
{
	static const struct sweep_case reads = { "GET", "/iam/v2/groups?uidp.childrenOf=$", "", NULL, false };
	static struct random broken = { .fill = fails_to_fill };
	struct world_call *outer = as(NULL, METHOD_REEVE_PEOPLE_USE_ONCE);
	Reeve__V1__UseOnceRequest in;
	Reeve__V1__UseOnceResponse out;
	uint8_t digest[32] = "once";

	reeve__v1__use_once_request__init(&in);
	reeve__v1__use_once_response__init(&out);
	in.digest.data = digest;
	in.digest.len = sizeof(digest);
	in.expires_s = NOW_S + 60;
	parts.random = &broken;
	log_set_fd(open("/dev/null", O_WRONLY));
	CHECK_INT(try(&reads), 500);
	CHECK_FAULT(FAULT_INTERNAL, rpc_nested(&outer->call, NULL, SLICE(""), METHOD_REEVE_PEOPLE_USE_ONCE, &in, &out));
	log_set_fd(2);
	parts.random = &random_system;
	CHECK_INT(try(&reads), 200);
	CHECK_OK(rpc_nested(&outer->call, NULL, SLICE(""), METHOD_REEVE_PEOPLE_USE_ONCE, &in, &out));
	CHECK(out.is_first);
}

static int open_with_password(void **state)
{
	char *pair;

	CHECK(sweep_open(state) == 0);
	pair = arena_printf(arena, "_token:%s", token);
	CHECK(pair);
	password[base64_encode_into(BASE64_STANDARD, slice_str(pair), password)] = '\0';
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_nested_call_that_is_refused_though_it_wrote_is_no_success),
					    cmocka_unit_test(
						    no_call_and_no_nested_call_runs_without_random_bytes_CVE_2022_31034),
					    cmocka_unit_test(nothing_is_issued_that_the_trail_does_not_take),
					    cmocka_unit_test(every_allocation_of_a_whole_call_may_fail),
					    cmocka_unit_test(every_store_call_of_a_whole_call_may_fail) };

	return cmocka_run_group_tests(tests, open_with_password, sweep_close);
}
