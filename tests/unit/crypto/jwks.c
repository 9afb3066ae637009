#include "test.h"

#include <openssl/err.h>

#include "base/mem.h"
#include "crypto/jwks.h"
#include "vectors.h"

/* One arena for all tests of this file; it stays reachable to the end. */
static struct arena *scratch(void)
{
	static struct arena *arena;

	if (!arena)
		arena = arena_new(16 << 20);
	assert_non_null(arena);
	return arena;
}

static struct jwks *set_of(const char *text)
{
	struct jwks *jwks = NULL;

	CHECK_OK(jwks_parse(slice_str(text), &jwks));
	return jwks;
}

static struct key *new_key(void)
{
	struct key *key = NULL;

	CHECK_OK(key_new(ALG_EDDSA, &key));
	return key;
}

/* {"keys":[...]} of the public halves, each with the kid given, or none. */
static const char *text_of(struct key *const keys[], const char *const kids[], size_t count)
{
	struct buffer out;

	buffer_init(&out, scratch(), 1 << 20);
	buffer_text(&out, "{\"keys\":[");
	for (size_t i = 0; i < count; i++) {
		struct json_writer writer;
		struct buffer jwk;
		buffer_init(&jwk, scratch(), 4096);
		json_writer_init(&writer, &jwk);
		key_put_jwk(keys[i], &writer);
		CHECK(strstr(jwk.at, ",\"kid\""));
		*strstr(jwk.at, ",\"kid\"") = '\0';
		buffer_printf(&out, "%s%s", i ? "," : "", jwk.at);
		if (kids[i])
			buffer_printf(&out, ",\"kid\":\"%s\"", kids[i]);
		buffer_byte(&out, '}');
	}
	buffer_text(&out, "]}");
	CHECK(!buffer_failed(&out));
	return out.at;
}

/* Signs under a kid of the test's choice (NULL: none). */
static status tried(const struct jwks *jwks, struct key *signer, const char *kid, struct key **ret_key)
{
	const struct jws_header bare = { .without_kid = true };
	struct buffer out;
	struct jws jws;
	status st;

	buffer_init(&out, scratch(), 4096);
	CHECK_OK(jws_sign(signer, &bare, SLICE("{}"), &out));
	CHECK_OK(jws_parse(scratch(), buffer_slice(&out), 0, &jws));
	jws.has_kid = kid != NULL;
	jws.kid = slice_str(kid);
	st = jwks_verify(jwks, &jws, ret_key);
	CHECK_INT(ERR_peek_error(), 0);
	return st;
}

TEST(a_set_keeps_usable_keys_and_skips_the_others)
{
	struct jwks *jwks =
		set_of("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"},{" P256_PUBLIC ",\"kid\":\"one\"},7,{\"kty\":\"OKP\","
		       "\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"},{" RSA_PUBLIC
		       ",\"use\":\"enc\",\"kid\":\"two\"},{" ED25519_PUBLIC "}],\"other\":1}");

	CHECK_INT(jwks_count(jwks), 2);
	CHECK_INT(jwks_skipped(jwks), 4);
	CHECK_INT(key_alg(jwks_at(jwks, 0)), ALG_ES256);
	CHECK(jwks_find(jwks, SLICE("one")) == jwks_at(jwks, 0));
	CHECK(jwks_find(jwks, SLICE(ED25519_THUMBPRINT)) == jwks_at(jwks, 1));
	CHECK(!jwks_find(jwks, SLICE("two")) && !jwks_find(jwks, SLICE("")) && !jwks_find(jwks, SLICE("ONE")));
	jwks = jwks_unref(jwks);
	CHECK(!jwks && !jwks_unref(NULL));
}

TEST(what_is_no_set_or_has_no_usable_key_is_refused)
{
	static const char *const texts[] = { "",
					     "null",
					     "[]",
					     "{}",
					     "{\"keys\":{}}",
					     "{\"keys\":[]}",
					     "{" P256_PUBLIC "}",
					     "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}",
					     "{\"keys\":[{" P256_PUBLIC "}],\"keys\":[]}",
					     "{\"keys\":[{" P256_PRIVATE "}]}",
					     "{\"keys\":[{" P256_PUBLIC "}]}x" };
	struct jwks *jwks = NULL;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		CHECK_FAULT(FAULT_INVALID, jwks_parse(slice_str(texts[i]), &jwks));
		CHECK(!jwks && ERR_peek_error() == 0);
	}
	CHECK_FAULT(FAULT_INVALID, jwks_parse(SLICE("{\"keys\":[{" P256_PUBLIC ",\"use\":\"enc\"}]}"), &jwks));
	assert_string_equal(report_current()->text, "no usable key in the key set: the JWK's use is not \"sig\"");
}

