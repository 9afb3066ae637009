/* What the inside of an authorization code says; for code.c and the fuzzer. */
#ifndef LOGIN_CODE_IMPL_H
#define LOGIN_CODE_IMPL_H

#include "base/buffer.h"
#include "login/oauth.h"

struct coded {
	struct grant grant;
	slice redirect_uri, challenge, nonce;
	int64_t expires_s;
};
/* One JSON object. */
FALLIBLE coded_write(const struct coded *coded, struct buffer *out);
/* Views into the text. FAULT_LOST when it is none. */
FALLIBLE coded_read(struct arena *arena, slice text, struct coded *ret_coded);

#endif
