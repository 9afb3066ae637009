/*
 * provider: an organization's own identity provider, as sign-in asks for it (spec model.md 9).
 *
 * Promises  the client secret leaves the store only here, unsealed into the call's arena.
 * Start at  provider_find().
 */
#ifndef SERVICE_PROVIDER_H
#define SERVICE_PROVIDER_H

#include "service/list.h"
#include "service/support.h"

extern const struct list_noun provider_noun;

/* By its id, or by the name of a verified organization that has just one; NOT_FOUND otherwise. ret_secret is "" for a public
 * client. On a worker. */
FALLIBLE provider_find(struct call *call, slice id_or_name, struct provider *ret_provider, slice *ret_secret);

/* What create and update write; a field is left alone on update unless its flag is set. */
struct provider_in {
	slice name, description, issuer, client_id, secret, groups_claim, role;
	slice scopes; /* JSON array of strings */
	int64_t correlation;
	bool is_pkce;
	bool has_name, has_description, has_issuer, has_client_id, has_secret, has_scopes, has_groups_claim, has_role,
		has_correlation, has_pkce;
	const char *prefix; /* of field names: "identity_provider." in v2 */
};

/* Looks at the issuer's discovery document: reachable, of this issuer, able to do PKCE when that is asked. Waits for the
 * network: before the transaction. */
FALLIBLE provider_probe(struct call *call, const struct provider_in *in);
FALLIBLE provider_create(struct call *call, const struct uid *organization, const struct provider_in *in,
			 struct provider *ret_provider);
FALLIBLE provider_update(struct call *call, const struct uid *uid, const struct provider_in *in, struct provider *ret_provider);
FALLIBLE provider_delete(struct call *call, const struct uid *uid);
FALLIBLE provider_at(struct call *call, const struct uid *uid, struct provider *ret_provider);

#endif
