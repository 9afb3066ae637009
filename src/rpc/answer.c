/*
 * answer: what goes back, in the form the call came in.
 */
#include "rpc/rpc_impl.h"
#include "schema/error.h"
#include "schema/json.h"

#define ANSWER_HEADERS_MAX 8
#define REVISION_BYTES_MAX 64
#define ANSWER_BYTES_MAX MESSAGE_BYTES_MAX

struct headers {
	struct http_header at[ANSWER_HEADERS_MAX];
	size_t count;
};

static void add(struct headers *headers, const char *name, slice value)
{
	if (value.len && headers->count < ANSWER_HEADERS_MAX)
		headers->at[headers->count++] = (struct http_header){ slice_str(name), value };
}

/* A value that no other answer will have. */
static void add_unique(struct headers *headers, const char *name, slice value)
{
	size_t before = headers->count;

	add(headers, name, value);
	if (headers->count > before)
		headers->at[before].is_unique = true;
}

static void common_headers(struct journey *journey, struct headers *headers)
{
	const struct call *call = &journey->call;
	uint64_t revision = journey->revision ? journey->revision : store_revision(call->parts->store);
	struct buffer text;
	slice trace = SLICE("");

	buffer_init(&text, call->arena, REVISION_BYTES_MAX);
	buffer_add(&text, store_epoch(call->parts->store));
	buffer_byte(&text, '-');
	buffer_number(&text, revision);
	add(headers, "reeve-revision", buffer_slice(&text));
	add_unique(headers, "x-request-id", call->request_id);
	if (http_header(journey->request, "traceparent", &trace) == 1 && trace.len <= REQUEST_ID_BYTES)
		add_unique(headers, "traceparent", trace);
}

static FALLIBLE answer_grpc(struct journey *journey, const struct headers *headers, struct http_response *response)
{
	struct arena *arena = journey->call.arena;
	struct buffer body;

	buffer_init(&body, arena, ANSWER_BYTES_MAX);
	grpc_begin(&body);
	message_encode(journey->out, &body);
	grpc_end(&body);
	if (buffer_failed(&body))
		return FAIL(FAULT_EXHAUSTED, "the answer is too large; ask for a smaller page");
	return grpc_answer(arena, buffer_slice(&body), headers->at, headers->count, response);
}

static FALLIBLE answer_rest(struct journey *journey, struct headers *headers, struct http_response *response)
{
	struct buffer body;
	struct http_header *kept;

	buffer_init(&body, journey->call.arena, ANSWER_BYTES_MAX);
	message_to_json(journey->call.method->response, journey->out, JSON_FULL, &body);
	if (buffer_failed(&body))
		return FAIL(FAULT_EXHAUSTED, "the answer is too large; ask for a smaller page");
	add(headers, "content-type", SLICE("application/json"));
	add(headers, "cache-control", SLICE("no-store"));
	kept = NEW_N(journey->call.arena, struct http_header, headers->count);
	TRY_NEW(kept);
	memcpy(kept, headers->at, headers->count * sizeof(*kept));
	*response = (struct http_response){
		.status = 200, .headers = kept, .header_count = headers->count, .body = buffer_slice(&body)
	};
	return OK;
}

static FALLIBLE fail_grpc(struct journey *journey, const struct headers *headers, struct http_response *response)
{
	const struct report *report = &journey->call.report;
	struct buffer details;

	buffer_init(&details, journey->call.arena, ERROR_BYTES);
	error_to_wire(report, &details);
	return grpc_error(journey->call.arena, fault_row(report->fault)->grpc_code, slice_str(error_text(report)),
			  buffer_failed(&details) ? SLICE("") : buffer_slice(&details), headers->at, headers->count, response);
}

static FALLIBLE fail_rest(struct journey *journey, struct headers *headers, struct http_response *response)
{
	const struct report *report = &journey->call.report;
	struct http_header *kept;
	struct buffer body;

	buffer_init(&body, journey->call.arena, ERROR_BYTES);
	error_to_json(report, &body);
	if (buffer_failed(&body))
		return FAIL(FAULT_INTERNAL, "no memory for an error");
	add(headers, "content-type", SLICE("application/json"));
	add(headers, "cache-control", SLICE("no-store"));
	if (report->fault == FAULT_UNAUTHENTIC)
		add(headers, "www-authenticate", SLICE("Bearer"));
	if (fault_row(report->fault)->retryable)
		add(headers, "retry-after", SLICE("1"));
	kept = NEW_N(journey->call.arena, struct http_header, headers->count);
	TRY_NEW(kept);
	memcpy(kept, headers->at, headers->count * sizeof(*kept));
	*response = (struct http_response){ .status = fault_row(report->fault)->http_status,
					    .headers = kept,
					    .header_count = headers->count,
					    .body = buffer_slice(&body) };
	return OK;
}

static const struct dialect *dialect_of(const struct journey *journey)
{
	return journey->is_rest ? journey->rpc->dialects[journey->call.method->id] : NULL;
}

static FALLIBLE answer(struct journey *journey, struct http_response *response)
{
	const struct dialect *dialect = dialect_of(journey);
	struct headers headers = { .count = 0 };

	if (dialect)
		return dialect->answer(&journey->call, journey->in, journey->out, response);
	common_headers(journey, &headers);
	return journey->is_rest ? answer_rest(journey, &headers, response) : answer_grpc(journey, &headers, response);
}

static FALLIBLE refuse(struct journey *journey, struct http_response *response)
{
	const struct dialect *dialect = dialect_of(journey);
	struct headers headers = { .count = 0 };

	if (dialect)
		return dialect->fail(&journey->call, journey->in, response);
	common_headers(journey, &headers);
	return journey->is_rest ? fail_rest(journey, &headers, response) : fail_grpc(journey, &headers, response);
}

void journey_answer(struct journey *journey, struct http_response *ret_response)
{
	static const struct http_response broken = { .status = 500 };

	if (!FAILED(journey->result))
		journey->result = answer(journey, ret_response);
	if (FAILED(journey->result) && FAILED(refuse(journey, ret_response)))
		*ret_response = broken; /* not even the error fits into what is left of this call's memory */
}

void answer_plain(struct http_request *request, enum fault fault, int http_status, const char *text)
{
	static const struct http_header json[] = { { { "content-type", 12 }, { "application/json", 16 } } };
	struct report report = { .fault = fault };
	struct http_response response = { .status = http_status };
	struct buffer body;

	buffer_init(&body, request->arena, ERROR_BYTES);
	(void)snprintf(report.text, sizeof(report.text), "%s", text); /* our own literals are short */
	if (request->is_grpc) {
		if (FAILED(grpc_error(request->arena, fault_row(fault)->grpc_code, slice_str(text), SLICE(""), NULL, 0,
				      &response)))
			response.status = 500;
	} else {
		error_to_json(&report, &body);
		response.headers = json;
		response.header_count = 1;
		response.body = buffer_slice(&body);
	}
	http_respond(request->ref, &response);
}
