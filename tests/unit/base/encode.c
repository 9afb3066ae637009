#include "test.h"

#include "base/encode.h"

/* One arena for all tests of this file; it stays reachable to the end. */
static struct arena *scratch(void)
{
	static struct arena *arena;

	if (!arena)
		arena = arena_new(1 << 20);
	assert_non_null(arena);
	return arena;
}

static slice encoded(enum base64_form form, const char *text)
{
	struct buffer out;

	buffer_init(&out, scratch(), 1000);
	base64_encode(&out, form, slice_str(text));
	CHECK(!buffer_failed(&out));
	return buffer_slice(&out);
}

static slice escaped(enum percent_set set, const char *text)
{
	struct buffer out;

	buffer_init(&out, scratch(), 1000);
	percent_encode(&out, set, slice_str(text));
	CHECK(!buffer_failed(&out));
	return buffer_slice(&out);
}

static void check_decodes(enum base64_form form, const char *text, const char *want)
{
	slice got;

	CHECK_OK(base64_decode(scratch(), form, slice_str(text), &got));
	CHECK_SLICE(got, want);
}

static void check_refused(enum base64_form form, const char *text)
{
	slice got;

	if (!FAILED(base64_decode(scratch(), form, slice_str(text), &got)))
		fail_msg("form %d took \"%s\"", form, text);
}

TEST(base64_of_rfc_4648_section_10_comes_out)
{
	static const char *const pairs[][2] = { { "", "" },
						{ "f", "Zg==" },
						{ "fo", "Zm8=" },
						{ "foo", "Zm9v" },
						{ "foob", "Zm9vYg==" },
						{ "fooba", "Zm9vYmE=" },
						{ "foobar", "Zm9vYmFy" } };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		CHECK_SLICE(encoded(BASE64_STANDARD, pairs[i][0]), pairs[i][1]);
		CHECK_SLICE(encoded(BASE64_URL_PADDED, pairs[i][0]), pairs[i][1]);
		check_decodes(BASE64_STANDARD, pairs[i][1], pairs[i][0]);
		check_decodes(BASE64_URL_PADDED, pairs[i][1], pairs[i][0]);
		check_decodes(BASE64_URL_EITHER, pairs[i][1], pairs[i][0]);
		check_decodes(BASE64_ANY, pairs[i][1], pairs[i][0]);
	}
}

TEST(base64url_has_its_alphabet_and_no_padding)
{
	CHECK_SLICE(encoded(BASE64_URL, "\xfb\xff\xfe"), "-__-");
	CHECK_SLICE(encoded(BASE64_STANDARD, "\xfb\xff\xfe"), "+//+");
	CHECK_SLICE(encoded(BASE64_URL, "f"), "Zg");
	CHECK_SLICE(encoded(BASE64_URL, "fo"), "Zm8");
	check_decodes(BASE64_URL, "-__-", "\xfb\xff\xfe");
	check_decodes(BASE64_URL, "Zm8", "fo");
	check_decodes(BASE64_URL_EITHER, "Zm8", "fo");
	check_decodes(BASE64_ANY, "Zm8", "fo");
	check_decodes(BASE64_ANY, "+//+", "\xfb\xff\xfe");
}

TEST(base64url_with_padding_blanks_or_stray_bits_is_refused)
{
	static const char *const texts[] = { "Zg==",   "Zm8=", "Z",    "Zm9vZ", "Zh",   "Zm9", " Zg",  "Zg ",       "Zm\n9v",
					     "Zm9v\n", "+//+", "Zm.v", "=",     "====", "Zg=", "Z===", "\xc3\xa9Zg" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		check_refused(BASE64_URL, texts[i]);
	{
		slice got;
		CHECK_FAULT(FAULT_INVALID, base64_decode(scratch(), BASE64_URL, slice_of("Zg\0A", 4), &got));
	}
}

TEST(padded_forms_refuse_wrong_padding)
{
	static const char *const texts[] = { "Zg=",      "Zg===", "Zg",   "Zm8",  "Zm9v=", "Zm9v==",
					     "Zm9v====", "Z===",  "=Zg=", "Zg=A", "Zh==",  "Zm9=" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		check_refused(BASE64_STANDARD, texts[i]);
		check_refused(BASE64_URL_PADDED, texts[i]);
		if (slice_find(slice_str(texts[i]), '=') < strlen(texts[i])) {
			check_refused(BASE64_URL_EITHER, texts[i]);
			check_refused(BASE64_ANY, texts[i]);
		}
	}
	check_refused(BASE64_ANY, "-_+/");
	check_refused(BASE64_STANDARD, "-__-");
	check_refused(BASE64_URL_EITHER, "+//+");
}

TEST(every_length_survives_base64_in_every_form)
{
	char bytes[67], back[67];
	size_t len;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 151 + 7);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		for (enum base64_form form = BASE64_STANDARD; form <= BASE64_URL_PADDED; form++) {
			struct buffer out;
			buffer_init(&out, scratch(), BASE64_TEXT_BYTES(n));
			base64_encode(&out, form, slice_of(bytes, n));
			CHECK(!buffer_failed(&out));
			CHECK(base64_decode_into(form, buffer_slice(&out), back, n, &len));
			CHECK(len == n && memcmp(back, bytes, n) == 0);
			CHECK(base64_decode_into(BASE64_ANY, buffer_slice(&out), back, n, &len));
			if (n)
				CHECK(!base64_decode_into(form, buffer_slice(&out), back, n - 1, &len));
		}
	}
}

