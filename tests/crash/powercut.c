/*
 * powercut: what was acknowledged is there after the power went, whatever the disk did with what was not yet synced.
 *
 * A VFS over the default one keeps, for every file, what is durable: the bytes as of its last sync, and the list of writes
 * since. At a random operation the power goes: the image of each file becomes its durable bytes plus a random choice of the
 * later writes, some of them torn at sector borders, and everything after fails. The image is opened as a data folder and
 * compared with what had been acknowledged. The same with synchronous=OFF must be found out: that is the test's own proof.
 *
 * SEED=n repeats a run, ROUNDS=n does more of them.
 */
#include "test.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "store/store.h"

#define SECTOR_BYTES 512
#define FILES_MAX 8
#define NAME_BYTES 160
#define ROUNDS_DEFAULT 30
#define UNSAFE_ROUNDS_MAX 40
#define CUT_AFTER_MAX 1500
#define IN_FLIGHT 24
#define JOBS_MAX 20000

/* ---- the disk ---- */

struct write {
	struct write *next;
	int64_t at; /* a truncation to `at` when there are no bytes */
	size_t len;
	bool is_truncation;
	uint8_t bytes[];
};

struct image {
	char name[NAME_BYTES];
	uint8_t *durable;
	size_t len;
	bool exists; /* durably */
	struct write *first, **last;
};

/* Touched by the writer's thread and, while no store is open, by main. */
static struct disk {
	struct image files[FILES_MAX];
	size_t count;
	uint64_t seed, operations, cut_at;
	_Atomic bool is_dead;
	char folder[NAME_BYTES];
} disk;

static sqlite3_vfs *under;

static struct image *image_of(const char *name)
{
	struct image *image;

	for (size_t i = 0; i < disk.count; i++)
		if (strcmp(disk.files[i].name, name) == 0)
			return &disk.files[i];
	CHECK(disk.count < FILES_MAX);
	image = &disk.files[disk.count++];
	memset(image, 0, sizeof(*image));
	(void)snprintf(image->name, sizeof(image->name), "%s", name);
	image->last = &image->first;
	return image;
}

static void image_resize(struct image *image, size_t len)
{
	if (len > image->len) {
		image->durable = mem_resize(image->durable, len);
		CHECK(image->durable);
		memset(image->durable + image->len, 0, len - image->len);
	}
	image->len = len;
}

static void apply_bytes(struct image *image, int64_t at, const uint8_t *bytes, size_t len)
{
	if ((size_t)at + len > image->len)
		image_resize(image, (size_t)at + len);
	memcpy(image->durable + at, bytes, len);
}

/* A write that the power cut in the middle: some of its sectors, in no order. */
static void apply_torn(struct image *image, const struct write *write)
{
	for (size_t from = 0; from < write->len;) {
		size_t to =
			(size_t)(write->at + (int64_t)from) / SECTOR_BYTES * SECTOR_BYTES + SECTOR_BYTES - (size_t)write->at;
		if (to > write->len)
			to = write->len;
		if (random_below(&disk.seed, 2))
			apply_bytes(image, write->at + (int64_t)from, write->bytes + from, to - from);
		from = to;
	}
}

static void apply(struct image *image, const struct write *write)
{
	if (write->is_truncation)
		image_resize(image, (size_t)write->at);
	else
		apply_bytes(image, write->at, write->bytes, write->len);
}

/* What reaches the disk of the writes not synced: all, none, or any of them. */
static void image_settle(struct image *image, bool is_cut)
{
	uint64_t mood = is_cut ? random_below(&disk.seed, 4) : 0;

	while (image->first) {
		struct write *write = image->first;
		image->first = write->next;
		if (mood == 0 || (mood > 1 && random_below(&disk.seed, 3) == 0))
			apply(image, write);
		else if (mood > 1 && !write->is_truncation && random_below(&disk.seed, 2))
			apply_torn(image, write);
		(void)mem_free(write); /* gives NULL */
	}
	image->last = &image->first;
}

static void pend(struct image *image, int64_t at, const void *bytes, size_t len, bool is_truncation)
{
	struct write *write = mem_alloc(sizeof(*write) + len);

	CHECK(write);
	*write = (struct write){ .at = at, .len = len, .is_truncation = is_truncation };
	if (len)
		memcpy(write->bytes, bytes, len);
	*image->last = write;
	image->last = &write->next;
}

/* Counts an operation that changes something; true when the power is gone. */
static bool is_gone(void)
{
	if (!atomic_load(&disk.is_dead) && ++disk.operations >= disk.cut_at)
		atomic_store(&disk.is_dead, true);
	return atomic_load(&disk.is_dead);
}

