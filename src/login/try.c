/*
 * try: a provider's dry run: everything a sign-in does until somebody is known, and nothing after it.
 */
#include "base/json.h"
#include "login/steps.h"
#include "schema/error.h"

#define GROUPS_BYTES_MAX ((size_t)4096)

status reeve_login_try(struct call *call, const Reeve__V1__TryRequest *in, Reeve__V1__Page *out)
{
	struct flow flow = { .stage = STAGE_CHOOSE, .goal.ending = END_TRY };
	struct upstream upstream = { 0 };

	ON_WORKER(call);
	TRY(upstream_provider(call, slice_str(in->idp_id), &upstream));
	TRY(flow_begin(call, &flow, out));
	return step_provider(call, &flow, &upstream, out);
}

static FALLIBLE groups_fact(struct call *call, slice groups, struct values *values)
{
	const struct json *list;
	struct buffer text;

	if (groups.len == 0)
		return OK;
	TRY(json_parse(call->arena, groups, NULL, &list));
	buffer_init(&text, call->arena, GROUPS_BYTES_MAX);
	JSON_EACH (group, list) {
		if (text.len + group->text.len + 2 >= GROUPS_BYTES_MAX)
			break;
		if (text.len)
			buffer_text(&text, ", ");
		buffer_add(&text, group->text);
	}
	show_fact(values, "Groups", buffer_slice(&text));
	return OK;
}

FALLIBLE step_tried(struct call *call, const struct flow *flow, status result, Reeve__V1__Page *out)
{
	struct values *values = values_new(call->arena);
	const struct person *person = &flow->person;

	value_text(values, "title", SLICE("Test sign-in"));
	value_text(values, "outcome", FAILED(result) ? SLICE("failed") : SLICE("works"));
	show_fact(values, "Issuer", flow->upstream.issuer);
	if (FAILED(result)) {
		value_text(values, "text", arena_copy(call->arena, slice_str(error_text(report_current()))));
		report_clear(report_current());
		return show(call, PAGE_TEST, values, out);
	}
	value_text(values, "text", SLICE("This is what the provider says of you."));
	show_fact(values, "Subject", person->subject);
	show_fact(values, "Name", person->name);
	show_fact(values, "E-mail", person->email);
	show_fact(values, "E-mail verified", person->email_is_verified ? SLICE("yes") : SLICE("no"));
	TRY(groups_fact(call, person->groups, values));
	return show(call, PAGE_TEST, values, out);
}
