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
	const struct settings *settings = call->settings;
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

FALLIBLE eligible_none(void)
{
	return FAIL(FAULT_ABSENT, "Not found: no organization answers to the address you signed in with");
}

FALLIBLE eligible_get(struct call *call, struct group *ret_group)
{
	bool found;

	TRY(eligible_find(call, ret_group, &found));
	return found ? OK : eligible_none();
}
