/*
 * Our own access tokens known again: each thing that is asked, by itself; and what one obtains with one.
 */
#include "forge.h"

static const struct uid none;

static status verify(slice text, const char *audience)
{
	struct verified *verified = NULL;
	status result = token_verify(parts.issuer, TOKEN_ACCESS, text, slice_str(audience), &verified);

	if (!FAILED(result))
		(void)verified_unref(verified); /* a local */
	return result;
}

static const char *claims_of(const char *url, const struct uid *subject, const char *audience, int64_t issued_s,
			     int64_t expires_s, const char *further)
{
	return arena_printf(arena, "{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":%s,\"iat\":%lld,\"exp\":%lld,\"jti\":\"1\"%s}", url,
			    uid_text(subject, arena), audience, (long long)issued_s, (long long)expires_s, further);
}

static slice access_with(const char *further)
{
	return forge("at+jwt", claims_of(URL, &owner, "\"" URL "\"", NOW_S, NOW_S + 60, further));
}

TEST(every_claim_of_a_token_of_ours_is_asked_for)
{
	static const char *const audiences[] = { "\"" URL "x\"", "\"" REGISTRY "\"",  "\"\"", "[]", "7",
						 "\"reeve\"",    "[\"" REGISTRY "\"]" };
	static const struct {
		int64_t issued_s, expires_s;
	} times[] = { { 0, 0 }, { 0, -1 }, { 61, 120 }, { 100000, 200000 } };
	struct uid nobody = uid_new_root((const uint8_t *)"nobody-of-these-twen");

	CHECK_OK(verify(access_with(""), ""));
	CHECK_OK(verify(access_with(""), URL));
	CHECK_FAULT(FAULT_UNAUTHENTIC, verify(access_with(""), REGISTRY));
	CHECK_OK(verify(forge("at+jwt", claims_of(URL, &owner, "[\"" REGISTRY "\",\"" URL "\"]", NOW_S, NOW_S + 60, "")), ""));
	CHECK_OK(verify(forge("at+jwt", claims_of(URL, &owner, "\"" URL "\"", NOW_S + 60, NOW_S + 61, "")), ""));
	for (size_t i = 0; i < sizeof(audiences) / sizeof(*audiences); i++)
		CHECK_FAULT(FAULT_UNAUTHENTIC,
			    verify(forge("at+jwt", claims_of(URL, &owner, audiences[i], NOW_S, NOW_S + 60, "")), ""));
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
		CHECK_FAULT(FAULT_UNAUTHENTIC,
			    verify(forge("at+jwt", claims_of(URL, &owner, "\"" URL "\"", NOW_S + times[i].issued_s,
							     NOW_S + times[i].expires_s, "")),
				   ""));
	CHECK_FAULT(FAULT_UNAUTHENTIC, /* Storm-0558: our key, another's name */
		    verify(forge("at+jwt", claims_of(URL ".example.com", &owner, "\"" URL "\"", NOW_S, NOW_S + 60, "")), ""));
	CHECK_FAULT(FAULT_UNAUTHENTIC,
		    verify(forge("at+jwt", claims_of(URL, &nobody, "\"" URL "\"", NOW_S, NOW_S + 60, "")), ""));
	CHECK_FAULT(FAULT_UNAUTHENTIC, /* of somebody who had this id before */
		    verify(forge("at+jwt", claims_of(URL, &owner, "\"" URL "\"", NOW_S - 12, NOW_S + 60, "")), ""));
	CHECK_FAULT(FAULT_UNAUTHENTIC, verify(access_with(",\"confined_to\":\"nowhere\""), ""));
	CHECK_FAULT(FAULT_UNAUTHENTIC, verify(access_with(",\"cap\":{\"nowhere\":\"AAAAAAAAADIAAAAAAAAAAA==\"}"), ""));
}

/* A token that some other verifier read first lies in the cache, whatever came of it. */
TEST(the_cache_gives_no_token_another_kind_nor_another_audience_CVE_2026_33496)
{
	slice text = forge("login+jwt", claims_of(URL, &owner, "\"" URL "\"", NOW_S, NOW_S + 60, ""));
	struct verified *verified;

	CHECK_FAULT(FAULT_UNAUTHENTIC, token_verify(parts.issuer, TOKEN_LOGIN, text, SLICE(""), &verified));
	CHECK_FAULT(FAULT_UNAUTHENTIC, verify(text, ""));
	text = access_with("");
	CHECK_OK(verify(text, ""));
	CHECK_FAULT(FAULT_UNAUTHENTIC, verify(text, REGISTRY));
	clock_move(&now, now.fixed_us + 60 * US_PER_S);
	CHECK_FAULT(FAULT_UNAUTHENTIC, verify(text, ""));
	clock_move(&now, NOW_S * US_PER_S);
	CHECK_OK(verify(text, ""));
}

