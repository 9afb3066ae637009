/*
 * discovery: what an issuer publishes about itself is fetched.
 */
#include "token/upstream.h"

#include "authz/authz.h"
#include "base/json.h"
#include "fetch/url.h"

#define FETCH_BYTES ((size_t)64 * 1024)

FALLIBLE discovery_get(struct fetcher *fetcher, struct arena *arena, slice url, slice *ret_body)
{
	static const struct fetch_header accept[] = { { { "accept", 6 }, { "application/json", 16 } } };
	struct fetch_request request = { .url = url,
					 .method = FETCH_GET,
					 .headers = accept,
					 .header_count = 1,
					 .max_bytes = FETCH_BYTES,
					 .has_place = true };
	struct fetch_answer answer;
	status result;

	authz_thread_offline(); /* the network is slow */
	result = fetch_wait(fetcher, &request, arena, &answer);
	authz_thread_online();
	TRY(result);
	if (answer.http_status != 200)
		return FAIL(FAULT_UNAVAILABLE, "%.*s answers with status %d", SLICE_ARG(slice_to(url, 200)),
			    answer.http_status);
	*ret_body = answer.body;
	return OK;
}

FALLIBLE discovery_read(struct arena *arena, slice body, slice issuer, slice *ret_keys_url)
{
	const struct json *document;
	struct url parsed;
	slice named;

	TRY(json_parse_object(arena, body, NULL, &document));
	if (!json_text(json_member(document, "issuer"), &named) || !slice_eq(named, issuer))
		return FAIL(FAULT_DENIED, "the issuer's discovery document names another issuer");
	if (!json_text(json_member(document, "jwks_uri"), ret_keys_url) || FAILED(url_parse(*ret_keys_url, &parsed)))
		return FAIL(FAULT_DENIED, "the issuer's discovery document has no jwks_uri");
	return OK;
}

FALLIBLE discovery_fetch(struct fetcher *fetcher, struct arena *arena, slice issuer, slice *ret_body, slice *ret_keys_url)
{
	slice body = { 0 };
	char *url = arena_printf(arena, "%.*s%s.well-known/openid-configuration", SLICE_ARG(issuer),
				 issuer.len && issuer.at[issuer.len - 1] == '/' ? "" : "/");

	TRY_NEW(url);
	TRY(discovery_get(fetcher, arena, slice_str(url), &body));
	TRY(discovery_read(arena, body, issuer, ret_keys_url));
	*ret_body = body;
	return OK;
}
