/*
 * resolve: places that a request names otherwise than by a scope field. One row a resolver; api/ names it in a method's access.
 */
#include "iam/v1/group_invites.pb-c.h"
#include "iam/v1/groups.pb-c.h"
#include "iam/v2/groups.pb-c.h"
#include "service/groups.h"

/* An empty parent is the organization-creation policy: open to every known caller whose session is not confined to an
 * organization, or the root, where operators alone stand. */
static status group_parent(struct call *call, const void *in, struct uid *ret_place, bool *ret_is_open)
{
	bool is_v1 = ((const ProtobufCMessage *)in)->descriptor == &chainguard__platform__iam__create_group_request__descriptor;
	const char *parent = is_v1 ? ((const Chainguard__Platform__Iam__CreateGroupRequest *)in)->parent
				   : ((const Chainguard__Platform__Iam__V2__CreateGroupRequest *)in)->parent;

	*ret_place = (struct uid){ 0 };
	if (*parent)
		return group_resolve(call, slice_str(parent), ret_place);
	*ret_is_open = call->settings->anyone_creates_organizations && uid_is_none(&call->caller->confined_to);
	return OK;
}

static status invite_group(struct call *call, const void *in, struct uid *ret_place, bool *ret_is_open)
{
	const Chainguard__Platform__Iam__GroupInviteRequest *request = in;

	*ret_is_open = false;
	if (!*request->group)
		return FAIL_FIELD("group", "is required");
	return group_resolve(call, slice_str(request->group), ret_place);
}

static const struct {
	const char *name;
	resolve_fn resolve;
} rows[] = {
	{ "group_parent", group_parent },
	{ "invite_group", invite_group },
};

resolve_fn resolver_find(slice name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (slice_is(name, rows[i].name))
			return rows[i].resolve;
	return NULL;
}
