/*
 * Authorization codes: for whom they were made, once, with the verifier, in time.
 */
#define WORLD_STORE_MAY_FAIL
#include "people_world.h"

#include "trail_count.h"

#include "base/json.h"
#include "crypto/digest.h"
#include "login/code.h"
#include "service/sweep.h"

static struct authorize asked(void)
{
	return (struct authorize){ .response_type = SLICE("code"),
				   .client_id = SLICE("reeve"),
				   .redirect_uri = SLICE(REDIRECT),
				   .state = SLICE("xyz"),
				   .nonce = SLICE("n-0S6"),
				   .scope = SLICE("openid"),
				   .challenge = SLICE(CHALLENGE),
				   .challenge_method = SLICE("S256") };
}

static slice make(const struct authorize *in, const char *subject)
{
	struct person person = somebody(subject);
	slice code = SLICE("");

	CHECK_OK(code_make(worker_call(METHOD_REEVE_OAUTH_TOKEN), in, &person, &code));
	return code;
}

static token_question redeem(slice code)
{
	token_question in;

	reeve__v1__oauth_token_request__init(&in);
	in.grant_type = (char *)(uintptr_t) "authorization_code";
	in.client_id = (char *)(uintptr_t) "reeve";
	in.redirect_uri = (char *)(uintptr_t)REDIRECT;
	in.code_verifier = (char *)(uintptr_t)VERIFIER;
	in.code = arena_text(arena, code);
	return in;
}

static FALLIBLE take(const token_question *in, token_answer *out)
{
	bool by_memory;

	return token_call(in, out, &by_memory);
}

/* What a token says, its signature not looked at. */
static const struct json *claims_of(const char *token)
{
	const struct json *claims;
	slice head, payload = SLICE(""), rest;

	CHECK(slice_cut(slice_str(token), '.', &head, &rest) && slice_cut(rest, '.', &payload, &rest));
	CHECK_OK(base64_decode(arena, BASE64_URL, payload, &payload));
	CHECK_OK(json_parse_object(arena, payload, NULL, &claims));
	return claims;
}

TEST(the_login_token_says_who_for_which_client_and_for_which_request)
{
	struct authorize in = asked();
	token_question question = redeem(make(&in, "says"));
	const struct json *claims;
	token_answer answer;
	slice text = SLICE("");

	CHECK_OK(take(&question, &answer));
	claims = claims_of(answer.id_token);
	CHECK(json_text_is(json_member(claims, "iss"), URL));
	CHECK(json_text_is(json_member(claims, "aud"), "reeve"));
	CHECK(json_text_is(json_member(claims, "nonce"), "n-0S6"));
	CHECK(json_text_is(json_member(claims, "email"), "ada@example.com"));
	CHECK(json_text(json_member(claims, "sub"), &text) && text.len == 40);
	CHECK(json_text_is(json_member(json_member(claims, "upstream"), "sub"), "says"));
	in.nonce = SLICE("");
	question = redeem(make(&in, "says"));
	CHECK_OK(take(&question, &answer));
	CHECK(!json_member(claims_of(answer.id_token), "nonce"));
}

TEST(somebody_in_many_groups_has_a_code_too)
{
	struct authorize in = asked();
	struct person person = somebody("many");
	struct buffer groups;
	token_question question;
	const struct json *list;
	token_answer answer;
	slice code;

	buffer_init(&groups, arena, (size_t)64 * 1024);
	for (int i = 0; i < 400; i++)
		buffer_printf(&groups, "%s\"group-number-%d\"", i ? "," : "[", i);
	buffer_text(&groups, "]");
	person.groups = buffer_slice(&groups);
	CHECK_OK(code_make(worker_call(METHOD_REEVE_OAUTH_TOKEN), &in, &person, &code));
	question = redeem(code);
	CHECK_OK(take(&question, &answer));
	list = json_member(claims_of(answer.id_token), "groups");
	CHECK(list && list->count == 400);
}

