#include "login/polls.h"

#include <pthread.h>

#include "base/clock.h"
#include "login/device.h"

#define WAYS 8
#define SETS (POLLS_MAX / WAYS)
#define STRIPES 64
#define NAME_BYTES 16 /* of a digest: as many as nobody finds twice */

/* expires_s 0: free. */
struct entry {
	uint8_t name[NAME_BYTES];
	uint64_t client; /* digest of its id */
	int64_t last_us; /* when it was last let through; 0 = never */
	int64_t expires_s;
	uint64_t revision; /* it waited as of then */
	int64_t interval_s;
};

static struct entry entries[SETS][WAYS];
static pthread_mutex_t locks[STRIPES] = { [0 ... STRIPES - 1] = PTHREAD_MUTEX_INITIALIZER };

/* Digests of secrets are spread evenly, and nobody chooses them. */
static size_t set_of(const uint8_t digest[SHA256_BYTES])
{
	uint32_t tail;

	memcpy(&tail, digest + SHA256_BYTES - sizeof(tail), sizeof(tail));
	return tail % SETS;
}

/* FNV-1a: client ids are our own configuration's. */
static uint64_t client_of(slice client_id)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < client_id.len; i++)
		hash = (hash ^ (unsigned char)client_id.at[i]) * UINT64_C(1099511628211);
	return hash;
}

static pthread_mutex_t *lock_set(size_t set)
{
	pthread_mutex_t *lock = &locks[set % STRIPES];

	(void)pthread_mutex_lock(lock); /* cannot fail: a plain mutex of ours */
	return lock;
}

static struct entry *find(size_t set, const uint8_t digest[SHA256_BYTES])
{
	for (size_t i = 0; i < WAYS; i++)
		if (entries[set][i].expires_s && memcmp(entries[set][i].name, digest, NAME_BYTES) == 0)
			return &entries[set][i];
	return NULL;
}

static enum poll judge(struct entry *entry, slice client_id, int64_t now_us, uint64_t revision)
{
	int64_t since_us;

	if (!entry || entry->client != client_of(client_id))
		return POLL_UNKNOWN;
	if (now_us >= entry->expires_s * US_PER_S)
		return POLL_OVER;
	since_us = now_us - entry->last_us;
	if (entry->last_us && since_us >= 0 && since_us < entry->interval_s * US_PER_S - POLL_EARLY_US) {
		if (entry->interval_s < POLL_INTERVAL_MAX_S)
			entry->interval_s += POLL_STEP_S;
		return POLL_SLOW;
	}
	entry->last_us = now_us;
	return entry->revision == revision ? POLL_WAIT : POLL_ASK;
}

enum poll poll_take(const uint8_t digest[SHA256_BYTES], slice client_id, int64_t now_us, uint64_t revision)
{
	size_t set = set_of(digest);
	pthread_mutex_t *lock = lock_set(set);
	enum poll poll = judge(find(set, digest), client_id, now_us, revision);

	(void)pthread_mutex_unlock(lock); /* as above */
	return poll;
}

/* A free place, else the one whose code ends first. */
static struct entry *make(size_t set, const uint8_t digest[SHA256_BYTES])
{
	struct entry *least = &entries[set][0];

	for (size_t i = 1; i < WAYS; i++)
		if (entries[set][i].expires_s < least->expires_s)
			least = &entries[set][i];
	*least = (struct entry){ .interval_s = DEVICE_INTERVAL_S };
	memcpy(least->name, digest, NAME_BYTES);
	return least;
}

void poll_note(const uint8_t digest[SHA256_BYTES], slice client_id, int64_t expires_s, int64_t now_us, uint64_t revision)
{
	size_t set = set_of(digest);
	pthread_mutex_t *lock = lock_set(set);
	struct entry *entry = find(set, digest);

	if (!entry) {
		entry = make(set, digest);
		entry->last_us = now_us;
	}
	entry->client = client_of(client_id);
	entry->expires_s = expires_s;
	entry->revision = revision;
	(void)pthread_mutex_unlock(lock); /* as above */
}

void poll_drop(const uint8_t digest[SHA256_BYTES])
{
	size_t set = set_of(digest);
	pthread_mutex_t *lock = lock_set(set);
	struct entry *entry = find(set, digest);

	if (entry)
		*entry = (struct entry){ 0 };
	(void)pthread_mutex_unlock(lock); /* as above */
}

int64_t poll_interval(const uint8_t digest[SHA256_BYTES])
{
	size_t set = set_of(digest);
	pthread_mutex_t *lock = lock_set(set);
	struct entry *entry = find(set, digest);
	int64_t interval_s = entry ? entry->interval_s : 0;

	(void)pthread_mutex_unlock(lock); /* as above */
	return interval_s;
}
