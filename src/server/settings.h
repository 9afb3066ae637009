/*
 * settings: from what the operator wrote to what calls look at.
 *
 * Promises  what is unsound is refused, naming key and rule; secrets are read from their files; of a running server only what
 *           the table marks so changes. Start at  settings_make() for a start, settings_remake() for a reload.
 */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include "base/log.h"
#include "server/config.h"
#include "service/call.h"

/* All but page_key, which the store holds; in the arena. base_url: what config->url is when unset. */
FALLIBLE settings_make(struct arena *arena, const struct config *config, slice base_url, struct settings *ret_settings);
/* Those of a running server after config_renew(): what is made of its values that change by a reload is made anew, in `own`,
 * which the result takes over; the rest is that of `before`. One reference, the caller's. */
FALLIBLE settings_remake(const struct settings *before, struct arena *own, const struct config *config,
			 const struct settings **ret_settings);
/* log.level */
enum log_level settings_log_level(const struct config *config);

#endif
