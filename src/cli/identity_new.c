/*
 * identity_new: `iam identities create` in all its ways, and `update`.
 *
 * Every way ends in the same request: name, description, parent, one relationship, then the bindings of --role.
 */
#include <ctype.h>

#include "base/yaml.h"
#include "cli/files.h"
#include "cli/nouns.h"
#include "cli/resolve.h"
#include "cli/value.h"
#include "cli/verbs.h"

#define GITHUB_ISSUER "https://token.actions.githubusercontent.com"
#define GITLAB_ISSUER "https://gitlab.com"

/* --- the way all end --- */

static FALLIBLE name_of(struct cli *cli, slice *ret_name)
{
	slice name = cli->args_count > 0 ? cli_arg(cli, 0) : flag_text(cli, FLAG_NAME);

	if (cli->args_count > 0 && flag_given(cli, FLAG_NAME) && !slice_eq(cli_arg(cli, 0), flag_text(cli, FLAG_NAME)))
		return MISUSE(cli, "the name is given twice");
	if (name.len == 0)
		return MISUSE(cli, "an argument is missing: the identity's name");
	*ret_name = name;
	return OK;
}

static FALLIBLE begin(struct cli *cli, struct ask *ask, slice *ret_parent)
{
	slice name;

	TRY(name_of(cli, &name));
	TRY(resolve_parent(cli, ret_parent));
	TRY(ask_begin(cli, ask, METHOD_IDENTITIES_CREATE_IDENTITY, "creating identity %.*s", SLICE_ARG(name)));
	ask_text(ask, "parent", *ret_parent);
	ask_text(ask, "identity.name", name);
	if (flag_given(cli, FLAG_DESCRIPTION))
		ask_text(ask, "identity.description", flag_text(cli, FLAG_DESCRIPTION));
	return OK;
}

/* Roles are looked up before the identity is made: a misspelt one then changes nothing. */
static FALLIBLE finish(struct cli *cli, const struct ask *ask, slice parent)
{
	const struct json *row;
	size_t roles_count;
	slice *roles;

	TRY(roles_of_flag(cli, parent, &roles, &roles_count));
	TRY(call(cli, ask, &row));
	TRY(identity_bind(cli, json_at(row, "uid"), parent, roles, roles_count));
	TRY(identities_add_roles(cli, &row, 1));
	return print_rows(cli, &identity_show, &row, 1, false);
}

/* --- claim match and static keys, by flags --- */

/* {"claim": "pattern"} of all --claim-pattern claim:pattern */
static FALLIBLE claim_patterns(struct cli *cli, slice *ret_json)
{
	size_t count;
	const slice *texts = flag_list(cli, FLAG_CLAIM_PATTERN, &count);
	struct json_writer writer;
	struct buffer out;

	buffer_init(&out, cli->arena, CLI_FILE_BYTES_MAX);
	json_writer_init(&writer, &out);
	json_open_object(&writer);
	for (size_t i = 0; i < count; i++) {
		slice claim, pattern;

		if (!slice_cut(texts[i], ':', &claim, &pattern) || claim.len == 0 || pattern.len == 0)
			return MISUSE(cli, "--claim-pattern is CLAIM:PATTERN, not \"%.*s\"", SLICE_ARG(texts[i]));
		json_put_name(&writer, claim);
		json_put_text(&writer, pattern);
	}
	json_close_object(&writer);
	if (buffer_failed(&out))
		return FAIL(FAULT_INVALID, "--claim-pattern: too much");
	*ret_json = buffer_slice(&out);
	return OK;
}

struct pair_flags {
	enum flag_id exact, pattern;
	const char *exact_path, *pattern_path;
};

static const struct pair_flags match_pairs[] = {
	{ FLAG_IDENTITY_ISSUER, FLAG_IDENTITY_ISSUER_PATTERN, "identity.claim_match.issuer",
	  "identity.claim_match.issuer_pattern" },
	{ FLAG_SUBJECT, FLAG_SUBJECT_PATTERN, "identity.claim_match.subject", "identity.claim_match.subject_pattern" },
	{ FLAG_AUDIENCE_MATCH, FLAG_AUDIENCE_PATTERN, "identity.claim_match.audience",
	  "identity.claim_match.audience_pattern" },
};

