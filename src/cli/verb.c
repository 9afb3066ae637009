/*
 * verb: what is asked of the table of verbs.
 */
#include "cli/verb.h"

#include <assert.h>
#include <stdio.h>

const struct flag flags[FLAG_COUNT] = {
#define FLAG(id, name, letter, takes, value, initial, help) [FLAG_##id] = { name, letter, takes, value, initial, help },
#include "cli/flags.def"
#undef FLAG
};

const struct alias aliases[] = {
	{ "ls", "list" },
	{ "rm", "delete" },
	{ "view", "describe" },
	{ "get", "describe" },
	{ "org", "organizations" },
	{ "orgs", "organizations" },
	{ "organization", "organizations" },
	{ "folder", "folders" },
	{ "id", "identities" },
	{ "ids", "identities" },
	{ "identity", "identities" },
	{ "idp", "identity-providers" },
	{ "idps", "identity-providers" },
	{ "identity-provider", "identity-providers" },
	{ "invite", "invites" },
	{ "account", "accounts" },
	{ "role", "roles" },
	{ "capability", "capabilities" },
	{ "rolebinding", "role-bindings" },
	{ "rolebindings", "role-bindings" },
	{ "role-binding", "role-bindings" },
	{ "bindings", "role-bindings" },
	{ "event", "events" },
	{ "subscription", "subscriptions" },
	{ "image", "images" },
	{ "repo", "repos" },
	{ "tag", "tags" },
	{ "pull-tokens", "pull-token" },
	{ "key", "keys" },
	{ "limit", "limits" },
	{ "revoke", "end" },
};
const size_t aliases_count = sizeof(aliases) / sizeof(*aliases);

static const char *const output_names[OUTPUT_COUNT] = { [OUTPUT_UNSET] = "",
							[OUTPUT_CSV] = "csv",
							[OUTPUT_ENV] = "env",
							[OUTPUT_GO_TEMPLATE] = "go-template",
							[OUTPUT_ID] = "id",
							[OUTPUT_JSON] = "json",
							[OUTPUT_MARKDOWN] = "markdown",
							[OUTPUT_NONE] = "none",
							[OUTPUT_TABLE] = "table",
							[OUTPUT_TERSE] = "terse",
							[OUTPUT_TREE] = "tree",
							[OUTPUT_WIDE] = "wide" };

const char *output_name(enum output output)
{
	return output_names[output];
}

enum output output_find(slice name)
{
	for (enum output output = OUTPUT_CSV; output < OUTPUT_COUNT; output++)
		if (slice_is(name, output_names[output]))
			return output;
	return OUTPUT_UNSET;
}

bool word_next(slice *text, slice *ret_word)
{
	slice rest = slice_trim(*text);

	if (rest.len == 0)
		return false;
	(void)slice_cut(rest, ' ', ret_word, text); /* the last word has no blank after it */
	return true;
}

/* What follows `path` and a blank in `words`, or all of it under an empty path; false when words do not lie below. */
static bool below(slice words, slice path, slice *ret_rest)
{
	if (path.len == 0) {
		*ret_rest = words;
		return true;
	}
	if (!slice_starts(words, path) || words.len <= path.len || words.at[path.len] != ' ')
		return false;
	*ret_rest = slice_from(words, path.len + 1);
	return true;
}

bool verb_is_group(slice path)
{
	slice rest;

	for (size_t i = 0; i < verbs_count; i++)
		if (!verbs[i].is_hidden && below(slice_str(verbs[i].words), path, &rest))
			return true;
	return false;
}

/* Adds a word to the path when some verb begins so. */
static bool step(char path[128], slice word)
{
	char longer[128];
	slice wanted;
	int len = snprintf(longer, sizeof(longer), "%s%s%.*s", path, *path ? " " : "", SLICE_ARG(word));

	if (len < 0 || (size_t)len >= sizeof(longer))
		return false;
	wanted = slice_str(longer);
	for (size_t i = 0; i < verbs_count; i++) {
		slice words = slice_str(verbs[i].words), rest;

		if (slice_eq(words, wanted) || below(words, wanted, &rest)) {
			memcpy(path, longer, (size_t)len + 1);
			return true;
		}
	}
	return false;
}

static bool step_alias(char path[128], slice word)
{
	for (size_t i = 0; i < aliases_count; i++)
		if (slice_is(word, aliases[i].word) && step(path, slice_str(aliases[i].means)))
			return true;
	return false;
}

static const struct verb *verb_exact(const char *path)
{
	for (size_t i = 0; i < verbs_count; i++)
		if (strcmp(verbs[i].words, path) == 0)
			return &verbs[i];
	return NULL;
}

const struct verb *verb_find(const slice *words, size_t count, size_t *ret_used, char ret_path[128])
{
	const struct verb *best = NULL;
	size_t used = 0, i;
	char path[128] = "";

	for (i = 0; i < count && i < VERB_WORDS_MAX; i++) {
		const struct verb *here;

		if (!step(path, words[i]) && !step_alias(path, words[i]))
			break;
		here = verb_exact(path);
		if (here) {
			best = here;
			used = i + 1;
		}
	}
	memcpy(ret_path, path, sizeof(path));
	*ret_used = best ? used : i;
	return best;
}

bool verb_takes(const struct verb *verb, enum flag_id id)
{
	for (const enum flag_id *at = verb->flags; *at != FLAG_END; at++)
		if (*at == id)
			return true;
	return flag_is_global(id);
}

enum flag_id verb_flag(const struct verb *verb, slice name)
{
	for (const enum flag_id *at = verb->flags; *at != FLAG_END; at++)
		if (slice_is(name, flags[*at].name))
			return *at;
	for (enum flag_id id = 0; flag_is_global(id); id++)
		if (slice_is(name, flags[id].name))
			return id;
	return FLAG_END;
}

enum flag_id verb_letter(const struct verb *verb, char letter)
{
	for (const enum flag_id *at = verb->flags; *at != FLAG_END; at++)
		if (flags[*at].letter == letter)
			return *at;
	for (enum flag_id id = 0; flag_is_global(id); id++)
		if (flags[id].letter == letter)
			return id;
	return FLAG_END;
}

bool verb_writes(const struct verb *verb, enum output output)
{
	slice rest = slice_str(verb->outputs), word;

	while (word_next(&rest, &word))
		if (output_find(word) == output)
			return true;
	return false;
}

enum output verb_output(const struct verb *verb)
{
	slice rest = slice_str(verb->outputs), word;

	return word_next(&rest, &word) ? output_find(word) : OUTPUT_UNSET;
}

const char *topic_help(slice path)
{
	for (size_t i = 0; i < topics_count; i++)
		if (slice_is(path, topics[i].path))
			return topics[i].help;
	return NULL;
}

slice verb_summary(const struct verb *verb)
{
	slice line, rest;

	(void)slice_cut(slice_str(verb->help), '\n', &line, &rest); /* a single line is all of it */
	return line;
}

void verb_arity(const struct verb *verb, size_t *ret_least, size_t *ret_most)
{
	slice rest = slice_str(verb->args), word;
	size_t least = 0, most = 0;

	while (word_next(&rest, &word)) {
		bool is_many = slice_ends(word, SLICE("...")) || slice_ends(word, SLICE("...]"));

		least += word.at[0] != '[';
		most = is_many ? SIZE_MAX : most + 1;
	}
	*ret_least = least;
	*ret_most = most;
}
