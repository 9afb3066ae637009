/* What the files about providers share. */
#ifndef SERVICE_PROVIDERS_IMPL_H
#define SERVICE_PROVIDERS_IMPL_H

#include "iam/v2/identity_providers.pb-c.h"
#include "service/provider.h"

typedef Chainguard__Platform__Iam__V2__IdentityProvider provider_v2;

#define PROVIDERS_PER_ORGANIZATION_MAX 100 /* unless the organization's limit `idps` says otherwise */
#define PROVIDER_TEXT_BYTES_MAX 512        /* client id, secret, groups claim */
#define PROVIDER_SCOPES_MAX 32

/* The fields of a message; which of them are to be written is left to the caller. */
FALLIBLE provider_take(struct call *call, const provider_v2 *message, const char *prefix, struct provider_in *ret_in);
/* Everything may be written. */
void provider_take_all(struct provider_in *in);
FALLIBLE provider_fill(struct call *call, const struct provider *provider, provider_v2 *out);
/* May people of an organization sign in at this issuer? INVALID_ARGUMENT naming the field. From memory. */
FALLIBLE provider_check_issuer(struct call *call, const struct provider_in *in);
/* The probe of an update: of what the row will say. */
FALLIBLE provider_probe_update(struct call *call, const struct uid *uid, const struct provider_in *in);
/* "identity_provider.oidc.issuer" in the arena. */
FALLIBLE provider_field(struct call *call, const struct provider_in *in, const char *name, const char **ret_field);

#endif