static FALLIBLE put_claim_match(struct cli *cli, struct ask *ask)
{
	slice patterns;

	for (size_t i = 0; i < sizeof(match_pairs) / sizeof(*match_pairs); i++) {
		const struct pair_flags *pair = &match_pairs[i];

		if (flag_given(cli, pair->exact) && flag_given(cli, pair->pattern))
			return MISUSE(cli, "give --%s or --%s, not both", flags[pair->exact].name, flags[pair->pattern].name);
		if (flag_given(cli, pair->exact))
			ask_text(ask, pair->exact_path, flag_text(cli, pair->exact));
		if (flag_given(cli, pair->pattern))
			ask_text(ask, pair->pattern_path, flag_text(cli, pair->pattern));
	}
	if (!flag_given(cli, FLAG_CLAIM_PATTERN))
		return OK;
	TRY(claim_patterns(cli, &patterns));
	ask_json(ask, "identity.claim_match.claim_patterns", patterns);
	return OK;
}

/* A path of a file, or the keys themselves. */
static FALLIBLE issuer_keys(struct cli *cli, slice *ret_keys)
{
	slice given = slice_trim(flag_text(cli, FLAG_ISSUER_KEYS)), text;

	*ret_keys = given;
	if (given.len == 0 || given.at[0] == '{' || !file_exists(flag_text(cli, FLAG_ISSUER_KEYS).at))
		return OK;
	TRY(file_read(cli->arena, flag_text(cli, FLAG_ISSUER_KEYS).at, &text));
	*ret_keys = slice_trim(text);
	return OK;
}

static FALLIBLE put_static(struct cli *cli, struct ask *ask)
{
	slice keys;

	if (flag_given(cli, FLAG_IDENTITY_ISSUER_PATTERN) || flag_given(cli, FLAG_SUBJECT_PATTERN) ||
	    flag_given(cli, FLAG_AUDIENCE_PATTERN) || flag_given(cli, FLAG_CLAIM_PATTERN))
		return MISUSE(cli, "--issuer-keys go with an exact --identity-issuer and --subject, not with patterns");
	TRY(issuer_keys(cli, &keys));
	if (flag_given(cli, FLAG_IDENTITY_ISSUER))
		ask_text(ask, "identity.static_keys.issuer", flag_text(cli, FLAG_IDENTITY_ISSUER));
	if (flag_given(cli, FLAG_SUBJECT))
		ask_text(ask, "identity.static_keys.subject", flag_text(cli, FLAG_SUBJECT));
	if (flag_given(cli, FLAG_ISSUER_KEYS))
		ask_text(ask, "identity.static_keys.issuer_keys", keys);
	if (flag_given(cli, FLAG_EXPIRATION))
		ask_text(ask, "identity.static_keys.expiration_time", time_text(cli->arena, flag_number(cli, FLAG_EXPIRATION)));
	if (flag_given(cli, FLAG_AUDIENCE_MATCH)) {
		slice audience = flag_text(cli, FLAG_AUDIENCE_MATCH);

		TRY(ask_texts(cli, ask, "identity.static_keys.audiences", &audience, 1));
	}
	return OK;
}

/* --- a definition in a file --- */

/* Members of the first version's JSON and of people's YAML, under the second version's names. */
static slice member_name(slice name)
{
	static const char *const renamed[][2] = { { "static", "static_keys" },
						  { "claimMatch", "claim_match" },
						  { "staticKeys", "static_keys" },
						  { "awsIdentity", "aws_identity" },
						  { "servicePrincipal", "service_principal" } };

	for (size_t i = 0; i < sizeof(renamed) / sizeof(*renamed); i++)
		if (slice_is(name, renamed[i][0]))
			return slice_str(renamed[i][1]);
	return name;
}

static slice nested_name(slice name)
{
	return slice_is(name, "expiration") ? SLICE("expirationTime") : name;
}

/* Who it belongs to and how it is called may also come by flag; those win. */
static bool is_outer(slice name)
{
	return slice_is(name, "name") || slice_is(name, "description") || slice_is(name, "parent") ||
	       slice_is(name, "parent_id");
}

static FALLIBLE put_object(struct cli *cli, struct ask *ask, const struct json *object)
{
	JSON_EACH (member, object) {
		struct json_writer writer;
		struct buffer out;
		char *path;

		if (is_outer(member->name))
			continue;
		buffer_init(&out, cli->arena, CLI_FILE_BYTES_MAX);
		json_writer_init(&writer, &out);
		if (member->kind == JSON_OBJECT) {
			json_open_object(&writer);
			JSON_EACH (inner, member) {
				json_put_name(&writer, nested_name(inner->name));
				json_put_tree(&writer, inner);
			}
			json_close_object(&writer);
		} else {
			json_put_tree(&writer, member);
		}
		path = arena_printf(cli->arena, "identity.%.*s", SLICE_ARG(member_name(member->name)));
		TRY_NEW(path);
		if (buffer_failed(&out) || ask->count >= ASK_FIELDS_MAX / 2 || strchr(path + strlen("identity."), '.'))
			return FAIL(FAULT_INVALID, "the definition is too large or has a member with a dot");
		ask_json(ask, path, buffer_slice(&out));
	}
	return OK;
}

