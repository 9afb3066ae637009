/*
 * upstream_oidc: OpenID Connect providers: discovery, the code for an ID token, and what only this browser's flow can check of
 * it.
 */
#include "base/encode.h"
#include "crypto/jws.h"
#include "fetch/url.h"
#include "login/upstream_impl.h"
#include "model/user.h"

#define HEADER_BYTES_MAX ((size_t)8192)

static const struct fetch_header accept_json = { { "accept", 6 }, { "application/json", 16 } };

/* ---- the discovery document ---- */

static bool lists(const struct json *list, const char *word)
{
	if (json_is(list, JSON_ARRAY))
		JSON_EACH (item, list)
			if (json_text_is(item, word))
				return true;
	return false;
}

static bool is_endpoint(const struct json *value, slice *ret_url)
{
	struct url url;

	return json_text(value, ret_url) && !FAILED(url_parse(*ret_url, &url));
}

FALLIBLE oidc_document_read(const struct json *body, slice issuer, bool has_secret, struct oidc_document *ret_document)
{
	const struct json *ways = json_member(body, "token_endpoint_auth_methods_supported");
	struct oidc_document document = { 0 };
	slice named;

	if (!json_text(json_member(body, "issuer"), &named) || !slice_eq(named, issuer))
		return FAIL(FAULT_DENIED, "the provider's discovery document names another issuer");
	if (!is_endpoint(json_member(body, "authorization_endpoint"), &document.authorize_url) ||
	    !is_endpoint(json_member(body, "token_endpoint"), &document.token_url))
		return FAIL(FAULT_DENIED,
			    "the provider's discovery document has no authorization_endpoint or no token_endpoint");
	(void)json_bool(json_member(body, "authorization_response_iss_parameter_supported"),
			&document.sends_issuer); /* false when absent (RFC 9207 section 3) */
	/* Absent: client_secret_basic (OpenID Connect Discovery 1.0 section 3). */
	document.by_post = has_secret && ways && !lists(ways, "client_secret_basic") && lists(ways, "client_secret_post");
	*ret_document = document;
	return OK;
}

/* From memory, mostly: the room token keeps what issuers publish. Read anew at each sign-in. */
static FALLIBLE discover(struct call *call, const struct upstream *upstream, struct oidc_document *ret_document)
{
	const struct json *document;
	slice text = { 0 };
	status result = issuer_document(call->parts->issuer, call->arena, upstream->issuer, upstream->changed_us, &text);

	if (result.fault == FAULT_BUSY)
		return upstream_busy(upstream);
	if (FAILED(result) && result.fault != FAULT_DENIED) {
		NOTE("%.*s: %s", SLICE_ARG(upstream->issuer), report_current()->text);
		return FAIL(FAULT_UNAVAILABLE, "%.*s cannot be reached at the moment", SLICE_ARG(upstream->label));
	}
	TRY(result);
	TRY(json_parse_object(call->arena, text, NULL, &document));
	return oidc_document_read(document, upstream->issuer, upstream->secret.len > 0, ret_document);
}

/* ---- there ---- */

FALLIBLE oidc_begin(struct call *call, const struct upstream *upstream, struct flow *flow, Reeve__V1__Page *out)
{
	struct oidc_document document = { 0 };
	slice challenge, callback;
	struct pairs query;

	TRY(discover(call, upstream, &document));
	TRY(upstream_fresh(call, flow, &challenge));
	flow->upstream.token_url = document.token_url;
	flow->upstream.sends_issuer = document.sends_issuer;
	flow->upstream.by_post = document.by_post;
	TRY(upstream_callback_url(call, upstream, flow, &callback));
	if (!upstream->is_pkce)
		flow->upstream.verifier = SLICE("");
	TRY(flow_begin(call, flow, out));
	pairs_init(&query, call->arena, document.authorize_url);
	pairs_add(&query, "response_type", SLICE("code"));
	pairs_add(&query, "client_id", upstream->client_id);
	pairs_add(&query, "redirect_uri", callback);
	pairs_add(&query, "scope", upstream->scopes);
	pairs_add(&query, "state", flow->id);
	pairs_add(&query, "nonce", flow->upstream.nonce);
	if (upstream->is_pkce) {
		pairs_add(&query, "code_challenge", challenge);
		pairs_add(&query, "code_challenge_method", SLICE("S256"));
	}
	if (flow->goal.screen_hint.len)
		pairs_add(&query, "screen_hint", flow->goal.screen_hint);
	if (buffer_failed(&query.text))
		return FAIL(FAULT_INVALID, "the link to %.*s would be too long", SLICE_ARG(upstream->label));
	return show_location(call, buffer_slice(&query.text), out);
}

/* ---- and back ---- */

