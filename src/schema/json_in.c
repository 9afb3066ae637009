/*
 * json_in: from a JSON tree into a message.
 */
#include "schema/json.h"
#include "schema/message_impl.h"

static status read_message(struct arena *arena, const struct message_type *type, const struct json *tree,
			   const struct trail *trail, unsigned depth, ProtobufCMessage **ret_message);

/* What every step down needs. */
struct place {
	struct arena *arena;
	const ProtobufCFieldDescriptor *field;
	const struct field_row *row;
	unsigned depth;
};

/* The kinds of JSON value a field takes: most take a string too, since that is how 64-bit integers come. */
static const char *kind_problem(const ProtobufCFieldDescriptor *field, const struct json *value)
{
	if (value->kind == JSON_NULL)
		return "must not be null here";
	switch (field->type) {
	case PROTOBUF_C_TYPE_BOOL:
		return value->kind == JSON_BOOL ? NULL : "must be true or false";
	case PROTOBUF_C_TYPE_STRING:
		return value->kind == JSON_STRING ? NULL : "must be a string";
	case PROTOBUF_C_TYPE_BYTES:
		return value->kind == JSON_STRING ? NULL : "must be a string in base64";
	case PROTOBUF_C_TYPE_MESSAGE:
		return value->kind == JSON_STRING ? NULL : "must be a string";
	case PROTOBUF_C_TYPE_ENUM:
		return value->kind == JSON_STRING || value->kind == JSON_NUMBER ? NULL : "must be a string or a number";
	default:
		return value->kind == JSON_STRING || value->kind == JSON_NUMBER ? NULL : "must be a number";
	}
}

static bool has_text_form(const struct message_type *type)
{
	return type->well_known != WELL_KNOWN_NONE && type->well_known != WELL_KNOWN_EMPTY;
}

/* One value that is no list: the field's own, or an element. */
static status read_value(const struct place *place, const struct json *value, const struct trail *trail, void *at)
{
	const char *problem;

	if (place->row->type && !has_text_form(place->row->type))
		return read_message(place->arena, place->row->type, value, trail, place->depth + 1, at);
	problem = kind_problem(place->field, value);
	if (problem)
		return trail_fail(trail, problem);
	if (place->field->type == PROTOBUF_C_TYPE_BOOL) {
		*(protobuf_c_boolean *)at = value->truth;
		return OK;
	}
	problem = value_from_text(place->arena, place->field, place->row, value->text, at);
	return problem ? value_fail(trail, problem) : OK;
}

static status read_list(const struct place *place, const struct json *list, struct trail *trail, ProtobufCMessage *message)
{
	if (list->kind != JSON_ARRAY)
		return trail_fail(trail, "must be a list");
	trail->index = 0;
	JSON_EACH (item, list) {
		void *at = field_append(place->arena, place->field, message);

		TRY_NEW(at);
		TRY(read_value(place, item, trail, at));
		trail->index++;
	}
	return OK;
}

/* A key that is a number must be written in its one plain way, or two spellings would be one key. */
static bool key_is_plain(slice name)
{
	slice digits = slice_from(name, slice_starts(name, SLICE("-")));
	uint64_t number;

	return slice_number(digits, UINT64_MAX, &number) && (number || digits.len == name.len);
}

static status read_key(const struct place *place, slice name, const struct trail *trail, ProtobufCMessage *entry)
{
	const struct message_type *type = place->row->type;
	const ProtobufCFieldDescriptor *key = &type->descriptor->fields[0];
	const char *problem = value_from_text(place->arena, key, &type->fields[0], name, field_place(key, entry));

	if (!problem && key->type != PROTOBUF_C_TYPE_STRING && key->type != PROTOBUF_C_TYPE_BOOL && !key_is_plain(name))
		problem = "has a key that is not written as a plain number";
	return problem ? value_fail(trail, problem) : OK;
}

