/*
 * roles: `iam roles` and the list of capabilities.
 */
#include "cli/choose.h"
#include "cli/nouns.h"
#include "cli/resolve.h"
#include "cli/verbs.h"
#include "model/caps.h"

/* --- how they are shown --- */

/* Names by commas, from the API's list of symbols. */
static slice cell_capabilities(struct cli *cli, const struct json *row)
{
	const struct json *list = json_member(row, "capabilities");
	struct buffer text;

	buffer_init(&text, cli->arena, CLI_FILE_BYTES_MAX);
	if (json_is(list, JSON_ARRAY))
		JSON_EACH (item, list)
			buffer_printf(&text, "%s%.*s", text.len ? ", " : "", SLICE_ARG(capability_name(item->text)));
	return buffer_slice(&text);
}

static slice cell_kind(struct cli *cli, const struct json *row)
{
	return slice_find(json_at(row, "uid"), '/') == json_at(row, "uid").len ? SLICE("built-in") : SLICE("custom");
}

/* JSON shows capabilities by their public names. */
static const struct json *extend(struct cli *cli, const struct json *row)
{
	const struct json *list = json_member(row, "capabilities");
	const struct json **names;
	size_t n = 0;

	if (!json_is(list, JSON_ARRAY))
		return row;
	names = NEW_N(cli->arena, const struct json *, (size_t)list->count + 1);
	if (!names)
		return NULL;
	JSON_EACH (item, list) {
		slice name = capability_name(item->text);

		names[n] = json_new_text(cli, name.len ? name : item->text);
		if (!names[n++])
			return NULL;
	}
	return json_with(cli, row, "capabilities", json_new_array(cli, names, n));
}

static const struct column columns[] = { { "ID", "uid" },
					 { "NAME", "name" },
					 { "DESCRIPTION", "description" },
					 { "KIND", NULL, cell_kind },
					 { "CAPABILITIES", NULL, cell_capabilities, true },
					 { NULL } };
static const struct show role_show = { columns, NULL, extend };

/* --- capabilities by name --- */

/* The API takes the enum's symbols. */
static FALLIBLE symbols_of(struct cli *cli, const slice *names, size_t count, slice *ret_symbols)
{
	for (size_t i = 0; i < count; i++) {
		ret_symbols[i] = capability_symbol(names[i]);
		if (ret_symbols[i].len == 0)
			return MISUSE(cli, "unknown capability \"%.*s\"; see `reeve iam roles capabilities list`",
				      SLICE_ARG(names[i]));
	}
	return OK;
}

static FALLIBLE put_capabilities(struct cli *cli, struct ask *ask, const slice *names, size_t count)
{
	slice *symbols = NEW_N(cli->arena, slice, count + 1);

	TRY_NEW(symbols);
	TRY(symbols_of(cli, names, count, symbols));
	return ask_texts(cli, ask, "role.capabilities", symbols, count);
}

/* --- create, list, describe --- */

status roles_create(struct cli *cli)
{
	size_t count;
	const slice *names = flag_list(cli, FLAG_CAPABILITIES, &count);
	const struct json *row;
	struct ask ask;
	slice parent, *chosen;

	if (count == 0 && !choose_is_possible(cli))
		return MISUSE(cli, "--capabilities is missing; see `reeve iam roles capabilities list`");
	TRY(resolve_parent(cli, &parent));
	if (count == 0) {
		TRY(choose_capabilities(cli, NULL, 0, &chosen, &count));
		names = chosen;
	}
	TRY(ask_begin(cli, &ask, METHOD_ROLES_CREATE_ROLE, "creating role %.*s", SLICE_ARG(cli_arg(cli, 0))));
	ask_text(&ask, "parent", parent);
	ask_text(&ask, "role.name", cli_arg(cli, 0));
	if (flag_given(cli, FLAG_DESCRIPTION))
		ask_text(&ask, "role.description", flag_text(cli, FLAG_DESCRIPTION));
	TRY(put_capabilities(cli, &ask, names, count));
	TRY(call(cli, &ask, &row));
	return print_rows(cli, &role_show, &row, 1, false);
}

static bool holds(const struct json *row, slice symbol)
{
	const struct json *list = json_member(row, "capabilities");

	if (json_is(list, JSON_ARRAY))
		JSON_EACH (item, list)
			if (slice_eq(item->text, symbol))
				return true;
	return false;
}

