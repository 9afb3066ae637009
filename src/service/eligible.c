#include "service/eligible.h"

#include "base/json.h"
#include "fetch/mail.h"
#include "handlers.gen.h"
#include "model/email.h"
#include "model/role.h"
#include "reeve/v1/organizations.pb-c.h"
#include "service/groups.h"

#define STATUS_SUSPENDED 3
#define OWNERS_LOOKED_AT_MAX 200 /* bindings of owners, workloads among them */
#define MAIL_SUBJECT "Somebody asks to be let into your organization"

/* Domains under which anybody has an address. */
static const char *const everybodys[] = {
	"gmail.com", "googlemail.com", "outlook.com", "hotmail.com",    "live.com",   "msn.com",
	"yahoo.com", "ymail.com",      "aol.com",     "icloud.com",     "me.com",     "mac.com",
	"proton.me", "pm.me",          "gmx.de",      "gmx.net",        "gmx.com",    "web.de",
	"mail.com",  "mail.ru",        "yandex.ru",   "yandex.com",     "qq.com",     "163.com",
	"126.com",   "zoho.com",       "tuta.com",    "protonmail.com", "github.com", "users.noreply.github.com",
};

static bool is_everybodys(slice domain)
{
	for (size_t i = 0; i < sizeof(everybodys) / sizeof(*everybodys); i++)
		if (slice_is(domain, everybodys[i]))
			return true;
	return false;
}

/* Signed in with what the configuration names; nothing else stands behind the token. */
static bool came_by_connection(struct call *call)
{
	const struct settings *settings = call->parts->settings;
	const struct json *act;
	slice issuer;

	if (FAILED(json_parse_object(call->arena, call->caller->act, NULL, &act)) ||
	    !json_text(json_member(act, "iss"), &issuer)) {
		report_clear(report_current()); /* a token that says nothing of its upstream came by none */
		return false;
	}
	for (size_t i = 0; i < settings->connections_count; i++)
		if (slice_eq(settings->connections[i].issuer, issuer))
			return true;
	return false;
}

static FALLIBLE domain_of(struct call *call, slice *ret_domain)
{
	const struct caller *caller = call->caller;
	slice email, local;

	*ret_domain = SLICE("");
	if (!uid_is_root(&caller->identity) || !uid_is_none(&caller->confined_to) || !caller->email_is_verified ||
	    !came_by_connection(call))
		return OK;
	if (FAILED(email_canonical(call->arena, caller->email, "email", &email)) ||
	    !slice_cut(email, '@', &local, ret_domain) || is_everybodys(*ret_domain))
		*ret_domain = SLICE("");
	report_clear(report_current()); /* an address of no known form belongs to no organization */
	return OK;
}

FALLIBLE eligible_find(struct call *call, struct group *ret_group, bool *ret_found)
{
	struct group group = { 0 };
	slice domain;

	*ret_found = false;
	TRY(domain_of(call, &domain));
	if (domain.len == 0)
		return OK;
	TRY(group_find_verified(call, domain, &group, ret_found));
	*ret_found = *ret_found && group.status != STATUS_SUSPENDED;
	if (*ret_found)
		*ret_group = (struct group){
			.uid = group.uid, .name = group.name, .description = group.description, .is_verified = true
		};
	return OK;
}

static FALLIBLE none(void)
{
	return FAIL(FAULT_ABSENT, "Not found: no organization answers to the address you signed in with");
}

FALLIBLE eligible_get(struct call *call, struct group *ret_group)
{
	bool found;

	TRY(eligible_find(call, ret_group, &found));
	return found ? OK : none();
}

/* ---- asking ---- */

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
		return none();
	TRY(add_request(call, &group, &is_new));
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
			    told->email, told->organization_name, SLICE_ARG(call->parts->settings->issuer_url), organization,
			    identity, organization);
	TRY_NEW(text);
	for (size_t i = 0; i < told->n_owner_emails; i++)
		TRY(mailer_send(call->parts->mailer, slice_str(told->owner_emails[i]), SLICE(MAIL_SUBJECT), slice_str(text)));
	return OK;
}

FALLIBLE eligible_ask(struct call *call, slice text, const char *field)
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