TEST(a_code_is_good_once)
{
	struct authorize in = asked();
	token_question question = redeem(make(&in, "once"));
	token_answer answer;

	CHECK_OK(take(&question, &answer));
	CHECK(*answer.id_token && *answer.access_token && !*answer.refresh_token);
	assert_string_equal(answer.token_type, "Bearer");
	CHECK_STATE_TYPE("invalid_grant", take(&question, &answer));
	CHECK(!*answer.id_token);
}

/* CVE-2026-55672 */
TEST(a_code_is_bound_to_client_and_redirect_and_a_wrong_try_does_not_use_it_up)
{
	struct authorize in = asked();
	slice code = make(&in, "bound");
	token_question question = redeem(code);
	token_answer answer;

	question.client_id = (char *)(uintptr_t) "auth0";
	CHECK_STATE_TYPE("invalid_grant", take(&question, &answer));
	question = redeem(code);
	question.redirect_uri = (char *)(uintptr_t) "http://127.0.0.1:4568/callback";
	CHECK_STATE_TYPE("invalid_grant", take(&question, &answer));
	question.redirect_uri = (char *)(uintptr_t) "";
	CHECK_STATE_TYPE("invalid_grant", take(&question, &answer));
	question = redeem(code);
	question.client_id = (char *)(uintptr_t) "nobody";
	CHECK_FAULT(FAULT_UNAUTHENTIC, take(&question, &answer));
	question = redeem(code);
	CHECK_OK(take(&question, &answer));
}

/* CVE-2024-23647 */
TEST(there_is_no_code_without_s256_and_no_token_without_its_verifier)
{
	struct authorize in = asked();
	struct redirect redirect;
	bool may_answer = false;
	slice code = make(&in, "pkce");
	token_question question = redeem(code);
	token_answer answer;

	in.challenge = SLICE("");
	CHECK_FAULT(FAULT_INVALID, authorize_check(worker_call(METHOD_REEVE_OAUTH_TOKEN), &in, &redirect, &may_answer));
	assert_string_equal(report_current()->field, "code_challenge");
	in = asked();
	in.challenge_method = SLICE("plain");
	CHECK_FAULT(FAULT_INVALID, authorize_check(worker_call(METHOD_REEVE_OAUTH_TOKEN), &in, &redirect, &may_answer));
	assert_string_equal(report_current()->field, "code_challenge_method");
	in.challenge_method = SLICE(""); /* plain by the RFC's default */
	CHECK_FAULT(FAULT_INVALID, authorize_check(worker_call(METHOD_REEVE_OAUTH_TOKEN), &in, &redirect, &may_answer));
	in = asked();
	in.challenge = SLICE("short");
	CHECK_FAULT(FAULT_INVALID, authorize_check(worker_call(METHOD_REEVE_OAUTH_TOKEN), &in, &redirect, &may_answer));

	question.code_verifier = (char *)(uintptr_t) "";
	CHECK_STATE_TYPE("invalid_grant", take(&question, &answer));
	question.code_verifier = (char *)(uintptr_t)CHALLENGE;
	CHECK_STATE_TYPE("invalid_grant", take(&question, &answer));
	question.code_verifier = (char *)(uintptr_t)VERIFIER "x";
	CHECK_STATE_TYPE("invalid_grant", take(&question, &answer));
	question.code_verifier = (char *)(uintptr_t)VERIFIER;
	CHECK_OK(take(&question, &answer));
}

/* RFC 7636 section 4.1, whatever the challenge is of */
TEST(a_verifier_has_43_to_128_characters)
{
	static const struct {
		size_t len;
		bool is_taken;
	} tries[] = { { 1, false }, { 42, false }, { 43, true }, { 128, true }, { 129, false } };
	char verifier[130], challenge[BASE64_TEXT_BYTES(SHA256_BYTES)];

	for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++) {
		struct authorize in = asked();
		unsigned char digest[SHA256_BYTES];
		token_question question;
		token_answer answer;
		memset(verifier, 'v', tries[i].len);
		verifier[tries[i].len] = '\0';
		CHECK_OK(sha256(slice_str(verifier), digest));
		in.challenge = slice_of(challenge, base64_encode_into(BASE64_URL, slice_of(digest, sizeof(digest)), challenge));
		question = redeem(make(&in, "verifies"));
		question.code_verifier = verifier;
		if (tries[i].is_taken)
			CHECK_OK(take(&question, &answer));
		else
			CHECK_STATE_TYPE("invalid_grant", take(&question, &answer));
	}
}

