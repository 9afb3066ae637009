/*
 * resolve: names that people type become ids.
 */
#include "cli/resolve.h"

#include "cli/choose.h"
#include "cli/client.h"
#include "model/uid.h"

#define CANDIDATES_SHOWN 4

bool is_uid(slice text)
{
	struct uid uid;

	return uid_parse(text, &uid);
}

bool uid_text_covers(slice above, slice uid)
{
	return slice_eq(above, uid) || (slice_starts(uid, above) && uid.len > above.len && uid.at[above.len] == '/');
}

slice uid_text_parent(slice uid)
{
	size_t len = uid.len;

	while (len > 0 && uid.at[len - 1] != '/')
		len--;
	return slice_to(uid, len > 0 ? len - 1 : 0);
}

/* What one looks for. */
struct wanted {
	const char *noun; /* "organization", for messages */
	slice name;
	bool is_place; /* the verified one of several organizations is meant */
};

static bool is_verified(const struct json *row)
{
	bool truth = false;

	return json_bool(json_member(row, "verified"), &truth) && truth;
}

/* The verified one, if there is only one and every row is an organization; else NULL. */
static const struct json *verified_one(const struct json *const *rows, size_t count)
{
	const struct json *found = NULL;

	for (size_t i = 0; i < count; i++) {
		if (uid_text_parent(json_at(rows[i], "uid")).len > 0 || (found && is_verified(rows[i])))
			return NULL;
		if (is_verified(rows[i]))
			found = rows[i];
	}
	return found;
}

/* "a name fits two": names the ids, so that one can be given. */
static FALLIBLE ambiguous(struct cli *cli, const struct wanted *wanted, const struct json *const *rows, size_t count)
{
	struct buffer ids;

	buffer_init(&ids, cli->arena, REPORT_TEXT_BYTES);
	for (size_t i = 0; i < count && i < CANDIDATES_SHOWN; i++)
		buffer_printf(&ids, "%s%.*s%s", i ? ", " : "", SLICE_ARG(json_at(rows[i], "uid")),
			      is_verified(rows[i]) ? " (verified)" : "");
	if (count > CANDIDATES_SHOWN)
		buffer_text(&ids, ", ...");
	return FAIL(FAULT_STATE, "%zu have the %s name \"%.*s\"; give the id of one: %.*s", count, wanted->noun,
		    SLICE_ARG(wanted->name), SLICE_ARG(buffer_slice(&ids)));
}

static FALLIBLE pick(struct cli *cli, const struct wanted *wanted, const struct json *const *rows, size_t count, slice *ret_uid)
{
	const struct json *chosen = NULL;

	if (count == 0)
		return FAIL(FAULT_ABSENT, "no %s is named \"%.*s\" where you may look", wanted->noun, SLICE_ARG(wanted->name));
	if (count > 1 && wanted->is_place)
		chosen = verified_one(rows, count);
	else if (count == 1)
		chosen = rows[0];
	if (!chosen)
		return ambiguous(cli, wanted, rows, count);
	*ret_uid = arena_copy(cli->arena, json_at(chosen, "uid"));
	TRY_NEW(ret_uid->at);
	return OK;
}

/* --- groups --- */

static const char *const group_nouns[] = {
	[GROUP_ANY] = "organization or folder", [GROUP_ORGANIZATION] = "organization", [GROUP_FOLDER] = "folder"
};

static bool is_of_kind(slice uid, enum group_kind kind)
{
	bool is_root = slice_find(uid, '/') == uid.len;

	return kind == GROUP_ANY || is_root == (kind == GROUP_ORGANIZATION);
}

/* Those of that name under a group (empty: anywhere); only children, with is_child. */
static FALLIBLE groups_named(struct cli *cli, slice name, slice under, enum group_kind kind, const struct json ***ret_rows,
			     size_t *ret_count)
{
	const struct json **rows = NULL;
	size_t count = 0, kept = 0;
	struct ask ask;

	TRY(ask_begin(cli, &ask, METHOD_GROUPS_LIST_GROUPS, "looking for the %s \"%.*s\"", group_nouns[kind], SLICE_ARG(name)));
	ask_text(&ask, "name", name);
	if (under.len > 0)
		ask_text(&ask, "uidp.children_of", under);
	else if (kind == GROUP_ORGANIZATION)
		ask_text(&ask, "uidp.in_root", SLICE("true"));
	TRY(call_list(cli, &ask, "groups", &rows, &count));
	for (size_t i = 0; i < count; i++)
		if (is_of_kind(json_at(rows[i], "uid"), under.len > 0 ? GROUP_ANY : kind))
			rows[kept++] = rows[i];
	*ret_rows = rows;
	*ret_count = kept;
	return OK;
}

/* organization/folder/folder: each part among the children of the one before; the first may be an id. */
static FALLIBLE resolve_path(struct cli *cli, slice text, slice *ret_uid)
{
	slice rest, part, uid = { 0 };

	(void)slice_cut(text, '/', &part, &rest); /* the caller saw a slash */
	TRY(resolve_place(cli, part, GROUP_ORGANIZATION, &uid));
	for (bool more = true; more;) {
		const struct json **rows = NULL;
		struct wanted wanted = { .noun = "folder" };
		size_t count = 0;

		more = slice_cut(rest, '/', &part, &rest);
		if (part.len == 0)
			continue;
		wanted.name = part;
		TRY(groups_named(cli, part, uid, GROUP_FOLDER, &rows, &count));
		TRY(pick(cli, &wanted, rows, count, &uid));
	}
	*ret_uid = uid;
	return OK;
}

