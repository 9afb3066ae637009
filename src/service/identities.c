#include "service/identities.h"

#include "base/json.h"
#include "fetch/url.h"
#include "model/pattern.h"
#include "model/rules.h"
#include "service/families.h"

#define CLAIM_BYTES_MAX 1024
#define KEYS_BYTES_MAX ((size_t)32 * 1024)
#define MAP_BYTES_MAX ((size_t)128 * 1024)
#define SERVICE_PRINCIPAL_MAX 13
#define DEPUTIES_MAX 64 /* looked at when it changes who proves to be an identity */

static const struct page_field fields[] = {
	{ "uid", -1, false },
	{ "name", IDENTITIES_NAME, false },
	{ "create_time", IDENTITIES_CREATED_US, true },
	{ "update_time", IDENTITIES_UPDATED_US, true },
	{ "last_seen_time", IDENTITIES_LAST_SEEN_US, true },
};

const struct list_noun identity_noun = { .table = &table_identities,
					 .parent_column = IDENTITIES_PARENT,
					 .fields = fields,
					 .field_count = sizeof(fields) / sizeof(*fields),
					 .by_default = { &fields[0], false } };

/* ---- maps ---- */

FALLIBLE take_map(struct call *call, size_t count, void *const *entries, const char *field, slice *ret_json)
{
	struct json_writer writer;
	struct buffer out;

	*ret_json = SLICE("");
	if (count == 0)
		return OK;
	if (count > CLAIMS_MAX)
		return FAIL_FIELD(field, "at most %d claims", CLAIMS_MAX);
	buffer_init(&out, call->arena, MAP_BYTES_MAX);
	json_writer_init(&writer, &out);
	json_open_object(&writer);
	for (size_t i = 0; i < count; i++) {
		const struct text_entry *entry = entries[i];
		for (size_t k = 0; k < i; k++)
			if (strcmp(((const struct text_entry *)entries[k])->key, entry->key) == 0)
				return FAIL_FIELD(field, "names the claim \"%.64s\" twice", entry->key);
		TRY(rule_text(slice_str(entry->key), CLAIM_BYTES_MAX, false, field));
		TRY(rule_text(slice_str(entry->value), CLAIM_BYTES_MAX, true, field));
		json_put_name(&writer, slice_str(entry->key));
		json_put_text(&writer, slice_str(entry->value));
	}
	json_close_object(&writer);
	if (buffer_failed(&out))
		return FAIL_FIELD(field, "is too large");
	*ret_json = buffer_slice(&out);
	return OK;
}

FALLIBLE put_map(struct call *call, slice json, const ProtobufCMessageDescriptor *entry, size_t *ret_count, void ***ret_entries)
{
	const struct json *tree;
	void **entries;
	size_t n = 0;

	*ret_count = 0;
	if (json.len == 0)
		return OK;
	TRY(json_parse_object(call->arena, json, NULL, &tree));
	entries = NEW_N(call->arena, void *, tree->count);
	TRY_NEW(entries);
	JSON_EACH (member, tree) {
		struct text_entry *made = arena_alloc(call->arena, entry->sizeof_message);
		TRY_NEW(made);
		entry->message_init(&made->base);
		TRY(put_text(call, member->name, &made->key));
		TRY(put_text(call, member->text, &made->value));
		entries[n++] = made;
	}
	*ret_entries = entries;
	*ret_count = n;
	return OK;
}

/* ---- checks ---- */

/* Its keys can be found by discovery: https, or a host that configuration lets us reach otherwise, or ourselves. */
static FALLIBLE check_issuer(struct call *call, slice issuer, const char *field)
{
	TRY(rule_text(issuer, ISSUER_BYTES_MAX, false, field));
	if (slice_eq(issuer, call->settings->issuer_url) || url_is_https_issuer(issuer) ||
	    (url_is_issuer(issuer) && fetch_allows(call->parts->fetcher, issuer)))
		return OK;
	return FAIL_FIELD(field, "must be an https URL without query, fragment or user information");
}

static FALLIBLE check_pattern_map(struct call *call, slice json, const char *field)
{
	const struct json *tree;

	if (json.len == 0)
		return OK;
	TRY(json_parse_object(call->arena, json, NULL, &tree));
	JSON_EACH (member, tree)
		TRY(pattern_check(member->text, field));
	return OK;
}

static FALLIBLE check_match(int64_t kind, slice text, size_t most, const char *field, const char *pattern_field)
{
	if (kind == MATCH_PATTERN)
		return pattern_check(text, pattern_field);
	return rule_text(text, most, false, field);
}

/* Repeated as it stands it is no change, whatever the configuration says of it by now: each exchange asks that. */
static bool repeats_issuer(const struct identity *before, const struct identity *row)
{
	return before && before->relationship == RELATIONSHIP_CLAIM_MATCH && before->issuer_kind == MATCH_EXACT &&
	       slice_eq(before->issuer, row->issuer);
}

