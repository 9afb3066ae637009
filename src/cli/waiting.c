/*
 * waiting: a page to open on another device, and the time that passes.
 */
#include "cli/waiting.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/interrupt.h"

#define COLUMNS_DEFAULT 80
#define QR_BYTES_MAX ((size_t)64 * 1024)

static bool is_terminal(const struct cli *cli)
{
	return isatty(fileno(cli->err));
}

static unsigned columns(const struct cli *cli)
{
	struct winsize size;

	return ioctl(fileno(cli->err), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : COLUMNS_DEFAULT;
}

void waiting_show(struct cli *cli, slice page, slice linked)
{
	struct buffer picture;

	fprintf(cli->err, "Open this page on any device\n\n    %.*s\n\n", SLICE_ARG(page));
	buffer_init(&picture, cli->arena, QR_BYTES_MAX);
	if (is_terminal(cli) && qr_put(&picture, linked, columns(cli)))
		fprintf(cli->err, "%.*s\n", SLICE_ARG(buffer_slice(&picture)));
	(void)fflush(cli->err);
}

/* "\r" and an erased line: the next text takes its place. */
static void show_left(struct cli *cli, int64_t left_s)
{
	if (!is_terminal(cli))
		return;
	fprintf(cli->err, "\r\033[KWaiting: %lld:%02lld left (Ctrl-C ends it)", (long long)(left_s / 60),
		(long long)(left_s % 60));
	(void)fflush(cli->err);
}

FALLIBLE waiting_turn(struct cli *cli, int64_t interval_s, int64_t until_us)
{
	int64_t turn_us = clock_ticks_us() + interval_s * US_PER_S;

	do {
		int64_t left_us = until_us - clock_ticks_us();

		if (left_us <= 0)
			return FAIL(FAULT_TOO_LATE, "nobody signed in in time; run it again for a new code");
		show_left(cli, left_us / US_PER_S);
		if (!interrupt_sleep(left_us < 1000 * 1000 ? left_us / 1000 + 1 : 1000))
			return interrupt_fault();
	} while (clock_ticks_us() < turn_us);
	return OK;
}

void waiting_end(struct cli *cli)
{
	if (is_terminal(cli))
		fputs("\r\033[K", cli->err);
	(void)fflush(cli->err);
}
