#include "base/yaml.h"

#include <yaml.h>

#include "base/buffer.h"

struct reader {
	struct arena *arena;
	yaml_parser_t parser;
	struct yaml_setting *settings;
	size_t count, cap;
};

static FALLIBLE refuse(const yaml_mark_t *mark, const char *what)
{
	return FAIL(FAULT_INVALID, "line %zu: %s", mark->line + 1, what);
}

static FALLIBLE next_event(struct reader *reader, yaml_event_t *event)
{
	if (!yaml_parser_parse(&reader->parser, event))
		return FAIL(FAULT_INVALID, "line %zu: %s", reader->parser.problem_mark.line + 1,
			    reader->parser.problem ? reader->parser.problem : "this is not YAML");
	return OK;
}

/* Anchors, tags and aliases have no meaning in a configuration. */
static FALLIBLE plain(const yaml_event_t *event)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (event->type == YAML_ALIAS_EVENT)
		return refuse(&event->start_mark, "aliases are not taken");
	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	}
	if (anchor || tag)
		return refuse(&event->start_mark, "anchors and tags are not taken");
	return OK;
}

static FALLIBLE add(struct reader *reader, slice key, const yaml_event_t *event, bool is_item)
{
	slice value = slice_of(event->data.scalar.value, event->data.scalar.length);
	struct yaml_setting *setting;

	if (reader->count == YAML_SETTINGS_MAX)
		return refuse(&event->start_mark, "too many settings");
	if (!slice_is_text(value))
		return refuse(&event->start_mark, "a value must be UTF-8 text without NUL");
	for (size_t i = 0; i < reader->count && !is_item; i++)
		if (slice_eq(reader->settings[i].key, key))
			return refuse(&event->start_mark, "this key was set before");
	if (reader->count == reader->cap) {
		size_t cap = reader->cap ? reader->cap * 2 : 32;
		struct yaml_setting *more = NEW_N(reader->arena, struct yaml_setting, cap);
		TRY_NEW(more);
		if (reader->count)
			memcpy(more, reader->settings, reader->count * sizeof(*more));
		reader->settings = more;
		reader->cap = cap;
	}
	setting = &reader->settings[reader->count];
	*setting = (struct yaml_setting){ .key = key,
					  .value = arena_copy(reader->arena, value),
					  .is_item = is_item,
					  .line = (unsigned)event->start_mark.line + 1 };
	TRY_NEW(setting->value.at);
	reader->count++;
	return OK;
}

static FALLIBLE read_list(struct reader *reader, slice key)
{
	for (size_t n = 0; n < YAML_SETTINGS_MAX; n++) {
		yaml_event_t event;
		yaml_event_type_t type;
		status result;

		TRY(next_event(reader, &event));
		type = event.type;
		result = plain(&event);
		if (!FAILED(result) && type == YAML_SCALAR_EVENT)
			result = add(reader, key, &event, true);
		else if (!FAILED(result) && type != YAML_SEQUENCE_END_EVENT)
			result = refuse(&event.start_mark, "a list holds plain values only");
		yaml_event_delete(&event);
		TRY(result);
		if (type == YAML_SEQUENCE_END_EVENT)
			return OK;
	}
	return FAIL(FAULT_INVALID, "a list is too long");
}

static FALLIBLE read_mapping(struct reader *reader, slice prefix, unsigned depth);

static FALLIBLE read_value(struct reader *reader, slice key, unsigned depth)
{
	yaml_event_t event;
	yaml_event_type_t type;
	status result;

	TRY(next_event(reader, &event));
	type = event.type;
	result = plain(&event);
	if (!FAILED(result) && type == YAML_SCALAR_EVENT)
		result = add(reader, key, &event, false);
	yaml_event_delete(&event);
	TRY(result);
	if (type == YAML_SEQUENCE_START_EVENT)
		return read_list(reader, key);
	if (type == YAML_MAPPING_START_EVENT)
		return read_mapping(reader, key, depth + 1);
	return OK;
}

/* Words joined by dots, of letters, digits, "-" and "_": so a key is written back as it was read. */
static bool is_key(slice key)
{
	bool in_word = false;

	for (size_t i = 0; i < key.len; i++) {
		char c = key.at[i];
		bool is_letter =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
		if (!is_letter && (c != '.' || !in_word))
			return false;
		in_word = is_letter;
	}
	return in_word;
}

static FALLIBLE read_mapping(struct reader *reader, slice prefix, unsigned depth)
{
	if (depth > YAML_DEPTH_MAX)
		return refuse(&reader->parser.mark, "nested too deep");
	for (size_t n = 0; n <= YAML_SETTINGS_MAX; n++) {
		yaml_event_t event;
		yaml_event_type_t type;
		char *key = NULL;
		status result;

		TRY(next_event(reader, &event));
		type = event.type;
		result = plain(&event);
		if (!FAILED(result) && type == YAML_SCALAR_EVENT &&
		    !is_key(slice_of(event.data.scalar.value, event.data.scalar.length)))
			result = refuse(&event.start_mark, "a key is made of letters, digits, - and _");
		if (!FAILED(result) && type == YAML_SCALAR_EVENT)
			key = arena_printf(reader->arena, "%.*s%s%.*s", SLICE_ARG(prefix), prefix.len ? "." : "",
					   (int)event.data.scalar.length, (const char *)event.data.scalar.value);
		else if (!FAILED(result) && type != YAML_MAPPING_END_EVENT)
			result = refuse(&event.start_mark, "a key must be a plain word");
		yaml_event_delete(&event);
		TRY(result);
		if (type == YAML_MAPPING_END_EVENT)
			return OK;
		TRY_NEW(key);
		TRY(read_value(reader, slice_str(key), depth));
	}
	return FAIL(FAULT_INVALID, "too many settings");
}

