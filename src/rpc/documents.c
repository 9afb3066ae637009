/*
 * documents: paths that are no methods: health, metrics, version, discovery, keys, OpenAPI.
 */
#include "rpc/rpc_impl.h"
#include "schema/openapi.h"

#define METRICS_BYTES_MAX ((size_t)2 * 1024 * 1024)

struct page {
	int status;
	const char *type, *cache;
	slice body;
};

typedef status (*page_fn)(struct rpc *rpc, struct http_request *request, struct page *ret_page);

static FALLIBLE healthz(struct rpc *rpc, struct http_request *request, struct page *ret_page)
{
	(void)rpc;
	(void)request;
	*ret_page = (struct page){ 200, "text/plain", "no-store", SLICE("ok\n") };
	return OK;
}

static FALLIBLE readyz(struct rpc *rpc, struct http_request *request, struct page *ret_page)
{
	(void)request;
	if (rpc->is_ready)
		*ret_page = (struct page){ 200, "text/plain", "no-store", SLICE("ready\n") };
	else
		*ret_page = (struct page){ 503, "text/plain", "no-store", SLICE("not ready\n") };
	return OK;
}

static FALLIBLE version(struct rpc *rpc, struct http_request *request, struct page *ret_page)
{
	char *text = arena_printf(request->arena, "{\"name\":\"reeved\",\"version\":\"%s\"}\n", rpc->options.version);

	TRY_NEW(text);
	*ret_page = (struct page){ 200, "application/json", "no-store", slice_str(text) };
	return OK;
}

static FALLIBLE discovery(struct rpc *rpc, struct http_request *request, struct page *ret_page)
{
	*ret_page = (struct page){ 200, "application/json", "public, max-age=300", SLICE("") };
	return issuer_discovery(rpc->options.parts->issuer, request->arena, &ret_page->body);
}

static FALLIBLE keys(struct rpc *rpc, struct http_request *request, struct page *ret_page)
{
	*ret_page = (struct page){ 200, "application/json", "public, max-age=300", SLICE("") };
	return issuer_jwks(rpc->options.parts->issuer, request->arena, &ret_page->body);
}

static FALLIBLE registry_ca(struct rpc *rpc, struct http_request *request, struct page *ret_page)
{
	*ret_page = (struct page){ 200, "application/x-pem-file", "public, max-age=300", SLICE("") };
	return issuer_registry_ca(rpc->options.parts->issuer, request->arena, &ret_page->body);
}

static FALLIBLE openapi(struct rpc *rpc, struct http_request *request, struct page *ret_page)
{
	slice url = settings_now(rpc->options.parts)->api_url;
	char *server_url = arena_text(request->arena, url);

	TRY_NEW(server_url);
	pthread_mutex_lock(&rpc->openapi_lock); /* a few milliseconds, once in a process' life */
	if (rpc->openapi.len == 0)
		openapi_write(method_handlers, rpc->options.version, server_url, &rpc->openapi);
	pthread_mutex_unlock(&rpc->openapi_lock);
	if (buffer_failed(&rpc->openapi))
		return FAIL(FAULT_EXHAUSTED, "no memory for the description");
	*ret_page = (struct page){ 200, "application/json", "public, max-age=300", buffer_slice(&rpc->openapi) };
	return OK;
}

