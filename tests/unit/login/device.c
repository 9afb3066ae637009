/*
 * A device's code from its first question to its last.
 */
#include "people_world.h"

#include "login/device.h"
#include "login/device_room.h"
#include "login/polls.h"
#include "service/invited.h"

typedef Reeve__V1__DeviceAuthorizationResponse device_begun;

static FALLIBLE begin_as(const char *client_id, const char *scope, device_begun *out)
{
	struct call *call = worker_call(METHOD_REEVE_OAUTH_DEVICE_AUTHORIZATION);
	Reeve__V1__DeviceAuthorizationRequest in;
	status result;

	reeve__v1__device_authorization_request__init(&in);
	reeve__v1__device_authorization_response__init(out);
	in.client_id = (char *)(uintptr_t)client_id;
	in.scope = (char *)(uintptr_t)scope;
	call->user_agent = SLICE("reeve/1.0 (linux)");
	call->may_block = false;
	result = reeve_oauth_device_authorization(call, &in, out);
	if (result.fault != FAULT_ELSEWHERE)
		return result;
	call->may_block = true;
	return reeve_oauth_device_authorization(call, &in, out);
}

static device_begun begin(void)
{
	device_begun out;

	CHECK_OK(begin_as("reeve", "openid", &out));
	return out;
}

static FALLIBLE poll_as(const char *client_id, const char *device_code, token_answer *out)
{
	token_question in;
	bool by_memory;

	reeve__v1__oauth_token_request__init(&in);
	in.grant_type = (char *)(uintptr_t)OAUTH_GRANT_DEVICE;
	in.client_id = (char *)(uintptr_t)client_id;
	in.device_code = (char *)(uintptr_t)device_code;
	return token_call(&in, out, &by_memory);
}

/* The error, "" for tokens. */
static const char *poll(const device_begun *begun, token_answer *out)
{
	CHECK_OK(poll_as("reeve", begun->device_code, out));
	return out->error;
}

static struct device_request find(const char *typed)
{
	struct device_request request = { .expires_s = 0 };
	bool found = false;

	CHECK_OK(device_find(worker_call(METHOD_REEVE_OAUTH_TOKEN), slice_str(typed), &request, &found));
	CHECK(found);
	return request;
}

static bool is_found(const char *typed)
{
	struct device_request request;
	bool found = true;

	CHECK_OK(device_find(worker_call(METHOD_REEVE_OAUTH_TOKEN), slice_str(typed), &request, &found));
	return found;
}

static FALLIBLE decide(const struct device_request *request, const struct person *person)
{
	return device_decide(worker_call(METHOD_REEVE_OAUTH_TOKEN), request, person, SLICE(""));
}

TEST(a_device_waits_until_somebody_says_yes_and_its_code_is_good_once)
{
	struct person ada = somebody("ada");
	device_begun begun = begin();
	struct device_request request;
	token_answer answer;

	CHECK_INT(begun.interval, 5);
	CHECK_INT(begun.expires_in, 900);
	assert_string_equal(begun.verification_uri, URL "/activate");
	CHECK(slice_ends(slice_str(begun.verification_uri_complete), slice_str(begun.user_code)));
	assert_string_equal(poll(&begun, &answer), "authorization_pending");
	request = find(begun.user_code);
	CHECK_OK(decide(&request, &ada));
	later(5);
	assert_string_equal(poll(&begun, &answer), "");
	assert_string_equal(answer.token_type, "Bearer");
	assert_string_equal(answer.id_token, answer.access_token);
	CHECK_INT(answer.expires_in, 300);
	CHECK(*answer.id_token && !*answer.refresh_token);
	later(5);
	CHECK_STATE_TYPE("invalid_grant", poll_as("reeve", begun.device_code, &answer));
	CHECK(!is_found(begun.user_code));
}

