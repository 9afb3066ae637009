/*
 * code: OAuth's authorization codes at our own issuer (RFC 6749 section 4.1, RFC 7636 S256, RFC 9207).
 *
 * Promises  a request is checked whole before anything is shown; a code is sealed, lives 60 s, is good once, and only with the
 * client, redirect URI and verifier it was made for. Start at  authorize_read(), code_make(); the row /oauth2/token takes it.
 */
#ifndef LOGIN_CODE_H
#define LOGIN_CODE_H

#include "login/redirect.h"
#include "service/people.h"

#define CODE_LIFE_S 60
#define CODE_STATE_BYTES_MAX 512

/* A request for a code, as /oauth2/authorize got it. Slices as given. */
struct authorize {
	slice response_type, client_id, redirect_uri, state, nonce, scope, challenge, challenge_method;
};
/* INVALID_ARGUMENT names the parameter. *ret_may_answer: client and redirect target are sound, so that the error may be sent
 * there (RFC 6749 section 4.1.2.1), else it is shown as a page. */
FALLIBLE authorize_check(struct call *call, const struct authorize *in, struct redirect *ret_redirect, bool *ret_may_answer);
/* The code for this person. In the call's arena. */
FALLIBLE code_make(struct call *call, const struct authorize *in, const struct person *person, slice *ret_code);

#endif
