#include "service/settings.h"

#include <stdatomic.h>

#include "service/call.h"

const struct settings *settings_now(const struct parts *parts)
{
	return atomic_load_explicit(&parts->settings, memory_order_acquire);
}

/* Apart from the settings, which nobody writes once they are in force. */
struct settings_life {
	_Atomic unsigned refs;
	struct arena *own;
};

FALLIBLE settings_own(struct settings *settings, struct arena *own)
{
	struct settings_life *life = NEW(own, struct settings_life);

	TRY_NEW(life);
	atomic_init(&life->refs, 1);
	life->own = own;
	settings->life = life;
	return OK;
}

const struct settings *settings_ref(const struct settings *settings)
{
	if (settings->life)
		atomic_fetch_add_explicit(&settings->life->refs, 1, memory_order_relaxed);
	return settings;
}

const struct settings *settings_unref(const struct settings *settings)
{
	if (settings && settings->life && atomic_fetch_sub_explicit(&settings->life->refs, 1, memory_order_acq_rel) == 1)
		arena_wipe(settings->life->own);
	return NULL;
}

void settings_publish(struct parts *parts, const struct settings *fresh)
{
	const struct settings *before = atomic_exchange_explicit(&parts->settings, fresh, memory_order_acq_rel);

	authz_wait_readers();
	settings_unref(before);
}
