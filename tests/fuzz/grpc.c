/*
 * grpc: a frame taken holds exactly its message; an error's text comes back from its encoding; timeouts are never negative.
 */
#include <assert.h>

#include "base/encode.h"
#include "fuzz.h"
#include "http/grpc.h"

#define INPUT_BYTES 65536

static void check_frame(struct arena *arena, slice body)
{
	slice message, again;
	struct buffer out;

	if (FAILED(grpc_decode(body, INPUT_BYTES, &message)))
		return;
	assert(message.len == body.len - GRPC_PREFIX_BYTES && message.at == body.at + GRPC_PREFIX_BYTES);
	buffer_init(&out, arena, 2 * INPUT_BYTES);
	grpc_begin(&out);
	buffer_add(&out, message);
	grpc_end(&out);
	assert(!FAILED(grpc_decode(buffer_slice(&out), INPUT_BYTES, &again)) && slice_eq(message, again));
	assert(slice_eq(buffer_slice(&out), body));
}

static void check_error(struct arena *arena, slice text)
{
	struct http_response response;
	slice encoded = SLICE(""), decoded;

	if (FAILED(grpc_error(arena, 13, text, text, NULL, 0, &response)))
		return;
	for (size_t i = 0; i < response.header_count; i++) {
		for (size_t k = 0; k < response.headers[i].value.len; k++)
			assert(response.headers[i].value.at[k] >= 0x20 && response.headers[i].value.at[k] <= 0x7e);
		if (slice_is(response.headers[i].name, "grpc-message"))
			encoded = response.headers[i].value;
	}
	if (text.len <= GRPC_MESSAGE_BYTES && slice_is_text(text)) {
		assert(!FAILED(percent_decode(arena, PERCENT_MESSAGE, encoded, &decoded)));
		assert(slice_eq(decoded, text));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	slice in = slice_of((const char *)data, size);
	struct arena *arena = arena_new((size_t)4 << 20);
	int64_t timeout_us;

	if (arena && size <= INPUT_BYTES) {
		check_frame(arena, in);
		check_error(arena, in);
		if (grpc_timeout_parse(in, &timeout_us))
			assert(timeout_us >= 0 && in.len >= 2 && in.len <= 9);
		(void)grpc_is_proto(in); /* must only not crash */
	}
	arena = arena_free(arena);
	return 0;
}
