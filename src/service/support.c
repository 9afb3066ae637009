#include "service/support.h"

#include "base/json.h"

#define LIST_BYTES_MAX ((size_t)64 * 1024)
#define TIME_LEAST_S INT64_C(-62135596800) /* year 1 */
#define TIME_MOST_S INT64_C(253402300799)  /* year 9999 */

FALLIBLE put_text(struct call *call, slice text, char **into)
{
	if (text.len == 0)
		return OK;
	*into = arena_text(call->arena, text);
	TRY_NEW(*into);
	return OK;
}

FALLIBLE put_uid(struct call *call, const struct uid *uid, char **into)
{
	if (uid_is_none(uid))
		return OK;
	*into = uid_text(uid, call->arena);
	TRY_NEW(*into);
	return OK;
}

ProtobufCBinaryData data_of(slice bytes)
{
	return (ProtobufCBinaryData){ .len = bytes.len, .data = (uint8_t *)(uintptr_t)bytes.at };
}

slice data_slice(ProtobufCBinaryData data)
{
	return slice_of(data.len ? (const char *)data.data : "", data.len);
}

FALLIBLE put_bytes(struct call *call, slice bytes, ProtobufCBinaryData *into)
{
	slice copy = arena_copy(call->arena, bytes);

	TRY_NEW(copy.at);
	*into = data_of(copy);
	return OK;
}

FALLIBLE put_time(struct call *call, int64_t at_us, Google__Protobuf__Timestamp **into)
{
	if (at_us == 0)
		return OK;
	TRY_MESSAGE(call, *into, google__protobuf__timestamp);
	(*into)->seconds = at_us / US_PER_S;
	(*into)->nanos = (int32_t)(at_us % US_PER_S) * 1000;
	if ((*into)->nanos < 0) {
		(*into)->nanos += 1000000000;
		(*into)->seconds--;
	}
	return OK;
}

FALLIBLE put_list(struct call *call, slice json, size_t *ret_count, char ***ret_texts)
{
	const struct json *tree;
	char **texts;
	size_t n = 0;

	*ret_count = 0;
	if (json.len == 0)
		return OK;
	TRY(json_parse(call->arena, json, NULL, &tree));
	texts = NEW_N(call->arena, char *, tree->count);
	TRY_NEW(texts);
	JSON_EACH (item, tree) {
		texts[n] = arena_text(call->arena, item->text);
		TRY_NEW(texts[n]);
		n++;
	}
	*ret_texts = texts;
	*ret_count = n;
	return OK;
}

FALLIBLE take_list(struct call *call, size_t count, char *const *texts, slice *ret_json)
{
	struct json_writer writer;
	struct buffer out;

	*ret_json = SLICE("");
	if (count == 0)
		return OK;
	buffer_init(&out, call->arena, LIST_BYTES_MAX);
	json_writer_init(&writer, &out);
	json_open_array(&writer);
	for (size_t i = 0; i < count; i++)
		json_put_text(&writer, slice_str(texts[i]));
	json_close_array(&writer);
	if (buffer_failed(&out))
		return FAIL(FAULT_INVALID, "a list is longer than %zu bytes", LIST_BYTES_MAX);
	*ret_json = buffer_slice(&out);
	return OK;
}

FALLIBLE take_time(const Google__Protobuf__Timestamp *time, const char *field, int64_t *ret_us)
{
	*ret_us = 0;
	if (!time)
		return OK;
	if (time->seconds < TIME_LEAST_S || time->seconds > TIME_MOST_S || time->nanos < 0 || time->nanos > 999999999)
		return FAIL_FIELD(field, "must be a time between the years 1 and 9999");
	*ret_us = time->seconds * US_PER_S + time->nanos / 1000;
	return OK;
}

FALLIBLE group_at(struct call *call, const struct uid *uid, unsigned list_bit, struct group *ret_group)
{
	struct group key = { .uid = *uid };
	bool found;

	TRY(row_find(call->tx, &table_groups, &key, ret_group, &found));
	return found ? OK : call_absent(call, "group", uid, list_bit);
}