static void disk_free(void)
{
	for (size_t i = 0; i < disk.count; i++) {
		image_settle(&disk.files[i], false);
		disk.files[i].durable = mem_free(disk.files[i].durable);
	}
	disk.count = 0;
}

/* ---- the VFS over it ---- */

struct shim {
	sqlite3_file base;
	struct image *image; /* NULL: a file nobody needs after a cut */
	sqlite3_file *real;
};

static struct shim *shim_of(sqlite3_file *file)
{
	return (struct shim *)file;
}

static int shim_close(sqlite3_file *file)
{
	return shim_of(file)->real->pMethods->xClose(shim_of(file)->real);
}

static int shim_read(sqlite3_file *file, void *into, int len, sqlite3_int64 at)
{
	return shim_of(file)->real->pMethods->xRead(shim_of(file)->real, into, len, at);
}

static int shim_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	struct shim *shim = shim_of(file);

	if (shim->image) {
		/* The power may go in the middle of this write: it is among those that may arrive in part. */
		if (!atomic_load(&disk.is_dead))
			pend(shim->image, at, bytes, (size_t)len, false);
		if (is_gone())
			return SQLITE_IOERR_WRITE;
	}
	return shim->real->pMethods->xWrite(shim->real, bytes, len, at);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct shim *shim = shim_of(file);

	if (shim->image) {
		if (!atomic_load(&disk.is_dead))
			pend(shim->image, size, NULL, 0, true);
		if (is_gone())
			return SQLITE_IOERR_TRUNCATE;
	}
	return shim->real->pMethods->xTruncate(shim->real, size);
}

static int shim_sync(sqlite3_file *file, int flags)
{
	struct shim *shim = shim_of(file);

	(void)flags;
	if (shim->image) {
		if (is_gone())
			return SQLITE_IOERR_FSYNC;
		image_settle(shim->image, false);
		shim->image->exists = true;
	}
	return SQLITE_OK; /* the real file is read by this process alone */
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return shim_of(file)->real->pMethods->xFileSize(shim_of(file)->real, size);
}

static int shim_lock(sqlite3_file *file, int level)
{
	return shim_of(file)->real->pMethods->xLock(shim_of(file)->real, level);
}

static int shim_unlock(sqlite3_file *file, int level)
{
	return shim_of(file)->real->pMethods->xUnlock(shim_of(file)->real, level);
}

static int shim_reserved(sqlite3_file *file, int *out)
{
	return shim_of(file)->real->pMethods->xCheckReservedLock(shim_of(file)->real, out);
}

static int shim_control(sqlite3_file *file, int op, void *arg)
{
	return shim_of(file)->real->pMethods->xFileControl(shim_of(file)->real, op, arg);
}

static int shim_sector(sqlite3_file *file)
{
	return shim_of(file)->real->pMethods->xSectorSize(shim_of(file)->real);
}

static int shim_device(sqlite3_file *file)
{
	return shim_of(file)->real->pMethods->xDeviceCharacteristics(shim_of(file)->real);
}

static int shim_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **at)
{
	return shim_of(file)->real->pMethods->xShmMap(shim_of(file)->real, page, size, extend, at);
}

static int shim_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return shim_of(file)->real->pMethods->xShmLock(shim_of(file)->real, offset, n, flags);
}

static void shim_shm_barrier(sqlite3_file *file)
{
	shim_of(file)->real->pMethods->xShmBarrier(shim_of(file)->real);
}

static int shim_shm_unmap(sqlite3_file *file, int delete)
{
	return shim_of(file)->real->pMethods->xShmUnmap(shim_of(file)->real, delete);
}

static const sqlite3_io_methods shim_methods = {
	.iVersion = 2, /* no memory mapping, which would go past us */
	.xClose = shim_close,
	.xRead = shim_read,
	.xWrite = shim_write,
	.xTruncate = shim_truncate,
	.xSync = shim_sync,
	.xFileSize = shim_size,
	.xLock = shim_lock,
	.xUnlock = shim_unlock,
	.xCheckReservedLock = shim_reserved,
	.xFileControl = shim_control,
	.xSectorSize = shim_sector,
	.xDeviceCharacteristics = shim_device,
	.xShmMap = shim_shm_map,
	.xShmLock = shim_shm_lock,
	.xShmBarrier = shim_shm_barrier,
	.xShmUnmap = shim_shm_unmap,
};

#define KEPT_FILES (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)

