/*
 * people: sign-ins in front of the methods they turn into.
 */
#include "service/people_impl.h"

#include "base/json.h"
#include "crypto/digest.h"
#include "handlers.gen.h"
#include "model/user.h"
#include "reeve/v1/people.pb-c.h"

#define EXCHANGE_LABEL "exchange"
#define BINDINGS_LOOKED_AT_MAX 10000

FALLIBLE people_login_token(struct call *call, const struct person *person, slice client_id, slice *ret_token)
{
	struct minted minted = { 0 };

	TRY(token_login_mint(call->parts->issuer, call->arena, person, client_id, &minted));
	*ret_token = minted.text;
	return OK;
}

FALLIBLE people_known(struct call *call, const struct person *person, bool *ret_known)
{
	struct uid uid;

	TRY(user_uid(person->issuer, person->subject, &uid));
	*ret_known = authz_identity_life(call->parts->authz, &uid, 0) == LIFE_ALIVE;
	return OK;
}

/* ---- good once ---- */

/* Each part with its length in front, so that no two lists give the same bytes. */
static FALLIBLE digest_parts(struct call *call, const slice *parts, size_t count, slice *ret_digest)
{
	uint8_t *digest = arena_alloc(call->arena, SHA256_BYTES);
	struct buffer bytes;

	TRY_NEW(digest);
	buffer_init(&bytes, call->arena, TOKEN_BYTES_MAX + 1024);
	for (size_t i = 0; i < count; i++) {
		uint64_t len = parts[i].len;
		buffer_add(&bytes, slice_of(&len, sizeof(len)));
		buffer_add(&bytes, parts[i]);
	}
	if (buffer_failed(&bytes))
		return FAIL(FAULT_INVALID, "what is good once is too long");
	TRY(sha256(buffer_slice(&bytes), digest));
	*ret_digest = slice_of(digest, SHA256_BYTES);
	return OK;
}

FALLIBLE people_once_digest(struct call *call, const char *label, slice value, slice *ret_digest)
{
	slice parts[] = { slice_str(label), value };

	return digest_parts(call, parts, 2, ret_digest);
}

FALLIBLE people_use_once(struct call *call, const char *label, slice value, int64_t expires_s, bool *ret_is_first)
{
	Reeve__V1__UseOnceResponse *out;
	Reeve__V1__UseOnceRequest *in;
	slice digest;

	TRY(people_once_digest(call, label, value, &digest));
	TRY_MESSAGE(call, in, reeve__v1__use_once_request);
	TRY_MESSAGE(call, out, reeve__v1__use_once_response);
	in->digest = data_of(digest);
	in->expires_s = expires_s;
	TRY(call_nested(call, NULL, SLICE(""), METHOD_REEVE_PEOPLE_USE_ONCE, in, out));
	*ret_is_first = out->is_first;
	return OK;
}

/* The person as an internal row's request. */
static FALLIBLE put_person(struct call *call, const struct person *person, Reeve__V1__SignedIn **ret_message)
{
	Reeve__V1__SignedIn *out;

	TRY_MESSAGE(call, out, reeve__v1__signed_in);
	TRY(put_text(call, person->issuer, &out->issuer));
	TRY(put_text(call, person->subject, &out->subject));
	TRY(put_text(call, person->connection, &out->connection));
	TRY(put_uid(call, &person->confined_to, &out->confined_to));
	if (person->email_is_verified)
		TRY(put_text(call, person->email, &out->email));
	TRY(put_text(call, person->name, &out->name));
	*ret_message = out;
	return OK;
}

