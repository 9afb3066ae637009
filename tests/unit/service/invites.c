/*
 * Invites: a code joins whom it was meant for, while it may, and gives what its author may still give.
 */
#include "invited.h"

#include "base/encode.h"
#include "base/json.h"

struct joining {
	slice code;
	struct person person;
	struct uid identity, group;
};

static status accept_in(struct call *call, void *in, void *out)
{
	struct joining *joining = in;

	(void)out;
	return invite_accept(call, joining->code, &joining->identity, &joining->person, &joining->group);
}

static FALLIBLE accept(struct joining *joining)
{
	return world_write(as(NULL, METHOD_V1_AUTH_REGISTER), accept_in, joining, NULL);
}

static status add_identity(struct tx *tx, void *arg)
{
	struct identity row = { .uid = *(struct uid *)arg, .name = SLICE("somebody"), .created_us = NOW_S * US_PER_S };

	return row_put(tx, &table_identities, &row);
}

static struct joining somebody(const char *subject, slice code)
{
	struct joining joining = { .code = code,
				   .person = { .issuer = SLICE("https://accounts.google.com"),
					       .subject = slice_str(subject),
					       .email = SLICE("Ada@Example.COM"),
					       .email_is_verified = true } };

	CHECK_OK(user_uid(joining.person.issuer, joining.person.subject, &joining.identity));
	CHECK_OK(world_change(add_identity, &joining.identity));
	return joining;
}

static int64_t bindings_of(const struct uid *identity)
{
	struct query query;

	query_init(&query);
	query_eq_uid(&query, BINDINGS_IDENTITY, identity);
	return world_count(&table_bindings, &query);
}

static int64_t events_of(const char *type, const struct uid *actor)
{
	struct query query;

	query_init(&query);
	query_eq_text(&query, EVENTS_TYPE, slice_str(type));
	query_eq_uid(&query, EVENTS_ACTOR, actor);
	return world_count(&table_events, &query);
}

TEST(whoever_accepts_holds_exactly_the_role)
{
	struct given given = invite_to(&folder, "viewer");
	struct joining joining;
	struct caps held;

	CHECK_OK(invite_as(&given, &owner));
	CHECK(slice_starts(given.code, SLICE("eyJncnAi"))); /* {"grp" */
	joining = somebody("exactly", given.code);
	CHECK_OK(accept(&joining));
	CHECK(uid_eq(&joining.group, &folder));
	CHECK_INT(bindings_of(&joining.identity), 1);
	CHECK_INT(events_of("dev.chainguard.api.iam.rolebindings.created.v1", &joining.identity), 1);
	held = authz_caps_at(parts.authz, &as(&joining.identity, METHOD_V1_AUTH_REGISTER)->caller, &folder, NOW_S);
	CHECK(caps_has(&held, CAP_IAM_GROUPS_LIST_BIT));
	CHECK(!caps_has(&held, CAP_IAM_ROLE_BINDINGS_CREATE_BIT));
}

TEST(accepting_twice_is_harmless)
{
	struct given many = invite_to(&org, "viewer"), once = invite_to(&org, "viewer");
	struct joining joining;

	once.in.is_single_use = true;
	CHECK_OK(invite_as(&many, &owner));
	CHECK_OK(invite_as(&once, &owner));
	joining = somebody("twice", many.code);
	CHECK_OK(accept(&joining));
	CHECK_OK(accept(&joining));
	joining.code = once.code;
	CHECK_OK(accept(&joining));
	joining.group = (struct uid){ 0 };
	CHECK_OK(accept(&joining));
	CHECK(uid_eq(&joining.group, &org));
	CHECK_INT(bindings_of(&joining.identity), 1);
}

TEST(a_single_use_invite_takes_one_person)
{
	struct given given = invite_to(&org, "viewer");
	struct joining first, second;

	given.in.is_single_use = true;
	CHECK_OK(invite_as(&given, &owner));
	first = somebody("first", given.code);
	second = somebody("second", given.code);
	CHECK_OK(accept(&first));
	CHECK_FAULT(FAULT_STATE, accept(&second));
	CHECK(strstr(report_current()->text, "has been used"));
	CHECK_INT(bindings_of(&second.identity), 0);
}

