#include "test.h"

#include "base/encode.h"
#include "crypto/digest.h"

static char hex[2 * 200 + 1];

static const char *hex_of(const void *bytes, size_t len)
{
	hex_encode_into(slice_of(bytes, len), hex);
	hex[2 * len] = '\0';
	return hex;
}

TEST(sha2_of_fips_180_4_comes_out)
{
	unsigned char digest[DIGEST_BYTES_MAX];

	CHECK_OK(sha256(SLICE("abc"), digest));
	assert_string_equal(hex_of(digest, 32), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	CHECK_OK(sha256(SLICE(""), digest));
	assert_string_equal(hex_of(digest, 32), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	CHECK_OK(sha256((slice){ 0 }, digest));
	assert_string_equal(hex_of(digest, 32), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	CHECK_OK(digest_of(DIGEST_SHA384, SLICE("abc"), digest));
	assert_string_equal(hex_of(digest, digest_bytes(DIGEST_SHA384)), "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"
									 "1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
	CHECK_OK(digest_of(DIGEST_SHA512, SLICE("abc"), digest));
	assert_string_equal(hex_of(digest, digest_bytes(DIGEST_SHA512)),
			    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
			    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(a_digest_over_parts_is_that_of_the_whole)
{
	unsigned char whole[SHA256_BYTES], parts[SHA256_BYTES];
	struct digest *digest;

	CHECK_OK(sha256(SLICE("one, two, three"), whole));
	CHECK_OK(digest_new(DIGEST_SHA256, &digest));
	CHECK_OK(digest_add(digest, SLICE("one, ")));
	CHECK_OK(digest_add(digest, SLICE("")));
	CHECK_OK(sha256(SLICE("in between"), parts)); /* shares no state */
	CHECK_OK(digest_add(digest, SLICE("two, three")));
	CHECK_OK(digest_end(digest, parts));
	assert_memory_equal(whole, parts, sizeof(whole));
	digest = digest_free(digest);
	CHECK(!digest && !digest_free(NULL));
}

TEST(hmac_of_rfc_4231_comes_out)
{
	unsigned char mac[SHA256_BYTES], key[131], data[50];

	memset(key, 0x0b, 20);
	CHECK_OK(hmac_sha256(slice_of(key, 20), SLICE("Hi There"), mac));
	assert_string_equal(hex_of(mac, 32), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	CHECK_OK(hmac_sha256(SLICE("Jefe"), SLICE("what do ya want for nothing?"), mac));
	assert_string_equal(hex_of(mac, 32), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	memset(data, 0xdd, sizeof(data));
	CHECK_OK(hmac_sha256(slice_of(key, 20), slice_of(data, sizeof(data)), mac));
	assert_string_equal(hex_of(mac, 32), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	CHECK_OK(hmac_sha256(slice_of(key, sizeof(key)), SLICE("Test Using Larger Than Block-Size Key - Hash Key First"), mac));
	assert_string_equal(hex_of(mac, 32), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	CHECK_OK(hmac_sha256((slice){ 0 }, SLICE(""), mac)); /* an empty key is not "the key of before" */
	assert_string_equal(hex_of(mac, 32), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(hkdf_of_rfc_5869_comes_out)
{
	unsigned char key[22], salt[13], info[10], made[42];

	memset(key, 0x0b, sizeof(key));
	for (unsigned i = 0; i < sizeof(salt); i++)
		salt[i] = (unsigned char)i;
	for (unsigned i = 0; i < sizeof(info); i++)
		info[i] = (unsigned char)(0xf0 + i);
	CHECK_OK(hkdf_sha256(slice_of(key, 22), slice_of(salt, 13), slice_of(info, 10), made, sizeof(made)));
	assert_string_equal(hex_of(made, 42),
			    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
	CHECK_OK(hkdf_sha256(slice_of(key, 22), SLICE(""), SLICE(""), made, sizeof(made)));
	assert_string_equal(hex_of(made, 42),
			    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TESTS(sha2_of_fips_180_4_comes_out, a_digest_over_parts_is_that_of_the_whole, hmac_of_rfc_4231_comes_out,
      hkdf_of_rfc_5869_comes_out)
