#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/secret.h"

static char folder[] = "/tmp/reeve-secret-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[64];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name); /* short names */
	return path;
}

static const char *file_with(const char *name, slice text)
{
	const char *path = path_of(name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	CHECK(fwrite(text.at, 1, text.len, file) == text.len);
	CHECK(fclose(file) == 0);
	return path;
}

TEST(a_wiped_secret_holds_only_zeros)
{
	struct secret secret = { 0 };

	CHECK_OK(secret_set(&secret, SLICE("hush")));
	secret_wipe(&secret);
	for (size_t i = 0; i < sizeof(secret.bytes); i++)
		CHECK_INT(secret.bytes[i], 0);
	CHECK_INT(secret.len, 0);
}

TEST(CVE_2024_25189_secrets_are_equal_only_as_a_whole)
{
	struct secret a = { 0 }, b = { 0 };

	CHECK(secret_equal(&a, &b));
	CHECK_OK(secret_set(&a, SLICE("correct horse")));
	CHECK_OK(secret_set(&b, SLICE("correct horse")));
	CHECK(secret_equal(&a, &b));
	CHECK_OK(secret_set(&b, SLICE("correct horsf")));
	CHECK(!secret_equal(&a, &b));
	CHECK_OK(secret_set(&b, SLICE("correct hors")));
	CHECK(!secret_equal(&a, &b) && !secret_equal(&b, &a));
	/* strcmp would stop at the NUL. */
	CHECK(!bytes_equal(slice_of("a\0b", 3), slice_of("a\0c", 3)));
	CHECK(bytes_equal(SLICE(""), (slice){ 0 }));
}

TEST(bytes_are_equal_only_when_every_one_of_them_is)
{
	char a[70] = "", b[70] = "";

	for (size_t len = 1; len < sizeof(a); len++) {
		CHECK(bytes_equal(slice_of(a, len), slice_of(b, len)));
		CHECK(!bytes_equal(slice_of(a, len), slice_of(b, len - 1)));
		for (size_t i = 0; i < len; i++)
			for (int bit = 0; bit < 8; bit++) {
				b[i] = (char)(1 << bit);
				CHECK(!bytes_equal(slice_of(a, len), slice_of(b, len)));
				b[i] = 0;
			}
	}
	/* Two differences that would cancel out in a sum. */
	a[3] = b[11] = 1;
	CHECK(!bytes_equal(slice_of(a, sizeof(a)), slice_of(b, sizeof(b))));
}

TEST(CVE_2023_29193_a_secret_prints_as_a_placeholder)
{
	struct secret secret = { 0 };

	assert_string_equal(secret_text(&secret), "[none]");
	CHECK_OK(secret_set(&secret, SLICE("hush")));
	assert_string_equal(secret_text(&secret), "[secret]");
}

TEST(a_shorter_secret_leaves_nothing_of_the_longer_one_before)
{
	struct secret secret = { 0 };

	CHECK_OK(secret_set(&secret, SLICE("a long secret")));
	CHECK_OK(secret_set(&secret, SLICE("b")));
	CHECK_SLICE(secret_bytes(&secret), "b");
	CHECK_INT(secret.bytes[5], 0);
	CHECK_FAULT(FAULT_INVALID, secret_set(&secret, slice_of(folder, SECRET_BYTES_MAX + 1)));
	CHECK_SLICE(secret_bytes(&secret), "b");
}

TEST(a_file_is_loaded_without_its_line_ends)
{
	struct secret secret = { 0 };

	CHECK_OK(secret_load(&secret, file_with("plain", SLICE("pass word\r\n\n"))));
	CHECK_SLICE(secret_bytes(&secret), "pass word");
}

TEST(what_is_no_usable_file_is_refused_without_naming_its_content)
{
	static char long_text[SECRET_BYTES_MAX + 1];
	struct secret secret = { 0 };

	memset(long_text, 'z', sizeof(long_text));
	CHECK_FAULT(FAULT_INVALID, secret_load(&secret, path_of("absent")));
	CHECK_FAULT(FAULT_INVALID, secret_load(&secret, folder));
	CHECK_FAULT(FAULT_INVALID, secret_load(&secret, "/dev/null"));
	CHECK_FAULT(FAULT_INVALID, secret_load(&secret, file_with("empty", SLICE("\n"))));
	CHECK(mkfifo(path_of("fifo"), 0600) == 0);
	CHECK_FAULT(FAULT_INVALID, secret_load(&secret, path_of("fifo"))); /* and does not wait for a writer */
	CHECK_FAULT(FAULT_INVALID, secret_load(&secret, file_with("long", slice_of(long_text, sizeof(long_text)))));
	CHECK(!strstr(report_current()->text, "zzz"));
	CHECK_OK(secret_load(&secret, file_with("just", slice_of(long_text, SECRET_BYTES_MAX))));
	CHECK_INT(secret.len, SECRET_BYTES_MAX);
}

TEST(a_missing_key_file_is_made_once_and_for_its_owner_alone)
{
	struct secret first = { 0 }, again = { 0 };
	struct stat st;

	CHECK_OK(secret_load_or_make(&first, path_of("key"), 32, &random_system));
	CHECK(stat(path_of("key"), &st) == 0 && (st.st_mode & 0777) == 0600 && st.st_size == 32 && st.st_nlink == 1);
	CHECK_OK(secret_load_or_make(&again, path_of("key"), 32, &random_system));
	CHECK(first.len == 32 && secret_equal(&first, &again));
	CHECK_FAULT(FAULT_INVALID, secret_load_or_make(&again, path_of("key"), 16, &random_system));
	CHECK_FAULT(FAULT_INVALID, secret_load_or_make(&again, path_of("no/such/folder"), 32, &random_system));
	/* Bytes that look like line ends belong to the key. */
	CHECK_OK(secret_load_or_make(&again, file_with("raw", SLICE("abc\n")), 4, &random_system));
	CHECK_SLICE(secret_bytes(&again), "abc\n");
}

static int make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "plain", "empty", "fifo", "long", "just", "key", "raw" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		(void)unlink(path_of(names[i])); /* may not be there after a failure */
	return rmdir(folder);                    /* fails when something was left behind */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wiped_secret_holds_only_zeros),
		cmocka_unit_test(CVE_2024_25189_secrets_are_equal_only_as_a_whole),
		cmocka_unit_test(bytes_are_equal_only_when_every_one_of_them_is),
		cmocka_unit_test(CVE_2023_29193_a_secret_prints_as_a_placeholder),
		cmocka_unit_test(a_shorter_secret_leaves_nothing_of_the_longer_one_before),
		cmocka_unit_test(a_file_is_loaded_without_its_line_ends),
		cmocka_unit_test(what_is_no_usable_file_is_refused_without_naming_its_content),
		cmocka_unit_test(a_missing_key_file_is_made_once_and_for_its_owner_alone),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
