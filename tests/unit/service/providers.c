/*
 * Organizations' identity providers: which issuers the configuration lets them name.
 */
#include "world.h"

#include "service/providers_impl.h"
#include "token/issuer_impl.h"

#define LISTED "https://login.example.com"
#define UNLISTED "https://login.example.org"
#define FIELD "identity_provider.oidc.issuer"

static slice allowed[] = { { LISTED, sizeof(LISTED) - 1 } };

static void list_issuers(size_t count)
{
	parts.issuer->options.issuer_allow = allowed;
	parts.issuer->options.issuer_allow_count = count;
}

static struct provider_in naming(const char *issuer)
{
	return (struct provider_in){ .name = SLICE("ours"),
				     .issuer = slice_str(issuer),
				     .client_id = SLICE("client"),
				     .scopes = SLICE("[]"),
				     .is_pkce = true,
				     .has_name = true,
				     .has_issuer = true,
				     .has_client_id = true,
				     .has_pkce = true,
				     .prefix = "identity_provider." };
}

static status create_in(struct call *call, void *in, void *out)
{
	return provider_create(call, &org, in, out);
}

static status update_in(struct call *call, void *in, void *out)
{
	struct provider *provider = out;
	struct uid uid = provider->uid;

	return provider_update(call, &uid, in, provider);
}

static FALLIBLE create(const char *issuer, struct provider *ret_provider)
{
	struct provider_in in = naming(issuer);

	return world_write(as(&owner, METHOD_IDENTITY_PROVIDERS_CREATE_IDENTITY_PROVIDER), create_in, &in, ret_provider);
}

static FALLIBLE update(struct provider_in in, struct provider *provider)
{
	return world_write(as(&owner, METHOD_IDENTITY_PROVIDERS_UPDATE_IDENTITY_PROVIDER), update_in, &in, provider);
}

TEST(a_provider_names_an_issuer_that_the_configuration_lists)
{
	struct provider provider = { 0 };

	list_issuers(1);
	CHECK_FAULT(FAULT_INVALID, create(UNLISTED, &provider));
	CHECK_SLICE(slice_str(report_current()->field), FIELD);
	CHECK_FAULT(FAULT_INVALID, create(LISTED "/", &provider)); /* byte for byte */
	CHECK_INT(world_count(&table_providers, NULL), 0);
	CHECK_OK(create(LISTED, &provider));
	CHECK_FAULT(FAULT_INVALID, update(naming(UNLISTED), &provider));
	CHECK_SLICE(slice_str(report_current()->field), FIELD);
	CHECK_OK(update(naming(LISTED), &provider));
}

/* Terraform sends every field with every change. */
TEST(an_issuer_that_is_listed_no_more_may_be_repeated_and_not_moved_to)
{
	struct provider provider = { 0 };
	struct provider_in in = naming(UNLISTED);

	list_issuers(0);
	CHECK_OK(create(UNLISTED, &provider));
	list_issuers(1);
	in.name = SLICE("renamed");
	CHECK_OK(provider_probe_update(&as(&owner, METHOD_IDENTITY_PROVIDERS_UPDATE_IDENTITY_PROVIDER)->call, &provider.uid,
				       &in));
	CHECK_OK(update(in, &provider));
	CHECK_SLICE(provider.name, "renamed");
	CHECK_SLICE(provider.issuer, UNLISTED);
	in = naming(UNLISTED "/");
	CHECK_FAULT(FAULT_INVALID, update(in, &provider)); /* another one */
	CHECK_SLICE(slice_str(report_current()->field), FIELD);
	CHECK_OK(update(naming(LISTED), &provider));
	CHECK_FAULT(FAULT_INVALID, update(naming(UNLISTED), &provider)); /* not back */
}

/* Whether the provider can do PKCE is read from its document, which may not be asked for. */
TEST(pkce_is_not_switched_on_where_the_issuer_may_not_be_asked)
{
	struct provider provider = { 0 };
	struct provider_in in = naming(UNLISTED);

	list_issuers(0);
	in.secret = SLICE("secret");
	in.has_secret = true;
	in.is_pkce = false;
	CHECK_OK(world_write(as(&owner, METHOD_IDENTITY_PROVIDERS_CREATE_IDENTITY_PROVIDER), create_in, &in, &provider));
	list_issuers(1);
	in.is_pkce = true;
	CHECK_FAULT(FAULT_INVALID, provider_probe_update(&as(&owner, METHOD_IDENTITY_PROVIDERS_UPDATE_IDENTITY_PROVIDER)->call,
							 &provider.uid, &in));
	CHECK(strstr(report_current()->text, "issuers.allow"));
}

TEST(where_none_is_listed_every_issuer_may_be_named)
{
	struct provider provider = { 0 };

	list_issuers(0);
	CHECK_OK(create(UNLISTED, &provider));
}

TEST(an_issuer_that_is_not_listed_is_not_fetched_to_be_looked_at)
{
	struct provider_in in = naming(UNLISTED);

	list_issuers(1);
	CHECK_FAULT(FAULT_INVALID, provider_probe(&as(&owner, METHOD_IDENTITY_PROVIDERS_CREATE_IDENTITY_PROVIDER)->call, &in));
	CHECK(strstr(report_current()->text, "issuers.allow"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_provider_names_an_issuer_that_the_configuration_lists),
		cmocka_unit_test(an_issuer_that_is_listed_no_more_may_be_repeated_and_not_moved_to),
		cmocka_unit_test(pkce_is_not_switched_on_where_the_issuer_may_not_be_asked),
		cmocka_unit_test(where_none_is_listed_every_issuer_may_be_named),
		cmocka_unit_test(an_issuer_that_is_not_listed_is_not_fetched_to_be_looked_at),
	};

	return cmocka_run_group_tests(tests, world_open, world_close);
}
