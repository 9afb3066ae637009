/*
 * Kinds of token: what is made as one is taken as no other.
 */
#include "forge.h"

#include "token/kind.h"

static const char *const nowhere = "{\"group\":\"nobody\"}";

static slice mint(enum token_kind kind)
{
	static const char *const audiences[] = {
		[TOKEN_ACCESS] = URL, [TOKEN_REGISTRY] = REGISTRY, [TOKEN_LOGIN] = "reeve", [TOKEN_WEBHOOK] = "customer"
	};
	struct person person = ada();
	struct assumed who = { .identity = owner };
	slice audience = slice_str(audiences[kind]);
	struct mint in = { .kind = kind, .who = &who, .audiences = &audience, .audiences_count = 1, .access = SLICE("[]") };
	struct minted minted;

	if (kind == TOKEN_LOGIN)
		return login_of(&person, "reeve");
	CHECK_OK(token_mint(parts.issuer, arena, &in, &minted));
	return minted.text;
}

static status verify(enum token_kind kind, slice text, const char *audience)
{
	struct verified *verified = NULL;
	status result = token_verify(parts.issuer, kind, text, slice_str(audience), &verified);

	if (!FAILED(result))
		(void)verified_unref(verified); /* a local */
	return result;
}

TEST(a_token_of_one_kind_is_taken_as_no_other)
{
	static const char *const audiences[] = { "", URL, REGISTRY, "reeve", "customer" };

	for (unsigned made = 0; made < TOKEN_KIND_COUNT; made++) {
		slice text = mint((enum token_kind)made);
		for (unsigned wanted = 0; wanted < TOKEN_KIND_COUNT; wanted++) {
			if (made == wanted && kind_row((enum token_kind)made)->is_accepted_here)
				continue;
			for (size_t i = 0; i < sizeof(audiences) / sizeof(*audiences); i++)
				CHECK_FAULT(FAULT_UNAUTHENTIC, verify((enum token_kind)wanted, text, audiences[i]));
		}
	}
	CHECK_OK(verify(TOKEN_ACCESS, mint(TOKEN_ACCESS), ""));
	CHECK_OK(verify(TOKEN_LOGIN, mint(TOKEN_LOGIN), ""));
	CHECK_OK(verify(TOKEN_LOGIN, mint(TOKEN_LOGIN), "reeve"));
}

/* Also when the other verifier has just put it into the cache. */
TEST(the_cache_remembers_the_kind)
{
	slice login = mint(TOKEN_LOGIN), access = mint(TOKEN_ACCESS);

	CHECK_OK(verify(TOKEN_LOGIN, login, ""));
	CHECK_FAULT(FAULT_UNAUTHENTIC, verify(TOKEN_ACCESS, login, ""));
	CHECK_OK(verify(TOKEN_ACCESS, access, ""));
	CHECK_FAULT(FAULT_UNAUTHENTIC, verify(TOKEN_LOGIN, access, ""));
}

TEST(what_is_for_others_does_not_come_back)
{
	CHECK_FAULT(FAULT_UNAUTHENTIC, verify(TOKEN_REGISTRY, mint(TOKEN_REGISTRY), REGISTRY));
	CHECK(strstr(report_current()->text, "for somebody else"));
	CHECK_FAULT(FAULT_UNAUTHENTIC, verify(TOKEN_WEBHOOK, mint(TOKEN_WEBHOOK), "customer"));
	CHECK(strstr(report_current()->text, "for somebody else"));
}

static const char *access_claims(void)
{
	return arena_printf(arena, "{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"%s\",\"iat\":%lld,\"exp\":%lld,\"jti\":\"1\"}",
			    URL, uid_text(&owner, arena), URL, (long long)NOW_S, (long long)NOW_S + 60);
}

TEST(typ_is_compared_whole)
{
	static const char *const others[] = { "",         "JWT",     "at+jwtx", "xat+jwt", "at+jw",
					      "AT+JWT",   "at+jwt ", " at+jwt", "at",      "application/at+jwt",
					      "login+jwt" };

	CHECK_OK(verify(TOKEN_ACCESS, forge("at+jwt", access_claims()), ""));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		CHECK_FAULT(FAULT_UNAUTHENTIC, verify(TOKEN_ACCESS, forge(others[i], access_claims()), ""));
	CHECK_FAULT(FAULT_UNAUTHENTIC, verify(TOKEN_ACCESS, forge("at+jwt", nowhere), ""));
}

/* Exchange, the registry's password and Register each name what they take. */
TEST(every_door_takes_its_own_kinds)
{
	struct uid nobody = { 0 };
	struct assumed assumed;
	struct login login;

	for (unsigned kind = 0; kind < TOKEN_KIND_COUNT; kind++) {
		slice text = mint((enum token_kind)kind);
		if (kind != TOKEN_LOGIN)
			CHECK_FAULT(FAULT_UNAUTHENTIC, token_login_read(parts.issuer, arena, text, &nobody, true, &login));
		if (kind != TOKEN_ACCESS)
			CHECK_FAULT(FAULT_UNAUTHENTIC,
				    token_assume(parts.issuer, arena, text, &nobody, &nobody, true, &assumed));
		if (kind != TOKEN_ACCESS)
			CHECK_FAULT(FAULT_UNAUTHENTIC,
				    token_assume(parts.issuer, arena, text, &owner, &nobody, true, &assumed));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_of_one_kind_is_taken_as_no_other), cmocka_unit_test(the_cache_remembers_the_kind),
		cmocka_unit_test(what_is_for_others_does_not_come_back),    cmocka_unit_test(typ_is_compared_whole),
		cmocka_unit_test(every_door_takes_its_own_kinds),
	};

	return cmocka_run_group_tests(tests, world_open, world_close);
}
