#include "login/pages.h"

#include "base/encode.h"
#include "crypto/digest.h"

#define ASSETS "/sign-in/assets/"
#define STYLE_DIGEST_BYTES 8
#define HEADERS_MAX (11 + PAGE_COOKIES_MAX)
#define RETRY_AFTER_S "5"

struct file {
	const char *name, *text;
};
static const struct file files[] = {
#define FILE(name, text) { name, text },
#include "pages.gen.h"
#undef FILE
};

static const char *const names[PAGE_COUNT] = {
	[PAGE_CHOOSE] = "choose.html",     [PAGE_PROVIDER] = "provider.html", [PAGE_LOCAL] = "local.html",
	[PAGE_ACTIVATE] = "activate.html", [PAGE_CONFIRM] = "confirm.html",   [PAGE_DONE] = "done.html",
	[PAGE_ERROR] = "error.html",       [PAGE_INVITE] = "invite.html",     [PAGE_PASSWORD] = "password.html",
	[PAGE_FORGOT] = "forgot.html",     [PAGE_TEST] = "test.html",
};

struct pages {
	struct template *layout, *at[PAGE_COUNT];
	slice issuer, stylesheet, stylesheet_path;
};

static slice file_text(const char *name)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (strcmp(files[i].name, name) == 0)
			return slice_str(files[i].text);
	return SLICE("");
}

static FALLIBLE open_stylesheet(struct arena *arena, struct pages *pages)
{
	unsigned char digest[SHA256_BYTES];
	char hex[2 * STYLE_DIGEST_BYTES], *path;

	pages->stylesheet = file_text("style.css");
	TRY(sha256(pages->stylesheet, digest));
	hex_encode_into(slice_of(digest, STYLE_DIGEST_BYTES), hex);
	path = arena_printf(arena, ASSETS "style-%.*s.css", (int)sizeof(hex), hex);
	TRY_NEW(path);
	pages->stylesheet_path = slice_str(path);
	return OK;
}

FALLIBLE pages_open(struct arena *arena, slice issuer, struct pages **ret_pages)
{
	struct pages *pages = NEW(arena, struct pages);

	TRY_NEW(pages);
	pages->issuer = issuer;
	TRY(open_stylesheet(arena, pages));
	TRY(template_parse(arena, "layout.html", file_text("layout.html"), &pages->layout));
	for (size_t i = 0; i < PAGE_COUNT; i++)
		TRY(template_parse(arena, names[i], file_text(names[i]), &pages->at[i]));
	*ret_pages = pages;
	return OK;
}

FALLIBLE page_render(const struct pages *pages, enum page page, struct values *values, struct arena *arena, slice *ret_html)
{
	struct buffer html;

	value_text(values, "issuer", pages->issuer);
	value_text(values, "stylesheet", pages->stylesheet_path);
	buffer_init(&html, arena, PAGE_BYTES_MAX);
	TRY(template_render(pages->layout, pages->at[page], values, &html));
	*ret_html = buffer_slice(&html);
	return OK;
}

slice pages_stylesheet_path(const struct pages *pages)
{
	return pages->stylesheet_path;
}

bool pages_stylesheet(const struct pages *pages, slice file_name, slice *ret_css)
{
	if (!slice_eq(file_name, slice_from(pages->stylesheet_path, sizeof(ASSETS) - 1)))
		return false;
	*ret_css = pages->stylesheet;
	return true;
}

/* ---- the answer ---- */

struct head {
	struct http_header at[HEADERS_MAX];
	size_t count;
};

static void add(struct head *head, slice name, slice value)
{
	if (head->count < HEADERS_MAX)
		head->at[head->count++] = (struct http_header){ name, value };
}

static FALLIBLE add_policy(struct head *head, struct arena *arena, slice form_target)
{
	char *policy = arena_printf(arena,
				    "default-src 'none'; style-src 'self'; form-action 'self'%s%.*s; frame-ancestors 'none'; "
				    "base-uri 'none'",
				    form_target.len ? " " : "", SLICE_ARG(form_target));

	TRY_NEW(policy);
	add(head, SLICE("content-security-policy"), slice_str(policy));
	add(head, SLICE("x-frame-options"), SLICE("DENY"));
	add(head, SLICE("x-content-type-options"), SLICE("nosniff"));
	add(head, SLICE("referrer-policy"), SLICE("no-referrer"));
	add(head, SLICE("cross-origin-opener-policy"), SLICE("same-origin"));
	add(head, SLICE("cross-origin-resource-policy"), SLICE("same-origin"));
	return OK;
}

FALLIBLE page_respond(const struct page_answer *answer, struct arena *arena, struct http_response *ret_response)
{
	struct head *head = NEW(arena, struct head);

	TRY_NEW(head);
	TRY(add_policy(head, arena, answer->form_target));
	add(head, SLICE("content-type"),
	    answer->is_stylesheet ? SLICE("text/css; charset=utf-8") : SLICE("text/html; charset=utf-8"));
	add(head, SLICE("cache-control"),
	    answer->is_stylesheet ? SLICE("public, max-age=31536000, immutable") : SLICE("no-store"));
	if (answer->is_for_later)
		add(head, SLICE("retry-after"), SLICE(RETRY_AFTER_S));
	if (answer->location.len)
		add(head, SLICE("location"), answer->location);
	for (size_t i = 0; i < answer->cookie_count; i++)
		add(head, SLICE("set-cookie"), answer->cookies[i]);
	*ret_response = (struct http_response){ .status = answer->location.len ? 303
							  : answer->status     ? answer->status
									       : 200,
						.headers = head->at,
						.header_count = head->count,
						.body = answer->html };
	return OK;
}
