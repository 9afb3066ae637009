#include "login/goal.h"

#include "base/encode.h"
#include "crypto/digest.h"
#include "login/oauth.h"
#include "schema/error.h"

#define LOCATION_BYTES_MAX ((size_t)32 * 1024)

/* ---- reading it ---- */

static FALLIBLE take_text(const char *text, const char *field, slice *into)
{
	*into = slice_str(text);
	if (into->len > GOAL_TEXT_BYTES_MAX)
		return FAIL_FIELD(field, "at most %d bytes", GOAL_TEXT_BYTES_MAX);
	return OK;
}

/* Clients escape each scope twice (spec tokens.md 5): once is undone already. */
static FALLIBLE take_scopes(struct call *call, const Reeve__V1__BeginRequest *in, slice *ret_scopes)
{
	char **scopes = NEW_N(call->arena, char *, in->n_scope);

	TRY_NEW(scopes);
	for (size_t i = 0; i < in->n_scope; i++) {
		slice text;
		if (FAILED(percent_decode(call->arena, PERCENT_FORM, slice_str(in->scope[i]), &text)))
			return FAIL_FIELD("scope", "must be a group's id or name, escaped twice");
		scopes[i] = arena_text(call->arena, text);
		TRY_NEW(scopes[i]);
	}
	return take_list(call, in->n_scope, scopes, ret_scopes);
}

static FALLIBLE read_target(struct call *call, const Reeve__V1__BeginRequest *in, struct goal *goal)
{
	struct redirect redirect;
	slice redirect_text = slice_str(in->redirect);

	if (*in->headless_code) {
		goal->ending = END_HEADLESS;
		TRY(take_text(in->headless_code, "headless_code", &goal->headless_code));
		return people_headless_check(call, goal->headless_code);
	}
	if (*in->exit && !slice_is(slice_str(in->exit), "redirect"))
		return FAIL_FIELD("exit", "must be redirect");
	TRY(redirect_parse(redirect_text, call->settings->redirect_origins, call->settings->redirect_origins_count, "redirect",
			   &redirect));
	goal->ending = END_REDIRECT;
	goal->redirect = redirect_text;
	return OK;
}

FALLIBLE goal_read(struct call *call, const Reeve__V1__BeginRequest *in, struct goal *ret_goal)
{
	struct uid identity;

	*ret_goal = (struct goal){ .skip_registration = in->skip_registration, .wants_refresh = in->create_refresh_token };
	TRY(read_target(call, in, ret_goal));
	TRY(take_text(*in->client_id ? in->client_id : CLIENT_ID_DEFAULT, "client_id", &ret_goal->client_id));
	if (!oauth_client_is_known(call->settings, ret_goal->client_id))
		return FAIL_FIELD("client_id", "is none of this server's (token.clients)");
	TRY(take_text(in->audience, "audience", &ret_goal->audience));
	TRY(take_text(in->identity, "identity", &ret_goal->identity));
	if (ret_goal->identity.len)
		TRY(uid_parse_field(ret_goal->identity, "identity", &identity));
	TRY(goal_take_invite(in->invite, ret_goal));
	TRY(take_text(in->screen_hint, "screen_hint", &ret_goal->screen_hint));
	TRY(take_scopes(call, in, &ret_goal->scopes));
	if (ret_goal->scopes.len > GOAL_TEXT_BYTES_MAX)
		return FAIL_FIELD("scope", "at most %d bytes together", GOAL_TEXT_BYTES_MAX);
	return OK;
}

FALLIBLE goal_take_invite(const char *invite, struct goal *goal)
{
	return take_text(invite, "invite", &goal->invite);
}

FALLIBLE goal_audiences(struct call *call, const struct goal *goal, const slice **ret_audiences, size_t *ret_count)
{
	slice *audiences = NEW_N(call->arena, slice, TOKEN_AUDIENCES_MAX + 1), rest = goal->audience, one;
	size_t count = 0;
	bool more = rest.len > 0;

	TRY_NEW(audiences);
	while (more) {
		more = slice_cut(rest, ',', &one, &rest);
		one = slice_trim(one);
		if (one.len == 0)
			continue;
		if (count == TOKEN_AUDIENCES_MAX)
			return FAIL_FIELD("audience", "at most %d", TOKEN_AUDIENCES_MAX);
		audiences[count++] = one;
	}
	if (count == 0)
		audiences[count++] = call->settings->api_url;
	*ret_audiences = audiences;
	*ret_count = count;
	return OK;
}

/* ---- its target ---- */

static bool has_target(const struct goal *goal)
{
	return goal->ending == END_REDIRECT || goal->ending == END_CODE;
}

FALLIBLE goal_target(struct call *call, const struct goal *goal, struct redirect *ret_redirect)
{
	const struct settings *settings = call->settings;
	slice text = goal->ending == END_CODE ? goal->code.redirect_uri : goal->redirect;

	return redirect_parse(text, settings->redirect_origins, settings->redirect_origins_count, "redirect", ret_redirect);
}