/* RFC 6749 section 2.3.1: each half form-encoded, then Basic. */
static FALLIBLE basic_header(struct call *call, const struct upstream *upstream, struct fetch_header *ret_header)
{
	struct buffer pair, value;

	buffer_init(&pair, call->arena, HEADER_BYTES_MAX);
	percent_encode(&pair, PERCENT_FORM, upstream->client_id);
	buffer_byte(&pair, ':');
	percent_encode(&pair, PERCENT_FORM, upstream->secret);
	buffer_init(&value, call->arena, HEADER_BYTES_MAX * 2);
	buffer_text(&value, "Basic ");
	base64_encode(&value, BASE64_STANDARD, buffer_slice(&pair));
	if (buffer_failed(&pair) || buffer_failed(&value))
		return FAIL(FAULT_STATE, "the client secret is too long");
	*ret_header = (struct fetch_header){ SLICE("authorization"), buffer_slice(&value) };
	return OK;
}

static FALLIBLE ask_token(struct call *call, const struct upstream *upstream, const struct flow *flow, slice code,
			  slice *ret_id_token)
{
	struct fetch_header headers[3] = { accept_json, { SLICE("content-type"), SLICE("application/x-www-form-urlencoded") } };
	bool is_basic = upstream->secret.len && !flow->upstream.by_post;
	const struct json *body = NULL;
	slice callback, error = SLICE(""), description = SLICE("");
	struct pairs form;
	int http_status = 0;

	TRY(upstream_callback_url(call, upstream, flow, &callback));
	pairs_init(&form, call->arena, SLICE(""));
	pairs_add(&form, "grant_type", SLICE("authorization_code"));
	pairs_add(&form, "code", code);
	pairs_add(&form, "redirect_uri", callback);
	if (flow->upstream.verifier.len)
		pairs_add(&form, "code_verifier", flow->upstream.verifier);
	if (!is_basic)
		pairs_add(&form, "client_id", upstream->client_id);
	if (upstream->secret.len && !is_basic)
		pairs_add(&form, "client_secret", upstream->secret);
	if (buffer_failed(&form.text))
		return FAIL(FAULT_DENIED, "%.*s sent a code that is too long", SLICE_ARG(upstream->label));
	if (is_basic)
		TRY(basic_header(call, upstream, &headers[2]));
	TRY(upstream_fetch(call, upstream,
			   &(struct fetch_request){ .url = flow->upstream.token_url,
						    .method = FETCH_POST,
						    .headers = headers,
						    .header_count = is_basic ? 3 : 2,
						    .body = buffer_slice(&form.text),
						    .max_bytes = UPSTREAM_BYTES_MAX,
						    .timeout_ms = UPSTREAM_TIMEOUT_MS },
			   &http_status, &body));
	if (http_status == 200 && json_text(json_member(body, "id_token"), ret_id_token))
		return OK;
	(void)json_text(json_member(body, "error"), &error);                   /* "" when absent */
	(void)json_text(json_member(body, "error_description"), &description); /* the same */
	return upstream_refused(upstream, error.len ? error : SLICE("it sent no ID token"), description);
}

static bool names_client(const struct json *aud, slice client_id)
{
	slice text;

	if (json_text(aud, &text))
		return slice_eq(text, client_id);
	if (json_is(aud, JSON_ARRAY))
		JSON_EACH (item, aud)
			if (json_text(item, &text) && slice_eq(text, client_id))
				return true;
	return false;
}

FALLIBLE oidc_claims_check(const struct json *claims, slice issuer, slice client_id, slice nonce)
{
	const struct json *azp = json_member(claims, "azp");
	slice text;

	if (!json_text(json_member(claims, "iss"), &text) || !slice_eq(issuer_normal(text), issuer_normal(issuer)))
		return FAIL(FAULT_DENIED, "the ID token is of another issuer than the provider that was asked");
	if (!names_client(json_member(claims, "aud"), client_id) ||
	    (azp && (!json_text(azp, &text) || !slice_eq(text, client_id))))
		return FAIL(FAULT_DENIED, "the ID token was made for another client");
	if (!json_text(json_member(claims, "nonce"), &text) || !slice_eq(text, nonce))
		return FAIL(FAULT_DENIED, "the ID token belongs to another sign-in");
	return OK;
}

static FALLIBLE read_token(struct call *call, const struct upstream *upstream, slice id_token, struct login *ret_login)
{
	status result = token_login_read(call->parts->issuer, call->arena, id_token, &upstream->uid, true, ret_login);

	if (result.fault == FAULT_BUSY) /* the code is spent: coming again is no use */
		return FAIL(FAULT_UNAVAILABLE, "%.*s cannot be asked for its keys at the moment", SLICE_ARG(upstream->label));
	TRY(result);
	return OK;
}

FALLIBLE oidc_end(struct call *call, struct upstream *upstream, const struct flow *flow, slice code, struct person *ret_person)
{
	const struct json *claims = NULL;
	struct login login = { 0 };
	struct jws jws;
	slice id_token = SLICE("");

	TRY(ask_token(call, upstream, flow, code, &id_token));
	upstream_leave(call, upstream); /* the keys have places of their own */
	TRY(read_token(call, upstream, id_token, &login));
	/* Verified above; what is left is what no one but this flow knows. */
	TRY(jws_parse(call->arena, id_token, TOKEN_BYTES_MAX, &jws));
	TRY(jws_claims(call->arena, &jws, &claims));
	TRY(oidc_claims_check(claims, upstream->issuer, upstream->client_id, flow->upstream.nonce));
	*ret_person = login.person;
	return OK;
}
