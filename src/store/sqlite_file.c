/*
 * sqlite_file: the data folder, the lock that keeps a second process out, and what must reach the disk by name.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/sqlite_impl.h"

#define LOCK_NAME "lock"
#define PID_TEXT_BYTES 24

static status file_fault(const char *what, const char *path)
{
	int error = errno;

	return FAIL(FAULT_UNAVAILABLE, "cannot %s %s: %s", what, path, strerrordesc_np(error));
}

static void close_file(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* read only, or synced before */
}

static FALLIBLE sync_path(const char *path, int flags)
{
	int fd CLEANUP(close_file) = open(path, O_RDONLY | O_CLOEXEC | flags);

	if (fd < 0)
		return file_fault("open", path);
	if (fsync(fd))
		return file_fault("write", path);
	return OK;
}

FALLIBLE file_sync(const char *path)
{
	return sync_path(path, 0);
}

FALLIBLE path_join(const char *folder, const char *name, char **ret_path)
{
	size_t size = strlen(folder) + strlen(name) + 2;
	char *path = mem_alloc(size);

	if (!path)
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	(void)snprintf(path, size, "%s/%s", folder, name); /* fits */
	*ret_path = path;
	return OK;
}

FALLIBLE path_folder(const char *file, char **ret_folder)
{
	const char *slash = strrchr(file, '/');
	char *folder = slash ? mem_copy_text(file, slash == file ? 1 : (size_t)(slash - file)) : mem_copy_text(".", 1);

	if (!folder)
		return FAIL(FAULT_UNAVAILABLE, "out of memory");
	*ret_folder = folder;
	return OK;
}

FALLIBLE folder_of_sync(const char *file)
{
	char *folder CLEANUP(path_freep) = NULL;

	TRY(path_folder(file, &folder));
	TRY(sync_path(folder, O_DIRECTORY));
	return OK;
}

FALLIBLE folder_make(const char *folder)
{
	struct stat found;

	if (mkdir(folder, 0700) == 0)
		return folder_of_sync(folder);
	if (errno != EEXIST)
		return file_fault("make the folder", folder);
	if (stat(folder, &found) || !S_ISDIR(found.st_mode))
		return FAIL(FAULT_UNAVAILABLE, "%s is not a folder", folder);
	return OK;
}

/* Whoever holds the lock has written its process id into it. */
static status held_by_another(int fd, const char *folder)
{
	char text[PID_TEXT_BYTES] = "";
	ssize_t got = pread(fd, text, sizeof(text) - 1, 0);
	uint64_t pid;

	if (got > 0 && slice_number(slice_trim(slice_of(text, (size_t)got)), INT32_MAX, &pid))
		return FAIL_STATE("DATA_FOLDER_IN_USE", "process %d is using the data folder %s; stop it first", (int)pid,
				  folder);
	return FAIL_STATE("DATA_FOLDER_IN_USE", "another process is using the data folder %s; stop it first", folder);
}

static FALLIBLE write_pid(int fd, const char *path)
{
	char text[PID_TEXT_BYTES];
	int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)len, 0) != len)
		return file_fault("write", path);
	return OK;
}

static FALLIBLE take_lock(const char *folder, int *ret_lock_fd)
{
	char *path CLEANUP(path_freep) = NULL;
	int fd CLEANUP(close_file) = -1;

	TRY(path_join(folder, LOCK_NAME, &path));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return file_fault("open", path);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? held_by_another(fd, folder) : file_fault("lock", path);
	TRY(write_pid(fd, path));
	*ret_lock_fd = fd;
	fd = -1;
	return OK;
}

FALLIBLE file_make(const char *file)
{
	int fd CLEANUP(close_file) = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		return folder_of_sync(file);
	if (errno != EEXIST)
		return file_fault("make", file);
	return OK;
}

FALLIBLE file_move(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return folder_of_sync(to);
	if (errno == EEXIST)
		return FAIL(FAULT_EXISTS, "%s exists already", to);
	if (errno != EINVAL)
		return file_fault("move into place", to);
	/* A file system without that flag: a look before is the best there is. */
	if (access(to, F_OK) == 0)
		return FAIL(FAULT_EXISTS, "%s exists already", to);
	if (rename(from, to))
		return file_fault("move into place", to);
	return folder_of_sync(to);
}

FALLIBLE folder_open(const char *folder, const char *file, int *ret_lock_fd)
{
	int fd CLEANUP(close_file) = -1;

	TRY(folder_make(folder));
	TRY(take_lock(folder, &fd));
	TRY(file_make(file));
	*ret_lock_fd = fd;
	fd = -1;
	return OK;
}
