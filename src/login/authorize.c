/*
 * authorize: OAuth's authorization endpoint at our own issuer (RFC 6749 section 4.1, with PKCE alone).
 */
#include "login/oauth.h"
#include "login/steps.h"

/* What we would have to leave out in silence (OpenID Connect Core 1.0 sections 3.1.2.6 and 6). */
static FALLIBLE check_extras(const Reeve__V1__AuthorizeRequest *in)
{
	if (oauth_scope_has(slice_str(in->prompt), SLICE("none")))
		return FAIL_FIELD("prompt", "none cannot be met: a person is always asked here");
	if (*in->response_mode && !slice_is(slice_str(in->response_mode), "query"))
		return FAIL_FIELD("response_mode", "must be query");
	if (*in->request)
		return FAIL_FIELD("request", "is not supported");
	if (*in->request_uri)
		return FAIL_FIELD("request_uri", "is not supported");
	return OK;
}

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
	TRY(check_extras(in));
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
