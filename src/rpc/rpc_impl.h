/* What the files of this room share. */
#ifndef RPC_RPC_IMPL_H
#define RPC_RPC_IMPL_H

#include <pthread.h>

#include "http/grpc.h"
#include "rpc/metrics.h"
#include "rpc/rpc.h"
#include "schema/rest.h"

struct rpc {
	struct rpc_options options;
	struct metrics *metrics;
	const struct dialect *dialects[METHOD_COUNT];
	const struct http_server *servers[RPC_SERVERS_MAX];
	size_t server_count;
	_Atomic bool is_ready;
	pthread_mutex_t openapi_lock;
	struct buffer openapi; /* written when first asked for */
};

#define REQUEST_ID_BYTES 128

/* One call's journey. Lives in the stream's arena, which stays until finish() gives the stream back. */
struct journey {
	struct call call;
	struct caller stranger; /* what call.caller points at without a token */
	struct rpc *rpc;
	const struct http_request *request;
	struct stream_ref ref;
	struct route_match match; /* REST */
	bool is_rest;
	bool is_nested; /* made by this server: INTERNAL methods are open to it */
	void *in, *out;
	struct verified *verified;
	const struct settings *held; /* those of the call, counted once it leaves its loop */
	status result;
	uint64_t revision;
	int64_t started_us, deadline_us; /* loop time; 0 = no deadline */
	struct work work;
	unsigned rests; /* of the work, until places were free */
	struct store_job job;
	struct loop_task back;
};

/* authenticate.c: who is it? Fills call.caller, call.credential. */
FALLIBLE journey_authenticate(struct journey *journey);
/* decode.c: what is asked? Fills in and out. */
FALLIBLE journey_decode(struct journey *journey);
/* admit.c: may they? From memory for reads, from the transaction for writes. */
FALLIBLE journey_admit(struct journey *journey);
FALLIBLE journey_admit_write(struct journey *journey);
/* record.c: what changed, in the transaction that changed it. */
FALLIBLE journey_record(struct journey *journey);
/* answer.c: the response for journey->result. */
void journey_answer(struct journey *journey, struct http_response *ret_response);
/* documents.c: paths that are no methods. False when the path is none of them. */
bool document_serve(struct rpc *rpc, struct http_request *request);
/* An error that has no method: 404, 405. */
void answer_plain(struct http_request *request, enum fault fault, int http_status, const char *text);

#endif
