/*
 * invite_code: what anybody shows as an invite. What is read names a place and a key, and blanks around it do not count.
 */
#include <assert.h>

#include "fuzz.h"
#include "service/invites_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)4 << 20);
	struct invite_code code, again;
	slice text = slice_of(data, size);

	if (arena && !FAILED(invite_code_read(arena, text, &code))) {
		assert(slice_trim(text).len <= INVITE_CODE_BYTES_MAX);
		assert(!uid_is_none(&code.group) && code.digest.len == 32 && code.json.len);
		assert(!FAILED(invite_code_read(arena, slice_trim(text), &again)));
		assert(slice_eq(again.digest, code.digest) && slice_eq(again.key_id, code.key_id));
		assert(uid_eq(&again.group, &code.group) && again.expires_s == code.expires_s);
	}
	arena = arena_free(arena);
	return 0;
}
