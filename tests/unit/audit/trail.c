#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/segment_impl.h"
#include "audit/trail.h"
#include "base/json.h"
#include "base/log.h"

static char folder[64];

static void new_folder(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/reeve-trail-XXXXXX");
	CHECK(mkdtemp(folder));
}

static void drop_folder(void)
{
	DIR *dir = opendir(folder);

	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
		(void)unlinkat(dirfd(dir), entry->d_name, 0); /* "." and ".." stay */
	closedir(dir);
	CHECK_INT(rmdir(folder), 0);
}

static struct trail *open_trail(size_t buffer_bytes, size_t segment_bytes)
{
	struct trail_options options = { .folder = slice_str(folder),
					 .buffer_bytes = buffer_bytes,
					 .segment_bytes = segment_bytes };
	struct trail *trail;

	CHECK_OK(trail_open(&options, &trail));
	return trail;
}

static const struct trail_record sample = {
	.what = "exchange",
	.method = "oidc.exchange",
	.identity = SLICE("00112233445566778899aabbccddeeff00112233/0011223344556677"),
	.issuer = SLICE("https://ci.example.com"),
	.subject = SLICE("repo:a/b"),
	.audience = SLICE("https://reeve.example.com"),
	.token_id = SLICE("t-1"),
	.expires_s = 1795392000,
};

static size_t read_file(const char *name, char *into, size_t size)
{
	char path[128];
	ssize_t got;
	int file;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = open(path, O_RDONLY);
	CHECK(file >= 0);
	got = read(file, into, size);
	close(file);
	CHECK(got >= 0);
	return (size_t)got;
}

static void write_file(const char *name, const char *bytes, size_t len, int flags)
{
	char path[128];
	int file;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = open(path, O_WRONLY | flags, 0600);
	CHECK(file >= 0);
	CHECK_INT(write(file, bytes, len), (ssize_t)len);
	close(file);
}

static size_t files_ending(const char *suffix)
{
	DIR *dir = opendir(folder);
	size_t count = 0;

	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
		count += slice_ends(slice_str(entry->d_name), slice_str(suffix));
	closedir(dir);
	return count;
}

#define FIRST "trail-000000000001.jsonl"

TEST(what_was_appended_is_on_disk_after_a_sync_as_json_lines)
{
	char bytes[8192];
	struct arena *arena = arena_new(1 << 20);
	const struct json *line;
	struct trail *trail;
	slice all, first, second = SLICE("");
	uint64_t lines;

	new_folder();
	trail = open_trail(0, 0);
	CHECK_OK(trail_append(trail, &sample));
	CHECK_OK(trail_sync(trail));
	all = slice_of(bytes, read_file(FIRST, bytes, sizeof(bytes)));
	CHECK(slice_cut(all, '\n', &first, &all) && slice_cut(all, '\n', &second, &all));
	CHECK_OK(json_parse_object(arena, first, NULL, &line));
	CHECK(json_text_is(json_member(line, "what"), "segment"));
	CHECK_OK(json_parse_object(arena, second, NULL, &line));
	CHECK(json_text_is(json_member(line, "what"), "exchange"));
	CHECK(json_text_is(json_member(line, "token_id"), "t-1"));
	CHECK(!json_member(line, "reason") && json_member(line, "chain"));
	trail_close(trail);
	CHECK_OK(trail_verify(slice_str(folder), &lines));
	CHECK_INT(lines, 2);
	arena_free(arena);
	drop_folder();
}

TEST(without_a_sync_it_reaches_the_disk_within_a_second)
{
	char bytes[8192];
	struct trail *trail;
	bool seen = false;

	new_folder();
	trail = open_trail(0, 0);
	CHECK_OK(trail_append(trail, &sample));
	for (int i = 0; i < 20 && !seen; i++) {
		(void)usleep(50000);
		seen = files_ending(".jsonl") && read_file(FIRST, bytes, sizeof(bytes)) > 0;
	}
	CHECK(seen);
	trail_close(trail);
	drop_folder();
}

TEST(closing_flushes)
{
	uint64_t lines;
	struct trail *trail;

	new_folder();
	trail = open_trail(0, 0);
	for (int i = 0; i < 100; i++)
		CHECK_OK(trail_append(trail, &sample));
	trail_close(trail);
	CHECK_OK(trail_verify(slice_str(folder), &lines));
	CHECK_INT(lines, 101);
	drop_folder();
}

