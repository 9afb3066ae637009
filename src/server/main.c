/*
 * main: the commands of reeved, one function each: run_<command>() of commands.def.
 */
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/stat.h>

#include "audit/trail.h"
#include "base/buffer.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/codes.h"
#include "server/man.h"
#include "server/serve.h"
#include "server/settings.h"

#define PAGES_BYTES_MAX ((size_t)1 << 20)

extern char **environ;

static int complain(status result)
{
	if (!FAILED(result))
		return 0;
	(void)fprintf(stderr, "reeved: %s\n", report_current()->text); /* nowhere else to say it */
	return 1;
}

static FALLIBLE serve(const struct config_source *source, const struct config *config, struct arena *arena)
{
	static struct server_parts parts; /* lives as long as the process */
	slice base_url;
	status result;

	TRY(serve_base_url(config, arena, &base_url));
	TRY(parts_open(&parts, config, base_url));
	result = serve_run(&parts, source);
	parts_close(&parts);
	return result;
}

/* A database, and in a data folder the access trail's chain too. */
static FALLIBLE verify(const char *path)
{
	char trail[PATH_MAX];
	struct stat found;
	uint64_t lines;

	TRY(store_verify(path));
	if (snprintf(trail, sizeof(trail), "%s/trail", path) < (int)sizeof(trail) && stat(trail, &found) == 0) {
		TRY(trail_verify(slice_str(trail), &lines));
		(void)printf("%s: sound, with %llu lines of the access trail\n", path,
			     (unsigned long long)lines); /* a closed stdout is the caller's own doing */
	} else {
		(void)printf("%s: sound\n", path); /* as above */
	}
	return OK;
}

static FALLIBLE with_config(const struct config_source *source, bool serves)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(CONFIG_BYTES_MAX);
	struct config config;

	TRY_NEW(arena);
	TRY(config_read(arena, source, &config));
	log_set_level(settings_log_level(&config));
	return serves ? serve(source, &config, arena) : codes_command(&config);
}

/* ---- commands ---- */

static int run_serve(const struct config_source *rest)
{
	return complain(with_config(rest, true));
}

static int run_setup_code(const struct config_source *rest)
{
	return complain(with_config(rest, false));
}

static int run_verify(const struct config_source *rest)
{
	return complain(verify(rest->arguments[0]));
}

static int run_version(const struct config_source *rest)
{
	(void)rest;
	(void)printf("reeved %s\n", REEVE_VERSION); /* as above */
	return 0;
}

static int print(struct buffer *text)
{
	(void)fwrite(text->at, 1, text->len, stdout); /* as above */
	buffer_done(text);
	return 0;
}

static int run_help(const struct config_source *rest)
{
	struct buffer text;

	(void)rest;
	buffer_init(&text, NULL, PAGES_BYTES_MAX);
	help_write(&text, REEVE_VERSION);
	return print(&text);
}

static int run_pages(const struct config_source *rest)
{
	struct buffer text;

	buffer_init(&text, NULL, PAGES_BYTES_MAX);
	if (rest->count && strcmp(rest->arguments[0], "man") == 0)
		man_write(&text);
	else
		config_write_markdown(&text);
	return print(&text);
}

/* ---- which one ---- */

static const struct command {
	const char *word;
	int least, most; /* arguments; -1: it looks at them itself */
	int (*run)(const struct config_source *rest);
} commands[] = {
#define COMMAND(id, word, arguments, least, most, help) { word, least, most, run_##id },
#include "server/commands.def"
#undef COMMAND
};

static const struct command *command_of(const char *word)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(word, commands[i].word) == 0)
			return &commands[i];
	return NULL;
}

static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	bool has_word = argc > 1 && argv[1][0] != '-';
	struct config_source rest = { argc - 1 - has_word, argv + 1 + has_word, environ };
	const struct command *command = command_of(has_word ? argv[1] : "serve");

	(void)mallopt(M_ARENA_MAX, 2); /* many threads, little each: fewer arenas idle smaller */
	if (asks_for_help(argc, argv))
		return run_help(&rest);
	if (argc > 1 && strcmp(argv[1], "--version") == 0)
		return run_version(&rest);
	if (command && (command->least < 0 || (rest.count >= command->least && rest.count <= command->most)))
		return command->run(&rest);
	(void)fprintf(stderr, "reeved: %s \"%s\"; see reeved --help\n", command ? "wrong arguments for" : "unknown command",
		      argv[1]); /* nowhere else to say it */
	return 2;
}
