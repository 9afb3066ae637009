/*
 * ID tokens of an organization's own provider, with keys that it publishes: whose they are, and what they are worth here.
 */
#include "service/world.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

#include "crypto/jws.h"
#include "token/issuer_impl.h"
#include "token/upstream.h"

static int listener;
static char sso_url[64], documents[2][2048]; /* discovery, keys */
static struct key *theirs, *strangers;
static struct fetcher *fetcher;
static struct uid provider_uid;

static void *serve(void *arg)
{
	int fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		char head[2048] = "", text[4096];
		const char *body = NULL;
		if (recv(fd, head, sizeof(head) - 1, 0) > 0)
			body = strstr(head, "/.well-known/") ? documents[0] : documents[1];
		if (body) {
			(void)snprintf(text, sizeof(text),
				       "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %zu\r\n\r\n%s", strlen(body),
				       body);
			(void)send(fd, text, strlen(text), MSG_NOSIGNAL); /* whoever does not hear it fails */
		}
		(void)close(fd);
	}
	return arg;
}

static void write_documents(void)
{
	struct json_writer writer;
	struct buffer keys;

	buffer_init(&keys, arena, sizeof(documents[1]) - 16);
	json_writer_init(&writer, &keys);
	key_put_jwk(theirs, &writer);
	CHECK(!buffer_failed(&keys));
	(void)snprintf(documents[0], sizeof(documents[0]), "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/jwks\"}", sso_url, sso_url);
	(void)snprintf(documents[1], sizeof(documents[1]), "{\"keys\":[%.*s]}", SLICE_ARG(buffer_slice(&keys)));
}

static status put_provider(struct tx *tx, void *url)
{
	struct provider row = { .parent = org, .name = SLICE("own"), .issuer = slice_str(url), .client_id = SLICE("ours") };

	TRY(uid_new_child(&org, (const uint8_t *)"provider", &row.uid));
	provider_uid = row.uid;
	return row_put(tx, &table_providers, &row);
}