TEST(a_code_ends_after_a_minute)
{
	struct authorize in = asked();
	token_question question = redeem(make(&in, "late"));
	token_answer answer;

	later(CODE_LIFE_S);
	CHECK_STATE_TYPE("invalid_grant", take(&question, &answer));
}

/* CVE-2026-27840: a part of a code is no code. */
TEST(a_code_that_was_cut_changed_or_made_for_something_else_is_none)
{
	struct authorize in = asked();
	slice code = make(&in, "changed"), sealed;
	char *changed = arena_text(arena, code);
	token_question question = redeem(slice_to(code, code.len - 4));
	token_answer answer;
	struct buffer text;

	CHECK_STATE_TYPE("invalid_grant", take(&question, &answer));
	question = redeem(slice_to(code, 4));
	CHECK_STATE_TYPE("invalid_grant", take(&question, &answer));
	question = redeem(SLICE(""));
	CHECK_STATE_TYPE("invalid_grant", take(&question, &answer));
	changed[code.len / 2] = changed[code.len / 2] == 'A' ? 'B' : 'A';
	question = redeem(slice_str(changed));
	CHECK_STATE_TYPE("invalid_grant", take(&question, &answer));
	CHECK_OK(issuer_seal(parts.issuer, "login flow", arena, SLICE("{}"), &sealed));
	buffer_init(&text, arena, 4096);
	base64_encode(&text, BASE64_URL, sealed);
	question = redeem(buffer_slice(&text));
	CHECK_STATE_TYPE("invalid_grant", take(&question, &answer));
}

TEST(a_request_is_checked_whole_and_its_error_goes_nowhere_unsound)
{
	static const struct {
		size_t member;
		const char *value, *field;
		bool may_answer;
	} wrong[] = {
		{ offsetof(struct authorize, client_id), "nobody", "client_id", false },
		{ offsetof(struct authorize, client_id), "", "client_id", false },
		{ offsetof(struct authorize, redirect_uri), "https://evil.example/cb", "redirect_uri", false },
		{ offsetof(struct authorize, redirect_uri), "http://127.0.0.1:1@evil.example/", "redirect_uri", false },
		{ offsetof(struct authorize, redirect_uri), "", "redirect_uri", false },
		{ offsetof(struct authorize, response_type), "token", "response_type", true },
		{ offsetof(struct authorize, response_type), "code id_token", "response_type", true },
		{ offsetof(struct authorize, challenge_method), "s256", "code_challenge_method", true },
		{ offsetof(struct authorize, nonce), "a\\b", "nonce", true },
		{ offsetof(struct authorize, scope), "a\"b", "scope", true },
	};
	struct redirect redirect;
	struct authorize in = asked();
	bool may_answer = false;

	CHECK_OK(authorize_check(worker_call(METHOD_REEVE_OAUTH_TOKEN), &in, &redirect, &may_answer));
	CHECK(may_answer);
	CHECK_SLICE(redirect.origin, "http://127.0.0.1:4567");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		in = asked();
		*(slice *)(void *)((char *)&in + wrong[i].member) = slice_str(wrong[i].value);
		CHECK_FAULT(FAULT_INVALID, authorize_check(worker_call(METHOD_REEVE_OAUTH_TOKEN), &in, &redirect, &may_answer));
		assert_string_equal(report_current()->field, wrong[i].field);
		CHECK_INT(may_answer, wrong[i].may_answer);
	}
}

