/*
 * decide: what one authorization decision costs, over the index of a filled data folder.
 *
 * Callers are what their tokens carry (authz_grants), questions ask for a capability at the deepest folder of the caller's
 * organization. Each decision is timed alone; the figures include the timer, whose own cost is given beside them.
 *
 * What the machine itself costs is measured in the same rounds: CHASE_LOADS loads, each telling where the next one goes, spread
 * at random over as many bytes as the process holds then.
 *
 * Usage: bench-decide <data folder>     (nobody else has it open)
 * Prints one JSON object: nanoseconds.
 */
#include <string.h>
#include <unistd.h>

#include "bench.h"

#include "authz/authz.h"
#include "base/mem.h"

#define ACTIVE 64
#define UNIFORM_MAX 200000
#define SAMPLES 1000000
#define ARENA_BYTES ((size_t)4 * 1024 * 1024 * 1024)
#define ROUNDS 3
#define CHASE_LOADS 6 /* slot, entry, block, group, its organization, what the token grants */
#define LINE_BYTES 64

struct asker {
	struct uid identity, place;
	struct caller caller;
	struct authz_subject subject;
};

struct world {
	struct authz *authz;
	struct arena *arena;
	struct asker *askers;
	size_t count, identities, seen;
	struct uid *deepest; /* of each organization, in the order of their ids */
	size_t deepest_count, deepest_room;
	int64_t load_ns;
};

static uint32_t samples[SAMPLES];
static const unsigned bits[] = { CAP_IAM_GROUPS_LIST_BIT, CAP_REPO_BLOBS_GET_BIT, CAP_MANIFEST_CREATE_BIT,
				 CAP_IAM_ROLE_BINDINGS_CREATE_BIT };

/* ---- reading the folder ---- */

static status keep_deepest(void *user, const void *row)
{
	struct world *world = user;
	const struct group *group = row;
	struct uid *last = world->deepest_count ? &world->deepest[world->deepest_count - 1] : NULL;

	if (last && memcmp(last->at, group->uid.at, UID_ROOT_BYTES) == 0) {
		if (group->uid.len > last->len)
			*last = group->uid;
		return OK;
	}
	if (world->deepest_count == world->deepest_room) {
		world->deepest_room = world->deepest_room ? 2 * world->deepest_room : 1024;
		world->deepest = mem_resize(world->deepest, world->deepest_room * sizeof(struct uid));
		if (!world->deepest)
			DIE("no memory");
	}
	world->deepest[world->deepest_count++] = group->uid;
	return OK;
}

static status count_identity(void *user, const void *row)
{
	(void)row; /* counting */
	((struct world *)user)->identities++;
	return OK;
}

static int by_root(const void *key, const void *uid)
{
	return memcmp(((const struct uid *)key)->at, ((const struct uid *)uid)->at, UID_ROOT_BYTES);
}

/* Every n-th identity, so that they are spread over all organizations. */
static status keep_identity(void *user, const void *row)
{
	struct world *world = user;
	const struct identity *identity = row;
	const struct uid *place = bsearch(&identity->uid, world->deepest, world->deepest_count, sizeof(struct uid), by_root);
	size_t step = world->identities / UNIFORM_MAX + 1;

	if (world->seen++ % step == 0 && world->count < UNIFORM_MAX && place)
		world->askers[world->count++] = (struct asker){ .identity = identity->uid, .place = *place };
	return OK;
}

static FALLIBLE read_world(struct tx *tx, void *arg)
{
	struct world *world = arg;
	int64_t begun = ticks_ns();

	TRY(authz_load(world->authz, tx));
	world->load_ns = ticks_ns() - begun;
	TRY(row_scan(tx, &table_groups, NULL, keep_deepest, world));
	TRY(row_scan(tx, &table_identities, NULL, count_identity, world));
	return row_scan(tx, &table_identities, NULL, keep_identity, world);
}

/* What a token of theirs would say. */
static FALLIBLE make_caller(struct world *world, struct asker *asker)
{
	struct token_grant *grants, *kept;
	bool is_operator;
	size_t count;
	struct arena *arena = arena_new(64 * 1024);
	status result;

	TRY_NEW(arena);
	result = authz_grants(world->authz, &asker->identity, NULL, 0, NULL, 1000, arena, &grants, &count, &is_operator);
	if (!FAILED(result)) {
		kept = NEW_N(world->arena, struct token_grant, count);
		TRY_NEW(kept);
		if (count)
			memcpy(kept, grants, count * sizeof(*kept));
		asker->caller =
			(struct caller){ .is_known = true, .identity = asker->identity, .grants = kept, .grants_count = count };
	}
	(void)arena_free(arena); /* a local */
	return result;
}

/* ---- measuring ---- */

struct figures {
	uint32_t p50, p99;
	double mean, allowed;
};

static struct figures figures_of(int64_t begun, size_t allowed)
{
	struct figures figures = { .mean = (double)(ticks_ns() - begun) / SAMPLES, .allowed = (double)allowed / SAMPLES };

	figures.p99 = percentile(samples, SAMPLES, 0.99);
	figures.p50 = percentile(samples, SAMPLES, 0.5);
	return figures;
}

