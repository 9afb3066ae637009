#include "login/orgcheck.h"

#include "reeve/v1/organizations.pb-c.h"
#include "schema/error.h"

static FALLIBLE respond(struct call *call, int status_code, slice type, slice body, struct http_response *ret_response)
{
	struct http_header *headers = NEW_N(call->arena, struct http_header, 3);

	TRY_NEW(headers);
	headers[0] = (struct http_header){ SLICE("content-type"), type };
	headers[1] = (struct http_header){ SLICE("cache-control"), SLICE("no-store") };
	headers[2] = (struct http_header){ SLICE("x-request-id"), call->request_id };
	*ret_response = (struct http_response){ .status = status_code, .headers = headers, .header_count = 3, .body = body };
	return OK;
}

static status answer(struct call *call, const void *in, const void *out, struct http_response *ret_response)
{
	const Reeve__V1__CheckOrganizationResponse *response = out;

	(void)in;
	return respond(call, 200, SLICE("application/json"), response->exists ? SLICE("true") : SLICE("false"), ret_response);
}

static status fail(struct call *call, const void *in, struct http_response *ret_response)
{
	(void)in;
	return respond(call, fault_row(call->report.fault)->http_status, SLICE("text/plain; charset=utf-8"),
		       slice_str(error_text(&call->report)), ret_response);
}

void orgcheck_speak(struct rpc *rpc)
{
	static const struct dialect dialect = { answer, fail };

	rpc_speak(rpc, METHOD_REEVE_ORGANIZATIONS_CHECK, &dialect);
}
