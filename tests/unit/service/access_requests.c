/*
 * Asking to be let in: who waits already is not written about again, and strangers cannot fill an organization's list for ever.
 */
#include "world.h"

#include "reeve/v1/organizations.pb-c.h"
#include "service/access_requests.h"

#define ASKS_OF "{\"iss\":\"" GOOGLE "\",\"sub\":\"eve\"}"

static struct uid eve;

static status build(struct tx *tx, void *arg)
{
	struct identity asks = { .uid = eve, .name = SLICE("eve"), .created_us = (NOW_S - 10) * US_PER_S },
			told = { .uid = owner };
	bool found;

	(void)arg;
	TRY(row_insert(tx, &table_identities, &asks));
	TRY(row_find(tx, &table_identities, &told, &told, &found));
	told.email = SLICE("owner@elsewhere.example");
	return row_update(tx, &table_identities, &told);
}

static int open_world(void **state)
{
	static const struct connection google = { .name = { "google-oauth2", 13 }, .issuer = { GOOGLE, sizeof(GOOGLE) - 1 } };

	CHECK_INT(world_open(state), 0);
	settings.connections = &google;
	settings.connections_count = 1;
	eve = uid_new_root((const uint8_t *)"eve-would-like-to-jo");
	CHECK_OK(world_change(build, NULL));
	return 0;
}

static FALLIBLE ask(Reeve__V1__AddAccessRequestResponse *out)
{
	struct world_call *made = as(&eve, METHOD_REEVE_ORGANIZATIONS_ADD_ACCESS_REQUEST);
	Reeve__V1__AddAccessRequestRequest in;

	made->caller.email = SLICE("Eve@example.com");
	made->caller.email_is_verified = true;
	made->caller.act = SLICE(ASKS_OF);
	reeve__v1__add_access_request_request__init(&in);
	reeve__v1__add_access_request_response__init(out);
	in.organization_uid = uid_text(&org, arena);
	return world_write(
		made, (status(*)(struct call *, void *, void *))method_handlers[METHOD_REEVE_ORGANIZATIONS_ADD_ACCESS_REQUEST],
		&in, out);
}

static status drop_all(struct tx *tx, void *arg)
{
	struct query query;
	int64_t count;

	(void)arg;
	query_init(&query);
	query_eq_uid(&query, ACCESS_REQUESTS_GROUP, &org);
	return row_delete_all(tx, &table_access_requests, &query, &count);
}

static FALLIBLE dismiss(void)
{
	Reeve__V1__DismissAccessRequestRequest in;
	Google__Protobuf__Empty out;

	reeve__v1__dismiss_access_request_request__init(&in);
	google__protobuf__empty__init(&out);
	in.organization_uid = uid_text(&org, arena);
	in.identity_uid = uid_text(&eve, arena);
	return world_write(
		as(&owner, METHOD_REEVE_ORGANIZATIONS_DISMISS_ACCESS_REQUEST),
		(status(*)(struct call *, void *, void *))method_handlers[METHOD_REEVE_ORGANIZATIONS_DISMISS_ACCESS_REQUEST],
		&in, &out);
}

TEST(owners_hear_of_a_request_once_and_again_only_after_they_took_it_off_the_list)
{
	Reeve__V1__AddAccessRequestResponse told;

	CHECK_OK(ask(&told));
	assert_string_equal(told.email, "eve@example.com");
	CHECK_INT(told.n_owner_emails, 1);
	assert_string_equal(told.owner_emails[0], "owner@elsewhere.example");
	CHECK_FAULT(FAULT_EXHAUSTED, ask(&told));
	clock_move(&now, (NOW_S + ACCESS_REQUEST_AGAIN_S) * US_PER_S - 1);
	CHECK_FAULT(FAULT_EXHAUSTED, ask(&told));
	clock_move(&now, (NOW_S + ACCESS_REQUEST_AGAIN_S) * US_PER_S);
	CHECK_OK(ask(&told)); /* it goes to the top of the list */
	CHECK_INT(told.n_owner_emails, 0);
	CHECK_OK(dismiss());
	CHECK_FAULT(FAULT_ABSENT, dismiss());
	CHECK_OK(ask(&told));
	CHECK_INT(told.n_owner_emails, 1);
	CHECK_OK(dismiss());
	clock_move(&now, NOW_S * US_PER_S);
}

TEST(who_deletes_their_account_and_asks_again_brings_no_letters)
{
	Reeve__V1__AddAccessRequestResponse told;

	CHECK_OK(ask(&told));
	CHECK_INT(told.n_owner_emails, 1);
	for (int i = 0; i < 3; i++) {
		CHECK_OK(world_change(drop_all, NULL)); /* as with the account */
		CHECK_OK(ask(&told));
		CHECK_INT(told.n_owner_emails, 0);
	}
	CHECK_OK(dismiss());
}

static status wait_so_many(struct tx *tx, void *arg)
{
	uint8_t bytes[UID_ROOT_BYTES] = "somebody-who-waits-";

	for (int i = 0; i < *(int *)arg; i++) {
		struct access_request row = { .group = org, .created_us = NOW_S * US_PER_S };
		struct identity who = { .name = SLICE("waits"), .created_us = NOW_S * US_PER_S };

		memcpy(bytes, &i, sizeof(i));
		row.identity = who.uid = uid_new_root(bytes);
		TRY(row_put(tx, &table_identities, &who));
		TRY(row_insert(tx, &table_access_requests, &row));
	}
	return OK;
}

TEST(so_many_wait_in_one_organization_and_no_more)
{
	Reeve__V1__AddAccessRequestResponse told;
	int most = ACCESS_REQUESTS_MAX, fewer = ACCESS_REQUESTS_MAX - 1;

	CHECK_OK(world_change(drop_all, NULL));
	CHECK_OK(world_change(wait_so_many, &most));
	CHECK_FAULT(FAULT_EXHAUSTED, ask(&told));
	CHECK_OK(world_change(drop_all, NULL));
	CHECK_OK(world_change(wait_so_many, &fewer));
	CHECK_OK(ask(&told));
	CHECK_INT(told.n_owner_emails, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(owners_hear_of_a_request_once_and_again_only_after_they_took_it_off_the_list),
		cmocka_unit_test(who_deletes_their_account_and_asks_again_brings_no_letters),
		cmocka_unit_test(so_many_wait_in_one_organization_and_no_more),
	};

	return cmocka_run_group_tests(tests, open_world, world_close);
}
