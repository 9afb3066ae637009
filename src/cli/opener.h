/*
 * opener: the program of this system that shows a page in a browser.
 *
 * Promises  nothing goes through a shell; $BROWSER is honoured ("firefox:chromium --new-window %s": commands by colons, words
 * by blanks, %s the page); without it the system's own opener is taken, and only where there is a screen. Start at
 * opener_run().
 */
#ifndef CLI_OPENER_H
#define CLI_OPENER_H

#include "cli/cli.h"

#define OPENERS_MAX 8
#define OPENER_WORDS_MAX 16
#define OPENER_WATCH_MS 1500 /* one that fails within this time did not open anything */

/* One way to open it: words for execvp, the last one NULL. */
struct opener {
	char *words[OPENER_WORDS_MAX + 1];
};

/* What the environment says; NULL for a variable that is unset. */
struct opener_place {
	const char *browser;      /* BROWSER */
	const char *display;      /* DISPLAY */
	const char *wayland;      /* WAYLAND_DISPLAY */
	const char *distribution; /* WSL_DISTRO_NAME */
};

/* The ways to try, in order; *ret_count 0 when there is none. Commands of more than OPENER_WORDS_MAX words are left out. */
FALLIBLE openers_find(struct arena *arena, const struct opener_place *place, slice url, struct opener ret_openers[OPENERS_MAX],
		      size_t *ret_count);
/* Opens the page; *ret_is_open false when nothing could. */
FALLIBLE opener_run(struct cli *cli, slice url, bool *ret_is_open);

#endif
