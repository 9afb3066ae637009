/*
 * nouns: what several verbs do alike.
 */
#include "cli/nouns.h"

#include "cli/resolve.h"
#include "cli/value.h"
#include "model/caps.h"

#define BINDINGS_BATCH_MAX 25 /* RoleBindings.BatchCreate takes no more */

FALLIBLE name_and_id(struct cli *cli, slice given, slice uid, slice *ret_text)
{
	bool has_name = given.len > 0 && !slice_eq(given, uid);
	char *text = has_name ? arena_printf(cli->arena, "%.*s (%.*s)", SLICE_ARG(given), SLICE_ARG(uid))
			      : arena_text(cli->arena, uid);

	TRY_NEW(text);
	*ret_text = slice_str(text);
	return OK;
}

FALLIBLE delete_by_uid(struct cli *cli, enum method_id method, const char *noun, slice uid)
{
	const struct json *empty;
	struct ask ask;

	TRY(ask_begin(cli, &ask, method, "deleting %s %.*s", noun, SLICE_ARG(uid)));
	ask_text(&ask, "uid", uid);
	TRY(call(cli, &ask, &empty));
	cli_say(cli, "Deleted the %s %.*s.", noun, SLICE_ARG(uid));
	if (cli->output == OUTPUT_ID)
		fprintf(cli->out, "%.*s\n", SLICE_ARG(uid));
	return OK;
}

slice time_cell(struct cli *cli, const struct json *row, const char *path)
{
	int64_t seconds;

	return date_parse(json_at(row, path), &seconds) ? time_text(cli->arena, seconds) : slice_str("");
}

FALLIBLE roles_of_flag(struct cli *cli, slice parent, slice **ret_roles, size_t *ret_count)
{
	size_t count;
	const slice *texts = flag_list(cli, FLAG_ROLES, &count);
	slice *roles = NEW_N(cli->arena, slice, count + 1);

	TRY_NEW(roles);
	if (count > BINDINGS_BATCH_MAX)
		return MISUSE(cli, "--role takes at most %d roles", BINDINGS_BATCH_MAX);
	for (size_t i = 0; i < count; i++)
		TRY(resolve_role(cli, texts[i], parent, &roles[i]));
	*ret_roles = roles;
	*ret_count = count;
	return OK;
}

/* [{"parent": ..., "roleBinding": {"identityUid": ..., "roleUid": ...}}, ...] */
static FALLIBLE batch(struct cli *cli, slice identity, slice parent, const slice *roles, size_t count, slice *ret_json)
{
	struct json_writer writer;
	struct buffer out;

	buffer_init(&out, cli->arena, CLI_FILE_BYTES_MAX);
	json_writer_init(&writer, &out);
	json_open_array(&writer);
	for (size_t i = 0; i < count; i++) {
		json_open_object(&writer);
		json_pair_text(&writer, "parent", parent);
		json_put_name(&writer, SLICE("roleBinding"));
		json_open_object(&writer);
		json_pair_text(&writer, "identityUid", identity);
		json_pair_text(&writer, "roleUid", roles[i]);
		json_close_object(&writer);
		json_close_object(&writer);
	}
	json_close_array(&writer);
	if (buffer_failed(&out))
		return FAIL(FAULT_EXHAUSTED, "too many roles");
	*ret_json = buffer_slice(&out);
	return OK;
}

FALLIBLE identity_bind(struct cli *cli, slice identity, slice parent, const slice *roles, size_t count)
{
	const struct json *answer;
	struct ask ask;
	slice requests;

	if (count == 0)
		return OK;
	TRY(batch(cli, identity, parent, roles, count, &requests));
	TRY(ask_begin(cli, &ask, METHOD_ROLE_BINDINGS_BATCH_CREATE_ROLE_BINDINGS,
		      "the identity %.*s was made, but binding its roles failed", SLICE_ARG(identity)));
	ask_text(&ask, "parent", parent);
	ask_json(&ask, "requests", requests);
	return call(cli, &ask, &answer);
}

slice capability_name(slice symbol)
{
	size_t count;
	const struct cap_row *const *rows = cap_rows(&count);

	for (size_t i = 0; i < count; i++)
		if (slice_is(symbol, rows[i]->symbol))
			return slice_str(rows[i]->name);
	return slice_str("");
}

slice capability_symbol(slice name)
{
	const struct cap_row *row = cap_by_name(name);

	return slice_str(row && !row->is_own ? row->symbol : "");
}