TEST(an_invite_in_somebody_elses_hands_joins_nobody_CVE_2026_1529)
{
	struct given given = invite_to(&org, "viewer");
	struct joining joining;
	slice json;
	char *forged;

	given.in.email = SLICE("Grace@example.com");
	CHECK_OK(invite_as(&given, &owner));
	CHECK_SLICE(given.invite.email, "grace@example.com");
	joining = somebody("thief", given.code);
	CHECK_FAULT(FAULT_DENIED, accept(&joining));
	joining.person.email = SLICE("grace@example.com");
	joining.person.email_is_verified = false; /* e-mail as identity */
	CHECK_FAULT(FAULT_DENIED, accept(&joining));
	joining.person.email = SLICE("grace@example.com@evil.example"); /* CVE-2026-40574 */
	joining.person.email_is_verified = true;
	CHECK_FAULT(FAULT_DENIED, accept(&joining));
	/* another group in the code */
	CHECK_OK(base64_decode(arena, BASE64_STANDARD, given.code, &json));
	forged = arena_text(arena, json);
	memcpy(strstr(forged, "grp") + 6, uid_text(&elsewhere, arena), 40);
	joining.code.at = arena_alloc(arena, BASE64_TEXT_BYTES(json.len));
	joining.code.len = base64_encode_into(BASE64_STANDARD, slice_str(forged), (char *)(uintptr_t)joining.code.at);
	joining.person.email = SLICE("GRACE@example.com");
	CHECK_FAULT(FAULT_ABSENT, accept(&joining));
	joining.code = slice_to(given.code, given.code.len - 4); /* a truncated code */
	CHECK_FAULT(FAULT_INVALID, accept(&joining));
	CHECK_INT(bindings_of(&joining.identity), 0);
	joining.code = given.code;
	CHECK_OK(accept(&joining));
}

TEST(expiry_is_asked_at_use_CVE_2025_64708)
{
	struct given given = invite_to(&org, "viewer");
	struct joining joining;

	CHECK_OK(invite_as(&given, &owner));
	joining = somebody("late", given.code);
	clock_move(&now, now.fixed_us + 3600 * US_PER_S);
	CHECK_FAULT(FAULT_STATE, accept(&joining));
	CHECK(strstr(report_current()->text, "expired"));
	clock_move(&now, now.fixed_us - US_PER_S);
	CHECK_OK(accept(&joining));
	clock_move(&now, NOW_S * US_PER_S);
}

/* It chooses the words alone, however large it is. */
TEST(what_a_code_of_nobody_says_of_its_end_is_read_whole)
{
	static const struct {
		const char *exp;
		enum fault fault;
	} codes[] = { { "9223372036854775807", FAULT_ABSENT }, { "9223372036855", FAULT_ABSENT },
		      { "1800000001", FAULT_ABSENT },          { "1800000000", FAULT_STATE },
		      { "-9223372036855", FAULT_STATE },       { "-9223372036854775808", FAULT_STATE } };

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		char *json = arena_printf(arena, "{\"grp\":\"%s\",\"kid\":\"nobody's\",\"exp\":%s,\"secret\":\"\"}",
					  uid_text(&org, arena), codes[i].exp);
		char *code = arena_alloc(arena, BASE64_TEXT_BYTES(strlen(json)));
		struct joining joining =
			somebody("guesser", slice_of(code, base64_encode_into(BASE64_STANDARD, slice_str(json), code)));
		CHECK_FAULT(codes[i].fault, accept(&joining));
	}
}

static status drop_bindings(struct tx *tx, void *arg)
{
	struct query query;
	int64_t count;

	query_init(&query);
	query_eq_uid(&query, BINDINGS_IDENTITY, arg);
	return row_delete_all(tx, &table_bindings, &query, &count);
}

static status bind_editor(struct tx *tx, void *arg)
{
	struct binding binding = { .group = org, .identity = editor, .role = *(struct uid *)arg };

	TRY(uid_new_child(&org, (const uint8_t *)"binding9", &binding.uid));
	return row_put(tx, &table_bindings, &binding);
}

TEST(nobody_gives_by_invite_what_they_do_not_hold_at_either_moment)
{
	struct uid role = role_builtin(ROLE_OWNER)->uid;
	struct given given = invite_to(&org, "owner"), cross = invite_to(&elsewhere, "viewer");
	struct joining joining;

	CHECK_FAULT(FAULT_DENIED, invite_as(&given, &editor)); /* the subset guard: CVE-2025-64761 */
	CHECK_FAULT(FAULT_DENIED, invite_as(&cross, &owner));  /* an organization of somebody else: CVE-2025-64431 */
	CHECK_OK(world_change(bind_editor, &role));
	CHECK_OK(invite_as(&given, &editor));
	joining = somebody("heir", given.code);
	CHECK_OK(world_change(drop_bindings, &editor));
	CHECK_FAULT(FAULT_DENIED, accept(&joining));
	CHECK(strstr(report_current()->text, "may not give this role any more"));
	CHECK_INT(bindings_of(&joining.identity), 0);
	CHECK_OK(world_change(bind_editor, &role));
	CHECK_OK(accept(&joining));
}

