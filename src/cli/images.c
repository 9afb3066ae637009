/*
 * images: `images repos` and `images tags`: what Reeve knows of the registry's contents.
 */
#include "cli/nouns.h"
#include "cli/resolve.h"
#include "cli/value.h"
#include "cli/verbs.h"

#define TIER_PREFIX "CATALOG_TIER_"

/* --- how they are shown --- */

static slice cell_bundles(struct cli *cli, const struct json *row)
{
	const struct json *list = json_member(row, "bundles");
	struct buffer text;

	buffer_init(&text, cli->arena, CLI_FILE_BYTES_MAX);
	if (json_is(list, JSON_ARRAY))
		JSON_EACH (item, list)
			buffer_printf(&text, "%s%.*s", text.len ? "," : "", SLICE_ARG(item->text));
	return buffer_slice(&text);
}

static slice cell_tier(struct cli *cli, const struct json *row)
{
	slice tier = json_at(row, "catalogTier");

	if (tier.len == 0 || slice_is(tier, TIER_PREFIX "UNSPECIFIED"))
		return SLICE("UNKNOWN");
	return slice_starts(tier, SLICE(TIER_PREFIX)) ? slice_from(tier, strlen(TIER_PREFIX)) : tier;
}

/* The first of the configured registries. */
static slice cell_registry(struct cli *cli, const struct json *row)
{
	slice first, rest;

	(void)slice_cut(CONFIG(cli, PLATFORM_REGISTRY), ',', &first, &rest); /* one alone is the first */
	return slice_trim(first);
}

static const struct column repo_columns[] = { { "ID", "uid" },
					      { "REGISTRY", NULL, cell_registry },
					      { "REPO", "name" },
					      { "DESCRIPTION", "description" },
					      { "BUNDLES", NULL, cell_bundles, true },
					      { "TIER", NULL, cell_tier, true },
					      { NULL } };

/* [registry/group] and its repositories below; rows come sorted by id, so a group's stand together. */
static void repo_tree(struct cli *cli, const struct json *const *rows, size_t count)
{
	slice before = slice_str("");

	for (size_t i = 0; i < count; i++) {
		slice group = uid_text_parent(json_at(rows[i], "uid")), registry = cell_registry(cli, rows[i]);
		bool is_last = i + 1 == count || !slice_eq(uid_text_parent(json_at(rows[i + 1], "uid")), group);

		if (!slice_eq(group, before)) {
			fputc('[', cli->out);
			print_plain(cli->out, registry);
			fputs(registry.len ? "/" : "", cli->out);
			print_plain(cli->out, group);
			fputs("]\n", cli->out);
		}
		fputs(is_last ? "\xe2\x94\x94 [" : "\xe2\x94\x9c [", cli->out);
		print_plain(cli->out, json_at(rows[i], "name"));
		fputs("]\n", cli->out);
		before = group;
	}
}

static const struct show repo_show = { repo_columns, NULL, NULL, repo_tree };

static const struct column tag_columns[] = { { "ID", "uid" },
					     { "TAG", "name" },
					     { "DIGEST", "digest" },
					     { "UPDATED", "updateTime" },
					     { "BUNDLES", NULL, cell_bundles, true },
					     { NULL } };
static const struct show tag_show = { tag_columns };

/* --- repositories --- */

static FALLIBLE put_tier(struct cli *cli, struct ask *ask)
{
	char *tier;

	if (!flag_given(cli, FLAG_TIER))
		return OK;
	tier = arena_printf(cli->arena, TIER_PREFIX "%.*s", SLICE_ARG(flag_text(cli, FLAG_TIER)));
	TRY_NEW(tier);
	ask_text(ask, "repo.catalog_tier", slice_str(tier));
	return OK;
}

status repos_create(struct cli *cli)
{
	const struct json *row;
	struct ask ask;
	slice parent;

	TRY(resolve_parent(cli, &parent));
	TRY(ask_begin(cli, &ask, METHOD_REPOS_CREATE_REPO, "creating repository %.*s", SLICE_ARG(cli_arg(cli, 0))));
	ask_text(&ask, "parent", parent);
	ask_text(&ask, "repo.name", cli_arg(cli, 0));
	if (flag_given(cli, FLAG_REPO_DESCRIPTION))
		ask_text(&ask, "repo.description", flag_text(cli, FLAG_REPO_DESCRIPTION));
	TRY(put_tier(cli, &ask));
	if (flag_given(cli, FLAG_SOURCE))
		ask_text(&ask, "repo.sync_config.source", flag_text(cli, FLAG_SOURCE));
	TRY(call(cli, &ask, &row));
	return print_rows(cli, &repo_show, &row, 1, false);
}

static void put_place(struct cli *cli, struct ask *ask, slice parent)
{
	if (parent.len > 0)
		ask_text(ask, flag_on(cli, FLAG_BELOW) ? "uidp.descendants_of" : "uidp.children_of", parent);
}

