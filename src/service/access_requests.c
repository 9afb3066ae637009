#include "service/access_requests.h"

#include "crypto/digest.h"
#include "fetch/mail.h"
#include "handlers.gen.h"
#include "model/email.h"
#include "model/role.h"
#include "reeve/v1/organizations.pb-c.h"
#include "service/eligible.h"

#define OWNERS_LOOKED_AT_MAX 200 /* bindings of owners, workloads among them */
#define TOLD_LABEL "reeve access request:"
#define MAIL_SUBJECT "Somebody asks to be let into your organization"

static FALLIBLE check_room(struct call *call, const struct uid *group)
{
	struct query query;
	int64_t count;

	query_init(&query);
	query_eq_uid(&query, ACCESS_REQUESTS_GROUP, group);
	TRY(row_count(call->tx, &table_access_requests, &query, &count));
	if (count >= ACCESS_REQUESTS_MAX)
		return FAIL(FAULT_EXHAUSTED, "too many people wait for an answer of this organization");
	return OK;
}

/* False in ret_is_new when it waited there already. */
static FALLIBLE add_request(struct call *call, const struct group *group, bool *ret_is_new)
{
	struct access_request row = { .identity = call->caller->identity, .group = group->uid, .created_us = call->now_us },
			      before;
	bool found;

	TRY(row_find(call->tx, &table_access_requests, &row, &before, &found));
	if (found && before.created_us + ACCESS_REQUEST_AGAIN_S * US_PER_S > call->now_us)
		return FAIL(FAULT_EXHAUSTED, "you asked this organization already; its owners have your request");
	if (!found)
		TRY(check_room(call, &group->uid));
	TRY(row_put(call->tx, &table_access_requests, &row));
	call_touched(call, &row.identity, &row.group);
	*ret_is_new = !found;
	return OK;
}

/* Left by the letters about a request: they outlive it, or an account deleted and made again would bring new ones each time. */
static FALLIBLE mark_of(struct call *call, const struct uid *identity, const struct uid *group, struct mark *ret_mark)
{
	unsigned char *digest = arena_alloc(call->arena, SHA256_BYTES);
	char *who = uid_text(identity, call->arena), *where = uid_text(group, call->arena), *text;

	TRY_NEW(digest);
	TRY_NEW(who);
	TRY_NEW(where);
	text = arena_printf(call->arena, TOLD_LABEL "%s:%s", who, where);
	TRY_NEW(text);
	TRY(sha256(slice_str(text), digest));
	*ret_mark = (struct mark){ .digest = slice_of(digest, SHA256_BYTES) };
	return OK;
}

static FALLIBLE tell_once(struct call *call, const struct uid *group, bool *ret_is_first)
{
	struct mark mark, before;
	bool found;

	TRY(mark_of(call, &call->caller->identity, group, &mark));
	TRY(row_find(call->tx, &table_marks, &mark, &before, &found));
	*ret_is_first = !found || before.expires_us <= call->now_us;
	if (!*ret_is_first)
		return OK;
	mark.expires_us = call->now_us + ACCESS_REQUEST_AGAIN_S * US_PER_S;
	return row_put(call->tx, &table_marks, &mark);
}

FALLIBLE access_request_dismiss(struct call *call, const struct uid *identity, const struct uid *group, bool *ret_dismissed)
{
	struct access_request row = { .identity = *identity, .group = *group };
	struct mark mark;
	bool deleted;

	TRY(mark_of(call, identity, group, &mark));
	TRY(row_delete(call->tx, &table_marks, &mark, &deleted));
	return row_delete(call->tx, &table_access_requests, &row, ret_dismissed);
}

static FALLIBLE put_owner(struct call *call, const struct binding *binding, Reeve__V1__AddAccessRequestResponse *out)
{
	struct identity owner = { .uid = binding->identity };
	slice email;
	bool found;

	if ((binding->expires_s && binding->expires_s <= call_now_s(call)) || binding->not_before_s > call_now_s(call))
		return OK;
	TRY(row_find(call->tx, &table_identities, &owner, &owner, &found));
	if (!found || owner.email.len == 0)
		return OK;
	if (FAILED(email_canonical(call->arena, owner.email, "email", &email))) {
		report_clear(report_current()); /* nobody is written to at an address of no known form */
		return OK;
	}
	for (size_t i = 0; i < out->n_owner_emails; i++)
		if (slice_is(email, out->owner_emails[i]))
			return OK; /* one person by two ways */
	return put_text(call, email, &out->owner_emails[out->n_owner_emails++]);
}

