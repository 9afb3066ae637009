#include "server/serve.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "net/socket.h"
#include "net/tls.h"
#include "server/codes.h"
#include "server/reload.h"
#include "service/seen.h"
#include "service/sweep.h"

#define LOOPS_MAX 64
#define ADDRESSES_MAX HTTP_LISTENERS
#define TICK_US US_PER_S
#define ROTATE_EVERY_TICKS 60
#define SEEN_EVERY_TICKS 60
#define SWEEP_EVERY_TICKS 60
#define AGAIN_MS 50

struct serving;

/* One thread with its loop and its server. */
struct lane {
	struct serving *serving;
	struct loop *loop;
	struct http_server *server;
	pthread_t thread;
	bool has_thread;
	struct loop_task drain;
};

struct serving {
	struct server_parts *parts;
	struct tls_server *tls;
	struct lane lanes[LOOPS_MAX];
	size_t lane_count;
	struct loop_signal term, interrupt, hangup;
	struct loop_timer tick;
	unsigned ticks;
	struct work rotate, codes, seen, sweep, reread;
	_Atomic bool rotating, reading_codes, writing_seen, sweeping, reloading;
	_Atomic bool is_hung_up; /* SIGHUP came, and nobody has begun to read again */
	struct reload reload;    /* its chore's own */
	_Atomic uint32_t drain_ms;
	bool draining;
};

/* ---- the base URL ---- */

static slice first_address(const struct config *config)
{
	slice first, rest;

	(void)slice_cut(config->listen, ',', &first, &rest); /* one address is fine */
	return slice_trim(first);
}

FALLIBLE serve_base_url(const struct config *config, struct arena *arena, slice *ret_url)
{
	slice address = first_address(config);
	char *url = arena_printf(arena, "%s://%s%.*s", config->tls_certificate.len ? "https" : "http",
				 address.len && address.at[0] == ':' ? "localhost" : "", SLICE_ARG(address));

	TRY_NEW(url);
	*ret_url = slice_str(url);
	return OK;
}

/* ---- chores ---- */

static void rotate_now(struct work *work)
{
	struct serving *serving = (struct serving *)(void *)((char *)work - offsetof(struct serving, rotate));

	if (FAILED(issuer_rotate(serving->parts->parts.issuer, false)))
		LOG(LOG_ERROR, "key rotation failed", LOG_TEXT("error", slice_str(report_current()->text)));
	serving->rotating = false;
}

static void read_codes(struct work *work)
{
	struct serving *serving = (struct serving *)(void *)((char *)work - offsetof(struct serving, codes));

	authz_thread_offline(); /* the commit may wait for every reader */
	status taken = codes_take(serving->parts->parts.store, serving->parts->config->data);
	authz_thread_online();
	if (FAILED(taken))
		LOG(LOG_ERROR, "a setup code could not be taken", LOG_TEXT("error", slice_str(report_current()->text)));
	serving->reading_codes = false;
}

static void write_seen(struct work *work)
{
	struct serving *serving = (struct serving *)(void *)((char *)work - offsetof(struct serving, seen));

	authz_thread_offline(); /* as above */
	status written = seen_write(serving->parts->parts.store);
	authz_thread_online();
	if (FAILED(written))
		LOG(LOG_WARN, "when identities were last seen could not be written",
		    LOG_TEXT("error", slice_str(report_current()->text)));
	serving->writing_seen = false;
}

static void sweep_now(struct work *work)
{
	struct serving *serving = (struct serving *)(void *)((char *)work - offsetof(struct serving, sweep));
	int64_t count = 0;

	authz_thread_offline(); /* as above */
	status swept = sweep_expired(serving->parts->parts.store, clock_now_us(serving->parts->parts.clock), &count);
	authz_thread_online();
	if (FAILED(swept))
		LOG(LOG_WARN, "what has expired could not be removed", LOG_TEXT("error", slice_str(report_current()->text)));
	serving->sweeping = false;
}

