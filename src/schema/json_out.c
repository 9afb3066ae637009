/*
 * json_out: a message as JSON.
 */
#include "base/clock.h"
#include "base/encode.h"
#include "google/protobuf/duration.pb-c.h"
#include "google/protobuf/field_mask.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "schema/json.h"
#include "schema/message_impl.h"

#include <assert.h>

static void put_message(struct json_writer *writer, const struct message_type *type, const ProtobufCMessage *message,
			enum json_style style);

/* A field's name: plain letters of ours, so it goes out as it stands, at once. */
static void put_name(struct json_writer *writer, slice name)
{
	char *room = buffer_room(writer->out, name.len + 4), *at = room;

	if (!room)
		return;
	if (writer->comma)
		*at++ = ',';
	*at++ = '"';
	memcpy(at, name.at, name.len);
	at += name.len;
	*at++ = '"';
	*at++ = ':';
	buffer_grew(writer->out, (size_t)(at - room));
	writer->comma = false;
}

/* 64-bit integers go as strings. The digits need no escaping. */
static void put_quoted(struct json_writer *writer, bool is_negative, uint64_t natural)
{
	char text[24];
	size_t at = sizeof(text);

	text[--at] = '"';
	do
		text[--at] = (char)('0' + natural % 10);
	while (natural /= 10);
	if (is_negative)
		text[--at] = '-';
	text[--at] = '"';
	json_put_raw(writer, slice_of(text + at, sizeof(text) - at));
}

static void put_bytes(struct json_writer *writer, const ProtobufCBinaryData *bytes)
{
	json_put_raw(writer, SLICE("\""));
	base64_encode(writer->out, BASE64_STANDARD, slice_of(bytes->data, bytes->len));
	buffer_byte(writer->out, '"');
}

static void put_enum(struct json_writer *writer, const ProtobufCEnumDescriptor *type, int number)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(type, number);

	if (value)
		json_put_text(writer, slice_str(value->name));
	else
		json_put_int(writer, number);
}

static void put_time(struct json_writer *writer, const Google__Protobuf__Timestamp *time)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(time->seconds, time->nanos, text);
	json_put_text(writer, slice_str(text));
}

/* 0, 3, 6 or 9 digits of a fraction, as many as are needed. */
static void put_duration(struct json_writer *writer, const Google__Protobuf__Duration *duration)
{
	bool is_negative = duration->seconds < 0 || duration->nanos < 0;
	uint64_t seconds = duration->seconds < 0 ? 0 - (uint64_t)duration->seconds : (uint64_t)duration->seconds;
	uint32_t nanos = duration->nanos < 0 ? 0 - (uint32_t)duration->nanos : (uint32_t)duration->nanos;
	int digits = nanos == 0 ? 0 : nanos % 1000000 == 0 ? 3 : nanos % 1000 == 0 ? 6 : 9;
	char text[64], fraction[16];

	(void)snprintf(fraction, sizeof(fraction), ".%09u", nanos % 1000000000); /* always ten characters */
	(void)snprintf(text, sizeof(text), "%s%llu%.*ss", is_negative ? "-" : "", (unsigned long long)seconds,
		       digits ? digits + 1 : 0, fraction); /* at most 33 */
	json_put_text(writer, slice_str(text));
}

/* "display_name" -> "displayName", joined by commas. */
static void put_mask(struct json_writer *writer, const Google__Protobuf__FieldMask *mask)
{
	struct buffer *out = writer->out;

	json_put_raw(writer, SLICE("\""));
	for (size_t i = 0; i < mask->n_paths; i++) {
		if (i)
			buffer_byte(out, ',');
		for (const char *c = mask->paths[i]; *c; c++) {
			if (c[0] == '_' && c[1] >= 'a' && c[1] <= 'z')
				buffer_byte(out, (char)(*++c - ('a' - 'A')));
			else if ((*c >= '0' && *c <= 'z' && *c != '\\') || *c == '.' || *c == '*')
				buffer_byte(out, *c);
		}
	}
	buffer_byte(out, '"');
}

