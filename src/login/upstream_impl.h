/* What the files about providers share. */
#ifndef LOGIN_UPSTREAM_IMPL_H
#define LOGIN_UPSTREAM_IMPL_H

#include "base/json.h"
#include "login/upstream.h"

#define UPSTREAM_TIMEOUT_MS 8000
#define UPSTREAM_BYTES_MAX ((size_t)128 * 1024) /* of one answer */
#define UPSTREAM_URL_BYTES_MAX ((size_t)8192)

/* name=value pairs of a query or form, escaped. */
struct pairs {
	struct buffer text;
	char join; /* before the next pair; 0 at a form's first */
};
void pairs_init(struct pairs *pairs, struct arena *arena, slice url); /* url "" for a form */
void pairs_add(struct pairs *pairs, const char *name, slice value);

/* One request, waited for in the place that was entered; the answer's body as JSON. UNAVAILABLE names the provider for anything
 * but an object or array with a status below 500. */
FALLIBLE upstream_fetch(struct call *call, const struct upstream *upstream, const struct fetch_request *request,
			int *ret_status, const struct json **ret_body);
/* BUSY, for people to read. */
FALLIBLE upstream_busy(const struct upstream *upstream);
/* Where the browser shall come back to: ISSUER/oauth/callback, or ISSUER/oauth/from/<way> (upstream_way). */
FALLIBLE upstream_callback_url(struct call *call, const struct upstream *upstream, const struct flow *flow, slice *ret_url);
/* Fills flow->upstream with a fresh verifier and nonce; the challenge for the first. */
FALLIBLE upstream_fresh(struct call *call, struct flow *flow, slice *ret_challenge);
/* A provider's {"error": …, "error_description": …}: PERMISSION_DENIED with it, cut and plain. */
FALLIBLE upstream_refused(const struct upstream *upstream, slice error, slice description);

FALLIBLE oidc_begin(struct call *call, const struct upstream *upstream, struct flow *flow, Reeve__V1__Page *out);
FALLIBLE oidc_end(struct call *call, struct upstream *upstream, const struct flow *flow, slice code, struct person *ret_person);
FALLIBLE github_begin(struct call *call, const struct upstream *upstream, struct flow *flow, Reeve__V1__Page *out);
FALLIBLE github_end(struct call *call, const struct upstream *upstream, const struct flow *flow, slice code,
		    struct person *ret_person);

/* ---- pure readers of what providers send; fuzzed ---- */

struct oidc_document {
	slice authorize_url, token_url;
	bool sends_issuer, by_post;
};
/* The discovery document of this issuer. PERMISSION_DENIED says what is missing. */
FALLIBLE oidc_document_read(const struct json *body, slice issuer, bool has_secret, struct oidc_document *ret_document);
/* The ID token's claims that only its browser's flow can check. */
FALLIBLE oidc_claims_check(const struct json *claims, slice issuer, slice client_id, slice nonce);
/* GitHub's user and their addresses. */
FALLIBLE github_user_read(struct arena *arena, const struct json *user, struct person *into);
void github_emails_read(const struct json *emails, struct person *into);

#endif