status repos_list(struct cli *cli)
{
	const struct json **rows;
	struct ask ask;
	size_t count;
	slice parent;

	TRY(resolve_parent_if_any(cli, &parent));
	TRY(ask_begin(cli, &ask, METHOD_REPOS_LIST_REPOS, "listing repositories"));
	put_place(cli, &ask, parent);
	if (flag_text(cli, FLAG_REPO_LISTED).len > 0)
		ask_text(&ask, "name", flag_text(cli, FLAG_REPO_LISTED));
	TRY(call_list(cli, &ask, "repos", &rows, &count));
	return print_rows(cli, &repo_show, rows, count, true);
}

status repos_update(struct cli *cli)
{
	const struct json *row;
	slice parent, uid;
	struct ask ask;

	TRY(resolve_parent_if_any(cli, &parent));
	TRY(resolve_repo(cli, cli_arg(cli, 0), parent, false, &uid));
	TRY(ask_begin(cli, &ask, METHOD_REPOS_UPDATE_REPO, "updating repository %.*s", SLICE_ARG(cli_arg(cli, 0))));
	ask_text(&ask, "repo.uid", uid);
	if (flag_given(cli, FLAG_REPO_NAME))
		ask_text(&ask, "repo.name", flag_text(cli, FLAG_REPO_NAME));
	if (flag_given(cli, FLAG_REPO_DESCRIPTION))
		ask_text(&ask, "repo.description", flag_text(cli, FLAG_REPO_DESCRIPTION));
	if (flag_given(cli, FLAG_BUNDLES)) {
		size_t count;
		const slice *bundles = flag_list(cli, FLAG_BUNDLES, &count);

		TRY(ask_texts(cli, &ask, "repo.bundles", bundles, count));
	}
	TRY(put_tier(cli, &ask));
	if (flag_given(cli, FLAG_SOURCE))
		ask_text(&ask, "repo.sync_config.source", flag_text(cli, FLAG_SOURCE));
	if (flag_given(cli, FLAG_REPO_EXPIRATION))
		ask_text(&ask, "repo.sync_config.expiration_time",
			 time_text(cli->arena, flag_number(cli, FLAG_REPO_EXPIRATION)));
	if (ask.count == 1)
		return MISUSE(cli, "nothing to change: give a flag");
	TRY(call(cli, &ask, &row));
	return print_rows(cli, &repo_show, &row, 1, false);
}

status repos_delete(struct cli *cli)
{
	bool may_be_missing = flag_on(cli, FLAG_ALLOW_MISSING);
	slice parent, uid, shown;
	status st;

	TRY(resolve_parent_if_any(cli, &parent));
	TRY(resolve_repo(cli, cli_arg(cli, 0), parent, may_be_missing, &uid));
	if (uid.len == 0) {
		cli_say(cli, "There is no repository %.*s.", SLICE_ARG(cli_arg(cli, 0)));
		return OK;
	}
	TRY(name_and_id(cli, cli_arg(cli, 0), uid, &shown));
	TRY(cli_confirm(cli, true, "Delete the repository %.*s?", SLICE_ARG(shown)));
	st = delete_by_uid(cli, METHOD_REPOS_DELETE_REPO, "repository", uid);
	return st.fault == FAULT_ABSENT && may_be_missing ? OK : st;
}

/* --- tags --- */

/* Where to list: in the repository of --repo, else below the location. */
static FALLIBLE put_repo(struct cli *cli, struct ask *ask)
{
	slice parent, repo;

	TRY(resolve_parent_if_any(cli, &parent));
	if (flag_text(cli, FLAG_REPO_LISTED).len == 0) {
		if (parent.len > 0)
			ask_text(ask, "uidp.descendants_of", parent);
		return OK;
	}
	TRY(resolve_repo(cli, flag_text(cli, FLAG_REPO_LISTED), parent, false, &repo));
	ask_text(ask, "uidp.children_of", repo);
	return OK;
}

status tags_list(struct cli *cli)
{
	int64_t within_s = flag_number(cli, FLAG_UPDATED_WITHIN);
	const struct json **rows;
	struct ask ask;
	size_t count;

	TRY(ask_begin(cli, &ask, METHOD_TAGS_LIST_TAGS, "listing tags"));
	TRY(put_repo(cli, &ask));
	if (within_s > 0)
		ask_text(&ask, "updated_since", time_text(cli->arena, cli_now_s(cli) - within_s));
	if (flag_on(cli, FLAG_SHOW_DATES))
		ask_text(&ask, "include_dates", SLICE("true"));
	if (flag_on(cli, FLAG_SHOW_EPOCHS))
		ask_text(&ask, "include_epochs", SLICE("true"));
	if (flag_on(cli, FLAG_SHOW_REFERRERS))
		ask_text(&ask, "include_referrers", SLICE("true"));
	TRY(call_list(cli, &ask, "tags", &rows, &count));
	return print_rows(cli, &tag_show, rows, count, true);
}
