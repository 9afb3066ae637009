/*
 * ways: a sign-in begins, a way is chosen, and the browser comes back from there.
 */
#include "fetch/url.h"
#include "login/steps.h"
#include "service/accounts.h"

/* ---- pages ---- */

bool step_has_local(const struct call *call)
{
	const struct settings *settings = call->settings;

	for (size_t i = 0; i < settings->connections_count; i++)
		if (settings->connections[i].kind == CONNECTION_LOCAL)
			return true;
	return false;
}

FALLIBLE step_need_local(const struct call *call)
{
	return step_has_local(call) ? OK : FAIL(FAULT_ABSENT, "this server has no accounts of its own (login.email)");
}

static FALLIBLE show_choose(struct call *call, const struct flow *flow, slice problem, Reeve__V1__Page *out)
{
	const struct settings *settings = call->settings;
	struct values *values = values_new(call->arena);
	slice key = SLICE("");

	if (flow->goal.ending == END_HEADLESS)
		TRY(goal_key_hash(call, flow->goal.headless_code, &key));
	value_text(values, "title", SLICE("Sign in"));
	value_text(values, "flow", flow->id);
	value_text(values, "headless", key);
	value_flag(values, "invited", flow->goal.invite.len > 0);
	value_flag(values, "joins", flow->goal.invite.len > 0 && step_has_local(call));
	value_flag(values, "any", settings->connections_count > 0);
	/* An account with a password is made with an invitation alone, and what a device brought is known after sign-in. */
	value_flag(values, "takes_invite", flow->goal.ending == END_DEVICE && flow->goal.invite.len == 0);
	value_text(values, "token", flow->token);
	value_text(values, "problem", problem);
	for (size_t i = 0; i < settings->connections_count; i++) {
		struct values *way = value_item(values, "ways");
		value_text(way, "connection", settings->connections[i].name);
		value_text(way, "label", settings->connections[i].label);
	}
	return show(call, PAGE_CHOOSE, values, out);
}

FALLIBLE step_choose(struct call *call, const struct flow *flow, Reeve__V1__Page *out)
{
	return show_choose(call, flow, SLICE(""), out);
}

FALLIBLE step_provider(struct call *call, const struct flow *flow, const struct upstream *upstream, Reeve__V1__Page *out)
{
	struct values *values = values_new(call->arena);
	slice organization;
	struct url url;

	TRY(url_parse(upstream->issuer, &url));
	TRY(word_group(call, &upstream->organization, &organization));
	value_text(values, "title", SLICE("Sign in with your organization"));
	value_text(values, "flow", flow->id);
	value_text(values, "organization", organization);
	value_text(values, "host", url.authority);
	value_text(values, "connection", upstream->name);
	return show(call, PAGE_PROVIDER, values, out);
}

FALLIBLE step_local(struct call *call, const struct flow *flow, slice login, slice problem, Reeve__V1__Page *out)
{
	struct values *values = values_new(call->arena);

	value_text(values, "title", SLICE("Sign in with your password"));
	value_text(values, "flow", flow->id);
	value_text(values, "token", flow->token);
	value_text(values, "login", login);
	value_text(values, "problem", problem);
	value_flag(values, "mails", account_can_mail(call));
	TRY(goal_allow_target(call, &flow->goal, out));
	return show(call, PAGE_LOCAL, values, out);
}

/* ---- beginning ---- */

static FALLIBLE begin(struct call *call, const Reeve__V1__BeginRequest *in, struct goal *goal, Reeve__V1__Page *out)
{
	struct flow flow = { .stage = STAGE_CHOOSE };
	struct upstream upstream = { .kind = CONNECTION_LOCAL };

	TRY(goal_read(call, in, goal));
	flow.goal = *goal;
	if (*in->connection && *in->idp_id)
		return FAIL_FIELD("idp_id", "comes without connection: one of the two");
	if (*in->idp_id)
		TRY(upstream_provider(call, slice_str(in->idp_id), &upstream));
	else if (*in->connection)
		TRY(upstream_connection(call, slice_str(in->connection), &upstream));
	if (*in->connection && upstream.kind != CONNECTION_LOCAL)
		return upstream_begin(call, &upstream, &flow, out);
	TRY(flow_begin(call, &flow, out));
	if (*in->idp_id)
		return step_provider(call, &flow, &upstream, out);
	return *in->connection ? step_local(call, &flow, SLICE(""), SLICE(""), out) : step_choose(call, &flow, out);
}