FALLIBLE goal_allow_target(struct call *call, const struct goal *goal, Reeve__V1__Page *out)
{
	struct redirect redirect;

	if (!has_target(goal))
		return OK;
	TRY(goal_target(call, goal, &redirect));
	out->form_target = arena_text(call->arena, redirect_csp_source(&redirect));
	TRY_NEW(out->form_target);
	return OK;
}

/* ---- failing ---- */

/* The given redirect said "error=true": this client reads errors there. */
static bool reads_errors(const struct redirect *redirect)
{
	slice rest = redirect->query, pair;
	bool more = rest.len > 0;

	while (more) {
		more = slice_cut(rest, '&', &pair, &rest);
		if (slice_is(pair, "error=true"))
			return true;
	}
	return false;
}

/* RFC 6749 section 4.1.2.1, OpenID Connect Core 1.0 section 3.1.2.6 */
static const char *oauth_invalid(const char *field)
{
	static const struct {
		const char *field, *error;
	} named[] = { { "response_type", "unsupported_response_type" },
		      { "scope", "invalid_scope" },
		      { "prompt", "login_required" },
		      { "request", "request_not_supported" },
		      { "request_uri", "request_uri_not_supported" } };

	for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++)
		if (strcmp(field, named[i].field) == 0)
			return named[i].error;
	return "invalid_request";
}

static const char *oauth_error(const struct report *report, enum fault fault)
{
	switch (fault) {
	case FAULT_DENIED:
	case FAULT_ABSENT:
		return "access_denied";
	case FAULT_INVALID:
		return oauth_invalid(report->field);
	case FAULT_EXHAUSTED:
	case FAULT_UNAVAILABLE:
		return "temporarily_unavailable";
	default:
		return "server_error";
	}
}

static FALLIBLE tell_client(struct call *call, const struct goal *goal, const struct redirect *redirect, enum fault fault,
			    Reeve__V1__Page *out)
{
	slice text = arena_copy(call->arena, slice_str(error_text(report_current()))), description;
	char *code = arena_printf(call->arena, "%d", fault_row(fault)->http_status);
	struct buffer location;

	TRY_NEW(text.at);
	TRY_NEW(code);
	TRY(oauth_description(call, report_current(), &description));
	buffer_init(&location, call->arena, LOCATION_BYTES_MAX);
	if (goal->ending == END_CODE) {
		const struct redirect_pair pairs[] = { { "error", slice_str(oauth_error(report_current(), fault)) },
						       { "error_description", description },
						       { "iss", call->settings->issuer_url },
						       { "state", goal->code.state } };
		redirect_with(redirect, pairs, goal->code.state.len ? 4 : 3, &location);
	} else {
		const struct redirect_pair pairs[] = { { "token", SLICE("") },
						       { "error", text },
						       { "status_code", slice_str(code) } };
		redirect_with(redirect, pairs, 3, &location);
	}
	if (buffer_failed(&location))
		return FAIL(FAULT_EXHAUSTED, "the answer does not fit a redirect");
	report_clear(report_current());
	out->html = (char *)(uintptr_t) "";
	return show_location(call, buffer_slice(&location), out);
}

FALLIBLE goal_answer(struct call *call, const struct goal *goal, status result, Reeve__V1__Page *out)
{
	struct report kept;
	struct redirect redirect;

	/* Who may load the page again is not sent away. */
	if (!FAILED(result) || result.fault == FAULT_BUSY || !has_target(goal))
		return result;
	kept = *report_current(); /* what follows must not hide why it failed */
	if (!FAILED(goal_target(call, goal, &redirect)) && (goal->ending == END_CODE || reads_errors(&redirect))) {
		*report_current() = kept;
		return tell_client(call, goal, &redirect, result.fault, out);
	}
	*report_current() = kept;
	return result;
}

/* ---- words for people ---- */

slice goal_client(const struct goal *goal)
{
	slice id = goal->ending == END_CODE ? goal->code.client_id : goal->client_id;

	return slice_is(id, "reeve")             ? SLICE("reeve, the command line")
	       : slice_is(id, CLIENT_ID_DEFAULT) ? SLICE("a command line or Terraform")
						 : id;
}

FALLIBLE goal_key_hash(struct call *call, slice headless_code, slice *ret_text)
{
	unsigned char digest[SHA256_BYTES];
	char hex[8], *text;

	TRY(sha256(headless_code, digest));
	hex_encode_into(slice_of(digest, sizeof(hex) / 2), hex);
	text = arena_printf(call->arena, "%.4s-%.4s", hex, hex + 4);
	TRY_NEW(text);
	*ret_text = slice_str(text);
	return OK;
}
