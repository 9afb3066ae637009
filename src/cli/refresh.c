/*
 * refresh: the long-lived half of a person's session.
 */
#include "cli/refresh.h"

#include <poll.h>

#include "base/encode.h"
#include "base/json.h"
#include "cli/cache.h"
#include "cli/claims.h"
#include "cli/client.h"
#include "cli/files.h"

#define WHAT "renewing the session"
#define TRIES 3 /* spec/tokens.md 3.5 */
#define RETRY_MS 150
#define FORM_BYTES_MAX ((size_t)4 * 1024)

FALLIBLE refresh_read(struct arena *arena, slice token, struct refresh_claims *ret_claims)
{
	struct refresh_claims claims = { .expires_s = 0 };
	const struct json *object;
	slice text;

	if (token.len == 0 || token.len > REFRESH_TOKEN_BYTES_MAX ||
	    FAILED(base64_decode(arena, BASE64_STANDARD, token, &text)) ||
	    FAILED(json_parse_object(arena, text, NULL, &object)) || !json_text(json_member(object, "sub"), &claims.subject) ||
	    claims.subject.len == 0 || !json_int64(json_member(object, "exp"), &claims.expires_s))
		return FAIL(FAULT_INVALID, "the refresh token cannot be read");
	claims.issuer = json_at(object, "iss");
	*ret_claims = claims;
	return OK;
}

FALLIBLE refresh_find(struct cli *cli, slice *ret_token, struct refresh_claims *ret_claims)
{
	struct report scratch = { 0 }, *before;
	slice token;

	TRY(cache_read(cli, cli->config.home_audience, CACHED_REFRESH, &token));
	before = report_use(&scratch); /* one that cannot be read is as good as none */
	if (token.len > 0 && (FAILED(refresh_read(cli->arena, token, ret_claims)) || ret_claims->expires_s <= cli_now_s(cli)))
		token = slice_str("");
	report_use(before);
	*ret_token = token;
	return OK;
}

/* A session that this one replaces is of no more use to anybody. */
static void end_other(struct cli *cli, slice token)
{
	struct refresh_claims claims;
	slice other;

	if (!FAILED(refresh_find(cli, &other, &claims)) && other.len > 0 && !slice_eq(other, token))
		(void)refresh_end(cli); /* it runs out by itself otherwise */
}

static FALLIBLE keep_locked(struct cli *cli, slice token)
{
	slice home = cli->config.home_audience, access;
	struct refresh_claims session;
	struct claims claims;

	TRY(refresh_read(cli->arena, token, &session));
	TRY(cache_read(cli, home, CACHED_ACCESS, &access));
	if (access.len > 0 && (FAILED(claims_read(cli->arena, access, &claims)) || !slice_eq(claims.subject, session.subject)))
		TRY(cache_drop(cli, home, CACHED_ACCESS));
	return cache_write(cli, home, CACHED_REFRESH, token);
}

FALLIBLE refresh_keep(struct cli *cli, slice token)
{
	int lock = -1;
	status st;

	TRY(cache_lock(cli, cli->config.home_audience, &lock));
	end_other(cli, token);
	st = keep_locked(cli, token);
	file_unlock(lock);
	return st;
}

static FALLIBLE exchange_once(struct cli *cli, slice token, const struct json **ret_answer)
{
	struct sending sending = {
		.verb = "POST", .bearer = token, .what = WHAT, .content_type = SLICE("application/x-www-form-urlencoded")
	};
	char *url = arena_printf(cli->arena, "%.*s/sts/exchange_refresh_token", SLICE_ARG(CONFIG(cli, PLATFORM_ISSUER)));
	struct buffer form;
	slice body;

	TRY_NEW(url);
	sending.url = slice_str(url);
	buffer_init(&form, cli->arena, FORM_BYTES_MAX);
	form_add(&form, "aud", cli->config.home_audience);
	sending.body = buffer_slice(&form);
	TRY(client_send(cli, &sending, &body));
	if (FAILED(json_parse_object(cli->arena, body, NULL, ret_answer)))
		return FAIL(FAULT_INTERNAL, WHAT ": the token service's answer is no JSON object");
	return OK;
}

static bool is_passing(status st)
{
	return st.fault == FAULT_UNAVAILABLE || st.fault == FAULT_TOO_LATE || st.fault == FAULT_INTERNAL;
}

/* An answer that got lost is asked for again at once: for ten seconds the server gives the same successor. */
static FALLIBLE exchange(struct cli *cli, slice token, const struct json **ret_answer)
{
	status st = exchange_once(cli, token, ret_answer);

	for (int tries = 1; tries < TRIES && is_passing(st); tries++) {
		(void)poll(NULL, 0, RETRY_MS);
		report_clear(report_current());
		st = exchange_once(cli, token, ret_answer);
	}
	return st;
}

/* The session is over for the server; the next command asks for a sign-in at once. */
static FALLIBLE forget(struct cli *cli)
{
	char why[REPORT_TEXT_BYTES];

	(void)snprintf(why, sizeof(why), "%s", report_current()->text); /* same size: never cut */
	TRY(cache_drop(cli, cli->config.home_audience, CACHED_REFRESH));
	return FAIL(FAULT_UNAUTHENTIC, "the session has ended (%.300s); run `reeve auth login`", why);
}

FALLIBLE refresh_use(struct cli *cli, slice *ret_access_token)
{
	struct refresh_claims claims;
	const struct json *answer;
	slice token, next;
	status st;

	TRY(refresh_find(cli, &token, &claims));
	if (token.len == 0)
		return FAIL(FAULT_UNAUTHENTIC, "there is no session to renew; run `reeve auth login`");
	st = exchange(cli, token, &answer);
	if (st.fault == FAULT_UNAUTHENTIC)
		return forget(cli);
	TRY(st);
	*ret_access_token = json_at(answer, "token.token");
	next = json_at(answer, "refreshToken.token");
	if (ret_access_token->len == 0 || next.len == 0)
		return FAIL(FAULT_INTERNAL, WHAT ": the token service's answer lacks a token");
	TRY(cache_write(cli, cli->config.home_audience, CACHED_REFRESH, next));
	return cache_write(cli, cli->config.home_audience, CACHED_ACCESS, *ret_access_token);
}

static FALLIBLE end(struct cli *cli)
{
	struct sending sending = {
		.verb = "POST", .what = "signing out", .content_type = SLICE("application/json"), .body = SLICE("{}")
	};
	struct refresh_claims claims;
	char *url;
	slice body;

	TRY(refresh_find(cli, &sending.bearer, &claims));
	if (sending.bearer.len == 0)
		return OK;
	url = arena_printf(cli->arena, "%.*s/reeve/v1/sessions:end", SLICE_ARG(CONFIG(cli, PLATFORM_ISSUER)));
	TRY_NEW(url);
	sending.url = slice_str(url);
	return client_send(cli, &sending, &body);
}

bool refresh_end(struct cli *cli)
{
	struct report scratch = { 0 }, *before = report_use(&scratch);
	status st = end(cli);

	report_use(before);
	return !FAILED(st) || st.fault == FAULT_UNAUTHENTIC; /* it had ended already */
}
