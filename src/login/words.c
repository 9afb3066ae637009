/*
 * words: what pages call people, places and times.
 */
#include <time.h>

#include "login/steps.h"
#include "service/invites.h"

FALLIBLE word_person(struct call *call, const struct person *person, slice *ret_text)
{
	slice name = person->name.len ? person->name : person->email.len ? SLICE("") : person->subject;
	char *text = name.len && person->email.len
			     ? arena_printf(call->arena, "%.*s <%.*s>", SLICE_ARG(name), SLICE_ARG(person->email))
			     : arena_text(call->arena, name.len ? name : person->email);

	TRY_NEW(text);
	*ret_text = slice_str(text);
	return OK;
}

FALLIBLE word_way(struct call *call, const struct person *person, slice *ret_text)
{
	const struct settings *settings = call->settings;
	slice organization;
	char *text;

	*ret_text = person->issuer;
	for (size_t i = 0; i < settings->connections_count; i++)
		if (slice_eq(settings->connections[i].name, person->connection))
			*ret_text = settings->connections[i].kind == CONNECTION_LOCAL ? SLICE("a password of this server")
										      : settings->connections[i].label;
	if (uid_is_none(&person->confined_to))
		return OK;
	TRY(word_group(call, &person->confined_to, &organization));
	text = arena_printf(call->arena, "%.*s, the provider of %.*s; valid inside that organization only",
			    SLICE_ARG(person->issuer), SLICE_ARG(organization));
	TRY_NEW(text);
	*ret_text = slice_str(text);
	return OK;
}

/* Its name, or its id when it has none any more. */
static FALLIBLE name_or_id(struct call *call, bool found, slice name, const struct uid *uid, slice *ret_text)
{
	char *id = uid_text(uid, call->arena);

	TRY_NEW(id);
	*ret_text = found && name.len ? name : slice_str(id);
	return OK;
}

FALLIBLE word_group(struct call *call, const struct uid *uid, slice *ret_text)
{
	struct group row = { .uid = *uid };
	bool found = false;

	TRY(store_find(call->parts->store, &table_groups, &row, call->arena, &found));
	return name_or_id(call, found, row.name, uid, ret_text);
}

FALLIBLE word_role(struct call *call, const struct uid *uid, slice *ret_text)
{
	struct role row = { .uid = *uid };
	bool found = false;

	TRY(store_find(call->parts->store, &table_roles, &row, call->arena, &found));
	return name_or_id(call, found, row.name, uid, ret_text);
}

FALLIBLE word_time(struct call *call, int64_t at_us, slice *ret_text)
{
	time_t seconds = (time_t)(at_us / US_PER_S);
	struct tm parts;
	char text[40];

	if (!gmtime_r(&seconds, &parts) || strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &parts) == 0)
		return FAIL(FAULT_INTERNAL, "a time cannot be written");
	*ret_text = arena_copy(call->arena, slice_str(text));
	TRY_NEW(ret_text->at);
	return OK;
}

FALLIBLE word_invite(struct call *call, slice code, struct values *values)
{
	struct invite invite = { 0 };
	slice group, role, time;

	TRY(invite_find(call, code, &invite));
	TRY(word_group(call, &invite.group, &group));
	TRY(word_role(call, &invite.role, &role));
	TRY(word_time(call, invite.expires_us, &time));
	show_fact(values, "Joins", group);
	show_fact(values, "With the role", role);
	show_fact(values, "For the address", invite.email);
	show_fact(values, "Until", time);
	return OK;
}
