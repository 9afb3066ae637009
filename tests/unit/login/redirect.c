#include "login/redirect.h"

#include "test.h"

static const slice origins[] = { { "https://console.example.com", 27 }, { "https://app.example.com:8443", 28 } };

static status parse(const char *text, struct redirect *redirect)
{
	return redirect_parse(slice_str(text), origins, 2, "redirect", redirect);
}

TEST(loopback_on_any_port_and_configured_origins_are_taken)
{
	static const char *const good[] = {
		"http://localhost:4567/callback?token=true&error=true",
		"http://127.0.0.1:1/",
		"http://[::1]:65535",
		"http://localhost",
		"http://127.0.0.1?x=y",
		"https://console.example.com/login",
		"https://console.example.com:443/login",
		"https://app.example.com:8443",
	};
	struct redirect redirect;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		CHECK_OK(parse(good[i], &redirect));
}

TEST(every_other_target_is_refused)
{
	static const char *const bad[] = {
		"",
		"/callback",
		"//evil.example",
		"http://127.0.0.1:1234@evil.example/",
		"http://127.0.0.1@evil.example/",
		"http://localhost.evil.example/",
		"http://127.0.0.1.evil.example/",
		"http://127.0.0.1:80.evil.example/",
		"http://localhost:99999/",
		"http://localhost:0/",
		"http://localhost:/",
		"http://localhost:080/",
		"https://localhost:4567/",
		"HTTP://localhost/",
		"http://LOCALHOST/",
		"http://127.1/",
		"http://2130706433/",
		"http://0x7f.1/",
		"http://127.0.0.2/",
		"http://[::ffff:127.0.0.1]/",
		"http://localhost\\@evil.example/",
		"http://localhost/\\evil.example",
		"http://localhost#x",
		"http://localhost/#x",
		"http://localhost/%2e%2e/x",
		"http://localhost/../x",
		"http://localhost/x\r\ny",
		"http://localhost/ x",
		"http:localhost/",
		"http:/localhost/",
		"http:///localhost/",
		"javascript:alert(1)",
		"https://evil.example/",
		"https://console.example.com.evil.example/",
		"https://evilconsole.example.com/",
		"https://console.example.com@evil.example/",
		"https://console.example.com:444/",
		"http://console.example.com/",
		"https://app.example.com/",
		"https://console.example.com./",
		"https://console.example.com/%2E%2E/",
		"https://console.example.com/a%5cb",
		"https://console.example.com/\xc3\xa9",
		"http://[::1/",
		"http://[::1]x/",
		"http://localhost/%zz",
		"http://localhost/%",
	};
	struct redirect redirect;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (!FAILED(parse(bad[i], &redirect)))
			fail_msg("took %s", bad[i]);
}

static slice with(struct arena *arena, const char *text)
{
	const struct redirect_pair pairs[] = { { "token", SLICE("a+b/c=") }, { "error", SLICE("no & never") } };
	struct redirect redirect;
	struct buffer out;

	CHECK_OK(parse(text, &redirect));
	buffer_init(&out, arena, 4096);
	redirect_with(&redirect, pairs, 2, &out);
	CHECK(!buffer_failed(&out));
	return buffer_slice(&out);
}

TEST(hints_are_replaced_and_values_percent_encoded)
{
	struct arena *arena = arena_new(1 << 20);

	CHECK_SLICE(with(arena, "http://localhost:1/callback?token=true&error=true"),
		    "http://localhost:1/callback?token=a%2Bb%2Fc%3D&error=no%20%26%20never");
	CHECK_SLICE(with(arena, "http://localhost:1?keep=1&%74oken=x&&error&status_code=200"),
		    "http://localhost:1/?keep=1&token=a%2Bb%2Fc%3D&error=no%20%26%20never");
	arena_free(arena);
}

TEST(an_origin_of_the_configuration_is_https_and_nothing_more)
{
	slice origin;

	CHECK_OK(redirect_origin_parse(SLICE("https://a.example:8443"), "login.redirects", &origin));
	CHECK_FAULT(FAULT_INVALID, redirect_origin_parse(SLICE("http://a.example"), "login.redirects", &origin));
	CHECK_FAULT(FAULT_INVALID, redirect_origin_parse(SLICE("https://a.example/x"), "login.redirects", &origin));
	CHECK_FAULT(FAULT_INVALID, redirect_origin_parse(SLICE("https://*.example"), "login.redirects", &origin));
}

TESTS(loopback_on_any_port_and_configured_origins_are_taken, every_other_target_is_refused,
      hints_are_replaced_and_values_percent_encoded, an_origin_of_the_configuration_is_https_and_nothing_more)
