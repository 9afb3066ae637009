#include "service/translate.h"

/* Names that changed between versions, both ways. */
static const struct {
	const char *old, *new;
} renamed[] = {
	{ "expiration", "expiration_time" },
	{ "user_name", "username" },
	{ "group_name", "groupname" },
};

static const ProtobufCFieldDescriptor *counterpart(const ProtobufCMessageDescriptor *in, const char *name)
{
	const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(in, name);

	for (size_t i = 0; !field && i < sizeof(renamed) / sizeof(*renamed); i++) {
		const char *other = strcmp(name, renamed[i].old) == 0   ? renamed[i].new
				    : strcmp(name, renamed[i].new) == 0 ? renamed[i].old
									: NULL;
		if (other)
			field = protobuf_c_message_descriptor_get_field_by_name(in, other);
	}
	return field;
}

static size_t size_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_ENUM:
		return 4;
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	default:
		return 8;
	}
}

static const void *at(const ProtobufCMessage *message, unsigned offset)
{
	return (const char *)message + offset;
}

static void *in(ProtobufCMessage *message, unsigned offset)
{
	return (char *)message + offset;
}

static FALLIBLE copy_repeated(struct arena *arena, const ProtobufCMessage *from, const ProtobufCFieldDescriptor *f,
			      ProtobufCMessage *to, const ProtobufCFieldDescriptor *t)
{
	size_t count = *(const size_t *)at(from, f->quantifier_offset), size = size_of(f->type);
	const char *old = *(const char *const *)at(from, f->offset);
	char *fresh;

	if (count == 0)
		return OK;
	fresh = arena_alloc_n(arena, count, size);
	TRY_NEW(fresh);
	memcpy(fresh, old, count * size);
	for (size_t i = 0; f->type == PROTOBUF_C_TYPE_MESSAGE && i < count; i++)
		TRY(message_translate(arena, ((ProtobufCMessage *const *)(const void *)old)[i], message_type_of(t->descriptor),
				      &((void **)(void *)fresh)[i]));
	*(char **)in(to, t->offset) = fresh;
	*(size_t *)in(to, t->quantifier_offset) = count;
	return OK;
}

static FALLIBLE copy_single(struct arena *arena, const ProtobufCMessage *from, const ProtobufCFieldDescriptor *f,
			    ProtobufCMessage *to, const ProtobufCFieldDescriptor *t)
{
	bool is_arm = f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;

	if (is_arm && *(const uint32_t *)at(from, f->quantifier_offset) != f->id)
		return OK;
	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		TRY(message_translate(arena, *(ProtobufCMessage *const *)at(from, f->offset), message_type_of(t->descriptor),
				      in(to, t->offset)));
	else
		memcpy(in(to, t->offset), at(from, f->offset), size_of(f->type));
	if (t->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		*(uint32_t *)in(to, t->quantifier_offset) = t->id;
	return OK;
}

FALLIBLE message_translate(struct arena *arena, const ProtobufCMessage *from, const struct message_type *to, void **ret_message)
{
	ProtobufCMessage *message;

	*ret_message = NULL;
	if (!from)
		return OK;
	message = message_new(arena, to);
	TRY_NEW(message);
	for (unsigned i = 0; i < to->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *t = &to->descriptor->fields[i];
		const ProtobufCFieldDescriptor *f = counterpart(from->descriptor, t->name);
		if (!f || size_of(f->type) != size_of(t->type) ||
		    (f->label == PROTOBUF_C_LABEL_REPEATED) != (t->label == PROTOBUF_C_LABEL_REPEATED))
			continue;
		if (f->label == PROTOBUF_C_LABEL_REPEATED)
			TRY(copy_repeated(arena, from, f, message, t));
		else
			TRY(copy_single(arena, from, f, message, t));
	}
	*ret_message = message;
	return OK;
}