static void reload_certificates(struct serving *serving)
{
	if (!serving->tls)
		return;
	if (FAILED(tls_server_reload(serving->tls)))
		LOG(LOG_ERROR, "certificates stay as they were", LOG_TEXT("error", slice_str(report_current()->text)));
	else
		LOG(LOG_INFO, "certificates read again");
}

static uint32_t drain_ms_of(const struct config *config)
{
	return (uint32_t)config->drain * 1000;
}

static struct http_server_limits limits_of(const struct config *config)
{
	return (struct http_server_limits){ .connections = (uint32_t)config->http_connections_max,
					    .idle_ms = (uint32_t)config->http_idle * 1000,
					    .header_ms = (uint32_t)config->http_header_timeout * 1000,
					    .body_ms = (uint32_t)config->http_body_timeout * 1000 };
}

/* What lanes were given of it at their start. */
static void apply_to_lanes(struct reload *reload)
{
	struct serving *serving = (struct serving *)(void *)((char *)reload - offsetof(struct serving, reload));
	struct http_server_limits limits = limits_of(&reload->running);

	serving->drain_ms = drain_ms_of(&reload->running);
	for (size_t i = 0; i < serving->lane_count; i++)
		http_server_limit(serving->lanes[i].server, &limits);
}

static void read_again(struct work *work)
{
	struct serving *serving = (struct serving *)(void *)((char *)work - offsetof(struct serving, reread));

	serving->is_hung_up = false; /* one that comes from now on asks for another time */
	authz_thread_offline();      /* files are read, and every reader is waited for */
	reload_certificates(serving);
	reload_config(&serving->reload);
	authz_thread_online();
	serving->reloading = false;
}

static void give_chore(struct serving *serving, struct work *work, _Atomic bool *busy)
{
	if (*busy)
		return;
	*busy = true;
	if (FAILED(workers_give(serving->parts->workers, work)))
		*busy = false; /* the next tick tries again */
}

static void ticked(struct loop_timer *timer)
{
	struct serving *serving = (struct serving *)(void *)((char *)timer - offsetof(struct serving, tick));

	if (serving->ticks % ROTATE_EVERY_TICKS == 0)
		give_chore(serving, &serving->rotate, &serving->rotating);
	if (serving->ticks % SEEN_EVERY_TICKS == SEEN_EVERY_TICKS - 1)
		give_chore(serving, &serving->seen, &serving->writing_seen);
	if (serving->ticks % SWEEP_EVERY_TICKS == SWEEP_EVERY_TICKS / 2)
		give_chore(serving, &serving->sweep, &serving->sweeping);
	if (serving->is_hung_up)
		give_chore(serving, &serving->reread, &serving->reloading);
	serving->ticks++;
	if (codes_are_waiting(serving->parts->config->data))
		give_chore(serving, &serving->codes, &serving->reading_codes);
	loop_timer_set(&serving->tick, TICK_US);
}

/* ---- stopping ---- */

static void drained(void *arg)
{
	struct lane *lane = arg;

	loop_stop(lane->loop);
}

static void drain_lane(struct loop_task *task)
{
	struct lane *lane = (struct lane *)(void *)((char *)task - offsetof(struct lane, drain));

	http_server_drain(lane->server, lane->serving->drain_ms + AGAIN_MS, drained, lane);
}

static void stop(struct serving *serving)
{
	if (serving->draining)
		return;
	serving->draining = true;
	rpc_set_ready(serving->parts->rpc, false);
	LOG(LOG_INFO, "stopping: finishing what runs");
	loop_timer_cancel(&serving->tick);
	for (size_t i = 0; i < serving->lane_count; i++) {
		serving->lanes[i].drain.run = drain_lane;
		loop_post(serving->lanes[i].loop, &serving->lanes[i].drain);
	}
}