/* Flat settings as a tree: "claim_match.claim_patterns.sub" is three deep and no deeper, whatever dots a claim's name has. */
static FALLIBLE yaml_object(struct cli *cli, slice text, const struct json **ret_object)
{
	struct yaml_setting *settings;
	size_t count, open = 0;
	slice before[3] = { { NULL, 0 } };
	struct json_writer writer;
	struct buffer out;

	TRY(yaml_read(cli->arena, text, &settings, &count));
	buffer_init(&out, cli->arena, CLI_FILE_BYTES_MAX);
	json_writer_init(&writer, &out);
	json_open_object(&writer);
	for (size_t i = 0; i < count; i++) {
		slice parts[3], rest = settings[i].key;
		size_t n = 0, same = 0;

		while (n < 2 && slice_find(rest, '.') < rest.len)
			(void)slice_cut(rest, '.', &parts[n++], &rest); /* there is a dot */
		parts[n++] = rest;
		while (same < open && same + 1 < n && slice_eq(before[same], parts[same]))
			same++;
		for (; open > same; open--)
			json_close_object(&writer);
		for (; open + 1 < n; open++) {
			json_put_name(&writer, parts[open]);
			json_open_object(&writer);
			before[open] = parts[open];
		}
		if (settings[i].is_item && (i == 0 || !slice_eq(settings[i - 1].key, settings[i].key))) {
			json_put_name(&writer, parts[n - 1]);
			json_open_array(&writer);
		} else if (!settings[i].is_item) {
			json_put_name(&writer, parts[n - 1]);
		}
		json_put_text(&writer, settings[i].value);
		if (settings[i].is_item && (i + 1 == count || !slice_eq(settings[i + 1].key, settings[i].key)))
			json_close_array(&writer);
	}
	for (open++; open > 0; open--)
		json_close_object(&writer);
	if (buffer_failed(&out))
		return FAIL(FAULT_INVALID, "the definition is too large");
	return json_parse_object(cli->arena, buffer_slice(&out), NULL, ret_object);
}

static FALLIBLE read_definition(struct cli *cli, const struct json **ret_object)
{
	slice path = flag_text(cli, FLAG_FILENAME), text;
	status st;

	TRY(file_read(cli->arena, slice_is(path, "-") ? "/dev/stdin" : path.at, &text));
	if (!text.at)
		return FAIL(FAULT_INVALID, "there is no file %.*s", SLICE_ARG(path));
	text = slice_trim(text);
	st = text.len > 0 && text.at[0] == '{' ? json_parse_object(cli->arena, text, NULL, ret_object)
					       : yaml_object(cli, text, ret_object);
	if (FAILED(st)) {
		char why[REPORT_TEXT_BYTES / 2];

		(void)snprintf(why, sizeof(why), "%.200s", report_current()->text); /* cut to fit */
		return FAIL(FAULT_INVALID, "%.*s: %s", SLICE_ARG(path), why);
	}
	return OK;
}

static FALLIBLE create_from_file(struct cli *cli)
{
	const struct json *object;
	slice name, parent = slice_str("");
	struct ask ask;

	TRY(read_definition(cli, &object));
	name = cli->args_count > 0          ? cli_arg(cli, 0)
	       : flag_given(cli, FLAG_NAME) ? flag_text(cli, FLAG_NAME)
					    : json_at(object, "name");
	if (!flag_given(cli, FLAG_PARENT))
		parent = json_at(object, "parent").len ? json_at(object, "parent") : json_at(object, "parent_id");
	if (parent.len > 0)
		TRY(resolve_place(cli, parent, GROUP_ANY, &parent));
	else
		TRY(resolve_parent(cli, &parent));
	TRY(ask_begin(cli, &ask, METHOD_IDENTITIES_CREATE_IDENTITY, "creating identity %.*s", SLICE_ARG(name)));
	ask_text(&ask, "parent", parent);
	ask_text(&ask, "identity.name", name);
	ask_text(&ask, "identity.description",
		 flag_given(cli, FLAG_DESCRIPTION) ? flag_text(cli, FLAG_DESCRIPTION) : json_at(object, "description"));
	TRY(put_object(cli, &ask, object));
	return finish(cli, &ask, parent);
}

