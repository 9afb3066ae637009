/*
 * people_pending: what people.h promises and nobody has written yet refuses here. Weak: whoever writes one replaces it; gone
 * when all are there.
 */
#include "service/people.h"

#define PENDING __attribute__((weak))
#define NOT_YET FAIL(FAULT_UNIMPLEMENTED, "%s is not implemented", __func__)

PENDING FALLIBLE people_login_token(struct call *call, const struct person *person, slice client_id, slice *ret_token)
{
	(void)call, (void)person, (void)client_id, (void)ret_token;
	return NOT_YET;
}

PENDING FALLIBLE people_register(struct call *call, slice login_token, slice invite_code, struct registered *ret_registered)
{
	(void)call, (void)login_token, (void)invite_code, (void)ret_registered;
	return NOT_YET;
}

PENDING FALLIBLE people_known(struct call *call, const struct person *person, bool *ret_known)
{
	(void)call, (void)person, (void)ret_known;
	return NOT_YET;
}

PENDING FALLIBLE people_exchange(struct call *call, slice login_token, const struct people_want *want, slice *ret_token)
{
	(void)call, (void)login_token, (void)want, (void)ret_token;
	return NOT_YET;
}

PENDING FALLIBLE people_session(struct call *call, slice login_token, const struct people_want *want, slice *ret_refresh_token)
{
	(void)call, (void)login_token, (void)want, (void)ret_refresh_token;
	return NOT_YET;
}

PENDING FALLIBLE people_code_allowed(struct call *call, const struct person *person, bool *ret_allowed)
{
	(void)call, (void)person, (void)ret_allowed;
	return NOT_YET;
}

PENDING FALLIBLE people_use_once(struct call *call, const char *label, slice value, int64_t expires_s, bool *ret_is_first)
{
	(void)call, (void)label, (void)value, (void)expires_s, (void)ret_is_first;
	return NOT_YET;
}

PENDING FALLIBLE people_headless_check(struct call *call, slice headless_code)
{
	(void)call, (void)headless_code;
	return NOT_YET;
}

PENDING FALLIBLE people_handover(struct call *call, slice headless_code, slice login_token)
{
	(void)call, (void)headless_code, (void)login_token;
	return NOT_YET;
}
