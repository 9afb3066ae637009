/*
 * pull_token: `auth pull-token`.
 */
#include "cli/pull_token.h"

#include <ctype.h>

#include "base/encode.h"
#include "cli/docker.h"
#include "cli/machine.h"
#include "cli/nouns.h"
#include "cli/resolve.h"
#include "cli/value.h"
#include "cli/verbs.h"

#define TTL_MAX_S (INT64_C(8760) * 3600)
#define SUBJECT_BYTES 16

/* --- make --- */

/* oci: registry.pull; apk: apk.pull; java, java_athena: libraries.java.pull */
static FALLIBLE role_of(struct cli *cli, slice repository, const char **ret_role)
{
	slice eco = repository;

	if (slice_is(repository, "oci"))
		*ret_role = "registry.pull";
	else if (slice_is(repository, "apk"))
		*ret_role = "apk.pull";
	else {
		if (slice_ends(eco, SLICE("_athena")))
			eco.len -= strlen("_athena");
		*ret_role = arena_printf(cli->arena, "libraries.%.*s.pull", SLICE_ARG(eco));
	}
	TRY_NEW(*ret_role);
	return OK;
}

static FALLIBLE new_subject(struct cli *cli, slice *ret_subject)
{
	unsigned char bytes[SUBJECT_BYTES];
	struct buffer text;

	TRY(random_fill(cli->random, bytes, sizeof(bytes)));
	buffer_init(&text, cli->arena, 128);
	buffer_text(&text, "pull-token:");
	hex_encode(&text, slice_of(bytes, sizeof(bytes)));
	if (buffer_failed(&text))
		return FAIL(FAULT_EXHAUSTED, "no memory for a subject");
	*ret_subject = buffer_slice(&text);
	return OK;
}

static FALLIBLE create_identity(struct cli *cli, slice parent, slice subject, slice description, slice keys, int64_t expires_s,
				slice *ret_uid)
{
	const struct json *row;
	struct ask ask;

	TRY(ask_begin(cli, &ask, METHOD_IDENTITIES_CREATE_IDENTITY, "creating the pull token's identity"));
	ask_text(&ask, "parent", parent);
	ask_text(&ask, "identity.name", flag_text(cli, FLAG_PULL_NAME));
	ask_text(&ask, "identity.description", description);
	ask_text(&ask, "identity.static_keys.issuer", SLICE(PULL_TOKEN_ISSUER));
	ask_text(&ask, "identity.static_keys.subject", subject);
	ask_text(&ask, "identity.static_keys.issuer_keys", keys);
	ask_text(&ask, "identity.static_keys.expiration_time", time_text(cli->arena, expires_s));
	TRY(call(cli, &ask, &row));
	*ret_uid = json_at(row, "uid");
	return OK;
}

/* An identity that could not be bound is of no use and taken away again. */
static FALLIBLE bind_or_delete(struct cli *cli, slice uid, slice parent, slice role)
{
	status st = identity_bind(cli, uid, parent, &role, 1);
	struct report kept;

	if (!FAILED(st))
		return OK;
	kept = *report_current();
	if (!FAILED(delete_by_uid(cli, METHOD_IDENTITIES_DELETE_IDENTITY, "identity", uid))) {
		*report_current() = kept;
		return FAIL(kept.fault, "no pull token was made; %.400s", kept.text);
	}
	*report_current() = kept;
	return st;
}

FALLIBLE pull_token_make(struct cli *cli, slice repository, slice description, struct pull_token *ret_token)
{
	struct assertion assertion = { .issuer = SLICE(PULL_TOKEN_ISSUER),
				       .audience = CONFIG(cli, PLATFORM_ISSUER_NAME),
				       .life_s = flag_number(cli, FLAG_PULL_TTL),
				       .is_bare = true };
	CLEANUP(key_unrefp) struct key *key = NULL;
	struct pull_token token = { .expires_s = cli_now_s(cli) + assertion.life_s };
	slice parent, role, keys, *hosts;
	size_t hosts_count;
	const char *name;

	if (assertion.life_s <= 0 || assertion.life_s > TTL_MAX_S)
		return MISUSE(cli, "--ttl is more than nothing and at most 8760h");
	TRY(docker_registries(cli, &hosts, &hosts_count));
	token.registry = hosts_count > 0 ? hosts[0] : slice_str("");
	TRY(resolve_parent(cli, &parent));
	TRY(role_of(cli, repository, &name));
	TRY(resolve_role(cli, slice_str(name), parent, &role));
	TRY(key_new(ALG_RS256, &key));
	TRY(key_public_json(cli, key, true, &keys));
	TRY(new_subject(cli, &assertion.subject));
	TRY(assertion_sign(cli, key, &assertion, &token.secret));
	TRY(create_identity(cli, parent, assertion.subject, description, keys, token.expires_s, &token.identity));
	TRY(bind_or_delete(cli, token.identity, parent, role));
	*ret_token = token;
	return OK;
}

/* --- show --- */

/* REEVE_IDENTITY_ID for oci and apk, REEVE_JAVA_IDENTITY_ID for the libraries of Java. */
static void show_env(struct cli *cli, const struct pull_token *token, slice repository)
{
	bool is_plain = slice_is(repository, "oci") || slice_is(repository, "apk");
	char eco[32] = "";
	size_t n = 0;

	for (size_t i = 0; !is_plain && i < repository.len && n < sizeof(eco) - 2; i++)
		eco[n++] = (char)toupper((unsigned char)repository.at[i]);
	if (n > 0)
		eco[n++] = '_';
	eco[n] = '\0';
	fprintf(cli->out, "export REEVE_%sIDENTITY_ID=%.*s\nexport REEVE_%sTOKEN=%.*s\n", eco, SLICE_ARG(token->identity), eco,
		SLICE_ARG(token->secret));
}

