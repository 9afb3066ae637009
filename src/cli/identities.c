/*
 * identities: `iam identities list|describe|update|delete`, and how identities are shown.
 */
#include "cli/choose.h"
#include "cli/nouns.h"
#include "cli/resolve.h"
#include "cli/value.h"
#include "cli/verbs.h"

/* --- how they are shown --- */

const char *identity_type(const struct json *identity)
{
	if (json_find(identity, "staticKeys.issuer"))
		return slice_is(json_at(identity, "staticKeys.issuer"), PULL_TOKEN_ISSUER) ? "pull_token" : "static";
	if (json_is(json_find(identity, "claimMatch"), JSON_OBJECT))
		return "claim_match";
	if (json_is(json_find(identity, "awsIdentity"), JSON_OBJECT))
		return "aws";
	if (json_find(identity, "servicePrincipal"))
		return "service_principal";
	return "user";
}

int64_t identity_expires_s(const struct json *identity)
{
	int64_t seconds;

	return date_parse(json_at(identity, "staticKeys.expirationTime"), &seconds) ? seconds : 0;
}

static slice cell_type(struct cli *cli, const struct json *row)
{
	return slice_str(identity_type(row));
}

static slice cell_issuer(struct cli *cli, const struct json *row)
{
	static const char *const paths[] = { "claimMatch.issuer", "claimMatch.issuerPattern", "staticKeys.issuer",
					     "awsIdentity.awsAccount" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (json_at(row, paths[i]).len > 0)
			return json_at(row, paths[i]);
	return slice_str("");
}

static slice cell_expires(struct cli *cli, const struct json *row)
{
	return identity_expires_s(row) ? json_at(row, "staticKeys.expirationTime") : slice_str("n/a");
}

static slice cell_subject(struct cli *cli, const struct json *row)
{
	static const char *const paths[] = { "claimMatch.subject", "claimMatch.subjectPattern", "staticKeys.subject",
					     "awsIdentity.arn", "awsIdentity.arnPattern" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (json_at(row, paths[i]).len > 0)
			return json_at(row, paths[i]);
	return slice_str("");
}

static const struct column columns[] = { { "ID", "uid" },
					 { "NAME", "name" },
					 { "TYPE", NULL, cell_type },
					 { "DESCRIPTION", "description" },
					 { "ROLES", "roles" },
					 { "ISSUER", NULL, cell_issuer },
					 { "EXPIRES", NULL, cell_expires },
					 { "SUBJECT", NULL, cell_subject, true },
					 { NULL } };
const struct show identity_show = { columns };

/* "example.com: viewer, ci: registry.push", of all bindings seen that name this identity. */
static slice roles_text(struct cli *cli, slice identity, const struct json *const *bindings, size_t count)
{
	struct buffer text;

	buffer_init(&text, cli->arena, CLI_FILE_BYTES_MAX);
	for (size_t i = 0; i < count; i++)
		if (slice_eq(json_at(bindings[i], "identity.uid"), identity))
			buffer_printf(&text, "%s%.*s: %.*s", text.len ? ", " : "",
				      SLICE_ARG(json_at(bindings[i], "group.name")),
				      SLICE_ARG(json_at(bindings[i], "role.name")));
	return buffer_slice(&text);
}

FALLIBLE identities_add_roles(struct cli *cli, const struct json **rows, size_t count)
{
	const struct json **bindings;
	size_t bindings_count;
	struct ask ask;

	if (count == 0 || cli->output == OUTPUT_JSON || cli->output == OUTPUT_ID || cli->output == OUTPUT_NONE)
		return OK;
	TRY(ask_begin(cli, &ask, METHOD_ROLE_BINDINGS_LIST_ROLE_BINDINGS, "listing role bindings"));
	if (count == 1)
		ask_text(&ask, "identity", json_at(rows[0], "uid"));
	TRY(call_list(cli, &ask, "roleBindings", &bindings, &bindings_count));
	for (size_t i = 0; i < count; i++) {
		slice text = roles_text(cli, json_at(rows[i], "uid"), bindings, bindings_count);

		rows[i] = json_with(cli, rows[i], "roles", json_new_text(cli, text));
		TRY_NEW(rows[i]);
	}
	return OK;
}

/* --- list --- */

static slice type_wanted(struct cli *cli)
{
	slice type = flag_text(cli, FLAG_TYPE);

	return type.len > 0 ? type : flag_text(cli, FLAG_RELATIONSHIP);
}

static const char *relationship_of(slice type)
{
	static const char *const rows[][2] = { { "claim_match", "RELATIONSHIP_TYPE_CLAIM_MATCH" },
					       { "static", "RELATIONSHIP_TYPE_STATIC" },
					       { "pull_token", "RELATIONSHIP_TYPE_STATIC" },
					       { "aws", "RELATIONSHIP_TYPE_AWS_IDENTITY" },
					       { "service_principal", "RELATIONSHIP_TYPE_SERVICE_PRINCIPAL" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (slice_is(type, rows[i][0]))
			return rows[i][1];
	return NULL;
}

/* Keeps those of the type (empty: any) that have expired, or have not. */
static size_t keep(struct cli *cli, const struct json **rows, size_t count, slice type, bool expired)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		int64_t expires_s = identity_expires_s(rows[i]);
		bool has_expired = expires_s && expires_s <= cli_now_s(cli);

		if (has_expired == expired && (type.len == 0 || slice_is(type, identity_type(rows[i]))))
			rows[kept++] = rows[i];
	}
	return kept;
}

status identities_list(struct cli *cli)
{
	slice type = type_wanted(cli), parent;
	const struct json **rows;
	struct ask ask;
	size_t count;

	TRY(resolve_parent_if_any(cli, &parent));
	TRY(ask_begin(cli, &ask, METHOD_IDENTITIES_LIST_IDENTITIES, "listing identities"));
	if (parent.len > 0)
		ask_text(&ask, flag_on(cli, FLAG_RECURSIVE) ? "uidp.descendants_of" : "uidp.children_of", parent);
	if (flag_text(cli, FLAG_NAME_LISTED).len > 0)
		ask_text(&ask, "name", flag_text(cli, FLAG_NAME_LISTED));
	if (relationship_of(type))
		ask_text(&ask, "relationship_type", slice_str(relationship_of(type)));
	TRY(call_list(cli, &ask, "identities", &rows, &count));
	count = keep(cli, rows, count, type, flag_on(cli, FLAG_EXPIRED));
	TRY(identities_add_roles(cli, rows, count));
	return print_rows(cli, &identity_show, rows, count, true);
}

static FALLIBLE get(struct cli *cli, slice uid, const struct json **ret_identity)
{
	struct ask ask;

	TRY(ask_begin(cli, &ask, METHOD_IDENTITIES_GET_IDENTITY, "reading identity %.*s", SLICE_ARG(uid)));
	ask_text(&ask, "uid", uid);
	return call(cli, &ask, ret_identity);
}

status identities_describe(struct cli *cli)
{
	const struct json *row;
	slice uid;

	TRY(resolve_identity(cli, cli_arg(cli, 0), &uid));
	TRY(get(cli, uid, &row));
	TRY(identities_add_roles(cli, &row, 1));
	return print_rows(cli, &identity_show, &row, 1, false);
}

/* --- delete --- */

static FALLIBLE delete_expired(struct cli *cli)
{
	const struct json **rows;
	struct ask ask;
	size_t count;
	slice parent;

	if (cli->args_count > 0)
		return MISUSE(cli, "give an identity or --expired, not both");
	TRY(resolve_parent(cli, &parent));
	TRY(ask_begin(cli, &ask, METHOD_IDENTITIES_LIST_IDENTITIES, "listing identities"));
	ask_text(&ask, "uidp.descendants_of", parent);
	ask_text(&ask, "relationship_type", SLICE("RELATIONSHIP_TYPE_STATIC"));
	TRY(call_list(cli, &ask, "identities", &rows, &count));
	count = keep(cli, rows, count, slice_str(""), true);
	if (count == 0) {
		cli_say(cli, "None has expired.");
		return OK;
	}
	TRY(cli_confirm(cli, true, "Delete %zu expired identities?", count));
	for (size_t i = 0; i < count; i++)
		TRY(delete_by_uid(cli, METHOD_IDENTITIES_DELETE_IDENTITY, "identity", json_at(rows[i], "uid")));
	return OK;
}

status identities_delete(struct cli *cli)
{
	slice uid, shown;

	if (flag_on(cli, FLAG_EXPIRED))
		return delete_expired(cli);
	if (cli->args_count == 0 && !choose_is_possible(cli))
		return MISUSE(cli, "an argument is missing: the identity, or --expired");
	TRY(resolve_identity(cli, cli_arg(cli, 0), &uid));
	TRY(name_and_id(cli, cli_arg(cli, 0), uid, &shown));
	TRY(cli_confirm(cli, true, "Delete the identity %.*s?", SLICE_ARG(shown)));
	return delete_by_uid(cli, METHOD_IDENTITIES_DELETE_IDENTITY, "identity", uid);
}
