#include "test.h"

#include "fetch/url.h"

static char repeated[URL_BYTES_MAX + 64];

/* head, then `c` up to `total` bytes. */
static slice long_url(const char *head, char c, size_t total)
{
	size_t len = strlen(head);

	memcpy(repeated, head, len);
	memset(repeated + len, c, total - len);
	return slice_of(repeated, total);
}

static bool parses(slice text)
{
	struct url url;

	return !FAILED(url_parse(text, &url));
}

TEST(a_url_is_read_into_its_parts)
{
	struct url url;

	CHECK_OK(url_parse(SLICE("https://issuer.example.com:8443/a/b%2Fc?x=1&y=/?"), &url));
	CHECK_SLICE(url.scheme, "https");
	CHECK_SLICE(url.host, "issuer.example.com");
	CHECK_SLICE(url.authority, "issuer.example.com:8443");
	CHECK_SLICE(url.origin, "https://issuer.example.com:8443");
	CHECK_SLICE(url.path, "/a/b%2Fc");
	CHECK_SLICE(url.query, "x=1&y=/?");
	CHECK_INT(url.port, 8443);
	CHECK(url.is_https && url.has_query && !url.is_ipv4);
	CHECK_OK(url_parse(SLICE("http://10.0.0.7"), &url));
	CHECK_SLICE(url.path, "");
	CHECK_INT(url.port, 80);
	CHECK(!url.is_https && !url.has_query && url.is_ipv4);
	CHECK_OK(url_parse(SLICE("https://a?q"), &url));
	CHECK_SLICE(url.query, "q");
	CHECK_INT(url.port, 443);
}

TEST(urls_of_real_issuers_parse)
{
	static const char *const issuers[] = {
		"https://token.actions.githubusercontent.com",
		"https://accounts.google.com",
		"https://gitlab.com",
		"https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
		"https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0",
		"https://container.googleapis.com/v1/projects/p/locations/us-central1-c/clusters/c-1",
		"https://example.eu.auth0.com/",
		"https://kubernetes.default.svc",
		"https://agent.buildkite.com",
		"https://oidc.circleci.com/org/00000000-0000-0000-0000-000000000000",
		"https://xn--bcher-kva.example",
		"https://localhost:8443/realms/main",
		"https://3com.example",
		"https://192.0.2.1:9443/dex",
	};

	for (size_t i = 0; i < sizeof(issuers) / sizeof(issuers[0]); i++) {
		print_message("%s\n", issuers[i]);
		CHECK(url_is_https_issuer(slice_str(issuers[i])));
	}
}

TEST(cve_2026_22772_a_url_with_a_second_reading_is_refused)
{
	static const char *const odd[] = {
		"",
		"https:",
		"https://",
		"https:///path",
		"//host/path",
		"HTTPS://host",
		"ftp://host",
		"file:///etc/passwd",
		"gopher://host",
		" https://host",
		"https://host ",
		"https://host\t",
		"https://host\n",
		"https://ho st",
		"https://host\\@other",
		"https://user@host",
		"https://user:password@host",
		"https://trusted.example@evil.example",
		"https://@host",
		"https://host#fragment",
		"https://host/#",
		"https://host/path#@trusted.example",
		"https://trusted.example%2eevil.example",
		"https://%68ost",
		"https://Host",
		"https://host.",
		"https://host./path",
		"https://.host",
		"https://a..b",
		"https://-host",
		"https://host-",
		"https://a.-b.c",
		"https://under_score",
		"https://h\xc3\xb6st",
		"https://host\xe3\x80\x82.example",
		"https://host*",
		"https://*.example.com",
		"https://[::1]",
		"https://[::ffff:127.0.0.1]:443/",
		"https://::1",
		"https://127.1",
		"https://127.0.1",
		"https://2130706433",
		"https://0x7f000001",
		"https://0x7f.0.0.1",
		"https://0177.0.0.1",
		"https://127.0.0.01",
		"https://127.0.0.256",
		"https://127.0.0.1.",
		"https://1.2.3.4.5",
		"https://host.1",
		"https://host.0x7f",
		"https://host:",
		"https://host:0",
		"https://host:00443",
		"https://host:65536",
		"https://host:-1",
		"https://host:+1",
		"https://host:443:443",
		"https://host:443x",
		"https://host:99999999999999999999",
		"https://host/a b",
		"https://host/\"",
		"https://host/<",
		"https://host/\\",
		"https://host/^",
		"https://host/`",
		"https://host/{",
		"https://host/|",
		"https://host/\xc3\xa4",
		"https://host/\x7f",
		"https://host/%",
		"https://host/%4",
		"https://host/%4g",
		"https://host/a/../b",
		"https://host/..",
		"https://host/.",
		"https://host/./",
		"https://host/%2e%2E/b",
		"https://host/.%2e",
		"https://host/%2E/b",
		"https://host?a#b",
		"https://host?a b",
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		print_message("%s\n", odd[i]);
		CHECK(!parses(slice_str(odd[i])));
	}
	CHECK(!parses(SLICE("https://host\0.evil.example")));
	CHECK(!parses(SLICE("https://host/\0")));
	CHECK(!parses(SLICE("https://host/%0\0")));
}

