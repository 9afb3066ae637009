#include "test.h"

#include "model/user.h"

static struct uid user(const char *issuer, const char *subject)
{
	struct uid uid;

	CHECK_OK(user_uid(slice_str(issuer), slice_str(subject), &uid));
	CHECK(uid_is_root(&uid));
	return uid;
}

TEST(a_user_has_one_uid)
{
	struct uid a = user("https://issuer.example", "ada"), again = user("https://issuer.example", "ada");

	CHECK(uid_eq(&a, &again));
}

/* Bindings are made for users before they exist: the derivation may never change. */
TEST(the_derivation_of_user_uids_never_changes)
{
	struct uid uid = user("https://issuer.example", "ada");
	char text[UID_TEXT_BYTES];

	uid_format(&uid, text);
	assert_string_equal(text, "fc1907fd76c3ebd39a5304a872f6ba41b3953f38");
}

TEST(a_bare_google_issuer_is_the_full_one)
{
	struct uid bare = user("accounts.google.com", "1"), full = user("https://accounts.google.com", "1");

	CHECK(uid_eq(&bare, &full));
	CHECK_SLICE(issuer_normal(SLICE("accounts.google.com.evil.example")), "accounts.google.com.evil.example");
}

TEST(no_two_pairs_share_a_uid_by_moving_the_border)
{
	struct uid a = user("https://a", "bc"), b = user("https://ab", "c"), c = user("https://abc", ""),
		   d = user("", "https://abc");

	CHECK(!uid_eq(&a, &b) && !uid_eq(&b, &c) && !uid_eq(&c, &d));
}

TESTS(a_user_has_one_uid, the_derivation_of_user_uids_never_changes, a_bare_google_issuer_is_the_full_one,
      no_two_pairs_share_a_uid_by_moving_the_border)
