/*
 * session: what one has: `auth logout`, `status`, `token`, `token capabilities`, `delete-account`.
 */
#include <unistd.h>

#include "cli/cache.h"
#include "cli/claims.h"
#include "cli/client.h"
#include "cli/login.h"
#include "cli/machine.h"
#include "cli/nouns.h"
#include "cli/refresh.h"
#include "cli/resolve.h"
#include "cli/signin.h"
#include "cli/value.h"
#include "cli/verbs.h"
#include "model/caps.h"

/* --- logout --- */

status auth_logout(struct cli *cli)
{
	bool is_all = !flag_given(cli, FLAG_AUDIENCE) || slice_eq(CONFIG(cli, PLATFORM_AUDIENCE), cli->config.home_audience);

	if (is_all && !refresh_end(cli))
		cli_warn(cli, "the server could not be told: the session there goes on until it runs out");
	if (flag_given(cli, FLAG_AUDIENCE))
		TRY(cache_remove(cli, CONFIG(cli, PLATFORM_AUDIENCE)));
	else
		TRY(cache_remove_all(cli));
	cli_say(cli, "Deleted the cached tokens%s%.*s.", flag_given(cli, FLAG_AUDIENCE) ? " for " : "",
		flag_given(cli, FLAG_AUDIENCE) ? (int)CONFIG(cli, PLATFORM_AUDIENCE).len : 0,
		CONFIG(cli, PLATFORM_AUDIENCE).at);
	if (machine_is_set(cli))
		cli_say(cli, "This machine's key can still sign in; `reeve config unset auth.machine-key` ends that.");
	return OK;
}

/* --- what a token carries --- */

/* {"group": ..., "capabilities": "a, b"} of each group in the token's `cap`. */
static FALLIBLE grant_row(struct cli *cli, const struct json *grant, const struct json **ret_row)
{
	const struct json empty = { .kind = JSON_OBJECT }, *row;
	const struct cap_row *const *rows;
	struct buffer text;
	struct caps caps;
	size_t count;

	if (grant->kind != JSON_STRING || !caps_decode(grant->text, &caps))
		return FAIL(FAULT_INVALID, "the token's capabilities cannot be read");
	rows = cap_rows(&count);
	buffer_init(&text, cli->arena, CLI_FILE_BYTES_MAX);
	for (size_t i = 0; i < count; i++)
		if (caps_has(&caps, rows[i]->bit))
			buffer_printf(&text, "%s%s", text.len ? ", " : "", rows[i]->name);
	row = json_with(cli, json_with(cli, &empty, "group", json_new_text(cli, grant->name)), "capabilities",
			json_new_text(cli, buffer_slice(&text)));
	TRY_NEW(row);
	*ret_row = row;
	return OK;
}

static FALLIBLE grant_rows(struct cli *cli, const struct claims *claims, const struct json ***ret_rows, size_t *ret_count)
{
	const struct json *caps = json_member(claims->all, "cap");
	size_t n = 0;

	*ret_rows = NEW_N(cli->arena, const struct json *, (json_is(caps, JSON_OBJECT) ? caps->count : 0) + 1);
	TRY_NEW(*ret_rows);
	if (json_is(caps, JSON_OBJECT))
		JSON_EACH (grant, caps)
			TRY(grant_row(cli, grant, &(*ret_rows)[n++]));
	*ret_count = n;
	return OK;
}

static bool claims_operator(const struct claims *claims)
{
	bool is_operator = false;

	return json_bool(json_member(claims->all, "operator"), &is_operator) && is_operator;
}

static const struct column grant_columns[] = { { "LOCATION", "group" }, { "CAPABILITIES", "capabilities" }, { NULL } };
static const struct show grant_show = { grant_columns, "group" };