static FALLIBLE check_claim_match(struct call *call, const struct identity *before, const struct identity *row)
{
	if (row->issuer_kind == MATCH_UNSET)
		return FAIL_FIELD("identity.claim_match.issuer", "issuer or issuer_pattern is required");
	if (row->subject_kind == MATCH_UNSET)
		return FAIL_FIELD("identity.claim_match.subject", "subject or subject_pattern is required");
	if (row->issuer_kind == MATCH_PATTERN)
		TRY(pattern_check_issuer(row->issuer, "identity.claim_match.issuer_pattern"));
	else if (!repeats_issuer(before, row))
		TRY(check_issuer(call, row->issuer, "identity.claim_match.issuer"));
	TRY(check_match(row->subject_kind, row->subject, SUBJECT_BYTES_MAX, "identity.claim_match.subject",
			"identity.claim_match.subject_pattern"));
	if (row->audience_kind != MATCH_UNSET)
		TRY(check_match(row->audience_kind, row->audience, CLAIM_BYTES_MAX, "identity.claim_match.audience",
				"identity.claim_match.audience_pattern"));
	return check_pattern_map(call, row->claim_patterns, "identity.claim_match.claim_patterns");
}

/* Keys may be any text (a client's test stores a word); they are looked at when a token comes. */
static FALLIBLE check_static(struct call *call, struct identity *row)
{
	const struct json *audiences;

	TRY(rule_text(row->issuer, ISSUER_BYTES_MAX, false, "identity.static_keys.issuer"));
	TRY(rule_text(row->subject, SUBJECT_BYTES_MAX, false, "identity.static_keys.subject"));
	TRY(rule_text(row->issuer_keys, KEYS_BYTES_MAX, false, "identity.static_keys.issuer_keys"));
	if (row->expires_us == 0)
		row->expires_us = (call_now_s(call) + STATIC_LIFE_DEFAULT_S) * US_PER_S;
	row->expires_us = row->expires_us / US_PER_S * US_PER_S; /* kept to the second */
	if (row->expires_us > (call_now_s(call) + STATIC_LIFE_MAX_S + 60) * US_PER_S)
		return FAIL_FIELD("identity.static_keys.expiration_time", "must be at most 365 days ahead");
	if (row->audiences.len == 0)
		return OK;
	TRY(json_parse(call->arena, row->audiences, NULL, &audiences));
	if (audiences->count > 1)
		return FAIL_FIELD("identity.static_keys.audiences", "at most one audience");
	return rule_text(audiences->first ? audiences->first->text : SLICE(""), CLAIM_BYTES_MAX, false,
			 "identity.static_keys.audiences");
}

static FALLIBLE check_aws(const struct identity *row)
{
	TRY(rule_aws_account(row->aws_account, "identity.aws_identity.aws_account"));
	if (row->aws_arn_kind != MATCH_UNSET)
		TRY(check_match(row->aws_arn_kind, row->aws_arn, CLAIM_BYTES_MAX, "identity.aws_identity.arn",
				"identity.aws_identity.arn_pattern"));
	if (row->aws_user_id_kind != MATCH_UNSET)
		TRY(check_match(row->aws_user_id_kind, row->aws_user_id, CLAIM_BYTES_MAX, "identity.aws_identity.user_id",
				"identity.aws_identity.user_id_pattern"));
	return OK;
}

/* before: NULL for a new one. */
static FALLIBLE check(struct call *call, const struct identity *before, struct identity *row)
{
	TRY(rule_name(row->name, "identity.name"));
	TRY(rule_description(row->description, "identity.description"));
	switch ((enum relationship)row->relationship) {
	case RELATIONSHIP_CLAIM_MATCH:
		return check_claim_match(call, before, row);
	case RELATIONSHIP_STATIC:
		return check_static(call, row);
	case RELATIONSHIP_AWS:
		return check_aws(row);
	case RELATIONSHIP_SERVICE:
		if (row->service_principal < 1 || row->service_principal > SERVICE_PRINCIPAL_MAX)
			return FAIL_FIELD("identity.service_principal", "must be a known service");
		return OK;
	case RELATIONSHIP_NONE:
		break;
	}
	return FAIL_FIELD("identity.relationship",
			  "one of claim_match, static_keys, aws_identity, service_principal is required");
}

/* ---- the four verbs ---- */

FALLIBLE identity_at(struct call *call, const struct uid *uid, struct identity *ret_identity)
{
	struct identity key = { .uid = *uid };
	bool found;

	TRY(row_find(call->tx, &table_identities, &key, ret_identity, &found));
	return found ? OK : call_absent(call, "identity", uid, CAP_IAM_IDENTITY_LIST_BIT);
}

