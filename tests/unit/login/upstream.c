/* Claims about what providers send. */
#include "login/upstream_impl.h"

#include "test.h"

#define ISSUER SLICE("https://idp.example")

static struct arena *arena;

static const struct json *tree(const char *text)
{
	const struct json *value = NULL;

	CHECK_OK(json_parse(arena, slice_str(text), NULL, &value));
	return value;
}

static status document(const char *text, bool has_secret, struct oidc_document *ret_document)
{
	return oidc_document_read(tree(text), ISSUER, has_secret, ret_document);
}

TEST(a_discovery_document_is_of_its_issuer_and_has_both_endpoints)
{
	static const char *const bad[] = {
		"{}",
		"[]",
		"{\"issuer\":\"https://idp.example/\",\"authorization_endpoint\":\"https://"
		"a.example\",\"token_endpoint\":\"https://a.example\"}",
		"{\"issuer\":\"https://idp.example\",\"token_endpoint\":\"https://a.example\"}",
		"{\"issuer\":\"https://"
		"idp.example\",\"authorization_endpoint\":\"javascript:alert(1)\",\"token_endpoint\":\"https://a.example\"}",
		"{\"issuer\":\"https://idp.example\",\"authorization_endpoint\":\"https://"
		"a.example\",\"token_endpoint\":\"file:///etc/passwd\"}",
	};
	struct oidc_document got = { 0 };

	arena = arena_new((size_t)1 << 20);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_FAULT(FAULT_DENIED, document(bad[i], true, &got));
	CHECK_OK(document(
		"{\"issuer\":\"https://idp.example\",\"authorization_endpoint\":\"https://a.example/x?y=z\","
		"\"token_endpoint\":\"https://b.example/t\",\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"],"
		"\"authorization_response_iss_parameter_supported\":true}",
		true, &got));
	CHECK(got.by_post && got.sends_issuer);
	arena = arena_free(arena);
}

TEST(an_id_token_is_of_this_issuer_this_client_and_this_sign_in)
{
	static const char *const bad[] = {
		"{\"aud\":\"client\",\"nonce\":\"n\"}",
		"{\"iss\":\"https://idp.example.evil\",\"aud\":\"client\",\"nonce\":\"n\"}",
		"{\"iss\":\"https://idp.example\",\"aud\":\"other\",\"nonce\":\"n\"}",
		"{\"iss\":\"https://idp.example\",\"aud\":[\"other\"],\"azp\":\"client\",\"nonce\":\"n\"}",
		"{\"iss\":\"https://idp.example\",\"aud\":[\"client\",\"other\"],\"azp\":\"other\",\"nonce\":\"n\"}",
		"{\"iss\":\"https://idp.example\",\"aud\":\"client\"}",
		"{\"iss\":\"https://idp.example\",\"aud\":\"client\",\"nonce\":\"m\"}",
		"{\"iss\":\"https://idp.example\",\"aud\":\"client\",\"nonce\":\"n\",\"azp\":7}",
	};

	arena = arena_new((size_t)1 << 20);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_FAULT(FAULT_DENIED, oidc_claims_check(tree(bad[i]), ISSUER, SLICE("client"), SLICE("n")));
	CHECK_OK(oidc_claims_check(
		tree("{\"iss\":\"https://idp.example\",\"aud\":[\"x\",\"client\"],\"azp\":\"client\",\"nonce\":\"n\"}"), ISSUER,
		SLICE("client"), SLICE("n")));
	arena = arena_free(arena);
}

TEST(a_person_of_github_is_a_number)
{
	static const char *const bad[] = { "{}",          "[]",           "{\"id\":\"583231\"}", "{\"id\":0}",
					   "{\"id\":-1}", "{\"id\":1.5}", "{\"login\":\"x\"}" };
	struct person person = { 0 };

	arena = arena_new((size_t)1 << 20);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_FAULT(FAULT_DENIED, github_user_read(arena, tree(bad[i]), &person));
	CHECK_OK(github_user_read(arena, tree("{\"id\":583231,\"login\":\"octo\",\"name\":null}"), &person));
	CHECK_SLICE(person.subject, "583231");
	CHECK_SLICE(person.name, "octo");
	arena = arena_free(arena);
}

TEST(an_address_of_github_counts_when_it_is_primary_and_verified)
{
	static const char *const none[] = {
		"{}",
		"[]",
		"[{\"email\":\"a@example.com\",\"primary\":true}]",
		"[{\"email\":\"a@example.com\",\"primary\":true,\"verified\":\"true\"}]",
		"[{\"email\":\"a@example.com\",\"primary\":true,\"verified\":false}]",
		"[{\"email\":\"a@example.com\",\"primary\":false,\"verified\":true}]",
		"[{\"email\":7,\"primary\":true,\"verified\":true}]",
	};

	arena = arena_new((size_t)1 << 20);
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		struct person person = { 0 };
		github_emails_read(tree(none[i]), &person);
		CHECK(!person.email_is_verified && person.email.len == 0);
	}
	struct person person = { 0 };
	github_emails_read(
		tree("[{\"email\":\"b@x.y\",\"verified\":true},{\"email\":\"a@x.y\",\"primary\":true,\"verified\":true}]"),
		&person);
	CHECK_SLICE(person.email, "a@x.y");
	CHECK(person.email_is_verified);
	arena = arena_free(arena);
}

TESTS(a_discovery_document_is_of_its_issuer_and_has_both_endpoints, an_id_token_is_of_this_issuer_this_client_and_this_sign_in,
      a_person_of_github_is_a_number, an_address_of_github_counts_when_it_is_primary_and_verified)
