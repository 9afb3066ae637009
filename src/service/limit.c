/*
 * limit: how many of a kind an organization may have.
 *
 * Counting an organization's rows takes longer the more there are, so they are counted seldom: what was counted and what was
 * begun since is remembered, bounded, and as long as their sum is below the limit nothing more is asked. The sum is never too
 * small: it forgets deletions and counts what failed. When it reaches the limit, the rows are counted again.
 */
#include <pthread.h>

#include "service/support.h"

#define SLOTS 1024 /* a power of two: organizations times kinds that are remembered; another one takes its place */
#define EPOCH_BYTES 16

struct slot {
	char epoch[EPOCH_BYTES]; /* of the store: a test has several in one process */
	const struct table *table;
	struct uid organization;
	int64_t at_most; /* rows there are */
};

static struct slot slots[SLOTS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* held for one comparison */

FALLIBLE limit_of(struct call *call, const struct uid *organization, const char *kind, int64_t by_default, int64_t *ret_most)
{
	struct limit row = { .group = *organization, .kind = slice_str(kind) };
	bool found;

	TRY(row_find(call->tx, &table_limits, &row, &row, &found));
	*ret_most = found ? row.most : by_default > 0 ? by_default : -1;
	return OK;
}

static struct slot *slot_of(const struct uid *organization, const struct table *table)
{
	uint32_t tail;

	memcpy(&tail, organization->at + UID_ROOT_BYTES - sizeof(tail), sizeof(tail)); /* an id's end is random */
	return &slots[(tail + table_index(table)) & (SLOTS - 1)];
}

static slice epoch_of(const struct call *call)
{
	return slice_to(store_epoch(call->parts->store), EPOCH_BYTES);
}

/* Room for one more without counting, which is then taken. */
static bool has_room(const struct call *call, const struct uid *organization, const struct table *table, int64_t most)
{
	struct slot *slot = slot_of(organization, table);
	bool has;

	(void)pthread_mutex_lock(&lock); /* cannot fail: a plain mutex of ours */
	has = slot->table == table && uid_eq(&slot->organization, organization) &&
	      slice_eq(slice_of(slot->epoch, EPOCH_BYTES), epoch_of(call)) && slot->at_most < most;
	slot->at_most += has;
	(void)pthread_mutex_unlock(&lock);
	return has;
}

static void remember(const struct call *call, const struct uid *organization, const struct table *table, int64_t at_most)
{
	struct slot *slot = slot_of(organization, table);

	(void)pthread_mutex_lock(&lock); /* as above */
	slot->table = table;
	slot->organization = *organization;
	slot->at_most = at_most;
	memcpy(slot->epoch, epoch_of(call).at, EPOCH_BYTES);
	(void)pthread_mutex_unlock(&lock);
}

FALLIBLE limit_check(struct call *call, const struct uid *place, const struct table *table, const char *kind,
		     int64_t by_default)
{
	struct uid organization = uid_root(place);
	struct query query;
	int64_t most, count;

	TRY(limit_of(call, &organization, kind, by_default, &most));
	if (most < 0 || has_room(call, &organization, table, most))
		return OK;
	query_init(&query);
	query_uids(&query, WHERE_BELOW, 0, &organization, 1); /* column 0 of every table is the uid */
	TRY(row_count(call->tx, table, &query, &count));
	if (count >= most)
		return FAIL(FAULT_EXHAUSTED, "the organization has reached its limit of %lld %s; an operator can raise it",
			    (long long)most, kind);
	remember(call, &organization, table, count + 1);
	return OK;
}
