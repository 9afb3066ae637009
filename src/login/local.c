/*
 * local: accounts of this server: signing in with a password, making an account by an invitation, setting a password by a link.
 */
#include "login/guess.h"
#include "login/steps.h"
#include "service/accounts.h"

#define SHOWN_BYTES_MAX 200 /* of what was typed, on the form again */
#define WRONG "The e-mail address or the password is not right."
#define TOO_MANY "Too many tries. Wait a quarter of an hour, or use a browser in which you signed in before."
#define TOO_BUSY "Many people sign in at this moment. Try again."

/* ---- signing in ---- */

/* False, and the page shows why, when that was not it. */
static FALLIBLE check(struct call *call, const Reeve__V1__LocalRequest *in, struct flow *flow, bool *ret_ok, slice *ret_problem,
		      Reeve__V1__Page *out)
{
	slice login;
	bool may = false;
	status result;

	*ret_ok = false;
	*ret_problem = SLICE(WRONG);
	result = account_login(call, slice_str(in->login), "login", &login);
	if (result.fault == FAULT_INVALID) {
		report_clear(report_current()); /* no account has such a name */
		return OK;
	}
	TRY(result);
	TRY(guess_may(call, login, &may));
	if (!may) {
		*ret_problem = SLICE(TOO_MANY);
		out->status = fault_row(FAULT_EXHAUSTED)->http_status;
		return OK;
	}
	result = account_check(call, login, slice_str(in->password), &flow->person, ret_ok);
	if (result.fault == FAULT_EXHAUSTED) {
		report_clear(report_current());
		*ret_problem = SLICE(TOO_BUSY);
		out->status = fault_row(FAULT_UNAVAILABLE)->http_status;
		return OK;
	}
	TRY(result);
	return *ret_ok ? guess_right(call, login, out) : OK;
}

static FALLIBLE sign_in(struct call *call, const Reeve__V1__LocalRequest *in, struct flow *flow, Reeve__V1__Page *out)
{
	slice problem;
	bool is_right = false;

	TRY(check(call, in, flow, &is_right, &problem, out));
	if (!is_right)
		return step_local(call, flow, show_cut(slice_str(in->login), SHOWN_BYTES_MAX), problem, out);
	TRY(flow_spend(call, flow, out));
	flow->by_password = true;
	return step_signed_in(call, flow, out);
}

status reeve_login_local(struct call *call, const Reeve__V1__LocalRequest *in, Reeve__V1__Page *out)
{
	struct flow flow = { 0 };

	ON_WORKER(call);
	TRY(step_need_local(call));
	if (!slice_is(call->browser.verb, "POST")) {
		TRY(flow_load(call, slice_str(in->flow), STAGE_CHOOSE, &flow));
		return step_local(call, &flow, SLICE(""), SLICE(""), out);
	}
	TRY(flow_load_form(call, slice_str(in->flow), slice_str(in->token), STAGE_CHOOSE, &flow));
	return goal_answer(call, &flow.goal, sign_in(call, in, &flow, out), out);
}

/* ---- an account by an invitation ---- */

static FALLIBLE show_join(struct call *call, const struct flow *flow, const Reeve__V1__JoinRequest *in, slice problem,
			  Reeve__V1__Page *out)
{
	struct values *values = values_new(call->arena);

	value_text(values, "title", SLICE("Make an account"));
	value_text(values, "heading", SLICE("Make an account with a password"));
	value_text(values, "action", SLICE("/sign-in/new"));
	value_text(values, "flow", flow->id);
	value_text(values, "token", flow->token);
	value_flag(values, "is_new", true);
	value_text(values, "name", show_cut(slice_str(in->name), SHOWN_BYTES_MAX));
	value_text(values, "login", show_cut(slice_str(in->login), SHOWN_BYTES_MAX));
	value_text(values, "problem", problem);
	TRY(goal_allow_target(call, &flow->goal, out));
	return show(call, PAGE_PASSWORD, values, out);
}

/* What a person can mend themselves, or by a second try, is said on the form again. */
static FALLIBLE again(struct call *call, status result, slice *ret_problem, Reeve__V1__Page *out)
{
	slice text = slice_str(report_current()->text);
	size_t colon;

	if (result.fault != FAULT_INVALID && result.fault != FAULT_EXISTS && result.fault != FAULT_EXHAUSTED)
		return result;
	while (report_current()->field[0] && (colon = slice_find(text, ':')) + 2 < text.len)
		text = slice_from(text, colon + 2); /* "Invalid argument: password: …" */
	*ret_problem = result.fault == FAULT_EXHAUSTED ? SLICE(TOO_BUSY) : arena_copy(call->arena, text);
	TRY_NEW(ret_problem->at);
	if (result.fault == FAULT_EXHAUSTED)
		out->status = fault_row(FAULT_UNAVAILABLE)->http_status;
	report_clear(report_current());
	return OK;
}

