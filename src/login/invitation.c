/*
 * invitation: the page behind an invitation's link, and codes of invitations that are typed on others.
 */
#include "login/steps.h"
#include "service/invites.h"

#define NONE "This is no invitation’s code. Copy it whole, as it was given to you."

FALLIBLE step_may_look(struct call *call)
{
	static const struct throttle_rule rule = { "invitation", 60, 900 };

	if (!throttle_try(shown_throttle(), &rule, throttle_address(call->arena, call->peer), SLICE(""), call_now_s(call)))
		return FAIL(FAULT_EXHAUSTED, "too many invitations are looked at from this address; wait a quarter of an hour");
	return OK;
}

FALLIBLE step_find_invite(struct call *call, slice code, const struct person *person, struct invite *ret_invite,
			  slice *ret_problem)
{
	status result = OK;
	char *text;

	*ret_problem = SLICE("");
	if (code.len > GOAL_TEXT_BYTES_MAX)
		*ret_problem = SLICE(NONE);
	else
		result = invite_find(call, code, ret_invite);
	if (!FAILED(result) && !ret_problem->len && person)
		result = invite_fits(call, code, person);
	if (result.fault == FAULT_INVALID) {
		*ret_problem = SLICE(NONE);
	} else if (result.fault == FAULT_STATE || result.fault == FAULT_ABSENT || result.fault == FAULT_DENIED) {
		text = arena_printf(call->arena, "The invitation cannot be accepted: %s.", report_current()->text);
		TRY_NEW(text);
		*ret_problem = slice_str(text);
	} else {
		return result;
	}
	report_clear(report_current());
	return OK;
}

status reeve_login_invitation(struct call *call, const Reeve__V1__InvitationRequest *in, Reeve__V1__Page *out)
{
	struct flow flow = { .stage = STAGE_CHOOSE, .goal = { .ending = END_INVITE, .invite = slice_str(in->code) } };
	struct values *values = values_new(call->arena);

	ON_WORKER(call);
	if (flow.goal.invite.len > GOAL_TEXT_BYTES_MAX)
		return FAIL(FAULT_INVALID, "this is no invitation's code");
	TRY(step_may_look(call));
	TRY(word_invite(call, flow.goal.invite, values));
	TRY(flow_begin(call, &flow, out));
	value_text(values, "title", SLICE("You are invited"));
	value_text(values, "flow", flow.id);
	value_flag(values, "local", step_has_local(call));
	return show(call, PAGE_INVITE, values, out);
}