TEST(what_is_asked_of_the_person_says_who_asks_from_where_and_when)
{
	device_begun begun = begin();
	struct device_request request;
	char typed[16] = "";

	for (size_t i = 0, n = 0; begun.user_code[i]; i++)
		if (begun.user_code[i] != '-')
			typed[n++] = (char)(begun.user_code[i] | 0x20);
	request = find(typed); /* small letters, no hyphen */
	CHECK_SLICE(request.client_id, "reeve");
	CHECK_SLICE(request.scope, "openid");
	CHECK_SLICE(request.peer, "127.0.0.1");
	CHECK_SLICE(request.agent, "reeve/1.0 (linux)");
	CHECK_SLICE(request.user_code, begun.user_code);
	CHECK_INT(request.created_s, now.fixed_us / US_PER_S);
	CHECK_INT(request.expires_s, request.created_s + DEVICE_LIFE_S);
}

TEST(who_says_no_is_heard_and_nothing_comes_after)
{
	struct person ada = somebody("ada");
	device_begun begun = begin();
	struct device_request request = find(begun.user_code);
	token_answer answer;

	CHECK_OK(decide(&request, NULL));
	assert_string_equal(poll(&begun, &answer), "access_denied");
	CHECK(!*answer.id_token && !*answer.access_token);
	CHECK_FAULT(FAULT_STATE, decide(&request, &ada));
	later(5);
	assert_string_equal(poll(&begun, &answer), "access_denied");
}

TEST(a_code_is_decided_once)
{
	struct person ada = somebody("ada"), eve = somebody("eve");
	device_begun begun = begin();
	struct device_request request = find(begun.user_code);
	token_answer answer;

	CHECK_OK(decide(&request, &ada));
	CHECK(!is_found(begun.user_code));
	CHECK_FAULT(FAULT_STATE, decide(&request, &eve));
	CHECK_FAULT(FAULT_STATE, decide(&request, NULL));
	assert_string_equal(poll(&begun, &answer), "");
}

TEST(asking_too_fast_slows_down_and_never_ends_a_code)
{
	struct person ada = somebody("ada");
	device_begun begun = begin();
	struct device_request request = find(begun.user_code);
	token_answer answer;

	assert_string_equal(poll(&begun, &answer), "authorization_pending");
	for (int i = 0; i < 30; i++)
		assert_string_equal(poll(&begun, &answer), "slow_down");
	CHECK_OK(decide(&request, &ada));
	assert_string_equal(poll(&begun, &answer), "slow_down"); /* also now */
	later(POLL_INTERVAL_MAX_S);
	assert_string_equal(poll(&begun, &answer), "");
	CHECK(*answer.id_token);
}

TEST(a_code_ends_after_fifteen_minutes_whatever_was_said)
{
	struct person ada = somebody("ada");
	device_begun waiting = begin(), approved = begin();
	struct device_request first = find(waiting.user_code), second = find(approved.user_code);
	token_answer answer;

	CHECK_OK(decide(&second, &ada));
	later(DEVICE_LIFE_S);
	assert_string_equal(poll(&waiting, &answer), "expired_token");
	assert_string_equal(poll(&approved, &answer), "expired_token");
	CHECK(!*answer.id_token);
	CHECK_FAULT(FAULT_STATE, decide(&first, &ada));
	CHECK(!is_found(waiting.user_code));
}

/* What a restart leaves: memory knows nothing. */
TEST(the_store_alone_says_the_same_as_memory)
{
	device_begun begun = begin();
	uint8_t digest[SHA256_BYTES];
	token_answer answer;

	CHECK_OK(sha256(slice_str(begun.device_code), digest));
	poll_drop(digest);
	assert_string_equal(poll(&begun, &answer), "authorization_pending");
	assert_string_equal(poll(&begun, &answer), "slow_down");
	poll_drop(digest);
	later(DEVICE_LIFE_S);
	assert_string_equal(poll(&begun, &answer), "expired_token");
}

/* CVE-2026-55672: what was granted is bound to the client that began it. */
TEST(another_clients_code_is_none_and_stays_good_for_its_own)
{
	struct person ada = somebody("ada");
	device_begun begun = begin();
	struct device_request request = find(begun.user_code);
	token_answer answer;

	CHECK_STATE_TYPE("invalid_grant", poll_as("auth0", begun.device_code, &answer));
	CHECK_OK(decide(&request, &ada));
	CHECK_STATE_TYPE("invalid_grant", poll_as("auth0", begun.device_code, &answer));
	CHECK_FAULT(FAULT_UNAUTHENTIC, poll_as("nobody", begun.device_code, &answer));
	assert_string_equal(poll(&begun, &answer), "");
}