status reeve_login_begin(struct call *call, const Reeve__V1__BeginRequest *in, Reeve__V1__Page *out)
{
	struct goal goal = { 0 };

	ON_WORKER(call);
	return goal_answer(call, &goal, begin(call, in, &goal, out), out);
}

/* The sign-in goes on with an invitation, under a new name. */
static FALLIBLE come_with(struct call *call, const Reeve__V1__ChooseRequest *in, struct flow *flow, Reeve__V1__Page *out)
{
	slice code = slice_trim(slice_str(in->invite)), problem = SLICE("");
	struct invite invite = { 0 };

	if (flow->goal.ending != END_DEVICE)
		return FAIL_FIELD("invite", "comes with the link that began this sign-in");
	TRY(step_may_look(call));
	TRY(step_find_invite(call, code, NULL, &invite, &problem));
	if (problem.len)
		return show_choose(call, flow, problem, out);
	TRY(flow_spend(call, flow, out));
	flow->goal.invite = code;
	flow->parent = SLICE("");
	TRY(flow_begin(call, flow, out));
	return step_choose(call, flow, out);
}

status reeve_login_choose(struct call *call, const Reeve__V1__ChooseRequest *in, Reeve__V1__Page *out)
{
	struct flow flow = { 0 };

	ON_WORKER(call);
	if (slice_is(call->browser.verb, "POST")) {
		TRY(flow_load_form(call, slice_str(in->flow), slice_str(in->token), STAGE_CHOOSE, &flow));
		return come_with(call, in, &flow, out);
	}
	TRY(flow_load(call, slice_str(in->flow), STAGE_CHOOSE, &flow));
	return step_choose(call, &flow, out);
}

/* ---- choosing ---- */

/* A provider's id is what the page's own link carries; a connection's name is never one. */
static FALLIBLE find_way(struct call *call, const Reeve__V1__WithRequest *in, struct upstream *ret_upstream)
{
	slice connection = slice_str(in->connection);
	struct uid uid;

	if (*in->organization)
		return upstream_provider(call, slice_str(in->organization), ret_upstream);
	return uid_parse(connection, &uid) ? upstream_provider(call, connection, ret_upstream)
					   : upstream_connection(call, connection, ret_upstream);
}

static FALLIBLE go_with(struct call *call, const Reeve__V1__WithRequest *in, const struct flow *flow, Reeve__V1__Page *out)
{
	struct upstream upstream = { 0 };
	struct flow next = *flow;

	TRY(find_way(call, in, &upstream));
	if (upstream.kind == CONNECTION_LOCAL)
		return step_local(call, flow, SLICE(""), SLICE(""), out);
	if (upstream.is_provider && !in->go)
		return step_provider(call, flow, &upstream, out);
	next.parent = flow->id;
	return upstream_begin(call, &upstream, &next, out);
}

status reeve_login_with(struct call *call, const Reeve__V1__WithRequest *in, Reeve__V1__Page *out)
{
	struct flow flow = { 0 };

	ON_WORKER(call);
	TRY(flow_load(call, slice_str(in->flow), STAGE_CHOOSE, &flow));
	return go_with(call, in, &flow, out);
}

/* ---- back from a provider ---- */

static FALLIBLE end_at(struct call *call, const Reeve__V1__CallbackRequest *in, struct upstream *upstream, struct flow *flow,
		       Reeve__V1__Page *out)
{
	status result;

	TRY(flow_spend(call, flow, out));
	result = upstream_end(call, upstream, flow, in, &flow->person);
	if (flow->goal.ending == END_TRY)
		return step_tried(call, flow, result, out);
	TRY(result);
	return OK;
}

/* Whoever finds no place to wait has spent nothing, and may load the page again. */
static FALLIBLE come_back(struct call *call, const Reeve__V1__CallbackRequest *in, struct flow *flow, Reeve__V1__Page *out)
{
	struct upstream upstream = { 0 };
	status result;

	TRY(upstream_of(call, flow, &upstream));
	TRY(upstream_enter(call, &upstream));
	result = end_at(call, in, &upstream, flow, out);
	upstream_leave(call, &upstream);
	TRY(result);
	return flow->goal.ending == END_TRY ? OK : step_signed_in(call, flow, out);
}

status reeve_login_callback(struct call *call, const Reeve__V1__CallbackRequest *in, Reeve__V1__Page *out)
{
	struct flow flow = { 0 };

	ON_WORKER(call);
	TRY(flow_load(call, slice_str(in->state), STAGE_UPSTREAM, &flow));
	return goal_answer(call, &flow.goal, come_back(call, in, &flow, out), out);
}
