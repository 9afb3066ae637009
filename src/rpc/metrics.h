/*
 * metrics: what happened, as numbers with bounded labels, in Prometheus' text form.
 */
#ifndef RPC_METRICS_H
#define RPC_METRICS_H

#include "base/buffer.h"
#include "schema/method.h"

struct metrics;

struct metrics *metrics_new(void);
struct metrics *metrics_free(struct metrics *metrics);
/* Any thread. */
void metrics_call(struct metrics *metrics, enum method_id method, enum fault fault, int64_t took_us);
/* reeve_calls_total{method,code} (only what happened) and reeve_call_seconds{method}'s histogram. */
void metrics_write(const struct metrics *metrics, struct buffer *into);
/* One sample line: name value. */
void metrics_sample(struct buffer *into, const char *name, const char *kind, const char *help, uint64_t value);

#endif
