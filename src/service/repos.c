#include "service/repos.h"

#include "model/rules.h"
#include "service/freed.h"

#define README_BYTES_MAX ((size_t)256 * 1024)
#define TIER_MAX 6

static const struct page_field repo_fields[] = {
	{ "uid", -1, false },
	{ "name", REPOS_NAME, false },
	{ "create_time", REPOS_CREATED_US, true },
	{ "update_time", REPOS_UPDATED_US, true },
};
const struct list_noun repo_noun = { .table = &table_repos,
				     .parent_column = REPOS_PARENT,
				     .fields = repo_fields,
				     .field_count = sizeof(repo_fields) / sizeof(*repo_fields),
				     .by_default = { &repo_fields[0], false } };

static const struct page_field tag_fields[] = {
	{ "uid", -1, false },
	{ "name", TAGS_NAME, false },
	{ "update_time", TAGS_UPDATED_US, true },
};
const struct list_noun tag_noun = { .table = &table_tags,
				    .parent_column = TAGS_PARENT,
				    .fields = tag_fields,
				    .field_count = sizeof(tag_fields) / sizeof(*tag_fields),
				    .by_default = { &tag_fields[0], false } };

static FALLIBLE check_repo(const struct repo *row)
{
	TRY(rule_path_component(row->name, "repo.name"));
	TRY(rule_line(row->description, "repo.description"));
	TRY(rule_text(row->readme, README_BYTES_MAX, true, "repo.readme"));
	if (row->tier < 0 || row->tier > TIER_MAX)
		return FAIL_FIELD("repo.catalog_tier", "must be a known tier");
	return OK;
}

FALLIBLE repo_at(struct call *call, const struct uid *uid, struct repo *ret_repo)
{
	struct repo key = { .uid = *uid };
	bool found;

	TRY(row_find(call->tx, &table_repos, &key, ret_repo, &found));
	return found ? OK : call_absent(call, "repository", uid, CAP_REPO_LIST_BIT);
}

static FALLIBLE find_named(struct call *call, const struct uid *parent, struct repo *row, bool *ret_found)
{
	struct query query;
	struct rows rows;

	query_init(&query);
	query_eq_uid(&query, REPOS_PARENT, parent);
	query_eq_text(&query, REPOS_NAME, row->name);
	TRY(row_list(call->tx, &table_repos, &query, &rows));
	*ret_found = rows.count > 0;
	if (rows.count)
		*row = *(const struct repo *)rows.at;
	return OK;
}

FALLIBLE repo_create(struct call *call, const struct uid *parent, struct repo *row, bool gives_existing)
{
	struct group group;
	bool found = false;

	TRY(check_repo(row));
	TRY(group_at(call, parent, CAP_IAM_GROUPS_LIST_BIT, &group));
	if (gives_existing)
		TRY(find_named(call, parent, row, &found));
	if (found)
		return OK;
	TRY(limit_check(call, parent, &table_repos, "repositories", call->settings->limit_repositories));
	row->parent = *parent;
	row->created_us = row->updated_us = call->now_us;
	TRY(call_new_child(call, parent, &row->uid));
	TRY(freed_repo_takes(call, row));
	TRY(row_insert(call->tx, &table_repos, row));
	call_touched(call, &row->uid, parent);
	return OK;
}

FALLIBLE repo_update(struct call *call, struct repo *row)
{
	struct repo before;

	TRY(check_repo(row));
	TRY(repo_at(call, &row->uid, &before));
	if (!slice_eq(before.name, row->name)) {
		TRY(freed_repo_leaves(call, &before));
		TRY(freed_repo_takes(call, row));
	}
	row->updated_us = call->now_us;
	TRY(row_update(call->tx, &table_repos, row));
	call_touched(call, &row->uid, &row->parent);
	return OK;
}

FALLIBLE repo_delete(struct call *call, const struct uid *uid)
{
	struct query query;
	struct repo repo;
	int64_t count;
	bool deleted;

	TRY(repo_at(call, uid, &repo));
	query_init(&query);
	query_eq_uid(&query, TAGS_PARENT, uid);
	TRY(row_delete_all(call->tx, &table_tags, &query, &count));
	TRY(freed_repo_leaves(call, &repo));
	TRY(row_delete(call->tx, &table_repos, &repo, &deleted));
	call_touched(call, uid, &repo.parent);
	return OK;
}

/* ---- tags ---- */

static bool all_digits(slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
	return s.len > 0;
}

/* What a name says: sha256-<hex>.sig and its like, <tag>-<date of eight digits>, <version>-r<number> (spec cli.md 3.13). */
static enum tag_kind kind_of(slice name)
{
	size_t cut = name.len;

	if (slice_starts(name, SLICE("sha256-")))
		return TAG_REFERRER;
	while (cut && name.at[cut - 1] != '-')
		cut--;
	if (cut == 0)
		return TAG_PLAIN;
	slice tail = slice_from(name, cut);
	if (tail.len == 8 && all_digits(tail))
		return TAG_DATE;
	if (tail.len > 1 && tail.at[0] == 'r' && all_digits(slice_from(tail, 1)))
		return TAG_EPOCH;
	return TAG_PLAIN;
}

void tag_leave_out(struct query *query, enum tag_kind kind)
{
	query_number(query, WHERE_NOT, TAGS_KIND, kind);
}

FALLIBLE tag_at(struct call *call, const struct uid *uid, struct tag *ret_tag)
{
	struct tag key = { .uid = *uid };
	bool found;

	TRY(row_find(call->tx, &table_tags, &key, ret_tag, &found));
	return found ? OK : call_absent(call, "tag", uid, CAP_TAG_LIST_BIT);
}

static FALLIBLE check_tag(struct tag *row)
{
	TRY(rule_tag(row->name, "tag.name"));
	TRY(rule_digest(row->digest, "tag.digest"));
	row->kind = kind_of(row->name);
	return OK;
}

FALLIBLE tag_create(struct call *call, const struct uid *repo, struct tag *row)
{
	struct repo parent;

	TRY(check_tag(row));
	TRY(repo_at(call, repo, &parent));
	row->parent = *repo;
	row->created_us = row->updated_us = call->now_us;
	TRY(call_new_child(call, repo, &row->uid));
	TRY(row_insert(call->tx, &table_tags, row));
	call_touched(call, &row->uid, repo);
	return OK;
}

FALLIBLE tag_update(struct call *call, struct tag *row)
{
	TRY(check_tag(row));
	row->updated_us = call->now_us;
	TRY(row_update(call->tx, &table_tags, row));
	call_touched(call, &row->uid, &row->parent);
	return OK;
}

FALLIBLE tag_delete(struct call *call, const struct uid *uid)
{
	struct tag tag;
	bool deleted;

	TRY(tag_at(call, uid, &tag));
	TRY(row_delete(call->tx, &table_tags, &tag, &deleted));
	call_touched(call, uid, &tag.parent);
	return OK;
}
