/*
 * forgot: a person who lost their password asks for a link by mail.
 *
 * Promises  the answer and its time do not tell whether there is such an account; nobody is sent more than one letter in
 *           ACCOUNT_MAIL_AGAIN_S, and one address of the network asks FORGOT_MOST times in FORGOT_WINDOW_S.
 */
#include <pthread.h>

#include "handlers.gen.h"
#include "login/steps.h"
#include "login/throttle.h"
#include "reeve/v1/accounts.pb-c.h"
#include "service/accounts.h"

#define FORGOT_MOST 10
#define FORGOT_WINDOW_S 900

#define LOGIN_SHOWN_BYTES 200 /* of what was typed, on the form again */
#define HEADING "Look at your mail"
#define SENT "If there is an account with that address, a letter with a link is on its way to it."
#define DETAIL "The link works once, within a day. Nobody is written to again within a quarter of an hour."

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

static FALLIBLE need_mail(const struct call *call)
{
	return account_can_mail(call) ? OK
				      : FAIL_STATE("NO_MAIL", "this server sends no mail; ask one of its operators for a link");
}

/* ---- for programs ---- */

status reeve_accounts_mail_link(struct call *call, const Reeve__V1__MailLinkRequest *in, Google__Protobuf__Empty *out)
{
	slice login;

	(void)out;
	TRY(need_mail(call));
	TRY(account_login(call, slice_str(in->login), "login", &login));
	if (!call->may_block)
		return FAIL(FAULT_ELSEWHERE, "a link must be written down");
	TRY(check_often(call));
	return account_mail_link(call, login);
}

/* ---- in a browser ---- */

static FALLIBLE show_forgot(struct call *call, const struct flow *flow, slice login, slice problem, Reeve__V1__Page *out)
{
	struct values *values = values_new(call->arena);

	value_text(values, "title", SLICE("Forgot your password?"));
	value_text(values, "flow", flow->id);
	value_text(values, "token", flow->token);
	value_text(values, "login", show_cut(login, LOGIN_SHOWN_BYTES));
	value_text(values, "problem", problem);
	return show(call, PAGE_FORGOT, values, out);
}

/* The sign-in goes on: its flow is not spent, and the same answer comes for every address. */
status reeve_login_forgot(struct call *call, const Reeve__V1__ForgotRequest *in, Reeve__V1__Page *out)
{
	struct flow flow = { 0 };
	status result;
	slice login;

	ON_WORKER(call);
	TRY(step_need_local(call));
	TRY(need_mail(call));
	if (!slice_is(call->browser.verb, "POST")) {
		TRY(flow_load(call, slice_str(in->flow), STAGE_CHOOSE, &flow));
		return show_forgot(call, &flow, SLICE(""), SLICE(""), out);
	}
	TRY(flow_load_form(call, slice_str(in->flow), slice_str(in->token), STAGE_CHOOSE, &flow));
	result = account_login(call, slice_str(in->login), "login", &login);
	if (result.fault == FAULT_INVALID) {
		report_clear(report_current()); /* no account has such a name */
		return show_forgot(call, &flow, slice_str(in->login), SLICE("That is no e-mail address."), out);
	}
	TRY(result);
	TRY(check_often(call));
	TRY(account_mail_link(call, login));
	return step_done(call, SLICE(HEADING), SLICE(SENT), SLICE(DETAIL), out);
}