TEST(a_changed_a_missing_and_a_swapped_line_break_the_chain)
{
	char bytes[8192], changed[8192];
	struct trail *trail;
	uint64_t lines;
	size_t len, second, third;

	new_folder();
	trail = open_trail(0, 0);
	for (int i = 0; i < 3; i++)
		CHECK_OK(trail_append(trail, &sample));
	trail_close(trail);
	len = read_file(FIRST, bytes, sizeof(bytes));
	second = slice_find(slice_of(bytes, len), '\n') + 1;
	third = second + slice_find(slice_from(slice_of(bytes, len), second), '\n') + 1;

	memcpy(changed, bytes, len);
	*(char *)memmem(changed, len, "t-1", 3) = 'u';
	write_file(FIRST, changed, len, O_TRUNC);
	CHECK_FAULT(FAULT_LOST, trail_verify(slice_str(folder), &lines));
	CHECK(strstr(report_current()->text, "line 2"));

	write_file(FIRST, bytes, second, O_TRUNC);
	write_file(FIRST, bytes + third, len - third, O_APPEND);
	CHECK_FAULT(FAULT_LOST, trail_verify(slice_str(folder), &lines));

	write_file(FIRST, bytes, len, O_TRUNC);
	CHECK_OK(trail_verify(slice_str(folder), &lines));
	drop_folder();
}

TEST(a_torn_last_line_is_moved_aside_and_the_chain_goes_on)
{
	struct trail *trail;
	uint64_t lines;

	new_folder();
	trail = open_trail(0, 0);
	CHECK_OK(trail_append(trail, &sample));
	trail_close(trail);
	write_file(FIRST, "{\"time\":\"2026-", 14, O_APPEND);
	CHECK_FAULT(FAULT_LOST, trail_verify(slice_str(folder), &lines));
	trail = open_trail(0, 0);
	CHECK_OK(trail_append(trail, &sample));
	trail_close(trail);
	CHECK_OK(trail_verify(slice_str(folder), &lines));
	CHECK_INT(lines, 3);
	CHECK_INT(files_ending(".torn"), 1);
	drop_folder();
}

TEST(a_file_that_lost_even_its_first_line_is_followed_by_a_new_one)
{
	struct trail *trail;
	uint64_t lines;

	new_folder();
	trail = open_trail(0, 0);
	CHECK_OK(trail_append(trail, &sample));
	trail_close(trail);
	write_file("trail-000000000002.jsonl", "{\"ti", 4, O_CREAT);
	trail = open_trail(0, 0);
	CHECK_OK(trail_append(trail, &sample));
	trail_close(trail);
	CHECK_OK(trail_verify(slice_str(folder), &lines));
	CHECK_INT(lines, 4); /* two files with a first line each */
	drop_folder();
}

TEST(a_full_file_is_followed_by_one_that_repeats_the_chain)
{
	struct trail *trail;
	uint64_t lines;

	new_folder();
	trail = open_trail(0, 600);
	for (int i = 0; i < 5; i++) {
		CHECK_OK(trail_append(trail, &sample));
		CHECK_OK(trail_sync(trail));
	}
	trail_close(trail);
	CHECK(files_ending(".jsonl") >= 2);
	CHECK_OK(trail_verify(slice_str(folder), &lines));
	CHECK_INT(lines, 5 + files_ending(".jsonl"));

	drop_folder();
}

TEST(a_missing_file_in_the_middle_shows)
{
	char path[128];
	struct trail *trail;
	uint64_t lines;

	new_folder();
	trail = open_trail(0, 1);
	for (int i = 0; i < 3; i++) {
		CHECK_OK(trail_append(trail, &sample));
		CHECK_OK(trail_sync(trail));
	}
	trail_close(trail);
	(void)snprintf(path, sizeof(path), "%s/trail-000000000002.jsonl", folder);
	CHECK_INT(unlink(path), 0);
	CHECK_FAULT(FAULT_LOST, trail_verify(slice_str(folder), &lines));
	drop_folder();
}