/* ---- known again ---- */

/* What stands in the cache, one byte of it changed, with every byte in turn; cut short, made longer, and with the end of
 * another one, whose beginning is the same. */
TEST(a_token_is_known_again_by_every_byte_of_it)
{
	slice text = access_with(""), other = access_with(",\"email\":\"ada@example.com\""), twin = access_with("");
	size_t end = text.len - 86; /* of what is signed: 64 bytes of signature follow */
	char *forged = arena_text(arena, text);

	CHECK_OK(verify(text, ""));
	CHECK_OK(verify(other, ""));
	for (size_t i = 0; i < text.len; i++) {
		forged[i] = text.at[i] == 'A' ? 'B' : 'A';
		CHECK(FAILED(verify(slice_of(forged, text.len), "")));
		forged[i] = text.at[i];
	}
	CHECK(FAILED(verify(slice_to(text, text.len - 1), "")));
	CHECK(FAILED(verify(slice_from(text, 1), "")));
	CHECK(FAILED(verify(slice_str(arena_printf(arena, "%sA", forged)), "")));
	CHECK(FAILED(verify(slice_str(arena_printf(arena, "A%s", forged)), "")));
	CHECK_FAULT(FAULT_UNAUTHENTIC,
		    verify(slice_str(arena_printf(arena, "%.*s%.*s", (int)end, text.at, 86, other.at + other.len - 86)), ""));
	CHECK_FAULT(FAULT_UNAUTHENTIC,
		    verify(slice_str(arena_printf(arena, "%.*s%.*s", (int)other.len - 86, other.at, 86, text.at + end)), ""));
	CHECK(memcmp(text.at, twin.at, end) == 0 && !slice_eq(text, twin)); /* signed twice, proved each by itself */
	CHECK_OK(verify(twin, ""));
	CHECK_OK(verify(text, ""));
}

/* Two that were proved, one after the other on one thread: each says its own. */
TEST(a_token_never_speaks_for_another_one)
{
	slice texts[64];
	struct verified *verified;

	for (int i = 0; i < 64; i++)
		texts[i] = access_with(arena_printf(arena, ",\"email\":\"%02d@example.com\"", i));
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 64; i++) {
			CHECK_OK(token_verify(parts.issuer, TOKEN_ACCESS, texts[i], SLICE(""), &verified));
			CHECK_SLICE(verified->caller.email, arena_printf(arena, "%02d@example.com", i));
			(void)verified_unref(verified); /* a local */
		}
}

/* ---- with one of ours for another one ---- */

static FALLIBLE assume_in(slice text, const struct uid *identity, const struct uid *provider, struct assumed *ret)
{
	return token_assume(parts.issuer, arena, text, identity, provider, true, ret);
}

TEST(a_token_gives_no_more_and_no_longer_than_it_has)
{
	const char *caps = arena_printf(arena, ",\"cap\":{\"%s\":\"AAAAAAAAADIAAAAAAAAQCg==\"}", uid_text(&folder, arena));
	struct assumed who;

	CHECK_OK(assume_in(access_with(caps), &none, &none, &who));
	CHECK(uid_eq(&who.identity, &owner) && who.is_bounded && !who.bound_operator && uid_is_none(&who.confined_to));
	CHECK_INT(who.not_after_s, NOW_S + 60);
	CHECK_INT(who.bound_grants_count, 1);
	CHECK(uid_eq(&who.bound_grants[0].group, &folder));
	CHECK_OK(assume_in(access_with(",\"operator\":true"), &owner, &none, &who));
	CHECK(who.bound_operator && who.is_bounded);
	CHECK_OK(assume_in(access_with(arena_printf(arena, ",\"confined_to\":\"%s\"", uid_text(&org, arena))), &none, &none,
			   &who));
	CHECK(uid_eq(&who.confined_to, &org));
}

/* tokens.md 3.6: such a request has no dot either; what has none and is no request is a token gone wrong like any other. */
static slice without_dots(enum base64_form form, const char *bytes)
{
	struct buffer out;

	buffer_init(&out, arena, 4096);
	base64_encode(&out, form, slice_str(bytes));
	return buffer_slice(&out);
}

#define AWS_REQUEST "POST /?Action=GetCallerIdentity&Version=2011-06-15 HTTP/1.1\r\nHost: sts.amazonaws.com\r\n\r\n"