/* Those that hold all of --capabilities, and with --managed only built-in ones. */
static FALLIBLE keep(struct cli *cli, const struct json **rows, size_t *count)
{
	size_t wanted, kept = 0;
	const slice *names = flag_list(cli, FLAG_CAPABILITIES_LISTED, &wanted);
	slice *symbols = NEW_N(cli->arena, slice, wanted + 1);

	TRY_NEW(symbols);
	TRY(symbols_of(cli, names, wanted, symbols));
	for (size_t i = 0; i < *count; i++) {
		bool fits = !flag_on(cli, FLAG_MANAGED) || slice_is(cell_kind(cli, rows[i]), "built-in");

		for (size_t k = 0; k < wanted; k++)
			fits = fits && holds(rows[i], symbols[k]);
		if (fits)
			rows[kept++] = rows[i];
	}
	*count = kept;
	return OK;
}

status roles_list(struct cli *cli)
{
	const struct json **rows;
	struct ask ask;
	size_t count;
	slice parent = slice_str("");

	if (flag_on(cli, FLAG_MANAGED) && flag_given(cli, FLAG_PARENT))
		return MISUSE(cli, "give --parent or --managed, not both");
	if (!flag_on(cli, FLAG_MANAGED))
		TRY(resolve_parent_if_any(cli, &parent));
	TRY(ask_begin(cli, &ask, METHOD_ROLES_LIST_ROLES, "listing roles"));
	if (parent.len > 0)
		ask_text(&ask, flag_on(cli, FLAG_RECURSIVE) ? "uidp.descendants_of" : "uidp.children_of", parent);
	if (flag_text(cli, FLAG_NAME_LISTED).len > 0)
		ask_text(&ask, "name", flag_text(cli, FLAG_NAME_LISTED));
	TRY(call_list(cli, &ask, "roles", &rows, &count));
	TRY(keep(cli, rows, &count));
	return print_rows(cli, &role_show, rows, count, true);
}

static FALLIBLE get(struct cli *cli, const struct json **ret_row)
{
	struct ask ask;
	slice uid;

	TRY(resolve_role(cli, cli_arg(cli, 0), slice_str(""), &uid));
	TRY(ask_begin(cli, &ask, METHOD_ROLES_GET_ROLE, "reading role %.*s", SLICE_ARG(cli_arg(cli, 0))));
	ask_text(&ask, "uid", uid);
	return call(cli, &ask, ret_row);
}

status roles_describe(struct cli *cli)
{
	const struct json *row;

	TRY(get(cli, &row));
	return print_rows(cli, &role_show, &row, 1, false);
}

/* --- update, delete --- */

static bool is_in(const slice *list, size_t count, slice text)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq(list[i], text))
			return true;
	return false;
}

/* What the role holds, with some added and some taken away. */
static FALLIBLE put_changed(struct cli *cli, struct ask *ask, const struct json *role)
{
	size_t more, fewer, count = 0;
	const slice *add = flag_list(cli, FLAG_ADD_CAPABILITIES, &more),
		    *drop = flag_list(cli, FLAG_REMOVE_CAPABILITIES, &fewer);
	const struct json *list = json_member(role, "capabilities");
	slice *names = NEW_N(cli->arena, slice, (json_is(list, JSON_ARRAY) ? list->count : 0) + more + 1);

	TRY_NEW(names);
	if (json_is(list, JSON_ARRAY))
		JSON_EACH (item, list)
			if (!is_in(drop, fewer, capability_name(item->text)))
				names[count++] = capability_name(item->text);
	for (size_t i = 0; i < more; i++)
		if (!is_in(names, count, add[i]))
			names[count++] = add[i];
	return put_capabilities(cli, ask, names, count);
}

/* --capabilities= on a terminal: a menu, with what the role holds marked. */
static FALLIBLE put_chosen(struct cli *cli, struct ask *ask, const struct json *role)
{
	const struct json *list = json_member(role, "capabilities");
	slice *held = NEW_N(cli->arena, slice, (json_is(list, JSON_ARRAY) ? list->count : 0) + 1), *names;
	size_t held_count = 0, count;

	TRY_NEW(held);
	if (json_is(list, JSON_ARRAY))
		JSON_EACH (item, list)
			held[held_count++] = capability_name(item->text);
	TRY(choose_capabilities(cli, held, held_count, &names, &count));
	return put_capabilities(cli, ask, names, count);
}

static FALLIBLE put_change(struct cli *cli, struct ask *ask, const struct json *role)
{
	size_t count;
	const slice *names = flag_list(cli, FLAG_CAPABILITIES, &count);

	if (flag_given(cli, FLAG_NAME))
		ask_text(ask, "role.name", flag_text(cli, FLAG_NAME));
	if (flag_given(cli, FLAG_DESCRIPTION))
		ask_text(ask, "role.description", flag_text(cli, FLAG_DESCRIPTION));
	if (flag_given(cli, FLAG_CAPABILITIES) && count == 0 && choose_is_possible(cli))
		return put_chosen(cli, ask, role);
	if (flag_given(cli, FLAG_CAPABILITIES))
		return put_capabilities(cli, ask, names, count);
	if (flag_given(cli, FLAG_ADD_CAPABILITIES) || flag_given(cli, FLAG_REMOVE_CAPABILITIES))
		return put_changed(cli, ask, role);
	return OK;
}

