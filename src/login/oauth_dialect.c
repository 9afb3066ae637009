/*
 * oauth_dialect: how /oauth2 answers: the members of RFC 6749 and 8628, and failures in the form of RFC 6749 section 5.2.
 */
#include "base/json.h"
#include "login/oauth.h"
#include "schema/error.h"

#define ANSWER_BYTES_MAX ((size_t)128 * 1024)
#define TEXT_BYTES_MAX 1024
#define HEADERS_MAX 6

static FALLIBLE respond(struct call *call, int status_code, struct buffer *body, bool again, struct http_response *ret_response)
{
	struct http_header *headers = NEW_N(call->arena, struct http_header, HEADERS_MAX);
	size_t count = 0;

	TRY_NEW(headers);
	if (buffer_failed(body))
		return FAIL(FAULT_EXHAUSTED, "the answer does not fit");
	headers[count++] = (struct http_header){ SLICE("content-type"), SLICE("application/json") };
	headers[count++] = (struct http_header){ SLICE("cache-control"), SLICE("no-store") };
	headers[count++] = (struct http_header){ SLICE("pragma"), SLICE("no-cache") };
	headers[count++] = (struct http_header){ SLICE("x-request-id"), call->request_id };
	if (again)
		headers[count++] = (struct http_header){ SLICE("retry-after"), SLICE("60") };
	*ret_response = (struct http_response){
		.status = status_code, .headers = headers, .header_count = count, .body = buffer_slice(body)
	};
	return OK;
}

static void open_body(struct call *call, struct buffer *body, struct json_writer *writer)
{
	buffer_init(body, call->arena, ANSWER_BYTES_MAX);
	json_writer_init(writer, body);
	json_open_object(writer);
}

static void pair_if(struct json_writer *writer, const char *name, const char *text)
{
	if (*text)
		json_pair_text(writer, name, slice_str(text));
}

static status answer_begin(struct call *call, const void *in, const void *out, struct http_response *ret_response)
{
	const Reeve__V1__DeviceAuthorizationResponse *begun = out;
	struct json_writer writer;
	struct buffer body;

	(void)in;
	open_body(call, &body, &writer);
	json_pair_text(&writer, "device_code", slice_str(begun->device_code));
	json_pair_text(&writer, "user_code", slice_str(begun->user_code));
	json_pair_text(&writer, "verification_uri", slice_str(begun->verification_uri));
	json_pair_text(&writer, "verification_uri_complete", slice_str(begun->verification_uri_complete));
	json_pair_int(&writer, "expires_in", begun->expires_in);
	json_pair_int(&writer, "interval", begun->interval);
	json_close_object(&writer);
	return respond(call, 200, &body, false, ret_response);
}

static status answer_token(struct call *call, const void *in, const void *out, struct http_response *ret_response)
{
	const Reeve__V1__OauthTokenResponse *given = out;
	bool is_refusal = *given->error != '\0';
	struct json_writer writer;
	struct buffer body;

	(void)in;
	open_body(call, &body, &writer);
	pair_if(&writer, "access_token", given->access_token);
	pair_if(&writer, "token_type", given->token_type);
	if (given->expires_in)
		json_pair_int(&writer, "expires_in", given->expires_in);
	pair_if(&writer, "id_token", given->id_token);
	pair_if(&writer, "refresh_token", given->refresh_token);
	pair_if(&writer, "scope", given->scope);
	pair_if(&writer, "error", given->error);
	pair_if(&writer, "error_description", given->error_description);
	json_close_object(&writer);
	return respond(call, is_refusal ? 400 : 200, &body, false, ret_response);
}

/* ---- failures ---- */

struct told {
	const char *error;
	int status;
	bool again;
};

static struct told told_of(const struct report *report)
{
	switch (report->fault) {
	case FAULT_STATE: /* OAUTH_FAIL names the error */
		return (struct told){ report->state_type[0] >= 'a' ? report->state_type : "invalid_grant", 400, false };
	case FAULT_INVALID:
		return (struct told){ "invalid_request", 400, false };
	case FAULT_UNAUTHENTIC:
		return (struct told){ "invalid_client", 401, false };
	case FAULT_DENIED:
		return (struct told){ "access_denied", 400, false };
	case FAULT_ABSENT:
		return (struct told){ "invalid_grant", 400, false };
	case FAULT_EXHAUSTED:
		return (struct told){ "temporarily_unavailable", 429, true };
	case FAULT_UNAVAILABLE:
	case FAULT_BUSY:
	case FAULT_TOO_LATE:
	case FAULT_CONFLICT:
		return (struct told){ "temporarily_unavailable", 503, true };
	default:
		return (struct told){ "server_error", fault_row(report->fault)->http_status, false };
	}
}

FALLIBLE oauth_description(struct call *call, const struct report *report, slice *ret_text)
{
	char *text = arena_text(call->arena, slice_to(slice_str(error_text(report)), TEXT_BYTES_MAX));

	TRY_NEW(text);
	for (char *c = text; *c; c++)
		*c = (char)(*c == '"' ? '\'' : *c == '\\' ? '/' : *c < 0x20 || *c > 0x7e ? '?' : *c);
	*ret_text = slice_str(text);
	return OK;
}

static status fail(struct call *call, const void *in, struct http_response *ret_response)
{
	struct told told = told_of(&call->report);
	struct json_writer writer;
	struct buffer body;
	slice text;

	(void)in;
	TRY(oauth_description(call, &call->report, &text));
	open_body(call, &body, &writer);
	json_pair_text(&writer, "error", slice_str(told.error));
	json_pair_text(&writer, "error_description", text);
	json_close_object(&writer);
	return respond(call, told.status, &body, told.again, ret_response);
}

void oauth_speak(struct rpc *rpc)
{
	static const struct dialect begin = { answer_begin, fail }, token = { answer_token, fail };

	rpc_speak(rpc, METHOD_REEVE_OAUTH_DEVICE_AUTHORIZATION, &begin);
	rpc_speak(rpc, METHOD_REEVE_OAUTH_TOKEN, &token);
}
