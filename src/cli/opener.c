/*
 * opener: the program of this system that shows a page.
 */
#include "cli/opener.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#define TICK_MS 20

extern char **environ;

/* --- which --- */

/* %s becomes the page, %% a percent sign; *has_url tells whether it did. */
static char *fill_word(struct arena *arena, slice word, slice url, bool *has_url)
{
	struct buffer out;

	buffer_init(&out, arena, CLI_FILE_BYTES_MAX);
	for (size_t i = 0; i < word.len; i++) {
		char next = i + 1 < word.len ? word.at[i + 1] : '\0';

		if (word.at[i] == '%' && next == 's') {
			buffer_add(&out, url);
			*has_url = true;
			i++;
		} else {
			i += word.at[i] == '%' && next == '%';
			buffer_byte(&out, word.at[i]);
		}
	}
	return buffer_failed(&out) ? NULL : out.at;
}

/* False when it has no word, or too many. */
static FALLIBLE fill_command(struct arena *arena, slice command, slice url, struct opener *opener, bool *ret_is_sound)
{
	bool has_url = false;
	size_t count = 0;
	slice word;

	*opener = (struct opener){ { NULL } };
	*ret_is_sound = false;
	while (word_next(&command, &word)) {
		if (count == OPENER_WORDS_MAX)
			return OK;
		opener->words[count] = fill_word(arena, word, url, &has_url);
		TRY_NEW(opener->words[count]);
		count++;
	}
	if (count == 0 || (!has_url && count == OPENER_WORDS_MAX))
		return OK;
	if (!has_url) {
		opener->words[count] = arena_text(arena, url);
		TRY_NEW(opener->words[count]);
	}
	*ret_is_sound = true;
	return OK;
}

static bool is_set(const char *value)
{
	return value && *value;
}

/* The commands to try, by colons; empty without a screen. */
static slice commands_of(const struct opener_place *place)
{
	if (is_set(place->browser))
		return slice_str(place->browser);
	if (is_set(place->distribution))
		return SLICE("wslview:xdg-open");
	if (is_set(place->display) || is_set(place->wayland))
		return SLICE("xdg-open:x-www-browser");
	return slice_str("");
}

FALLIBLE openers_find(struct arena *arena, const struct opener_place *place, slice url, struct opener ret_openers[OPENERS_MAX],
		      size_t *ret_count)
{
	slice rest = commands_of(place), command;
	size_t count = 0;

	for (bool more = rest.len > 0; more && count < OPENERS_MAX;) {
		bool is_sound;

		more = slice_cut(rest, ':', &command, &rest);
		TRY(fill_command(arena, command, url, &ret_openers[count], &is_sound));
		count += is_sound;
	}
	*ret_count = count;
	return OK;
}

/* --- running it --- */

/* In a session of its own, so that Ctrl-C here does not end the browser; what it says is not for this terminal. */
static bool start(const struct opener *opener, pid_t *ret_pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t all;
	bool is_started;

	if (posix_spawn_file_actions_init(&files) != 0)
		return false;
	if (posix_spawnattr_init(&how) != 0) {
		posix_spawn_file_actions_destroy(&files);
		return false;
	}
	sigfillset(&all);
	is_started = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0) == 0 &&
		     posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0) == 0 &&
		     posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0) == 0 &&
		     posix_spawnattr_setsigdefault(&how, &all) == 0 &&
		     posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF) == 0 &&
		     posix_spawnp(ret_pid, opener->words[0], &files, &how, opener->words, environ) == 0;
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&files);
	return is_started;
}

/* An opener hands the page to a browser and ends; a browser itself stays. */
static bool has_failed(pid_t pid)
{
	for (int waited_ms = 0; waited_ms < OPENER_WATCH_MS; waited_ms += TICK_MS) {
		int how = 0;

		if (waitpid(pid, &how, WNOHANG) == pid)
			return !WIFEXITED(how) || WEXITSTATUS(how) != 0;
		(void)poll(NULL, 0, TICK_MS);
	}
	return false;
}

FALLIBLE opener_run(struct cli *cli, slice url, bool *ret_is_open)
{
	const struct opener_place place = { getenv("BROWSER"), getenv("DISPLAY"), getenv("WAYLAND_DISPLAY"),
					    getenv("WSL_DISTRO_NAME") };
	struct opener openers[OPENERS_MAX];
	size_t count = 0;

	*ret_is_open = false;
	TRY(openers_find(cli->arena, &place, url, openers, &count));
	for (size_t i = 0; i < count && !*ret_is_open; i++) {
		pid_t pid;

		*ret_is_open = start(&openers[i], &pid) && !has_failed(pid);
	}
	return OK;
}
