/*
 * config: whatever the file holds, a value that was taken is within its row's bounds.
 */
#include <assert.h>

#include "fuzz.h"
#include "server/config.h"

static void check(const struct config *config)
{
#define TEXT(field, key, when, text, help) assert(slice_is_text(config->field));
#define LIST(field, key, when, help) assert(config->field.count <= CONFIG_LIST_MAX);
#define NUMBER(field, key, when, number, least, most, help) assert(config->field >= (least) && config->field <= (most));
#define SECONDS(field, key, when, number, least, most, help) assert(config->field >= (least) && config->field <= (most));
#define BYTES(field, key, when, number, least, most, help) assert(config->field >= (least) && config->field <= (most));
#define FLAG(field, key, when, flag, help) assert(config->field == true || config->field == false);
#define CHOICE(field, key, when, text, choices, help) assert(config->field.len > 0);
#define SECRET(field, key, when, help) assert(config->field.len == 0);
#include "config.def"
#undef TEXT
#undef LIST
#undef NUMBER
#undef SECONDS
#undef BYTES
#undef FLAG
#undef CHOICE
#undef SECRET
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)8 << 20);
	struct config config;

	if (arena && !FAILED(config_read_text(arena, slice_of(data, size), &config)))
		check(&config);
	arena = arena_free(arena);
	return 0;
}
