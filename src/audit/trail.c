/*
 * trail: what callers append is kept in one of two buffers; the flusher takes them in turns to the segment files.
 */
#include "audit/trail.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "audit/segment_impl.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"

#define BUFFER_BYTES ((size_t)4 << 20)
#define SEGMENT_BYTES ((size_t)64 << 20)
/* The flusher looks this often; what was appended is on disk after twice that at worst, unless the disk itself is slow. */
#define FLUSH_EVERY_US (US_PER_S / 4)
#define HEAD_EVERY_US US_PER_S
#define STRANGERS_EVERY_US (60 * US_PER_S)
#define FIELD_BYTES_MAX ((size_t)512)
#define STRANGERS_MAX 1024
#define PEER_BYTES_MAX 64

struct stranger {
	char peer[PEER_BYTES_MAX];
	size_t peer_len;
	const char *reason; /* of the last denial: a literal */
	uint64_t count;
};

struct chunk {
	char *at;
	size_t len;
	uint64_t lines;
};

/* The head of the chain on its way to the store. */
struct head_job {
	struct store_job job;
	char text[2 * CHAIN_BYTES + 24];
	bool is_busy; /* guarded by the trail's mutex */
};

struct trail {
	size_t buffer_bytes;
	const struct clock *clock;

	pthread_mutex_t mutex; /* guards the following */
	struct store *store;   /* NULL: none, or left */
	pthread_cond_t work, done;
	struct chunk filling;
	uint64_t appended, synced;  /* lines since trail_open */
	bool has_failed;            /* the last write did: nothing is taken until one succeeds */
	bool is_closing, is_wanted; /* somebody waits: do not wait for the next round */
	uint64_t rounds;            /* of the flusher */
	struct map *by_peer;
	struct stranger strangers[STRANGERS_MAX];
	size_t strangers_count;
	uint64_t strangers_beyond; /* denials of sources that found the table full */

	/* the flusher's own */
	pthread_t thread;
	struct chunk writing;
	struct segments segments;
	struct head_job head;
	uint64_t head_seq;
	int64_t head_at_us, strangers_at_us;
};

/* ---- a line ---- */

/* Cut at a character border; bytes that are no UTF-8 become '?'. into holds FIELD_BYTES_MAX. */
static slice tame(slice text, char *into)
{
	size_t len = text.len < FIELD_BYTES_MAX ? text.len : FIELD_BYTES_MAX;

	if (len < text.len)
		while (len && ((unsigned char)text.at[len] & 0xc0) == 0x80)
			len--;
	text = slice_to(text, len);
	if (slice_is_text(text))
		return text;
	for (size_t i = 0; i < len; i++)
		into[i] = (unsigned char)text.at[i] < 0x80 && text.at[i] ? text.at[i] : '?';
	return slice_of(into, len);
}

static void put_pair(struct json_writer *writer, const char *name, slice text)
{
	char room[FIELD_BYTES_MAX];

	if (text.len)
		json_pair_text(writer, name, tame(text, room));
}

static void begin_line(struct json_writer *writer, const struct trail *trail, const char *what)
{
	int64_t now_us = clock_now_us(trail->clock);
	char at[CLOCK_TEXT_BYTES];

	clock_format(now_us / US_PER_S, (int32_t)(now_us % US_PER_S * 1000), at);
	json_open_object(writer);
	json_pair_text(writer, "time", slice_str(at));
	json_pair_text(writer, "what", slice_str(what));
}

static void put_record(struct json_writer *writer, const struct trail_record *record)
{
	if (record->method)
		put_pair(writer, "method", slice_str(record->method));
	put_pair(writer, "identity", record->identity);
	put_pair(writer, "issuer", record->issuer);
	put_pair(writer, "subject", record->subject);
	put_pair(writer, "audience", record->audience);
	put_pair(writer, "scope", record->scope);
	put_pair(writer, "token_id", record->token_id);
	put_pair(writer, "reason", record->reason);
	put_pair(writer, "request_id", record->request_id);
	put_pair(writer, "peer", record->peer);
	if (record->by_operator)
		json_pair_bool(writer, "by_operator", true);
	if (record->expires_s)
		json_pair_int(writer, "expires", record->expires_s);
}

