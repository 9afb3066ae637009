#include "service/eligible.h"

#include "base/json.h"
#include "model/email.h"
#include "service/groups.h"

#define STATUS_SUSPENDED 3

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
	slice domain;

	*ret_found = false;
	TRY(domain_of(call, &domain));
	if (domain.len == 0)
		return OK;
	TRY(group_find_verified(call, domain, ret_group, ret_found));
	*ret_found = *ret_found && ret_group->status != STATUS_SUSPENDED;
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

FALLIBLE eligible_ask(struct call *call, slice text, const char *field)
{
	struct access_request row = { .identity = call->caller->identity, .created_us = call->now_us }, before;
	struct identity identity = { .uid = call->caller->identity };
	struct group group;
	struct uid asked;
	bool found;

	TRY(uid_parse_field(text, field, &asked));
	TRY(eligible_get(call, &group));
	TRY(row_find(call->tx, &table_identities, &identity, &identity, &found));
	if (!found || !uid_eq(&asked, &group.uid))
		return none();
	row.group = group.uid;
	TRY(row_find(call->tx, &table_access_requests, &row, &before, &found));
	if (found && before.created_us + ACCESS_REQUEST_AGAIN_S * US_PER_S > call->now_us)
		return FAIL(FAULT_EXHAUSTED, "you asked this organization already; its owners have your request");
	if (!found)
		TRY(check_room(call, &group.uid));
	TRY(row_put(call->tx, &table_access_requests, &row));
	call_touched(call, &row.identity, &row.group);
	return OK;
}