TEST(only_what_reads_as_a_request_is_called_a_signed_request_of_aws)
{
	const slice garbage[] = { SLICE("hello"),
				  SLICE("POST"),
				  SLICE("UE9TVCAv="),
				  SLICE("UE9TVCA"),
				  SLICE("UE9TVC"),
				  without_dots(BASE64_URL_PADDED, "GET / HTTP/1.1\r\n\r\n"),
				  without_dots(BASE64_URL_PADDED, "POSTS") };
	struct assumed who;

	for (size_t i = 0; i < sizeof(garbage) / sizeof(*garbage); i++) {
		CHECK_FAULT(FAULT_UNAUTHENTIC, assume_in(garbage[i], &owner, &none, &who));
		CHECK_SLICE(slice_str(report_current()->text), "not a signed token: it has not three parts");
	}
	CHECK_FAULT(FAULT_UNIMPLEMENTED, assume_in(without_dots(BASE64_URL_PADDED, AWS_REQUEST), &owner, &none, &who));
	CHECK_FAULT(FAULT_UNIMPLEMENTED, assume_in(without_dots(BASE64_URL, AWS_REQUEST), &owner, &none, &who));
}

TEST(a_token_is_taken_as_a_providers_when_it_began_there_GHSA_7qjx_gp9h_65qj)
{
	struct uid provider, other;
	slice inside = access_with(arena_printf(arena, ",\"confined_to\":\"%s\"", uid_text(&org, arena)));
	struct assumed who;

	CHECK_OK(uid_new_child(&org, (const uint8_t *)"provider", &provider));
	CHECK_OK(uid_new_child(&elsewhere, (const uint8_t *)"provider", &other));
	CHECK_OK(assume_in(inside, &none, &provider, &who));
	CHECK_FAULT(FAULT_DENIED, assume_in(inside, &none, &other, &who));
	CHECK_FAULT(FAULT_DENIED, assume_in(access_with(""), &none, &provider, &who));
	CHECK_FAULT(FAULT_DENIED, assume_in(access_with(""), &none, &owner, &who));
}

static struct uid machine;

static status put_identity(struct tx *tx, void *arg)
{
	return row_put(tx, &table_identities, arg);
}

static struct identity machine_row(void)
{
	struct identity row = { .parent = org,
				.name = SLICE("machine"),
				.relationship = RELATIONSHIP_CLAIM_MATCH,
				.issuer_kind = MATCH_EXACT,
				.issuer = SLICE(URL),
				.subject_kind = MATCH_EXACT,
				.subject = slice_str(uid_text(&owner, arena)),
				.created_us = (NOW_S - 10) * US_PER_S };

	CHECK_OK(uid_new_child(&org, (const uint8_t *)"machine1", &machine));
	row.uid = machine;
	return row;
}

static FALLIBLE cross(struct identity row, const char *further, struct assumed *ret)
{
	CHECK_OK(world_change(put_identity, &row));
	return assume_in(access_with(further), &machine, &none, ret);
}

#define ADA ",\"email\":\"ada@example.com\",\"email_verified\":true"

TEST(another_identity_is_assumed_when_everything_it_asks_for_fits)
{
	struct identity row = machine_row(), asks;
	struct assumed who;

	CHECK_OK(cross(row, "", &who));
	CHECK(uid_eq(&who.identity, &machine) && uid_is_none(&who.confined_to));
	CHECK_INT(who.not_after_s, NOW_S + 60);
	CHECK_OK(cross(row, arena_printf(arena, ",\"confined_to\":\"%s\"", uid_text(&org, arena)), &who));
	CHECK(uid_eq(&who.confined_to, &org));
	CHECK_FAULT(FAULT_DENIED,
		    cross(row, arena_printf(arena, ",\"confined_to\":\"%s\"", uid_text(&elsewhere, arena)), &who));
	asks = row;
	asks.subject = slice_str(uid_text(&editor, arena));
	CHECK_FAULT(FAULT_DENIED, cross(asks, "", &who));
	asks = row;
	asks.issuer = SLICE(URL "/local");
	CHECK_FAULT(FAULT_DENIED, cross(asks, "", &who));
	asks = row;
	asks.issuer_kind = MATCH_PATTERN;
	CHECK_FAULT(FAULT_DENIED, cross(asks, "", &who));
	asks = row;
	asks.relationship = RELATIONSHIP_STATIC;
	CHECK_FAULT(FAULT_DENIED, cross(asks, "", &who));
	asks = row;
	asks.audience_kind = MATCH_EXACT;
	asks.audience = SLICE("https://elsewhere.example.com");
	CHECK_FAULT(FAULT_DENIED, cross(asks, "", &who));
	asks.audience = SLICE(URL);
	CHECK_OK(cross(asks, "", &who));
	asks = row;
	asks.claims = SLICE("{\"email\":\"ada@example.com\",\"email_verified\":\"true\"}");
	CHECK_FAULT(FAULT_DENIED, cross(asks, "", &who));
	CHECK_FAULT(FAULT_DENIED, cross(asks, ",\"email\":\"ada@example.com\"", &who));
	CHECK_FAULT(FAULT_DENIED, cross(asks, ",\"email\":\"ada@example.com\",\"email_verified\":false", &who));
	CHECK_OK(cross(asks, ADA, &who));
	asks = row;
	asks.claim_patterns = SLICE("{\"email\":\".*@example[.]com\"}");
	CHECK_FAULT(FAULT_DENIED, cross(asks, "", &who));
	CHECK_FAULT(FAULT_DENIED, cross(asks, ",\"email\":\"ada@example.com.evil.net\"", &who));
	CHECK_OK(cross(asks, ADA, &who));
}

