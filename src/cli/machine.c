/*
 * machine: this machine's key.
 */
#include "cli/machine.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/encode.h"
#include "cli/files.h"
#include "crypto/jws.h"

#define KEY_JSON_BYTES_MAX 8192
#define PEM_LINE 64
#define TOKEN_ID_BYTES 16

bool machine_is_set(const struct cli *cli)
{
	return CONFIG(cli, AUTH_IDENTITY).len > 0 && CONFIG(cli, AUTH_MACHINE_KEY).len > 0;
}

FALLIBLE key_public_json(struct cli *cli, const struct key *key, bool is_set, slice *ret_json)
{
	struct json_writer writer;
	struct buffer out;

	buffer_init(&out, cli->arena, KEY_JSON_BYTES_MAX);
	json_writer_init(&writer, &out);
	if (is_set) {
		json_open_object(&writer);
		json_put_name(&writer, SLICE("keys"));
		json_open_array(&writer);
	}
	key_put_jwk(key, &writer);
	if (is_set) {
		json_close_array(&writer);
		json_close_object(&writer);
	}
	if (buffer_failed(&out))
		return FAIL(FAULT_INTERNAL, "the key is too large");
	*ret_json = buffer_slice(&out);
	return OK;
}

/* --- the file --- */

static FALLIBLE pem_of(struct cli *cli, const struct key *key, slice *ret_pem)
{
	SECRET der = { 0 };
	struct buffer body, pem;
	slice rest;

	TRY(key_private_der(key, &der));
	buffer_init(&body, cli->arena, KEY_TEXT_BYTES_MAX);
	buffer_init(&pem, cli->arena, KEY_TEXT_BYTES_MAX);
	base64_encode(&body, BASE64_STANDARD, secret_bytes(&der));
	buffer_text(&pem, "-----BEGIN PRIVATE KEY-----\n");
	for (rest = buffer_slice(&body); rest.len > 0; rest = slice_from(rest, PEM_LINE)) {
		buffer_add(&pem, slice_to(rest, PEM_LINE));
		buffer_byte(&pem, '\n');
	}
	buffer_text(&pem, "-----END PRIVATE KEY-----\n");
	if (buffer_failed(&body) || buffer_failed(&pem))
		return FAIL(FAULT_INTERNAL, "the key is too large");
	bytes_wipe(body.at, body.len);
	*ret_pem = buffer_slice(&pem);
	return OK;
}

static void wipe(slice text)
{
	bytes_wipe((char *)(uintptr_t)text.at, text.len); /* the arena's own memory, which is not constant */
}

FALLIBLE machine_key_make(struct cli *cli, const char *path, slice *ret_jwk)
{
	CLEANUP(key_unrefp) struct key *key = NULL;
	slice pem;
	status st;

	TRY(key_new(ALG_ES256, &key));
	TRY(key_public_json(cli, key, false, ret_jwk));
	TRY(pem_of(cli, key, &pem));
	st = file_write(cli->arena, path, pem, 0600);
	wipe(pem);
	return st;
}

static FALLIBLE key_load(struct cli *cli, struct key **ret_key)
{
	const char *path = CONFIG(cli, AUTH_MACHINE_KEY).at;
	struct stat info;
	slice pem;
	status st;

	if (stat(path, &info) == 0 && (info.st_mode & 077))
		return FAIL(FAULT_INVALID, "others can read this machine's key; run: chmod 600 %s", path);
	TRY(file_read(cli->arena, path, &pem));
	if (!pem.at)
		return FAIL(FAULT_INVALID, "this machine's key is gone: %s; run `reeve setup` again", path);
	st = key_from_pem(pem, KEY_PRIVATE, ALG_UNSET, ret_key);
	wipe(pem);
	if (FAILED(st))
		return FAIL(FAULT_INVALID, "%s holds no usable private key", path);
	return OK;
}

/* --- assertions --- */

static FALLIBLE token_id(struct cli *cli, char ret_text[2 * TOKEN_ID_BYTES + 1])
{
	unsigned char bytes[TOKEN_ID_BYTES];

	TRY(random_fill(cli->random, bytes, sizeof(bytes)));
	hex_encode_into(slice_of(bytes, sizeof(bytes)), ret_text);
	ret_text[2 * TOKEN_ID_BYTES] = '\0';
	return OK;
}

FALLIBLE assertion_sign(struct cli *cli, struct key *key, const struct assertion *assertion, slice *ret_text)
{
	struct jws_header header = { .without_kid = assertion->is_bare };
	char id[2 * TOKEN_ID_BYTES + 1];
	int64_t now_s = cli_now_s(cli);
	struct buffer payload, token;
	struct json_writer writer;

	TRY(token_id(cli, id));
	buffer_init(&payload, cli->arena, KEY_JSON_BYTES_MAX);
	json_writer_init(&writer, &payload);
	json_open_object(&writer);
	json_pair_text(&writer, "aud", assertion->audience);
	json_pair_int(&writer, "exp", now_s + assertion->life_s);
	json_pair_int(&writer, "iat", now_s);
	json_pair_text(&writer, "iss", assertion->issuer);
	if (!assertion->is_bare)
		json_pair_text(&writer, "jti", slice_str(id));
	json_pair_text(&writer, "sub", assertion->subject);
	json_close_object(&writer);
	buffer_init(&token, cli->arena, JWS_BYTES_DEFAULT);
	if (buffer_failed(&payload))
		return FAIL(FAULT_INVALID, "the claims are too long");
	TRY(jws_sign(key, &header, buffer_slice(&payload), &token));
	*ret_text = buffer_slice(&token);
	return OK;
}

FALLIBLE machine_assertion(struct cli *cli, slice *ret_assertion)
{
	struct assertion assertion = { .issuer = CONFIG(cli, AUTH_ASSERTION_ISSUER),
				       .subject = CONFIG(cli, AUTH_IDENTITY),
				       .audience = CONFIG(cli, PLATFORM_ISSUER_NAME),
				       .life_s = ASSERTION_LIFE_S };
	CLEANUP(key_unrefp) struct key *key = NULL;

	if (assertion.issuer.len == 0)
		return FAIL(FAULT_INVALID, "auth.assertion-issuer is not set; run `reeve setup` again");
	TRY(key_load(cli, &key));
	return assertion_sign(cli, key, &assertion, ret_assertion);
}
