#include "service/invites_impl.h"

#include "base/encode.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "model/email.h"

#define KEY_ID_BYTES 16
#define SECRET_BYTES 32
#define CODE_TEXT_BYTES_MAX 1024

static const struct page_field fields[] = {
	{ "uid", -1, false },
	{ "created_at", INVITES_CREATED_US, true },
	{ "create_time", INVITES_CREATED_US, true },
	{ "expiration_time", INVITES_EXPIRES_US, true },
};

const struct list_noun invite_noun = { .table = &table_invites,
				       .parent_column = INVITES_GROUP,
				       .fields = fields,
				       .field_count = sizeof(fields) / sizeof(*fields),
				       .by_default = { &fields[1], true } };

/* ---- create ---- */

static FALLIBLE ttl_of(const struct invite_in *in, int64_t *ret_ttl_s)
{
	if (!in->ttl || in->ttl->seconds < INVITE_TTL_S_MIN || in->ttl->seconds > INVITE_TTL_S_MAX || in->ttl->nanos < 0)
		return FAIL_FIELD(in->ttl_field, "must be between one minute and 30 days");
	*ret_ttl_s = in->ttl->seconds;
	return OK;
}

/* The role may be used at the group, and the author holds all of it there. */
static FALLIBLE role_for(struct call *call, const struct invite_in *in, const struct uid *group, struct uid *ret_role)
{
	struct role role = { 0 };
	bool found;

	TRY(uid_parse_field(in->role, in->role_field, &role.uid));
	TRY(row_find(call->tx, &table_roles, &role, &role, &found));
	if (!found || (!uid_is_none(&role.parent) && !uid_covers(&role.parent, group)))
		return FAIL_FIELD(in->role_field, "must be a built-in role or one defined at this group or above it");
	*ret_role = role.uid;
	return call_hand_out(call, group, &role.caps);
}

static FALLIBLE email_of(struct call *call, const struct invite_in *in, slice *ret_email)
{
	*ret_email = SLICE("");
	return in->email.len ? email_canonical(call->arena, in->email, in->email_field, ret_email) : OK;
}

/* {"grp":…,"kid":…,"exp":…,"secret":…}; all of it goes into the digest, so no part can be exchanged. */
static FALLIBLE write_code(struct call *call, const struct invite *invite, slice secret, slice *ret_json, slice *ret_code)
{
	struct json_writer writer;
	struct buffer json, code;
	char group[UID_TEXT_BYTES];

	uid_format(&invite->group, group);
	buffer_init(&json, call->arena, CODE_TEXT_BYTES_MAX);
	json_writer_init(&writer, &json);
	json_open_object(&writer);
	json_pair_text(&writer, "grp", slice_str(group));
	json_pair_text(&writer, "kid", invite->key_id);
	json_pair_int(&writer, "exp", invite->expires_us / US_PER_S);
	json_pair_text(&writer, "secret", secret);
	json_close_object(&writer);
	buffer_init(&code, call->arena, INVITE_CODE_BYTES_MAX);
	base64_encode(&code, BASE64_STANDARD, buffer_slice(&json));
	if (buffer_failed(&json) || buffer_failed(&code))
		return FAIL(FAULT_EXHAUSTED, "the code does not fit");
	*ret_json = buffer_slice(&json);
	*ret_code = buffer_slice(&code);
	return OK;
}

static FALLIBLE random_text(struct call *call, size_t bytes, slice *ret_text)
{
	uint8_t random[SECRET_BYTES];
	char *text = arena_alloc(call->arena, 2 * bytes + 1);

	TRY_NEW(text);
	TRY(call_random(call, random, bytes));
	hex_encode_into(slice_of(random, bytes), text);
	bytes_wipe(random, sizeof(random));
	*ret_text = slice_of(text, 2 * bytes);
	return OK;
}

static FALLIBLE digest_into(struct arena *arena, slice json, slice *ret_digest)
{
	unsigned char *digest = arena_alloc(arena, SHA256_BYTES);

	TRY_NEW(digest);
	TRY(sha256(json, digest));
	*ret_digest = slice_of(digest, SHA256_BYTES);
	return OK;
}

FALLIBLE invite_create(struct call *call, const struct uid *group, const struct invite_in *in, struct invite *ret_invite,
		       slice *ret_code)
{
	struct invite invite = { .group = *group,
				 .is_single_use = in->is_single_use,
				 .author = call->caller->identity,
				 .author_confined_to = call->caller->confined_to,
				 .created_us = call->now_us };
	struct group row;
	slice secret, json;
	int64_t ttl_s;

	TRY(ttl_of(in, &ttl_s));
	TRY(email_of(call, in, &invite.email));
	TRY(group_at(call, group, CAP_IAM_GROUPS_LIST_BIT, &row));
	TRY(role_for(call, in, group, &invite.role));
	TRY(limit_check(call, group, &table_invites, "invites", INVITES_PER_ORGANIZATION_MAX));
	invite.expires_us = (call_now_s(call) + ttl_s) * US_PER_S;
	TRY(random_text(call, KEY_ID_BYTES, &invite.key_id));
	TRY(random_text(call, SECRET_BYTES, &secret));
	TRY(write_code(call, &invite, secret, &json, ret_code));
	TRY(digest_into(call->arena, json, &invite.digest));
	TRY(call_new_child(call, group, &invite.uid));
	TRY(row_insert(call->tx, &table_invites, &invite));
	call_touched(call, &invite.uid, group);
	*ret_invite = invite;
	return OK;
}

