/*
 * trail_count: how often the trail says something.
 */
#ifndef TESTS_UNIT_TRAIL_COUNT_H
#define TESTS_UNIT_TRAIL_COUNT_H

#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "audit/trail.h"

/* Lines with this text, in all the files of the trail's folder. */
static inline size_t trail_count(struct trail *trail, const char *kept_in, const char *what)
{
	size_t count = 0;
	char line[4096];
	DIR *files;

	CHECK_OK(trail_sync(trail));
	files = opendir(kept_in);
	CHECK(files != NULL);
	for (struct dirent *entry; (entry = readdir(files));) {
		int fd = entry->d_name[0] == '.' ? -1 : openat(dirfd(files), entry->d_name, O_RDONLY);
		FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
		while (file && fgets(line, sizeof(line), file))
			count += strstr(line, what) != NULL;
		if (file)
			(void)fclose(file);
	}
	(void)closedir(files);
	return count;
}

#endif
