/*
 * ID tokens: every claim of a sign-in is asked for, each by itself (OpenID Connect Core 1.0 sections 2 and 3.1.3.7).
 */
#include "service/world.h"

#include "token/issuer_impl.h"

#define SSO "https://sso.example.com"

static const struct idtoken_party party = {
	.name = { "sso", 3 }, .issuer = { SSO, sizeof(SSO) - 1 }, .client_id = { "ours", 4 }, .groups_claim = { "roles", 5 }
};

static FALLIBLE read_as(const struct idtoken_party *from, const char *typ, const char *members, struct login *ret_login)
{
	const struct json *claims;

	CHECK_OK(json_parse_object(arena, slice_str(arena_printf(arena, "{%s}", members)), NULL, &claims));
	return idtoken_claims(arena, slice_str(typ), claims, from, NOW_S, ret_login);
}

#define WHO "\"sub\":\"ada\",\"aud\":\"ours\","
#define TIMES "\"iat\":1800000000,\"exp\":1800000300"

TEST(an_id_token_says_all_that_a_sign_in_needs)
{
	struct idtoken_party own = party;
	struct login login;

	CHECK_OK(read_as(&party, "JWT", WHO TIMES, &login));
	CHECK_SLICE(login.person.issuer, SSO);
	CHECK_SLICE(login.person.subject, "ada");
	CHECK_SLICE(login.client_id, "ours");
	CHECK_INT(login.expires_s, NOW_S + 300);
	CHECK(uid_is_none(&login.person.confined_to));
	own.confined_to = org;
	CHECK_OK(read_as(&own, "", WHO TIMES ",\"roles\":[\"a\",7,\"b\"],\"groups\":[\"root\"]", &login));
	CHECK(uid_eq(&login.person.confined_to, &org));
	CHECK_SLICE(login.person.groups, "[\"a\",\"b\"]");
	own.groups_claim = SLICE("");
	CHECK_OK(read_as(&own, "jwt", WHO TIMES ",\"groups\":[\"root\"]", &login));
	CHECK_SLICE(login.person.groups, ""); /* nobody said that they count */
	CHECK_OK(read_as(&party, "", "\"sub\":\"ada\",\"aud\":[\"ours\",\"theirs\"],\"azp\":\"ours\"," TIMES, &login));
	CHECK_OK(read_as(&party, "", WHO TIMES ",\"typ\":\"ID\"", &login));
}

TEST(each_claim_is_asked_for_GHSA_wxg7_w2v3_w38g)
{
	static const char *const wrong[] = {
		"\"aud\":\"ours\"," TIMES,
		"\"sub\":\"\",\"aud\":\"ours\"," TIMES,
		"\"sub\":7,\"aud\":\"ours\"," TIMES,
		"\"sub\":\"ada\"," TIMES,
		"\"sub\":\"ada\",\"aud\":\"theirs\"," TIMES,
		"\"sub\":\"ada\",\"aud\":\"our\"," TIMES,
		"\"sub\":\"ada\",\"aud\":\"oursx\"," TIMES,
		"\"sub\":\"ada\",\"aud\":[]," TIMES,
		"\"sub\":\"ada\",\"aud\":[\"theirs\"]," TIMES,
		"\"sub\":\"ada\",\"aud\":{\"ours\":\"ours\"}," TIMES,
		"\"sub\":\"ada\",\"aud\":[\"ours\",\"theirs\"]," TIMES, /* whose is it, then? */
		WHO TIMES ",\"azp\":\"theirs\"",
		WHO TIMES ",\"azp\":7",
		"\"sub\":\"ada\",\"aud\":[\"ours\",\"theirs\"],\"azp\":\"theirs\"," TIMES,
		WHO TIMES ",\"typ\":\"Bearer\"",
		WHO TIMES ",\"typ\":\"Refresh\"",
		WHO TIMES ",\"typ\":7",
		WHO TIMES ",\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}}",
		WHO "\"iat\":1800000000",
		WHO "\"exp\":1800000300",
		WHO "\"iat\":1800000000,\"exp\":1800000000",
		WHO "\"iat\":1800000061,\"exp\":1800000300",
		WHO "\"iat\":\"1800000000\",\"exp\":1800000300",
		WHO "\"iat\":-1,\"exp\":1800000300",
		WHO "\"iat\":1800000000,\"exp\":-1",
		WHO "\"iat\":-9223372036854775808,\"exp\":9223372036854775807",
		WHO "\"iat\":9223372036854775807,\"exp\":9223372036854775807",
		WHO TIMES ",\"nbf\":1800000061",
		WHO TIMES ",\"nbf\":\"now\"",
	};
	struct login login;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		if (!FAILED(read_as(&party, "JWT", wrong[i], &login)))
			print_error("taken: %s\n", wrong[i]);
		CHECK_FAULT(FAULT_DENIED, read_as(&party, "JWT", wrong[i], &login));
	}
	CHECK_FAULT(FAULT_DENIED, read_as(&party, "at+jwt", WHO TIMES, &login));
	CHECK_FAULT(FAULT_DENIED, read_as(&party, "logout+jwt", WHO TIMES, &login));
}

/* Nothing is remembered as used for longer than a day. */
TEST(an_id_token_is_a_days_at_most)
{
	struct login login;

	CHECK_OK(read_as(&party, "", WHO "\"iat\":1799913601,\"exp\":1900000000", &login));
	CHECK_INT(login.expires_s, NOW_S + 1);
	CHECK_FAULT(FAULT_DENIED, read_as(&party, "", WHO "\"iat\":1799913600,\"exp\":1900000000", &login));
}

TEST(an_address_counts_when_its_provider_says_that_it_verified_it)
{
	static const char *const unproved[] = { ",\"email\":\"a@b.c\"", ",\"email\":\"a@b.c\",\"email_verified\":false",
						",\"email\":\"a@b.c\",\"email_verified\":\"true\"",
						",\"email\":\"a@b.c\",\"email_verified\":1", ",\"email_verified\":true" };
	struct login login;

	CHECK_OK(read_as(&party, "", WHO TIMES ",\"email\":\"a@b.c\",\"email_verified\":true", &login));
	CHECK(login.person.email_is_verified);
	CHECK_SLICE(login.person.email, "a@b.c");
	for (size_t i = 0; i < sizeof(unproved) / sizeof(*unproved); i++) {
		CHECK_OK(read_as(&party, "", arena_printf(arena, WHO TIMES "%s", unproved[i]), &login));
		CHECK(!login.person.email_is_verified && login.person.email.len == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_token_says_all_that_a_sign_in_needs),
		cmocka_unit_test(each_claim_is_asked_for_GHSA_wxg7_w2v3_w38g),
		cmocka_unit_test(an_id_token_is_a_days_at_most),
		cmocka_unit_test(an_address_counts_when_its_provider_says_that_it_verified_it),
	};

	return cmocka_run_group_tests(tests, world_open, world_close);
}
