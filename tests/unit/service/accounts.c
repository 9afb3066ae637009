/*
 * Local accounts: who knows the password signs in, and nobody else learns anything.
 */
#include "invited.h"

#include "reeve/v1/accounts.pb-c.h"
#include "service/accounts.h"

#define PASSWORD SLICE("three green boats at noon")

static status any_handler(struct call *call, void *in, void *out)
{
	return method_handlers[call->method->id](call, in, out);
}

static int open_world(void **state)
{
	int result = world_open(state);

	parts.nested = world_nest;
	return result;
}

static struct call *worker(void)
{
	return &as(NULL, METHOD_V1_AUTH_VALIDATE)->call;
}

/* The secret at the end of a link. */
static slice secret_of(const char *link)
{
	CHECK(strstr(link, URL ACCOUNT_LINK_PATH) == link);
	return slice_str(link + sizeof(URL ACCOUNT_LINK_PATH) - 1);
}

static slice create(const char *login)
{
	Reeve__V1__CreateAccountRequest in;
	Reeve__V1__AccountLink out;

	reeve__v1__create_account_request__init(&in);
	reeve__v1__account_link__init(&out);
	in.login = (char *)(uintptr_t)login;
	in.name = (char *)(uintptr_t) "Ada";
	CHECK_OK(world_write(as(&owner, METHOD_REEVE_ACCOUNTS_CREATE_ACCOUNT), any_handler, &in, &out));
	return secret_of(out.link);
}

static slice new_link(const char *login)
{
	Reeve__V1__CreateResetLinkRequest in;
	Reeve__V1__AccountLink out;

	reeve__v1__create_reset_link_request__init(&in);
	reeve__v1__account_link__init(&out);
	in.login = (char *)(uintptr_t)login;
	CHECK_OK(world_write(as(&owner, METHOD_REEVE_ACCOUNTS_CREATE_RESET_LINK), any_handler, &in, &out));
	return secret_of(out.link);
}

static FALLIBLE disable(const char *login)
{
	Reeve__V1__DisableAccountRequest in;
	Reeve__V1__Account out;

	reeve__v1__disable_account_request__init(&in);
	reeve__v1__account__init(&out);
	in.login = (char *)(uintptr_t)login;
	return world_write(as(&owner, METHOD_REEVE_ACCOUNTS_DISABLE_ACCOUNT), any_handler, &in, &out);
}

static bool signs_in(const char *login, slice password, struct person *person)
{
	struct person unused;
	bool ok;

	CHECK_OK(account_check(worker(), slice_str(login), password, person ? person : &unused, &ok));
	return ok;
}

TEST(a_link_sets_the_password_once)
{
	slice link = create("ada@example.com"), login;
	struct person person;

	CHECK(!signs_in("ada@example.com", SLICE(""), NULL)); /* none set: nothing matches */
	CHECK_OK(account_reset_find(worker(), link, &login));
	CHECK_SLICE(login, "ada@example.com");
	CHECK_FAULT(FAULT_INVALID, account_set_password(worker(), link, SLICE("short")));
	CHECK_OK(account_set_password(worker(), link, PASSWORD));
	CHECK_FAULT(FAULT_ABSENT, account_set_password(worker(), link, SLICE("another long password")));
	CHECK(signs_in("ada@example.com", PASSWORD, &person));
	CHECK_SLICE(person.issuer, URL "/local");
	CHECK_SLICE(person.connection, "email");
	CHECK_INT(person.subject.len, 32);
	CHECK(!person.email_is_verified); /* an operator's link proves no address */
	CHECK(!signs_in("ada@example.com", SLICE("three green boats at noom"), NULL));
	CHECK(!signs_in("nobody@example.com", PASSWORD, NULL));
	CHECK(!signs_in("no address", PASSWORD, NULL));
}

TEST(a_login_has_one_form_CVE_2025_54998)
{
	CHECK_OK(account_set_password(worker(), create("Form@Example.com"), PASSWORD));
	CHECK(signs_in("form@example.com", PASSWORD, NULL));
	CHECK(signs_in("FORM@EXAMPLE.COM", PASSWORD, NULL));
	CHECK(!signs_in("form@example.com ", PASSWORD, NULL));
	CHECK(!signs_in("form@example.com@evil.example", PASSWORD, NULL));
}

