/* An organization's provider brings so many new accounts and no more, at nobody else's cost. */
#include "test.h"

#include "base/clock.h"
#include "service/budget.h"

static struct uid organization(unsigned number)
{
	uint8_t random[UID_ROOT_BYTES] = "organization";

	memcpy(random + 12, &number, sizeof(number));
	return uid_new_root(random);
}

TEST(one_organization_uses_up_its_own_budget_alone)
{
	struct uid ours = organization(1), theirs = organization(2);
	int64_t now_us = INT64_C(1800000000) * US_PER_S;

	for (int i = 0; i < BUDGET_BURST; i++)
		CHECK_OK(budget_take(&ours, now_us));
	CHECK_FAULT(FAULT_EXHAUSTED, budget_take(&ours, now_us));
	CHECK_FAULT(FAULT_EXHAUSTED, budget_take(&ours, now_us - US_PER_S)); /* a clock set back gives nothing */
	CHECK_OK(budget_take(&theirs, now_us));
	now_us += BUDGET_EVERY_S * US_PER_S;
	CHECK_OK(budget_take(&ours, now_us));
	CHECK_FAULT(FAULT_EXHAUSTED, budget_take(&ours, now_us));
	/* So many others that one must be forgotten: it is one that had most left. */
	for (unsigned i = 3; i < 3 + 2 * BUDGET_ORGANIZATIONS; i++) {
		struct uid other = organization(i);
		CHECK_OK(budget_take(&other, now_us));
	}
	CHECK_FAULT(FAULT_EXHAUSTED, budget_take(&ours, now_us));
}

TESTS(one_organization_uses_up_its_own_budget_alone)
