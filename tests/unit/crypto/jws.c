#include "test.h"

#include <openssl/err.h>

#include "base/encode.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "crypto/jws.h"
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

static struct key *key_of(const char *jwk, enum key_half half)
{
	struct key *key = NULL;

	CHECK_OK(key_from_jwk_text(slice_str(jwk), half, &key));
	return key;
}

static status verified(const char *token, struct key *key)
{
	struct jws jws;

	TRY(jws_parse(scratch(), slice_str(token), 0, &jws));
	return jws_verify(&jws, key);
}

/* header.payload of any header, signed by the key all the same: what an attacker with some other key of his own, or a careless
 * issuer, could send. */
static const char *token_with(struct key *key, const char *header, const char *payload)
{
	unsigned char signature[KEY_SIGNATURE_BYTES_MAX];
	struct buffer out;
	size_t len;

	buffer_init(&out, scratch(), 65536);
	base64_encode(&out, BASE64_URL, slice_str(header));
	buffer_byte(&out, '.');
	base64_encode(&out, BASE64_URL, slice_str(payload));
	CHECK_OK(key_sign(key, buffer_slice(&out), signature, &len));
	buffer_byte(&out, '.');
	base64_encode(&out, BASE64_URL, slice_of(signature, len));
	CHECK(!buffer_failed(&out));
	return out.at;
}

static void check_refused(const char *token, struct key *key)
{
	status st = verified(token, key);

	if (st.fault != FAULT_UNAUTHENTIC)
		fail_msg("%s: %s", fault_row(st.fault)->grpc_name, token);
	CHECK_INT(ERR_peek_error(), 0);
}

TEST(tokens_of_rfc_7515_and_rfc_8037_verify)
{
	static const struct {
		const char *jwk, *token, *payload;
		enum alg alg;
	} cases[] = {
		{ "{" RSA_PUBLIC "}", RS256_TOKEN, JOE_CLAIMS, ALG_RS256 },
		{ "{" P256_PUBLIC "}", ES256_TOKEN, JOE_CLAIMS, ALG_ES256 },
		{ "{" P521_PUBLIC "}", ES512_TOKEN, "Payload", ALG_ES512 },
		{ "{" ED25519_PUBLIC "}", EDDSA_TOKEN, "Example of Ed25519 signing", ALG_EDDSA },
	};
	struct jws jws;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
			struct key *key = key_of(cases[k].jwk, KEY_PUBLIC);
			CHECK_OK(jws_parse(scratch(), slice_str(cases[i].token), 0, &jws));
			CHECK_INT(jws.alg, cases[i].alg);
			CHECK_SLICE(jws.payload, cases[i].payload);
			CHECK(!jws.has_kid && jws.typ.len == 0);
			CHECK_FAULT(i == k ? FAULT_NONE : FAULT_UNAUTHENTIC, jws_verify(&jws, key));
			key = key_unref(key);
		}
	}
}

TEST(deterministic_signatures_of_the_rfcs_come_out)
{
	struct key *rsa = key_of("{" RSA_PRIVATE "}", KEY_PRIVATE), *ed = key_of("{" ED25519_PRIVATE "}", KEY_PRIVATE);
	const struct jws_header bare = { .without_kid = true };
	struct buffer out;

	buffer_init(&out, NULL, 4096);
	CHECK_OK(jws_sign(rsa, &bare, SLICE(JOE_CLAIMS), &out));
	CHECK_SLICE(buffer_slice(&out), RS256_TOKEN);
	buffer_clear(&out);
	CHECK_OK(jws_sign(ed, &bare, SLICE("Example of Ed25519 signing"), &out));
	CHECK_SLICE(buffer_slice(&out), EDDSA_TOKEN);
	buffer_done(&out);
	rsa = key_unref(rsa);
	ed = key_unref(ed);
}

