/*
 * ID tokens of an organization's own provider, with keys that it publishes: whose they are, and what they are worth here.
 */
#include "service/own_provider.h"

#include "token/upstream.h"

static struct key *strangers;

static int open_world(void **state)
{
	CHECK_INT(world_open(state), 0);
	provider_open();
	CHECK_OK(key_new(ALG_ES256, &strangers));
	return 0;
}

static int close_world(void **state)
{
	provider_close();
	strangers = key_unref(strangers);
	return world_close(state);
}

static slice signed_by(struct key *key, const char *iss, const char *client_id)
{
	char *claims = arena_printf(arena,
				    "{\"iss\":\"%s\",\"sub\":\"ada\",\"aud\":\"%s\",\"iat\":1800000000,\"exp\":1800000300,"
				    "\"email\":\"ada@example.com\",\"email_verified\":true}",
				    iss, client_id);
	struct buffer out;

	buffer_init(&out, arena, 16384);
	CHECK_OK(jws_sign(key, &(struct jws_header){ .without_kid = true }, slice_str(claims), &out));
	return buffer_slice(&out);
}

static FALLIBLE read_token(slice text, struct login *ret_login)
{
	return token_login_read(parts.issuer, arena, text, &provider.uid, true, ret_login);
}

TEST(a_providers_id_token_is_of_its_issuer_its_key_and_our_client_there)
{
	static const struct uid none;
	struct login login;

	CHECK_OK(read_token(signed_by(provider.key, provider.url, "ours"), &login));
	CHECK(uid_eq(&login.person.confined_to, &org));
	CHECK_SLICE(login.person.connection, uid_text(&provider.uid, arena));
	CHECK_FAULT(FAULT_UNAUTHENTIC, read_token(signed_by(strangers, provider.url, "ours"), &login));
	CHECK_FAULT(FAULT_DENIED, read_token(signed_by(provider.key, provider.url, "theirs"), &login));
	CHECK_FAULT(FAULT_DENIED, read_token(signed_by(provider.key, "https://sso.example.com", "ours"), &login));
	CHECK_FAULT(FAULT_DENIED, read_token(signed_by(provider.key, GOOGLE, "ours"), &login));
	/* Unnamed, an organization's provider is nobody's (GHSA-7qjx-gp9h-65qj). */
	CHECK_FAULT(FAULT_UNAUTHENTIC,
		    token_login_read(parts.issuer, arena, signed_by(provider.key, provider.url, "ours"), &none, true, &login));
}

/* Whoever holds one could write its signature in another way; it is the same token still (CVE-2025-46815). */
TEST(an_id_token_is_named_by_what_was_signed)
{
	slice one = signed_by(provider.key, provider.url, "ours"), again = signed_by(provider.key, provider.url, "ours");
	struct login first, second, other;

	CHECK(!slice_eq(one, again)); /* ECDSA signs differently each time */
	CHECK_OK(read_token(one, &first));
	CHECK_OK(read_token(again, &second));
	CHECK(first.token_id.len == 64 && slice_eq(first.token_id, second.token_id));
	clock_move(&now, now.fixed_us + US_PER_S);
	CHECK_OK(read_token(one, &other));
	CHECK(slice_eq(first.token_id, other.token_id));
	clock_move(&now, NOW_S * US_PER_S);
}

TEST(a_provider_is_worth_what_its_organization_is_CVE_2024_47000)
{
	slice text = signed_by(provider.key, provider.url, "ours");
	struct login login;

	CHECK_OK(world_set_status(WORLD_SUSPENDED));
	CHECK_FAULT(FAULT_DENIED, read_token(text, &login));
	CHECK(strstr(report_current()->text, "suspended"));
	CHECK_OK(world_set_status(WORLD_ALIVE));
	CHECK_OK(read_token(text, &login));
}

TEST(keys_are_had_from_a_document_of_this_very_issuer)
{
	static const char *const others[] = { "https://sso.example.com/", "https://sso.example.co", "https://sso.example.comx",
					      "HTTPS://sso.example.com", "" };
	slice url;

	CHECK_OK(discovery_read(arena, SLICE("{\"issuer\":\"https://sso.example.com\",\"jwks_uri\":\"https://k.example.com\"}"),
				SLICE("https://sso.example.com"), &url));
	CHECK_SLICE(url, "https://k.example.com");
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		CHECK_FAULT(
			FAULT_DENIED,
			discovery_read(arena,
				       slice_str(arena_printf(
					       arena, "{\"issuer\":\"%s\",\"jwks_uri\":\"https://k.example.com\"}", others[i])),
				       SLICE("https://sso.example.com"), &url));
	CHECK_FAULT(FAULT_DENIED, discovery_read(arena, SLICE("{\"jwks_uri\":\"https://k.example.com\"}"),
						 SLICE("https://sso.example.com"), &url));
	CHECK_FAULT(FAULT_DENIED, discovery_read(arena, SLICE("{\"issuer\":\"https://sso.example.com\"}"),
						 SLICE("https://sso.example.com"), &url));
}

/* However such a row came to be: the configuration may have changed since it was written. */
TEST(no_organization_signs_people_in_as_the_server_does)
{
	static const char *const urls[] = { GOOGLE, "accounts.google.com", URL, URL "/local" };
	struct login login;

	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		CHECK_OK(provider_name(urls[i]));
		CHECK_FAULT(FAULT_DENIED, idtoken_read(parts.issuer, arena, &(struct jws){ .typ = SLICE("JWT") }, NULL,
						       slice_str(urls[i]), &provider.uid, true, &login));
		CHECK(strstr(report_current()->text, "signs people in with itself"));
	}
	CHECK_OK(provider_name(provider.url));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_providers_id_token_is_of_its_issuer_its_key_and_our_client_there),
		cmocka_unit_test(an_id_token_is_named_by_what_was_signed),
		cmocka_unit_test(a_provider_is_worth_what_its_organization_is_CVE_2024_47000),
		cmocka_unit_test(keys_are_had_from_a_document_of_this_very_issuer),
		cmocka_unit_test(no_organization_signs_people_in_as_the_server_does),
	};

	return cmocka_run_group_tests(tests, open_world, close_world);
}
