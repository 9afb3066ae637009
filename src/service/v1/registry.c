/*
 * v1/registry: Registry of the first version, over the same functions.
 */
#include "handlers.gen.h"
#include "registry/v1/registry.pb-c.h"
#include "registry/v2/repos.pb-c.h"
#include "service/repos.h"
#include "service/translate.h"

typedef Chainguard__Platform__Registry__Repo repo_v1;
typedef Chainguard__Platform__Registry__Tag tag_v1;

/* The first version numbers tiers from 4, in the same order. */
#define TIER_SHIFT 3

/* Settings are kept in the second version's form. */
static FALLIBLE pack(struct call *call, const ProtobufCMessage *v1, const ProtobufCMessageDescriptor *v2, slice *ret_wire)
{
	struct buffer out;
	void *message;

	*ret_wire = SLICE("");
	TRY(message_translate(call->arena, v1, message_type_of(v2), &message));
	if (!message)
		return OK;
	buffer_init(&out, call->arena, 1 << 20);
	message_encode(message, &out);
	if (buffer_failed(&out))
		return FAIL(FAULT_EXHAUSTED, "the settings are too large");
	*ret_wire = buffer_slice(&out);
	return OK;
}

static FALLIBLE unpack(struct call *call, slice wire, const ProtobufCMessageDescriptor *v2,
		       const ProtobufCMessageDescriptor *v1, void **ret_message)
{
	ProtobufCMessage *message;

	*ret_message = NULL;
	if (wire.len == 0)
		return OK;
	TRY(message_decode(call->arena, message_type_of(v2), wire, &message));
	return message_translate(call->arena, message, message_type_of(v1), ret_message);
}

static FALLIBLE fill(struct call *call, const struct repo *row, repo_v1 *out)
{
	TRY(put_uid(call, &row->uid, &out->id));
	TRY(put_text(call, row->name, &out->name));
	TRY(put_text(call, row->description, &out->description));
	TRY(put_text(call, row->readme, &out->readme));
	out->catalog_tier = (Chainguard__Platform__Registry__CatalogTier)(row->tier ? row->tier + TIER_SHIFT : 0);
	TRY(put_list(call, row->bundles, &out->n_bundles, &out->bundles));
	TRY(put_list(call, row->aliases, &out->n_aliases, &out->aliases));
	TRY(put_list(call, row->active_tags, &out->n_active_tags, &out->active_tags));
	TRY(unpack(call, row->sync_config, &chainguard__platform__registry__v2__sync_config__descriptor,
		   &chainguard__platform__registry__sync_config__descriptor, (void **)&out->sync_config));
	TRY(unpack(call, row->custom_overlay, &chainguard__platform__registry__v2__custom_overlay__descriptor,
		   &chainguard__platform__registry__custom_overlay__descriptor, (void **)&out->custom_overlay));
	return put_time(call, row->created_us, &out->create_time);
}

static FALLIBLE take(struct call *call, const repo_v1 *in, struct repo *row)
{
	row->name = slice_str(in->name);
	row->description = slice_str(in->description);
	row->readme = slice_str(in->readme);
	row->tier = in->catalog_tier ? (int64_t)in->catalog_tier - TIER_SHIFT : 0;
	TRY(take_list(call, in->n_bundles, in->bundles, &row->bundles));
	TRY(take_list(call, in->n_aliases, in->aliases, &row->aliases));
	TRY(take_list(call, in->n_active_tags, in->active_tags, &row->active_tags));
	TRY(pack(call, in->sync_config ? &in->sync_config->base : NULL,
		 &chainguard__platform__registry__v2__sync_config__descriptor, &row->sync_config));
	return pack(call, in->custom_overlay ? &in->custom_overlay->base : NULL,
		    &chainguard__platform__registry__v2__custom_overlay__descriptor, &row->custom_overlay);
}

status v1_registry_create_repo(struct call *call, const Chainguard__Platform__Registry__CreateRepoRequest *in, repo_v1 *out)
{
	struct repo row = { 0 };
	struct uid parent;

	if (!in->repo)
		return FAIL_FIELD("repo", "is required");
	TRY(uid_parse_field(slice_str(in->parent_id), "parent_id", &parent));
	TRY(take(call, in->repo, &row));
	TRY(repo_create(call, &parent, &row, !in->prevent_existing));
	return fill(call, &row, out);
}

/* Full replacement. */
status v1_registry_update_repo(struct call *call, const repo_v1 *in, repo_v1 *out)
{
	struct repo row;
	struct uid uid;

	TRY(uid_parse_field(slice_str(in->id), "id", &uid));
	TRY(repo_at(call, &uid, &row));
	TRY(take(call, in, &row));
	TRY(repo_update(call, &row));
	return fill(call, &row, out);
}