static status drop_identity(struct tx *tx, void *arg)
{
	bool deleted;

	TRY(row_delete(tx, &table_identities, arg, &deleted));
	CHECK(deleted);
	return OK;
}

TEST(a_token_that_is_known_ends_with_its_identity)
{
	struct identity row = machine_row();
	slice text =
		forge("at+jwt", claims_of(URL, &machine, "\"" URL "\"", NOW_S, NOW_S + 60, ",\"email\":\"m@example.com\""));

	CHECK_OK(world_change(put_identity, &row));
	CHECK_OK(verify(text, ""));
	CHECK_OK(verify(text, ""));
	CHECK_OK(world_change(drop_identity, &row));
	CHECK_FAULT(FAULT_UNAUTHENTIC, verify(text, ""));
	CHECK_FAULT(FAULT_UNAUTHENTIC, verify(text, ""));
}

/* ---- a key that goes ---- */

/* After a forced rotation the old key is believed until the last token it signed has ended, and no longer. */
TEST(a_key_is_believed_as_long_as_its_tokens_live)
{
	CLEANUP(keyset_unrefp) struct keyset *keyset = NULL;
	struct issuer_key old;
	slice published;

	CHECK_OK(issuer_active_key(parts.issuer, arena, &old));
	clock_move(&now, now.fixed_us + US_PER_S);
	CHECK_OK(issuer_rotate(parts.issuer, true));
	keyset = issuer_keyset(parts.issuer);
	clock_move(&now, now.fixed_us + 3600 * US_PER_S);
	CHECK(keyset_find(keyset, old.kid, now.fixed_us) != NULL);
	CHECK_OK(issuer_jwks(parts.issuer, arena, &published));
	CHECK(strstr(arena_text(arena, published), arena_text(arena, old.kid)));
	clock_move(&now, now.fixed_us + 61 * US_PER_S);
	CHECK(keyset_find(keyset, old.kid, now.fixed_us) == NULL);
	CHECK_OK(issuer_jwks(parts.issuer, arena, &published));
	CHECK(!strstr(arena_text(arena, published), arena_text(arena, old.kid)));
	clock_move(&now, NOW_S * US_PER_S);
}

TEST(what_is_sealed_or_proved_under_one_label_is_nothing_under_another)
{
	unsigned char one[32], other[32];
	slice sealed, plain;

	CHECK_OK(issuer_mac(parts.issuer, "one", SLICE("text"), one));
	CHECK_OK(issuer_mac(parts.issuer, "other", SLICE("text"), other));
	CHECK(memcmp(one, other, sizeof(one)) != 0);
	CHECK_OK(issuer_seal(parts.issuer, "one", arena, SLICE("text"), &sealed));
	CHECK_OK(issuer_open(parts.issuer, "one", arena, sealed, &plain));
	CHECK_SLICE(plain, "text");
	CHECK_FAULT(FAULT_LOST, issuer_open(parts.issuer, "other", arena, sealed, &plain));
}

