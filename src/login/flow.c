#include "login/flow.h"

#include "base/encode.h"
#include "base/json.h"
#include "crypto/secret.h"
#include "login/cookie.h"

#define SEAL_LABEL "login flow"
#define ID_BYTES 16
#define ID_CHARACTERS 22
#define PARTS_MAX 4 /* cookies of one flow: a person in many groups needs more than one */
#define SEALED_BYTES_MAX ((size_t)PARTS_MAX * COOKIE_VALUE_BYTES_MAX)
#define PLAIN_BYTES_MAX ((size_t)11500) /* sealed and in base64 it still fits them */

/* ---- its form: one JSON object; what is unset is left out ---- */

enum kind { TEXT, NUMBER, FLAG };
struct member {
	const char *name;
	enum kind kind;
	size_t offset;
};
#define MEMBER(name, kind, field)                        \
	{                                                \
		name, kind, offsetof(struct flow, field) \
	}
static const struct member members[] = {
	MEMBER("stage", NUMBER, stage),
	MEMBER("id", TEXT, id),
	MEMBER("token", TEXT, token),
	MEMBER("parent", TEXT, parent),
	MEMBER("began", NUMBER, began_s),
	MEMBER("at", NUMBER, stage_s),
	MEMBER("end", NUMBER, goal.ending),
	MEMBER("client", TEXT, goal.client_id),
	MEMBER("redirect", TEXT, goal.redirect),
	MEMBER("aud", TEXT, goal.audience),
	MEMBER("identity", TEXT, goal.identity),
	MEMBER("invite", TEXT, goal.invite),
	MEMBER("hint", TEXT, goal.screen_hint),
	MEMBER("headless", TEXT, goal.headless_code),
	MEMBER("user_code", TEXT, goal.user_code),
	MEMBER("scopes", TEXT, goal.scopes),
	MEMBER("skip", FLAG, goal.skip_registration),
	MEMBER("refresh", FLAG, goal.wants_refresh),
	MEMBER("c_type", TEXT, goal.code.response_type),
	MEMBER("c_client", TEXT, goal.code.client_id),
	MEMBER("c_redirect", TEXT, goal.code.redirect_uri),
	MEMBER("c_state", TEXT, goal.code.state),
	MEMBER("c_nonce", TEXT, goal.code.nonce),
	MEMBER("c_scope", TEXT, goal.code.scope),
	MEMBER("c_challenge", TEXT, goal.code.challenge),
	MEMBER("c_method", TEXT, goal.code.challenge_method),
	MEMBER("u_name", TEXT, upstream.connection),
	MEMBER("u_issuer", TEXT, upstream.issuer),
	MEMBER("u_token", TEXT, upstream.token_url),
	MEMBER("u_verifier", TEXT, upstream.verifier),
	MEMBER("u_nonce", TEXT, upstream.nonce),
	MEMBER("u_own", FLAG, upstream.is_provider),
	MEMBER("u_iss", FLAG, upstream.sends_issuer),
	MEMBER("u_post", FLAG, upstream.by_post),
	MEMBER("p_issuer", TEXT, person.issuer),
	MEMBER("p_subject", TEXT, person.subject),
	MEMBER("p_by", TEXT, person.connection),
	MEMBER("p_in", TEXT, confined_to),
	MEMBER("p_email", TEXT, person.email),
	MEMBER("p_proved", FLAG, person.email_is_verified),
	MEMBER("p_name", TEXT, person.name),
	MEMBER("p_given", TEXT, person.given_name),
	MEMBER("p_family", TEXT, person.family_name),
	MEMBER("p_picture", TEXT, person.picture),
	MEMBER("p_groups", TEXT, person.groups),
	MEMBER("link", TEXT, link),
	MEMBER("typed", FLAG, by_password),
};
#define MEMBER_COUNT (sizeof(members) / sizeof(*members))

FALLIBLE flow_encode(const struct flow *flow, struct buffer *out)
{
	struct json_writer writer;

	json_writer_init(&writer, out);
	json_open_object(&writer);
	for (size_t i = 0; i < MEMBER_COUNT; i++) {
		const void *field = (const char *)flow + members[i].offset;
		const slice *text = field;
		const int64_t *number = field;
		const bool *flag = field;

		if (members[i].kind == TEXT && text->len)
			json_pair_text(&writer, members[i].name, *text);
		else if (members[i].kind == NUMBER && *number)
			json_pair_int(&writer, members[i].name, *number);
		else if (members[i].kind == FLAG && *flag)
			json_pair_bool(&writer, members[i].name, true);
	}
	json_close_object(&writer);
	if (buffer_failed(out))
		return FAIL(FAULT_INVALID, "this link, or what the provider tells of you, is more than a sign-in can hold; "
					   "ask for less in it");
	return OK;
}

