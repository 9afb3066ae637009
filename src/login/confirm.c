/*
 * confirm: what is about to happen, shown to whoever signed in, and their answer.
 */
#include "login/oauth.h"
#include "login/steps.h"
#include "service/invites.h"

/* ---- the page ---- */

static FALLIBLE target_fact(struct call *call, const struct goal *goal, struct values *values)
{
	struct redirect redirect;
	char *text;

	if (goal->ending != END_REDIRECT && goal->ending != END_CODE)
		return OK;
	TRY(goal_target(call, goal, &redirect));
	text = redirect.is_loopback ? arena_printf(call->arena, "a program on this machine (%.*s)", SLICE_ARG(redirect.origin))
				    : arena_text(call->arena, redirect.origin);
	TRY_NEW(text);
	show_fact(values, "Goes to", slice_str(text));
	return OK;
}

static FALLIBLE audience_fact(struct call *call, const struct goal *goal, struct values *values)
{
	const slice *audiences;
	size_t count;

	if (goal->ending != END_REDIRECT)
		return OK;
	TRY(goal_audiences(call, goal, &audiences, &count));
	for (size_t i = 0; i < count; i++)
		show_fact(values, i == 0 ? "Valid at" : "And at", audiences[i]);
	return OK;
}

static slice warning_of(const struct goal *goal)
{
	switch (goal->ending) {
	case END_HEADLESS:
		return SLICE(
			"A program on another machine gets a sign-in as you. Go on only if that machine is yours and shows "
			"this very key. If somebody sent you the link, cancel.");
	case END_DEVICE:
		return SLICE(
			"A program on another machine gets a sign-in as you. Go on only if you typed this code from your own "
			"terminal. If somebody sent it to you, cancel.");
	case END_INVITE:
		return SLICE("");
	default:
		return SLICE("If you did not just start a sign-in in a program of yours, cancel.");
	}
}

static FALLIBLE facts(struct call *call, const struct flow *flow, struct values *values)
{
	const struct goal *goal = &flow->goal;
	slice person, way, key;

	TRY(word_person(call, &flow->person, &person));
	TRY(word_way(call, &flow->person, &way));
	show_fact(values, "Account", person);
	show_fact(values, "Signed in with", way);
	if (goal->ending == END_DEVICE)
		return step_device_facts(call, flow, values);
	if (goal->ending != END_INVITE)
		show_fact(values, "Asked for by", goal_client(goal));
	if (goal->ending == END_HEADLESS) {
		TRY(goal_key_hash(call, goal->headless_code, &key));
		show_fact(values, "Key of the program", key);
	}
	TRY(audience_fact(call, goal, values));
	show_fact(values, "Acts as the identity", goal->identity);
	if ((goal->ending == END_REDIRECT && goal->wants_refresh && goal->identity.len == 0) ||
	    (goal->ending == END_CODE && oauth_scope_has(goal->code.scope, SLICE(OAUTH_SCOPE_REFRESH))))
		show_fact(values, "Stays signed in",
			  SLICE("until it is unused for 30 days, for every audience of this server"));
	TRY(target_fact(call, goal, values));
	return goal->invite.len ? word_invite(call, goal->invite, values) : OK;
}

FALLIBLE step_confirm(struct call *call, struct flow *flow, Reeve__V1__Page *out)
{
	struct values *values = values_new(call->arena);
	bool joins = flow->goal.ending == END_INVITE, is_invited = flow->goal.ending == END_DEVICE && flow->goal.invite.len > 0;
	slice question = joins        ? SLICE("Accept the invitation?")
			 : is_invited ? SLICE("Accept the invitation and finish signing in?")
				      : SLICE("Finish signing in?");

	flow->stage = STAGE_CONFIRM;
	flow->parent = SLICE("");
	TRY(flow_begin(call, flow, out));
	value_text(values, "title", question);
	value_text(values, "question", question);
	value_text(values, "yes", joins ? SLICE("Accept") : is_invited ? SLICE("Accept and sign in") : SLICE("Sign in"));
	value_text(values, "warning", warning_of(&flow->goal));
	value_text(values, "flow", flow->id);
	value_text(values, "token", flow->token);
	TRY(facts(call, flow, values));
	TRY(goal_allow_target(call, &flow->goal, out));
	return show(call, PAGE_CONFIRM, values, out);
}

/* ---- who signed in ---- */

/* A sign-in by code ends on another machine, for whoever holds it: nothing of the kind is given out unasked, nor where an
 * organization does not want it, be it one that is joined with it. */
FALLIBLE step_code_allowed(struct call *call, const struct flow *flow)
{
	bool is_invited = flow->goal.invite.len > 0, is_allowed = false;
	struct invite invite = { 0 };

	if (flow->goal.ending != END_HEADLESS && flow->goal.ending != END_DEVICE)
		return OK;
	if (is_invited)
		TRY(invite_find(call, flow->goal.invite, &invite));
	TRY(people_code_allowed(call, &flow->person, is_invited ? &invite.group : NULL, &is_allowed));
	return is_allowed ? OK
			  : FAIL(FAULT_DENIED,
				 "an organization of yours, or of your invitation, does not allow sign-in by a code or "
				 "key from another machine; sign in with the browser of the machine itself");
}

/* A device's invitation may still be replaced by what is typed on its form. */
static FALLIBLE invitation_fits(struct call *call, const struct flow *flow)
{
	if (flow->goal.invite.len == 0 || flow->goal.ending == END_DEVICE)
		return OK;
	return invite_fits(call, flow->goal.invite, &flow->person);
}

FALLIBLE step_signed_in(struct call *call, struct flow *flow, Reeve__V1__Page *out)
{
	int64_t ending = flow->goal.ending;

	flow->upstream = (struct upstream_state){ 0 };
	TRY(step_code_allowed(call, flow));
	TRY(invitation_fits(call, flow));
	if (ending == END_TRY)
		return step_tried(call, flow, OK, out);
	if (ending == END_DEVICE)
		return step_activate(call, flow, SLICE(""), out);
	if (flow->by_password && ending != END_HEADLESS)
		return step_finish(call, flow, out);
	return step_confirm(call, flow, out);
}

/* ---- the answer ---- */

static FALLIBLE decide(struct call *call, const struct flow *flow, bool is_yes, Reeve__V1__Page *out)
{
	TRY(flow_spend(call, flow, out));
	if (flow->goal.ending == END_DEVICE)
		return step_device_finish(call, flow, is_yes, out);
	if (is_yes) {
		TRY(step_code_allowed(call, flow));
		return step_finish(call, flow, out);
	}
	if (flow->goal.ending == END_REDIRECT || flow->goal.ending == END_CODE)
		return FAIL(FAULT_DENIED, "the sign-in was cancelled");
	return step_done(call, SLICE("Nothing was given out"), SLICE("You cancelled; nothing changed."), SLICE(""), out);
}

status reeve_login_confirm(struct call *call, const Reeve__V1__ConfirmRequest *in, Reeve__V1__Page *out)
{
	slice answer = slice_str(in->answer);
	struct flow flow = { 0 };

	ON_WORKER(call);
	TRY(flow_load_form(call, slice_str(in->flow), slice_str(in->token), STAGE_CONFIRM, &flow));
	if (!slice_is(answer, "yes") && !slice_is(answer, "no"))
		return FAIL_FIELD("answer", "must be yes or no");
	return goal_answer(call, &flow.goal, decide(call, &flow, slice_is(answer, "yes"), out), out);
}