static void on_term(struct loop_signal *signal)
{
	stop((struct serving *)(void *)((char *)signal - offsetof(struct serving, term)));
}

static void on_interrupt(struct loop_signal *signal)
{
	stop((struct serving *)(void *)((char *)signal - offsetof(struct serving, interrupt)));
}

static void on_hangup(struct loop_signal *signal)
{
	struct serving *serving = (struct serving *)(void *)((char *)signal - offsetof(struct serving, hangup));

	serving->is_hung_up = true;
	give_chore(serving, &serving->reread, &serving->reloading); /* the next tick tries again */
}

/* ---- lanes ---- */

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

/* Runs through the addresses of "listen": claims each when lane is NULL, else opens the lane's socket on each. */
static FALLIBLE listen_on(struct lane *lane, const struct config *config)
{
	slice rest = config->listen, text;
	bool more;

	do {
		struct socket_address address;
		int fd;
		more = slice_cut(rest, ',', &text, &rest);
		TRY(socket_address_parse("listen", slice_trim(text), &address));
		if (!lane) {
			TRY(socket_claim("listen", &address));
			continue;
		}
		TRY(socket_listen("listen", &address, &fd));
		TRY(http_server_listen(lane->server, fd));
	} while (more);
	return OK;
}

static FALLIBLE open_lane(struct serving *serving, struct lane *lane)
{
	const struct config *config = serving->parts->config;
	struct http_server_limits limits = limits_of(config);
	struct http_server_options options = {
		.header_bytes = (uint32_t)config->http_header_max,
		.body_bytes = (size_t)config->http_body_max,
		.arena_bytes = (size_t)config->call_memory,
		.connection_streams = (uint32_t)config->http_streams_max,
		.connections = limits.connections,
		.idle_ms = limits.idle_ms,
		.header_ms = limits.header_ms,
		.body_ms = limits.body_ms,
		.tls = serving->tls,
		.user = serving->parts->rpc,
		.on_request = rpc_serve,
	};

	lane->serving = serving;
	TRY(loop_new(&lane->loop));
	loop_on_wait(lane->loop, go_offline, go_online, NULL);
	TRY(http_server_new(lane->loop, &options, &lane->server));
	rpc_watch(serving->parts->rpc, lane->server);
	return listen_on(lane, config);
}

static void run_lane(struct lane *lane)
{
	authz_thread_start();
	loop_run(lane->loop);
	authz_thread_stop();
}

static void *lane_thread(void *arg)
{
	run_lane(arg);
	return NULL;
}

static FALLIBLE start_threads(struct serving *serving)
{
	sigset_t all, before;
	bool started = true;

	sigfillset(&all); /* signals are for the first lane, on the main thread */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (size_t i = 1; i < serving->lane_count && started; i++) {
		started = pthread_create(&serving->lanes[i].thread, NULL, lane_thread, &serving->lanes[i]) == 0;
		serving->lanes[i].has_thread = started;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!started)
		return FAIL(FAULT_EXHAUSTED, "cannot start a loop thread");
	return OK;
}

/* ---- the whole ---- */

/* systemd's readiness protocol: one datagram to $NOTIFY_SOCKET (sd_notify(3)). */
static void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, len);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), 0, (struct sockaddr *)&address,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		LOG(LOG_WARN, "systemd could not be told");
	(void)close(fd); /* a datagram socket has nothing left to flush */
}

static size_t lane_count_of(const struct config *config)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int64_t want = config->threads ? config->threads : cores > 0 ? cores : 1;

	return want > LOOPS_MAX ? LOOPS_MAX : (size_t)want;
}

static FALLIBLE open_lanes(struct serving *serving)
{
	const struct config *config = serving->parts->config;
	size_t want = lane_count_of(config);

	if (config->tls_certificate.len) {
		char *certificate = arena_text(serving->parts->arena, config->tls_certificate);
		char *key = arena_text(serving->parts->arena, config->tls_key);
		TRY_NEW(certificate);
		TRY_NEW(key);
		TRY(tls_server_new(certificate, key, &serving->tls));
	}
	TRY(listen_on(NULL, config));
	while (serving->lane_count < want) {
		struct lane *lane = &serving->lanes[serving->lane_count++];
		TRY(open_lane(serving, lane));
	}
	return OK;
}

