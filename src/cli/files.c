/*
 * files: small private files.
 */
#include "cli/files.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

static FALLIBLE read_all(struct arena *arena, int fd, const char *path, size_t size, slice *ret_text)
{
	char *at = arena_alloc(arena, size + 1);
	size_t len = 0;

	TRY_NEW(at);
	while (len < size) {
		ssize_t n = read(fd, at + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAIL(FAULT_INVALID, "cannot read %s: %s", path, strerror(errno));
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret_text = slice_of(at, len);
	return OK;
}

FALLIBLE file_read(struct arena *arena, const char *path, slice *ret_text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat info;
	status st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		*ret_text = (slice){ NULL, 0 };
		return OK;
	}
	if (fd < 0 || fstat(fd, &info) != 0)
		st = FAIL(FAULT_INVALID, "cannot read %s: %s", path, strerror(errno));
	else if (!S_ISREG(info.st_mode))
		st = FAIL(FAULT_INVALID, "%s is no regular file", path);
	else if ((uint64_t)info.st_size > CLI_FILE_BYTES_MAX)
		st = FAIL(FAULT_INVALID, "%s is too large", path);
	else
		st = read_all(arena, fd, path, (size_t)info.st_size, ret_text);
	if (fd >= 0)
		close(fd);
	return st;
}

static FALLIBLE write_all(int fd, const char *path, slice text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.at, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAIL(FAULT_INVALID, "cannot write %s: %s", path, strerror(errno));
		text = slice_from(text, (size_t)n);
	}
	if (fsync(fd) != 0)
		return FAIL(FAULT_INVALID, "cannot write %s: %s", path, strerror(errno));
	return OK;
}

FALLIBLE folder_make(struct arena *arena, const char *path)
{
	char *at = arena_text(arena, slice_str(path));

	TRY_NEW(at);
	for (char *c = at + 1;; c++) {
		char was = *c;

		if (was != '/' && was != '\0')
			continue;
		*c = '\0';
		if (mkdir(at, 0700) != 0 && errno != EEXIST)
			return FAIL(FAULT_INVALID, "cannot make the folder %s: %s", at, strerror(errno));
		*c = was;
		if (was == '\0')
			return OK;
	}
}

static FALLIBLE folder_of(struct arena *arena, const char *path)
{
	const char *end = strrchr(path, '/');
	char *folder;

	if (!end || end == path)
		return OK;
	folder = arena_text(arena, slice_of(path, (size_t)(end - path)));
	TRY_NEW(folder);
	return folder_make(arena, folder);
}

FALLIBLE file_write(struct arena *arena, const char *path, slice text, unsigned mode)
{
	char *beside;
	status st;
	int fd;

	TRY(folder_of(arena, path));
	beside = arena_printf(arena, "%s.XXXXXX", path);
	TRY_NEW(beside);
	fd = mkostemp(beside, O_CLOEXEC); /* made 0600 */
	if (fd < 0)
		return FAIL(FAULT_INVALID, "cannot write %s: %s", path, strerror(errno));
	st = write_all(fd, path, text);
	if (!FAILED(st) && fchmod(fd, mode) != 0)
		st = FAIL(FAULT_INVALID, "cannot write %s: %s", path, strerror(errno));
	close(fd);
	if (!FAILED(st) && rename(beside, path) != 0)
		st = FAIL(FAULT_INVALID, "cannot write %s: %s", path, strerror(errno));
	if (FAILED(st))
		(void)unlink(beside); /* the failure above is the one to tell */
	return st;
}

FALLIBLE file_remove(const char *path)
{
	if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR)
		return FAIL(FAULT_INVALID, "cannot remove %s: %s", path, strerror(errno));
	return OK;
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

FALLIBLE file_lock(struct arena *arena, const char *path, int *ret_lock)
{
	int fd;

	TRY(folder_of(arena, path));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return FAIL(FAULT_INVALID, "cannot open %s: %s", path, strerror(errno));
	while (flock(fd, LOCK_EX) != 0) {
		if (errno == EINTR)
			continue;
		close(fd);
		return FAIL(FAULT_INVALID, "cannot lock %s: %s", path, strerror(errno));
	}
	*ret_lock = fd;
	return OK;
}

void file_unlock(int lock)
{
	if (lock >= 0)
		close(lock); /* the lock goes with the descriptor */
}

/* --- where things live --- */

static FALLIBLE home(const char **ret_home)
{
	const char *text = getenv("HOME");
	struct passwd *user = text && *text ? NULL : getpwuid(getuid());

	if (user)
		text = user->pw_dir;
	if (!text || text[0] != '/')
		return FAIL(FAULT_INVALID, "no home folder: set HOME");
	*ret_home = text;
	return OK;
}

FALLIBLE path_home(struct arena *arena, const char *name, const char **ret_path)
{
	const char *base, *path;

	TRY(home(&base));
	path = arena_printf(arena, "%s/%s", base, name);
	TRY_NEW(path);
	*ret_path = path;
	return OK;
}

/* A relative XDG folder is to be ignored (XDG base directory specification). */
static FALLIBLE path_xdg(struct arena *arena, const char *variable, const char *otherwise, const char *name,
			 const char **ret_path)
{
	const char *base = getenv(variable), *path;

	if (!base || base[0] != '/')
		TRY(path_home(arena, otherwise, &base));
	path = arena_printf(arena, "%s/%s", base, name);
	TRY_NEW(path);
	*ret_path = path;
	return OK;
}

FALLIBLE path_config(struct arena *arena, const char *name, const char **ret_path)
{
	const char *folder, *path;

	TRY(path_xdg(arena, "XDG_CONFIG_HOME", ".config", "reeve", &folder));
	path = arena_printf(arena, "%s/%s", folder, name);
	TRY_NEW(path);
	*ret_path = path;
	return OK;
}

FALLIBLE path_cache(struct arena *arena, const char *program, const char **ret_path)
{
	return path_xdg(arena, "XDG_CACHE_HOME", ".cache", program, ret_path);
}
