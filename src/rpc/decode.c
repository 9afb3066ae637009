/*
 * decode: what is asked? One request message, whichever way it came.
 */
#include "rpc/rpc_impl.h"

static FALLIBLE decode_grpc(struct journey *journey)
{
	slice wire;
	ProtobufCMessage *message;

	TRY(grpc_decode(journey->request->body, MESSAGE_BYTES_MAX, &wire));
	TRY(message_decode(journey->call.arena, journey->call.method->request, wire, &message));
	journey->in = message;
	return OK;
}

/* The body's kind by its content type; a JSON body is what anything unnamed is taken for, except where forms are read. */
static FALLIBLE body_kind(const struct journey *journey, enum rest_body_kind *ret_kind)
{
	slice type = SLICE(""), parameters;

	*ret_kind = REST_BODY_NONE;
	if (journey->request->body.len == 0)
		return OK;
	if (http_header(journey->request, "content-type", &type) > 1)
		return FAIL(FAULT_INVALID, "the content-type header was given twice");
	(void)slice_cut(type, ';', &type, &parameters); /* no parameters is fine */
	type = slice_trim(type);
	if (slice_eq_nocase(type, SLICE("application/x-www-form-urlencoded"))) {
		*ret_kind = REST_BODY_FORM;
		return OK;
	}
	if (type.len == 0 || slice_eq_nocase(type, SLICE("application/json")) || slice_eq_nocase(type, SLICE("text/json"))) {
		*ret_kind = REST_BODY_JSON;
		return OK;
	}
	return FAIL(FAULT_INVALID, "content-type %.*s is not taken; send application/json", SLICE_ARG(slice_to(type, 100)));
}

static FALLIBLE decode_rest(struct journey *journey)
{
	struct rest_input input = { .query = journey->request->query, .body = journey->request->body };
	ProtobufCMessage *message;

	TRY(body_kind(journey, &input.body_kind));
	TRY(rest_decode(journey->call.arena, &journey->match, &input, &message));
	journey->in = message;
	return OK;
}

FALLIBLE journey_decode(struct journey *journey)
{
	const struct method *method = journey->call.method;

	if (journey->is_rest)
		TRY(decode_rest(journey));
	else
		TRY(decode_grpc(journey));
	message_drop_output_only(method->request, journey->in, method->access.scope.count ? &method->access.scope : NULL);
	TRY(message_check_required(method->request, journey->in));
	journey->out = message_new(journey->call.arena, method->response);
	TRY_NEW(journey->out);
	return OK;
}
