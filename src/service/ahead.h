/*
 * ahead: what a writing method needs from the outside world, fetched on a worker before its transaction opens.
 *
 * Promises  such a step runs after the call was admitted from memory, changes nothing, and is no substitute for what the
 *           handler checks in its transaction. To add one: a row in ahead.c.
 */
#ifndef SERVICE_AHEAD_H
#define SERVICE_AHEAD_H

#include "service/call.h"

typedef status (*ahead_fn)(struct call *call, const void *in);
/* The step of this method; NULL for nearly all. */
ahead_fn ahead_find(enum method_id method);

/* The rows (providers_v2.c, v1/providers.c). */
status ahead_create_provider(struct call *call, const void *in);
status ahead_update_provider(struct call *call, const void *in);
status v1_ahead_create_provider(struct call *call, const void *in);
status v1_ahead_update_provider(struct call *call, const void *in);

#endif