static FALLIBLE read_member(const struct json *value, const struct member *member, struct flow *flow)
{
	void *field = (char *)flow + member->offset;
	bool fits = member->kind == TEXT     ? json_text(value, field)
		    : member->kind == NUMBER ? json_int64(value, field)
					     : json_bool(value, field);

	return fits ? OK : FAIL(FAULT_LOST, "a sign-in's state has a broken member");
}

FALLIBLE flow_decode(struct arena *arena, slice text, struct flow *ret_flow)
{
	const struct json *object;
	struct flow flow = { 0 };

	TRY(json_parse_object(arena, text, NULL, &object));
	for (size_t i = 0; i < MEMBER_COUNT; i++) {
		const struct json *value = json_member(object, members[i].name);
		if (value)
			TRY(read_member(value, &members[i], &flow));
		else if (members[i].kind == TEXT)
			*(slice *)(void *)((char *)&flow + members[i].offset) = SLICE("");
	}
	if (flow.confined_to.len && !uid_parse(flow.confined_to, &flow.person.confined_to))
		return FAIL(FAULT_LOST, "a sign-in's state names no organization");
	*ret_flow = flow;
	return OK;
}

/* ---- its cookie ---- */

/* part 0 has the bare name, the others ".1" and so on behind it. */
static FALLIBLE cookie_name(struct call *call, slice id, size_t part, slice *ret_name)
{
	char *name = part ? arena_printf(call->arena, FLOW_COOKIE_PREFIX "%.*s.%zu", SLICE_ARG(id), part)
			  : arena_printf(call->arena, FLOW_COOKIE_PREFIX "%.*s", SLICE_ARG(id));

	TRY_NEW(name);
	*ret_name = slice_str(name);
	return OK;
}

static FALLIBLE put_parts(struct call *call, slice id, slice value, Reeve__V1__Page *out)
{
	for (size_t part = 0; value.len; part++) {
		slice name;
		TRY(cookie_name(call, id, part, &name));
		TRY(show_cookie(call, name, slice_to(value, COOKIE_VALUE_BYTES_MAX), FLOW_LIFE_S, out));
		value = slice_from(value, COOKIE_VALUE_BYTES_MAX);
	}
	return OK;
}

/* "" when the browser has none. */
static FALLIBLE join_parts(struct call *call, slice id, slice *ret_value)
{
	struct buffer joined;
	slice name, value;

	buffer_init(&joined, call->arena, SEALED_BYTES_MAX);
	for (size_t part = 0; part < PARTS_MAX; part++) {
		TRY(cookie_name(call, id, part, &name));
		if (!cookie_find(call->browser.cookies, name, &value))
			break;
		buffer_add(&joined, value);
	}
	if (buffer_starved(&joined))
		return FAIL(FAULT_EXHAUSTED, "no memory for a sign-in");
	*ret_value = buffer_failed(&joined) ? SLICE("") : buffer_slice(&joined);
	return OK;
}

static FALLIBLE drop_parts(struct call *call, slice id, Reeve__V1__Page *out)
{
	slice name, value;

	for (size_t part = 0; part < PARTS_MAX; part++) {
		TRY(cookie_name(call, id, part, &name));
		if (cookie_find(call->browser.cookies, name, &value))
			TRY(show_cookie(call, name, SLICE(""), 0, out));
	}
	return OK;
}

