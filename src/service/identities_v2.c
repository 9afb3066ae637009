/*
 * identities_v2: IdentitiesService, over the functions of identities.h.
 */
#include "handlers.gen.h"
#include "iam/v2/identities.pb-c.h"
#include "model/user.h"
#include "service/identities.h"

typedef Chainguard__Platform__Iam__V2__Identity identity_message;
typedef Chainguard__Platform__Iam__V2__Identity__ClaimMatch claim_match_message;
typedef Chainguard__Platform__Iam__V2__Identity__StaticKeys static_keys_message;
typedef Chainguard__Platform__Iam__V2__Identity__AWSIdentity aws_message;
#define LOWER(name) chainguard__platform__iam__v2__##name
#define UPPER(name) Chainguard__Platform__Iam__V2__##name
#define CASE(oneof, arm) CASE_(oneof, arm)
#define CASE_(oneof, arm) CHAINGUARD__PLATFORM__IAM__V2__IDENTITY__##oneof##_##arm
#define NEW_MESSAGE(call, pointer, name) TRY_MESSAGE(call, pointer, chainguard__platform__iam__v2__##name)
#define STATIC_FIELD static_keys
#define STATIC_CASE STATIC_KEYS
#define EXPIRATION_FIELD expiration_time
#include "service/identity_proof.inc"

static FALLIBLE fill(struct call *call, const struct identity *row, identity_message *out)
{
	TRY(put_uid(call, &row->uid, &out->uid));
	TRY(put_text(call, row->name, &out->name));
	TRY(put_text(call, row->description, &out->description));
	TRY(put_text(call, row->email, &out->email));
	TRY(put_text(call, row->email_unverified, &out->email_unverified));
	TRY(put_text(call, row->company, &out->company));
	TRY(put_time(call, row->last_seen_us, &out->last_seen_time));
	TRY(put_time(call, row->created_us, &out->create_time));
	TRY(put_time(call, row->updated_us, &out->update_time));
	return fill_relationship(call, row, out);
}

/* ---- methods ---- */

status identities_create_identity(struct call *call, const Chainguard__Platform__Iam__V2__CreateIdentityRequest *in,
				  identity_message *out)
{
	struct identity row = { .name = slice_str(in->identity->name),
				.description = slice_str(in->identity->description),
				.company = slice_str(in->identity->company) };
	struct uid parent;

	TRY(uid_parse_field(slice_str(in->parent), "parent", &parent));
	TRY(take_relationship(call, in->identity, &row));
	TRY(identity_create(call, &parent, &row));
	return fill(call, &row, out);
}

status identities_get_identity(struct call *call, const Chainguard__Platform__Iam__V2__GetIdentityRequest *in,
			       identity_message *out)
{
	struct identity row;
	struct uid uid;

	TRY(uid_parse_field(slice_str(in->uid), "uid", &uid));
	TRY(identity_at(call, &uid, &row));
	return fill(call, &row, out);
}

static void replace_proof(const struct identity *fresh, struct identity *row)
{
	for (int i = IDENTITIES_RELATIONSHIP; i <= IDENTITIES_SERVICE_PRINCIPAL; i++) {
		const struct column *column = &table_identities.columns[i];
		if (column->type == COLUMN_INT)
			*(int64_t *)column_in(column, row) = *(const int64_t *)column_at(column, fresh);
		else
			*(slice *)column_in(column, row) = *(const slice *)column_at(column, fresh);
	}
}

/* The proof as it stands, with the fields over it that the mask names; a field of another kind makes that kind from nothing. */
static FALLIBLE change_proof(struct call *call, const identity_message *in, const Google__Protobuf__FieldMask *mask,
			     struct identity *row)
{
	static const char *const kinds[] = { "claim_match", "static_keys", "aws_identity", "service_principal" };
	struct identity fresh = { 0 };
	identity_message *merged;
	bool touches = false;

	for (size_t i = 0; i < 4; i++)
		touches = touches || mask_names(mask, kinds[i]);
	if (!touches)
		return OK;
	NEW_MESSAGE(call, merged, identity);
	TRY(fill_relationship(call, row, merged));
	TRY(mask_apply(call->arena, message_type_of(in->base.descriptor), mask, &in->base, &merged->base));
	TRY(take_relationship(call, merged, &fresh));
	if (fresh.relationship == RELATIONSHIP_NONE)
		return FAIL_FIELD("identity.relationship",
				  "the mask names it, so one of claim_match, static_keys, aws_identity, "
				  "service_principal is required");
	replace_proof(&fresh, row);
	return OK;
}

status identities_update_identity(struct call *call, const Chainguard__Platform__Iam__V2__UpdateIdentityRequest *in,
				  identity_message *out)
{
	const Google__Protobuf__FieldMask *mask;
	struct identity before, row;
	struct uid uid;

	TRY(uid_parse_field(slice_str(in->identity->uid), "identity.uid", &uid));
	TRY(mask_resolve(call->arena, message_type_of(in->identity->base.descriptor), &in->identity->base, in->update_mask,
			 &mask));
	TRY(identity_at(call, &uid, &before));
	row = before;
	if (mask_names(mask, "name"))
		row.name = slice_str(in->identity->name);
	if (mask_names(mask, "description"))
		row.description = slice_str(in->identity->description);
	if (mask_names(mask, "company"))
		row.company = slice_str(in->identity->company);
	TRY(change_proof(call, in->identity, mask, &row));
	TRY(identity_update(call, &before, &row));
	return fill(call, &row, out);
}

status identities_delete_identity(struct call *call, const Chainguard__Platform__Iam__V2__DeleteIdentityRequest *in,
				  Google__Protobuf__Empty *out)
{
	struct uid uid;

	(void)out;
	TRY(uid_parse_field(slice_str(in->uid), "uid", &uid));
	return identity_delete(call, &uid);
}

status identities_list_identities(struct call *call, const Chainguard__Platform__Iam__V2__ListIdentitiesRequest *in,
				  Chainguard__Platform__Iam__V2__ListIdentitiesResponse *out)
{
	struct list_in page = { in->uidp, in->page_size, in->skip, in->page_token, in->order_by };
	struct list_out list;
	struct query query;

	query_init(&query);
	if (*in->name)
		query_eq_text(&query, IDENTITIES_NAME, slice_str(in->name));
	if (in->relationship_type)
		query_eq_number(&query, IDENTITIES_RELATIONSHIP, in->relationship_type);
	TRY(list_page(call, &identity_noun, &page, &query, &list));
	out->identities = NEW_N(call->arena, identity_message *, list.rows.count);
	TRY_NEW(out->identities);
	for (size_t i = 0; i < list.rows.count; i++) {
		TRY_MESSAGE(call, out->identities[i], chainguard__platform__iam__v2__identity);
		TRY(fill(call, (const struct identity *)list.rows.at + i, out->identities[i]));
		out->n_identities++;
	}
	LIST_ANSWER(call, out, &list, CHAINGUARD__PLATFORM__IAM__V2__LIST_IDENTITIES_RESPONSE___TOTAL_COUNT_TOTAL_COUNT);
	return OK;
}

/* From the pair alone: the answer is the same whether the user has come already or not. */
status identities_lookup_identity(struct call *call, const Chainguard__Platform__Iam__V2__LookupIdentityRequest *in,
				  Chainguard__Platform__Iam__V2__LookupIdentityResponse *out)
{
	struct uid uid;

	TRY(user_uid(slice_str(in->issuer), slice_str(in->subject), &uid));
	return put_uid(call, &uid, &out->uid);
}