/* ---- look, delete ---- */

FALLIBLE invite_at(struct call *call, const struct uid *uid, struct invite *ret_invite)
{
	struct invite key = { .uid = *uid };
	bool found;

	TRY(row_find(call->tx, &table_invites, &key, ret_invite, &found));
	return found ? OK : call_absent(call, "invite", uid, CAP_IAM_GROUP_INVITES_LIST_BIT);
}

FALLIBLE invite_delete(struct call *call, const struct uid *uid)
{
	struct uid group = uid_parent(uid);
	struct invite invite;
	bool deleted;

	TRY(invite_at(call, uid, &invite));
	TRY(row_delete(call->tx, &table_invites, &invite, &deleted));
	call_touched(call, uid, &group);
	return OK;
}

/* ---- the code ---- */

static FALLIBLE not_a_code(void)
{
	return FAIL_FIELD("code", "is no invite code; copy it whole, as it was given to you");
}

FALLIBLE invite_code_read(struct arena *arena, slice code, struct invite_code *ret_code)
{
	static const struct json_limits limits = { .bytes = INVITE_CODE_BYTES_MAX, .depth = 2 };
	const struct json *object = NULL;
	status result;
	slice group;

	code = slice_trim(code);
	if (code.len == 0 || code.len > INVITE_CODE_BYTES_MAX)
		return not_a_code();
	result = base64_decode(arena, BASE64_STANDARD, code, &ret_code->json);
	if (!FAILED(result))
		result = json_parse_object(arena, ret_code->json, &limits, &object);
	if (result.fault == FAULT_INVALID)
		return not_a_code();
	TRY(result);
	if (!json_text(json_member(object, "grp"), &group) || !uid_parse(group, &ret_code->group) ||
	    !json_text(json_member(object, "kid"), &ret_code->key_id) ||
	    !json_int64(json_member(object, "exp"), &ret_code->expires_s))
		return not_a_code();
	return digest_into(arena, ret_code->json, &ret_code->digest);
}

static FALLIBLE find_row(struct call *call, const struct invite_code *code, struct invite *ret_invite, bool *ret_found)
{
	struct query query;

	query_init(&query);
	query_eq_text(&query, INVITES_KEY_ID, code->key_id);
	TRY(row_first(call->tx, &table_invites, &query, ret_invite, ret_found));
	if (*ret_found)
		*ret_found = bytes_equal(ret_invite->digest, code->digest) && uid_eq(&ret_invite->group, &code->group);
	return OK;
}

FALLIBLE invite_lookup(struct call *call, slice text, struct invite_code *ret_code, struct invite *ret_invite, bool *ret_found)
{
	TRY(invite_code_read(call->arena, text, ret_code));
	TRY(find_row(call, ret_code, ret_invite, ret_found));
	/* The row's own expiry counts; what a code without a row claims only chooses the words. */
	if (*ret_found ? ret_invite->expires_us <= call->now_us : ret_code->expires_s <= call_now_s(call))
		return FAIL_STATE("INVITE_EXPIRED", "the invite has expired; ask for a new one");
	return OK;
}

/* The mark a used single-use invite leaves: under its digest, and under its digest and who used it. */
FALLIBLE invite_mark(struct call *call, const struct invite_code *code, const struct uid *identity, struct mark *ret_mark)
{
	struct buffer text;
	slice digest;

	buffer_init(&text, call->arena, 512);
	buffer_text(&text, "reeve used invite:");
	buffer_add(&text, code->digest); /* of a fixed length */
	if (identity)
		buffer_add(&text, uid_bytes(identity));
	if (buffer_failed(&text))
		return FAIL(FAULT_EXHAUSTED, "no memory for an invite");
	TRY(digest_into(call->arena, buffer_slice(&text), &digest));
	*ret_mark = (struct mark){ .digest = digest };
	return OK;
}

status invite_gone(struct call *call, const struct invite_code *code)
{
	struct mark mark;
	bool was_used;

	TRY(invite_mark(call, code, NULL, &mark));
	TRY(row_find(call->tx, &table_marks, &mark, &mark, &was_used));
	if (was_used)
		return FAIL_STATE("INVITE_USED", "the invite was good for one person and has been used; ask for a new one");
	return FAIL(FAULT_ABSENT, "Not found: the invite was deleted or never existed; ask for a new one");
}

struct finding {
	struct call call; /* a copy, with the snapshot */
	slice code;
	struct invite *ret_invite;
};

static status find_in(struct tx *tx, void *arg)
{
	struct finding *finding = arg;
	struct invite_code code;
	bool found;

	finding->call.tx = tx;
	TRY(invite_lookup(&finding->call, finding->code, &code, finding->ret_invite, &found));
	return found ? OK : invite_gone(&finding->call, &code);
}

FALLIBLE invite_find(struct call *call, slice code, struct invite *ret_invite)
{
	struct finding finding = { .call = *call, .code = code, .ret_invite = ret_invite };

	if (call->tx)
		return find_in(call->tx, &finding);
	return store_read(call->parts->store, find_in, &finding, call->arena);
}
