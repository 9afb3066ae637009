/*
 * swept: a server over a real port whose allocations, or whose calls into the store, fail one after another, and a client of
 * it.
 */
#ifndef TESTS_UNIT_RPC_SWEPT_H
#define TESTS_UNIT_RPC_SWEPT_H

#define WORLD_STORE_MAY_FAIL
#include "../service/world.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/role.h"
#include "net/socket.h"
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

/* What this identity may everywhere, for the API and the registry. */
static void mint_for(const struct uid *identity, char into[TOKEN_ACCESS_BYTES_MAX + 1])
{
	struct assumed who = { .identity = *identity };
	slice audiences[] = { SLICE(URL), SLICE(REGISTRY) };
	struct token_grant *grants;
	struct minted minted;
	struct mint mint = { .kind = TOKEN_ACCESS, .who = &who, .audiences = audiences, .audiences_count = 2 };

	CHECK_OK(authz_grants(parts.authz, identity, NULL, 0, NULL, NOW_S, arena, &grants, &mint.grants_count,
			      &mint.is_operator));
	mint.grants = grants;
	CHECK_OK(token_mint(parts.issuer, arena, &mint, &minted));
	(void)snprintf(into, TOKEN_ACCESS_BYTES_MAX + 1, "%.*s", SLICE_ARG(minted.text));
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
	mint_for(&owner, token);
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

/* With everything there again. What failed may have been the trail's own, on its thread: it writes now what it could not, not
 * only at its next flush. */
static void disarm(struct armed *armed)
{
	arm(armed, 0);
	CHECK_OK(trail_sync(parts.trail));
}

/* ---- a client ---- */

static char answer[ANSWER_BYTES]; /* the last one, as it came */

/* The answer's code; 0 when the connection ended without one. */
static int ask(const char *verb, const char *target, const char *body, const char *scheme, const char *credential)
{
	char request[2 * TOKEN_ACCESS_BYTES_MAX + 2048];
	int fd = socket(AF_INET, SOCK_STREAM, 0), code = 0;
	struct timeval patience = { .tv_sec = 20 };
	size_t sent = 0, heard = 0;
	ssize_t n;
	int len = snprintf(request, sizeof(request),
			   "%s %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: %s %s\r\n"
			   "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
			   verb, target, scheme, credential, strlen(body), body);

	CHECK(fd >= 0 && len > 0 && (size_t)len < sizeof(request));
	CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
	CHECK(connect(fd, (struct sockaddr *)&address.storage, address.len) == 0);
	while (sent < (size_t)len && (n = send(fd, request + sent, (size_t)len - sent, MSG_NOSIGNAL)) > 0)
		sent += (size_t)n;
	while ((n = recv(fd, answer + heard, ANSWER_BYTES - 1 - heard, 0)) > 0)
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

#endif
