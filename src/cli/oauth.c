/*
 * oauth: signing in by a browser on this machine, and what the token endpoint says.
 */
#include "cli/oauth.h"

#include "base/encode.h"
#include "cli/client.h"
#include "cli/interrupt.h"
#include "cli/opener.h"
#include "cli/print.h"
#include "crypto/digest.h"

#define FORM_BYTES_MAX ((size_t)16 * 1024)
#define RANDOM_BYTES 32
#define RANDOM_TEXT_BYTES (BASE64_TEXT_BYTES(RANDOM_BYTES) + 1)

/* What binds the answer to this request; texts end with NUL. */
struct request {
	char verifier[RANDOM_TEXT_BYTES], challenge[RANDOM_TEXT_BYTES], state[RANDOM_TEXT_BYTES];
	slice redirect;
};

/* --- the endpoints --- */

FALLIBLE oauth_post(struct cli *cli, const char *path, slice form, const char *what, const struct json **ret_answer,
		    slice *ret_error)
{
	struct sending sending = {
		.verb = "POST", .what = what, .content_type = SLICE("application/x-www-form-urlencoded"), .body = form
	};
	char *url = arena_printf(cli->arena, "%.*s%s", SLICE_ARG(CONFIG(cli, PLATFORM_ISSUER)), path);
	int http_status = 0;
	slice body = { 0 };

	TRY_NEW(url);
	sending.url = slice_str(url);
	TRY(client_try(cli, &sending, &http_status, &body));
	if (FAILED(json_parse_object(cli->arena, body, NULL, ret_answer))) {
		if (http_status == 404 || http_status == 405)
			return FAIL(FAULT_UNIMPLEMENTED, "%s: this server does not let people sign in this way", what);
		return FAIL(http_status >= 500 ? FAULT_UNAVAILABLE : FAULT_INTERNAL,
			    "%s: the server answered with HTTP status %d, and no JSON", what, http_status);
	}
	*ret_error = json_at(*ret_answer, "error");
	if (http_status >= 200 && http_status <= 299 && ret_error->len == 0)
		return OK;
	if (ret_error->len == 0)
		*ret_error = SLICE("server_error");
	return OK;
}

FALLIBLE oauth_proof(struct cli *cli, const struct json *answer, struct proof *ret_proof)
{
	*ret_proof =
		(struct proof){ .login_token = json_at(answer, "id_token"), .refresh_token = json_at(answer, "refresh_token") };
	if (ret_proof->login_token.len == 0)
		return FAIL(FAULT_INTERNAL, "signing in: the server's answer holds no id_token");
	return OK;
}

slice oauth_scope(const struct way *way)
{
	return way->wants_refresh ? SLICE("openid offline_access") : SLICE("openid");
}

/* --- the request --- */

static FALLIBLE random_text(struct cli *cli, char ret_text[RANDOM_TEXT_BYTES])
{
	unsigned char bytes[RANDOM_BYTES];

	TRY(random_fill(cli->random, bytes, sizeof(bytes)));
	ret_text[base64_encode_into(BASE64_URL, slice_of(bytes, sizeof(bytes)), ret_text)] = '\0';
	return OK;
}

static FALLIBLE request_make(struct cli *cli, unsigned port, struct request *request)
{
	unsigned char digest[SHA256_BYTES];
	char *redirect = arena_printf(cli->arena, "http://127.0.0.1:%u" CALLBACK_PATH, port);

	TRY_NEW(redirect);
	request->redirect = slice_str(redirect);
	TRY(random_text(cli, request->verifier));
	TRY(random_text(cli, request->state));
	TRY(sha256(slice_str(request->verifier), digest));
	request->challenge[base64_encode_into(BASE64_URL, slice_of(digest, sizeof(digest)), request->challenge)] = '\0';
	return OK;
}

static FALLIBLE request_url(struct cli *cli, const struct request *request, const struct way *way, slice *ret_url)
{
	struct buffer query;
	char *url;

	buffer_init(&query, cli->arena, FORM_BYTES_MAX);
	form_add(&query, "response_type", SLICE("code"));
	form_add(&query, "client_id", SLICE(OAUTH_CLIENT_ID));
	form_add(&query, "redirect_uri", request->redirect);
	form_add(&query, "scope", oauth_scope(way));
	form_add(&query, "state", slice_str(request->state));
	form_add(&query, "code_challenge", slice_str(request->challenge));
	form_add(&query, "code_challenge_method", SLICE("S256"));
	if (way->connection.len > 0)
		form_add(&query, "connection", way->connection);
	if (way->provider.len > 0)
		form_add(&query, "idp_id", way->provider);
	if (way->invite.len > 0)
		form_add(&query, "invite", way->invite);
	url = arena_printf(cli->arena, "%.*s/oauth2/authorize?%.*s", SLICE_ARG(CONFIG(cli, PLATFORM_ISSUER)),
			   SLICE_ARG(buffer_slice(&query)));
	if (buffer_failed(&query) || !url)
		return FAIL(FAULT_INVALID, "the provider's name or the invite's code is too long");
	*ret_url = slice_str(url);
	return OK;
}

