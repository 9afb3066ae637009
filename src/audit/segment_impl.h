/*
 * segment: the files of the trail and their hash chain.
 *
 * A line is a JSON object whose last members are "seq" (1, 2, 3 … over all files) and "chain": SHA-256 in hex over the 32 bytes
 * of the chain before it and the line's own bytes up to `,"chain"`. The first line of a file repeats the chain so far as
 * "previous", so that a file can be checked alone and a missing one shows.
 *
 * Promises  segment_write leaves the file either with all lines synced, or as it was and closed (the next write starts a new
 *           file); bytes that are cut from a torn tail are kept beside it under ".torn".
 */
#ifndef AUDIT_SEGMENT_IMPL_H
#define AUDIT_SEGMENT_IMPL_H

#include "base/buffer.h"
#include "base/slice.h"
#include "base/status.h"

#define CHAIN_BYTES 32
/* What segment_write adds to each line. */
#define CHAIN_SUFFIX_BYTES 128
/* The longest line with its suffix. */
#define SEGMENT_LINE_MAX 32768

struct chain {
	uint8_t hash[CHAIN_BYTES]; /* of the last line; zeros before the first */
	uint64_t seq;              /* of the last line */
};

struct segments {
	int folder;      /* directory; -1: closed */
	int file;        /* the one written to; -1: the next write starts a new one */
	uint64_t number; /* of the newest file; 0: none yet */
	uint64_t bytes;  /* of it, all synced */
	size_t bytes_max;
	struct chain chain;
	uint64_t cut_bytes; /* segments_open: how much of a torn tail was moved aside */
};

/* Opens the folder (made 0700 when missing) and the newest file, whose tail is verified. FAULT_LOST when that file is damaged
 * where a crash cannot have torn it. */
FALLIBLE segments_open(struct segments *segments, slice folder, size_t bytes_max);
void segments_close(struct segments *segments);
/* Appends lines (each a JSON object without its closing brace, ended by '\n') and syncs them. FAULT_UNAVAILABLE on failure. */
FALLIBLE segments_write(struct segments *segments, slice lines, const char *time);
/* Checks all files of the folder in order. FAULT_LOST names the file and the line that breaks the chain. */
FALLIBLE segments_verify(slice folder, uint64_t *ret_lines);

#endif
