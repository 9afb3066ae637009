/*
 * sqlite_file: the data folder, its lock, and making sure that what was written stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite_impl.h"

#define LOCK_NAME "lock"
#define PATH_BYTES 4096

static FALLIBLE make_folder(const char *folder)
{
	struct stat about;

	if (mkdir(folder, 0700) == 0)
		return OK;
	if (errno != EEXIST)
		return FAIL(FAULT_UNAVAILABLE, "the data folder %s cannot be made: %s", folder, strerror(errno));
	if (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode))
		return FAIL(FAULT_UNAVAILABLE, "%s is no folder", folder);
	return OK;
}

/* The lock file holds the process id of whoever has it. */
static FALLIBLE take_lock(const char *folder, int *ret_fd)
{
	char path[PATH_BYTES], text[32] = "";
	int fd, len;

	if (snprintf(path, sizeof(path), "%s/%s", folder, LOCK_NAME) >= (int)sizeof(path))
		return FAIL(FAULT_INVALID, "the data folder's path is too long");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return FAIL(FAULT_UNAVAILABLE, "%s cannot be opened: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		ssize_t got = read(fd, text, sizeof(text) - 1);
		(void)close(fd); /* only read */
		text[got > 0 ? (size_t)got : 0] = '\0';
		return FAIL(FAULT_STATE, "the data folder %s is in use by process %.*s", folder, (int)strcspn(text, "\n"), text);
	}
	len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len)
		NOTE("the lock file does not name this process"); /* the lock itself holds */
	*ret_fd = fd;
	return OK;
}

FALLIBLE folder_open(const char *folder, const char *file, int *ret_lock_fd)
{
	int fd;

	TRY(make_folder(folder));
	TRY(take_lock(folder, ret_lock_fd));
	fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600); /* SQLite would make it readable by others */
	if (fd < 0) {
		(void)close(*ret_lock_fd); /* gives the lock back */
		*ret_lock_fd = -1;
		return FAIL(FAULT_UNAVAILABLE, "%s cannot be opened: %s", file, strerror(errno));
	}
	(void)close(fd); /* nothing was written */
	return OK;
}

FALLIBLE file_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int failed = fd < 0 || fsync(fd) != 0;

	if (fd >= 0)
		(void)close(fd); /* synced */
	return failed ? FAIL(FAULT_UNAVAILABLE, "%s cannot be written safely", path) : OK;
}

FALLIBLE folder_of_sync(const char *file)
{
	const char *slash = strrchr(file, '/');
	char folder[PATH_BYTES];

	if (!slash)
		return file_sync(".");
	if (snprintf(folder, sizeof(folder), "%.*s", slash == file ? 1 : (int)(slash - file), file) >= (int)sizeof(folder))
		return FAIL(FAULT_INVALID, "the path is too long");
	return file_sync(folder);
}
