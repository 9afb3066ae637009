/*
 * providers: `iam identity-providers`: an organization's own way to sign in.
 */
#include "cli/choose.h"
#include "cli/nouns.h"
#include "cli/resolve.h"
#include "cli/verbs.h"
#include "crypto/digest.h"

/* --- how they are shown --- */

static slice cell_scopes(struct cli *cli, const struct json *row)
{
	const struct json *list = json_find(row, "oidc.additionalScopes");
	struct buffer text;

	buffer_init(&text, cli->arena, CLI_FILE_BYTES_MAX);
	if (json_is(list, JSON_ARRAY))
		JSON_EACH (item, list)
			buffer_printf(&text, "%s%.*s", text.len ? " " : "", SLICE_ARG(item->text));
	return buffer_slice(&text);
}

static const struct column columns[] = { { "ID", "uid" },
					 { "NAME", "name" },
					 { "DESCRIPTION", "description" },
					 { "ISSUER", "oidc.issuer" },
					 { "CLIENT ID", "oidc.clientId" },
					 { "PKCE", "oidc.pkceEnabled" },
					 { "DEFAULT ROLE", "defaultRole", NULL, true },
					 { "SCOPES", NULL, cell_scopes, true },
					 { "GROUPS CLAIM", "oidc.groupsClaim", NULL, true },
					 { "CORRELATION", "oidc.correlationRule", NULL, true },
					 { NULL } };
static const struct show show = { columns };

/* --- what flags say --- */

static FALLIBLE put_correlation(struct cli *cli, struct ask *ask)
{
	slice rule = flag_text(cli, FLAG_OIDC_CORRELATION_RULE);
	bool by_oid = slice_is(rule, "oid_equals_external_id");

	if (rule.len)
		ask_text(ask, "identity_provider.oidc.correlation_rule",
			 by_oid ? SLICE("CORRELATION_RULE_OID_EQUALS_EXTERNAL_ID")
				: SLICE("CORRELATION_RULE_SUB_EQUALS_EXTERNAL_ID"));
	return OK;
}

static void put_text_flag(struct cli *cli, struct ask *ask, enum flag_id flag, const char *path)
{
	if (flag_given(cli, flag))
		ask_text(ask, path, flag_text(cli, flag));
}

/* Everything that create and update share. */
static FALLIBLE put_fields(struct cli *cli, struct ask *ask)
{
	size_t count;
	const slice *scopes = flag_list(cli, FLAG_OIDC_ADDITIONAL_SCOPES, &count);

	put_text_flag(cli, ask, FLAG_PROVIDER_NAME, "identity_provider.name");
	put_text_flag(cli, ask, FLAG_PROVIDER_DESCRIPTION, "identity_provider.description");
	put_text_flag(cli, ask, FLAG_OIDC_ISSUER, "identity_provider.oidc.issuer");
	put_text_flag(cli, ask, FLAG_OIDC_CLIENT_ID, "identity_provider.oidc.client_id");
	put_text_flag(cli, ask, FLAG_OIDC_CLIENT_SECRET, "identity_provider.oidc.client_secret");
	put_text_flag(cli, ask, FLAG_OIDC_GROUPS_CLAIM, "identity_provider.oidc.groups_claim");
	if (flag_given(cli, FLAG_OIDC_PKCE_ENABLED))
		ask_json(ask, "identity_provider.oidc.pkce_enabled",
			 flag_on(cli, FLAG_OIDC_PKCE_ENABLED) ? SLICE("true") : SLICE("false"));
	return count ? ask_texts(cli, ask, "identity_provider.oidc.additional_scopes", scopes, count) : OK;
}

/* By id, or by a name that one provider alone has. */
static FALLIBLE get(struct cli *cli, const struct json **ret_row)
{
	slice text = cli_arg(cli, 0);
	const struct json **rows;
	struct ask ask;
	size_t count;

	if (is_uid(text)) {
		TRY(ask_begin(cli, &ask, METHOD_IDENTITY_PROVIDERS_GET_IDENTITY_PROVIDER, "reading identity provider %.*s",
			      SLICE_ARG(text)));
		ask_text(&ask, "uid", text);
		return call(cli, &ask, ret_row);
	}
	TRY(ask_begin(cli, &ask, METHOD_IDENTITY_PROVIDERS_LIST_IDENTITY_PROVIDERS,
		      "looking for the identity provider \"%.*s\"", SLICE_ARG(text)));
	ask_text(&ask, "name", text);
	TRY(call_list(cli, &ask, "identityProviders", &rows, &count));
	if (count == 0)
		return FAIL(FAULT_ABSENT, "no identity provider is named \"%.*s\"", SLICE_ARG(text));
	if (count > 1)
		return FAIL(FAULT_INVALID, "several identity providers are named \"%.*s\"; give the id", SLICE_ARG(text));
	*ret_row = rows[0];
	return OK;
}

/* --- verbs --- */

