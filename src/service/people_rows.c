/*
 * people_rows: what is written when people come, use what is good once, and leave; each in one transaction.
 *
 * Promises  an account is made once, whoever asks how often; an organization's provider gives its default role at the first
 *           sign-in there and never again; what an organization's own provider says of an address does not count outside it.
 */
#include "crypto/digest.h"
#include "handlers.gen.h"
#include "iam/v2/role_bindings.pb-c.h"
#include "model/user.h"
#include "reeve/v1/people.pb-c.h"
#include "service/accounts.h"
#include "service/budget.h"
#include "service/invites.h"
#include "service/joining.h"
#include "service/people_impl.h"

#define NAME_BYTES_KEPT 63
#define LEAVING_BINDINGS_MAX 1000
#define MARGIN_S 120 /* a mark outlives what it is of: clocks are set back */
#define NEVER_US INT64_MAX
#define FIRST_SIGN_IN_LABEL "first sign-in at a provider"
#define LOCAL_PATH "/local"

/* ---- marks ---- */

static FALLIBLE use(struct call *call, slice digest, int64_t expires_us, bool *ret_is_first)
{
	struct mark mark = { .digest = digest, .expires_us = expires_us }, before;
	bool found;

	*ret_is_first = false;
	if (digest.len != SHA256_BYTES)
		return FAIL(FAULT_INTERNAL, "a mark is a digest");
	TRY(row_find(call->tx, &table_marks, &mark, &before, &found));
	if (found)
		return OK;
	TRY(row_insert(call->tx, &table_marks, &mark));
	*ret_is_first = true;
	return OK;
}

static int64_t end_of(int64_t expires_s)
{
	return expires_s > INT64_MAX / US_PER_S - MARGIN_S ? NEVER_US : (expires_s + MARGIN_S) * US_PER_S;
}

FALLIBLE people_mark(struct call *call, slice digest, int64_t expires_s, bool *ret_is_first)
{
	return use(call, digest, end_of(expires_s), ret_is_first);
}

status reeve_people_use_once(struct call *call, const Reeve__V1__UseOnceRequest *in, Reeve__V1__UseOnceResponse *out)
{
	bool is_first;

	TRY(people_mark(call, data_slice(in->digest), in->expires_s, &is_first));
	out->is_first = is_first;
	return OK;
}

/* ---- the account ---- */

static FALLIBLE take_person(const Reeve__V1__SignedIn *in, struct person *ret_person, struct uid *ret_identity)
{
	struct person person = { .issuer = slice_str(in->issuer),
				 .subject = slice_str(in->subject),
				 .connection = slice_str(in->connection),
				 .email = slice_str(in->email),
				 .email_is_verified = *in->email != '\0',
				 .name = slice_str(in->name) };

	if (*in->confined_to)
		TRY(uid_parse_field(slice_str(in->confined_to), "confined_to", &person.confined_to));
	*ret_person = person;
	return user_uid(person.issuer, person.subject, ret_identity);
}

/* Length of the character at `at` if it may be shown: no control characters, nothing that turns the writing around. */
static size_t shown_len(slice text, size_t at)
{
	const unsigned char *c = (const unsigned char *)text.at + at;
	size_t len = *c < 0x80 ? 1 : *c < 0xe0 ? 2 : *c < 0xf0 ? 3 : 4;

	if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0))
		return 0; /* C0, DEL, C1 */
	if (*c == 0xe2 && ((c[1] == 0x80 && c[2] >= 0x8b) || (c[1] == 0x81 && c[2] >= 0xa0)))
		return c[1] == 0x80 && c[2] >= 0x90 && c[2] <= 0xa7 ? len : 0; /* U+200B-F, U+2028-E, U+2060 and on */
	return len;
}

