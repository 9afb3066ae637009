/*
 * people_pending: what people.h promises and nobody has written yet refuses here. Weak: whoever writes one replaces it; gone
 * when all are there.
 */
#include "service/people.h"

#define PENDING __attribute__((weak))
#define NOT_YET FAIL(FAULT_UNIMPLEMENTED, "%s is not implemented", __func__)

PENDING FALLIBLE people_session(struct call *call, slice login_token, const struct people_want *want, slice *ret_refresh_token)
{
	(void)call, (void)login_token, (void)want, (void)ret_refresh_token;
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
