#include "test.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/random.h"

/* One arena for all tests of this file; it stays reachable to the end. */
static struct arena *scratch(void)
{
	static struct arena *arena;

	if (!arena)
		arena = arena_new(64 << 20);
	assert_non_null(arena);
	return arena;
}

static const struct json *parsed(const char *text)
{
	const struct json *value = NULL;

	CHECK_OK(json_parse(scratch(), slice_str(text), NULL, &value));
	return value;
}

static bool refused(slice text)
{
	const struct json *value = NULL;
	status st = json_parse(scratch(), text, NULL, &value);

	return st.fault == FAULT_INVALID && !value;
}

/* The cases of the public JSON parsing test suite, by its own names: y must be taken, n refused, i is ours to decide. */
struct suite_case {
	const char *name, *text;
};

static const struct suite_case taken[] = {
	{ "y_array_arraysWithSpaces", "[[]   ]" },
	{ "y_array_empty-string", "[\"\"]" },
	{ "y_array_empty", "[]" },
	{ "y_array_ending_with_newline", "[\"a\"]\n" },
	{ "y_array_false", "[false]" },
	{ "y_array_heterogeneous", "[null, 1, \"1\", {}]" },
	{ "y_array_null", "[null]" },
	{ "y_array_with_1_and_newline", "[1\n]" },
	{ "y_array_with_leading_space", " [1]" },
	{ "y_array_with_several_null", "[1,null,null,null,2]" },
	{ "y_array_with_trailing_space", "[2] " },
	{ "y_number", "[123e65]" },
	{ "y_number_0e+1", "[0e+1]" },
	{ "y_number_0e1", "[0e1]" },
	{ "y_number_after_space", "[ 4]" },
	{ "y_number_double_close_to_zero",
	  "[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]\n" },
	{ "y_number_int_with_exp", "[20e1]" },
	{ "y_number_minus_zero", "[-0]" },
	{ "y_number_negative_int", "[-123]" },
	{ "y_number_negative_one", "[-1]" },
	{ "y_number_real_capital_e", "[1E22]" },
	{ "y_number_real_capital_e_neg_exp", "[1E-2]" },
	{ "y_number_real_capital_e_pos_exp", "[1E+2]" },
	{ "y_number_real_exponent", "[123e45]" },
	{ "y_number_real_fraction_exponent", "[123.456e78]" },
	{ "y_number_real_neg_exp", "[1e-2]" },
	{ "y_number_real_pos_exponent", "[1e+2]" },
	{ "y_number_simple_int", "[123]" },
	{ "y_number_simple_real", "[123.456789]" },
	{ "y_object", "{\"asd\":\"sdf\", \"dfg\":\"fgh\"}" },
	{ "y_object_basic", "{\"asd\":\"sdf\"}" },
	{ "y_object_empty", "{}" },
	{ "y_object_empty_key", "{\"\":0}" },
	{ "y_object_extreme_numbers", "{ \"min\": -1.0e+28, \"max\": 1.0e+28 }" },
	{ "y_object_long_strings", "{\"x\":[{\"id\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}], \"id\": "
				   "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}" },
	{ "y_object_simple", "{\"a\":[]}" },
	{ "y_object_string_unicode", "{\"title\":\"\\u041f\\u043e\\u043b\\u0442\\u043e\\u0440\\u0430\" }" },
	{ "y_object_with_newlines", "{\n\"a\": \"b\"\n}" },
	{ "y_string_1_2_3_bytes_UTF-8_sequences", "[\"\\u0060\\u012a\\u12AB\"]" },
	{ "y_string_accepted_surrogate_pair", "[\"\\uD801\\udc37\"]" },
	{ "y_string_accepted_surrogate_pairs", "[\"\\ud83d\\ude39\\ud83d\\udc8d\"]" },
	{ "y_string_allowed_escapes", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]" },
	{ "y_string_backslash_and_u_escaped_zero", "[\"\\\\u0000\"]" },
	{ "y_string_backslash_doublequotes", "[\"\\\"\"]" },
	{ "y_string_comments", "[\"a/*b*/c/*d//e\"]" },
	{ "y_string_double_escape_a", "[\"\\\\a\"]" },
	{ "y_string_double_escape_n", "[\"\\\\n\"]" },
	{ "y_string_escaped_control_character", "[\"\\u0012\"]" },
	{ "y_string_escaped_noncharacter", "[\"\\uFFFF\"]" },
	{ "y_string_in_array", "[\"asd\"]" },
	{ "y_string_in_array_with_leading_space", "[ \"asd\"]" },
	{ "y_string_last_surrogates_1_and_2", "[\"\\uDBFF\\uDFFF\"]" },
	{ "y_string_nbsp_uescaped", "[\"new\\u00A0line\"]" },
	{ "y_string_nonCharacterInUTF-8_U+10FFFF", "[\"\xf4\x8f\xbf\xbf\"]" },
	{ "y_string_nonCharacterInUTF-8_U+FFFF", "[\"\xef\xbf\xbf\"]" },
	{ "y_string_one-byte-utf-8", "[\"\\u002c\"]" },
	{ "y_string_pi", "[\"\xcf\x80\"]" },
	{ "y_string_reservedCharacterInUTF-8_U+1BFFF", "[\"\xf0\x9b\xbf\xbf\"]" },
	{ "y_string_simple_ascii", "[\"asd \"]" },
	{ "y_string_space", "\" \"" },
	{ "y_string_surrogates_U+1D11E_MUSICAL_SYMBOL_G_CLEF", "[\"\\uD834\\uDd1e\"]" },
	{ "y_string_three-byte-utf-8", "[\"\\u0821\"]" },
	{ "y_string_two-byte-utf-8", "[\"\\u0123\"]" },
	{ "y_string_u+2028_line_sep", "[\"\xe2\x80\xa8\"]" },
	{ "y_string_u+2029_par_sep", "[\"\xe2\x80\xa9\"]" },
	{ "y_string_uEscape", "[\"\\u0061\\u30af\\u30EA\\u30b9\"]" },
	{ "y_string_uescaped_newline", "[\"new\\u000Aline\"]" },
	{ "y_string_unescaped_char_delete", "[\"\x7f\"]" },
	{ "y_string_unicode", "[\"\\uA66D\"]" },
	{ "y_string_unicode_escaped_backslash", "[\"\\u005C\"]" },
	{ "y_string_unicode_2", "[\"\xe2\x8d\x82\xe3\x88\xb4\xe2\x8d\x82\"]" },
	{ "y_string_unicode_U+10FFFE_nonchar", "[\"\\uDBFF\\uDFFE\"]" },
	{ "y_string_unicode_U+1FFFE_nonchar", "[\"\\uD83F\\uDFFE\"]" },
	{ "y_string_unicode_U+200B_ZERO_WIDTH_SPACE", "[\"\\u200B\"]" },
	{ "y_string_unicode_U+2064_invisible_plus", "[\"\\u2064\"]" },
	{ "y_string_unicode_U+FDD0_nonchar", "[\"\\uFDD0\"]" },
	{ "y_string_unicode_U+FFFE_nonchar", "[\"\\uFFFE\"]" },
	{ "y_string_unicodeEscapedDoubleQuote", "[\"\\u0022\"]" },
	{ "y_string_utf8", "[\"\xe2\x82\xac\xf0\x9d\x84\x9e\"]" },
	{ "y_string_with_del_character", "[\"a\x7f"
					 "a\"]" },
	{ "y_structure_lonely_false", "false" },
	{ "y_structure_lonely_int", "42" },
	{ "y_structure_lonely_negative_real", "-0.1" },
	{ "y_structure_lonely_null", "null" },
	{ "y_structure_lonely_string", "\"asd\"" },
	{ "y_structure_lonely_true", "true" },
	{ "y_structure_string_empty", "\"\"" },
	{ "y_structure_trailing_newline", "[\"a\"]\n" },
	{ "y_structure_true_in_array", "[true]" },
	{ "y_structure_whitespace_array", " [] " },
	/* Ours to decide: a number of any size is a number; who asks for an integer or a double learns whether it fits. */
	{ "i_number_double_huge_neg_exp", "[123.456e-789]" },
	{ "i_number_huge_exp",
	  "[0.4e00669999999999999999999999999999999999999999999999999999999999999999999999999999999969999999006]" },
	{ "i_number_neg_int_huge_exp", "[-1e+9999]" },
	{ "i_number_pos_double_huge_exp", "[1.5e+9999]" },
	{ "i_number_real_neg_overflow", "[-123123e100000]" },
	{ "i_number_real_pos_overflow", "[123123e100000]" },
	{ "i_number_real_underflow", "[123e-10000000]" },
	{ "i_number_too_big_neg_int", "[-123123123123123123123123123123]" },
	{ "i_number_too_big_pos_int", "[100000000000000000000]" },
	{ "i_number_very_big_negative_int", "[-237462374673276894279832749832423479823246327846]" },
};

