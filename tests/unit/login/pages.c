#include "login/pages.h"

#include "test.h"

#define EVIL "\"'><script>alert(1)</script>"

static const char *const texts[] = {
	"title",   "flow",  "headless", "organization", "host",     "connection", "problem",
	"token",   "login", "account",  "user_code",    "question", "warning",    "yes",
	"heading", "text",  "detail",   "next",         "request",  "name",       "outcome",
};

static struct values *evil_values(struct arena *arena)
{
	struct values *values = values_new(arena), *item;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		value_text(values, texts[i], SLICE(EVIL));
	value_text(values, "action", SLICE("/sign-in/new"));
	value_flag(values, "is_new", true);
	value_flag(values, "local", true);
	value_flag(values, "any", true);
	value_flag(values, "invited", true);
	item = value_item(values, "facts");
	value_text(item, "fact", SLICE(EVIL));
	value_text(item, "value", SLICE(EVIL));
	item = value_item(values, "ways");
	value_text(item, "label", SLICE(EVIL));
	value_text(item, "connection", SLICE(EVIL));
	return values;
}

TEST(no_page_lets_a_value_become_html)
{
	for (enum page page = 0; page < PAGE_COUNT; page++) {
		struct arena *arena = arena_new(1 << 24);
		struct pages *pages;
		slice html = SLICE("");

		CHECK_OK(pages_open(arena, SLICE("http://127.0.0.1:8080"), &pages));
		CHECK_OK(page_render(pages, page, evil_values(arena), arena, &html));
		CHECK(html.at && html.len > 200 && !memmem(html.at, html.len, "<script", 7) &&
		      !memmem(html.at, html.len, "'>", 2));
		CHECK(memmem(html.at, html.len, "&lt;script&gt;", 14));
		arena_free(arena);
	}
}

static bool has(const struct http_response *response, const char *name, const char *value)
{
	for (size_t i = 0; i < response->header_count; i++)
		if (slice_is(response->headers[i].name, name) && (!value || slice_is(response->headers[i].value, value)))
			return true;
	return false;
}

TEST(every_answer_carries_the_strict_headers)
{
	struct arena *arena = arena_new(1 << 20);
	struct page_answer answer = { .html = SLICE("x"), .form_target = SLICE("http://127.0.0.1:9") };
	struct http_response response;

	CHECK_OK(page_respond(&answer, arena, &response));
	CHECK(has(&response, "content-security-policy",
		  "default-src 'none'; style-src 'self'; form-action 'self' http://127.0.0.1:9; frame-ancestors 'none'; "
		  "base-uri 'none'"));
	CHECK(has(&response, "x-content-type-options", "nosniff") && has(&response, "referrer-policy", "no-referrer") &&
	      has(&response, "cache-control", "no-store") && has(&response, "x-frame-options", "DENY") &&
	      has(&response, "cross-origin-opener-policy", "same-origin"));
	CHECK(response.status == 200 && !has(&response, "location", NULL));
	arena_free(arena);
}

TEST(the_stylesheet_is_found_under_its_digest_alone)
{
	struct arena *arena = arena_new(1 << 22);
	struct pages *pages;
	slice css, path;

	CHECK_OK(pages_open(arena, SLICE("x"), &pages));
	path = pages_stylesheet_path(pages);
	CHECK(slice_starts(path, SLICE("/sign-in/assets/style-")));
	CHECK(pages_stylesheet(pages, slice_from(path, strlen("/sign-in/assets/")), &css) && css.len > 1000);
	CHECK(!pages_stylesheet(pages, SLICE("style.css"), &css));
	arena_free(arena);
}

TESTS(no_page_lets_a_value_become_html, every_answer_carries_the_strict_headers, the_stylesheet_is_found_under_its_digest_alone)
