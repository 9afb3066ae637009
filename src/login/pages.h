/*
 * pages: what a browser is shown, and the one way an answer leaves for it.
 *
 * Promises  every page has the same strict headers: no script, nothing from elsewhere, no frame, no cache, no referrer; forms
 * go to this server and, where a flow names one, to the origin it will end at. Start at  pages_open() at start, page_render()
 * in a handler.
 */
#ifndef LOGIN_PAGES_H
#define LOGIN_PAGES_H

#include "http/http.h"
#include "login/template.h"

enum page {
	PAGE_CHOOSE,
	PAGE_PROVIDER,
	PAGE_LOCAL,
	PAGE_ACTIVATE,
	PAGE_CONFIRM,
	PAGE_DONE,
	PAGE_ERROR,
	PAGE_INVITE,
	PAGE_PASSWORD,
	PAGE_FORGOT,
	PAGE_TEST,
	PAGE_COUNT
};

struct pages;

/* Parses all templates; they live in the arena. INVALID_ARGUMENT names a broken one. */
FALLIBLE pages_open(struct arena *arena, slice issuer, struct pages **ret_pages);
/* HTML of a page; `values` needs "title" besides the page's own. */
FALLIBLE page_render(const struct pages *pages, enum page page, struct values *values, struct arena *arena, slice *ret_html);
/* Its path with its digest, such as /sign-in/assets/style-0123456789abcdef.css; and its text for that file name, false for any
 * other. */
slice pages_stylesheet_path(const struct pages *pages);
bool pages_stylesheet(const struct pages *pages, slice file_name, slice *ret_css);

#define PAGE_COOKIES_MAX 12
/* What a handler answers a browser. */
struct page_answer {
	int status;
	slice html;                      /* or, with a location, empty */
	slice location;                  /* 303 */
	slice form_target;               /* an origin forms may end at besides ours; "" = none */
	slice cookies[PAGE_COOKIES_MAX]; /* Set-Cookie values */
	size_t cookie_count;
	bool is_stylesheet;
	bool is_for_later; /* says when to come again */
};
FALLIBLE page_respond(const struct page_answer *answer, struct arena *arena, struct http_response *ret_response);

#endif