static const struct suite_case not_taken[] = {
	{ "n_array_1_true_without_comma", "[1 true]" },
	{ "n_array_a_invalid_utf8", "[a\xe5]" },
	{ "n_array_colon_instead_of_comma", "[\"\": 1]" },
	{ "n_array_comma_after_close", "[\"\"]," },
	{ "n_array_comma_and_number", "[,1]" },
	{ "n_array_double_comma", "[1,,2]" },
	{ "n_array_double_extra_comma", "[\"x\",,]" },
	{ "n_array_extra_close", "[\"x\"]]" },
	{ "n_array_extra_comma", "[\"\",]" },
	{ "n_array_incomplete", "[\"x\"" },
	{ "n_array_incomplete_invalid_value", "[x" },
	{ "n_array_inner_array_no_comma", "[3[4]]" },
	{ "n_array_invalid_utf8", "[\xff]" },
	{ "n_array_items_separated_by_semicolon", "[1:2]" },
	{ "n_array_just_comma", "[,]" },
	{ "n_array_just_minus", "[-]" },
	{ "n_array_missing_value", "[   , \"\"]" },
	{ "n_array_newlines_unclosed", "[\"a\",\n4\n,1," },
	{ "n_array_number_and_comma", "[1,]" },
	{ "n_array_number_and_several_commas", "[1,,]" },
	{ "n_array_spaces_vertical_tab_formfeed", "[\"\x0b"
						  "a\"\\f]" },
	{ "n_array_star_inside", "[*]" },
	{ "n_array_unclosed", "[\"\"" },
	{ "n_array_unclosed_trailing_comma", "[1," },
	{ "n_array_unclosed_with_new_lines", "[1,\n1\n,1" },
	{ "n_array_unclosed_with_object_inside", "[{}" },
	{ "n_incomplete_false", "[fals]" },
	{ "n_incomplete_null", "[nul]" },
	{ "n_incomplete_true", "[tru]" },
	{ "n_number_++", "[++1234]" },
	{ "n_number_+1", "[+1]" },
	{ "n_number_+Inf", "[+Inf]" },
	{ "n_number_-01", "[-01]" },
	{ "n_number_-1.0.", "[-1.0.]" },
	{ "n_number_-2.", "[-2.]" },
	{ "n_number_-NaN", "[-NaN]" },
	{ "n_number_.-1", "[.-1]" },
	{ "n_number_.2e-3", "[.2e-3]" },
	{ "n_number_0.1.2", "[0.1.2]" },
	{ "n_number_0.3e+", "[0.3e+]" },
	{ "n_number_0.3e", "[0.3e]" },
	{ "n_number_0.e1", "[0.e1]" },
	{ "n_number_0_capital_E+", "[0E+]" },
	{ "n_number_0_capital_E", "[0E]" },
	{ "n_number_0e+", "[0e+]" },
	{ "n_number_0e", "[0e]" },
	{ "n_number_1.0e+", "[1.0e+]" },
	{ "n_number_1.0e-", "[1.0e-]" },
	{ "n_number_1.0e", "[1.0e]" },
	{ "n_number_1_000", "[1 000.0]" },
	{ "n_number_1eE2", "[1eE2]" },
	{ "n_number_2.e+3", "[2.e+3]" },
	{ "n_number_2.e-3", "[2.e-3]" },
	{ "n_number_2.e3", "[2.e3]" },
	{ "n_number_9.e+", "[9.e+]" },
	{ "n_number_expression", "[1+2]" },
	{ "n_number_hex_1_digit", "[0x1]" },
	{ "n_number_hex_2_digits", "[0x42]" },
	{ "n_number_Inf", "[Inf]" },
	{ "n_number_infinity", "[Infinity]" },
	{ "n_number_invalid+-", "[0e+-1]" },
	{ "n_number_invalid-negative-real", "[-123.123foo]" },
	{ "n_number_invalid-utf-8-in-bigger-int", "[123\xe5]" },
	{ "n_number_invalid-utf-8-in-exponent", "[1e1\xe5]" },
	{ "n_number_invalid-utf-8-in-int", "[0\xe5]\n" },
	{ "n_number_minus_infinity", "[-Infinity]" },
	{ "n_number_minus_sign_with_trailing_garbage", "[-foo]" },
	{ "n_number_minus_space_1", "[- 1]" },
	{ "n_number_NaN", "[NaN]" },
	{ "n_number_neg_int_starting_with_zero", "[-012]" },
	{ "n_number_neg_real_without_int_part", "[-.123]" },
	{ "n_number_neg_with_garbage_at_end", "[-1x]" },
	{ "n_number_real_garbage_after_e", "[1ea]" },
	{ "n_number_real_with_invalid_utf8_after_e", "[1e\xe5]" },
	{ "n_number_real_without_fractional_part", "[1.]" },
	{ "n_number_starting_with_dot", "[.123]" },
	{ "n_number_U+FF11_fullwidth_digit_one", "[\xef\xbc\x91]" },
	{ "n_number_with_alpha", "[1.2a-3]" },
	{ "n_number_with_alpha_char", "[1.8011670033376514H-308]" },
	{ "n_number_with_leading_zero", "[012]" },
	{ "n_object_bad_value", "[\"x\", truth]" },
	{ "n_object_bracket_key", "{[: \"x\"}\n" },
	{ "n_object_comma_instead_of_colon", "{\"x\", null}" },
	{ "n_object_double_colon", "{\"x\"::\"b\"}" },
	{ "n_object_emoji", "{\xf0\x9f\x87\xa8\xf0\x9f\x87\xad}" },
	{ "n_object_garbage_at_end", "{\"a\":\"a\" 123}" },
	{ "n_object_key_with_single_quotes", "{key: 'value'}" },
	{ "n_object_lone_continuation_byte_in_key_and_trailing_comma", "{\"\xb9\":\"0\",}" },
	{ "n_object_missing_colon", "{\"a\" b}" },
	{ "n_object_missing_key", "{:\"b\"}" },
	{ "n_object_missing_semicolon", "{\"a\" \"b\"}" },
	{ "n_object_missing_value", "{\"a\":" },
	{ "n_object_no-colon", "{\"a\"" },
	{ "n_object_non_string_key", "{1:1}" },
	{ "n_object_non_string_key_but_huge_number_instead", "{9999E9999:1}" },
	{ "n_object_repeated_null_null", "{null:null,null:null}" },
	{ "n_object_several_trailing_commas", "{\"id\":0,,,,,}" },
	{ "n_object_single_quote", "{'a':0}" },
	{ "n_object_trailing_comma", "{\"id\":0,}" },
	{ "n_object_trailing_comment", "{\"a\":\"b\"}/**/" },
	{ "n_object_trailing_comment_open", "{\"a\":\"b\"}/**//" },
	{ "n_object_trailing_comment_slash_open", "{\"a\":\"b\"}//" },
	{ "n_object_trailing_comment_slash_open_incomplete", "{\"a\":\"b\"}/" },
	{ "n_object_two_commas_in_a_row", "{\"a\":\"b\",,\"c\":\"d\"}" },
	{ "n_object_unquoted_key", "{a: \"b\"}" },
	{ "n_object_unterminated-value", "{\"a\":\"a" },
	{ "n_object_with_single_string", "{ \"foo\" : \"bar\", \"a\" }" },
	{ "n_object_with_trailing_garbage", "{\"a\":\"b\"}#" },
	{ "n_single_space", " " },
	{ "n_string_1_surrogate_then_escape", "[\"\\uD800\\\"]" },
	{ "n_string_1_surrogate_then_escape_u", "[\"\\uD800\\u\"]" },
	{ "n_string_1_surrogate_then_escape_u1", "[\"\\uD800\\u1\"]" },
	{ "n_string_1_surrogate_then_escape_u1x", "[\"\\uD800\\u1x\"]" },
	{ "n_string_accentuated_char_no_quotes", "[\xc3\xa9]" },
	{ "n_string_escape_x", "[\"\\x00\"]" },
	{ "n_string_escaped_backslash_bad", "[\"\\\\\\\"]" },
	{ "n_string_escaped_ctrl_char_tab", "[\"\\\t\"]" },
	{ "n_string_escaped_emoji", "[\"\\\xf0\x9f\x8c\x80\"]" },
	{ "n_string_incomplete_escape", "[\"\\\"]" },
	{ "n_string_incomplete_escaped_character", "[\"\\u00A\"]" },
	{ "n_string_incomplete_surrogate", "[\"\\uD834\\uDd\"]" },
	{ "n_string_incomplete_surrogate_escape_invalid", "[\"\\uD800\\uD800\\x\"]" },
	{ "n_string_invalid-utf-8-in-escape", "[\"\\u\xe5\"]" },
	{ "n_string_invalid_backslash_esc", "[\"\\a\"]" },
	{ "n_string_invalid_unicode_escape", "[\"\\uqqqq\"]" },
	{ "n_string_invalid_utf8_after_escape", "[\"\\\xe5\"]" },
	{ "n_string_leading_uescaped_thinspace", "[\\u0020\"asd\"]" },
	{ "n_string_no_quotes_with_bad_escape", "[\\n]" },
	{ "n_string_single_doublequote", "\"" },
	{ "n_string_single_quote", "['single quote']" },
	{ "n_string_single_string_no_double_quotes", "abc" },
	{ "n_string_start_escape_unclosed", "[\"\\" },
	{ "n_string_unescaped_newline", "[\"new\nline\"]" },
	{ "n_string_unescaped_tab", "[\"\t\"]" },
	{ "n_string_unicode_CapitalU", "\"\\UA66D\"" },
	{ "n_string_with_trailing_garbage", "\"\"x" },
	{ "n_structure_angle_bracket_.", "<.>" },
	{ "n_structure_angle_bracket_null", "[<null>]" },
	{ "n_structure_array_trailing_garbage", "[1]x" },
	{ "n_structure_array_with_extra_array_close", "[1]]" },
	{ "n_structure_array_with_unclosed_string", "[\"asd]" },
	{ "n_structure_ascii-unicode-identifier", "a\xc3\xa5" },
	{ "n_structure_capitalized_True", "[True]" },
	{ "n_structure_close_unopened_array", "1]" },
	{ "n_structure_comma_instead_of_closing_brace", "{\"x\": true," },
	{ "n_structure_double_array", "[][]" },
	{ "n_structure_end_array", "]" },
	{ "n_structure_incomplete_UTF8_BOM", "\xef\xbb{}" },
	{ "n_structure_lone-invalid-utf-8", "\xe5" },
	{ "n_structure_lone-open-bracket", "[" },
	{ "n_structure_no_data", "" },
	{ "n_structure_number_with_trailing_garbage", "2@" },
	{ "n_structure_object_followed_by_closing_object", "{}}" },
	{ "n_structure_object_unclosed_no_value", "{\"\":" },
	{ "n_structure_object_with_comment", "{\"a\":/*comment*/\"b\"}" },
	{ "n_structure_object_with_trailing_garbage", "{\"a\": true} \"x\"" },
	{ "n_structure_open_array_apostrophe", "['" },
	{ "n_structure_open_array_comma", "[," },
	{ "n_structure_open_array_open_object", "[{" },
	{ "n_structure_open_array_open_string", "[\"a" },
	{ "n_structure_open_array_string", "[\"a\"" },
	{ "n_structure_open_object", "{" },
	{ "n_structure_open_object_close_array", "{]" },
	{ "n_structure_open_object_comma", "{," },
	{ "n_structure_open_object_open_array", "{[" },
	{ "n_structure_open_object_open_string", "{\"a" },
	{ "n_structure_open_object_string_with_apostrophes", "{'a'" },
	{ "n_structure_open_open", "[\"\\{[\"\\{[\"\\{[\"\\{" },
	{ "n_structure_single_eacute", "\xe9" },
	{ "n_structure_single_star", "*" },
	{ "n_structure_trailing_#", "{\"a\":\"b\"}#{}" },
	{ "n_structure_U+2060_word_joined", "[\xe2\x81\xa0]" },
	{ "n_structure_uescaped_LF_before_string", "[\\u000A\"\"]" },
	{ "n_structure_unclosed_array", "[1" },
	{ "n_structure_unclosed_array_partial_null", "[ false, nul" },
	{ "n_structure_unclosed_array_unfinished_false", "[ true, fals" },
	{ "n_structure_unclosed_array_unfinished_true", "[ false, tru" },
	{ "n_structure_unclosed_object", "{\"asd\":\"asd\"" },
	{ "n_structure_unicode-identifier", "\xc3\xa5" },
	{ "n_structure_UTF8_BOM_no_data", "\xef\xbb\xbf" },
	{ "n_structure_whitespace_formfeed", "[\x0c]" },
	{ "n_structure_whitespace_U+2060_word_joiner", "[\xe2\x81\xa0]" },
	/* Ours to decide, and refused: what two readers could see differently. */
	{ "y_object_duplicated_key", "{\"a\":\"b\",\"a\":\"c\"}" },
	{ "y_object_duplicated_key_and_value", "{\"a\":\"b\",\"a\":\"b\"}" },
	{ "y_object_escaped_null_in_key", "{\"foo\\u0000bar\": 42}" },
	{ "y_string_null_escape", "[\"\\u0000\"]" },
	{ "i_object_key_lone_2nd_surrogate", "{\"\\uDFAA\":0}" },
	{ "i_string_1st_surrogate_but_2nd_missing", "[\"\\uDADA\"]" },
	{ "i_string_1st_valid_surrogate_2nd_invalid", "[\"\\uD888\\u1234\"]" },
	{ "i_string_incomplete_surrogate_and_escape_valid", "[\"\\uD800\\n\"]" },
	{ "i_string_incomplete_surrogate_pair", "[\"\\uDd1ea\"]" },
	{ "i_string_incomplete_surrogates_escape_valid", "[\"\\uD800\\uD800\\n\"]" },
	{ "i_string_invalid_lonely_surrogate", "[\"\\ud800\"]" },
	{ "i_string_invalid_surrogate", "[\"\\ud800abc\"]" },
	{ "i_string_invalid_utf-8", "[\"\xff\"]" },
	{ "i_string_inverted_surrogates_U+1D11E", "[\"\\uDd1e\\uD834\"]" },
	{ "i_string_iso_latin_1", "[\"\xe9\"]" },
	{ "i_string_lone_second_surrogate", "[\"\\uDFAA\"]" },
	{ "i_string_lone_utf8_continuation_byte", "[\"\x81\"]" },
	{ "i_string_not_in_unicode_range", "[\"\xf4\xbf\xbf\xbf\"]" },
	{ "i_string_overlong_sequence_2_bytes", "[\"\xc0\xaf\"]" },
	{ "i_string_overlong_sequence_6_bytes", "[\"\xfc\x83\xbf\xbf\xbf\xbf\"]" },
	{ "i_string_overlong_sequence_6_bytes_null", "[\"\xfc\x80\x80\x80\x80\x80\"]" },
	{ "i_string_truncated-utf-8", "[\"\xe0\xff\"]" },
	{ "i_string_UTF-8_invalid_sequence", "[\"\xe6\x97\xa5\xd1\x88\xfa\"]" },
	{ "i_string_UTF8_surrogate_U+D800", "[\"\xed\xa0\x80\"]" },
	{ "i_structure_UTF-8_BOM_empty_object", "\xef\xbb\xbf{}" },
};