TEST(a_grant_we_do_not_know_says_so)
{
	token_question question = redeem(SLICE("x"));
	token_answer answer;

	question.grant_type = (char *)(uintptr_t) "password";
	CHECK_STATE_TYPE("unsupported_grant_type", take(&question, &answer));
	question.grant_type = (char *)(uintptr_t) "";
	CHECK_FAULT(FAULT_INVALID, take(&question, &answer));
}

TEST(a_refresh_token_comes_when_asked_for)
{
	struct authorize in = asked();
	struct person known = somebody("registered");
	token_question question;
	token_answer answer;

	register_person(&known);
	in.scope = SLICE("openid offline_access");
	question = redeem(make(&in, "registered"));
	CHECK_OK(take(&question, &answer));
	CHECK(*answer.refresh_token);
}

/* CVE-2026-55672 */
TEST(a_refresh_token_goes_on_for_its_own_client_alone_and_each_is_good_once)
{
	struct authorize in = asked();
	struct person known = somebody("registered");
	token_question question;
	token_answer first, second, answer;

	register_person(&known);
	in.scope = SLICE("offline_access");
	question = redeem(make(&in, "registered"));
	CHECK_OK(take(&question, &first));
	question = redeem(SLICE(""));
	question.grant_type = (char *)(uintptr_t) "refresh_token";
	CHECK_FAULT(FAULT_INVALID, take(&question, &answer));
	question.refresh_token = first.refresh_token;
	question.client_id = (char *)(uintptr_t) "auth0";
	CHECK_STATE_TYPE("invalid_grant", take(&question, &answer));
	question.client_id = (char *)(uintptr_t) "reeve";
	CHECK_OK(take(&question, &second));
	CHECK(*second.access_token && !*second.id_token);
	CHECK(json_text_is(json_member(claims_of(second.access_token), "aud"), URL));
	CHECK(strcmp(first.refresh_token, second.refresh_token) != 0);
	later(60);
	CHECK_STATE_TYPE("invalid_grant", take(&question, &answer)); /* the old one again: somebody has a copy */
	question.refresh_token = second.refresh_token;
	CHECK_STATE_TYPE("invalid_grant", take(&question, &answer)); /* so the session is over */
}

/* ---- a code that is used again ---- */

static struct authorize asked_for_session(void)
{
	struct authorize in = asked();
	struct person known = somebody("registered");

	register_person(&known);
	in.scope = SLICE("openid offline_access");
	return in;
}

/* The session's first refresh token. */
static char *begin_session(slice code)
{
	token_question question = redeem(code);
	token_answer answer;

	CHECK_OK(take(&question, &answer));
	CHECK(*answer.refresh_token);
	return answer.refresh_token;
}

static FALLIBLE refresh(const char *token, char **ret_next)
{
	token_question question = redeem(SLICE(""));
	token_answer answer;

	question.grant_type = (char *)(uintptr_t) "refresh_token";
	question.refresh_token = (char *)(uintptr_t)token;
	TRY(take(&question, &answer));
	*ret_next = answer.refresh_token;
	return OK;
}

#define CHECK_LIVE(token) CHECK_OK(refresh(token, &(char *){ NULL }))
#define CHECK_OVER(token) CHECK_STATE_TYPE("invalid_grant", refresh(token, &(char *){ NULL }))

/* RFC 6749 sections 4.1.2 and 10.5 */
TEST(a_code_used_again_ends_the_session_its_first_use_began_and_no_other)
{
	struct authorize in = asked_for_session();
	slice code = make(&in, "registered");
	char *ended = begin_session(code), *other = begin_session(make(&in, "registered")), *next;
	size_t recorded = trail_count(parts.trail, trail_folder, "session.reused");
	token_question again = redeem(code);
	token_answer answer;

	CHECK_OK(refresh(ended, &next)); /* however far it went */
	CHECK_STATE_TYPE("invalid_grant", take(&again, &answer));
	CHECK(!*answer.id_token && !*answer.refresh_token);
	CHECK_OVER(next);
	CHECK_LIVE(other);
	CHECK_INT(trail_count(parts.trail, trail_folder, "session.reused"), recorded + 1);
	CHECK_STATE_TYPE("invalid_grant", take(&again, &answer)); /* there is nothing more to end, and to record */
	CHECK_INT(trail_count(parts.trail, trail_folder, "session.reused"), recorded + 1);
}

