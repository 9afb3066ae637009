/*
 * trail: the append-only record of access: exchanges, denials, registry tokens.
 *
 * Owns      segment files under <data folder>/trail, their hash chain, one flushing thread.
 * Promises  what was appended reaches the disk within a second, in order; a full buffer or a failing disk gives UNAVAILABLE,
 *           and then the caller must not issue; no secret has a way in; denials of unauthenticated callers are counted per
 *           source, not written singly.
 * Start at  trail_append().
 */
#ifndef AUDIT_TRAIL_H
#define AUDIT_TRAIL_H

#include "base/clock.h"
#include "model/uid.h"
#include "store/store.h"

struct trail;

struct trail_options {
	slice folder;         /* made 0700 when missing */
	size_t buffer_bytes;  /* default 4 MiB */
	size_t segment_bytes; /* a new file past this; default 64 MiB */
	const struct clock *clock;
	struct store *store; /* the chain's head goes to table_facts "trail_head" every second; NULL in tests */
};

/* Opens, verifies the last segment's tail (a torn last line is cut and noted), starts the flushing thread. */
FALLIBLE trail_open(const struct trail_options *options, struct trail **ret_trail);
/* No head goes to the store any more, and none is on its way; call it before the store is closed, off the writer's thread. */
void trail_leave_store(struct trail *trail);
/* Flushes and closes; NULL is fine; returns NULL. A store of its own is still open, or was left. */
struct trail *trail_close(struct trail *trail);

struct trail_record {
	const char *what; /* "exchange", "denied", "registry.token": a literal */
	const char *method;
	slice identity, issuer, subject; /* who, as text; each cut at 512 bytes */
	slice audience, scope;
	slice token_id; /* jti of what was issued */
	slice reason;   /* why denied */
	slice request_id, peer;
	bool by_operator;
	int64_t expires_s;
};
/* From any thread, never blocks on disk. */
FALLIBLE trail_append(struct trail *trail, const struct trail_record *record);
/* A denial of a caller we do not know: counted by source (bounded table), written as one line a minute per source. */
void trail_count_stranger(struct trail *trail, slice peer, const char *reason);
/* Waits until all appended before is on disk (shutdown, tests). */
FALLIBLE trail_sync(struct trail *trail);
/* Checks a folder's hash chain; the first broken line is named in the report. */
FALLIBLE trail_verify(slice folder, uint64_t *ret_lines);

#endif
