/*
 * code: the inside of an authorization code. It is read only after it was opened, but a reader that trusts what was sealed is
 * one mistake away from a stranger: what is taken says who signed in, and written again it reads the same.
 */
#include <assert.h>

#include "fuzz.h"
#include "login/code_impl.h"

static void same(slice a, slice b)
{
	assert(slice_eq(a, b));
}

static void check(struct arena *arena, const struct coded *coded)
{
	struct buffer text;
	struct coded again;

	assert(coded->grant.person.issuer.len && coded->grant.person.subject.len);
	buffer_init(&text, arena, (size_t)1 << 20);
	assert(!FAILED(coded_write(coded, &text)));
	assert(!FAILED(coded_read(arena, buffer_slice(&text), &again)));
	assert(again.expires_s == coded->expires_s);
	assert(again.grant.person.email_is_verified == coded->grant.person.email_is_verified);
	assert(uid_eq(&again.grant.person.confined_to, &coded->grant.person.confined_to));
	same(again.redirect_uri, coded->redirect_uri);
	same(again.challenge, coded->challenge);
	same(again.grant.client_id, coded->grant.client_id);
	same(again.grant.person.subject, coded->grant.person.subject);
	same(again.grant.person.groups, coded->grant.person.groups);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)8 << 20);
	struct coded coded;

	if (arena && size < 65536 && !FAILED(coded_read(arena, slice_of(data, size), &coded)))
		check(arena, &coded);
	arena = arena_free(arena);
	return 0;
}
