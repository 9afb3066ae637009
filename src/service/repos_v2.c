/*
 * repos_v2: ReposService and TagsService, over the functions of repos.h.
 */
#include "handlers.gen.h"
#include "registry/v2/repos.pb-c.h"
#include "registry/v2/tags.pb-c.h"
#include "service/repos.h"

typedef Chainguard__Platform__Registry__V2__Repo repo_v2;
typedef Chainguard__Platform__Registry__V2__Tag tag_v2;

/* A message kept as its wire bytes. */
static FALLIBLE pack(struct call *call, const ProtobufCMessage *message, slice *ret_wire)
{
	struct buffer out;

	*ret_wire = SLICE("");
	if (!message)
		return OK;
	buffer_init(&out, call->arena, 1 << 20);
	message_encode(message, &out);
	if (buffer_failed(&out))
		return FAIL(FAULT_EXHAUSTED, "the settings are too large");
	*ret_wire = buffer_slice(&out);
	return OK;
}

static FALLIBLE unpack(struct call *call, slice wire, const ProtobufCMessageDescriptor *descriptor, void **ret_message)
{
	ProtobufCMessage *message;

	*ret_message = NULL;
	if (wire.len == 0)
		return OK;
	TRY(message_decode(call->arena, message_type_of(descriptor), wire, &message));
	*ret_message = message;
	return OK;
}

static FALLIBLE fill(struct call *call, const struct repo *row, repo_v2 *out)
{
	TRY(put_uid(call, &row->uid, &out->uid));
	TRY(put_text(call, row->name, &out->name));
	TRY(put_text(call, row->description, &out->description));
	out->catalog_tier = (Chainguard__Platform__Registry__V2__CatalogTier)row->tier;
	TRY(put_list(call, row->bundles, &out->n_bundles, &out->bundles));
	TRY(put_list(call, row->aliases, &out->n_aliases, &out->aliases));
	TRY(put_list(call, row->active_tags, &out->n_active_tags, &out->active_tags));
	TRY(unpack(call, row->sync_config, &chainguard__platform__registry__v2__sync_config__descriptor,
		   (void **)&out->sync_config));
	TRY(unpack(call, row->custom_overlay, &chainguard__platform__registry__v2__custom_overlay__descriptor,
		   (void **)&out->custom_overlay));
	TRY(put_time(call, row->created_us, &out->create_time));
	return put_time(call, row->updated_us, &out->update_time);
}

static FALLIBLE take(struct call *call, const repo_v2 *in, struct repo *row)
{
	row->name = slice_str(in->name);
	row->description = slice_str(in->description);
	row->tier = in->catalog_tier;
	TRY(take_list(call, in->n_bundles, in->bundles, &row->bundles));
	TRY(take_list(call, in->n_aliases, in->aliases, &row->aliases));
	TRY(take_list(call, in->n_active_tags, in->active_tags, &row->active_tags));
	TRY(pack(call, in->sync_config ? &in->sync_config->base : NULL, &row->sync_config));
	return pack(call, in->custom_overlay ? &in->custom_overlay->base : NULL, &row->custom_overlay);
}

status repos_get_repo(struct call *call, const Chainguard__Platform__Registry__V2__GetRepoRequest *in, repo_v2 *out)
{
	struct repo row;
	struct uid uid;

	TRY(uid_parse_field(slice_str(in->uid), "uid", &uid));
	TRY(repo_at(call, &uid, &row));
	return fill(call, &row, out);
}

status repos_create_repo(struct call *call, const Chainguard__Platform__Registry__V2__CreateRepoRequest *in, repo_v2 *out)
{
	struct repo row = { 0 };
	struct uid parent;

	TRY(uid_parse_field(slice_str(in->parent), "parent", &parent));
	TRY(take(call, in->repo, &row));
	TRY(repo_create(call, &parent, &row, false));
	return fill(call, &row, out);
}

status repos_update_repo(struct call *call, const Chainguard__Platform__Registry__V2__UpdateRepoRequest *in, repo_v2 *out)
{
	const struct message_type *type = message_type_of(in->repo->base.descriptor);
	const Google__Protobuf__FieldMask *mask;
	struct repo row;
	repo_v2 *merged;
	struct uid uid;

	TRY(uid_parse_field(slice_str(in->repo->uid), "repo.uid", &uid));
	TRY(mask_resolve(call->arena, type, &in->repo->base, in->update_mask, &mask));
	TRY(repo_at(call, &uid, &row));
	TRY_MESSAGE(call, merged, chainguard__platform__registry__v2__repo);
	TRY(fill(call, &row, merged));
	TRY(mask_apply(call->arena, type, mask, &in->repo->base, &merged->base));
	TRY(take(call, merged, &row));
	TRY(repo_update(call, &row));
	return fill(call, &row, out);
}

