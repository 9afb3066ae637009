/*
 * login: `auth login`.
 */
#include "cli/login.h"

#include <errno.h>
#include <unistd.h>

#include "cli/ambient.h"
#include "cli/cache.h"
#include "cli/claims.h"
#include "cli/interrupt.h"
#include "cli/machine.h"
#include "cli/people.h"
#include "cli/print.h"
#include "cli/signin.h"
#include "cli/value.h"
#include "cli/verbs.h"

#define REFRESH_MEMORY_MAX ((size_t)16 * 1024 * 1024) /* one round of --refresh */
#define REFRESH_RETRY_S 15                            /* after a failed renewal */
#define REFRESH_PART 5                                /* a token is renewed when this part of its life is left */
#define REFRESH_POLL_S 60                             /* --refresh-all looks for new tokens this often */

/* What proves who signs in. */
enum means { MEANS_MACHINE, MEANS_WORKLOAD, MEANS_PERSON };

bool login_is_asked(const struct cli *cli)
{
	return people_is_asked(cli) || flag_given(cli, FLAG_IDENTITY) || flag_given(cli, FLAG_IDENTITY_TOKEN);
}

/* --- one sign-in --- */

/* The workload's own token: what was given, unless the environment's is preferred and there. */
static FALLIBLE workload_token(struct cli *cli, slice *ret_token)
{
	bool prefers = verb_takes(cli->verb, FLAG_PREFER_AMBIENT) && flag_on(cli, FLAG_PREFER_AMBIENT);
	slice given = flag_text(cli, FLAG_IDENTITY_TOKEN);

	*ret_token = slice_str("");
	if (given.len == 0 || prefers)
		TRY(ambient_token(cli, ret_token));
	if (ret_token->len == 0 && given.len > 0)
		TRY(identity_token(cli, given, ret_token));
	return OK;
}

/* The machine's key, else the workload's token, else nothing: then it is a person who signs in. */
static FALLIBLE credential(struct cli *cli, struct exchange *exchange, enum means *ret_means)
{
	slice machine = machine_is_set(cli) ? CONFIG(cli, AUTH_IDENTITY) : slice_str("");
	bool is_own = exchange->identity.len == 0 || slice_eq(exchange->identity, machine);

	*ret_means = MEANS_PERSON;
	if (people_is_asked(cli))
		return OK;
	if (machine.len > 0 && is_own && !flag_given(cli, FLAG_IDENTITY_TOKEN)) {
		*ret_means = MEANS_MACHINE;
		exchange->identity = machine;
		return machine_assertion(cli, &exchange->upstream);
	}
	TRY(workload_token(cli, &exchange->upstream));
	if (exchange->upstream.len > 0)
		*ret_means = MEANS_WORKLOAD;
	return OK;
}

FALLIBLE login_all(struct cli *cli, const slice *audiences, size_t count, slice *ret_tokens)
{
	slice identity = flag_text(cli, FLAG_IDENTITY);
	struct exchange exchange = { .what = "signing in" };
	enum means means;

	for (size_t i = 0; i < count; i++) {
		exchange.audience = audiences[i];
		exchange.identity = identity;
		TRY(credential(cli, &exchange, &means));
		if (means == MEANS_PERSON)
			return people_sign_in(cli, audiences, count, identity, ret_tokens);
		TRY(sts_exchange(cli, &exchange, &ret_tokens[i]));
		TRY(cache_write(cli, audiences[i], CACHED_ACCESS, ret_tokens[i]));
	}
	return OK;
}

FALLIBLE login_for(struct cli *cli, slice audience, slice *ret_token)
{
	return login_all(cli, &audience, 1, ret_token);
}

/* An identity that is assumed has its place in its id; a person's has none. */
static bool is_workload(struct cli *cli, slice audience)
{
	struct claims claims;
	slice token;

	return !FAILED(cache_read(cli, audience, CACHED_ACCESS, &token)) && token.len > 0 &&
	       !FAILED(claims_read(cli->arena, token, &claims)) && slice_find(claims.subject, '/') < claims.subject.len;
}

