#include "test.h"

#include "base/encode.h"
#include "base/mem.h"
#include "crypto/seal.h"

static const struct secret key = { .len = SEAL_KEY_BYTES };
static const char plain[] = "private words";
#define PLAIN_BYTES (sizeof(plain) - 1)

/* A source that gives what the vector has. */
static bool fill_fixed(struct random *random, void *into, size_t size)
{
	static const unsigned char nonce[] = { 0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce, 0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88 };

	if (size != sizeof(nonce))
		return false;
	memcpy(into, nonce, size);
	return true;
}

static bool fill_nothing(struct random *random, void *into, size_t size)
{
	return false;
}

static struct buffer sealed_with(slice context)
{
	struct buffer out;

	buffer_init(&out, NULL, 1000);
	CHECK_OK(seal(&key, &random_system, context, slice_of(plain, PLAIN_BYTES), &out));
	CHECK_INT(out.len, PLAIN_BYTES + SEAL_EXTRA_BYTES);
	return out;
}

TEST(what_is_sealed_opens_with_its_key_and_context)
{
	struct buffer out = sealed_with(SLICE("keys/1"));
	char back[100];
	size_t len;

	CHECK_OK(seal_open(&key, SLICE("keys/1"), buffer_slice(&out), back, PLAIN_BYTES, &len));
	CHECK(slice_eq(slice_of(back, len), slice_of(plain, PLAIN_BYTES)));
	CHECK(!memmem(out.at, out.len, plain, PLAIN_BYTES));
	buffer_clear(&out);
	CHECK_OK(seal(&key, &random_system, SLICE(""), SLICE(""), &out));
	CHECK_OK(seal_open(&key, SLICE(""), buffer_slice(&out), back, 0, &len));
	CHECK_INT(len, 0);
	buffer_done(&out);
}

/* Test case 16 of the GCM specification (McGrew and Viega), whose tag covers context and text. */
TEST(the_form_is_nonce_text_tag_of_aes_256_gcm)
{
	struct secret vector_key = { .len = SEAL_KEY_BYTES };
	struct random fixed = { .fill = fill_fixed };
	unsigned char text[60], context[20];
	char hex[2 * 88];
	struct buffer out;

	CHECK(hex_decode_into(SLICE("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"), vector_key.bytes, 32));
	CHECK(hex_decode_into(
		SLICE("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
		      "b16aedf5aa0de657ba637b39"),
		text, sizeof(text)));
	CHECK(hex_decode_into(SLICE("feedfacedeadbeeffeedfacedeadbeefabaddad2"), context, sizeof(context)));
	buffer_init(&out, NULL, 1000);
	CHECK_OK(seal(&vector_key, &fixed, slice_of(context, sizeof(context)), slice_of(text, sizeof(text)), &out));
	CHECK_INT(out.len, 88);
	hex_encode_into(buffer_slice(&out), hex);
	CHECK_SLICE(slice_of(hex, sizeof(hex)),
		    "cafebabefacedbaddecaf888522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
		    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
	buffer_done(&out);
}

TEST(every_changed_bit_and_another_context_or_key_is_refused)
{
	struct buffer out = sealed_with(SLICE("a"));
	struct secret other = { .len = SEAL_KEY_BYTES, .bytes = { 1 } };
	char back[100];
	size_t len = 77;

	for (size_t bit = 0; bit < out.len * 8; bit++) {
		memset(back, 'x', sizeof(back));
		out.at[bit / 8] ^= (char)(1 << bit % 8);
		CHECK_FAULT(FAULT_LOST, seal_open(&key, SLICE("a"), buffer_slice(&out), back, sizeof(back), &len));
		CHECK(!memmem(back, PLAIN_BYTES, plain, 4)); /* nothing unauthenticated is handed out */
		out.at[bit / 8] ^= (char)(1 << bit % 8);
	}
	CHECK_FAULT(FAULT_LOST, seal_open(&key, SLICE("b"), buffer_slice(&out), back, sizeof(back), &len));
	CHECK_FAULT(FAULT_LOST, seal_open(&key, SLICE(""), buffer_slice(&out), back, sizeof(back), &len));
	CHECK_FAULT(FAULT_LOST, seal_open(&other, SLICE("a"), buffer_slice(&out), back, sizeof(back), &len));
	CHECK_INT(len, 77);
	buffer_done(&out);
}

TEST(CVE_2023_37464_a_shortened_tag_is_refused)
{
	struct buffer out = sealed_with(SLICE(""));
	char back[100];
	size_t len;

	for (size_t cut = 1; cut <= out.len; cut++) {
		slice shorter = slice_to(buffer_slice(&out), out.len - cut);
		char *copy = mem_alloc(shorter.len);
		memcpy(copy, shorter.at, shorter.len);
		CHECK_FAULT(FAULT_LOST, seal_open(&key, SLICE(""), slice_of(copy, shorter.len), back, sizeof(back), &len));
		mem_free(copy);
	}
	buffer_done(&out);
}

TEST(no_two_seals_share_a_nonce)
{
	struct buffer one = sealed_with(SLICE("")), two = sealed_with(SLICE(""));

	CHECK(memcmp(one.at, two.at, SEAL_NONCE_BYTES) != 0);
	buffer_done(&one);
	buffer_done(&two);
}

TEST(a_short_key_a_missing_nonce_and_a_full_buffer_end_cleanly)
{
	struct secret short_key = { .len = 16 };
	struct random broken = { .fill = fill_nothing };
	struct buffer out;
	char back[100];
	size_t len;

	buffer_init(&out, NULL, 40);
	CHECK_FAULT(FAULT_INVALID, seal(&short_key, &random_system, SLICE(""), SLICE("x"), &out));
	CHECK_FAULT(FAULT_INVALID, seal_open(&short_key, SLICE(""), SLICE("0123456789012345678901234567890"), back, 100, &len));
	CHECK_FAULT(FAULT_INTERNAL, seal(&key, &broken, SLICE(""), SLICE("x"), &out));
	CHECK_INT(out.len, 0);
	CHECK_FAULT(FAULT_EXHAUSTED, seal(&key, &random_system, SLICE(""), SLICE("more than twelve bytes"), &out));
	buffer_clear(&out);
	CHECK_OK(seal(&key, &random_system, SLICE(""), SLICE("xyz"), &out));
	CHECK_FAULT(FAULT_INVALID, seal_open(&key, SLICE(""), buffer_slice(&out), back, 2, &len));
	buffer_done(&out);
}

TESTS(what_is_sealed_opens_with_its_key_and_context, the_form_is_nonce_text_tag_of_aes_256_gcm,
      every_changed_bit_and_another_context_or_key_is_refused, CVE_2023_37464_a_shortened_tag_is_refused,
      no_two_seals_share_a_nonce, a_short_key_a_missing_nonce_and_a_full_buffer_end_cleanly)
