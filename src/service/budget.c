#include "service/budget.h"

#include <pthread.h>

#include "base/clock.h"

/* left: accounts it may bring; 0 and no organization: a free one. */
struct budget {
	struct uid organization;
	int64_t left, at_us;
};

static struct budget budgets[BUDGET_ORGANIZATIONS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void refill_locked(struct budget *budget, int64_t now_us)
{
	int64_t more = (now_us - budget->at_us) / (BUDGET_EVERY_S * US_PER_S);

	if (more <= 0)
		return;
	budget->left = budget->left + more > BUDGET_BURST ? BUDGET_BURST : budget->left + more;
	budget->at_us += more * BUDGET_EVERY_S * US_PER_S;
}

/* Its own, else a free one, else that of whoever has most left. */
static struct budget *budget_locked(const struct uid *organization, int64_t now_us)
{
	struct budget *most = &budgets[0];

	for (size_t i = 0; i < BUDGET_ORGANIZATIONS; i++) {
		if (uid_eq(&budgets[i].organization, organization))
			return &budgets[i];
		if (!uid_is_none(&most->organization) &&
		    (uid_is_none(&budgets[i].organization) || budgets[i].left > most->left))
			most = &budgets[i];
	}
	*most = (struct budget){ .organization = *organization, .left = BUDGET_BURST, .at_us = now_us };
	return most;
}

FALLIBLE budget_take(const struct uid *organization, int64_t now_us)
{
	struct budget *budget;
	bool has_left;

	(void)pthread_mutex_lock(&lock); /* cannot fail: a plain mutex of ours */
	budget = budget_locked(organization, now_us);
	refill_locked(budget, now_us);
	has_left = budget->left > 0;
	if (has_left)
		budget->left--;
	(void)pthread_mutex_unlock(&lock); /* as above */
	if (!has_left)
		return FAIL(FAULT_EXHAUSTED, "this identity provider brings new accounts too fast; try again in a while");
	return OK;
}