TEST(what_is_signed_is_read_back)
{
	const slice certificates[] = { SLICE("leaf\xff\xfe"), SLICE("authority") };
	const struct jws_header header = { .typ = SLICE("at+jwt"), .x5c = certificates, .x5c_count = 2 };
	struct key *key = key_of("{" P256_PRIVATE ",\"kid\":\"of \\\"today\\\"\"}", KEY_PRIVATE);
	const struct json *claims;
	struct buffer out;
	struct jws jws;

	buffer_init(&out, NULL, 4096);
	buffer_text(&out, "Bearer "); /* the token is appended */
	CHECK_OK(jws_sign(key, &header, SLICE("{\"sub\":\"ada\"}"), &out));
	CHECK_OK(jws_parse(scratch(), slice_from(buffer_slice(&out), 7), 0, &jws));
	CHECK_OK(jws_verify(&jws, key));
	CHECK_SLICE(jws.typ, "at+jwt");
	CHECK(jws.has_kid);
	CHECK_SLICE(jws.kid, "of \"today\"");
	CHECK(json_member(jws.header, "x5c")->count == 2 && json_text_is(json_member(jws.header, "x5c")->first, "bGVhZv/+"));
	CHECK_OK(jws_claims(scratch(), &jws, &claims));
	CHECK(json_text_is(json_member(claims, "sub"), "ada"));
	buffer_done(&out);
	buffer_init(&out, NULL, 60);
	CHECK_FAULT(FAULT_EXHAUSTED, jws_sign(key, &header, SLICE("{\"sub\":\"ada\"}"), &out));
	buffer_done(&out);
	key = key_unref(key);
}

TEST(CVE_2015_9235_alg_none_is_refused_however_it_is_written)
{
	static const char *const names[] = { "none", "None", "NONE", "nOnE", "none ", "", "null" };
	struct key *key = key_of("{" RSA_PRIVATE "}", KEY_PRIVATE);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *header = arena_printf(scratch(), "{\"alg\":\"%s\"}", names[i]);
		struct buffer out;
		check_refused(token_with(key, header, JOE_CLAIMS), key);
		buffer_init(&out, scratch(), 4096);
		base64_encode(&out, BASE64_URL, slice_str(header));
		buffer_text(&out, "." JOE ".");
		check_refused(out.at, key); /* without any signature */
	}
	check_refused("eyJhbGciOiJSUzI1NiJ9." JOE ".", key);
	check_refused(token_with(key, "{}", JOE_CLAIMS), key);
	check_refused(token_with(key, "{\"alg\":null}", JOE_CLAIMS), key);
	check_refused(token_with(key, "{\"alg\":[\"RS256\"]}", JOE_CLAIMS), key);
	check_refused(token_with(key, "{\"alg\":\"none\",\"alg\":\"RS256\"}", JOE_CLAIMS), key);
	key = key_unref(key);
}

/* The classic: HMAC keyed with the text of the RSA public key, which everybody has. */
TEST(CVE_2015_9235_hs256_keyed_with_the_public_key_is_refused)
{
	static const char *const names[] = { "HS256", "HS384", "HS512", "hs256" };
	struct key *key = key_of("{" RSA_PUBLIC "}", KEY_PUBLIC);
	unsigned char mac[SHA256_BYTES];
	struct buffer der;

	buffer_init(&der, NULL, 4096);
	CHECK_OK(key_put_public_der(key, &der));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct buffer out;
		buffer_init(&out, scratch(), 4096);
		base64_encode(&out, BASE64_URL, slice_str(arena_printf(scratch(), "{\"alg\":\"%s\"}", names[i])));
		buffer_text(&out, "." JOE);
		CHECK_OK(hmac_sha256(buffer_slice(&der), buffer_slice(&out), mac));
		buffer_byte(&out, '.');
		base64_encode(&out, BASE64_URL, slice_of(mac, sizeof(mac)));
		check_refused(out.at, key);
	}
	buffer_done(&der);
	key = key_unref(key);
}