static FALLIBLE join(struct call *call, const Reeve__V1__JoinRequest *in, struct flow *flow, Reeve__V1__Page *out)
{
	static const struct throttle_rule rule = { "join", 20, GUESS_WINDOW_S };
	slice address = throttle_address(call->arena, call->peer), problem;
	status result;

	if (!throttle_try(shown_throttle(), &rule, address, SLICE(""), call_now_s(call)))
		return FAIL(FAULT_EXHAUSTED, "too many accounts are made at this address; wait a quarter of an hour");
	result = account_from_invite(call, flow->goal.invite, slice_str(in->login), slice_str(in->name),
				     slice_str(in->password), &flow->person);
	if (FAILED(result)) {
		TRY(again(call, result, &problem, out));
		return show_join(call, flow, in, problem, out);
	}
	TRY(flow_spend(call, flow, out));
	flow->by_password = true;
	return step_signed_in(call, flow, out);
}

status reeve_login_join(struct call *call, const Reeve__V1__JoinRequest *in, Reeve__V1__Page *out)
{
	struct flow flow = { 0 };
	bool is_form = slice_is(call->browser.verb, "POST");

	ON_WORKER(call);
	TRY(step_need_local(call));
	if (is_form)
		TRY(flow_load_form(call, slice_str(in->flow), slice_str(in->token), STAGE_CHOOSE, &flow));
	else
		TRY(flow_load(call, slice_str(in->flow), STAGE_CHOOSE, &flow));
	if (flow.goal.invite.len == 0)
		return FAIL(FAULT_DENIED,
			    "an account is made with an invitation; ask an owner of the organization, or an operator, "
			    "for one");
	if (!is_form)
		return show_join(call, &flow, in, SLICE(""), out);
	return goal_answer(call, &flow.goal, join(call, in, &flow, out), out);
}

/* ---- a password by a one-time link ---- */

static FALLIBLE show_password(struct call *call, const struct flow *flow, slice problem, Reeve__V1__Page *out)
{
	struct values *values = values_new(call->arena);
	slice login;

	TRY(account_reset_find(call, flow->link, &login));
	value_text(values, "title", SLICE("Set your password"));
	value_text(values, "heading", SLICE("Set your password"));
	value_text(values, "action", SLICE("/sign-in/password"));
	value_text(values, "flow", flow->id);
	value_text(values, "token", flow->token);
	value_flag(values, "is_new", false);
	value_text(values, "login", login);
	value_text(values, "problem", problem);
	return show(call, PAGE_PASSWORD, values, out);
}

static FALLIBLE follow_link(struct call *call, slice link, Reeve__V1__Page *out)
{
	static const struct throttle_rule rule = { "link", 30, GUESS_WINDOW_S };
	struct flow flow = { .stage = STAGE_PASSWORD, .link = link };
	slice login;

	if (!throttle_try(shown_throttle(), &rule, throttle_address(call->arena, call->peer), SLICE(""), call_now_s(call)))
		return FAIL(FAULT_EXHAUSTED, "too many links are tried at this address; wait a quarter of an hour");
	TRY(account_reset_find(call, link, &login));
	TRY(flow_begin(call, &flow, out));
	return show_password(call, &flow, SLICE(""), out);
}

status reeve_login_password(struct call *call, const Reeve__V1__PasswordRequest *in, Reeve__V1__Page *out)
{
	struct flow flow = { 0 };
	slice problem;
	status result;

	ON_WORKER(call);
	TRY(step_need_local(call));
	if (!slice_is(call->browser.verb, "POST"))
		return follow_link(call, slice_str(in->link), out);
	TRY(flow_load_form(call, slice_str(in->flow), slice_str(in->token), STAGE_PASSWORD, &flow));
	result = account_set_password(call, flow.link, slice_str(in->password));
	if (FAILED(result)) {
		TRY(again(call, result, &problem, out));
		return show_password(call, &flow, problem, out);
	}
	TRY(flow_spend(call, &flow, out));
	return step_done(call, SLICE("Your password is set"), SLICE("Sign in with it from now on."),
			 SLICE("Sessions that were open with the old one have ended."), out);
}
