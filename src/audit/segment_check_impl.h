/*
 * segment_check: the reading side of the trail's files.
 */
#ifndef AUDIT_SEGMENT_CHECK_IMPL_H
#define AUDIT_SEGMENT_CHECK_IMPL_H

#include "audit/segment_impl.h"

#define SEGMENT_NAME_BYTES 32

/* "trail-000000000001.jsonl" */
void segment_name(uint64_t number, char ret_name[SEGMENT_NAME_BYTES]);
/* Numbers of the folder's files in rising order, in heap memory (mem_free); NULL when there are none. */
FALLIBLE segment_numbers(int folder, uint64_t **ret_numbers, size_t *ret_count);

/* The chain after a line whose bytes up to `,"chain"` are `content`; `content` is at most SEGMENT_LINE_MAX long. */
FALLIBLE chain_next(const struct chain *chain, slice content, struct chain *ret_next);

/* Reads a file from offset `from` to its end. With from 0 the chain starts with what its first line calls "previous" (which
 * must equal chain->hash when is_known); else at the first whole line. ret_good is the offset behind the last line that holds.
 */
struct segment_check {
	uint64_t from;
	bool is_known;
	struct chain chain;
	uint64_t ret_lines, ret_good;
	const char *ret_wrong; /* what broke behind ret_good; NULL: nothing */
};
FALLIBLE segment_check(int folder, uint64_t number, struct segment_check *check);

#endif
