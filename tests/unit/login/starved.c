/*
 * Without memory nobody is told that what they hold is not ours: who hears that throws it away.
 */
#include "people_world.h"

#include "base/mem.h"
#include "crypto/password.h"
#include "login/code.h"
#include "login/flow.h"
#include "service/accounts.h"
#include "service/families.h"
#include "service/invited.h"

#define SWEEP_MAX 200 /* more allocations than any of these makes on its own thread */

static slice code, refresh, invite, flow_id, cookies;

static struct authorize asked(void)
{
	return (struct authorize){ .response_type = SLICE("code"),
				   .client_id = SLICE("reeve"),
				   .redirect_uri = SLICE(REDIRECT),
				   .scope = SLICE("openid"),
				   .challenge = SLICE(CHALLENGE),
				   .challenge_method = SLICE("S256") };
}

static status put_account(struct tx *tx, void *hash)
{
	struct account row = { .login = SLICE("ada@example.com"), .subject = SLICE("local-1"), .password = *(slice *)hash };

	return row_put(tx, &table_accounts, &row);
}

#define PASSWORD SLICE("three green boats at noon")

/* What somebody was given before memory ran out. */
static void give_out(void)
{
	struct person person = somebody("2002");
	struct family family = { .id = SLICE("sixteen bytes id"), .client_id = SLICE("reeve"), .generation = 1 };
	struct authorize in = asked();
	struct call *call = worker_call(METHOD_REEVE_LOGIN_CONFIRM);
	struct flow flow = { .stage = STAGE_CONFIRM, .person = person };
	struct given given = invite_to(&org, "viewer");
	Reeve__V1__Page page;
	slice hash;

	CHECK_OK(code_make(call, &in, &person, &code));
	family.identity = owner;
	CHECK_OK(refresh_token_make(call, &family, &refresh));
	CHECK_OK(invite_as(&given, &owner));
	invite = given.code;
	reeve__v1__page__init(&page);
	CHECK_OK(flow_begin(call, &flow, &page));
	flow_id = flow.id;
	cookies = slice_str(page.cookies[0]);
	cookies = slice_to(cookies, slice_find(cookies, ';'));
	CHECK_OK(password_hash(arena, PASSWORD, (const uint8_t *)"sixteen bytes of", &hash));
	CHECK_OK(world_change(put_account, &hash));
}

static FALLIBLE take_code(struct call *call)
{
	token_question in;
	struct grant grant;

	reeve__v1__oauth_token_request__init(&in);
	in.client_id = (char *)(uintptr_t) "reeve";
	in.redirect_uri = (char *)(uintptr_t)REDIRECT;
	in.code_verifier = (char *)(uintptr_t)VERIFIER;
	in.code = arena_text(arena, code);
	call->may_block = false; /* it stays good: it would be used up on a worker */
	return code_take(call, &in, &grant);
}

static FALLIBLE read_refresh(struct call *call)
{
	struct refresh_token token;

	return refresh_token_read(call, refresh, &token);
}

static FALLIBLE load_flow(struct call *call)
{
	struct flow flow;

	call->browser.cookies = cookies;
	return flow_load(call, flow_id, STAGE_CONFIRM, &flow);
}

static FALLIBLE find_invite(struct call *call)
{
	struct invite found;

	return invite_find(call, invite, &found);
}

static FALLIBLE check_headless(struct call *call)
{
	return people_headless_check(call, SLICE("B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9_AsrhtHHw"));
}

static FALLIBLE check_password(struct call *call)
{
	struct person person;
	bool is_right = false;

	TRY(account_check(call, SLICE("Ada@example.com"), PASSWORD, &person, &is_right));
	return is_right ? OK : FAIL(FAULT_DENIED, "the password is told to be wrong");
}

static const struct {
	const char *what;
	FALLIBLE (*use)(struct call *call);
	enum fault good;
	unsigned least; /* allocations */
} doors[] = { { "a code", take_code, FAULT_ELSEWHERE, 1 },         { "a refresh token", read_refresh, FAULT_NONE, 1 },
	      { "a sign-in under way", load_flow, FAULT_NONE, 1 }, { "an invite", find_invite, FAULT_NONE, 1 },
	      { "a password", check_password, FAULT_NONE, 1 },     { "a program's key", check_headless, FAULT_NONE, 0 } };

TEST(without_memory_nobody_is_told_that_what_they_hold_is_none_of_ours)
{
	give_out();
	for (size_t i = 0; i < sizeof(doors) / sizeof(*doors); i++) {
		unsigned failed = 0;
		bool is_through = false, is_told;

		for (uint64_t n = 1; n < SWEEP_MAX && !is_through; n++) {
			struct call *call = worker_call(METHOD_REEVE_LOGIN_CONFIRM);
			struct arena *own = arena_new(1 << 22);
			enum fault fault;

			call->arena = own;
			mem_fail_after(n);
			fault = doors[i].use(call).fault;
			is_through = mem_count() < n;
			mem_fail_after(0);
			(void)arena_free(own); /* a local */
			is_told = fault == FAULT_EXHAUSTED || fault == FAULT_UNAVAILABLE;
			if (fault != doors[i].good && !is_told)
				print_error("%s, allocation %u: %s: %s\n", doors[i].what, (unsigned)n,
					    fault_row(fault)->grpc_name, report_current()->text);
			CHECK(fault == doors[i].good || is_told);
			failed += is_told;
			report_clear(report_current());
		}
		CHECK(is_through && failed >= doors[i].least);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
		without_memory_nobody_is_told_that_what_they_hold_is_none_of_ours) };

	return cmocka_run_group_tests(tests, oauth_open, oauth_close);
}
