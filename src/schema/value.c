/*
 * value: one field's value, from text, and its place in a message.
 *
 * The rules are those of proto3 JSON's strings and numbers; query parameters and path captures follow the same.
 */
#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "google/protobuf/duration.pb-c.h"
#include "google/protobuf/field_mask.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "schema/mask.h"
#include "schema/message_impl.h"

#include <assert.h>

#define NANO_DIGITS 9

const char value_too_much[] = "";

size_t field_element_bytes(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	default:
		return 4;
	}
}

void *field_append(struct arena *arena, const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
	size_t *count = field_count(field, message), bytes = field_element_bytes(field);
	char **elements = field_place(field, message);

	if ((*count & (*count - 1)) == 0) {
		char *grown = arena_alloc_n(arena, *count ? *count * 2 : 1, bytes);

		if (!grown)
			return NULL;
		if (*count)
			memcpy(grown, *elements, *count * bytes);
		*elements = grown;
	}
	return *elements + (*count)++ * bytes;
}

static const char *signed_from_text(slice text, int64_t least, int64_t most, int64_t *ret_number)
{
	if (!json_number_int64(text, ret_number))
		return "must be a whole number";
	return *ret_number < least || *ret_number > most ? "is out of range" : NULL;
}

static const char *unsigned_from_text(slice text, uint64_t most, uint64_t *ret_number)
{
	if (!json_number_uint64(text, ret_number))
		return "must be a whole number that is not negative";
	return *ret_number > most ? "is out of range" : NULL;
}

static const char *bool_from_text(slice text, protobuf_c_boolean *ret_truth)
{
	bool truth = slice_is(text, "true") || slice_is(text, "1");

	if (!truth && !slice_is(text, "false") && !slice_is(text, "0"))
		return "must be true or false";
	*ret_truth = truth;
	return NULL;
}

/* protobuf-c wants a NUL behind the name: names are short, so a copy on the stack does. */
static const char *enum_from_text(const ProtobufCEnumDescriptor *type, slice text, int32_t *ret_number)
{
	char name[128];
	const ProtobufCEnumValue *value;
	int64_t number;

	if (!signed_from_text(text, INT32_MIN, INT32_MAX, &number)) {
		*ret_number = (int32_t)number;
		return NULL;
	}
	if (text.len >= sizeof(name))
		return "is none of the values this field takes";
	memcpy(name, text.at, text.len);
	name[text.len] = '\0';
	value = protobuf_c_enum_descriptor_get_value_by_name(type, name);
	if (!value)
		return "is none of the values this field takes";
	*ret_number = value->value;
	return NULL;
}

static const char *string_from_text(struct arena *arena, slice text, char **ret_text)
{
	if (!slice_is_text(text))
		return "must be UTF-8 without NUL";
	*ret_text = arena_text(arena, text);
	return *ret_text ? NULL : value_too_much;
}

static const char *bytes_from_text(struct arena *arena, slice text, ProtobufCBinaryData *ret_bytes)
{
	size_t size = BASE64_DATA_BYTES(text.len), len;
	uint8_t *data = arena_alloc(arena, size);

	if (!data)
		return value_too_much;
	if (!base64_decode_into(BASE64_ANY, text, data, size, &len))
		return "must be base64";
	*ret_bytes = (ProtobufCBinaryData){ .len = len, .data = data };
	return NULL;
}

/* An offset may lead out of the years that a time has. */
static bool time_parse(slice text, int64_t *ret_seconds, int32_t *ret_nanos)
{
	return clock_parse(text, ret_seconds, ret_nanos) && *ret_seconds >= TIME_SECONDS_MIN &&
	       *ret_seconds <= TIME_SECONDS_MAX;
}