static void say_ready(const struct serving *serving)
{
	const struct server_parts *parts = serving->parts;

	LOG(LOG_INFO, "serving", LOG_TEXT("listen", parts->config->listen), LOG_TEXT("url", parts->settings.issuer_url),
	    LOG_TEXT("data", parts->config->data), LOG_NUMBER("loops", (int64_t)serving->lane_count),
	    LOG_NUMBER("revision", (int64_t)store_revision(parts->parts.store)));
	if (parts->setup_code[0])
		(void)fprintf(stderr,
			      "\nThis is a new installation. Become its first operator, from this machine or over TLS:\n\n"
			      "    reeve setup --server %.*s --code %s\n\n"
			      "The code works once, for %lld minutes; \"reeved setup-code\" prints a new one.\n\n",
			      SLICE_ARG(parts->settings.api_url), parts->setup_code,
			      (long long)parts->config->setup_code_life / 60); /* a lost line is a new code away */
}

static FALLIBLE run(struct serving *serving)
{
	struct loop *first;

	TRY(open_lanes(serving));
	first = serving->lanes[0].loop;
	serving->rotate.run = rotate_now;
	serving->codes.run = read_codes;
	serving->seen.run = write_seen;
	serving->sweep.run = sweep_now;
	serving->reread.run = read_again;
	loop_signal_start(first, &serving->term, SIGTERM, on_term);
	loop_signal_start(first, &serving->interrupt, SIGINT, on_interrupt);
	loop_signal_start(first, &serving->hangup, SIGHUP, on_hangup);
	loop_timer_init(first, &serving->tick, ticked);
	loop_timer_set(&serving->tick, TICK_US);
	TRY(start_threads(serving));
	rpc_set_ready(serving->parts->rpc, true);
	say_ready(serving);
	notify("READY=1");
	run_lane(&serving->lanes[0]);
	notify("STOPPING=1");
	return OK;
}

/* Every lane's thread has ended before any server is freed; calls still away come back to loops that only collect them. */
static void close_lanes(struct serving *serving)
{
	for (size_t i = 1; i < serving->lane_count; i++) {
		if (serving->lanes[i].has_thread) {
			loop_stop(serving->lanes[i].loop);
			pthread_join(serving->lanes[i].thread, NULL);
		}
	}
	for (size_t i = 0; i < serving->lane_count; i++)
		if (serving->lanes[i].server)
			http_server_cut(serving->lanes[i].server); /* nobody is answered without a store */
	serving->parts->workers = workers_free(serving->parts->workers);
	trail_leave_store(serving->parts->parts.trail); /* calls that come back below still write to the trail */
	serving->parts->parts.store = store_close(serving->parts->parts.store);
	authz_thread_start();
	for (size_t i = 0; i < serving->lane_count; i++) {
		if (serving->lanes[i].loop)
			loop_turn(serving->lanes[i].loop);
		http_server_free(serving->lanes[i].server);
	}
	authz_thread_stop();
	for (size_t i = 0; i < serving->lane_count; i++)
		loop_free(serving->lanes[i].loop);
	tls_server_free(serving->tls);
}

FALLIBLE serve_run(struct server_parts *parts, const struct config_source *source)
{
	static struct serving serving; /* one server a process; too large for the stack */
	status result;

	serving = (struct serving){
		.parts = parts,
		.drain_ms = drain_ms_of(parts->config),
		.reload = { .parts = parts, .source = source, .running = *parts->config, .apply = apply_to_lanes },
	};
	result = run(&serving);
	close_lanes(&serving);
	return result;
}