static void write_servers(const struct rpc *rpc, struct buffer *into)
{
	struct http_counters sum = { 0 }, one;

	for (size_t i = 0; i < rpc->server_count; i++) {
		http_server_counters(rpc->servers[i], &one);
		sum.connections_open += one.connections_open;
		sum.connections_total += one.connections_total;
		sum.connections_refused += one.connections_refused;
		sum.requests_http1 += one.requests_http1;
		sum.requests_http2 += one.requests_http2;
		sum.requests_refused += one.requests_refused;
		sum.timeouts += one.timeouts;
		sum.floods += one.floods;
		sum.bytes_received += one.bytes_received;
		sum.bytes_sent += one.bytes_sent;
	}
	metrics_sample(into, "reeve_connections_open", "gauge", "Open connections.", sum.connections_open);
	metrics_sample(into, "reeve_connections_total", "counter", "Connections accepted.", sum.connections_total);
	metrics_sample(into, "reeve_connections_refused_total", "counter", "Connections refused.", sum.connections_refused);
	metrics_sample(into, "reeve_http1_requests_total", "counter", "Requests over HTTP/1.1.", sum.requests_http1);
	metrics_sample(into, "reeve_http2_requests_total", "counter", "Requests over HTTP/2.", sum.requests_http2);
	metrics_sample(into, "reeve_requests_refused_total", "counter", "Malformed or oversized requests.",
		       sum.requests_refused);
	metrics_sample(into, "reeve_timeouts_total", "counter", "Slow peers cut.", sum.timeouts);
	metrics_sample(into, "reeve_floods_total", "counter", "Connections ended for abuse.", sum.floods);
	metrics_sample(into, "reeve_received_bytes_total", "counter", "Bytes received.", sum.bytes_received);
	metrics_sample(into, "reeve_sent_bytes_total", "counter", "Bytes sent.", sum.bytes_sent);
}

/* From this machine itself, as far as one can tell: a proxy here brings others. */
static bool is_from_here(const struct http_request *request)
{
	static const char *const brought[] = { "forwarded", "x-forwarded-for", "x-real-ip", "via" };
	slice value;

	for (size_t i = 0; i < sizeof(brought) / sizeof(*brought); i++)
		if (http_header(request, brought[i], &value))
			return false;
	return request->peer_is_loopback;
}

static FALLIBLE metrics(struct rpc *rpc, struct http_request *request, struct page *ret_page)
{
	struct buffer text;

	if (!settings_now(rpc->options.parts)->metrics_public && !is_from_here(request))
		return FAIL(FAULT_DENIED, "metrics are served to loopback only; see metrics.public");
	buffer_init(&text, request->arena, METRICS_BYTES_MAX);
	buffer_printf(
		&text,
		"# HELP reeve_build_info Build facts.\n# TYPE reeve_build_info gauge\nreeve_build_info{version=\"%s\"} 1\n",
		rpc->options.version);
	metrics_sample(&text, "reeve_revision", "gauge", "Revision of the last commit.",
		       store_revision(rpc->options.parts->store));
	metrics_sample(&text, "reeve_workers_waiting", "gauge", "Calls waiting for a worker.",
		       workers_waiting(rpc->options.workers));
	write_servers(rpc, &text);
	metrics_write(rpc->metrics, &text);
	if (buffer_failed(&text))
		return FAIL(FAULT_EXHAUSTED, "the metrics do not fit");
	*ret_page = (struct page){ 200, "text/plain; version=0.0.4", "no-store", buffer_slice(&text) };
	return OK;
}

static const struct {
	const char *path;
	page_fn make;
} documents[] = {
	{ "/healthz", healthz },
	{ "/readyz", readyz },
	{ "/version", version },
	{ "/metrics", metrics },
	{ "/openapi.json", openapi },
	{ "/.well-known/openid-configuration", discovery },
	{ "/.well-known/jwks.json", keys },
	{ "/registry/ca.pem", registry_ca },
};

static void serve(struct rpc *rpc, struct http_request *request, page_fn make)
{
	struct page page = { 0 };
	struct report report = { 0 }, *before = report_use(&report);
	struct http_header headers[2];
	status result = make(rpc, request, &page);

	(void)report_use(before); /* the one that was ours is done with */
	if (FAILED(result)) {
		answer_plain(request, result.fault, fault_row(result.fault)->http_status, report.text);
		return;
	}
	headers[0] = (struct http_header){ SLICE("content-type"), slice_str(page.type) };
	headers[1] = (struct http_header){ SLICE("cache-control"), slice_str(page.cache) };
	http_respond(request->ref, &(struct http_response){
					   .status = page.status, .headers = headers, .header_count = 2, .body = page.body });
}

bool document_serve(struct rpc *rpc, struct http_request *request)
{
	for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++) {
		if (!slice_is(request->path, documents[i].path))
			continue;
		if (slice_is(request->method, "GET") || slice_is(request->method, "HEAD"))
			serve(rpc, request, documents[i].make);
		else
			answer_plain(request, FAULT_UNIMPLEMENTED, 405, "only GET and HEAD are served here");
		return true;
	}
	return false;
}