/* Four digits and then four more: every byte at every place, against what RFC 4648 says of that byte alone. */
TEST(a_byte_is_a_digit_of_base64_or_it_is_not_wherever_it_stands)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char bytes[6], want[6];
	size_t len;

	for (int place = 0; place < 8; place++)
		for (int c = 0; c < 256; c++) {
			char text[8] = { 'w', '-', 'A', '9', '_', 'b', 'Z', '0' };
			const char *digit = c ? strchr(digits, c) : NULL;
			uint64_t word = 0;
			text[place] = (char)c;
			CHECK_INT(base64_decode_into(BASE64_URL, slice_of(text, 8), bytes, sizeof(bytes), &len), digit != NULL);
			if (!digit)
				continue;
			for (int i = 0; i < 8; i++)
				word = word << 6 | (uint64_t)(strchr(digits, text[i]) - digits);
			for (int i = 0; i < 6; i++)
				want[i] = (unsigned char)(word >> (40 - 8 * i));
			CHECK_INT(len, 6);
			assert_memory_equal(bytes, want, 6);
		}
}

TEST(hex_is_lower_case_and_of_exact_length)
{
	struct buffer out;
	unsigned char bytes[3];

	buffer_init(&out, scratch(), 6);
	hex_encode(&out, slice_of("\x00\xab\xff", 3));
	CHECK_SLICE(buffer_slice(&out), "00abff");
	CHECK(hex_decode_into(SLICE("00abff"), bytes, 3) && memcmp(bytes, "\x00\xab\xff", 3) == 0);
	CHECK(!hex_decode_into(SLICE("00ABFF"), bytes, 3));
	CHECK(!hex_decode_into(SLICE("00abf"), bytes, 3));
	CHECK(!hex_decode_into(SLICE("00abff00"), bytes, 3));
	CHECK(!hex_decode_into(SLICE("00abfg"), bytes, 3));
	hex_encode(&out, SLICE("x"));
	CHECK(buffer_failed(&out));
}

TEST(percent_encoding_keeps_what_its_set_keeps)
{
	CHECK_SLICE(escaped(PERCENT_SEGMENT, "a/b c:d@e+f%~"), "a%2Fb%20c:d@e+f%25~");
	CHECK_SLICE(escaped(PERCENT_PATH, "a/b c"), "a/b%20c");
	CHECK_SLICE(escaped(PERCENT_QUERY, "a&b=c+d e~"), "a%26b%3Dc%2Bd%20e~");
	CHECK_SLICE(escaped(PERCENT_FORM, "a&b=c+d e~*"), "a%26b%3Dc%2Bd+e%7E*");
	CHECK_SLICE(escaped(PERCENT_MESSAGE, "bad \"x\" 100%\n\xc3\xbc"), "bad \"x\" 100%25%0A%C3%BC");
	CHECK_SLICE(escaped(PERCENT_QUERY, "\xff\x01"), "%FF%01");
}

TEST(percent_decoding_reads_plus_as_blank_in_forms_alone)
{
	slice got;

	CHECK_OK(percent_decode(scratch(), PERCENT_FORM, SLICE("a+b%2Bc%c3%BC"), &got));
	CHECK_SLICE(got, "a b+c\xc3\xbc");
	CHECK_OK(percent_decode(scratch(), PERCENT_QUERY, SLICE("a+b%2Fc"), &got));
	CHECK_SLICE(got, "a+b/c");
	CHECK_OK(percent_decode(scratch(), PERCENT_SEGMENT, SLICE("plain"), &got));
	CHECK_SLICE(got, "plain");
	CHECK_OK(percent_decode(scratch(), PERCENT_SEGMENT, SLICE("%252F"), &got)); /* once, never twice */
	CHECK_SLICE(got, "%2F");
}

TEST(broken_escapes_nul_and_invalid_utf8_are_refused)
{
	static const char *const texts[] = { "%",   "%2",    "a%",  "%zz", "%2g",  "%g2",       "%%41",
					     "%00", "a%00b", "%ff", "%c3", "\xff", "%ed%a0%80", "%c0%af" };
	slice got;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		for (enum percent_set set = 0; set < PERCENT_SET_COUNT; set++)
			CHECK_FAULT(FAULT_INVALID, percent_decode(scratch(), set, slice_str(texts[i]), &got));
	CHECK_FAULT(FAULT_INVALID, percent_decode(scratch(), PERCENT_QUERY, slice_of("a\0b", 3), &got));
}

TEST(decoding_past_the_arena_is_exhausted)
{
	struct arena *small = arena_new(64);
	slice got;
	char text[401];

	memset(text, 'A', 400);
	text[400] = '\0';
	CHECK_FAULT(FAULT_EXHAUSTED, base64_decode(small, BASE64_URL, slice_str(text), &got));
	memcpy(text, "%41", 3);
	CHECK_FAULT(FAULT_EXHAUSTED, percent_decode(small, PERCENT_QUERY, slice_str(text), &got));
	arena_free(small);
}

TESTS(base64_of_rfc_4648_section_10_comes_out, base64url_has_its_alphabet_and_no_padding,
      base64url_with_padding_blanks_or_stray_bits_is_refused, padded_forms_refuse_wrong_padding,
      every_length_survives_base64_in_every_form, a_byte_is_a_digit_of_base64_or_it_is_not_wherever_it_stands,
      hex_is_lower_case_and_of_exact_length, percent_encoding_keeps_what_its_set_keeps,
      percent_decoding_reads_plus_as_blank_in_forms_alone, broken_escapes_nul_and_invalid_utf8_are_refused,
      decoding_past_the_arena_is_exhausted)
