/*
 * What a refresh token says of itself.
 */
#include "cli/refresh.h"

#include "base/encode.h"
#include "test.h"

static status read_json(struct arena *arena, const char *json, struct refresh_claims *ret_claims)
{
	struct buffer token;

	buffer_init(&token, arena, (size_t)1 << 16);
	base64_encode(&token, BASE64_STANDARD, slice_str(json));
	return refresh_read(arena, buffer_slice(&token), ret_claims);
}

TEST(a_refresh_token_names_its_subject_and_its_end)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	struct refresh_claims claims = { 0 };

	CHECK_OK(read_json(arena, "{\"iss\":\"http://x.test\",\"sub\":\"ada\",\"exp\":1800000000,\"sec\":\"?>\"}", &claims));
	CHECK_SLICE(claims.subject, "ada");
	CHECK_SLICE(claims.issuer, "http://x.test");
	CHECK_INT(claims.expires_s, 1800000000);
	arena_free(arena);
}

TEST(anything_else_is_no_refresh_token)
{
	static const char *const json[] = { "{}",
					    "[]",
					    "{\"sub\":\"ada\"}",
					    "{\"sub\":\"\",\"exp\":1}",
					    "{\"sub\":1,\"exp\":1}",
					    "{\"sub\":\"ada\",\"exp\":1.5}",
					    "{\"sub\":\"ada\",\"exp\":\"soon\"}" };
	struct arena *arena = arena_new((size_t)1 << 20);
	struct refresh_claims claims;

	for (size_t i = 0; i < sizeof(json) / sizeof(*json); i++)
		CHECK_FAULT(FAULT_INVALID, read_json(arena, json[i], &claims));
	CHECK_FAULT(FAULT_INVALID, refresh_read(arena, SLICE(""), &claims));
	CHECK_FAULT(FAULT_INVALID, refresh_read(arena, SLICE("eyJzdWIiOiJhIiwiZXhwIjoxfQ"), &claims)); /* no padding */
	CHECK_FAULT(FAULT_INVALID, refresh_read(arena, SLICE("not base64!"), &claims));
	arena_free(arena);
}

TESTS(a_refresh_token_names_its_subject_and_its_end, anything_else_is_no_refresh_token)
