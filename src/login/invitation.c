/*
 * invitation: the page behind an invitation's link.
 */
#include "login/steps.h"

status reeve_login_invitation(struct call *call, const Reeve__V1__InvitationRequest *in, Reeve__V1__Page *out)
{
	static const struct throttle_rule rule = { "invitation", 60, 900 };
	struct flow flow = { .stage = STAGE_CHOOSE, .goal = { .ending = END_INVITE, .invite = slice_str(in->code) } };
	struct values *values = values_new(call->arena);

	ON_WORKER(call);
	if (flow.goal.invite.len > GOAL_TEXT_BYTES_MAX)
		return FAIL(FAULT_INVALID, "this is no invitation's code");
	if (!throttle_try(shown_throttle(), &rule, throttle_address(call->arena, call->peer), SLICE(""), call_now_s(call)))
		return FAIL(FAULT_EXHAUSTED, "too many invitations are looked at from this address; wait a quarter of an hour");
	TRY(word_invite(call, flow.goal.invite, values));
	TRY(flow_begin(call, &flow, out));
	value_text(values, "title", SLICE("You are invited"));
	value_text(values, "flow", flow.id);
	value_flag(values, "local", step_has_local(call));
	return show(call, PAGE_INVITE, values, out);
}
