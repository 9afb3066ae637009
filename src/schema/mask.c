#include "schema/mask.h"

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

/* The fields that are set, at the top alone: a message that is there is written whole. */
static status populated(struct arena *arena, const struct message_type *type, const ProtobufCMessage *resource,
			const Google__Protobuf__FieldMask **ret_mask)
{
	Google__Protobuf__FieldMask *mask = NEW(arena, Google__Protobuf__FieldMask);

	TRY_NEW(mask);
	google__protobuf__field_mask__init(mask);
	mask->paths = NEW_N(arena, char *, type->descriptor->n_fields + 1);
	TRY_NEW(mask->paths);
	for (unsigned i = 0; resource && i < type->descriptor->n_fields; i++)
		if (message_has(resource, i) && !(type->fields[i].behaviours & BEHAVIOUR_OUTPUT_ONLY))
			mask->paths[mask->n_paths++] =
				(char *)(uintptr_t)type->fields[i].name.at; /* a literal, NUL behind it */
	*ret_mask = mask;
	return OK;
}

FALLIBLE mask_resolve(struct arena *arena, const struct message_type *type, const ProtobufCMessage *resource,
		      const Google__Protobuf__FieldMask *mask, const Google__Protobuf__FieldMask **ret_mask)
{
	if (!mask || mask->n_paths == 0)
		return populated(arena, type, resource, ret_mask);
	if (mask->n_paths > MASK_PATHS_MAX)
		return FAIL_FIELD("update_mask", "more than %d fields", MASK_PATHS_MAX);
	for (size_t i = 0; i < mask->n_paths; i++)
		TRY(check_path(type, mask->paths[i], mask->n_paths));
	*ret_mask = mask;
	return OK;
}