TEST(a_newer_link_ends_the_older_and_a_day_ends_both)
{
	slice first = create("links@example.com"), second = new_link("links@example.com"), login;
	char forged[80];

	CHECK_FAULT(FAULT_ABSENT, account_reset_find(worker(), first, &login));
	CHECK_OK(account_reset_find(worker(), second, &login));
	CHECK_FAULT(FAULT_ABSENT, account_reset_find(worker(), slice_to(second, second.len - 1), &login)); /* CVE-2026-27840 */
	memcpy(forged, second.at, second.len);
	forged[0] = 'm'; /* as if it had been mailed */
	CHECK_FAULT(FAULT_ABSENT, account_reset_find(worker(), slice_of(forged, second.len), &login));
	clock_move(&now, now.fixed_us + ACCOUNT_LINK_LIFE_S * US_PER_S);
	CHECK_FAULT(FAULT_ABSENT, account_reset_find(worker(), second, &login));
	clock_move(&now, NOW_S * US_PER_S);
}

TEST(a_disabled_account_neither_signs_in_nor_follows_links_CVE_2024_46999)
{
	slice link, login;

	CHECK_OK(account_set_password(worker(), create("off@example.com"), PASSWORD));
	link = new_link("off@example.com");
	CHECK_OK(disable("off@example.com"));
	CHECK(!signs_in("off@example.com", PASSWORD, NULL));
	CHECK_FAULT(FAULT_ABSENT, account_reset_find(worker(), link, &login));
}

/* ---- sessions ---- */

static struct uid of_account(const char *login)
{
	struct person person;
	struct uid uid;

	CHECK(signs_in(login, PASSWORD, &person));
	CHECK_OK(user_uid(person.issuer, person.subject, &uid));
	return uid;
}

static status put_session(struct tx *tx, void *arg)
{
	const struct uid *identity = arg;
	struct identity row = { .uid = *identity, .name = SLICE("somebody"), .created_us = NOW_S * US_PER_S };
	struct family family = {
		.id = uid_bytes(identity), .identity = *identity, .expires_us = INT64_MAX, .idle_us = INT64_MAX
	};

	TRY(row_put(tx, &table_identities, &row));
	return row_put(tx, &table_families, &family);
}

static int64_t sessions_of(const struct uid *identity)
{
	struct query query;

	query_init(&query);
	query_eq_uid(&query, FAMILIES_IDENTITY, identity);
	return world_count(&table_families, &query);
}

TEST(a_new_password_and_a_switched_off_account_end_its_sessions_CVE_2024_46999)
{
	struct uid uid, other = owner;

	CHECK_OK(account_set_password(worker(), create("ends@example.com"), PASSWORD));
	uid = of_account("ends@example.com");
	CHECK_OK(world_change(put_session, &uid));
	CHECK_OK(world_change(put_session, &other));
	CHECK_OK(account_set_password(worker(), new_link("ends@example.com"), PASSWORD));
	CHECK_INT(sessions_of(&uid), 0);
	CHECK_OK(world_change(put_session, &uid));
	CHECK_OK(disable("ends@example.com"));
	CHECK_INT(sessions_of(&uid), 0);
	CHECK_INT(sessions_of(&other), 1);
}

/* ---- invites ---- */

static struct given invited(const char *email, bool is_single_use)
{
	struct given given = invite_to(&org, "viewer");

	given.in.email = slice_str(email);
	given.in.is_single_use = is_single_use;
	CHECK_OK(invite_as(&given, &owner));
	return given;
}

struct accepting {
	const struct given *given;
	const struct person *person;
	bool may;
};

static status may_in(struct call *call, void *arg, void *out)
{
	struct accepting *accepting = arg;

	(void)out;
	return account_may_accept(call, accepting->person, accepting->given->invite.digest, accepting->given->invite.email,
				  &accepting->may);
}

static bool may_accept(const struct given *given, const struct person *person)
{
	struct accepting accepting = { given, person, false };

	CHECK_OK(world_read(as(NULL, METHOD_V1_AUTH_REGISTER), may_in, &accepting, NULL));
	return accepting.may;
}

