/*
 * discovery: another issuer's discovery document. What is taken names just the issuer that was asked, and its key set stands at
 * an absolute URL.
 */
#include <assert.h>

#include "base/json.h"
#include "crypto/jwks.h"
#include "fuzz.h"
#include "token/upstream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)4 << 20);
	slice body = slice_of(data, size), keys_url, named;
	const struct json *document;

	if (arena && !FAILED(discovery_read(arena, body, SLICE("https://issuer.test"), &keys_url))) {
		assert(!FAILED(json_parse_object(arena, body, NULL, &document)));
		assert(json_text(json_member(document, "issuer"), &named) && slice_is(named, "https://issuer.test"));
		assert(slice_starts(keys_url, SLICE("https://")) || slice_starts(keys_url, SLICE("http://")));
	}
	arena = arena_free(arena);
	return 0;
}
