/*
 * segment_check: names, numbers and the chain of the trail's files; reading them back.
 */
#include "audit/segment_check_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/mem.h"
#include "crypto/digest.h"

#define SEGMENTS_MAX ((size_t)1 << 20)
/* `,"chain":"` 64 digits `"}` */
#define CHAIN_OPEN SLICE(",\"chain\":\"")
#define CHAIN_TAIL_BYTES (10 + 64 + 2)
#define READ_BYTES ((size_t)1 << 20)

void segment_name(uint64_t number, char ret_name[SEGMENT_NAME_BYTES])
{
	(void)snprintf(ret_name, SEGMENT_NAME_BYTES, "trail-%012llu.jsonl",
		       (unsigned long long)number); /* 31 characters at most */
}

static bool number_of_name(const char *text, uint64_t *ret_number)
{
	slice name = slice_str(text);
	char again[SEGMENT_NAME_BYTES];

	if (!slice_starts(name, SLICE("trail-")) || !slice_ends(name, SLICE(".jsonl")))
		return false;
	name = slice_to(slice_from(name, 6), name.len - 12);
	while (name.len > 1 && *name.at == '0')
		name = slice_from(name, 1);
	if (!slice_number(name, UINT64_C(999999999999), ret_number) || *ret_number == 0)
		return false;
	segment_name(*ret_number, again);
	return slice_is(slice_str(text), again);
}

static int by_number(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static FALLIBLE read_numbers(DIR *dir, uint64_t **numbers, size_t *count)
{
	size_t cap = 0;

	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		uint64_t number;
		if (!number_of_name(entry->d_name, &number))
			continue;
		if (*count == SEGMENTS_MAX)
			return FAIL(FAULT_EXHAUSTED, "the trail has more than %zu files", SEGMENTS_MAX);
		if (*count == cap) {
			uint64_t *more = mem_resize(*numbers, (cap = cap ? cap * 2 : 64) * sizeof(*more));
			TRY_NEW(more);
			*numbers = more;
		}
		(*numbers)[(*count)++] = number;
	}
	return OK;
}

FALLIBLE segment_numbers(int folder, uint64_t **ret_numbers, size_t *ret_count)
{
	int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	uint64_t *numbers = NULL;
	size_t count = 0;
	status st;

	if (!dir) {
		if (own >= 0)
			(void)close(own); /* only read from */
		return FAIL(FAULT_UNAVAILABLE, "the trail's folder cannot be read: %s", strerror(errno));
	}
	st = read_numbers(dir, &numbers, &count);
	(void)closedir(dir); /* only read from */
	if (FAILED(st)) {
		(void)mem_free(numbers); /* a local */
		return fault_via(st, __func__, __LINE__);
	}
	if (count)
		qsort(numbers, count, sizeof(*numbers), by_number);
	*ret_numbers = numbers;
	*ret_count = count;
	return OK;
}

FALLIBLE chain_next(const struct chain *chain, slice content, struct chain *ret_next)
{
	uint8_t joined[CHAIN_BYTES + SEGMENT_LINE_MAX];
	struct chain next = { .seq = chain->seq + 1 };

	if (content.len > SEGMENT_LINE_MAX)
		return FAIL(FAULT_INTERNAL, "a line of the trail is too long");
	memcpy(joined, chain->hash, CHAIN_BYTES);
	memcpy(joined + CHAIN_BYTES, content.at, content.len);
	TRY(sha256(slice_of(joined, CHAIN_BYTES + content.len), next.hash));
	*ret_next = next;
	return OK;
}

/* ---- one line ---- */

/* Splits `{…,"seq":7,"chain":"…"}` into what the hash covers, the number and the hash; NULL or what is wrong. */
static const char *split_line(slice line, slice *ret_content, struct chain *ret_claims)
{
	slice digits, chain = line.len > CHAIN_TAIL_BYTES ? slice_from(line, line.len - CHAIN_TAIL_BYTES) : line;
	size_t at;

	if (line.len <= CHAIN_TAIL_BYTES || line.len > SEGMENT_LINE_MAX + CHAIN_TAIL_BYTES)
		return "the line's length is wrong";
	if (!slice_starts(chain, CHAIN_OPEN) || !slice_ends(chain, SLICE("\"}")) ||
	    !hex_decode_into(slice_to(slice_from(chain, CHAIN_OPEN.len), 64), ret_claims->hash, CHAIN_BYTES))
		return "the line has no chain value";
	*ret_content = slice_to(line, line.len - CHAIN_TAIL_BYTES);
	for (at = ret_content->len; at && ret_content->at[at - 1] >= '0' && ret_content->at[at - 1] <= '9'; at--)
		;
	digits = slice_from(*ret_content, at);
	if (!slice_ends(slice_to(*ret_content, at), SLICE(",\"seq\":")) ||
	    !slice_number(digits, UINT64_MAX - 1, &ret_claims->seq))
		return "the line has no number";
	return NULL;
}

/* What the first line of a file says the chain was before it. */
static bool previous_of(slice content, struct chain *ret_before, uint64_t seq)
{
	static const char key[] = "\"previous\":\"";
	const char *at = memmem(content.at, content.len, key, sizeof(key) - 1);
	slice value;

	if (!at || seq == 0)
		return false;
	value = slice_from(content, (size_t)(at - content.at) + sizeof(key) - 1);
	ret_before->seq = seq - 1;
	return value.len >= 64 && hex_decode_into(slice_to(value, 64), ret_before->hash, CHAIN_BYTES);
}

