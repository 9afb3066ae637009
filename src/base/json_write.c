/*
 * json_write: the writer's half of json.h.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"

#define NUMBER_TEXT_BYTES 32

void json_writer_init(struct json_writer *writer, struct buffer *out)
{
	*writer = (struct json_writer){ .out = out };
}

/* What every value and name begins with. */
static void begin(struct json_writer *writer)
{
	if (writer->comma)
		buffer_byte(writer->out, ',');
	writer->comma = true;
}

static void open_with(struct json_writer *writer, char c)
{
	begin(writer);
	buffer_byte(writer->out, c);
	writer->comma = false;
}

static void close_with(struct json_writer *writer, char c)
{
	buffer_byte(writer->out, c);
	writer->comma = true;
}

void json_open_object(struct json_writer *writer)
{
	open_with(writer, '{');
}

void json_close_object(struct json_writer *writer)
{
	close_with(writer, '}');
}

void json_open_array(struct json_writer *writer)
{
	open_with(writer, '[');
}

void json_close_array(struct json_writer *writer)
{
	close_with(writer, ']');
}

static bool needs_escape(char c)
{
	return c == '"' || c == '\\' || (unsigned char)c < 0x20;
}

static void put_escape(struct buffer *out, char c)
{
	static const char plain[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
	const char *hit = strchr(plain, c);

	if (hit) {
		char pair[2] = { '\\', names[hit - plain] };
		buffer_add(out, slice_of(pair, sizeof(pair)));
	} else {
		buffer_printf(out, "\\u%04x", (unsigned)(unsigned char)c);
	}
}

/* Nearly every string: as it is, between quotation marks, after the comma that may be due. */
static void put_plain(struct json_writer *writer, slice text)
{
	char *room = buffer_room(writer->out, text.len + 3), *at = room;

	if (!room)
		return;
	if (writer->comma)
		*at++ = ',';
	*at++ = '"';
	if (text.len)
		memcpy(at, text.at, text.len);
	at += text.len;
	*at++ = '"';
	buffer_grew(writer->out, (size_t)(at - room));
	writer->comma = true;
}

static void put_string(struct json_writer *writer, slice text)
{
	struct buffer *out = writer->out;

	if (slice_plain_len(text) == text.len) {
		put_plain(writer, text);
		return;
	}
	begin(writer);
	if (!slice_is_text(text)) {
		out->failed = true;
		return;
	}
	buffer_byte(out, '"');
	while (text.len) {
		size_t run = slice_plain_len(text);
		while (run < text.len && !needs_escape(text.at[run]))
			run++;
		buffer_add(out, slice_to(text, run));
		if (run < text.len)
			put_escape(out, text.at[run++]);
		text = slice_from(text, run);
	}
	buffer_byte(out, '"');
}

void json_put_name(struct json_writer *writer, slice name)
{
	put_string(writer, name);
	buffer_byte(writer->out, ':');
	writer->comma = false;
}

void json_put_text(struct json_writer *writer, slice text)
{
	put_string(writer, text);
}

void json_put_raw(struct json_writer *writer, slice value)
{
	begin(writer);
	buffer_add(writer->out, value);
}

void json_put_uint(struct json_writer *writer, uint64_t number)
{
	begin(writer);
	buffer_number(writer->out, number);
}

void json_put_int(struct json_writer *writer, int64_t number)
{
	if (number >= 0) {
		json_put_uint(writer, (uint64_t)number);
		return;
	}
	begin(writer);
	buffer_byte(writer->out, '-');
	writer->comma = false;
	json_put_uint(writer, -(uint64_t)number);
}

void json_put_double(struct json_writer *writer, double number)
{
	char text[NUMBER_TEXT_BYTES];

	if (!isfinite(number)) {
		writer->out->failed = true;
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, number); /* 17 digits, sign, dot and exponent fit */
		if (strtod(text, NULL) == number)
			break;
	}
	json_put_raw(writer, slice_str(text));
}

void json_put_bool(struct json_writer *writer, bool truth)
{
	json_put_raw(writer, truth ? SLICE("true") : SLICE("false"));
}

void json_put_null(struct json_writer *writer)
{
	json_put_raw(writer, SLICE("null"));
}

/* As deep as the tree, which the reader bounded by JSON_DEPTH_MAX. */
void json_put_tree(struct json_writer *writer, const struct json *value)
{
	switch (value->kind) {
	case JSON_NULL:
		json_put_null(writer);
		break;
	case JSON_BOOL:
		json_put_bool(writer, value->truth);
		break;
	case JSON_NUMBER:
		json_put_raw(writer, value->text);
		break;
	case JSON_STRING:
		json_put_text(writer, value->text);
		break;
	case JSON_ARRAY:
		json_open_array(writer);
		JSON_EACH (item, value)
			json_put_tree(writer, item);
		json_close_array(writer);
		break;
	case JSON_OBJECT:
		json_open_object(writer);
		JSON_EACH (member, value) {
			json_put_name(writer, member->name);
			json_put_tree(writer, member);
		}
		json_close_object(writer);
		break;
	}
}

void json_pair_text(struct json_writer *writer, const char *name, slice text)
{
	json_put_name(writer, slice_str(name));
	json_put_text(writer, text);
}

void json_pair_int(struct json_writer *writer, const char *name, int64_t number)
{
	json_put_name(writer, slice_str(name));
	json_put_int(writer, number);
}

void json_pair_bool(struct json_writer *writer, const char *name, bool truth)
{
	json_put_name(writer, slice_str(name));
	json_put_bool(writer, truth);
}
