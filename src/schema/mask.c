#include "schema/mask.h"

#include <assert.h>

#include "schema/message_impl.h"

static bool path_is_star(const char *path)
{
	return path[0] == '*' && path[1] == '\0';
}

bool mask_is_full(const Google__Protobuf__FieldMask *mask)
{
	return mask && mask->n_paths == 1 && path_is_star(mask->paths[0]);
}

/* One is the other, or stands above it. */
static bool paths_meet(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (*a == '\0' || *a == '.') && (*b == '\0' || *b == '.') && (*a != *b || *a == '\0');
}

bool mask_names(const Google__Protobuf__FieldMask *mask, const char *path)
{
	if (mask_is_full(mask))
		return true;
	for (size_t i = 0; mask && i < mask->n_paths; i++)
		if (paths_meet(mask->paths[i], path))
			return true;
	return false;
}

bool mask_names_exactly(const Google__Protobuf__FieldMask *mask, const char *path)
{
	for (size_t i = 0; mask && i < mask->n_paths; i++)
		if (strcmp(mask->paths[i], path) == 0)
			return true;
	return false;
}

static status check_path(const struct message_type *type, const char *path, size_t paths)
{
	struct field_path ignored;

	if (path_is_star(path) && paths > 1)
		return FAIL_FIELD("update_mask", "\"*\" stands alone");
	if (!path_is_star(path) && !field_path_parse(type, slice_str(path), &ignored))
		return FAIL_FIELD("update_mask", "%.64s is no field of %s", path, type->descriptor->short_name);
	return OK;
}

/* ---- a mask that nobody gave ---- */

struct naming {
	struct arena *arena;
	Google__Protobuf__FieldMask *mask; /* room for MASK_PATHS_MAX */
};

/* One value, that is, or holds fields of its own. */
static bool holds_fields(const struct message_type *type, unsigned i)
{
	const struct field_row *row = &type->fields[i];

	return row->type && row->type->well_known == WELL_KNOWN_NONE && !field_is_repeated(&type->descriptor->fields[i]);
}

static status name_fields(struct naming *naming, const struct message_type *type, const ProtobufCMessage *message,
			  const struct json *body, const char *prefix);

/* member: the field's in the body, NULL without a body. */
static status name_field(struct naming *naming, const struct message_type *type, const ProtobufCMessage *message, unsigned i,
			 const struct json *member, const char *prefix)
{
	const struct field_row *row = &type->fields[i];
	bool is_set = message && message_has(message, i);
	const char *path;

	if (row->behaviours & BEHAVIOUR_OUTPUT_ONLY)
		return OK;
	if (!is_set && (row->is_secret || row->behaviours & BEHAVIOUR_INPUT_ONLY))
		return OK; /* an answer has it empty, whatever it is */
	path = arena_printf(naming->arena, "%s%s%.*s", prefix, *prefix ? "." : "", SLICE_ARG(row->name));
	TRY_NEW(path);
	if (holds_fields(type, i) && (!member || member->kind == JSON_OBJECT))
		return name_fields(naming, row->type, is_set ? field_message(&type->descriptor->fields[i], message) : NULL,
				   member, path);
	if (naming->mask->n_paths == MASK_PATHS_MAX)
		return FAIL_FIELD("update_mask", "more than %d fields", MASK_PATHS_MAX);
	naming->mask->paths[naming->mask->n_paths++] = (char *)(uintptr_t)path;
	return OK;
}

static status name_fields(struct naming *naming, const struct message_type *type, const ProtobufCMessage *message,
			  const struct json *body, const char *prefix)
{
	if (body) {
		JSON_EACH (member, body) /* known: the body has been decoded */
			TRY(name_field(naming, type, message, (unsigned)message_field(type, member->name), member, prefix));
		return OK;
	}
	for (unsigned i = 0; message && i < type->descriptor->n_fields; i++)
		if (message_has(message, i))
			TRY(name_field(naming, type, message, i, NULL, prefix));
	return OK;
}

FALLIBLE mask_derive(struct arena *arena, const struct message_type *type, const ProtobufCMessage *resource,
		     const struct json *body, Google__Protobuf__FieldMask **ret_mask)
{
	struct naming naming = { .arena = arena, .mask = NEW(arena, Google__Protobuf__FieldMask) };

	TRY_NEW(naming.mask);
	google__protobuf__field_mask__init(naming.mask);
	naming.mask->paths = NEW_N(arena, char *, MASK_PATHS_MAX);
	TRY_NEW(naming.mask->paths);
	TRY(name_fields(&naming, type, resource, body, ""));
	*ret_mask = naming.mask;
	return OK;
}

