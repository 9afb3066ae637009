/*
 * rpc: a call from the moment it is complete to the moment it is answered.
 *
 *   rpc_serve -> begin (find, authenticate, decode) -> go: on the loop | on a worker | through the writer -> finish
 */
#include "rpc/rpc.h"

#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "rpc/nested.h"
#include "rpc/rpc_impl.h"
#include "service/ahead.h"

#define USER_AGENT_BYTES 256   /* of it that is kept */
#define REST_US INT64_C(50000) /* the first; each is twice the one before */
#define RESTS_MAX 6            /* three seconds in all */
#define OPENAPI_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define CONTAINER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static void finish(struct journey *journey);

/* ---- running, wherever that is ---- */

static FALLIBLE run_method(struct journey *journey)
{
	struct call *call = &journey->call;

	call->drawn = 0;
	call->has_touched = false;
	call->kept = FAULT_NONE;
	return method_handlers[call->method->id](call, journey->in, journey->out);
}

static void hand_back(struct journey *journey)
{
	loop_post(journey->ref.loop, &journey->back);
}

static void came_back(struct loop_task *task)
{
	finish(CONTAINER_OF(task, struct journey, back));
}

static status read_snapshot(struct tx *tx, void *arg)
{
	struct journey *journey = arg;
	status result;

	journey->call.tx = tx;
	result = run_method(journey);
	journey->call.tx = NULL;
	return result;
}

static FALLIBLE in_time(const struct journey *journey)
{
	if (journey->deadline_us && clock_ticks_us() > journey->deadline_us)
		return FAIL(FAULT_TOO_LATE, "the caller's deadline passed while the call waited");
	return OK;
}

static FALLIBLE work_through(struct journey *journey)
{
	struct call *call = &journey->call;

	TRY(in_time(journey));
	if (call->method->place == PLACE_LOOP) /* came here for what memory does not hold */
		return run_method(journey);
	return store_read(call->parts->store, read_snapshot, journey, call->arena);
}

static FALLIBLE to_writer(struct journey *journey);
static bool is_away(struct journey *journey, status handed);

/* What the method needs from outside, then the transaction, which admits it again. */
static void on_worker_ahead(struct work *work)
{
	struct journey *journey = CONTAINER_OF(work, struct journey, work);
	struct report *before = report_use(&journey->call.report);
	struct call *call = &journey->call;

	call->may_block = true;
	call->drawn = 0;
	journey->result = in_time(journey);
	if (!FAILED(journey->result))
		journey->result = ahead_find(call->method->id)(call, journey->in);
	call->may_block = false;
	if (FAILED(journey->result) || !is_away(journey, to_writer(journey)))
		hand_back(journey);
	(void)report_use(before); /* this thread's next call has its own */
}

/* Whoever found all places taken in which threads wait for an issuer has done nothing yet: its keys may be there in a moment. A
 * page says so itself, to a person who can load it again. When true, the journey is another thread's. */
static bool comes_again(struct journey *journey)
{
	const struct method *method = journey->call.method;

	return journey->result.fault == FAULT_BUSY && method->place == PLACE_LOOP && !method->is_page &&
	       journey->rests < RESTS_MAX &&
	       workers_give_later(journey->rpc->options.workers, &journey->work, REST_US << journey->rests++);
}

static void on_worker(struct work *work)
{
	struct journey *journey = CONTAINER_OF(work, struct journey, work);
	struct report *before = report_use(&journey->call.report);
	bool is_gone;

	report_clear(&journey->call.report); /* of an earlier try */
	journey->call.may_block = true;
	journey->result = work_through(journey);
	is_gone = comes_again(journey);
	(void)report_use(before); /* this thread's next call has its own */
	if (!is_gone)
		hand_back(journey);
}

/* The mutation: admit inside, run, record, all in one savepoint. */
static status write_through(struct tx *tx, void *arg)
{
	struct journey *journey = arg;
	status result;

	journey->call.tx = tx;
	result = in_time(journey);
	if (!FAILED(result))
		result = journey_admit_write(journey);
	if (!FAILED(result))
		result = run_method(journey);
	if (!FAILED(result))
		result = journey_record(journey);
	journey->call.tx = NULL;
	return result;
}

static void on_committed(struct store_job *job, status result, uint64_t revision)
{
	struct journey *journey = CONTAINER_OF(job, struct journey, job);

	journey->result = result;
	journey->revision = revision;
	hand_back(journey);
}

