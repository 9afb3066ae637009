/*
 * The two texts of a sign-in on another device.
 */
#include "login/device_code.h"

#include "test.h"

TEST(a_code_means_the_same_however_it_is_typed)
{
	static const char *const typed[] = { "BCDF-GHJK", "bcdfghjk", " bcdf ghjk ", "B-C-D-F-G-H-J-K", "bCdF\tGhJk" };
	char letters[DEVICE_CODE_LETTERS];

	for (size_t i = 0; i < sizeof(typed) / sizeof(*typed); i++) {
		CHECK(user_code_parse(slice_str(typed[i]), letters));
		CHECK_SLICE(slice_of(letters, sizeof(letters)), "BCDFGHJK");
	}
}

TEST(what_is_no_code_is_none)
{
	static const char *const typed[] = { "",          "BCDF-GHJ",  "BCDF-GHJKL", "ACDF-GHJK",       "1CDF-GHJK",
					     "BCDF_GHJK", "OIOI-OIOI", "BCDF\nGHJK", "BCDF-GHJ\xc3\x84" };
	char letters[DEVICE_CODE_LETTERS];

	for (size_t i = 0; i < sizeof(typed) / sizeof(*typed); i++)
		CHECK(!user_code_parse(slice_str(typed[i]), letters));
	CHECK(!user_code_parse(slice_of("BCDFGHJK\0", 9), letters));
	CHECK(!user_code_parse(SLICE("                                                    BCDFGHJK"), letters));
}

TEST(letters_are_drawn_evenly_and_are_neither_vowels_nor_alike)
{
	uint8_t random[DEVICE_DRAW_BYTES];
	char letters[DEVICE_CODE_LETTERS], shown[DEVICE_CODE_SHOWN_BYTES], again[DEVICE_CODE_LETTERS];
	unsigned counts[256] = { 0 };

	for (unsigned byte = 0; byte < 256; byte++) {
		memset(random, (int)byte, sizeof(random));
		if (!user_code_draw(random, letters))
			continue; /* it would favour a letter */
		counts[(unsigned char)letters[0]]++;
		user_code_format(letters, shown);
		CHECK(shown[4] == '-' && strlen(shown) == 9);
		CHECK(user_code_parse(slice_str(shown), again) && memcmp(letters, again, sizeof(letters)) == 0);
	}
	for (const char *c = DEVICE_ALPHABET; *c; c++)
		CHECK_INT(counts[(unsigned char)*c], 12);
	for (const char *c = "AEIOUY01258"; *c; c++)
		CHECK_INT(counts[(unsigned char)*c], 0);
}

TEST(a_devices_code_has_one_form)
{
	CHECK(device_code_is_formed(SLICE("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")));
	CHECK(!device_code_is_formed(SLICE("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB"))); /* stray bits */
	CHECK(!device_code_is_formed(SLICE("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")));
	CHECK(!device_code_is_formed(SLICE("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")));
	CHECK(!device_code_is_formed(SLICE("")));
}

TESTS(a_code_means_the_same_however_it_is_typed, what_is_no_code_is_none,
      letters_are_drawn_evenly_and_are_neither_vowels_nor_alike, a_devices_code_has_one_form)
