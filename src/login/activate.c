/*
 * activate: the consent to a code that a device shows (RFC 8628 section 3.3).
 *
 * The code is asked for only after sign-in, so that who guesses is known, and each account and each address has few tries:
 * with 20 letters and 8 places one waiting code is hit with a probability below 10^-9 in its life (docs/sign-in.md).
 */
#include "login/device.h"
#include "login/oauth.h"
#include "login/steps.h"
#include "service/invites.h"

#define USER_CODE_BYTES_MAX 32 /* as typed, with blanks and hyphens */
#define TRIES_MOST 10
#define TRIES_WINDOW_S 900

static const struct throttle_rule account_rule = { "activate account", TRIES_MOST, TRIES_WINDOW_S },
				  address_rule = { "activate address", TRIES_MOST, TRIES_WINDOW_S };

/* ---- before sign-in ---- */

static FALLIBLE begin(struct call *call, const Reeve__V1__ActivateRequest *in, Reeve__V1__Page *out)
{
	struct flow flow = { .stage = STAGE_CHOOSE, .goal = { .ending = END_DEVICE, .user_code = slice_str(in->user_code) } };

	if (flow.goal.user_code.len > USER_CODE_BYTES_MAX)
		return FAIL_FIELD("user_code", "is eight letters");
	TRY(flow_begin(call, &flow, out));
	return step_choose(call, &flow, out);
}

/* ---- typing it ---- */

static FALLIBLE show_form(struct call *call, const struct flow *flow, slice problem, Reeve__V1__Page *out)
{
	struct values *values = values_new(call->arena);
	bool is_known = false;
	slice account;

	TRY(word_person(call, &flow->person, &account));
	value_text(values, "title", SLICE("Enter the code"));
	value_text(values, "account", account);
	value_text(values, "flow", flow->id);
	value_text(values, "token", flow->token);
	value_text(values, "user_code", flow->goal.user_code);
	value_text(values, "problem", problem);
	TRY(people_known(call, &flow->person, &is_known));
	value_flag(values, "is_new", !is_known && flow->goal.invite.len == 0);
	value_flag(values, "invited", flow->goal.invite.len > 0);
	return show(call, PAGE_ACTIVATE, values, out);
}

FALLIBLE step_activate(struct call *call, struct flow *flow, slice problem, Reeve__V1__Page *out)
{
	flow->stage = STAGE_ACTIVATE;
	flow->parent = SLICE("");
	TRY(flow_begin(call, flow, out));
	return show_form(call, flow, problem, out);
}

static FALLIBLE may_try(struct call *call, const struct flow *flow)
{
	slice address = throttle_address(call->arena, call->peer);
	int64_t now_s = call_now_s(call);

	if (!throttle_try(shown_throttle(), &account_rule, flow->person.issuer, flow->person.subject, now_s) ||
	    !throttle_try(shown_throttle(), &address_rule, address, SLICE(""), now_s))
		return FAIL(FAULT_EXHAUSTED, "too many codes were tried; wait a quarter of an hour");
	return OK;
}

/* What is typed here goes before what was typed earlier, and that before what the device brought. */
static FALLIBLE take_invite(struct call *call, slice typed, const struct device_request *request, struct flow *flow,
			    slice *ret_problem)
{
	slice code = typed.len ? typed : flow->goal.invite.len ? flow->goal.invite : request->invite;
	struct invite invite = { 0 };

	*ret_problem = SLICE("");
	if (code.len == 0)
		return OK;
	TRY(step_find_invite(call, code, &flow->person, &invite, ret_problem));
	if (ret_problem->len)
		return OK;
	flow->goal.invite = code;
	return step_code_allowed(call, flow);
}

static FALLIBLE typed(struct call *call, const Reeve__V1__ActivateRequest *in, struct flow *flow, Reeve__V1__Page *out)
{
	struct device_request request = { 0 };
	slice problem = SLICE("");
	bool is_found = false;

	TRY(may_try(call, flow));
	flow->goal.user_code = show_cut(slice_str(in->user_code), USER_CODE_BYTES_MAX);
	TRY(device_find(call, flow->goal.user_code, &request, &is_found));
	if (!is_found)
		return show_form(call, flow, SLICE("No device waits with this code. Codes live for a quarter of an hour."),
				 out);
	TRY(take_invite(call, slice_trim(slice_str(in->invite)), &request, flow, &problem));
	if (problem.len)
		return show_form(call, flow, problem, out);
	TRY(flow_spend(call, flow, out));
	return step_confirm(call, flow, out);
}

status reeve_login_activate(struct call *call, const Reeve__V1__ActivateRequest *in, Reeve__V1__Page *out)
{
	struct flow flow = { 0 };

	ON_WORKER(call);
	if (!slice_is(call->browser.verb, "POST"))
		return begin(call, in, out);
	TRY(flow_load_form(call, slice_str(in->flow), slice_str(in->token), STAGE_ACTIVATE, &flow));
	return typed(call, in, &flow, out);
}

/* ---- consenting ---- */

static FALLIBLE find(struct call *call, const struct flow *flow, struct device_request *ret_request)
{
	bool is_found = false;

	TRY(device_find(call, flow->goal.user_code, ret_request, &is_found));
	return is_found ? OK : FAIL(FAULT_STATE, "no device waits with this code any more; start again there");
}

/* Signing in makes no account: the program learns who somebody is, and that is all. */
static FALLIBLE newcomer_fact(struct call *call, const struct flow *flow, struct values *values)
{
	bool is_known = false;

	TRY(people_known(call, &flow->person, &is_known));
	if (!is_known)
		show_fact(values, "Your account here",
			  SLICE("none yet: the program may do nothing until an owner of your organization lets you in. If you "
				"were given an invitation, cancel and begin again with it"));
	return OK;
}

FALLIBLE step_device_facts(struct call *call, const struct flow *flow, struct values *values)
{
	struct device_request request = { 0 };
	slice since;

	TRY(find(call, flow, &request));
	TRY(word_time(call, request.created_s * US_PER_S, &since));
	show_fact(values, "Program", goal_client(&(struct goal){ .client_id = request.client_id }));
	show_fact(values, "Calls itself", request.agent);
	show_fact(values, "At the address", request.peer);
	show_fact(values, "Since", since);
	show_fact(values, "Code", request.user_code);
	show_fact(values, "Will be able to do",
		  oauth_scope_has(request.scope, SLICE(OAUTH_SCOPE_REFRESH))
			  ? SLICE("whatever your account may do, until it signs out or is unused for 30 days")
			  : SLICE("whatever your account may do, for about an hour"));
	return flow->goal.invite.len ? word_invite(call, flow->goal.invite, values) : newcomer_fact(call, flow, values);
}

FALLIBLE step_device_finish(struct call *call, const struct flow *flow, bool is_yes, Reeve__V1__Page *out)
{
	struct device_request request = { 0 };

	TRY(find(call, flow, &request));
	TRY(device_decide(call, &request, is_yes ? &flow->person : NULL, flow->goal.invite));
	if (!is_yes)
		return step_done(call, SLICE("Nothing was given out"), SLICE("The device was refused."), SLICE(""), out);
	return step_done(call, SLICE("Your device is signed in"), SLICE("The program there goes on by itself."),
			 flow->goal.invite.len ? SLICE("Your invitation is accepted.") : SLICE(""), out);
}