/* "3.5s", "-0.25s": a sign, whole seconds, up to nine digits of a fraction. */
static bool duration_parse(slice text, int64_t *ret_seconds, int32_t *ret_nanos)
{
	bool is_negative = slice_starts(text, SLICE("-"));
	slice whole, fraction = SLICE("");
	uint64_t seconds, nanos = 0;

	if (!slice_ends(text, SLICE("s")))
		return false;
	whole = slice_to(slice_from(text, is_negative), text.len - 1 - is_negative);
	if (slice_cut(whole, '.', &whole, &fraction) && (fraction.len == 0 || fraction.len > NANO_DIGITS))
		return false;
	for (size_t i = 0; i < NANO_DIGITS && fraction.len; i++) {
		char digit = i < fraction.len ? fraction.at[i] : '0';

		if (digit < '0' || digit > '9')
			return false;
		nanos = nanos * 10 + (uint64_t)(digit - '0');
	}
	if (!slice_number(whole, DURATION_SECONDS_MAX, &seconds))
		return false;
	*ret_seconds = is_negative ? -(int64_t)seconds : (int64_t)seconds;
	*ret_nanos = is_negative ? -(int32_t)nanos : (int32_t)nanos;
	return true;
}

/* "displayName" -> "display_name"; what has underscores already stays. */
static char *snake_path(struct arena *arena, slice path)
{
	char *out = arena_alloc_n(arena, path.len + 1, 2), *at = out;

	for (size_t i = 0; out && i < path.len; i++) {
		bool is_upper = path.at[i] >= 'A' && path.at[i] <= 'Z';

		if (is_upper)
			*at++ = '_';
		*at++ = (char)(is_upper ? path.at[i] + ('a' - 'A') : path.at[i]);
	}
	return out;
}

static const char *mask_from_text(struct arena *arena, slice text, Google__Protobuf__FieldMask *mask)
{
	size_t count = text.len > 0;
	slice path;

	for (size_t i = 0; i < text.len; i++)
		count += text.at[i] == ',';
	if (count > MASK_PATHS_MAX)
		return "names too many fields";
	if (!slice_is_text(text))
		return "must be UTF-8 without NUL";
	mask->paths = count ? NEW_N(arena, char *, count) : NULL;
	for (size_t i = 0; mask->paths && i < count; i++) {
		(void)slice_cut(text, ',', &path, &text); /* no comma: the last one */
		mask->paths[i] = snake_path(arena, slice_trim(path));
		if (!mask->paths[i])
			return value_too_much;
	}
	mask->n_paths = mask->paths ? count : 0;
	return count && !mask->paths ? value_too_much : NULL;
}

static const char *message_from_text(struct arena *arena, const struct message_type *type, slice text,
				     ProtobufCMessage **ret_message)
{
	ProtobufCMessage *message = message_new(arena, type);
	Google__Protobuf__Timestamp *time = (void *)message;
	Google__Protobuf__Duration *duration = (void *)message;

	assert(type); /* a field of messages has one */
	if (!message)
		return value_too_much;
	*ret_message = message;
	switch (type->well_known) {
	case WELL_KNOWN_TIMESTAMP:
		return time_parse(text, &time->seconds, &time->nanos) ? NULL : "must be a time such as 2026-01-31T12:00:00Z";
	case WELL_KNOWN_DURATION:
		return duration_parse(text, &duration->seconds, &duration->nanos) ? NULL : "must be seconds such as 3600s";
	case WELL_KNOWN_FIELD_MASK:
		return mask_from_text(arena, text, (void *)message);
	default:
		return "must be an object";
	}
}

static const char *number_from_text(const ProtobufCFieldDescriptor *field, slice text, void *at)
{
	const char *problem;
	uint64_t natural;
	int64_t number;

	switch (field->type) {
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		problem = unsigned_from_text(text, UINT32_MAX, &natural);
		if (!problem)
			*(uint32_t *)at = (uint32_t)natural;
		return problem;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		problem = unsigned_from_text(text, UINT64_MAX, &natural);
		if (!problem)
			*(uint64_t *)at = natural;
		return problem;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		return signed_from_text(text, INT64_MIN, INT64_MAX, at);
	default:
		problem = signed_from_text(text, INT32_MIN, INT32_MAX, &number);
		if (!problem)
			*(int32_t *)at = (int32_t)number;
		return problem;
	}
}

