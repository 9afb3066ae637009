/*
 * finish: what a confirmed sign-in ends in.
 */
#include "base/json.h"
#include "login/steps.h"

#define LOCATION_BYTES_MAX ((size_t)40 * 1024)

FALLIBLE step_done(struct call *call, slice heading, slice text, slice detail, Reeve__V1__Page *out)
{
	struct values *values = values_new(call->arena);

	value_text(values, "title", heading);
	value_text(values, "heading", heading);
	value_text(values, "text", text);
	value_text(values, "detail", detail);
	return show(call, PAGE_DONE, values, out);
}

/* An account for whoever has none, unless that was not wanted; and the invitation accepted. */
static FALLIBLE enrol(struct call *call, const struct flow *flow, slice login_token)
{
	struct registered registered;
	bool is_known = false;

	TRY(people_known(call, &flow->person, &is_known));
	if (!is_known && flow->goal.skip_registration)
		return FAIL(FAULT_ABSENT, "account not found: registration required");
	/* Who is known may still come through an organization's provider for the first time, which may have a role to give. */
	if (is_known && flow->goal.invite.len == 0 && uid_is_none(&flow->person.confined_to))
		return OK;
	return people_register(call, login_token, flow->goal.invite, &registered);
}

static FALLIBLE scopes_of(struct call *call, const struct goal *goal, struct people_want *want)
{
	const struct json *list;
	slice *scopes;

	if (goal->scopes.len == 0)
		return OK;
	TRY(json_parse(call->arena, goal->scopes, NULL, &list));
	scopes = NEW_N(call->arena, slice, list->count);
	TRY_NEW(scopes);
	JSON_EACH (scope, list)
		scopes[want->scopes_count++] = scope->text;
	want->scopes = scopes;
	return OK;
}

static FALLIBLE finish_redirect(struct call *call, const struct flow *flow, Reeve__V1__Page *out)
{
	const struct goal *goal = &flow->goal;
	struct people_want want = { .identity = goal->identity };
	struct redirect_pair pairs[2];
	struct redirect redirect;
	struct buffer location;
	slice login_token, token, refresh_token = SLICE("");
	size_t count = 0;

	TRY(goal_target(call, goal, &redirect));
	TRY(goal_audiences(call, goal, &want.audiences, &want.audiences_count));
	TRY(scopes_of(call, goal, &want));
	TRY(people_login_token(call, &flow->person, goal->client_id, &login_token));
	TRY(enrol(call, flow, login_token));
	TRY(people_exchange(call, login_token, &want, &token));
	if (goal->wants_refresh && goal->identity.len == 0)
		TRY(people_session(call, login_token, &want, &refresh_token));
	pairs[count++] = (struct redirect_pair){ "token", token };
	if (refresh_token.len)
		pairs[count++] = (struct redirect_pair){ "refresh_token", refresh_token };
	buffer_init(&location, call->arena, LOCATION_BYTES_MAX);
	redirect_with(&redirect, pairs, count, &location);
	if (buffer_failed(&location))
		return FAIL(FAULT_EXHAUSTED, "the token does not fit a redirect; ask for less with scope");
	return show_location(call, buffer_slice(&location), out);
}

static FALLIBLE finish_headless(struct call *call, const struct flow *flow, Reeve__V1__Page *out)
{
	slice login_token, key;

	TRY(people_login_token(call, &flow->person, flow->goal.client_id, &login_token));
	TRY(enrol(call, flow, login_token));
	TRY(people_handover(call, flow->goal.headless_code, login_token));
	TRY(goal_key_hash(call, flow->goal.headless_code, &key));
	return step_done(call, SLICE("You are signed in there"), SLICE("The program on the other machine takes it from here."),
			 key, out);
}

static FALLIBLE finish_code(struct call *call, const struct flow *flow, Reeve__V1__Page *out)
{
	const struct goal *goal = &flow->goal;
	struct redirect redirect;
	struct buffer location;
	slice code, login_token;

	TRY(goal_target(call, goal, &redirect));
	if (goal->invite.len || !uid_is_none(&flow->person.confined_to)) { /* whom an organization's provider admits is in */
		TRY(people_login_token(call, &flow->person, goal->code.client_id, &login_token));
		TRY(enrol(call, flow, login_token));
	}
	TRY(code_make(call, &goal->code, &flow->person, &code));
	const struct redirect_pair pairs[] = { { "code", code },
					       { "iss", call->settings->issuer_url },
					       { "state", goal->code.state } };
	buffer_init(&location, call->arena, LOCATION_BYTES_MAX);
	redirect_with(&redirect, pairs, goal->code.state.len ? 3 : 2, &location);
	if (buffer_failed(&location))
		return FAIL(FAULT_EXHAUSTED, "the code does not fit a redirect");
	return show_location(call, buffer_slice(&location), out);
}

static FALLIBLE finish_invite(struct call *call, const struct flow *flow, Reeve__V1__Page *out)
{
	const struct settings *settings = call->settings;
	struct registered registered = { 0 };
	slice login_token, group = SLICE("");
	char *text;

	TRY(people_login_token(call, &flow->person, settings->clients_count ? settings->clients[0] : SLICE(CLIENT_ID_DEFAULT),
			       &login_token));
	TRY(people_register(call, login_token, flow->goal.invite, &registered));
	if (!uid_is_none(&registered.group))
		TRY(word_group(call, &registered.group, &group));
	text = arena_printf(call->arena,
			    "You belong to %.*s now. Sign in with \"reeve auth login\", or wherever this server's "
			    "accounts are used.",
			    SLICE_ARG(group));
	TRY_NEW(text);
	return step_done(call, SLICE("Invitation accepted"), slice_str(text), SLICE(""), out);
}

FALLIBLE step_finish(struct call *call, const struct flow *flow, Reeve__V1__Page *out)
{
	switch (flow->goal.ending) {
	case END_REDIRECT:
		return finish_redirect(call, flow, out);
	case END_HEADLESS:
		return finish_headless(call, flow, out);
	case END_CODE:
		return finish_code(call, flow, out);
	case END_INVITE:
		return finish_invite(call, flow, out);
	default:
		return FAIL(FAULT_INTERNAL, "a sign-in has no such end");
	}
}