/* Copies a finished line behind the others; the mutex is held. */
static FALLIBLE add_line(struct trail *trail, slice line)
{
	if (trail->has_failed || trail->is_closing)
		return FAIL(FAULT_UNAVAILABLE, "the access trail cannot be written, so nothing is issued; try again later");
	if (line.len + 1 > trail->buffer_bytes - trail->filling.len)
		return FAIL(FAULT_UNAVAILABLE, "the access trail is behind; try again");
	memcpy(trail->filling.at + trail->filling.len, line.at, line.len);
	trail->filling.len += line.len;
	trail->filling.at[trail->filling.len++] = '\n';
	trail->filling.lines++;
	trail->appended++;
	return OK;
}

/* A writer over the caller's memory, which it never outgrows. */
static struct buffer fixed_buffer(char *room, size_t size)
{
	return (struct buffer){ .at = room, .cap = size, .limit = size - 1 };
}

FALLIBLE trail_append(struct trail *trail, const struct trail_record *record)
{
	char room[SEGMENT_LINE_MAX - CHAIN_SUFFIX_BYTES];
	struct buffer line = fixed_buffer(room, sizeof(room));
	struct json_writer writer;
	status st;

	assert(record->what);
	json_writer_init(&writer, &line);
	begin_line(&writer, trail, record->what);
	put_record(&writer, record);
	if (buffer_failed(&line))
		return FAIL(FAULT_INTERNAL, "an access record cannot be written");
	(void)pthread_mutex_lock(&trail->mutex); /* cannot fail: a plain mutex of ours */
	st = add_line(trail, buffer_slice(&line));
	if (trail->filling.len > trail->buffer_bytes / 2)
		(void)pthread_cond_signal(&trail->work);
	(void)pthread_mutex_unlock(&trail->mutex);
	return st;
}

/* ---- strangers ---- */

void trail_count_stranger(struct trail *trail, slice peer, const char *reason)
{
	struct stranger *stranger;
	void *old;

	peer = slice_to(peer, PEER_BYTES_MAX);
	(void)pthread_mutex_lock(&trail->mutex);
	stranger = map_find(trail->by_peer, peer);
	if (!stranger && trail->strangers_count < STRANGERS_MAX) {
		stranger = &trail->strangers[trail->strangers_count];
		*stranger = (struct stranger){ .peer_len = peer.len };
		memcpy(stranger->peer, peer.at, peer.len);
		if (FAILED(map_put(trail->by_peer, slice_of(stranger->peer, peer.len), stranger, &old)))
			stranger = NULL; /* counted among those beyond the table */
		else
			trail->strangers_count++;
	}
	if (stranger) {
		stranger->count++;
		stranger->reason = reason;
	} else {
		trail->strangers_beyond++;
	}
	(void)pthread_mutex_unlock(&trail->mutex);
}

static bool add_strangers_line(struct trail *trail, slice peer, const char *reason, uint64_t count)
{
	char room[SEGMENT_LINE_MAX - CHAIN_SUFFIX_BYTES];
	struct buffer line = fixed_buffer(room, sizeof(room));
	struct json_writer writer;

	json_writer_init(&writer, &line);
	begin_line(&writer, trail, "strangers");
	put_pair(&writer, "peer", peer);
	put_pair(&writer, "reason", slice_str(reason));
	json_pair_int(&writer, "count", (int64_t)count);
	return !buffer_failed(&line) && !FAILED(add_line(trail, buffer_slice(&line)));
}

/* The mutex is held. What does not fit now is counted on. */
static void add_strangers(struct trail *trail)
{
	size_t taken = 0, left;

	while (taken < trail->strangers_count) {
		const struct stranger *stranger = &trail->strangers[taken];
		if (!add_strangers_line(trail, slice_of(stranger->peer, stranger->peer_len), stranger->reason, stranger->count))
			break;
		taken++;
	}
	if (trail->strangers_beyond &&
	    add_strangers_line(trail, SLICE("others"), "more sources than are told apart", trail->strangers_beyond))
		trail->strangers_beyond = 0;
	left = trail->strangers_count - taken;
	for (size_t i = taken; i < trail->strangers_count; i++)
		trail->strangers_beyond += trail->strangers[i].count;
	if (left || taken) {
		map_clear(trail->by_peer);
		trail->strangers_count = 0;
	}
}

/* ---- the head of the chain, for the store ---- */

static status put_head(struct tx *tx, void *arg)
{
	const struct head_job *head = arg;
	const struct fact fact = { .name = SLICE("trail_head"), .value = slice_str(head->text) };

	return row_put(tx, &table_facts, &fact);
}