/* Those with a NUL inside. */
static const struct {
	const char *name;
	slice text;
} with_nul[] = {
	{ "n_multidigit_number_then_00", { "123\0", 4 } },
	{ "n_string_backslash_00", { "[\"\\\0\"]", 6 } },
	{ "n_string_unescaped_ctrl_char", { "[\"a\0a\"]", 7 } },
	{ "n_structure_null-byte-outside-string", { "[\0]", 3 } },
	{ "i_string_UTF-16LE_with_BOM", { "\xff\xfe[\0\"\0\xe9\0\"\0]\0", 12 } },
	{ "i_string_utf16BE_no_BOM", { "\0[\0\"\0\xe9\0\"\0]", 10 } },
	{ "i_string_utf16LE_no_BOM", { "[\0\"\0\xe9\0\"\0]\0", 10 } },
};

TEST(every_valid_case_of_the_public_suite_is_taken_and_survives_a_round_trip)
{
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		const struct json *value;
		struct json_writer writer;
		struct buffer once, twice;

		if (refused(slice_str(taken[i].text)))
			fail_msg("%s is refused: %s", taken[i].name, report_current()->text);
		buffer_init(&once, scratch(), 4096);
		json_writer_init(&writer, &once);
		json_put_tree(&writer, parsed(taken[i].text));
		CHECK_OK(json_parse(scratch(), buffer_slice(&once), NULL, &value));
		buffer_init(&twice, scratch(), 4096);
		json_writer_init(&writer, &twice);
		json_put_tree(&writer, value);
		CHECK(!buffer_failed(&twice) && slice_eq(buffer_slice(&once), buffer_slice(&twice)));
	}
}