static bool is_id(slice id)
{
	for (size_t i = 0; i < id.len; i++) {
		char c = id.at[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return id.len == ID_CHARACTERS;
}

/* A browser that begins and never ends: the first of its cookies make room. */
static FALLIBLE make_room(struct call *call, Reeve__V1__Page *out)
{
	slice rest = call->browser.cookies, prefix = SLICE(FLOW_COOKIE_PREFIX), name;
	size_t count = 0;

	while (cookie_next(&rest, prefix, &name))
		count += is_id(slice_from(name, prefix.len));
	rest = call->browser.cookies;
	while (count >= FLOWS_MAX && out->n_cookies + 4 < PAGE_COOKIES_MAX && cookie_next(&rest, prefix, &name))
		if (is_id(slice_from(name, prefix.len))) {
			TRY(show_cookie(call, name, SLICE(""), 0, out));
			count--;
		}
	return OK;
}

static FALLIBLE seal_flow(struct call *call, const struct flow *flow, slice *ret_value)
{
	struct buffer plain, value;
	slice sealed;

	buffer_init(&plain, call->arena, PLAIN_BYTES_MAX);
	TRY(flow_encode(flow, &plain));
	TRY(issuer_seal(call->parts->issuer, SEAL_LABEL, call->arena, buffer_slice(&plain), &sealed));
	buffer_init(&value, call->arena, SEALED_BYTES_MAX);
	base64_encode(&value, BASE64_URL, sealed);
	if (buffer_failed(&value))
		return FAIL(FAULT_INTERNAL, "a sign-in's state does not fit its cookie");
	*ret_value = buffer_slice(&value);
	return OK;
}

FALLIBLE flow_begin(struct call *call, struct flow *flow, Reeve__V1__Page *out)
{
	slice value;
	char *confined_to = NULL;

	TRY(make_room(call, out));
	TRY(call_random_text(call, ID_BYTES, &flow->id));
	TRY(call_random_text(call, ID_BYTES, &flow->token));
	flow->stage_s = call_now_s(call);
	if (!flow->began_s)
		flow->began_s = flow->stage_s;
	if (!uid_is_none(&flow->person.confined_to)) {
		confined_to = uid_text(&flow->person.confined_to, call->arena);
		TRY_NEW(confined_to);
	}
	flow->confined_to = slice_str(confined_to);
	TRY(seal_flow(call, flow, &value));
	return put_parts(call, flow->id, value, out);
}

static FALLIBLE gone(void)
{
	return FAIL(FAULT_INVALID,
		    "this browser has no such sign-in: it was finished, took longer than ten minutes, or cookies are "
		    "switched off");
}

/* What is inside says its own name: under another one it would be good once more. */
static FALLIBLE read_value(struct call *call, slice id, slice value, struct flow *ret_flow)
{
	slice sealed, plain;

	TRY(base64_decode(call->arena, BASE64_URL, value, &sealed));
	TRY(issuer_open(call->parts->issuer, SEAL_LABEL, call->arena, sealed, &plain));
	TRY(flow_decode(call->arena, plain, ret_flow));
	return slice_eq(ret_flow->id, id) ? OK : FAIL(FAULT_LOST, "a sign-in's state under another's name");
}

static FALLIBLE open_flow(struct call *call, slice id, struct flow *ret_flow)
{
	status result;
	slice value;

	TRY(join_parts(call, id, &value));
	result = read_value(call, id, value, ret_flow);
	if (result.fault == FAULT_INVALID || result.fault == FAULT_LOST) {
		report_clear(report_current()); /* whatever was wrong with it, it is none of ours */
		return gone();
	}
	TRY(result);
	return OK;
}

FALLIBLE flow_load(struct call *call, slice id, enum stage stage, struct flow *ret_flow)
{
	int64_t now_s = call_now_s(call);

	*ret_flow = (struct flow){ 0 };
	if (!is_id(id))
		return gone();
	TRY(open_flow(call, id, ret_flow));
	if (ret_flow->stage != (int64_t)stage || now_s - ret_flow->stage_s >= FLOW_LIFE_S ||
	    now_s - ret_flow->began_s >= FLOW_LONGEST_S)
		return gone();
	return OK;
}

/* Sec-Fetch-Site where the browser says it; else Origin, which our own pages send as "null" because they send no referrer. */
FALLIBLE flow_same_site(struct call *call)
{
	const struct browser *browser = &call->browser;
	slice origin = browser->origin;
	bool is_ours = browser->fetch_site.len
			       ? slice_is(browser->fetch_site, "same-origin")
			       : origin.len == 0 || slice_is(origin, "null") || slice_eq(origin, call->settings->issuer_url);

	if (!slice_is(browser->verb, "POST"))
		return FAIL(FAULT_INVALID, "a form is sent, not linked to");
	return is_ours ? OK : FAIL(FAULT_DENIED, "this form was sent by another site");
}

FALLIBLE flow_load_form(struct call *call, slice id, slice token, enum stage stage, struct flow *ret_flow)
{
	TRY(flow_same_site(call));
	TRY(flow_load(call, id, stage, ret_flow));
	if (!bytes_equal(token, ret_flow->token))
		return FAIL(FAULT_DENIED, "this form is not the one that was shown");
	return OK;
}

FALLIBLE flow_spend(struct call *call, const struct flow *flow, Reeve__V1__Page *out)
{
	bool is_first = false;

	TRY(people_use_once(call, SEAL_LABEL, flow->id, flow->stage_s + FLOW_LIFE_S + 1, &is_first));
	if (!is_first)
		return FAIL(FAULT_STATE, "this step of the sign-in was done already");
	TRY(drop_parts(call, flow->id, out));
	return flow->parent.len ? drop_parts(call, flow->parent, out) : OK;
}
