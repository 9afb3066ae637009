/*
 * Sessions: which refresh tokens are good, what ends them, and that nothing but this server makes one; sign-ins handed over.
 */
#include "signed_in.h"
#include "trail_count.h"

#include "auth/v1/auth.pb-c.h"
#include "base/encode.h"
#include "base/json.h"
#include "crypto/jws.h"
#include "crypto/seal.h"
#include "reeve/v1/sessions.pb-c.h"
#include "service/headless.h"
#include "service/identities.h"
#include "service/provider.h"

#define DAY_US (S_PER_DAY * US_PER_S)

/* ---- claims ---- */

TEST(a_token_is_good_once_and_the_next_one_after_it)
{
	slice token, next = { 0 };

	at(0);
	token = begin_as(ada);
	for (int i = 0; i < 5; i++) {
		at(i * DAY_US);
		CHECK_OK(use(token, &next));
		CHECK(!slice_eq(token, next));
		token = next;
	}
}

TEST(a_lost_answer_is_given_again_within_ten_seconds_and_is_the_same)
{
	slice token, first = { 0 }, again = { 0 }, third = { 0 };

	at(0);
	token = begin_as(ada);
	CHECK_OK(use(token, &first));
	at(FAMILY_RETRY_S * US_PER_S);
	CHECK_OK(use(token, &again));
	CHECK(slice_eq(first, again));
	CHECK_OK(use(first, &third));
	CHECK(!slice_eq(first, third));
}

TEST(an_old_token_ends_the_session_for_whoever_has_the_new_one)
{
	slice token, next = { 0 }, none = { 0 };

	at(0);
	token = begin_as(ada);
	CHECK_OK(use(token, &next));
	at(FAMILY_RETRY_S * US_PER_S + 1);
	CHECK_FAULT(FAULT_UNAUTHENTIC, use(token, &none));
	CHECK_FAULT(FAULT_UNAUTHENTIC, use(next, &none));
}

static size_t reuses(void)
{
	return trail_count(parts.trail, arena_printf(arena, "%s/trail", data_folder), "\"session.reused\"");
}

TEST(a_token_used_again_is_recorded_as_such_and_one_that_came_too_late_is_not)
{
	slice token, next = { 0 }, none = { 0 };
	size_t before = reuses();

	at(0);
	token = begin_as(ada);
	CHECK_OK(use(token, &next));
	at(FAMILY_RETRY_S * US_PER_S + 1);
	CHECK_FAULT(FAULT_UNAUTHENTIC, use(token, &none));
	CHECK_INT(reuses(), before + 1);
	CHECK_FAULT(FAULT_UNAUTHENTIC, use(token, &none)); /* there is nothing left to end */
	CHECK_INT(reuses(), before + 1);
	at(0);
	token = begin_as(ada);
	at(30 * DAY_US);
	CHECK_FAULT(FAULT_UNAUTHENTIC, use(token, &none));
	CHECK_INT(reuses(), before + 1);
}

TEST(a_retry_after_the_successor_was_used_ends_the_session)
{
	slice token, next = { 0 }, last = { 0 }, none = { 0 };

	at(0);
	token = begin_as(ada);
	CHECK_OK(use(token, &next));
	CHECK_OK(use(next, &last));
	CHECK_FAULT(FAULT_UNAUTHENTIC, use(token, &none));
	CHECK_FAULT(FAULT_UNAUTHENTIC, use(last, &none));
}

TEST(a_session_ends_when_it_is_idle_for_thirty_days_and_after_ninety_in_any_case)
{
	slice token, next = { 0 };

	at(0);
	token = begin_as(ada);
	at(30 * DAY_US);
	CHECK_FAULT(FAULT_UNAUTHENTIC, use(token, &next));
	at(0);
	token = begin_as(ada);
	for (int i = 1; i < 4; i++) {
		at(i * 29 * DAY_US);
		CHECK_OK(use(token, &next));
		token = next;
	}
	at(90 * DAY_US - 1);
	CHECK_OK(use(token, &next));
	at(90 * DAY_US);
	CHECK_FAULT(FAULT_UNAUTHENTIC, use(next, &token));
}