status roles_update(struct cli *cli)
{
	const struct json *row;
	struct ask ask;

	if (flag_given(cli, FLAG_CAPABILITIES) &&
	    (flag_given(cli, FLAG_ADD_CAPABILITIES) || flag_given(cli, FLAG_REMOVE_CAPABILITIES)))
		return MISUSE(cli, "give --capabilities, or --add-capabilities and --remove-capabilities");
	TRY(get(cli, &row));
	TRY(ask_begin(cli, &ask, METHOD_ROLES_UPDATE_ROLE, "updating role %.*s", SLICE_ARG(cli_arg(cli, 0))));
	ask_text(&ask, "role.uid", json_at(row, "uid"));
	TRY(put_change(cli, &ask, row));
	if (ask.count == 1)
		return MISUSE(cli, "nothing to change: give a flag");
	TRY(cli_confirm(cli, false, "Change the role %.*s? It acts at once wherever it is bound.",
			SLICE_ARG(json_at(row, "name"))));
	TRY(call(cli, &ask, &row));
	return print_rows(cli, &role_show, &row, 1, false);
}

status roles_delete(struct cli *cli)
{
	slice uid, shown;

	TRY(resolve_role(cli, cli_arg(cli, 0), slice_str(""), &uid));
	TRY(name_and_id(cli, cli_arg(cli, 0), uid, &shown));
	TRY(cli_confirm(cli, true, "Delete the role %.*s?", SLICE_ARG(shown)));
	return delete_by_uid(cli, METHOD_ROLES_DELETE_ROLE, "role", uid);
}

/* --- capabilities --- */

static const struct column capability_columns[] = { { "RESOURCE", "resource" }, { "ACTION", "action" }, { NULL } };

static void capability_tree(struct cli *cli, const struct json *const *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fprintf(cli->out, "[%.*s] %.*s\n", SLICE_ARG(json_at(rows[i], "resource")),
			SLICE_ARG(json_at(rows[i], "action")));
}

static const struct show capability_show = { capability_columns, "resource", NULL, capability_tree };

/* "manifest.metadata.list" is the action "list" on "manifest.metadata"; one word is an action on itself. */
static void split(const char *name, slice *ret_resource, slice *ret_action)
{
	const char *dot = strrchr(name, '.');

	*ret_resource = dot ? slice_of(name, (size_t)(dot - name)) : slice_str(name);
	*ret_action = slice_str(dot ? dot + 1 : "");
}

static bool is_wanted(struct cli *cli, const struct cap_row *cap)
{
	size_t actions_count, resources_count;
	const slice *actions = flag_list(cli, FLAG_ACTIONS, &actions_count);
	const slice *resources = flag_list(cli, FLAG_RESOURCES, &resources_count);
	slice resource, action;

	split(cap->name, &resource, &action);
	return !cap->is_deprecated && !cap->is_internal && !cap->is_own &&
	       (!actions_count || is_in(actions, actions_count, action)) &&
	       (!resources_count || is_in(resources, resources_count, resource));
}

/* Actions of one resource, by commas; empty when an earlier row has said them. */
static slice actions_of(struct cli *cli, const struct cap_row *const *caps, size_t count, size_t at)
{
	slice resource, other, action;
	struct buffer text;

	buffer_init(&text, cli->arena, CLI_FILE_BYTES_MAX);
	split(caps[at]->name, &resource, &action);
	for (size_t i = 0; i < count; i++) {
		split(caps[i]->name, &other, &action);
		if (!slice_eq(other, resource) || !is_wanted(cli, caps[i]))
			continue;
		if (i < at)
			return slice_str("");
		buffer_printf(&text, "%s%.*s", text.len ? ", " : "", SLICE_ARG(action));
	}
	return buffer_slice(&text);
}

status capabilities_list(struct cli *cli)
{
	size_t count, n = 0;
	const struct cap_row *const *caps = cap_rows(&count);
	const struct json **rows = NEW_N(cli->arena, const struct json *, count + 1);
	const struct json empty = { .kind = JSON_OBJECT };

	TRY_NEW(rows);
	for (size_t i = 0; i < count; i++) {
		slice resource, action, actions = actions_of(cli, caps, count, i);

		if (!is_wanted(cli, caps[i]) || (actions.len == 0 && strchr(caps[i]->name, '.')))
			continue;
		split(caps[i]->name, &resource, &action);
		rows[n] = json_with(cli, json_with(cli, &empty, "resource", json_new_text(cli, resource)), "action",
				    json_new_text(cli, actions));
		TRY_NEW(rows[n]);
		n++;
	}
	return print_rows(cli, &capability_show, rows, n, true);
}
