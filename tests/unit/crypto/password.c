/*
 * Passwords: what is taken, what is refused, and that a check tells nothing else.
 */
#include "test.h"

#include "crypto/password.h"

static bool is_refused(const char *password)
{
	return FAILED(password_rule(slice_str(password), SLICE("ada.lovelace@example.com"), "password"));
}

TEST(a_password_opens_by_itself_alone)
{
	struct arena *arena = arena_new(1 << 16);
	const uint8_t salt[PASSWORD_SALT_BYTES] = { 1, 2, 3 };
	bool is_right;
	slice text;

	CHECK_OK(password_hash(arena, SLICE("tramp oline gardens"), salt, &text));
	CHECK(slice_starts(text, SLICE("$argon2id$v=19$m=19456,t=2,p=1$")));
	CHECK_OK(password_check(SLICE("tramp oline gardens"), text, &is_right));
	CHECK(is_right);
	CHECK_OK(password_check(SLICE("tramp oline garden"), text, &is_right));
	CHECK(!is_right);
	CHECK_OK(password_check(SLICE("tramp oline gardenS"), text, &is_right));
	CHECK(!is_right);
	arena_free(arena);
}

TEST(nobody_has_no_password)
{
	bool is_right = true;

	CHECK_OK(password_check(SLICE(""), SLICE(""), &is_right));
	CHECK(!is_right);
	is_right = true;
	CHECK_OK(password_check(SLICE("anything at all"), SLICE(""), &is_right));
	CHECK(!is_right);
}

/* CVE-2026-4404 and NIST SP 800-63B 5.1.1.2: none that everybody tries. */
TEST(default_passwords_are_refused)
{
	static const char *const tried[] = { "password1234",
					     "Passw0rd!2024",
					     "adminadminadmin",
					     "qwertyuiop123",
					     "123456789012",
					     "aaaaaaaaaaaa",
					     "abcabcabcabc",
					     "iloveyou12345",
					     "welcomewelcome",
					     "changeme!2025",
					     "Summer2024!!",
					     "abcdefghijkl",
					     "P@ssw0rdP@ssw0rd",
					     "dragon123456",
					     "letmein123456",
					     "monkeymonkey!!",
					     "correcthorsebatterystaple",
					     "lovelyprincess",
					     "asdfghjkl;'1",
					     "administrator" };

	for (size_t i = 0; i < sizeof(tried) / sizeof(*tried); i++) {
		if (!is_refused(tried[i]))
			print_error("taken: %s\n", tried[i]);
		CHECK(is_refused(tried[i]));
	}
}

TEST(no_kind_of_character_is_asked_for)
{
	CHECK(!is_refused("gherkin velodrome acorn"));
	CHECK(!is_refused("bkwmzdyorhup"));
	CHECK(!is_refused("730951846275"));
	CHECK(!is_refused("\xc3\xa4\xc3\xb6\xc3\xbc sch\xc3\xb6ne Gr\xc3\xbc\xc3\x9f"
			  "e"));
	CHECK(is_refused("short words"));
	CHECK(is_refused("ada.lovelace@example.com"));
	CHECK(is_refused("ADA.LOVELACE2024"));
}

TEST(what_a_stranger_sends_ends_soon)
{
	static char most[PASSWORD_BYTES_MAX + 8];

	for (size_t i = 0; i < sizeof(most) - 1; i++)
		most[i] = "theforme1!love"[i % 13];
	CHECK(is_refused(most));
	(void)password_is_common(slice_of(most, PASSWORD_BYTES_MAX));
	memset(most, 'a', sizeof(most) - 2);
	CHECK(password_is_common(slice_of(most, PASSWORD_BYTES_MAX)));
}

TESTS(a_password_opens_by_itself_alone, nobody_has_no_password, default_passwords_are_refused,
      no_kind_of_character_is_asked_for, what_a_stranger_sends_ends_soon)
