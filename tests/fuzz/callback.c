/*
 * callback: what knocks at the port where a browser is awaited. What is taken has a state and either a code or an error, and
 * nothing in it can move a terminal's cursor.
 */
#include "cli/callback.h"

#include <assert.h>

#include "fuzz.h"

static void check_text(slice text)
{
	for (size_t i = 0; i < text.len; i++)
		assert((unsigned char)text.at[i] >= 0x20 && text.at[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	struct callback callback;
	enum callback_kind kind = callback_read(arena, slice_of(data, size), 4711, &callback);

	if (kind == CALLBACK_READ) {
		const slice all[] = { callback.code, callback.state, callback.issuer, callback.error, callback.description };

		assert(callback.state.len > 0 && (callback.code.len > 0) != (callback.error.len > 0));
		for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
			check_text(all[i]);
	} else {
		assert((kind == CALLBACK_REFUSED) == (callback.http_status >= 400));
	}
	arena_free(arena);
	return 0;
}
