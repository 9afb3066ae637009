/*
 * help: the screens of --help.
 */
#include "cli/help.h"

#include "cli/config.h"

#define COLUMN 30 /* where explanations begin */

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

static void print_row(FILE *out, const char *left, slice right)
{
	int width = (int)strlen(left);

	if (width > COLUMN - 2)
		fprintf(out, "  %s\n  %*s%.*s\n", left, COLUMN, "", SLICE_ARG(right));
	else
		fprintf(out, "  %-*s%.*s\n", COLUMN, left, SLICE_ARG(right));
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

static void print_word(void *user, slice word, slice summary, bool leads_on)
{
	FILE *out = user;
	char left[128], below[512] = "";

	(void)snprintf(left, sizeof(left), "%.*s%s", SLICE_ARG(word), leads_on ? " ..." : "");
	if (summary.len == 0) {
		char names[ALIASES_TEXT_BYTES];

		help_aliases(word, names);
		(void)snprintf(below, sizeof(below), "commands below%s%s", *names ? "; also: " : "", names);
	} else {
		(void)snprintf(below, sizeof(below), "%.*s", SLICE_ARG(summary));
	}
	print_row(out, left, slice_str(below));
}

static void print_globals(FILE *out)
{
	fputs("\nFlags of every command:\n", out);
	for (enum flag_id id = 0; flag_is_global(id); id++)
		print_flag(out, id);
}

static void print_group(FILE *out, const char *path)
{
	if (*path == '\0')
		fputs("reeve: who may push, pull and manage, and the tokens that prove it\n\n", out);
	fprintf(out, "Usage:\n  reeve %s%s<command> [flags]\n\nCommands:\n", path, *path ? " " : "");
	help_words(slice_str(path), print_word, out);
	print_globals(out);
	fprintf(out, "\nMore about a command: reeve %s%s<command> --help\n", path, *path ? " " : "");
}

static void print_aliases(FILE *out, const struct verb *verb)
{
	slice rest = slice_str(verb->words), word;
	bool is_first = true;

	while (word_next(&rest, &word)) {
		char names[ALIASES_TEXT_BYTES];

		help_aliases(word, names);
		if (!*names)
			continue;
		fprintf(out, "%s  %.*s: %s\n", is_first ? "\nOther names:\n" : "", SLICE_ARG(word), names);
		is_first = false;
	}
}

void help_print(FILE *out, const struct verb *verb, const char *path)
{
	if (!verb) {
		print_group(out, path);
		return;
	}
	fprintf(out, "%s\n\nUsage:\n  ", verb->help);
	help_usage(out, verb);
	if (verb_is_group(slice_str(verb->words))) {
		fputs("\nCommands:\n", out);
		help_words(slice_str(verb->words), print_word, out);
	}
	print_aliases(out, verb);
	if (*verb->flags != FLAG_END)
		fputs("\nFlags:\n", out);
	for (const enum flag_id *at = verb->flags; *at != FLAG_END; at++)
		print_flag(out, *at);
	print_globals(out);
	if (*verb->outputs)
		fprintf(out, "\nOutput formats: %s; the first is the default.\n", verb->outputs);
}
