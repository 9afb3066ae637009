/*
 * uid: an id has one text; capability sets and page tokens from strangers are refused or mean one thing.
 */
#include <assert.h>

#include "fuzz.h"
#include "model/caps.h"
#include "model/page.h"
#include "model/uid.h"

static void check_uid(slice text)
{
	char again[UID_TEXT_BYTES];
	struct uid uid, other, parent;

	if (uid_of_bytes(text, &other))
		assert(slice_eq(uid_bytes(&other), text));
	if (!uid_parse(text, &uid))
		return;
	uid_format(&uid, again);
	assert(slice_is(text, again) && uid.len <= UID_BYTES_MAX);
	parent = uid_parent(&uid);
	assert(uid_is_none(&parent) == uid_is_root(&uid));
	assert(uid_is_none(&parent) || (uid_covers(&parent, &uid) && !uid_covers(&uid, &parent)));
}

static void check_caps(slice text)
{
	char encoded[CAPS_TEXT_BYTES];
	struct caps caps, again;

	if (!caps_decode(text, &caps))
		return;
	for (unsigned bit = 0; bit < CAPS_BITS; bit++)
		assert(!caps_has(&caps, bit) || (cap_by_bit(bit) && bit < CAPS_OWN_FIRST));
	caps_encode(&caps, encoded);
	assert(caps_decode(slice_str(encoded), &again) && memcmp(&caps, &again, sizeof(caps)) == 0);
}

/* Nobody without the key makes a token that is taken. */
static void check_page(struct arena *arena, slice text)
{
	static const uint8_t key[PAGE_KEY_BYTES] = { 7 };
	struct page_scope scope = { .method = SLICE("iam.v2.groups.list_groups"), .filter = SLICE("") };
	struct page_cursor cursor;
	bool has_cursor = false;

	if (!FAILED(page_read(key, &scope, text, 1800000000, arena, &cursor, &has_cursor)))
		assert(text.len == 0 || !has_cursor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)1 << 20);

	check_uid(slice_of(data, size));
	check_caps(slice_of(data, size));
	if (arena)
		check_page(arena, slice_of(data, size));
	arena = arena_free(arena);
	return 0;
}
