/* Every command and key of the tables stands in --help, the manual page and the page of keys, each once. */
#include "server/man.h"

#include "server/config.h"
#include "test.h"

#define PAGE_BYTES_MAX ((size_t)1 << 20)

static const struct {
	const char *word, *arguments;
} commands[] = {
#define COMMAND(id, word, arguments, least, most, help) { word, arguments },
#include "server/commands.def"
#undef COMMAND
};

static const struct {
	const char *key, *when;
} keys[] = {
#define TEXT(field, key, when, text, help) { key, #when },
#define LIST(field, key, when, help) { key, #when },
#define NUMBER(field, key, when, number, least, most, help) { key, #when },
#define SECONDS(field, key, when, number, least, most, help) { key, #when },
#define BYTES(field, key, when, number, least, most, help) { key, #when },
#define FLAG(field, key, when, flag, help) { key, #when },
#define CHOICE(field, key, when, text, choices, help) { key, #when },
#define SECRET(field, key, when, help) { key, #when },
#include "config.def"
};

static void write_help(struct buffer *into)
{
	help_write(into, "1.2.3");
}

/* NUL-terminated; the caller has buffer_done() it. */
static struct buffer page(void (*write)(struct buffer *into))
{
	struct buffer text;

	buffer_init(&text, NULL, PAGE_BYTES_MAX);
	write(&text);
	buffer_byte(&text, '\0');
	CHECK(!buffer_failed(&text));
	return text;
}

/* The line that begins so, up to its end, in `ret_line`; fails unless there is exactly one. */
static void only_line(const struct buffer *text, const char *begin, char ret_line[1024])
{
	size_t found = 0, len = strlen(begin);

	for (const char *at = text->at; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
		if (strncmp(at, begin, len) != 0)
			continue;
		found++;
		(void)snprintf(ret_line, 1024, "%.*s", (int)strcspn(at, "\n"), at);
	}
	if (found != 1)
		print_error("%zu lines begin with \"%s\"\n", found, begin);
	CHECK_INT(found, 1);
}

static void roff_of(const char *text, char ret_roff[256])
{
	for (; *text; text++) {
		if (*text == '-')
			*ret_roff++ = '\\';
		*ret_roff++ = *text;
	}
	*ret_roff = '\0';
}

TEST(help_and_the_manual_page_have_each_command_and_its_arguments)
{
	struct buffer help = page(write_help), man = page(man_write);
	char line[1024], begin[256], roff[256];

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		(void)snprintf(begin, sizeof(begin), "  reeved %s%s%s", commands[i].word, *commands[i].arguments ? " " : "",
			       commands[i].arguments);
		only_line(&help, begin, line);
		assert_string_equal(line, begin);
		roff_of(commands[i].word, roff);
		(void)snprintf(begin, sizeof(begin), ".B reeved %s", roff);
		only_line(&man, begin, line);
		(void)snprintf(begin, sizeof(begin), ".B %s", roff);
		only_line(&man, begin, line);
		roff_of(commands[i].arguments, roff);
		CHECK(strstr(man.at, roff));
	}
	buffer_done(&help);
	buffer_done(&man);
}

TEST(help_the_manual_page_and_the_page_of_keys_have_each_key_and_what_it_changes_by)
{
	struct buffer help = page(write_help), man = page(man_write), table = page(config_write_markdown);
	char line[1024], begin[256];

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const char *when = strcmp(keys[i].when, "RELOAD") == 0 ? "reload" : "restart";
		char cell[32], mark[32];
		(void)snprintf(mark, sizeof(mark), "; %s)", when);
		(void)snprintf(begin, sizeof(begin), "  --%s\n", keys[i].key);
		const char *at = strstr(help.at, begin);
		CHECK(at);
		CHECK(strncmp(strchr(at + strlen(begin), '\n') - strlen(mark), mark, strlen(mark)) == 0);
		(void)snprintf(begin, sizeof(begin), ".B \\-\\-%s\n", keys[i].key);
		at = strstr(man.at, begin);
		CHECK(at);
		CHECK(strncmp(strchr(at + strlen(begin), '\n') - strlen(mark), mark, strlen(mark)) == 0);
		(void)snprintf(begin, sizeof(begin), "| `%s` |", keys[i].key);
		only_line(&table, begin, line);
		(void)snprintf(cell, sizeof(cell), " | %s | ", when);
		CHECK(strstr(line, cell));
	}
	buffer_done(&help);
	buffer_done(&man);
	buffer_done(&table);
}

TESTS(help_and_the_manual_page_have_each_command_and_its_arguments,
      help_the_manual_page_and_the_page_of_keys_have_each_key_and_what_it_changes_by)
