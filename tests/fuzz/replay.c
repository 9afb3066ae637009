/*
 * replay: runs one target over the empty input and each file of its corpus, without libFuzzer.
 *
 * An absent or empty corpus is a failure, for such a test could not fail. Usage: replay-<target> folder
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

#define INPUT_BYTES_MAX (16 << 20)

/* Exactly as many bytes as the file has, so that a read past the end is seen. */
static int replay_file(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	struct stat about;
	uint8_t *bytes;
	ssize_t got = -1;

	if (fd < 0 || fstat(fd, &about) != 0 || about.st_size > INPUT_BYTES_MAX) {
		(void)fprintf(stderr, "%s: cannot be read, or too large\n", name);
		return -1;
	}
	bytes = malloc((size_t)about.st_size);
	if (bytes || about.st_size == 0)
		got = read(fd, bytes, (size_t)about.st_size);
	(void)close(fd); /* read only */
	if (got == about.st_size)
		(void)LLVMFuzzerTestOneInput(bytes, (size_t)about.st_size); /* a finding is a crash, not a result */
	free(bytes);
	return got == about.st_size ? 0 : -1;
}

int main(int argc, char **argv)
{
	static const uint8_t nothing;
	DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *entry;
	int count = 0, failed = 0;

	if (!folder) {
		(void)fprintf(stderr, "usage: %s folder-of-inputs\n", argv[0]);
		return 2;
	}
	(void)LLVMFuzzerTestOneInput(&nothing, 0);
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		failed |= replay_file(dirfd(folder), entry->d_name);
		count++;
	}
	(void)closedir(folder); /* read only */
	(void)printf("%d inputs\n", count);
	return failed || count == 0;
}
