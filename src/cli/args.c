/*
 * args: the command line becomes a verb, its flags and its arguments.
 *
 * Flags may stand anywhere: --name value, --name=value, -n value, -nvalue, -n=value; booleans take no value but =true or
 * =false, and short ones may be joined (-yh). "--" ends the flags.
 */
#include <assert.h>

#include "cli/cli.h"
#include "cli/value.h"

#define WORDS_MAX 4096

/* One flag as it was written. */
struct written {
	slice name; /* without dashes; one letter for a short one */
	slice value;
	bool has_value, is_short;
};

struct parse {
	struct cli *cli;
	slice *words;
	size_t words_count;
	struct written *flags;
	size_t flags_count;
};

static slice dashed(struct cli *cli, const struct written *flag)
{
	char *text = arena_printf(cli->arena, "%s%.*s", flag->is_short ? "-" : "--", SLICE_ARG(flag->name));

	return slice_str(text ? text : "-");
}

/* All flags of one name or letter agree on this, so that it is known before the verb is. */
static bool takes_value(const struct written *flag)
{
	for (size_t i = 0; i < FLAG_COUNT; i++)
		if (flag->is_short ? flags[i].letter == flag->name.at[0] : slice_is(flag->name, flags[i].name))
			return flags[i].takes != TAKES_BOOL;
	return false;
}

static void add_flag(struct parse *parse, slice name, slice value, bool has_value, bool is_short)
{
	parse->flags[parse->flags_count++] =
		(struct written){ .name = name, .value = value, .has_value = has_value, .is_short = is_short };
}

static FALLIBLE read_long(struct parse *parse, slice text, int argc, char **argv, int *i)
{
	struct written *flag = &parse->flags[parse->flags_count];
	slice name, value;
	bool has_value = slice_cut(text, '=', &name, &value);

	add_flag(parse, name, value, has_value, false);
	if (has_value || !takes_value(flag))
		return OK;
	if (*i + 1 >= argc)
		return MISUSE(parse->cli, "--%.*s needs a value", SLICE_ARG(name));
	flag->value = slice_str(argv[++*i]);
	flag->has_value = true;
	return OK;
}

/* -y, -yh, -ojson, -o json, -o=json */
static FALLIBLE read_short(struct parse *parse, slice text, int argc, char **argv, int *i)
{
	while (text.len > 0) {
		struct written *flag = &parse->flags[parse->flags_count];
		slice name = slice_to(text, 1);

		text = slice_from(text, 1);
		add_flag(parse, name, slice_str(""), false, true);
		if (!takes_value(flag)) {
			if (text.len == 0 || text.at[0] != '=')
				continue;
		} else if (text.len == 0) {
			if (*i + 1 >= argc)
				return MISUSE(parse->cli, "-%.*s needs a value", SLICE_ARG(name));
			text = slice_str(argv[++*i]);
		}
		flag->value = text.len > 0 && text.at[0] == '=' ? slice_from(text, 1) : text;
		flag->has_value = true;
		return OK;
	}
	return OK;
}

static FALLIBLE split(struct parse *parse, int argc, char **argv)
{
	bool is_over = false;

	for (int i = 1; i < argc; i++) {
		slice text = slice_str(argv[i]);

		if (!is_over && slice_is(text, "--"))
			is_over = true;
		else if (!is_over && slice_starts(text, SLICE("--")))
			TRY(read_long(parse, slice_from(text, 2), argc, argv, &i));
		else if (!is_over && text.len > 1 && text.at[0] == '-')
			TRY(read_short(parse, slice_from(text, 1), argc, argv, &i));
		else
			parse->words[parse->words_count++] = text;
	}
	return OK;
}

/* --- values --- */

static FALLIBLE take_bool(struct cli *cli, const struct written *flag, struct given *given)
{
	slice value = flag->has_value ? flag->value : SLICE("true");

	if (slice_is(value, "true") || slice_is(value, "1"))
		given->number = 1;
	else if (slice_is(value, "false") || slice_is(value, "0"))
		given->number = 0;
	else
		return MISUSE(cli, "%.*s is true or false", SLICE_ARG(dashed(cli, flag)));
	return OK;
}

