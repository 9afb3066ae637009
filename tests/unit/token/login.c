/*
 * Login tokens: who signed in where, for one client, for five minutes.
 */
#include "forge.h"

static const struct uid none;

static status read_login(slice text, struct login *ret_login)
{
	return token_login_read(parts.issuer, arena, text, &none, true, ret_login);
}

TEST(a_login_token_says_who_signed_in)
{
	struct person person = ada();
	struct login login;
	struct uid expected;

	person.groups = SLICE("[\"a\",\"b\"]");
	person.given_name = SLICE("Ada");
	person.picture = SLICE("https://example.com/ada.png");
	CHECK_OK(read_login(login_of(&person, "auth0"), &login));
	CHECK_OK(user_uid(person.issuer, person.subject, &expected));
	CHECK(uid_eq(&login.identity, &expected));
	CHECK_SLICE(login.client_id, "auth0");
	CHECK_SLICE(login.person.issuer, GOOGLE);
	CHECK_SLICE(login.person.subject, "1001");
	CHECK_SLICE(login.person.connection, "google-oauth2");
	CHECK_SLICE(login.person.name, "Ada \"the\" Countess");
	CHECK_SLICE(login.person.given_name, "Ada");
	CHECK_SLICE(login.person.picture, "https://example.com/ada.png");
	CHECK_SLICE(login.person.email, "ada@example.com");
	CHECK_SLICE(login.person.groups, "[\"a\",\"b\"]");
	CHECK(login.person.email_is_verified);
	CHECK(uid_is_none(&login.person.confined_to));
	CHECK_INT(login.expires_s - login.issued_s, 300);
	CHECK(login.token_id.len >= 16);
}

TEST(an_address_nobody_verified_is_left_out)
{
	struct person person = ada();
	struct login login;

	person.email_is_verified = false;
	CHECK_OK(read_login(login_of(&person, "reeve"), &login));
	CHECK_INT(login.person.email.len, 0);
	CHECK(!login.person.email_is_verified);
}

TEST(two_spellings_of_google_are_one_person)
{
	struct person person = ada();
	struct login bare, full;

	CHECK_OK(read_login(login_of(&person, "reeve"), &full));
	person.issuer = SLICE("accounts.google.com");
	CHECK_OK(read_login(login_of(&person, "reeve"), &bare));
	CHECK(uid_eq(&bare.identity, &full.identity));
	CHECK_SLICE(bare.person.issuer, GOOGLE);
}

TEST(only_known_clients_get_one)
{
	static const char *const others[] = { "", "reev", "reeve2", "REEVE", "reeve\",\"auth0" };
	struct person person = ada();
	struct minted minted;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		CHECK_FAULT(FAULT_INVALID, token_login_mint(parts.issuer, arena, &person, slice_str(others[i]), &minted));
	person.subject = SLICE("");
	CHECK_FAULT(FAULT_INVALID, token_login_mint(parts.issuer, arena, &person, SLICE("reeve"), &minted));
	person = ada();
	person.name = SLICE("\xff\xfe");
	CHECK_FAULT(FAULT_INVALID, token_login_mint(parts.issuer, arena, &person, SLICE("reeve"), &minted));
}

static const char *claims_with(const char *audience, const char *further)
{
	struct uid uid;

	CHECK_OK(user_uid(SLICE(GOOGLE), SLICE("1001"), &uid));
	return arena_printf(arena, "{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":%s,\"iat\":%lld,\"exp\":%lld,\"jti\":\"1\"%s}", URL,
			    uid_text(&uid, arena), audience, (long long)NOW_S, (long long)NOW_S + 60, further);
}

#define UPSTREAM ",\"upstream\":{\"iss\":\"" GOOGLE "\",\"sub\":\"1001\",\"connection\":\"google-oauth2\"}"

