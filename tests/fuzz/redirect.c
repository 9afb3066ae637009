/*
 * redirect: where anybody would like a sign-in to end. What is taken is loopback or an origin of ours, to every reader of it,
 * and with an answer in its query it still is.
 */
#include "login/redirect.h"

#include <assert.h>
#include <string.h>

#include "fuzz.h"

static const slice origins[] = { { "https://console.example.com", 27 }, { "https://app.example.com:8443", 28 } };

static void check_plain(slice text)
{
	for (size_t i = 0; i < text.len; i++)
		assert(text.at[i] > 0x20 && text.at[i] < 0x7f && !strchr("\\#<>\"", text.at[i]));
}

/* A browser ends the authority at the first "/" or "?", and takes what stands before "@" in it for a user. */
static void check_origin(const struct redirect *redirect)
{
	static const char *const loopback[] = { "http://127.0.0.1", "http://[::1]", "http://localhost" };
	slice rest = slice_from(redirect->text, slice_find(redirect->text, '/') + 2), authority;
	size_t end = 0;
	bool is_known = false;

	while (end < rest.len && rest.at[end] != '/' && rest.at[end] != '?')
		end++;
	authority = slice_to(rest, end);
	assert(authority.len && slice_find(authority, '@') == authority.len);
	for (size_t i = 0; i < 3; i++)
		is_known = is_known || (redirect->is_loopback && slice_starts(redirect->text, slice_str(loopback[i])));
	assert(is_known || !redirect->is_loopback);
	assert(redirect->is_loopback || slice_starts(redirect->text, SLICE("https://")));
	assert(slice_starts(redirect->text, redirect->origin));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct redirect_pair pairs[] = { { "token", { "a+b/c==", 7 } }, { "state", { "x&y=z#", 6 } } };
	struct arena *arena = arena_new((size_t)1 << 20);
	struct redirect redirect, again;
	struct buffer answer;

	if (arena && !FAILED(redirect_parse(slice_of(data, size), origins, 2, "redirect", &redirect))) {
		check_plain(redirect.text);
		check_origin(&redirect);
		buffer_init(&answer, arena, (size_t)64 << 10);
		redirect_with(&redirect, pairs, 2, &answer);
		assert(!buffer_failed(&answer));
		check_plain(buffer_slice(&answer));
		/* What was near the longest that is taken is longer now. */
		if (buffer_slice(&answer).len <= REDIRECT_BYTES_MAX) {
			assert(!FAILED(redirect_parse(buffer_slice(&answer), origins, 2, "redirect", &again)));
			assert(slice_eq(again.origin, redirect.origin) && again.path.len);
			assert(slice_eq(again.path, redirect.path) || (redirect.path.len == 0 && slice_is(again.path, "/")));
			assert(again.is_loopback == redirect.is_loopback);
		}
	}
	arena = arena_free(arena);
	return 0;
}
