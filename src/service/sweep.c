#include "service/sweep.h"

/* A table and the column that says when its rows end. */
static const struct {
	const struct table *table;
	int ends_us;
} swept[] = {
	{ &table_marks, MARKS_EXPIRES_US },         { &table_devices, DEVICES_EXPIRES_US },
	{ &table_handovers, HANDOVERS_EXPIRES_US }, { &table_families, FAMILIES_EXPIRES_US },
	{ &table_families, FAMILIES_IDLE_US },
};

struct bite {
	const struct table *table;
	int ends_us;
	int64_t before_us;
	size_t count;
};

static status take_bite(struct tx *tx, void *arg)
{
	struct bite *bite = arg;
	struct query query;
	struct rows rows;
	bool deleted;

	bite->count = 0;
	query_init(&query);
	query_number(&query, WHERE_LESS, bite->ends_us, bite->before_us);
	query.limit = SWEEP_BATCH;
	TRY(row_list(tx, bite->table, &query, &rows));
	for (size_t i = 0; i < rows.count; i++)
		TRY(row_delete(tx, bite->table, (const char *)rows.at + i * bite->table->row_bytes, &deleted));
	bite->count = rows.count;
	return OK;
}

/* Asked in a snapshot first: an idle server writes nothing. */
static status count_due(struct tx *tx, void *arg)
{
	struct bite *bite = arg;
	struct query query;
	struct rows rows;

	query_init(&query);
	query_number(&query, WHERE_LESS, bite->ends_us, bite->before_us);
	query.limit = 1;
	TRY(row_list(tx, bite->table, &query, &rows));
	bite->count = rows.count;
	return OK;
}

FALLIBLE sweep_expired(struct store *store, int64_t now_us, int64_t *ret_count)
{
	*ret_count = 0;
	for (size_t i = 0; i < sizeof(swept) / sizeof(*swept); i++) {
		struct bite bite = { .table = swept[i].table,
				     .ends_us = swept[i].ends_us,
				     .before_us = now_us - SWEEP_GRACE_S * US_PER_S };
		TRY(store_read(store, count_due, &bite, NULL));
		for (int taken = 0; bite.count && taken < SWEEP_BATCHES; taken++) {
			TRY(store_write(store, take_bite, &bite, NULL, NULL));
			*ret_count += (int64_t)bite.count;
			if (bite.count < SWEEP_BATCH)
				break;
		}
	}
	return OK;
}