/* CVE-2026-27840 */
TEST(a_token_that_is_cut_or_changed_anywhere_is_none_CVE_2026_27840)
{
	slice token, none = { 0 };
	char changed[REFRESH_TOKEN_BYTES_MAX];

	at(0);
	token = begin_as(ada);
	for (size_t i = 0; i < token.len; i++) {
		CHECK_FAULT(FAULT_UNAUTHENTIC, use(slice_to(token, i), &none));
		memcpy(changed, token.at, token.len);
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		CHECK_FAULT(FAULT_UNAUTHENTIC, use(slice_of(changed, token.len), &none));
	}
	memcpy(changed, token.at, token.len);
	changed[token.len] = '=';
	CHECK_FAULT(FAULT_UNAUTHENTIC, use(slice_of(changed, token.len + 1), &none));
	CHECK_OK(use(token, &none));
}

/* CVE-2026-55672 */
TEST(a_token_is_bound_to_its_client_CVE_2026_55672)
{
	slice token, access = { 0 }, next = { 0 };

	at(0);
	token = begin_as(ada);
	CHECK_FAULT(FAULT_UNAUTHENTIC, use_for(token, "auth0", api, &access, &next));
	CHECK_OK(use(token, &next));
}

TEST(what_is_refused_uses_nothing_up)
{
	slice token, access = { 0 }, next = { 0 };

	at(0);
	token = begin_as(ada);
	CHECK_FAULT(FAULT_INVALID, use_for(token, "reeve", SLICE("https://elsewhere.example.com"), &access, &next));
	at(60 * US_PER_S);
	CHECK_OK(use(token, &next));
}

/* Clients keep one session and ask it for what they need: the API, a registry. */
TEST(a_session_gives_tokens_for_each_audience_of_this_server_and_for_no_other)
{
	slice token, access = { 0 }, next = { 0 };
	static const slice want[] = { { URL, sizeof(URL) - 1 }, { REGISTRY, sizeof(REGISTRY) - 1 } };
	const struct json *claims;
	struct jws jws = { 0 };

	at(0);
	token = begin_as(ada);
	for (size_t i = 0; i < 2; i++) {
		CHECK_OK(use_for(token, "reeve", want[i], &access, &next));
		CHECK_OK(jws_parse(arena, access, 0, &jws));
		CHECK_OK(jws_claims(arena, &jws, &claims));
		CHECK(slice_eq(json_member(claims, "aud")->text, want[i]));
		token = next;
	}
	CHECK_FAULT(FAULT_INVALID, use_for(token, "reeve", SLICE("registry.elsewhere.example"), &access, &next));
	CHECK_OK(use(token, &next));
}

/* ---- whose session it is ---- */

/* What earlier tests of this process left. */
static status end_all(struct tx *tx, void *arg)
{
	struct query query;
	int64_t count;

	(void)arg;
	query_init(&query);
	query_eq_uid(&query, FAMILIES_IDENTITY, &person_uid);
	return row_delete_all(tx, &table_families, &query, &count);
}

static status rename_provider(struct call *call, void *in, void *out)
{
	struct provider_in change = { .prefix = "", .name = slice_str(in), .has_name = true };
	struct provider row;

	(void)out;
	return provider_update(call, &provider_uid, &change, &row);
}

static status move_provider(struct call *call, void *in, void *out)
{
	struct provider_in change = { .prefix = "", .client_id = slice_str(in), .has_client_id = true };
	struct provider row;

	(void)out;
	return provider_update(call, &provider_uid, &change, &row);
}

static status delete_provider(struct call *call, void *in, void *out)
{
	(void)out;
	return provider_delete(call, in);
}

