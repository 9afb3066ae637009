/*
 * upstream: the providers that know people: OpenID Connect ones and GitHub.
 *
 * Promises  authorization code with PKCE (S256) and a state bound to the browser, for OpenID Connect also a nonce; a provider
 * that says so must name itself in its answer (RFC 9207), and one of an organization that does not, or GitHub, answers at an
 * address of its own (RFC 9700 section 4.4.2); an ID token counts only with its signature, issuer, audience, time
 * and nonce; GitHub's people are their numeric id; an address counts only when the provider verified it. What a provider sends
 * is bounded and never trusted as a page; a slow one keeps its share of the workers waiting (fetch/place.c), never others'. For
 * a worker. Start at  upstream_connection(), upstream_provider(), upstream_begin(), upstream_end().
 */
#ifndef LOGIN_UPSTREAM_H
#define LOGIN_UPSTREAM_H

#include "login/flow.h"

/* A connection of the configuration or an organization's own provider. Slices in the call's arena or the configuration. */
struct upstream {
	enum connection_kind kind;
	slice name;  /* the connection's, or the provider's UIDP text */
	slice label; /* what a person reads */
	slice issuer, client_id, secret, scopes, groups_claim;
	slice authorize_url, token_url, api_url; /* CONNECTION_GITHUB */
	bool is_pkce, is_provider;
	int64_t correlation;
	int64_t changed_us;           /* a provider: when; a connection changes with the process: 0 */
	struct uid uid, organization; /* of a provider */
	size_t place;                 /* upstream_enter()'s; only with has_place */
	bool has_place;
};

/* The connection of this name; INVALID_ARGUMENT names the field. "google" is google-oauth2. */
FALLIBLE upstream_connection(struct call *call, slice name, struct upstream *ret_upstream);
/* By id or organization's name. NOT_FOUND. */
FALLIBLE upstream_provider(struct call *call, slice id_or_name, struct upstream *ret_upstream);
/* The one that this browser was sent to; FAILED_PRECONDITION when it changed meanwhile. */
FALLIBLE upstream_of(struct call *call, const struct flow *flow, struct upstream *ret_upstream);

/* A place among those who wait for providers, before anything is spent that cannot be had again. BUSY when this one keeps
 * enough of them waiting. Every entering has its leaving; leaving twice is fine. */
FALLIBLE upstream_enter(struct call *call, struct upstream *upstream);
void upstream_leave(struct call *call, struct upstream *upstream);

/* Begins flow->stage STAGE_UPSTREAM and sends the browser there. */
FALLIBLE upstream_begin(struct call *call, const struct upstream *upstream, struct flow *flow, Reeve__V1__Page *out);
/* The person behind what the browser came back with. PERMISSION_DENIED when the provider refused or its word does not hold. The
 * caller has entered; whatever comes of it, the place is left. */
FALLIBLE upstream_end(struct call *call, struct upstream *upstream, const struct flow *flow,
		      const Reeve__V1__CallbackRequest *in, struct person *ret_person);

#endif