/* Those who were owners first. */
static FALLIBLE put_owners(struct call *call, const struct uid *organization, Reeve__V1__AddAccessRequestResponse *out)
{
	struct query query;
	struct rows rows;

	query_init(&query);
	query_eq_uid(&query, BINDINGS_GROUP, organization);
	query_eq_uid(&query, BINDINGS_ROLE, &role_builtin(ROLE_OWNER)->uid);
	query.order_by = BINDINGS_CREATED_US;
	query.limit = OWNERS_LOOKED_AT_MAX;
	TRY(row_list(call->tx, &table_bindings, &query, &rows));
	out->owner_emails = NEW_N(call->arena, char *, OWNERS_TOLD_MAX);
	TRY_NEW(out->owner_emails);
	for (size_t i = 0; i < rows.count && out->n_owner_emails < OWNERS_TOLD_MAX; i++)
		TRY(put_owner(call, (const struct binding *)rows.at + i, out));
	return OK;
}

status reeve_organizations_add_access_request(struct call *call, const Reeve__V1__AddAccessRequestRequest *in,
					      Reeve__V1__AddAccessRequestResponse *out)
{
	struct identity identity = { .uid = call->caller->identity };
	struct group group;
	struct uid asked;
	slice email;
	bool found, is_new = false;

	TRY(uid_parse_field(slice_str(in->organization_uid), "organization_uid", &asked));
	TRY(eligible_get(call, &group));
	TRY(row_find(call->tx, &table_identities, &identity, &identity, &found));
	if (!found || !uid_eq(&asked, &group.uid))
		return eligible_none();
	TRY(add_request(call, &group, &is_new));
	if (is_new)
		TRY(tell_once(call, &group.uid, &is_new));
	if (!is_new)
		return OK;
	TRY(email_canonical(call->arena, call->caller->email, "email", &email));
	TRY(put_text(call, email, &out->email));
	TRY(put_text(call, group.name, &out->organization_name));
	return put_owners(call, &group.uid, out);
}

/* What the person chose themselves, their name, is not in it: it may hold anything, a link too. Commands hold ids alone. */
static FALLIBLE write_to_owners(struct call *call, const char *organization, const Reeve__V1__AddAccessRequestResponse *told)
{
	char *identity = uid_text(&call->caller->identity, call->arena), *text;

	TRY_NEW(identity);
	text = arena_printf(call->arena,
			    "%s asks to be let into the organization %s at\n%.*s\n\n"
			    "The address is verified. To let this person in with a role, or to see all who ask:\n\n"
			    "    reeve iam organizations access-requests accept %s %s --role viewer\n"
			    "    reeve iam organizations access-requests list %s\n\n"
			    "If you do nothing, nobody is let in.\n",
			    told->email, told->organization_name, SLICE_ARG(call->settings->issuer_url), organization, identity,
			    organization);
	TRY_NEW(text);
	for (size_t i = 0; i < told->n_owner_emails; i++)
		TRY(mailer_send(call->parts->mailer, slice_str(told->owner_emails[i]), SLICE(MAIL_SUBJECT), slice_str(text)));
	return OK;
}

FALLIBLE access_request_ask(struct call *call, slice text, const char *field)
{
	Reeve__V1__AddAccessRequestRequest *in;
	Reeve__V1__AddAccessRequestResponse *out;
	struct uid asked;

	TRY(uid_parse_field(text, field, &asked));
	if (!call->may_block)
		return FAIL(FAULT_ELSEWHERE, "a request is written down");
	TRY_MESSAGE(call, in, reeve__v1__add_access_request_request);
	TRY_MESSAGE(call, out, reeve__v1__add_access_request_response);
	TRY(put_uid(call, &asked, &in->organization_uid));
	TRY(call_nested(call, call->caller, SLICE(""), METHOD_REEVE_ORGANIZATIONS_ADD_ACCESS_REQUEST, in, out));
	if (call->parts->mailer && FAILED(write_to_owners(call, in->organization_uid, out))) {
		report_clear(report_current());
		NOTE("not all owners were written to about a request that waits for them"); /* the request stands */
	}
	return OK;
}