/* What vouched for them is another, or gone. */
TEST(sessions_begun_at_a_provider_end_when_it_is_moved_or_deleted_and_no_other_does_CVE_2026_1486)
{
	struct person confined;
	slice inside, outside, next = { 0 };
	char same[] = "same", other[] = "other";

	at(0);
	confined = confined_ada();
	outside = begin_as(ada);
	inside = begin_as(confined);
	CHECK_OK(world_write(as(&owner, METHOD_IDENTITY_PROVIDERS_UPDATE_IDENTITY_PROVIDER), rename_provider, same, NULL));
	CHECK_OK(use(inside, &next));
	inside = next;
	CHECK_OK(world_write(as(&owner, METHOD_IDENTITY_PROVIDERS_UPDATE_IDENTITY_PROVIDER), move_provider, other, NULL));
	CHECK_FAULT(FAULT_UNAUTHENTIC, use(inside, &next));
	inside = begin_as(confined);
	CHECK_OK(world_write(as(&owner, METHOD_IDENTITY_PROVIDERS_DELETE_IDENTITY_PROVIDER), delete_provider, &provider_uid,
			     NULL));
	CHECK_FAULT(FAULT_UNAUTHENTIC, use(inside, &next));
	CHECK_OK(use(outside, &next));
}

TEST(an_identity_that_is_assumed_has_no_session)
{
	struct people_want want = { .audiences = &api, .audiences_count = 1, .identity = slice_str(uid_text(&owner, arena)) };
	struct world_call *made = as(NULL, METHOD_V1_SECURITY_TOKEN_EXCHANGE);
	struct minted login;
	slice token = SLICE("unset");

	at(0);
	CHECK_OK(token_login_mint(parts.issuer, arena, &ada, SLICE("reeve"), &login));
	CHECK_OK(people_session(&made->call, login.text, &want, &token));
	CHECK_INT(token.len, 0);
}

/* Design.md 6: refreshing is one of the ways that stay inside. */
TEST(a_session_begun_at_an_organizations_provider_stays_in_it_however_often_it_is_refreshed)
{
	struct person confined;
	slice token, next = { 0 }, access = { 0 };
	struct verified *verified;

	at(0);
	confined = confined_ada();
	token = begin_as(confined);
	for (int i = 0; i < 3; i++) {
		CHECK_OK(use_for(token, "reeve", api, &access, &next));
		CHECK_OK(token_verify(parts.issuer, TOKEN_ACCESS, access, SLICE(""), &verified));
		CHECK(uid_eq(&verified->caller.confined_to, &org) && !verified->caller.email_is_verified);
		(void)verified_unref(verified); /* a local */
		token = next;
	}
	CHECK_OK(use_for(begin_as(ada), "reeve", api, &access, &next));
	CHECK_OK(token_verify(parts.issuer, TOKEN_ACCESS, access, SLICE(""), &verified));
	CHECK(uid_is_none(&verified->caller.confined_to) && verified->caller.email_is_verified);
	(void)verified_unref(verified); /* a local */
}

static FALLIBLE any_write(const struct uid *who, enum method_id method, void *in)
{
	Google__Protobuf__Empty out;

	google__protobuf__empty__init(&out);
	return world_write(as(who, method), (status(*)(struct call *, void *, void *))method_handlers[method], in, &out);
}

static char *session_uid(slice token)
{
	struct refresh_token read = { 0 };
	char hex[2 * FAMILY_ID_BYTES];

	CHECK_OK(refresh_token_read(&as(NULL, METHOD_REEVE_SESSIONS_END)->call, token, &read));
	hex_encode_into(slice_of(read.family, sizeof(read.family)), hex);
	return arena_text(arena, slice_of(hex, sizeof(hex)));
}

static size_t sessions_of(enum method_id method, void *in, const char *only)
{
	Reeve__V1__ListSessionsResponse out;
	struct world_call *made = as(&owner, method);

	reeve__v1__list_sessions_response__init(&out);
	CHECK_OK(world_read(made, (status(*)(struct call *, void *, void *))method_handlers[method], in, &out));
	if (only)
		assert_string_equal(out.sessions[0]->uid, only);
	return out.n_sessions;
}

