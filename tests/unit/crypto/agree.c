#include "test.h"

#include "base/encode.h"
#include "base/mem.h"
#include "crypto/agree.h"
#include "crypto/seal.h"

static struct secret counting(unsigned char first)
{
	struct secret key = { .len = AGREE_KEY_BYTES };

	for (size_t i = 0; i < AGREE_KEY_BYTES; i++)
		key.bytes[i] = (unsigned char)(first + i);
	return key;
}

static slice from_hex(const char *hex, unsigned char into[AGREE_KEY_BYTES])
{
	CHECK(hex_decode_into(slice_str(hex), into, AGREE_KEY_BYTES));
	return slice_of(into, AGREE_KEY_BYTES);
}

static void check_public(unsigned char first, const char *want)
{
	struct secret key = counting(first);
	unsigned char public[AGREE_KEY_BYTES];
	char text[BASE64_TEXT_BYTES(AGREE_KEY_BYTES)];

	CHECK_OK(agree_public(&key, public));
	CHECK_SLICE(slice_of(text, base64_encode_into(BASE64_URL, slice_of(public, sizeof(public)), text)), want);
}

/* The vector of spec/tokens.md 6.1. */
static bool fill_counting(struct random *random, void *into, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((unsigned char *)into)[i] = (unsigned char)i;
	return true;
}

TEST(a_headless_session_seals_as_the_published_vector_does)
{
	struct secret client = counting(1), server = counting(33), shared = { 0 };
	struct random fixed = { .fill = fill_counting };
	unsigned char public[AGREE_KEY_BYTES], want[AGREE_KEY_BYTES];
	char hex[200] = "";
	struct buffer out;

	check_public(1, "B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9_AsrhtHHw");
	check_public(33, "WGmv9FBUlzLLqu1eXfmzCm2jHLDldCutWtShp2jxpns");
	CHECK_OK(agree_public(&client, public));
	CHECK_OK(agree_secret(&server, slice_of(public, sizeof(public)), &shared));
	CHECK(slice_eq(secret_bytes(&shared),
		       from_hex("a84dc7c3c8f058b1b2dc4cd1e9b5dc0a7987f88b6a9564cde3391fc421159e77", want)));
	buffer_init(&out, NULL, 1000);
	CHECK_OK(seal(&shared, &fixed, SLICE(""), SLICE("idtoken"), &out));
	hex_encode_into(buffer_slice(&out), hex);
	CHECK_SLICE(slice_str(hex), "000102030405060708090a0bdec99065d8f6af8d3df266c09e2e13f024d7507b8b60c2");
	buffer_done(&out);
}

TEST(both_sides_come_to_the_same_secret_and_a_third_to_another)
{
	struct secret one = counting(7), two = counting(90), three = counting(200), a = { 0 }, b = { 0 }, c = { 0 };
	unsigned char public_one[AGREE_KEY_BYTES], public_two[AGREE_KEY_BYTES];

	CHECK_OK(agree_public(&one, public_one));
	CHECK_OK(agree_public(&two, public_two));
	CHECK_OK(agree_secret(&one, slice_of(public_two, sizeof(public_two)), &a));
	CHECK_OK(agree_secret(&two, slice_of(public_one, sizeof(public_one)), &b));
	CHECK_OK(agree_secret(&three, slice_of(public_one, sizeof(public_one)), &c));
	CHECK(secret_equal(&a, &b) && !secret_equal(&a, &c));
}

/* RFC 7748 section 6.1; the points of small order that implementations list. */
TEST(a_point_of_small_order_is_refused)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	struct secret key = counting(1);

	for (size_t i = 0; i < sizeof(points) / sizeof(*points); i++) {
		unsigned char point[AGREE_KEY_BYTES];
		struct secret shared = { 0 };
		CHECK_FAULT(FAULT_INVALID, agree_secret(&key, from_hex(points[i], point), &shared));
		CHECK_INT(shared.len, 0);
	}
}

TEST(keys_have_thirty_two_bytes)
{
	struct secret key = counting(1), shorter = { .len = 31 }, shared = { 0 };
	unsigned char public[AGREE_KEY_BYTES];

	CHECK_OK(agree_public(&key, public));
	CHECK_FAULT(FAULT_INVALID, agree_public(&shorter, public));
	CHECK_FAULT(FAULT_INVALID, agree_secret(&shorter, slice_of(public, AGREE_KEY_BYTES), &shared));
	for (size_t len = 0; len < AGREE_KEY_BYTES; len++)
		CHECK_FAULT(FAULT_INVALID, agree_secret(&key, slice_of(public, len), &shared));
}

TESTS(a_headless_session_seals_as_the_published_vector_does, both_sides_come_to_the_same_secret_and_a_third_to_another,
      a_point_of_small_order_is_refused, keys_have_thirty_two_bytes)
