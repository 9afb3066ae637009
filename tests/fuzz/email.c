/*
 * email: what anybody calls an e-mail address. What is taken has one "@", can stand between angle brackets of a letter's header
 * as it is, and is its own canonical form.
 */
#include "model/email.h"

#include <assert.h>
#include <string.h>

#include "fuzz.h"

static void check(struct arena *arena, slice email)
{
	slice again, local, domain;

	assert(slice_cut(email, '@', &local, &domain) && local.len && domain.len);
	assert(slice_find(domain, '@') == domain.len);
	for (size_t i = 0; i < email.len; i++) {
		char c = email.at[i];
		assert(c > 0x20 && c < 0x7f && !(c >= 'A' && c <= 'Z') && !strchr("<>,;:\"()[]\\", c));
	}
	assert(!FAILED(email_canonical(arena, email, "email", &again)) && slice_eq(again, email));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	slice email;

	if (arena && !FAILED(email_canonical(arena, slice_of(data, size), "email", &email))) {
		assert(email.len == size);
		check(arena, email);
	}
	arena = arena_free(arena);
	return 0;
}