static size_t own_sessions(struct caller caller)
{
	Reeve__V1__ListSessionsRequest in;
	Reeve__V1__ListSessionsResponse out;
	struct world_call *made = as(&person_uid, METHOD_REEVE_SESSIONS_LIST);

	made->caller.confined_to = caller.confined_to;
	reeve__v1__list_sessions_request__init(&in);
	reeve__v1__list_sessions_response__init(&out);
	CHECK_OK(world_read(made, (status(*)(struct call *, void *, void *))method_handlers[METHOD_REEVE_SESSIONS_LIST], &in,
			    &out));
	return out.n_sessions;
}

static FALLIBLE end_own(struct caller caller, slice token)
{
	Reeve__V1__RevokeSessionRequest in;
	Google__Protobuf__Empty out;
	struct world_call *made = as(&person_uid, METHOD_REEVE_SESSIONS_REVOKE);

	made->caller.identity = caller.identity;
	made->caller.confined_to = caller.confined_to;
	reeve__v1__revoke_session_request__init(&in);
	google__protobuf__empty__init(&out);
	in.uid = session_uid(token);
	return world_write(made, (status(*)(struct call *, void *, void *))method_handlers[METHOD_REEVE_SESSIONS_REVOKE], &in,
			   &out);
}

/* Their only sessions: one begun at the organization's own provider, one outside of it. */
static void begin_both(slice *ret_inside, slice *ret_outside)
{
	at(0);
	CHECK_OK(world_change(end_all, NULL));
	*ret_inside = begin_as(confined_ada());
	*ret_outside = begin_as(ada);
}

TEST(one_ends_ones_own_sessions_and_from_an_organizations_provider_those_in_it_alone)
{
	struct caller anywhere = { .identity = person_uid }, inside = { .identity = person_uid, .confined_to = org },
		      other = { .identity = person_uid, .confined_to = elsewhere }, somebody = { .identity = editor };
	slice in_org, outside;

	begin_both(&in_org, &outside);
	CHECK_INT(own_sessions(anywhere), 2);
	CHECK_INT(own_sessions(inside), 1);
	CHECK_INT(own_sessions(other), 0);
	CHECK_FAULT(FAULT_ABSENT, end_own(somebody, outside));
	CHECK_FAULT(FAULT_ABSENT, end_own(inside, outside));
	CHECK_FAULT(FAULT_ABSENT, end_own(other, in_org));
	CHECK_OK(end_own(inside, in_org));
	CHECK_OK(end_own(anywhere, outside));
	CHECK_INT(own_sessions(anywhere), 0);
}

/* Who may ask at all is the rows' affair: tests/wire/scripts/sessions. */
TEST(an_owner_sees_and_ends_what_began_at_the_organizations_own_provider_and_an_operator_everything)
{
	Reeve__V1__ListMemberSessionsRequest listed;
	Reeve__V1__RevokeMemberSessionRequest member;
	Reeve__V1__RevokePersonSessionRequest person;
	Reeve__V1__ListPersonSessionsRequest all;
	slice inside, outside, next = { 0 };

	begin_both(&inside, &outside);
	reeve__v1__list_member_sessions_request__init(&listed);
	reeve__v1__list_person_sessions_request__init(&all);
	reeve__v1__revoke_member_session_request__init(&member);
	reeve__v1__revoke_person_session_request__init(&person);
	all.identity_uid = listed.identity_uid = member.identity_uid = person.identity_uid = uid_text(&person_uid, arena);
	listed.organization_uid = member.organization_uid = uid_text(&org, arena);
	CHECK_INT(sessions_of(METHOD_REEVE_SESSIONS_LIST_OF_PERSON, &all, NULL), 2);
	CHECK_INT(sessions_of(METHOD_REEVE_SESSIONS_LIST_OF_MEMBER, &listed, session_uid(inside)), 1);

	member.uid = session_uid(outside);
	CHECK_FAULT(FAULT_ABSENT, any_write(&owner, METHOD_REEVE_SESSIONS_REVOKE_OF_MEMBER, &member));
	CHECK_OK(use(outside, &next));
	outside = next;
	member.uid = session_uid(inside);
	member.organization_uid = uid_text(&elsewhere, arena);
	CHECK_FAULT(FAULT_ABSENT, any_write(&owner, METHOD_REEVE_SESSIONS_REVOKE_OF_MEMBER, &member));
	member.organization_uid = uid_text(&org, arena);
	member.identity_uid = uid_text(&editor, arena);
	CHECK_FAULT(FAULT_ABSENT, any_write(&owner, METHOD_REEVE_SESSIONS_REVOKE_OF_MEMBER, &member));
	member.identity_uid = person.identity_uid;
	CHECK_OK(any_write(&owner, METHOD_REEVE_SESSIONS_REVOKE_OF_MEMBER, &member));
	CHECK_FAULT(FAULT_UNAUTHENTIC, use(inside, &next));
	CHECK_INT(sessions_of(METHOD_REEVE_SESSIONS_LIST_OF_MEMBER, &listed, NULL), 0);

	person.uid = session_uid(outside);
	CHECK_OK(any_write(&owner, METHOD_REEVE_SESSIONS_REVOKE_OF_PERSON, &person));
	CHECK_FAULT(FAULT_UNAUTHENTIC, use(outside, &next));
	CHECK_FAULT(FAULT_ABSENT, any_write(&owner, METHOD_REEVE_SESSIONS_REVOKE_OF_PERSON, &person));
	CHECK_INT(sessions_of(METHOD_REEVE_SESSIONS_LIST_OF_PERSON, &all, NULL), 0);
}