static bool may_ask(struct cli *cli, slice audience)
{
	return cli->verb && !config_on(&cli->config, CONFIG_ID_DEFAULT_SKIP_AUTO_LOGIN) && !machine_is_set(cli) &&
	       isatty(fileno(cli->in)) && isatty(fileno(cli->err)) && !signin_can_renew(cli, audience) &&
	       !is_workload(cli, audience) && !is_workload(cli, cli->config.home_audience);
}

FALLIBLE login_token(struct cli *cli, slice audience, slice *ret_token)
{
	status st = signin_token(cli, audience, ret_token);

	if (st.fault != FAULT_UNAUTHENTIC || !may_ask(cli, audience))
		return st;
	report_clear(report_current());
	cli_say(cli, "Nobody is signed in for %.*s yet.", SLICE_ARG(audience));
	return people_sign_in(cli, &audience, 1, slice_str(""), ret_token);
}

/* A new token for one that ends, with nobody there to be asked. */
static FALLIBLE login_again(struct cli *cli, slice audience, slice subject, slice *ret_token)
{
	struct exchange exchange = { .what = "renewing the token", .audience = audience };
	enum means means;

	exchange.identity = flag_given(cli, FLAG_IDENTITY) ? flag_text(cli, FLAG_IDENTITY) : subject;
	if (!flag_given(cli, FLAG_IDENTITY) && !flag_given(cli, FLAG_IDENTITY_TOKEN) && signin_can_renew(cli, audience))
		return signin_renew(cli, audience, ret_token);
	TRY(credential(cli, &exchange, &means));
	if (means == MEANS_PERSON)
		return signin_nobody(cli, audience);
	TRY(sts_exchange(cli, &exchange, ret_token));
	return cache_write(cli, audience, CACHED_ACCESS, *ret_token);
}

/* --- staying signed in --- */

/* When the token of this audience is due; 0 when there is none. */
static int64_t due_s(struct cli *cli, slice audience, slice *ret_subject)
{
	struct claims claims;
	slice token;
	int64_t life_s;

	if (FAILED(cache_read(cli, audience, CACHED_ACCESS, &token)) || token.len == 0 ||
	    FAILED(claims_read(cli->arena, token, &claims)))
		return 0;
	life_s = claims.expires_s - claims.issued_s;
	*ret_subject = claims.subject;
	return claims.expires_s - (life_s / REFRESH_PART > SIGNIN_LEFT_S ? life_s / REFRESH_PART : SIGNIN_LEFT_S);
}

/* Renews what is due and says when to come back. A renewal keeps the subject of the token it replaces. */
static int64_t refresh_one(struct cli *cli, slice audience)
{
	int64_t now_s = cli_now_s(cli), due;
	slice subject = slice_str(""), token;

	due = due_s(cli, audience, &subject);
	if (due == 0)
		return REFRESH_POLL_S; /* logged out meanwhile: nothing to renew */
	if (due > now_s)
		return due - now_s;
	if (FAILED(login_again(cli, audience, subject, &token))) {
		cli_warn(cli, "%s; trying again in %d s", report_current()->text, REFRESH_RETRY_S);
		report_clear(report_current());
		return REFRESH_RETRY_S;
	}
	cli_say(cli, "Renewed the token for %.*s.", SLICE_ARG(audience));
	due = due_s(cli, audience, &subject) - now_s;
	return due > 1 ? due : 1;
}

/* One round in memory of its own: the program may live for months. */
static FALLIBLE refresh_round(struct cli *cli, const slice *audiences, size_t count, int64_t *ret_wait_s)
{
	struct arena *keep = cli->arena;
	slice *found;
	status st = OK;

	cli->arena = arena_new(REFRESH_MEMORY_MAX);
	if (!cli->arena) {
		cli->arena = keep;
		return FAIL(FAULT_EXHAUSTED, "no memory to renew tokens in");
	}
	*ret_wait_s = flag_on(cli, FLAG_REFRESH_ALL) ? REFRESH_POLL_S : INT32_MAX;
	if (flag_on(cli, FLAG_REFRESH_ALL)) {
		st = cache_audiences(cli, &found, &count);
		audiences = found;
	}
	for (size_t i = 0; !FAILED(st) && i < count; i++) {
		int64_t wait_s = refresh_one(cli, audiences[i]);

		*ret_wait_s = wait_s < *ret_wait_s ? wait_s : *ret_wait_s;
	}
	arena_free(cli->arena);
	cli->arena = keep;
	return st;
}

