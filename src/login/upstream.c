#include "login/upstream.h"

#include "base/encode.h"
#include "crypto/digest.h"
#include "login/upstream_impl.h"
#include "service/provider.h"

#define VERIFIER_BYTES 32
#define NONCE_BYTES 16
#define OIDC_SCOPES "openid email profile"
#define SCOPES_BYTES_MAX ((size_t)2048)
#define SAID_BYTES_MAX 200 /* of a provider's error that we repeat */

static const struct throttle_rule begin_rule = { .label = "upstream", .most = 60, .window_s = 60 };

/* ---- finding one ---- */

FALLIBLE upstream_connection(struct call *call, slice name, struct upstream *ret_upstream)
{
	const struct settings *settings = call->settings;

	if (slice_is(name, "google"))
		name = SLICE("google-oauth2");
	for (size_t i = 0; i < settings->connections_count; i++) {
		const struct connection *from = &settings->connections[i];
		if (!slice_eq(from->name, name))
			continue;
		*ret_upstream = (struct upstream){ .kind = from->kind,
						   .name = from->name,
						   .label = from->label,
						   .issuer = from->issuer,
						   .client_id = from->client_id,
						   .secret = from->secret,
						   .scopes = from->scopes,
						   .authorize_url = from->authorize_url,
						   .token_url = from->token_url,
						   .api_url = from->api_url,
						   .is_pkce = from->is_pkce };
		return OK;
	}
	return FAIL_FIELD("connection", "this server has no way to sign in of that name");
}

/* "openid" and what the provider asks for besides. */
static FALLIBLE provider_scopes(struct call *call, slice list, slice *ret_scopes)
{
	const struct json *scopes;
	struct buffer text;

	*ret_scopes = SLICE(OIDC_SCOPES);
	if (list.len == 0)
		return OK;
	TRY(json_parse(call->arena, list, NULL, &scopes));
	buffer_init(&text, call->arena, SCOPES_BYTES_MAX);
	buffer_text(&text, "openid");
	JSON_EACH (scope, scopes) {
		if (slice_is(scope->text, "openid"))
			continue;
		buffer_byte(&text, ' ');
		buffer_add(&text, scope->text);
	}
	if (buffer_failed(&text))
		return FAIL(FAULT_STATE, "the provider asks for too many scopes");
	if (scopes->count)
		*ret_scopes = buffer_slice(&text);
	return OK;
}

FALLIBLE upstream_provider(struct call *call, slice id_or_name, struct upstream *ret_upstream)
{
	struct provider provider = { 0 };
	slice secret = SLICE(""), scopes;
	char *name;

	TRY(provider_find(call, id_or_name, &provider, &secret));
	if (!issuer_may_ask(call->parts->issuer, provider.issuer)) /* asked when it is written too; configurations change */
		return FAIL(FAULT_DENIED, "this server's configuration does not allow the issuer (issuers.allow)");
	name = uid_text(&provider.uid, call->arena);
	TRY_NEW(name);
	TRY(provider_scopes(call, provider.scopes, &scopes));
	*ret_upstream = (struct upstream){ .kind = CONNECTION_OIDC,
					   .name = slice_str(name),
					   .label = provider.name,
					   .issuer = provider.issuer,
					   .client_id = provider.client_id,
					   .secret = secret,
					   .scopes = scopes,
					   .groups_claim = provider.groups_claim,
					   .is_pkce = provider.is_pkce,
					   .is_provider = true,
					   .correlation = provider.correlation,
					   .changed_us = provider.updated_us,
					   .uid = provider.uid,
					   .organization = provider.parent };
	return OK;
}

FALLIBLE upstream_of(struct call *call, const struct flow *flow, struct upstream *ret_upstream)
{
	const struct upstream_state *state = &flow->upstream;

	if (state->is_provider)
		TRY(upstream_provider(call, state->connection, ret_upstream));
	else
		TRY(upstream_connection(call, state->connection, ret_upstream));
	if (!slice_eq(ret_upstream->issuer, state->issuer))
		return FAIL(FAULT_STATE, "the identity provider was changed while you signed in there");
	return OK;
}

/* ---- what both kinds need ---- */

void pairs_init(struct pairs *pairs, struct arena *arena, slice url)
{
	buffer_init(&pairs->text, arena, UPSTREAM_URL_BYTES_MAX);
	buffer_add(&pairs->text, url);
	pairs->join = url.len == 0 ? '\0' : slice_find(url, '?') < url.len ? '&' : '?';
}

void pairs_add(struct pairs *pairs, const char *name, slice value)
{
	if (pairs->join)
		buffer_byte(&pairs->text, pairs->join);
	buffer_text(&pairs->text, name);
	buffer_byte(&pairs->text, '=');
	percent_encode(&pairs->text, PERCENT_QUERY, value);
	pairs->join = '&';
}

/* Whose own address an answer comes back to; "" is the one that several share. A provider of an organization, whose owner may
 * be anybody, could send a browser on to another one, which would send its code to us as an answer of the first. So whoever
 * does not name itself has an address of its own (RFC 9700 section 4.4.2): an organization's provider, by its issuer; and
 * GitHub, which takes what lies below the address that is registered there, with any query. Connections of the configuration
 * are trusted. */
static FALLIBLE upstream_way(struct call *call, const struct upstream *upstream, const struct flow *flow, slice *ret_way)
{
	char *text;

	*ret_way = upstream->kind == CONNECTION_GITHUB ? SLICE("github") : SLICE("");
	if (!upstream->is_provider || flow->upstream.sends_issuer)
		return OK;
	text = arena_alloc(call->arena, SHA256_TEXT_BYTES);
	TRY_NEW(text);
	TRY(sha256_text(upstream->issuer, text));
	*ret_way = slice_str(text);
	return OK;
}

