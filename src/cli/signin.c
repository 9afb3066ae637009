/*
 * signin: a token for an audience.
 */
#include "cli/signin.h"

#include "cli/cache.h"
#include "cli/claims.h"
#include "cli/client.h"
#include "cli/files.h"
#include "cli/machine.h"
#include "cli/refresh.h"

#define FORM_BYTES_MAX ((size_t)64 * 1024)

enum source { SOURCE_NONE, SOURCE_MACHINE, SOURCE_SESSION, SOURCE_REFRESH };

/* --- the exchange --- */

static FALLIBLE exchange_form(struct cli *cli, const struct exchange *exchange, slice *ret_form)
{
	struct buffer form;

	buffer_init(&form, cli->arena, FORM_BYTES_MAX);
	form_add(&form, "aud", exchange->audience);
	if (exchange->identity.len > 0)
		form_add(&form, "identity", exchange->identity);
	for (size_t i = 0; i < exchange->scopes_count; i++)
		form_add(&form, "scopes", exchange->scopes[i]);
	for (size_t i = 0; i < exchange->capabilities_count; i++)
		form_add(&form, "cap", exchange->capabilities[i]);
	if (buffer_failed(&form))
		return FAIL(FAULT_INVALID, "%s: too many scopes or capabilities", exchange->what);
	*ret_form = buffer_slice(&form);
	return OK;
}

FALLIBLE sts_exchange(struct cli *cli, const struct exchange *exchange, slice *ret_token)
{
	struct sending sending = { .verb = "POST",
				   .bearer = exchange->upstream,
				   .what = exchange->what,
				   .content_type = SLICE("application/x-www-form-urlencoded") };
	const struct json *answer;
	char *url;
	slice body;

	TRY(exchange_form(cli, exchange, &sending.body));
	url = arena_printf(cli->arena, "%.*s/sts/exchange", SLICE_ARG(CONFIG(cli, PLATFORM_ISSUER)));
	TRY_NEW(url);
	sending.url = slice_str(url);
	TRY(client_send(cli, &sending, &body));
	if (FAILED(json_parse_object(cli->arena, body, NULL, &answer)) || json_at(answer, "token").len == 0)
		return FAIL(FAULT_INTERNAL, "%s: the token service's answer holds no token", exchange->what);
	*ret_token = json_at(answer, "token");
	return OK;
}

/* --- what renews --- */

/* Whose session it is: the subject of the audience's own token, else of the API's; empty when there is none. */
static FALLIBLE subject_of(struct cli *cli, slice audience, slice *ret_subject)
{
	slice audiences[] = { audience, cli->config.home_audience };

	*ret_subject = slice_str("");
	for (size_t i = 0; i < 2 && ret_subject->len == 0; i++) {
		struct claims claims;
		slice token;

		TRY(cache_read(cli, audiences[i], CACHED_ACCESS, &token));
		if (token.len > 0 && !FAILED(claims_read(cli->arena, token, &claims)))
			*ret_subject = claims.subject;
	}
	return OK;
}

static bool is_live(struct cli *cli, slice token, struct claims *ret_claims)
{
	return token.len > 0 && !FAILED(claims_read(cli->arena, token, ret_claims)) &&
	       ret_claims->expires_s - cli_now_s(cli) > SIGNIN_LEFT_S;
}

/* A person's session goes on while it is the same person's; with no access token left, the session says who it is. */
static FALLIBLE has_session(struct cli *cli, slice subject, bool *ret_has)
{
	struct refresh_claims session = { 0 };
	slice token;

	TRY(refresh_find(cli, &token, &session));
	*ret_has = token.len > 0 && (subject.len == 0 || slice_eq(session.subject, subject));
	return OK;
}

static FALLIBLE source_of(struct cli *cli, slice audience, enum source *ret_source)
{
	bool is_home = slice_eq(audience, cli->config.home_audience), has = false;
	struct claims claims;
	slice subject, token;

	*ret_source = SOURCE_NONE;
	TRY(subject_of(cli, audience, &subject));
	TRY(has_session(cli, subject, &has));
	if (machine_is_set(cli) && (subject.len ? slice_eq(subject, CONFIG(cli, AUTH_IDENTITY)) : !has)) {
		*ret_source = SOURCE_MACHINE;
		return OK;
	}
	if (has)
		*ret_source = SOURCE_REFRESH;
	if (is_home)
		return OK;
	TRY(cache_read(cli, cli->config.home_audience, CACHED_ACCESS, &token));
	if (is_live(cli, token, &claims) && slice_eq(claims.subject, subject))
		*ret_source = SOURCE_SESSION;
	return OK;
}

bool signin_can_renew(struct cli *cli, slice audience)
{
	enum source source;

	return !FAILED(source_of(cli, audience, &source)) && source != SOURCE_NONE;
}

