/*
 * A token sealed for this program (spec/tokens.md 6.1, the test vector there).
 */
#include "cli/headless.h"

#include "test.h"

#define SEALED "AAECAwQFBgcICQoL3smQZdj2r4098mbAni4T8CTXUHuLYMI=" /* of 000102...60c2 */

static struct secret key_from(unsigned char first)
{
	unsigned char bytes[32];
	struct secret key = { 0 };

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(first + i);
	CHECK_OK(secret_set(&key, slice_of(bytes, sizeof(bytes))));
	return key;
}

static const struct json *session(struct arena *arena, const char *public_key, const char *sealed)
{
	const struct json *object;
	char *text = arena_printf(arena, "{\"ecdhPublicKey\":\"%s\",\"encryptedIdtoken\":\"%s\"}", public_key, sealed);

	CHECK_OK(json_parse_object(arena, slice_str(text), NULL, &object));
	return object;
}

TEST(the_vector_opens)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	struct secret key = key_from(1);
	char code[HEADLESS_CODE_BYTES], hash[HEADLESS_HASH_BYTES];
	slice token = { 0 };

	CHECK_OK(headless_code(&key, code));
	CHECK_SLICE(slice_str(code), "B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9_AsrhtHHw");
	CHECK_OK(headless_hash(code, hash));
	CHECK_INT(strlen(hash), 9);
	CHECK_OK(headless_open(arena, &key,
			       session(arena, "V0dtdjlGQlVsekxMcXUxZVhmbXpDbTJqSExEbGRDdXRXdFNocDJqeHBucw==", SEALED), &token));
	CHECK_SLICE(token, "idtoken");
	arena_free(arena);
}

TEST(what_was_sealed_for_another_is_no_token)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	struct secret key = key_from(2);
	slice token;

	CHECK_FAULT(FAULT_UNAUTHENTIC,
		    headless_open(arena, &key,
				  session(arena, "V0dtdjlGQlVsekxMcXUxZVhmbXpDbTJqSExEbGRDdXRXdFNocDJqeHBucw==", SEALED),
				  &token));
	arena_free(arena);
}

TEST(a_key_of_zeros_or_none_is_refused)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	struct secret key = key_from(1);
	slice token;

	/* base64 of base64url of 32 zero bytes */
	CHECK(FAILED(headless_open(
		arena, &key, session(arena, "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQQ==", SEALED), &token)));
	CHECK_FAULT(FAULT_INTERNAL, headless_open(arena, &key, session(arena, "", SEALED), &token));
	CHECK_FAULT(FAULT_INTERNAL, headless_open(arena, &key, session(arena, "QUFB", SEALED), &token));
	CHECK_FAULT(FAULT_INTERNAL,
		    headless_open(arena, &key,
				  session(arena, "V0dtdjlGQlVsekxMcXUxZVhmbXpDbTJqSExEbGRDdXRXdFNocDJqeHBucw==", "AAECAw=="),
				  &token));
	arena_free(arena);
}

TESTS(the_vector_opens, what_was_sealed_for_another_is_no_token, a_key_of_zeros_or_none_is_refused)
