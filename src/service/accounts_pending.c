/*
 * accounts_pending: what accounts.h and provider.h promise the sign-in pages and nobody has written yet refuses here. Weak:
 * whoever writes one replaces it; gone when all are there.
 */
#include "service/accounts.h"
#include "service/provider.h"

#define PENDING __attribute__((weak))
#define NOT_YET FAIL(FAULT_UNIMPLEMENTED, "%s is not implemented", __func__)

PENDING FALLIBLE account_login(struct call *call, slice login, const char *field, slice *ret_login)
{
	(void)call, (void)login, (void)field, (void)ret_login;
	return NOT_YET;
}

PENDING FALLIBLE account_check(struct call *call, slice login, slice password, struct person *ret_person, bool *ret_ok)
{
	(void)call, (void)login, (void)password, (void)ret_person, (void)ret_ok;
	return NOT_YET;
}

PENDING FALLIBLE account_reset_find(struct call *call, slice link_secret, slice *ret_login)
{
	(void)call, (void)link_secret, (void)ret_login;
	return NOT_YET;
}

PENDING FALLIBLE account_set_password(struct call *call, slice link_secret, slice password)
{
	(void)call, (void)link_secret, (void)password;
	return NOT_YET;
}

PENDING FALLIBLE account_from_invite(struct call *call, slice invite_code, slice login, slice name, slice password,
				     struct person *ret_person)
{
	(void)call, (void)invite_code, (void)login, (void)name, (void)password, (void)ret_person;
	return NOT_YET;
}

PENDING FALLIBLE provider_find(struct call *call, slice id_or_name, struct provider *ret_provider, slice *ret_secret)
{
	(void)call, (void)id_or_name, (void)ret_provider, (void)ret_secret;
	return NOT_YET;
}