TEST(a_disk_that_takes_nothing_more_stops_issuing_until_it_does)
{
	struct rlimit before, tight;
	struct trail *trail;
	uint64_t lines;

	new_folder();
	(void)signal(SIGXFSZ, SIG_IGN);
	trail = open_trail(0, 0);
	CHECK_OK(trail_append(trail, &sample));
	CHECK_OK(trail_sync(trail));
	CHECK_INT(getrlimit(RLIMIT_FSIZE, &before), 0);
	tight = before;
	tight.rlim_cur = 64;
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &tight), 0);
	CHECK_OK(trail_append(trail, &sample)); /* not known yet */
	log_set_fd(open("/dev/null", O_WRONLY));
	CHECK_FAULT(FAULT_UNAVAILABLE, trail_sync(trail));
	CHECK_FAULT(FAULT_UNAVAILABLE, trail_append(trail, &sample));
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &before), 0);
	CHECK_OK(trail_sync(trail)); /* what was taken before is written now */
	CHECK_OK(trail_append(trail, &sample));
	trail_close(trail);
	log_set_fd(2);
	CHECK_OK(trail_verify(slice_str(folder), &lines));
	CHECK_INT(lines, 3 + files_ending(".jsonl"));
	drop_folder();
}

TEST(a_full_buffer_gives_unavailable_instead_of_waiting_or_dropping)
{
	struct trail *trail;
	uint64_t lines, taken = 0;
	enum fault last = FAULT_NONE;

	new_folder();
	trail = open_trail(2000, 0);
	for (int i = 0; i < 100 && last == FAULT_NONE; i++) {
		last = trail_append(trail, &sample).fault;
		taken += last == FAULT_NONE;
	}
	CHECK_INT(last, FAULT_UNAVAILABLE);
	trail_close(trail);
	CHECK_OK(trail_verify(slice_str(folder), &lines));
	CHECK_INT(lines, taken + 1);
	drop_folder();
}

TEST(hostile_text_stays_inside_its_field)
{
	char bytes[16384], longest[3000];
	struct trail_record record = sample;
	struct arena *arena = arena_new(1 << 20);
	const struct json *line;
	struct trail *trail;
	slice all, first, value;
	uint64_t lines;

	new_folder();
	memset(longest, 'x', sizeof(longest));
	record.subject = SLICE("a\",\"seq\":9,\"chain\":\"\n\xff\xfe{}");
	record.issuer = slice_of(longest, sizeof(longest));
	record.reason = SLICE("gr\xc3\xbc\xc3\x9f");
	trail = open_trail(0, 0);
	CHECK_OK(trail_append(trail, &record));
	trail_close(trail);
	CHECK_OK(trail_verify(slice_str(folder), &lines));
	all = slice_of(bytes, read_file(FIRST, bytes, sizeof(bytes)));
	CHECK(slice_cut(all, '\n', &first, &all) && slice_cut(all, '\n', &first, &all));
	CHECK_OK(json_parse_object(arena, first, NULL, &line));
	CHECK(json_text_is(json_member(line, "subject"), "a\",\"seq\":9,\"chain\":\"\n??{}"));
	CHECK(json_text(json_member(line, "issuer"), &value) && value.len == 512);
	CHECK(json_text_is(json_member(line, "reason"), "gr\xc3\xbc\xc3\x9f"));
	arena_free(arena);
	drop_folder();
}

TEST(strangers_are_counted_per_source_and_bounded)
{
	static char bytes[1 << 20];
	char peer[32];
	struct trail *trail;
	slice all;
	size_t len;
	uint64_t lines;

	new_folder();
	trail = open_trail(0, 0);
	for (int i = 0; i < 5000; i++)
		trail_count_stranger(trail, SLICE("192.0.2.1"), "no token");
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(peer, sizeof(peer), "2001:db8::%x", i);
		trail_count_stranger(trail, slice_str(peer), "no token");
	}
	trail_close(trail);
	CHECK_OK(trail_verify(slice_str(folder), &lines));
	CHECK_INT(lines, 1 + 1024 + 1);
	len = read_file(FIRST, bytes, sizeof(bytes));
	all = slice_of(bytes, len);
	CHECK(memmem(all.at, all.len, "\"peer\":\"192.0.2.1\",\"reason\":\"no token\",\"count\":5000", 50));
	CHECK(memmem(all.at, all.len, "\"peer\":\"others\"", 15));
	drop_folder();
}