TEST(every_invalid_case_of_the_public_suite_is_refused)
{
	for (size_t i = 0; i < sizeof(not_taken) / sizeof(*not_taken); i++)
		if (!refused(slice_str(not_taken[i].text)))
			fail_msg("%s is taken", not_taken[i].name);
	for (size_t i = 0; i < sizeof(with_nul) / sizeof(*with_nul); i++)
		if (!refused(with_nul[i].text))
			fail_msg("%s is taken", with_nul[i].name);
}

/* `text` again and again, in memory that ends where the text ends, so that ASan sees a read behind it. */
static char *repeated(const char *text, size_t times)
{
	size_t len = strlen(text);
	char *at = mem_alloc(len * times);

	for (size_t i = 0; i < times; i++)
		memcpy(at + i * len, text, len);
	return at;
}

TEST(endless_nesting_is_refused_and_the_stated_depth_is_taken)
{
	static const struct {
		const char *open, *close;
		size_t times;
	} deep[] = {
		{ "[", "]", 100000 }, { "[{\"\":", "}]", 50000 }, { "[", "]", 500 }, { "{\"a\":", "}", JSON_DEPTH_DEFAULT + 1 }
	};
	const struct json_limits three = { .depth = 3 };
	const struct json *value;

	for (size_t i = 0; i < sizeof(deep) / sizeof(*deep); i++) {
		char *text = repeated(deep[i].open, deep[i].times);
		CHECK(refused(slice_of(text, strlen(deep[i].open) * deep[i].times)));
		CHECK(strstr(report_current()->text, "too deep"));
		mem_free(text);
	}
	CHECK_OK(json_parse(scratch(), SLICE("[[[1]], {\"a\": []}, [[]]]"), &three, &value));
	CHECK_FAULT(FAULT_INVALID, json_parse(scratch(), SLICE("[[[[]]]]"), &three, &value));
}