/* --- create --- */

/* "CATALOG_SYNCER" or "catalog-syncer" */
static FALLIBLE put_service(struct cli *cli, struct ask *ask)
{
	char *name = arena_printf(cli->arena, "SERVICE_PRINCIPAL_%.*s", SLICE_ARG(flag_text(cli, FLAG_SERVICE_PRINCIPAL)));

	TRY_NEW(name);
	for (char *c = name; *c; c++)
		*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
	ask_text(ask, "identity.service_principal", slice_str(name));
	return OK;
}

static bool has_match_flags(struct cli *cli)
{
	for (size_t i = 0; i < sizeof(match_pairs) / sizeof(*match_pairs); i++)
		if (flag_given(cli, match_pairs[i].exact) || flag_given(cli, match_pairs[i].pattern))
			return true;
	return flag_given(cli, FLAG_CLAIM_PATTERN);
}

status identities_create(struct cli *cli)
{
	bool has_service = flag_given(cli, FLAG_SERVICE_PRINCIPAL), has_keys = flag_given(cli, FLAG_ISSUER_KEYS);
	bool has_match = has_match_flags(cli) || has_keys, has_file = flag_given(cli, FLAG_FILENAME);
	struct ask ask;
	slice parent;

	if (has_service + has_match + has_file != 1)
		return MISUSE(cli, "say one way who may assume it: --filename, --identity-issuer with --subject (or patterns), "
				   "or --service-principal");
	if (has_file)
		return create_from_file(cli);
	if (has_match && !flag_given(cli, FLAG_IDENTITY_ISSUER) && !flag_given(cli, FLAG_IDENTITY_ISSUER_PATTERN))
		return MISUSE(cli, "--identity-issuer or --identity-issuer-pattern is missing");
	if (has_match && !flag_given(cli, FLAG_SUBJECT) && !flag_given(cli, FLAG_SUBJECT_PATTERN))
		return MISUSE(cli, "--subject or --subject-pattern is missing");
	if (flag_given(cli, FLAG_EXPIRATION) && !has_keys)
		return MISUSE(cli, "--expiration goes with --issuer-keys");
	TRY(begin(cli, &ask, &parent));
	if (has_service)
		TRY(put_service(cli, &ask));
	else if (has_keys)
		TRY(put_static(cli, &ask));
	else
		TRY(put_claim_match(cli, &ask));
	return finish(cli, &ask, parent);
}

/* --- CI systems and AWS --- */

/* A dot alone makes no pattern: names are full of them. */
static bool is_pattern(slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (strchr("*+?()[]{}|^$\\", text.at[i]))
			return true;
	return false;
}

/* As it is when it is a pattern, else with what a pattern would take as more than itself escaped. */
static void put_pattern(struct buffer *out, slice text)
{
	bool is_one = is_pattern(text);

	for (size_t i = 0; i < text.len; i++) {
		if (!is_one && text.at[i] == '.')
			buffer_byte(out, '\\');
		buffer_byte(out, text.at[i]);
	}
}

static FALLIBLE put_subject(struct cli *cli, struct ask *ask, const struct buffer *subject, bool as_pattern)
{
	if (buffer_failed(subject))
		return FAIL(FAULT_INVALID, "the subject is too long");
	ask_text(ask, as_pattern ? "identity.claim_match.subject_pattern" : "identity.claim_match.subject",
		 buffer_slice(subject));
	return OK;
}

/* repo:<repo>:ref:<ref> */
status identities_create_github(struct cli *cli)
{
	slice repo = flag_text(cli, FLAG_GITHUB_REPO), ref = flag_text(cli, FLAG_GITHUB_REF), parent;
	bool as_pattern = ref.len == 0 || is_pattern(repo) || is_pattern(ref);
	struct buffer subject;
	struct ask ask;

	if (repo.len == 0)
		return MISUSE(cli, "--github-repo is missing: OWNER/REPO");
	TRY(begin(cli, &ask, &parent));
	buffer_init(&subject, cli->arena, CLI_FILE_BYTES_MAX);
	if (as_pattern) {
		buffer_text(&subject, "repo:");
		put_pattern(&subject, repo);
		buffer_text(&subject, ref.len ? ":ref:" : ":.*");
		put_pattern(&subject, ref);
	} else {
		buffer_printf(&subject, "repo:%.*s:ref:%.*s", SLICE_ARG(repo), SLICE_ARG(ref));
	}
	ask_text(&ask, "identity.claim_match.issuer", SLICE(GITHUB_ISSUER));
	TRY(put_subject(cli, &ask, &subject, as_pattern));
	if (flag_given(cli, FLAG_GITHUB_AUDIENCE))
		ask_text(&ask, "identity.claim_match.audience", flag_text(cli, FLAG_GITHUB_AUDIENCE));
	return finish(cli, &ask, parent);
}

