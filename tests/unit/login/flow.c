/*
 * A sign-in between two requests: what its browser sends back, and what is made of that.
 */
#include "people_world.h"

#include "login/cookie.h"
#include "login/flow.h"
#include "login/steps.h"

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

/* ---- who is asked ---- */

/* CVE-2026-33757: whoever comes back from a provider is asked before anything leaves. */
TEST(nothing_is_given_out_unasked_to_who_signed_in_elsewhere)
{
	struct browsing a = browse(STAGE_UPSTREAM);

	register_person(&a.flow.person);
	a.page.n_cookies = 0;
	a.flow.goal = (struct goal){ .ending = END_REDIRECT,
				     .client_id = SLICE("reeve"),
				     .redirect = SLICE(REDIRECT "?token=true&error=true") };
	CHECK_OK(step_signed_in(a.call, &a.flow, &a.page));
	CHECK_INT(a.flow.stage, STAGE_CONFIRM);
	CHECK(!*a.page.location && strstr(a.page.html, "Finish signing in?"));
	CHECK(!strstr(a.page.html, "token=ey"));
}

TEST(an_organization_that_switches_codes_off_lets_no_key_of_another_machine_be_served_Storm_2372)
{
	struct browsing a = browse(STAGE_UPSTREAM);
	struct goal headless = { .ending = END_HEADLESS,
				 .client_id = SLICE("reeve"),
				 .headless_code = SLICE("B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9_AsrhtHHw") };
	struct uid uid;

	register_person(&a.flow.person);
	CHECK_OK(user_uid(a.flow.person.issuer, a.flow.person.subject, &uid));
	CHECK_OK(bind_at_org(&uid));
	CHECK_OK(switch_codes(false));
	a.page.n_cookies = 0;
	a.flow.goal = headless;
	CHECK_FAULT(FAULT_DENIED, step_signed_in(a.call, &a.flow, &a.page));
	a.flow.by_password = true;
	CHECK_FAULT(FAULT_DENIED, step_signed_in(a.call, &a.flow, &a.page));
	CHECK_OK(switch_codes(true));
	CHECK_OK(step_signed_in(a.call, &a.flow, &a.page)); /* asked, though the password was typed */
	CHECK_INT(a.flow.stage, STAGE_CONFIRM);
}

static status put_provider(struct tx *tx, void *uid)
{
	struct provider row = { .uid = *(struct uid *)uid,
				.parent = org,
				.name = SLICE("own"),
				.issuer = SLICE("https://new.example.com"),
				.client_id = SLICE("ours"),
				.is_pkce = true };

	return row_put(tx, &table_providers, &row);
}

TEST(who_was_sent_to_one_issuer_does_not_come_back_from_another)
{
	struct browsing a = browse(STAGE_UPSTREAM);
	struct upstream upstream;
	struct uid uid;

	CHECK_OK(uid_new_child(&org, (const uint8_t *)"provider", &uid));
	CHECK_OK(world_change(put_provider, &uid));
	a.flow.upstream = (struct upstream_state){ .connection = slice_str(uid_text(&uid, arena)),
						   .issuer = SLICE("https://new.example.com"),
						   .is_provider = true };
	CHECK_OK(upstream_of(a.call, &a.flow, &upstream));
	CHECK(upstream.is_provider && uid_eq(&upstream.organization, &org));
	a.flow.upstream.issuer = SLICE("https://old.example.com");
	CHECK_FAULT(FAULT_STATE, upstream_of(a.call, &a.flow, &upstream));
}

static int flow_open(void **state)
{
	return oauth_open(state) == 0 && !FAILED(shown_open(arena, SLICE(URL))) ? 0 : -1;
}

static int flow_close(void **state)
{
	shown_close();
	return oauth_close(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_is_good_in_its_browser_with_its_own_form),
		cmocka_unit_test(a_step_is_good_once_under_whatever_name_its_cookie_comes),
		cmocka_unit_test(a_step_ends_after_ten_minutes_and_a_sign_in_after_an_hour),
		cmocka_unit_test(a_changed_cookie_is_no_sign_in),
		cmocka_unit_test(nothing_is_given_out_unasked_to_who_signed_in_elsewhere),
		cmocka_unit_test(an_organization_that_switches_codes_off_lets_no_key_of_another_machine_be_served_Storm_2372),
		cmocka_unit_test(who_was_sent_to_one_issuer_does_not_come_back_from_another),
	};

	return cmocka_run_group_tests(tests, flow_open, flow_close);
}
