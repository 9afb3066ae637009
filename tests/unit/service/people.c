/*
 * People: a sign-in becomes an account and tokens, once for each audience, and holds nothing it should not.
 */
#include "world.h"

#include "base/json.h"
#include "crypto/jws.h"
#include "iam/v2/groups.pb-c.h"
#include "service/people_impl.h"

#define SSO "https://sso.example.com"

static struct uid sso;

static status put_provider(struct tx *tx, void *arg)
{
	struct provider row = {
		.uid = sso, .parent = org, .name = SLICE("sso"), .issuer = SLICE(SSO), .client_id = SLICE("theirs")
	};

	if (arg)
		row.role = role_builtin_by_name(slice_str(arg))->uid;
	return row_put(tx, &table_providers, &row);
}

static int open_people(void **state)
{
	(void)world_open(state);
	world_open_trail();
	CHECK_OK(uid_new_child(&org, (const uint8_t *)"provider", &sso));
	CHECK_OK(world_change(put_provider, NULL));
	parts.nested = world_nest;
	return 0;
}

static int close_people(void **state)
{
	world_close_trail();
	return world_close(state);
}

static struct call *caller(void)
{
	return &as(NULL, METHOD_V1_SECURITY_TOKEN_EXCHANGE)->call;
}

static struct person google(const char *subject)
{
	return (struct person){ .issuer = SLICE(GOOGLE),
				.subject = slice_str(subject),
				.connection = SLICE("google-oauth2"),
				.email = slice_str(arena_printf(arena, "%s@example.com", subject)),
				.email_is_verified = true,
				.name = slice_str(subject) };
}

static struct person own_provider(const char *subject)
{
	struct person person = google(subject);

	person.issuer = SLICE(SSO);
	person.connection = slice_str(uid_text(&sso, arena));
	person.confined_to = org;
	return person;
}

static slice sign_in(const struct person *person)
{
	slice token;

	CHECK_OK(people_login_token(caller(), person, SLICE("reeve"), &token));
	return token;
}

static struct uid identity_of(const struct person *person)
{
	struct uid uid;

	CHECK_OK(user_uid(person->issuer, person->subject, &uid));
	return uid;
}

static status exchange(slice login, const char *audience, const char *identity, slice *ret_token)
{
	slice audiences[] = { slice_str(audience) };
	struct people_want want = { .audiences = audiences, .audiences_count = 1, .identity = slice_str(identity) };

	return people_exchange(caller(), login, &want, ret_token);
}

static void enroll(const struct person *person)
{
	struct registered registered;

	CHECK_OK(people_register(caller(), sign_in(person), SLICE(""), &registered));
}

/* The access token a person gets for the API, and what it says. */
static slice access_of(const struct person *person)
{
	slice token;

	CHECK_OK(exchange(sign_in(person), URL, "", &token));
	return token;
}

static const struct json *claims_of(slice token)
{
	const struct json *claims;
	struct jws jws;

	CHECK_OK(jws_parse(arena, token, 0, &jws));
	CHECK_OK(jws_claims(arena, &jws, &claims));
	return claims;
}

