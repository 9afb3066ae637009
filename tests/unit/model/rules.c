#include "test.h"

#include "model/rules.h"

#define X63 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

typedef status (*rule_fn)(slice text, const char *field);

static void takes(rule_fn rule, const char *const *texts)
{
	for (; *texts; texts++)
		CHECK_OK(rule(slice_str(*texts), "a.field"));
}

static void refuses(rule_fn rule, const char *const *texts)
{
	for (; *texts; texts++) {
		struct report report = { 0 }, *before = report_use(&report);
		CHECK_FAULT(FAULT_INVALID, rule(slice_str(*texts), "a.field"));
		assert_string_equal(report.field, "a.field");
		report_use(before);
	}
}

#define TAKES(rule, ...) takes(rule, (const char *const[]){ __VA_ARGS__, NULL })
#define REFUSES(rule, ...) refuses(rule, (const char *const[]){ __VA_ARGS__, NULL })

TEST(names_follow_the_published_pattern)
{
	TAKES(rule_name, "a", "a b", "example.com", "_-.", " ", "0", X63);
	REFUSES(rule_name, "", "A", "a/b", "\xc3\xa9", "a\tb", "a\n", X63 "x", "a*");
	CHECK_FAULT(FAULT_INVALID, rule_name(slice_of("a\0b", 3), "name"));
}

TEST(a_description_is_any_bounded_text)
{
	static char big[DESCRIPTION_BYTES_MAX + 1];

	memset(big, 'x', sizeof(big));
	TAKES(rule_description, "", "two\nlines", "gr\xc3\xbc\xc3\x9f");
	CHECK_OK(rule_description(slice_of(big, DESCRIPTION_BYTES_MAX), "description"));
	CHECK_FAULT(FAULT_INVALID, rule_description(slice_of(big, sizeof(big)), "description"));
	REFUSES(rule_description, "\xff", "\xc0\x80");
	CHECK_FAULT(FAULT_INVALID, rule_description(slice_of("a\0b", 3), "description"));
}

TEST(a_repositorys_description_is_one_line)
{
	static char wide[2 * (LINE_CHARACTERS_MAX + 1)];

	for (size_t i = 0; i < sizeof(wide); i += 2)
		memcpy(wide + i, "\xc3\xa9", 2);
	TAKES(rule_line, "", "one line");
	REFUSES(rule_line, "two\nlines", "a\tb", "a\rb", "a\x7f", "\x1b[0m");
	CHECK_OK(rule_line(slice_of(wide, sizeof(wide) - 2), "description"));
	CHECK_FAULT(FAULT_INVALID, rule_line(slice_of(wide, sizeof(wide)), "description"));
}

TEST(an_email_address_has_one_at_sign_and_a_domain)
{
	TAKES(rule_email, "a@b", "ada.lovelace+x@example.com", "o'neil@mail.example.com");
	REFUSES(rule_email, "", "a", "@b", "a@", "a@b@c", "a b@c", "a@b c", "a@-b.com", "a@b..c", "a@b.", "a\n@b", "a@b\n");
}

/* CVE-2026-40574: a domain check fooled by several @. */
TEST(cve_2026_40574_an_address_with_several_at_signs_is_none)
{
	REFUSES(rule_email, "evil@attacker.example@example.com", "\"a@b\"@c.example");
}

TEST(digests_are_sha256_in_lower_case)
{
	TAKES(rule_digest, "sha256:" HEX64);
	REFUSES(rule_digest, "", "sha256:", "sha256:" HEX64 "0", "sha512:" HEX64, "SHA256:" HEX64, HEX64,
		"sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
		"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde");
}

TEST(tags_follow_the_distribution_specification)
{
	TAKES(rule_tag, "latest", "_", "V1.0-rc_2", X63 X63 "xx");
	REFUSES(rule_tag, "", ".x", "-x", "a/b", "a:b", "a b", X63 X63 "xxx", "\xc3\xa9");
}

TEST(a_path_component_is_what_distribution_takes)
{
	TAKES(rule_path_component, "a", "0", "a.b", "a_b", "a__b", "a-b", "a---b", "example.com", "a-b.c_d");
	REFUSES(rule_path_component, "", ".", "..", "a.", ".a", "-a", "a-", "a..b", "a___b", "a._b", "a-_b", "A", "a b", "a/b",
		"_a", "a_", "a__", "a\xc3\xa9");
}

TEST(a_verified_name_is_a_domain_that_may_stand_in_a_path)
{
	TAKES(rule_verified_name, "example.com", "a.b.example.org", "x--y.example", "1.example");
	REFUSES(rule_verified_name, "", "example", "example.com.", ".com", "a..b", "-a.com", "a-.com", "a_b.com", "a b.com",
		"Example.com", "127.0.0.1", "1.2", X63 ".com");
}

TEST(aws_accounts_are_twelve_digits)
{
	TAKES(rule_aws_account, "123456789012");
	REFUSES(rule_aws_account, "", "12345678901", "1234567890123", "12345678901x", " 23456789012");
}

TESTS(names_follow_the_published_pattern, a_description_is_any_bounded_text, a_repositorys_description_is_one_line,
      an_email_address_has_one_at_sign_and_a_domain, cve_2026_40574_an_address_with_several_at_signs_is_none,
      digests_are_sha256_in_lower_case, tags_follow_the_distribution_specification, a_path_component_is_what_distribution_takes,
      a_verified_name_is_a_domain_that_may_stand_in_a_path, aws_accounts_are_twelve_digits)