bool signin_is_possible(struct cli *cli, slice audience)
{
	struct claims claims;
	slice token;

	return (!FAILED(cache_read(cli, audience, CACHED_ACCESS, &token)) && is_live(cli, token, &claims)) ||
	       signin_can_renew(cli, audience);
}

FALLIBLE signin_nobody(struct cli *cli, slice audience)
{
	return FAIL(FAULT_UNAUTHENTIC, "nobody is signed in for %.*s; run `reeve auth login`", SLICE_ARG(audience));
}

/* The API's own token by the session, under the lock of its folder: what another process got meanwhile is taken as it is. */
static FALLIBLE home_token(struct cli *cli, slice *ret_token)
{
	slice home = cli->config.home_audience;
	struct claims claims;
	int lock = -1;
	status st = OK;

	TRY(cache_lock(cli, home, &lock));
	st = cache_read(cli, home, CACHED_ACCESS, ret_token);
	if (!FAILED(st) && !is_live(cli, *ret_token, &claims))
		st = refresh_use(cli, ret_token);
	file_unlock(lock);
	return st;
}

static FALLIBLE renew_from(struct cli *cli, enum source source, slice audience, slice *ret_token)
{
	struct exchange exchange = { .audience = audience, .what = "renewing the token" };

	switch (source) {
	case SOURCE_MACHINE:
		exchange.identity = CONFIG(cli, AUTH_IDENTITY);
		TRY(machine_assertion(cli, &exchange.upstream));
		break;
	case SOURCE_SESSION:
		TRY(cache_read(cli, cli->config.home_audience, CACHED_ACCESS, &exchange.upstream));
		break;
	case SOURCE_REFRESH:
		if (slice_eq(audience, cli->config.home_audience))
			return refresh_use(cli, ret_token); /* the caller holds the lock */
		TRY(home_token(cli, &exchange.upstream));
		break;
	case SOURCE_NONE:
		return signin_nobody(cli, audience);
	}
	TRY(sts_exchange(cli, &exchange, ret_token));
	return cache_write(cli, audience, CACHED_ACCESS, *ret_token);
}

/* Under the audience's lock: what another process has renewed meanwhile is taken as it is. */
static FALLIBLE renew_locked(struct cli *cli, slice audience, slice before, slice *ret_token)
{
	struct claims claims;
	enum source source;
	slice token;

	TRY(cache_read(cli, audience, CACHED_ACCESS, &token));
	if (!slice_eq(token, before) && is_live(cli, token, &claims)) {
		*ret_token = token;
		return OK;
	}
	TRY(source_of(cli, audience, &source));
	return renew_from(cli, source, audience, ret_token);
}

static FALLIBLE renew(struct cli *cli, slice audience, slice before, slice *ret_token)
{
	int lock = -1;
	status st;

	if (!signin_can_renew(cli, audience))
		return signin_nobody(cli, audience);
	TRY(cache_lock(cli, audience, &lock));
	st = renew_locked(cli, audience, before, ret_token);
	file_unlock(lock);
	return st;
}

FALLIBLE signin_token(struct cli *cli, slice audience, slice *ret_token)
{
	struct claims claims;
	slice token;

	TRY(cache_read(cli, audience, CACHED_ACCESS, &token));
	if (is_live(cli, token, &claims)) {
		*ret_token = token;
		return OK;
	}
	if (config_on(&cli->config, CONFIG_ID_DEFAULT_SKIP_AUTO_LOGIN))
		return signin_nobody(cli, audience);
	return renew(cli, audience, token, ret_token);
}

FALLIBLE signin_renew(struct cli *cli, slice audience, slice *ret_token)
{
	slice before;

	TRY(cache_read(cli, audience, CACHED_ACCESS, &before));
	return renew(cli, audience, before, ret_token);
}

/* Tokens of this machine's identity for other audiences are forgotten: they are made anew when they are asked for. */
static FALLIBLE forget_others(struct cli *cli)
{
	slice *audiences;
	size_t count;

	TRY(cache_audiences(cli, &audiences, &count));
	for (size_t i = 0; i < count; i++) {
		struct claims claims;
		slice token;

		TRY(cache_read(cli, audiences[i], CACHED_ACCESS, &token));
		if (slice_eq(audiences[i], CONFIG(cli, PLATFORM_AUDIENCE)) || FAILED(claims_read(cli->arena, token, &claims)))
			continue;
		if (slice_eq(claims.subject, CONFIG(cli, AUTH_IDENTITY)))
			TRY(cache_remove(cli, audiences[i]));
	}
	return OK;
}

FALLIBLE signin_changed(struct cli *cli)
{
	slice token;

	if (!signin_can_renew(cli, CONFIG(cli, PLATFORM_AUDIENCE))) {
		cli_warn(cli, "the present token does not hold the new rights; sign in again for them");
		return OK;
	}
	TRY(signin_renew(cli, CONFIG(cli, PLATFORM_AUDIENCE), &token));
	return machine_is_set(cli) ? forget_others(cli) : OK;
}