static FALLIBLE refresh(struct cli *cli, const slice *audiences, size_t count)
{
	interrupt_watch();
	while (!interrupt_came()) {
		int64_t wait_s;

		TRY(refresh_round(cli, audiences, count, &wait_s));
		if (fflush(cli->err) != 0)
			return FAIL(FAULT_INTERNAL, "cannot write messages: %s", strerror(errno));
		(void)interrupt_sleep(wait_s * 1000); /* a signal ends it early, and the loop */
	}
	return OK;
}

/* --- the verb --- */

static FALLIBLE tell(struct cli *cli, slice token)
{
	struct claims claims;

	TRY(claims_read(cli->arena, token, &claims));
	if (cli->output == OUTPUT_NONE)
		return OK;
	if (cli->output == OUTPUT_ID) {
		fprintf(cli->out, "%.*s\n", SLICE_ARG(claims.subject));
	} else if (cli->output == OUTPUT_JSON) {
		struct pair pairs[] = { { "identity", claims.subject },
					{ "issuer", claims.issuer },
					{ "audience", claims.audience },
					{ "expires", time_text(cli->arena, claims.expires_s) } };

		print_pairs_json(cli, pairs, sizeof(pairs) / sizeof(*pairs));
	} else {
		cli_say(cli, "Signed in for %.*s.", SLICE_ARG(claims.audience));
		fprintf(cli->out, "Valid! Id: %.*s\n", SLICE_ARG(claims.subject));
	}
	return OK;
}

static FALLIBLE check_existing(struct cli *cli, const slice *audiences, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		slice subject;

		if (due_s(cli, audiences[i], &subject) == 0)
			return FAIL(FAULT_UNAUTHENTIC, "there is no token for %.*s to renew", SLICE_ARG(audiences[i]));
	}
	return OK;
}

/* Each audience once: a sign-in is good once for each. */
static FALLIBLE audiences_of(struct cli *cli, slice **ret_audiences, size_t *ret_count)
{
	size_t given, count = 0;
	const slice *list = flag_list(cli, FLAG_AUDIENCES, &given);
	slice *audiences = NEW_N(cli->arena, slice, given + 1);

	TRY_NEW(audiences);
	for (size_t i = 0; i < given; i++) {
		size_t before = 0;

		while (before < count && !slice_eq(audiences[before], list[i]))
			before++;
		if (before == count)
			audiences[count++] = list[i];
	}
	if (count == 0)
		audiences[count++] = CONFIG(cli, PLATFORM_AUDIENCE);
	*ret_audiences = audiences;
	*ret_count = count;
	return OK;
}

static FALLIBLE login_first(struct cli *cli, const slice *audiences, size_t count)
{
	slice *tokens = NEW_N(cli->arena, slice, count);

	TRY_NEW(tokens);
	TRY(login_all(cli, audiences, count, tokens));
	for (size_t i = 0; i < count; i++)
		TRY(tell(cli, tokens[i]));
	return OK;
}

status auth_login(struct cli *cli)
{
	bool is_all = flag_on(cli, FLAG_REFRESH_ALL), is_only = is_all || flag_on(cli, FLAG_REFRESH_ONLY);
	size_t count;
	slice *audiences;

	TRY(audiences_of(cli, &audiences, &count));
	if (!is_only)
		TRY(login_first(cli, audiences, count));
	if (is_only && !is_all)
		TRY(check_existing(cli, audiences, count));
	if (!is_only && !flag_on(cli, FLAG_REFRESH))
		return OK;
	(void)fflush(cli->out); /* whoever waits for the first token sees it now */
	return refresh(cli, audiences, count);
}