TEST(a_login_token_for_anybody_else_is_refused)
{
	static const char *const audiences[] = {
		"\"other\"", "[\"reeve\",\"auth0\"]", "[\"reeve\",\"other\"]", "[]", "7", "\"\"", "\"" URL "\""
	};
	struct login login;

	CHECK_OK(read_login(forge("login+jwt", claims_with("\"reeve\"", UPSTREAM)), &login));
	for (size_t i = 0; i < sizeof(audiences) / sizeof(*audiences); i++)
		CHECK_FAULT(FAULT_UNAUTHENTIC, read_login(forge("login+jwt", claims_with(audiences[i], UPSTREAM)), &login));
}

TEST(a_login_token_that_does_not_say_who_is_refused)
{
	static const char *const further[] = {
		"",
		",\"upstream\":{}",
		",\"upstream\":{\"iss\":\"" GOOGLE
		"\",\"sub\":\"1002\",\"connection\":\"google-oauth2\"}", /* not whose id it is */
		",\"upstream\":{\"iss\":\"" GOOGLE "\",\"sub\":1001,\"connection\":\"google-oauth2\"}",
		UPSTREAM ",\"confined_to\":\"nowhere\"",
	};
	struct login login;

	for (size_t i = 0; i < sizeof(further) / sizeof(*further); i++)
		CHECK_FAULT(FAULT_UNAUTHENTIC, read_login(forge("login+jwt", claims_with("\"reeve\"", further[i])), &login));
}

TEST(a_login_token_ends)
{
	struct person person = ada();
	slice text = login_of(&person, "reeve");
	struct login login;

	clock_move(&now, now.fixed_us + 299 * US_PER_S);
	CHECK_OK(read_login(text, &login));
	clock_move(&now, now.fixed_us + US_PER_S);
	CHECK_FAULT(FAULT_UNAUTHENTIC, read_login(text, &login));
	clock_move(&now, NOW_S * US_PER_S);
}

/* ---- what a sign-in hangs on ---- */

static struct uid provider_uid;

static status put_provider(struct tx *tx, void *arg)
{
	struct provider row = {
		.uid = provider_uid, .parent = org, .name = SLICE("sso"), .issuer = slice_str(arg), .client_id = SLICE("theirs")
	};

	return row_put(tx, &table_providers, &row);
}

static status drop_provider(struct tx *tx, void *arg)
{
	bool deleted;

	return row_delete(tx, &table_providers, arg, &deleted);
}

TEST(a_sign_in_ends_with_its_provider_CVE_2026_1486)
{
	static char issuer[] = "https://sso.example.com", moved[] = "https://evil.example.com";
	struct person person = ada();
	struct provider row = { 0 };
	struct login login;
	struct uid other = folder;
	slice text;

	CHECK_OK(uid_new_child(&org, (const uint8_t *)"provider", &provider_uid));
	row.uid = provider_uid;
	person.issuer = slice_str(issuer);
	person.connection = slice_str(uid_text(&provider_uid, arena));
	person.confined_to = org;
	text = login_of(&person, "reeve");
	CHECK_FAULT(FAULT_UNAUTHENTIC, read_login(text, &login)); /* there is none */
	CHECK_OK(world_change(put_provider, issuer));
	CHECK_OK(read_login(text, &login));
	CHECK(uid_eq(&login.person.confined_to, &org));
	CHECK_FAULT(FAULT_ELSEWHERE, token_login_read(parts.issuer, arena, text, &none, false, &login));
	/* GHSA-7qjx-gp9h-65qj: named, it must be the one it was made at */
	CHECK_OK(token_login_read(parts.issuer, arena, text, &provider_uid, true, &login));
	CHECK_FAULT(FAULT_DENIED, token_login_read(parts.issuer, arena, text, &other, true, &login));
	person = ada();
	CHECK_FAULT(FAULT_DENIED,
		    token_login_read(parts.issuer, arena, login_of(&person, "reeve"), &provider_uid, true, &login));
	CHECK_OK(world_change(put_provider, moved));
	CHECK_FAULT(FAULT_UNAUTHENTIC, read_login(text, &login));
	CHECK_OK(world_change(put_provider, issuer));
	CHECK_OK(read_login(text, &login));
	CHECK_OK(world_change(drop_provider, &row));
	CHECK_FAULT(FAULT_UNAUTHENTIC, read_login(text, &login));
}