/* The row alone, as though its login token had been read a moment before. */
static FALLIBLE begin_row(const char *act, const struct uid *confined_to)
{
	Reeve__V1__BeginSessionRequest in;
	Reeve__V1__BeginSessionResponse out;

	reeve__v1__begin_session_request__init(&in);
	reeve__v1__begin_session_response__init(&out);
	in.identity = uid_text(&person_uid, arena);
	in.act = arena_printf(arena, "%s", act);
	if (confined_to)
		in.confined_to = uid_text(confined_to, arena);
	return world_write(as(NULL, METHOD_REEVE_SESSIONS_BEGIN),
			   (status(*)(struct call *, void *, void *))method_handlers[METHOD_REEVE_SESSIONS_BEGIN], &in, &out);
}

static status put_account(struct tx *tx, void *arg)
{
	struct account row = { .login = SLICE("x@example.com"), .subject = SLICE("local-x"), .is_disabled = *(bool *)arg };

	return row_put(tx, &table_accounts, &row);
}

TEST(no_session_begins_once_what_one_signed_in_with_has_ended_CVE_2026_1486)
{
	static const char local[] = "{\"iss\":\"" URL "/local\",\"sub\":\"local-x\"}",
			  gone[] = "{\"iss\":\"https://gone.example.com\",\"sub\":\"1\"}";
	bool is_disabled = false;

	at(0);
	CHECK_FAULT(FAULT_UNAUTHENTIC, begin_row(local, NULL));
	CHECK_OK(world_change(put_account, &is_disabled));
	CHECK_OK(begin_row(local, NULL));
	is_disabled = true;
	CHECK_OK(world_change(put_account, &is_disabled));
	CHECK_FAULT(FAULT_UNAUTHENTIC, begin_row(local, NULL));
	CHECK_FAULT(FAULT_UNAUTHENTIC, begin_row(gone, &org)); /* no provider of that issuer is there */
	CHECK_OK(begin_row(gone, NULL));
}

static status delete_identity(struct call *call, void *in, void *out)
{
	(void)out;
	return identity_delete(call, in);
}

TEST(an_identity_that_is_deleted_has_no_session)
{
	slice token, next = { 0 };

	at(0);
	token = begin_as(ada);
	CHECK_OK(world_write(as(&owner, METHOD_IDENTITIES_DELETE_IDENTITY), delete_identity, &person_uid, NULL));
	CHECK_FAULT(FAULT_UNAUTHENTIC, use(token, &next));
	CHECK_OK(world_change(add_person, NULL));
	CHECK_FAULT(FAULT_UNAUTHENTIC, use(token, &next));
}

/* ---- sign-ins handed to a program elsewhere ---- */

#define CODE "B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9_AsrhtHHw" /* of the private key 01 02 .. 20 */