static int cut_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	struct shim *shim = shim_of(file);
	int rc;

	(void)vfs;
	memset(shim, 0, sizeof(*shim));
	shim->real = (sqlite3_file *)(shim + 1);
	rc = under->xOpen(under, name, shim->real, flags, out);
	if (rc)
		return rc;
	shim->base.pMethods = &shim_methods;
	if (name && flags & KEPT_FILES) {
		shim->image = image_of(name);
		shim->image->exists |= (flags & SQLITE_OPEN_MAIN_DB) != 0; /* the store made it, with a sync of the folder */
	}
	return SQLITE_OK;
}

static int cut_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	struct image *image = image_of(name);

	(void)vfs, (void)sync;
	if (is_gone())
		return SQLITE_IOERR_DELETE;
	image_settle(image, false);
	image_resize(image, 0);
	image->exists = false;
	return under->xDelete(under, name, 0);
}

static sqlite3_vfs cut_vfs;

static void install_vfs(void)
{
	if (cut_vfs.zName)
		return;
	under = sqlite3_vfs_find(NULL);
	CHECK(under);
	cut_vfs = *under; /* what is not replaced goes straight to the one below: it uses no field of its own of ours */
	cut_vfs.zName = "powercut";
	cut_vfs.szOsFile = (int)sizeof(struct shim) + under->szOsFile;
	cut_vfs.xOpen = cut_open;
	cut_vfs.xDelete = cut_delete;
	cut_vfs.pNext = NULL;
	CHECK(sqlite3_vfs_register(&cut_vfs, 0) == SQLITE_OK);
}

/* ---- what is written, and what was acknowledged ---- */

struct entry {
	struct store_job job; /* first */
	int64_t number;
	struct load *load;
};

struct load {
	struct entry entries[JOBS_MAX];
	_Atomic int64_t acknowledged; /* entries below are; they are done in order */
	_Atomic int64_t finished;
	uint64_t base; /* revision before the first */
};

/* Two groups and a fact: half of an entry cannot be mistaken for a whole one. */
static status write_entry(struct tx *tx, void *arg)
{
	const struct entry *entry = arg;
	char text[32];
	struct fact fact = { .name = SLICE("last") };

	fact.value = slice_of(text, (size_t)snprintf(text, sizeof(text), "%lld", (long long)entry->number));
	for (uint8_t i = 0; i < 2; i++) {
		struct group group = { .uid = { .len = UID_ROOT_BYTES }, .name = fact.value, .kind = entry->number };
		memcpy(group.uid.at, &entry->number, sizeof(entry->number));
		group.uid.at[UID_ROOT_BYTES - 1] = i;
		TRY(row_insert(tx, &table_groups, &group));
	}
	return row_put(tx, &table_facts, &fact);
}

static void entry_done(struct store_job *job, status result, uint64_t revision)
{
	struct entry *entry = (struct entry *)job;

	if (!FAILED(result) && !atomic_load(&disk.is_dead)) {
		CHECK_INT(revision, entry->load->base + (uint64_t)entry->number + 1);
		atomic_store(&entry->load->acknowledged, entry->number + 1);
	}
	atomic_fetch_add(&entry->load->finished, 1);
}

static void write_until_cut(struct store *store, struct load *load)
{
	int64_t n = 0;

	load->base = store_revision(store);
	while (!atomic_load(&disk.is_dead) && n < JOBS_MAX) {
		struct entry *entry = &load->entries[n];
		if (n - atomic_load(&load->finished) >= IN_FLIGHT) {
			(void)usleep(50);
			continue;
		}
		*entry = (struct entry){ .job = { .run = write_entry, .arg = entry, .done = entry_done },
					 .number = n,
					 .load = load };
		CHECK_OK(store_submit(store, &entry->job));
		n++;
	}
	CHECK(n < JOBS_MAX);
}

/* ---- after the cut ---- */

static void write_image(const char *folder)
{
	for (size_t i = 0; i < disk.count; i++) {
		struct image *image = &disk.files[i];
		char path[NAME_BYTES * 2];
		FILE *file;

		image_settle(image, true);
		if (!image->exists && random_below(&disk.seed, 2))
			continue; /* its name may be lost with it */
		(void)snprintf(path, sizeof(path), "%s/%s", folder, strrchr(image->name, '/') + 1);
		file = fopen(path, "w");
		CHECK(file && (!image->len || fwrite(image->durable, 1, image->len, file) == image->len) && fclose(file) == 0);
	}
}

struct found {
	int64_t groups, last;
	bool is_whole;
};

static status look(struct tx *tx, void *arg)
{
	struct found *found = arg;
	struct fact fact = { .name = SLICE("last") };
	struct query query;
	uint64_t last;
	bool is_there;

	TRY(row_count(tx, &table_groups, NULL, &found->groups));
	TRY(row_find(tx, &table_facts, &fact, &fact, &is_there));
	found->last = is_there && slice_number(fact.value, JOBS_MAX, &last) ? (int64_t)last : -1;
	query_init(&query);
	query_number(&query, WHERE_LESS, GROUPS_KIND, found->last + 1);
	TRY(row_count(tx, &table_groups, &query, &found->last));
	found->is_whole = found->last == found->groups;
	found->last = is_there ? (int64_t)last : -1;
	return OK;
}