/* Below the right to bind anyone, the role itself: an editor holds all that a viewer does. */
TEST(an_invite_gives_nothing_once_its_author_may_bind_nobody)
{
	struct uid as_owner = role_builtin(ROLE_OWNER)->uid, as_editor = role_builtin_by_name(SLICE("editor"))->uid;
	struct given given = invite_to(&org, "viewer");
	struct joining joining;

	CHECK_OK(world_change(drop_bindings, &editor));
	CHECK_OK(world_change(bind_editor, &as_owner));
	CHECK_OK(invite_as(&given, &editor));
	joining = somebody("unbound", given.code);
	CHECK_OK(world_change(bind_editor, &as_editor));
	CHECK_FAULT(FAULT_DENIED, accept(&joining));
	CHECK(strstr(report_current()->text, "may not give this role any more"));
	CHECK_INT(bindings_of(&joining.identity), 0);
	CHECK_OK(world_change(bind_editor, &as_owner));
	CHECK_OK(accept(&joining));
}

static status confine_author(struct tx *tx, void *arg)
{
	struct given *given = arg;
	struct invite row = given->invite;

	row.author_confined_to = elsewhere;
	return row_update(tx, &table_invites, &row);
}

/* What whoever wrote it could not do then, it does not do now. */
TEST(an_invite_gives_nothing_where_its_authors_session_had_no_place)
{
	struct given given = invite_to(&org, "viewer");
	struct joining joining;

	CHECK_OK(invite_as(&given, &owner));
	CHECK(uid_is_none(&given.invite.author_confined_to));
	CHECK_OK(world_change(confine_author, &given));
	joining = somebody("misled", given.code);
	CHECK_FAULT(FAULT_DENIED, accept(&joining));
	CHECK_INT(bindings_of(&joining.identity), 0);
}

TEST(a_code_is_good_with_its_secret_alone_CVE_2026_27840)
{
	struct given given = invite_to(&org, "viewer");
	struct joining joining;
	char *forged;
	slice json;

	CHECK_OK(invite_as(&given, &owner));
	CHECK_OK(base64_decode(arena, BASE64_STANDARD, given.code, &json));
	forged = arena_text(arena, json);
	CHECK(strstr(forged, "secret"));
	for (size_t i = 0; i < 64; i += 21) {
		char *at = strstr(forged, "secret\":\"") + 9 + i, was = *at;
		char *code = arena_alloc(arena, BASE64_TEXT_BYTES(json.len));
		*at = was == '0' ? '1' : '0';
		joining = somebody("guesser",
				   slice_of(code, base64_encode_into(BASE64_STANDARD, slice_of(forged, json.len), code)));
		CHECK_FAULT(FAULT_ABSENT, accept(&joining));
		*at = was;
	}
	joining = somebody("guesser", given.code);
	CHECK_OK(accept(&joining));
}

TEST(a_providers_session_joins_only_its_own_organization)
{
	struct given given = invite_to(&org, "viewer");
	struct joining joining;

	CHECK_OK(invite_as(&given, &owner));
	joining = somebody("confined", given.code);
	joining.person.confined_to = elsewhere;
	CHECK_FAULT(FAULT_DENIED, accept(&joining));
	joining.person.confined_to = org;
	CHECK_OK(accept(&joining));
}

/* What a page asks before it asks the person: in the words of accepting, changing nothing, and silent where that is harmless.
 */