/* Who has the code has it: what else they lack does not help the session. */
TEST(a_used_code_ends_its_session_whatever_it_is_presented_with)
{
	struct authorize in = asked_for_session();
	static const struct {
		size_t member;
		const char *value;
	} wrong[] = { { offsetof(token_question, code_verifier), "" },
		      { offsetof(token_question, code_verifier), VERIFIER "x" },
		      { offsetof(token_question, client_id), "auth0" },
		      { offsetof(token_question, redirect_uri), "http://127.0.0.1:4568/callback" },
		      { offsetof(token_question, redirect_uri), "" } };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		slice code = make(&in, "registered");
		char *ended = begin_session(code);
		token_question again = redeem(code);
		token_answer answer;

		*(char **)(void *)((char *)&again + wrong[i].member) = (char *)(uintptr_t)wrong[i].value;
		CHECK_STATE_TYPE("invalid_grant", take(&again, &answer));
		CHECK_OVER(ended);
	}
}

TEST(a_used_code_ends_its_session_as_long_as_that_lives)
{
	struct authorize in = asked_for_session();
	slice code = make(&in, "registered");
	char *ended = begin_session(code);
	token_question again = redeem(code);
	token_answer answer;
	int64_t count;

	for (int day = 0; day < 80; day += 20) {
		later(20 * S_PER_DAY);
		CHECK_OK(sweep_expired(parts.store, now.fixed_us, &count)); /* nothing of the use is needed for it */
		CHECK_OK(refresh(ended, &ended));
	}
	CHECK_STATE_TYPE("invalid_grant", take(&again, &answer));
	CHECK_OVER(ended);
}

TEST(a_wrong_try_before_the_first_use_ends_nothing_afterwards)
{
	struct authorize in = asked_for_session();
	slice code = make(&in, "registered");
	token_question wrong = redeem(code);
	token_answer answer;

	wrong.code_verifier = (char *)(uintptr_t)VERIFIER "x";
	CHECK_STATE_TYPE("invalid_grant", take(&wrong, &answer));
	CHECK_LIVE(begin_session(code));
}

/* Codes are sealed: a stranger makes none that opens. */
TEST(what_is_no_code_ends_no_session)
{
	struct authorize in = asked_for_session();
	slice code = make(&in, "registered");
	char *lives = begin_session(code), *changed = arena_text(arena, code);
	token_question question = redeem(slice_to(code, code.len - 1));
	token_answer answer;

	CHECK_STATE_TYPE("invalid_grant", take(&question, &answer));
	for (size_t i = 0; i < code.len; i += 7) {
		char was = changed[i];
		changed[i] = was == 'A' ? 'B' : 'A';
		question = redeem(slice_str(changed));
		CHECK_STATE_TYPE("invalid_grant", take(&question, &answer));
		changed[i] = was;
	}
	CHECK_LIVE(lives);
}

/* The clock was set back, or the mark is lost: the session itself says that its code was used. */
TEST(a_code_whose_session_lives_was_used_though_no_mark_says_so)
{
	struct authorize in = asked_for_session();
	slice code = make(&in, "registered");
	char *ended = begin_session(code);
	token_question again = redeem(code);
	token_answer answer;
	int64_t count, at_us = now.fixed_us;

	later(CODE_LIFE_S + 3600);
	CHECK_OK(sweep_expired(parts.store, now.fixed_us, &count));
	clock_move(&now, at_us);
	CHECK_STATE_TYPE("invalid_grant", take(&again, &answer));
	CHECK_OVER(ended);
}

/* The second use comes when the first one's session is written down and its answer is not made yet. */
static token_question meanwhile;
static status meanwhile_result;

static status nest_and_use_again(struct call *outer, const struct caller *caller, slice credential, enum method_id method,
				 const void *in, void *out)
{
	token_answer answer;
	status result;

	parts.nested = rpc_nested;
	result = rpc_nested(outer, caller, credential, method, in, out);
	meanwhile_result = take(&meanwhile, &answer);
	report_clear(report_current());
	return result;
}

