/*
 * provider_probe: which issuers an organization may name, and what their discovery documents say of them.
 */
#include "base/json.h"
#include "fetch/url.h"
#include "model/rules.h"
#include "model/user.h"
#include "service/providers_impl.h"
#include "token/upstream.h"

/* ---- which issuers ---- */

/* "https://x" and "https://x/" are two issuers; but nobody may have the one that is kept by the other. */
static slice bare(slice issuer)
{
	issuer = issuer_normal(issuer);
	return issuer.len && issuer.at[issuer.len - 1] == '/' ? slice_to(issuer, issuer.len - 1) : issuer;
}

/* This server's own people, under any path of it. */
static bool is_ours(const struct settings *settings, slice issuer)
{
	slice ours = settings->issuer_url;

	return slice_eq(bare(issuer), bare(settings->api_url)) ||
	       (slice_starts(issuer, ours) && (issuer.len == ours.len || issuer.at[ours.len] == '/'));
}

static bool is_connection(const struct settings *settings, slice issuer)
{
	for (size_t i = 0; i < settings->connections_count; i++)
		if (slice_eq(bare(issuer), bare(settings->connections[i].issuer)))
			return true;
	return false;
}

FALLIBLE provider_check_issuer(struct call *call, const struct provider_in *in)
{
	const struct settings *settings = call->settings;
	const char *field;

	TRY(provider_field(call, in, "oidc.issuer", &field));
	TRY(rule_text(in->issuer, ISSUER_BYTES_MAX, false, field));
	if (is_ours(settings, in->issuer))
		return FAIL_FIELD(field, "is this server itself");
	if (is_connection(settings, in->issuer))
		return FAIL_FIELD(field,
				  "is one that everybody may sign in with on this server; it cannot be an organization's own");
	if (!issuer_may_ask(call->parts->issuer, in->issuer))
		return FAIL_FIELD(field, "is none that this server's configuration allows (issuers.allow)");
	if (url_is_https_issuer(in->issuer) || (url_is_issuer(in->issuer) && fetch_allows(call->parts->fetcher, in->issuer)))
		return OK;
	return FAIL_FIELD(field, "must be an https URL without query");
}

/* ---- discovery ---- */

/* On behalf of whoever asks: an issuer they name may be anything, and never to answer. */
static FALLIBLE get_document(struct call *call, slice issuer, const struct json **ret_document)
{
	struct fetcher *fetcher = call->parts->fetcher;
	slice body = { 0 }, keys_url;
	char *caller = uid_text(&call->caller->identity, call->arena);
	size_t place;
	status result;

	TRY_NEW(caller);
	TRY(fetch_place_take(fetcher, slice_str(caller), &place));
	result = discovery_fetch(fetcher, call->arena, issuer, &body, &keys_url);
	fetch_place_leave(fetcher, place);
	TRY(result);
	return json_parse_object(call->arena, body, NULL, ret_document);
}

/* Silence passes: many providers do PKCE without saying so. */
static bool refuses_pkce(const struct json *document)
{
	const struct json *listed = json_member(document, "code_challenge_methods_supported");
	slice method;

	if (!listed || listed->count == 0)
		return false;
	JSON_EACH (item, listed)
		if (json_text(item, &method) && slice_is(method, "S256"))
			return false;
	return true;
}

FALLIBLE provider_probe(struct call *call, const struct provider_in *in)
{
	const struct json *document;
	const char *field;
	status result;
	slice url;

	TRY(provider_check_issuer(call, in));
	TRY(provider_field(call, in, "oidc.issuer", &field));
	result = get_document(call, in->issuer, &document);
	if (result.fault == FAULT_BUSY) /* says nothing of the issuer */
		return result;
	if (FAILED(result)) {
		char *why = arena_printf(call->arena, "%s", report_current()->text);
		TRY_NEW(why);
		return FAIL_FIELD(field, "cannot be used: %.300s", why);
	}
	if (!json_text(json_member(document, "authorization_endpoint"), &url))
		NOTE("the issuer's discovery document names no authorization_endpoint: nobody can sign in there yet");
	TRY(provider_field(call, in, "oidc.pkce_enabled", &field));
	if (in->is_pkce && refuses_pkce(document))
		return FAIL_FIELD(field,
				  "the issuer's discovery document lists challenge methods without S256; switch PKCE off");
	return OK;
}

struct reading {
	struct call call; /* a copy, with the snapshot */
	struct provider provider;
};

static status read_row(struct tx *tx, void *arg)
{
	struct reading *reading = arg;

	reading->call.tx = tx;
	return provider_at(&reading->call, &reading->provider.uid, &reading->provider);
}

FALLIBLE provider_probe_update(struct call *call, const struct uid *uid, const struct provider_in *in)
{
	struct reading reading = { .call = *call, .provider.uid = *uid };
	struct provider_in after = *in;

	TRY(store_read(call->parts->store, read_row, &reading, call->arena));
	if (!in->has_issuer)
		after.issuer = reading.provider.issuer;
	if (!in->has_pkce)
		after.is_pkce = reading.provider.is_pkce;
	if (slice_eq(after.issuer, reading.provider.issuer) && (!after.is_pkce || reading.provider.is_pkce))
		return OK; /* nothing that was not asked before */
	return provider_probe(call, &after);
}