static status hand_over(const char *login_token)
{
	return people_handover(&as(NULL, METHOD_V1_AUTH_GET_HEADLESS_SESSION)->call, SLICE(CODE), slice_str(login_token));
}

static status fetch(Chainguard__Platform__Auth__HeadlessSession *out)
{
	Chainguard__Platform__Auth__GetHeadlessSessionRequest in;
	char code[] = CODE;

	chainguard__platform__auth__get_headless_session_request__init(&in);
	in.code = code;
	chainguard__platform__auth__headless_session__init(out);
	return v1_auth_get_headless_session(&as(NULL, METHOD_V1_AUTH_GET_HEADLESS_SESSION)->call, &in, out);
}

/* As the program opens it. */
static void check_opens(const Chainguard__Platform__Auth__HeadlessSession *session, const char *want)
{
	struct secret ours = { .len = AGREE_KEY_BYTES }, shared = { 0 };
	uint8_t key[AGREE_KEY_BYTES];
	char plain[100];
	size_t len = 0;

	for (size_t i = 0; i < AGREE_KEY_BYTES; i++)
		ours.bytes[i] = (unsigned char)(i + 1);
	CHECK_OK(headless_key(slice_of((const char *)session->ecdh_public_key.data, session->ecdh_public_key.len), "key", key));
	CHECK_OK(agree_secret(&ours, slice_of(key, sizeof(key)), &shared));
	CHECK_OK(seal_open(&shared, SLICE(""),
			   slice_of((const char *)session->encrypted_idtoken.data, session->encrypted_idtoken.len), plain,
			   sizeof(plain), &len));
	CHECK_SLICE(slice_of(plain, len), want);
}

TEST(a_sign_in_handed_over_is_given_once_to_who_has_the_key)
{
	Chainguard__Platform__Auth__HeadlessSession session;

	at(0);
	CHECK_FAULT(FAULT_ABSENT, fetch(&session));
	CHECK_OK(hand_over("a login token"));
	CHECK_FAULT(FAULT_EXISTS, hand_over("another"));
	CHECK_OK(fetch(&session));
	check_opens(&session, "a login token");
	CHECK_FAULT(FAULT_ABSENT, fetch(&session));
}

TEST(a_sign_in_handed_over_is_gone_after_five_minutes)
{
	Chainguard__Platform__Auth__HeadlessSession session;

	at(0);
	CHECK_OK(hand_over("first"));
	at(HEADLESS_LIFE_S * US_PER_S);
	CHECK_FAULT(FAULT_ABSENT, fetch(&session));
	at(0);
	CHECK_OK(hand_over("second"));
	at(HEADLESS_LIFE_S * US_PER_S - 1);
	CHECK_OK(fetch(&session));
	check_opens(&session, "second");
}

/* Sign-ins that wait already, codes counted from `first`. */
struct waiting {
	uint32_t first, count;
};

static status put_waiting(struct tx *tx, void *arg)
{
	const struct waiting *waiting = arg;
	uint8_t code[AGREE_KEY_BYTES] = { 0xff };

	for (uint32_t i = waiting->first; i < waiting->first + waiting->count; i++) {
		struct handover row = { .code = slice_of(code, sizeof(code)),
					.ecdh = SLICE("e"),
					.sealed = SLICE("s"),
					.created_us = NOW_S * US_PER_S,
					.expires_us = (NOW_S + HEADLESS_LIFE_S) * US_PER_S };
		memcpy(code + 1, &i, sizeof(i));
		TRY(row_insert(tx, &table_handovers, &row));
	}
	return OK;
}

static status drop_waiting(struct tx *tx, void *arg)
{
	struct query query;
	int64_t count;

	(void)arg;
	query_init(&query);
	query_number(&query, WHERE_AT_LEAST, HANDOVERS_EXPIRES_US, 0);
	return row_delete_all(tx, &table_handovers, &query, &count);
}