/* Of this very organization, and while it is not suspended. */
TEST(a_providers_sign_in_is_its_organizations_alone)
{
	static char issuer[] = "https://sso.example.com";
	struct person person = ada();
	struct provider row = { 0 };
	struct login login;
	slice inside, outside;

	CHECK_OK(uid_new_child(&org, (const uint8_t *)"provider", &provider_uid));
	CHECK_OK(world_change(put_provider, issuer));
	person.issuer = slice_str(issuer);
	person.connection = slice_str(uid_text(&provider_uid, arena));
	person.confined_to = org;
	inside = login_of(&person, "reeve");
	person.confined_to = elsewhere;
	outside = login_of(&person, "reeve");
	CHECK_OK(read_login(inside, &login));
	CHECK_FAULT(FAULT_UNAUTHENTIC, read_login(outside, &login));
	CHECK_OK(world_set_status(WORLD_SUSPENDED));
	CHECK_FAULT(FAULT_DENIED, read_login(inside, &login));
	CHECK_OK(world_set_status(WORLD_ALIVE));
	CHECK_OK(read_login(inside, &login));
	row.uid = provider_uid;
	CHECK_OK(world_change(drop_provider, &row));
}

static status put_account(struct tx *tx, void *arg)
{
	struct account row = { .login = SLICE("ada@example.com"), .subject = SLICE("local-1"), .is_disabled = *(bool *)arg };

	return row_put(tx, &table_accounts, &row);
}

TEST(a_disabled_account_signs_nobody_in)
{
	struct person person = { .issuer = SLICE(URL "/local"), .subject = SLICE("local-1"), .connection = SLICE("email") };
	slice text = login_of(&person, "reeve");
	bool is_disabled = false;
	struct login login;

	CHECK_FAULT(FAULT_UNAUTHENTIC, read_login(text, &login)); /* gone, or never there */
	CHECK_OK(world_change(put_account, &is_disabled));
	CHECK_OK(read_login(text, &login));
	is_disabled = true;
	CHECK_OK(world_change(put_account, &is_disabled));
	CHECK_FAULT(FAULT_UNAUTHENTIC, read_login(text, &login));
}

TEST(a_token_of_an_issuer_nobody_set_up_is_no_sign_in_CVE_2025_52477)
{
	struct login login;
	slice text = forge("JWT", "{\"iss\":\"https://evil.example.com\",\"sub\":\"1\",\"aud\":\"our-client\"}");

	CHECK_FAULT(FAULT_UNAUTHENTIC, read_login(text, &login));
	CHECK_FAULT(FAULT_UNAUTHENTIC, read_login(SLICE("a.b.c"), &login));
	CHECK_FAULT(FAULT_UNAUTHENTIC, read_login(SLICE(""), &login));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_token_says_who_signed_in),
		cmocka_unit_test(an_address_nobody_verified_is_left_out),
		cmocka_unit_test(two_spellings_of_google_are_one_person),
		cmocka_unit_test(only_known_clients_get_one),
		cmocka_unit_test(a_login_token_for_anybody_else_is_refused),
		cmocka_unit_test(a_login_token_that_does_not_say_who_is_refused),
		cmocka_unit_test(a_login_token_ends),
		cmocka_unit_test(a_sign_in_ends_with_its_provider_CVE_2026_1486),
		cmocka_unit_test(a_providers_sign_in_is_its_organizations_alone),
		cmocka_unit_test(a_disabled_account_signs_nobody_in),
		cmocka_unit_test(a_token_of_an_issuer_nobody_set_up_is_no_sign_in_CVE_2025_52477),
	};

	return cmocka_run_group_tests(tests, world_open, world_close);
}
