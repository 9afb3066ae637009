/*
 * forgot: a person who lost their password asks for a link by mail.
 *
 * Promises  the answer and its time do not tell whether there is such an account; nobody is sent more than one letter in
 *           ACCOUNT_MAIL_AGAIN_S, and one address of the network asks FORGOT_MOST times in FORGOT_WINDOW_S.
 */
#include <pthread.h>

#include "handlers.gen.h"
#include "login/throttle.h"
#include "reeve/v1/accounts.pb-c.h"
#include "service/accounts.h"

#define FORGOT_MOST 10
#define FORGOT_WINDOW_S 900

static struct throttle *throttle;
static pthread_once_t throttle_once = PTHREAD_ONCE_INIT;

static void open_throttle(void)
{
	throttle = throttle_new();
}

static FALLIBLE check_often(struct call *call)
{
	static const struct throttle_rule rule = { "accounts.forgot", FORGOT_MOST, FORGOT_WINDOW_S };

	(void)pthread_once(&throttle_once, open_throttle); /* cannot fail with these arguments */
	if (!throttle)
		return FAIL(FAULT_EXHAUSTED, "no memory to count tries");
	if (!throttle_try(throttle, &rule, throttle_address(call->arena, call->peer), SLICE(""), call_now_s(call)))
		return FAIL(FAULT_EXHAUSTED, "too many links were asked for from here; try again in a quarter of an hour");
	return OK;
}

status reeve_accounts_mail_link(struct call *call, const Reeve__V1__MailLinkRequest *in, Google__Protobuf__Empty *out)
{
	slice login;

	(void)out;
	if (!account_can_mail(call))
		return FAIL_STATE("NO_MAIL", "this server sends no mail; ask one of its operators for a link");
	TRY(account_login(call, slice_str(in->login), "login", &login));
	if (!call->may_block)
		return FAIL(FAULT_ELSEWHERE, "a link must be written down");
	TRY(check_often(call));
	return account_mail_link(call, login);
}
