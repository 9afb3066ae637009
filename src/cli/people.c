/*
 * people: signing in as a person.
 */
#include "cli/people.h"

#include <unistd.h>

#include "cli/cache.h"
#include "cli/client.h"
#include "cli/oauth.h"
#include "cli/refresh.h"
#include "cli/resolve.h"
#include "cli/signin.h"

static const enum flag_id ways[] = { FLAG_HEADLESS, FLAG_SOCIAL_LOGIN, FLAG_ORG_NAME, FLAG_IDENTITY_PROVIDER,
				     FLAG_INVITE_CODE };
#define WAYS_COUNT (sizeof(ways) / sizeof(*ways))

static bool has_flag(const struct cli *cli, enum flag_id id)
{
	return verb_takes(cli->verb, id) && flag_given(cli, id);
}

bool people_is_asked(const struct cli *cli)
{
	for (size_t i = 0; i < WAYS_COUNT; i++)
		if (has_flag(cli, ways[i]))
			return true;
	return false;
}

/* --- the way --- */

static FALLIBLE check_flags(struct cli *cli)
{
	unsigned given =
		has_flag(cli, FLAG_SOCIAL_LOGIN) + has_flag(cli, FLAG_ORG_NAME) + has_flag(cli, FLAG_IDENTITY_PROVIDER);

	if (given > 1)
		return MISUSE(cli,
			      "give one of --social-login, --org-name and --identity-provider: each says where to sign in");
	return OK;
}

static slice given(const struct cli *cli, enum flag_id id)
{
	return has_flag(cli, id) ? flag_text(cli, id) : slice_str("");
}

