/*
 * auth: who the caller is, and what the token in hand grants.
 */
#include "auth/v1/auth.pb-c.h"
#include "base/json.h"
#include "handlers.gen.h"
#include "model/role.h"
#include "service/roles.h"
#include "service/support.h"

typedef Chainguard__Platform__Auth__WhoAmI who_am_i;
typedef Chainguard__Platform__Auth__WhoAmI__Capability granted;

/* The built-in role of just these capabilities; NULL when there is none. */
static const struct role *role_of(const struct caps *caps)
{
	size_t count;
	const struct role *rows = role_builtin_rows(&count);

	for (size_t i = 0; i < count; i++)
		if (caps_within(&rows[i].caps, caps) && caps_within(caps, &rows[i].caps))
			return &rows[i];
	return NULL;
}

/* From memory: a group by its id alone, a set that is no built-in role's by its names. */
static FALLIBLE fill_grant(struct call *call, const struct token_grant *grant, granted **ret)
{
	const struct role *role = role_of(&grant->caps);
	granted *out;

	TRY_MESSAGE(call, out, chainguard__platform__auth__who_am_i__capability);
	TRY_MESSAGE(call, out->group, chainguard__platform__iam__group);
	TRY(put_uid(call, &grant->group, &out->group->id));
	if (role) {
		TRY_MESSAGE(call, out->role, chainguard__platform__iam__role);
		TRY(put_uid(call, &role->uid, &out->role->id));
		TRY(put_text(call, role->name, &out->role->name));
		TRY(put_text(call, role->description, &out->role->description));
		TRY(role_names_of_caps(call, &role->caps, &out->role->n_capabilities, &out->role->capabilities));
	} else {
		TRY(role_names_of_caps(call, &grant->caps, &out->n_capabilities, &out->capabilities));
	}
	*ret = out;
	return OK;
}

static FALLIBLE fill_profile(struct call *call, const struct caller *caller, who_am_i *out)
{
	if (caller->name.len + caller->picture.len + caller->given_name.len + caller->family_name.len == 0)
		return OK;
	TRY_MESSAGE(call, out->profile, chainguard__platform__auth__profile);
	TRY(put_text(call, caller->name, &out->profile->name));
	TRY(put_text(call, caller->picture, &out->profile->picture));
	TRY(put_text(call, caller->given_name, &out->profile->given_name));
	return put_text(call, caller->family_name, &out->profile->family_name);
}

status v1_auth_validate(struct call *call, const Google__Protobuf__Empty *in, who_am_i *out)
{
	const struct caller *caller = call->caller;

	(void)in;
	TRY(put_text(call, caller->issuer, &out->issuer));
	TRY(put_text(call, caller->subject, &out->subject));
	TRY(put_list(call, caller->audiences, &out->n_audience, &out->audience));
	TRY(put_time(call, caller->expires_s * US_PER_S, &out->expiry));
	TRY(put_time(call, caller->issued_s * US_PER_S, &out->issued_at));
	if (caller->email_is_verified)
		TRY(put_text(call, caller->email, &out->email));
	TRY(fill_profile(call, caller, out));
	out->capabilities = NEW_N(call->arena, granted *, caller->grants_count);
	TRY_NEW(out->capabilities);
	for (size_t i = 0; i < caller->grants_count; i++) {
		TRY(fill_grant(call, &caller->grants[i], &out->capabilities[i]));
		out->n_capabilities++;
	}
	return OK;
}