FALLIBLE rpc_nested(struct call *outer, const struct caller *caller, slice credential, enum method_id method, const void *in,
		    void *out)
{
	struct journey *inner = NEW(outer->arena, struct journey);
	uint64_t revision;

	TRY_NEW(inner);
	if (methods[method].place != PLACE_WRITE || outer->tx || !outer->may_block)
		return FAIL(FAULT_INTERNAL, "only a write may be made on behalf of a call, by a worker");
	inner->call = *outer;
	inner->call.method = &methods[method];
	inner->call.caller = caller ? caller : &inner->stranger;
	inner->call.credential = inner->call.authorization = credential;
	inner->call.browser = (struct browser){ 0 };
	inner->call.subject = NULL;
	inner->is_nested = true;
	inner->out = out;
	TRY(random_fill(outer->parts->random, inner->call.seed, sizeof(inner->call.seed)));
	inner->in = (void *)(uintptr_t)in; /* read only by every handler */
	authz_thread_offline();            /* the commit may wait for every reader */
	status result = store_write(outer->parts->store, write_through, inner, outer->arena, &revision);
	authz_thread_online();
	if (!FAILED(result) && inner->call.kept != FAULT_NONE)
		result = (status){ inner->call.kept }; /* refused, though what it wrote is committed */
	return result;
}

/* ---- deciding where it runs; on the loop ---- */

/* Before the call is another thread's: what this one's being on-line kept is counted, or left behind. */
static void leave(struct journey *journey)
{
	journey->call.subject = NULL; /* what the loop's thread resolved is not for another one */
	if (!journey->held)
		journey->held = settings_ref(journey->call.settings);
}

static FALLIBLE to_worker(struct journey *journey)
{
	leave(journey);
	journey->work.run = journey->call.method->place == PLACE_WRITE ? on_worker_ahead : on_worker;
	return workers_give(journey->rpc->options.workers, &journey->work);
}

static FALLIBLE to_writer(struct journey *journey)
{
	leave(journey);
	journey->job = (struct store_job){ .run = write_through,
					   .arg = journey,
					   .arena = journey->call.arena,
					   .report = &journey->call.report,
					   .done = on_committed };
	return store_submit(journey->call.parts->store, &journey->job);
}

/* Once handed over the journey is another thread's, which may have finished it already: nothing of it is touched here. */
static bool is_away(struct journey *journey, status handed)
{
	if (FAILED(handed))
		journey->result = handed; /* it never left */
	return !FAILED(handed);
}

/* True when the call went elsewhere and comes back by itself; else journey->result stands. */
static bool go(struct journey *journey)
{
	struct call *call = &journey->call;

	if (call->method->place == PLACE_WRITE && !ahead_find(call->method->id))
		return is_away(journey, to_writer(journey));
	journey->result = journey_admit(journey);
	if (FAILED(journey->result))
		return false;
	if (call->method->place == PLACE_LOOP) {
		journey->result = run_method(journey);
		if (journey->result.fault != FAULT_ELSEWHERE)
			return false;
		report_clear(&call->report);
	}
	return is_away(journey, to_worker(journey));
}

/* ---- the beginning ---- */

/* Ids go to logs and back in a header: visible ASCII, bounded; else we make one. */
static FALLIBLE name_request(struct journey *journey)
{
	static const char *const names[] = { "cgrequestid", "x-request-id" };
	char fresh[16];

	for (size_t i = 0; i < 2; i++) {
		slice value = SLICE("");
		bool fits = http_header(journey->request, names[i], &value) == 1 && value.len && value.len <= REQUEST_ID_BYTES;
		for (size_t k = 0; fits && k < value.len; k++)
			fits = value.at[k] > 0x20 && value.at[k] < 0x7f;
		if (fits) {
			journey->call.request_id = value;
			return OK;
		}
	}
	hex_encode_into(slice_of(journey->call.seed, sizeof(fresh) / 2), fresh);
	journey->call.request_id = arena_copy(journey->call.arena, slice_of(fresh, sizeof(fresh)));
	return OK;
}