/* A word that older files have in default.identity-provider. */
static bool is_social(slice text)
{
	static const char *const words[] = { "email", "google", "google-oauth2", "github", "gitlab" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (slice_is(text, words[i]))
			return true;
	return false;
}

/* The flag that is given; the configuration counts only when none is. */
static FALLIBLE way_of(struct cli *cli, slice identity, struct way *ret_way)
{
	slice social = given(cli, FLAG_SOCIAL_LOGIN), organization = given(cli, FLAG_ORG_NAME),
	      provider = given(cli, FLAG_IDENTITY_PROVIDER);

	TRY(check_flags(cli));
	if (social.len + organization.len + provider.len == 0) {
		provider = CONFIG(cli, DEFAULT_IDENTITY_PROVIDER);
		organization = provider.len ? slice_str("") : CONFIG(cli, DEFAULT_ORG_NAME);
		social = provider.len || organization.len ? slice_str("") : CONFIG(cli, DEFAULT_SOCIAL_LOGIN);
		if (is_social(provider)) {
			social = provider;
			provider = slice_str("");
		}
	}
	*ret_way = (struct way){ .connection = slice_is(social, "google-oauth2") ? SLICE("google") : social,
				 .provider = provider.len ? provider : organization,
				 .invite = given(cli, FLAG_INVITE_CODE),
				 .wants_refresh =
					 identity.len == 0 && config_on(&cli->config, CONFIG_ID_DEFAULT_USE_REFRESH_TOKEN) };
	return OK;
}

/* On another device: by a code, or by an address alone where that is configured or a provider has to be named. */
static FALLIBLE sign_in_elsewhere(struct cli *cli, const struct way *way, struct proof *ret_proof)
{
	if (way->provider.len > 0 || slice_is(CONFIG(cli, AUTH_DEVICE_FLOW), "chainguard"))
		return headless_sign_in(cli, way, ret_proof);
	return device_sign_in(cli, way, ret_proof);
}

static FALLIBLE sign_in(struct cli *cli, const struct way *way, struct proof *ret_proof)
{
	bool is_headless =
		has_flag(cli, FLAG_HEADLESS) ? flag_on(cli, FLAG_HEADLESS) : slice_is(CONFIG(cli, AUTH_MODE), "headless");
	bool is_open = false;

	if (is_headless)
		return sign_in_elsewhere(cli, way, ret_proof);
	TRY(browser_sign_in(cli, way, ret_proof, &is_open));
	if (is_open)
		return OK;
	if (!isatty(fileno(cli->err)))
		return FAIL(
			FAULT_UNAUTHENTIC,
			"nothing to sign in with: a workload gives --identity and --identity-token, an operator's machine runs "
			"`reeve setup`; a person needs a browser here, or --headless for one elsewhere");
	cli_say(cli, "No browser can be opened here.");
	return sign_in_elsewhere(cli, way, ret_proof);
}

/* --- registration --- */

static FALLIBLE register_person(struct cli *cli, const struct proof *proof, slice invite)
{
	struct sending sending = { .verb = "POST",
				   .bearer = proof->login_token,
				   .what = invite.len ? "accepting the invite" : "registering",
				   .content_type = SLICE("application/json") };
	char *url = arena_printf(cli->arena, "%.*s/auth/v1/register", SLICE_ARG(CONFIG(cli, PLATFORM_ISSUER)));
	const struct json *answer;
	struct json_writer writer;
	struct buffer body;
	slice text;

	TRY_NEW(url);
	sending.url = slice_str(url);
	buffer_init(&body, cli->arena, CLI_FILE_BYTES_MAX);
	json_writer_init(&writer, &body);
	json_open_object(&writer);
	if (invite.len > 0)
		json_pair_text(&writer, "code", invite);
	json_close_object(&writer);
	if (buffer_failed(&body))
		return FAIL(FAULT_INVALID, "the invite's code is too long");
	sending.body = buffer_slice(&body);
	TRY(client_send(cli, &sending, &text));
	if (FAILED(json_parse_object(cli->arena, text, NULL, &answer)))
		return FAIL(FAULT_INTERNAL, "%s: the server's answer is no JSON object", sending.what);
	if (is_uid(json_at(answer, "group")))
		cli_say(cli, "Joined %.*s.", SLICE_ARG(json_at(answer, "group")));
	return OK;
}

/* Without an invite: an account of one's own that may do nothing yet. */
static FALLIBLE offer_registration(struct cli *cli)
{
	char answer[16] = "";
	slice word;

	if (!isatty(fileno(cli->in)) || !isatty(fileno(cli->err)))
		return FAIL(FAULT_ABSENT,
			    "you have no account here yet: sign in with the --invite-code you were given, or on a "
			    "terminal, where an account can be made");
	fprintf(cli->err, "You have no account here yet. Make one? [Y,n]: ");
	(void)fflush(cli->err);
	if (!fgets(answer, sizeof(answer), cli->in))
		return FAIL(FAULT_CANCELLED, "no account was made");
	word = slice_trim(slice_str(answer));
	if (word.len > 0 && !slice_eq_nocase(word, SLICE("y")) && !slice_eq_nocase(word, SLICE("yes")))
		return FAIL(FAULT_CANCELLED, "no account was made");
	return OK;
}

/* --- tokens --- */

static FALLIBLE exchange(struct cli *cli, const struct proof *proof, slice audience, slice identity, slice *ret_token)
{
	struct exchange exchange = {
		.upstream = proof->login_token, .audience = audience, .identity = identity, .what = "signing in"
	};

	return sts_exchange(cli, &exchange, ret_token);
}

/* The first exchange tells whether there is an account. Whom an organization's provider admits gets one unasked. */
static FALLIBLE first_token(struct cli *cli, const struct way *way, const struct proof *proof, slice audience, slice identity,
			    slice *ret_token)
{
	status st = exchange(cli, proof, audience, identity, ret_token);

	if (st.fault != FAULT_ABSENT || identity.len > 0)
		return st;
	report_clear(report_current());
	if (way->provider.len == 0)
		TRY(offer_registration(cli));
	TRY(register_person(cli, proof, slice_str("")));
	return exchange(cli, proof, audience, identity, ret_token);
}

static FALLIBLE finish(struct cli *cli, const struct way *way, const struct proof *proof, const slice *audiences, size_t count,
		       slice identity, slice *ret_tokens)
{
	if (way->invite.len > 0) /* accepted on the page already, or not: doing it twice does no harm */
		TRY(register_person(cli, proof, way->invite));
	for (size_t i = 0; i < count; i++) {
		if (i == 0)
			TRY(first_token(cli, way, proof, audiences[i], identity, &ret_tokens[i]));
		else
			TRY(exchange(cli, proof, audiences[i], identity, &ret_tokens[i]));
	}
	/* The session last of what can fail on the server, first of what is kept. */
	if (proof->refresh_token.len > 0)
		TRY(refresh_keep(cli, proof->refresh_token));
	for (size_t i = 0; i < count; i++)
		TRY(cache_write(cli, audiences[i], CACHED_ACCESS, ret_tokens[i]));
	return OK;
}

FALLIBLE people_sign_in(struct cli *cli, const slice *audiences, size_t count, slice identity, slice *ret_tokens)
{
	struct proof proof = { 0 };
	struct way way = { 0 };
	status st;

	TRY(way_of(cli, identity, &way));
	TRY(sign_in(cli, &way, &proof));
	st = finish(cli, &way, &proof, audiences, count, identity, ret_tokens);
	listener_end(proof.listener, !FAILED(st));
	return st;
}
