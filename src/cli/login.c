/*
 * login: `auth login`.
 */
#include "cli/login.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "cli/ambient.h"
#include "cli/cache.h"
#include "cli/claims.h"
#include "cli/machine.h"
#include "cli/print.h"
#include "cli/signin.h"
#include "cli/value.h"
#include "cli/verbs.h"

#define REFRESH_MEMORY_MAX ((size_t)16 * 1024 * 1024) /* one round of --refresh */
#define REFRESH_RETRY_S 15                            /* after a failed renewal */
#define REFRESH_PART 5                                /* a token is renewed when this part of its life is left */
#define REFRESH_POLL_S 60                             /* --refresh-all looks for new tokens this often */

static const enum flag_id people_flags[] = { FLAG_HEADLESS, FLAG_SOCIAL_LOGIN, FLAG_ORG_NAME, FLAG_IDENTITY_PROVIDER };

bool login_is_asked(const struct cli *cli)
{
	for (size_t i = 0; i < sizeof(people_flags) / sizeof(*people_flags); i++)
		if (flag_given(cli, people_flags[i]))
			return true;
	return flag_given(cli, FLAG_IDENTITY) || flag_given(cli, FLAG_IDENTITY_TOKEN);
}

/* --- one sign-in --- */

static FALLIBLE refuse_people(struct cli *cli)
{
	for (size_t i = 0; i < sizeof(people_flags) / sizeof(*people_flags); i++)
		if (flag_given(cli, people_flags[i]))
			return FAIL(FAULT_UNIMPLEMENTED, "--%s: people cannot sign in here yet; workloads can, with --identity",
				    flags[people_flags[i]].name);
	return OK;
}

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

static FALLIBLE credential(struct cli *cli, struct exchange *exchange)
{
	TRY(refuse_people(cli));
	if (exchange->identity.len == 0 && !flag_given(cli, FLAG_IDENTITY_TOKEN) && machine_is_set(cli)) {
		exchange->identity = CONFIG(cli, AUTH_IDENTITY);
		return machine_assertion(cli, &exchange->upstream);
	}
	if (machine_is_set(cli) && slice_eq(exchange->identity, CONFIG(cli, AUTH_IDENTITY)) &&
	    !flag_given(cli, FLAG_IDENTITY_TOKEN))
		return machine_assertion(cli, &exchange->upstream);
	TRY(workload_token(cli, &exchange->upstream));
	if (exchange->upstream.len > 0)
		return OK;
	if (exchange->identity.len > 0)
		return FAIL(FAULT_UNAUTHENTIC,
			    "no token to prove oneself with: give --identity-token; the environment offers none");
	return FAIL(FAULT_UNAUTHENTIC,
		    "nothing to sign in with: a workload gives --identity and --identity-token, an operator's machine "
		    "runs `reeve setup`; people cannot sign in here yet");
}

FALLIBLE login_for(struct cli *cli, slice audience, slice identity, slice *ret_token)
{
	struct exchange exchange = { .audience = audience,
				     .what = "signing in",
				     .identity = identity.len ? identity : flag_text(cli, FLAG_IDENTITY) };

	TRY(credential(cli, &exchange));
	TRY(sts_exchange(cli, &exchange, ret_token));
	return cache_write(cli, audience, CACHED_ACCESS, *ret_token);
}

/* --- staying signed in --- */

static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
	is_over = 1;
}

static void watch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

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
	if (FAILED(login_for(cli, audience, flag_given(cli, FLAG_IDENTITY) ? slice_str("") : subject, &token))) {
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
	watch_signals();
	while (!is_over) {
		int64_t wait_s;

		TRY(refresh_round(cli, audiences, count, &wait_s));
		if (fflush(cli->err) != 0)
			return FAIL(FAULT_INTERNAL, "cannot write messages: %s", strerror(errno));
		for (int64_t end_us = clock_ticks_us() + wait_s * US_PER_S; !is_over && clock_ticks_us() < end_us;)
			(void)sleep((unsigned)((end_us - clock_ticks_us()) / US_PER_S + 1)); /* a signal ends it early */
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
		cli_say(cli, "Exchanged the credential for a token for %.*s.", SLICE_ARG(claims.audience));
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

status auth_login(struct cli *cli)
{
	bool is_all = flag_on(cli, FLAG_REFRESH_ALL), is_only = is_all || flag_on(cli, FLAG_REFRESH_ONLY);
	size_t count;
	const slice *audiences = flag_list(cli, FLAG_AUDIENCES, &count);
	slice own = CONFIG(cli, PLATFORM_AUDIENCE), token;

	if (flag_given(cli, FLAG_INVITE_CODE))
		return FAIL(FAULT_UNIMPLEMENTED, "--invite-code: people cannot sign in here yet");
	if (count == 0) {
		audiences = &own;
		count = 1;
	}
	for (size_t i = 0; !is_only && i < count; i++) {
		TRY(login_for(cli, audiences[i], slice_str(""), &token));
		TRY(tell(cli, token));
	}
	if (is_only && !is_all)
		TRY(check_existing(cli, audiences, count));
	if (!is_only && !flag_on(cli, FLAG_REFRESH))
		return OK;
	(void)fflush(cli->out); /* whoever waits for the first token sees it now */
	return refresh(cli, audiences, count);
}
