/*
 * dialect: how the token endpoint answers: the member names docker reads, and errors as the distribution project writes them.
 */
#include "base/json.h"
#include "reeve/v1/registry.pb-c.h"
#include "registry/registry.h"
#include "schema/error.h"

#define ANSWER_BYTES_MAX ((size_t)64 * 1024)

static FALLIBLE respond(struct call *call, int status_code, struct buffer *body, bool asks, struct http_response *ret_response)
{
	struct http_header *headers = NEW_N(call->arena, struct http_header, 4);
	size_t count = 0;

	TRY_NEW(headers);
	if (buffer_failed(body))
		return FAIL(FAULT_EXHAUSTED, "the answer does not fit");
	headers[count++] = (struct http_header){ SLICE("content-type"), SLICE("application/json") };
	headers[count++] = (struct http_header){ SLICE("cache-control"), SLICE("no-store") };
	headers[count++] = (struct http_header){ SLICE("x-request-id"), call->request_id };
	if (asks)
		headers[count++] = (struct http_header){ SLICE("www-authenticate"), SLICE("Basic realm=\"registry\"") };
	*ret_response = (struct http_response){
		.status = status_code, .headers = headers, .header_count = count, .body = buffer_slice(body)
	};
	return OK;
}

static status answer(struct call *call, const void *in, const void *out, struct http_response *ret_response)
{
	const Reeve__V1__TokenRequest *request = in;
	const Reeve__V1__TokenResponse *response = out;
	struct json_writer writer;
	struct buffer body;

	buffer_init(&body, call->arena, ANSWER_BYTES_MAX);
	json_writer_init(&writer, &body);
	json_open_object(&writer);
	json_pair_text(&writer, "token", slice_str(response->token));
	json_pair_text(&writer, "access_token", slice_str(response->access_token));
	json_pair_int(&writer, "expires_in", response->expires_in);
	json_pair_text(&writer, "issued_at", slice_str(response->issued_at));
	if (*request->grant_type) /* a POST */
		json_pair_text(&writer, "scope", slice_str(response->scope));
	json_close_object(&writer);
	return respond(call, 200, &body, false, ret_response);
}

static const char *code_of(enum fault fault)
{
	switch (fault) {
	case FAULT_UNAUTHENTIC:
		return "UNAUTHORIZED";
	case FAULT_DENIED:
		return "DENIED";
	case FAULT_EXHAUSTED:
		return "TOOMANYREQUESTS";
	case FAULT_INVALID:
	case FAULT_STATE:
		return "UNSUPPORTED";
	default:
		return "UNKNOWN";
	}
}

static status fail(struct call *call, const void *in, struct http_response *ret_response)
{
	const Reeve__V1__TokenRequest *request = in; /* NULL when it could not be decoded */
	bool is_unauthentic = call->report.fault == FAULT_UNAUTHENTIC;
	slice text = slice_str(error_text(&call->report));
	struct json_writer writer;
	struct buffer body;

	buffer_init(&body, call->arena, ANSWER_BYTES_MAX);
	json_writer_init(&writer, &body);
	json_open_object(&writer);
	json_put_name(&writer, SLICE("errors"));
	json_open_array(&writer);
	json_open_object(&writer);
	json_pair_text(&writer, "code", slice_str(code_of(call->report.fault)));
	json_pair_text(&writer, "message", text);
	json_close_object(&writer);
	json_close_array(&writer);
	if (request && *request->grant_type) { /* a POST: RFC 6749 section 5.2 too */
		json_pair_text(&writer, "error", is_unauthentic ? SLICE("invalid_grant") : SLICE("invalid_request"));
		json_pair_text(&writer, "error_description", text);
	}
	json_close_object(&writer);
	return respond(call, fault_row(call->report.fault)->http_status, &body, is_unauthentic, ret_response);
}

void registry_speak(struct rpc *rpc)
{
	static const struct dialect dialect = { answer, fail };

	rpc_speak(rpc, METHOD_REEVE_REGISTRY_TOKEN, &dialect);
}
