/*
 * admit: may they? The question each row asks, from memory for a read, from the transaction for a write.
 *
 * Promises  a place that is no id is told by field; an id whose organization is gone is NOT_FOUND; else "absent" and "not
 *           yours" look alike: PERMISSION_DENIED.
 */
#include "model/caps.h"
#include "rpc/rpc_impl.h"

static FALLIBLE known(const struct journey *journey)
{
	if (!journey->call.caller->is_known)
		return FAIL(FAULT_UNAUTHENTIC, "sign in first: this call needs a token in the authorization header");
	return OK;
}

static FALLIBLE denied(const struct journey *journey, unsigned bit, const struct uid *place)
{
	const struct cap_row *row = cap_by_bit(bit);
	char text[UID_TEXT_BYTES];

	uid_format(place, text);
	return FAIL(FAULT_DENIED, "the caller lacks the required capabilities: %s at %s", row ? row->name : "unknown", text);
}

/* The place in the scope field; its organization must exist. */
static FALLIBLE scope_of(struct journey *journey, struct uid *ret_place)
{
	const struct access *access = &journey->call.method->access;
	slice text = message_text_at(journey->in, &access->scope);

	TRY(uid_parse_field(text, access->scope_name, ret_place));
	if (authz_place_life(journey->call.parts->authz, ret_place) == LIFE_ROOT_GONE) {
		report_resource("organization");
		return FAIL(FAULT_ABSENT, "%s: nothing stands under this id's organization any more", access->scope_name);
	}
	return OK;
}

static FALLIBLE admit_at(struct journey *journey, const struct uid *place)
{
	const struct call *call = &journey->call;
	const struct access *access = &call->method->access;

	if (access->bits_count == 0) /* such a row would admit everyone */
		return FAIL(FAULT_INTERNAL, "a method that names no capability");
	for (size_t i = 0; i < access->bits_count; i++) {
		bool allowed = call->subject ? authz_allows_at(call->parts->authz, call->subject, call->caller, place,
							       access->bits[i], call_now_s(call))
					     : authz_allows(call->parts->authz, call->caller, place, access->bits[i],
							    call_now_s(call));
		if (!allowed)
			return denied(journey, access->bits[i], place);
	}
	return OK;
}

FALLIBLE journey_admit(struct journey *journey)
{
	struct uid place = { 0 };

	switch (journey->call.method->access.kind) {
	case ACCESS_PUBLIC:
	case ACCESS_CREDENTIAL:
		return OK;
	case ACCESS_SIGNED_IN:
	case ACCESS_ANYWHERE:
		return known(journey);
	case ACCESS_AT_SCOPE:
		TRY(known(journey));
		TRY(scope_of(journey, &place));
		return admit_at(journey, &place);
	case ACCESS_OPERATOR:
		TRY(known(journey));
		TRY(admit_at(journey, &place)); /* at no place: operators alone */
		journey->call.by_operator = true;
		return OK;
	case ACCESS_INTERNAL:
		if (journey->is_nested)
			return OK;
		return FAIL(FAULT_UNIMPLEMENTED, "nobody can send this call"); /* as if it did not exist */
	case ACCESS_AT_RESOLVED:
		break; /* only writes name a place so; they are admitted in their transaction */
	}
	return FAIL(FAULT_INTERNAL, "a method without an admission rule");
}

static struct caps needed(const struct access *access)
{
	struct caps need = { 0 };

	for (size_t i = 0; i < access->bits_count; i++)
		caps_add(&need, access->bits[i]);
	return need;
}

static FALLIBLE resolved_place(struct journey *journey, struct uid *ret_place, bool *ret_is_open)
{
	resolve_fn resolve = resolver_find(slice_str(journey->call.method->access.resolver));

	if (!resolve)
		return FAIL(FAULT_INTERNAL, "a row names an unknown resolver");
	return resolve(&journey->call, journey->in, ret_place, ret_is_open);
}

FALLIBLE journey_admit_write(struct journey *journey)
{
	struct call *call = &journey->call;
	const struct access *access = &call->method->access;
	struct caps need = needed(access);
	struct uid place = { 0 };
	bool is_open = false;

	if (access->kind != ACCESS_AT_SCOPE && access->kind != ACCESS_OPERATOR && access->kind != ACCESS_AT_RESOLVED)
		return journey_admit(journey);
	TRY(known(journey));
	if (access->kind == ACCESS_AT_SCOPE)
		TRY(scope_of(journey, &place));
	else if (access->kind == ACCESS_AT_RESOLVED)
		TRY(resolved_place(journey, &place, &is_open));
	if (is_open)
		return OK;
	return authz_require(call->tx, call->caller, &place, &need, call_now_s(call), &call->by_operator);
}
