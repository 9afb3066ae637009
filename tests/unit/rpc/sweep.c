/*
 * sweep: whole calls over a real port, again and again, each time with another allocation or another call into the store
 * failing, on whichever thread it happens.
 *
 * A call that fails ends in an error or a closed connection, never in a success that is none; what it wrote is there whole or
 * not at all; the next call is served as if nothing had been; and under ASan nothing leaks. What the index does after a commit
 * is left out: a server that cannot follow its own commit ends by design (server/parts.h).
 */
#define WORLD_STORE_MAY_FAIL
#include "../service/world.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/role.h"
#include "net/socket.h"
#include "reeve/v1/people.pb-c.h"
#include "reeve/v1/setup.pb-c.h"
#include "registry/registry.h"
#include "rpc/nested.h"

#define SWEEP_MAX 3000 /* more than any call needs: a sweep that gets there does not end by itself */
#define ANSWER_BYTES 65536
#define WORKERS 2

static struct loop *loop;
static struct http_server *server;
static struct workers *workers;
static struct rpc *rpc;
static pthread_t lane;
static struct socket_address address;
static char token[TOKEN_ACCESS_BYTES_MAX + 1];
static char password[2 * TOKEN_ACCESS_BYTES_MAX]; /* the same as a registry's client sends it */

/* ---- a server ---- */

/* What is to fail, and what was counted before the last pause. */
struct armed {
	void (*arm)(uint64_t n);
	uint64_t (*count)(void);
	_Atomic uint64_t at, before;
};

static void arm_store(uint64_t n)
{
	store_fault_after(parts.store, n);
}

static uint64_t count_store(void)
{
	return store_fault_count(parts.store);
}

static struct armed memory = { .arm = mem_fail_anywhere_after, .count = mem_count_anywhere };
static struct armed disk = { .arm = arm_store, .count = count_store };

static void arm(struct armed *armed, uint64_t n)
{
	armed->at = n;
	armed->before = 0;
	armed->arm(n);
}

static uint64_t counted(const struct armed *armed)
{
	return armed->before + armed->count();
}

static void pause_failing(struct armed *armed)
{
	armed->before += armed->count();
	armed->arm(0);
}

static void go_on(struct armed *armed)
{
	armed->arm(armed->at > armed->before ? armed->at - armed->before : 0);
}

/* Nothing fails while the index follows a commit. */
static status sweep_committed(void *user, struct tx *tx, const struct change *changes, size_t count, uint64_t revision)
{
	(void)user;
	pause_failing(&memory);
	pause_failing(&disk);
	CHECK_OK(world_committed(NULL, tx, changes, count, revision));
	go_on(&memory);
	go_on(&disk);
	return OK;
}

static void go_offline(void *arg)
{
	(void)arg;
	authz_thread_offline();
}

static void go_online(void *arg)
{
	(void)arg;
	authz_thread_online();
}

static void *run_lane(void *arg)
{
	(void)arg;
	authz_thread_start();
	loop_run(loop);
	authz_thread_stop();
	return NULL;
}

static void mint_token(void)
{
	struct assumed who = { .identity = owner };
	slice audiences[] = { SLICE(URL), SLICE(REGISTRY) };
	struct token_grant *grants;
	struct minted minted;
	struct mint mint = { .kind = TOKEN_ACCESS, .who = &who, .audiences = audiences, .audiences_count = 2 };

	CHECK_OK(
		authz_grants(parts.authz, &owner, NULL, 0, NULL, NOW_S, arena, &grants, &mint.grants_count, &mint.is_operator));
	mint.grants = grants;
	CHECK_OK(token_mint(parts.issuer, arena, &mint, &minted));
	(void)snprintf(token, sizeof(token), "%.*s", SLICE_ARG(minted.text));
	char *pair = arena_printf(arena, "_token:%s", token);
	CHECK(pair);
	password[base64_encode_into(BASE64_STANDARD, slice_str(pair), password)] = '\0';
}

static void open_port(void)
{
	struct http_server_options options = { .on_request = rpc_serve, .user = rpc };
	int fd;

	CHECK_OK(loop_new(&loop));
	loop_on_wait(loop, go_offline, go_online, NULL);
	CHECK_OK(http_server_new(loop, &options, &server));
	CHECK_OK(socket_address_parse("listen", SLICE("127.0.0.1:0"), &address));
	CHECK_OK(socket_listen("listen", &address, &fd));
	address.len = sizeof(address.storage);
	CHECK(getsockname(fd, (struct sockaddr *)&address.storage, &address.len) == 0);
	CHECK_OK(http_server_listen(server, fd));
	CHECK(pthread_create(&lane, NULL, run_lane, NULL) == 0);
}