status auth_token_capabilities(struct cli *cli)
{
	const struct json **rows;
	struct claims claims;
	size_t count;
	slice token;

	TRY(signin_token(cli, CONFIG(cli, PLATFORM_AUDIENCE), &token));
	TRY(claims_read(cli->arena, token, &claims));
	TRY(grant_rows(cli, &claims, &rows, &count));
	if (claims_operator(&claims))
		cli_say(cli, "The token also claims an operator's standing; the server knows what that allows.");
	return print_rows(cli, &grant_show, rows, count, true);
}

/* --- token --- */

/* Location names as ids, for --scope. */
static FALLIBLE scopes_of(struct cli *cli, slice **ret_scopes, size_t *ret_count)
{
	const slice *names = flag_list(cli, FLAG_SCOPE_NARROW, ret_count);

	*ret_scopes = NEW_N(cli->arena, slice, *ret_count + 1);
	TRY_NEW(*ret_scopes);
	for (size_t i = 0; i < *ret_count; i++)
		TRY(resolve_place(cli, names[i], GROUP_ANY, &(*ret_scopes)[i]));
	return OK;
}

static FALLIBLE narrowed(struct cli *cli, slice token, slice *ret_token)
{
	struct exchange exchange = { .upstream = token,
				     .audience = CONFIG(cli, PLATFORM_AUDIENCE),
				     .what = "narrowing the token" };
	slice *scopes;

	exchange.capabilities = flag_list(cli, FLAG_CAPABILITIES_NARROW, &exchange.capabilities_count);
	TRY(scopes_of(cli, &scopes, &exchange.scopes_count));
	exchange.scopes = scopes;
	return sts_exchange(cli, &exchange, ret_token);
}

/* Clients use it verbatim in a header: no line end but on a terminal. */
status auth_token(struct cli *cli)
{
	slice token;

	TRY(login_token(cli, CONFIG(cli, PLATFORM_AUDIENCE), &token));
	if (flag_given(cli, FLAG_CAPABILITIES_NARROW) || flag_given(cli, FLAG_SCOPE_NARROW))
		TRY(narrowed(cli, token, &token));
	fprintf(cli->out, "%.*s%s", SLICE_ARG(token), isatty(fileno(cli->out)) ? "\n" : "");
	return OK;
}

/* --- status --- */

/* "owner" where the server knows the set as a role; the names themselves otherwise. */
static slice granted(const struct json *whoami, slice group, slice names)
{
	const struct json *grants = json_member(whoami, "capabilities");

	if (json_is(grants, JSON_ARRAY))
		JSON_EACH (grant, grants)
			if (slice_eq(json_at(grant, "group.id"), group) && json_at(grant, "role.name").len > 0)
				return json_at(grant, "role.name");
	return names;
}

/* An operator's token carries a claim instead of capabilities. */
static FALLIBLE show_grants(struct cli *cli, const struct claims *claims, const struct json *whoami)
{
	const struct json **rows;
	size_t count;

	TRY(grant_rows(cli, claims, &rows, &count));
	fputs("Capabilities:\n", cli->out);
	if (claims_operator(claims))
		fputs("    everywhere: operator (claimed by the token; the server decides at each call)\n", cli->out);
	else if (count == 0)
		fputs("    none (no role is bound to this identity, or the token was narrowed)\n", cli->out);
	for (size_t i = 0; i < count; i++)
		fprintf(cli->out, "    %.*s: %.*s\n", SLICE_ARG(json_at(rows[i], "group")),
			SLICE_ARG(granted(whoami, json_at(rows[i], "group"), json_at(rows[i], "capabilities"))));
	return OK;
}

