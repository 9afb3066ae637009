#include "crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096

void bytes_wipe(void *at, size_t size)
{
	OPENSSL_cleanse(at, size);
}

void secret_wipe(struct secret *secret)
{
	bytes_wipe(secret, sizeof(*secret));
}

/* Whole words first, for tokens are long. What they hold decides no branch: all are read, whichever differ. */
bool bytes_equal(slice a, slice b)
{
	uint64_t left, right, differ = 0;
	size_t at = 0;

	if (a.len != b.len)
		return false;
	for (; a.len - at >= sizeof(left); at += sizeof(left)) {
		memcpy(&left, a.at + at, sizeof(left));
		memcpy(&right, b.at + at, sizeof(right));
		differ |= left ^ right;
		__asm__("" : "+r"(differ)); /* so that the compiler cannot know it and end early */
	}
	if (at < a.len)
		differ |= (unsigned)CRYPTO_memcmp(a.at + at, b.at + at, a.len - at);
	return differ == 0;
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
	return bytes_equal(secret_bytes(a), secret_bytes(b));
}

const char *secret_text(const struct secret *secret)
{
	return secret->len ? "[secret]" : "[none]";
}

FALLIBLE secret_set(struct secret *secret, slice bytes)
{
	if (bytes.len > sizeof(secret->bytes))
		return FAIL(FAULT_INVALID, "a secret of more than %d bytes", SECRET_BYTES_MAX);
	secret_wipe(secret);
	if (bytes.len)
		memcpy(secret->bytes, bytes.at, bytes.len);
	secret->len = bytes.len;
	return OK;
}

FALLIBLE secret_random(struct secret *secret, struct random *random, size_t len)
{
	if (len > sizeof(secret->bytes))
		return FAIL(FAULT_INVALID, "a secret of more than %d bytes", SECRET_BYTES_MAX);
	secret_wipe(secret);
	TRY(random_fill(random, secret->bytes, len));
	secret->len = len;
	return OK;
}

/* All of the file, at most one byte more than a secret may have; false with errno set when it cannot be read. */
static bool read_all(int fd, struct secret *secret, bool *ret_too_long)
{
	unsigned char more;
	ssize_t got;

	secret->len = 0;
	*ret_too_long = false;
	for (;;) {
		bool full = secret->len == sizeof(secret->bytes);
		got = full ? read(fd, &more, 1) : read(fd, secret->bytes + secret->len, sizeof(secret->bytes) - secret->len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		if (full) {
			*ret_too_long = true;
			return true;
		}
		secret->len += (size_t)got;
	}
}

static FALLIBLE load_raw(struct secret *secret, const char *path, int fd)
{
	bool too_long, was_read;
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return FAIL(FAULT_INVALID, "the secret file %s is no regular file", path);
	was_read = read_all(fd, secret, &too_long);
	if (!was_read)
		return FAIL(FAULT_INVALID, "the secret file %s cannot be read", path);
	if (too_long)
		return FAIL(FAULT_INVALID, "the secret file %s has more than %d bytes", path, SECRET_BYTES_MAX);
	return OK;
}

/* O_NONBLOCK, so that a FIFO in its place cannot stop us; it changes nothing for a regular file. */
static FALLIBLE open_secret(const char *path, int *ret_fd)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return FAIL(FAULT_INVALID, "the secret file %s cannot be opened (errno %d)", path, errno);
	*ret_fd = fd;
	return OK;
}

FALLIBLE secret_load(struct secret *secret, const char *path)
{
	SECRET found = { 0 };
	status st;
	int fd = -1;

	TRY(open_secret(path, &fd));
	st = load_raw(&found, path, fd);
	(void)close(fd); /* nothing was written */
	TRY(st);
	while (found.len && (found.bytes[found.len - 1] == '\n' || found.bytes[found.len - 1] == '\r'))
		found.len--;
	if (found.len == 0)
		return FAIL(FAULT_INVALID, "the secret file %s is empty", path);
	return secret_set(secret, secret_bytes(&found));
}

static bool write_all(int fd, slice bytes)
{
	while (bytes.len) {
		ssize_t wrote = write(fd, bytes.at, bytes.len);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return false;
		bytes = slice_from(bytes, (size_t)wrote);
	}
	return fsync(fd) == 0;
}

/* Makes the name durable too. */
static bool sync_folder_of(const char *path)
{
	const char *end = strrchr(path, '/');
	char folder[PATH_BYTES];
	int fd;
	bool ok;

	if (end)
		(void)snprintf(folder, sizeof(folder), "%.*s", (int)(end == path ? 1 : end - path),
			       path); /* path fitted before */
	fd = open(end ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = fsync(fd) == 0;
	(void)close(fd); /* only synced */
	return ok;
}

/* Whole under a name of our own first, then linked: whoever comes first wins, and nobody sees half a file. */
static FALLIBLE make_file(const char *path, slice bytes)
{
	char aside[PATH_BYTES];
	bool ok;
	int fd;

	if (snprintf(aside, sizeof(aside), "%s.%ld.new", path, (long)getpid()) >= PATH_BYTES)
		return FAIL(FAULT_INVALID, "the secret file's path is too long");
	(void)unlink(aside); /* left over from a process of our number that died half way */
	fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return FAIL(FAULT_INVALID, "the secret file %s cannot be made (errno %d)", path, errno);
	ok = write_all(fd, bytes);
	ok = close(fd) == 0 && ok;
	ok = ok && (link(aside, path) == 0 || errno == EEXIST);
	(void)unlink(aside); /* the link stays */
	if (!ok || !sync_folder_of(path))
		return FAIL(FAULT_INVALID, "the secret file %s cannot be written (errno %d)", path, errno);
	return OK;
}

FALLIBLE secret_load_or_make(struct secret *secret, const char *path, size_t len, struct random *random)
{
	SECRET found = { 0 };
	status st;
	int fd = -1;

	if (access(path, F_OK) != 0 && errno == ENOENT) {
		TRY(secret_random(&found, random, len));
		TRY(make_file(path, secret_bytes(&found)));
	}
	TRY(open_secret(path, &fd));
	st = load_raw(&found, path, fd);
	(void)close(fd); /* nothing was written */
	TRY(st);
	if (found.len != len)
		return FAIL(FAULT_INVALID, "the secret file %s has %zu bytes, not %zu", path, found.len, len);
	return secret_set(secret, secret_bytes(&found));
}
