/*
 * Lists: a page's token goes on with the list it came from and no other.
 */
#include "world.h"

#include "iam/v2/identities.pb-c.h"

static status put_machines(struct tx *tx, void *arg)
{
	static const char *const names[] = { "claims-1", "claims-2", "claims-3" };

	(void)arg;
	for (size_t i = 0; i < 3; i++) {
		struct identity row = { .parent = org,
					.name = slice_str(names[i]),
					.relationship = RELATIONSHIP_CLAIM_MATCH,
					.issuer_kind = MATCH_EXACT,
					.issuer = SLICE("https://issuer.example.com"),
					.subject_kind = MATCH_EXACT,
					.subject = slice_str(names[i]) };
		TRY(uid_new_child(&org, (const uint8_t *)names[i], &row.uid));
		TRY(row_put(tx, &table_identities, &row));
	}
	return OK;
}

/* One to a page. */
static FALLIBLE list(int relationship, const char *page_token, Chainguard__Platform__Iam__V2__ListIdentitiesResponse *out)
{
	enum method_id method = METHOD_IDENTITIES_LIST_IDENTITIES;
	Chainguard__Platform__Iam__V2__ListIdentitiesRequest in;

	chainguard__platform__iam__v2__list_identities_request__init(&in);
	chainguard__platform__iam__v2__list_identities_response__init(out);
	in.relationship_type = (Chainguard__Platform__Iam__V2__RelationshipType)relationship;
	in.page_size = 1;
	in.page_token = arena_printf(arena, "%s", page_token);
	return world_read(as(&owner, method), (status(*)(struct call *, void *, void *))method_handlers[method], &in, out);
}

TEST(a_page_token_is_refused_when_a_number_that_is_asked_for_differs)
{
	Chainguard__Platform__Iam__V2__ListIdentitiesResponse first, next;

	CHECK_OK(world_change(put_machines, NULL));
	CHECK_OK(list(RELATIONSHIP_CLAIM_MATCH, "", &first));
	CHECK_INT(first.n_identities, 1);
	CHECK(*first.next_page_token);
	CHECK_FAULT(FAULT_INVALID, list(RELATIONSHIP_STATIC, first.next_page_token, &next));
	CHECK_SLICE(slice_str(report_current()->field), "page_token");
	CHECK_FAULT(FAULT_INVALID, list(RELATIONSHIP_NONE, first.next_page_token, &next));
	CHECK_OK(list(RELATIONSHIP_CLAIM_MATCH, first.next_page_token, &next));
	CHECK_INT(next.n_identities, 1);
	CHECK(strcmp(first.identities[0]->uid, next.identities[0]->uid) != 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_token_is_refused_when_a_number_that_is_asked_for_differs),
	};

	return cmocka_run_group_tests(tests, world_open, world_close);
}
