/*
 * rpc: the one path of every call: who is it, what is asked, may they, run it, record it, answer it.
 *
 * Owns      the journey of a call between loop, worker and writer; the documents that are no methods (health, metrics,
 *           discovery); counters per method.
 * Promises  no method can skip the question or the record; a mutation is admitted inside its own transaction and answered only
 *           after its commit and after the index has seen it; a call whose peer went away is finished, never freed early.
 * Start at  rpc_serve(), which is http's on_request.
 */
#ifndef RPC_RPC_H
#define RPC_RPC_H

#include "http/http.h"
#include "rpc/workers.h"
#include "service/call.h"

struct rpc;

struct rpc_options {
	const struct parts *parts;
	struct workers *workers;
	const char *version;
};

FALLIBLE rpc_new(const struct rpc_options *options, struct rpc **ret_rpc);
struct rpc *rpc_free(struct rpc *rpc);
/* http_server_options.on_request with the struct rpc * as user; on a loop thread. */
void rpc_serve(void *rpc, struct http_request *request);

/* How a door of its own tells answers and failures of one method over REST: the registry's token endpoint, OAuth. Functions
 * fill ret_response from the call's arena; a failing one turns into a plain 500. */
struct dialect {
	status (*answer)(struct call *call, const void *in, const void *out, struct http_response *ret_response);
	/* call->report says what happened. */
	status (*fail)(struct call *call, const void *in, struct http_response *ret_response);
};
/* Before serving. */
void rpc_speak(struct rpc *rpc, enum method_id method, const struct dialect *dialect);

/* Ready to serve (index loaded, keys there); /readyz says so until draining. */
void rpc_set_ready(struct rpc *rpc, bool is_ready);
/* Servers whose counters /metrics adds up; before serving. */
#define RPC_SERVERS_MAX 256
void rpc_watch(struct rpc *rpc, const struct http_server *server);

#endif
