/*
 * main: the commands of reeved.
 *
 *   reeved [serve]      serves; see --help for every key
 *   reeved setup-code   a new one-time code for an operator
 *   reeved backup FILE | verify PATH | version | pages markdown|man
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

static int help(void)
{
	struct buffer keys;

	buffer_init(&keys, NULL, PAGES_BYTES_MAX);
	config_write_text(&keys);
	(void)printf("reeved %s: self-hosted IAM for container registries\n\n"
		     "  reeved [serve] [--config FILE] [--KEY VALUE ...]   serve until SIGTERM\n"
		     "  reeved setup-code [--data FOLDER]                  print a new one-time code for an operator\n"
		     "  reeved verify PATH                                 check a database, a backup or a data folder\n"
		     "  reeved version\n\n"
		     "Every key below is also REEVE_KEY in the environment and a place in the YAML file.\n\n%.*s",
		     REEVE_VERSION, SLICE_ARG(buffer_slice(&keys))); /* a closed stdout is the caller's own doing */
	buffer_done(&keys);
	return 0;
}

static int pages(const char *form)
{
	struct buffer text;

	buffer_init(&text, NULL, PAGES_BYTES_MAX);
	if (strcmp(form, "man") == 0)
		man_write(&text);
	else
		config_write_markdown(&text);
	(void)fwrite(text.at, 1, text.len, stdout); /* as above */
	buffer_done(&text);
	return 0;
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
			     (unsigned long long)lines); /* as above */
	} else {
		(void)printf("%s: sound\n", path); /* as above */
	}
	return OK;
}

static FALLIBLE command(const char *word, const struct config_source *source)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(CONFIG_BYTES_MAX);
	struct config config;

	TRY_NEW(arena);
	TRY(config_read(arena, source, &config));
	log_set_level(settings_log_level(&config));
	if (strcmp(word, "setup-code") == 0)
		return codes_command(&config);
	return serve(source, &config, arena);
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 && argv[1][0] != '-' ? argv[1] : "serve";
	int taken = argc > 1 && argv[1][0] != '-' ? 2 : 1;

	(void)mallopt(M_ARENA_MAX, 2); /* many threads, little each: fewer arenas idle smaller */
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return help();
	if (strcmp(word, "version") == 0 || (argc > 1 && strcmp(argv[1], "--version") == 0)) {
		(void)printf("reeved %s\n", REEVE_VERSION); /* as above */
		return 0;
	}
	if (strcmp(word, "help") == 0)
		return help();
	if (strcmp(word, "pages") == 0)
		return pages(argc > 2 ? argv[2] : "markdown");
	if (strcmp(word, "verify") == 0 && argc == 3)
		return complain(verify(argv[2]));
	if (strcmp(word, "serve") == 0 || strcmp(word, "setup-code") == 0)
		return complain(command(word, &(struct config_source){ argc - taken, argv + taken, environ }));
	(void)fprintf(stderr, "reeved: unknown command \"%s\"; see reeved --help\n", word); /* as above */
	return 2;
}