struct reader {
	slice value;
};

static status read_head(struct tx *tx, void *arg)
{
	struct reader *reader = arg;
	struct fact fact = { .name = SLICE("trail_head") };
	bool is_found;

	TRY(row_find(tx, &table_facts, &fact, &fact, &is_found));
	reader->value = is_found ? fact.value : SLICE("");
	return OK;
}

TEST(the_head_of_the_chain_is_kept_in_the_store)
{
	struct store_options store_options = { 0 };
	struct trail_options options;
	struct arena *arena = arena_new(1 << 20);
	struct reader reader = { .value = SLICE("") };
	struct store *store;
	struct trail *trail;

	new_folder();
	CHECK_OK(store_open_memory(&store_options, &store));
	options = (struct trail_options){ .folder = slice_str(folder), .store = store };
	CHECK_OK(trail_open(&options, &trail));
	CHECK_OK(trail_append(trail, &sample));
	for (int i = 0; i < 60 && reader.value.len == 0; i++) {
		(void)usleep(50000);
		CHECK_OK(store_read(store, read_head, &reader, arena));
	}
	CHECK(slice_starts(reader.value, SLICE("2 ")) && reader.value.len == 66);
	trail_close(trail);
	store_close(store);
	arena_free(arena);
	drop_folder();
}

/* Under ASan: the flusher's head job of a store that is freed would be found. */
TEST(a_store_that_was_left_may_close_while_the_trail_is_written_on)
{
	struct store_options store_options = { 0 };
	struct trail_options options;
	struct store *store;
	struct trail *trail;

	new_folder();
	CHECK_OK(store_open_memory(&store_options, &store));
	options = (struct trail_options){ .folder = slice_str(folder), .store = store };
	CHECK_OK(trail_open(&options, &trail));
	for (int i = 0; i < 50; i++) {
		CHECK_OK(trail_append(trail, &sample));
		CHECK_OK(trail_sync(trail)); /* the head is on its way */
	}
	trail_leave_store(trail);
	store_close(store);
	for (int i = 0; i < 6; i++) {
		(void)usleep(250000); /* a head is due every second */
		CHECK_OK(trail_append(trail, &sample));
		CHECK_OK(trail_sync(trail));
	}
	trail_close(trail);
	drop_folder();
}

static void *append_many(void *arg)
{
	for (int i = 0; i < 500; i++)
		if (FAILED(trail_append(arg, &sample)))
			return arg;
	return NULL;
}

TEST(threads_append_at_once_and_every_line_is_whole)
{
	pthread_t threads[4];
	struct trail *trail;
	uint64_t lines;
	void *failed;

	new_folder();
	trail = open_trail(0, 100000);
	for (int i = 0; i < 4; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, append_many, trail), 0);
	for (int i = 0; i < 4; i++) {
		CHECK_INT(pthread_join(threads[i], &failed), 0);
		CHECK(!failed);
	}
	trail_close(trail);
	CHECK_OK(trail_verify(slice_str(folder), &lines));
	CHECK_INT(lines, 2000 + files_ending(".jsonl"));
	drop_folder();
}

TESTS(what_was_appended_is_on_disk_after_a_sync_as_json_lines, without_a_sync_it_reaches_the_disk_within_a_second,
      closing_flushes, a_changed_a_missing_and_a_swapped_line_break_the_chain,
      a_torn_last_line_is_moved_aside_and_the_chain_goes_on, a_file_that_lost_even_its_first_line_is_followed_by_a_new_one,
      a_full_file_is_followed_by_one_that_repeats_the_chain, a_missing_file_in_the_middle_shows,
      a_disk_that_takes_nothing_more_stops_issuing_until_it_does,
      a_full_buffer_gives_unavailable_instead_of_waiting_or_dropping, hostile_text_stays_inside_its_field,
      strangers_are_counted_per_source_and_bounded, the_head_of_the_chain_is_kept_in_the_store,
      a_store_that_was_left_may_close_while_the_trail_is_written_on, threads_append_at_once_and_every_line_is_whole)