TEST(of_two_uses_at_once_one_begins_a_session_and_the_other_ends_it)
{
	struct authorize in = asked_for_session();
	slice code = make(&in, "registered");
	token_question question = redeem(code);
	token_answer answer;

	meanwhile = question;
	parts.nested = nest_and_use_again;
	CHECK_STATE_TYPE("invalid_grant", take(&question, &answer));
	CHECK(!*answer.id_token && !*answer.access_token && !*answer.refresh_token);
	CHECK_INT(meanwhile_result.fault, FAULT_STATE);
}

static status count_sessions(struct tx *tx, void *arg)
{
	struct query query;

	query_init(&query);
	return row_count(tx, &table_families, &query, arg);
}

static int64_t sessions(void)
{
	int64_t count = 0;

	CHECK_OK(store_read(parts.store, count_sessions, &count, arena));
	return count;
}

/* Whoever sends the code again after a failure gets the session, or there is none. */
TEST(a_failing_store_leaves_no_session_that_nobody_has)
{
	struct authorize in = asked_for_session();
	uint64_t failed = 0;
	bool is_through = false;

	for (uint64_t n = 1; !is_through; n++) {
		slice code = make(&in, "registered");
		token_question question = redeem(code);
		int64_t before = sessions();
		token_answer answer;
		status result;

		CHECK(n < 100);
		store_fault_after(parts.store, n);
		result = take(&question, &answer);
		is_through = store_fault_count(parts.store) < n;
		store_fault_after(parts.store, 0);
		failed += result.fault == FAULT_UNAVAILABLE;
		CHECK(is_through ? !FAILED(result) : result.fault == FAULT_UNAVAILABLE);
		report_clear(report_current());
		if (!FAILED(result))
			continue;
		result = take(&question, &answer);
		CHECK(!FAILED(result) || result.fault == FAULT_STATE);
		CHECK_INT(sessions(), before + !FAILED(result));
		report_clear(report_current());
	}
	CHECK(failed > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_login_token_says_who_for_which_client_and_for_which_request),
		cmocka_unit_test(somebody_in_many_groups_has_a_code_too),
		cmocka_unit_test(a_code_is_good_once),
		cmocka_unit_test(a_code_is_bound_to_client_and_redirect_and_a_wrong_try_does_not_use_it_up),
		cmocka_unit_test(there_is_no_code_without_s256_and_no_token_without_its_verifier),
		cmocka_unit_test(a_verifier_has_43_to_128_characters),
		cmocka_unit_test(a_code_ends_after_a_minute),
		cmocka_unit_test(a_code_that_was_cut_changed_or_made_for_something_else_is_none),
		cmocka_unit_test(a_request_is_checked_whole_and_its_error_goes_nowhere_unsound),
		cmocka_unit_test(a_grant_we_do_not_know_says_so),
		cmocka_unit_test(a_refresh_token_comes_when_asked_for),
		cmocka_unit_test(a_refresh_token_goes_on_for_its_own_client_alone_and_each_is_good_once),
		cmocka_unit_test(a_code_used_again_ends_the_session_its_first_use_began_and_no_other),
		cmocka_unit_test(a_used_code_ends_its_session_whatever_it_is_presented_with),
		cmocka_unit_test(a_used_code_ends_its_session_as_long_as_that_lives),
		cmocka_unit_test(a_wrong_try_before_the_first_use_ends_nothing_afterwards),
		cmocka_unit_test(what_is_no_code_ends_no_session),
		cmocka_unit_test(a_code_whose_session_lives_was_used_though_no_mark_says_so),
		cmocka_unit_test(of_two_uses_at_once_one_begins_a_session_and_the_other_ends_it),
		cmocka_unit_test(a_failing_store_leaves_no_session_that_nobody_has),
	};

	return cmocka_run_group_tests(tests, oauth_open, oauth_close);
}