/* What lists show: the name as the provider gives it, else the address, else the subject. Cut at a character. */
static FALLIBLE shown_name(struct call *call, const struct person *person, slice *ret_name)
{
	slice from = person->name.len ? person->name : person->email.len ? person->email : person->subject;
	struct buffer name;
	size_t at = 0;

	if (!slice_is_text(from))
		return FAIL(FAULT_INVALID, "what the provider calls this person is no text");
	buffer_init(&name, call->arena, NAME_BYTES_KEPT + 4);
	while (at < from.len) {
		const unsigned char lead = (unsigned char)from.at[at];
		size_t len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4, shown = shown_len(from, at);
		if (buffer_slice(&name).len + shown > NAME_BYTES_KEPT)
			break;
		buffer_add(&name, slice_of(from.at + at, shown));
		at += len;
	}
	if (buffer_failed(&name))
		return FAIL(FAULT_EXHAUSTED, "no memory for a name");
	*ret_name = slice_trim(buffer_slice(&name));
	return OK;
}

static FALLIBLE describe(struct call *call, const struct person *person, struct identity *row)
{
	bool is_confined = !uid_is_none(&person->confined_to);
	slice email = person->email_is_verified ? person->email : SLICE("");

	TRY(shown_name(call, person, &row->name));
	row->email = is_confined ? SLICE("") : email;
	row->email_unverified = is_confined ? email : SLICE("");
	return OK;
}

/* Nothing is decided by these columns, so nobody is told of the change. */
static FALLIBLE keep_described(struct call *call, const struct person *person, struct identity *row)
{
	struct identity fresh = *row;

	TRY(describe(call, person, &fresh));
	if (slice_eq(fresh.name, row->name) && slice_eq(fresh.email, row->email) &&
	    slice_eq(fresh.email_unverified, row->email_unverified))
		return OK;
	fresh.updated_us = call->now_us;
	return row_update_unlogged(call->tx, &table_identities, &fresh);
}

/* Not assumable: no relationship proves a user but a sign-in. */
static FALLIBLE make_account(struct call *call, const struct person *person, const struct uid *uid)
{
	struct identity row = { .uid = *uid,
				.issuer_kind = MATCH_EXACT,
				.issuer = issuer_normal(person->issuer),
				.subject_kind = MATCH_EXACT,
				.subject = person->subject,
				.created_us = call->now_us,
				.updated_us = call->now_us,
				.last_seen_us = call->now_us };

	if (!uid_is_none(&person->confined_to))
		TRY(budget_take(&person->confined_to, call->now_us));
	TRY(describe(call, person, &row));
	return row_insert(call->tx, &table_identities, &row);
}

/* ---- coming ---- */

static FALLIBLE is_first_there(struct call *call, const struct provider *provider, const struct uid *identity,
			       bool *ret_is_first)
{
	uint8_t digest[SHA256_BYTES];
	struct buffer bytes;

	buffer_init(&bytes, call->arena, 2 * UID_BYTES_MAX + sizeof(FIRST_SIGN_IN_LABEL));
	buffer_text(&bytes, FIRST_SIGN_IN_LABEL);
	buffer_add(&bytes, uid_bytes(&provider->uid));
	buffer_add(&bytes, uid_bytes(identity)); /* a root: always as long */
	if (buffer_failed(&bytes))
		return FAIL(FAULT_EXHAUSTED, "no memory for a mark");
	TRY(sha256(buffer_slice(&bytes), digest));
	return use(call, slice_of(digest, sizeof(digest)), NEVER_US, ret_is_first);
}

/* The role was one its author could hand out when the provider was written, and a role grows only by who holds what is added
 * where it is defined. */
static FALLIBLE give_default_role(struct call *call, const struct person *person, const struct uid *identity)
{
	struct provider provider = { 0 };
	struct role role = { 0 };
	bool found = false, is_first;

	if (uid_is_none(&person->confined_to))
		return OK;
	if (uid_parse(person->connection, &provider.uid))
		TRY(row_find(call->tx, &table_providers, &provider, &provider, &found));
	if (!found || !uid_eq(&provider.parent, &person->confined_to))
		return FAIL(FAULT_UNAUTHENTIC, "the identity provider of this sign-in was removed; sign in again");
	TRY(is_first_there(call, &provider, identity, &is_first));
	if (!is_first || uid_is_none(&provider.role))
		return OK;
	role.uid = provider.role;
	TRY(row_find(call->tx, &table_roles, &role, &role, &found));
	if (!found || (!uid_is_none(&role.parent) && !uid_eq(&role.parent, &provider.parent)))
		return OK; /* no role of this organization: none is given */
	return joining_bind(call, identity, &provider.parent, &role.uid);
}