TEST(a_set_has_at_most_32_kb_and_64_keys)
{
	struct jwks *jwks = NULL;
	struct buffer out;

	buffer_init(&out, NULL, 1 << 20);
	buffer_text(&out, "{\"keys\":[");
	for (int i = 0; i < 80; i++)
		buffer_printf(&out, "%s{" ED25519_PUBLIC ",\"kid\":\"%d\"}", i ? "," : "", i);
	buffer_text(&out, "]}");
	CHECK_OK(jwks_parse(buffer_slice(&out), &jwks));
	CHECK_INT(jwks_count(jwks), JWKS_KEYS_MAX);
	CHECK_INT(jwks_skipped(jwks), 16);
	CHECK(jwks_find(jwks, SLICE("63")) && !jwks_find(jwks, SLICE("64")));
	jwks = jwks_unref(jwks);
	while (out.len < JWKS_BYTES_MAX)
		buffer_byte(&out, ' ');
	CHECK_OK(jwks_parse(buffer_slice(&out), &jwks));
	jwks = jwks_unref(jwks);
	buffer_byte(&out, ' ');
	CHECK_FAULT(FAULT_INVALID, jwks_parse(buffer_slice(&out), &jwks));
	buffer_done(&out);
}

TEST(a_token_without_kid_is_tried_with_every_key)
{
	struct key *keys[] = { new_key(), new_key(), new_key() }, *stranger = new_key(), *made = NULL;
	const char *const kids[] = { NULL, "b", NULL };
	struct jwks *jwks = set_of(text_of(keys, kids, 3));

	for (size_t i = 0; i < 3; i++) {
		CHECK_OK(tried(jwks, keys[i], NULL, &made));
		CHECK(made == jwks_at(jwks, i));
	}
	made = NULL;
	CHECK_FAULT(FAULT_UNAUTHENTIC, tried(jwks, stranger, NULL, &made));
	CHECK(!made);
	jwks = jwks_unref(jwks);
	for (size_t i = 0; i < 3; i++)
		keys[i] = key_unref(keys[i]);
	stranger = key_unref(stranger);
}

TEST(at_most_eight_signatures_are_checked_for_one_token)
{
	struct key *keys[10];
	const char *const none[10] = { NULL }, *const same[10] = { "k", "k", "k", "k", "k", "k", "k", "k", "k", "k" };
	struct jwks *without, *doubled;

	for (size_t i = 0; i < 10; i++)
		keys[i] = new_key();
	without = set_of(text_of(keys, none, 10));
	doubled = set_of(text_of(keys, same, 10));
	CHECK_OK(tried(without, keys[7], NULL, NULL));
	CHECK_FAULT(FAULT_UNAUTHENTIC, tried(without, keys[8], NULL, NULL));
	CHECK_OK(tried(doubled, keys[7], "k", NULL));
	CHECK_FAULT(FAULT_UNAUTHENTIC, tried(doubled, keys[8], "k", NULL));
	without = jwks_unref(without);
	doubled = jwks_unref(doubled);
	for (size_t i = 0; i < 10; i++)
		keys[i] = key_unref(keys[i]);
}