static void put_value(struct json_writer *writer, const ProtobufCFieldDescriptor *field, const struct field_row *row,
		      const void *at, enum json_style style)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		json_put_text(writer, slice_str(*(char *const *)at));
		break;
	case PROTOBUF_C_TYPE_BYTES:
		put_bytes(writer, at);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		json_put_bool(writer, *(const protobuf_c_boolean *)at);
		break;
	case PROTOBUF_C_TYPE_ENUM:
		put_enum(writer, field->descriptor, *(const int *)at);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		put_message(writer, row->type, *(ProtobufCMessage *const *)at, style);
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64: {
		int64_t number = *(const int64_t *)at;
		put_quoted(writer, number < 0, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
		break;
	}
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		put_quoted(writer, false, *(const uint64_t *)at);
		break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		json_put_uint(writer, *(const uint32_t *)at);
		break;
	default:
		json_put_int(writer, *(const int32_t *)at);
		break;
	}
}

static void put_key(struct json_writer *writer, const ProtobufCFieldDescriptor *key, const void *at)
{
	char text[24] = "";

	if (key->type == PROTOBUF_C_TYPE_STRING) {
		json_put_name(writer, slice_str(*(char *const *)at));
		return;
	}
	if (key->type == PROTOBUF_C_TYPE_BOOL)
		(void)snprintf(text, sizeof(text), "%s", *(const protobuf_c_boolean *)at ? "true" : "false"); /* fits */
	else if (key->type == PROTOBUF_C_TYPE_UINT64 || key->type == PROTOBUF_C_TYPE_FIXED64)
		(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)*(const uint64_t *)at); /* fits */
	else
		(void)snprintf(text, sizeof(text), "%lld",
			       field_element_bytes(key) == 8 ? (long long)*(const int64_t *)at
							     : *(const int32_t *)at); /* fits */
	json_put_name(writer, slice_str(text));
}

static void put_map(struct json_writer *writer, const ProtobufCFieldDescriptor *field, const struct message_type *type,
		    const ProtobufCMessage *message, enum json_style style)
{
	const ProtobufCFieldDescriptor *key = &type->descriptor->fields[0], *value = &type->descriptor->fields[1];

	json_open_object(writer);
	for (size_t i = 0; i < *field_count(field, message); i++) {
		const ProtobufCMessage *entry = field_messages(field, message)[i];

		put_key(writer, key, field_place(key, entry));
		if (message_has(entry, 1) || !type->fields[1].type)
			put_value(writer, value, &type->fields[1], field_place(value, entry), style);
		else
			json_put_raw(writer, SLICE("{}"));
	}
	json_close_object(writer);
}

static void put_list(struct json_writer *writer, const ProtobufCFieldDescriptor *field, const struct field_row *row,
		     const ProtobufCMessage *message, enum json_style style)
{
	size_t bytes = field_element_bytes(field);
	const char *elements = *(char **)field_place(field, message);

	json_open_array(writer);
	for (size_t i = 0; i < *field_count(field, message); i++)
		put_value(writer, field, row, elements + i * bytes, style);
	json_close_array(writer);
}

static void put_field(struct json_writer *writer, const struct message_type *type, const ProtobufCMessage *message,
		      unsigned index, enum json_style style)
{
	const ProtobufCFieldDescriptor *field = &type->descriptor->fields[index];
	const struct field_row *row = &type->fields[index];
	bool is_there = message_has(message, index);

	if (!is_there && (style == JSON_SPARSE || field_in_oneof(field)))
		return;
	put_name(writer, row->json);
	if (row->type && row->type->is_map_entry)
		put_map(writer, field, row->type, message, style);
	else if (field_is_repeated(field))
		put_list(writer, field, row, message, style);
	else if (!is_there && row->type)
		json_put_null(writer);
	else
		put_value(writer, field, row, field_place(field, message), style);
}

static void put_message(struct json_writer *writer, const struct message_type *type, const ProtobufCMessage *message,
			enum json_style style)
{
	assert(type); /* a field of messages has one */
	switch (type->well_known) {
	case WELL_KNOWN_TIMESTAMP:
		put_time(writer, (const void *)message);
		return;
	case WELL_KNOWN_DURATION:
		put_duration(writer, (const void *)message);
		return;
	case WELL_KNOWN_FIELD_MASK:
		put_mask(writer, (const void *)message);
		return;
	default:
		json_open_object(writer);
		for (unsigned i = 0; i < type->descriptor->n_fields; i++)
			put_field(writer, type, message, i, style);
		json_close_object(writer);
	}
}

void message_to_json(const struct message_type *type, const ProtobufCMessage *message, enum json_style style,
		     struct buffer *out)
{
	struct json_writer writer;

	json_writer_init(&writer, out);
	put_message(&writer, type, message, style);
}