/* "epoch-number" from an earlier answer: refuses rather than answer from before it. */
static FALLIBLE check_revision(const struct journey *journey)
{
	const struct parts *parts = journey->call.parts;
	slice asked = SLICE(""), epoch, number;
	uint64_t revision;

	if (http_header(journey->request, "reeve-min-revision", &asked) == 0)
		return OK;
	if (!slice_cut(asked, '-', &epoch, &number) || !slice_number(number, UINT64_MAX, &revision))
		return FAIL_FIELD("reeve-min-revision", "must be a reeve-revision from an earlier answer");
	if (!slice_eq(epoch, store_epoch(parts->store)))
		return FAIL_STATE("REVISION_EPOCH", "the database was restored since that revision");
	if (authz_revision(parts->authz) < revision)
		return FAIL(FAULT_UNAVAILABLE, "this server has not seen revision %llu yet; try again",
			    (unsigned long long)revision);
	return OK;
}

static void read_deadline(struct journey *journey)
{
	slice text = SLICE("");
	int64_t timeout_us;

	if (!journey->is_rest && http_header(journey->request, "grpc-timeout", &text) == 1 &&
	    grpc_timeout_parse(text, &timeout_us) && timeout_us < INT64_MAX - journey->started_us)
		journey->deadline_us = journey->started_us + timeout_us;
}

/* Asked before anything else: what is not there says so, whoever asks and whatever they send. */
static FALLIBLE check_served(const struct journey *journey)
{
	const struct method *method = journey->call.method;

	if (!method_handlers[method->id] || (!journey->is_rest && method->is_page) || method->access.kind == ACCESS_INTERNAL)
		return FAIL(FAULT_UNIMPLEMENTED, "%s is not implemented", method->label);
	return OK;
}

static FALLIBLE begin(struct journey *journey)
{
	struct call *call = &journey->call;

	TRY(random_fill(call->parts->random, call->seed, sizeof(call->seed)));
	TRY(name_request(journey));
	TRY(check_served(journey));
	read_deadline(journey);
	TRY(check_revision(journey));
	TRY(journey_authenticate(journey));
	return journey_decode(journey);
}

static void start(struct rpc *rpc, struct http_request *request, const struct method *method, const struct route_match *match)
{
	struct journey *journey = NEW(request->arena, struct journey);
	struct report *before;
	struct call *call;
	slice agent = SLICE("");

	if (!journey) {
		http_respond(request->ref, &(struct http_response){ .status = 503 });
		return;
	}
	(void)http_header(request, "user-agent", &agent); /* none is fine */
	call = &journey->call;                            /* zeroed; it is too large to be written twice */
	call->parts = rpc->options.parts;
	call->settings = settings_now(call->parts);
	call->method = method;
	call->caller = &journey->stranger; /* until a token says otherwise */
	call->arena = request->arena;
	call->peer = request->peer;
	call->user_agent = slice_to(agent, USER_AGENT_BYTES);
	call->peer_is_safe = request->is_tls || request->peer_is_loopback;
	call->now_us = clock_now_us(rpc->options.parts->clock);
	journey->rpc = rpc;
	journey->request = request;
	journey->ref = request->ref;
	journey->back.run = came_back;
	journey->started_us = clock_ticks_us();
	journey->is_rest = match != NULL;
	if (match)
		journey->match = *match;
	before = report_use(&journey->call.report);
	journey->result = begin(journey);
	if (FAILED(journey->result) || !go(journey))
		finish(journey);
	(void)report_use(before); /* the journey's own lives in its arena, which may be gone */
}

void rpc_serve(void *user, struct http_request *request)
{
	struct rpc *rpc = user;
	const struct method *method;
	struct route_match match;
	slice verb = slice_is(request->method, "HEAD") ? SLICE("GET") : request->method;

	if (request->is_grpc) {
		method = method_by_path(request->path);
		if (method)
			start(rpc, request, method, NULL);
		else
			answer_plain(request, FAULT_UNIMPLEMENTED, 200, "no such method");
		return;
	}
	if (document_serve(rpc, request))
		return;
	if (route_match(verb, request->path, &match))
		start(rpc, request, match.method, &match);
	else if (route_known(request->path))
		answer_plain(request, FAULT_UNIMPLEMENTED, 405, "this method is not served at this path");
	else
		answer_plain(request, FAULT_ABSENT, 404, "no such path");
}

/* ---- the end; on the loop ---- */

