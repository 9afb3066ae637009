/*
 * headless: signing in on another device, with the token sealed for a key of this program alone (spec/tokens.md 6.1).
 */
#include "cli/headless.h"
#include "base/encode.h"
#include "cli/client.h"
#include "cli/interrupt.h"
#include "cli/waiting.h"
#include "crypto/agree.h"
#include "crypto/digest.h"
#include "crypto/seal.h"

#define WAIT_S 600
#define INTERVAL_S 2
#define HASH_BYTES 4
#define URL_BYTES_MAX ((size_t)4 * 1024)
#define SEALED_BYTES_MAX ((size_t)64 * 1024)

FALLIBLE headless_code(const struct secret *private_key, char ret_code[HEADLESS_CODE_BYTES])
{
	uint8_t public_key[AGREE_KEY_BYTES];

	TRY(agree_public(private_key, public_key));
	ret_code[base64_encode_into(BASE64_URL, slice_of(public_key, sizeof(public_key)), ret_code)] = '\0';
	return OK;
}

FALLIBLE headless_hash(const char *code, char ret_hash[HEADLESS_HASH_BYTES])
{
	unsigned char digest[SHA256_BYTES];
	char hex[2 * HASH_BYTES];

	TRY(sha256(slice_str(code), digest));
	hex_encode_into(slice_of(digest, HASH_BYTES), hex);
	(void)snprintf(ret_hash, HEADLESS_HASH_BYTES, "%.4s-%.4s", hex, hex + 4);
	return OK;
}

FALLIBLE headless_open(struct arena *arena, const struct secret *private_key, const struct json *session, slice *ret_token)
{
	uint8_t public_key[AGREE_KEY_BYTES];
	slice key_text, sealed;
	size_t len;
	char *token;
	SECRET shared = { 0 };

	if (FAILED(base64_decode(arena, BASE64_ANY, json_at(session, "ecdhPublicKey"), &key_text)) ||
	    !base64_decode_into(BASE64_URL_EITHER, key_text, public_key, sizeof(public_key), &len) ||
	    len != sizeof(public_key) ||
	    FAILED(base64_decode(arena, BASE64_ANY, json_at(session, "encryptedIdtoken"), &sealed)) ||
	    sealed.len <= SEAL_EXTRA_BYTES || sealed.len > SEALED_BYTES_MAX)
		return FAIL(FAULT_INTERNAL, "signing in: the server's session cannot be read");
	TRY(agree_secret(private_key, slice_of(public_key, sizeof(public_key)), &shared));
	token = arena_alloc(arena, sealed.len);
	TRY_NEW(token);
	if (FAILED(seal_open(&shared, slice_str(""), sealed, token, sealed.len, &len)))
		return FAIL(FAULT_UNAUTHENTIC, "signing in: what the server keeps was not sealed for this program");
	*ret_token = slice_of(token, len);
	return slice_plain_len(*ret_token) == len ? OK : FAIL(FAULT_INTERNAL, "signing in: the server sealed no token");
}

/* --- the page --- */

static FALLIBLE page_url(struct cli *cli, const struct way *way, const char *code, slice *ret_url)
{
	struct buffer query;
	char *url;

	buffer_init(&query, cli->arena, URL_BYTES_MAX);
	form_add(&query, "headless_code", slice_str(code));
	form_add(&query, "client_id", SLICE(OAUTH_CLIENT_ID));
	if (way->connection.len > 0)
		form_add(&query, "connection", way->connection);
	if (way->provider.len > 0)
		form_add(&query, "idp_id", way->provider);
	if (way->invite.len > 0)
		form_add(&query, "invite", way->invite);
	url = arena_printf(cli->arena, "%.*s/oauth?%.*s", SLICE_ARG(CONFIG(cli, PLATFORM_ISSUER)),
			   SLICE_ARG(buffer_slice(&query)));
	if (buffer_failed(&query) || !url)
		return FAIL(FAULT_INVALID, "the provider's name or the invite's code is too long");
	*ret_url = slice_str(url);
	return OK;
}

/* --- waiting --- */

/* NOT_FOUND until the person is done; a network that fails for a moment is asked again at the next turn. */
static FALLIBLE poll_once(struct cli *cli, const char *code, const struct json **ret_session)
{
	struct ask ask;
	status st;

	*ret_session = NULL;
	TRY(ask_begin(cli, &ask, METHOD_V1_AUTH_GET_HEADLESS_SESSION, "signing in"));
	ask_text(&ask, "code", slice_str(code));
	st = call_issuer(cli, &ask, ret_session);
	if (st.fault == FAULT_ABSENT || st.fault == FAULT_UNAVAILABLE || st.fault == FAULT_TOO_LATE ||
	    st.fault == FAULT_EXHAUSTED) {
		report_clear(report_current());
		*ret_session = NULL;
		return OK;
	}
	return st;
}

static FALLIBLE wait_for_session(struct cli *cli, const struct secret *private_key, const char *code, struct proof *ret_proof)
{
	int64_t until_us = clock_ticks_us() + WAIT_S * US_PER_S;
	const struct json *session = NULL;

	while (!session) {
		TRY(waiting_turn(cli, INTERVAL_S, until_us));
		TRY(poll_once(cli, code, &session));
	}
	*ret_proof = (struct proof){ .listener = NULL };
	return headless_open(cli->arena, private_key, session, &ret_proof->login_token);
}

FALLIBLE headless_sign_in(struct cli *cli, const struct way *way, struct proof *ret_proof)
{
	char code[HEADLESS_CODE_BYTES], hash[HEADLESS_HASH_BYTES];
	SECRET private_key = { 0 };
	slice url;
	status st;

	TRY(secret_random(&private_key, cli->random, AGREE_KEY_BYTES));
	TRY(headless_code(&private_key, code));
	TRY(headless_hash(code, hash));
	TRY(page_url(cli, way, code, &url));
	waiting_show(cli, url, url);
	fprintf(cli->err, "and sign in, if it shows the key\n\n    %s\n\n", hash);
	(void)fflush(cli->err);
	interrupt_watch();
	st = wait_for_session(cli, &private_key, code, ret_proof);
	interrupt_unwatch();
	waiting_end(cli);
	return st;
}