/* A star stands for any project, not for a pattern's repetition. */
static void put_starred(struct buffer *out, slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '*')
			buffer_text(out, "[^:]+");
		else if (strchr(".+?()[]{}|^$\\", text.at[i]))
			buffer_printf(out, "\\%c", text.at[i]);
		else
			buffer_byte(out, text.at[i]);
	}
}

/* project_path:<group>/<project>:ref_type:<type>:ref:<ref> */
status identities_create_gitlab(struct cli *cli)
{
	slice path = flag_text(cli, FLAG_PROJECT_PATH), type = flag_text(cli, FLAG_REF_TYPE), ref = flag_text(cli, FLAG_REF),
	      parent;
	bool any_ref = ref.len == 0 || slice_is(ref, "*");
	bool as_pattern = any_ref || type.len == 0 || slice_find(path, '*') < path.len || slice_find(ref, '*') < ref.len;
	struct buffer subject;
	struct ask ask;

	if (path.len == 0)
		return MISUSE(cli, "--project-path is missing: GROUP/PROJECT");
	TRY(begin(cli, &ask, &parent));
	buffer_init(&subject, cli->arena, CLI_FILE_BYTES_MAX);
	if (as_pattern) {
		buffer_text(&subject, "project_path:");
		put_starred(&subject, path);
		buffer_printf(&subject, ":ref_type:%.*s:ref:", SLICE_ARG(type.len ? type : SLICE("(branch|tag)")));
		if (any_ref)
			buffer_text(&subject, ".*");
		else
			put_starred(&subject, ref);
	} else {
		buffer_printf(&subject, "project_path:%.*s:ref_type:%.*s:ref:%.*s", SLICE_ARG(path), SLICE_ARG(type),
			      SLICE_ARG(ref));
	}
	ask_text(&ask, "identity.claim_match.issuer", SLICE(GITLAB_ISSUER));
	TRY(put_subject(cli, &ask, &subject, as_pattern));
	return finish(cli, &ask, parent);
}

static FALLIBLE begin_aws(struct cli *cli, struct ask *ask, slice *ret_parent)
{
	slice account = flag_text(cli, FLAG_AWS_ACCOUNT);

	if (account.len != 12)
		return MISUSE(cli, "--aws-account-id is the account's 12 digits");
	TRY(begin(cli, ask, ret_parent));
	ask_text(ask, "identity.aws_identity.aws_account", account);
	return OK;
}

/* A session of the role: arn:aws:sts::<account>:assumed-role/<role>/<session>, user id <role id>:<session>. */
status identities_create_aws_role(struct cli *cli)
{
	slice name = flag_text(cli, FLAG_AWS_ROLE_NAME), id = flag_text(cli, FLAG_AWS_ROLE_ID), parent;
	struct buffer arn, user;
	struct ask ask;

	if (name.len == 0)
		return MISUSE(cli, "--aws-role-name is missing");
	TRY(begin_aws(cli, &ask, &parent));
	buffer_init(&arn, cli->arena, CLI_FILE_BYTES_MAX);
	buffer_init(&user, cli->arena, CLI_FILE_BYTES_MAX);
	buffer_printf(&arn, "arn:%.*s:sts::%.*s:assumed-role/", SLICE_ARG(flag_text(cli, FLAG_AWS_PARTITION)),
		      SLICE_ARG(flag_text(cli, FLAG_AWS_ACCOUNT)));
	put_starred(&arn, name);
	buffer_text(&arn, "/[^/]+");
	buffer_printf(&user, "%.*s:[^:]+", SLICE_ARG(id.len ? id : SLICE("AROA[A-Z0-9]+")));
	if (buffer_failed(&arn) || buffer_failed(&user))
		return FAIL(FAULT_INVALID, "the role's name is too long");
	ask_text(&ask, "identity.aws_identity.arn_pattern", buffer_slice(&arn));
	ask_text(&ask, "identity.aws_identity.user_id_pattern", buffer_slice(&user));
	return finish(cli, &ask, parent);
}