TEST(names_that_only_look_odd_still_parse)
{
	CHECK(parses(SLICE("https://host/...")));
	CHECK(parses(SLICE("https://host/.well-known/openid-configuration")));
	CHECK(parses(SLICE("https://host/a..b/..c/d..")));
	CHECK(parses(SLICE("https://host/%2e%2e%2e")));
	CHECK(parses(SLICE("https://host//a//")));
	CHECK(parses(SLICE("https://1.2.3.example")));
	CHECK(parses(SLICE("https://host?..")));
	CHECK(parses(SLICE("https://host/a@b:c;d=e")));
	CHECK(parses(SLICE("https://a--b.example")));
}

TEST(lengths_end_exactly_at_their_limits)
{
	CHECK(parses(long_url("https://host/", 'a', URL_BYTES_MAX)));
	CHECK(!parses(long_url("https://host/", 'a', URL_BYTES_MAX + 1)));
	CHECK(parses(long_url("https://", 'a', 8 + 63)));
	CHECK(!parses(long_url("https://", 'a', 8 + 64)));
	{
		char label[64] = { 0 }, text[8 + URL_HOST_MAX + 2];

		memset(label, 'a', 63);
		(void)snprintf(text, sizeof(text), "https://%s.%s.%s.%.61s", label, label, label, label);
		CHECK(parses(slice_str(text)));
		(void)snprintf(text, sizeof(text), "https://%s.%s.%s.%.62s", label, label, label, label);
		CHECK(!parses(slice_str(text)));
	}
}

TEST(an_issuer_is_https_without_query)
{
	CHECK(url_is_https_issuer(SLICE("https://host/path/")));
	CHECK(!url_is_https_issuer(SLICE("https://host/path?")));
	CHECK(!url_is_https_issuer(SLICE("https://host?a=b")));
	CHECK(!url_is_https_issuer(SLICE("http://host")));
	CHECK(!url_is_https_issuer(SLICE("host")));
	CHECK(url_is_issuer(SLICE("http://host")));
	CHECK(!url_is_issuer(SLICE("http://host?")));
}

TEST(a_refused_url_leaves_the_result_and_the_report_of_questions_alone)
{
	struct url url = { .port = 7 };

	report_clear(report_current());
	CHECK(!url_is_issuer(SLICE("nonsense")));
	CHECK_INT(report_current()->fault, FAULT_NONE);
	CHECK_FAULT(FAULT_INVALID, url_parse(SLICE("https://host/#secret-token"), &url));
	CHECK_INT(url.port, 7);
	CHECK(!strstr(report_current()->text, "secret"));
}

TESTS(a_url_is_read_into_its_parts, urls_of_real_issuers_parse, cve_2026_22772_a_url_with_a_second_reading_is_refused,
      names_that_only_look_odd_still_parse, lengths_end_exactly_at_their_limits, an_issuer_is_https_without_query,
      a_refused_url_leaves_the_result_and_the_report_of_questions_alone)
