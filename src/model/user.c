#include "model/user.h"

#include "base/mem.h"
#include "crypto/digest.h"

/* Never changed: every user's id and every binding made for one hang on it. */
#define USER_LABEL "reeve user uid v1"
#define LENGTH_BYTES 8

static void digest_freep(struct digest **digest)
{
	*digest = digest_free(*digest);
}

slice issuer_normal(slice issuer)
{
	return slice_is(issuer, "accounts.google.com") ? SLICE("https://accounts.google.com") : issuer;
}

/* Its length in front, so that no two pairs of texts give the same bytes. */
static status add_prefixed(struct digest *digest, slice text)
{
	uint8_t length[LENGTH_BYTES];

	for (int i = 0; i < LENGTH_BYTES; i++)
		length[i] = (uint8_t)((uint64_t)text.len >> (8 * (LENGTH_BYTES - 1 - i)));
	TRY(digest_add(digest, slice_of(length, sizeof(length))));
	TRY(digest_add(digest, text));
	return OK;
}

status user_uid(slice issuer, slice subject, struct uid *ret_uid)
{
	CLEANUP(digest_freep) struct digest *digest = NULL;
	unsigned char bytes[SHA256_BYTES];

	TRY(digest_new(DIGEST_SHA256, &digest));
	TRY(add_prefixed(digest, SLICE(USER_LABEL)));
	TRY(add_prefixed(digest, issuer_normal(issuer)));
	TRY(add_prefixed(digest, subject));
	TRY(digest_end(digest, bytes));
	*ret_uid = uid_new_root(bytes);
	return OK;
}