status identities_create_aws_user(struct cli *cli)
{
	slice name = flag_text(cli, FLAG_AWS_USER_NAME), id = flag_text(cli, FLAG_AWS_USER_ID), parent;
	struct ask ask;
	char *arn;

	if (name.len == 0)
		return MISUSE(cli, "--aws-user-name is missing");
	TRY(begin_aws(cli, &ask, &parent));
	arn = arena_printf(cli->arena, "arn:%.*s:iam::%.*s:user/%.*s", SLICE_ARG(flag_text(cli, FLAG_AWS_PARTITION)),
			   SLICE_ARG(flag_text(cli, FLAG_AWS_ACCOUNT)), SLICE_ARG(name));
	TRY_NEW(arn);
	ask_text(&ask, "identity.aws_identity.arn", slice_str(arn));
	ask_text(&ask, id.len ? "identity.aws_identity.user_id" : "identity.aws_identity.user_id_pattern",
		 id.len ? id : SLICE("AIDA[A-Z0-9]+"));
	return finish(cli, &ask, parent);
}

/* --- update --- */

/* Which relationship the flags speak of: keys and expiry are static ones'; the others belong to what the identity is. */
static FALLIBLE put_change(struct cli *cli, struct ask *ask, slice uid)
{
	const struct json *row;
	struct ask get;

	if (!has_match_flags(cli) && !flag_given(cli, FLAG_ISSUER_KEYS) && !flag_given(cli, FLAG_EXPIRATION))
		return OK;
	TRY(ask_begin(cli, &get, METHOD_IDENTITIES_GET_IDENTITY, "reading identity %.*s", SLICE_ARG(uid)));
	ask_text(&get, "uid", uid);
	TRY(call(cli, &get, &row));
	return json_is(json_find(row, "staticKeys"), JSON_OBJECT) ? put_static(cli, ask) : put_claim_match(cli, ask);
}

/* A text and its pattern exclude each other: setting one clears the other, so both are named. */
static FALLIBLE mask_of(struct cli *cli, struct ask *ask)
{
	struct buffer mask;

	buffer_init(&mask, cli->arena, CLI_FILE_BYTES_MAX);
	for (size_t i = 0; i < ask->count; i++) {
		const char *path = ask->fields[i].path + strlen("identity.");

		if (strcmp(path, "uid") == 0)
			continue;
		buffer_printf(&mask, "%s%s", mask.len ? "," : "", path);
		for (size_t k = 0; k < sizeof(match_pairs) / sizeof(*match_pairs); k++) {
			if (strcmp(ask->fields[i].path, match_pairs[k].exact_path) == 0)
				buffer_printf(&mask, ",%s", match_pairs[k].pattern_path + strlen("identity."));
			else if (strcmp(ask->fields[i].path, match_pairs[k].pattern_path) == 0)
				buffer_printf(&mask, ",%s", match_pairs[k].exact_path + strlen("identity."));
		}
	}
	if (buffer_failed(&mask))
		return FAIL(FAULT_EXHAUSTED, "no memory for the update's mask");
	ask->mask = buffer_slice(&mask).at;
	return OK;
}

status identities_update(struct cli *cli)
{
	const struct json *row;
	struct ask ask;
	slice uid;

	TRY(resolve_identity(cli, cli_arg(cli, 0), &uid));
	TRY(ask_begin(cli, &ask, METHOD_IDENTITIES_UPDATE_IDENTITY, "updating identity %.*s", SLICE_ARG(cli_arg(cli, 0))));
	ask_text(&ask, "identity.uid", uid);
	if (flag_given(cli, FLAG_NAME))
		ask_text(&ask, "identity.name", flag_text(cli, FLAG_NAME));
	if (flag_given(cli, FLAG_DESCRIPTION))
		ask_text(&ask, "identity.description", flag_text(cli, FLAG_DESCRIPTION));
	TRY(put_change(cli, &ask, uid));
	if (ask.count == 1)
		return MISUSE(cli, "nothing to change: give a flag");
	TRY(cli_confirm(cli, false, "Change the identity %.*s?", SLICE_ARG(cli_arg(cli, 0))));
	TRY(mask_of(cli, &ask));
	TRY(call(cli, &ask, &row));
	TRY(identities_add_roles(cli, &row, 1));
	return print_rows(cli, &identity_show, &row, 1, false);
}