static void head_done(struct store_job *job, status result, uint64_t revision)
{
	struct trail *trail = (struct trail *)((char *)job->arg - offsetof(struct trail, head));

	(void)result; /* a head that is not kept is followed by the next one */
	(void)revision;
	(void)pthread_mutex_lock(&trail->mutex);
	trail->head.is_busy = false;
	(void)pthread_cond_broadcast(&trail->done);
	(void)pthread_mutex_unlock(&trail->mutex);
}

static void send_head(struct trail *trail, int64_t now_us)
{
	char hex[2 * CHAIN_BYTES];
	struct store *store;

	if (trail->segments.chain.seq == trail->head_seq || now_us < trail->head_at_us + HEAD_EVERY_US)
		return;
	(void)pthread_mutex_lock(&trail->mutex);
	store = trail->head.is_busy ? NULL : trail->store;
	if (store)
		trail->head.is_busy = true; /* until it is done, nobody leaves the store */
	(void)pthread_mutex_unlock(&trail->mutex);
	if (!store)
		return;
	hex_encode_into(slice_of(trail->segments.chain.hash, CHAIN_BYTES), hex);
	(void)snprintf(trail->head.text, sizeof(trail->head.text), "%llu %.64s", (unsigned long long)trail->segments.chain.seq,
		       hex); /* 20 digits, a blank, 64 */
	trail->head.job = (struct store_job){ .run = put_head, .arg = &trail->head, .done = head_done };
	trail->head_at_us = now_us;
	if (FAILED(store_submit(store, &trail->head.job)))
		head_done(&trail->head.job, OK, 0); /* the next round tries again */
	else
		trail->head_seq = trail->segments.chain.seq;
}

/* ---- the flusher ---- */

static void wait_for_work(struct trail *trail)
{
	struct timespec until;
	int64_t nanos;

	(void)clock_gettime(CLOCK_MONOTONIC, &until); /* cannot fail for this id */
	nanos = until.tv_nsec + FLUSH_EVERY_US * 1000;
	until.tv_sec += nanos / 1000000000;
	until.tv_nsec = nanos % 1000000000;
	while (!trail->is_closing && !trail->is_wanted && trail->filling.len <= trail->buffer_bytes / 2)
		if (pthread_cond_timedwait(&trail->work, &trail->mutex, &until) != 0)
			break;
}

static FALLIBLE write_chunk(struct trail *trail)
{
	int64_t now_us = clock_now_us(trail->clock);
	char at[CLOCK_TEXT_BYTES];

	if (trail->writing.len == 0)
		return OK;
	clock_format(now_us / US_PER_S, 0, at);
	TRY(segments_write(&trail->segments, slice_of(trail->writing.at, trail->writing.len), at));
	return OK;
}

static void say_when_it_turns(const struct trail *trail, status st)
{
	if (FAILED(st) && !trail->has_failed)
		LOG(LOG_ERROR, "the access trail cannot be written; nothing is issued until it can",
		    LOG_TEXT("why", slice_str(report_current()->text)));
	else if (!FAILED(st) && trail->has_failed)
		LOG(LOG_INFO, "the access trail is written again");
}

/* The mutex is held on entry and exit, and released while the disk works. */
static void flush_once(struct trail *trail)
{
	struct chunk chunk;
	int64_t now_us = clock_ticks_us();
	status st;

	if (now_us >= trail->strangers_at_us + STRANGERS_EVERY_US || trail->is_closing) {
		bool is_closing = trail->is_closing;
		trail->is_closing = false; /* add_line takes nothing more once closing; these are ours */
		add_strangers(trail);
		trail->is_closing = is_closing;
		trail->strangers_at_us = now_us;
	}
	if (trail->writing.len == 0) {
		chunk = trail->writing;
		trail->writing = trail->filling;
		trail->filling = chunk;
	}
	trail->is_wanted = false;
	(void)pthread_mutex_unlock(&trail->mutex);
	report_clear(report_current());
	st = write_chunk(trail);
	if (!FAILED(st))
		send_head(trail, now_us);
	(void)pthread_mutex_lock(&trail->mutex);
	say_when_it_turns(trail, st);
	trail->has_failed = FAILED(st);
	if (!FAILED(st)) {
		trail->synced += trail->writing.lines;
		trail->writing.len = 0;
		trail->writing.lines = 0;
	}
	trail->rounds++;
	(void)pthread_cond_broadcast(&trail->done);
}

static void *flusher(void *arg)
{
	struct trail *trail = arg;
	bool was_closing = false;

	(void)pthread_mutex_lock(&trail->mutex);
	while (!was_closing) {
		wait_for_work(trail);
		was_closing = trail->is_closing;
		flush_once(trail);
		if (was_closing && !trail->has_failed && trail->filling.len)
			flush_once(trail); /* what was in the other buffer */
	}
	while (trail->head.is_busy)
		(void)pthread_cond_wait(&trail->done, &trail->mutex);
	(void)pthread_mutex_unlock(&trail->mutex);
	return NULL;
}