static bool is_choice(const char *choices, slice value)
{
	slice rest = slice_str(choices), choice;

	for (bool more = true; more;) {
		more = slice_cut(rest, '|', &choice, &rest);
		if (slice_eq(choice, value))
			return true;
	}
	return false;
}

static FALLIBLE take_item(struct cli *cli, slice value, struct given *given)
{
	slice *list = NEW_N(cli->arena, slice, given->count + 1);

	TRY_NEW(list);
	if (given->count)
		memcpy(list, given->list, given->count * sizeof(*list));
	list[given->count++] = value;
	given->list = list;
	return OK;
}

static FALLIBLE take_value(struct cli *cli, enum flag_id id, const struct written *flag, struct given *given)
{
	slice name = dashed(cli, flag), value = flag->value;
	uint64_t number;

	given->text = value;
	switch (flags[id].takes) {
	case TAKES_BOOL:
		return take_bool(cli, flag, given);
	case TAKES_TEXT:
		return OK;
	case TAKES_NUMBER:
		if (!slice_number(value, INT32_MAX, &number))
			return MISUSE(cli, "%.*s takes a number", SLICE_ARG(name));
		given->number = (int64_t)number;
		return OK;
	case TAKES_DURATION:
		if (!duration_parse(value, &given->number))
			return MISUSE(cli, "%.*s takes a duration such as 90m, 24h or 5d", SLICE_ARG(name));
		return OK;
	case TAKES_DATE:
		if (!date_parse(value, &given->number))
			return MISUSE(cli, "%.*s takes a date: yyyy-mm-dd", SLICE_ARG(name));
		return OK;
	case TAKES_CSV:
		return csv_split(cli->arena, value, &given->list, &given->count);
	case TAKES_LIST:
		return take_item(cli, value, given);
	case TAKES_CHOICE:
		if (value.len > 0 && !is_choice(flags[id].value, value))
			return MISUSE(cli, "%.*s is one of %s", SLICE_ARG(name), flags[id].value);
		return OK;
	}
	return OK;
}

/* Flags that were not given stand at their initial value. */
static FALLIBLE set_initials(struct cli *cli)
{
	for (enum flag_id id = 0; id < FLAG_COUNT; id++) {
		struct written initial = { .name = slice_str(flags[id].name),
					   .value = slice_str(flags[id].initial),
					   .has_value = true };

		if (initial.value.len > 0)
			TRY(take_value(cli, id, &initial, &cli->given[id]));
	}
	return OK;
}

static FALLIBLE bind_flags(struct parse *parse)
{
	struct cli *cli = parse->cli;

	for (size_t i = 0; i < parse->flags_count; i++) {
		const struct written *flag = &parse->flags[i];
		enum flag_id id = flag->is_short ? verb_letter(cli->verb, flag->name.at[0]) : verb_flag(cli->verb, flag->name);
		struct given *given;

		if (!slice_is_text(flag->value))
			return MISUSE(cli, "%.*s: the value is no UTF-8 text", SLICE_ARG(dashed(cli, flag)));
		if (id == FLAG_END)
			return MISUSE(cli, "unknown flag %.*s for `reeve %s`", SLICE_ARG(dashed(cli, flag)), cli->verb->words);
		given = &cli->given[id];
		if (!given->is_given) {
			given->count = 0;
			given->list = NULL;
		}
		TRY(take_value(cli, id, flag, given));
		given->is_given = true;
	}
	return OK;
}

static FALLIBLE bind_args(struct parse *parse, size_t used)
{
	struct cli *cli = parse->cli;
	size_t least, most, count = parse->words_count - used;

	cli->args = parse->words + used;
	cli->args_count = count;
	if (cli->given[FLAG_HELP].number)
		return OK;
	verb_arity(cli->verb, &least, &most);
	if (count < least)
		return MISUSE(cli, "an argument is missing: reeve %s %s", cli->verb->words, cli->verb->args);
	if (count > most)
		return MISUSE(cli, "unexpected argument \"%.*s\" for `reeve %s%s%s`", SLICE_ARG(cli->args[most]),
			      cli->verb->words, *cli->verb->args ? " " : "", cli->verb->args);
	for (size_t i = 0; i < count; i++)
		if (!slice_is_text(cli->args[i]))
			return MISUSE(cli, "an argument is no UTF-8 text");
	return OK;
}

