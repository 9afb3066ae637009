#include "login/throttle.h"

#include <arpa/inet.h>
#include <pthread.h>

#include "base/buffer.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/random.h"

#define KEY_BYTES_MAX 512

struct slot {
	uint64_t key; /* 0: free */
	unsigned count;
	int64_t from_s, window_s;
};

struct throttle {
	pthread_mutex_t lock;
	struct hash_seed seed;
	struct slot slots[THROTTLE_SLOTS];
};

struct throttle *throttle_new(void)
{
	struct throttle *throttle = NEW_ZERO(struct throttle);

	if (throttle && FAILED(random_fill(&random_system, &throttle->seed, sizeof(throttle->seed))))
		return mem_free(throttle);
	if (throttle)
		(void)pthread_mutex_init(&throttle->lock, NULL); /* cannot fail on Linux with default attributes */
	return throttle;
}

struct throttle *throttle_free(struct throttle *throttle)
{
	return mem_free(throttle);
}

static uint64_t key_of(const struct throttle *throttle, const struct throttle_rule *rule, slice a, slice b)
{
	char text[KEY_BYTES_MAX];
	int len = snprintf(text, sizeof(text), "%s\n%zu\n%.*s\n%.*s", rule->label, a.len, SLICE_ARG(slice_to(a, 300)),
			   SLICE_ARG(slice_to(b, 100)));
	size_t used = len < 0 ? 0 : (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1;

	return hash_slice(&throttle->seed, slice_of(text, used)) | 1; /* never 0 */
}

static bool is_over(const struct slot *slot, int64_t now_s)
{
	return slot->key == 0 || now_s - slot->from_s >= slot->window_s;
}

/* The key's counter, or the one of its set that is missed least, emptied. */
static struct slot *take_locked(struct throttle *throttle, uint64_t key, int64_t now_s)
{
	struct slot *set = &throttle->slots[(key >> 8) % (THROTTLE_SLOTS / THROTTLE_WAYS) * THROTTLE_WAYS], *least = NULL;

	for (size_t i = 0; i < THROTTLE_WAYS; i++)
		if (set[i].key == key && !is_over(&set[i], now_s))
			return &set[i];
	for (size_t i = 0; i < THROTTLE_WAYS; i++) {
		if (is_over(&set[i], now_s)) {
			least = &set[i];
			break;
		}
		if (!least || set[i].count < least->count)
			least = &set[i];
	}
	*least = (struct slot){ .key = key, .from_s = now_s };
	return least;
}

bool throttle_try(struct throttle *throttle, const struct throttle_rule *rule, slice a, slice b, int64_t now_s)
{
	uint64_t key = key_of(throttle, rule, a, b);
	struct slot *slot;
	bool may;

	pthread_mutex_lock(&throttle->lock);
	slot = take_locked(throttle, key, now_s);
	slot->window_s = rule->window_s;
	may = slot->count < rule->most;
	if (may)
		slot->count++;
	pthread_mutex_unlock(&throttle->lock);
	return may;
}

void throttle_forget(struct throttle *throttle, const struct throttle_rule *rule, slice a, slice b)
{
	uint64_t key = key_of(throttle, rule, a, b);
	struct slot *set = &throttle->slots[(key >> 8) % (THROTTLE_SLOTS / THROTTLE_WAYS) * THROTTLE_WAYS];

	pthread_mutex_lock(&throttle->lock);
	for (size_t i = 0; i < THROTTLE_WAYS; i++)
		if (set[i].key == key)
			set[i] = (struct slot){ 0 };
	pthread_mutex_unlock(&throttle->lock);
}

slice throttle_address(struct arena *arena, slice peer)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	struct buffer out;

	if (peer.len >= sizeof(text))
		return peer;
	memcpy(text, peer.at, peer.len);
	text[peer.len] = '\0';
	if (inet_pton(AF_INET6, text, &address) != 1)
		return peer;
	buffer_init(&out, arena, sizeof(text));
	for (size_t i = 0; i < 8; i++)
		buffer_printf(&out, "%02x", address.s6_addr[i]);
	return buffer_failed(&out) ? peer : buffer_slice(&out);
}
