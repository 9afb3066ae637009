/*
 * headless_code: what anybody shows as the public key of a program elsewhere. What is taken is the one text of its key, and
 * something can be sealed for it.
 */
#include <assert.h>

#include "base/encode.h"
#include "fuzz.h"
#include "service/headless.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t key[AGREE_KEY_BYTES];
	char text[BASE64_TEXT_BYTES(AGREE_KEY_BYTES)];
	struct secret ours = { .len = AGREE_KEY_BYTES, .bytes = { 1, 2, 3 } }, shared = { 0 };

	if (!FAILED(headless_key(slice_of(data, size), "code", key))) {
		slice again = slice_of(text, base64_encode_into(BASE64_URL, slice_of(key, sizeof(key)), text));

		assert(slice_eq(again, slice_of(data, size)));
		assert(!FAILED(agree_secret(&ours, slice_of(key, sizeof(key)), &shared)));
	}
	return 0;
}
