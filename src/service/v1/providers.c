/*
 * v1/providers: IdentityProviders of the first version: the messages of v2 under other names.
 */
#include "handlers.gen.h"
#include "iam/v1/identity_providers.pb-c.h"
#include "service/ahead.h"
#include "service/providers_impl.h"
#include "service/translate.h"

typedef Chainguard__Platform__Iam__IdentityProvider provider_v1;

static FALLIBLE take(struct call *call, const provider_v1 *message, const char *prefix, struct provider_in *ret_in)
{
	const ProtobufCMessageDescriptor *v2 = &chainguard__platform__iam__v2__identity_provider__descriptor;
	void *translated;

	TRY(message_translate(call->arena, &message->base, message_type_of(v2), &translated));
	TRY(provider_take(call, translated, prefix, ret_in));
	provider_take_all(ret_in);
	return OK;
}

static FALLIBLE fill(struct call *call, const struct provider *provider, provider_v1 *out)
{
	const ProtobufCMessageDescriptor *v1 = &chainguard__platform__iam__identity_provider__descriptor;
	void *translated;
	provider_v2 *message;

	TRY_MESSAGE(call, message, chainguard__platform__iam__v2__identity_provider);
	TRY(provider_fill(call, provider, message));
	TRY(message_translate(call->arena, &message->base, message_type_of(v1), &translated));
	*out = *(provider_v1 *)translated;
	return put_uid(call, &provider->uid, &out->id);
}

static FALLIBLE take_create(struct call *call, const Chainguard__Platform__Iam__CreateIdentityProviderRequest *in,
			    struct provider_in *ret_in)
{
	if (!in->identity_provider)
		return FAIL_FIELD("identity_provider", "is required");
	return take(call, in->identity_provider, "identity_provider.", ret_in);
}

status v1_ahead_create_provider(struct call *call, const void *in)
{
	struct provider_in provider_in;

	TRY(take_create(call, in, &provider_in));
	return provider_probe(call, &provider_in);
}

status v1_identity_providers_create(struct call *call, const Chainguard__Platform__Iam__CreateIdentityProviderRequest *in,
				    provider_v1 *out)
{
	struct provider_in provider_in;
	struct provider provider;
	struct uid parent;

	TRY(uid_parse_field(slice_str(in->parent_id), "parent_id", &parent));
	TRY(take_create(call, in, &provider_in));
	TRY(provider_create(call, &parent, &provider_in, &provider));
	return fill(call, &provider, out);
}

/* Full replacement; but the secret, which nobody can read to send it back, stays unless there is a new one. */
static FALLIBLE take_update(struct call *call, const provider_v1 *in, struct uid *ret_uid, struct provider_in *ret_in)
{
	TRY(uid_parse_field(slice_str(in->id), "id", ret_uid));
	TRY(take(call, in, "", ret_in));
	ret_in->has_secret = ret_in->secret.len > 0;
	return OK;
}

status v1_ahead_update_provider(struct call *call, const void *in)
{
	struct provider_in provider_in;
	struct uid uid;

	TRY(take_update(call, in, &uid, &provider_in));
	return provider_probe_update(call, &uid, &provider_in);
}

status v1_identity_providers_update(struct call *call, const provider_v1 *in, provider_v1 *out)
{
	struct provider_in provider_in;
	struct provider provider;
	struct uid uid;

	TRY(take_update(call, in, &uid, &provider_in));
	TRY(provider_update(call, &uid, &provider_in, &provider));
	return fill(call, &provider, out);
}

status v1_identity_providers_list(struct call *call, const Chainguard__Platform__Iam__IdentityProviderFilter *in,
				  Chainguard__Platform__Iam__IdentityProviderList *out)
{
	struct query query;
	struct rows rows;

	query_init(&query);
	if (*in->name)
		query_eq_text(&query, PROVIDERS_NAME, slice_str(in->name));
	TRY(list_all(call, &provider_noun, in->uidp, in->id, &query, &rows));
	out->items = NEW_N(call->arena, provider_v1 *, rows.count);
	TRY_NEW(out->items);
	for (size_t i = 0; i < rows.count; i++) {
		TRY_MESSAGE(call, out->items[i], chainguard__platform__iam__identity_provider);
		TRY(fill(call, (const struct provider *)rows.at + i, out->items[i]));
		out->n_items++;
	}
	return OK;
}

status v1_identity_providers_delete(struct call *call, const Chainguard__Platform__Iam__DeleteIdentityProviderRequest *in,
				    Google__Protobuf__Empty *out)
{
	struct uid uid;

	(void)out;
	TRY(uid_parse_field(slice_str(in->id), "id", &uid));
	return provider_delete(call, &uid);
}
