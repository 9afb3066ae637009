/*
 * json: what is read can be written, and reading that gives the same value; whoever asks for numbers gets exact ones.
 */
#include <assert.h>

#include "base/buffer.h"
#include "base/json.h"
#include "fuzz.h"

#define ARENA_BYTES ((size_t)64 << 20)

static void check_value(const struct json *value)
{
	uint32_t count = 0;
	uint64_t unsigned_number;
	int64_t number;
	double rounded;
	slice text;

	assert(slice_is_text(value->name));
	assert(json_text(value, &text) == (value->kind == JSON_STRING));
	assert(value->kind != JSON_STRING || slice_is_text(text));
	if (json_int64(value, &number) && json_uint64(value, &unsigned_number))
		assert(number >= 0 && (uint64_t)number == unsigned_number);
	if (json_int64(value, &number) && json_double(value, &rounded))
		assert((double)number == rounded);
	for (const struct json *child = value->first; child; child = child->next) {
		count++;
		check_value(child);
	}
	assert(count == value->count);
}

static slice written(struct arena *arena, const struct json *value)
{
	struct json_writer writer;
	struct buffer out;

	buffer_init(&out, arena, ARENA_BYTES);
	json_writer_init(&writer, &out);
	json_put_tree(&writer, value);
	assert(!buffer_failed(&out));
	return buffer_slice(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	const struct json *value, *again;
	slice once;

	if (arena && size < 1 << 16 && !FAILED(json_parse(arena, slice_of(data, size), NULL, &value))) {
		check_value(value);
		once = written(arena, value);
		assert(!FAILED(json_parse(arena, once, NULL, &again)));
		assert(again->kind == value->kind && slice_eq(written(arena, again), once));
	}
	arena = arena_free(arena);
	return 0;
}
