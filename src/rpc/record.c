/*
 * record: what a mutation changed, written in the transaction that changed it.
 */
#include "audit/event.h"
#include "base/buffer.h"
#include "rpc/rpc_impl.h"
#include "schema/json.h"

/* Where an event says it comes from: our API base and the collection's path, of the version used, without ids. */
static FALLIBLE source_of(struct journey *journey, slice *ret_source)
{
	const struct call *call = &journey->call;
	const struct method *method = call->method;
	const struct route *route = journey->is_rest ? journey->match.route : method->routes_count ? &method->routes[0] : NULL;
	char *text =
		arena_printf(call->arena, "%.*s%.*s%.*s", SLICE_ARG(call->settings->api_url),
			     SLICE_ARG(route ? route->prefix : method->path), SLICE_ARG(route ? route->suffix : SLICE("")));

	TRY_NEW(text);
	*ret_source = slice_str(text);
	return OK;
}

static bool is_empty_message(const struct message_type *type)
{
	return type->well_known == WELL_KNOWN_EMPTY;
}

/* The body: what the handler named, else the answer, else (a delete) the request. */
static FALLIBLE body_of(struct journey *journey, slice *ret_type, slice *ret_json)
{
	const struct method *method = journey->call.method;
	const ProtobufCMessage *message = journey->call.touched_body;
	const struct message_type *type;
	struct buffer json;

	if (!message)
		message = is_empty_message(method->response) ? journey->in : journey->out;
	type = message_type_of(message->descriptor);
	buffer_init(&json, journey->call.arena, EVENT_BODY_BYTES_MAX);
	message_to_json(type, message, JSON_SPARSE, &json);
	if (buffer_failed(&json))
		return FAIL(FAULT_EXHAUSTED, "the record of this change is too large");
	*ret_type = slice_str(type->descriptor->name);
	*ret_json = buffer_slice(&json);
	return OK;
}

FALLIBLE journey_record(struct journey *journey)
{
	struct call *call = &journey->call;
	const struct event_row *row = call->method->event;
	struct event_in event = { .method = call->method->label,
				  .group = call->touched_group,
				  .actor = call->caller->identity,
				  .act = call->caller->act,
				  .request_id = call->request_id,
				  .peer = call->peer,
				  .by_operator = call->by_operator,
				  .at_us = call->now_us };

	if (!call->has_touched)
		return OK;
	if (row) {
		event.type = slice_str(row->type);
		event.is_internal = row->is_internal;
	}
	TRY(source_of(journey, &event.source));
	TRY(body_of(journey, &event.body_type, &event.body));
	event.subject = call->touched_subject;
	if (event.subject.len == 0) {
		char *text = uid_text(&call->touched, call->arena);
		TRY_NEW(text);
		event.subject = slice_str(text);
	}
	TRY(call_random(call, event.random, sizeof(event.random)));
	return event_record(call->tx, &event);
}