/* `count` callers, spread over all, in a random order; resolved ones keep what their first question found. */
static struct figures decide(struct world *world, size_t count, bool is_resolved)
{
	uint64_t seed = 7;
	int64_t begun = ticks_ns();
	size_t allowed = 0, apart = world->count / count;

	for (size_t i = 0; i < SAMPLES; i++) {
		struct asker *asker = &world->askers[random_below(&seed, count) * apart];
		unsigned bit = bits[random_below(&seed, 4)];
		int64_t from = ticks_ns();
		bool is_allowed =
			is_resolved ? authz_allows_at(world->authz, &asker->subject, &asker->caller, &asker->place, bit, 1000)
				    : authz_allows(world->authz, &asker->caller, &asker->place, bit, 1000);
		samples[i] = (uint32_t)(ticks_ns() - from);
		allowed += is_allowed;
	}
	return figures_of(begun, allowed);
}

static struct figures time_nothing(void)
{
	int64_t begun = ticks_ns();

	for (size_t i = 0; i < SAMPLES; i++) {
		int64_t from = ticks_ns();
		samples[i] = (uint32_t)(ticks_ns() - from);
	}
	return figures_of(begun, 0);
}

/* ---- the machine's own part ---- */

struct line {
	uint32_t next;
	char rest[LINE_BYTES - sizeof(uint32_t)];
};

static size_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	size_t total = 0, resident = 0;

	if (!file || fscanf(file, "%zu %zu", &total, &resident) != 2)
		DIE("/proc/self/statm tells nothing");
	(void)fclose(file); /* only read */
	return resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* One cycle through all lines, in a random order (Sattolo). */
static struct line *make_chase(size_t count)
{
	struct line *lines = mem_zero(count, sizeof(*lines));
	uint64_t seed = 11;

	if (!lines)
		DIE("no memory");
	for (size_t i = 0; i < count; i++)
		lines[i].next = (uint32_t)i;
	for (size_t i = count - 1; i > 0; i--) {
		size_t other = random_below(&seed, i);
		uint32_t next = lines[i].next;
		lines[i].next = lines[other].next;
		lines[other].next = next;
	}
	return lines;
}

static struct figures chase(const struct line *lines)
{
	static volatile uint32_t at; /* goes on where the last round stopped */
	int64_t begun = ticks_ns();

	for (size_t i = 0; i < SAMPLES; i++) {
		uint32_t here = at;
		int64_t from = ticks_ns();
		for (int load = 0; load < CHASE_LOADS; load++)
			here = lines[here].next;
		at = here;
		samples[i] = (uint32_t)(ticks_ns() - from);
	}
	return figures_of(begun, 0);
}

static struct figures better(struct figures a, struct figures b)
{
	return a.p99 && a.p99 <= b.p99 ? a : b;
}

static void measure(struct world *world)
{
	size_t active = world->count < ACTIVE ? world->count : ACTIVE;
	size_t bytes = resident_bytes();
	struct line *lines = make_chase(bytes / sizeof(*lines));
	struct figures timer = { 0 }, warm = { 0 }, uniform = { 0 }, machine = { 0 };

	/* Whoever shares the machine can only make a round worse. */
	for (int i = 0; i < ROUNDS; i++) {
		timer = better(timer, time_nothing());
		warm = better(warm, decide(world, active, true));
		uniform = better(uniform, decide(world, world->count, false));
		machine = better(machine, chase(lines));
	}
	(void)mem_free(lines); /* gives NULL */
	(void)printf("{\"timer_p50\":%u,\"timer_p99\":%u,\"active\":%zu,\"p50\":%u,\"p99\":%u,\"allowed\":%.3f,"
		     "\"uniform\":%zu,\"uniform_p50\":%u,\"uniform_p99\":%u,\"uniform_mean\":%.0f,\"chase_p50\":%u,"
		     "\"chase_p99\":%u,\"chase_bytes\":%zu,\"load_ms\":%.1f,\"identities\":%zu}\n",
		     timer.p50, timer.p99, active, warm.p50, warm.p99, warm.allowed, world->count, uniform.p50, uniform.p99,
		     uniform.mean, machine.p50, machine.p99, bytes, (double)world->load_ns / 1e6, world->identities);
}

int main(int argc, char **argv)
{
	static struct world world;
	struct store_options options = { .path = argc == 2 ? argv[1] : "" };
	struct store *store;

	if (argc != 2)
		DIE("usage: bench-decide <data folder>");
	world.authz = authz_new();
	world.arena = arena_new(ARENA_BYTES);
	world.askers = mem_zero(UNIFORM_MAX, sizeof(struct asker));
	if (!world.authz || !world.arena || !world.askers)
		DIE("no memory");
	if (FAILED(store_open_sqlite(&options, &store)) || FAILED(store_read(store, read_world, &world, NULL)))
		DIE("%s", report_current()->text);
	authz_thread_start();
	for (size_t i = 0; i < world.count; i++)
		if (FAILED(make_caller(&world, &world.askers[i])))
			DIE("%s", report_current()->text);
	if (world.count == 0)
		DIE("%s holds no identity of bench-fill", argv[1]);
	measure(&world);
	authz_thread_stop();
	store_close(store);
	authz_free(world.authz);
	arena_free(world.arena);
	mem_free(world.askers);
	mem_free(world.deepest);
	return 0;
}