FALLIBLE people_spend(struct call *call, const struct assumed *who, const slice *audiences, size_t count)
{
	Google__Protobuf__Empty *out;
	Reeve__V1__SpendRequest *in;

	TRY_MESSAGE(call, in, reeve__v1__spend_request);
	TRY_MESSAGE(call, out, google__protobuf__empty);
	TRY(put_person(call, &who->login->person, &in->person));
	in->expires_s = who->once_until_s;
	in->digests = NEW_N(call->arena, ProtobufCBinaryData, count);
	TRY_NEW(in->digests);
	for (size_t i = 0; i < count; i++) {
		slice parts[] = { SLICE(EXCHANGE_LABEL), who->once, audiences[i] }, digest;
		bool is_new = true;
		for (size_t k = 0; k < i; k++)
			is_new = is_new && !slice_eq(audiences[k], audiences[i]);
		if (!is_new)
			continue;
		TRY(digest_parts(call, parts, 3, &digest));
		in->digests[in->n_digests++] = data_of(digest);
	}
	return call_nested(call, NULL, SLICE(""), METHOD_REEVE_PEOPLE_SPEND, in, out);
}

/* ---- what a sign-in turns into ---- */

/* Who signed in, for the record of what they do: no caller that holds anything. */
static FALLIBLE actor_of(struct call *call, const struct login *login, struct caller *ret_actor)
{
	struct json_writer writer;
	struct buffer act;

	buffer_init(&act, call->arena, TOKEN_BYTES_MAX);
	json_writer_init(&writer, &act);
	json_open_object(&writer);
	json_pair_text(&writer, "iss", login->person.issuer);
	json_pair_text(&writer, "sub", login->person.subject);
	json_pair_text(&writer, "aud", login->client_id);
	json_close_object(&writer);
	if (buffer_failed(&act))
		return FAIL(FAULT_EXHAUSTED, "no memory for a record");
	*ret_actor = (struct caller){ .identity = login->identity, .act = buffer_slice(&act) };
	return OK;
}

static FALLIBLE join_request(struct call *call, const struct login *login, slice code, struct caller *ret_actor,
			     Reeve__V1__JoinPeopleRequest **ret_in)
{
	Reeve__V1__JoinPeopleRequest *in;

	TRY(actor_of(call, login, ret_actor));
	TRY_MESSAGE(call, in, reeve__v1__join_people_request);
	TRY(put_person(call, &login->person, &in->person));
	TRY(put_text(call, code, &in->code));
	*ret_in = in;
	return OK;
}

FALLIBLE people_join_request(struct call *call, slice login_token, slice invite_code, struct caller *ret_actor,
			     Reeve__V1__JoinPeopleRequest **ret_in)
{
	static const struct uid none;
	struct login login;

	TRY(token_login_read(call->parts->issuer, call->arena, login_token, &none, call->may_block, &login));
	return join_request(call, &login, invite_code, ret_actor, ret_in);
}

static FALLIBLE join(struct call *call, const struct login *login, slice code, bool is_known, struct registered *ret_registered)
{
	Reeve__V1__JoinPeopleResponse *out;
	Reeve__V1__JoinPeopleRequest *in;
	struct caller actor = { 0 };

	TRY(join_request(call, login, code, &actor, &in));
	TRY_MESSAGE(call, out, reeve__v1__join_people_response);
	in->is_known = is_known;
	TRY(call_nested(call, &actor, SLICE(""), METHOD_REEVE_PEOPLE_JOIN, in, out));
	*ret_registered = (struct registered){ .identity = login->identity, .is_new = out->is_new };
	if (*out->group)
		TRY(uid_parse_field(slice_str(out->group), "group", &ret_registered->group));
	return OK;
}

FALLIBLE people_register(struct call *call, slice login_token, slice invite_code, struct registered *ret_registered)
{
	static const struct uid none;
	struct login login;

	TRY(token_login_read(call->parts->issuer, call->arena, login_token, &none, call->may_block, &login));
	return join(call, &login, invite_code, false, ret_registered);
}