static FALLIBLE show_status(struct cli *cli, const struct claims *claims, bool is_checked, const struct json *whoami)
{
	int64_t left_s = claims->expires_s - cli_now_s(cli);
	char left[DURATION_TEXT_BYTES];

	duration_format(left_s > 0 ? left_s : 0, left);
	struct pair pairs[] = { { "Valid", left_s <= 0  ? SLICE("no, it has ended")
					   : is_checked ? SLICE("yes")
							: SLICE("not asked") },
				{ "Identity", claims->subject },
				{ "Issuer", claims->issuer },
				{ "Audience", claims->audience },
				{ "Expires", time_text(cli->arena, claims->expires_s) },
				{ "Left", slice_str(left) },
				{ "Email", json_at(whoami, "email") } };
	if (cli->output == OUTPUT_TERSE) {
		fprintf(cli->out, "%.*s\n", SLICE_ARG(claims->subject));
		return OK;
	}
	print_pairs(cli, pairs, sizeof(pairs) / sizeof(*pairs) - (json_at(whoami, "email").len == 0));
	return show_grants(cli, claims, whoami);
}

/* The whole answer of the server; locally, the same members from the token. */
static FALLIBLE show_status_json(struct cli *cli, const struct claims *claims, const struct json *whoami)
{
	const struct json empty = { .kind = JSON_OBJECT };
	const struct json **rows, *all;
	size_t count;

	if (whoami) {
		print_json(cli->out, whoami);
		return OK;
	}
	TRY(grant_rows(cli, claims, &rows, &count));
	all = json_with(cli, &empty, "issuer", json_new_text(cli, claims->issuer));
	all = json_with(cli, all, "subject", json_new_text(cli, claims->subject));
	all = json_with(cli, all, "audience", json_new_text(cli, claims->audience));
	all = json_with(cli, all, "expiry", json_new_text(cli, time_text(cli->arena, claims->expires_s)));
	all = json_with(cli, all, "capabilities", json_new_array(cli, rows, count));
	TRY_NEW(all);
	print_json(cli->out, all);
	return OK;
}

/* The server is asked with the very token that is shown. */
static FALLIBLE validate(struct cli *cli, const struct json **ret_whoami)
{
	struct ask ask;

	TRY(ask_begin(cli, &ask, METHOD_V1_AUTH_VALIDATE, "validating the token"));
	return call(cli, &ask, ret_whoami);
}

status auth_status(struct cli *cli)
{
	const struct json *whoami = NULL;
	bool is_quick = flag_on(cli, FLAG_QUICK);
	struct claims claims;
	slice audience = CONFIG(cli, PLATFORM_AUDIENCE), token;

	if (login_is_asked(cli))
		TRY(login_for(cli, audience, &token));
	else if (is_quick)
		TRY(cache_read(cli, audience, CACHED_ACCESS, &token));
	else
		TRY(signin_token(cli, audience, &token));
	if (token.len == 0)
		return signin_nobody(cli, audience);
	if (!is_quick)
		TRY(validate(cli, &whoami));
	if (!is_quick)
		TRY(cache_read(cli, audience, CACHED_ACCESS, &token)); /* may have been renewed by the call */
	TRY(claims_read(cli->arena, token, &claims));
	if (cli->output == OUTPUT_JSON)
		TRY(show_status_json(cli, &claims, whoami));
	else
		TRY(show_status(cli, &claims, !is_quick, whoami));
	if (claims.expires_s <= cli_now_s(cli))
		return FAIL(FAULT_UNAUTHENTIC, "the token has ended; run `reeve auth login`");
	return OK;
}

/* --- delete-account --- */

status auth_delete_account(struct cli *cli)
{
	const struct json *empty;
	struct claims claims;
	struct ask ask;
	slice token;

	TRY(signin_token(cli, CONFIG(cli, PLATFORM_AUDIENCE), &token));
	TRY(claims_read(cli->arena, token, &claims));
	TRY(cli_confirm(cli, true, "Erase your account %.*s for good?", SLICE_ARG(claims.subject)));
	TRY(ask_begin(cli, &ask, METHOD_V1_AUTH_DELETE, "deleting your account"));
	ask_text(&ask, "id", claims.subject);
	TRY(call(cli, &ask, &empty));
	cli_say(cli, "Your account is gone.");
	return cache_remove_all(cli);
}