FALLIBLE mask_resolve(struct arena *arena, const struct message_type *type, const ProtobufCMessage *resource,
		      const Google__Protobuf__FieldMask *mask, const Google__Protobuf__FieldMask **ret_mask)
{
	Google__Protobuf__FieldMask *derived;

	if (!mask || mask->n_paths == 0) {
		TRY(mask_derive(arena, type, resource, NULL, &derived));
		*ret_mask = derived;
		return OK;
	}
	if (mask->n_paths > MASK_PATHS_MAX)
		return FAIL_FIELD("update_mask", "more than %d fields", MASK_PATHS_MAX);
	for (size_t i = 0; i < mask->n_paths; i++)
		TRY(check_path(type, mask->paths[i], mask->n_paths));
	*ret_mask = mask;
	return OK;
}

/* ---- writing what a mask names ---- */

/* from: NULL where nothing is set. */
static void write_field(const struct message_type *type, unsigned i, const ProtobufCMessage *from, ProtobufCMessage *onto)
{
	const ProtobufCFieldDescriptor *field = &type->descriptor->fields[i];

	if (!from || !message_has(from, i)) {
		field_clear(field, onto);
		return;
	}
	if (field_is_repeated(field)) {
		*field_count(field, onto) = *field_count(field, from);
		*(void **)field_place(field, onto) = *(void **)field_place(field, from);
		return;
	}
	memcpy(field_place(field, onto), field_place(field, from), field_element_bytes(field));
	if (field_in_oneof(field))
		*field_case(field, onto) = field->id;
}

/* The message that holds the field at the path's end; NULL when one on the way is unset. */
static ProtobufCMessage *holder_of(const ProtobufCMessage *message, const struct field_path *path)
{
	for (unsigned i = 0; message && i + 1u < path->count; i++)
		message = message_has(message, path->steps[i])
				  ? field_message(&message->descriptor->fields[path->steps[i]], message)
				  : NULL;
	return (ProtobufCMessage *)(uintptr_t)message;
}

/* Makes the messages on the way to the field at the path's end, where they are unset. */
static FALLIBLE make_way(struct arena *arena, const struct message_type *type, const struct field_path *path,
			 ProtobufCMessage *message)
{
	for (unsigned i = 0; i + 1u < path->count; i++) {
		const ProtobufCFieldDescriptor *field = &type->descriptor->fields[path->steps[i]];

		type = type->fields[path->steps[i]].type;
		if (!message_has(message, path->steps[i])) {
			ProtobufCMessage *made = message_new(arena, type);

			TRY_NEW(made);
			*(ProtobufCMessage **)field_place(field, message) = made;
			if (field_in_oneof(field))
				*field_case(field, message) = field->id;
		}
		message = field_message(field, message);
	}
	return OK;
}

static FALLIBLE apply_path(struct arena *arena, const struct message_type *type, const struct field_path *path,
			   const ProtobufCMessage *from, ProtobufCMessage *onto)
{
	unsigned last = path->steps[path->count - 1];
	const ProtobufCMessage *source = holder_of(from, path);
	const struct message_type *at = type;

	for (unsigned i = 0; i < path->count; i++) {
		if (at->fields[path->steps[i]].behaviours & BEHAVIOUR_OUTPUT_ONLY)
			return OK;
		if (i + 1u < path->count)
			at = at->fields[path->steps[i]].type;
	}
	if (source && message_has(source, last))
		TRY(make_way(arena, type, path, onto));
	onto = holder_of(onto, path);
	if (onto && onto != source) /* the same after the mask has named a message above, too */
		write_field(at, last, source, onto);
	return OK;
}

FALLIBLE mask_apply(struct arena *arena, const struct message_type *type, const Google__Protobuf__FieldMask *mask,
		    const ProtobufCMessage *from, ProtobufCMessage *onto)
{
	struct field_path path = { .count = 1 };

	if (mask_is_full(mask)) {
		for (unsigned i = 0; i < type->descriptor->n_fields; i++) {
			path.steps[0] = (uint8_t)i;
			TRY(apply_path(arena, type, &path, from, onto));
		}
		return OK;
	}
	for (size_t i = 0; i < mask->n_paths; i++) {
		bool is_field = field_path_parse(type, slice_str(mask->paths[i]), &path);

		assert(is_field); /* mask_resolve has looked */
		TRY(apply_path(arena, type, &path, from, onto));
	}
	return OK;
}