static FALLIBLE count_bindings(struct call *call, const struct uid *identity, int64_t *ret_count)
{
	struct query query;

	query_init(&query);
	query_eq_uid(&query, BINDINGS_IDENTITY, identity);
	return row_count(call->tx, &table_bindings, &query, ret_count);
}

static FALLIBLE record_registered(struct call *call, const struct uid *identity, const struct uid *group)
{
	Chainguard__Platform__Auth__Session *body;

	TRY_MESSAGE(call, body, chainguard__platform__auth__session);
	TRY(put_uid(call, identity, &body->identity));
	TRY(put_uid(call, group, &body->group));
	return joining_record(call, METHOD_V1_AUTH_REGISTER, identity, group, identity, &body->base);
}

/* A login token may have been made just before. */
static FALLIBLE require_live(struct call *call, const struct person *person)
{
	bool is_live;

	TRY(account_is_live(call, person, &is_live));
	return is_live ? OK : FAIL(FAULT_UNAUTHENTIC, "the account you signed in with was disabled or deleted");
}

status reeve_people_join(struct call *call, const Reeve__V1__JoinPeopleRequest *in, Reeve__V1__JoinPeopleResponse *out)
{
	struct uid uid, group = { 0 };
	struct identity row = { 0 };
	int64_t before, after;
	struct person person;
	bool found;

	TRY(take_person(in->person, &person, &uid));
	TRY(require_live(call, &person));
	row.uid = uid;
	TRY(row_find(call->tx, &table_identities, &row, &row, &found));
	if (!found && in->is_known)
		return FAIL(FAULT_ABSENT, "Not found: identity_id names no account");
	TRY(found ? keep_described(call, &person, &row) : make_account(call, &person, &uid));
	TRY(count_bindings(call, &uid, &before));
	TRY(give_default_role(call, &person, &uid));
	if (*in->code)
		TRY(invite_accept(call, slice_str(in->code), &uid, &person, &group));
	TRY(count_bindings(call, &uid, &after));
	if (!found || after != before)
		TRY(record_registered(call, &uid, &group));
	out->is_new = !found;
	TRY(put_uid(call, &uid, &out->identity));
	return put_uid(call, &group, &out->group);
}

FALLIBLE people_join_by_code(struct call *call, const Reeve__V1__JoinPeopleRequest *in)
{
	Reeve__V1__JoinPeopleResponse *joined;
	struct person person;
	struct uid identity;
	bool is_allowed;

	TRY_MESSAGE(call, joined, reeve__v1__join_people_response);
	TRY(reeve_people_join(call, in, joined));
	TRY(take_person(in->person, &person, &identity));
	TRY(people_code_allowed(call, &person, NULL, &is_allowed)); /* the bindings just made count */
	return is_allowed ? OK
			  : FAIL(FAULT_DENIED,
				 "an organization that you belong to, or would, does not allow sign-in by a code from "
				 "another machine: you have not joined");
}

/* ---- using ---- */

status reeve_people_spend(struct call *call, const Reeve__V1__SpendRequest *in, Google__Protobuf__Empty *out)
{
	struct identity row = { 0 };
	struct person person;
	bool found, is_first;

	(void)out;
	TRY(take_person(in->person, &person, &row.uid));
	TRY(require_live(call, &person));
	for (size_t i = 0; i < in->n_digests; i++) {
		TRY(people_mark(call, data_slice(in->digests[i]), in->expires_s, &is_first));
		if (!is_first)
			return FAIL(FAULT_UNAUTHENTIC, "this sign-in was used already for that audience; sign in again");
	}
	TRY(row_find(call->tx, &table_identities, &row, &row, &found));
	if (!found)
		return FAIL(FAULT_ABSENT, "Not found: nobody is registered with this sign-in; register first");
	TRY(give_default_role(call, &person, &row.uid)); /* an account made elsewhere may come for the first time */
	return keep_described(call, &person, &row);
}