/* Also while the next one waits for its hour: that one goes unused. */
TEST(a_forced_rotation_signs_with_a_new_key_at_once)
{
	int64_t later_us = (NOW_S + 40 * S_PER_DAY) * US_PER_S;
	struct issuer_key old, fresh, last;
	slice published, text;

	clock_move(&now, later_us);
	CHECK_OK(issuer_rotate(parts.issuer, false)); /* the next one is published, an hour ahead */
	CHECK_OK(issuer_active_key(parts.issuer, arena, &old));
	CHECK_OK(issuer_rotate(parts.issuer, true));
	CHECK_OK(issuer_active_key(parts.issuer, arena, &fresh));
	CHECK(!slice_eq(old.kid, fresh.kid));
	text = forge("at+jwt",
		     claims_of(URL, &owner, "\"" URL "\"", now.fixed_us / US_PER_S, now.fixed_us / US_PER_S + 60, ""));
	CHECK_OK(verify(text, ""));
	clock_move(&now, later_us + 3 * 3600 * US_PER_S); /* past the hour of the one that waited, and past its end */
	CHECK_OK(issuer_active_key(parts.issuer, arena, &last));
	CHECK(slice_eq(last.kid, fresh.kid));
	CHECK_OK(issuer_jwks(parts.issuer, arena, &published));
	CHECK(strstr(arena_text(arena, published), arena_text(arena, fresh.kid)));
	clock_move(&now, NOW_S * US_PER_S);
}

static status drop_key(struct tx *tx, void *kid)
{
	struct signing_key row = { .kid = *(slice *)kid };
	bool deleted;

	TRY(row_delete(tx, &table_signing_keys, &row, &deleted));
	CHECK(deleted);
	return OK;
}

TEST(what_a_key_proved_is_forgotten_with_the_key)
{
	struct issuer_key old, fresh;
	slice before, after;

	CHECK_OK(issuer_active_key(parts.issuer, arena, &old));
	before = access_with("");
	CHECK_OK(verify(before, ""));
	clock_move(&now, NOW_S * US_PER_S + 10 * US_PER_S); /* two keys never begin at the same moment */
	CHECK_OK(issuer_rotate(parts.issuer, true));
	CHECK_OK(issuer_active_key(parts.issuer, arena, &fresh));
	CHECK(!slice_eq(old.kid, fresh.kid));
	after = access_with("");
	CHECK_OK(verify(before, ""));
	CHECK_OK(verify(after, ""));
	CHECK_OK(world_change(drop_key, &old.kid));
	CHECK_FAULT(FAULT_UNAUTHENTIC, verify(before, ""));
	CHECK_OK(verify(after, ""));
	clock_move(&now, NOW_S * US_PER_S);
}

static slice lasting(void)
{
	return forge("at+jwt", claims_of(URL, &owner, "\"" URL "\"", NOW_S, NOW_S + S_PER_DAY, ""));
}

/* Known or not, and though nothing has cleared the key away yet. */
TEST(a_token_that_is_known_ends_with_the_key_that_proved_it)
{
	slice known, other;

	clock_move(&now, (NOW_S + 20) * US_PER_S); /* the newest key signs by then */
	known = lasting();
	other = lasting();
	clock_move(&now, (NOW_S + 30) * US_PER_S); /* two keys never begin at the same moment */
	CHECK_OK(issuer_rotate(parts.issuer, true));
	clock_move(&now, (NOW_S + 30 + 3600) * US_PER_S);
	CHECK_OK(verify(known, ""));
	clock_move(&now, (NOW_S + 30 + 3600 + 61) * US_PER_S);
	CHECK_FAULT(FAULT_UNAUTHENTIC, verify(other, ""));
	CHECK_FAULT(FAULT_UNAUTHENTIC, verify(known, ""));
	clock_move(&now, NOW_S * US_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_claim_of_a_token_of_ours_is_asked_for),
		cmocka_unit_test(the_cache_gives_no_token_another_kind_nor_another_audience_CVE_2026_33496),
		cmocka_unit_test(a_token_is_known_again_by_every_byte_of_it),
		cmocka_unit_test(a_token_never_speaks_for_another_one),
		cmocka_unit_test(a_token_that_is_known_ends_with_its_identity),
		cmocka_unit_test(a_token_gives_no_more_and_no_longer_than_it_has),
		cmocka_unit_test(only_what_reads_as_a_request_is_called_a_signed_request_of_aws),
		cmocka_unit_test(a_token_is_taken_as_a_providers_when_it_began_there_GHSA_7qjx_gp9h_65qj),
		cmocka_unit_test(another_identity_is_assumed_when_everything_it_asks_for_fits),
		cmocka_unit_test(what_is_sealed_or_proved_under_one_label_is_nothing_under_another),

		cmocka_unit_test(a_key_is_believed_as_long_as_its_tokens_live),
		cmocka_unit_test(what_a_key_proved_is_forgotten_with_the_key),
		cmocka_unit_test(a_token_that_is_known_ends_with_the_key_that_proved_it),
		cmocka_unit_test(a_forced_rotation_signs_with_a_new_key_at_once),

	};

	return cmocka_run_group_tests(tests, world_open, world_close);
}
