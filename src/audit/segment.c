/*
 * segment: the writing side of the trail's files: open, append, sync, start anew. segment_check.c reads them.
 */
#include "audit/segment_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/segment_check_impl.h"
#include "base/encode.h"
#include "base/mem.h"

/* Lines are chained and written in pieces of about this size. */
#define PIECE_BYTES ((size_t)256 * 1024)
/* How much of the newest file is verified when it is opened: more than can be unsynced. */
#define TAIL_BYTES (UINT64_C(16) << 20)

static FALLIBLE write_all(int file, slice bytes)
{
	while (bytes.len) {
		ssize_t wrote = write(file, bytes.at, bytes.len);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return FAIL(FAULT_UNAVAILABLE, "the access trail cannot be written: %s", strerror(errno));
		bytes = slice_from(bytes, (size_t)wrote);
	}
	return OK;
}

/* ---- opening ---- */

/* Copies what stands behind `good` to a file of its own before it is cut off: nobody's evidence is destroyed. */
static FALLIBLE move_aside(const struct segments *segments, uint64_t good, uint64_t size)
{
	char name[SEGMENT_NAME_BYTES + 40], block[8192];
	int torn;

	(void)snprintf(name, sizeof(name), "trail-%012llu.%llu.torn", (unsigned long long)segments->number,
		       (unsigned long long)good);
	torn = openat(segments->folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (torn < 0)
		return FAIL(FAULT_UNAVAILABLE, "%s cannot be made: %s", name, strerror(errno));
	for (uint64_t at = good; at < size;) {
		ssize_t got = pread(segments->file, block, sizeof(block), (off_t)at);
		if (got <= 0 || FAILED(write_all(torn, slice_of(block, (size_t)got)))) {
			(void)close(torn); /* already failing */
			return FAIL(FAULT_UNAVAILABLE, "the torn end of the trail cannot be moved aside: %s", strerror(errno));
		}
		at += (uint64_t)got;
	}
	if (close(torn) < 0 || ftruncate(segments->file, (off_t)good) < 0)
		return FAIL(FAULT_UNAVAILABLE, "the torn end of the trail cannot be cut: %s", strerror(errno));
	return OK;
}

/* Continues the newest file behind its last good line. */
static FALLIBLE open_newest(struct segments *segments)
{
	struct segment_check check = { 0 };
	char name[SEGMENT_NAME_BYTES];
	struct stat stat;
	uint64_t size;

	segment_name(segments->number, name);
	segments->file = openat(segments->folder, name, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (segments->file < 0 || fstat(segments->file, &stat) < 0)
		return FAIL(FAULT_UNAVAILABLE, "%s cannot be opened: %s", name, strerror(errno));
	size = (uint64_t)stat.st_size;
	check.from = size > TAIL_BYTES ? size - TAIL_BYTES : 0;
	TRY(segment_check(segments->folder, segments->number, &check));
	if (check.ret_lines == 0 && check.from)
		return FAIL(FAULT_LOST, "%s holds no line that can be read", name);
	if (check.ret_wrong) {
		NOTE("%s: %s; %llu bytes were moved aside", name, check.ret_wrong, (unsigned long long)(size - check.ret_good));
		TRY(move_aside(segments, check.ret_good, size));
		segments->cut_bytes = size - check.ret_good;
	}
	segments->chain = check.chain;
	segments->bytes = check.ret_good;
	return OK;
}

/* The newest file may have lost even its first line: then the chain is that of the last file before it that has one, and the
 * next write starts a new file. */
static FALLIBLE chain_before(struct segments *segments, const uint64_t *numbers, size_t count)
{
	struct segment_check check = { 0 };

	(void)close(segments->file); /* empty */
	segments->file = -1;
	while (count-- && check.ret_lines == 0) {
		check = (struct segment_check){ 0 };
		TRY(segment_check(segments->folder, numbers[count], &check));
		if (check.ret_wrong)
			return FAIL(FAULT_LOST, "trail-%012llu.jsonl line %llu: %s", (unsigned long long)numbers[count],
				    (unsigned long long)check.ret_lines + 1, check.ret_wrong);
	}
	segments->chain = check.chain;
	return OK;
}

static FALLIBLE open_files(struct segments *segments)
{
	uint64_t *numbers = NULL;
	size_t count = 0;
	status st;

	TRY(segment_numbers(segments->folder, &numbers, &count));
	segments->number = count ? numbers[count - 1] : 0;
	st = count ? open_newest(segments) : OK;
	if (!FAILED(st) && count && segments->bytes == 0)
		st = chain_before(segments, numbers, count - 1);
	(void)mem_free(numbers); /* a local */
	return st;
}

FALLIBLE segments_open(struct segments *segments, slice folder, size_t bytes_max)
{
	char path[4096];
	status st;

	*segments = (struct segments){ .folder = -1, .file = -1, .bytes_max = bytes_max };
	if (snprintf(path, sizeof(path), "%.*s", SLICE_ARG(folder)) >= (int)sizeof(path))
		return FAIL(FAULT_INVALID, "the trail's folder name is too long");
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return FAIL(FAULT_UNAVAILABLE, "the trail's folder cannot be made: %s", strerror(errno));
	segments->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (segments->folder < 0)
		return FAIL(FAULT_UNAVAILABLE, "the trail's folder cannot be opened: %s", strerror(errno));
	st = open_files(segments);
	if (FAILED(st))
		segments_close(segments);
	return st;
}

void segments_close(struct segments *segments)
{
	if (segments->file >= 0)
		(void)close(segments->file); /* all that counts was synced */
	if (segments->folder >= 0)
		(void)close(segments->folder); /* only read from */
	segments->file = segments->folder = -1;
}

/* ---- writing ---- */

static void add_line(struct buffer *out, struct chain *chain, slice line)
{
	size_t start = out->len;
	struct chain next;

	buffer_add(out, line);
	buffer_printf(out, ",\"seq\":%llu", (unsigned long long)chain->seq + 1);
	if (buffer_failed(out) || FAILED(chain_next(chain, slice_from(buffer_slice(out), start), &next))) {
		out->failed = true;
		return;
	}
	buffer_text(out, ",\"chain\":\"");
	hex_encode(out, slice_of(next.hash, CHAIN_BYTES));
	buffer_text(out, "\"}\n");
	*chain = next;
}

/* A new file with its first line, which continues the chain. */
static FALLIBLE start_file(struct segments *segments, struct buffer *out, const char *time)
{
	char name[SEGMENT_NAME_BYTES], previous[2 * CHAIN_BYTES], line[256];

	segment_name(segments->number + 1, name);
	segments->file = openat(segments->folder, name, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (segments->file < 0)
		return FAIL(FAULT_UNAVAILABLE, "%s cannot be made: %s", name, strerror(errno));
	segments->number++;
	segments->bytes = 0;
	if (fsync(segments->folder) < 0)
		return FAIL(FAULT_UNAVAILABLE, "the trail's folder cannot be synced: %s", strerror(errno));
	hex_encode_into(slice_of(segments->chain.hash, CHAIN_BYTES), previous);
	(void)snprintf(line, sizeof(line), "{\"time\":\"%s\",\"what\":\"segment\",\"previous\":\"%.64s\"", time,
		       previous); /* 140 bytes */
	add_line(out, &segments->chain, slice_str(line));
	return OK;
}

static FALLIBLE write_piece(struct segments *segments, struct buffer *out)
{
	if (buffer_failed(out))
		return FAIL(FAULT_UNAVAILABLE, "no memory to write the access trail");
	TRY(write_all(segments->file, buffer_slice(out)));
	segments->bytes += out->len;
	buffer_clear(out);
	return OK;
}

static FALLIBLE write_lines(struct segments *segments, slice lines, const char *time, struct buffer *out)
{
	slice line;

	if (segments->file < 0)
		TRY(start_file(segments, out, time));
	while (slice_cut(lines, '\n', &line, &lines)) {
		add_line(out, &segments->chain, line);
		if (out->len >= PIECE_BYTES)
			TRY(write_piece(segments, out));
	}
	TRY(write_piece(segments, out));
	if (fdatasync(segments->file) < 0)
		return FAIL(FAULT_UNAVAILABLE, "the access trail cannot be synced: %s", strerror(errno));
	return OK;
}

/* Back to where the file was before a write that failed. After a failed sync the kernel may have dropped pages it calls
 * clean, so this file is never continued; what cannot be cut either shows as a break when the trail is verified. */
static void take_back(struct segments *segments, const struct chain *chain, uint64_t good)
{
	char name[SEGMENT_NAME_BYTES];

	segments->chain = *chain;
	segments->bytes = good;
	if (segments->file < 0)
		return;
	(void)!ftruncate(segments->file, (off_t)good);
	(void)close(segments->file); /* already failing */
	segments->file = -1;
	if (good == 0) {
		segment_name(segments->number--, name);
		(void)unlinkat(segments->folder, name, 0); /* an empty file left behind is skipped by every reader */
	}
}

FALLIBLE segments_write(struct segments *segments, slice lines, const char *time)
{
	struct chain before = segments->chain;
	struct buffer out;
	uint64_t good;
	status st;

	if (segments->file >= 0 && segments->bytes >= segments->bytes_max) {
		(void)close(segments->file); /* all of it was synced */
		segments->file = -1;
	}
	good = segments->file >= 0 ? segments->bytes : 0;
	buffer_init(&out, NULL, PIECE_BYTES + 2 * (SEGMENT_LINE_MAX + CHAIN_SUFFIX_BYTES));
	st = write_lines(segments, lines, time, &out);
	buffer_done(&out);
	if (FAILED(st))
		take_back(segments, &before, good);
	return st;
}