static void log_call(const struct journey *journey, int64_t took_us)
{
	const struct call *call = &journey->call;
	bool failed = FAILED(journey->result),
	     ours = journey->result.fault == FAULT_INTERNAL || journey->result.fault == FAULT_LOST;
	char who[UID_TEXT_BYTES];

	if (!call->settings->log_requests || (!failed && call->method->place != PLACE_WRITE))
		return;
	uid_format(&call->caller->identity, who);
	LOG(ours ? LOG_ERROR : LOG_INFO, failed ? "call failed" : "call", LOG_TEXT("method", slice_str(call->method->label)),
	    LOG_TEXT("code", slice_str(fault_row(journey->result.fault)->grpc_name)), LOG_TEXT("caller", slice_str(who)),
	    LOG_TEXT("peer", call->peer), LOG_TEXT("request", call->request_id), LOG_NUMBER("took_us", took_us),
	    LOG_TEXT("error", slice_str(failed ? call->report.text : "")), LOG_TEXT("notes", slice_str(call->report.notes)));
}

static void record_denial(const struct journey *journey)
{
	const struct call *call = &journey->call;
	char who[UID_TEXT_BYTES];
	struct trail_record record = { .what = "denied",
				       .method = call->method->label,
				       .reason = slice_str(call->report.text),
				       .request_id = call->request_id,
				       .peer = call->peer };

	if (journey->result.fault != FAULT_DENIED && journey->result.fault != FAULT_UNAUTHENTIC)
		return;
	if (!call->caller->is_known) {
		trail_count_stranger(call->parts->trail, call->peer, call->method->label);
		return;
	}
	uid_format(&call->caller->identity, who);
	record.identity = slice_str(who);
	record.token_id = call->caller->token_id;
	if (FAILED(trail_append(call->parts->trail, &record)))
		NOTE("the denial could not be recorded"); /* it stays a denial */
}

static void finish(struct journey *journey)
{
	struct report *before = report_use(&journey->call.report);
	struct http_response response = { 0 };
	struct verified *verified = journey->verified;
	const struct settings *held = journey->held;
	int64_t took_us = clock_ticks_us() - journey->started_us;

	if (!FAILED(journey->result) && journey->call.kept != FAULT_NONE)
		journey->result = (status){ journey->call.kept }; /* refused, though what it wrote is committed */
	if (!http_is_cancelled(journey->ref)) /* past a drain's end there is no store left to answer from either */
		journey_answer(journey, &response);
	metrics_call(journey->rpc->metrics, journey->call.method->id, journey->result.fault, took_us);
	if (FAILED(journey->result))
		record_denial(journey);
	log_call(journey, took_us);
	http_respond(journey->ref, &response);
	(void)verified_unref(verified);                                    /* the journey itself is gone with its stream */
	(void)settings_unref(held);                                        /* likewise */
	(void)report_use(before == &journey->call.report ? NULL : before); /* never one whose arena is gone */
}

/* ---- making it ---- */

FALLIBLE rpc_new(const struct rpc_options *options, struct rpc **ret_rpc)
{
	struct rpc *rpc = NEW_ZERO(struct rpc);

	if (!rpc)
		return FAIL(FAULT_EXHAUSTED, "no memory for the call path");
	rpc->options = *options;
	rpc->metrics = metrics_new();
	pthread_mutex_init(&rpc->openapi_lock, NULL);
	buffer_init(&rpc->openapi, NULL, OPENAPI_BYTES_MAX);
	if (!rpc->metrics) {
		rpc_free(rpc);
		return FAIL(FAULT_EXHAUSTED, "no memory for the call path");
	}
	*ret_rpc = rpc;
	return OK;
}

struct rpc *rpc_free(struct rpc *rpc)
{
	if (rpc) {
		metrics_free(rpc->metrics);
		buffer_done(&rpc->openapi);
		pthread_mutex_destroy(&rpc->openapi_lock);
	}
	return mem_free(rpc);
}

void rpc_speak(struct rpc *rpc, enum method_id method, const struct dialect *dialect)
{
	rpc->dialects[method] = dialect;
}

void rpc_set_ready(struct rpc *rpc, bool is_ready)
{
	rpc->is_ready = is_ready;
}

void rpc_watch(struct rpc *rpc, const struct http_server *server)
{
	if (rpc->server_count < RPC_SERVERS_MAX)
		rpc->servers[rpc->server_count++] = server;
}