/* A line in the middle of which reading began is skipped; the one after it is believed, to start the chain from. */
enum reading { SKIP_PART, BELIEVE, FIRST_OF_FILE, CHECK };

struct checking {
	struct segment_check *check;
	enum reading reading;
};

static FALLIBLE check_line(struct checking *checking, slice line, const char **ret_wrong)
{
	struct segment_check *check = checking->check;
	struct chain claims, next, before;
	slice content;
	const char *wrong = split_line(line, &content, &claims);

	*ret_wrong = wrong;
	if (wrong)
		return OK;
	if (checking->reading == FIRST_OF_FILE) {
		if (!previous_of(content, &before, claims.seq))
			*ret_wrong = "the file does not begin with the chain before it";
		else if (check->is_known &&
			 (before.seq != check->chain.seq || memcmp(before.hash, check->chain.hash, CHAIN_BYTES)))
			*ret_wrong = "the file does not follow the one before it";
		if (*ret_wrong)
			return OK;
		check->chain = before;
	}
	if (checking->reading == BELIEVE) {
		check->chain = claims;
		return OK;
	}
	TRY(chain_next(&check->chain, content, &next));
	if (next.seq != claims.seq)
		*ret_wrong = "a line is missing before this one";
	else if (memcmp(next.hash, claims.hash, CHAIN_BYTES))
		*ret_wrong = "the line does not match its chain value";
	else
		check->chain = next;
	return OK;
}

/* Takes the whole lines of `bytes`; *ret_used of them. */
static FALLIBLE check_lines(struct checking *checking, slice bytes, size_t *ret_used)
{
	struct segment_check *check = checking->check;
	slice line, rest = bytes;

	*ret_used = 0;
	while (!check->ret_wrong && slice_cut(rest, '\n', &line, &rest)) {
		if (checking->reading == SKIP_PART) {
			checking->reading = BELIEVE;
		} else {
			TRY(check_line(checking, line, &check->ret_wrong));
			if (check->ret_wrong)
				return OK;
			checking->reading = CHECK;
			check->ret_lines++;
		}
		*ret_used += line.len + 1;
		check->ret_good += line.len + 1;
	}
	return OK;
}

static FALLIBLE check_file(int file, struct segment_check *check, char *room)
{
	struct checking checking = { check, check->from ? SKIP_PART : FIRST_OF_FILE };
	uint64_t at = check->from;
	size_t held = 0, used;

	check->ret_lines = 0;
	check->ret_good = check->from;
	check->ret_wrong = NULL;
	for (;;) {
		ssize_t got = pread(file, room + held, READ_BYTES - held, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return FAIL(FAULT_UNAVAILABLE, "the trail cannot be read: %s", strerror(errno));
		at += (uint64_t)got;
		held += (size_t)got;
		TRY(check_lines(&checking, slice_of(room, held), &used));
		if (check->ret_wrong)
			return OK;
		held -= used;
		memmove(room, room + used, held);
		if (got == 0 || held == READ_BYTES)
			break;
	}
	if (held)
		check->ret_wrong = "the line does not end";
	return OK;
}

FALLIBLE segment_check(int folder, uint64_t number, struct segment_check *check)
{
	char name[SEGMENT_NAME_BYTES], *room;
	status st;
	int file;

	segment_name(number, name);
	file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (file < 0)
		return FAIL(FAULT_UNAVAILABLE, "%s cannot be opened: %s", name, strerror(errno));
	room = mem_alloc(READ_BYTES);
	st = room ? check_file(file, check, room) : FAIL(FAULT_EXHAUSTED, "no memory to check the trail");
	(void)mem_free(room); /* a local */
	(void)close(file);    /* only read from */
	return st;
}

FALLIBLE segments_verify(slice folder, uint64_t *ret_lines)
{
	char path[4096];
	struct segment_check check = { 0 };
	uint64_t *numbers = NULL, lines = 0;
	size_t count = 0;
	status st;
	int dir;

	if (snprintf(path, sizeof(path), "%.*s", SLICE_ARG(folder)) >= (int)sizeof(path))
		return FAIL(FAULT_INVALID, "the trail's folder name is too long");
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return FAIL(FAULT_UNAVAILABLE, "the trail's folder cannot be opened: %s", strerror(errno));
	st = segment_numbers(dir, &numbers, &count);
	for (size_t i = 0; i < count && !FAILED(st); i++) {
		check.from = 0;
		st = segment_check(dir, numbers[i], &check);
		lines += check.ret_lines;
		if (!FAILED(st) && check.ret_wrong)
			st = FAIL(FAULT_LOST, "trail-%012llu.jsonl line %llu: %s", (unsigned long long)numbers[i],
				  (unsigned long long)check.ret_lines + 1, check.ret_wrong);
		check.is_known = true;
	}
	(void)mem_free(numbers); /* a local */
	(void)close(dir);        /* only read from */
	if (!FAILED(st))
		*ret_lines = lines;
	return st;
}