status repos_delete_repo(struct call *call, const Chainguard__Platform__Registry__V2__DeleteRepoRequest *in,
			 Google__Protobuf__Empty *out)
{
	struct uid uid;

	(void)out;
	TRY(uid_parse_field(slice_str(in->uid), "uid", &uid));
	return repo_delete(call, &uid);
}

status repos_list_repos(struct call *call, const Chainguard__Platform__Registry__V2__ListReposRequest *in,
			Chainguard__Platform__Registry__V2__ListReposResponse *out)
{
	struct list_in page = { in->uidp, in->page_size, in->skip, in->page_token, in->order_by };
	struct list_out list;
	struct query query;

	query_init(&query);
	if (in->_name_case && *in->name)
		query_eq_text(&query, REPOS_NAME, slice_str(in->name));
	TRY(list_page(call, &repo_noun, &page, &query, &list));
	out->repos = NEW_N(call->arena, repo_v2 *, list.rows.count);
	TRY_NEW(out->repos);
	for (size_t i = 0; i < list.rows.count; i++) {
		TRY_MESSAGE(call, out->repos[i], chainguard__platform__registry__v2__repo);
		TRY(fill(call, (const struct repo *)list.rows.at + i, out->repos[i]));
		out->n_repos++;
	}
	LIST_ANSWER(call, out, &list, CHAINGUARD__PLATFORM__REGISTRY__V2__LIST_REPOS_RESPONSE___TOTAL_COUNT_TOTAL_COUNT);
	return OK;
}

/* ---- tags ---- */

static FALLIBLE fill_tag(struct call *call, const struct tag *row, tag_v2 *out)
{
	TRY(put_uid(call, &row->uid, &out->uid));
	TRY(put_text(call, row->name, &out->name));
	TRY(put_text(call, row->digest, &out->digest));
	out->deprecated = row->is_deprecated;
	TRY(put_list(call, row->bundles, &out->n_bundles, &out->bundles));
	return put_time(call, row->updated_us, &out->update_time);
}

status tags_get_tag(struct call *call, const Chainguard__Platform__Registry__V2__GetTagRequest *in, tag_v2 *out)
{
	struct tag row;
	struct uid uid;

	TRY(uid_parse_field(slice_str(in->uid), "uid", &uid));
	TRY(tag_at(call, &uid, &row));
	return fill_tag(call, &row, out);
}

status tags_create_tag(struct call *call, const Chainguard__Platform__Registry__V2__CreateTagRequest *in, tag_v2 *out)
{
	struct tag row = { .name = slice_str(in->tag->name),
			   .digest = slice_str(in->tag->digest),
			   .is_deprecated = in->tag->deprecated };
	struct uid parent;

	TRY(uid_parse_field(slice_str(in->parent), "parent", &parent));
	TRY(take_list(call, in->tag->n_bundles, in->tag->bundles, &row.bundles));
	TRY(tag_create(call, &parent, &row));
	return fill_tag(call, &row, out);
}

status tags_delete_tag(struct call *call, const Chainguard__Platform__Registry__V2__DeleteTagRequest *in,
		       Google__Protobuf__Empty *out)
{
	struct uid uid;

	(void)out;
	TRY(uid_parse_field(slice_str(in->uid), "uid", &uid));
	return tag_delete(call, &uid);
}

status tags_list_tags(struct call *call, const Chainguard__Platform__Registry__V2__ListTagsRequest *in,
		      Chainguard__Platform__Registry__V2__ListTagsResponse *out)
{
	struct list_in page = { in->uidp, in->page_size, in->skip, in->page_token, in->order_by };
	struct list_out list;
	struct query query;
	int64_t since_us;

	query_init(&query);
	if (*in->name)
		query_eq_text(&query, TAGS_NAME, slice_str(in->name));
	if (*in->digest)
		query_eq_text(&query, TAGS_DIGEST, slice_str(in->digest));
	TRY(take_time(in->updated_since, "updated_since", &since_us));
	if (since_us)
		query_number(&query, WHERE_AT_LEAST, TAGS_UPDATED_US, since_us);
	if (!in->include_referrers)
		tag_leave_out(&query, TAG_REFERRER);
	if (!in->include_dates)
		tag_leave_out(&query, TAG_DATE);
	if (!in->include_epochs)
		tag_leave_out(&query, TAG_EPOCH);
	TRY(list_page(call, &tag_noun, &page, &query, &list));
	out->tags = NEW_N(call->arena, tag_v2 *, list.rows.count);
	TRY_NEW(out->tags);
	for (size_t i = 0; i < list.rows.count; i++) {
		TRY_MESSAGE(call, out->tags[i], chainguard__platform__registry__v2__tag);
		TRY(fill_tag(call, (const struct tag *)list.rows.at + i, out->tags[i]));
		out->n_tags++;
	}
	LIST_ANSWER(call, out, &list, CHAINGUARD__PLATFORM__REGISTRY__V2__LIST_TAGS_RESPONSE___TOTAL_COUNT_TOTAL_COUNT);
	return OK;
}
