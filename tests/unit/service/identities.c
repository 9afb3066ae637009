/*
 * Identities: an issuer is checked when it is named anew, not whenever something else of the identity changes.
 */
#include "world.h"

#include "service/identities.h"

#define PLAIN "http://issuer.example.com" /* of a host that the configuration let us reach by http once */
#define FIELD "identity.claim_match.issuer"

static struct uid workload;

static struct identity stored(void)
{
	struct identity row = { .parent = org,
				.name = SLICE("builder"),
				.relationship = RELATIONSHIP_CLAIM_MATCH,
				.issuer_kind = MATCH_EXACT,
				.issuer = SLICE(PLAIN),
				.subject_kind = MATCH_EXACT,
				.subject = SLICE("main") };

	row.uid = workload;
	return row;
}

static status put_identity(struct tx *tx, void *arg)
{
	struct identity row;

	(void)arg;
	TRY(uid_new_child(&org, (const uint8_t *)"builder1", &workload));
	row = stored();
	return row_put(tx, &table_identities, &row);
}

static status update_in(struct call *call, void *in, void *out)
{
	struct identity before;

	(void)out;
	TRY(identity_at(call, &workload, &before));
	return identity_update(call, &before, in);
}

static FALLIBLE update(struct identity row)
{
	return world_write(as(&owner, METHOD_IDENTITIES_UPDATE_IDENTITY), update_in, &row, NULL);
}

TEST(an_issuer_that_could_not_be_named_today_may_be_repeated_and_not_moved_to)
{
	struct identity row;

	CHECK_OK(world_change(put_identity, NULL));
	row = stored();
	row.description = SLICE("builds");
	row.subject = SLICE("release");
	CHECK_OK(update(row));
	row.issuer = SLICE(PLAIN "/");
	CHECK_FAULT(FAULT_INVALID, update(row)); /* another one */
	CHECK_SLICE(slice_str(report_current()->field), FIELD);
	row.issuer = SLICE("https://issuer.example.com");
	CHECK_OK(update(row));
	row.issuer = SLICE(PLAIN);
	CHECK_FAULT(FAULT_INVALID, update(row)); /* not back */
}

TEST(an_issuer_stands_checked_by_the_way_it_is_matched)
{
	struct identity row;

	CHECK_OK(world_change(put_identity, NULL));
	row = stored();
	row.issuer_kind = MATCH_PATTERN;
	CHECK_FAULT(FAULT_INVALID, update(row)); /* the same text is another claim */
	row.issuer = SLICE("https://a\\.example\\.com");
	CHECK_OK(update(row));
	row.issuer_kind = MATCH_EXACT;
	CHECK_FAULT(FAULT_INVALID, update(row));
	CHECK_SLICE(slice_str(report_current()->field), FIELD);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_issuer_that_could_not_be_named_today_may_be_repeated_and_not_moved_to),
		cmocka_unit_test(an_issuer_stands_checked_by_the_way_it_is_matched),
	};

	return cmocka_run_group_tests(tests, world_open, world_close);
}