static FALLIBLE read_document(struct reader *reader)
{
	static const yaml_event_type_t tail[] = { YAML_DOCUMENT_END_EVENT, YAML_STREAM_END_EVENT };
	yaml_event_t event;
	yaml_event_type_t type;

	do { /* stream start, document start, then the mapping; or the end of an empty file */
		TRY(next_event(reader, &event));
		type = event.type;
		yaml_event_delete(&event);
		if (type == YAML_STREAM_END_EVENT)
			return OK;
	} while (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_START_EVENT);
	if (type != YAML_MAPPING_START_EVENT)
		return FAIL(FAULT_INVALID, "line 1: a configuration is a mapping of keys to values");
	TRY(read_mapping(reader, SLICE(""), 1));
	for (size_t i = 0; i < 2; i++) {
		TRY(next_event(reader, &event));
		type = event.type;
		yaml_event_delete(&event);
		if (type != tail[i])
			return FAIL(FAULT_INVALID, "line %zu: one document a file", reader->parser.mark.line + 1);
	}
	return OK;
}

FALLIBLE yaml_read(struct arena *arena, slice text, struct yaml_setting **ret_settings, size_t *ret_count)
{
	struct reader reader = { .arena = arena };
	status result;

	if (text.len > YAML_BYTES_MAX)
		return FAIL(FAULT_INVALID, "a configuration has at most %zu bytes", YAML_BYTES_MAX);
	if (!yaml_parser_initialize(&reader.parser))
		return FAIL(FAULT_EXHAUSTED, "no memory to read the configuration");
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text.at, text.len);
	result = read_document(&reader);
	yaml_parser_delete(&reader.parser);
	TRY(result);
	*ret_settings = reader.settings;
	*ret_count = reader.count;
	return OK;
}

/* The parts of a dotted key: how many of the first ones two keys share. */
static size_t shared_parts(slice a, slice b)
{
	size_t shared = 0;

	while (a.len && b.len) {
		slice head_a, head_b;
		bool more_a = slice_cut(a, '.', &head_a, &a), more_b = slice_cut(b, '.', &head_b, &b);
		if (!slice_eq(head_a, head_b) || !more_a || !more_b)
			break;
		shared++;
	}
	return shared;
}

/* Bytes at the start of `rest` that YAML reads as a line break or does not take as they are; 0 when there are none.
 * ret_code is the character they are: controls, NEL, the line and paragraph separators, the byte order mark. */
static size_t odd_character(slice rest, unsigned *ret_code)
{
	const unsigned char *at = (const unsigned char *)rest.at;

	*ret_code = at[0];
	if (at[0] < 0x20 || at[0] == 0x7f)
		return 1;
	if (rest.len > 1 && at[0] == 0xc2 && at[1] < 0xa0) {
		*ret_code = at[1];
		return 2;
	}
	if (rest.len > 2 && at[0] == 0xe2 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9)) {
		*ret_code = 0x2000u + (at[2] - 0x80u);
		return 3;
	}
	*ret_code = 0xfeff;
	return slice_starts(rest, SLICE("\xef\xbb\xbf")) ? 3 : 0;
}

static void write_scalar(struct buffer *into, slice value)
{
	buffer_byte(into, '"');
	while (value.len) {
		unsigned code;
		size_t len = odd_character(value, &code);
		if (len)
			buffer_printf(into, "\\u%04x", code);
		else if (value.at[0] == '"' || value.at[0] == '\\')
			buffer_printf(into, "\\%c", value.at[0]);
		else
			buffer_byte(into, value.at[0]);
		value = slice_from(value, len ? len : 1);
	}
	buffer_text(into, "\"\n");
}

/* Opens the levels of a key that the one before did not share; gives the indent of its last part. */
static size_t open_key(struct buffer *into, slice before, slice key)
{
	size_t level = 0, shared = shared_parts(before, key);
	slice head, rest = key;

	while (slice_cut(rest, '.', &head, &rest)) {
		if (level >= shared)
			buffer_printf(into, "%*s%.*s:\n", (int)level * 4, "", SLICE_ARG(head));
		level++;
	}
	buffer_printf(into, "%*s%.*s:", (int)level * 4, "", SLICE_ARG(head));
	return level * 4;
}

void yaml_write(struct buffer *into, const struct yaml_setting *settings, size_t count)
{
	slice before = SLICE("");
	size_t indent = 0;

	for (size_t i = 0; i < count; i++) {
		bool goes_on = settings[i].is_item && i && slice_eq(before, settings[i].key);
		if (!goes_on)
			indent = open_key(into, before, settings[i].key);
		if (settings[i].is_item)
			buffer_printf(into, "%s%*s- ", goes_on ? "" : "\n", (int)indent + 4, "");
		else
			buffer_byte(into, ' ');
		write_scalar(into, settings[i].value);
		before = settings[i].key;
	}
}