TEST(every_proper_prefix_of_a_document_is_refused)
{
	static const char text[] = "{\"a\":[1.5e+3,true,null,\"x\\ud83d\\ude39\xc3\xbc\\n\"],\"b\":{\"c\":false}}";

	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		char *copy = mem_alloc(len);
		memcpy(copy, text, len);
		CHECK(refused(slice_of(copy, len)));
		mem_free(copy);
	}
	CHECK(!refused(slice_str(text)));
}

TEST(a_name_that_stands_twice_is_refused_however_it_is_written)
{
	struct buffer many;
	struct json_writer writer;
	const struct json *value;

	CHECK(refused(SLICE("{\"a\":1,\"b\":2,\"\\u0061\":3}")));
	CHECK(strstr(report_current()->text, "\"a\" stands twice"));
	CHECK(!refused(SLICE("{\"a\":{\"a\":{\"a\":1}},\"A\":2,\"\":3,\"aa\":4}")));
	for (size_t count = 2; count < 3000; count += count / 2) {
		buffer_init(&many, scratch(), 1 << 20);
		json_writer_init(&writer, &many);
		json_open_object(&writer);
		for (size_t i = 0; i < count; i++) {
			json_put_name(&writer, slice_str(arena_printf(scratch(), "n%zu", i)));
			json_put_null(&writer);
		}
		buffer_byte(&many, '}');
		CHECK_OK(json_parse(scratch(), buffer_slice(&many), NULL, &value));
		CHECK_INT(value->count, count);
		many.len--;
		buffer_text(&many, ",\"n1\":0}");
		CHECK(refused(buffer_slice(&many)));
	}
	arena_reset(scratch());
}