status v1_auth_register(struct call *call, const Chainguard__Platform__Auth__RegistrationRequest *in,
			Chainguard__Platform__Auth__Session *out)
{
	static const struct uid none;
	struct registered registered;
	struct uid expected = { 0 };
	struct login login;

	if (call->credential.len == 0)
		return FAIL(FAULT_UNAUTHENTIC, "send the token of a sign-in in the authorization header");
	if (*in->identity_id)
		TRY(uid_parse_field(slice_str(in->identity_id), "identity_id", &expected));
	TRY(token_login_read(call->parts->issuer, call->arena, call->credential, &none, call->may_block, &login));
	if (!uid_is_none(&expected) && !uid_eq(&expected, &login.identity))
		return FAIL(FAULT_DENIED, "the token is of another account than identity_id names");
	if (!call->may_block)
		return FAIL(FAULT_ELSEWHERE, "an account must be written down");
	TRY(join(call, &login, slice_str(in->code), !uid_is_none(&expected), &registered));
	TRY(put_uid(call, &registered.identity, &out->identity));
	return put_uid(call, &registered.group, &out->group);
}

FALLIBLE people_exchange(struct call *call, slice login_token, const struct people_want *want, slice *ret_token)
{
	struct exchange exchange = { .upstream = login_token,
				     .audiences = want->audiences,
				     .audiences_count = want->audiences_count,
				     .identity = want->identity,
				     .scopes = want->scopes,
				     .scopes_count = want->scopes_count,
				     .may_block = call->may_block };
	struct exchanged done;

	TRY(sts_exchange(call, &exchange, &done));
	*ret_token = done.token.text;
	return OK;
}

/* ---- codes typed elsewhere ---- */

struct belonging {
	struct tx *tx;
	struct uid last; /* organization asked last: bindings come by group */
	int64_t looked_at;
	bool is_off;
};

static FALLIBLE ask_rule(struct belonging *belonging, const struct uid *organization)
{
	struct signin_rule rule = { .group = *organization };
	bool found;

	TRY(row_find(belonging->tx, &table_signin_rules, &rule, &rule, &found));
	belonging->is_off = belonging->is_off || (found && rule.is_code_off);
	belonging->last = *organization;
	return OK;
}

static status ask_binding(void *user, const void *row)
{
	struct belonging *belonging = user;
	const struct binding *binding = row;
	struct uid organization = uid_root(&binding->group);

	if (++belonging->looked_at > BINDINGS_LOOKED_AT_MAX)
		belonging->is_off = true; /* nobody belongs to so much: rather no code */
	if (belonging->is_off || uid_eq(&organization, &belonging->last))
		return OK;
	return ask_rule(belonging, &organization);
}

struct asking {
	const struct person *person;
	const struct uid *joins;
	bool is_off;
};

static FALLIBLE ask_person(struct belonging *belonging, const struct person *person)
{
	struct query query;
	struct uid uid;

	TRY(user_uid(person->issuer, person->subject, &uid));
	if (!uid_is_none(&person->confined_to))
		TRY(ask_rule(belonging, &person->confined_to));
	query_init(&query);
	query_eq_uid(&query, BINDINGS_IDENTITY, &uid);
	query.order_by = BINDINGS_GROUP;
	query.limit = BINDINGS_LOOKED_AT_MAX + 1;
	return row_scan(belonging->tx, &table_bindings, &query, ask_binding, belonging);
}

static status ask_rules(struct tx *tx, void *arg)
{
	struct asking *asking = arg;
	struct belonging belonging = { .tx = tx };
	struct uid joined;

	if (asking->joins) {
		joined = uid_root(asking->joins);
		TRY(ask_rule(&belonging, &joined));
	}
	if (asking->person)
		TRY(ask_person(&belonging, asking->person));
	asking->is_off = belonging.is_off;
	return OK;
}

FALLIBLE people_code_allowed(struct call *call, const struct person *person, const struct uid *joins, bool *ret_allowed)
{
	struct asking asking = { .person = person, .joins = joins };

	TRY(call->tx ? ask_rules(call->tx, &asking) : store_read(call->parts->store, ask_rules, &asking, call->arena));
	*ret_allowed = !asking.is_off;
	return OK;
}