static void show_text(struct cli *cli, const struct pull_token *token, slice repository)
{
	cli_say(cli, "The pull token ends %.*s. It is shown this once; delete its identity to revoke it:",
		SLICE_ARG(time_text(cli->arena, token->expires_s)));
	cli_say(cli, "    reeve iam identities delete %.*s", SLICE_ARG(token->identity));
	if (slice_is(repository, "oci"))
		fprintf(cli->out, "    docker login \"%.*s\" --username \"%.*s\" --password \"%.*s\"\n",
			SLICE_ARG(token->registry.len ? token->registry : SLICE("<registry>")), SLICE_ARG(token->identity),
			SLICE_ARG(token->secret));
	else
		fprintf(cli->out, "Username: %.*s\n\nPassword: %.*s\n", SLICE_ARG(token->identity), SLICE_ARG(token->secret));
}

static FALLIBLE save_token(struct cli *cli, const struct pull_token *token)
{
	TRY(docker_keep(cli, token->registry, token->identity, token->secret));
	cli_say(cli, "Docker uses %.*s for %.*s, expires %.*s.", SLICE_ARG(token->identity), SLICE_ARG(token->registry),
		SLICE_ARG(time_text(cli->arena, token->expires_s)));
	return OK;
}

FALLIBLE pull_token_show(struct cli *cli, const struct pull_token *token, slice repository, bool save)
{
	struct pair pairs[] = { { "identity_id", token->identity },
				{ "token", token->secret },
				{ "registry", token->registry },
				{ "expires", time_text(cli->arena, token->expires_s) } };

	if (save)
		TRY(save_token(cli, token));
	if (cli->output == OUTPUT_ID)
		fprintf(cli->out, "%.*s\n", SLICE_ARG(token->identity));
	else if (cli->output == OUTPUT_JSON)
		print_pairs_json(cli, pairs, sizeof(pairs) / sizeof(*pairs));
	else if (cli->output == OUTPUT_ENV)
		show_env(cli, token, repository);
	else if (cli->output != OUTPUT_NONE && !save)
		show_text(cli, token, repository);
	return OK;
}

status pull_token_create(struct cli *cli)
{
	slice repository = flag_text(cli, FLAG_REPOSITORY), description = flag_text(cli, FLAG_PULL_DESCRIPTION);
	bool save = flag_on(cli, FLAG_SAVE);
	struct pull_token token;

	if (save && !slice_is(repository, "oci"))
		return MISUSE(cli, "--save is for --repository oci: Docker has no use for the others");
	if (save && CONFIG(cli, PLATFORM_REGISTRY).len == 0)
		return MISUSE(cli, "--save: no registry is configured; set platform.registry");
	if (description.len == 0)
		description = slice_str(arena_printf(cli->arena, "pull token for %.*s", SLICE_ARG(repository)));
	TRY(pull_token_make(cli, repository, description, &token));
	return pull_token_show(cli, &token, repository, save);
}

/* --- list --- */

static slice cell_days(struct cli *cli, const struct json *row)
{
	int64_t left_s = identity_expires_s(row) - cli_now_s(cli);
	int64_t days =
		left_s > 0 ? (left_s + 86399) / 86400 : -((86399 - left_s) / 86400); /* an hour left is 1, an hour past -1 */

	return slice_str(arena_printf(cli->arena, "%ld", (long)days));
}

static const struct column columns[] = { { "ID", "uid" },
					 { "NAME", "name" },
					 { "DESCRIPTION", "description" },
					 { "ROLES", "roles" },
					 { "EXPIRES", NULL, cell_days },
					 { NULL } };
static const struct show pull_show = { columns };

/* The role says what it pulls from. */
static FALLIBLE keep_repository(struct cli *cli, slice repository, const struct json **rows, size_t *count)
{
	size_t kept = 0;
	const char *role;
	char *wanted;

	if (repository.len == 0)
		return OK;
	TRY(role_of(cli, repository, &role));
	wanted = arena_printf(cli->arena, ": %s", role);
	TRY_NEW(wanted);
	for (size_t i = 0; i < *count; i++)
		if (strstr(json_at(rows[i], "roles").at, wanted))
			rows[kept++] = rows[i];
	*count = kept;
	return OK;
}

status pull_token_list(struct cli *cli)
{
	slice repository = flag_text(cli, FLAG_REPOSITORY_LISTED), parent;
	enum output output = cli->output;
	const struct json **rows;
	size_t count, kept = 0;
	struct ask ask;

	TRY(resolve_parent_if_any(cli, &parent));
	TRY(ask_begin(cli, &ask, METHOD_IDENTITIES_LIST_IDENTITIES, "listing pull tokens"));
	ask_text(&ask, "relationship_type", SLICE("RELATIONSHIP_TYPE_STATIC"));
	if (parent.len > 0)
		ask_text(&ask, "uidp.descendants_of", parent);
	TRY(call_list(cli, &ask, "identities", &rows, &count));
	for (size_t i = 0; i < count; i++)
		if (strcmp(identity_type(rows[i]), "pull_token") == 0 &&
		    (identity_expires_s(rows[i]) <= cli_now_s(cli)) == flag_on(cli, FLAG_EXPIRED))
			rows[kept++] = rows[i];
	if (repository.len > 0)
		cli->output = OUTPUT_TABLE; /* the roles are needed whatever is printed */
	TRY(identities_add_roles(cli, rows, kept));
	cli->output = output;
	TRY(keep_repository(cli, repository, rows, &kept));
	return print_rows(cli, &pull_show, rows, kept, true);
}
