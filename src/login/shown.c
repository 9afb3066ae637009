#include "login/shown.h"

#include "login/cookie.h"
#include "schema/error.h"

/* One per process, like the listeners it answers for; set before serving and only read then. */
static struct {
	struct pages *pages;
	struct throttle *throttle;
} door;

FALLIBLE shown_open(struct arena *arena, slice issuer)
{
	TRY(pages_open(arena, issuer, &door.pages));
	door.throttle = throttle_new();
	if (!door.throttle)
		return FAIL(FAULT_EXHAUSTED, "no memory for the sign-in pages");
	return OK;
}

void shown_close(void)
{
	door.throttle = throttle_free(door.throttle);
	door.pages = NULL; /* its arena's owner frees it */
}

struct throttle *shown_throttle(void)
{
	return door.throttle;
}

/* ---- what a handler says ---- */

FALLIBLE show(struct call *call, enum page page, struct values *values, Reeve__V1__Page *out)
{
	slice html;

	TRY(page_render(door.pages, page, values, call->arena, &html));
	out->html = (char *)(uintptr_t)html.at; /* a buffer's text ends with a NUL */
	return OK;
}

FALLIBLE show_location(struct call *call, slice location, Reeve__V1__Page *out)
{
	out->location = arena_text(call->arena, location);
	TRY_NEW(out->location);
	return OK;
}

FALLIBLE show_cookie(struct call *call, slice name, slice value, int64_t life_s, Reeve__V1__Page *out)
{
	slice cookie;

	if (!out->cookies)
		out->cookies = NEW_N(call->arena, char *, PAGE_COOKIES_MAX);
	TRY_NEW(out->cookies);
	if (out->n_cookies == PAGE_COOKIES_MAX)
		return FAIL(FAULT_INTERNAL, "an answer sets too many cookies");
	TRY(cookie_make(call->arena, name, value, life_s, &cookie));
	out->cookies[out->n_cookies] = arena_text(call->arena, cookie);
	TRY_NEW(out->cookies[out->n_cookies]);
	out->n_cookies++;
	return OK;
}

slice show_cut(slice text, size_t most)
{
	if (text.len <= most)
		return text;
	while (most && ((unsigned char)text.at[most] & 0xc0) == 0x80)
		most--;
	return slice_to(text, most);
}

void show_fact(struct values *values, const char *fact, slice value)
{
	struct values *row;

	if (value.len == 0)
		return;
	row = value_item(values, "facts");
	value_text(row, "fact", slice_str(fact));
	value_text(row, "value", slice_is_text(value) ? value : SLICE("(not readable)"));
}

/* ---- the answer to the browser ---- */

static status answer(struct call *call, const void *in, const void *out, struct http_response *ret_response)
{
	const Reeve__V1__Page *page = out;
	struct page_answer answer = { .status = page->status,
				      .html = slice_str(page->html),
				      .location = slice_str(page->location),
				      .form_target = slice_str(page->form_target),
				      .is_stylesheet = page->is_stylesheet,
				      .is_for_later = page->status == fault_row(FAULT_UNAVAILABLE)->http_status };

	for (size_t i = 0; i < page->n_cookies && i < PAGE_COOKIES_MAX; i++)
		answer.cookies[answer.cookie_count++] = slice_str(page->cookies[i]);
	return page_respond(&answer, call->arena, ret_response);
}

/* What a person may do about it. */
static slice advice(enum fault fault)
{
	switch (fault) {
	case FAULT_INVALID:
	case FAULT_STATE:
		return SLICE("Start again from the program or the link that brought you here.");
	case FAULT_BUSY:
		return SLICE("Wait a few seconds, then load this page again.");
	case FAULT_EXHAUSTED:
	case FAULT_UNAVAILABLE:
	case FAULT_TOO_LATE:
		return SLICE("Wait a moment, then start again.");
	case FAULT_INTERNAL:
	case FAULT_LOST:
		return SLICE("If it happens again, tell an operator of this server and give them the request’s number.");
	default:
		return SLICE("");
	}
}

static status fail(struct call *call, const void *in, struct http_response *ret_response)
{
	enum fault fault = call->report.fault;
	struct values *values = values_new(call->arena);
	struct page_answer answer = { .status = fault_row(fault)->http_status, .is_for_later = fault_row(fault)->retryable };

	value_text(values, "title", SLICE("Sign-in stopped"));
	value_text(values, "heading", SLICE("This sign-in cannot go on"));
	value_text(values, "text", arena_copy(call->arena, slice_str(error_text(&call->report))));
	value_text(values, "next", advice(fault));
	value_text(values, "request", call->request_id);
	TRY(page_render(door.pages, PAGE_ERROR, values, call->arena, &answer.html));
	return page_respond(&answer, call->arena, ret_response);
}

void shown_speak(struct rpc *rpc)
{
	static const struct dialect dialect = { answer, fail };

	for (size_t i = 0; i < METHOD_COUNT; i++)
		if (methods[i].is_page)
			rpc_speak(rpc, methods[i].id, &dialect);
}

status reeve_login_asset(struct call *call, const Reeve__V1__AssetRequest *in, Reeve__V1__Page *out)
{
	slice css;

	if (!pages_stylesheet(door.pages, slice_str(in->file), &css))
		return FAIL(FAULT_ABSENT, "no such file");
	out->html = (char *)(uintptr_t)css.at; /* embedded texts end with a NUL */
	out->is_stylesheet = true;
	return OK;
}
