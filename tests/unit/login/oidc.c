/*
 * Back from an OpenID Connect provider: its ID token is of this one sign-in, whatever else of it is right.
 */
#include "people_world.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

#include "crypto/jws.h"
#include "login/upstream_impl.h"
#include "token/issuer_impl.h"

static int listener;
static char sso[64], discovery[512], keys[2048], tokens[4096];
static struct key *theirs;
static struct fetcher *fetcher;
static struct uid provider_uid;

static void *serve(void *arg)
{
	int fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		char head[4096] = "", text[8192];
		if (recv(fd, head, sizeof(head) - 1, 0) > 0) {
			const char *body = strstr(head, "/.well-known/") ? discovery : strstr(head, "/jwks") ? keys : tokens;
			(void)snprintf(text, sizeof(text),
				       "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %zu\r\n\r\n%s", strlen(body),
				       body);
			(void)send(fd, text, strlen(text), MSG_NOSIGNAL); /* whoever does not hear it fails */
		}
		(void)close(fd);
	}
	return arg;
}

static status put_provider(struct tx *tx, void *arg)
{
	struct provider row = { .parent = org, .name = SLICE("own"), .issuer = slice_str(sso), .client_id = SLICE("ours") };

	(void)arg;
	TRY(uid_new_child(&org, (const uint8_t *)"provider", &row.uid));
	provider_uid = row.uid;
	return row_put(tx, &table_providers, &row);
}

static int oidc_open(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	static const char *const hosts[] = { sso, NULL };
	socklen_t len = sizeof(address);
	struct json_writer writer;
	struct buffer jwk;
	pthread_t thread;

	CHECK_INT(oauth_open(state), 0);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_INT(bind(listener, (struct sockaddr *)&address, len), 0);
	CHECK_INT(listen(listener, 16), 0);
	CHECK_INT(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	(void)snprintf(sso, sizeof(sso), "http://127.0.0.1:%u", ntohs(address.sin_port));
	(void)snprintf(discovery, sizeof(discovery), "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/jwks\"}", sso, sso);
	CHECK_OK(key_new(ALG_ES256, &theirs));
	buffer_init(&jwk, arena, sizeof(keys) - 16);
	json_writer_init(&writer, &jwk);
	key_put_jwk(theirs, &writer);
	(void)snprintf(keys, sizeof(keys), "{\"keys\":[%.*s]}", SLICE_ARG(buffer_slice(&jwk)));
	CHECK_OK(fetcher_new(&(struct fetch_config){ .allowed_hosts = hosts }, &fetcher));
	parts.issuer->fetcher = fetcher;
	CHECK_OK(world_change(put_provider, NULL));
	CHECK_INT(pthread_create(&thread, NULL, serve, NULL), 0);
	CHECK_INT(pthread_detach(thread), 0);
	return 0;
}

static int oidc_close(void **state)
{
	int result;

	(void)shutdown(listener, SHUT_RDWR);
	(void)close(listener);
	fetcher = fetcher_free(fetcher);
	result = oauth_close(state);
	theirs = key_unref(theirs);
	return result;
}

/* What the token endpoint answers: an ID token with this further member. */
static FALLIBLE come_back(const char *member, struct person *ret_person)
{
	char *claims =
		arena_printf(arena, "{\"iss\":\"%s\",\"sub\":\"ada\",\"aud\":\"ours\",\"iat\":1800000000,\"exp\":1800000300%s}",
			     sso, member);
	struct call *call = worker_call(METHOD_REEVE_LOGIN_CALLBACK);
	struct parts own = parts;
	struct flow flow = { .stage = STAGE_UPSTREAM };
	struct upstream upstream = { .kind = CONNECTION_OIDC,
				     .label = SLICE("own"),
				     .issuer = slice_str(sso),
				     .client_id = SLICE("ours"),
				     .is_provider = true,
				     .uid = provider_uid,
				     .organization = org };
	struct buffer token;

	buffer_init(&token, arena, sizeof(tokens) - 64);
	CHECK_OK(jws_sign(theirs, &(struct jws_header){ 0 }, slice_str(claims), &token));
	(void)snprintf(tokens, sizeof(tokens), "{\"id_token\":\"%.*s\"}", SLICE_ARG(buffer_slice(&token)));
	own.fetcher = fetcher;
	call->parts = &own;
	flow.upstream = (struct upstream_state){ .connection = slice_str(uid_text(&provider_uid, arena)),
						 .issuer = slice_str(sso),
						 .token_url = slice_str(arena_printf(arena, "%s/token", sso)),
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
