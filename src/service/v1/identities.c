/*
 * v1/identities: Identities of the first version, over the same functions.
 */
#include "service/identities.h"
#include "handlers.gen.h"
#include "iam/v1/identities.pb-c.h"
#include "model/user.h"

typedef Chainguard__Platform__Iam__Identity identity_message;
typedef Chainguard__Platform__Iam__Identity__ClaimMatch claim_match_message;
typedef Chainguard__Platform__Iam__Identity__StaticKeys static_keys_message;
typedef Chainguard__Platform__Iam__Identity__AWSIdentity aws_message;
#define LOWER(name) chainguard__platform__iam__##name
#define UPPER(name) Chainguard__Platform__Iam__##name
#define CASE(oneof, arm) CASE_(oneof, arm)
#define CASE_(oneof, arm) CHAINGUARD__PLATFORM__IAM__IDENTITY__##oneof##_##arm
#define NEW_MESSAGE(call, pointer, name) TRY_MESSAGE(call, pointer, chainguard__platform__iam__##name)
#define STATIC_FIELD static_
#define STATIC_CASE STATIC
#define EXPIRATION_FIELD expiration
#include "service/identity_proof.inc"

static FALLIBLE fill(struct call *call, const struct identity *row, identity_message *out)
{
	TRY(put_uid(call, &row->uid, &out->id));
	TRY(put_text(call, row->name, &out->name));
	TRY(put_text(call, row->description, &out->description));
	TRY(put_time(call, row->created_us, &out->created_at));
	TRY(put_time(call, row->updated_us, &out->updated_at));
	TRY(put_time(call, row->last_seen_us, &out->last_seen));
	return fill_relationship(call, row, out);
}

status v1_identities_create(struct call *call, const Chainguard__Platform__Iam__CreateIdentityRequest *in,
			    identity_message *out)
{
	struct identity row = { 0 };
	struct uid parent;

	if (!in->identity)
		return FAIL_FIELD("identity", "is required");
	row.name = slice_str(in->identity->name);
	row.description = slice_str(in->identity->description);
	TRY(uid_parse_field(slice_str(in->parent_id), "parent_id", &parent));
	TRY(take_relationship(call, in->identity, &row));
	TRY(identity_create(call, &parent, &row));
	return fill(call, &row, out);
}

/* Full replacement. */
status v1_identities_update(struct call *call, const identity_message *in, identity_message *out)
{
	struct identity before, row;
	struct uid uid;

	TRY(uid_parse_field(slice_str(in->id), "id", &uid));
	TRY(identity_at(call, &uid, &before));
	row = (struct identity){ .uid = before.uid,
				 .parent = before.parent,
				 .email = before.email,
				 .email_unverified = before.email_unverified,
				 .company = before.company,
				 .is_pull_token = before.is_pull_token,
				 .created_us = before.created_us,
				 .last_seen_us = before.last_seen_us,
				 .name = slice_str(in->name),
				 .description = slice_str(in->description) };
	TRY(take_relationship(call, in, &row));
	TRY(identity_update(call, &before, &row));
	return fill(call, &row, out);
}

status v1_identities_list(struct call *call, const Chainguard__Platform__Iam__IdentityFilter *in,
			  Chainguard__Platform__Iam__IdentityList *out)
{
	struct query query;
	struct rows rows;

	query_init(&query);
	TRY(list_all(call, &identity_noun, in->uidp, in->id, &query, &rows));
	out->items = NEW_N(call->arena, identity_message *, rows.count);
	TRY_NEW(out->items);
	for (size_t i = 0; i < rows.count; i++) {
		TRY_MESSAGE(call, out->items[i], chainguard__platform__iam__identity);
		TRY(fill(call, (const struct identity *)rows.at + i, out->items[i]));
		out->n_items++;
	}
	return OK;
}

/* The id alone, the same whether the user has come already or not. */
status v1_identities_lookup(struct call *call, const Chainguard__Platform__Iam__LookupRequest *in, identity_message *out)
{
	struct uid uid;

	if (!*in->issuer || !*in->subject)
		return FAIL_FIELD(*in->issuer ? "subject" : "issuer", "is required");
	TRY(user_uid(slice_str(in->issuer), slice_str(in->subject), &uid));
	return put_uid(call, &uid, &out->id);
}

status v1_identities_delete(struct call *call, const Chainguard__Platform__Iam__DeleteIdentityRequest *in,
			    Google__Protobuf__Empty *out)
{
	struct uid uid;

	(void)out;
	TRY(uid_parse_field(slice_str(in->id), "id", &uid));
	return identity_delete(call, &uid);
}