TEST(an_error_says_what_and_where)
{
	CHECK(refused(SLICE("{\"a\": tru}")));
	assert_string_equal(report_current()->text, "not JSON: an unknown word at byte 6");
	CHECK(refused(SLICE("[1,2")));
	assert_string_equal(report_current()->text, "not JSON: no \",\" or \"]\" at byte 4");
	CHECK(refused(SLICE("[\"\\ud800x\"]")));
	assert_string_equal(report_current()->text, "not JSON: half a surrogate pair at byte 2");
	CHECK(refused(SLICE("{} {}")));
	assert_string_equal(report_current()->text, "not JSON: something follows the value at byte 3");
}

TEST(size_and_memory_are_bounded)
{
	const struct json_limits ten = { .bytes = 10 };
	struct arena *small = arena_new(1000);
	const struct json *value;

	CHECK_OK(json_parse(scratch(), SLICE("[1,2,3,45]"), &ten, &value));
	CHECK_FAULT(FAULT_INVALID, json_parse(scratch(), SLICE("[1,2,3,456]"), &ten, &value));
	CHECK_FAULT(FAULT_EXHAUSTED, json_parse(small, SLICE("[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9]"), NULL, &value));
	arena_free(small);
}

TEST(strings_come_out_unescaped)
{
	slice text;

	CHECK(json_text(parsed("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00fc\\u20ac\\ud83d\\udc33 end\""), &text));
	CHECK_SLICE(text, "\"\\/\b\f\n\r\tA\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\xb3 end");
	CHECK(json_text(parsed("\"a long one without any escape, \xc3\xbc too\""), &text));
	CHECK_SLICE(text, "a long one without any escape, \xc3\xbc too");
	/* A special byte at every place of a word. */
	for (size_t at = 0; at < 20; at++) {
		char raw[23] = "\"abcdefghijklmnopqrst\"";
		raw[at + 1] = '\n';
		CHECK(refused(slice_str(raw)));
		raw[at + 1] = '\x80';
		CHECK(refused(slice_str(raw)));
		raw[at + 1] = '"';
		CHECK(refused(slice_str(raw)));
		raw[at + 1] = '\0';
		CHECK(refused(slice_of(raw, 22)));
	}
}

