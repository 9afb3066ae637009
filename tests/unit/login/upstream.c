/* Claims about what providers send. */
#include "login/upstream_impl.h"

#include "crypto/digest.h"
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

/* Whose name an answer carries, if any; it has no code, so that it goes no further than this. */
static const char *why_refused(bool is_provider, bool promises, const char *iss, const char *way)
{
	struct call call = { .arena = arena };
	struct upstream upstream = {
		.kind = CONNECTION_OIDC, .is_provider = is_provider, .label = SLICE("Ours"), .issuer = ISSUER
	};
	struct flow flow = { .upstream = { .sends_issuer = promises } };
	Reeve__V1__CallbackRequest in;
	struct person person;

	reeve__v1__callback_request__init(&in);
	in.iss = (char *)(uintptr_t)iss;
	in.way = (char *)(uintptr_t)way;
	CHECK_FAULT(FAULT_DENIED, upstream_end(&call, &upstream, &flow, &in, &person));
	return report_current()->text;
}

/* RFC 9207 section 2.4: a name is looked at whether or not one was promised. */
TEST(an_answer_that_names_somebody_else_is_refused_also_of_who_promised_no_name)
{
	static const char *const others[] = { "https://idp.example/", "https://idp.example.evil", "https://other.example",
					      "x" };
	char own[SHA256_TEXT_BYTES];

	arena = arena_new((size_t)1 << 20);
	CHECK_OK(sha256_text(ISSUER, own));
	for (int is_provider = 0; is_provider < 2; is_provider++) {
		const char *way = is_provider ? own : "";
		for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
			CHECK(strstr(why_refused(is_provider, false, others[i], way), "from another identity provider"));
			CHECK(strstr(why_refused(is_provider, true, others[i], ""), "from another identity provider"));
		}
		CHECK(strstr(why_refused(is_provider, true, "", ""), "from another identity provider"));
		CHECK(strstr(why_refused(is_provider, true, "https://idp.example", ""), "sent no code"));
		CHECK(strstr(why_refused(is_provider, false, "https://idp.example", way), "sent no code"));
		CHECK(strstr(why_refused(is_provider, false, "", way), "sent no code"));
	}
	CHECK(strstr(why_refused(true, false, "https://idp.example", ""), "address of another identity provider"));
	CHECK(strstr(why_refused(false, false, "https://idp.example", own), "address of another identity provider"));
	arena = arena_free(arena);
}

TESTS(a_discovery_document_is_of_its_issuer_and_has_both_endpoints, an_id_token_is_of_this_issuer_this_client_and_this_sign_in,
      an_answer_that_names_somebody_else_is_refused_also_of_who_promised_no_name, a_person_of_github_is_a_number,
      an_address_of_github_counts_when_it_is_primary_and_verified)
