/*
 * check: the parts of a field's behaviour that no method has to look after.
 */
#include "schema/message_impl.h"
#include "schema/method.h"

static bool passes_unset(const ProtobufCFieldDescriptor *field)
{
	return field->type == PROTOBUF_C_TYPE_BOOL && !field_in_oneof(field);
}

static status check_required(const struct message_type *type, const ProtobufCMessage *message, const struct trail *up);

static status check_inner(const struct message_type *type, const ProtobufCMessage *message, unsigned index, struct trail *trail)
{
	const ProtobufCFieldDescriptor *field = &type->descriptor->fields[index];
	const struct message_type *inner = type->fields[index].type;

	if (!field_is_repeated(field))
		return check_required(inner, field_message(field, message), trail);
	for (size_t i = 0; i < *field_count(field, message); i++) {
		trail->index = (long)i;
		TRY(check_required(inner, field_messages(field, message)[i], trail));
	}
	return OK;
}

static status check_required(const struct message_type *type, const ProtobufCMessage *message, const struct trail *up)
{
	bool has_mask = !up && message_field(type, SLICE("update_mask")) >= 0;

	for (unsigned i = 0; i < type->descriptor->n_fields; i++) {
		const struct field_row *row = &type->fields[i];
		struct trail trail = { .up = up, .name = row->name, .index = -1 };
		bool is_there = message_has(message, i);

		if (row->behaviours & BEHAVIOUR_REQUIRED && !is_there && !passes_unset(&type->descriptor->fields[i]) &&
		    !(up && row->is_scope))
			return trail_fail(&trail, "is required");
		if (is_there && row->type && row->type->well_known == WELL_KNOWN_NONE && !has_mask)
			TRY(check_inner(type, message, i, &trail));
	}
	return OK;
}

FALLIBLE message_check_required(const struct message_type *type, const ProtobufCMessage *message)
{
	return check_required(type, message, NULL);
}

static void drop_inner(const struct message_type *type, ProtobufCMessage *message, unsigned index,
		       const struct field_path *keep)
{
	const ProtobufCFieldDescriptor *field = &type->descriptor->fields[index];
	const struct message_type *inner = type->fields[index].type;

	if (!field_is_repeated(field)) {
		message_drop_output_only(inner, field_message(field, message), keep);
		return;
	}
	for (size_t i = 0; i < *field_count(field, message); i++)
		message_drop_output_only(inner, field_messages(field, message)[i], NULL);
}

void message_drop_output_only(const struct message_type *type, ProtobufCMessage *message, const struct field_path *keep)
{
	for (unsigned i = 0; i < type->descriptor->n_fields; i++) {
		const struct field_row *row = &type->fields[i];
		bool on_path = keep && keep->count && keep->steps[0] == i;
		struct field_path rest = { 0 };

		if (on_path && keep->count == 1)
			continue;
		if (row->behaviours & BEHAVIOUR_OUTPUT_ONLY) {
			field_clear(&type->descriptor->fields[i], message);
			continue;
		}
		if (!row->type || row->type->well_known != WELL_KNOWN_NONE || !message_has(message, i))
			continue;
		if (on_path) {
			rest.count = (uint8_t)(keep->count - 1);
			memcpy(rest.steps, keep->steps + 1, rest.count);
		}
		drop_inner(type, message, i, &rest);
	}
}

FALLIBLE method_check(const struct method *method, ProtobufCMessage *request)
{
	TRY(message_check_required(method->request, request));
	if (method->access.kind == ACCESS_AT_SCOPE && message_text_at(request, &method->access.scope).len == 0)
		return FAIL_FIELD(method->access.scope_name, "is required");
	message_drop_output_only(method->request, request, &method->access.scope);
	return OK;
}