const char *value_from_text(struct arena *arena, const ProtobufCFieldDescriptor *field, const struct field_row *row, slice text,
			    void *at)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		return string_from_text(arena, text, at);
	case PROTOBUF_C_TYPE_BYTES:
		return bytes_from_text(arena, text, at);
	case PROTOBUF_C_TYPE_BOOL:
		return bool_from_text(text, at);
	case PROTOBUF_C_TYPE_ENUM:
		return enum_from_text(field->descriptor, text, at);
	case PROTOBUF_C_TYPE_MESSAGE:
		return message_from_text(arena, row->type, text, at);
	default:
		return number_from_text(field, text, at);
	}
}

/* The message that holds the field at path, made where it is missing; NULL when the arena is full. */
static ProtobufCMessage *reach(struct arena *arena, const struct message_type **type, ProtobufCMessage *message,
			       const struct field_path *path)
{
	for (unsigned i = 0; i + 1u < path->count; i++) {
		const ProtobufCFieldDescriptor *field = &(*type)->descriptor->fields[path->steps[i]];
		ProtobufCMessage **place = field_place(field, message);
		bool is_there = field_in_oneof(field) ? *field_case(field, message) == field->id : *place != NULL;

		*type = (*type)->fields[path->steps[i]].type;
		if (!is_there)
			*place = message_new(arena, *type);
		if (!*place)
			return NULL;
		if (field_in_oneof(field))
			*field_case(field, message) = field->id;
		message = *place;
	}
	return message;
}

static status set_fail(const struct message_type *type, const struct field_path *path, const char *problem)
{
	char name[FIELD_PATH_BYTES];
	struct trail trail = { .index = -1 };

	field_path_format(type, path, name);
	trail.name = slice_str(name);
	return value_fail(&trail, problem);
}

typedef void *append_fn(struct arena *arena, const ProtobufCFieldDescriptor *field, ProtobufCMessage *message);

static status field_set(struct arena *arena, const struct message_type *type, ProtobufCMessage *message,
			const struct field_path *path, slice text, append_fn *append)
{
	const struct message_type *inner = type;
	const ProtobufCFieldDescriptor *field;
	unsigned index = path->steps[path->count - 1];
	const char *problem;
	void *at;

	message = reach(arena, &inner, message, path);
	TRY_NEW(message);
	field = &inner->descriptor->fields[index];
	if (inner->fields[index].type && inner->fields[index].type->is_map_entry)
		return set_fail(type, path, "is a map and cannot be set from text");
	at = field_is_repeated(field) ? append(arena, field, message) : field_place(field, message);
	TRY_NEW(at);
	problem = value_from_text(arena, field, &inner->fields[index], text, at);
	if (problem)
		return set_fail(type, path, problem);
	if (field_in_oneof(field))
		*field_case(field, message) = field->id;
	return OK;
}

/* For a list whose capacity nobody knows, such as one that protobuf-c made: copied with room for one more. */
static void *append_copying(struct arena *arena, const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
	size_t *count = field_count(field, message), bytes = field_element_bytes(field);
	char **elements = field_place(field, message), *grown = arena_alloc_n(arena, *count + 1, bytes);

	if (!grown)
		return NULL;
	if (*count)
		memcpy(grown, *elements, *count * bytes);
	*elements = grown;
	return grown + (*count)++ * bytes;
}

FALLIBLE message_set(struct arena *arena, const struct message_type *type, ProtobufCMessage *message,
		     const struct field_path *path, slice text)
{
	return field_set(arena, type, message, path, text, append_copying);
}

FALLIBLE message_set_fresh(struct arena *arena, const struct message_type *type, ProtobufCMessage *message,
			   const struct field_path *path, slice text)
{
	return field_set(arena, type, message, path, text, field_append);
}
