/*
 * providers_v2: IdentityProvidersService, over the functions of provider.h.
 */
#include "handlers.gen.h"
#include "service/ahead.h"
#include "service/providers_impl.h"

typedef Chainguard__Platform__Iam__V2__IdentityProvider__OIDC oidc_v2;

#define PREFIX "identity_provider."

/* ---- messages ---- */

FALLIBLE provider_take(struct call *call, const provider_v2 *message, const char *prefix, struct provider_in *ret_in)
{
	struct provider_in in = { .prefix = prefix,
				  .name = slice_str(message->name),
				  .description = slice_str(message->description),
				  .role = slice_str(message->default_role) };

	if (message->configuration_case == CHAINGUARD__PLATFORM__IAM__V2__IDENTITY_PROVIDER__CONFIGURATION_OIDC &&
	    message->oidc) {
		const oidc_v2 *oidc = message->oidc;
		in.issuer = slice_str(oidc->issuer);
		in.client_id = slice_str(oidc->client_id);
		in.secret = slice_str(oidc->client_secret);
		in.groups_claim = slice_str(oidc->groups_claim);
		in.correlation = oidc->correlation_rule;
		in.is_pkce = oidc->pkce_enabled;
		TRY(take_list(call, oidc->n_additional_scopes, oidc->additional_scopes, &in.scopes));
	}
	*ret_in = in;
	return OK;
}

void provider_take_all(struct provider_in *in)
{
	in->has_name = in->has_description = in->has_issuer = in->has_client_id = in->has_secret = in->has_scopes =
		in->has_groups_claim = in->has_role = in->has_correlation = in->has_pkce = true;
}

FALLIBLE provider_fill(struct call *call, const struct provider *provider, provider_v2 *out)
{
	oidc_v2 *oidc;

	TRY_MESSAGE(call, oidc, chainguard__platform__iam__v2__identity_provider__oidc);
	TRY(put_text(call, provider->issuer, &oidc->issuer));
	TRY(put_text(call, provider->client_id, &oidc->client_id));
	TRY(put_list(call, provider->scopes, &oidc->n_additional_scopes, &oidc->additional_scopes));
	TRY(put_text(call, provider->groups_claim, &oidc->groups_claim));
	oidc->correlation_rule = (Chainguard__Platform__Iam__V2__IdentityProvider__OIDC__CorrelationRule)provider->correlation;
	oidc->pkce_enabled = provider->is_pkce;
	out->oidc = oidc;
	out->configuration_case = CHAINGUARD__PLATFORM__IAM__V2__IDENTITY_PROVIDER__CONFIGURATION_OIDC;
	TRY(put_uid(call, &provider->uid, &out->uid));
	TRY(put_text(call, provider->name, &out->name));
	TRY(put_text(call, provider->description, &out->description));
	TRY(put_uid(call, &provider->role, &out->default_role));
	TRY(put_time(call, provider->created_us, &out->create_time));
	return put_time(call, provider->updated_us, &out->update_time);
}

/* ---- create ---- */

static FALLIBLE take_create(struct call *call, const Chainguard__Platform__Iam__V2__CreateIdentityProviderRequest *in,
			    struct provider_in *ret_in)
{
	TRY(provider_take(call, in->identity_provider, PREFIX, ret_in));
	provider_take_all(ret_in);
	return OK;
}

status ahead_create_provider(struct call *call, const void *in)
{
	struct provider_in provider_in;

	TRY(take_create(call, in, &provider_in));
	return provider_probe(call, &provider_in);
}

status identity_providers_create_identity_provider(struct call *call,
						   const Chainguard__Platform__Iam__V2__CreateIdentityProviderRequest *in,
						   provider_v2 *out)
{
	struct provider_in provider_in;
	struct provider provider;
	struct uid parent;

	TRY(uid_parse_field(slice_str(in->parent), "parent", &parent));
	TRY(take_create(call, in, &provider_in));
	TRY(provider_create(call, &parent, &provider_in, &provider));
	return provider_fill(call, &provider, out);
}

/* ---- update ---- */

static FALLIBLE take_update(struct call *call, const Chainguard__Platform__Iam__V2__UpdateIdentityProviderRequest *in,
			    struct uid *ret_uid, struct provider_in *ret_in)
{
	const provider_v2 *message = in->identity_provider;
	const Google__Protobuf__FieldMask *mask;

