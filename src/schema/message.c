#include "schema/message.h"

#include "schema/message_impl.h"

const struct message_type *message_type_by_name(slice full_name)
{
	size_t low = 0, high = message_types_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = slice_compare(slice_str(message_types[middle].descriptor->name), full_name);

		if (order == 0)
			return &message_types[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct message_type *message_type_of(const ProtobufCMessageDescriptor *descriptor)
{
	return message_type_by_name(slice_str(descriptor->name));
}

ProtobufCMessage *message_new(struct arena *arena, const struct message_type *type)
{
	ProtobufCMessage *message = arena_alloc(arena, type->descriptor->sizeof_message);

	if (message)
		type->descriptor->message_init(message);
	return message;
}

size_t message_encoded_bytes(const ProtobufCMessage *message)
{
	return protobuf_c_message_get_packed_size(message);
}

void message_encode(const ProtobufCMessage *message, struct buffer *out)
{
	size_t bytes = protobuf_c_message_get_packed_size(message);
	char *room = bytes ? buffer_room(out, bytes) : NULL;

	if (room)
		buffer_grew(out, protobuf_c_message_pack(message, (uint8_t *)room));
}

int message_field(const struct message_type *type, slice name)
{
	for (unsigned i = 0; i < type->descriptor->n_fields; i++)
		if (slice_eq(type->fields[i].name, name) || slice_eq(type->fields[i].json, name))
			return (int)i;
	return -1;
}

bool field_path_parse(const struct message_type *type, slice text, struct field_path *ret_path)
{
	struct field_path path = { 0 };
	slice step;
	bool more;

	do {
		more = slice_cut(text, '.', &step, &text);
		int field = type ? message_field(type, step) : -1;
		if (field < 0 || path.count == FIELD_PATH_STEPS)
			return false;
		if (more && field_is_repeated(&type->descriptor->fields[field]))
			return false;
		path.steps[path.count++] = (uint8_t)field;
		type = type->fields[field].type;
	} while (more);
	*ret_path = path;
	return true;
}

void field_path_format(const struct message_type *type, const struct field_path *path, char ret_text[FIELD_PATH_BYTES])
{
	size_t len = 0;

	ret_text[0] = '\0';
	for (unsigned i = 0; i < path->count && len < FIELD_PATH_BYTES; i++) {
		const struct field_row *row = &type->fields[path->steps[i]];
		int wrote = snprintf(ret_text + len, FIELD_PATH_BYTES - len, "%s%.*s", i ? "." : "", SLICE_ARG(row->name));

		len += wrote > 0 ? (size_t)wrote : 0;
		type = row->type;
	}
}

bool message_has(const ProtobufCMessage *message, unsigned index)
{
	const ProtobufCFieldDescriptor *field = &message->descriptor->fields[index];
	const void *at = field_place(field, message);

	if (field_is_repeated(field))
		return *field_count(field, message) > 0;
	if (field_in_oneof(field))
		return *field_case(field, message) == field->id;
	switch (field->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return *(ProtobufCMessage *const *)at != NULL;
	case PROTOBUF_C_TYPE_STRING:
		return *(char *const *)at && **(char *const *)at;
	case PROTOBUF_C_TYPE_BYTES:
		return ((const ProtobufCBinaryData *)at)->len > 0;
	default:
		return field_element_bytes(field) == 8 ? *(const uint64_t *)at != 0 : *(const uint32_t *)at != 0;
	}
}

slice message_text_at(const ProtobufCMessage *message, const struct field_path *path)
{
	for (unsigned i = 0; message && i < path->count; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[path->steps[i]];

		if (field_is_repeated(field) || (field_in_oneof(field) && *field_case(field, message) != field->id))
			break;
		if (field->type == PROTOBUF_C_TYPE_STRING && i + 1u == path->count)
			return slice_str(*(char **)field_place(field, message));
		message = field->type == PROTOBUF_C_TYPE_MESSAGE ? field_message(field, message) : NULL;
	}
	return SLICE("");
}

void field_clear(const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
	void *at = field_place(field, message);

	if (field_in_oneof(field)) {
		if (*field_case(field, message) == field->id)
			*field_case(field, message) = 0;
		return;
	}
	if (field_is_repeated(field))
		*field_count(field, message) = 0;
	else if (field->type == PROTOBUF_C_TYPE_STRING)
		*(const char **)at = protobuf_c_empty_string;
	else
		memset(at, 0, field_element_bytes(field));
}

/* The dotted name into `name`, cut at its end; gives its length. */
static size_t trail_format(const struct trail *trail, char *name, size_t size)
{
	size_t len = trail->up ? trail_format(trail->up, name, size) : 0;
	int wrote = 0;

	if (trail->name.len && len < size)
		wrote = snprintf(name + len, size - len, "%s%.*s", len ? "." : "", SLICE_ARG(trail->name));
	len += wrote > 0 ? (size_t)wrote : 0;
	if (trail->index < 0 || len >= size)
		return len;
	wrote = snprintf(name + len, size - len, "[%ld]", trail->index);
	return len + (wrote > 0 ? (size_t)wrote : 0);
}

status trail_fail(const struct trail *trail, const char *problem)
{
	char name[REPORT_FIELD_BYTES] = "";

	(void)trail_format(trail, name, sizeof(name)); /* a longer name is cut */
	return FAIL_FIELD(name[0] ? name : "request", "%s", problem);
}

status value_fail(const struct trail *trail, const char *problem)
{
	if (problem == value_too_much)
		return FAIL(FAULT_EXHAUSTED, "this call needs more memory than one call may use");
	return trail_fail(trail, problem);
}