static FALLIBLE find_group(struct cli *cli, slice text, enum group_kind kind, bool is_place, slice *ret_uid)
{
	struct wanted wanted = { .noun = group_nouns[kind], .name = text, .is_place = is_place };
	const struct json **rows;
	size_t count;

	if (text.len == 0)
		return MISUSE(cli, "an empty text names no %s", wanted.noun);
	if (is_uid(text)) {
		if (!is_of_kind(text, kind))
			return FAIL(FAULT_INVALID, "%.*s is no %s", SLICE_ARG(text), wanted.noun);
		*ret_uid = text;
		return OK;
	}
	if (slice_find(text, '/') < text.len && kind != GROUP_ORGANIZATION)
		return resolve_path(cli, text, ret_uid);
	TRY(groups_named(cli, text, slice_str(""), kind, &rows, &count));
	return pick(cli, &wanted, rows, count, ret_uid);
}

FALLIBLE resolve_group(struct cli *cli, slice text, enum group_kind kind, slice *ret_uid)
{
	return find_group(cli, text, kind, false, ret_uid);
}

FALLIBLE resolve_place(struct cli *cli, slice text, enum group_kind kind, slice *ret_uid)
{
	return find_group(cli, text, kind, true, ret_uid);
}

FALLIBLE resolve_namesake(struct cli *cli, slice name, slice *ret_uid)
{
	const struct json **rows;
	size_t count;

	TRY(groups_named(cli, name, slice_str(""), GROUP_ORGANIZATION, &rows, &count));
	*ret_uid = count > 0 ? json_at(rows[0], "uid") : slice_str("");
	return OK;
}

FALLIBLE resolve_group_argument(struct cli *cli, size_t i, enum group_kind kind, slice *ret_uid)
{
	if (i < cli->args_count)
		return resolve_group(cli, cli_arg(cli, i), kind, ret_uid);
	if (choose_is_possible(cli))
		return choose_group(cli, kind, ret_uid);
	return MISUSE(cli, "an argument is missing: the %s, by name or id", group_nouns[kind]);
}

FALLIBLE resolve_parent_if_any(struct cli *cli, slice *ret_uid)
{
	slice text = flag_text(cli, FLAG_PARENT);

	if (text.len == 0)
		text = CONFIG(cli, DEFAULT_GROUP);
	*ret_uid = slice_str("");
	return text.len > 0 ? resolve_place(cli, text, GROUP_ANY, ret_uid) : OK;
}

FALLIBLE resolve_parent(struct cli *cli, slice *ret_uid)
{
	TRY(resolve_parent_if_any(cli, ret_uid));
	if (ret_uid->len == 0 && choose_is_possible(cli))
		return choose_group(cli, GROUP_ANY, ret_uid);
	if (ret_uid->len == 0)
		return MISUSE(cli, "--parent is missing: the organization or folder it is for (or set default.group)");
	return OK;
}

/* --- the others --- */

FALLIBLE resolve_identity(struct cli *cli, slice text, slice *ret_uid)
{
	struct wanted wanted = { .noun = "identity", .name = text };
	const struct json **rows;
	struct ask ask;
	size_t count;

	if (text.len == 0 && choose_is_possible(cli))
		return choose_identity(cli, ret_uid);
	if (text.len == 0)
		return MISUSE(cli, "the identity is missing, by name or id");
	if (is_uid(text)) {
		*ret_uid = text;
		return OK;
	}
	TRY(ask_begin(cli, &ask, METHOD_IDENTITIES_LIST_IDENTITIES, "looking for the identity \"%.*s\"", SLICE_ARG(text)));
	ask_text(&ask, "name", text);
	TRY(call_list(cli, &ask, "identities", &rows, &count));
	return pick(cli, &wanted, rows, count, ret_uid);
}

FALLIBLE resolve_role(struct cli *cli, slice text, slice at, slice *ret_uid)
{
	struct wanted wanted = { .noun = "role", .name = text };
	const struct json **rows;
	size_t count, kept = 0;
	struct ask ask;

	if (text.len == 0 && choose_is_possible(cli))
		return choose_role(cli, at, ret_uid);
	if (text.len == 0)
		return MISUSE(cli, "--role is missing: a role's name or id");
	if (is_uid(text)) {
		*ret_uid = text;
		return OK;
	}
	TRY(ask_begin(cli, &ask, METHOD_ROLES_LIST_ROLES, "looking for the role \"%.*s\"", SLICE_ARG(text)));
	ask_text(&ask, "name", text);
	TRY(call_list(cli, &ask, "roles", &rows, &count));
	for (size_t i = 0; i < count; i++) {
		slice parent = uid_text_parent(json_at(rows[i], "uid"));

		if (parent.len == 0 || at.len == 0 || uid_text_covers(parent, at))
			rows[kept++] = rows[i];
	}
	return pick(cli, &wanted, rows, kept, ret_uid);
}

FALLIBLE resolve_repo(struct cli *cli, slice text, slice at, bool may_be_missing, slice *ret_uid)
{
	struct wanted wanted = { .noun = "repository", .name = text };
	const struct json **rows;
	struct ask ask;
	size_t count;

	if (is_uid(text)) {
		*ret_uid = text;
		return OK;
	}
	TRY(ask_begin(cli, &ask, METHOD_REPOS_LIST_REPOS, "looking for the repository \"%.*s\"", SLICE_ARG(text)));
	ask_text(&ask, "name", text);
	if (at.len > 0)
		ask_text(&ask, "uidp.descendants_of", at);
	TRY(call_list(cli, &ask, "repos", &rows, &count));
	if (count == 0 && may_be_missing) {
		*ret_uid = slice_str("");
		return OK;
	}
	return pick(cli, &wanted, rows, count, ret_uid);
}
