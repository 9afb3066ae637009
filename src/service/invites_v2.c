/*
 * invites_v2: GroupInvitesService, over the functions of invites.h.
 */
#include "handlers.gen.h"
#include "iam/v2/group_invites.pb-c.h"
#include "service/invites.h"
#include "service/roles.h"

typedef Chainguard__Platform__Iam__V2__GroupInvite invite_v2;

static FALLIBLE fill_role(struct call *call, const struct uid *uid, invite_v2 *out)
{
	struct role role;
	bool found;

	TRY(role_find(call, uid, &role, &found));
	if (!found)
		return OK;
	TRY_MESSAGE(call, out->role, chainguard__platform__iam__v2__group_invite_role);
	TRY(put_uid(call, &role.uid, &out->role->uid));
	TRY(put_text(call, role.name, &out->role->name));
	TRY(put_text(call, role.description, &out->role->description));
	return role_numbers_of_caps(call, &role.caps, &out->role->n_capabilities, &out->role->capabilities);
}

static FALLIBLE fill(struct call *call, const struct invite *invite, invite_v2 *out)
{
	TRY(put_uid(call, &invite->uid, &out->uid));
	TRY(put_uid(call, &invite->role, &out->role_uid));
	TRY(fill_role(call, &invite->role, out));
	TRY(put_text(call, invite->email, &out->email));
	TRY(put_time(call, invite->expires_us, &out->expiration_time));
	TRY(put_text(call, invite->key_id, &out->key_id));
	out->single_use = invite->is_single_use;
	return put_time(call, invite->created_us, &out->create_time);
}

/* All that anyone else learns of an invite: neither code nor key nor role nor address. */
static FALLIBLE redact(struct call *call, const struct invite *invite)
{
	invite_v2 *body;

	TRY_MESSAGE(call, body, chainguard__platform__iam__v2__group_invite);
	TRY(put_uid(call, &invite->uid, &body->uid));
	TRY(put_time(call, invite->expires_us, &body->expiration_time));
	call->touched_body = body;
	return OK;
}

status group_invites_create_group_invite(struct call *call, const Chainguard__Platform__Iam__V2__CreateGroupInviteRequest *in,
					 invite_v2 *out)
{
	struct invite_in invite_in = { .role = slice_str(in->group_invite->role_uid),
				       .role_field = "group_invite.role_uid",
				       .ttl = in->group_invite->ttl,
				       .ttl_field = "group_invite.ttl",
				       .email = slice_str(in->group_invite->email),
				       .email_field = "group_invite.email",
				       .is_single_use = in->group_invite->single_use };
	struct invite invite;
	struct uid group;
	slice code;

	TRY(uid_parse_field(slice_str(in->parent), "parent", &group));
	TRY(invite_create(call, &group, &invite_in, &invite, &code));
	TRY(redact(call, &invite));
	TRY(fill(call, &invite, out));
	return put_text(call, code, &out->code);
}

status group_invites_get_group_invite(struct call *call, const Chainguard__Platform__Iam__V2__GetGroupInviteRequest *in,
				      invite_v2 *out)
{
	struct invite invite;
	struct uid uid;

	TRY(uid_parse_field(slice_str(in->uid), "uid", &uid));
	TRY(invite_at(call, &uid, &invite));
	return fill(call, &invite, out);
}

status group_invites_delete_group_invite(struct call *call, const Chainguard__Platform__Iam__V2__DeleteGroupInviteRequest *in,
					 Google__Protobuf__Empty *out)
{
	struct uid uid;

	(void)out;
	TRY(uid_parse_field(slice_str(in->uid), "uid", &uid));
	return invite_delete(call, &uid);
}

status group_invites_list_group_invites(struct call *call, const Chainguard__Platform__Iam__V2__ListGroupInvitesRequest *in,
					Chainguard__Platform__Iam__V2__ListGroupInvitesResponse *out)
{
	struct list_in page = { in->uidp, in->page_size, in->skip, in->page_token, in->order_by };
	struct list_out list;
	struct query query;

	query_init(&query);
	if (*in->key_id)
		query_eq_text(&query, INVITES_KEY_ID, slice_str(in->key_id));
	TRY(list_page(call, &invite_noun, &page, &query, &list));
	out->group_invites = NEW_N(call->arena, invite_v2 *, list.rows.count);
	TRY_NEW(out->group_invites);
	for (size_t i = 0; i < list.rows.count; i++) {
		TRY_MESSAGE(call, out->group_invites[i], chainguard__platform__iam__v2__group_invite);
		TRY(fill(call, (const struct invite *)list.rows.at + i, out->group_invites[i]));
		out->n_group_invites++;
	}
	LIST_ANSWER(call, out, &list, CHAINGUARD__PLATFORM__IAM__V2__LIST_GROUP_INVITES_RESPONSE___TOTAL_COUNT_TOTAL_COUNT);
	return OK;
}
