/*
 * refresh_token: what anybody presents as one, before it is compared with the one of ours that would say the same. What is
 * read lies within bounds, and written again it reads the same.
 */
#include <assert.h>

#include "base/encode.h"
#include "base/json.h"
#include "fuzz.h"
#include "service/families_impl.h"

static slice write_again(struct arena *arena, const struct refresh_content *content)
{
	struct json_writer writer;
	struct buffer json, text;

	buffer_init(&json, arena, (size_t)1 << 16);
	json_writer_init(&writer, &json);
	json_open_object(&writer);
	json_pair_text(&writer, "sub", content->subject);
	json_pair_text(&writer, "aud", content->client_id);
	json_pair_text(&writer, "fam", content->family);
	json_pair_int(&writer, "iat", content->issued_s);
	json_pair_int(&writer, "exp", content->expires_s);
	json_pair_int(&writer, "gen", content->generation);
	json_close_object(&writer);
	buffer_init(&text, arena, (size_t)1 << 16);
	base64_encode(&text, BASE64_STANDARD, buffer_slice(&json));
	assert(!buffer_failed(&json) && !buffer_failed(&text));
	return buffer_slice(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)4 << 20);
	struct refresh_content content, again;
	slice text;

	if (arena && !FAILED(refresh_content_read(arena, slice_of(data, size), &content))) {
		assert(size > 0 && size <= REFRESH_TOKEN_BYTES_MAX);
		text = write_again(arena, &content);
		/* Escapes may make it longer than a token may be. */
		if (text.len <= REFRESH_TOKEN_BYTES_MAX) {
			assert(!FAILED(refresh_content_read(arena, text, &again)));
			assert(slice_eq(again.subject, content.subject) && slice_eq(again.client_id, content.client_id));
			assert(slice_eq(again.family, content.family) && again.generation == content.generation);
			assert(again.issued_s == content.issued_s && again.expires_s == content.expires_s);
		}
	}
	arena = arena_free(arena);
	return 0;
}