TEST(members_are_found_by_name_and_kept_in_order)
{
	const struct json *value = parsed("{\"z\":1,\"a\":{\"x\":true},\"m\":[10,\"b\",null]}");
	const char *const names[] = { "z", "a", "m" };
	size_t i = 0;
	int64_t number;
	bool truth;

	JSON_EACH (member, value)
		CHECK_SLICE(member->name, names[i++]);
	CHECK(i == 3 && value->count == 3);
	CHECK(json_int64(json_member(value, "z"), &number) && number == 1);
	CHECK(json_bool(json_member(json_member(value, "a"), "x"), &truth) && truth);
	CHECK(json_member(value, "m")->count == 3);
	CHECK(json_text_is(json_member(value, "m")->first->next, "b"));
	CHECK(json_is(json_member(value, "m")->first->next->next, JSON_NULL));
	CHECK(!json_member(value, "Z") && !json_member(value, "") && !json_member(NULL, "a") &&
	      !json_member(value->first, "a"));
	CHECK(!json_text_is(json_member(value, "z"), "1") && !json_int64(NULL, &number) && !json_bool(value, &truth));
}

static bool is_int(const char *text, int64_t want)
{
	int64_t got = ~want;

	return json_number_int64(slice_str(text), &got) && got == want;
}

TEST(integers_are_exact_or_refused)
{
	static const char *const none[] = { "1.5",
					    "1e-1",
					    "9223372036854775808",
					    "-9223372036854775809",
					    "1e19",
					    "12345678901234567890123",
					    "0.1",
					    "1e400000000000000000000",
					    "1e9999999999999999999999",
					    "",
					    "-",
					    "01",
					    "+1",
					    "1 ",
					    "0x10",
					    "1.10" };
	uint64_t big;
	int64_t number;

	CHECK(is_int("0", 0) && is_int("-0", 0) && is_int("7", 7) && is_int("-7", -7) && is_int("1.0", 1) &&
	      is_int("12e2", 1200));
	CHECK(is_int("1.50e1", 15) && is_int("1200e-2", 12) && is_int("-1.2E+1", -12) &&
	      is_int("0.0e9999999999999999999999", 0));
	CHECK(is_int("9223372036854775807", INT64_MAX) && is_int("-9223372036854775808", INT64_MIN));
	CHECK(is_int("0.0000000000000000000009e22", 9) && is_int("1732320000", 1732320000) &&
	      is_int("1.73232e+09", 1732320000));
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		CHECK(!json_number_int64(slice_str(none[i]), &number));
	CHECK(json_number_uint64(SLICE("18446744073709551615"), &big) && big == UINT64_MAX);
	CHECK(json_number_uint64(SLICE("-0.0"), &big) && big == 0);
	CHECK(!json_number_uint64(SLICE("18446744073709551616"), &big) && !json_number_uint64(SLICE("-1"), &big));
	CHECK(!json_int64(parsed("\"7\""), &number));
}