/* --- the answer --- */

static slice issuer_name(struct cli *cli)
{
	slice name = CONFIG(cli, PLATFORM_ISSUER_NAME);

	return name.len > 0 ? name : CONFIG(cli, PLATFORM_ISSUER);
}

static FALLIBLE check_callback(struct cli *cli, const struct callback *callback)
{
	if (!slice_eq(callback->issuer, issuer_name(cli)))
		return FAIL(FAULT_UNAUTHENTIC,
			    "the browser's answer comes from the issuer \"%.*s\", not from %.*s: is platform.issuer the "
			    "server's own "
			    "public URL?",
			    SLICE_ARG(slice_to(callback->issuer, 128)), SLICE_ARG(issuer_name(cli)));
	if (slice_is(callback->error, "access_denied"))
		return FAIL(FAULT_DENIED, "the sign-in was refused%s%.*s", callback->description.len ? ": " : " on the page",
			    SLICE_ARG(callback->description));
	if (callback->error.len > 0)
		return FAIL(FAULT_UNAUTHENTIC, "the sign-in failed: %.*s%s%.*s", SLICE_ARG(callback->error),
			    callback->description.len ? ": " : "", SLICE_ARG(callback->description));
	return OK;
}

static FALLIBLE redeem(struct cli *cli, const struct request *request, slice code, struct proof *ret_proof)
{
	const struct json *answer = NULL;
	struct buffer form;
	slice error = { 0 };

	buffer_init(&form, cli->arena, FORM_BYTES_MAX);
	form_add(&form, "grant_type", SLICE("authorization_code"));
	form_add(&form, "client_id", SLICE(OAUTH_CLIENT_ID));
	form_add(&form, "redirect_uri", request->redirect);
	form_add(&form, "code", code);
	form_add(&form, "code_verifier", slice_str(request->verifier));
	if (buffer_failed(&form))
		return FAIL(FAULT_INTERNAL, "signing in: the server's code is too long");
	TRY(oauth_post(cli, "/oauth2/token", buffer_slice(&form), "signing in", &answer, &error));
	if (error.len > 0)
		return FAIL(FAULT_UNAUTHENTIC, "signing in: %.*s: %.*s", SLICE_ARG(error),
			    SLICE_ARG(json_at(answer, "error_description")));
	return oauth_proof(cli, answer, ret_proof);
}

/* --- the browser --- */

static FALLIBLE wait_for_browser(struct cli *cli, struct listener *listener, const struct request *request,
				 struct proof *ret_proof)
{
	struct callback callback = { 0 };

	TRY(listener_wait(listener, slice_str(request->state), BROWSER_WAIT_S, &callback));
	TRY(check_callback(cli, &callback));
	return redeem(cli, request, callback.code, ret_proof);
}

static FALLIBLE sign_in(struct cli *cli, struct listener *listener, const struct way *way, struct proof *ret_proof,
			bool *ret_is_open)
{
	struct request request;
	status st;
	slice url;

	TRY(request_make(cli, listener_port(listener), &request));
	TRY(request_url(cli, &request, way, &url));
	TRY(opener_run(cli, url, ret_is_open));
	if (!*ret_is_open)
		return OK;
	cli_say(cli,
		"Sign in on the page that opens in your browser. If none does, open this one on this machine:\n\n    %.*s\n",
		SLICE_ARG(url));
	(void)fflush(cli->err);
	interrupt_watch();
	st = wait_for_browser(cli, listener, &request, ret_proof);
	interrupt_unwatch();
	return st;
}

FALLIBLE browser_sign_in(struct cli *cli, const struct way *way, struct proof *ret_proof, bool *ret_is_open)
{
	struct listener *listener = NULL;
	status st;

	*ret_is_open = false;
	TRY(listener_new(cli, &listener));
	st = sign_in(cli, listener, way, ret_proof, ret_is_open);
	if (FAILED(st) || !*ret_is_open)
		listener_end(listener, false);
	else
		ret_proof->listener = listener;
	return st;
}