static int sweep_open(void **state)
{
	struct rpc_options options = { .parts = &parts, .version = "test" };
	char path[300];
	struct trail_options trail = { .clock = &now };

	static const struct registry_setting registry = { .service = { REGISTRY, sizeof(REGISTRY) - 1 },
							  .host = { REGISTRY, sizeof(REGISTRY) - 1 } };

	CHECK(world_open(state) == 0);
	settings.registries = &registry;
	settings.registries_count = 1;
	store_on_commit(parts.store, NULL, NULL);
	store_on_commit(parts.store, sweep_committed, NULL);
	(void)snprintf(path, sizeof(path), "%s/trail", data_folder);
	trail.folder = slice_str(path);
	trail.store = parts.store;
	authz_thread_offline();
	CHECK_OK(trail_open(&trail, &parts.trail));
	authz_thread_online();
	parts.nested = rpc_nested;
	CHECK_OK(workers_new(WORKERS, 16, &workers));
	options.workers = workers;
	CHECK_OK(rpc_new(&options, &rpc));
	registry_speak(rpc);
	rpc_set_ready(rpc, true);
	mint_token();
	open_port();
	return 0;
}

static int sweep_close(void **state)
{
	char command[400];

	loop_stop(loop);
	authz_thread_offline();
	CHECK(pthread_join(lane, NULL) == 0);
	workers = workers_free(workers);
	server = http_server_free(server);
	loop = loop_free(loop);
	rpc = rpc_free(rpc);
	parts.trail = trail_close(parts.trail);
	authz_thread_online();
	(void)snprintf(command, sizeof(command), "rm -rf %s/trail", data_folder); /* the test's own folder */
	CHECK(system(command) == 0);
	return world_close(state);
}

/* ---- a client ---- */

/* The answer's code; 0 when the connection ended without one. */
static int ask(const char *verb, const char *target, const char *body, bool is_registry)
{
	char request[2 * TOKEN_ACCESS_BYTES_MAX + 2048], answer[ANSWER_BYTES];
	int fd = socket(AF_INET, SOCK_STREAM, 0), code = 0;
	struct timeval patience = { .tv_sec = 20 };
	size_t sent = 0, heard = 0;
	ssize_t n;
	int len = snprintf(request, sizeof(request),
			   "%s %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: %s %s\r\n"
			   "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
			   verb, target, is_registry ? "Basic" : "Bearer", is_registry ? password : token, strlen(body), body);

	CHECK(fd >= 0 && len > 0 && (size_t)len < sizeof(request));
	CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
	CHECK(connect(fd, (struct sockaddr *)&address.storage, address.len) == 0);
	while (sent < (size_t)len && (n = send(fd, request + sent, (size_t)len - sent, MSG_NOSIGNAL)) > 0)
		sent += (size_t)n;
	while ((n = recv(fd, answer + heard, sizeof(answer) - 1 - heard, 0)) > 0)
		heard += (size_t)n;
	CHECK(n == 0 || errno == ECONNRESET); /* never silence */
	answer[heard] = '\0';
	(void)close(fd);
	if (getenv("SWEEP_SHOWS"))
		print_message("%s %s\n%s\n", verb, target, answer);
	if (heard)
		CHECK(sscanf(answer, "HTTP/1.1 %d", &code) == 1);
	return code;
}

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
	code = ask(sweep->verb, target, body, sweep->is_registry);
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

/* With everything there again. What failed may have been the trail's own, on its thread: it writes now what it could not, not
 * only at its next flush. */
static void disarm(struct armed *armed)
{
	arm(armed, 0);
	CHECK_OK(trail_sync(parts.trail));
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

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_nested_call_that_is_refused_though_it_wrote_is_no_success),
					    cmocka_unit_test(
						    no_call_and_no_nested_call_runs_without_random_bytes_CVE_2022_31034),
					    cmocka_unit_test(nothing_is_issued_that_the_trail_does_not_take),
					    cmocka_unit_test(every_allocation_of_a_whole_call_may_fail),
					    cmocka_unit_test(every_store_call_of_a_whole_call_may_fail) };

	return cmocka_run_group_tests(tests, sweep_open, sweep_close);
}