FALLIBLE identity_create(struct call *call, const struct uid *parent, struct identity *row)
{
	struct group group;

	row->parent = *parent;
	row->created_us = row->updated_us = row->last_seen_us = call->now_us;
	TRY(check(call, NULL, row));
	TRY(group_at(call, parent, CAP_IAM_GROUPS_LIST_BIT, &group));
	TRY(limit_check(call, parent, &table_identities, "identities", call->settings->limit_identities));
	TRY(call_new_child(call, parent, &row->uid));
	TRY(row_insert(call->tx, &table_identities, row));
	call_touched(call, &row->uid, parent);
	return OK;
}

/* True when a column from the relationship on differs: who may prove to be this identity changes. */
static bool proof_differs(const struct identity *a, const struct identity *b)
{
	for (int i = IDENTITIES_RELATIONSHIP; i <= IDENTITIES_SERVICE_PRINCIPAL; i++)
		if (column_compare(&table_identities.columns[i], a, b) != 0)
			return true;
	return false;
}

/* Identities of one organization, each of which can be taken on with a token of one before it. */
struct deputies {
	slice subject; /* of the one whose deputies are looked for */
	struct uid *at;
	size_t count;
};

static status collect_deputy(void *user, const void *row)
{
	struct deputies *deputies = user;
	const struct identity *identity = row;
	bool trusts = identity->relationship == RELATIONSHIP_CLAIM_MATCH && identity->issuer_kind == MATCH_EXACT &&
		      (identity->subject_kind == MATCH_PATTERN ? pattern_matches(identity->subject, deputies->subject)
							       : slice_eq(identity->subject, deputies->subject));

	for (size_t i = 0; trusts && i < deputies->count; i++)
		trusts = !uid_eq(&deputies->at[i], &identity->uid);
	if (!trusts)
		return OK;
	if (deputies->count == DEPUTIES_MAX)
		return FAIL_STATE("TOO_MANY_DEPUTIES",
				  "more than %d identities can be assumed from this one; make a new identity instead",
				  DEPUTIES_MAX);
	deputies->at[deputies->count++] = identity->uid;
	return OK;
}

/* Who proves to be an identity also becomes what trusts its tokens here: the author must hold all that those hold, too. Another
 * organization that trusts it answers for that itself; else it could forbid changes here. */
static FALLIBLE hand_out_proof(struct call *call, const struct uid *uid)
{
	struct deputies deputies = { .at = NEW_N(call->arena, struct uid, DEPUTIES_MAX) };
	struct uid root = uid_root(uid);
	struct query query;

	TRY_NEW(deputies.at);
	deputies.at[deputies.count++] = *uid;
	query_init(&query);
	query_eq_text(&query, IDENTITIES_ISSUER, call->settings->issuer_url);
	query_uids(&query, WHERE_UNDER, IDENTITIES_UID, &root, 1);
	for (size_t i = 0; i < deputies.count; i++) {
		const char *text = uid_text(&deputies.at[i], call->arena);
		TRY_NEW(text);
		deputies.subject = slice_str(text);
		TRY(authz_hand_out_identity(call->tx, call->caller, &deputies.at[i], call_now_s(call)));
		TRY(row_scan(call->tx, &table_identities, &query, collect_deputy, &deputies));
	}
	return OK;
}

FALLIBLE identity_update(struct call *call, const struct identity *before, struct identity *row)
{
	if (uid_is_root(&row->uid))
		return FAIL_STATE("USER_IDENTITY", "a user's identity is made and changed by signing in");
	/* A machine key of an operator never expires; an update does not give it an end. */
	bool is_endless = before->relationship == RELATIONSHIP_STATIC && before->expires_us == 0 && row->expires_us == 0;
	TRY(check(call, before, row));
	if (is_endless)
		row->expires_us = 0;
	if (proof_differs(before, row))
		TRY(hand_out_proof(call, &row->uid));
	row->updated_us = call->now_us;
	TRY(row_update(call->tx, &table_identities, row));
	call_touched(call, &row->uid, &row->parent);
	return OK;
}

FALLIBLE identity_delete(struct call *call, const struct uid *uid)
{
	struct identity identity;
	struct query query;
	int64_t count;
	bool deleted;

	TRY(identity_at(call, uid, &identity));
	query_init(&query);
	query_eq_uid(&query, BINDINGS_IDENTITY, uid);
	TRY(row_delete_all(call->tx, &table_bindings, &query, &count));
	TRY(families_end(call, uid, NULL));
	query_init(&query);
	query_eq_uid(&query, ACCESS_REQUESTS_IDENTITY, uid);
	TRY(row_delete_all(call->tx, &table_access_requests, &query, &count));
	TRY(row_delete(call->tx, &table_identities, &identity, &deleted));
	call_touched(call, uid, &identity.parent);
	return OK;
}
