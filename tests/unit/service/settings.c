/* Settings are replaced while calls look at them: each call sees one and the same, and what nobody sees any more is freed. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "service/call.h"

#define READERS 4
#define ROUNDS 400
#define LEAVES_EVERY 4 /* one call of so many goes to another thread */

static struct parts parts;
static _Atomic bool is_over;
static _Atomic size_t wrong, looked;

/* All its limits are one number, so that a mixture shows. */
static const struct settings *settings_of(int64_t number, const struct settings *before)
{
	struct arena *own = arena_new(1 << 16);
	struct settings *settings = own ? NEW(own, struct settings) : NULL;
	slice *origins = own ? NEW_N(own, slice, 1) : NULL;

	CHECK(settings && origins);
	origins[0] = slice_str(arena_printf(own, "https://%lld.example", (long long)number));
	if (before)
		*settings = *before; /* as a reload does */
	*settings = (struct settings){ .api_url = settings->api_url,
				       .limit_folders = number,
				       .limit_roles = number,
				       .redirect_origins = origins,
				       .redirect_origins_count = 1 };
	CHECK_OK(settings_own(settings, own));
	return settings;
}

static bool is_whole(const struct settings *settings)
{
	char origin[64];

	(void)snprintf(origin, sizeof(origin), "https://%lld.example", (long long)settings->limit_folders);
	return settings->limit_roles == settings->limit_folders && slice_is(settings->redirect_origins[0], origin);
}

/* As a loop does: a call ends in the turn it began in, or leaves with a reference and comes back in another one. */
static void *serve(void *arg)
{
	const struct settings *held = NULL;
	int64_t newest = 0;

	(void)arg;
	authz_thread_start();
	for (size_t turn = 0; !atomic_load(&is_over); turn++) {
		const struct settings *now = settings_now(&parts);
		bool is_older = now->limit_folders < newest;
		newest = now->limit_folders;
		atomic_fetch_add(&wrong, is_older || !is_whole(now) || (held && !is_whole(held)));
		if (turn % LEAVES_EVERY == 0) {
			held = settings_unref(held);
			held = settings_ref(now);
		}
		atomic_fetch_add(&looked, 1);
		authz_thread_offline();
		authz_thread_online();
	}
	held = settings_unref(held);
	authz_thread_stop();
	return NULL;
}

TEST(readers_beside_reloads_see_whole_settings_and_never_older_ones)
{
	pthread_t readers[READERS];

	parts.settings = settings_of(0, NULL);
	for (size_t i = 0; i < READERS; i++)
		CHECK(pthread_create(&readers[i], NULL, serve, NULL) == 0);
	for (int64_t k = 1; k <= ROUNDS || atomic_load(&looked) < ROUNDS; k++)
		settings_publish(&parts, settings_of(k, settings_now(&parts)));
	atomic_store(&is_over, true);
	for (size_t i = 0; i < READERS; i++)
		CHECK(pthread_join(readers[i], NULL) == 0);
	CHECK_INT(atomic_load(&wrong), 0);
	parts.settings = settings_unref(parts.settings);
}

TEST(a_call_that_is_away_keeps_its_settings_and_is_the_last_to_do_so)
{
	const struct settings *held;

	parts.settings = settings_of(1, NULL);
	held = settings_ref(settings_now(&parts));
	settings_publish(&parts, settings_of(2, settings_now(&parts)));
	CHECK_INT(settings_now(&parts)->limit_folders, 2);
	CHECK(is_whole(held) && held->limit_folders == 1);
	held = settings_unref(held); /* the leak check sees whether it was freed */
	parts.settings = settings_unref(parts.settings);
}

TESTS(readers_beside_reloads_see_whole_settings_and_never_older_ones,
      a_call_that_is_away_keeps_its_settings_and_is_the_last_to_do_so)