TEST(so_many_sign_ins_wait_to_be_fetched_and_no_more)
{
	Chainguard__Platform__Auth__HeadlessSession session;
	struct waiting waiting = { .count = HEADLESS_WAITING_MAX - 1 }, last = { .first = HEADLESS_WAITING_MAX, .count = 1 };

	at(0);
	CHECK_OK(world_change(drop_waiting, NULL));
	CHECK_OK(world_change(put_waiting, &waiting));
	CHECK_OK(hand_over("the last that fits"));
	CHECK_OK(fetch(&session));
	CHECK_OK(world_change(put_waiting, &last));
	CHECK_FAULT(FAULT_EXHAUSTED, hand_over("one too many"));
	CHECK_FAULT(FAULT_ABSENT, fetch(&session));
	CHECK_OK(world_change(drop_waiting, NULL));
	CHECK_OK(hand_over("there is room again"));
	CHECK_OK(fetch(&session));
	check_opens(&session, "there is room again");
}

TEST(a_person_has_so_many_sessions_and_the_one_unused_longest_makes_room)
{
	struct caller anywhere = { .identity = person_uid };
	slice first, second, next = { 0 };

	at(0);
	CHECK_OK(world_change(end_all, NULL));
	first = begin_as(ada);
	at(US_PER_S);
	second = begin_as(ada);
	for (int64_t i = 2; i < FAMILIES_OF_ONE_MAX; i++) {
		at(i * US_PER_S);
		(void)begin_as(ada);
	}
	CHECK_INT(own_sessions(anywhere), FAMILIES_OF_ONE_MAX);
	at(200 * US_PER_S);
	CHECK_OK(use(first, &next)); /* now the second is unused longest */
	first = next;
	(void)begin_as(ada);
	CHECK_INT(own_sessions(anywhere), FAMILIES_OF_ONE_MAX);
	CHECK_FAULT(FAULT_UNAUTHENTIC, use(second, &next));
	CHECK_OK(use(first, &next));
	CHECK_OK(world_change(end_all, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_good_once_and_the_next_one_after_it),
		cmocka_unit_test(a_lost_answer_is_given_again_within_ten_seconds_and_is_the_same),
		cmocka_unit_test(an_old_token_ends_the_session_for_whoever_has_the_new_one),
		cmocka_unit_test(a_token_used_again_is_recorded_as_such_and_one_that_came_too_late_is_not),
		cmocka_unit_test(a_retry_after_the_successor_was_used_ends_the_session),
		cmocka_unit_test(a_session_ends_when_it_is_idle_for_thirty_days_and_after_ninety_in_any_case),
		cmocka_unit_test(a_token_that_is_cut_or_changed_anywhere_is_none_CVE_2026_27840),
		cmocka_unit_test(a_token_is_bound_to_its_client_CVE_2026_55672),
		cmocka_unit_test(what_is_refused_uses_nothing_up),
		cmocka_unit_test(a_session_gives_tokens_for_each_audience_of_this_server_and_for_no_other),
		cmocka_unit_test(a_session_begun_at_an_organizations_provider_stays_in_it_however_often_it_is_refreshed),
		cmocka_unit_test(sessions_begun_at_a_provider_end_when_it_is_moved_or_deleted_and_no_other_does_CVE_2026_1486),
		cmocka_unit_test(an_identity_that_is_assumed_has_no_session),
		cmocka_unit_test(one_ends_ones_own_sessions_and_from_an_organizations_provider_those_in_it_alone),
		cmocka_unit_test(
			an_owner_sees_and_ends_what_began_at_the_organizations_own_provider_and_an_operator_everything),
		cmocka_unit_test(no_session_begins_once_what_one_signed_in_with_has_ended_CVE_2026_1486),
		cmocka_unit_test(an_identity_that_is_deleted_has_no_session),
		cmocka_unit_test(a_sign_in_handed_over_is_given_once_to_who_has_the_key),
		cmocka_unit_test(a_sign_in_handed_over_is_gone_after_five_minutes),
		cmocka_unit_test(so_many_sign_ins_wait_to_be_fetched_and_no_more),
		cmocka_unit_test(a_person_has_so_many_sessions_and_the_one_unused_longest_makes_room),
	};

	return cmocka_run_group_tests(tests, open_world, close_world);
}