TEST(what_is_no_device_code_is_refused_and_guessing_is_counted)
{
	static const char guess[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	token_answer answer;
	status result = OK;
	int tries = 0;

	CHECK_STATE_TYPE("invalid_grant", poll_as("reeve", "", &answer));
	CHECK_STATE_TYPE("invalid_grant", poll_as("reeve", "short", &answer));
	CHECK_STATE_TYPE("invalid_grant", poll_as("reeve", guess, &answer));
	while (result.fault != FAULT_EXHAUSTED && tries++ < 2 * DEVICE_GUESSES_MAX)
		result = poll_as("reeve", guess, &answer);
	CHECK(tries <= DEVICE_GUESSES_MAX);
	CHECK_INT(result.fault, FAULT_EXHAUSTED);
	later(DEVICE_LIFE_S);
}

TEST(clients_and_scopes_are_checked_before_a_code_is_made)
{
	char long_scope[OAUTH_SCOPE_BYTES_MAX + 2];
	device_begun out;

	memset(long_scope, 'a', sizeof(long_scope));
	long_scope[sizeof(long_scope) - 1] = '\0';
	CHECK_FAULT(FAULT_UNAUTHENTIC, begin_as("", "openid", &out));
	CHECK_FAULT(FAULT_UNAUTHENTIC, begin_as("somebody", "openid", &out));
	CHECK_STATE_TYPE("invalid_scope", begin_as("reeve", long_scope, &out));
	CHECK_STATE_TYPE("invalid_scope", begin_as("reeve", "a\"b", &out));
}

static status swap_answers(struct tx *tx, void *arg)
{
	struct device_request *requests = arg;
	struct device first = { .digest = slice_of(requests[0].digest, 32) },
		      second = { .digest = slice_of(requests[1].digest, 32) };
	bool found;
	slice who;

	TRY(row_find(tx, &table_devices, &first, &first, &found));
	TRY(row_find(tx, &table_devices, &second, &second, &found));
	who = first.who;
	first.who = second.who;
	second.who = who;
	TRY(row_update(tx, &table_devices, &first));
	return row_update(tx, &table_devices, &second);
}

TEST(an_answer_fits_its_own_device_alone)
{
	struct person ada = somebody("ada"), eve = somebody("eve");
	device_begun first = begin(), second = begin();
	struct device_request requests[] = { find(first.user_code), find(second.user_code) };
	token_answer answer;

	CHECK_OK(decide(&requests[0], &ada));
	CHECK_OK(decide(&requests[1], &eve));
	CHECK_OK(world_change(swap_answers, requests));
	CHECK_FAULT(FAULT_LOST, poll_as("reeve", first.device_code, &answer));
}

TEST(an_organization_that_switches_codes_off_is_heard_when_it_is_answered_and_when_it_is_fetched_Storm_2372)
{
	struct person member = somebody("member");
	device_begun first = begin(), second = begin();
	struct device_request requests[] = { find(first.user_code), find(second.user_code) };
	token_answer answer;
	struct uid uid;

	register_person(&member);
	CHECK_OK(user_uid(member.issuer, member.subject, &uid));
	CHECK_OK(bind_at_org(&uid));
	CHECK_OK(decide(&requests[0], &member));
	CHECK_OK(switch_codes(false));
	CHECK_FAULT(FAULT_DENIED, decide(&requests[1], &member));
	CHECK_FAULT(FAULT_DENIED, poll_as("reeve", first.device_code, &answer));
	CHECK_OK(switch_codes(true));
	later(5);
	assert_string_equal(poll(&first, &answer), "");
	CHECK_OK(decide(&requests[1], &member));
}

/* ---- an invitation brought along ---- */

static FALLIBLE begin_invited(slice invite, device_begun *out)
{
	struct call *call = worker_call(METHOD_REEVE_OAUTH_DEVICE_AUTHORIZATION);
	Reeve__V1__DeviceAuthorizationRequest in;

	reeve__v1__device_authorization_request__init(&in);
	reeve__v1__device_authorization_response__init(out);
	in.client_id = (char *)(uintptr_t) "reeve";
	in.scope = (char *)(uintptr_t) "openid offline_access";
	in.invite = arena_text(arena, invite);
	call->may_block = true;
	return reeve_oauth_device_authorization(call, &in, out);
}

static slice invited(bool is_single_use)
{
	struct given given = invite_to(&org, "viewer");

	given.in.is_single_use = is_single_use;
	CHECK_OK(invite_as(&given, &owner));
	return given.code;
}

static FALLIBLE accept_invited(const struct device_request *request, const struct person *person)
{
	return device_decide(worker_call(METHOD_REEVE_LOGIN_CONFIRM), request, person, request->invite);
}

struct standing {
	const struct person *person;
	bool is_registered;
	int64_t roles;
};

static status look_at(struct tx *tx, void *arg)
{
	struct standing *standing = arg;
	struct identity row;
	struct query query;

	TRY(user_uid(standing->person->issuer, standing->person->subject, &row.uid));
	query_init(&query);
	query_eq_uid(&query, BINDINGS_IDENTITY, &row.uid);
	TRY(row_count(tx, &table_bindings, &query, &standing->roles));
	return row_find(tx, &table_identities, &row, &row, &standing->is_registered);
}

#define CHECK_STANDING(who, registered, count)                                 \
	do {                                                                   \
		struct standing standing_ = { .person = who };                 \
		CHECK_OK(store_read(parts.store, look_at, &standing_, arena)); \
		CHECK_INT(standing_.is_registered, registered);                \
		CHECK_INT(standing_.roles, count);                             \
	} while (0)

struct told {
	struct uid actor;
	struct rows events;
};

static status list_told(struct tx *tx, void *arg)
{
	struct told *told = arg;
	struct query query;

	query_init(&query);
	query_eq_uid(&query, EVENTS_ACTOR, &told->actor);
	return row_list(tx, &table_events, &query, &told->events);
}

/* Each record of what they did says who they are, as whoever registers by Auth.Register leaves it. */
static void check_told(const struct person *person)
{
	struct told told = { .events = { 0 } };

	CHECK_OK(user_uid(person->issuer, person->subject, &told.actor));
	CHECK_OK(store_read(parts.store, list_told, &told, arena));
	CHECK_INT(told.events.count, 2); /* the binding, and that they registered */
	for (size_t i = 0; i < told.events.count; i++) {
		slice act = ((const struct event *)told.events.at)[i].act;
		CHECK(memmem(act.at, act.len, person->subject.at, person->subject.len));
	}
}

TEST(who_has_no_account_joins_by_the_invitation_that_the_device_brought_and_the_device_has_a_session)
{
	struct person newcomer = somebody("newcomer");
	struct device_request request;
	token_answer answer;
	device_begun begun;
	slice code = invited(true);

	CHECK_OK(begin_invited(code, &begun));
	request = find(begun.user_code);
	CHECK(slice_eq(request.invite, code));
	CHECK_STANDING(&newcomer, false, 0);
	CHECK_OK(accept_invited(&request, &newcomer));
	CHECK_STANDING(&newcomer, true, 1);
	check_told(&newcomer);
	assert_string_equal(poll(&begun, &answer), "");
	CHECK(*answer.id_token && *answer.refresh_token);
}

TEST(who_says_no_joins_nothing)
{
	struct person shy = somebody("shy");
	struct device_request request;
	token_answer answer;
	device_begun begun;

	CHECK_OK(begin_invited(invited(false), &begun));
	request = find(begun.user_code);
	CHECK_OK(device_decide(worker_call(METHOD_REEVE_LOGIN_CONFIRM), &request, NULL, request.invite));
	CHECK_STANDING(&shy, false, 0);
	assert_string_equal(poll(&begun, &answer), "access_denied");
}

TEST(an_invitation_that_cannot_be_accepted_begins_nothing)
{
	slice code = invited(false);
	char *changed = arena_text(arena, code);
	device_begun begun;

	changed[code.len / 2] = changed[code.len / 2] == 'A' ? 'B' : 'A';
	CHECK(FAILED(begin_invited(slice_str(changed), &begun)) && !*begun.user_code);
	CHECK_FAULT(FAULT_INVALID, begin_invited(SLICE("x"), &begun));
	later(3600);
	CHECK_FAULT(FAULT_STATE, begin_invited(code, &begun));
	CHECK(!*begun.user_code && !*begun.device_code);
}

TEST(an_invitation_for_one_is_one_persons_however_many_devices_bring_it)
{
	struct person first = somebody("first"), second = somebody("second");
	struct device_request requests[2];
	slice code = invited(true);
	device_begun begun[2];
	token_answer answer;

	for (int i = 0; i < 2; i++) {
		CHECK_OK(begin_invited(code, &begun[i]));
		requests[i] = find(begun[i].user_code);
	}
	CHECK_OK(accept_invited(&requests[0], &first));
	CHECK_FAULT(FAULT_STATE, accept_invited(&requests[1], &second));
	CHECK_STANDING(&second, false, 0);
	assert_string_equal(poll(&begun[1], &answer), "authorization_pending");
	CHECK_OK(accept_invited(&requests[1], &first)); /* twice is harmless */
	CHECK_STANDING(&first, true, 1);
}

/* Nobody joins for an answer that does not count. */
TEST(who_is_too_late_joins_nothing)
{
	struct person quick = somebody("quick"), late = somebody("late");
	struct device_request request, over;
	device_begun begun;

	CHECK_OK(begin_invited(invited(false), &begun));
	request = find(begun.user_code);
	CHECK_OK(accept_invited(&request, &quick));
	CHECK_FAULT(FAULT_STATE, accept_invited(&request, &late));
	CHECK_OK(begin_invited(invited(false), &begun));
	over = find(begun.user_code);
	later(DEVICE_LIFE_S);
	CHECK_FAULT(FAULT_STATE, accept_invited(&over, &late));
	CHECK_STANDING(&late, false, 0);
}

TEST(where_codes_are_switched_off_nobody_joins_by_one_and_nothing_is_given)
{
	struct person outsider = somebody("outsider");
	bool allowed = true;
	struct device_request request;
	token_answer answer;
	device_begun begun;
	slice code = invited(true);

	CHECK_OK(begin_invited(code, &begun));
	request = find(begun.user_code);
	CHECK_OK(switch_codes(false)); /* after all that was asked before */
	CHECK_OK(people_code_allowed(worker_call(METHOD_REEVE_LOGIN_CONFIRM), &outsider, &folder, &allowed));
	CHECK(!allowed);
	CHECK_FAULT(FAULT_DENIED, accept_invited(&request, &outsider));
	CHECK_STANDING(&outsider, false, 0);
	assert_string_equal(poll(&begun, &answer), "authorization_pending");
	CHECK_FAULT(FAULT_DENIED, begin_invited(code, &begun));
	CHECK_OK(switch_codes(true));
	CHECK_OK(accept_invited(&request, &outsider)); /* the invitation was not used up */
	CHECK_STANDING(&outsider, true, 1);
}

static status put_elsewhere(struct tx *tx, void *identity)
{
	struct binding row = { .group = elsewhere,
			       .identity = *(struct uid *)identity,
			       .role = role_builtin_by_name(SLICE("viewer"))->uid };
	struct signin_rule rule = { .group = elsewhere, .is_code_off = true };

	TRY(uid_new_child(&elsewhere, (const uint8_t *)"devices2", &row.uid));
	TRY(row_put(tx, &table_signin_rules, &rule));
	return row_put(tx, &table_bindings, &row);
}

TEST(whose_own_organization_switched_codes_off_joins_no_other_by_one)
{
	struct person bound = somebody("bound");
	struct device_request request;
	device_begun begun;
	struct uid uid;

	register_person(&bound);
	CHECK_OK(user_uid(bound.issuer, bound.subject, &uid));
	CHECK_OK(world_change(put_elsewhere, &uid));
	CHECK_OK(begin_invited(invited(false), &begun));
	request = find(begun.user_code);
	CHECK_FAULT(FAULT_DENIED, accept_invited(&request, &bound));
	CHECK_STANDING(&bound, true, 1);
}

TEST(an_invitation_for_another_address_lets_nobody_in)
{
	struct person other = somebody("other");
	struct given given = invite_to(&org, "viewer");
	struct device_request request;
	token_answer answer;
	device_begun begun;

	given.in.email = SLICE("grace@example.com");
	CHECK_OK(invite_as(&given, &owner));
	CHECK_OK(begin_invited(given.code, &begun));
	request = find(begun.user_code);
	CHECK_FAULT(FAULT_DENIED, accept_invited(&request, &other));
	CHECK_STANDING(&other, false, 0);
	assert_string_equal(poll(&begun, &answer), "authorization_pending");
}

static status read_device(struct tx *tx, void *arg)
{
	bool found;

	return row_find(tx, &table_devices, arg, arg, &found);
}

TEST(a_brought_invitation_is_kept_sealed_until_somebody_answers)
{
	struct person keeper = somebody("keeper");
	struct device_request request;
	slice code = invited(false);
	struct device row;
	device_begun begun;

	CHECK_OK(begin_invited(code, &begun));
	request = find(begun.user_code);
	row.digest = slice_of(request.digest, sizeof(request.digest));
	CHECK_OK(store_read(parts.store, read_device, &row, arena));
	CHECK(row.invite.len > code.len);
	CHECK(!memmem(row.invite.at, row.invite.len, code.at, 16));
	CHECK_OK(accept_invited(&request, &keeper));
	CHECK_OK(store_read(parts.store, read_device, &row, arena));
	CHECK_INT(row.invite.len, 0);
}

/* What the row's handler itself takes, whoever looked before. */
TEST(a_code_nobody_said_yes_to_is_not_taken)
{
	device_begun waiting = begin(), refused = begin();
	struct device_request requests[] = { find(waiting.user_code), find(refused.user_code) };
	Reeve__V1__TakeDeviceRequest in;
	Google__Protobuf__Empty out;

	google__protobuf__empty__init(&out);
	CHECK_OK(decide(&requests[1], NULL));
	for (int i = 0; i < 2; i++) {
		reeve__v1__take_device_request__init(&in);
		in.digest = (ProtobufCBinaryData){ sizeof(requests[i].digest), requests[i].digest };
		CHECK_STATE_TYPE("invalid_grant", rpc_nested(worker_call(METHOD_REEVE_OAUTH_TOKEN), NULL, SLICE(""),
							     METHOD_REEVE_OAUTH_TAKE_DEVICE, &in, &out));
	}
}

TEST(a_waiting_code_is_polled_without_reading_while_nothing_is_committed)
{
	device_begun begun = begin();
	token_question in;
	token_answer answer;
	bool by_memory;

	reeve__v1__oauth_token_request__init(&in);
	in.grant_type = (char *)(uintptr_t)OAUTH_GRANT_DEVICE;
	in.client_id = (char *)(uintptr_t) "reeve";
	in.device_code = begun.device_code;
	for (int i = 0; i < 100; i++) {
		CHECK_OK(token_call(&in, &answer, &by_memory));
		assert_string_equal(answer.error, "authorization_pending");
		CHECK(by_memory);
		later(5);
	}
	(void)begin(); /* a commit */
	CHECK_OK(token_call(&in, &answer, &by_memory));
	CHECK(!by_memory);
}

TEST(a_refresh_token_comes_only_when_asked_for_and_to_who_is_registered)
{
	struct person known = somebody("registered"), fresh = somebody("fresh");
	device_begun first, second;
	struct device_request request;
	token_answer answer;

	register_person(&known);
	CHECK_OK(begin_as("reeve", "openid offline_access", &first));
	CHECK_OK(begin_as("reeve", "openid offline_access", &second));
	request = find(first.user_code);
	CHECK_OK(decide(&request, &known));
	request = find(second.user_code);
	CHECK_OK(decide(&request, &fresh));
	assert_string_equal(poll(&first, &answer), "");
	CHECK(*answer.refresh_token);
	assert_string_equal(poll(&second, &answer), "");
	CHECK(*answer.id_token && !*answer.refresh_token);
}

TEST(a_person_of_whom_too_much_is_told_cannot_answer_and_the_code_waits_on)
{
	struct person ada = somebody("ada"), verbose = somebody("verbose");
	device_begun begun = begin();
	struct device_request request = find(begun.user_code);
	size_t len = (size_t)40 * 1024;
	char *groups = arena_alloc(arena, len);
	token_answer answer;

	CHECK(groups);
	memset(groups, 'g', len);
	memcpy(groups, "[\"", 2);
	memcpy(groups + len - 2, "\"]", 2);
	verbose.groups = slice_of(groups, len);
	CHECK_FAULT(FAULT_INVALID, decide(&request, &verbose));
	assert_string_equal(poll(&begun, &answer), "authorization_pending");
	CHECK_OK(decide(&request, &ada));
}

/* The same bytes are drawn each time: each code that is taken costs a draw. */
TEST(a_code_that_is_somebodys_is_drawn_again_four_times_in_all)
{
	Reeve__V1__KeepDeviceRequest in;
	Reeve__V1__KeepDeviceResponse out;
	char *codes[4];
	status result = OK;
	int kept = 0;

	reeve__v1__keep_device_request__init(&in);
	in.client_id = (char *)(uintptr_t) "reeve";
	for (; kept < 5; kept++) {
		struct world_call *made = as(NULL, METHOD_REEVE_OAUTH_KEEP_DEVICE);

		reeve__v1__keep_device_response__init(&out);
		memset(made->call.seed, 7, sizeof(made->call.seed));
		result = world_write(made,
				     (status(*)(struct call *, void *, void *))method_handlers[METHOD_REEVE_OAUTH_KEEP_DEVICE],
				     &in, &out);
		if (FAILED(result))
			break;
		CHECK(kept < 4);
		codes[kept] = out.user_code;
		for (int i = 0; i < kept; i++)
			CHECK(strcmp(codes[i], codes[kept]) != 0);
	}
	CHECK_INT(kept, 4);
	CHECK_INT(result.fault, FAULT_UNAVAILABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_waits_until_somebody_says_yes_and_its_code_is_good_once),
		cmocka_unit_test(what_is_asked_of_the_person_says_who_asks_from_where_and_when),
		cmocka_unit_test(who_says_no_is_heard_and_nothing_comes_after),
		cmocka_unit_test(a_code_is_decided_once),
		cmocka_unit_test(asking_too_fast_slows_down_and_never_ends_a_code),
		cmocka_unit_test(a_code_ends_after_fifteen_minutes_whatever_was_said),
		cmocka_unit_test(the_store_alone_says_the_same_as_memory),
		cmocka_unit_test(another_clients_code_is_none_and_stays_good_for_its_own),
		cmocka_unit_test(what_is_no_device_code_is_refused_and_guessing_is_counted),
		cmocka_unit_test(clients_and_scopes_are_checked_before_a_code_is_made),
		cmocka_unit_test(an_answer_fits_its_own_device_alone),
		cmocka_unit_test(
			an_organization_that_switches_codes_off_is_heard_when_it_is_answered_and_when_it_is_fetched_Storm_2372),
		cmocka_unit_test(
			who_has_no_account_joins_by_the_invitation_that_the_device_brought_and_the_device_has_a_session),
		cmocka_unit_test(who_says_no_joins_nothing),
		cmocka_unit_test(an_invitation_that_cannot_be_accepted_begins_nothing),
		cmocka_unit_test(an_invitation_for_one_is_one_persons_however_many_devices_bring_it),
		cmocka_unit_test(who_is_too_late_joins_nothing),
		cmocka_unit_test(where_codes_are_switched_off_nobody_joins_by_one_and_nothing_is_given),
		cmocka_unit_test(whose_own_organization_switched_codes_off_joins_no_other_by_one),
		cmocka_unit_test(an_invitation_for_another_address_lets_nobody_in),
		cmocka_unit_test(a_brought_invitation_is_kept_sealed_until_somebody_answers),
		cmocka_unit_test(a_code_nobody_said_yes_to_is_not_taken),
		cmocka_unit_test(a_waiting_code_is_polled_without_reading_while_nothing_is_committed),
		cmocka_unit_test(a_refresh_token_comes_only_when_asked_for_and_to_who_is_registered),
		cmocka_unit_test(a_person_of_whom_too_much_is_told_cannot_answer_and_the_code_waits_on),
		cmocka_unit_test(a_code_that_is_somebodys_is_drawn_again_four_times_in_all),
	};

	return cmocka_run_group_tests(tests, oauth_open, oauth_close);
}
