/*
 * yaml: settings that were read come back when they are written and read again.
 */
#include <assert.h>

#include "base/buffer.h"
#include "base/yaml.h"
#include "fuzz.h"

static void read_again(struct arena *arena, const struct yaml_setting *settings, size_t count)
{
	struct yaml_setting *again;
	struct buffer out;
	size_t again_count;

	buffer_init(&out, arena, (size_t)1 << 20);
	yaml_write(&out, settings, count);
	if (buffer_failed(&out) || FAILED(yaml_read(arena, buffer_slice(&out), &again, &again_count)))
		return; /* equal prefixes that were not adjacent in the input are not, either */
	assert(again_count == count);
	for (size_t i = 0; i < count; i++)
		assert(slice_eq(again[i].key, settings[i].key) && slice_eq(again[i].value, settings[i].value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)8 << 20);
	struct yaml_setting *settings;
	size_t count;

	if (arena && !FAILED(yaml_read(arena, slice_of(data, size), &settings, &count))) {
		assert(count <= YAML_SETTINGS_MAX);
		for (size_t i = 0; i < count; i++)
			assert(settings[i].key.len > 0 && slice_is_text(settings[i].key));
		read_again(arena, settings, count);
	}
	arena = arena_free(arena);
	return 0;
}