TEST(a_kid_narrows_to_its_keys_and_proves_nothing_by_itself)
{
	struct key *keys[] = { new_key(), new_key(), new_key(), new_key() }, *made;
	const char *const kids[] = { "a", "b", "a", NULL };
	struct jwks *jwks = set_of(text_of(keys, kids, 4));

	CHECK_OK(tried(jwks, keys[0], "a", &made));
	CHECK(made == jwks_at(jwks, 0));
	CHECK_OK(tried(jwks, keys[2], "a", &made)); /* a kid that stands twice: the one that verifies */
	CHECK(made == jwks_at(jwks, 2));
	CHECK_FAULT(FAULT_UNAUTHENTIC, tried(jwks, keys[1], "a", NULL));
	CHECK_FAULT(FAULT_UNAUTHENTIC, tried(jwks, keys[3], "a", NULL));
	/* A kid nobody carries: keys without a name of their own may still be meant. */
	CHECK_OK(tried(jwks, keys[3], "c", &made));
	CHECK(made == jwks_at(jwks, 3));
	CHECK_FAULT(FAULT_UNAUTHENTIC, tried(jwks, keys[0], "c", NULL));
	jwks = jwks_unref(jwks);
	for (size_t i = 0; i < 4; i++)
		keys[i] = key_unref(keys[i]);
}

TEST(a_set_without_the_tokens_key_says_so)
{
	struct key *keys[] = { new_key(), new_key() }, *es = NULL;
	const char *const kids[] = { "a", "b" };
	struct jwks *jwks = set_of(text_of(keys, kids, 2));

	CHECK_OK(key_new(ALG_ES256, &es));
	CHECK_FAULT(FAULT_ABSENT, tried(jwks, keys[0], "c", NULL));
	CHECK_FAULT(FAULT_ABSENT, tried(jwks, keys[0], "", NULL));
	CHECK_FAULT(FAULT_ABSENT, tried(jwks, es, "a", NULL)); /* its alg is none of ours */
	CHECK_FAULT(FAULT_ABSENT, tried(jwks, es, NULL, NULL));
	jwks = jwks_unref(jwks);
	es = key_unref(es);
	for (size_t i = 0; i < 2; i++)
		keys[i] = key_unref(keys[i]);
}

TEST(a_set_of_our_own_is_published_without_private_halves)
{
	struct key *keys[] = { new_key(), new_key() };
	struct jwks *ours = NULL, *theirs;
	struct json_writer writer;
	struct buffer out;

	CHECK_OK(jwks_of(keys, 2, &ours));
	buffer_init(&out, NULL, JWKS_BYTES_MAX);
	json_writer_init(&writer, &out);
	jwks_put(ours, &writer);
	CHECK(!buffer_failed(&out) && !strstr(out.at, "\"d\""));
	theirs = set_of(out.at);
	CHECK_INT(jwks_count(theirs), 2);
	CHECK(!key_is_private(jwks_at(theirs, 0)) && slice_eq(key_kid(jwks_at(theirs, 1)), key_kid(keys[1])));
	CHECK_OK(tried(theirs, keys[1], NULL, NULL));
	keys[0] = key_unref(keys[0]); /* the set holds its own references */
	keys[1] = key_unref(keys[1]);
	CHECK_OK(tried(theirs, jwks_at(ours, 0), NULL, NULL));
	buffer_done(&out);
	theirs = jwks_unref(theirs);
	CHECK(jwks_ref(ours) == ours);
	CHECK(!jwks_unref(ours));
	CHECK_INT(jwks_count(ours), 2);
	ours = jwks_unref(ours);
}

TEST(parsing_survives_every_failing_allocation)
{
	for (uint64_t n = 1;; n++) {
		struct jwks *jwks = NULL;
		status st;
		mem_fail_after(n);
		st = jwks_parse(SLICE("{\"keys\":[{" P256_PUBLIC "},{" ED25519_PUBLIC "}]}"), &jwks);
		mem_fail_after(0);
		if (!FAILED(st))
			CHECK_INT(jwks_count(jwks), 2); /* a key lost to memory is no skipped key */
		jwks = jwks_unref(jwks);
		if (!FAILED(st))
			break;
		CHECK_INT(st.fault, FAULT_EXHAUSTED);
	}
}

TESTS(a_set_keeps_usable_keys_and_skips_the_others, what_is_no_set_or_has_no_usable_key_is_refused,
      a_set_has_at_most_32_kb_and_64_keys, a_token_without_kid_is_tried_with_every_key,
      at_most_eight_signatures_are_checked_for_one_token, a_kid_narrows_to_its_keys_and_proves_nothing_by_itself,
      a_set_without_the_tokens_key_says_so, a_set_of_our_own_is_published_without_private_halves,
      parsing_survives_every_failing_allocation)