status v1_registry_list_repos(struct call *call, const Chainguard__Platform__Registry__RepoFilter *in,
			      Chainguard__Platform__Registry__RepoList *out)
{
	struct query query;
	struct rows rows;

	query_init(&query);
	if (*in->name)
		query_eq_text(&query, REPOS_NAME, slice_str(in->name));
	TRY(list_all(call, &repo_noun, in->uidp, in->id, &query, &rows));
	out->items = NEW_N(call->arena, repo_v1 *, rows.count);
	TRY_NEW(out->items);
	for (size_t i = 0; i < rows.count; i++) {
		TRY_MESSAGE(call, out->items[i], chainguard__platform__registry__repo);
		TRY(fill(call, (const struct repo *)rows.at + i, out->items[i]));
		out->n_items++;
	}
	return OK;
}

status v1_registry_delete_repo(struct call *call, const Chainguard__Platform__Registry__DeleteRepoRequest *in,
			       Google__Protobuf__Empty *out)
{
	struct uid uid;

	(void)out;
	TRY(uid_parse_field(slice_str(in->id), "id", &uid));
	return repo_delete(call, &uid);
}

/* ---- tags ---- */

static FALLIBLE fill_tag(struct call *call, const struct tag *row, tag_v1 *out)
{
	TRY(put_uid(call, &row->uid, &out->id));
	TRY(put_text(call, row->name, &out->name));
	TRY(put_text(call, row->digest, &out->digest));
	out->deprecated = row->is_deprecated;
	TRY(put_list(call, row->bundles, &out->n_bundles, &out->bundles));
	return put_time(call, row->updated_us, &out->last_updated);
}

static FALLIBLE take_tag(struct call *call, const tag_v1 *in, struct tag *row)
{
	row->name = slice_str(in->name);
	row->digest = slice_str(in->digest);
	row->is_deprecated = in->deprecated;
	return take_list(call, in->n_bundles, in->bundles, &row->bundles);
}

status v1_registry_create_tag(struct call *call, const Chainguard__Platform__Registry__CreateTagRequest *in, tag_v1 *out)
{
	struct tag row = { 0 };
	struct uid repo;

	if (!in->tag)
		return FAIL_FIELD("tag", "is required");
	TRY(uid_parse_field(slice_str(in->repo_id), "repo_id", &repo));
	TRY(take_tag(call, in->tag, &row));
	TRY(tag_create(call, &repo, &row));
	return fill_tag(call, &row, out);
}

status v1_registry_update_tag(struct call *call, const tag_v1 *in, tag_v1 *out)
{
	struct tag row;
	struct uid uid;

	TRY(uid_parse_field(slice_str(in->id), "id", &uid));
	TRY(tag_at(call, &uid, &row));
	TRY(take_tag(call, in, &row));
	TRY(tag_update(call, &row));
	return fill_tag(call, &row, out);
}

status v1_registry_delete_tag(struct call *call, const Chainguard__Platform__Registry__DeleteTagRequest *in,
			      Google__Protobuf__Empty *out)
{
	struct uid uid;

	(void)out;
	TRY(uid_parse_field(slice_str(in->id), "id", &uid));
	return tag_delete(call, &uid);
}

status v1_registry_list_tags(struct call *call, const Chainguard__Platform__Registry__TagFilter *in,
			     Chainguard__Platform__Registry__TagList *out)
{
	struct query query;
	struct rows rows;
	int64_t since_us;

	query_init(&query);
	if (*in->name)
		query_eq_text(&query, TAGS_NAME, slice_str(in->name));
	if (*in->digest)
		query_eq_text(&query, TAGS_DIGEST, slice_str(in->digest));
	TRY(take_time(in->updated_since, "updated_since", &since_us));
	if (since_us)
		query_number(&query, WHERE_AT_LEAST, TAGS_UPDATED_US, since_us);
	if (in->exclude_referrers)
		tag_leave_out(&query, TAG_REFERRER);
	if (in->exclude_dates)
		tag_leave_out(&query, TAG_DATE);
	if (in->exclude_epochs)
		tag_leave_out(&query, TAG_EPOCH);
	TRY(list_all(call, &tag_noun, in->uidp, in->id, &query, &rows));
	out->items = NEW_N(call->arena, tag_v1 *, rows.count);
	TRY_NEW(out->items);
	for (size_t i = 0; i < rows.count; i++) {
		TRY_MESSAGE(call, out->items[i], chainguard__platform__registry__tag);
		TRY(fill_tag(call, (const struct tag *)rows.at + i, out->items[i]));
		out->n_items++;
	}
	return OK;
}