TEST(a_token_cannot_choose_another_algorithm_than_its_key_is_for)
{
	struct key *rs = key_of("{" RSA_PRIVATE ",\"alg\":\"RS256\"}", KEY_PRIVATE),
		   *ec = key_of("{" P256_PRIVATE "}", KEY_PRIVATE);
	struct key *ps = key_of("{" RSA_PRIVATE ",\"alg\":\"PS256\"}", KEY_PRIVATE),
		   *any = key_of("{" RSA_PUBLIC "}", KEY_PUBLIC);
	const char *rs_token = token_with(rs, "{\"alg\":\"RS256\"}", "{}"),
		   *ps_token = token_with(ps, "{\"alg\":\"PS256\"}", "{}");

	CHECK_OK(verified(rs_token, rs));
	CHECK_OK(verified(ps_token, ps));
	check_refused(rs_token, ps); /* the same modulus, the other use */
	check_refused(ps_token, rs);
	CHECK_OK(verified(rs_token, any)); /* a key that names none verifies its family, each as itself */
	CHECK_OK(verified(ps_token, any));
	check_refused(token_with(rs, "{\"alg\":\"PS256\"}", "{}"), any);
	check_refused(token_with(rs, "{\"alg\":\"RS512\"}", "{}"), any);
	check_refused(token_with(rs, "{\"alg\":\"ES256\"}", "{}"), rs);
	check_refused(token_with(ec, "{\"alg\":\"RS256\"}", "{}"), ec);
	check_refused(token_with(ec, "{\"alg\":\"ES384\"}", "{}"), ec);
	check_refused(token_with(ec, "{\"alg\":\"EdDSA\"}", "{}"), ec);
	rs = key_unref(rs);
	ps = key_unref(ps);
	ec = key_unref(ec);
	any = key_unref(any);
}

TEST(CVE_2018_0114_a_key_inside_the_header_is_ignored)
{
	struct key *mine = key_of("{" P256_PUBLIC "}", KEY_PUBLIC), *attacker = NULL;
	struct json_writer writer;
	struct buffer header;
	struct jws jws;
	const char *token;

	CHECK_OK(key_new(ALG_ES256, &attacker));
	buffer_init(&header, scratch(), 4096);
	json_writer_init(&writer, &header);
	json_open_object(&writer);
	json_pair_text(&writer, "alg", SLICE("ES256"));
	json_put_name(&writer, SLICE("jwk"));
	key_put_jwk(attacker, &writer);
	json_pair_text(&writer, "jku", SLICE("https://attacker.example/keys"));
	json_pair_text(&writer, "x5u", SLICE("https://attacker.example/cert"));
	json_close_object(&writer);
	token = token_with(attacker, header.at, "{}");
	CHECK_OK(jws_parse(scratch(), slice_str(token), 0, &jws));
	CHECK_FAULT(FAULT_UNAUTHENTIC, jws_verify(&jws, mine));
	CHECK_OK(jws_verify(&jws, attacker)); /* it was the key that was missing, nothing else */
	mine = key_unref(mine);
	attacker = key_unref(attacker);
}

TEST(CVE_2025_24976_a_certificate_chain_in_the_header_is_ignored)
{
	struct key *mine = key_of("{" P256_PUBLIC "}", KEY_PUBLIC), *attacker = NULL;
	const slice chain[] = { SLICE("attacker's certificate") };
	const struct jws_header header = { .x5c = chain, .x5c_count = 1 };
	struct buffer out;

	CHECK_OK(key_new(ALG_ES256, &attacker));
	buffer_init(&out, NULL, 4096);
	CHECK_OK(jws_sign(attacker, &header, SLICE("{}"), &out));
	check_refused(out.at, mine);
	buffer_done(&out);
	mine = key_unref(mine);
	attacker = key_unref(attacker);
}