TEST(doubles_are_read_to_the_nearest_and_never_infinite)
{
	double number;

	CHECK(json_double(parsed("-0.1e1"), &number) && number == -1.0);
	CHECK(json_double(parsed("123.456e-789"), &number) && number == 0.0);
	CHECK(!json_double(parsed("1e400"), &number));
	CHECK(!json_number_double(SLICE("nan"), &number) && !json_number_double(SLICE("0x1p3"), &number));
}

TEST(the_writer_puts_commas_and_escapes)
{
	struct json_writer writer;
	struct buffer out;

	buffer_init(&out, scratch(), 1000);
	json_writer_init(&writer, &out);
	json_open_object(&writer);
	json_pair_text(&writer, "te\"xt", SLICE("a\"\\\b\f\n\r\t\x01\x7f/\xc3\xbc"));
	json_pair_int(&writer, "min", INT64_MIN);
	json_pair_bool(&writer, "yes", true);
	json_put_name(&writer, SLICE("list"));
	json_open_array(&writer);
	json_put_uint(&writer, UINT64_MAX);
	json_put_int(&writer, -1);
	json_put_int(&writer, 0);
	json_put_double(&writer, 0.1);
	json_put_double(&writer, 1e300);
	json_put_null(&writer);
	json_open_object(&writer);
	json_close_object(&writer);
	json_open_array(&writer);
	json_close_array(&writer);
	json_put_raw(&writer, SLICE("{\"raw\":1}"));
	json_put_bool(&writer, false);
	json_close_array(&writer);
	json_close_object(&writer);
	CHECK(!buffer_failed(&out));
	CHECK_SLICE(buffer_slice(&out),
		    "{\"te\\\"xt\":\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f/\xc3\xbc\",\"min\":-9223372036854775808,\"yes\":true,"
		    "\"list\":[18446744073709551615,-1,0,0.1,1e+300,null,{},[],{\"raw\":1},false]}");
}

TEST(the_writer_never_writes_what_the_reader_would_refuse)
{
	static const slice broken[] = { { "\xff", 1 }, { "a\0b", 3 }, { "\xed\xa0\x80", 3 } };
	struct json_writer writer;
	struct buffer out;

	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		buffer_init(&out, scratch(), 1000);
		json_writer_init(&writer, &out);
		json_put_text(&writer, broken[i]);
		CHECK(buffer_failed(&out));
	}
	buffer_init(&out, scratch(), 1000);
	json_writer_init(&writer, &out);
	json_put_double(&writer, 1e308 * 10);
	CHECK(buffer_failed(&out));
}

static uint64_t doubles_state = 1;

TEST(every_double_reads_back_equal)
{
	for (int i = 0; i < 2000; i++) {
		uint64_t bits = random_below(&doubles_state, UINT64_MAX);
		struct json_writer writer;
		struct buffer out;
		double number, again;

		memcpy(&number, &bits, sizeof(number));
		if ((bits >> 52 & 0x7ff) == 0x7ff)
			continue;
		buffer_init(&out, scratch(), 100);
		json_writer_init(&writer, &out);
		json_put_double(&writer, number);
		CHECK(json_number_double(buffer_slice(&out), &again) && memcmp(&again, &number, sizeof(number)) == 0);
	}
}

TEST(reading_survives_every_failing_allocation)
{
	static const char text[] =
		"{\"a\":[1,\"x\\n\",{\"b\":0}],\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":1,\"8\":1,\"9\":1}";
	const struct json *value;
	uint64_t n = 1;

	for (;; n++) {
		struct arena *arena = arena_new(1 << 20);
		status st;
		mem_fail_after(n);
		st = json_parse(arena, slice_str(text), NULL, &value);
		mem_fail_after(0);
		arena_free(arena);
		if (!FAILED(st))
			break;
		CHECK_INT(st.fault, FAULT_EXHAUSTED);
	}
	CHECK(n > 1);
}

TESTS(every_valid_case_of_the_public_suite_is_taken_and_survives_a_round_trip,
      every_invalid_case_of_the_public_suite_is_refused, endless_nesting_is_refused_and_the_stated_depth_is_taken,
      every_proper_prefix_of_a_document_is_refused, a_name_that_stands_twice_is_refused_however_it_is_written,
      an_error_says_what_and_where, size_and_memory_are_bounded, strings_come_out_unescaped,
      members_are_found_by_name_and_kept_in_order, integers_are_exact_or_refused,
      doubles_are_read_to_the_nearest_and_never_infinite, the_writer_puts_commas_and_escapes,
      the_writer_never_writes_what_the_reader_would_refuse, every_double_reads_back_equal,
      reading_survives_every_failing_allocation)