	TRY(uid_parse_field(slice_str(message->uid), PREFIX "uid", ret_uid));
	TRY(provider_take(call, message, PREFIX, ret_in));
	TRY(mask_resolve(call->arena, message_type_of(message->base.descriptor), &message->base, in->update_mask, &mask));
	ret_in->has_name = mask_names(mask, "name");
	ret_in->has_description = mask_names(mask, "description");
	ret_in->has_role = mask_names(mask, "default_role");
	ret_in->has_issuer = mask_names(mask, "oidc.issuer");
	ret_in->has_client_id = mask_names(mask, "oidc.client_id");
	/* Nobody can read it to send it back: an empty one clears only when it is named itself. */
	ret_in->has_secret = mask_names(mask, "oidc.client_secret") &&
			     (ret_in->secret.len || mask_names_exactly(mask, "oidc.client_secret"));
	ret_in->has_scopes = mask_names(mask, "oidc.additional_scopes");
	ret_in->has_groups_claim = mask_names(mask, "oidc.groups_claim");
	ret_in->has_correlation = mask_names(mask, "oidc.correlation_rule");
	ret_in->has_pkce = mask_names(mask, "oidc.pkce_enabled");
	if (ret_in->has_role && ret_in->role.len == 0)
		return FAIL_FIELD(PREFIX "default_role", "is required");
	return OK;
}

status ahead_update_provider(struct call *call, const void *in)
{
	struct provider_in provider_in;
	struct uid uid;

	TRY(take_update(call, in, &uid, &provider_in));
	return provider_probe_update(call, &uid, &provider_in);
}

status identity_providers_update_identity_provider(struct call *call,
						   const Chainguard__Platform__Iam__V2__UpdateIdentityProviderRequest *in,
						   provider_v2 *out)
{
	struct provider_in provider_in;
	struct provider provider;
	struct uid uid;

	TRY(take_update(call, in, &uid, &provider_in));
	TRY(provider_update(call, &uid, &provider_in, &provider));
	return provider_fill(call, &provider, out);
}

/* ---- look, delete ---- */

status identity_providers_get_identity_provider(struct call *call,
						const Chainguard__Platform__Iam__V2__GetIdentityProviderRequest *in,
						provider_v2 *out)
{
	struct provider provider;
	struct uid uid;

	TRY(uid_parse_field(slice_str(in->uid), "uid", &uid));
	TRY(provider_at(call, &uid, &provider));
	return provider_fill(call, &provider, out);
}

status identity_providers_list_identity_providers(struct call *call,
						  const Chainguard__Platform__Iam__V2__ListIdentityProvidersRequest *in,
						  Chainguard__Platform__Iam__V2__ListIdentityProvidersResponse *out)
{
	struct list_in page = { in->uidp, in->page_size, in->skip, in->page_token, in->order_by };
	struct list_out list;
	struct query query;

	query_init(&query);
	if (*in->name)
		query_eq_text(&query, PROVIDERS_NAME, slice_str(in->name));
	TRY(list_page(call, &provider_noun, &page, &query, &list));
	out->identity_providers = NEW_N(call->arena, provider_v2 *, list.rows.count);
	TRY_NEW(out->identity_providers);
	for (size_t i = 0; i < list.rows.count; i++) {
		TRY_MESSAGE(call, out->identity_providers[i], chainguard__platform__iam__v2__identity_provider);
		TRY(provider_fill(call, (const struct provider *)list.rows.at + i, out->identity_providers[i]));
		out->n_identity_providers++;
	}
	LIST_ANSWER(call, out, &list,
		    CHAINGUARD__PLATFORM__IAM__V2__LIST_IDENTITY_PROVIDERS_RESPONSE___TOTAL_COUNT_TOTAL_COUNT);
	return OK;
}

status identity_providers_delete_identity_provider(struct call *call,
						   const Chainguard__Platform__Iam__V2__DeleteIdentityProviderRequest *in,
						   Google__Protobuf__Empty *out)
{
	struct uid uid;

	(void)out;
	TRY(uid_parse_field(slice_str(in->uid), "uid", &uid));
	return provider_delete(call, &uid);
}