TEST(CVE_2024_28180_what_the_header_asks_for_beyond_a_signature_is_refused)
{
	static const char *const headers[] = {
		"{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}",
		"{\"alg\":\"ES256\",\"crit\":[]}",
		"{\"alg\":\"ES256\",\"zip\":\"DEF\"}",
		"{\"alg\":\"ES256\",\"b64\":false,\"crit\":[\"b64\"]}",
		"{\"alg\":\"ES256\",\"b64\":false}",
		"{\"alg\":\"ES256\",\"enc\":\"A256GCM\"}",
		"{\"alg\":\"ES256\",\"kid\":7}",
		"{\"alg\":\"ES256\",\"kid\":null}",
		"{\"alg\":\"ES256\",\"typ\":{}}",
		"[\"ES256\"]",
		"\"ES256\"",
		"{\"alg\":\"ES256\"} ",
		"{\"alg\":\"ES256\"}x",
		"{\"alg\":\"ES256\",\"kid\":\"a\",\"kid\":\"b\"}",
		"{\"alg\":\"ES256\",\"kid\":\"\\u0000\"}",
		"",
	};
	struct key *key = key_of("{" P256_PRIVATE "}", KEY_PRIVATE);

	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		if (strcmp(headers[i], "{\"alg\":\"ES256\"} ") != 0) /* a blank behind is JSON */
			check_refused(token_with(key, headers[i], "{}"), key);
	CHECK_OK(verified(token_with(key, "{\"alg\":\"ES256\"} ", "{}"), key));
	key = key_unref(key);
}

TEST(CVE_2025_30204_a_token_has_three_parts_and_a_bounded_length)
{
	struct key *key = key_of("{" P256_PUBLIC "}", KEY_PUBLIC);
	size_t len = JWS_BYTES_DEFAULT;
	char *dots = mem_alloc(len + 1);
	struct jws jws;

	check_refused("", key);
	check_refused(".", key);
	check_refused("..", key);
	check_refused("...", key);
	check_refused("eyJhbGciOiJFUzI1NiJ9", key);
	check_refused("eyJhbGciOiJFUzI1NiJ9." JOE, key);
	check_refused(ES256_TOKEN ".", key);
	check_refused(ES256_TOKEN ".AA.AA", key);
	check_refused("." ES256_TOKEN, key);
	memset(dots, '.', len + 1);
	CHECK_FAULT(FAULT_UNAUTHENTIC, jws_parse(scratch(), slice_of(dots, len), 0, &jws));
	memset(dots, 'A', len + 1);
	CHECK_FAULT(FAULT_UNAUTHENTIC, jws_parse(scratch(), slice_of(dots, len + 1), 0, &jws));
	CHECK(strstr(report_current()->text, "too long"));
	CHECK_OK(jws_parse(scratch(), SLICE(ES256_TOKEN), sizeof(ES256_TOKEN) - 1, &jws));
	CHECK_FAULT(FAULT_UNAUTHENTIC, jws_parse(scratch(), SLICE(ES256_TOKEN), sizeof(ES256_TOKEN) - 2, &jws));
	mem_free(dots);
	key = key_unref(key);
}

TEST(CVE_2026_27840_every_changed_missing_or_added_character_is_refused)
{
	static const char token[] = ES256_TOKEN, others[] = "A_.=+ /\n";
	struct key *key = key_of("{" P256_PUBLIC "}", KEY_PUBLIC);
	char text[sizeof(token) + 1];

	CHECK_OK(verified(token, key));
	for (size_t i = 0; i < sizeof(token) - 1; i++) {
		memcpy(text, token, sizeof(token));
		text[i] = others[i % (sizeof(others) - 1)];
		if (text[i] != token[i])
			check_refused(text, key);
		memcpy(text, token, i); /* without this one */
		memcpy(text + i, token + i + 1, sizeof(token) - i - 1);
		check_refused(text, key);
	}
	/* The last character carries four unused bits: another one that decodes the same must not pass. */
	memcpy(text, token, sizeof(token));
	text[sizeof(token) - 2] = 'R';
	check_refused(text, key);
	check_refused(ES256_TOKEN "=", key);
	check_refused(ES256_TOKEN "==", key);
	check_refused(ES256_TOKEN "\n", key);
	check_refused(" " ES256_TOKEN, key);
	key = key_unref(key);
}

