/*
 * A sign-in between two requests: what its browser sends back, and what is made of that.
 */
#include "people_world.h"

#include "login/cookie.h"
#include "login/flow.h"

#define PREFIX FLOW_COOKIE_PREFIX

/* A browser: what it was given, as it sends it back. */
struct browsing {
	struct call *call;
	struct flow flow;
	Reeve__V1__Page page;
};

static struct browsing browse(enum stage stage)
{
	struct browsing made = { .call = worker_call(METHOD_REEVE_LOGIN_CONFIRM), .flow = { .stage = stage } };

	reeve__v1__page__init(&made.page);
	made.call->browser.verb = SLICE("POST");
	made.call->browser.fetch_site = SLICE("same-origin");
	made.flow.goal.ending = END_REDIRECT;
	made.flow.person = somebody("1001");
	CHECK_OK(flow_begin(made.call, &made.flow, &made.page));
	return made;
}

/* The value of the flow's one cookie. */
static slice value_of(const struct browsing *browsing)
{
	slice cookie, name, value, rest;

	CHECK_INT(browsing->page.n_cookies, 1);
	cookie = slice_str(browsing->page.cookies[0]);
	CHECK(slice_cut(cookie, '=', &name, &value));
	(void)slice_cut(value, ';', &value, &rest); /* attributes follow */
	return value;
}

static void send_as(struct browsing *browsing, slice id, slice value)
{
	browsing->call->browser.cookies = slice_str(arena_printf(arena, PREFIX "%.*s=%.*s", SLICE_ARG(id), SLICE_ARG(value)));
}

TEST(a_step_is_good_in_its_browser_with_its_own_form)
{
	struct browsing a = browse(STAGE_CONFIRM);
	struct flow loaded;

	CHECK_FAULT(FAULT_INVALID, flow_load(a.call, a.flow.id, STAGE_CONFIRM, &loaded)); /* no cookie */
	send_as(&a, a.flow.id, value_of(&a));
	CHECK_OK(flow_load(a.call, a.flow.id, STAGE_CONFIRM, &loaded));
	CHECK_SLICE(loaded.person.subject, "1001");
	CHECK_OK(flow_load_form(a.call, a.flow.id, a.flow.token, STAGE_CONFIRM, &loaded));
	CHECK_FAULT(FAULT_DENIED, flow_load_form(a.call, a.flow.id, SLICE(""), STAGE_CONFIRM, &loaded));
	CHECK_FAULT(FAULT_DENIED,
		    flow_load_form(a.call, a.flow.id, slice_to(a.flow.token, a.flow.token.len - 1), STAGE_CONFIRM, &loaded));
	CHECK_FAULT(FAULT_INVALID, flow_load(a.call, a.flow.id, STAGE_ACTIVATE, &loaded));
	a.call->browser.fetch_site = SLICE("cross-site");
	CHECK_FAULT(FAULT_DENIED, flow_load_form(a.call, a.flow.id, a.flow.token, STAGE_CONFIRM, &loaded));
	a.call->browser.fetch_site = SLICE("same-site");
	CHECK_FAULT(FAULT_DENIED, flow_load_form(a.call, a.flow.id, a.flow.token, STAGE_CONFIRM, &loaded));
}

TEST(a_step_is_good_once_under_whatever_name_its_cookie_comes)
{
	struct browsing a = browse(STAGE_CONFIRM), b = browse(STAGE_CONFIRM);
	slice value = value_of(&a);
	struct flow loaded;

	send_as(&a, a.flow.id, value);
	CHECK_OK(flow_load(a.call, a.flow.id, STAGE_CONFIRM, &loaded));
	CHECK_OK(flow_spend(a.call, &loaded, &a.page));
	CHECK_FAULT(FAULT_STATE, flow_spend(a.call, &loaded, &a.page));
	/* CVE-2025-46815: the same state, called by another name, is still that one */
	send_as(&a, b.flow.id, value);
	CHECK_FAULT(FAULT_INVALID, flow_load(a.call, b.flow.id, STAGE_CONFIRM, &loaded));
	send_as(&a, SLICE("AAAAAAAAAAAAAAAAAAAAAA"), value);
	CHECK_FAULT(FAULT_INVALID, flow_load(a.call, SLICE("AAAAAAAAAAAAAAAAAAAAAA"), STAGE_CONFIRM, &loaded));
}

TEST(a_step_ends_after_ten_minutes_and_a_sign_in_after_an_hour)
{
	struct browsing a = browse(STAGE_CONFIRM);
	struct flow loaded;

	send_as(&a, a.flow.id, value_of(&a));
	a.call->now_us += (FLOW_LIFE_S - 1) * US_PER_S;
	CHECK_OK(flow_load(a.call, a.flow.id, STAGE_CONFIRM, &loaded));
	a.call->now_us += US_PER_S;
	CHECK_FAULT(FAULT_INVALID, flow_load(a.call, a.flow.id, STAGE_CONFIRM, &loaded));
	a = browse(STAGE_CONFIRM);
	a.page.n_cookies = 0;
	a.flow.began_s = NOW_S - FLOW_LONGEST_S;
	CHECK_OK(flow_begin(a.call, &a.flow, &a.page));
	send_as(&a, a.flow.id, value_of(&a));
	CHECK_FAULT(FAULT_INVALID, flow_load(a.call, a.flow.id, STAGE_CONFIRM, &loaded));
}

TEST(a_changed_cookie_is_no_sign_in)
{
	struct browsing a = browse(STAGE_CONFIRM);
	slice value = value_of(&a);
	struct flow loaded;

	for (size_t i = 0; i < value.len; i += value.len / 8) {
		char *changed = arena_text(arena, value);
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		send_as(&a, a.flow.id, slice_str(changed));
		CHECK_FAULT(FAULT_INVALID, flow_load(a.call, a.flow.id, STAGE_CONFIRM, &loaded));
	}
	send_as(&a, a.flow.id, slice_to(value, value.len - 4));
	CHECK_FAULT(FAULT_INVALID, flow_load(a.call, a.flow.id, STAGE_CONFIRM, &loaded));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_is_good_in_its_browser_with_its_own_form),
		cmocka_unit_test(a_step_is_good_once_under_whatever_name_its_cookie_comes),
		cmocka_unit_test(a_step_ends_after_ten_minutes_and_a_sign_in_after_an_hour),
		cmocka_unit_test(a_changed_cookie_is_no_sign_in),
	};

	return cmocka_run_group_tests(tests, oauth_open, oauth_close);
}
