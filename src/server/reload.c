#include "server/reload.h"

#include "base/log.h"
#include "net/socket.h"
#include "server/serve.h"
#include "server/settings.h"

static FALLIBLE check_addresses(const struct config *config)
{
	slice rest = config->listen, text;
	bool more;

	do {
		struct socket_address address;
		more = slice_cut(rest, ',', &text, &rest);
		TRY(socket_address_parse("listen", slice_trim(text), &address));
	} while (more);
	return OK;
}

/* What a start would refuse, but for what only an opened store, a free port or a certificate shows. */
static FALLIBLE check(struct arena *scratch, const struct config *config)
{
	slice base_url;

	TRY(check_addresses(config));
	TRY(serve_base_url(config, scratch, &base_url));
	return parts_check(scratch, config, base_url);
}

struct differences {
	int64_t taken, waiting;
};

static void count(void *user, const char *key, bool is_taken)
{
	struct differences *differences = user;

	(void)key; /* say() tells it, once nothing can fail any more */
	differences->taken += is_taken;
	differences->waiting += !is_taken;
}

static void say(void *user, const char *key, bool is_taken)
{
	(void)user;
	LOG(is_taken ? LOG_INFO : LOG_WARN, is_taken ? "a changed key takes effect" : "a changed key needs a restart",
	    LOG_TEXT("key", slice_str(key)));
}

/* Reads and checks; what was read stands in `own`. */
static FALLIBLE read_again(struct arena *own, const struct config_source *source, struct config *ret_fresh)
{
	struct arena *scratch;
	status result;

	TRY(config_read(own, source, ret_fresh));
	scratch = arena_new(CONFIG_BYTES_MAX);
	TRY_NEW(scratch);
	result = check(scratch, ret_fresh);
	scratch = arena_wipe(scratch); /* secrets were read from their files */
	return result;
}

/* Of the levels before and after, the one that tells of the change. */
static enum log_level wordier(enum log_level one, enum log_level other)
{
	return one < other ? one : other;
}

/* What was read and not yet put in force. */
struct reading {
	struct arena *own;
	struct config next;
	const struct settings *settings; /* they hold `own`; NULL: nothing that changes by a reload has changed */
	struct differences found;
};

static FALLIBLE prepare(const struct reload *reload, struct reading *reading)
{
	struct config fresh, shown = reload->running;

	reading->own = arena_new(CONFIG_BYTES_MAX);
	TRY_NEW(reading->own);
	TRY(read_again(reading->own, reload->source, &fresh));
	reading->next = reload->running;
	config_renew(&reading->next, &fresh, count, &reading->found);
	if (reading->found.taken)
		TRY(settings_remake(settings_now(&reload->parts->parts), reading->own, &reading->next, &reading->settings));
	log_set_level(wordier(settings_log_level(&shown), settings_log_level(&reading->next)));
	config_renew(&shown, &fresh, say, NULL);
	return OK;
}

/* What texts of `running` stood on ends with the settings before. */
static void put_in_force(struct reload *reload, const struct reading *reading)
{
	reload->running = reading->next;
	issuer_set_lives(reload->parts->parts.issuer, reload->running.token_life, reload->running.registry_token_life);
	if (reload->apply)
		reload->apply(reload);
	settings_publish(&reload->parts->parts, reading->settings);
}

void reload_config(struct reload *reload)
{
	struct reading reading = { 0 };

	if (FAILED(prepare(reload, &reading))) {
		LOG(LOG_ERROR, "the configuration stays as it was", LOG_TEXT("error", slice_str(report_current()->text)));
		reading.own = arena_wipe(reading.own);
		return;
	}
	if (reading.settings)
		put_in_force(reload, &reading);
	else
		reading.own = arena_wipe(reading.own);
	LOG(LOG_INFO, "configuration read again", LOG_NUMBER("taken", reading.found.taken),
	    LOG_NUMBER("waiting", reading.found.waiting));
	log_set_level(settings_log_level(&reload->running));
}
