/*
 * help: the screens of --help.
 */
#include "cli/help.h"

#include "cli/config.h"

#define COLUMN 32 /* where explanations begin */
#define WIDTH 110

void help_usage(FILE *out, const struct verb *verb)
{
	fprintf(out, "reeve %s%s%s [flags]\n", verb->words, *verb->args ? " " : "", verb->args);
}

void help_flag(enum flag_id id, char ret_text[FLAG_TEXT_BYTES])
{
	const struct flag *flag = &flags[id];
	bool has_value = flag->takes != TAKES_BOOL;
	char letter[8] = "";

	if (flag->letter)
		(void)snprintf(letter, sizeof(letter), ", -%c", flag->letter); /* fits */
	(void)snprintf(ret_text, FLAG_TEXT_BYTES, "--%s%s%s%s", flag->name, letter, has_value ? " " : "",
		       has_value ? flag->value : "");
}

void help_aliases(slice word, char ret_text[ALIASES_TEXT_BYTES])
{
	size_t len = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < aliases_count; i++)
		if (slice_is(word, aliases[i].means) && len < ALIASES_TEXT_BYTES)
			len += (size_t)snprintf(ret_text + len, ALIASES_TEXT_BYTES - len, "%s%s", len ? " " : "",
						aliases[i].word);
}

/* --- words below a path --- */

/* The rest of `words` below `path`; empty when it does not lie below. */
static slice words_below(slice words, slice path)
{
	if (path.len == 0)
		return words;
	if (!slice_starts(words, path) || words.len <= path.len || words.at[path.len] != ' ')
		return slice_str("");
	return slice_from(words, path.len + 1);
}

static bool seen_before(size_t before, slice path, slice word)
{
	for (size_t i = 0; i < before; i++) {
		slice rest = words_below(slice_str(verbs[i].words), path), head;

		if (!verbs[i].is_hidden && word_next(&rest, &head) && slice_eq(head, word))
			return true;
	}
	return false;
}

void help_words(slice path, void (*each)(void *user, slice word, slice summary, bool leads_on), void *user)
{
	for (size_t i = 0; i < verbs_count; i++) {
		slice rest = words_below(slice_str(verbs[i].words), path), word;
		slice summary = slice_str("");
		bool leads_on = false;

		if (verbs[i].is_hidden || !word_next(&rest, &word) || seen_before(i, path, word))
			continue;
		for (size_t k = i; k < verbs_count; k++) {
			slice other = words_below(slice_str(verbs[k].words), path), head;

			if (verbs[k].is_hidden || !word_next(&other, &head) || !slice_eq(head, word))
				continue;
			if (other.len == 0)
				summary = verb_summary(&verbs[k]);
			else
				leads_on = true;
		}
		each(user, word, summary, leads_on);
	}
}

/* --- screens --- */

/* Text in lines of WIDTH, each begun at `indent`; the cursor stands at `at`. */
static void print_wrapped(FILE *out, slice text, size_t at, size_t indent)
{
	bool is_first = true;
	slice word;

	while (word_next(&text, &word)) {
		if (!is_first && at + 1 + word.len > WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
			is_first = true;
		}
		fprintf(out, "%s%.*s", is_first ? "" : " ", SLICE_ARG(word));
		at += word.len + !is_first;
		is_first = false;
	}
	fputc('\n', out);
}

static void print_row(FILE *out, const char *left, slice right)
{
	size_t width = strlen(left);

	if (width > COLUMN - 4)
		fprintf(out, "  %s\n%*s", left, COLUMN, "");
	else
		fprintf(out, "  %-*s", COLUMN - 2, left);
	print_wrapped(out, right, COLUMN, COLUMN);
}

static void print_flag(FILE *out, enum flag_id id)
{
	const struct flag *flag = &flags[id];
	char left[FLAG_TEXT_BYTES], right[FLAG_TEXT_BYTES * 2];
	bool has_initial = *flag->initial && strcmp(flag->initial, "0") != 0;

	help_flag(id, left);
	(void)snprintf(right, sizeof(right), "%s%s%s%s", flag->help, has_initial ? " (default " : "",
		       has_initial ? flag->initial : "", has_initial ? ")" : "");
	print_row(out, left, slice_str(right));
}

struct listing {
	FILE *out;
	slice path;
};

static void print_word(void *user, slice word, slice summary, bool leads_on)
{
	const struct listing *listing = user;
	char left[128], path[128];

	(void)snprintf(left, sizeof(left), "%.*s%s", SLICE_ARG(word), leads_on ? " ..." : ""); /* words are short */
	(void)snprintf(path, sizeof(path), "%.*s%s%.*s", SLICE_ARG(listing->path), listing->path.len ? " " : "",
		       SLICE_ARG(word));
	if (summary.len == 0)
		summary = slice_str(topic_help(slice_str(path)));
	print_row(listing->out, left, summary);
}

static void print_words(FILE *out, slice path)
{
	struct listing listing = { out, path };

	fputs("\nCommands:\n", out);
	help_words(path, print_word, &listing);
}

/* Without those whose name the verb has for something of its own. */
static void print_globals(FILE *out, const struct verb *verb)
{
	fputs("\nFlags of every command:\n", out);
	for (enum flag_id id = 0; flag_is_global(id); id++)
		if (!verb || verb_flag(verb, slice_str(flags[id].name)) == id)
			print_flag(out, id);
}

static void print_path_aliases(FILE *out, slice words)
{
	bool is_first = true;
	slice word;

	while (word_next(&words, &word)) {
		char names[ALIASES_TEXT_BYTES];

		help_aliases(word, names);
		if (!*names)
			continue;
		fprintf(out, "%s  %.*s: %s\n", is_first ? "\nOther names:\n" : "", SLICE_ARG(word), names);
		is_first = false;
	}
}

static void print_group(FILE *out, const char *path)
{
	const char *about =
		*path ? topic_help(slice_str(path)) : "reeve: who may push, pull and manage, and the tokens that prove it";

	fprintf(out, "%s\n\nUsage:\n  reeve %s%s<command> [flags]\n", about ? about : "", path, *path ? " " : "");
	print_words(out, slice_str(path));
	print_path_aliases(out, slice_str(path));
	print_globals(out, NULL);
	fprintf(out, "\nMore about a command: reeve %s%s<command> --help\n", path, *path ? " " : "");
}

static void print_help_text(FILE *out, slice text)
{
	slice line;

	for (bool more = true; more;) {
		more = slice_cut(text, '\n', &line, &text);
		print_wrapped(out, line, 0, 0);
	}
}

void help_print(FILE *out, const struct verb *verb, const char *path)
{
	if (!verb) {
		print_group(out, path);
		return;
	}
	print_help_text(out, slice_str(verb->help));
	fputs("\nUsage:\n  ", out);
	help_usage(out, verb);
	if (verb_is_group(slice_str(verb->words)))
		print_words(out, slice_str(verb->words));
	print_path_aliases(out, slice_str(verb->words));
	if (*verb->flags != FLAG_END)
		fputs("\nFlags:\n", out);
	for (const enum flag_id *at = verb->flags; *at != FLAG_END; at++)
		print_flag(out, *at);
	print_globals(out, verb);
	if (*verb->outputs)
		fprintf(out, "\nOutput formats: %s; the first is the default.\n", verb->outputs);
}
