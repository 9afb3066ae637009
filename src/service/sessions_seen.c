/*
 * sessions_seen: who is signed in where, and an end to it: for oneself, for operators, for owners of the organization that a
 * session is confined to.
 *
 * Promises  whose sessions somebody sees is the method's row to say; what is not there and what is not theirs look alike.
 */
#include "base/encode.h"
#include "handlers.gen.h"
#include "reeve/v1/sessions.pb-c.h"
#include "service/families.h"

#define UID_CHARACTERS (2 * FAMILY_ID_BYTES)

/* Whose sessions; confined_to NULL: wherever they began. */
struct whose {
	struct uid identity;
	const struct uid *confined_to;
};

/* ---- lists ---- */

static FALLIBLE put_session(struct call *call, const struct family *family, Reeve__V1__PersonSession *into)
{
	char hex[UID_CHARACTERS];

	hex_encode_into(slice_to(family->id, FAMILY_ID_BYTES), hex);
	TRY(put_text(call, slice_of(hex, sizeof(hex)), &into->uid));
	TRY(put_text(call, family->client_id, &into->client_id));
	TRY(put_text(call, family->peer, &into->peer));
	TRY(put_text(call, family->agent, &into->user_agent));
	TRY(put_uid(call, &family->confined_to, &into->organization_uid));
	TRY(put_time(call, family->created_us, &into->create_time));
	TRY(put_time(call, family->rotated_us, &into->use_time));
	TRY(put_time(call, family->idle_us, &into->idle_time));
	return put_time(call, family->expires_us, &into->expire_time);
}

static int newest_first(const void *a, const void *b)
{
	int64_t left = ((const struct family *)a)->created_us, right = ((const struct family *)b)->created_us;

	return left < right ? 1 : left > right ? -1 : 0;
}

/* Not more than FAMILIES_OF_ONE_MAX. */
static FALLIBLE list(struct call *call, const struct whose *whose, Reeve__V1__ListSessionsResponse *out)
{
	struct query query;
	struct rows rows;
	struct family *families;

	query_init(&query);
	query_eq_uid(&query, FAMILIES_IDENTITY, &whose->identity);
	if (whose->confined_to)
		query_eq_uid(&query, FAMILIES_CONFINED_TO, whose->confined_to);
	TRY(row_list(call->tx, &table_families, &query, &rows));
	families = rows.at;
	if (rows.count > 1)
		qsort(families, rows.count, sizeof(*families), newest_first);
	out->sessions = NEW_N(call->arena, Reeve__V1__PersonSession *, rows.count);
	TRY_NEW(out->sessions);
	for (size_t i = 0; i < rows.count; i++) {
		if (call->now_us >= families[i].idle_us || call->now_us >= families[i].expires_us)
			continue;
		TRY_MESSAGE(call, out->sessions[out->n_sessions], reeve__v1__person_session);
		TRY(put_session(call, &families[i], out->sessions[out->n_sessions++]));
	}
	return OK;
}

/* One's own; whoever came by an organization's own provider sees those in it alone. */
static struct whose own(const struct call *call)
{
	const struct caller *caller = call->caller;

	return (struct whose){ .identity = caller->identity,
			       .confined_to = uid_is_none(&caller->confined_to) ? NULL : &caller->confined_to };
}

status reeve_sessions_list(struct call *call, const Reeve__V1__ListSessionsRequest *in, Reeve__V1__ListSessionsResponse *out)
{
	struct whose whose = own(call);

	(void)in;
	return list(call, &whose, out);
}

status reeve_sessions_list_of_person(struct call *call, const Reeve__V1__ListPersonSessionsRequest *in,
				     Reeve__V1__ListSessionsResponse *out)
{
	struct whose whose = { .confined_to = NULL };

	TRY(uid_parse_field(slice_str(in->identity_uid), "identity_uid", &whose.identity));
	return list(call, &whose, out);
}

status reeve_sessions_list_of_member(struct call *call, const Reeve__V1__ListMemberSessionsRequest *in,
				     Reeve__V1__ListSessionsResponse *out)
{
	struct uid organization;
	struct whose whose = { .confined_to = &organization };

	TRY(uid_parse_field(slice_str(in->organization_uid), "organization_uid", &organization));
	TRY(uid_parse_field(slice_str(in->identity_uid), "identity_uid", &whose.identity));
	return list(call, &whose, out);
}

/* ---- ends ---- */

static FALLIBLE revoke(struct call *call, const struct whose *whose, const char *uid)
{
	static const struct uid nowhere;
	uint8_t id[FAMILY_ID_BYTES];
	struct family family = { .id = slice_of(id, sizeof(id)) };
	bool found = false, deleted;

	if (hex_decode_into(slice_str(uid), id, sizeof(id)))
		TRY(row_find(call->tx, &table_families, &family, &family, &found));
	if (!found || !uid_eq(&family.identity, &whose->identity) ||
	    (whose->confined_to && !uid_eq(&family.confined_to, whose->confined_to)))
		return FAIL(FAULT_ABSENT, "Not found: there is no such session, or it has ended");
	TRY(row_delete(call->tx, &table_families, &family, &deleted));
	call_touched(call, &family.identity, whose->confined_to ? whose->confined_to : &nowhere);
	return OK;
}

status reeve_sessions_revoke(struct call *call, const Reeve__V1__RevokeSessionRequest *in, Google__Protobuf__Empty *out)
{
	struct whose whose = own(call);

	(void)out;
	return revoke(call, &whose, in->uid);
}

status reeve_sessions_revoke_of_person(struct call *call, const Reeve__V1__RevokePersonSessionRequest *in,
				       Google__Protobuf__Empty *out)
{
	struct whose whose = { .confined_to = NULL };

	(void)out;
	TRY(uid_parse_field(slice_str(in->identity_uid), "identity_uid", &whose.identity));
	return revoke(call, &whose, in->uid);
}

status reeve_sessions_revoke_of_member(struct call *call, const Reeve__V1__RevokeMemberSessionRequest *in,
				       Google__Protobuf__Empty *out)
{
	struct uid organization;
	struct whose whose = { .confined_to = &organization };

	(void)out;
	TRY(uid_parse_field(slice_str(in->organization_uid), "organization_uid", &organization));
	TRY(uid_parse_field(slice_str(in->identity_uid), "identity_uid", &whose.identity));
	return revoke(call, &whose, in->uid);
}