TEST(an_invite_makes_an_account_for_its_address_and_proves_it_to_nobody_else_CVE_2026_27946)
{
	struct given given = invited("grace@example.com", false), other = invited("grace@example.com", false);
	struct person person;

	CHECK_FAULT(FAULT_INVALID,
		    account_from_invite(worker(), given.code, SLICE("eve@example.com"), SLICE("Eve"), PASSWORD, &person));
	CHECK_OK(account_from_invite(worker(), given.code, SLICE("Grace@example.com"), SLICE("Grace"), PASSWORD, &person));
	CHECK_SLICE(person.email, "grace@example.com");
	CHECK(!person.email_is_verified);
	CHECK(may_accept(&given, &person));
	CHECK(!may_accept(&other, &person));
	CHECK(signs_in("grace@example.com", PASSWORD, NULL));
	CHECK_FAULT(FAULT_EXISTS, account_from_invite(worker(), other.code, SLICE("grace@example.com"), SLICE("Eve"),
						      SLICE("four red boats at noon"), &person));
	CHECK(signs_in("grace@example.com", PASSWORD, NULL));
}

TEST(a_single_use_invite_makes_one_account)
{
	struct given given = invited("", true);
	struct person person;

	CHECK_OK(account_from_invite(worker(), given.code, SLICE("one@example.com"), SLICE(""), PASSWORD, &person));
	CHECK_FAULT(FAULT_STATE,
		    account_from_invite(worker(), given.code, SLICE("two@example.com"), SLICE(""), PASSWORD, &person));
	CHECK(!signs_in("two@example.com", PASSWORD, NULL));
	clock_move(&now, now.fixed_us + 3600 * US_PER_S);
	given = invited("", false);
	clock_move(&now, now.fixed_us + 3600 * US_PER_S); /* expiry is asked at use */
	CHECK_FAULT(FAULT_STATE,
		    account_from_invite(worker(), given.code, SLICE("two@example.com"), SLICE(""), PASSWORD, &person));
	clock_move(&now, NOW_S * US_PER_S);
}

struct living {
	const struct person *person;
	bool is_live;
};

static status live_in(struct call *call, void *arg, void *out)
{
	struct living *living = arg;

	(void)out;
	return account_is_live(call, living->person, &living->is_live);
}

static bool is_live(const struct person *person)
{
	struct living living = { person, false };

	CHECK_OK(world_read(as(NULL, METHOD_V1_AUTH_REGISTER), live_in, &living, NULL));
	return living.is_live;
}

TEST(deleting_frees_the_login_but_nobody_becomes_the_same_person_CVE_2026_55670)
{
	Reeve__V1__DeleteAccountRequest in;
	Google__Protobuf__Empty out;
	struct person first, second, google = { .issuer = SLICE("https://accounts.google.com"), .subject = SLICE("1") };

	reeve__v1__delete_account_request__init(&in);
	google__protobuf__empty__init(&out);
	CHECK_OK(account_set_password(worker(), create("again@example.com"), PASSWORD));
	CHECK(signs_in("again@example.com", PASSWORD, &first));
	CHECK(is_live(&first) && is_live(&google));
	in.login = (char *)(uintptr_t) "again@example.com";
	CHECK_OK(world_write(as(&owner, METHOD_REEVE_ACCOUNTS_DELETE_ACCOUNT), any_handler, &in, &out));
	CHECK(!signs_in("again@example.com", PASSWORD, NULL) && !is_live(&first));
	CHECK_OK(account_set_password(worker(), create("again@example.com"), PASSWORD));
	CHECK(signs_in("again@example.com", PASSWORD, &second));
	CHECK(!slice_eq(first.subject, second.subject));
	CHECK_OK(disable("again@example.com"));
	CHECK(!is_live(&second));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_sets_the_password_once),
		cmocka_unit_test(a_login_has_one_form_CVE_2025_54998),
		cmocka_unit_test(a_newer_link_ends_the_older_and_a_day_ends_both),
		cmocka_unit_test(a_disabled_account_neither_signs_in_nor_follows_links_CVE_2024_46999),
		cmocka_unit_test(a_new_password_and_a_switched_off_account_end_its_sessions_CVE_2024_46999),
		cmocka_unit_test(an_invite_makes_an_account_for_its_address_and_proves_it_to_nobody_else_CVE_2026_27946),
		cmocka_unit_test(a_single_use_invite_makes_one_account),
		cmocka_unit_test(deleting_frees_the_login_but_nobody_becomes_the_same_person_CVE_2026_55670),
	};

	return cmocka_run_group_tests(tests, open_world, world_close);
}