/* NULL when the folder holds just the entries up to some number that covers the acknowledged ones; else what is wrong. */
static const char *compare(const char *folder, const struct load *load)
{
	struct store_options options = { .path = folder };
	struct found found = { 0 };
	struct store *store;
	uint64_t revision;
	status st;

	if (FAILED(store_open_sqlite(&options, &store)))
		return "it does not open";
	revision = store_revision(store);
	st = store_read(store, look, &found, NULL);
	store = store_close(store);
	if (FAILED(st) || FAILED(store_verify(folder)))
		return "it is damaged";
	if (found.last + 1 < load->acknowledged)
		return "acknowledged changes are lost";
	if (!found.is_whole || found.groups != 2 * (found.last + 1))
		return "a change is half there";
	if (revision != load->base + (uint64_t)(found.last + 1) && found.last >= 0)
		return "the revision does not fit the rows";
	return NULL;
}

static void remove_folder(const char *folder)
{
	char command[NAME_BYTES * 2];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	CHECK(system(command) == 0);
}

/* One store, one cut; NULL or what was wrong afterwards. */
static const char *one_round(uint64_t seed, bool unsafe_no_sync, int64_t *ret_acknowledged)
{
	static struct load load;
	const char *place =
		access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm"; /* the disk is ours: the real one may be in memory */
	char before[NAME_BYTES], after[NAME_BYTES];
	struct store_options options = {
		.path = before, .vfs = "powercut", .unsafe_no_sync = unsafe_no_sync, .checkpoint_pages = 30
	};
	struct store *store = NULL;
	const char *wrong;

	install_vfs();
	disk_free();
	disk.seed = seed;
	disk.operations = 0;
	disk.cut_at = 1 + random_below(&disk.seed, CUT_AFTER_MAX);
	atomic_store(&disk.is_dead, false);
	memset(&load, 0, sizeof(load));
	(void)snprintf(before, sizeof(before), "%s/reeve-cut-XXXXXX", place);
	(void)snprintf(after, sizeof(after), "%s/reeve-cut-XXXXXX", place);
	CHECK(mkdtemp(before) && mkdtemp(after));
	if (!FAILED(store_open_sqlite(&options, &store)))
		write_until_cut(store, &load);
	store = store_close(store);
	CHECK(atomic_load(&disk.is_dead));
	write_image(after);
	wrong = compare(after, &load);
	*ret_acknowledged = load.acknowledged;
	remove_folder(before);
	remove_folder(after);
	return wrong;
}

static uint64_t first_seed(void)
{
	const char *text = getenv("SEED");
	uint64_t seed;

	CHECK_OK(random_fill(&random_system, &seed, sizeof(seed)));
	return text ? strtoull(text, NULL, 0) : seed >> 16;
}

TEST(what_was_acknowledged_survives_any_power_cut)
{
	const char *rounds_text = getenv("ROUNDS");
	uint64_t seed = first_seed();
	long rounds = rounds_text ? strtol(rounds_text, NULL, 10) : ROUNDS_DEFAULT;
	int64_t acknowledged, total = 0;

	print_message("SEED=%llu ROUNDS=%ld\n", (unsigned long long)seed, rounds);
	for (long i = 0; i < rounds; i++) {
		const char *wrong = one_round(seed + (uint64_t)i, false, &acknowledged);
		total += acknowledged;
		if (wrong)
			fail_msg("SEED=%llu ROUNDS=1: after %lld acknowledged changes %s [%s]",
				 (unsigned long long)seed + (uint64_t)i, (long long)acknowledged, wrong,
				 report_current()->text);
	}
	print_message("%lld acknowledged changes were all there\n", (long long)total);
	CHECK(total > 0);
	disk_free();
}

TEST(without_sync_the_same_cuts_are_found_to_lose_changes)
{
	uint64_t seed = first_seed();
	int64_t acknowledged;
	int found = 0;

	print_message("SEED=%llu\n", (unsigned long long)seed);
	for (int i = 0; i < UNSAFE_ROUNDS_MAX && !found; i++)
		found += one_round(seed + (uint64_t)i, true, &acknowledged) != NULL;
	CHECK(found);
	disk_free();
}

TESTS(what_was_acknowledged_survives_any_power_cut, without_sync_the_same_cuts_are_found_to_lose_changes)