static int open_world(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	static const char *const hosts[] = { sso_url, NULL };
	socklen_t len = sizeof(address);
	pthread_t thread;

	CHECK_INT(world_open(state), 0);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_INT(bind(listener, (struct sockaddr *)&address, len), 0);
	CHECK_INT(listen(listener, 16), 0);
	CHECK_INT(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	(void)snprintf(sso_url, sizeof(sso_url), "http://127.0.0.1:%u", ntohs(address.sin_port));
	CHECK_OK(key_new(ALG_ES256, &theirs));
	CHECK_OK(key_new(ALG_ES256, &strangers));
	write_documents();
	CHECK_OK(fetcher_new(&(struct fetch_config){ .allowed_hosts = hosts }, &fetcher));
	parts.issuer->fetcher = fetcher;
	CHECK_OK(world_change(put_provider, sso_url));
	CHECK_INT(pthread_create(&thread, NULL, serve, NULL), 0);
	CHECK_INT(pthread_detach(thread), 0);
	return 0;
}

static int close_world(void **state)
{
	int result;

	(void)shutdown(listener, SHUT_RDWR);
	(void)close(listener);
	fetcher = fetcher_free(fetcher);
	result = world_close(state);
	theirs = key_unref(theirs);
	strangers = key_unref(strangers);
	return result;
}

static slice signed_by(struct key *key, const char *iss, const char *client_id)
{
	char *claims = arena_printf(arena,
				    "{\"iss\":\"%s\",\"sub\":\"ada\",\"aud\":\"%s\",\"iat\":1800000000,\"exp\":1800000300,"
				    "\"email\":\"ada@example.com\",\"email_verified\":true}",
				    iss, client_id);
	struct buffer out;

	buffer_init(&out, arena, 16384);
	CHECK_OK(jws_sign(key, &(struct jws_header){ .without_kid = true }, slice_str(claims), &out));
	return buffer_slice(&out);
}

static FALLIBLE read_token(slice text, struct login *ret_login)
{
	return token_login_read(parts.issuer, arena, text, &provider_uid, true, ret_login);
}

TEST(a_providers_id_token_is_of_its_issuer_its_key_and_our_client_there)
{
	static const struct uid none;
	struct login login;

	CHECK_OK(read_token(signed_by(theirs, sso_url, "ours"), &login));
	CHECK(uid_eq(&login.person.confined_to, &org));
	CHECK_SLICE(login.person.connection, uid_text(&provider_uid, arena));
	CHECK_FAULT(FAULT_UNAUTHENTIC, read_token(signed_by(strangers, sso_url, "ours"), &login));
	CHECK_FAULT(FAULT_DENIED, read_token(signed_by(theirs, sso_url, "theirs"), &login));
	CHECK_FAULT(FAULT_DENIED, read_token(signed_by(theirs, "https://sso.example.com", "ours"), &login));
	CHECK_FAULT(FAULT_DENIED, read_token(signed_by(theirs, GOOGLE, "ours"), &login));
	/* Unnamed, an organization's provider is nobody's (GHSA-7qjx-gp9h-65qj). */
	CHECK_FAULT(FAULT_UNAUTHENTIC,
		    token_login_read(parts.issuer, arena, signed_by(theirs, sso_url, "ours"), &none, true, &login));
}

/* Whoever holds one could write its signature in another way; it is the same token still (CVE-2025-46815). */
TEST(an_id_token_is_named_by_what_was_signed)
{
	slice one = signed_by(theirs, sso_url, "ours"), again = signed_by(theirs, sso_url, "ours");
	struct login first, second, other;

	CHECK(!slice_eq(one, again)); /* ECDSA signs differently each time */
	CHECK_OK(read_token(one, &first));
	CHECK_OK(read_token(again, &second));
	CHECK(first.token_id.len == 64 && slice_eq(first.token_id, second.token_id));
	now.fixed_us += US_PER_S;
	CHECK_OK(read_token(one, &other));
	CHECK(slice_eq(first.token_id, other.token_id));
	now = clock_fixed(NOW_S * US_PER_S);
}

static status set_status(struct tx *tx, void *arg)
{
	struct group row = { .uid = org };
	bool found;

	TRY(row_find(tx, &table_groups, &row, &row, &found));
	row.status = *(int64_t *)arg;
	return row_update(tx, &table_groups, &row);
}

TEST(a_provider_is_worth_what_its_organization_is_CVE_2024_47000)
{
	slice text = signed_by(theirs, sso_url, "ours");
	int64_t suspended = 3, alive = 2; /* ORG_STATUS_ */
	struct login login;

	CHECK_OK(world_change(set_status, &suspended));
	CHECK_FAULT(FAULT_DENIED, read_token(text, &login));
	CHECK(strstr(report_current()->text, "suspended"));
	CHECK_OK(world_change(set_status, &alive));
	CHECK_OK(read_token(text, &login));
}

TEST(keys_are_had_from_a_document_of_this_very_issuer)
{
	static const char *const others[] = { "https://sso.example.com/", "https://sso.example.co", "https://sso.example.comx",
					      "HTTPS://sso.example.com", "" };
	slice url;

	CHECK_OK(discovery_read(arena, SLICE("{\"issuer\":\"https://sso.example.com\",\"jwks_uri\":\"https://k.example.com\"}"),
				SLICE("https://sso.example.com"), &url));
	CHECK_SLICE(url, "https://k.example.com");
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		CHECK_FAULT(
			FAULT_DENIED,
			discovery_read(arena,
				       slice_str(arena_printf(
					       arena, "{\"issuer\":\"%s\",\"jwks_uri\":\"https://k.example.com\"}", others[i])),
				       SLICE("https://sso.example.com"), &url));
	CHECK_FAULT(FAULT_DENIED, discovery_read(arena, SLICE("{\"jwks_uri\":\"https://k.example.com\"}"),
						 SLICE("https://sso.example.com"), &url));
	CHECK_FAULT(FAULT_DENIED, discovery_read(arena, SLICE("{\"issuer\":\"https://sso.example.com\"}"),
						 SLICE("https://sso.example.com"), &url));
}

/* However such a row came to be: the configuration may have changed since it was written. */
TEST(no_organization_signs_people_in_as_the_server_does)
{
	static const char *const urls[] = { GOOGLE, "accounts.google.com", URL, URL "/local" };
	struct login login;

	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		CHECK_OK(world_change(put_provider, (void *)(uintptr_t)urls[i]));
		CHECK_FAULT(FAULT_DENIED, idtoken_read(parts.issuer, arena, &(struct jws){ .typ = SLICE("JWT") }, NULL,
						       slice_str(urls[i]), &provider_uid, true, &login));
		CHECK(strstr(report_current()->text, "signs people in with itself"));
	}
	CHECK_OK(world_change(put_provider, sso_url));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_providers_id_token_is_of_its_issuer_its_key_and_our_client_there),
		cmocka_unit_test(an_id_token_is_named_by_what_was_signed),
		cmocka_unit_test(a_provider_is_worth_what_its_organization_is_CVE_2024_47000),
		cmocka_unit_test(keys_are_had_from_a_document_of_this_very_issuer),
		cmocka_unit_test(no_organization_signs_people_in_as_the_server_does),
	};

	return cmocka_run_group_tests(tests, open_world, close_world);
}
