/*
 * upstream_github: GitHub has no ID token for OAuth apps: its people are asked for over its REST API, once, with a token that
 * is forgotten at once. https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
 */
#include "login/upstream_impl.h"

#define API_VERSION "2022-11-28"
#define AUTHORIZATION_BYTES_MAX 1024

FALLIBLE github_begin(struct call *call, const struct upstream *upstream, struct flow *flow, Reeve__V1__Page *out)
{
	slice challenge, callback;
	struct pairs query;

	TRY(upstream_fresh(call, flow, &challenge));
	TRY(upstream_callback_url(call, upstream, flow, &callback));
	flow->upstream.nonce = SLICE(""); /* there is no token to carry it */
	TRY(flow_begin(call, flow, out));
	pairs_init(&query, call->arena, upstream->authorize_url);
	pairs_add(&query, "client_id", upstream->client_id);
	pairs_add(&query, "redirect_uri", callback);
	pairs_add(&query, "scope", upstream->scopes);
	pairs_add(&query, "state", flow->id);
	pairs_add(&query, "code_challenge", challenge);
	pairs_add(&query, "code_challenge_method", SLICE("S256"));
	if (buffer_failed(&query.text))
		return FAIL(FAULT_INVALID, "the link to %.*s would be too long", SLICE_ARG(upstream->label));
	return show_location(call, buffer_slice(&query.text), out);
}

static FALLIBLE ask_token(struct call *call, const struct upstream *upstream, const struct flow *flow, slice code,
			  slice *ret_token)
{
	static const struct fetch_header headers[] = { { { "accept", 6 }, { "application/json", 16 } },
						       { { "content-type", 12 },
							 { "application/x-www-form-urlencoded", 33 } } };
	slice callback, error = SLICE(""), description = SLICE("");
	const struct json *body = NULL;
	struct pairs form;
	int http_status = 0;

	TRY(upstream_callback_url(call, upstream, flow, &callback));
	pairs_init(&form, call->arena, SLICE(""));
	pairs_add(&form, "client_id", upstream->client_id);
	pairs_add(&form, "client_secret", upstream->secret);
	pairs_add(&form, "code", code);
	pairs_add(&form, "redirect_uri", callback);
	pairs_add(&form, "code_verifier", flow->upstream.verifier);
	if (buffer_failed(&form.text))
		return FAIL(FAULT_DENIED, "%.*s sent a code that is too long", SLICE_ARG(upstream->label));
	TRY(upstream_fetch(call, upstream,
			   &(struct fetch_request){ .url = upstream->token_url,
						    .method = FETCH_POST,
						    .headers = headers,
						    .header_count = 2,
						    .body = buffer_slice(&form.text),
						    .max_bytes = UPSTREAM_BYTES_MAX,
						    .timeout_ms = UPSTREAM_TIMEOUT_MS },
			   &http_status, &body));
	/* Its refusals come with status 200 too. */
	if (http_status == 200 && json_text(json_member(body, "access_token"), ret_token) && ret_token->len)
		return OK;
	(void)json_text(json_member(body, "error"), &error);                   /* "" when absent */
	(void)json_text(json_member(body, "error_description"), &description); /* the same */
	return upstream_refused(upstream, error.len ? error : SLICE("it sent no token"), description);
}

static FALLIBLE ask_api(struct call *call, const struct upstream *upstream, slice token, const char *path,
			const struct json **ret_body)
{
	char *url = arena_printf(call->arena, "%.*s%s", SLICE_ARG(upstream->api_url), path);
	char *bearer = arena_printf(call->arena, "Bearer %.*s", SLICE_ARG(token));
	const struct fetch_header headers[] = { { SLICE("accept"), SLICE("application/vnd.github+json") },
						{ SLICE("authorization"), slice_str(bearer) },
						{ SLICE("user-agent"), SLICE("reeve") }, /* GitHub refuses calls without one */
						{ SLICE("x-github-api-version"), SLICE(API_VERSION) } };
	struct fetch_request request = { .url = slice_str(url),
					 .headers = headers,
					 .header_count = sizeof(headers) / sizeof(*headers),
					 .max_bytes = UPSTREAM_BYTES_MAX,
					 .timeout_ms = UPSTREAM_TIMEOUT_MS };
	int http_status = 0;

	TRY_NEW(url);
	TRY_NEW(bearer);
	if (token.len > AUTHORIZATION_BYTES_MAX)
		return FAIL(FAULT_DENIED, "%.*s sent a token that is too long", SLICE_ARG(upstream->label));
	TRY(upstream_fetch(call, upstream, &request, &http_status, ret_body));
	if (http_status != 200)
		return upstream_refused(upstream, SLICE("it does not say who you are"), SLICE(""));
	return OK;
}

FALLIBLE github_user_read(struct arena *arena, const struct json *user, struct person *into)
{
	slice login = SLICE("");
	uint64_t id;
	char *subject;

	/* A login may be given up and taken by somebody else; the number never is. */
	if (!json_is(json_member(user, "id"), JSON_NUMBER) || !json_uint64(json_member(user, "id"), &id) || id == 0)
		return FAIL(FAULT_DENIED, "GitHub does not say who you are");
	subject = arena_printf(arena, "%llu", (unsigned long long)id);
	TRY_NEW(subject);
	into->subject = slice_str(subject);
	(void)json_text(json_member(user, "login"), &login); /* "" when absent */
	if (!json_text(json_member(user, "name"), &into->name) || into->name.len == 0)
		into->name = login;
	if (!json_text(json_member(user, "avatar_url"), &into->picture))
		into->picture = SLICE("");
	return OK;
}

void github_emails_read(const struct json *emails, struct person *into)
{
	if (!json_is(emails, JSON_ARRAY))
		return;
	JSON_EACH (item, emails) {
		bool is_primary = false, is_verified = false;
		slice email;

		if (json_bool(json_member(item, "primary"), &is_primary) && is_primary &&
		    json_bool(json_member(item, "verified"), &is_verified) && is_verified &&
		    json_text(json_member(item, "email"), &email)) {
			into->email = email;
			into->email_is_verified = true;
			return;
		}
	}
}

FALLIBLE github_end(struct call *call, const struct upstream *upstream, const struct flow *flow, slice code,
		    struct person *ret_person)
{
	struct person person = { .issuer = upstream->issuer,
				 .connection = upstream->name,
				 .email = SLICE(""),
				 .given_name = SLICE(""),
				 .family_name = SLICE(""),
				 .groups = SLICE("") };
	const struct json *user = NULL, *emails = NULL;
	slice token = SLICE("");

	TRY(ask_token(call, upstream, flow, code, &token));
	TRY(ask_api(call, upstream, token, "/user", &user));
	TRY(github_user_read(call->arena, user, &person));
	TRY(ask_api(call, upstream, token, "/user/emails", &emails));
	github_emails_read(emails, &person);
	*ret_person = person;
	return OK;
}
