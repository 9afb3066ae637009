/* What looks at codes, for the files that accept them. */
#ifndef SERVICE_INVITES_IMPL_H
#define SERVICE_INVITES_IMPL_H

#include "service/invites.h"

#define INVITES_PER_ORGANIZATION_MAX 10000

/* A code as it was read; nothing of it is trusted but through the digest. */
struct invite_code {
	slice json, key_id, digest;
	struct uid group;
	int64_t expires_s;
};

/* The code's JSON, its key id and the expiry it claims. Nothing of it is trusted yet. INVALID_ARGUMENT names `code`. */
FALLIBLE invite_code_read(struct arena *arena, slice code, struct invite_code *ret_code);
/* Reads the code and finds its row; FAILED_PRECONDITION when it has expired. */
FALLIBLE invite_lookup(struct call *call, slice text, struct invite_code *ret_code, struct invite *ret_invite, bool *ret_found);
/* The mark a used single-use invite leaves; identity NULL: whoever used it. */
FALLIBLE invite_mark(struct call *call, const struct invite_code *code, const struct uid *identity, struct mark *ret_mark);
/* Why there is no row: used up or deleted. Never OK. */
FALLIBLE invite_gone(struct call *call, const struct invite_code *code);

#endif
