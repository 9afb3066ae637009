/*
 * authorize: OAuth's authorization endpoint at our own issuer (RFC 6749 section 4.1, with PKCE alone).
 */
#include "login/steps.h"

static FALLIBLE begin(struct call *call, const Reeve__V1__AuthorizeRequest *in, struct goal *goal, Reeve__V1__Page *out)
{
	struct flow flow = { .stage = STAGE_CHOOSE };
	struct upstream upstream = { .kind = CONNECTION_LOCAL };
	struct redirect redirect;
	bool may_answer = false;
	status result;

	goal->code = (struct authorize){ .response_type = slice_str(in->response_type),
					 .client_id = slice_str(in->client_id),
					 .redirect_uri = slice_str(in->redirect_uri),
					 .state = slice_str(in->state),
					 .nonce = slice_str(in->nonce),
					 .scope = slice_str(in->scope),
					 .challenge = slice_str(in->code_challenge),
					 .challenge_method = slice_str(in->code_challenge_method) };
	result = authorize_check(call, &goal->code, &redirect, &may_answer);
	if (!FAILED(result) || may_answer)
		goal->ending = END_CODE;
	TRY(result);
	TRY(goal_take_invite(in->invite, goal));
	flow.goal = *goal;
	if (*in->idp_id)
		TRY(upstream_provider(call, slice_str(in->idp_id), &upstream));
	else if (*in->connection)
		TRY(upstream_connection(call, slice_str(in->connection), &upstream));
	if (*in->connection && !*in->idp_id && upstream.kind != CONNECTION_LOCAL)
		return upstream_begin(call, &upstream, &flow, out);
	TRY(flow_begin(call, &flow, out));
	if (*in->idp_id)
		return step_provider(call, &flow, &upstream, out);
	return *in->connection ? step_local(call, &flow, SLICE(""), SLICE(""), out) : step_choose(call, &flow, out);
}

status reeve_login_authorize(struct call *call, const Reeve__V1__AuthorizeRequest *in, Reeve__V1__Page *out)
{
	struct goal goal = { 0 };

	ON_WORKER(call);
	return goal_answer(call, &goal, begin(call, in, &goal, out), out);
}