FALLIBLE upstream_callback_url(struct call *call, const struct upstream *upstream, const struct flow *flow, slice *ret_url)
{
	slice way;
	char *url;

	TRY(upstream_way(call, upstream, flow, &way));
	url = arena_printf(call->arena, "%.*s/oauth/%s%.*s", SLICE_ARG(call->settings->issuer_url),
			   way.len ? "from/" : "callback", SLICE_ARG(way));
	TRY_NEW(url);
	*ret_url = slice_str(url);
	return OK;
}

FALLIBLE upstream_fresh(struct call *call, struct flow *flow, slice *ret_challenge)
{
	unsigned char digest[SHA256_BYTES];
	char *text = arena_alloc(call->arena, BASE64_TEXT_BYTES(SHA256_BYTES));

	TRY_NEW(text);
	TRY(call_random_text(call, VERIFIER_BYTES, &flow->upstream.verifier));
	TRY(call_random_text(call, NONCE_BYTES, &flow->upstream.nonce));
	TRY(sha256(flow->upstream.verifier, digest));
	*ret_challenge = slice_of(text, base64_encode_into(BASE64_URL, slice_of(digest, sizeof(digest)), text));
	return OK;
}

FALLIBLE upstream_busy(const struct upstream *upstream)
{
	return FAIL(FAULT_BUSY, "many people sign in with %.*s at this moment, and it answers slowly",
		    SLICE_ARG(upstream->label));
}

FALLIBLE upstream_enter(struct call *call, struct upstream *upstream)
{
	status result = fetch_place_take(call->parts->fetcher, upstream->issuer, &upstream->place);

	upstream->has_place = !FAILED(result);
	if (result.fault == FAULT_BUSY)
		return upstream_busy(upstream);
	TRY(result);
	return OK;
}

void upstream_leave(struct call *call, struct upstream *upstream)
{
	if (upstream->has_place)
		fetch_place_leave(call->parts->fetcher, upstream->place);
	upstream->has_place = false;
}

FALLIBLE upstream_fetch(struct call *call, const struct upstream *upstream, const struct fetch_request *request,
			int *ret_status, const struct json **ret_body)
{
	struct fetch_request placed = *request;
	struct fetch_answer answer;
	status result;

	placed.has_place = true;
	authz_thread_offline(); /* the network is slow */
	result = fetch_wait(call->parts->fetcher, &placed, call->arena, &answer);
	authz_thread_online();
	if (FAILED(result)) {
		NOTE("%.*s: %s", SLICE_ARG(slice_to(request->url, 200)), report_current()->text);
		return FAIL(FAULT_UNAVAILABLE, "%.*s cannot be reached at the moment", SLICE_ARG(upstream->label));
	}
	if (answer.http_status >= 500 || FAILED(json_parse(call->arena, answer.body, NULL, ret_body))) {
		NOTE("%.*s answers with status %d", SLICE_ARG(slice_to(request->url, 200)), answer.http_status);
		return FAIL(FAULT_UNAVAILABLE, "%.*s did not answer as it should", SLICE_ARG(upstream->label));
	}
	*ret_status = answer.http_status;
	return OK;
}

FALLIBLE upstream_refused(const struct upstream *upstream, slice error, slice description)
{
	const slice *said = description.len ? &description : &error;

	if (!slice_is_text(*said))
		return FAIL(FAULT_DENIED, "%.*s refused the sign-in", SLICE_ARG(upstream->label));
	return FAIL(FAULT_DENIED, "%.*s refused the sign-in: %.*s", SLICE_ARG(upstream->label),
		    SLICE_ARG(show_cut(*said, SAID_BYTES_MAX)));
}

/* ---- there and back ---- */

FALLIBLE upstream_begin(struct call *call, const struct upstream *upstream, struct flow *flow, Reeve__V1__Page *out)
{
	if (!throttle_try(shown_throttle(), &begin_rule, throttle_address(call->arena, call->peer), SLICE(""),
			  call_now_s(call)))
		return FAIL(FAULT_EXHAUSTED, "too many sign-ins begin at this address; wait a minute");
	flow->stage = STAGE_UPSTREAM;
	flow->upstream = (struct upstream_state){ .connection = upstream->name,
						  .issuer = upstream->issuer,
						  .is_provider = upstream->is_provider };
	return upstream->kind == CONNECTION_GITHUB ? github_begin(call, upstream, flow, out)
						   : oidc_begin(call, upstream, flow, out);
}

FALLIBLE upstream_end(struct call *call, struct upstream *upstream, const struct flow *flow,
		      const Reeve__V1__CallbackRequest *in, struct person *ret_person)
{
	slice iss = slice_str(in->iss), code = slice_str(in->code), way;

	TRY(upstream_way(call, upstream, flow, &way));
	if (!slice_eq(slice_str(in->way), way))
		return FAIL(FAULT_DENIED,
			    "the answer came to the address of another identity provider than the one that was asked");
	/* RFC 9207: whoever promises to name itself has to; whoever names itself has to be the one we asked. */
	if (upstream->kind == CONNECTION_OIDC && (flow->upstream.sends_issuer || iss.len) && !slice_eq(iss, upstream->issuer))
		return FAIL(FAULT_DENIED, "the answer came from another identity provider than the one that was asked");
	if (*in->error)
		return upstream_refused(upstream, slice_str(in->error), slice_str(in->error_description));
	if (code.len == 0)
		return FAIL(FAULT_DENIED, "%.*s sent no code", SLICE_ARG(upstream->label));
	return upstream->kind == CONNECTION_GITHUB ? github_end(call, upstream, flow, code, ret_person)
						   : oidc_end(call, upstream, flow, code, ret_person);
}
