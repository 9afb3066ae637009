/*
 * v1/invites: GroupInvites of the first version, over the same functions.
 */
#include "service/invites.h"
#include "handlers.gen.h"
#include "iam/v1/group_invites.pb-c.h"
#include "service/groups.h"
#include "service/roles.h"

typedef Chainguard__Platform__Iam__GroupInvite invite_v1;
typedef Chainguard__Platform__Iam__StoredGroupInvite stored_v1;
typedef Chainguard__Platform__Iam__GroupInviteRequest request_v1;

static FALLIBLE fill_role(struct call *call, const struct uid *uid, Chainguard__Platform__Iam__Role **ret_role)
{
	Chainguard__Platform__Iam__Role *out;
	struct role role;
	bool found;

	TRY(role_find(call, uid, &role, &found));
	if (!found)
		return OK;
	TRY_MESSAGE(call, out, chainguard__platform__iam__role);
	TRY(put_uid(call, &role.uid, &out->id));
	TRY(put_text(call, role.name, &out->name));
	TRY(put_text(call, role.description, &out->description));
	TRY(role_names_of_caps(call, &role.caps, &out->n_capabilities, &out->capabilities));
	*ret_role = out;
	return OK;
}

/* All that anyone else learns of an invite. */
static FALLIBLE redact(struct call *call, const struct invite *invite)
{
	invite_v1 *body;

	TRY_MESSAGE(call, body, chainguard__platform__iam__group_invite);
	TRY(put_uid(call, &invite->uid, &body->id));
	TRY(put_time(call, invite->expires_us, &body->expiration));
	call->touched_body = body;
	return OK;
}

static FALLIBLE create_at(struct call *call, const struct uid *group, const request_v1 *in, invite_v1 *out)
{
	struct invite_in invite_in = { .role = slice_str(in->role),
				       .role_field = "role",
				       .ttl = in->ttl,
				       .ttl_field = "ttl",
				       .email = slice_str(in->email),
				       .email_field = "email",
				       .is_single_use = in->single_use };
	struct invite invite;
	slice code;

	TRY(invite_create(call, group, &invite_in, &invite, &code));
	TRY(redact(call, &invite));
	TRY(put_uid(call, &invite.uid, &out->id));
	TRY(put_time(call, invite.expires_us, &out->expiration));
	TRY(put_text(call, invite.key_id, &out->key_id));
	TRY(fill_role(call, &invite.role, &out->role));
	return put_text(call, code, &out->code);
}

status v1_group_invites_create(struct call *call, const request_v1 *in, invite_v1 *out)
{
	struct uid group;

	TRY(uid_parse_field(slice_str(in->group), "group", &group));
	return create_at(call, &group, in, out);
}

status v1_group_invites_create_with_group(struct call *call, const request_v1 *in, invite_v1 *out)
{
	struct uid group;

	TRY(group_resolve(call, slice_str(in->group), &group));
	return create_at(call, &group, in, out);
}

static FALLIBLE fill_stored(struct call *call, const struct invite *invite, stored_v1 *out)
{
	TRY(put_uid(call, &invite->uid, &out->id));
	TRY(put_time(call, invite->expires_us, &out->expiration));
	TRY(put_text(call, invite->key_id, &out->key_id));
	TRY(fill_role(call, &invite->role, &out->role));
	TRY(put_text(call, invite->email, &out->email));
	TRY(put_time(call, invite->created_us, &out->created_at));
	out->single_use = invite->is_single_use;
	return OK;
}

status v1_group_invites_list(struct call *call, const Chainguard__Platform__Iam__GroupInviteFilter *in,
			     Chainguard__Platform__Iam__GroupInviteList *out)
{
	struct query query;
	struct rows rows;
	struct uid group;

	query_init(&query);
	if (*in->group) {
		TRY(uid_parse_field(slice_str(in->group), "group", &group));
		query_eq_uid(&query, INVITES_GROUP, &group);
	}
	if (*in->key_id)
		query_eq_text(&query, INVITES_KEY_ID, slice_str(in->key_id));
	TRY(list_all(call, &invite_noun, NULL, in->id, &query, &rows));
	out->items = NEW_N(call->arena, stored_v1 *, rows.count);
	TRY_NEW(out->items);
	for (size_t i = 0; i < rows.count; i++) {
		TRY_MESSAGE(call, out->items[i], chainguard__platform__iam__stored_group_invite);
		TRY(fill_stored(call, (const struct invite *)rows.at + i, out->items[i]));
		out->n_items++;
	}
	return OK;
}

status v1_group_invites_delete(struct call *call, const Chainguard__Platform__Iam__DeleteGroupInviteRequest *in,
			       Google__Protobuf__Empty *out)
{
	struct uid uid;

	(void)out;
	TRY(uid_parse_field(slice_str(in->id), "id", &uid));
	return invite_delete(call, &uid);
}
