/* Claims about the configuration: where a value comes from, what is unknown, and what an error says. */
#include "server/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "test.h"

static struct arena *arena;
static char path[] = "/tmp/reeve-config-XXXXXX", path_flag[] = "--config";
static struct config config;

static int open_file(void **state)
{
	int fd;

	(void)state;
	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	fd = mkstemp(path);
	arena = arena_new((size_t)1 << 20);
	return fd < 0 || close(fd) != 0 || !arena;
}

static int close_file(void **state)
{
	(void)state;
	arena = arena_free(arena);
	return unlink(path);
}

static void write_file(const char *yaml)
{
	FILE *file = fopen(path, "we");

	CHECK(file);
	CHECK(fputs(yaml, file) >= 0);
	CHECK_INT(fclose(file), 0);
}

/* The file alone, named by flag. */
static status read_yaml_file(const char *yaml)
{
	char *flags[] = { path_flag, path, NULL };

	write_file(yaml);
	return config_read(arena, &(struct config_source){ 2, flags, NULL }, &config);
}

/* What an environment of one variable writes to the log, in the arena. */
static const char *log_of(char *variable)
{
	char *environment[] = { variable, NULL }, *text = arena_alloc(arena, 2 * LOG_LINE_BYTES);
	int ends[2];
	ssize_t got;

	CHECK(text);
	CHECK_INT(pipe(ends), 0);
	log_set_fd(ends[1]);
	CHECK_OK(config_read(arena, &(struct config_source){ 0, NULL, environment }, &config));
	log_set_fd(2);
	CHECK_INT(close(ends[1]), 0);
	got = read(ends[0], text, 2 * LOG_LINE_BYTES - 1);
	CHECK_INT(close(ends[0]), 0);
	CHECK(got >= 0);
	text[got] = '\0';
	return text;
}

TEST(an_unknown_key_in_the_file_refuses_to_start_and_is_named_with_its_line)
{
	char *environment[] = { arena_printf(arena, "REEVE_CONFIG=%s", path), NULL };
	char *want = arena_printf(arena, "%s line 3: unknown key \"token.lief\"", path);

	CHECK_FAULT(FAULT_INVALID, read_yaml_file("listen: 127.0.0.1:1\ntoken:\n  lief: 10m\n"));
	CHECK(strncmp(report_current()->text, want, strlen(want)) == 0);
	report_clear(report_current());
	CHECK_FAULT(FAULT_INVALID, config_read(arena, &(struct config_source){ 0, NULL, environment }, &config));
	CHECK(strncmp(report_current()->text, want, strlen(want)) == 0);
	CHECK_OK(read_yaml_file("listen: 127.0.0.1:1\ntoken:\n  life: 10m\n"));
	CHECK_INT(config.token_life, 600);
}

TEST(a_part_of_a_key_and_a_key_in_other_letters_are_unknown_too)
{
	static const char *const unknown[] = { "token: 10m\n",          "toke: {life: 10m}\n",
					       "Listen: 127.0.0.1:1\n", "token: {life: {more: 10m}}\n",
					       "token_life: 10m\n",     "config: other.yml\n" };

	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++) {
		report_clear(report_current());
		CHECK_FAULT(FAULT_INVALID, read_yaml_file(unknown[i]));
		CHECK(strstr(report_current()->text, " line 1: unknown key \""));
	}
}

TEST(an_unknown_flag_refuses_to_start_and_is_named)
{
	char unknown[] = "--token.lief=10m", word[] = "listen";
	char *flags[] = { unknown, NULL }, *words[] = { word, NULL };

	CHECK_FAULT(FAULT_INVALID, config_read(arena, &(struct config_source){ 1, flags, NULL }, &config));
	CHECK(strstr(report_current()->text, "unknown flag --token.lief;"));
	CHECK_FAULT(FAULT_INVALID, config_read(arena, &(struct config_source){ 1, words, NULL }, &config));
}

TEST(an_unknown_variable_of_ours_warns_by_its_name_and_without_its_value)
{
	char unknown[] = "REEVE_TOKEN_LIEF=s3cret", bare[] = "REEVE_TOKEN_LIFE_=1", known[] = "REEVE_TOKEN_LIFE=10m",
	     file[] = "REEVE_CONFIG=", other[] = "TOKEN_LIEF=1", near[] = "REEVEX=1";
	const char *line = log_of(unknown);

	CHECK(strstr(line, "\"level\":\"warn\""));
	CHECK(strstr(line, "unknown environment variable is ignored"));
	CHECK(strstr(line, "\"REEVE_TOKEN_LIEF\""));
	CHECK(!strstr(line, "s3cret"));
	CHECK_INT(config.token_life, 3600);
	CHECK(strstr(log_of(bare), "\"REEVE_TOKEN_LIFE_\""));
	assert_string_equal(log_of(known), "");
	CHECK_INT(config.token_life, 600);
	assert_string_equal(log_of(file), "");
	assert_string_equal(log_of(other), "");
	assert_string_equal(log_of(near), "");
}

TEST(a_flag_wins_over_the_environment_and_that_over_the_file)
{
	char variable[] = "REEVE_TOKEN_LIFE=20m", flag[] = "--token.life=30m";
	char *environment[] = { variable, NULL }, *flags[] = { path_flag, path, flag, NULL };

	CHECK_OK(read_yaml_file("token: {life: 10m}\n"));
	CHECK_INT(config.token_life, 600);
	CHECK_OK(config_read(arena, &(struct config_source){ 2, flags, environment }, &config));
	CHECK_INT(config.token_life, 1200);
	CHECK_OK(config_read(arena, &(struct config_source){ 3, flags, environment }, &config));
	CHECK_INT(config.token_life, 1800);
}

TEST(a_value_that_is_not_allowed_is_refused_with_its_key_its_place_and_the_rule)
{
	char variable[] = "REEVE_TOKEN_LIFE=2h", flag[] = "--token.algorithm=none";
	char *environment[] = { variable, NULL }, *flags[] = { flag, NULL };

	CHECK_FAULT(FAULT_INVALID, read_yaml_file("listen: 127.0.0.1:1\nworkers: none\n"));
	CHECK(strstr(report_current()->text, arena_printf(arena, "workers (%s line 2): must be a number from ", path)));
	CHECK_FAULT(FAULT_INVALID, config_read(arena, &(struct config_source){ 0, NULL, environment }, &config));
	CHECK(strstr(report_current()->text, "token.life (environment): must be a time"));
	CHECK_FAULT(FAULT_INVALID, config_read(arena, &(struct config_source){ 1, flags, NULL }, &config));
	CHECK(strstr(report_current()->text, "token.algorithm (flag): must be one of "));
}

int main(void)
{
#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, open_file, close_file)
	const struct CMUnitTest tests[] = {
		WITH_FILE(an_unknown_key_in_the_file_refuses_to_start_and_is_named_with_its_line),
		WITH_FILE(a_part_of_a_key_and_a_key_in_other_letters_are_unknown_too),
		WITH_FILE(an_unknown_flag_refuses_to_start_and_is_named),
		WITH_FILE(an_unknown_variable_of_ours_warns_by_its_name_and_without_its_value),
		WITH_FILE(a_flag_wins_over_the_environment_and_that_over_the_file),
		WITH_FILE(a_value_that_is_not_allowed_is_refused_with_its_key_its_place_and_the_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
