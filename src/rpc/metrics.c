#include "rpc/metrics.h"

#include <stdatomic.h>

#include "base/mem.h"

static const int64_t edges_us[] = { 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000, 5000000 };
#define EDGES (sizeof(edges_us) / sizeof(*edges_us))

struct row {
	_Atomic uint64_t ended[FAULT_COUNT];
	_Atomic uint64_t took[EDGES + 1];
	_Atomic uint64_t took_us;
};

struct metrics {
	struct row rows[METHOD_COUNT];
};

struct metrics *metrics_new(void)
{
	return NEW_ZERO(struct metrics);
}

struct metrics *metrics_free(struct metrics *metrics)
{
	return mem_free(metrics);
}

static void add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

void metrics_call(struct metrics *metrics, enum method_id method, enum fault fault, int64_t took_us)
{
	struct row *row = &metrics->rows[method];
	size_t i = 0;

	while (i < EDGES && took_us > edges_us[i])
		i++;
	add(&row->ended[fault], 1);
	add(&row->took[i], 1);
	add(&row->took_us, took_us > 0 ? (uint64_t)took_us : 0);
}

void metrics_sample(struct buffer *into, const char *name, const char *kind, const char *help, uint64_t value)
{
	buffer_printf(into, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, kind, name, (unsigned long long)value);
}

static uint64_t get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Several faults may be told by one code, which is one line. 0 for all but the first of them. */
static uint64_t ended_with(const struct row *row, enum fault fault)
{
	const char *name = fault_row(fault)->grpc_name;
	uint64_t sum = 0;

	for (enum fault f = 0; f < FAULT_COUNT; f++) {
		if (strcmp(fault_row(f)->grpc_name, name) != 0)
			continue;
		if (f < fault)
			return 0;
		sum += get(&row->ended[f]);
	}
	return sum;
}

static void write_ended(const struct metrics *metrics, struct buffer *into)
{
	buffer_text(into, "# HELP reeve_calls_total Calls by method and outcome.\n# TYPE reeve_calls_total counter\n");
	for (size_t m = 0; m < METHOD_COUNT; m++)
		for (enum fault f = 0; f < FAULT_COUNT; f++)
			if (ended_with(&metrics->rows[m], f))
				buffer_printf(into, "reeve_calls_total{method=\"%s\",code=\"%s\"} %llu\n", methods[m].label,
					      fault_row(f)->grpc_name, (unsigned long long)ended_with(&metrics->rows[m], f));
}

static void write_took(const struct row *row, const char *label, struct buffer *into)
{
	uint64_t sum = 0;

	for (size_t i = 0; i <= EDGES; i++) {
		sum += get(&row->took[i]);
		if (i < EDGES)
			buffer_printf(into, "reeve_call_seconds_bucket{method=\"%s\",le=\"%g\"} %llu\n", label,
				      (double)edges_us[i] / 1e6, (unsigned long long)sum);
	}
	buffer_printf(into, "reeve_call_seconds_bucket{method=\"%s\",le=\"+Inf\"} %llu\n", label, (unsigned long long)sum);
	buffer_printf(into, "reeve_call_seconds_sum{method=\"%s\"} %.6f\nreeve_call_seconds_count{method=\"%s\"} %llu\n", label,
		      (double)get(&row->took_us) / 1e6, label, (unsigned long long)sum);
}

void metrics_write(const struct metrics *metrics, struct buffer *into)
{
	write_ended(metrics, into);
	buffer_text(into, "# HELP reeve_call_seconds Time from request to answer.\n# TYPE reeve_call_seconds histogram\n");
	for (size_t m = 0; m < METHOD_COUNT; m++) {
		uint64_t any = 0;
		for (size_t i = 0; i <= EDGES; i++)
			any += get(&metrics->rows[m].took[i]);
		if (any)
			write_took(&metrics->rows[m], methods[m].label, into);
	}
}