static slice text_at(const struct json *claims, const char *name, const char *inner)
{
	const struct json *member = json_member(claims, name);
	slice text = SLICE("");

	CHECK(json_text(inner ? json_member(member, inner) : member, &text));
	return text;
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

/* ---- coming ---- */

TEST(registering_makes_one_account_and_one_event)
{
	struct person ada = google("ada");
	struct registered first, second;
	struct uid uid = identity_of(&ada);
	bool known;

	CHECK_OK(people_known(caller(), &ada, &known));
	CHECK(!known);
	CHECK_OK(people_register(caller(), sign_in(&ada), SLICE(""), &first));
	CHECK_OK(people_register(caller(), sign_in(&ada), SLICE(""), &second));
	CHECK(first.is_new && !second.is_new);
	CHECK(uid_eq(&first.identity, &uid) && uid_eq(&second.identity, &uid));
	CHECK_OK(people_known(caller(), &ada, &known));
	CHECK(known);
	CHECK_INT(events_of("dev.chainguard.api.auth.registered.v1", &uid), 1);
}

static status read_identity(struct tx *tx, void *arg)
{
	struct identity *row = arg;
	bool found;

	TRY(row_find(tx, &table_identities, row, row, &found));
	CHECK(found);
	return OK;
}

static status read_event(struct tx *tx, void *arg)
{
	struct event *event = arg;
	struct query query;
	struct rows rows;

	query_init(&query);
	query_eq_uid(&query, EVENTS_ACTOR, &event->actor);
	TRY(row_list(tx, &table_events, &query, &rows));
	CHECK_INT(rows.count, 1);
	*event = *(const struct event *)rows.at;
	return OK;
}

TEST(the_record_of_registering_says_who_it_was)
{
	struct person ada = google("recorded");
	struct event event = { .actor = identity_of(&ada) };

	enroll(&ada);
	CHECK_OK(store_read(parts.store, read_event, &event, arena));
	CHECK_SLICE(event.type, "dev.chainguard.api.auth.registered.v1");
	CHECK_SLICE(event.method, "auth.v1.auth.register");
	CHECK_SLICE(event.source, URL "/auth/v1/register");
	CHECK_SLICE(event.act, "{\"iss\":\"" GOOGLE "\",\"sub\":\"recorded\",\"aud\":\"reeve\"}");
	CHECK_SLICE(event.subject, uid_text(&event.actor, arena));
}

TEST(what_lists_show_of_a_person_is_clean_and_the_latest)
{
	struct person person = google("clean");
	struct identity row = { .uid = identity_of(&person) };
	slice token;

	person.name = SLICE("Ada\x1b[31m \xe2\x80\xae"
			    "ecalevoL\xc2\x9b \xc3\xa9 \xe2\x80\x99");
	enroll(&person);
	CHECK_OK(store_read(parts.store, read_identity, &row, arena));
	CHECK_SLICE(row.name, "Ada[31m ecalevoL \xc3\xa9 \xe2\x80\x99");
	CHECK_SLICE(row.email, "clean@example.com");
	CHECK_SLICE(row.issuer, GOOGLE);
	CHECK_INT(row.relationship, RELATIONSHIP_NONE); /* a sign-in alone proves a user */
	person.name = SLICE("");
	person.email = SLICE("new@example.com");
	CHECK_OK(exchange(sign_in(&person), URL, "", &token));
	CHECK_OK(store_read(parts.store, read_identity, &row, arena));
	CHECK_SLICE(row.name, "new@example.com");
	CHECK_SLICE(row.email, "new@example.com");
}

TEST(e_mail_as_identity)
{
	struct person ada = google("first"), thief = google("thief"), elsewhere_ada = google("first");
	struct uid uid = identity_of(&ada), other;
	bool known;

	enroll(&ada);
	thief.email = ada.email;
	elsewhere_ada.issuer = SLICE("https://github.com");
	elsewhere_ada.connection = SLICE("github");
	other = identity_of(&thief);
	CHECK(!uid_eq(&uid, &other));
	other = identity_of(&elsewhere_ada);
	CHECK(!uid_eq(&uid, &other));
	CHECK_OK(people_known(caller(), &thief, &known));
	CHECK(!known);
	CHECK_OK(people_known(caller(), &elsewhere_ada, &known));
	CHECK(!known);
}

/* ---- the exchange ---- */

TEST(an_exchange_needs_an_account_and_gives_what_it_holds)
{
	struct person ada = google("exchanger");
	struct uid uid = identity_of(&ada);
	slice login = sign_in(&ada), token;
	const struct json *claims;

	CHECK_FAULT(FAULT_ABSENT, exchange(login, URL, "", &token));
	CHECK(strstr(report_current()->text, "register"));
	enroll(&ada);
	CHECK_OK(exchange(login, URL, "", &token)); /* what was refused was not used up */
	claims = claims_of(token);
	CHECK_SLICE(text_at(claims, "sub", NULL), uid_text(&uid, arena));
	CHECK_SLICE(text_at(claims, "act", "iss"), GOOGLE);
	CHECK_SLICE(text_at(claims, "act", "sub"), "exchanger");
	CHECK_SLICE(text_at(claims, "act", "aud"), "reeve");
	CHECK_SLICE(text_at(claims, "email", NULL), "exchanger@example.com");
	CHECK_SLICE(text_at(claims, "upstream", "name"), "exchanger");
	CHECK_FAULT(FAULT_INVALID, exchange(sign_in(&ada), "https://elsewhere.example.com", "", &token));
}

TEST(a_sign_in_is_exchanged_once_for_each_audience_CVE_2025_46815)
{
	struct person ada = google("once");
	slice login, token, both[] = { SLICE(URL), SLICE(REGISTRY), SLICE(URL) };
	struct people_want want = { .audiences = both, .audiences_count = 3 };

	enroll(&ada);
	login = sign_in(&ada);
	CHECK_OK(exchange(login, URL, "", &token));
	CHECK_FAULT(FAULT_UNAUTHENTIC, exchange(login, URL, "", &token));
	CHECK(strstr(report_current()->text, "used already"));
	CHECK_FAULT(FAULT_UNAUTHENTIC, people_exchange(caller(), login, &want, &token)); /* one of them is gone */
	CHECK_OK(exchange(login, REGISTRY, "", &token));
	CHECK_FAULT(FAULT_UNAUTHENTIC, exchange(login, REGISTRY, "", &token));
	login = sign_in(&ada);
	CHECK_OK(people_exchange(caller(), login, &want, &token));
	CHECK_FAULT(FAULT_UNAUTHENTIC, exchange(login, URL, "", &token));
}

TEST(a_sign_in_token_opens_nothing_but_exchange_and_register)
{
	struct person ada = google("kinds");
	struct verified *verified = NULL;
	struct assumed assumed;
	struct uid none = { 0 };
	slice login;

	enroll(&ada);
	login = sign_in(&ada);
	CHECK_FAULT(FAULT_UNAUTHENTIC, token_verify(parts.issuer, TOKEN_ACCESS, login, SLICE(""), &verified));
	CHECK_FAULT(FAULT_UNAUTHENTIC, token_assume(parts.issuer, arena, login, &none, &none, true, &assumed));
}

TEST(values_are_used_once_under_their_label)
{
	bool is_first;

	CHECK_OK(people_use_once(caller(), "state", SLICE("abc"), NOW_S + 60, &is_first));
	CHECK(is_first);
	CHECK_OK(people_use_once(caller(), "state", SLICE("abc"), NOW_S + 60, &is_first));
	CHECK(!is_first);
	CHECK_OK(people_use_once(caller(), "code", SLICE("abc"), NOW_S + 60, &is_first));
	CHECK(is_first);
	CHECK_OK(people_use_once(caller(), "stat", SLICE("eabc"), NOW_S + 60, &is_first));
	CHECK(is_first);
}

/* ---- assuming ---- */

static struct uid machine;

static status put_machine(struct tx *tx, void *arg)
{
	const char *issuer = arg;
	struct identity row = { .uid = machine,
				.parent = uid_parent(&machine),
				.name = SLICE("machine"),
				.relationship = RELATIONSHIP_CLAIM_MATCH,
				.issuer_kind = MATCH_EXACT,
				.issuer = slice_str(issuer),
				.subject_kind = MATCH_PATTERN,
				.subject = SLICE(".*"),
				.created_us = (NOW_S - 10) * US_PER_S };

	return row_put(tx, &table_identities, &row);
}

TEST(only_an_identity_that_names_our_issuer_is_assumed_by_a_person)
{
	static char ours[] = URL, theirs[] = GOOGLE;
	struct person ada = google("assumer"), confined = own_provider("assumer");
	const struct json *claims;
	const char *text;
	slice token;

	enroll(&ada);
	enroll(&confined);
	CHECK_OK(uid_new_child(&elsewhere, (const uint8_t *)"machine1", &machine));
	text = uid_text(&machine, arena);
	CHECK_OK(world_change(put_machine, theirs));
	CHECK_FAULT(FAULT_DENIED, exchange(sign_in(&ada), URL, text, &token));
	CHECK_OK(world_change(put_machine, ours));
	CHECK_OK(exchange(sign_in(&ada), URL, text, &token));
	claims = claims_of(token);
	CHECK_SLICE(text_at(claims, "sub", NULL), text);
	CHECK_SLICE(text_at(claims, "act", "iss"), URL);
	/* CVE-2026-9094: not from another organization's provider */
	CHECK_FAULT(FAULT_DENIED, exchange(sign_in(&confined), URL, text, &token));
	CHECK_FAULT(FAULT_DENIED, exchange(access_of(&confined), URL, text, &token));
	CHECK_OK(uid_new_child(&org, (const uint8_t *)"machine1", &machine));
	CHECK_OK(world_change(put_machine, ours));
	CHECK_OK(exchange(sign_in(&confined), URL, uid_text(&machine, arena), &token));
	CHECK_SLICE(text_at(claims_of(token), "confined_to", NULL), uid_text(&org, arena));
}

/* ---- an organization's own provider ---- */

struct bound {
	struct uid identity, group;
	const char *role, *id;
};

static status put_binding(struct tx *tx, void *arg)
{
	const struct bound *bound = arg;
	struct binding row = { .group = bound->group,
			       .identity = bound->identity,
			       .role = role_builtin_by_name(slice_str(bound->role))->uid };

	TRY(uid_new_child(&bound->group, (const uint8_t *)bound->id, &row.uid));
	return row_put(tx, &table_bindings, &row);
}

static status drop_bindings(struct tx *tx, void *arg)
{
	struct query query;
	int64_t count;

	query_init(&query);
	query_eq_uid(&query, BINDINGS_IDENTITY, arg);
	return row_delete_all(tx, &table_bindings, &query, &count);
}

TEST(a_providers_session_holds_nothing_outside_its_organization_CVE_2026_9094)
{
	struct person person = own_provider("inside");
	struct uid uid = identity_of(&person);
	struct bound here = { uid, org, "viewer", "inside-1" }, there = { uid, elsewhere, "owner", "inside-2" };
	struct identity row = { .uid = uid };
	slice token, scopes[] = { slice_str(uid_text(&elsewhere, arena)) }, audiences[] = { SLICE(URL) };
	struct people_want want = { .audiences = audiences, .audiences_count = 1, .scopes = scopes, .scopes_count = 1 };
	const struct json *claims;

	enroll(&person);
	CHECK_OK(world_change(put_binding, &here));
	CHECK_OK(world_change(put_binding, &there));
	token = access_of(&person);
	claims = claims_of(token);
	CHECK_INT(json_member(claims, "cap")->count, 1);
	CHECK(json_member(json_member(claims, "cap"), uid_text(&org, arena)));
	CHECK_SLICE(text_at(claims, "confined_to", NULL), uid_text(&org, arena));
	/* asked for by name, and of the token that was given */
	CHECK_OK(people_exchange(caller(), sign_in(&person), &want, &token));
	CHECK_INT(json_member(claims_of(token), "cap")->count, 0);
	CHECK_OK(people_exchange(caller(), access_of(&person), &want, &token));
	claims = claims_of(token);
	CHECK_INT(json_member(claims, "cap")->count, 0);
	CHECK_SLICE(text_at(claims, "confined_to", NULL), uid_text(&org, arena));
	/* what it says of an address is worth nothing elsewhere */
	CHECK(!json_member(claims, "email_verified")->truth);
	CHECK_OK(store_read(parts.store, read_identity, &row, arena));
	CHECK_SLICE(row.email, "");
	CHECK_SLICE(row.email_unverified, "inside@example.com");
}

/* An organization made there would be one outside of it, with rights in it. */
TEST(a_providers_session_makes_no_organization)
{
	struct person person = own_provider("founder");
	struct uid uid = identity_of(&person), place;
	struct world_call *made = as(&uid, METHOD_GROUPS_CREATE_GROUP);
	resolve_fn resolve = resolver_find(SLICE("group_parent"));
	Chainguard__Platform__Iam__V2__CreateGroupRequest in;
	bool is_open;

	chainguard__platform__iam__v2__create_group_request__init(&in);
	CHECK(resolve);
	for (int may = 0; may < 2; may++) {
		settings.anyone_creates_organizations = may;
		made->caller.confined_to = (struct uid){ 0 };
		CHECK_OK(resolve(&made->call, &in, &place, &is_open));
		CHECK(is_open == may && uid_is_none(&place));
		made->caller.confined_to = org;
		CHECK_OK(resolve(&made->call, &in, &place, &is_open));
		CHECK(!is_open && uid_is_none(&place));
	}
	settings.anyone_creates_organizations = false;
}

static status put_identity(struct tx *tx, void *arg)
{
	return row_put(tx, &table_identities, arg);
}

TEST(a_default_role_is_given_at_the_first_sign_in_and_never_again)
{
	static char role[] = "viewer";
	struct person early = own_provider("early"), late = own_provider("late");
	struct uid uid = identity_of(&late), before = identity_of(&early);

	enroll(&early);
	CHECK_OK(world_change(put_provider, role));
	enroll(&early);
	CHECK_INT(bindings_of(&before), 0); /* it had signed in before */
	enroll(&late);
	CHECK_INT(bindings_of(&uid), 1);
	CHECK_INT(events_of("dev.chainguard.api.iam.rolebindings.created.v1", &uid), 1);
	enroll(&late);
	CHECK_INT(bindings_of(&uid), 1);
	CHECK_OK(world_change(drop_bindings, &uid));
	enroll(&late);
	CHECK_INT(bindings_of(&uid), 0);
	CHECK_OK(world_change(put_provider, NULL));
}

TEST(who_has_an_account_already_gets_a_default_role_at_the_first_exchange_there)
{
	static char role[] = "viewer";
	struct person person = own_provider("known");
	struct uid uid = identity_of(&person);
	struct identity row = { .uid = uid, .name = SLICE("known"), .created_us = NOW_S * US_PER_S };
	slice token;

	CHECK_OK(world_change(put_identity, &row));
	CHECK_OK(world_change(put_provider, role));
	CHECK_OK(exchange(sign_in(&person), URL, "", &token));
	CHECK_INT(bindings_of(&uid), 1);
	CHECK_OK(world_change(put_provider, NULL));
}

TEST(a_suspended_organization_lets_nobody_in_and_nobody_go_on)
{
	struct person person = own_provider("suspended");
	slice access, token;

	enroll(&person);
	access = access_of(&person);
	CHECK_OK(exchange(access, URL, "", &token));
	CHECK_OK(world_set_status(WORLD_SUSPENDED));
	CHECK_FAULT(FAULT_DENIED, exchange(sign_in(&person), URL, "", &token));
	CHECK_FAULT(FAULT_DENIED, exchange(access, URL, "", &token));
	CHECK_OK(world_set_status(WORLD_ALIVE));
	CHECK_OK(exchange(access, URL, "", &token));
}

/* ---- what ended while it was under way ---- */

static status put_account(struct tx *tx, void *arg)
{
	struct account row = { .login = SLICE("ada@example.com"), .subject = SLICE("local-1"), .is_disabled = *(bool *)arg };

	return row_put(tx, &table_accounts, &row);
}

static FALLIBLE join_as(const struct person *person)
{
	Reeve__V1__JoinPeopleRequest in;
	Reeve__V1__JoinPeopleResponse out;
	Reeve__V1__SignedIn who;

	reeve__v1__signed_in__init(&who);
	reeve__v1__join_people_request__init(&in);
	reeve__v1__join_people_response__init(&out);
	who.issuer = arena_text(arena, person->issuer);
	who.subject = arena_text(arena, person->subject);
	who.connection = arena_text(arena, person->connection);
	if (!uid_is_none(&person->confined_to))
		who.confined_to = uid_text(&person->confined_to, arena);
	in.person = &who;
	return parts.nested(caller(), NULL, SLICE(""), METHOD_REEVE_PEOPLE_JOIN, &in, &out);
}

static FALLIBLE spend_as(const struct person *person, const char *once)
{
	struct login login = { .person = *person };
	struct assumed who = { .login = &login, .once = slice_str(once), .once_until_s = NOW_S + 60 };
	slice audience = SLICE(URL);

	return people_spend(caller(), &who, &audience, 1);
}

/* The token was read before; the account is asked again in the transaction that counts. */
TEST(nobody_comes_by_an_account_that_was_switched_off_meanwhile_CVE_2024_46999)
{
	struct person local = { .issuer = SLICE(URL "/local"), .subject = SLICE("local-1"), .connection = SLICE("email") };
	bool is_disabled = false;

	CHECK_FAULT(FAULT_UNAUTHENTIC, join_as(&local)); /* none is there */
	CHECK_OK(world_change(put_account, &is_disabled));
	CHECK_OK(join_as(&local));
	CHECK_OK(spend_as(&local, "one"));
	CHECK_FAULT(FAULT_UNAUTHENTIC, spend_as(&local, "one"));
	is_disabled = true;
	CHECK_OK(world_change(put_account, &is_disabled));
	CHECK_FAULT(FAULT_UNAUTHENTIC, join_as(&local));
	CHECK_FAULT(FAULT_UNAUTHENTIC, spend_as(&local, "two"));
	is_disabled = false;
	CHECK_OK(world_change(put_account, &is_disabled));
	CHECK_OK(spend_as(&local, "two")); /* what was refused used nothing up */
}

TEST(nobody_comes_to_another_organization_by_a_provider_than_its_own)
{
	struct person person = own_provider("stray");

	person.confined_to = elsewhere;
	CHECK_FAULT(FAULT_UNAUTHENTIC, join_as(&person));
	person.confined_to = org;
	CHECK_OK(join_as(&person));
	person.confined_to = elsewhere;
	CHECK_FAULT(FAULT_UNAUTHENTIC, spend_as(&person, "three"));
}

/* ---- leaving ---- */

static FALLIBLE leave(const struct uid *who, const struct uid *id, const struct uid *confined_to)
{
	Chainguard__Platform__Auth__DeletionRequest in;
	struct world_call *made = as(who, METHOD_V1_AUTH_DELETE);

	chainguard__platform__auth__deletion_request__init(&in);
	in.id = uid_text(id, arena);
	if (confined_to)
		made->caller.confined_to = *confined_to;
	return world_write(made, (status(*)(struct call *, void *, void *))method_handlers[METHOD_V1_AUTH_DELETE], &in, NULL);
}

static status put_session(struct tx *tx, void *arg)
{
	const struct uid *identity = arg;
	struct family family = {
		.id = uid_bytes(identity), .identity = *identity, .expires_us = INT64_MAX, .idle_us = INT64_MAX
	};
	struct access_request request = { .group = org, .identity = *identity };

	TRY(row_put(tx, &table_families, &family));
	return row_put(tx, &table_access_requests, &request);
}

/* Its organization made it, and alone takes it away. */
TEST(a_machine_does_not_delete_itself)
{
	struct query query;
	char subject[] = "anybody";

	CHECK_OK(uid_new_child(&org, (const uint8_t *)"machine1", &machine));
	CHECK_OK(world_change(put_machine, subject));
	CHECK_FAULT(FAULT_DENIED, leave(&machine, &machine, NULL));
	query_init(&query);
	query_eq_uid(&query, IDENTITIES_UID, &machine);
	CHECK_INT(world_count(&table_identities, &query), 1);
}

TEST(one_leaves_by_oneself_and_takes_everything_along)
{
	struct person ada = google("leaver"), confined = own_provider("leaver");
	struct uid uid = identity_of(&ada), theirs = identity_of(&confined);
	struct bound there = { theirs, elsewhere, "viewer", "leaver-1" }, here = { uid, org, "viewer", "leaver-2" };
	struct query query;
	bool known;

	enroll(&ada);
	enroll(&confined);
	CHECK_OK(world_change(put_binding, &here));
	CHECK_OK(world_change(put_session, &uid));
	CHECK_FAULT(FAULT_DENIED, leave(&owner, &uid, NULL));
	CHECK_OK(leave(&uid, &uid, NULL));
	CHECK_OK(people_known(caller(), &ada, &known));
	CHECK(!known);
	CHECK_INT(bindings_of(&uid), 0);
	CHECK_INT(events_of("dev.chainguard.api.iam.rolebindings.deleted.v1", &uid), 1);
	query_init(&query);
	query_eq_uid(&query, FAMILIES_IDENTITY, &uid);
	CHECK_INT(world_count(&table_families, &query), 0);
	CHECK_FAULT(FAULT_ABSENT, leave(&uid, &uid, NULL));
	/* An organization's provider does not take away what others gave. */
	CHECK_OK(world_change(put_binding, &there));
	CHECK_FAULT(FAULT_DENIED, leave(&theirs, &theirs, &org));
	CHECK_INT(bindings_of(&theirs), 1);
	CHECK_OK(world_change(drop_bindings, &theirs));
	CHECK_OK(leave(&theirs, &theirs, &org));
}

/* ---- codes ---- */

static status put_rule(struct tx *tx, void *arg)
{
	struct signin_rule rule = { .group = *(struct uid *)arg, .is_code_off = true };

	return row_put(tx, &table_signin_rules, &rule);
}

TEST(an_organization_switches_codes_off_for_its_people)
{
	struct person ada = google("coder"), confined = own_provider("coder");
	struct uid uid = identity_of(&ada);
	struct bound below = { uid, folder, "viewer", "coder-01" };
	bool allowed;

	CHECK_OK(people_code_allowed(caller(), &ada, NULL, &allowed));
	CHECK(allowed);
	CHECK_OK(people_code_allowed(caller(), &confined, NULL, &allowed));
	CHECK(allowed);
	CHECK_OK(world_change(put_rule, &org));
	CHECK_OK(people_code_allowed(caller(), &ada, NULL, &allowed));
	CHECK(allowed);
	CHECK_OK(people_code_allowed(caller(), &confined, NULL, &allowed));
	CHECK(!allowed);
	CHECK_OK(world_change(put_binding, &below));
	CHECK_OK(people_code_allowed(caller(), &ada, NULL, &allowed));
	CHECK(!allowed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registering_makes_one_account_and_one_event),
		cmocka_unit_test(the_record_of_registering_says_who_it_was),
		cmocka_unit_test(what_lists_show_of_a_person_is_clean_and_the_latest),
		cmocka_unit_test(e_mail_as_identity),
		cmocka_unit_test(an_exchange_needs_an_account_and_gives_what_it_holds),
		cmocka_unit_test(a_sign_in_is_exchanged_once_for_each_audience_CVE_2025_46815),
		cmocka_unit_test(a_sign_in_token_opens_nothing_but_exchange_and_register),
		cmocka_unit_test(values_are_used_once_under_their_label),
		cmocka_unit_test(only_an_identity_that_names_our_issuer_is_assumed_by_a_person),
		cmocka_unit_test(a_providers_session_holds_nothing_outside_its_organization_CVE_2026_9094),
		cmocka_unit_test(a_providers_session_makes_no_organization),
		cmocka_unit_test(a_default_role_is_given_at_the_first_sign_in_and_never_again),
		cmocka_unit_test(who_has_an_account_already_gets_a_default_role_at_the_first_exchange_there),
		cmocka_unit_test(a_suspended_organization_lets_nobody_in_and_nobody_go_on),
		cmocka_unit_test(nobody_comes_by_an_account_that_was_switched_off_meanwhile_CVE_2024_46999),
		cmocka_unit_test(nobody_comes_to_another_organization_by_a_provider_than_its_own),
		cmocka_unit_test(a_machine_does_not_delete_itself),
		cmocka_unit_test(one_leaves_by_oneself_and_takes_everything_along),
		cmocka_unit_test(an_organization_switches_codes_off_for_its_people),
	};

	return cmocka_run_group_tests(tests, open_people, close_people);
}
