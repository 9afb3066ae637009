#include "service/joining.h"

#include "audit/event.h"
#include "iam/v2/role_bindings.pb-c.h"
#include "schema/json.h"

#define BODY_BYTES_MAX ((size_t)16 * 1024)

FALLIBLE joining_record(struct call *call, enum method_id as, const struct uid *what, const struct uid *group,
			const struct uid *actor, const ProtobufCMessage *body)
{
	const struct method *method = &methods[as];
	char *source =
		arena_printf(call->arena, "%.*s%.*s", SLICE_ARG(call->settings->api_url), SLICE_ARG(method->routes[0].prefix));
	char *subject = uid_text(what, call->arena);
	struct buffer json;
	struct event_in event = { .method = methods[METHOD_V1_AUTH_REGISTER].label,
				  .type = slice_str(method->event->type),
				  .group = *group,
				  .actor = *actor,
				  .act = call->caller->act,
				  .body_type = slice_str(body->descriptor->name),
				  .request_id = call->request_id,
				  .peer = call->peer,
				  .at_us = call->now_us };

	TRY_NEW(source);
	TRY_NEW(subject);
	buffer_init(&json, call->arena, BODY_BYTES_MAX);
	message_to_json(message_type_of(body->descriptor), body, JSON_SPARSE, &json);
	if (buffer_failed(&json))
		return FAIL(FAULT_EXHAUSTED, "the record of this change is too large");
	event.source = slice_str(source);
	event.subject = slice_str(subject);
	event.body = buffer_slice(&json);
	TRY(call_random(call, event.random, sizeof(event.random)));
	return event_record(call->tx, &event);
}

static FALLIBLE record_binding(struct call *call, const struct binding *binding)
{
	Chainguard__Platform__Iam__V2__RoleBinding *body;

	TRY_MESSAGE(call, body, chainguard__platform__iam__v2__role_binding);
	TRY(put_uid(call, &binding->uid, &body->uid));
	TRY(put_uid(call, &binding->identity, &body->identity_uid));
	TRY(put_uid(call, &binding->role, &body->role_uid));
	TRY(put_time(call, binding->created_us, &body->create_time));
	return joining_record(call, METHOD_ROLE_BINDINGS_CREATE_ROLE_BINDING, &binding->uid, &binding->group,
			      &binding->identity, &body->base);
}

FALLIBLE joining_bind(struct call *call, const struct uid *identity, const struct uid *group, const struct uid *role)
{
	struct binding binding = { .group = *group, .identity = *identity, .role = *role, .created_us = call->now_us };
	struct query query;
	int64_t count;

	query_init(&query);
	query_eq_uid(&query, BINDINGS_IDENTITY, identity);
	query_eq_uid(&query, BINDINGS_GROUP, group);
	query_eq_uid(&query, BINDINGS_ROLE, role);
	TRY(row_count(call->tx, &table_bindings, &query, &count));
	if (count)
		return OK;
	TRY(limit_check(call, group, &table_bindings, "bindings", call->settings->limit_bindings));
	TRY(call_new_child(call, group, &binding.uid));
	TRY(row_insert(call->tx, &table_bindings, &binding));
	return record_binding(call, &binding);
}