/* ---- leaving ---- */

static FALLIBLE record_unbound(struct call *call, const struct binding *binding)
{
	Chainguard__Platform__Iam__V2__DeleteRoleBindingRequest *body;

	TRY_MESSAGE(call, body, chainguard__platform__iam__v2__delete_role_binding_request);
	TRY(put_uid(call, &binding->uid, &body->uid));
	return joining_record(call, METHOD_ROLE_BINDINGS_DELETE_ROLE_BINDING, &binding->uid, &binding->group,
			      &binding->identity, &body->base);
}

static FALLIBLE unbind(struct call *call, const struct uid *identity)
{
	struct query query;
	struct rows rows;
	int64_t count;

	query_init(&query);
	query_eq_uid(&query, BINDINGS_IDENTITY, identity);
	query.limit = LEAVING_BINDINGS_MAX + 1;
	TRY(row_list(call->tx, &table_bindings, &query, &rows));
	if (rows.count > LEAVING_BINDINGS_MAX)
		return FAIL_STATE("TOO_MANY_BINDINGS", "the account holds more than %d roles; have some of them removed first",
				  LEAVING_BINDINGS_MAX);
	for (size_t i = 0; i < rows.count; i++) {
		const struct binding *binding = (const struct binding *)rows.at + i;
		if (!uid_is_none(&call->caller->confined_to) && !uid_covers(&call->caller->confined_to, &binding->group))
			return FAIL(FAULT_DENIED, "the account has roles in another organization than the one this session "
						  "began at; have them removed there first");
		TRY(record_unbound(call, binding));
	}
	query.limit = 0;
	return row_delete_all(call->tx, &table_bindings, &query, &count);
}

static FALLIBLE drop(struct call *call, const struct table *table, int column, const struct uid *identity)
{
	struct query query;
	int64_t count;

	query_init(&query);
	query_eq_uid(&query, column, identity);
	return row_delete_all(call->tx, table, &query, &count);
}

/* Who signed in here with a password leaves that behind too. */
static FALLIBLE drop_local_account(struct call *call, const struct identity *row)
{
	slice url = call->settings->issuer_url;
	struct query query;
	int64_t count;

	if (!slice_starts(row->issuer, url) || !slice_is(slice_from(row->issuer, url.len), LOCAL_PATH))
		return OK;
	query_init(&query);
	query_eq_text(&query, ACCOUNTS_SUBJECT, row->subject);
	return row_delete_all(call->tx, &table_accounts, &query, &count);
}

FALLIBLE people_leave(struct call *call, const struct uid *identity)
{
	static const struct uid nobody;
	struct identity row = { .uid = *identity };
	bool found, deleted;

	TRY(row_find(call->tx, &table_identities, &row, &row, &found));
	if (!found)
		return FAIL(FAULT_ABSENT, "Not found: the account is gone already");
	TRY(unbind(call, identity));
	TRY(drop(call, &table_families, FAMILIES_IDENTITY, identity));
	TRY(drop(call, &table_access_requests, ACCESS_REQUESTS_IDENTITY, identity));
	TRY(drop_local_account(call, &row));
	TRY(row_delete(call->tx, &table_identities, &row, &deleted));
	call_touched(call, identity, &nobody);
	return OK;
}

status v1_auth_delete(struct call *call, const Chainguard__Platform__Auth__DeletionRequest *in, Google__Protobuf__Empty *out)
{
	struct uid uid;

	(void)out;
	TRY(uid_parse_field(slice_str(in->id), "id", &uid));
	if (!uid_eq(&uid, &call->caller->identity) || !uid_is_root(&uid))
		return FAIL(FAULT_DENIED, "only one's own account can be deleted: id must be the one you signed in as");
	return people_leave(call, &uid);
}
