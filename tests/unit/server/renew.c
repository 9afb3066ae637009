/* Claims about a configuration that is read again while a server stands on it. */
#include "server/config.h"

#include "base/buffer.h"
#include "test.h"

static struct arena *read_text(const char *yaml, struct config *ret_config)
{
	struct arena *arena = arena_new(CONFIG_BYTES_MAX);

	CHECK_OK(config_read_text(arena, slice_str(yaml), ret_config));
	return arena;
}

/* "+key" for each that was taken, "-key" for each that waits, in the table's order. */
static char told[256];

static void tell(void *user, const char *key, bool is_taken)
{
	size_t len = strlen(told);

	CHECK(user == told);
	(void)snprintf(told + len, sizeof(told) - len, "%c%s ", is_taken ? '+' : '-', key);
}

static const char *renew(struct config *running, const struct config *fresh)
{
	told[0] = '\0';
	config_renew(running, fresh, tell, told);
	return told;
}

TEST(what_may_change_is_taken_and_what_needs_a_restart_is_named_and_stays)
{
	struct config running, fresh;
	struct arena *first = read_text("listen: 127.0.0.1:1\nlimits: {folders: 3}\nlogin: {email: false}\nworkers: 4\n",
					&running),
		     *second = read_text("listen: 127.0.0.1:2\nlimits: {folders: 4}\nmetrics: {public: true}\nworkers: 4\n",
					 &fresh);

	assert_string_equal(renew(&running, &fresh), "-listen +limits.folders +metrics.public -login.email ");
	assert_int_equal(running.limits_folders, 4);
	assert_true(running.metrics_public);
	assert_false(running.login_email);
	assert_true(slice_is(running.listen, "127.0.0.1:1"));
	assert_string_equal(renew(&running, &fresh), "-listen -login.email "); /* until the restart */
	first = arena_free(first);
	second = arena_free(second);
}

TEST(lists_differ_by_their_items_and_their_order)
{
	static const char *const same = "registries: {public: [a/, b/]}\n";
	static const char *const others[] = { "registries: {public: [a/]}\n", "registries: {public: [b/, a/]}\n",
					      "registries: {public: [a/, c/]}\n", "listen: x\n" };
	struct config running, fresh;
	struct arena *first = read_text(same, &running), *second = read_text(same, &fresh);

	struct config again = running;
	assert_string_equal(renew(&again, &fresh), "");
	second = arena_free(second);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		again = running;
		second = read_text(others[i], &fresh);
		again.listen = fresh.listen;
		assert_string_equal(renew(&again, &fresh), "+registries.public ");
		second = arena_free(second);
	}
	first = arena_free(first);
}

/* Under ASan: whoever reads what was freed is told. */
TEST(what_was_taken_over_lives_with_the_last_reading_and_the_rest_with_the_first)
{
	static const char *const yaml = "listen: first\nlogin: {redirect-origins: ['https://a.example']}\nlog: {level: warn}\n";
	struct config running, fresh;
	struct arena *first = read_text("listen: first\n", &running), *last = NULL;

	for (int i = 0; i < 3; i++) {
		struct arena *next = read_text(yaml, &fresh); /* equal from the second time on */
		assert_string_equal(renew(&running, &fresh), i ? "" : "+log.level +login.redirect-origins ");
		last = arena_wipe(last);
		last = next;
	}
	assert_true(slice_is(running.listen, "first"));
	assert_true(slice_is(running.log_level, "warn"));
	assert_true(slice_is(running.login_redirect_origins.at[0], "https://a.example"));
	last = arena_free(last);
	first = arena_free(first);
}

TESTS(what_may_change_is_taken_and_what_needs_a_restart_is_named_and_stays, lists_differ_by_their_items_and_their_order,
      what_was_taken_over_lives_with_the_last_reading_and_the_rest_with_the_first)