/* ---- open, sync, close ---- */

static FALLIBLE make_parts(struct trail *trail)
{
	const struct hash_seed *seed;
	pthread_condattr_t monotonic;

	trail->filling.at = mem_alloc(trail->buffer_bytes);
	trail->writing.at = mem_alloc(trail->buffer_bytes);
	TRY(hash_seed_of_thread(&seed));
	trail->by_peer = map_new(STRANGERS_MAX, seed);
	if (!trail->filling.at || !trail->writing.at || !trail->by_peer)
		return FAIL(FAULT_EXHAUSTED, "no memory for the access trail");
	(void)pthread_mutex_init(&trail->mutex, NULL); /* these cannot fail on Linux */
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&trail->work, &monotonic);
	(void)pthread_cond_init(&trail->done, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	return OK;
}

static struct trail *free_parts(struct trail *trail)
{
	(void)mem_free(trail->filling.at); /* the struct goes too */
	(void)mem_free(trail->writing.at);
	(void)map_free(trail->by_peer);
	return mem_free(trail);
}

static FALLIBLE start(struct trail *trail, const struct trail_options *options)
{
	size_t segment_bytes = options->segment_bytes ? options->segment_bytes : SEGMENT_BYTES;

	TRY(segments_open(&trail->segments, options->folder, segment_bytes));
	trail->head_seq = trail->segments.chain.seq;
	trail->strangers_at_us = clock_ticks_us();
	if (pthread_create(&trail->thread, NULL, flusher, trail) != 0) {
		segments_close(&trail->segments);
		return FAIL(FAULT_INTERNAL, "the trail's thread cannot be started");
	}
	return OK;
}

FALLIBLE trail_open(const struct trail_options *options, struct trail **ret_trail)
{
	struct trail *trail = NEW_ZERO(struct trail);
	status st;

	if (!trail)
		return FAIL(FAULT_EXHAUSTED, "no memory for the access trail");
	trail->buffer_bytes = options->buffer_bytes ? options->buffer_bytes : BUFFER_BYTES;
	trail->clock = options->clock ? options->clock : &clock_system;
	trail->store = options->store;
	st = make_parts(trail);
	if (!FAILED(st))
		st = start(trail, options);
	if (FAILED(st)) {
		(void)free_parts(trail); /* gives NULL */
		return fault_via(st, __func__, __LINE__);
	}
	*ret_trail = trail;
	return OK;
}

FALLIBLE trail_sync(struct trail *trail)
{
	uint64_t wanted, round;
	bool is_synced;

	(void)pthread_mutex_lock(&trail->mutex);
	wanted = trail->appended;
	round = trail->rounds;
	/* Two rounds: the one under way may have begun before the last line came. */
	while (trail->synced < wanted && trail->rounds < round + 2) {
		trail->is_wanted = true;
		(void)pthread_cond_signal(&trail->work);
		(void)pthread_cond_wait(&trail->done, &trail->mutex);
	}
	is_synced = trail->synced >= wanted;
	(void)pthread_mutex_unlock(&trail->mutex);
	if (!is_synced)
		return FAIL(FAULT_UNAVAILABLE, "the access trail cannot be written");
	return OK;
}

void trail_leave_store(struct trail *trail)
{
	(void)pthread_mutex_lock(&trail->mutex);
	trail->store = NULL;
	while (trail->head.is_busy)
		(void)pthread_cond_wait(&trail->done, &trail->mutex);
	(void)pthread_mutex_unlock(&trail->mutex);
}

struct trail *trail_close(struct trail *trail)
{
	if (!trail)
		return NULL;
	(void)pthread_mutex_lock(&trail->mutex);
	trail->is_closing = true;
	(void)pthread_cond_signal(&trail->work);
	(void)pthread_mutex_unlock(&trail->mutex);
	(void)pthread_join(trail->thread, NULL); /* ours, joined once */
	segments_close(&trail->segments);
	(void)pthread_cond_destroy(&trail->work);
	(void)pthread_cond_destroy(&trail->done);
	(void)pthread_mutex_destroy(&trail->mutex);
	return free_parts(trail);
}

FALLIBLE trail_verify(slice folder, uint64_t *ret_lines)
{
	return segments_verify(folder, ret_lines);
}
