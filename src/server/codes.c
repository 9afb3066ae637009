#include "server/codes.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/mem.h"
#include "server/parts.h"
#include "service/setup.h"

#define CODE_FILE "setup-code"
#define LINE_BYTES 128
#define TAKEN_TRIES 50
#define TAKEN_WAIT_NS (100 * 1000 * 1000)

static void path_of(slice folder, const char *suffix, char *into, size_t size)
{
	(void)snprintf(into, size, "%.*s/" CODE_FILE "%s", SLICE_ARG(folder),
		       suffix); /* a path that is too long opens nothing */
}

bool codes_are_waiting(slice folder)
{
	char path[4096];

	path_of(folder, "", path, sizeof(path));
	return access(path, F_OK) == 0;
}

/* "<digest in hex> <expiry in µs>" */
static bool read_line(const char *path, uint8_t digest[32], struct setup_code *ret_row)
{
	char line[LINE_BYTES] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t got = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	slice head, rest;
	uint64_t expires_us;

	if (fd >= 0)
		(void)close(fd); /* only read */
	if (got <= 0 || !slice_cut(slice_trim(slice_of(line, (size_t)got)), ' ', &head, &rest) || head.len != 64 ||
	    !hex_decode_into(head, digest, 32) || !slice_number(rest, INT64_MAX, &expires_us))
		return false;
	*ret_row = (struct setup_code){ .digest = slice_of(digest, 32),
					.expires_us = (int64_t)expires_us,
					.tries_left = SETUP_TRIES };
	return true;
}

FALLIBLE codes_take(struct store *store, slice folder)
{
	char path[4096];
	uint8_t digest[32];
	struct setup_code row;
	uint64_t revision;

	path_of(folder, "", path, sizeof(path));
	if (read_line(path, digest, &row))
		TRY(store_write(store, setup_code_put, &row, NULL, &revision));
	if (unlink(path) != 0)
		return FAIL(FAULT_INTERNAL, "cannot remove %s", path);
	return OK;
}

static FALLIBLE leave(slice folder, const struct setup_code *row)
{
	char path[4096], fresh[4096], hex[65] = "", line[LINE_BYTES];
	int fd, len;
	bool wrote;

	path_of(folder, "", path, sizeof(path));
	path_of(folder, ".new", fresh, sizeof(fresh));
	hex_encode_into(row->digest, hex);
	len = snprintf(line, sizeof(line), "%s %lld\n", hex, (long long)row->expires_us);
	(void)unlink(fresh); /* what an earlier try left */
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	wrote = fd >= 0 && write(fd, line, (size_t)len) == len;
	if (fd >= 0 && close(fd) != 0)
		wrote = false;
	if (!wrote || rename(fresh, path) != 0)
		return FAIL(FAULT_INTERNAL, "cannot write %s; run this as the server's user", path);
	for (int i = 0; i < TAKEN_TRIES && codes_are_waiting(folder); i++)
		(void)nanosleep(&(struct timespec){ .tv_nsec = TAKEN_WAIT_NS }, NULL); /* a shorter wait is looked at again */
	if (codes_are_waiting(folder))
		return FAIL(FAULT_UNAVAILABLE, "the server did not take the code within %d seconds; is it running?",
			    TAKEN_TRIES / 10);
	return OK;
}

FALLIBLE codes_command(const struct config *config)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(1 << 20);
	char code[SETUP_CODE_BYTES];
	uint8_t digest[32];
	struct setup_code row;
	struct store *store = NULL;
	uint64_t revision;
	status result;

	TRY_NEW(arena);
	TRY(setup_code_new(&random_system, clock_now_us(&clock_system), config->setup_code_life, code, digest, &row));
	result = parts_open_store(config, arena, &store);
	if (!FAILED(result)) { /* nobody serves this folder now: write it ourselves */
		result = store_write(store, setup_code_put, &row, arena, &revision);
		store_close(store);
	} else if (result.fault == FAULT_STATE) {
		report_clear(report_current());
		result = leave(config->data, &row);
	}
	TRY(result);
	(void)printf("%s\n", code); /* a closed stdout is the caller's own doing */
	return OK;
}