TEST(whom_an_invite_does_not_fit_is_known_before_they_accept_it)
{
	struct given given = invite_to(&org, "viewer");
	struct call *call = &as(NULL, METHOD_V1_AUTH_REGISTER)->call;
	struct joining joining;
	char *refusal;

	given.in.email = SLICE("ada@example.com");
	given.in.is_single_use = true;
	CHECK_OK(invite_as(&given, &owner));
	joining = somebody("fitting", given.code);
	CHECK_OK(invite_fits(call, given.code, &joining.person));
	joining.person.email_is_verified = false;
	CHECK_FAULT(FAULT_DENIED, accept(&joining));
	refusal = arena_text(arena, slice_str(report_current()->text));
	report_clear(report_current());
	CHECK_FAULT(FAULT_DENIED, invite_fits(call, given.code, &joining.person));
	CHECK_SLICE(slice_str(report_current()->text), refusal);
	joining.person.email_is_verified = true;
	joining.person.confined_to = elsewhere;
	CHECK_FAULT(FAULT_DENIED, invite_fits(call, given.code, &joining.person));
	joining.person.confined_to = (struct uid){ 0 };
	CHECK_INT(bindings_of(&joining.identity), 0);
	CHECK_OK(accept(&joining));
	CHECK_OK(invite_fits(call, given.code, &joining.person)); /* accepting twice is harmless */
	CHECK_FAULT(FAULT_INVALID, invite_fits(call, SLICE("no code"), &joining.person));
}

static status delete_in(struct call *call, void *in, void *out)
{
	(void)out;
	return invite_delete(call, in);
}

TEST(a_deleted_invite_is_gone_and_says_so)
{
	struct given given = invite_to(&org, "viewer");
	struct joining joining;

	CHECK_OK(invite_as(&given, &owner));
	joining = somebody("gone", given.code);
	CHECK_OK(world_write(as(&owner, METHOD_GROUP_INVITES_DELETE_GROUP_INVITE), delete_in, &given.invite.uid, NULL));
	CHECK_FAULT(FAULT_ABSENT, accept(&joining));
	CHECK_FAULT(FAULT_ABSENT,
		    world_write(as(&owner, METHOD_GROUP_INVITES_DELETE_GROUP_INVITE), delete_in, &given.invite.uid, NULL));
}

TEST(a_lifetime_is_a_minute_to_thirty_days)
{
	struct given given = invite_to(&org, "viewer");

	given.ttl.seconds = 59;
	CHECK_FAULT(FAULT_INVALID, invite_as(&given, &owner));
	given.ttl.seconds = 30 * 86400 + 1;
	CHECK_FAULT(FAULT_INVALID, invite_as(&given, &owner));
	given.ttl.seconds = 30 * 86400;
	CHECK_OK(invite_as(&given, &owner));
	given.in.email = SLICE("a@b@example.com");
	CHECK_FAULT(FAULT_INVALID, invite_as(&given, &owner));
}

TEST(the_secret_is_kept_nowhere)
{
	struct given given = invite_to(&org, "viewer");
	const struct json *code;
	slice json, secret;

	CHECK_OK(invite_as(&given, &owner));
	CHECK_OK(base64_decode(arena, BASE64_STANDARD, given.code, &json));
	CHECK_OK(json_parse_object(arena, json, NULL, &code));
	CHECK(json_text(json_member(code, "secret"), &secret));
	CHECK_INT(secret.len, 64);
	CHECK_INT(given.invite.digest.len, 32);
	CHECK(!slice_eq(given.invite.key_id, secret));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_accepts_holds_exactly_the_role),
		cmocka_unit_test(accepting_twice_is_harmless),
		cmocka_unit_test(a_single_use_invite_takes_one_person),
		cmocka_unit_test(an_invite_in_somebody_elses_hands_joins_nobody_CVE_2026_1529),
		cmocka_unit_test(expiry_is_asked_at_use_CVE_2025_64708),
		cmocka_unit_test(what_a_code_of_nobody_says_of_its_end_is_read_whole),
		cmocka_unit_test(nobody_gives_by_invite_what_they_do_not_hold_at_either_moment),
		cmocka_unit_test(an_invite_gives_nothing_once_its_author_may_bind_nobody),
		cmocka_unit_test(an_invite_gives_nothing_where_its_authors_session_had_no_place),
		cmocka_unit_test(a_code_is_good_with_its_secret_alone_CVE_2026_27840),
		cmocka_unit_test(a_providers_session_joins_only_its_own_organization),
		cmocka_unit_test(whom_an_invite_does_not_fit_is_known_before_they_accept_it),
		cmocka_unit_test(a_deleted_invite_is_gone_and_says_so),
		cmocka_unit_test(a_lifetime_is_a_minute_to_thirty_days),
		cmocka_unit_test(the_secret_is_kept_nowhere),
	};

	return cmocka_run_group_tests(tests, world_open, world_close);
}
