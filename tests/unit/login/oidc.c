/*
 * Back from an OpenID Connect provider: its ID token is of this one sign-in, whatever else of it is right.
 */
#include "people_world.h"
#include "service/own_provider.h"

#include "login/upstream_impl.h"

static int oidc_open(void **state)
{
	CHECK_INT(oauth_open(state), 0);
	provider_open();
	return 0;
}

static int oidc_close(void **state)
{
	provider_close();
	return oauth_close(state);
}

/* What the token endpoint answers: an ID token with this further member. */
static FALLIBLE come_back(const char *member, struct person *ret_person)
{
	char *claims =
		arena_printf(arena, "{\"iss\":\"%s\",\"sub\":\"ada\",\"aud\":\"ours\",\"iat\":1800000000,\"exp\":1800000300%s}",
			     provider.url, member);
	struct call *call = worker_call(METHOD_REEVE_LOGIN_CALLBACK);
	struct parts own = parts;
	struct flow flow = { .stage = STAGE_UPSTREAM };
	struct upstream upstream = { .kind = CONNECTION_OIDC,
				     .label = SLICE("own"),
				     .issuer = slice_str(provider.url),
				     .client_id = SLICE("ours"),
				     .is_provider = true,
				     .uid = provider.uid,
				     .organization = org };
	struct buffer token;

	buffer_init(&token, arena, sizeof(provider.tokens) - 64);
	CHECK_OK(jws_sign(provider.key, &(struct jws_header){ 0 }, slice_str(claims), &token));
	(void)snprintf(provider.tokens, sizeof(provider.tokens), "{\"id_token\":\"%.*s\"}", SLICE_ARG(buffer_slice(&token)));
	own.fetcher = provider.fetcher;
	call->parts = &own;
	flow.upstream = (struct upstream_state){ .connection = slice_str(uid_text(&provider.uid, arena)),
						 .issuer = slice_str(provider.url),
						 .token_url = slice_str(arena_printf(arena, "%s/token", provider.url)),
						 .nonce = SLICE("this-very-sign-in"),
						 .is_provider = true };
	return oidc_end(call, &upstream, &flow, SLICE("code"), ret_person);
}

/* Without PKCE it is the nonce alone that tells whose code came back. */
TEST(an_id_token_of_another_sign_in_signs_nobody_in)
{
	static const char *const others[] = { "", ",\"nonce\":\"\"", ",\"nonce\":\"this-very-sign-i\"",
					      ",\"nonce\":\"another-sign-in\"", ",\"nonce\":7" };
	struct person person = { .email_is_verified = false };

	CHECK_OK(come_back(",\"nonce\":\"this-very-sign-in\"", &person));
	CHECK_SLICE(person.subject, "ada");
	CHECK(uid_eq(&person.confined_to, &org));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		CHECK_FAULT(FAULT_DENIED, come_back(others[i], &person));
		CHECK(strstr(report_current()->text, "another sign-in"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(an_id_token_of_another_sign_in_signs_nobody_in) };

	return cmocka_run_group_tests(tests, oidc_open, oidc_close);
}