static FALLIBLE bind_output(struct cli *cli)
{
	const struct given *given = &cli->given[FLAG_OUTPUT];

	cli->output = verb_output(cli->verb);
	if (!given->is_given || given->text.len == 0)
		return OK;
	cli->output = output_find(given->text);
	if (cli->output == OUTPUT_UNSET)
		return MISUSE(cli, "unknown output format \"%.*s\"", SLICE_ARG(given->text));
	if (!verb_writes(cli->verb, cli->output) && *cli->verb->outputs)
		return MISUSE(cli, "`reeve %s` writes %s, not %s", cli->verb->words, cli->verb->outputs,
			      output_name(cli->output));
	return OK;
}

/* A group of verbs alone: -h and nothing else makes sense there. */
static FALLIBLE bind_group(struct parse *parse, size_t used)
{
	struct cli *cli = parse->cli;

	if (used < parse->words_count)
		return MISUSE(cli, "unknown command \"%.*s\"%s%s%s; see `reeve %s%s--help`", SLICE_ARG(parse->words[used]),
			      *cli->path ? " for `reeve " : "", cli->path, *cli->path ? "`" : "", cli->path,
			      *cli->path ? " " : "");
	for (size_t i = 0; i < parse->flags_count; i++) {
		const struct written *flag = &parse->flags[i];

		if (!slice_is(flag->name, flag->is_short ? "h" : "help"))
			return MISUSE(cli, "unknown flag %.*s: no command is named; see `reeve --help`",
				      SLICE_ARG(dashed(cli, flag)));
	}
	return OK;
}

FALLIBLE args_parse(struct cli *cli, int argc, char **argv)
{
	struct parse parse = { .cli = cli };
	size_t used, letters = 1;

	if (argc > WORDS_MAX)
		return MISUSE(cli, "too many arguments");
	for (int i = 1; i < argc; i++)
		letters += strlen(argv[i]); /* joined short flags: one a letter */
	parse.words = NEW_N(cli->arena, slice, (size_t)argc + 1);
	parse.flags = NEW_N(cli->arena, struct written, letters + (size_t)argc);
	TRY_NEW(parse.words);
	TRY_NEW(parse.flags);
	TRY(set_initials(cli));
	TRY(split(&parse, argc, argv));
	cli->verb = verb_find(parse.words, parse.words_count, &used, cli->path);
	if (!cli->verb)
		return bind_group(&parse, used);
	TRY(bind_flags(&parse));
	TRY(bind_args(&parse, used));
	return bind_output(cli);
}

/* --- what was given --- */

static const struct given *given_of(const struct cli *cli, enum flag_id id)
{
	assert(!cli->verb || verb_takes(cli->verb, id));
	return &cli->given[id];
}

bool flag_given(const struct cli *cli, enum flag_id id)
{
	return given_of(cli, id)->is_given;
}

bool flag_on(const struct cli *cli, enum flag_id id)
{
	assert(flags[id].takes == TAKES_BOOL);
	return given_of(cli, id)->number != 0;
}

slice flag_text(const struct cli *cli, enum flag_id id)
{
	const struct given *given = given_of(cli, id);

	return given->text.at ? given->text : slice_str("");
}

int64_t flag_number(const struct cli *cli, enum flag_id id)
{
	return given_of(cli, id)->number;
}

const slice *flag_list(const struct cli *cli, enum flag_id id, size_t *ret_count)
{
	const struct given *given = given_of(cli, id);

	assert(flags[id].takes == TAKES_CSV || flags[id].takes == TAKES_LIST);
	*ret_count = given->count;
	return given->list;
}

slice cli_arg(const struct cli *cli, size_t i)
{
	return i < cli->args_count ? cli->args[i] : slice_str("");
}