static status read_map(const struct place *place, const struct json *map, const struct trail *trail, ProtobufCMessage *message)
{
	const struct message_type *type = place->row->type;
	const ProtobufCFieldDescriptor *value = &type->descriptor->fields[1];
	const struct place inner = { place->arena, value, &type->fields[1], place->depth + 1 };

	if (map->kind != JSON_OBJECT)
		return trail_fail(trail, "must be an object");
	JSON_EACH (member, map) {
		struct trail at = { .up = trail, .name = member->name, .index = -1 };
		ProtobufCMessage *entry = message_new(place->arena, type), **slot;

		TRY_NEW(entry);
		slot = field_append(place->arena, place->field, message);
		TRY_NEW(slot);
		*slot = entry;
		TRY(read_key(place, member->name, &at, entry));
		TRY(read_value(&inner, member, &at, field_place(value, entry)));
	}
	return OK;
}

static status read_field(const struct place *place, const struct json *value, const struct trail *up, ProtobufCMessage *message)
{
	const ProtobufCFieldDescriptor *field = place->field;
	struct trail trail = { .up = up, .name = place->row->name, .index = -1 };

	if (value->kind == JSON_NULL)
		return OK;
	if (place->row->type && place->row->type->is_map_entry)
		return read_map(place, value, &trail, message);
	if (field_is_repeated(field))
		return read_list(place, value, &trail, message);
	if (field_in_oneof(field) && *field_case(field, message) != 0)
		return trail_fail(&trail, "only one of its alternatives may be given");
	TRY(read_value(place, value, &trail, field_place(field, message)));
	if (field_in_oneof(field))
		*field_case(field, message) = field->id;
	return OK;
}

/* Members mostly come in the order of the fields: look behind the last one first. */
static int find_member(const struct message_type *type, slice name, unsigned *hint)
{
	unsigned count = type->descriptor->n_fields;

	for (unsigned tried = 0; tried < count; tried++) {
		unsigned i = (*hint + tried) % count;

		if (slice_eq(type->fields[i].json, name) || slice_eq(type->fields[i].name, name)) {
			*hint = i + 1;
			return (int)i;
		}
	}
	return -1;
}

static status read_members(struct arena *arena, const struct message_type *type, const struct json *object,
			   const struct trail *up, unsigned depth, ProtobufCMessage *message)
{
	unsigned hint = 0;
	uint64_t seen = 0;

	JSON_EACH (member, object) {
		struct trail trail = { .up = up, .name = member->name, .index = -1 };
		int i = find_member(type, member->name, &hint);

		if (i < 0)
			return trail_fail(&trail, "is no field of this message");
		if (seen >> i & 1)
			return trail_fail(&trail, "is given twice, once in each spelling");
		seen |= UINT64_C(1) << i;
		const struct place place = { arena, &type->descriptor->fields[i], &type->fields[i], depth };
		TRY(read_field(&place, member, up, message));
	}
	return OK;
}

static status read_message(struct arena *arena, const struct message_type *type, const struct json *tree,
			   const struct trail *trail, unsigned depth, ProtobufCMessage **ret_message)
{
	static const struct trail top = { .index = -1 };
	ProtobufCMessage *message;

	if (tree->kind != JSON_OBJECT)
		return trail_fail(trail ? trail : &top, "must be an object");
	if (depth > MESSAGE_DEPTH_MAX)
		return trail_fail(trail, "is nested too deep");
	message = message_new(arena, type);
	TRY_NEW(message);
	TRY(read_members(arena, type, tree, trail, depth, message));
	*ret_message = message;
	return OK;
}

FALLIBLE message_from_tree(struct arena *arena, const struct message_type *type, const struct json *tree,
			   ProtobufCMessage **ret_message)
{
	return read_message(arena, type, tree, NULL, 1, ret_message);
}

FALLIBLE message_from_json(struct arena *arena, const struct message_type *type, slice text, ProtobufCMessage **ret_message)
{
	static const struct json_limits limits = { .bytes = MESSAGE_BYTES_MAX, .depth = MESSAGE_DEPTH_MAX };
	const struct json *tree;

	TRY(json_parse(arena, text, &limits, &tree));
	return message_from_tree(arena, type, tree, ret_message);
}

FALLIBLE message_field_from_tree(struct arena *arena, const struct message_type *type, ProtobufCMessage *message,
				 unsigned field, const struct json *tree)
{
	const struct place place = { arena, &type->descriptor->fields[field], &type->fields[field], 1 };

	return read_field(&place, tree, NULL, message);
}