TEST(CVE_2022_21449_a_token_signed_with_zeros_is_refused)
{
	struct key *key = key_of("{" P256_PUBLIC "}", KEY_PUBLIC);

	check_refused("eyJhbGciOiJFUzI1NiJ9." JOE
		      ".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		      key);
	/* r = s = 0 in DER, as Java took it. */
	check_refused("eyJhbGciOiJFUzI1NiJ9." JOE ".MAYCAQACAQA", key);
	key = key_unref(key);
}

TEST(claims_are_a_json_object_in_utf8)
{
	struct key *key = key_of("{" P256_PRIVATE "}", KEY_PRIVATE);
	static const char *const payloads[] = {
		"", "[]", "\"text\"", "{\"a\":1,\"a\":2}", "{\"a\":\"\xff\"}", "{\"a\":\"\\u0000\"}", "{}{}"
	};
	const struct json *claims;
	struct jws jws;

	for (size_t i = 0; i < sizeof(payloads) / sizeof(*payloads); i++) {
		CHECK_OK(jws_parse(scratch(), slice_str(token_with(key, "{\"alg\":\"ES256\"}", payloads[i])), 0, &jws));
		CHECK_OK(jws_verify(&jws, key));
		CHECK_FAULT(FAULT_UNAUTHENTIC, jws_claims(scratch(), &jws, &claims));
	}
	key = key_unref(key);
}

TEST(a_header_deeper_or_larger_than_memory_ends_cleanly)
{
	struct arena *small = arena_new(200);
	struct jws jws;

	CHECK_FAULT(FAULT_EXHAUSTED, jws_parse(small, SLICE(RS256_TOKEN), 0, &jws));
	small = arena_free(small);
	for (uint64_t n = 1;; n++) {
		struct arena *arena = arena_new(1 << 20);
		status st;
		mem_fail_after(n);
		st = jws_parse(arena, SLICE(RS256_TOKEN), 0, &jws);
		mem_fail_after(0);
		arena = arena_free(arena);
		if (!FAILED(st))
			break;
		CHECK_INT(st.fault, FAULT_EXHAUSTED);
	}
}

TEST(signing_survives_every_failing_allocation)
{
	struct key *key = key_of("{" P256_PRIVATE "}", KEY_PRIVATE);
	const slice chain[] = { SLICE("a certificate") };
	const struct jws_header header = { .typ = SLICE("JWT"), .x5c = chain, .x5c_count = 1 };

	for (uint64_t n = 1;; n++) {
		struct buffer out;
		status st;
		buffer_init(&out, NULL, 4096);
		mem_fail_after(n);
		st = jws_sign(key, &header, SLICE("{}"), &out);
		mem_fail_after(0);
		buffer_done(&out);
		if (!FAILED(st))
			break;
		CHECK_INT(st.fault, FAULT_EXHAUSTED);
	}
	key = key_unref(key);
}

TESTS(tokens_of_rfc_7515_and_rfc_8037_verify, deterministic_signatures_of_the_rfcs_come_out, what_is_signed_is_read_back,
      CVE_2015_9235_alg_none_is_refused_however_it_is_written, CVE_2015_9235_hs256_keyed_with_the_public_key_is_refused,
      a_token_cannot_choose_another_algorithm_than_its_key_is_for, CVE_2018_0114_a_key_inside_the_header_is_ignored,
      CVE_2025_24976_a_certificate_chain_in_the_header_is_ignored,
      CVE_2024_28180_what_the_header_asks_for_beyond_a_signature_is_refused,
      CVE_2025_30204_a_token_has_three_parts_and_a_bounded_length,
      CVE_2026_27840_every_changed_missing_or_added_character_is_refused, CVE_2022_21449_a_token_signed_with_zeros_is_refused,
      claims_are_a_json_object_in_utf8, a_header_deeper_or_larger_than_memory_ends_cleanly,
      signing_survives_every_failing_allocation)