/* The second is for a provider that does not name itself in its answers (docs/sign-in.md). */
static FALLIBLE say_redirects(struct cli *cli, const struct json *row)
{
	slice issuer = CONFIG(cli, PLATFORM_ISSUER);
	char way[SHA256_TEXT_BYTES];

	TRY(sha256_text(json_at(row, "oidc.issuer"), way));
	cli_say(cli, "Redirect URIs to allow at the provider:\n  %.*s/oauth/callback\n  %.*s/oauth/from/%s", SLICE_ARG(issuer),
		SLICE_ARG(issuer), way);
	return OK;
}

static FALLIBLE check_given(struct cli *cli)
{
	if (!flag_given(cli, FLAG_PROVIDER_NAME) || !flag_given(cli, FLAG_OIDC_ISSUER) || !flag_given(cli, FLAG_OIDC_CLIENT_ID))
		return MISUSE(cli, "--name, --oidc-issuer and --oidc-client-id are needed");
	if (flag_text(cli, FLAG_OIDC_CLIENT_SECRET).len == 0 && !flag_on(cli, FLAG_OIDC_PKCE_ENABLED))
		return MISUSE(cli, "give --oidc-client-secret, --oidc-pkce-enabled, or both");
	if (flag_text(cli, FLAG_DEFAULT_ROLE).len == 0 && !choose_is_possible(cli))
		return MISUSE(cli, "--default-role is missing: what people get at their first sign-in");
	return OK;
}

status providers_create(struct cli *cli)
{
	const struct json *row;
	slice parent, role;
	struct ask ask;

	TRY(check_given(cli));
	TRY(resolve_parent(cli, &parent));
	TRY(resolve_role(cli, flag_text(cli, FLAG_DEFAULT_ROLE), parent, &role));
	TRY(ask_begin(cli, &ask, METHOD_IDENTITY_PROVIDERS_CREATE_IDENTITY_PROVIDER, "creating identity provider %.*s",
		      SLICE_ARG(flag_text(cli, FLAG_PROVIDER_NAME))));
	ask_text(&ask, "parent", parent);
	ask_text(&ask, "identity_provider.default_role", role);
	TRY(put_fields(cli, &ask));
	TRY(put_correlation(cli, &ask));
	TRY(cli_confirm(cli, false, "Let everybody who signs in at %.*s into the organization?",
			SLICE_ARG(flag_text(cli, FLAG_OIDC_ISSUER))));
	TRY(call(cli, &ask, &row));
	TRY(print_rows(cli, &show, &row, 1, false));
	return say_redirects(cli, row);
}

status providers_list(struct cli *cli)
{
	const struct json **rows;
	struct ask ask;
	size_t count;
	slice parent;

	TRY(resolve_parent_if_any(cli, &parent));
	TRY(ask_begin(cli, &ask, METHOD_IDENTITY_PROVIDERS_LIST_IDENTITY_PROVIDERS, "listing identity providers"));
	if (parent.len > 0)
		ask_text(&ask, flag_on(cli, FLAG_RECURSIVE) ? "uidp.descendants_of" : "uidp.children_of", parent);
	TRY(call_list(cli, &ask, "identityProviders", &rows, &count));
	return print_rows(cli, &show, rows, count, true);
}

status providers_describe(struct cli *cli)
{
	const struct json *row;

	TRY(get(cli, &row));
	return print_rows(cli, &show, &row, 1, false);
}

status providers_update(struct cli *cli)
{
	const struct json *row;
	struct ask ask;
	slice role;

	TRY(get(cli, &row));
	TRY(ask_begin(cli, &ask, METHOD_IDENTITY_PROVIDERS_UPDATE_IDENTITY_PROVIDER, "updating identity provider %.*s",
		      SLICE_ARG(cli_arg(cli, 0))));
	ask_text(&ask, "identity_provider.uid", json_at(row, "uid"));
	TRY(put_fields(cli, &ask));
	if (flag_given(cli, FLAG_DEFAULT_ROLE)) {
		TRY(resolve_role(cli, flag_text(cli, FLAG_DEFAULT_ROLE), uid_text_parent(json_at(row, "uid")), &role));
		ask_text(&ask, "identity_provider.default_role", role);
	}
	if (ask.count == 1)
		return MISUSE(cli, "nothing to change: give a flag");
	TRY(cli_confirm(cli, false, "Change the identity provider %.*s?", SLICE_ARG(json_at(row, "name"))));
	TRY(call(cli, &ask, &row));
	return print_rows(cli, &show, &row, 1, false);
}

status providers_delete(struct cli *cli)
{
	const struct json *row;

	TRY(get(cli, &row));
	TRY(cli_confirm(cli, true, "Delete the identity provider %.*s? Sessions begun there end.",
			SLICE_ARG(json_at(row, "name"))));
	return delete_by_uid(cli, METHOD_IDENTITY_PROVIDERS_DELETE_IDENTITY_PROVIDER, "identity provider", json_at(row, "uid"));
}
