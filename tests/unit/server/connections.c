/* Claims about the configuration of the ways to sign in. */
#include "server/connections.h"

#include <stdlib.h>

#include "test.h"

#define OURS SLICE("https://reeve.example")

static status read_yaml_text(struct arena *arena, const char *yaml, const struct connection **ret_at, size_t *ret_count)
{
	struct config config;

	TRY(config_read_text(arena, slice_str(yaml), &config));
	return connections_read(arena, &config, OURS, ret_at, ret_count);
}

static void check_refused(const char *yaml)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	const struct connection *at;
	size_t count;

	CHECK_FAULT(FAULT_INVALID, read_yaml_text(arena, yaml, &at, &count));
	arena = arena_free(arena);
}

TEST(without_a_word_of_configuration_there_are_local_accounts_alone)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	const struct connection *at = NULL;
	size_t count = 0;

	CHECK_OK(read_yaml_text(arena, "listen: 127.0.0.1:1\n", &at, &count));
	assert_int_equal(count, 1);
	assert_true(slice_is(at[0].name, "email") && at[0].kind == CONNECTION_LOCAL);
	assert_true(slice_is(at[0].issuer, "https://reeve.example/local"));
	CHECK_OK(read_yaml_text(arena, "login: {email: false}\n", &at, &count));
	assert_int_equal(count, 0);
	arena = arena_free(arena);
}

TEST(a_connection_is_there_when_its_client_id_is)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	const struct connection *at = NULL;
	size_t count = 0;

	assert_int_equal(setenv("OKTA_SECRET", "s3", 1), 0);
	CHECK_OK(read_yaml_text(arena,
				"login:\n"
				"  email: false\n"
				"  google: {client-id: g}\n"
				"  gitlab: {client-id: l, url: 'https://git.example/'}\n"
				"  providers:\n"
				"    - okta issuer=https://okta.example client-id=o secret-env=OKTA_SECRET scopes=email+groups "
				"pkce=false label=Our own Okta\n",
				&at, &count));
	assert_int_equal(count, 3);
	assert_true(slice_is(at[0].name, "google-oauth2") && slice_is(at[0].issuer, "https://accounts.google.com"));
	assert_true(slice_is(at[1].issuer, "https://git.example") && at[1].is_pkce);
	assert_true(slice_is(at[2].name, "okta") && slice_is(at[2].label, "Our own Okta") && slice_is(at[2].secret, "s3"));
	assert_true(slice_is(at[2].scopes, "openid email groups") && !at[2].is_pkce);
	arena = arena_free(arena);
}

TEST(a_secret_stands_in_no_file_of_settings_and_in_no_flag)
{
	static char flag[] = "--login.google.client-secret=x", name[] = "REEVE_LOGIN_GOOGLE_CLIENT_SECRET=y";
	char *flags[] = { flag, NULL }, *environment[] = { name, NULL };
	struct arena *arena = arena_new((size_t)1 << 20);
	struct config config;

	check_refused("login: {google: {client-id: g, client-secret: x}}\n");
	CHECK_FAULT(FAULT_INVALID, config_read(arena, &(struct config_source){ 1, flags, NULL }, &config));
	CHECK_OK(config_read(arena, &(struct config_source){ 0, NULL, environment }, &config));
	assert_true(slice_is(config.google_secret, "y"));
	arena = arena_free(arena);
}

TEST(what_cannot_be_told_apart_or_is_not_whole_is_refused)
{
	check_refused("login: {github: {client-id: g}}\n");
	check_refused("login: {google: {client-id: g, issuer: 'https://reeve.example'}}\n");
	check_refused("login: {google: {client-id: g, client-secret-file: /nowhere/at/all}}\n");
	check_refused("login: {providers: ['google issuer=https://a.example client-id=x']}\n");
	check_refused("login: {providers: ['Okta issuer=https://a.example client-id=x']}\n");
	check_refused("login: {providers: ['a issuer=https://a.example']}\n");
	check_refused("login: {providers: ['a client-id=x']}\n");
	check_refused("login: {providers: ['a issuer=ftp://a.example client-id=x']}\n");
	check_refused("login: {providers: ['a issuer=https://a.example client-id=x secret=y']}\n");
	check_refused("login: {providers: ['a issuer=https://a.example client-id=x secret-env=NOBODY_SET_THIS']}\n");
	check_refused(
		"login: {providers: ['a issuer=https://a.example client-id=x', 'a issuer=https://b.example client-id=x']}\n");
	check_refused(
		"login: {providers: ['a issuer=https://a.example client-id=x', 'b issuer=https://a.example client-id=x']}\n");
}

TEST(a_redirect_origin_is_https_and_no_more_than_an_origin)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	const slice *origins;
	struct config config;
	size_t count;

	CHECK_OK(config_read_text(arena, SLICE("login: {redirect-origins: ['https://console.example']}\n"), &config));
	CHECK_OK(redirect_origins_read(arena, &config, &origins, &count));
	assert_int_equal(count, 1);
	CHECK_OK(config_read_text(arena, SLICE("login: {redirect-origins: ['http://console.example']}\n"), &config));
	CHECK_FAULT(FAULT_INVALID, redirect_origins_read(arena, &config, &origins, &count));
	arena = arena_free(arena);
}

TESTS(without_a_word_of_configuration_there_are_local_accounts_alone, a_connection_is_there_when_its_client_id_is,
      a_secret_stands_in_no_file_of_settings_and_in_no_flag, what_cannot_be_told_apart_or_is_not_whole_is_refused,
      a_redirect_origin_is_https_and_no_more_than_an_origin)
